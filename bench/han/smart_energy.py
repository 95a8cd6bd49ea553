"""ZCL payloads as named values with units: attributes and commands of the clusters (ZigBee SE annex D, ZCL).

`describe` never drops anything: what has no name keeps its number, what has no layout its octets.
"""

from collections.abc import Hashable, Mapping
from typing import Any

from bench.han import tables
from bench.han.layout import Field, Kind, Named, read, utc_text
from bench.han.octets import Octets
from bench.han.zcl import ZclFrame, ZclType, general_payload
from bench.han.zcl_types import UTC, Value, is_invalid

UNIT_OF_MEASURE, MULTIPLIER, DIVISOR = "0300", "0301", "0302"
METERING = 0x0702
#: general commands that ask or tell the other side; the attributes of all others are the sender's
_REQUESTS = frozenset((0x00, 0x02, 0x03, 0x05, 0x06, 0x08, 0x0C, 0x0E, 0x0F, 0x11, 0x13, 0x15))


class Scales:
    """Unit, multiplier and divisor of meters, as far as they were read on air. A meter is any hashable name for it."""

    def __init__(self, keep: int = 256) -> None:
        self._meters: dict[Hashable, dict[str, int]] = {}
        self._keep = keep

    def learn(self, meter: Hashable, attribute: str, value: Any) -> None:
        """Remember a formatting attribute of a meter."""
        if attribute in (UNIT_OF_MEASURE, MULTIPLIER, DIVISOR) and isinstance(value, int):
            if meter not in self._meters and len(self._meters) >= self._keep:
                del self._meters[next(iter(self._meters))]
            self._meters.setdefault(meter, {})[attribute] = value

    def of(self, meter: Hashable, *, demand: bool) -> tuple[str | None, float | None]:
        """Return unit and factor of a meter's summations or demands, None for what is not known."""
        known = self._meters.get(meter)
        if known is None:
            return None, None
        names = tables.common_kinds()["unit"].names or {}
        unit = names.get(known.get(UNIT_OF_MEASURE, -1))
        if unit is not None and demand:
            unit = {"kWh": "kW", "MJ": "MJ/s"}.get(unit, f"{unit}/h")
        divisor = known.get(DIVISOR)
        return unit, known.get(MULTIPLIER, 1) / divisor if divisor else None


def describe(cluster: int, frame: ZclFrame, into: Named, scales: Scales, meter: Hashable = None) -> None:
    """Fill `into` with the named fields of a ZCL frame; it keeps what was read when HanError is raised.

    `meter` names the device and endpoint that has the attributes, for its scaling.
    """
    if frame.type is ZclType.GENERAL:
        try:
            if general_payload(frame, into) is None and frame.payload:
                into["payload"] = frame.payload.hex()
        finally:
            _name_attributes(cluster, frame, into, scales, meter)
        return
    known = tables.cluster(cluster) if frame.manufacturer is None else None
    command = None if known is None else known.commands.get((frame.from_server, frame.command))
    if known is None or command is None or command.fields is None:
        if frame.payload:
            into["payload"] = frame.payload.hex()
        return
    octets = Octets(frame.payload, f"{known.name} {command.name}")
    try:
        read(command.fields, octets, _Kinds(known, command, scales, meter), into)
    finally:
        left = octets.rest()
        if left:
            into["extra"] = left.hex()


class _Kinds:
    """Looks up kinds for one command, those that depend on the meter included."""

    def __init__(self, cluster: tables.Cluster, command: tables.Command, scales: Scales, meter: Hashable) -> None:
        self._cluster, self._command, self._scales, self._meter = cluster, command, scales, meter

    def __call__(self, name: str) -> Kind:
        if name.startswith("="):
            return (self._command.kinds or {})[name[1:]]
        if name in tables.SCALED:
            unit, factor = self._scales.of(self._meter, demand=name == "demand")
            return Kind(unit or "", 1 if factor is None else factor) if factor is not None else Kind()
        return _EVENT if name == "event" else self._cluster.kind(name)


class _EventNames(dict[int, str]):
    """Names of GBCS alert and event codes."""

    def __contains__(self, code: object) -> bool:
        return True

    def __getitem__(self, code: int) -> str:
        from bench.gbcs import names

        return names.alert_name(code)


_EVENT = Kind(names=_EventNames())


def _name_attributes(cluster: int, frame: ZclFrame, into: Named, scales: Scales, meter: Hashable) -> None:
    """Replace the attributes of a general command by named ones."""
    entries = into.get("attributes")
    if entries is None:
        if "command" in into:
            _name_answered(cluster, frame, into)
        return
    known = tables.cluster(cluster) if frame.manufacturer is None else None
    of_server = frame.from_server != (frame.command in _REQUESTS)
    attributes = {} if known is None else known.attributes[of_server]
    if cluster == METERING and of_server:
        for entry in entries:
            if isinstance(entry, dict) and "value" in entry:
                scales.learn(meter, entry["id"], entry["value"])
    into["attributes"] = [
        _named(entry if isinstance(entry, dict) else {"id": entry}, attributes, known, scales, meter)
        for entry in entries
    ]


def _name_answered(cluster: int, frame: ZclFrame, into: Named) -> None:
    """Say which command a Default Response answers: one of the cluster that went the other way, or a general one."""
    known = tables.cluster(cluster)
    number = int(into["command"], 16)
    found = None if known is None else known.commands.get((not frame.from_server, number))
    if found is not None:
        into["commandName"] = found.name


def _named(
    entry: Named,
    attributes: Mapping[int, tables.Attribute],
    known: tables.Cluster | None,
    scales: Scales,
    meter: Hashable,
) -> Named:
    if "id" not in entry:
        return entry
    attribute = attributes.get(int(entry["id"], 16))
    found: Named = {"id": entry["id"]}
    if attribute is not None:
        found["name"] = attribute.name
    found |= entry
    if "type" in entry:
        found["typeName"] = tables.general()[1].get(int(entry["type"], 16), entry["type"])
    value = entry.get("value")
    if entry.get("type") in ("41", "43") and isinstance(value, str) and (text := _text(value)):
        found["text"] = text
    if isinstance(value, int) and not isinstance(value, bool):
        _explain(found, int(entry["type"], 16), value, attribute, known, scales, meter)
    return found


def _text(octets: str) -> str:
    """Return octets, given as hex, as text when they are printable UTF-8, else nothing."""
    try:
        text = bytes.fromhex(octets).decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _explain(
    found: Named,
    kind: int,
    number: int,
    attribute: tables.Attribute | None,
    known: tables.Cluster | None,
    scales: Scales,
    meter: Hashable,
) -> None:
    """Add time, unit and scaled value, or meaning of a number."""
    if is_invalid(Value(kind, number)):
        found["invalid"] = True
        return
    if kind == UTC:
        found["time"] = utc_text(number)
    if attribute is None or known is None or not attribute.kind:
        return
    if attribute.kind in tables.SCALED:
        unit, factor = scales.of(meter, demand=attribute.kind == "demand")
        if unit is not None:
            found["unit"] = unit
        if factor is not None:
            found["scaled"] = number * factor
        return
    meaning = known.kind(attribute.kind)
    if meaning.unit:
        found["unit"] = meaning.unit
        if meaning.scale != 1:
            found["scaled"] = round(number * meaning.scale, 9)
    elif meaning.names is not None:
        if number in meaning.names:
            found["meaning"] = meaning.names[number]
    else:
        found["flags"] = meaning.flag_names(number)


def fields_of(cluster: int, command: int, *, from_server: bool) -> tuple[Field, ...] | None:
    """Return the layout of a command, None when it is not known."""
    known = tables.cluster(cluster)
    found = None if known is None else known.commands.get((from_server, command))
    return None if found is None else found.fields
