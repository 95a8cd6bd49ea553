"""The debt to clear that a meter shows: so much must be topped up before the balance rises above zero."""

import pytest

from bench.clock import minutes
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import HOUR, POUND, Recovery

BOTH = ("ESME", "GSME")
WIDE_CAP = 65_535  #: of payments towards debt in a week: more than half a pound, in whatever unit a meter takes it
#: what is owed, of which a top up of one pound leaves nothing: balance, payment debt, its share of a top up (1/100 %)
OWED = {
    "share within the debt": (-POUND // 2, 50 * POUND, 5_000),
    "share limited by the debt": (-POUND // 2, POUND // 2, 9_000),
    "no debt": (-POUND, 0, 5_000),
}


@testcase(
    "PPM-251",
    "The debt to clear on the display is what brings a negative balance to zero, payment debt's share included",
    rules=["R-CRE-007", "R-CRE-002"],
    requirements=["DP129", "PC.01"],
    use_cases=["CS01a", "ECS07", "ECS19", "CS01b", "GCS04", "GCS14"],
    devices=BOTH,
)
@pytest.mark.parametrize("case", OWED)
def test_negative_balance(case, meter, expect):
    balance, debt, share = OWED[case]
    meter.configure(Settings(weekly_cap=WIDE_CAP))
    meter.prepay(threshold=-50 * POUND)
    meter.add(balance)
    meter.debts(payment=debt, share=share)
    precondition(meter.registers().balance == balance, "the balance is negative")

    expect("debt to clear (1/1000 p)", meter.hands.prepayment_status()["debt to clear"]).equals(POUND)

    precondition(meter.top_up(meter.token(1)), "the meter takes the token")
    expect("balance after that top up (1/1000 p)", meter.registers().balance).equals(0, rule="R-CRE-002")
    expect("debt to clear (1/1000 p)", meter.hands.prepayment_status()["debt to clear"]).equals(0)


@testcase(
    "PPM-252",
    "Emergency credit in use and what has gathered meanwhile are part of the debt to clear",
    rules=["R-CRE-007", "R-CRE-001"],
    requirements=["DP129", "PC.01"],
    use_cases=["ECS03", "ECS09", "ECS19", "GCS03", "GCS06", "GCS14"],
    devices=BOTH,
)
def test_emergency(meter, clock, expect):
    meter.configure(Settings(emergency_limit=10 * POUND, emergency_threshold=POUND))
    meter.prepay(threshold=-5 * POUND, keeps_in_emergency=True)
    precondition(meter.activate_emergency(), "emergency credit is in use")
    meter.prices(30_000, 0)
    meter.debts(one=40 * POUND, recovery=(Recovery(360_000, HOUR), Recovery()))
    clock.sleep(minutes(30))
    meter.prices(0, 0)
    meter.debts(recovery=(Recovery(), Recovery()))

    owed = meter.registers()
    used = 10 * POUND - owed.emergency_credit
    precondition(used > 0 and owed.accumulated_debt > 0, "emergency credit is used and debt has gathered")
    shown = meter.hands.prepayment_status()["debt to clear"]
    expect("debt to clear (1/1000 p)", shown).equals(used + owed.accumulated_debt + max(0, -owed.balance))
