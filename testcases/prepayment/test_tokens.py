"""Top-up tokens: what they credit, that they count once, and which ones a meter must not take."""

import pytest

from bench.clock import seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod, TopUpDevice, UpdatePaymentMode
from bench.testcase import testcase
from testcases.prepayment.steps import POUND, registers, to_prepayment

ACCEPTED, REJECTED = [0], [1]
DUPLICATE, NOT_AUTHENTIC = 0x8F51, 0x8F63
NOT_TOLD = 0xFF  #: clock status
SLACK = 2_000  #: what a minute of consumption may cost, 1/1000 p
REQUIREMENTS = ["PC.02"]


def _security_log(dcc, dut, supplier, start, clock):
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=supplier).log()
    return [entry.code for entry in log]


@testcase(
    "PPM-001",
    "A top up of 5 pounds raises the balance by 5 pounds",
    rules=["R-UTR-007", "R-UTR-003", "R-UTR-004", "R-UTR-006", "R-UTR-019", "R-RSP-009", "R-RSP-010", "R-CRE-001"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19"],
)
def test_credited(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=10 * POUND)
    before = registers(dcc, dut, suppliers.losing).balance

    response = dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)

    expect("result of the top up", response.results).equals(ACCEPTED, rule="R-UTR-019")
    expect("date-time in the response", len(response.message.date_time)).equals(12, rule="R-RSP-009")
    expect("clock status in it", response.message.date_time[-1]).equals(NOT_TOLD, rule="R-RSP-010")
    after = registers(dcc, dut, suppliers.losing).balance
    expect("credited (1/1000 p)", after - before).lies_between(5 * POUND - SLACK, 5 * POUND, rule="R-CRE-001")


@testcase(
    "PPM-002",
    "A token is credited once, however often it comes",
    rules=["R-UTR-011", "R-UTR-016", "R-UTR-010", "R-CTR-012"],
    requirements=[*REQUIREMENTS, "CSC-DP129-DUPID", "SDAG1-3-FRAUD"],
    use_cases=["CS01a", "ECS19", "ECS35b"],
)
def test_counts_once(dut, dcc, clock, suppliers, expect):
    start = clock.now()
    to_prepayment(dcc, dut, suppliers.losing, balance=10 * POUND)
    token = dcc.token(dut, 5, as_user=suppliers.losing)
    dcc.top_up(dut, token, as_user=suppliers.losing)
    once = registers(dcc, dut, suppliers.losing).balance

    again = dcc.top_up(dut, token, as_user=suppliers.losing, rule="R-CTR-012")

    expect("result of the second time", again.results).equals(REJECTED)
    expect("balance (1/1000 p)", registers(dcc, dut, suppliers.losing).balance).lies_between(once - SLACK, once)
    expect("8F51 in the security log", _security_log(dcc, dut, suppliers.losing, start, clock).count(DUPLICATE)).equals(
        1
    )


@testcase(
    "PPM-003",
    "A token of another supplier is not authentic",
    rules=["R-UTR-006", "R-UTR-013"],
    requirements=[*REQUIREMENTS, "SDAG1-3-FRAUD"],
    use_cases=["CS01a", "ECS19", "ECS35b"],
)
def test_foreign_token(dut, dcc, clock, suppliers, expect):
    start = clock.now()
    to_prepayment(dcc, dut, suppliers.losing, balance=10 * POUND)
    before = registers(dcc, dut, suppliers.losing).balance
    foreign = dcc.token(dut, 5, as_user=suppliers.gaining)

    response = dcc.top_up(dut, foreign, as_user=suppliers.losing)

    expect("result", response.results).equals(REJECTED)
    expect("balance (1/1000 p)", registers(dcc, dut, suppliers.losing).balance).lies_between(before - SLACK, before)
    log = _security_log(dcc, dut, suppliers.losing, start, clock)
    expect("8F63 in the security log", log.count(NOT_AUTHENTIC)).equals(1, rule="R-UTR-013")


@testcase(
    "PPM-004",
    "A top up beyond the largest credit is rejected whole, and may come again later",
    rules=["R-UTR-014", "R-UTR-015"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19"],
)
def test_too_much(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=10 * POUND)
    before = registers(dcc, dut, suppliers.losing).balance

    response = dcc.top_up(dut, dcc.token(dut, 8000, as_user=suppliers.losing), as_user=suppliers.losing)

    expect("result", response.results).equals(REJECTED)
    expect("balance (1/1000 p)", registers(dcc, dut, suppliers.losing).balance).lies_between(before - SLACK, before)


@testcase(
    "PPM-005",
    "A meter in credit mode takes no token",
    rules=["R-PPM-006"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19"],
)
def test_credit_mode(dut, dcc, suppliers, expect):
    dcc.ask(UpdatePaymentMode(credit=True), dut, as_user=suppliers.losing)
    before = registers(dcc, dut, suppliers.losing).balance

    response = dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)

    expect("result", response.results).equals(REJECTED)
    expect("balance (1/1000 p)", registers(dcc, dut, suppliers.losing).balance).equals(before)


@testcase(
    "PPM-006",
    "Management commands and top ups count separately",
    rules=["R-CTR-012", "R-CTR-011"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS04a"],
)
def test_counters_apart(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=10 * POUND)
    dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)

    to_prepayment(dcc, dut, suppliers.losing, balance=POUND)  # its counters are far below the top up's
    second = dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)

    expect("result of the second top up", second.results).equals(ACCEPTED)


@testcase(
    "PPM-008",
    "A top up whose command counts in the low half of its counter as well is not credited",
    rules=["R-CTR-011", "R-UTR-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19"],
)
@pytest.mark.parametrize("low", [1, 0x80000000, 0xFFFFFFFF], ids=["1", "2^31", "2^32-1"])
def test_low_half_of_the_counter(low, dut, dcc, suppliers, expect):
    supplier = suppliers.losing
    to_prepayment(dcc, dut, supplier, balance=10 * POUND)
    token = dcc.token(dut, 5, as_user=supplier)
    before = registers(dcc, dut, supplier).balance

    sent = dcc.send(TopUpDevice(utrn=token.digits), dut, as_user=supplier, counter=token.counter << 32 | low)

    expect("results", sent.response().results).satisfies("to be failures", all)
    after = registers(dcc, dut, supplier).balance
    expect("growth of the balance (1/1000 p)", after - before).lies_between(-POUND, 0)
    top_up = dcc.top_up(dut, token, as_user=supplier)
    expect("result of the same token with zeros there", top_up.results).equals(ACCEPTED)
