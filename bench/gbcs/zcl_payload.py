"""ZCL command payloads by field list (ZigBee Cluster Library; GBCS 7.3, facts in ``tables/zcl_commands.csv``).

Notation of a field list: ``name:type`` separated by spaces; ``name{...}*count`` repeats the fields in braces, count
being a number, the name of an earlier field or ``end``; ``[name:type]`` may be missing. Types: u8 u16 u24 u32 u48,
i8 i16 i24 i32 i48, b8 b16 b32 (bitmaps), e8 e16 (enumerations), utc (seconds since 2000), str (length octet and
octets), date4 (year less 1900, month, day, weekday), rest (whatever follows). Integers are little-endian.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from bench.gbcs.errors import GbcsError

_TOKEN = re.compile(r"(\w+):(\w+)|\[(\w+):(\w+)\]|(\w+)\{([^}]*)\}\*(\w+)")
_SCALAR = re.compile(r"[uibe](\d+)")


class Field(NamedTuple):
    """One field of a list, or a group of them."""

    name: str
    type: str
    optional: bool = False
    members: tuple["Field", ...] = ()
    repeat: str = ""


@cache
def parsed(text: str) -> tuple[Field, ...]:
    """Fields of a list in the notation above."""
    found = []
    for match in _TOKEN.finditer(text):
        name, kind, optional, optional_kind, group, members, count = match.groups()
        if group:
            found.append(Field(group, "", False, parsed(members), count))
        else:
            found.append(Field(name or optional, kind or optional_kind, optional is not None))
    return tuple(found)


@cache
def scalar(kind: str) -> tuple[int, bool] | None:
    """Octets and signedness of a numeric type."""
    if kind == "utc":
        return 4, False
    match = _SCALAR.fullmatch(kind)
    return (int(match[1]) // 8, kind[0] == "i") if match else None


def decode(fields: str, payload: bytes) -> dict[str, Any]:
    """Values by field name: int, bytes for str, date4 and rest, a list of such dicts for a group.

    Raises GbcsError if the payload ends early or is not used up.
    """
    values, offset = _decode(parsed(fields), payload, 0)
    if offset != len(payload):
        raise GbcsError(f"{len(payload) - offset} octets after the last field", offset)
    return values


def _decode(fields: Sequence[Field], payload: bytes, offset: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    for field in fields:
        if field.members:
            rows: list[dict[str, Any]] = []
            count = len(payload) if field.repeat == "end" else _count(field.repeat, values)
            while len(rows) < count and not (field.repeat == "end" and offset >= len(payload)):
                row, offset = _decode(field.members, payload, offset)
                rows.append(row)
            values[field.name] = rows
        elif not (field.optional and offset >= len(payload)):
            values[field.name], offset = _decode_one(field, payload, offset)
    return values, offset


def _count(count: str, values: Mapping[str, Any]) -> int:
    return int(count) if count.isdigit() else int(values[count])


def _decode_one(field: Field, payload: bytes, offset: int) -> tuple[int | bytes, int]:
    size = scalar(field.type)
    if size:
        end = offset + size[0]
        if end > len(payload):
            raise GbcsError(f"payload ends inside {field.name}", offset)
        return int.from_bytes(payload[offset:end], "little", signed=size[1]), end
    if field.type == "rest":
        return payload[offset:], len(payload)
    if field.type == "date4":
        start, end = offset, offset + 4
    elif offset < len(payload):
        start = offset + 1
        end = start + (payload[offset] if payload[offset] != 0xFF else 0)
    else:
        raise GbcsError(f"payload ends before {field.name}", offset)
    if end > len(payload):
        raise GbcsError(f"payload ends inside {field.name}", offset)
    return payload[start:end], end


def encode(fields: str, values: Mapping[str, Any]) -> bytes:
    """Octets of a payload from values as `decode` gives them. Raises GbcsError for a missing or misfit value."""
    return _encode(parsed(fields), values)


def _encode(fields: Sequence[Field], values: Mapping[str, Any]) -> bytes:
    parts = []
    for field in fields:
        if field.name not in values:
            if field.optional:
                continue
            raise GbcsError(f"no value for {field.name}")
        value = values[field.name]
        if field.members:
            if field.repeat != "end" and len(value) != _count(field.repeat, values):
                raise GbcsError(f"{len(value)} {field.name}, expected {field.repeat}")
            parts += [_encode(field.members, row) for row in value]
        else:
            parts.append(_encode_one(field, value))
    return b"".join(parts)


def _encode_one(field: Field, value: Any) -> bytes:
    size = scalar(field.type)
    try:
        if size:
            return int(value).to_bytes(size[0], "little", signed=size[1])
        if field.type == "str":
            return bytes((len(value),)) + bytes(value)
    except (OverflowError, ValueError):
        raise GbcsError(f"{field.name} does not fit {field.type}") from None
    if field.type == "date4" and len(value) != 4:
        raise GbcsError(f"{field.name} is no date of four octets")
    return bytes(value)


def types(fields: str) -> dict[str, str]:
    """Type by field name, members of groups included."""
    found: dict[str, str] = {}
    for field in parsed(fields):
        found |= {member.name: member.type for member in field.members} or {field.name: field.type}
    return found


#: ZCL data types of attributes: octets and signedness of the fixed ones
_FIXED_ATTRIBUTES = {
    0x08: (1, False),
    0x10: (1, False),
    **{0x18 + n: (n + 1, False) for n in range(8)},
    **{0x20 + n: (n + 1, False) for n in range(8)},
    **{0x28 + n: (n + 1, True) for n in range(8)},
    0x30: (1, False),
    0x31: (2, False),
    0xE2: (4, False),
    0xF0: (8, False),
}


def fixed_attribute(kind: int) -> tuple[int, bool]:
    """Octets and signedness of a numeric ZCL type. Raises GbcsError for any other."""
    fixed = _FIXED_ATTRIBUTES.get(kind)
    if fixed is None:
        raise GbcsError(f"ZCL data type {kind:02X} is no number")
    return fixed


def decode_attribute(kind: int, payload: bytes, offset: int) -> tuple[int | bytes, int]:
    """Value of an attribute of ZCL type `kind` and the offset after it. Raises GbcsError for an unknown type."""
    fixed = _FIXED_ATTRIBUTES.get(kind)
    if fixed:
        end = offset + fixed[0]
        if end > len(payload):
            raise GbcsError("payload ends inside an attribute value", offset)
        return int.from_bytes(payload[offset:end], "little", signed=fixed[1]), end
    if kind in (0x41, 0x42):
        return _decode_one(Field("string", "str"), payload, offset)
    raise GbcsError(f"ZCL data type {kind:02X} is unknown", offset)
