"""In summer the hours of the calendar are still those of UTC."""

import pytest

from bench.clock import minutes
from bench.testcase import testcase
from testcases.logs.steps import set_clock
from testcases.logs.test_summer import midnight_in_july
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import OFF, ON


@testcase(
    "PPM-779",
    "In July supply is protected until the hour of the calendar in UTC, and not until that of the household",
    rules=["R-TIM-001", "R-DIS-002"],
    requirements=["PC.03"],
    use_cases=["ECS08a", "ECS03", "ECS45", "ECS70"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_protected(meter, dcc, wan_time, clock, expect):
    midnight = midnight_in_july(clock)
    ends = midnight.replace(hour=10, minute=30)
    ahead = set_clock(dcc, meter.device, meter.supplier, wan_time, clock, ends - minutes(20))
    meter.configure(Settings(protected=(ends.replace(hour=8).time(), ends.time())))

    meter.prepay()

    expect("supply without credit in the period", meter.supply()).equals(ON)
    clock.sleep_until(ends - ahead + minutes(1))
    expect("supply without credit after it", meter.supply()).equals(OFF, rule="R-DIS-002")
