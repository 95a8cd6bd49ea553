"""Builders of DLMS values that are more than one field of a request: calendars, prices, schedules (GBCS 7.2.9).

Every builder takes the context and the words the catalogue puts behind its name.
"""

from collections.abc import Callable, Iterable
from datetime import time, timedelta
from itertools import pairwise
from typing import Any

from bench.dcc.bodies import DAYS, SwitchingTable
from bench.dcc.charge_values import CHARGES
from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, find
from bench.dcc.record import Date
from bench.gbcs import dlms
from bench.gbcs.axdr import Data
from bench.gbcs.sub_ghz import SubGhzSettings

_TARIFF_SCRIPTS = bytes.fromhex("00000A0064FF")
_NON_DISABLEMENT_SCRIPTS = bytes.fromhex("00000A006AFF")
_AUXILIARY_SCRIPTS = bytes.fromhex("00000A0067FF")
_MAXIMUM_DEMAND_SCRIPTS = bytes.fromhex("00000A8064FF")
_MIDNIGHT_NO_ZONE = bytes.fromhex("000000008000FF")
_ANY_DATE = b"\xff" * 5


def date_octets(date: Date) -> bytes:
    """DLMS date of 5 octets; FF (FFFF) for what is not given."""
    year = 0xFFFF if date.year is None else date.year
    return year.to_bytes(2, "big") + bytes(0xFF if part is None else part for part in date[1:])


def time_octets(at: time) -> bytes:
    """DLMS time of 4 octets."""
    return bytes((at.hour, at.minute, at.second, at.microsecond // 10000))


def _table(context: Context, path: str) -> SwitchingTable:
    table: SwitchingTable = find(context, path)
    return table


def seasons(context: Context, path: str) -> Data:
    """Seasons of an activity calendar: name, start, week profile."""
    return dlms.array(
        dlms.structure(
            (
                dlms.octets(season.label.encode("ascii", "replace")),
                dlms.octets(date_octets(season.start.date) + _MIDNIGHT_NO_ZONE),
                dlms.octets(bytes((season.week_name,))),
            )
        )
        for season in _table(context, path).seasons.seasons
    )


def weeks(context: Context, path: str) -> Data:
    """Week profiles: name, day profiles of Monday to Sunday."""
    return dlms.array(
        dlms.structure((dlms.octets(bytes((week.label,))), *(dlms.u8(day.value) for day in in_order(week.days))))
        for week in _table(context, path).weeks.profiles
    )


def in_order(indexed: Iterable[Any]) -> list[Any]:
    """Values with an index by their index. Raises DuisError for an index that comes twice."""
    found = sorted(indexed, key=lambda each: each.index)
    for before, after in pairwise(found):
        if before.index == after.index:
            raise DuisError(f"index {after.index} comes twice")
    return found


SECOND_ELEMENT_REGISTERS = 4


def day_profiles(context: Context, path: str, offset: str) -> Data:
    """Day profiles: switching times with the tariff script, time of use from `offset` on, blocks from 100 on."""

    def script(action: Any) -> int:
        if int(offset) and (action.block is not None or action.tou > SECOND_ELEMENT_REGISTERS):
            raise DuisError(f"{path}: a second element has {SECOND_ELEMENT_REGISTERS} time-of-use registers, no blocks")
        return int(action.tou + int(offset) if action.block is None else 100 + action.block)

    return dlms.array(
        dlms.structure(
            (
                dlms.u8(day.label),
                dlms.array(
                    dlms.structure(
                        (
                            dlms.octets(time_octets(action.start)),
                            dlms.octets(_TARIFF_SCRIPTS),
                            dlms.u16(script(action)),
                        )
                    )
                    for action in day.schedule
                ),
            )
        )
        for day in _table(context, path).days.profiles
    )


def _days(days: Iterable[tuple[Date, int]]) -> Data:
    return dlms.array(
        dlms.structure((dlms.u16(number), dlms.octets(date_octets(date)), dlms.u8(day)))
        for number, (date, day) in enumerate(days, 1)
    )


def special_days(context: Context, path: str) -> Data:
    """Special days: number, date, day profile."""
    return _days((each.date.date, each.day_name) for each in find(context, path).days)


def thresholds(context: Context, register: str) -> Data:
    """Block thresholds of one time-of-use register."""
    for each in context.body.electricity.thresholds.thresholds:
        if each.index == int(register):
            return dlms.array(dlms.u32(threshold.value) for threshold in in_order(each.thresholds))
    raise DuisError(f"ThresholdMatrix: no Thresholds with index {register}")


def week_days(applicability: Any) -> Data:
    """Seven bits, Monday first."""
    named = {each.day for each in applicability.days}
    return dlms.bits(bytes((sum(0x80 >> n for n, day in enumerate(DAYS) if day in named),)), 7)


def number_bits(numbers: Iterable[int], count: int) -> Data:
    """As many bits as there are special days, the first day first."""
    octets = bytearray((count + 7) // 8)
    for number in numbers:
        if not 1 <= number <= count:
            raise DuisError(f"special day {number}: the calendar has {count}")
        octets[(number - 1) // 8] |= 0x80 >> (number - 1) % 8
    return dlms.bits(bytes(octets), count)


def entry(
    number: int, script: tuple[bytes, int], at: time, days: tuple[Data, Data], between: tuple[bytes, bytes]
) -> Data:
    """An entry of a schedule: number, enabled, script, time, validity window, week and special days, dates."""
    table, selector = script
    return dlms.structure(
        (
            dlms.u16(number),
            dlms.boolean(True),
            dlms.octets(table),
            dlms.u16(selector),
            dlms.octets(time_octets(at)),
            dlms.u16(0xFFFF),
            *days,
            *map(dlms.octets, between),
        )
    )


def non_disablement_days(context: Context) -> Data:
    """Special days of the non-disablement calendar, each its own day."""
    days = in_order(context.body.electricity.calendar.special_days.days)
    return _days((each.date.date, each.index) for each in days)


def non_disablement_schedule(context: Context) -> Data:
    """When non-disablement starts (script 32) and stops (33)."""
    calendar = context.body.electricity.calendar
    count = len(calendar.special_days.days)
    return dlms.array(
        entry(
            number,
            (_NON_DISABLEMENT_SCRIPTS, 32 if each.script == "START" else 33),
            each.at.switch_time,
            (week_days(each.week_days), number_bits((day.day for day in each.special_days.days), count)),
            (date_octets(each.at.start), date_octets(each.at.end)),
        )
        for number, each in enumerate(calendar.schedule, 1)
    )


def auxiliary_special_days(context: Context, path: str) -> Data:
    """Special days of auxiliary load calendars, each its own day."""
    found = find(context, path) or ()

    def number(day: Any) -> int:
        return int(day.index if hasattr(day, "index") else day.identifier)

    return _days((day.date, number(day)) for day in sorted(found, key=number))


def _auxiliary(context: Context, script: Callable[[Any], int], mark: str) -> Data:
    body = context.body
    count = 0 if body.special_days is None else len(body.special_days.days)
    return dlms.array(
        entry(
            number,
            (_AUXILIARY_SCRIPTS, script(each.action)),
            each.at.switch_time,
            (week_days(each.week_days), number_bits((getattr(day, mark) for day in each.special_days), count)),
            (date_octets(each.at.start.date), date_octets(each.at.end.date)),
        )
        for number, each in enumerate(body.schedule, 1)
    )


def switch_schedule(context: Context) -> Data:
    """When auxiliary load control switches are activated and deactivated."""
    return _auxiliary(context, lambda action: action.index << 8 | (1 if action.activate else 2), "index")


def level_script(controller: int, level: int, from_load: bool) -> int:
    """Script of an auxiliary controller: output (1) or input (2), controller, level in per cent."""
    return (2 if from_load else 1) << 12 | controller << 8 | level


def controller_schedule(context: Context) -> Data:
    """When auxiliary controllers go to which level; a scheduled level has its highest bit set."""
    return _auxiliary(
        context, lambda action: level_script(action.controller, action.level, action.from_load) | 0x80, "identifier"
    )


def maximum_demand_schedule(context: Context) -> Data:
    """From when to when maximum demand is recorded, every day."""
    schedule = context.body.schedule
    every_day = (dlms.bits(b"\xfe", 7), dlms.bits(b"", 0))
    between = (bytes.fromhex("000001FFFF"), _ANY_DATE)
    return dlms.array(
        entry(number, (_MAXIMUM_DEMAND_SCRIPTS, number + 1), at, every_day, between)
        for number, at in enumerate((schedule.start, schedule.end))
    )


def power_thresholds(context: Context) -> Data:
    """Low/medium and medium/high power threshold."""
    return dlms.array((dlms.u32(context.body.low_medium), dlms.u32(context.body.medium_high)))


def _execution_times(at: bytes, dates: Iterable[bytes]) -> Data:
    return dlms.array(dlms.structure((dlms.octets(at), dlms.octets(date))) for date in dates)


def billing_dates(context: Context) -> Data:
    """Time of day and date, with wildcards, of billing; only the monthly form is in the reference data."""
    calendar = context.body.electricity

    def month_day(text: str) -> bytes:
        month, day = map(int, text.split("-"))
        return date_octets(Date(None, month, day))

    if calendar.monthly is not None:
        dates = [date_octets(Date(None, None, calendar.monthly))]
    elif calendar.weekly is not None:
        dates = [date_octets(Date(None, None, None, calendar.weekly))]
    elif calendar.daily:
        dates = [_ANY_DATE]
    else:
        dates = [month_day(each) for each in calendar.quarterly or calendar.half_yearly or (calendar.yearly,)]
    return _execution_times(time_octets(calendar.time), dates)


def daily_reset(context: Context) -> Data:
    """Midnight of every day, or never."""
    return _execution_times(bytes(4), [_ANY_DATE] if context.body.reset else [])


def clock_window(context: Context) -> Data:
    """Preset time (never), start and end of the time within which the clock may be set."""
    start = context.body.current
    end = start + timedelta(seconds=context.body.tolerance)
    return dlms.structure(map(dlms.octets, (dlms.date_time("never"), dlms.date_time(start), dlms.date_time(end))))


def event_bits(context: Context, path: str) -> Data:
    """512 bits: which events of 80xx or 81xx are meant, then which are on; bit n stands for xx = n, lowest last."""
    mask = value = 0
    for code, on in find(context, path).events.items():
        mask |= 1 << (code & 0xFF)
        value |= int(on) << (code & 0xFF)
    return dlms.bits(mask.to_bytes(32, "big") + value.to_bytes(32, "big"), 512)


def import_mpans(context: Context) -> Data:
    """MPAN digits; of a twin element meter those of both elements in a row (unverified)."""
    mpans = context.body.mpans
    return dlms.octets((mpans.primary + (mpans.secondary or "")).encode("ascii"))


def hub_join(context: Context) -> Data:
    """Device, key type, install code, status for the log of a hub."""
    code = context.body.whitelist.install_code
    return dlms.structure((dlms.octets(context.body.device), dlms.enum(1), dlms.octets(code), dlms.enum(0)))


def hub_log(context: Context) -> Data:
    """Extended PAN id and (device, hash of its link key) of the old hub: the DCC knows them, not the request."""
    try:
        pan, devices = context.facts["hub_log"]
    except KeyError:
        raise DuisError("facts: the device log of the old hub is needed as hub_log, it is not in the request") from None
    listed = dlms.array(dlms.structure((dlms.octets(eui), dlms.octets(digest))) for eui, digest in devices)
    return dlms.structure((dlms.octets(pan), listed))


def sub_ghz_settings(context: Context) -> Data:
    """Settings of a hub's sub-GHz network: the request's values in their order; those left out are the bench's own."""
    texts = [text for _, text in context.body.settings]
    try:
        numbers = [int(text, 0) for text in texts]
    except ValueError as problem:
        raise DuisError(f"SetCHFSubGHzConfiguration: {problem}") from None
    if len(numbers) > len(SubGhzSettings.names()):
        raise DuisError(f"SetCHFSubGHzConfiguration: {len(numbers)} values, at most {len(SubGhzSettings.names())}")
    return SubGhzSettings(*numbers).data()


#: builder by the name the catalogue uses
VALUES: dict[str, Callable[..., Data]] = CHARGES | {
    builder.__name__: builder
    for builder in (
        auxiliary_special_days, billing_dates, clock_window, controller_schedule, daily_reset, day_profiles, event_bits,
        hub_join, hub_log, import_mpans, maximum_demand_schedule, non_disablement_days, non_disablement_schedule,
        power_thresholds, seasons, special_days, sub_ghz_settings, switch_schedule, thresholds, weeks,
    )
}  # fmt: skip
