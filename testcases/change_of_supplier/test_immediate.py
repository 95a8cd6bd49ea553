"""Change of supplier with immediate effect (6.23, CS02b supplierByTransCoS)."""

from datetime import timedelta

from bench.dcc.bodies import (
    DisableSupply,
    EnableSupply,
    ReadActiveImportProfileData,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc_point import dcc_alert, device_alert
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase

UPDATED = 0x8F70
REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
ENABLED = 1


@testcase(
    "COS-001",
    "The gaining supplier's three credentials replace the losing supplier's",
    rules=["R-CRD-050", "R-CRD-011", "R-CRD-037", "R-CRD-052", "R-RSP-003"],
    requirements=["IN.02", "SDAG1-4-TCOS", "SDAG9-6.1.3-READCERT"],
    use_cases=["CS02b", "CS02a", "ECS35b"],
)
def test_credentials_replaced(dut, dcc, clock, timeline, suppliers, expect):
    before = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("subjects of the supplier's cells before", {cell.subject for cell in before.cells}).equals(
        {suppliers.losing.eui}
    )
    expect("number of supplier cells", len(before.cells)).equals(3, rule="R-CRD-011")

    began = clock.now()
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining)
    response = sent.response()

    expect("protection of the response", response.protected_well).equals(True, rule="R-RSP-003")
    outcome = response.replacement()
    expect("an outcome in the response", outcome is not None).equals(True)
    expect("status of each cell", [result.status for result in outcome.results]).equals([0, 0, 0], rule="R-CRD-037")
    expect("subject replaced in each cell", {result.replacing_subject for result in outcome.results}).equals(
        {suppliers.gaining.eui}
    )

    timeline.expect(dcc_alert("N42", to=suppliers.gaining), within="30 s", after=sent.posted)
    timeline.expect(dcc_alert("N27", to=suppliers.losing), within="30 s", after=sent.posted)

    after = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("subjects of the supplier's cells after", {cell.subject for cell in after.cells}).equals(
        {suppliers.gaining.eui}
    )
    expect(
        "key identifiers kept", {cell.key_id for cell in before.cells} & {cell.key_id for cell in after.cells}
    ).equals(set())

    log = dcc.ask(_security_log(began, clock.now()), dut, as_user=suppliers.gaining).log()
    expect("entries 8F70 in the security log", sum(entry.code == UPDATED for entry in log)).equals(1, rule="R-CRD-052")


@testcase(
    "COS-002",
    "The gaining supplier reads the meter, encrypted for its own key",
    rules=["R-CRD-060", "R-SEC-005"],
    requirements=["IN.02", "SDAG1-3-PRIVCOS"],
    use_cases=["CS02b", "ECS17b"],
)
def test_gaining_supplier_reads(dut, dcc, suppliers, expect):
    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining, rule="R-SEC-005")

    expect("result of the read", reading.results).equals([0], rule="R-SEC-005")
    expect("protection of the response", reading.protected_well).equals(True)
    expect("import register", reading.import_register()).satisfies("to be a positive number of Wh", lambda wh: wh > 0)


@testcase(
    "COS-003",
    "The losing supplier can no longer read the meter",
    rules=["R-CRD-058", "R-SEC-020", "R-SEC-028"],
    requirements=["SDAG1-3-PRIVCOS", "SDAG1-3-TRUST"],
    use_cases=["CS02b", "ECS17b"],
)
def test_losing_supplier_cannot_read(dut, dcc, local, timeline, suppliers, expect):
    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    command = local.command(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    with timeline.never(answer_to(command), during="1 min", rule="R-CRD-058"):
        delivered = local.deliver(command, "a read of the losing supplier")
    timeline.expect(device_alert(dut, *REFUSALS, to=suppliers.gaining), within="1 s", after=delivered, rule="R-SEC-028")

    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining)
    expect("result for the gaining supplier afterwards", reading.results).equals([0], rule="R-SEC-020")


@testcase(
    "COS-004",
    "A critical command of the losing supplier is refused and has no effect",
    rules=["R-CRD-058", "R-SEC-020"],
    requirements=["SDAG1-5-CORE5", "SDAG1-3-TRUST"],
    use_cases=["CS02b", "ECS43", "ECS45"],
)
def test_losing_supplier_cannot_disable(dut, dcc, local, mains, timeline, suppliers, expect):
    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    with timeline.never(answer_to(command), during="1 min", rule="R-CRD-058"):
        delivered = local.deliver(command, "a supply disablement of the losing supplier")
    timeline.expect(device_alert(dut, *REFUSALS, to=suppliers.gaining), within="1 s", after=delivered, rule="R-SEC-028")

    expect("power drawn through the meter (W)", mains.sample().power).satisfies(
        "to flow as before", lambda watts: watts > 100, rule="R-CRD-058"
    )
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.gaining)
    expect("state of the load switch", status.value()).equals(ENABLED, rule="R-CRD-058")


@testcase(
    "COS-005",
    "The gaining supplier's counter starts at the floor it asked for",
    rules=["R-CRD-042", "R-SEC-006", "R-CTR-003"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a", "ECS42"],
)
def test_counter_floor(home, dut, dcc, local, timeline, suppliers, clock, expect):
    floor = int(clock.now().timestamp() * 1000) + 5_000_000
    body = dcc.change_of_supplier(dut, suppliers.gaining, floor=floor)
    dcc.send(body, dut, as_user=suppliers.gaining).response()
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("execution counter of the supplier role", details.current_seq_number).equals(floor, rule="R-CTR-003")

    at_floor = local.command(EnableSupply(), dut, as_user=suppliers.gaining, counter=floor)
    with timeline.never(answer_to(at_floor), during="1 min", rule="R-SEC-006"):
        local.deliver(at_floor, "a command with the floor itself as counter")

    above = local.command(EnableSupply(), dut, as_user=suppliers.gaining, counter=floor + 1)
    delivered = local.deliver(above, "a command with the counter after the floor")
    home.counters.raise_to(suppliers.gaining.eui, floor + 1)
    timeline.expect(answer_to(above), within="1 min", after=delivered, rule="R-CRD-042")


@testcase(
    "COS-006",
    "A replay of the gaining supplier's command is refused",
    rules=["R-CTR-005", "R-SEC-010"],
    requirements=["SDAG1-3-TRUST"],
    use_cases=["CS02b", "ECS42"],
)
def test_replay_refused(dut, dcc, local, timeline, suppliers):
    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()
    command = local.command(EnableSupply(), dut, as_user=suppliers.gaining)
    first = local.deliver(command, "a command of the gaining supplier")
    timeline.expect(answer_to(command), within="1 min", after=first, rule="R-SEC-005")

    with timeline.never(answer_to(command), during="1 min", rule="R-CTR-005"):
        local.deliver(command, "the same octets again")


@testcase(
    "COS-007",
    "The network operator's credentials and counter are untouched",
    rules=["R-CRD-022"],
    requirements=["IN.02", "SDAG1-3-TRUST", "SDAG1-4-CREDS"],
    use_cases=["CS02b", "CS02a"],
)
def test_network_operator_untouched(dut, dcc, suppliers, network_operator, expect):
    before = dcc.credentials(dut, ["NetworkOperator"], as_user=network_operator)[Role.NETWORK_OPERATOR]

    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    after = dcc.credentials(dut, ["NetworkOperator"], as_user=network_operator)[Role.NETWORK_OPERATOR]
    expect("cells of the network operator", after.cells).equals(before.cells)
    expect("execution counter of the network operator", after.current_seq_number).equals(before.current_seq_number)
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=network_operator)
    expect("result of the network operator's read", reading.results).equals([0])


@testcase(
    "COS-008",
    "Registers and profile log go on as if nothing had happened",
    rules=["R-CRD-057"],
    requirements=["IN.02"],
    use_cases=["CS02b", "ECS17b", "ECS22b"],
)
def test_registers_untouched(dut, dcc, clock, mains, suppliers, expect):
    day = ReadLogPeriod(start=clock.now() - timedelta(days=1), end=clock.now())
    register = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    profile = dcc.ask(ReadActiveImportProfileData(period=day), dut, as_user=suppliers.losing).profile()
    expect("half hours of a day in the profile log", len(profile)).equals(48)
    watts = mains.sample().power

    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    later = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining)
    hours = (later.seen.time - register.seen.time).total_seconds() / 3600
    counted = later.import_register() - register.import_register()
    expect("energy counted meanwhile (Wh)", counted).lies_between(int(watts * hours) - 2, int(watts * hours) + 2)
    same = dcc.ask(ReadActiveImportProfileData(period=day), dut, as_user=suppliers.gaining).profile()
    expect("profile log of that day", same).equals(profile)


@testcase(
    "COS-009",
    "The gas proxy keeps its supplier when the electricity supplier changes",
    rules=["R-HUB-001", "R-CRD-022"],
    requirements=["IN.02", "SDAG1-3-TRUST", "IN.01", "SDAG1-4-CREDS"],
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
def test_gas_proxy_untouched(home, dut, dcc, suppliers, expect):
    gas_proxy = home.device("GPF")
    before = dcc.credentials(gas_proxy, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]

    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    after = dcc.credentials(gas_proxy, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("cells of the supplier on the gas proxy", after.cells).equals(before.cells)
    expect("its execution counter there", after.current_seq_number).equals(before.current_seq_number)


def _security_log(start, end):
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=end + timedelta(seconds=1))
    return ReadEventOrSecurityLog(period=period, log="Security")
