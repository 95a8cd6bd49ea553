"""What a prepayment meter takes for the time in which there was no supply."""

import pytest

from bench.clock import minutes, seconds
from bench.testcase import testcase
from testcases.prepayment.meters import DAY, HOUR, POUND, Recovery

A_DAY = 28_800  #: 1/1000 p: one in three seconds
AN_HOUR = 36_000  #: 1/1000 p: ten in a second
SLACK = seconds(20)  #: between the reading of a register and the arrival of the answer


@testcase(
    "PPM-211",
    "After an outage of two hours time debt and standing charge of these hours have been taken",
    rules=["R-PWR-008", "R-DBT-004", "R-TAR-011"],
    requirements=["PC.04", "PC.06", "SFA-17-OUTAGE"],
    use_cases=["ECS01b", "ECS07", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_taken_afterwards(meter, mains, clock, expect):
    meter.add(50 * POUND)
    meter.prepay()
    meter.debts(one=20 * POUND, recovery=(Recovery(AN_HOUR, HOUR), Recovery(0, DAY)))
    meter.prices(0, A_DAY)
    before = meter.registers()

    mains.interrupt("2 h")
    clock.sleep(minutes(1))

    after = meter.registers()
    span = (after.at - before.at) / seconds(1)
    slack = SLACK / seconds(1)
    debt, paid = before.time_debt_1 - after.time_debt_1, before.balance - after.balance
    expect("taken of the time debt (1/1000 p)", debt).lies_between(10 * (span - slack), 10 * (span + slack))
    expect("standing charge (1/1000 p)", paid - debt).lies_between((span - slack) / 3, (span + slack) / 3)
