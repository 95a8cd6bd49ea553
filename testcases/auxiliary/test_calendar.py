"""The calendar of the auxiliary switches and the random offset, timed at the contact."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ActivateAuxiliaryLoad, ReadALCSData, SetRandomisedOffsetLimit
from bench.dcc.bodies.common import CalendarDate, DayOfMonth, DayOfWeek, IndexedDate, IndexMark, Month, Year
from bench.dcc.bodies.supply import ALCSHCALCSSpecialDays, SwitchDuration
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.auxiliary.steps import (
    EVERY_DAY,
    RANDOM,
    REQUIREMENTS,
    Contact,
    entry,
    offset_read,
    set_calendar,
    state_read,
)

LONGEST = 1799
HOLD = seconds(10)
ACTIVATED = 0x8F66
SPECIAL_DAYS, CALENDAR = 10, 11  #: items of ECS61a


def set_limit(dcc, dut, supplier, limit):
    """Set the limit of the random offset (7.12); returns whether it was done."""
    return dcc.ask(SetRandomisedOffsetLimit(limit=limit), dut, as_user=supplier).results == [0]


def dated(instant):
    """A day as a calendar names it."""
    return CalendarDate(
        year=Year(specified=instant.year), month=Month(specified=instant.month), day=DayOfMonth(specified=instant.day),
        weekday=DayOfWeek(any=True),
    )  # fmt: skip


@testcase(
    "AUX-101",
    "The offset is the meter's number times the limit, which may be 0 to 1799 s; 1800 s is refused",
    rules=["R-AUX-008"],
    requirements=RANDOM,
    use_cases=["ECS38", "ECS26c"],
)
def test_limits(dut, dcc, mains, clock, suppliers, expect):
    supplier = suppliers.losing
    number = offset_read(dcc, dut, supplier)[1]
    expect("number of the meter", number).lies_between(1, 10000)
    for limit in (0, 1, 600, LONGEST):
        expect(f"whether a limit of {limit} s was taken", set_limit(dcc, dut, supplier, limit)).equals(True)
        offset, same, read = offset_read(dcc, dut, supplier)
        expect("limit and number", (read, same)).equals((limit, number))
        expect("offset (s)", offset).equals(int(number * limit / 10000 + 0.5))
    for limit in (LONGEST + 1, 65535):
        expect(f"whether a limit of {limit} s was taken", set_limit(dcc, dut, supplier, limit)).equals(False)
    before = offset_read(dcc, dut, supplier)
    expect("limit", before[2]).equals(LONGEST)

    mains.interrupt("1 min")
    clock.sleep(minutes(2))
    expect("offset, number and limit after an outage", offset_read(dcc, dut, supplier)).equals(before)


@testcase(
    "AUX-102",
    "The contact switches by the calendar, each time the offset later, never before",
    rules=["R-AUX-009", "R-AUX-008", "R-AUX-002"],
    requirements=[*REQUIREMENTS, *RANDOM],
    use_cases=["ECS46c", "ECS38", "ECS26c", "ECS61a"],
)
@pytest.mark.parametrize("limit", [0, 600, LONGEST])
def test_offset(limit, dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    set_limit(dcc, dut, supplier, limit)
    offset = seconds(offset_read(dcc, dut, supplier)[0])
    base = clock.now().replace(second=0, microsecond=0)
    on, off = base + minutes(5), base + minutes(45)
    set_calendar(dcc, dut, supplier, entry(True, on), entry(False, off))

    for at, closed in ((on, True), (off, False)):
        clock.sleep_until(at + offset - seconds(2))
        expect("load before base time and offset", contact.is_closed()).equals(not closed)
        clock.sleep_until(at + offset + seconds(2))
        expect("load after base time and offset", contact.is_closed()).equals(closed)
        expect("state read", state_read(dcc, dut, supplier)).equals(closed, rule="R-AUX-002")


@testcase(
    "AUX-103",
    "The offset delays no command and no activation at a time: the calendar itself is alerted when it is due",
    rules=["R-AUX-009", "R-AUX-002", "R-FUT-013"],
    requirements=[*REQUIREMENTS, *RANDOM],
    use_cases=["ECS46c", "ECS38"],
)
def test_future_dated(dut, dcc, clock, mains, switched_load, timeline, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    set_limit(dcc, dut, supplier, LONGEST)
    precondition(
        offset_read(dcc, dut, supplier)[0] > HOLD.total_seconds(), "the meter's number is not among the lowest"
    )
    body = ActivateAuxiliaryLoad(switches=(SwitchDuration(index=1, duration=1),))
    dcc.ask(body, dut, as_user=supplier)
    clock.sleep(seconds(2))
    expect("load just after a command", contact.is_closed()).equals(True)
    clock.sleep(minutes(1) + HOLD)
    expect("load after its minute", contact.is_closed()).equals(False)
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    set_calendar(dcc, dut, supplier, entry(True, at), at=at)
    with timeline.never(device_alert(dut, ACTIVATED), rule="R-FUT-013"):
        clock.sleep_until(at - seconds(10))
    read = dcc.ask(ReadALCSData(), dut, as_user=supplier).value(CALENDAR)
    expect("entries in force before the time", len(read)).equals(0, rule="R-AUX-002")
    clock.sleep_until(at + seconds(30))
    alerts = timeline.find(device_alert(dut, ACTIVATED, to=supplier))
    expect("alerts 8F66 by half a minute after the time", len(alerts)).equals(2)
    read = dcc.ask(ReadALCSData(), dut, as_user=supplier).value(CALENDAR)
    expect("entries in force after the time", len(read)).equals(1, rule="R-AUX-002")


@testcase(
    "AUX-186",
    "An entry of the calendar is in force on a day that is its first and its last, and not on the day before",
    rules=["R-AUX-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46c", "ECS61a"],
)
def test_first_and_last_day(dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    set_limit(dcc, dut, supplier, 0)
    at = clock.now().replace(second=0, microsecond=0) + minutes(3)
    today, tomorrow = dated(at), dated(at + timedelta(days=1))

    for number, (day, closed) in enumerate(((tomorrow, False), (today, True))):
        on = at + number * minutes(5)
        row = entry(True, on)
        set_calendar(dcc, dut, supplier, replace(row, at=replace(row.at, start=day, end=day)))
        clock.sleep_until(on + HOLD)
        expect(f"load at {on:%H:%M} by an entry for the {day.day.specified}.", contact.is_closed()).equals(closed)


@testcase(
    "AUX-104",
    "After an outage within a period of the calendar the switch closes again after the offset; so does status",
    rules=["R-PWR-010", "R-AUX-008"],
    requirements=[*REQUIREMENTS, *RANDOM, "SFA-17-OUTAGE", "SDAG_2.15"],
    use_cases=["ECS46c", "ECS38", "ECS61a"],
)
@pytest.mark.parametrize("limit", [0, LONGEST])
def test_outage(limit, dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    set_limit(dcc, dut, supplier, limit)
    offset = seconds(offset_read(dcc, dut, supplier)[0])
    now = clock.now()
    set_calendar(dcc, dut, supplier, entry(True, now - minutes(60)), entry(False, now + minutes(180)))
    clock.sleep(seconds(5))
    expect("load within the period", contact.is_closed()).equals(True, rule="R-AUX-002")

    outage = mains.interrupt("2 min")
    if limit:
        clock.sleep_until(outage.ended + offset - seconds(20))
        expect("load before the offset is over", contact.is_closed()).equals(False)
        expect("state read", state_read(dcc, dut, supplier)).equals(False)
    clock.sleep_until(outage.ended + offset + seconds(20))
    expect("load after the offset", contact.is_closed()).equals(True)
    expect("state read", state_read(dcc, dut, supplier)).equals(True)


@testcase(
    "AUX-105",
    "The calendar takes 120 entries and 20 special days, by days of the week, and is read back as it was written",
    rules=["R-AUX-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46c", "ECS61a"],
)
def test_full_calendar(dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    first = clock.now().replace(minute=0, second=0, microsecond=0) + hours(1)
    other_days = tuple(day for number, day in enumerate(EVERY_DAY) if number != first.weekday())
    entries = [entry(number % 2 == 0, first + minutes(number), days=other_days) for number in range(118)]
    entries += [entry(True, first + minutes(10)), entry(False, first + minutes(20))]
    special = ALCSHCALCSSpecialDays(days=tuple(_special_day(number) for number in range(1, 21)))
    response = set_calendar(dcc, dut, supplier, *entries, special_days=special)
    expect("results", set(response.results)).equals({0})

    read = dcc.ask(ReadALCSData(), dut, as_user=supplier).access.data
    expect("entries and special days", (len(read[CALENDAR].value), len(read[SPECIAL_DAYS].value))).equals((120, 20))
    for minute, closed in ((9, False), (11, True), (19, True), (21, False), (31, False)):
        clock.sleep_until(first + minutes(minute))
        expect(f"load {minute} min after the hour", contact.is_closed()).equals(closed)


@testcase(
    "AUX-107",
    "One entry or one special day more than there is room for is refused, and the calendar in force stays",
    rules=["R-AUX-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46c", "ECS61a"],
)
@pytest.mark.parametrize(("entries", "days"), [(121, 0), (1, 21)], ids=["121 entries", "21 special days"])
def test_too_many(entries, days, dut, dcc, clock, suppliers, expect):
    supplier, today = suppliers.losing, clock.now().replace(minute=0, second=0, microsecond=0)
    set_calendar(dcc, dut, supplier, entry(True, today), entry(False, today + minutes(30)))
    lines = [entry(number % 2 == 0, today + minutes(number)) for number in range(entries)]
    special = ALCSHCALCSSpecialDays(days=tuple(_special_day(number) for number in range(1, days + 1)))

    response = set_calendar(dcc, dut, supplier, *lines, special_days=special)
    expect("whether all was done", set(response.results) == {0}).equals(False)
    read = dcc.ask(ReadALCSData(), dut, as_user=supplier).access.data
    in_force = (len(read[CALENDAR].value), len(read[SPECIAL_DAYS].value))
    expect("entries and special days in force", in_force).equals((2, 0))


@testcase(
    "AUX-106",
    "On a special day only the entries for that day switch, whatever the day of the week",
    rules=["R-AUX-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46c"],
)
def test_special_day(dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    hour = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    plain = [entry(True, hour + minutes(5)), entry(False, hour + minutes(15))]
    special = [entry(True, hour + minutes(25), days=()), entry(False, hour + minutes(35), days=())]
    special = [_on_special_day(one) for one in special]
    today = _special_day(1, hour)
    set_calendar(dcc, dut, supplier, *plain, *special, special_days=ALCSHCALCSSpecialDays(days=(today,)))

    for minute, closed in ((10, False), (30, True), (40, False)):
        clock.sleep_until(hour + minutes(minute))
        expect(f"load {minute} min after the hour of the special day", contact.is_closed()).equals(closed)
    for minute, closed in ((10, True), (20, False), (30, False)):
        clock.sleep_until(hour + timedelta(days=1, minutes=minute))
        expect(f"load {minute} min after the hour of the next day", contact.is_closed()).equals(closed)


def _special_day(number, date=None):
    """A special day: the given date, or one of April in any year."""
    return IndexedDate(
        index=number,
        year=Year(specified=date.year if date else None, any=date is None),
        month=Month(specified=date.month if date else 4),
        day=DayOfMonth(specified=date.day if date else number),
        weekday=DayOfWeek(any=True),
    )


def _on_special_day(line):
    return replace(line, special_days=(IndexMark(index=1),))
