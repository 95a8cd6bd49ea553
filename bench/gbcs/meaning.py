"""What the values of DLMS objects mean: names, units, scalers, columns, read from ``dlms_items`` and ``dlms_forms``.

An access response does not repeat which objects were read. `plan` gives them by message code and by the kinds of
access in the result list; `of_object` by class, logical name and attribute, for requests.
"""

from functools import cache, lru_cache
from typing import Any, NamedTuple

from bench.gbcs import names
from bench.gbcs.clock_text import zigbee_time

_EXACT = 1 << 50  # beyond this a float cannot hold every scaled integer
_UNITS = {27: ("W", 0), 30: ("kWh", -3), 32: ("kvarh", -3), 33: ("A", 0), 35: ("V", 0)}
_ENUMERATED = {"unit": "dlms unit", "payment mode": "payment mode", "account status": "account status"}
_PLANS = 1024


class Meaning:
    """Name, unit and kind of a value, and the meanings of the members of a structure, transparent for arrays."""

    __slots__ = ("alternatives", "kind", "members", "name", "scaler", "scaler_units", "unit")

    def __init__(self, name: str = "", kind: str = "", unit: str = "", scaler: int | None = None) -> None:
        self.name = name
        self.kind = kind
        self.unit = unit
        self.scaler = scaler
        self.members: dict[int, Meaning] = {}
        self.alternatives: dict[int, Meaning] = {}  #: by number of members, where that decides
        self.scaler_units: list[int] = []  #: members whose scaler and unit is the next member

    def of_count(self, count: int) -> "Meaning":
        """The meaning of a structure of `count` members."""
        return self.alternatives.get(count, self)

    def called(self, name: str) -> "Meaning":
        """The same meaning under another name."""
        found = Meaning(name, self.kind, self.unit, self.scaler)
        found.members, found.alternatives, found.scaler_units = self.members, self.alternatives, self.scaler_units
        return found

    def finish(self) -> None:
        """Find the members that are followed by their scaler and unit."""
        self.scaler_units = [
            at
            for at, member in self.members.items()
            if member.unit and at + 1 in self.members and self.members[at + 1].name == "scaler unit"
        ]

    def number(self, kind: str, value: int) -> dict[str, Any]:
        """Typed, named value of an integer of A-XDR type `kind`."""
        found: dict[str, Any] = {"name": self.name, "type": kind} if self.name else {"type": kind}
        if self.unit and self.scaler is not None and -_EXACT < value < _EXACT:
            found["value"] = scaled(value, self.scaler)
            found["unit"] = self.unit
            if self.scaler:
                found["scaler"] = self.scaler
            return found
        found["value"] = value
        if self.kind == "utc":
            if 0 <= value <= 0xFFFFFFFF:
                found["time"] = zigbee_time(value)
        elif self.kind == "event":
            found["event"] = f"{value & 0xFFFF:04X}"
            found["event_name"] = names.alert_name(value)
        elif self.kind in _ENUMERATED:
            found["meaning"] = names.enumeration(_ENUMERATED[self.kind], value)
        return found


def scaled(value: int, scaler: int) -> int | float:
    """`value` times ten to the `scaler`; `unscaled` gives it back."""
    if scaler == -3:
        return value / 1000
    power: int = 10 ** abs(scaler)
    return value / power if scaler < 0 else value * power


def unscaled(value: float, scaler: int) -> int:
    """The integer on the wire of a scaled value. Raises ValueError or OverflowError for no finite number."""
    if not -18 <= scaler <= 18:
        raise ValueError(f"scaler {scaler}")
    power: int = 10 ** abs(scaler)
    return round(value * power) if scaler < 0 else round(value / power)


def by_scaler_unit(scaler: int, unit: int) -> tuple[str, int] | None:
    """Unit and power of ten to show for a scaler-unit of a register; None where the unit is none of a quantity."""
    known = _UNITS.get(unit)
    if known is None or not -12 <= scaler + known[1] <= 12:
        return None
    return known[0], scaler + known[1]


class PlannedItem(NamedTuple):
    """One object of a use case."""

    shown: dict[str, Any]  #: action, class, object and attribute with their names
    meaning: Meaning | None
    inner: "tuple[PlannedItem, ...]" = ()  #: objects read under protection by this one

    @property
    def name(self) -> str:
        """Name of the object."""
        return str(self.shown["name"])

    @property
    def meanings(self) -> tuple[Meaning | None, ...]:
        """Meanings of the objects read under protection."""
        return tuple(one.meaning for one in self.inner)


class _Row(NamedTuple):
    code: int
    use_case: str
    list: int
    position: str
    action: str
    class_id: int
    obis: str
    member: int
    name: str
    unit: str
    scaler: int | None
    form: str


@cache
def _forms() -> dict[str, Meaning]:
    forms: dict[str, Meaning] = {}
    for form, members, path, name, kind, unit, scaler, _ in names.rows("dlms_forms"):
        top = forms.setdefault(form, Meaning())
        if members:
            top = top.alternatives.setdefault(int(members), Meaning())
        meaning = top
        for step in path.split(".") if path else ():
            meaning = meaning.members.setdefault(int(step) - 1, Meaning())
        meaning.name, meaning.kind, meaning.unit = name, kind, unit
        meaning.scaler = int(scaler) if scaler else None
    for top in forms.values():
        _finish(top)
    return forms


def _finish(meaning: Meaning) -> None:
    meaning.finish()
    for one in (*meaning.members.values(), *meaning.alternatives.values()):
        _finish(one)


@cache
def _rows() -> list[_Row]:
    return [
        _Row(int(row[0], 16), row[1], int(row[2]), row[3], row[4], int(row[5]), row[6], int(row[7]), row[8], row[9],
             int(row[10]) if row[10] else None, row[11])
        for row in names.rows("dlms_items")
    ]  # fmt: skip


@cache
def _meaning(unit: str, scaler: int | None, form: str) -> Meaning | None:
    if form:
        return _forms()[form]
    return Meaning(unit=unit, scaler=scaler) if unit else None


@cache
def _objects() -> dict[tuple[int, str, int], Meaning]:
    found: dict[tuple[int, str, int], Meaning] = {}
    for row in _rows():
        meaning = _meaning(row.unit, row.scaler, row.form)
        if meaning is not None and row.action != "action":
            found[row.class_id, row.obis, row.member] = meaning
    return found


def of_object(class_id: int, obis: str, index: int) -> Meaning | None:
    """Meaning of an attribute; None if the tables have none."""
    return _objects().get((class_id, obis, index))


def instance(class_id: int, obis: bytes, index: int, method: bool = False) -> dict[str, Any]:
    """Class, object and attribute or method with the names the tables have."""
    found: dict[str, Any] = {"class": class_id}
    class_name = names.cosem_class(class_id)
    if class_name:
        found["class_name"] = class_name
    found["object"] = names.obis_text(obis)
    object_name = names.cosem_object(class_id, obis)
    if object_name:
        found["object_name"] = object_name
    key, member = ("method", names.cosem_method) if method else ("attribute", names.cosem_attribute)
    found[key] = index
    name = member(class_id, index)
    if name:
        found[f"{key}_name"] = name
    return found


@lru_cache(_PLANS)
def plan(message_code: int, choices: bytes) -> tuple[PlannedItem, ...]:
    """Objects a response answers for, by the access choices of its results; empty if the tables do not say.

    Where several object lists of the use case fit, only the places in which they agree are given an object.
    """
    lists: dict[int, list[_Row]] = {}
    for row in _rows():
        if row.code == message_code:
            lists.setdefault(row.list, []).append(row)
    fitting = []
    for rows in lists.values():
        outer = [row for row in rows if row.action != "inner"]
        if bytes(_CHOICE[row.action] for row in outer) == choices:
            fitting.append([_planned(row, rows) for row in outer])
    if not fitting:
        return ()
    unknown = [PlannedItem({"action": _SHOWN[choice]}, None) for choice in choices]
    return tuple(
        ones[0] if all(one.shown == ones[0].shown for one in ones) else unknown[at]
        for at, ones in enumerate(zip(*fitting, strict=True))
    )


_CHOICE = {"get": 1, "set": 2, "action": 3, "getsel": 1}
_SHOWN = {1: "get", 2: "set", 3: "action"}


def _planned(row: _Row, rows: list[_Row]) -> PlannedItem:
    shown: dict[str, Any] = {"action": _SHOWN[_CHOICE.get(row.action, 1)], "name": row.name}
    shown |= instance(row.class_id, names.obis_octets(row.obis), row.member, row.action == "action")
    meaning = None if row.action == "action" else _meaning(row.unit, row.scaler, row.form)
    inner = [one for one in rows if one.position.startswith(row.position + ".")] if row.action == "action" else []
    return PlannedItem(shown, meaning, tuple(_planned(one, []) for one in inner))
