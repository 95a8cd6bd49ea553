"""A-XDR values of DLMS/COSEM: a tag octet, then the value (IEC 62056-6-2 4.1.5, GBCS 7.2.9)."""

import struct
from typing import Any

from bench.gbcs.axdr_types import (
    ARRAY,
    BCD,
    BIT_STRING,
    BOOLEAN,
    COMPACT_ARRAY,
    DATE,
    DATE_TIME,
    DONT_CARE,
    DOUBLE_LONG,
    DOUBLE_LONG_UNSIGNED,
    ENUM,
    FLOAT32,
    FLOAT64,
    INTEGER,
    LONG,
    LONG64,
    LONG64_UNSIGNED,
    LONG_UNSIGNED,
    NULL,
    OCTET_STRING,
    STRUCTURE,
    TIME,
    TYPE_NAMES,
    UNSIGNED,
    UTF8_STRING,
    VISIBLE_STRING,
    CompactArray,
    Data,
    TypeDescription,
    array,
    bits,
    boolean,
    enum,
    i8,
    null,
    octets,
    structure,
    u8,
    u16,
    u32,
    utf8,
    visible,
)
from bench.gbcs.errors import GbcsError
from bench.gbcs.message import length_octets

__all__ = [
    "INTEGER_TYPES",
    "TYPE_NAMES",
    "CompactArray",
    "Data",
    "TypeDescription",
    "array",
    "bits",
    "boolean",
    "decode",
    "decode_all",
    "encode",
    "encode_into",
    "enum",
    "i8",
    "null",
    "octets",
    "read_count",
    "structure",
    "take",
    "u8",
    "u16",
    "u32",
    "utf8",
    "visible",
]

#: octets and signedness of the integer types
INTEGER_TYPES = {
    DOUBLE_LONG: (4, True),
    DOUBLE_LONG_UNSIGNED: (4, False),
    BCD: (1, True),
    INTEGER: (1, True),
    LONG: (2, True),
    UNSIGNED: (1, False),
    LONG_UNSIGNED: (2, False),
    LONG64: (8, True),
    LONG64_UNSIGNED: (8, False),
    ENUM: (1, False),
}
_FIXED = {DATE_TIME: 12, DATE: 5, TIME: 4, FLOAT32: 4, FLOAT64: 8}
_STRINGS = (OCTET_STRING, VISIBLE_STRING, UTF8_STRING)
_CODES = {5: "i", 6: "I", 13: "b", 15: "b", 16: "h", 17: "B", 18: "H", 20: "q", 21: "Q", 22: "B"}
_PACKED = {tag: struct.Struct(f">B{code}").pack for tag, code in _CODES.items()}
_SHORT_STRINGS = [bytes((OCTET_STRING, size)) for size in range(0x80)]
_SHORT_BITS = [bytes((BIT_STRING, count)) for count in range(0x80)]
_SHORT_LISTS = {tag: [bytes((tag, size)) for size in range(0x80)] for tag in (ARRAY, STRUCTURE)}
_DEEPEST = 32
_MOST_ROWS = 65536


def read_count(data: bytes, offset: int) -> tuple[int, int]:
    """Length or count at `offset` (any of the forms 00..7F, 81 xx, 82 xx xx, 83, 84) and the offset after it."""
    if offset >= len(data):
        raise GbcsError("data end where a length is expected", offset)
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    end = offset + first - 0x7F
    if not 0x81 <= first <= 0x84:
        raise GbcsError(f"length octet {first:02X}", offset)
    if end > len(data):
        raise GbcsError("data end inside a length", offset)
    return int.from_bytes(data[offset + 1 : end], "big"), end


def take(data: bytes, offset: int, count: int, what: str) -> tuple[bytes, int]:
    """The next `count` octets and the offset after them. Raises GbcsError naming `what` if they are not there."""
    end = offset + count
    if end > len(data):
        raise GbcsError(f"data end inside {what}", offset)
    return data[offset:end], end


def decode(data: bytes | bytearray | memoryview, offset: int = 0) -> tuple[Data, int]:
    """Read the value at `offset`; also the offset after it. Raises GbcsError for bad tags, lengths or depth."""
    return _decode(bytes(data), offset, 0)


def decode_all(data: bytes, what: str = "value") -> Data:
    """Read one value that fills `data`."""
    value, end = _decode(data, 0, 0)
    if end != len(data):
        raise GbcsError(f"{len(data) - end} octets after the {what}", end)
    return value


def _decode(data: bytes, offset: int, depth: int) -> tuple[Data, int]:
    if offset >= len(data):
        raise GbcsError("data end where a value is expected", offset)
    tag = data[offset]
    if tag in (ARRAY, STRUCTURE):
        if depth >= _DEEPEST:
            raise GbcsError(f"values nested deeper than {_DEEPEST}", offset)
        count, at = read_count(data, offset + 1)
        if count > len(data) - at:
            raise GbcsError(f"{count} elements in {len(data) - at} octets", offset + 1)
        elements = []
        for _ in range(count):
            element, at = _decode(data, at, depth + 1)
            elements.append(element)
        return Data(tag, elements), at
    if tag == COMPACT_ARRAY:
        return _decode_compact(data, offset)
    return _decode_simple(tag, data, offset + 1)


def _decode_simple(tag: int, data: bytes, offset: int) -> tuple[Data, int]:
    """Value without its tag."""
    integer = INTEGER_TYPES.get(tag)
    if integer is not None:
        end = offset + integer[0]
        if end > len(data):
            raise GbcsError(f"data end inside {TYPE_NAMES[tag]}", offset)
        return Data(tag, int.from_bytes(data[offset:end], "big", signed=integer[1])), end
    if tag in (NULL, DONT_CARE):
        return Data(tag), offset
    value: Any
    if tag in _STRINGS:
        count, offset = read_count(data, offset)
        value, end = take(data, offset, count, TYPE_NAMES[tag])
    elif tag == BOOLEAN:
        octet, end = take(data, offset, 1, "boolean")
        value = octet[0] == 0xFF if octet[0] in (0, 0xFF) else octet[0]
    elif tag == BIT_STRING:
        count, offset = read_count(data, offset)
        octet, end = take(data, offset, (count + 7) // 8, "bit-string")
        value = (count, octet)
    elif tag in _FIXED:
        value, end = take(data, offset, _FIXED[tag], TYPE_NAMES[tag])
    else:
        raise GbcsError(f"data type {tag:02X} is not one of DLMS", offset - 1)
    return Data(tag, value), end


def _decode_compact(data: bytes, offset: int) -> tuple[Data, int]:
    element, at = _decode_type(data, offset + 1, 0)
    count, at = read_count(data, at)
    contents, end = take(data, at, count, "compact-array")
    rows: list[Data] = []
    row_at = 0
    while row_at < len(contents):
        row, after = _decode_row(element, contents, row_at)
        if after == row_at or len(rows) >= _MOST_ROWS:
            raise GbcsError("rows of a compact-array that take no octets", offset)
        rows.append(row)
        row_at = after
    return Data(COMPACT_ARRAY, CompactArray(element, rows)), end


def _decode_type(data: bytes, offset: int, depth: int) -> tuple[TypeDescription, int]:
    if depth >= _DEEPEST:
        raise GbcsError(f"types nested deeper than {_DEEPEST}", offset)
    (tag,), at = take(data, offset, 1, "a type description")
    if tag == STRUCTURE:
        count, at = read_count(data, at)
        if count > len(data) - at:
            raise GbcsError(f"{count} types in {len(data) - at} octets", offset + 1)
        members = []
        for _ in range(count):
            member, at = _decode_type(data, at, depth + 1)
            members.append(member)
        return TypeDescription(tag, tuple(members)), at
    if tag == ARRAY:
        number, at = take(data, at, 2, "a type description")
        element, at = _decode_type(data, at, depth + 1)
        return TypeDescription(tag, (element,), int.from_bytes(number, "big")), at
    if tag == COMPACT_ARRAY or tag not in TYPE_NAMES:
        raise GbcsError(f"data type {tag:02X} in a type description", offset)
    return TypeDescription(tag), at


def _decode_row(kind: TypeDescription, data: bytes, offset: int) -> tuple[Data, int]:
    if kind.tag not in (ARRAY, STRUCTURE):
        return _decode_simple(kind.tag, data, offset)
    members = kind.members if kind.tag == STRUCTURE else kind.members * kind.count
    if len(members) > len(data) - offset:
        raise GbcsError(f"{len(members)} elements in {len(data) - offset} octets", offset)
    elements = []
    for member in members:
        element, offset = _decode_row(member, data, offset)
        elements.append(element)
    return Data(kind.tag, elements), offset


def encode(data: Data) -> bytes:
    """Octets of a value. Raises GbcsError if it does not fit its type."""
    parts: list[bytes] = []
    encode_into(data, parts)
    return b"".join(parts)


def encode_into(data: Data, parts: list[bytes]) -> None:
    """Append the octets of a value to `parts`. Raises GbcsError if it does not fit its type."""
    tag = data.tag
    if tag == NULL:
        parts.append(b"\0")
        return
    value = data.value
    pack = _PACKED.get(tag)
    if pack is not None:
        try:
            parts.append(pack(tag, value))
        except struct.error:
            parts.append(bytes((tag,)) + _encode_simple(data))
    elif tag == OCTET_STRING and len(value) < 0x80:
        parts.append(_SHORT_STRINGS[len(value)])
        parts.append(bytes(value))
    elif tag in (ARRAY, STRUCTURE):
        _list_into(tag, value, parts)
    elif tag == COMPACT_ARRAY:
        compact: CompactArray = value
        contents = b"".join(_encode_row(compact.element, row) for row in compact.rows)
        parts += (b"\x13", _encode_type(compact.element), length_octets(len(contents)), contents)
    else:
        parts.append(bytes((tag,)) + _encode_simple(data))


def encode_list_into(elements: list[Data], parts: list[bytes]) -> None:
    """Append the number of values and the octets of each to `parts`. Raises GbcsError if one does not fit its type."""
    parts.append(length_octets(len(elements)))
    _elements_into(elements, parts)


def _list_into(tag: int, elements: list[Data], parts: list[bytes]) -> None:
    count = len(elements)
    parts.append(_SHORT_LISTS[tag][count] if count < 0x80 else bytes((tag,)) + length_octets(count))
    _elements_into(elements, parts)


def _elements_into(elements: list[Data], parts: list[bytes]) -> None:
    append, packed, strings, lists = parts.append, _PACKED, _SHORT_STRINGS, _SHORT_LISTS
    for element in elements:
        # integers, short strings and lists, nearly all there is, without a detour
        kind, content = element.tag, element.value
        if kind in packed:
            try:
                append(packed[kind](kind, content))
            except struct.error:
                encode_into(element, parts)
        elif kind == OCTET_STRING and len(content) < 0x80:
            append(strings[len(content)])
            append(content if content.__class__ is bytes else bytes(content))
        elif kind in (STRUCTURE, ARRAY):
            count = len(content)
            append(lists[kind][count] if count < 0x80 else bytes((kind,)) + length_octets(count))
            _elements_into(content, parts)
        elif kind == NULL:
            append(b"\0")
        elif kind == BOOLEAN and (content is True or content is False):
            append(b"\3\xff" if content else b"\3\0")
        elif kind == BIT_STRING and 0 <= content[0] < 0x80 and len(content[1]) == (content[0] + 7) // 8:
            append(_SHORT_BITS[content[0]])
            append(content[1])
        else:
            encode_into(element, parts)


def _encode_simple(data: Data) -> bytes:
    tag, value = data.tag, data.value
    integer = INTEGER_TYPES.get(tag)
    if integer is not None:
        try:
            return int(value).to_bytes(integer[0], "big", signed=integer[1])
        except OverflowError:
            raise GbcsError(f"{value} does not fit {TYPE_NAMES[tag]}") from None
    if tag in (NULL, DONT_CARE):
        return b""
    if tag in _STRINGS:
        return length_octets(len(value)) + bytes(value)
    if tag == BOOLEAN:
        return bytes((0xFF if value is True else int(value),))
    if tag == BIT_STRING:
        count, octets_of_bits = value
        if len(octets_of_bits) != (count + 7) // 8:
            raise GbcsError(f"{count} bits in {len(octets_of_bits)} octets")
        return length_octets(count) + bytes(octets_of_bits)
    if tag in _FIXED and len(value) == _FIXED[tag]:
        return bytes(value)
    raise GbcsError(f"no encoding of data type {tag:02X} with that value")


def _encode_type(kind: TypeDescription) -> bytes:
    head = bytes((kind.tag,))
    if kind.tag == STRUCTURE:
        return head + length_octets(len(kind.members)) + b"".join(_encode_type(member) for member in kind.members)
    if kind.tag == ARRAY:
        return head + kind.count.to_bytes(2, "big") + _encode_type(kind.members[0])
    return head


def _encode_row(kind: TypeDescription, row: Data) -> bytes:
    if kind.tag not in (ARRAY, STRUCTURE):
        return _encode_simple(row)
    members = kind.members if kind.tag == STRUCTURE else kind.members * kind.count
    if len(members) != len(row.value):
        raise GbcsError(f"{len(row.value)} elements in a row of {len(members)}")
    return b"".join(_encode_row(member, element) for member, element in zip(members, row.value, strict=True))
