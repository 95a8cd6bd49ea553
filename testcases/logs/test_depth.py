"""How far back logs reach. A meter that has not been there as long says nothing: its register is too low for it."""

from bench.clock import minutes
from bench.dcc.bodies import ReadActiveImportProfileData, ReadLogPeriod, RetrieveDailyConsumptionLog
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.billing.steps import imported
from testcases.days import DAY, midnight
from testcases.gas_steps import volume

REQUIREMENTS = ["DS.02", "PC.07"]
HALF_HOUR = minutes(30)
IN_A_DAY = 48
THIRTEEN_MONTHS = 393  #: days, at the least, of which the oldest is not asked for
AGES = (20, 120, 260, THIRTEEN_MONTHS - 1)  #: days
TWO_YEARS = 731


def half_hours_of(day):
    """The period of the half hours of a day: each has the time of its end."""
    return ReadLogPeriod(start=day + HALF_HOUR, end=day + DAY)


def is_old_enough(register, used_in_a_day, days):
    """State that a meter has been there for so many days: its register holds what is used in them."""
    precondition(register > used_in_a_day * days, f"the meter has been counting for {days} days")


def state_depth(expect, register, read, clock):
    """State that half hours of every age are there, each once, with the time of its end."""
    yesterday = read(midnight(clock, 1))
    is_old_enough(register, sum(used for _, used in yesterday), THIRTEEN_MONTHS)
    for age in AGES:
        day = midnight(clock, age)
        ends = [at for at, _ in read(day)]
        expect(f"half hours of {day:%Y-%m-%d}", ends).equals([day + number * HALF_HOUR for number in range(1, 49)])


@testcase(
    "LOG-001",
    "The electricity meter has each half hour of the last thirteen months",
    rules=["R-LOG-001", "R-LOG-003", "R-LOG-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS22b", "ECS17b"],
)
def test_electricity(dut, dcc, clock, suppliers, expect):
    def read(day):
        return dcc.ask(ReadActiveImportProfileData(period=half_hours_of(day)), dut, as_user=suppliers.losing).profile()

    state_depth(expect, imported(dcc, dut, suppliers.losing), read, clock)


@testcase(
    "LOG-002",
    "Gas meter and proxy have each half hour of the last thirteen months, and the same ones",
    rules=["R-LOG-001", "R-LOG-008", "R-GPF-002"],
    requirements=REQUIREMENTS,
    use_cases=["GCS17", "GCS13a"],
    devices=["GSME", "GPF"],
)
def test_gas(gsme, gpf, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing

    def read_from(device):
        return lambda day: gas.ask(
            ReadActiveImportProfileData(period=half_hours_of(day)), device, as_user=supplier
        ).samples()

    register = volume(gas, gpf, supplier)
    state_depth(expect, register, read_from(gpf), clock)
    oldest = midnight(clock, AGES[-1])
    own, copy = read_from(gsme)(oldest), read_from(gpf)(oldest)
    expect("half hours of the oldest day at the meter", len(own)).equals(IN_A_DAY, rule="R-LOG-001")
    expect("half hours of the oldest day at the proxy", copy).equals(own, rule="R-GPF-002")


@testcase(
    "LOG-003",
    "The gas proxy has the consumption of each of 731 days, and it adds up to the half hours where both are there",
    rules=["R-LOG-007", "R-GPF-003"],
    requirements=["PC.07"],
    use_cases=["GCS61", "GCS17", "GCS13a"],
    devices=["GPF"],
)
def test_days(gpf, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    last = midnight(clock, 1)
    period = ReadLogPeriod(start=last - (TWO_YEARS - 1) * DAY, end=last)
    days = gas.ask(RetrieveDailyConsumptionLog(period=period), gpf, as_user=supplier).samples()
    register = volume(gas, gpf, supplier)
    is_old_enough(register, sum(used for _, used in days[-3:]) // 3 if days else 0, TWO_YEARS)
    expect("days", [at for at, _ in days]).equals([period.start + number * DAY for number in range(TWO_YEARS)])
    day = midnight(clock, AGES[-1])
    half_hours = gas.ask(ReadActiveImportProfileData(period=half_hours_of(day)), gpf, as_user=supplier).samples()
    expect("consumption of an old day (litres)", dict(days)[day]).equals(
        sum(used for _, used in half_hours), rule="R-GPF-003"
    )
