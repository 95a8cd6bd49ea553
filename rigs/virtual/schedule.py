"""The non-disablement calendar of an electricity meter: when supply is not taken off for lack of credit."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule
from rigs.virtual.world import midnight_before

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

CALENDAR = attribute("10:0-0:12.0.1.255:2")
SPECIAL_DAYS = attribute("11:0-0:11.0.2.255:2")
START, STOP = 32, 33
ANY, ANY_YEAR = 0xFF, 0xFFFF
WEEK = 7


class NonDisablement:
    """Reads the active calendar: entries that start and stop periods, by time of day and day of week."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme

    @rule("R-DIS-002", "R-DIS-003", "R-TIM-001")
    def ends(self, now: datetime) -> datetime | None:
        """Return when the period ends in which disablement is suspended at an instant (UTC), None outside one."""
        changes = self.changes(now)
        past = [(at, script) for at, script in changes if at <= now]
        if not past or max(past)[1] != START:
            return None
        ahead = [at for at, script in changes if at > now and script == STOP]
        return min(ahead) if ahead else None

    def changes(self, now: datetime) -> list[tuple[datetime, int]]:
        """Return starts and stops from a week ago to a week ahead."""
        table, special = self._rows(CALENDAR), self._rows(SPECIAL_DAYS)
        found = []
        for offset in range(-WEEK, WEEK + 1):
            midnight = midnight_before(now + timedelta(days=offset))
            numbers = {row[2].value for row in special if _falls_on(row[1].value, midnight)}
            for entry in table:
                if self.holds_on(entry, midnight, numbers):
                    hour, minute, second = entry[4].value[:3]
                    at = midnight + timedelta(hours=hour, minutes=minute, seconds=second)
                    found.append((at, entry[3].value))
        return found

    @rule("R-DIS-003")
    def holds_on(self, entry: Data, day: datetime, special: set[int]) -> bool:
        """Whether a schedule entry holds on a day: by its special days if the day is one, else by its weekdays."""
        first, last = entry[8].value, entry[9].value
        if not _month_day(first, (1, 1)) <= (day.month, day.day) <= _month_day(last, (12, 31)):
            return False
        if special:
            return any(_bit(entry[7], number - 1) for number in special)
        return _bit(entry[6], day.weekday())

    def _rows(self, key: Attribute) -> list[Data]:
        table = self._esme.cosem.objects.read(key)
        return table.value if table is not None and isinstance(table.value, list) else []


def _bit(bits: Data, number: int) -> bool:
    octets: bytes = bits.value[1]
    return number < 8 * len(octets) and bool(octets[number // 8] & 0x80 >> number % 8)


def _month_day(octets: bytes, otherwise: tuple[int, int]) -> tuple[int, int]:
    month, day = octets[2:4]
    return otherwise[0] if month == ANY else month, otherwise[1] if day == ANY else day


def _falls_on(octets: bytes, day: datetime) -> bool:
    """Whether a DLMS date, its unspecified parts being any, is a day."""
    year = int.from_bytes(octets[:2])
    parts = zip((ANY_YEAR, ANY, ANY, ANY), (year, *octets[2:5]), _parts(day), strict=True)
    return all(one in (unspecified, wanted) for unspecified, one, wanted in parts)


def _parts(day: datetime) -> tuple[int, int, int, int]:
    return day.year, day.month, day.day, day.isoweekday()
