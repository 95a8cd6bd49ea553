"""What 2.1 sets on a prepayment meter, and its calendar of days without disablement. Money is 1/1000 p."""

from dataclasses import dataclass
from datetime import date, datetime, time

from bench.dcc.bodies import common, prepayment
from bench.dcc.record import Date

POUND = 100_000
START, STOP = "START", "STOP"
ALWAYS = (Date(None, 1, 1), Date(None, 12, 31))
PROTECTED, PLAIN = 1, 2  #: day profiles of the gas meter
WEEK = 1


@dataclass(frozen=True)
class Settings:
    """Thresholds and limits; the largest top up and balance in whole pounds."""

    emergency_limit: int = 5 * POUND
    emergency_threshold: int = POUND
    low_credit: int = POUND // 2
    largest_credit: int = 200
    largest_balance: int = 1000
    weekly_cap: int = 1000
    #: from when to when of each day (UTC) supply stays on
    protected: tuple[time, time] | None = None
    #: days of the week on which that holds, Monday is 1
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    #: days of the year on which that holds, of an electricity meter
    dates: tuple[Date, Date] = ALWAYS
    #: a day on which it does not
    plain_day: date | None = None


def electricity_settings(settings: Settings) -> prepayment.UpdatePrepayConfigElectricity:
    """As ECS08a has them: largest top up and balance are whole pounds."""
    return prepayment.UpdatePrepayConfigElectricity(
        debt_recovery_rate_cap=settings.weekly_cap,
        emergency_credit_limit=settings.emergency_limit,
        emergency_credit_threshold=settings.emergency_threshold,
        low_credit_threshold=settings.low_credit,
        calendar=_electricity_calendar(settings),
        max_meter_balance=settings.largest_balance,
        max_credit_threshold=settings.largest_credit,
    )


def _electricity_calendar(settings: Settings) -> prepayment.ElectricityNonDisablementCalendar:
    days = (
        () if settings.plain_day is None else (prepayment.ElectricitySpecialDay(index=1, **_parts(settings.plain_day)),)
    )
    starts = () if settings.protected is None else zip((START, STOP), settings.protected, strict=True)
    days_of_week = tuple(common.DayOfWeekApplicability(day=common.DAYS[number - 1]) for number in settings.weekdays)
    schedule = [_entry(script, at, days_of_week, (), settings.dates) for script, at in starts]
    if settings.plain_day is not None:
        special = (prepayment.SpecialDayApplicability(day=1),)
        schedule.append(_entry(STOP, time(0), (), special, ALWAYS))
    return prepayment.ElectricityNonDisablementCalendar(
        special_days=prepayment.ElectricitySpecialDays(days=days), schedule=tuple(schedule)
    )


def _entry(script, at, week_days, special_days, dates) -> prepayment.ElectricityNonDisablementSchedule:
    return prepayment.ElectricityNonDisablementSchedule(
        script=script,
        special_days=prepayment.SpecialDaysApplicability(days=special_days),
        week_days=common.DaysOfWeekApplicability(days=week_days),
        at=common.ScheduleDatesAndTime(switch_time=at, start=dates[0], end=dates[1]),
    )


def _parts(day: date) -> dict[str, common.CalendarDate]:
    return {
        "date": common.CalendarDate(
            year=common.Year(specified=day.year),
            month=common.Month(specified=day.month),
            day=common.DayOfMonth(specified=day.day),
            weekday=common.DayOfWeek(any=True),
        )
    }


def gas_settings(settings: Settings) -> prepayment.UpdatePrepayConfigGas:
    """As GCS05 has them: every amount in 1/1000 p."""
    return prepayment.UpdatePrepayConfigGas(
        debt_recovery_rate_cap=settings.weekly_cap,
        emergency_credit_limit=settings.emergency_limit,
        emergency_credit_threshold=settings.emergency_threshold,
        low_credit_threshold=settings.low_credit,
        calendar=_gas_calendar(settings),
        max_meter_balance=settings.largest_balance * POUND,
        max_credit_threshold=settings.largest_credit * POUND,
    )


def _gas_calendar(settings: Settings) -> prepayment.GasNonDisablementCalendar:
    special = (
        () if settings.plain_day is None else (common.GasSpecialDay(date=_gas(settings.plain_day), day_name=PLAIN),)
    )
    week = tuple(
        common.IndexedValue(index=number, value=PROTECTED if number in settings.weekdays else PLAIN)
        for number in range(1, 8)
    )
    return prepayment.GasNonDisablementCalendar(
        days=prepayment.GasNonDisablementDayProfiles(profiles=(
            _day(PROTECTED, _switches(settings.protected)), _day(PLAIN, [(time(0), STOP)]),
        )),
        weeks=common.WeekProfiles(profiles=(common.WeekProfile(label=WEEK, days=week),)),
        seasons=common.GasSeasons(seasons=(common.GasSeason(start=_gas(date(2015, 1, 1)), week_name=WEEK),)),
        special_days=common.GasSpecialDays(days=special),
    )  # fmt: skip


def _switches(protected: tuple[time, time] | None) -> list[tuple[time, str]]:
    """Times of a day from midnight on, as a gas meter's day profile needs them."""
    if protected is None:
        return [(time(0), STOP)]
    start, stop = protected
    if start < stop:
        return [(time(0), STOP), (start, START), (stop, STOP)]
    return [(time(0), START), (stop, STOP), (start, START)]


def _day(label: int, switches: list[tuple[time, str]]) -> prepayment.GasNonDisablementDayProfile:
    actions = tuple(prepayment.TimeStartAction(start=at, action=action) for at, action in switches)
    return prepayment.GasNonDisablementDayProfile(actions=actions, label=label)


def _gas(day: date | datetime) -> common.GasCalendarDate:
    return common.GasCalendarDate(
        year=common.Year(specified=day.year),
        month=common.Month(specified=day.month),
        day=common.DayOfMonth(specified=day.day),
        weekday=common.DayOfWeek(any=True),
    )
