"""What request bodies share: their base, log periods, dates with wildcards, calendars, indexed values."""
# ruff: noqa: RUF009, D101 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime, time

from bench.dcc.record import (
    DATE,
    DATE_TIME,
    PRESENT,
    TIME,
    Date,
    Record,
    attribute,
    choice,
    content,
    integer,
    many,
    maybe,
    one,
)

INDEX = integer(1, 255)
INT32 = integer(-(1 << 31), (1 << 31) - 1)
UINT32 = integer(0, (1 << 32) - 1)
UINT16 = integer(0, (1 << 16) - 1)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Body(Record):
    """Base of request bodies; the element name gives the service reference variant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLogPeriod(Record):
    """Both ends of a log query."""

    start: datetime = one("StartDateTime", DATE_TIME)
    end: datetime = one("EndDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexedValue(Record):
    """A number with the index it is for."""

    index: int = attribute("index", INDEX)
    value: int = content(integer(-(1 << 63), (1 << 63) - 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Year(Record):
    specified: int | None = maybe("SpecifiedYear", integer(0, 65535))
    any: bool = maybe("NonSpecifiedYear", PRESENT)
    one_of = (("specified", "any"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Month(Record):
    specified: int | None = maybe("SpecifiedMonth", integer(1, 12))
    any: bool = maybe("NonSpecifiedMonth", PRESENT)
    one_of = (("specified", "any"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayOfMonth(Record):
    specified: int | None = maybe("SpecifiedDayOfMonth", integer(1, 31))
    any: bool = maybe("NonSpecifiedDayOfMonth", PRESENT)
    one_of = (("specified", "any"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayOfWeek(Record):
    specified: int | None = maybe("SpecifiedDayOfWeek", integer(1, 7))
    any: bool = maybe("NonSpecifiedDayOfWeek", PRESENT)
    one_of = (("specified", "any"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarDate(Record):
    """A date of an electricity meter's calendar, each part given or not. SpecifiedDayOfWeek is unverified."""

    year: Year = one("Year", Year)
    month: Month = one("Month", Month)
    day: DayOfMonth = one("DayOfMonth", DayOfMonth)
    weekday: DayOfWeek = one("DayOfWeek", DayOfWeek)

    @property
    def date(self) -> Date:
        """The date, None for what is not specified."""
        return Date(self.year.specified, self.month.specified, self.day.specified, self.weekday.specified)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexedDate(CalendarDate):
    """A calendar date with its number."""

    index: int = attribute("index", INDEX)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentifiedDate(CalendarDate):
    """A calendar date with its identifier."""

    identifier: int = attribute("identifier", INDEX)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasCalendarDate(Record):
    """A date of a gas meter's calendar."""

    year: Year = one("GasYearWithWildcards", Year)
    month: Month = one("GasMonthWithWildcards", Month)
    day: DayOfMonth = one("GasDayOfMonthWithWildcards", DayOfMonth)
    weekday: DayOfWeek = one("GasDayOfWeekWithWildcards", DayOfWeek)

    @property
    def date(self) -> Date:
        """The date, None for what is not specified."""
        return Date(self.year.specified, self.month.specified, self.day.specified, self.weekday.specified)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeekProfile(Record):
    """Which day profile each day of the week follows, Monday (1) to Sunday (7)."""

    label: int = one("WeekName", integer(0, 255))
    days: tuple[IndexedValue, ...] = many("ReferencedDayName", IndexedValue, at_least=7, at_most=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeekProfiles(Record):
    profiles: tuple[WeekProfile, ...] = many("WeekProfile", WeekProfile)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecialDay(Record):
    """A day that follows a day profile whatever the week says."""

    date: CalendarDate = one("Date", CalendarDate)
    day_name: int = one("ReferencedDayName", integer(0, 255))


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecialDays(Record):
    days: tuple[SpecialDay, ...] = many("SpecialDay", SpecialDay, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasSpecialDay(Record):
    """A day that follows a day profile whatever the week says."""

    date: GasCalendarDate = one("Date", GasCalendarDate)
    day_name: int = one("ReferencedDayName", integer(0, 255))


@dataclass(frozen=True, kw_only=True, slots=True)
class GasSpecialDays(Record):
    days: tuple[GasSpecialDay, ...] = many("SpecialDay", GasSpecialDay, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasSeason(Record):
    """From when on a week profile holds."""

    start: GasCalendarDate = one("SeasonStartDate", GasCalendarDate)
    week_name: int = one("ReferencedWeekName", integer(0, 255))


@dataclass(frozen=True, kw_only=True, slots=True)
class GasSeasons(Record):
    seasons: tuple[GasSeason, ...] = many("Season", GasSeason)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayOfWeekApplicability(Record):
    day: str = one("DayOfWeekID", choice(*DAYS))


@dataclass(frozen=True, kw_only=True, slots=True)
class DaysOfWeekApplicability(Record):
    """Days of the week a switching applies to; none is allowed."""

    days: tuple[DayOfWeekApplicability, ...] = many("DayOfWeekApplicability", DayOfWeekApplicability, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexMark(Record):
    """An element that only carries an index."""

    index: int = attribute("index", INDEX)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentifierMark(Record):
    """An element that only carries an identifier."""

    identifier: int = attribute("identifier", INDEX)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleDatesAndTime(Record):
    """Time of day of a switching, and between which dates it is in force (year 65535: every year)."""

    switch_time: time = one("SwitchTime", TIME)
    start: Date = one("StartDate", DATE)
    end: Date = one("EndDate", DATE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SchedulePeriodAndTime(Record):
    """Time of day of a switching, and between which calendar dates it is in force."""

    switch_time: time = one("SwitchTime", TIME)
    start: CalendarDate = one("StartDate", CalendarDate)
    end: CalendarDate = one("EndDate", CalendarDate)
