"""Types, values and constructors of A-XDR, the data of DLMS/COSEM (IEC 62056-6-2 4.1.5)."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench.gbcs.errors import GbcsError

NULL, ARRAY, STRUCTURE, BOOLEAN, BIT_STRING = 0, 1, 2, 3, 4
DOUBLE_LONG, DOUBLE_LONG_UNSIGNED, OCTET_STRING, VISIBLE_STRING, UTF8_STRING = 5, 6, 9, 10, 12
BCD, INTEGER, LONG, UNSIGNED, LONG_UNSIGNED = 13, 15, 16, 17, 18
COMPACT_ARRAY, LONG64, LONG64_UNSIGNED, ENUM, FLOAT32, FLOAT64 = 19, 20, 21, 22, 23, 24
DATE_TIME, DATE, TIME, DONT_CARE = 25, 26, 27, 255

TYPE_NAMES = {
    NULL: "null-data",
    ARRAY: "array",
    STRUCTURE: "structure",
    BOOLEAN: "boolean",
    BIT_STRING: "bit-string",
    DOUBLE_LONG: "double-long",
    DOUBLE_LONG_UNSIGNED: "double-long-unsigned",
    OCTET_STRING: "octet-string",
    VISIBLE_STRING: "visible-string",
    UTF8_STRING: "utf8-string",
    BCD: "bcd",
    INTEGER: "integer",
    LONG: "long",
    UNSIGNED: "unsigned",
    LONG_UNSIGNED: "long-unsigned",
    COMPACT_ARRAY: "compact-array",
    LONG64: "long64",
    LONG64_UNSIGNED: "long64-unsigned",
    ENUM: "enum",
    FLOAT32: "float32",
    FLOAT64: "float64",
    DATE_TIME: "date-time",
    DATE: "date",
    TIME: "time",
    DONT_CARE: "dont-care",
}

_FLOATS = {FLOAT32: ">f", FLOAT64: ">d"}


@dataclass(frozen=True, slots=True)
class Data:
    """One value.

    `value` is a list of `Data` for array and structure, bytes for every string, date and time, int, bool (an int for
    a boolean octet other than 00 and FF), None, (bit count, bytes) for a bit-string, `CompactArray`, or the octets of
    a float (see `number`).
    """

    tag: int
    value: Any = None

    def __bytes__(self) -> bytes:
        from bench.gbcs.axdr import encode

        return encode(self)

    def __getitem__(self, index: int) -> "Data":
        if not isinstance(self.value, list) or not -len(self.value) <= index < len(self.value):
            raise GbcsError(f"{TYPE_NAMES.get(self.tag, self.tag)} has no element {index}")
        element: Data = self.value[index]
        return element

    @property
    def number(self) -> float:
        """Value of a float32 or float64."""
        value: float = struct.unpack(_FLOATS[self.tag], self.value)[0]
        return value


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """Type of the elements of a compact array: a simple tag, a structure of types or an array of `count` of one."""

    tag: int
    members: tuple["TypeDescription", ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class CompactArray:
    """Rows of one type, sent without tags."""

    element: TypeDescription
    rows: list[Data]


def null() -> Data:
    """null-data."""
    return Data(NULL)


def array(elements: Iterable[Data]) -> Data:
    """Array of values of one type."""
    return Data(ARRAY, list(elements))


def structure(elements: Iterable[Data]) -> Data:
    """Structure."""
    return Data(STRUCTURE, list(elements))


def boolean(value: bool) -> Data:
    """Boolean, true as FF."""
    return Data(BOOLEAN, value)


def bits(value: bytes, count: int | None = None) -> Data:
    """Bit-string; the first bit is the most significant of the first octet. `count` defaults to all bits."""
    return Data(BIT_STRING, (8 * len(value) if count is None else count, bytes(value)))


def u8(value: int) -> Data:
    """Unsigned, one octet."""
    return Data(UNSIGNED, value)


def u16(value: int) -> Data:
    """long-unsigned, two octets."""
    return Data(LONG_UNSIGNED, value)


def u32(value: int) -> Data:
    """double-long-unsigned, four octets."""
    return Data(DOUBLE_LONG_UNSIGNED, value)


def u64(value: int) -> Data:
    """long64-unsigned, eight octets."""
    return Data(LONG64_UNSIGNED, value)


def i8(value: int) -> Data:
    """Integer, one octet."""
    return Data(INTEGER, value)


def i16(value: int) -> Data:
    """Long, two octets."""
    return Data(LONG, value)


def i32(value: int) -> Data:
    """double-long, four octets."""
    return Data(DOUBLE_LONG, value)


def i64(value: int) -> Data:
    """long64, eight octets."""
    return Data(LONG64, value)


def enum(value: int) -> Data:
    """Enum, one octet."""
    return Data(ENUM, value)


def octets(value: bytes) -> Data:
    """octet-string."""
    return Data(OCTET_STRING, bytes(value))


def visible(value: str) -> Data:
    """visible-string, ASCII."""
    return Data(VISIBLE_STRING, value.encode("ascii"))


def utf8(value: str) -> Data:
    """utf8-string."""
    return Data(UTF8_STRING, value.encode())
