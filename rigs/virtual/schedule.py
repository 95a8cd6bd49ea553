"""The non-disablement calendar of an electricity meter: when supply is not taken off for lack of credit."""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

CALENDAR = attribute("10:0-0:12.0.1.255:2")
START, STOP = 32, 33
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
        table = self._esme.cosem.objects.read(CALENDAR)
        found = []
        for entry in table.value if table is not None and isinstance(table.value, list) else ():
            script, at, days = _entry(entry)
            for offset in range(-WEEK, WEEK + 1):
                day = (now + timedelta(days=offset)).replace(hour=0, minute=0, second=0, microsecond=0)
                if day.weekday() in days:
                    found.append((day + timedelta(hours=at.hour, minutes=at.minute, seconds=at.second), script))
        return found


def _entry(entry: Data) -> tuple[int, time, set[int]]:
    """Return script, time of day and days of the week (0 Monday) of a schedule entry."""
    members = entry.value
    hour, minute, second = members[4].value[:3]
    octets: bytes = members[6].value[1]
    days = {number for number in range(WEEK) if octets and octets[0] & 0x80 >> number}
    return members[3].value, time(hour, minute, second), days
