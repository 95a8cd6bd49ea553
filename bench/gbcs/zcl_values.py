"""ZCL command payloads as shown values and back: times as text, quantities scaled, events by code (GBCS 7.3).

Field lists are those of `bench.gbcs.zcl_payload`; units come from ``tables/zcl_units.csv``. A reader is compiled once
for each command. A string of length FF, which says "no value", is None.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from bench.gbcs import names, zcl_payload
from bench.gbcs.clock_text import zcl_date, zcl_date_octets, zigbee_seconds, zigbee_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.value_octets import hexadecimal, integer, string_octets, unscale
from bench.gbcs.values import string

Named = dict[str, Any]
_from_bytes = int.from_bytes
_SHOW: dict[str, Callable[[int], Any]] = {"utc": zigbee_time, "event": lambda code: f"{code:04X}"}


class Unit(NamedTuple):
    """Unit of a quantity and the power of ten of its integers."""

    unit: str
    scaler: int | None  #: None: by the divisor the message carries


class Column(NamedTuple):
    """One field of a payload, or a group of rows."""

    name: str
    type: str  #: as in the field list; empty for a group
    size: int  #: octets of a number, else 0
    signed: bool
    optional: bool
    kind: str  #: utc, event, or empty
    unit: Unit | None
    members: "tuple[Column, ...]"
    repeat: str


@cache
def units() -> dict[tuple[int, str, str], Unit]:
    """Units by cluster, ``attribute`` or ``field``, and attribute number or ``command/field``."""
    return {
        (int(row[0], 16), row[1], row[2]): Unit(row[3], int(row[4]) if row[4].lstrip("-").isdigit() else None)
        for row in names.rows("zcl_units")
    }


@cache
def columns(cluster: int, command: str, fields: str) -> tuple[Column, ...]:
    """Compiled field list of a command."""
    return tuple(_column(cluster, command, field) for field in zcl_payload.parsed(fields))


def _column(cluster: int, command: str, field: zcl_payload.Field) -> Column:
    unit = units().get((cluster, "field", f"{command}/{field.name}"))
    kind = "utc" if field.type == "utc" else "event" if unit is not None and unit.unit == "event" else ""
    size, signed = (zcl_payload.scalar(field.type) or (0, False)) if field.type else (0, False)
    members = tuple(_column(cluster, command, member) for member in field.members)
    return Column(
        field.name, field.type, size, signed, field.optional, kind, None if kind else unit, members, field.repeat
    )


@cache
def shown_units(cluster: int, command: str, fields: str) -> Named:
    """Unit and scaler of every field of a command that has them."""
    found: Named = {}
    for column in columns(cluster, command, fields):
        for one in (column, *column.members):
            if one.unit is not None:
                found[one.name] = {"unit": one.unit.unit, "scaler": one.unit.scaler or 0}
    return found


def read(layout: tuple[Column, ...], payload: bytes) -> Named:
    """Shown values by field name. Raises GbcsError if the payload ends early or is not used up."""
    values, at = _read(layout, payload, 0)
    if at != len(payload):
        raise GbcsError(f"{len(payload) - at} octets after the last field", at)
    return values


def _read(layout: tuple[Column, ...], payload: bytes, at: int) -> tuple[Named, int]:
    values: Named = {}
    available = len(payload)
    for column in layout:
        name, _, size, signed, _, kind, unit, _, _ = column
        if size:
            end = at + size
            if end > available:
                if column.optional and at >= available:
                    continue
                raise GbcsError(f"payload ends inside {name}", at)
            number = _from_bytes(payload[at:end], "little", signed=signed)
            at = end
            if kind:
                values[name] = _SHOW[kind](number)
                if kind == "event":
                    values[f"{name}Name"] = names.alert_name(number)
            else:
                values[name] = number if unit is None else _scaled(number, unit)
        elif column.members:
            values[column.name], at = _rows(column, values, payload, at)
        elif not (column.optional and at >= len(payload)):
            values[column.name], at = _other(column, payload, at)
    return values, at


def _scaled(number: int, unit: Unit) -> int | float:
    return number / 10**-unit.scaler if unit.scaler and unit.scaler < 0 else number


def _rows(column: Column, values: Named, payload: bytes, at: int) -> tuple[list[Any], int]:
    """Rows of a group: dicts, or bare values where a row has one field."""
    to_end = column.repeat == "end"
    count = 0 if to_end else int(column.repeat) if column.repeat.isdigit() else int(values[column.repeat])
    only = column.members[0] if len(column.members) == 1 and not column.members[0].kind else None
    found: list[Any] = []
    if only is not None and only.size and not to_end:
        size = only.size
        end = at + size * count
        if end > len(payload):
            raise GbcsError(f"payload ends inside {column.name}", at)
        numbers = [
            _from_bytes(payload[place : place + size], "little", signed=only.signed) for place in range(at, end, size)
        ]
        unit = column.unit or only.unit
        return [_scaled(number, unit) for number in numbers] if unit else list(numbers), end
    while len(payload) > at if to_end else len(found) < count:
        row, at = _read(column.members, payload, at)
        found.append(row)
    return found, at


def _other(column: Column, payload: bytes, at: int) -> tuple[Any, int]:
    if column.type == "rest":
        return payload[at:].hex().upper(), len(payload)
    if column.type == "date4":
        if at + 4 > len(payload):
            raise GbcsError(f"payload ends inside {column.name}", at)
        return zcl_date(payload[at : at + 4]), at + 4
    return read_string(payload, at, column.name)


def read_string(payload: bytes, at: int, what: str) -> tuple[str | None, int]:
    """String behind a length octet, None for length FF, and the offset after it."""
    if at >= len(payload):
        raise GbcsError(f"payload ends before {what}", at)
    size = payload[at]
    if size == 0xFF:
        return None, at + 1
    end = at + 1 + size
    if end > len(payload):
        raise GbcsError(f"payload ends inside {what}", at + 1)
    return string(payload[at + 1 : end]), end


def write_string(shown: Any, what: str) -> bytes:
    """Length octet and octets of a string. Raises GbcsError."""
    if shown is None:
        return b"\xff"
    octets = string_octets(shown, what)
    if len(octets) > 0xFE:
        raise GbcsError(f"{what}: {len(octets)} octets do not fit a string")
    return bytes((len(octets),)) + octets


def write(layout: tuple[Column, ...], values: Any, scales: Mapping[str, Any]) -> bytes:
    """Octets of shown values; `scales` gives unit and scaler by field name. Raises GbcsError."""
    if not isinstance(values, dict):
        raise GbcsError("fields that are no values by name")
    parts = []
    for column in layout:
        if column.name not in values:
            if column.optional:
                continue
            raise GbcsError(f"no value for {column.name}")
        value = values[column.name]
        if column.members:
            parts += _row_octets(column, value, values, scales)
        elif column.size:
            parts.append(_number(column, value, scales.get(column.name)))
        elif column.type == "rest":
            parts.append(hexadecimal(value, column.name))
        elif column.type == "date4":
            parts.append(zcl_date_octets(value))
        else:
            parts.append(write_string(value, column.name))
    return b"".join(parts)


def _row_octets(column: Column, rows: Any, values: Named, scales: Mapping[str, Any]) -> list[bytes]:
    if not isinstance(rows, list):
        raise GbcsError(f"{column.name}: no list")
    count = column.repeat
    if count != "end" and len(rows) != (int(count) if count.isdigit() else values.get(count)):
        raise GbcsError(f"{len(rows)} {column.name}, expected {count}")
    if len(column.members) == 1 and not column.members[0].kind and column.members[0].size and count != "end":
        member = column.members[0]
        scale = scales.get(column.name, scales.get(member.name))
        return [_number(member, row, scale) for row in rows]
    return [write(column.members, row, scales) for row in rows]


def _number(column: Column, shown: Any, scale: Any) -> bytes:
    if column.kind == "utc" and isinstance(shown, str):
        number = zigbee_seconds(shown)
    elif column.kind == "event" and isinstance(shown, str):
        number = _from_bytes(hexadecimal(shown, column.name), "big")
    elif isinstance(scale, dict) and scale.get("scaler"):
        number = unscale(shown, scale["scaler"])
    else:
        number = integer(shown, column.name)
    try:
        return number.to_bytes(column.size, "little", signed=column.signed)
    except OverflowError:
        raise GbcsError(f"{column.name} does not fit {column.type}") from None
