"""The non-disablement calendar of a gas meter: seasons, weeks, days with switch times, special days (GCS05)."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.gbcs.gbz import GbzComponent
from rigs.virtual.gas_calendar_reads import FRIENDLY_CREDIT, TARIFF
from rigs.virtual.gbz_device import CALENDAR, values
from rigs.virtual.rules import rule
from rigs.virtual.world import midnight_before
from rigs.virtual.zcl_objects import FAILURE, SUCCESS

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

PUBLISH, DAYS, WEEKS, SEASONS, SPECIAL_DAYS = 0x00, 0x01, 0x02, 0x03, 0x04
ANY = 0xFF
LOOK_AHEAD = 8  #: days
SEASONS_KEPT, WEEKS_KEPT, DAYS_KEPT, SPECIAL_DAYS_KEPT = 3, 2, 4, 20  #: of the tariff's calendar
COMMAND_TAKEN = timedelta(seconds=1)

Named = dict[str, Any]


class GasCalendars:
    """Calendars as they were sent, by their identifier; the one that is published last is in force."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self.in_force: dict[int, int] = {}  #: type of calendar -> identifier
        self.published: dict[int, Named] = {}  #: identifier -> what published it
        self.special: list[Named] = []
        self.days: dict[tuple[int, int], list[Named]] = {}
        self.weeks: dict[tuple[int, int], list[Any]] = {}
        self.seasons: dict[int, list[Named]] = {}
        commands = gsme.zcl.objects.commands
        for command in (DAYS, WEEKS, SEASONS):
            commands[CALENDAR, False, command] = lambda component: self.keep(component)  # noqa: PLW0108
        gsme.activations.offer(CALENDAR, PUBLISH, lambda component: self.publish(component), to_server=False)  # noqa: PLW0108
        gsme.activations.offer(CALENDAR, SPECIAL_DAYS, self._take_special_days, to_server=False)

    def keep(self, component: GbzComponent) -> int:
        """Keep a part of a calendar until the calendar is in force."""
        sent = values(component)
        number = sent["calendarId"]
        if component.command == DAYS:
            self.days[number, sent["dayId"]] = sent["switchTimes"]
        elif component.command == WEEKS:
            self.weeks[number, sent["weekId"]] = [row["dayRef"] for row in sent["days"]]
        else:
            self.seasons[number] = sent["entries"]
        return SUCCESS

    @rule("R-DIS-003")
    def publish(self, component: GbzComponent) -> int:
        """Bring a calendar into force; what hangs on it is looked at when the whole command has been taken."""
        sent = values(component)
        if sent["calendarType"] == TARIFF and not self.has_room(sent["nSeasons"], sent["nWeeks"], sent["nDays"]):
            return FAILURE
        self.published[sent["calendarId"]] = sent
        self.in_force[sent["calendarType"]] = sent["calendarId"]
        if sent["calendarType"] == TARIFF:
            self._gsme.tariff_changes()
        if sent["calendarType"] == FRIENDLY_CREDIT:
            self._gsme.at(self._gsme.clock() + COMMAND_TAKEN, self._gsme.account.settle)
        return SUCCESS

    def _take_special_days(self, component: GbzComponent) -> int:
        sent = values(component)
        if sent["calendarType"] == TARIFF:
            return SUCCESS if self.has_room_for_special(len(sent["entries"])) else FAILURE
        self.special = sent["entries"]
        return SUCCESS

    @rule("R-GAS-014")
    def has_room(self, seasons: int, weeks: int, days: int) -> bool:
        """Whether the tables of the tariff's calendar are large enough."""
        return seasons <= SEASONS_KEPT and weeks <= WEEKS_KEPT and days <= DAYS_KEPT

    @rule("R-GAS-014")
    def has_room_for_special(self, days: int) -> bool:
        """Whether the table of the tariff's special days is large enough."""
        return days <= SPECIAL_DAYS_KEPT

    @rule("R-DIS-002", "R-DIS-003", "R-TIM-001")
    def ends(self, now: datetime) -> datetime | None:
        """Return when the period ends in which disablement is suspended at an instant (UTC), None outside one."""
        changes = self.changes(now)
        past = [one for one in changes if one[0] <= now]
        if not past or not past[-1][1]:
            return None
        ahead = [at for at, suspended in changes if at > now and not suspended]
        return ahead[0] if ahead else None

    def changes(self, now: datetime) -> list[tuple[datetime, bool]]:
        """Return when disablement is suspended and allowed again, from yesterday to a week ahead."""
        found = []
        for offset in range(-1, LOOK_AHEAD):
            midnight = midnight_before(now + timedelta(days=offset))
            for row in self._day(midnight.date()):
                found.append((midnight + timedelta(minutes=row["startMin"]), bool(row["tierOrFlag"])))
        return found

    @property
    def _active(self) -> int | None:
        return self.in_force.get(FRIENDLY_CREDIT)

    def _day(self, day: date) -> list[Named]:
        if self._active is None:
            return []
        number = next((row["dayRef"] for row in self.special if _falls_on(row["date"], day)), None)
        if number is None:
            week = self.weeks.get((self._active, self._week(day)))
            number = week[day.weekday()] if week else None
        return self.days.get((self._active, number), []) if number is not None else []

    def _week(self, day: date) -> int:
        seasons = self.seasons.get(self._active or 0, [])
        begun = [row for row in seasons if _key(row["date"], day) <= (day.year, day.month, day.day)]
        latest = max(begun or seasons, key=lambda row: _key(row["date"], day), default=None)
        return int(latest["weekRef"]) if latest else 1


def _octets(octets: Any) -> tuple[int, int, int]:
    raw = bytes(octets) if not isinstance(octets, int) else octets.to_bytes(4, "little")
    return raw[0], raw[1], raw[2]


def _falls_on(octets: Any, day: date) -> bool:
    year, month, number = _octets(octets)
    wanted = (day.year - 1900, day.month, day.day)
    return all(one in (ANY, other) for one, other in zip((year, month, number), wanted, strict=True))


def _key(octets: Any, day: date) -> tuple[int, int, int]:
    year, month, number = _octets(octets)
    return (day.year if year == ANY else 1900 + year, 1 if month == ANY else month, 1 if number == ANY else number)
