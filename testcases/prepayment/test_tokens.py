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
    "Management commands and top ups count separately: neither must be above the other",
    rules=["R-CTR-012", "R-CTR-011"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS04a", "ECS02", "CS01b", "GCS40a", "GCS03"],
    devices=["ESME", "GSME"],
)
def test_counters_apart(meter, expect):
    meter.add(9 * POUND)
    meter.prepay()
    low = meter.token(5, utrn_counter=7)  # as the upper half of a counter, below those of the commands
    expect("a top up whose counter is low", meter.top_up(low)).equals(True)
    high = meter.token(5, utrn_counter=100_000)  # and far above them
    expect("a top up whose counter is high", meter.top_up(high)).equals(True)

    meter.credit_mode()
    expect("prepayment after a command", meter.is_in_prepayment()).equals(False)
    meter.prepay()
    expect("a top up between the two", meter.top_up(meter.token(5, utrn_counter=99_000))).equals(True)
    expect("balance", meter.registers().balance).equals(24 * POUND)


@testcase(
    "PPM-008",
    "A top up whose command counts in the low half of its counter as well is not credited",
    rules=["R-CTR-011", "R-UTR-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19", "CS01b", "GCS14"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("low", [1, 0x100, 0x80000000, 0xFFFFFFFF], ids=["1", "2^8", "2^31", "2^32-1"])
def test_low_half_of_the_counter(low, meter, expect):
    meter.add(10 * POUND)
    meter.prepay()
    token = meter.token(5)
    body, counter = TopUpDevice(utrn=token.digits), token.counter << 32 | low

    meter.dcc.send(body, meter.device, as_user=meter.supplier, counter=counter).response()

    expect("balance (1/1000 p)", meter.registers().balance).equals(10 * POUND)
    expect("the same token with zeros there", meter.top_up(token)).equals(True)
