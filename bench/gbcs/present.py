"""Plain values for reports: times, A-XDR values, ZCL strings and dates."""

from datetime import datetime
from typing import Any

from bench.gbcs.axdr import FLOAT32, FLOAT64, TYPE_NAMES, CompactArray, Data
from bench.gbcs.errors import GbcsError
from bench.gbcs.times import from_zigbee_utc, parse_date_time

_OCTET_STRING, _VISIBLE, _UTF8, _BITS, _DATE_TIME = 9, 10, 12, 4, 25


def iso(at: datetime) -> str:
    """Instant as ``2030-01-15T09:00:00Z``."""
    return at.isoformat().replace("+00:00", "Z")


def date_time_text(octets: bytes) -> str:
    """DLMS date-time as ISO text, ``now``, ``never``, or its octets where it has wildcards or is none."""
    try:
        at = parse_date_time(octets)
    except GbcsError:
        return octets.hex().upper()
    if at is None:
        return octets.hex().upper()
    return at if isinstance(at, str) else iso(at)


def zigbee_time(seconds: int) -> str:
    """ZigBee time as ISO text; 0 is ``now``, FFFFFFFF ``never``."""
    if seconds in (0, 0xFFFFFFFF):
        return "never" if seconds else "now"
    return iso(from_zigbee_utc(seconds))


def zcl_date(octets: bytes) -> str:
    """ZigBee date of four octets as ``2016-**-25``, an octet FF being any, with the weekday if there is one."""
    year = "****" if octets[0] == 0xFF else str(1900 + octets[0])
    month, day = ("**" if octet == 0xFF else f"{octet:02d}" for octet in octets[1:3])
    weekday = "" if octets[3] == 0xFF else f" weekday {octets[3]}"
    return f"{year}-{month}-{day}{weekday}"


def text(octets: bytes) -> str | None:
    """The octets as text, if they are nothing but printable text."""
    try:
        decoded = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return decoded if decoded.isprintable() else None


def string(octets: bytes) -> str:
    """The octets as text if printable, else as hex with ``0x`` before it."""
    decoded = text(octets)
    return "0x" + octets.hex().upper() if decoded is None else decoded


def value(data: Data) -> dict[str, Any]:
    """An A-XDR value as ``{"type": ..., "value": ...}``; octet-strings in hex with a ``time`` or ``text`` beside it."""
    tag, content = data.tag, data.value
    found: dict[str, Any] = {"type": TYPE_NAMES[tag]}
    if isinstance(content, list):
        found["value"] = [value(element) for element in content]
    elif isinstance(content, CompactArray):
        found["value"] = [value(row) for row in content.rows]
    elif tag == _BITS:
        found["value"] = "".join(f"{octet:08b}" for octet in content[1])[: content[0]]
    elif tag in (FLOAT32, FLOAT64):
        found["value"] = str(data.number)
    elif isinstance(content, bytes):
        found["value"] = string(content) if tag in (_VISIBLE, _UTF8) else content.hex().upper()
        if tag in (_OCTET_STRING, _DATE_TIME):
            found |= _reading(content)
    else:
        found["value"] = content
    return found


def _reading(octets: bytes) -> dict[str, str]:
    """What an octet-string says if it is a date-time or text."""
    if len(octets) == 12 and _date_time_like(octets):
        return {"time": date_time_text(octets)}
    decoded = text(octets) if len(octets) > 1 else None
    return {"text": decoded} if decoded else {}


def _date_time_like(octets: bytes) -> bool:
    try:
        at = parse_date_time(octets)
    except GbcsError:
        return False
    return isinstance(at, str) or (at is not None and 1990 <= at.year < 2200)
