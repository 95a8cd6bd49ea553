"""Times of messages as text and back: DLMS date-times, ZigBee seconds and dates (GBCS 7.2.9, 7.3)."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from bench.gbcs.errors import GbcsError
from bench.gbcs.times import date_time, from_zigbee_utc, parse_date_time, zigbee_utc

_KEPT = 4096
_DATE = re.compile(r"(\*{4}|\d{4})-(\*\*|\d\d)-(\*\*|\d\d)(?: weekday (\d{1,3}))?")


def iso(at: datetime) -> str:
    """Instant as ``2030-01-15T09:00:00Z``."""
    return at.isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Instant of ``2030-01-15T09:00:00Z``. Raises GbcsError."""
    try:
        at = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise GbcsError(f"{text!r} is no time") from None
    return at if at.tzinfo is None else at.astimezone(UTC)


@lru_cache(_KEPT)
def date_time_text(octets: bytes) -> str:
    """DLMS date-time as ISO text, ``now``, ``never``, or its octets where it has wildcards or is none."""
    try:
        at = parse_date_time(octets)
    except GbcsError:
        return octets.hex().upper()
    if at is None:
        return octets.hex().upper()
    return at if isinstance(at, str) else iso(at)


@lru_cache(_KEPT)
def date_time_reading(octets: bytes) -> str | None:
    """ISO text, ``now`` or ``never`` if twelve octets are a date-time of a plausible year."""
    try:
        at = parse_date_time(octets)
    except GbcsError:
        return None
    if at is None:
        return None
    if isinstance(at, str):
        return at
    return iso(at) if 1990 <= at.year < 2200 else None


def date_time_octets(text: str) -> bytes:
    """Twelve octets of ISO text, ``now``, ``never`` or 24 hex digits. Raises GbcsError."""
    if not isinstance(text, str):
        raise GbcsError(f"{text!r} is no time")
    if text in ("now", "never"):
        return date_time("now" if text == "now" else "never")
    if re.fullmatch("[0-9A-Fa-f]{24}", text):
        return bytes.fromhex(text)
    return date_time(from_iso(text))


@lru_cache(_KEPT)
def zigbee_time(seconds: int) -> str:
    """ZigBee time as ISO text; 0 is ``now``, FFFFFFFF ``never``."""
    if seconds in (0, 0xFFFFFFFF):
        return "never" if seconds else "now"
    return iso(from_zigbee_utc(seconds))


def zigbee_seconds(text: str) -> int:
    """Seconds since 2000 of ISO text, ``now`` (0) or ``never`` (FFFFFFFF). Raises GbcsError."""
    if text == "now":
        return 0
    return 0xFFFFFFFF if text == "never" else zigbee_utc(from_iso(text))


def zcl_date(octets: bytes) -> str:
    """ZigBee date of four octets as ``2016-**-25``, an octet FF being any, with the weekday if there is one."""
    if len(octets) != 4:
        raise GbcsError(f"date of {len(octets)} octets, expected 4")
    year = "****" if octets[0] == 0xFF else str(1900 + octets[0])
    if any(octet > 99 and octet != 0xFF for octet in octets[1:3]):
        return octets.hex().upper()
    month, day = ("**" if octet == 0xFF else f"{octet:02d}" for octet in octets[1:3])
    weekday = "" if octets[3] == 0xFF else f" weekday {octets[3]}"
    return f"{year}-{month}-{day}{weekday}"


def zcl_date_octets(text: str) -> bytes:
    """Four octets of what `zcl_date` gives. Raises GbcsError."""
    if not isinstance(text, str):
        raise GbcsError(f"{text!r} is no date")
    if re.fullmatch("[0-9A-Fa-f]{8}", text):
        return bytes.fromhex(text)
    match = _DATE.fullmatch(text)
    if match is None:
        raise GbcsError(f"{text!r} is no date")
    year = 0xFF if match[1][0] == "*" else int(match[1]) - 1900
    month, day = (0xFF if part[0] == "*" else int(part) for part in match.group(2, 3))
    weekday = 0xFF if match[4] is None else int(match[4])
    if not 0 <= year <= 0xFF or weekday > 0xFF:
        raise GbcsError(f"{text!r} is no date of ZigBee")
    return bytes((year, month, day, weekday))


def cosem_date(octets: bytes) -> str:
    """DLMS date of five octets as ``2016-**-25``, with the weekday if there is one; FD and FE as hex."""
    year = "****" if octets[:2] == b"\xff\xff" else f"{int.from_bytes(octets[:2], 'big'):04d}"
    month, day = ("**" if one == 0xFF else f"{one:02d}" if one < 100 else f"{one:02X}" for one in octets[2:4])
    return f"{year}-{month}-{day}" + ("" if octets[4] == 0xFF else f" weekday {octets[4]}")
