"""The calendar of auxiliary switches: which state it asks for at an instant, and when that changes next (UTC)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, array
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

CALENDAR, SPECIAL_DAYS = attribute("10:0-0:12.0.2.255:2"), attribute("11:0-0:11.0.3.255:2")
WAITING_CALENDAR, WAITING_SPECIAL_DAYS = attribute("10:0-1:12.0.2.255:2"), attribute("11:0-1:11.0.3.255:2")
ENTRIES, DAYS = 120, 20
ACTIVATE, DEACTIVATE = 1, 2
OUTPUT, LEVEL = 0x1000, 0x7F
LOOK_BACK, LOOK_AHEAD = 400, 8  #: days
DAY = timedelta(days=1)
ANY = 0xFF


class AuxiliaryCalendar:
    """Reads the active calendar and its special days. A script is switch x 256 + 1 (on) or + 2 (off), or a level."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        objects = esme.cosem.objects
        for active in (CALENDAR, SPECIAL_DAYS):
            objects.put(active, array([]))
        objects.allowed[WAITING_CALENDAR] = lambda value: self.fits(value, ENTRIES)
        objects.allowed[WAITING_SPECIAL_DAYS] = lambda value: self.fits(value, DAYS)

    @rule("R-AUX-002")
    def fits(self, table: Data, room: int) -> bool:
        """Whether a table has no more entries than there is room for."""
        return len(table.value) <= room

    def _rows(self, key: tuple[int, bytes, int]) -> list[Data]:
        table = self._esme.cosem.objects.read(key)
        return table.value if table is not None and isinstance(table.value, list) else []

    def changes(self, switch: int, day: date) -> Iterator[tuple[datetime, bool]]:
        """Yield when a switch is to be switched on a day, and to what."""
        for row in self._rows(CALENDAR):
            script = row[3].value
            if (script >> 8 & 0xF) == switch and self.applies(row, day):
                hour, minute, second = (0 if part == ANY else part for part in row[4].value[:3])
                yield datetime.combine(day, time(hour, minute, second), self._esme.clock().tzinfo), is_on(script)

    @rule("R-AUX-002")
    def applies(self, row: Data, day: date) -> bool:
        """Whether an entry is in force on a day: by its dates, and by special day or else day of the week."""
        if not between(day, row[8].value, row[9].value):
            return False
        for number, special in enumerate(self._rows(SPECIAL_DAYS)):
            if is_day(day, special[1].value):
                return _bit(row[7], number)
        return _bit(row[6], day.weekday())

    @rule("R-AUX-002")
    def state(self, switch: int, at: datetime) -> bool:
        """Return what the calendar asks of a switch at an instant: what its last entry said, off without one."""
        for back in range(LOOK_BACK):
            past = [one for one in self.changes(switch, at.date() - back * DAY) if one[0] <= at]
            if past:
                return max(past)[1]
        return False

    def next_change(self, switch: int, after: datetime) -> datetime | None:
        """Return the next switching instant of a switch within some days."""
        for ahead in range(LOOK_AHEAD):
            found = [at for at, _ in self.changes(switch, after.date() + ahead * DAY) if at > after]
            if found:
                return min(found)
        return None


def is_on(script: int) -> bool:
    """Whether a script switches on: an action, or a level above zero."""
    return script & LEVEL > 0 if script & OUTPUT else script & 0xFF == ACTIVATE


def _bit(bits: Data, number: int) -> bool:
    count, octets = bits.value
    return number < count and bool(octets[number // 8] & 0x80 >> number % 8)


def is_day(day: date, written: bytes) -> bool:
    """Whether a day is a DLMS date, which may leave year, month, day and weekday open."""
    year, month, number, weekday = int.from_bytes(written[:2]), *written[2:5]
    return (
        year in (0xFFFF, day.year)
        and month in (ANY, day.month)
        and number in (ANY, day.day)
        and weekday in (ANY, day.isoweekday())
    )


def between(day: date, begin: bytes, end: bytes) -> bool:
    """Whether a day lies between two DLMS dates, both included; what a date leaves open does not bound."""
    return _parts(day, begin) >= _filled(begin) and _parts(day, end) <= _filled(end)


def _filled(written: bytes) -> list[int]:
    year, month, day = int.from_bytes(written[:2]), written[2], written[3]
    return [part for part, open_ in ((year, 0xFFFF), (month, ANY), (day, ANY)) if part != open_]


def _parts(day: date, written: bytes) -> list[int]:
    year, month, number = int.from_bytes(written[:2]), written[2], written[3]
    pairs = ((day.year, year != 0xFFFF), (day.month, month != ANY), (day.day, number != ANY))
    return [part for part, given in pairs if given]
