"""Reads of a gas meter's calendars: day profiles, weeks, seasons, special days of the one in force (GCS21b, GCS21f)."""

from typing import TYPE_CHECKING, Any

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import zigbee_utc
from rigs.virtual.gbz_device import CALENDAR, made, values
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import NOT_FOUND, Answer

if TYPE_CHECKING:
    from rigs.virtual.gas_calendar import GasCalendars
    from rigs.virtual.gsme import Gsme

DAYS, WEEKS, SEASONS, SPECIAL_DAYS = 0x01, 0x02, 0x03, 0x04
TARIFF, FRIENDLY_CREDIT = 0, 3  #: calendar types
TARIFF_IN_FORCE, NON_DISABLEMENT_IN_FORCE = 0xFFFFFFFF, 0xFFFFFFFE  #: identifiers that stand for one


class CalendarReads:
    """Answers what is asked of calendars, as it was sent."""

    def __init__(self, gsme: "Gsme", calendars: "GasCalendars") -> None:
        self._gsme, self._calendars = gsme, calendars
        commands = gsme.zcl.objects.commands
        commands[CALENDAR, True, DAYS] = self._days
        commands[CALENDAR, True, WEEKS] = self._weeks
        commands[CALENDAR, True, SEASONS] = self._seasons
        commands[CALENDAR, True, SPECIAL_DAYS] = self._special_days

    @rule("R-GPF-011")
    def meant(self, identifier: int) -> int | None:
        """Return the calendar an identifier means: two of them stand for the one in force; None where there is none."""
        kinds = {TARIFF_IN_FORCE: TARIFF, NON_DISABLEMENT_IN_FORCE: FRIENDLY_CREDIT}
        if identifier in kinds:
            return self._calendars.in_force.get(kinds[identifier])
        return identifier if identifier in self._calendars.published else None

    def _head(self, component: GbzComponent) -> dict[str, Any]:
        """Return what every part of the calendar that is asked for begins with; nothing where there is no such one."""
        number = self.meant(values(component)["calendarId"])
        sent = None if number is None else self._calendars.published.get(number)
        if sent is None:
            return {}
        return {name: sent[name] for name in ("providerId", "issuerEventId", "calendarId", "calendarType")}

    def _days(self, component: GbzComponent) -> Answer:
        head = self._head(component)
        wanted = head.get("calendarId")
        found = {day: rows for (number, day), rows in self._calendars.days.items() if number == wanted}
        parts = [
            head | {"dayId": day, "n": len(rows), "cmdIndex": 0, "nCommands": 1, "switchTimes": rows}
            for day, rows in sorted(found.items())
        ]
        return _published(DAYS, parts)

    def _weeks(self, component: GbzComponent) -> Answer:
        head = self._head(component)
        wanted = head.get("calendarId")
        found = {week: refs for (number, week), refs in self._calendars.weeks.items() if number == wanted}
        parts = [
            head | {"weekId": week, "days": [{"dayRef": ref} for ref in refs]} for week, refs in sorted(found.items())
        ]
        return _published(WEEKS, parts)

    def _seasons(self, component: GbzComponent) -> Answer:
        head = self._head(component)
        rows = self._calendars.seasons.get(head.get("calendarId", 0), [])
        return _published(SEASONS, [head | {"cmdIndex": 0, "nCommands": 1, "entries": rows}] if rows else [])

    def _special_days(self, component: GbzComponent) -> Answer:
        head, rows = self._head(component), self._calendars.special
        if not head or head["calendarType"] != FRIENDLY_CREDIT or not rows:
            return NOT_FOUND
        start = zigbee_utc(self._gsme.clock())
        return _published(
            SPECIAL_DAYS, [head | {"start": start, "n": len(rows), "cmdIndex": 0, "nCommands": 1, "entries": rows}]
        )


def _published(command: int, parts: list[dict[str, Any]]) -> Answer:
    return [(command, made(CALENDAR, False, command, part)) for part in parts] or NOT_FOUND
