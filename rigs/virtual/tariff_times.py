"""The tariff switching table of an electricity meter: which register counts when (ECS01a; device rules 8.4). UTC."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bench.gbcs.axdr import Data

ANY, ANY_YEAR = 0xFF, 0xFFFF
DAY = timedelta(days=1)
LOOK_BACK = 8  #: days in which something has switched, with a week profile in force
FIRST_REGISTER = 1


@dataclass(frozen=True)
class Season:
    """From when on a week profile holds; a part of the date that is any is None."""

    start: tuple[int | None, int | None, int | None]
    week: bytes

    def last_start(self, day: date) -> date | None:
        """Return the latest start not after a day, None where there is none."""
        year, month, dom = self.start
        for candidate in range(day.year, day.year - 2, -1) if year is None else (year,):
            start = date(candidate, month or 1, dom or 1)
            if start <= day:
                return start
        return None


@dataclass(frozen=True)
class SwitchingTable:
    """Seasons, weeks and days with their special days: numbers of the registers (1 to 48, 101 to 108) by time."""

    seasons: list[Season] = field(default_factory=list)
    weeks: dict[bytes, list[int]] = field(default_factory=dict)
    days: dict[int, list[tuple[timedelta, int]]] = field(default_factory=dict)
    special: list[tuple[bytes, int]] = field(default_factory=list)

    @classmethod
    def of(cls, seasons: Data | None, weeks: Data | None, days: Data | None, special: Data | None) -> "SwitchingTable":
        """Read the four tables as COSEM has them."""
        return cls(
            [Season(_parts(row[1].value), row[2].value) for row in _rows(seasons)],
            {row[0].value: [one.value for one in row.value[1:]] for row in _rows(weeks)},
            {row[0].value: sorted((_time(one[0].value), one[2].value) for one in row[1].value) for row in _rows(days)},
            [(row[1].value, row[2].value) for row in _rows(special)],
        )

    def day_profile(self, day: date) -> int | None:
        """Return the day profile of a day: of a special day its own, else by season and day of the week."""
        for pattern, number in self.special:
            if _falls_on(pattern, day):
                return number
        started = [(start, one.week) for one in self.seasons if (start := one.last_start(day)) is not None]
        week = self.weeks.get(max(started, key=lambda one: one[0])[1]) if started else None
        return None if week is None else week[day.weekday()]

    def switches(self, day: date) -> list[tuple[datetime, int]]:
        """Return when of a day which register begins to count."""
        profile = self.day_profile(day)
        if profile is None:
            return []
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return [(midnight + at, register) for at, register in self.days.get(profile, [])]

    def register(self, now: datetime) -> int:
        """Return the number of the register that counts at an instant: the one that was switched to last."""
        for back in range(LOOK_BACK):
            past = [one for one in self.switches(now.date() - back * DAY) if one[0] <= now]
            if past:
                return past[-1][1]
        return FIRST_REGISTER

    def between(self, began: datetime, ended: datetime) -> list[datetime]:
        """Return the switches after one instant and before another."""
        days = range((ended.date() - began.date()).days + 1) if self.days else ()
        found = [at for number in days for at, _ in self.switches(began.date() + number * DAY)]
        return [at for at in found if began < at < ended]


def _rows(table: Data | None) -> list[Data]:
    return table.value if table is not None and isinstance(table.value, list) else []


def _time(octets: bytes) -> timedelta:
    hour, minute, second = octets[:3]
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _parts(octets: bytes) -> tuple[int | None, int | None, int | None]:
    year, month, day = int.from_bytes(octets[:2]), octets[2], octets[3]
    return None if year == ANY_YEAR else year, None if month == ANY else month, None if day == ANY else day


def _falls_on(octets: bytes, day: date) -> bool:
    wanted = (*_parts(octets), None if octets[4] == ANY else octets[4])
    parts = (day.year, day.month, day.day, day.isoweekday())
    return all(one in (None, part) for one, part in zip(wanted, parts, strict=True))
