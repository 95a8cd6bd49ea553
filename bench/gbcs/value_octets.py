"""A-XDR octets of named values, the way back of `bench.gbcs.values`.

A value needs its ``type`` and one of ``value``, ``time`` or ``text``. Where octets have a reading beside them the two
must agree. A value with a ``scaler`` is the scaled one. Names and other annotations are not needed.
"""

import math
from typing import Any

from bench.gbcs.axdr import INTEGER_TYPES
from bench.gbcs.axdr_types import (
    ARRAY,
    BIT_STRING,
    BOOLEAN,
    COMPACT_ARRAY,
    DONT_CARE,
    FLOAT32,
    FLOAT64,
    NULL,
    STRUCTURE,
    TYPE_NAMES,
    UTF8_STRING,
    VISIBLE_STRING,
)
from bench.gbcs.clock_text import date_time_octets, date_time_text, zigbee_seconds, zigbee_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.meaning import unscaled
from bench.gbcs.message import length_octets
from bench.gbcs.names import obis_octets

TAGS = {name: tag for tag, name in TYPE_NAMES.items()}
_DEEPEST = 64
_FIXED = {25: 12, 26: 5, 27: 4, FLOAT32: 4, FLOAT64: 8}


def write(value: Any, depth: int = 0) -> bytes:
    """Octets of a typed value. Raises GbcsError for anything that is none."""
    if not isinstance(value, dict):
        raise GbcsError(f"{value!r:.60} is no typed value")
    tag = TAGS.get(value.get("type", ""))
    if tag is None:
        raise GbcsError(f"type {value.get('type')!r:.60} is not one of DLMS")
    if depth > _DEEPEST:
        raise GbcsError(f"values nested deeper than {_DEEPEST}")
    if tag in (ARRAY, STRUCTURE):
        elements = _a_list(value.get("value"), value["type"])
        body = b"".join([write(element, depth + 1) for element in elements])
        return bytes((tag,)) + length_octets(len(elements)) + body
    if tag == COMPACT_ARRAY:
        element = value.get("row")
        contents = b"".join([_row(element, row, 0) for row in _a_list(value.get("rows"), "rows")])
        return b"".join((b"\x13", _type(element, 0), length_octets(len(contents)), contents))
    return bytes((tag,)) + _simple(tag, value)


def _a_list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise GbcsError(f"{what}: no list")
    return value


def integer(value: Any, what: str) -> int:
    """The value itself if it is an integer. Raises GbcsError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise GbcsError(f"{what}: {value!r:.60} is no integer")


def unscale(value: Any, scaler: Any) -> int:
    """The integer on the wire of a scaled value. Raises GbcsError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GbcsError(f"{value!r:.60} is no number")
    try:
        number = unscaled(value, integer(scaler, "scaler"))
    except (ValueError, OverflowError):
        raise GbcsError(f"{value} cannot be scaled by {scaler}") from None
    power = 10.0 ** integer(scaler, "scaler")
    if not math.isclose(number * power, value, rel_tol=1e-9, abs_tol=power * 1e-6):
        raise GbcsError(f"{value} is no multiple of ten to the {scaler}")
    return number


def counter_octets(value: Any) -> bytes:
    """Eight octets of a counter. Raises GbcsError."""
    number = integer(value, "counter")
    if not 0 <= number < 1 << 64:
        raise GbcsError(f"counter {number} does not fit eight octets")
    return number.to_bytes(8, "big")


def instance_octets(shown: dict[str, Any], signed: bool = False) -> tuple[bytes, bytes, bytes]:
    """Class, logical name and attribute or method of an object as shown, by their numbers. Raises GbcsError."""
    class_id = integer(shown.get("class"), "class")
    index = integer(shown.get("method", shown.get("attribute")), "attribute")
    try:
        return class_id.to_bytes(2, "big"), obis_octets(shown.get("object")), index.to_bytes(1, "big", signed=signed)
    except OverflowError:
        raise GbcsError(f"class {class_id} or attribute {index} does not fit") from None


def hexadecimal(value: Any, what: str) -> bytes:
    """Octets of hex text. Raises GbcsError."""
    try:
        return bytes.fromhex(value)
    except (ValueError, TypeError):
        raise GbcsError(f"{what}: {value!r:.60} is no hex") from None


def string_octets(value: Any, what: str) -> bytes:
    """Octets of a string as `bench.gbcs.values.string` shows it. Raises GbcsError."""
    if not isinstance(value, str):
        raise GbcsError(f"{what}: {value!r:.60} is no text")
    if value.startswith("0x"):
        return hexadecimal(value[2:], what)
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        raise GbcsError(f"{what}: text with surrogates") from None


def _simple(tag: int, value: dict[str, Any]) -> bytes:
    """Octets after the tag."""
    kind = value["type"]
    size = INTEGER_TYPES.get(tag)
    if size is not None:
        return _number(value, kind, size)
    if tag in (NULL, DONT_CARE):
        return b""
    if tag in (FLOAT32, FLOAT64):
        octets = hexadecimal(value.get("octets"), kind)
    elif tag in (VISIBLE_STRING, UTF8_STRING):
        octets = string_octets(value.get("value"), kind)
    elif tag == BOOLEAN:
        shown = value.get("value")
        octet = 0xFF if shown is True else 0 if shown is False else integer(shown, kind)
        if not 0 <= octet <= 0xFF:
            raise GbcsError(f"{octet} does not fit boolean")
        return bytes((octet,))
    elif tag == BIT_STRING:
        return _bits(value)
    else:
        octets = _octets(value)
    if tag in _FIXED:
        if len(octets) != _FIXED[tag]:
            raise GbcsError(f"{kind} of {len(octets)} octets, expected {_FIXED[tag]}")
        return octets
    return length_octets(len(octets)) + octets


def _number(value: dict[str, Any], kind: str, size: tuple[int, bool]) -> bytes:
    shown = value.get("value")
    if shown is None and "time" in value:
        number = zigbee_seconds(value["time"])
    elif "scaler" in value:
        number = unscale(shown, value["scaler"])
    else:
        number = integer(shown, kind)
        if "time" in value and 0 <= number <= 0xFFFFFFFF and zigbee_time(number) != value["time"]:
            raise GbcsError(f"{kind}: value {number} and time {value['time']!r:.60} disagree")
    try:
        return number.to_bytes(size[0], "big", signed=size[1])
    except OverflowError:
        raise GbcsError(f"{number} does not fit {kind}") from None


def _octets(value: dict[str, Any]) -> bytes:
    if "value" in value:
        octets = hexadecimal(value["value"], value["type"])
        if "time" in value and date_time_text(octets) != value["time"]:
            raise GbcsError(f"value {value['value']:.60} and time {value['time']!r:.60} disagree: drop one of them")
        if "text" in value and string_octets(value["text"], "text") != octets:
            raise GbcsError(f"value {value['value']:.60} and text {value['text']!r:.60} disagree: drop one of them")
        return octets
    if "time" in value:
        return date_time_octets(value["time"])
    if "text" in value:
        return string_octets(value["text"], "text")
    raise GbcsError(f"{value['type']} without value, time or text")


def _bits(value: dict[str, Any]) -> bytes:
    bits, padding = value.get("value"), value.get("padding", "")
    if not isinstance(bits, str) or not isinstance(padding, str) or set(bits + padding) - {"0", "1"}:
        raise GbcsError("bit-string: no string of 0 and 1")
    size = (len(bits) + 7) // 8
    whole = (bits + padding).ljust(8 * size, "0")
    if len(whole) != 8 * size:
        raise GbcsError("bit-string: padding of another length")
    return length_octets(len(bits)) + (int(whole, 2).to_bytes(size, "big") if size else b"")


def _type(element: Any, depth: int) -> bytes:
    tag = TAGS.get(element.get("type", ""), 0x13) if isinstance(element, dict) else 0x13
    if tag == COMPACT_ARRAY or depth > _DEEPEST:
        raise GbcsError(f"type description {element!r:.60}")
    if tag == STRUCTURE:
        members = _a_list(element.get("members"), "members")
        return b"\x02" + length_octets(len(members)) + b"".join([_type(member, depth + 1) for member in members])
    if tag == ARRAY:
        count = integer(element.get("count"), "count")
        if not 0 <= count < 0x10000:
            raise GbcsError(f"array of {count} in a compact-array")
        return b"\x01" + count.to_bytes(2, "big") + _type(element.get("member"), depth + 1)
    return bytes((tag,))


def _row(element: Any, row: Any, depth: int) -> bytes:
    if depth > _DEEPEST or not isinstance(element, dict):
        raise GbcsError("type description of a compact-array")
    tag = TAGS.get(element.get("type", ""))
    if tag == STRUCTURE:
        members = _a_list(element.get("members"), "members")
        if not isinstance(row, dict):
            raise GbcsError(f"{row!r:.60} is no row by column names")
        parts = []
        for member in members:
            if not isinstance(member, dict) or member.get("name") not in row:
                raise GbcsError(f"a row without {member!r:.60}")
            parts.append(_row(member, row[member["name"]], depth + 1))
        return b"".join(parts)
    if tag == ARRAY:
        if len(_a_list(row, "array")) != element.get("count"):
            raise GbcsError(f"{len(row)} elements, expected {element.get('count')!r:.20}")
        return b"".join([_row(element.get("member"), one, depth + 1) for one in row])
    if tag is None or tag == COMPACT_ARRAY:
        raise GbcsError(f"type {element.get('type')!r:.60} in a compact-array")
    return _simple(tag, _cell(element, row))


def _cell(element: dict[str, Any], shown: Any) -> dict[str, Any]:
    """A cell as a typed value."""
    kind = element["type"]
    if isinstance(shown, dict):
        return {**shown, "type": kind}
    if element.get("kind") == "utc":
        return {"type": kind, "time": shown}
    if element.get("kind") == "event":
        return {"type": kind, "value": int.from_bytes(hexadecimal(shown, "event"), "big")}
    if element.get("scaler"):
        return {"type": kind, "value": shown, "scaler": element["scaler"]}
    return {"type": kind, "value": shown}
