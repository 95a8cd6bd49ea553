"""The calendar of days and hours in which supply is not taken off for lack of credit."""

from datetime import timedelta

import pytest

from bench.clock import hours, minutes
from bench.dcc.record import Date
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import HOUR, OFF, ON, POUND, Recovery

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.03"]
BELOW_THRESHOLD, SUSPENDED, SUPPLY_ARMED = 0x8F0F, 0x8F83, 0x8F32
EARLY, LATE = 1, 17  #: hours of the day (UTC) in which these tests begin
DRAIN = Recovery(20 * POUND, HOUR)


def _hour_of(meter, clock):
    """A period of the day around now: from an hour ago until the meter can have been set up and run out of credit.

    Late in the day it waits for the next, in which the test then ends.
    """
    if not EARLY <= clock.now().hour < LATE:
        begins = clock.now().replace(hour=EARLY, minute=5, second=0, microsecond=0)
        clock.sleep_until(begins if begins > clock.now() else begins + hours(24))
    now = clock.now().replace(second=0, microsecond=0)
    end = now + (minutes(25) if meter.answers_at_once else hours(5) + minutes(7))  # not when a gas meter wakes
    return (now - hours(1)).time(), end.time(), end


@testcase(
    "PPM-501",
    "In a protected period supply stays on without credit and use is charged; it is taken off at the end of the period",
    rules=["R-DIS-002", "R-DIS-003", "R-DIS-006", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS03", "ECS19", "ECS45", "GCS05", "GCS03", "GCS14", "GCS33"],
    devices=BOTH,
)
def test_protected(meter, clock, timeline, expect):
    start, stop, end = _hour_of(meter, clock)
    meter.configure(Settings(protected=(start, stop)))
    meter.add(POUND // 2)
    began = clock.now()
    meter.prepay()
    meter.prices(30_000, 0)
    with timeline.never(device_alert(meter.device, BELOW_THRESHOLD)):
        meter.debts(one=POUND, recovery=(DRAIN, Recovery()))
        told = timeline.expect(device_alert(meter.device, SUSPENDED, to=meter.supplier), within="40 min", after=began)
        clock.sleep(minutes(5))
        first = meter.registers()
        clock.sleep(minutes(5))
        used = first.balance - meter.registers().balance
        expect("balance when the debt has been taken", first.balance).lies_between(-5 * POUND, -POUND // 2, "R-DIS-006")
        expect("what the energy of the next minutes costs", used).satisfies(
            "some", lambda cost: cost > 500, "R-DIS-006"
        )
        expect("state of the supply in the period", meter.supply()).equals(ON)
        clock.sleep_until(end - minutes(1))

    off = timeline.expect(device_alert(meter.device, BELOW_THRESHOLD, to=meter.supplier), within="3 min", after=told)
    expect("arrival of 8F0F", off.time).lies_between(end, end + minutes(1), rule="R-DIS-003")
    expect("state of the supply after the period", meter.supply()).equals(OFF)
    suspended = timeline.find(device_alert(meter.device, SUSPENDED, to=meter.supplier), after=began)
    expect("alerts 8F83", len(suspended)).equals(1)


@testcase(
    "PPM-502",
    "On a special day of the calendar the period of the other days does not protect",
    rules=["R-DIS-003", "R-DIS-001", "R-PPM-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS03", "ECS45", "GCS05", "GCS03", "GCS33"],
    devices=BOTH,
)
def test_special_day(meter, clock, timeline, expect):
    start, stop, _ = _hour_of(meter, clock)
    for plain_day, state in ((clock.now().date() + timedelta(days=1), ON), (clock.now().date(), OFF)):
        meter.configure(Settings(protected=(start, stop), plain_day=plain_day))
        meter.prepay()
        expect(f"supply when {plain_day} is the special day", meter.supply()).equals(state)


@testcase(
    "PPM-503",
    "Outside the period nothing is protected, and its start does not bring back a supply that is off",
    rules=["R-DIS-003", "R-DIS-004", "R-DIS-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS03", "ECS45", "GCS05", "GCS03", "GCS33"],
    devices=BOTH,
)
def test_before_the_period(meter, clock, timeline, expect):
    now = clock.now().replace(second=0, microsecond=0)
    start = now + (minutes(10) if meter.answers_at_once else hours(2))
    meter.configure(Settings(protected=(start.time(), (start + hours(2)).time())))
    meter.prepay()
    expect("state of the supply before the period", meter.supply()).equals(OFF)
    with timeline.never(device_alert(meter.device, SUPPLY_ARMED), rule="R-DIS-004"):
        clock.sleep_until(start + minutes(2))
        meter.add(-1000)  # the meter looks at its credit
    expect("state of the supply in the period", meter.supply()).equals(OFF, rule="R-DIS-004")


@testcase(
    "PPM-504",
    "Credit that comes within the period keeps supply on at its end",
    rules=["R-DIS-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS03", "ECS04a", "ECS45", "GCS05", "GCS03", "GCS40a", "GCS33"],
    devices=BOTH,
)
def test_credit_within(meter, clock, timeline, expect):
    start, stop, end = _hour_of(meter, clock)
    meter.configure(Settings(protected=(start, stop)))
    meter.prepay()
    meter.add(POUND)
    with timeline.never(device_alert(meter.device, BELOW_THRESHOLD)):
        clock.sleep_until(end + minutes(2))
    expect("state of the supply after the period", meter.supply()).equals(ON)


@testcase(
    "PPM-596",
    "The period protects on the days of the week that are set for it, and on no others",
    rules=["R-DIS-003", "R-DIS-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS03", "ECS45", "GCS05", "GCS03", "GCS33"],
    devices=BOTH,
)
def test_days_of_the_week(meter, clock, expect):
    start, stop, _ = _hour_of(meter, clock)
    today = clock.now().isoweekday()
    others = tuple(day for day in range(1, 8) if day != today)
    for days, state in (((today,), ON), (others, OFF)):
        meter.configure(Settings(protected=(start, stop), weekdays=days))
        meter.prepay()
        expect(f"supply when the period is of the days {days}", meter.supply()).equals(state)


@testcase(
    "PPM-597",
    "An entry of the electricity meter's calendar protects between its dates, both included, and on no other day",
    rules=["R-DIS-003", "R-DIS-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS03", "ECS45"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_between_its_dates(meter, clock, expect):
    start, stop, _ = _hour_of(meter, clock)
    yesterday, today, tomorrow = (_day_of_year(clock.now() + timedelta(days=number)) for number in (-1, 0, 1))
    for dates, state in (((today, today), ON), ((today, tomorrow), ON), ((yesterday, yesterday), OFF)):
        meter.configure(Settings(protected=(start, stop), dates=dates))
        meter.prepay()
        expect(f"supply when the entry holds from {dates[0]} to {dates[1]}", meter.supply()).equals(state)


def _day_of_year(instant):
    return Date(None, instant.month, instant.day)
