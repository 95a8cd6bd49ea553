"""The daily read logs of the electricity meter: registers at midnight UTC, and money in prepayment."""

from itertools import pairwise

from bench.billing import billing_money
from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadActiveImportProfileData,
    ReadLogPeriod,
    ReadPrepaymentDailyReadLog,
    RetrieveImportDailyReadLog,
)
from bench.testcase import meters, testcase
from testcases.billing.steps import imported
from testcases.days import DAY, midnight
from testcases.logs.steps import set_clock
from testcases.logs.test_depth import is_old_enough
from testcases.prepayment.steps import POUND, registers, to_prepayment

REQUIREMENTS = ["PC.07"]
KEPT = 31


def daily(dcc, dut, user, start, end):
    """Read the daily log (4.6.1, ECS21a): time and import register of each entry."""
    body = RetrieveImportDailyReadLog(period=ReadLogPeriod(start=start, end=end))
    return [(one.time, one.imported) for one in dcc.ask(body, dut, as_user=user).billing_log()]


def daily_money(dcc, dut, user, start, end):
    """Read the daily log of prepayment (4.14, ECS21b): time and registers of each entry."""
    body = ReadPrepaymentDailyReadLog(period=ReadLogPeriod(start=start, end=end))
    return dcc.ask(body, dut, as_user=user).protected(lambda values: billing_money(values[0]))


def set_before_midnight(dcc, dut, supplier, wan_time, clock):
    """Set the meter's clock to two minutes before midnight, so that nobody has to wait for it; returns midnight."""
    at = midnight(clock) + DAY
    set_clock(dcc, dut, supplier, wan_time, clock, at - minutes(2))
    return at


@meters("single", "polyphase")
@testcase(
    "LOG-111",
    "The daily log has the import register of 31 midnights UTC; what a day has used is what its half hours have",
    rules=["R-LOG-005", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS21a", "ECS22b", "ECS17b"],
)
def test_readings(dut, dcc, clock, suppliers, expect):
    supplier, end = suppliers.losing, midnight(clock)
    halves = ReadActiveImportProfileData(period=ReadLogPeriod(start=end - DAY + seconds(1), end=end))
    used = sum(wh for _, wh in dcc.ask(halves, dut, as_user=supplier).profile())
    is_old_enough(imported(dcc, dut, supplier), used, KEPT)

    log = daily(dcc, dut, supplier, end - (KEPT - 1) * DAY, end)

    times = [at for at, _ in log]
    expect("midnights", times).equals([end - number * DAY for number in reversed(range(KEPT))])
    growth = [later - earlier for (_, earlier), (_, later) in pairwise(log)]
    expect("growth on the last day (Wh)", growth[-1]).lies_between(used - 5, used + 5)
    expect("days on which the register fell", [one for one in growth if one < 0]).equals([])


@meters("single", "polyphase")
@testcase(
    "LOG-112",
    "The reading of a midnight is there a minute after it, with the register of that moment; the oldest of 31 goes",
    rules=["R-LOG-005", "R-TIM-001", "R-LOG-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS21a", "ECS21b", "ECS17b", "ECS70"],
)
def test_new_reading(dut, dcc, wan_time, clock, suppliers, expect):
    supplier = suppliers.losing
    at = set_before_midnight(dcc, dut, supplier, wan_time, clock)
    before = imported(dcc, dut, supplier)
    clock.sleep(minutes(3))
    after = imported(dcc, dut, supplier)

    log = daily(dcc, dut, supplier, at - (KEPT + 5) * DAY, at + DAY)

    newest, register = log[-1] if log else (None, None)
    expect("newest midnight", newest).equals(at)
    expect("its register (Wh)", register).lies_between(before, after)
    expect("entries", len(log)).lies_between(0, KEPT)
    money = daily_money(dcc, dut, supplier, at - DAY, at + DAY)
    expect("entries of prepayment in credit mode", money).equals([], rule="R-LOG-006")


@testcase(
    "LOG-113",
    "In prepayment the balance and the debts of midnight are kept",
    rules=["R-LOG-006"],
    requirements=[*REQUIREMENTS, "PC.06"],
    use_cases=["ECS03", "ECS19", "ECS21b", "ECS70"],
)
def test_money(dut, dcc, wan_time, clock, suppliers, expect):
    supplier = suppliers.losing
    to_prepayment(dcc, dut, supplier, balance=50 * POUND)
    at = set_before_midnight(dcc, dut, supplier, wan_time, clock)
    before = registers(dcc, dut, supplier)
    clock.sleep(minutes(3))
    after = registers(dcc, dut, supplier)

    log = daily_money(dcc, dut, supplier, at - DAY, at + DAY)

    expect("midnights", [one.time for one in log]).equals([at])
    kept = log[0].registers
    expect("balance (1/1000 p)", kept.balance).lies_between(after.balance, before.balance)
    expect("the others", kept[1:]).equals(before[1:])
