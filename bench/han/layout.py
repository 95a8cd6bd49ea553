"""Field lists of cluster commands: reading a payload into named values.

The notation is described at the head of `clusters/common.toml`; it is the one of `bench.gbcs.zcl_payload` with kinds,
conditions and a few more types. Offsets in errors count from the start of the ZCL payload.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from bench.han.errors import HanError
from bench.han.octets import Octets, eui_text
from bench.han.zcl_types import read_value

Named = dict[str, Any]
_WORD = re.compile(r"(\[?)(\w+):(\w+)(?::(\w+))?\]?(?:\?(.+))?")
_CONDITION = re.compile(r"(\w+)([=&>])(\d+)")
_NUMBER = re.compile(r"(be|[uibe])(\d+)")
_HEX = re.compile(r"hex(\d+)")
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)


class Condition(NamedTuple):
    """When a field is there: `other` equal to, sharing a bit with, or above `value`."""

    other: str
    operator: str
    value: int

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it is so; a field that was not read counts as 0."""
        found = values.get(self.other) or 0
        if self.operator == "=":
            return bool(found == self.value)
        return bool(found & self.value) if self.operator == "&" else bool(found > self.value)


class Field(NamedTuple):
    """One field, or a group of them when it has `members`."""

    name: str
    type: str = ""
    kind: str = ""
    optional: bool = False
    condition: Condition | None = None
    members: tuple["Field", ...] = ()
    repeat: str = ""  #: of a group: a number, a field (masked: "field&15"), "end", or empty for one
    size: int = 0  #: octets of a number
    signed: bool = False
    order: str = "little"


class Flag(NamedTuple):
    """A bit, or a number in several bits."""

    first: int
    last: int
    name: str
    names: Mapping[int, str] = {}  #: of the numbers


class Kind(NamedTuple):
    """What a number means: a unit with its scale, or names of values or of bits."""

    unit: str = ""
    scale: float = 1
    names: Mapping[int, str] | None = None
    flags: tuple["Flag", ...] = ()

    def add_to(self, values: Named, name: str, number: int) -> None:
        """Put what is known of a number beside it: `nameName` or `nameFlags`."""
        if self.names is not None:
            if number in self.names:
                values[f"{name}Name"] = self.names[number]
        elif self.flags:
            values[f"{name}Flags"] = self.flag_names(number)

    def flag_names(self, number: int) -> list[str]:
        """Return the names of the bits that are set, "bit 9" for one without name, and numbers inside it."""
        found = []
        unnamed = number
        for first, last, text, names in self.flags:
            part = number >> first & (1 << last - first + 1) - 1
            unnamed &= ~(part << first)
            if part:
                found.append(text if first == last else f"{text}: {names.get(part, part)}")
        return found + [f"bit {bit}" for bit in range(unnamed.bit_length()) if unnamed >> bit & 1]


Kinds = Callable[[str], Kind]


def split(text: str) -> Iterator[str]:
    """Yield the words of a list; a group in braces is one word."""
    depth, word = 0, ""
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == " " and depth == 0:
            if word:
                yield word
            word = ""
        else:
            word += char
    if word:
        yield word


def parse(text: str) -> tuple[Field, ...]:
    """Return the fields of a list. Raises HanError for a word that is none."""
    return tuple(_field(word) for word in split(text))


def _field(word: str) -> Field:
    if "{" in word:
        optional = word.startswith("[")
        name, _, rest = word.strip("[]").partition("{")
        members, _, tail = rest.rpartition("}")
        count, _, condition = tail.partition("?")
        shown = _condition(condition)
        return Field(name, optional=optional, condition=shown, members=parse(members), repeat=count.lstrip("*"))
    match = _WORD.fullmatch(word)
    if match is None:
        raise HanError("layout", None, f"{word!r} is no field")
    bracket, name, kind, meaning, condition = match.groups()
    size, signed, order = 0, False, "little"
    if number := _NUMBER.fullmatch(kind):
        size, signed = int(number[2]) // 8, number[1] == "i"
        order = "big" if number[1] == "be" else "little"
    elif kind == "bool":
        size = 1
    elif kind not in _OTHERS and not _HEX.fullmatch(kind):
        raise HanError("layout", None, f"{word!r} has no known type")
    return Field(
        name, kind, meaning or "", bool(bracket), _condition(condition or ""), (), "", size, signed, order
    )  # fmt: skip


def _condition(text: str) -> Condition | None:
    if not text:
        return None
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise HanError("layout", None, f"{text!r} is no condition")
    return Condition(match[1], match[2], int(match[3]))


def read(fields: tuple[Field, ...], octets: Octets, kinds: Kinds, into: Named) -> None:
    """Read fields at the cursor into `into`, which keeps what was read when HanError is raised.

    Quantities are listed in `into["units"]`: name, unit, scale; their values stay as they are on air.
    """
    units: dict[str, Named] = {}
    try:
        _read(fields, octets, kinds, into, units)
    finally:
        if units:
            into["units"] = units


def _read(fields: tuple[Field, ...], octets: Octets, kinds: Kinds, into: Named, units: dict[str, Named]) -> None:
    for field in fields:
        if (field.optional and len(octets) < least(field)) or (field.condition and not field.condition.holds(into)):
            continue
        name = field.name
        if field.members:
            _group(field, octets, kinds, into, units)
        elif field.size:
            number = int.from_bytes(octets.take(field.size, name), field.order, signed=field.signed)  # type: ignore[arg-type]
            into[name] = bool(number) if field.type == "bool" and number < 2 else number
            if field.kind:
                kind = kinds(field.kind)
                if kind.unit:
                    units[name] = {"unit": kind.unit, "scale": kind.scale}
                kind.add_to(into, name, number)
        else:
            reader = _OTHERS.get(field.type)
            into[name] = reader(octets, name) if reader else octets.take(int(field.type[3:]), name).hex()


def least(field: Field) -> int:
    """Return the octets without which an optional field counts as missing: all of a group's, one of any other's."""
    return sum(map(_octets, field.members)) if field.members else 1


def _octets(field: Field) -> int:
    hexadecimal = _HEX.fullmatch(field.type)
    return field.size or (int(hexadecimal[1]) if hexadecimal else 8 if field.type.startswith("eui") else 1)


def _group(field: Field, octets: Octets, kinds: Kinds, into: Named, units: dict[str, Named]) -> None:
    if not field.repeat:
        single: Named = {}
        into[field.name] = single
        _read(field.members, octets, kinds, single, units)
        return
    rows: list[Named] = []
    into[field.name] = rows
    count = -1 if field.repeat == "end" else _count(field.repeat, into)
    while len(octets) if count < 0 else len(rows) < count:
        start = octets.offset
        row: Named = {}
        rows.append(row)
        _read(field.members, octets, kinds, row, units)
        if octets.offset == start:
            raise octets.error(f"{field.name} repeats nothing")
    if len(field.members) == 1 and rows and all(len(row) == 1 for row in rows):
        into[field.name] = [row[field.members[0].name] for row in rows]
        if (unit := units.pop(field.members[0].name, None)) is not None:
            units[field.name] = unit


def _count(text: str, values: Mapping[str, Any]) -> int:
    if text.isdigit():
        return int(text)
    name, _, mask = text.partition("&")
    return int(values[name]) & (int(mask) if mask else -1)


@lru_cache(4096)
def utc_text(seconds: int) -> str:
    """Return seconds since 2000 as ISO 8601; 0 is "now" and FFFFFFFF "never", as in `bench decode`."""
    if seconds in (0, 0xFFFFFFFF):
        return "never" if seconds else "now"
    return (_YEAR_2000 + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _date(octets: Octets, name: str) -> str:
    """Year-month-day weekday, "*" for a part that is FF, "any"."""
    year, month, day, weekday = octets.take(4, name)
    parts = ["*" if part == 0xFF else f"{part + base:02d}" for part, base in ((year, 1900), (month, 0), (day, 0))]
    return "-".join(parts) + (f" weekday {weekday}" if weekday != 0xFF else "")


def _string(octets: Octets, name: str) -> str | None:
    length = octets.uint(1, f"{name} length")
    if length == 0xFF:
        return None
    text = octets.take(length, name)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.hex()


_OTHERS: dict[str, Callable[[Octets, str], Any]] = {
    "utc": lambda octets, name: utc_text(octets.uint(4, name)),
    "str": _string,
    "octets": lambda octets, name: octets.take(octets.uint(1, f"{name} length"), name).hex(),
    "eui": lambda octets, name: eui_text(octets.eui(name)),
    "euibe": lambda octets, name: eui_text(octets.take(8, name)),
    "date4": _date,
    "value": lambda octets, name: read_value(octets).plain(),
    "rest": lambda octets, name: octets.rest().hex(),
}
