"""A-XDR values straight from octets to named, JSON-able values (IEC 62056-6-2 4.1.5, GBCS 7.2.9).

Every value is ``{"type": ..., "value": ...}``, with a ``name``, ``unit`` and ``scaler`` where the tables give them
(the value is then the scaled one) and readings such as ``time`` or ``text`` beside octets. `bench.gbcs.value_octets`
writes them back. Lengths must be in their shortest form, so that nothing is lost: `LongLengthError` tells of others.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from bench.gbcs import names
from bench.gbcs.axdr import INTEGER_TYPES
from bench.gbcs.axdr_types import (
    ARRAY,
    BIT_STRING,
    BOOLEAN,
    COMPACT_ARRAY,
    DATE,
    DATE_TIME,
    DONT_CARE,
    FLOAT32,
    FLOAT64,
    NULL,
    OCTET_STRING,
    STRUCTURE,
    TIME,
    TYPE_NAMES,
    UTF8_STRING,
    VISIBLE_STRING,
)
from bench.gbcs.clock_text import cosem_date, date_time_reading, date_time_text
from bench.gbcs.errors import GbcsError
from bench.gbcs.meaning import Meaning, by_scaler_unit, scaled, unscaled

Named = dict[str, Any]
DEEPEST = 32
_from_bytes = int.from_bytes
_INTEGERS = {tag: (TYPE_NAMES[tag], *size) for tag, size in INTEGER_TYPES.items()}
_STRUCT = {5: "i", 6: "I", 15: "b", 16: "h", 17: "B", 18: "H", 20: "q", 21: "Q", 22: "B", 13: "b"}
_FIXED = {DATE_TIME: 12, DATE: 5, TIME: 4, FLOAT32: 4, FLOAT64: 8}
_TEXTS_KEPT = 2048
_LONGEST_KEPT = 64


class LongLengthError(GbcsError):
    """A length in a longer form than it needs, which the named form does not show."""


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """Length at `at`, in its shortest form, and the offset after it."""
    if at >= len(data):
        raise GbcsError("data end where a length is expected", at)
    first = data[at]
    if first < 0x80:
        return first, at + 1
    end = at + first - 0x7F
    if not 0x81 <= first <= 0x84:
        raise GbcsError(f"length octet {first:02X}", at)
    if end > len(data):
        raise GbcsError("data end inside a length", at)
    value = _from_bytes(data[at + 1 : end], "big")
    if first > 0x82 or value < (0x80 if first == 0x81 else 0x100):
        raise LongLengthError(f"length {value} is not in its shortest form", at)
    return value, end


def read_all(data: bytes, what: str, meaning: Meaning | None = None) -> Named:
    """One value that fills `data`. Raises GbcsError."""
    found, end = read(data, 0, meaning)
    if end != len(data):
        raise GbcsError(f"{len(data) - end} octets after the {what}", end)
    return found


def read(data: bytes, at: int, meaning: Meaning | None = None, depth: int = 0) -> tuple[Named, int]:
    """The value at `at`, named by `meaning`, and the offset after it. Raises GbcsError."""
    try:
        tag = data[at]
    except IndexError:
        raise GbcsError("data end where a value is expected", at) from None
    integer = _INTEGERS.get(tag)
    if integer is not None:
        kind, size, signed = integer
        end = at + 1 + size
        if end > len(data):
            raise GbcsError(f"data end inside {kind}", at + 1)
        number = _from_bytes(data[at + 1 : end], "big", signed=signed)
        if meaning is None:
            return {"type": kind, "value": number}, end
        return meaning.number(kind, number), end
    if tag == OCTET_STRING:
        size, start = read_length(data, at + 1)
        end = start + size
        if end > len(data):
            raise GbcsError("data end inside octet-string", start)
        return _octet_string(data[start:end], meaning), end
    if tag in (ARRAY, STRUCTURE):
        return _list(tag, data, at, meaning, depth)
    if tag == COMPACT_ARRAY:
        from bench.gbcs.compact import read_compact

        return read_compact(data, at, meaning)
    found, end = read_simple(tag, data, at + 1)
    if meaning is not None and meaning.name:
        found = {"name": meaning.name, **found}
    return found, end


def _list(  # noqa: PLR0912 - with and without meaning, a call less an element
    tag: int, data: bytes, at: int, meaning: Meaning | None, depth: int
) -> tuple[Named, int]:
    if depth >= DEEPEST:
        raise GbcsError(f"values nested deeper than {DEEPEST}", at)
    count, start = read_length(data, at + 1)
    if count > len(data) - start:
        raise GbcsError(f"{count} elements in {len(data) - start} octets", at + 1)
    found: Named = {"name": meaning.name} if meaning is not None and meaning.name else {}
    found["type"] = "array" if tag == ARRAY else "structure"
    elements: list[Named] = []
    if tag == ARRAY:
        element = meaning if meaning is None or not meaning.name else _unnamed(meaning)
        run = _run(data, start, count)
        if run is not None:
            kind, numbers, end = run
            if element is None:
                found["value"] = [{"type": kind, "value": number} for number in numbers]
            else:
                found["value"] = [element.number(kind, number) for number in numbers]
            return found, end
        members: dict[int, Meaning] | None = None
    elif meaning is None:
        element, members = None, None
    else:
        meaning = meaning.of_count(count) if meaning.alternatives else meaning
        element, members = None, meaning.members
    size = len(data)
    for number in range(count):
        if members is not None:
            element = members.get(number)
        # integers and short strings, nearly all there is, without a call
        tag = data[start] if start < size else -1
        integer = _INTEGERS.get(tag)
        if integer is not None:
            kind, octets, signed = integer
            end = start + 1 + octets
            if end > size:
                raise GbcsError(f"data end inside {kind}", start + 1)
            value = _from_bytes(data[start + 1 : end], "big", signed=signed)
            elements.append({"type": kind, "value": value} if element is None else element.number(kind, value))
            start = end
        elif tag == OCTET_STRING and start + 1 < size and data[start + 1] < 0x80:
            end = start + 2 + data[start + 1]
            if end > size:
                raise GbcsError("data end inside octet-string", start + 2)
            elements.append(_octet_string(data[start + 2 : end], element))
            start = end
        else:
            one, start = read(data, start, element, depth + 1)
            elements.append(one)
    if members is not None and meaning is not None:
        for number in meaning.scaler_units:
            if number + 1 < count:
                apply_scaler_unit(elements[number], elements[number + 1])
    found["value"] = elements
    return found, start


@lru_cache(_TEXTS_KEPT)
def _unnamed(meaning: Meaning) -> Meaning:
    """The same meaning for the elements of an array, which carries the name itself."""
    found = Meaning("", meaning.kind, meaning.unit, meaning.scaler)
    found.members, found.alternatives = meaning.members, meaning.alternatives
    found.scaler_units = meaning.scaler_units
    return found


def _run(data: bytes, at: int, count: int) -> tuple[str, list[int], int] | None:
    """Numbers of an array whose elements are integers of one type; None for any other array."""
    if count < 4:
        return None
    tag = data[at]
    code = _STRUCT.get(tag)
    if code is None:
        return None
    step = 1 + _INTEGERS[tag][1]
    end = at + count * step
    if end > len(data) or data[at:end:step].count(tag) != count:
        return None
    return _INTEGERS[tag][0], list(struct.unpack_from(">" + f"x{code}" * count, data, at)), end


def apply_scaler_unit(value: Named, scaler_unit: Named) -> None:
    """Show a register by the scaler and unit the device sent, where they differ from those of the tables."""
    raw = value.get("value")
    members = scaler_unit.get("value")
    if not isinstance(raw, int | float) or not isinstance(members, list) or len(members) != 2:
        return
    scaler, unit = (member.get("value") for member in members)
    if not isinstance(scaler, int) or not isinstance(unit, int):
        return
    if "unit" in value:
        raw = unscaled(raw, value.get("scaler", 0))
    shown = by_scaler_unit(scaler, unit)
    if shown is None or not isinstance(raw, int) or not -(1 << 50) < raw < 1 << 50:
        value["value"] = raw
        value.pop("unit", None)
        value.pop("scaler", None)
        return
    value["value"], value["unit"] = scaled(raw, shown[1]), shown[0]
    if shown[1]:
        value["scaler"] = shown[1]
    else:
        value.pop("scaler", None)


def read_simple(  # noqa: PLR0911 - one branch a family of types
    tag: int, data: bytes, at: int
) -> tuple[Named, int]:
    """A value without its tag, if it is no integer and holds no others. Raises GbcsError."""
    if tag in (NULL, DONT_CARE):
        return {"type": TYPE_NAMES[tag], "value": None}, at
    if tag in (OCTET_STRING, VISIBLE_STRING, UTF8_STRING):
        size, at = read_length(data, at)
        end = at + size
        if end > len(data):
            raise GbcsError(f"data end inside {TYPE_NAMES[tag]}", at)
        if tag == OCTET_STRING:
            return {"type": "octet-string", "value": data[at:end].hex().upper(), **reading(data[at:end])}, end
        return {"type": TYPE_NAMES[tag], "value": string(data[at:end])}, end
    if tag == BOOLEAN:
        if at >= len(data):
            raise GbcsError("data end inside boolean", at)
        octet = data[at]
        return {"type": "boolean", "value": octet == 0xFF if octet in (0, 0xFF) else octet}, at + 1
    if tag == BIT_STRING:
        count, at = read_length(data, at)
        size = (count + 7) // 8
        end = at + size
        if end > len(data):
            raise GbcsError("data end inside bit-string", at)
        bits = bin(_from_bytes(b"\1" + data[at:end], "big"))[3:] if size else ""
        found: Named = {"type": "bit-string", "value": bits[:count]}
        if "1" in bits[count:]:
            found["padding"] = bits[count:]
        return found, end
    size = _FIXED.get(tag, 0)
    if not size:
        raise GbcsError(f"data type {tag:02X} is not one of DLMS", at - 1)
    end = at + size
    if end > len(data):
        raise GbcsError(f"data end inside {TYPE_NAMES[tag]}", at)
    octets = data[at:end]
    if tag in (FLOAT32, FLOAT64):
        number = struct.unpack(">f" if tag == FLOAT32 else ">d", octets)[0]
        return {"type": TYPE_NAMES[tag], "value": str(number), "octets": octets.hex().upper()}, end
    return {"type": TYPE_NAMES[tag], "value": octets.hex().upper(), **reading(octets)}, end


def reading(octets: bytes) -> dict[str, str]:
    """What an octet-string says if it is a date-time (``time``) or printable (``text``)."""
    if len(octets) == 12:
        at = date_time_reading(octets)
        if at is not None:
            return {"time": at}
    if len(octets) > 1:
        try:
            decoded = octets.decode("utf-8")
        except UnicodeDecodeError:
            return {}
        if decoded.isprintable():
            return {"text": decoded}
    return {}


def string(octets: bytes) -> str:
    """The octets as text if printable and not to be taken for hex, else as hex with ``0x`` before it."""
    try:
        decoded = octets.decode("utf-8")
    except UnicodeDecodeError:
        return "0x" + octets.hex().upper()
    return decoded if decoded.isprintable() and not decoded.startswith("0x") else "0x" + octets.hex().upper()


def _eui(octets: bytes) -> dict[str, str]:
    return {"device": octets.hex("-").upper()} if len(octets) == 8 else {}


_READINGS: dict[str, Callable[[bytes], dict[str, str]]] = {
    "obis": lambda octets: {"object": names.obis_text(octets)} if len(octets) == 6 else {},
    "date": lambda octets: {"date": cosem_date(octets)} if len(octets) == 5 else {},
    "eui": _eui,
    "utc": lambda octets: {"time": date_time_text(octets)} if len(octets) == 12 else {},
}


def _octet_string(octets: bytes, meaning: Meaning | None) -> Named:
    if len(octets) > _LONGEST_KEPT:
        return dict(_octet_fields.__wrapped__(octets, meaning))
    return dict(_octet_fields(octets, meaning))


@lru_cache(_TEXTS_KEPT)
def _octet_fields(octets: bytes, meaning: Meaning | None) -> Named:
    found: Named = {"name": meaning.name} if meaning is not None and meaning.name else {}
    found["type"] = "octet-string"
    found["value"] = octets.hex().upper()
    special = _READINGS.get(meaning.kind) if meaning is not None else None
    found.update(special(octets) if special else reading(octets))
    return found
