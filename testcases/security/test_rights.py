"""Every use case of the electricity meter, sent by a party that has no right to it: nothing comes of it."""

import pytest

from bench.clock import seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.use_cases import WITHOUT_EXAMPLE, right_to, rights_to, use_cases

NO_AUTHORITY, UNAUTHORISED = 0x8F30, 0x8F3E
REFUSALS = (0x8F1E, NO_AUTHORITY, 0x8F3D, UNAUTHORISED)

SUPPLIERS = use_cases("ESME", entitled="Supplier", denied="NetworkOperator", but=WITHOUT_EXAMPLE)
NETWORK_OPERATORS = use_cases("ESME", entitled="NetworkOperator", denied="Supplier", but=WITHOUT_EXAMPLE)
BROKERS = use_cases("ESME", entitled="ACB", denied="Supplier", but=WITHOUT_EXAMPLE)


@testcase(
    "SEC-101",
    "A use case of the supplier is refused to the network operator",
    rules=["R-SEC-005", "R-SEC-020", "R-SEC-024", "R-SEC-028", *rights_to(SUPPLIERS)],
    requirements=["SDAG1-3-TRUST", "SP.21", "SFA-40-PRIVACY", "SFA-43-ROLES", "SFA-21-DNODISABLE"],
)
@pytest.mark.parametrize("use_case", SUPPLIERS)
def test_supplier_only(use_case, dut, dcc, local, network_operator, suppliers, timeline, expect):
    command = local.example(use_case, dut, as_user=network_operator)

    with timeline.never(answer_to(command), during="20 s", rule=right_to(use_case)):
        delivered = local.deliver(command, f"{use_case} of the network operator")

    timeline.expect(device_alert(dut, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-028")
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("result of the next read", status.results).equals([0], rule="R-SEC-020")


@testcase(
    "SEC-102",
    "A use case of the network operator is refused to the supplier",
    rules=["R-SEC-005", "R-USE-081", "R-SEC-020", *rights_to(NETWORK_OPERATORS)],
    requirements=["SDAG1-3-TRUST", "SP.21", "SFA-40-PRIVACY"],
)
@pytest.mark.parametrize("use_case", NETWORK_OPERATORS)
def test_network_operator_only(use_case, dut, dcc, local, suppliers, timeline, expect):
    command = local.example(use_case, dut, as_user=suppliers.losing)

    with timeline.never(answer_to(command), during="20 s", rule=right_to(use_case)):
        delivered = local.deliver(command, f"{use_case} of the supplier")

    timeline.expect(device_alert(dut, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-020")
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("result of the next read", status.results).equals([0], rule="R-SEC-020")


@testcase(
    "SEC-105",
    "A use case of the broker is refused to the supplier",
    rules=["R-SEC-005", "R-USE-080", "R-SEC-020", *rights_to(BROKERS)],
    requirements=["SDAG1-3-TRUST", "SP.21"],
)
@pytest.mark.parametrize("use_case", BROKERS)
def test_broker_only(use_case, dut, dcc, local, suppliers, timeline, expect):
    command = local.example(use_case, dut, as_user=suppliers.losing)

    with timeline.never(answer_to(command), during="20 s", rule=right_to(use_case)):
        delivered = local.deliver(command, f"{use_case} of the supplier")

    timeline.expect(device_alert(dut, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-020")
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("result of the next read", status.results).equals([0], rule="R-SEC-020")


@testcase(
    "SEC-103",
    "A supplier the meter does not know is refused",
    rules=["R-SEC-005", "R-SEC-021", "R-SEC-028"],
    requirements=["SDAG1-3-TRUST", "SP.18"],
)
@pytest.mark.parametrize("use_case", ["ECS43", "ECS45", "ECS17b", "ECS70"])
def test_stranger(use_case, dut, dcc, local, suppliers, timeline, expect):
    command = local.example(use_case, dut, as_user=suppliers.gaining)

    with timeline.never(answer_to(command), during="20 s"):
        delivered = local.deliver(command, f"{use_case} of a supplier without credentials on the meter")

    timeline.expect(
        device_alert(dut, UNAUTHORISED, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-021"
    )
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("result of the next read", status.results).equals([0], rule="R-SEC-020")


@testcase(
    "SEC-104",
    "Unauthorised access stands in the security log",
    rules=["R-EVT-006e", "R-SEC-021", "R-SEC-027"],
    requirements=["SDAG1-3-TRUST", "SP.18"],
    use_cases=["ECS35b"],
)
@pytest.mark.parametrize("use_case", ["ECS43", "ECS45"])
def test_logged(use_case, dut, dcc, local, clock, suppliers, expect):
    command = local.example(use_case, dut, as_user=suppliers.gaining)

    delivered = local.deliver(command, f"{use_case} of a supplier without credentials on the meter")
    clock.sleep("20 s")

    period = ReadLogPeriod(start=delivered.time.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=suppliers.losing).log()
    codes = {entry.code for entry in log}
    expect("codes in the security log", codes).satisfies(
        f"to hold {UNAUTHORISED:04X}", lambda held: UNAUTHORISED in held
    )
