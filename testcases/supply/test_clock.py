"""The meter's clock follows the hub within limits, and says so when it does not."""

from datetime import timedelta

from bench.clock import minutes
from bench.dcc.bodies import SynchroniseClock
from bench.dcc_point import device_alert
from bench.gbcs.times import parse_date_time
from bench.testcase import testcase

NOT_ADJUSTED = 0x8F0C
RELIABLE, UNRELIABLE = 0, 2
REQUIREMENTS = ["OP.05", "SFA-19-SYNC"]


@testcase(
    "SUP-201",
    "Within the interval the meter takes the hub's time, and trusts it",
    rules=["R-TIM-004", "R-TIM-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70"],
)
def test_within(dut, dcc, clock, timeline, suppliers, expect):
    now = clock.now().replace(microsecond=0)
    with timeline.never(device_alert(dut, NOT_ADJUSTED), during=minutes(1)):
        response = dcc.ask(SynchroniseClock(current=now, tolerance=60), dut, as_user=suppliers.losing)

    expect("results", response.results).equals([0] * 5, rule="R-TIM-007")
    told = parse_date_time(response.access.data[3].value)
    expect("time the meter tells", told).lies_between(now - timedelta(seconds=5), clock.now())
    expect("clock status", response.access.data[4].value).equals(RELIABLE)


@testcase(
    "SUP-202",
    "Outside the interval the meter does not touch its clock, distrusts it, and tells the supplier",
    rules=["R-TIM-005", "R-TIM-004", "R-TIM-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70"],
)
def test_outside(dut, dcc, clock, timeline, suppliers, expect):
    now = clock.now().replace(microsecond=0)
    wrong = now + timedelta(hours=1)

    response = dcc.ask(SynchroniseClock(current=wrong, tolerance=60), dut, as_user=suppliers.losing)

    told = parse_date_time(response.access.data[3].value)
    expect("time the meter tells", told).lies_between(now - timedelta(seconds=5), clock.now(), rule="R-TIM-004")
    expect("clock status", response.access.data[4].value).equals(UNRELIABLE, rule="R-TIM-005")
    timeline.expect(device_alert(dut, NOT_ADJUSTED, to=suppliers.losing), within=minutes(1))
