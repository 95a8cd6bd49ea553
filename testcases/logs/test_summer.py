"""In summer the meter's day is still that of UTC: when the clocks in the kitchen say midnight, it is 23:00."""

from datetime import UTC, datetime, time, timedelta

from bench.clock import minutes, seconds
from bench.dcc_point import device_alert
from bench.testcase import meters, testcase
from testcases.billing.steps import UPDATED, set_calendar
from testcases.days import DAY
from testcases.logs.steps import set_clock
from testcases.logs.test_daily import daily
from testcases.tariff.steps import Tariff, TariffMeter

REQUIREMENTS = ["OP.02", "PC.07"]
HOUR = timedelta(hours=1)
BEFORE, AFTER = 1, 2  #: registers of a tariff that switches once


def midnight_in_july(clock):
    """The next first of July, 00:00 UTC."""
    now = clock.now()
    at = datetime(now.year, 7, 1, tzinfo=UTC)
    return at if at > now else at.replace(year=at.year + 1)


@meters("single", "polyphase")
@testcase(
    "LOG-121",
    "In July the reading of a day is taken at midnight UTC and not at midnight of the household",
    rules=["R-TIM-001", "R-LOG-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS21a", "ECS70"],
)
def test_day(dut, dcc, wan_time, clock, suppliers, expect):
    supplier, midnight = suppliers.losing, midnight_in_july(clock)
    set_clock(dcc, dut, supplier, wan_time, clock, midnight - HOUR - minutes(2))
    clock.sleep(minutes(4))
    log = daily(dcc, dut, supplier, midnight - 2 * HOUR, midnight + DAY)
    expect("readings two minutes after midnight of the household", log).equals([])

    set_clock(dcc, dut, supplier, wan_time, clock, midnight - minutes(2))
    clock.sleep(minutes(4))
    log = daily(dcc, dut, supplier, midnight - 2 * HOUR, midnight + DAY)
    expect("readings two minutes after midnight UTC", [at for at, _ in log]).equals([midnight])


@testcase(
    "LOG-122",
    "In July a tariff that switches at 23:00 UTC switches at 23:00 UTC",
    rules=["R-TIM-001", "R-TAR-003"],
    requirements=[*REQUIREMENTS, "PC.08"],
    use_cases=["ECS01a", "ECS17b", "ECS17d", "ECS17e", "ECS70"],
)
def test_switch(dut, dcc, wan_time, clock, suppliers, expect):
    switch = midnight_in_july(clock) - HOUR
    set_clock(dcc, dut, suppliers.losing, wan_time, clock, switch - minutes(3))
    meter = TariffMeter(dut, suppliers.losing, dcc, clock, expect)
    meter.set(Tariff(days={1: [(time(0), BEFORE), (switch.time(), AFTER)]}))
    first = meter.read()
    clock.sleep(minutes(2))
    before = meter.read()
    clock.sleep(minutes(2))
    after = meter.read()

    expect("registers that count before 23:00", set(before.counted_since(first))).equals({BEFORE})
    expect("registers that count after it", AFTER in after.counted_since(before)).equals(True)


@testcase(
    "LOG-123",
    "In July a billing period ends at its time of day, UTC",
    rules=["R-TIM-001", "R-BIL-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS30a", "ECS68", "ECS70"],
)
def test_billing(dut, dcc, wan_time, clock, timeline, suppliers, expect):
    supplier, end = suppliers.losing, midnight_in_july(clock) - HOUR
    ahead = set_clock(dcc, dut, supplier, wan_time, clock, end - minutes(5))
    expect("result", set_calendar(dcc, dut, supplier, end).results).equals([0])
    clock.sleep(seconds(30))  # the calendar that was there ends a period now
    at = end - ahead

    with timeline.never(device_alert(dut, UPDATED)):
        clock.sleep_until(at - seconds(10))
    timeline.expect(device_alert(dut, UPDATED, to=supplier), within=minutes(1), after=at - seconds(10))
