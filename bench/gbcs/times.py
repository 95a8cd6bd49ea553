"""Dates and times on the wire: 12-octet DLMS date-times and ZigBee seconds since 2000 (GBCS 7.2.9, 7.3)."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from bench.gbcs.errors import GbcsError

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NOT_SPECIFIED = b"\x80\x00\xff"  # deviation not specified, clock status FF
_NOW, _NEVER = bytes(9), b"\xff" * 9
_SECONDS = 1 << 32


def date_time(at: datetime | Literal["now", "never"], status: int = 0xFF) -> bytes:
    """DLMS date-time of 12 octets in UTC, to the second; ``"now"`` and ``"never"`` are the immediate and cancel values.

    `status` is the clock status octet. Raises GbcsError for a time without time zone.
    """
    if isinstance(at, str):
        if at not in ("now", "never"):
            raise GbcsError(f"time {at!r}, expected a datetime, 'now' or 'never'")
        return (_NOW if at == "now" else _NEVER) + _NOT_SPECIFIED
    if at.tzinfo is None:
        raise GbcsError("a time without time zone")
    at = at.astimezone(UTC)
    date = at.year.to_bytes(2, "big") + bytes((at.month, at.day, 0xFF, at.hour, at.minute, at.second, 0))
    return date + b"\x80\x00" + bytes((status,))


def parse_date_time(octets: bytes) -> datetime | Literal["now", "never"] | None:
    """Instant of a DLMS date-time, aware, UTC; None if it has wildcards. Raises GbcsError if it is no date-time.

    A deviation that is not specified means UTC; otherwise it is minutes from local time to UTC.
    """
    if len(octets) != 12:
        raise GbcsError(f"date-time of {len(octets)} octets, expected 12")
    if octets[:9] == _NOW:
        return "now"
    if octets[:9] == _NEVER:
        return "never"
    year, month, day = int.from_bytes(octets[:2], "big"), octets[2], octets[3]
    hour, minute, second, hundredths = octets[5:9]
    if year == 0xFFFF or month >= 0xFD or day >= 0xFD or 0xFF in (hour, minute):
        return None
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    try:
        local = datetime(year, month, day, hour, minute, 0 if second == 0xFF else second, tzinfo=UTC)
        if hundredths not in (0, 0xFF):
            local += timedelta(milliseconds=10 * hundredths)
        return local if deviation == -0x8000 else local + timedelta(minutes=deviation)
    except (ValueError, OverflowError):
        raise GbcsError(f"{octets.hex()} is no date-time") from None


def zigbee_utc(at: datetime) -> int:
    """Whole seconds since 2000-01-01 00:00 UTC. Raises GbcsError outside 0..FFFFFFFE or without time zone."""
    if at.tzinfo is None:
        raise GbcsError("a time without time zone")
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    if not 0 <= seconds < _SECONDS - 1:
        raise GbcsError(f"{at.isoformat()} is outside ZigBee time")
    return seconds


def from_zigbee_utc(seconds: int) -> datetime:
    """The instant, aware, UTC, `seconds` after 2000-01-01 00:00. Raises GbcsError outside 0..FFFFFFFF."""
    if not 0 <= seconds < _SECONDS:
        raise GbcsError(f"{seconds} is outside ZigBee time")
    return _EPOCH + timedelta(seconds=seconds)
