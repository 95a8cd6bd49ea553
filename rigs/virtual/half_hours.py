"""Half hours of the clock, and how what flows between two instants is shared out to them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

HALF_HOUR = timedelta(minutes=30)


def half_hour_end(instant: datetime) -> datetime:
    """Return the end of the half hour in which an instant lies."""
    return instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0) + HALF_HOUR


def half_hours_between(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the ends of half hours between two instants, both included."""
    end = half_hour_end(first - timedelta(microseconds=1))
    while end <= last:
        yield end
        end += HALF_HOUR


def shares(began: datetime, ended: datetime, amount: float) -> Iterator[tuple[datetime, float]]:
    """Yield the half hours (their ends) in which an amount flows evenly between two instants, and the share of each."""
    total = ended - began
    while began < ended:
        end = half_hour_end(began)
        until = min(end, ended)
        yield end, amount * ((until - began) / total)
        began = until
