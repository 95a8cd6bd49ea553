"""ZCL data types: reading and writing typed values (ZCL 2.6.2)."""

import math
import struct
from dataclasses import dataclass
from typing import Any

from bench.han.errors import HanError
from bench.han.octets import Octets, eui_text

NO_DATA, BOOLEAN, OCTET_STRING, CHAR_STRING, LONG_OCTETS, LONG_CHARS = 0x00, 0x10, 0x41, 0x42, 0x43, 0x44
ARRAY, STRUCTURE, SET, BAG, UTC, IEEE, KEY128, UNKNOWN = 0x48, 0x4C, 0x50, 0x51, 0xE2, 0xF0, 0xF1, 0xFF
ANALOG = frozenset((*range(0x20, 0x30), 0x38, 0x39, 0x3A, 0xE0, 0xE1, UTC))  #: types that carry a reportable change
UTC_EPOCH = 946_684_800  #: 2000-01-01T00:00Z in Unix seconds

_FLOATS = {0x38: "<e", 0x39: "<f", 0x3A: "<d"}
_FIXED = {0xE0: 4, 0xE1: 4, UTC: 4, 0xE8: 2, 0xE9: 2, 0xEA: 4, 0x30: 1, 0x31: 2}
_MAX_DEPTH = 15


@dataclass(frozen=True, slots=True)
class Value:
    """A typed value. `value` is None when the octets are the type's invalid value of a string or boolean.

    Integers, bitmaps, enumerations and times are int; strings bytes (character strings too: their octets); IEEE
    addresses 8 octets in written order; sets, bags and arrays (element type, list of Value); structures a list of
    Value.
    """

    type: int
    value: Any = None

    def plain(self) -> Any:
        """Return a JSON-able form; a 128-bit key is not shown."""
        if self.type == KEY128:
            return "(16 octets)"
        if self.type in (ARRAY, SET, BAG, STRUCTURE):
            return [element.plain() for element in (self.value if self.type == STRUCTURE else self.value[1])]
        if self.type == IEEE:
            return eui_text(self.value)
        if isinstance(self.value, bytes):
            return self.value.decode("latin-1") if self.type in (CHAR_STRING, LONG_CHARS) else self.value.hex()
        if isinstance(self.value, float) and not math.isfinite(self.value):
            return str(self.value)
        return self.value


def is_invalid(value: Value) -> bool:
    """Whether the value is the one its type reserves for "invalid" (ZCL 2.6.2)."""
    kind = value.type
    if kind in range(0x28, 0x30):
        return bool(value.value == -(1 << (8 * _width(kind) - 1)))
    if kind in range(0x20, 0x28) or kind in (0x30, 0x31, 0xE0, 0xE1, UTC):
        return bool(value.value == (1 << (8 * _width(kind))) - 1)
    return value.value is None and kind not in (NO_DATA, UNKNOWN)


def _width(kind: int) -> int:
    """Octets of a fixed-width integer type, 0 for others."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in range(0x08, 0x10) or kind in range(0x18, 0x30):
        return (kind & 7) + 1
    return 0


def width_of(kind: int, otherwise: int = 0) -> int:
    """Return the octets of a value of a type whose values are all of one length, `otherwise` for the other types."""
    if kind in (NO_DATA, UNKNOWN):
        return 0
    more = {BOOLEAN: 1, IEEE: 8, KEY128: 16} | {float_: struct.calcsize(form) for float_, form in _FLOATS.items()}
    return _width(kind) or more.get(kind, otherwise)


def read_value(octets: Octets, kind: int | None = None, depth: int = 0) -> Value:
    """Read a value at the cursor; its type octet first unless `kind` is given. Raises HanError."""
    if kind is None:
        kind = octets.uint(1, "data type")
    width = _width(kind)
    if width:
        signed = kind in range(0x28, 0x30)
        return Value(kind, octets.sint(width, "value") if signed else octets.uint(width, "value"))
    if kind in (OCTET_STRING, CHAR_STRING, LONG_OCTETS, LONG_CHARS):
        prefix = 1 if kind in (OCTET_STRING, CHAR_STRING) else 2
        length = octets.uint(prefix, "string length")
        invalid = length == (1 << 8 * prefix) - 1
        return Value(kind, None if invalid else octets.take(length, "string"))
    if kind in (ARRAY, SET, BAG, STRUCTURE):
        return _read_elements(octets, kind, depth)
    return Value(kind, _read_other(octets, kind))


def _read_other(octets: Octets, kind: int) -> Any:
    if kind in (NO_DATA, UNKNOWN):
        return None
    if kind == BOOLEAN:
        octet = octets.uint(1, "boolean")
        return None if octet == 0xFF else octet if octet > 1 else bool(octet)
    if kind in _FLOATS:
        return struct.unpack(_FLOATS[kind], octets.take(struct.calcsize(_FLOATS[kind]), "float"))[0]
    if kind == IEEE:
        return octets.eui("IEEE address")
    if kind == KEY128:
        return octets.take(16, "key")
    raise octets.error(f"unknown data type {kind:02X}", octets.offset - 1)


def _read_elements(octets: Octets, kind: int, depth: int) -> Value:
    if depth >= _MAX_DEPTH:
        raise octets.error(f"more than {_MAX_DEPTH} levels of nesting")
    element = None if kind == STRUCTURE else octets.uint(1, "element type")
    count = octets.uint(2, "element count")
    if count == 0xFFFF:
        return Value(kind, [] if kind == STRUCTURE else (element, []))
    if element in (NO_DATA, UNKNOWN):
        return Value(kind, (element, []))
    values = [read_value(octets, element, depth + 1) for _ in range(count)]
    return Value(kind, values if kind == STRUCTURE else (element, values))


def value_octets(value: Value) -> bytes:
    """Return the octets of a value without its type octet; HanError when it does not fit its type."""
    kind, content = value.type, value.value
    width = _width(kind)
    try:
        if width:
            return int(content).to_bytes(width, "little", signed=kind in range(0x28, 0x30))
        if kind in (OCTET_STRING, CHAR_STRING, LONG_OCTETS, LONG_CHARS):
            prefix = 1 if kind in (OCTET_STRING, CHAR_STRING) else 2
            if content is None:
                return b"\xff" * prefix
            return len(content).to_bytes(prefix, "little") + bytes(content)
        if kind == STRUCTURE:
            return len(content).to_bytes(2, "little") + b"".join(bytes((v.type,)) + value_octets(v) for v in content)
        if kind in (ARRAY, SET, BAG):
            element, values = content
            return bytes((element,)) + len(values).to_bytes(2, "little") + b"".join(map(value_octets, values))
        return _other_octets(kind, content)
    except (OverflowError, TypeError, struct.error) as fault:
        raise HanError("ZCL", None, f"value {content!r} does not fit type {kind:02X}: {fault}") from None


def _other_octets(kind: int, content: Any) -> bytes:
    if kind in (NO_DATA, UNKNOWN):
        return b""
    if kind == BOOLEAN:
        return b"\xff" if content is None else bytes((int(content),))
    if kind in _FLOATS:
        return struct.pack(_FLOATS[kind], content)
    if kind == IEEE:
        return bytes(content)[::-1]
    if kind == KEY128:
        return bytes(content)
    raise HanError("ZCL", None, f"unknown data type {kind:02X}")
