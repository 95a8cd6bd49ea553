"""Change of tenancy on the gas side: what the new householder may see, and what the supplier still reads."""

from bench.dcc.bodies import RestrictAccessForChangeOfTenancy, RetrieveDailyConsumptionLog
from bench.testcase import testcase
from testcases.days import midnight
from testcases.gas_steps import whole_days

USE = ["GCS09", "GCS61"]


def shown(at_the_meter, clock):
    """The days the in-home display shows, the earliest first."""
    at_the_meter.ask_display()
    clock.sleep("5 s")
    return sorted(at_the_meter.display())


@testcase(
    "GAS-401",
    "From the restriction on, the display shows nothing older; the supplier reads everything",
    rules=["R-PRV-002", "R-PRV-003", "R-PRV-004", "R-PRV-001", "R-GPF-014"],
    requirements=["DS.06"],
    use_cases=USE,
    devices=["GPF"],
)
def test_restricted(gpf, gas, at_the_meter, clock, suppliers, expect):
    period = whole_days(clock, 6)
    before = gas.ask(RetrieveDailyConsumptionLog(period=period), gpf, as_user=suppliers.losing).samples()
    moved_in = midnight(clock, 3)
    expect("days on the display before", len(shown(at_the_meter, clock))).satisfies("six at least", lambda n: n >= 6)

    answer = gas.ask(RestrictAccessForChangeOfTenancy(restriction=moved_in), gpf, as_user=suppliers.losing)
    expect("result", answer.statuses).equals([0])

    days = shown(at_the_meter, clock)
    expect("first day on the display", days[:1]).equals([f"{moved_in:%Y-%m-%d}"])
    after = gas.ask(RetrieveDailyConsumptionLog(period=period), gpf, as_user=suppliers.losing).samples()
    expect("what the supplier reads", after).equals(before, rule="R-PRV-003")


@testcase(
    "GAS-402",
    "An earlier restriction date shows older days again",
    rules=["R-PRV-005", "R-PRV-002"],
    requirements=["DS.06"],
    use_cases=USE,
    devices=["GPF"],
)
def test_widened(gpf, gas, at_the_meter, clock, suppliers, expect):
    for days_ago in (2, 5):
        date = midnight(clock, days_ago)
        gas.ask(RestrictAccessForChangeOfTenancy(restriction=date), gpf, as_user=suppliers.losing)
        expect(f"first day on the display, restricted to {date:%Y-%m-%d}", shown(at_the_meter, clock)[:1]).equals(
            [f"{date:%Y-%m-%d}"]
        )


@testcase(
    "GAS-403",
    "A restriction from a future date hides everything at once",
    rules=["R-PRV-001", "R-PRV-002"],
    requirements=["DS.06"],
    use_cases=USE,
    devices=["GPF"],
)
def test_future_date(gpf, gas, at_the_meter, clock, suppliers, expect):
    date = midnight(clock, -2)
    gas.ask(RestrictAccessForChangeOfTenancy(restriction=date), gpf, as_user=suppliers.losing)
    expect("days on the display", shown(at_the_meter, clock)).equals([])


@testcase(
    "GAS-404",
    "The same restriction a second time is harmless",
    rules=["R-PRV-006", "R-CTR-004"],
    use_cases=["GCS09"],
    devices=["GPF"],
)
def test_repeated(gpf, gas, at_the_meter, clock, suppliers, expect):
    date = midnight(clock, 3)
    for number in ("first", "second"):
        answer = gas.ask(RestrictAccessForChangeOfTenancy(restriction=date), gpf, as_user=suppliers.losing)
        expect(f"result of the {number} command", answer.statuses).equals([0])
    expect("first day on the display", shown(at_the_meter, clock)[:1]).equals([f"{date:%Y-%m-%d}"])
