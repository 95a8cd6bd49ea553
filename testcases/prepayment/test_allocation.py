"""Where the money of a top up goes, in its order: payment debt, accumulated debt, emergency credit, balance."""

import pytest

from bench.clock import hours, minutes
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import HOUR, POUND, Recovery
from testcases.prepayment.test_supply_states import turn_on

SHARE = 1_000  #: 1/100 %
LIMIT = 5 * POUND  #: of the emergency credit, as meters leave their makers


def after_top_up(before, amount):
    """What becomes of the registers by a top up: balance, emergency credit, accumulated debt, payment debt."""
    share = min(amount * SHARE // 10_000, before.payment_debt)
    left = amount - share
    accumulated = max(0, before.accumulated_debt - left)
    left -= before.accumulated_debt - accumulated
    repaid = min(left, LIMIT - before.emergency_credit)
    return (
        before.balance + left - repaid,
        before.emergency_credit + repaid,
        accumulated,
        before.payment_debt - share,
    )


@testcase(
    "PPM-876",
    "A top up pays the payment debt's share, then accumulated debt, then emergency credit, then the balance",
    rules=["R-CRE-001", "R-CRE-002", "R-CRE-005"],
    requirements=["PC.03", "PC.06"],
    use_cases=["ECS07", "GCS04", "CS01a", "CS01b", "ECS19", "GCS14"],
    devices=["ESME", "GSME"],
)
def test_order(meter, clock, expect):
    if not meter.answers_at_once:
        meter.hands.set_taps(0)
    meter.prepay(keeps_in_emergency=True)
    meter.add(-POUND // 2)
    expect("whether emergency credit is active", meter.activate_emergency()).equals(True)
    turn_on(meter)
    clock.sleep(minutes(1))
    if not meter.answers_at_once:
        meter.hands.set_taps(0.3)
    meter.prices(20_000, 30_000)
    meter.debts(one=POUND, payment=20 * POUND, recovery=(Recovery(POUND, HOUR), Recovery()), share=SHARE)
    clock.sleep(hours(2))
    meter.prices(0, 0)  # what changes from now on is the work of top ups
    before = meter.registers()
    expect("accumulated debt", before.accumulated_debt).lies_between(POUND, 2 * POUND, rule="R-CRE-005")
    expect("emergency credit that is left", before.emergency_credit).lies_between(0, LIMIT - 1_000)
    expect("balance", before.balance).lies_between(-POUND, -1)

    for pounds in (1, 3, 10):
        expect("whether a token is taken", meter.top_up(meter.token(pounds))).equals(True)
        clock.sleep(minutes(1))
        after = meter.registers()
        expect(f"balance, emergency credit, accumulated debt, payment debt after {pounds} pounds", after[:4]).equals(
            after_top_up(before, pounds * POUND)
        )
        before = after


@testcase(
    "PPM-877",
    "The weekly cap is what all payments of seven days have recovered together",
    rules=["R-CRE-003", "R-CRE-002", "R-CRE-004"],
    requirements=["PC.03"],
    use_cases=["GCS05", "GCS04", "CS01b", "GCS14", "GCS15d"],
    devices=["GSME"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)  # the unit of the other meter's cap is not known
def test_cap_of_several(meter, clock, expect):
    began = clock.now()
    meter.configure(Settings(weekly_cap=20 * POUND))
    meter.prepay()
    meter.debts(payment=500 * POUND, share=5_000)
    owed = 500 * POUND

    for pounds, recovered in ((20, 10), (20, 10), (20, 0)):
        meter.top_up(meter.token(pounds))
        owed -= recovered * POUND
        expect("payment debt", meter.registers().payment_debt).equals(owed)
    payments = [amount for _, amount in meter.debt_payments(began, clock.now())]
    expect("payments towards debt in the log", payments).equals([10 * POUND, 10 * POUND], rule="R-CRE-004")
