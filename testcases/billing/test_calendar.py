"""The billing calendar of the electricity meter: when a period ends, what is kept of it, who is told."""

from datetime import timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadDeviceConfigurationBillingCalendar, UpdatePaymentMode
from bench.dcc.bodies.prepayment import PrepaymentMode
from bench.dcc_point import device_alert
from bench.testcase import meters, testcase
from testcases.billing.steps import POUND, UPDATED, calendar_log, change_log, imported, set_calendar, whole_minute
from testcases.days import DAY, within_a_day
from testcases.prepayment.steps import registers, to_prepayment

REQUIREMENTS = ["PC.07", "PC.07.1"]
HOLD = seconds(30)  #: of an alert on its way
LAST_DAY = 28
PREPAYMENT = PrepaymentMode(suspend_debt_disabled=False, suspend_debt_emergency=False, disablement_threshold=0)
LONGEST = minutes(20)  #: of a test that must not run into the next day
LOAD = 20  #: Wh that a home uses in a minute or so of answers on their way


def month_days(day, *months_later):
    """Dates of a year as DUIS writes them: this day of the month, so many months later."""
    return tuple(f"{(day.month - 1 + later) % 12 + 1:02}-{day:%d}" for later in months_later)


#: periodicity -> a calendar of which a day is a billing date, and calendars of which it is none
CALENDARS = {
    "daily": lambda day: [{"daily": True}],
    "weekly": lambda day: [{"weekly": (day.weekday() + later) % 7 + 1} for later in (0, 1, 6)],
    "monthly": lambda day: [{"monthly": (day.day - 1 + later) % 28 + 1} for later in (0, 1, 27)],
    "quarterly": lambda day: [{"quarterly": month_days(day, *range(first, 12, 3))} for first in (0, 1, 2)],
    "half-yearly": lambda day: [{"half_yearly": month_days(day, first, first + 6)} for first in (0, 3)],
    "yearly": lambda day: [{"yearly": month_days(day, later)[0]} for later in (0, 6)],
}


@testcase(
    "BIL-001",
    "The billing period ends on the dates of the calendar, whatever its periodicity, and on no other day",
    rules=["R-BIL-001", "R-BIL-004", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS68", "ECS20c", "ECS26l"],
)
@pytest.mark.parametrize("periodicity", CALENDARS)
def test_periodicity(periodicity, dut, dcc, clock, timeline, suppliers, expect):
    within_a_day(clock, LONGEST)
    supplier, at = suppliers.losing, whole_minute(clock, 5)
    if at.day > LAST_DAY:  # a calendar that starts on such a day is left open (R-BIL-002)
        at = (at + timedelta(days=4)).replace(day=1)
        clock.sleep_until(at - minutes(5))
    dates, *others = CALENDARS[periodicity](at)
    for other in others:
        expect("result", set_calendar(dcc, dut, supplier, at, **other).results).equals([0])
        clock.sleep(HOLD)
        with timeline.never(device_alert(dut, UPDATED)):
            clock.sleep_until(at + HOLD)
        at += minutes(5)
    expect("result", set_calendar(dcc, dut, supplier, at, **dates).results).equals([0])
    held = dcc.ask(ReadDeviceConfigurationBillingCalendar(), dut, as_user=supplier).value()
    expect("time of day that is read back", {row[0].value for row in held}).equals({bytes((at.hour, at.minute, 0, 0))})
    clock.sleep_until(at - seconds(5))
    timeline.expect(device_alert(dut, UPDATED, to=supplier), within=HOLD, after=at, rule="R-BIL-001")
    entries, _ = calendar_log(dcc, dut, supplier, clock)
    expect("time of the newest entry", entries[-1].time).equals(at, rule="R-BIL-001")


@testcase(
    "BIL-002",
    "At the end of a period the registers of that moment are kept, and the newest entry is sent, encrypted and signed",
    rules=["R-BIL-004", "R-ALT-019", "R-TAR-014"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS68", "ECS20c", "ECS17b"],
)
def test_entry(dut, dcc, clock, timeline, suppliers, expect):
    supplier, at = suppliers.losing, whole_minute(clock, 40)
    set_calendar(dcc, dut, supplier, at)
    clock.sleep_until(at - minutes(1))
    before = imported(dcc, dut, supplier)
    seen = timeline.expect(device_alert(dut, UPDATED, to=supplier), within=minutes(2), after=at)
    told = dcc.read(seen)
    after = imported(dcc, dut, supplier)

    expect("protection of the alert", told.protected_well).equals(True, rule="R-ALT-019")
    expect("entries in the alert", len(told.billing_alert())).equals(1, rule="R-ALT-019")
    (newest,) = told.billing_alert()
    entries, money = calendar_log(dcc, dut, supplier, clock)
    expect("entry in the alert", newest).equals(entries[-1], rule="R-BIL-004")
    expect("time of the entry", newest.time).equals(at)
    expect("time in the alert", told.alert_times()[0]).equals(at, rule="R-ALT-019")
    expect("import of that moment (Wh)", newest.imported).lies_between(before + 1, after)
    counted = sum(newest.by_time) + sum(map(sum, newest.by_block))
    expect("sum of the registers of the tariff (Wh)", counted).equals(newest.imported, rule="R-TAR-014")
    expect("registers", (len(newest.by_time), [len(one) for one in newest.by_block])).equals((48, [8] * 4))
    expect("times of the prepayment registers", [one.time for one in money]).equals([one.time for one in entries])


@testcase(
    "BIL-003",
    "A day later the next period ends: two entries, each with the registers of its own moment",
    rules=["R-BIL-001", "R-BIL-004", "R-LOG-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS20c", "ECS17b"],
)
def test_next_period(dut, dcc, clock, timeline, suppliers, expect):
    supplier, at = suppliers.losing, whole_minute(clock, 10)
    set_calendar(dcc, dut, supplier, at)
    clock.sleep_until(at + HOLD)
    first = imported(dcc, dut, supplier)
    clock.sleep_until(at + DAY + HOLD)
    second = imported(dcc, dut, supplier)
    for _ in range(2):  # reading takes nothing away
        entries, _ = calendar_log(dcc, dut, supplier, clock)
        expect("times of the entries", [one.time for one in entries[-2:]]).equals([at, at + DAY], rule="R-BIL-001")
    for entry, read in zip(entries[-2:], (first, second), strict=True):
        expect("import of its moment (Wh)", entry.imported).lies_between(read - LOAD, read, rule="R-BIL-004")
    told = timeline.find(device_alert(dut, UPDATED, to=supplier))
    expect("alerts", len(told)).equals(3, rule="R-BIL-004")


@testcase(
    "BIL-004",
    "Another calendar ends the period at once; the old calendar's date is one no more",
    rules=["R-BIL-007", "R-BIL-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS20c"],
)
def test_forced_end(dut, dcc, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    first, second = whole_minute(clock, 10), whole_minute(clock, 20)
    set_calendar(dcc, dut, supplier, first)
    clock.sleep(minutes(2))
    since = clock.now()
    set_calendar(dcc, dut, supplier, second)
    seen = timeline.expect(device_alert(dut, UPDATED, to=supplier), within=HOLD, after=since)
    (forced,) = dcc.read(seen).billing_alert()
    expect("time of the forced end", forced.time).lies_between(since - seconds(1), clock.now(), rule="R-BIL-003")
    with timeline.never(device_alert(dut, UPDATED), rule="R-BIL-007"):
        clock.sleep_until(second - minutes(1))
    timeline.expect(device_alert(dut, UPDATED, to=supplier), within=minutes(2), after=second)
    entries, _ = calendar_log(dcc, dut, supplier, clock)
    expect("times of the last entries", [one.time for one in entries[-2:]]).equals([forced.time, second])


@testcase(
    "BIL-005",
    "Twelve entries are kept: the thirteenth takes the place of the oldest",
    rules=["R-BIL-005", "R-BIL-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS20c"],
)
def test_capacity(dut, dcc, clock, suppliers, expect):
    supplier, later, times = suppliers.losing, whole_minute(clock, 240), []
    for _ in range(14):
        set_calendar(dcc, dut, supplier, later)
        clock.sleep(seconds(20))
        entries, money = calendar_log(dcc, dut, supplier, clock)
        times.append(entries[-1].time)
    expect("ends of periods", len(set(times))).equals(14, rule="R-BIL-007")
    expect("entries with registers", [one.time for one in entries]).equals(times[-12:])
    expect("entries with balances", [one.time for one in money]).equals(times[-12:])


@testcase(
    "BIL-006",
    "What the calendar triggers and what a change of mode triggers are read apart, as often as is asked",
    rules=["R-BIL-006", "R-PPM-003", "R-LOG-008"],
    requirements=[*REQUIREMENTS, "PC.01"],
    use_cases=["ECS30a", "ECS02", "ECS03", "ECS20b", "ECS20c"],
)
def test_read_apart(dut, dcc, clock, suppliers, expect):
    supplier = suppliers.losing
    set_calendar(dcc, dut, supplier, whole_minute(clock, 240))
    clock.sleep(minutes(2))
    changes = []
    to_prepayment(dcc, dut, supplier, balance=10 * POUND)
    changes.append(clock.now())
    clock.sleep(minutes(2))
    dcc.ask(UpdatePaymentMode(credit=True), dut, as_user=supplier)
    changes.append(clock.now())
    read = imported(dcc, dut, supplier)

    by_calendar, _ = calendar_log(dcc, dut, supplier, clock)
    by_change = change_log(dcc, dut, supplier, clock)
    expect("entries by calendar", len(by_calendar)).equals(1)
    expect("entries by change of mode", len(by_change)).equals(2, rule="R-PPM-003")
    for entry, at in zip(by_change, changes, strict=True):
        expect("time of the entry", entry.time).lies_between(at - minutes(1), at, rule="R-PPM-003")
    expect("import of the last (Wh)", by_change[-1].imported).lies_between(read - LOAD, read, rule="R-PPM-003")
    again = calendar_log(dcc, dut, supplier, clock)[0], change_log(dcc, dut, supplier, clock)
    expect("entries when they are read again", again).equals((by_calendar, by_change), rule="R-LOG-008")


@testcase(
    "BIL-186",
    "Twelve entries of changes are kept: the thirteenth takes the place of the oldest",
    rules=["R-BIL-005", "R-PPM-003"],
    requirements=[*REQUIREMENTS, "PC.01"],
    use_cases=["ECS02", "ECS03", "ECS20b"],
)
def test_capacity_of_changes(dut, dcc, clock, suppliers, expect):
    supplier, times = suppliers.losing, []
    to_prepayment(dcc, dut, supplier, balance=10 * POUND)
    for number in range(13):
        body = UpdatePaymentMode(credit=True) if number % 2 == 0 else UpdatePaymentMode(prepayment=PREPAYMENT)
        dcc.ask(body, dut, as_user=supplier)
        times.append(clock.now())
        clock.sleep(HOLD)

    kept = change_log(dcc, dut, supplier, clock)
    expect("entries of changes", len(kept)).equals(12)
    for entry, at in zip(kept, times[-12:], strict=True):
        expect("time of an entry", entry.time).lies_between(at - HOLD / 2, at)


@testcase(
    "BIL-007",
    "In prepayment the balance and debts of the moment are kept with the entry",
    rules=["R-BIL-004", "R-BIL-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS20c", "ECS19"],
)
def test_balances(dut, dcc, clock, suppliers, expect):
    supplier = suppliers.losing
    to_prepayment(dcc, dut, supplier, balance=10 * POUND)
    before = registers(dcc, dut, supplier)
    set_calendar(dcc, dut, supplier, whole_minute(clock, 240))
    after = registers(dcc, dut, supplier)
    _, money = calendar_log(dcc, dut, supplier, clock)
    expect("balance (1/1000 p)", money[-1].registers.balance).lies_between(after.balance, before.balance)
    kept = money[-1].registers.emergency_credit, money[-1].registers.accumulated_debt, money[-1].registers.payment_debt
    expect("emergency credit and debts (1/1000 p)", kept).equals(before[1:4])


@testcase(
    "BIL-008",
    "A billing date within an outage: one entry with the registers of that date, and the supplier is told",
    rules=["R-PWR-007", "R-BIL-004"],
    requirements=[*REQUIREMENTS, "SFA-17-OUTAGE"],
    use_cases=["ECS30a", "ECS68", "ECS20c"],
)
@meters("single", "twin")
def test_outage(dut, dcc, clock, mains, timeline, suppliers, expect):
    supplier, at = suppliers.losing, whole_minute(clock, 8)
    set_calendar(dcc, dut, supplier, at)
    clock.sleep_until(at - minutes(3))
    before = imported(dcc, dut, supplier)
    outage = mains.interrupt("4 min", start=at - minutes(2))
    timeline.expect(device_alert(dut, UPDATED, to=supplier), within=minutes(10), after=outage.ended)
    entries, _ = calendar_log(dcc, dut, supplier, clock)
    expect("entries since the calendar was set", len(entries)).equals(2, rule="R-PWR-007")
    expect("its time", entries[-1].time).lies_between(at, clock.now())
    expect("its import (Wh)", entries[-1].imported).lies_between(before, before + LOAD)
    with timeline.never(device_alert(dut, UPDATED), during=minutes(3)):
        pass
