"""What a gas meter tells the mirror of a top up, on the air."""

from datetime import datetime

from bench.clock import minutes, seconds
from bench.expecting import precondition
from bench.han_point import frame
from bench.testcase import testcase
from testcases.gas_steps import past_wake
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import POUND, GasMeter

PAYMENT_DEBT = 0x02
WIDE_CAP = 65_535
LATEST = 5


def pushed(timeline, han, what, after):
    """The fields of each of these commands that the gas meter has sent since."""
    return [han.frame_of(seen).zcl_fields for seen in timeline.find(frame(src="GSME", what=what), after=after)]


def prepaid(gsme, gas_suppliers, dcc, gas, at_the_meter):
    """The gas meter in prepayment, its prices set to nothing."""
    meter = GasMeter(gsme, gas_suppliers.losing, gas_suppliers.gaining, dcc, gas, at_the_meter)
    meter.prices(0, 0)
    meter.configure(Settings(weekly_cap=WIDE_CAP))
    meter.prepay(threshold=-POUND)
    return meter


@testcase(
    "PPM-551",
    "After each top up the gas meter tells the mirror its latest five, and nothing of debt where none was paid",
    rules=["R-GPF-009"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["CS01b"],
    devices=["GSME", "GPF"],
)
def test_top_ups(gsme, gas_suppliers, dcc, gas, at_the_meter, han, clock, timeline, expect):
    meter = prepaid(gsme, gas_suppliers, dcc, gas, at_the_meter)
    began = clock.now()

    for pounds in (1, 2, 3, 4, 5, 6):
        precondition(meter.top_up(meter.token(pounds)), "the meter takes the token")
    past_wake(clock)

    told = pushed(timeline, han, "PublishTopUpLog", began)
    expect("times it has told its top ups", len(told)).satisfies("one at least", bool)
    rows = told[-1]["topUps"]
    amounts = sorted(row["amount"] for row in rows)
    expect("amounts it told last (1/1000 p)", amounts).equals([pounds * POUND for pounds in (2, 3, 4, 5, 6)])
    times = [datetime.fromisoformat(row["time"]) for row in rows]
    expect("earliest of their times", min(times)).lies_between(began - seconds(5), clock.now())
    expect("payments towards debt it told", len(pushed(timeline, han, "PublishDebtLog", began))).equals(0)


@testcase(
    "PPM-552",
    "Each top up of which a share pays off debt is told with its own payment, of the type of payment debt",
    rules=["R-GPF-009", "R-CRE-002"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["CS01b", "GCS04"],
    devices=["GSME", "GPF"],
)
def test_payment(gsme, gas_suppliers, dcc, gas, at_the_meter, han, clock, timeline, expect):
    meter = prepaid(gsme, gas_suppliers, dcc, gas, at_the_meter)
    meter.debts(payment=50 * POUND, share=1_000)
    began = clock.now()

    for number, pounds in enumerate((2, 3), 1):
        precondition(meter.top_up(meter.token(pounds)), "the meter takes the token")
        past_wake(clock)
        clock.sleep(minutes(1))
        told = pushed(timeline, han, "PublishDebtLog", began)
        expect("times it has told a payment", len(told)).equals(number)
        rows = [(row["collected"], row["debtType"]) for row in told[-1]["debts"]]
        expect("amount (1/1000 p) and type of debt", rows).equals([(pounds * POUND // 10, PAYMENT_DEBT)])
