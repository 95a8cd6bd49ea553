"""A party replaces its own certificates (6.15.1): its cells, its counter, what waits, and nobody else's cells."""

from dataclasses import replace

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ReadInstantaneousImportRegisters,
    RetrieveDeviceSecurityCredentialsDevice,
    UpdatePaymentMode,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert, response_to
from bench.gbcs.credentials import Replacement
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from bench.local_point import answer_to
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases.change_of_supplier.steps import CELLS, asked, counter, held, statuses, suppliers_of
from testcases.gas_steps import to_prepayment

DONE = 0x8F66
REQUIREMENTS = ["SDAG1-3-PKI", "SDAG1-3-TRUST"]
A_SIGNED_READ = RetrieveDeviceSecurityCredentialsDevice(credential_type="Digital Signature")
OPERATOR_SIGNING = TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.DIGITAL_SIGNATURE)
OPERATOR_AGREEMENT = TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.KEY_AGREEMENT)


@testcase(
    "COS-301",
    "A supplier replaces its own certificates: the new signing key counts from then on, the old one no more",
    rules=["R-CRD-037", "R-CRD-050", "R-CRD-022", "R-CRD-036", "R-CRD-060"],
    requirements=[*REQUIREMENTS, "SP.17"],
    use_cases=["CS02b", "CS02a", "CS02e"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_supplier_renews(kind, home, dcc, authority, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    before = held(dcc, device, "Supplier", supplier)
    renewed = authority.credentials(supplier, Unit.SUPPLIER)

    outcome = dcc.ask(renewed.renewal("Supplier"), device, as_user=supplier).replacement()

    expect("status of each cell", statuses(outcome)).equals(dict.fromkeys(CELLS, 0), rule="R-CRD-037")
    after = held(dcc, device, "Supplier", supplier)
    expect("subjects of the cells", {subject for subject, _ in after.values()}).equals({supplier.eui}, rule="R-CRD-036")
    kept = {key for _, key in before.values()} & {key for _, key in after.values()}
    expect("key identifiers kept", kept).equals(set(), rule="R-CRD-037")
    with authority.in_use(renewed):
        answer = dcc.ask(A_SIGNED_READ, device, as_user=supplier, rule="R-CRD-060")
        expect("protection of the answer to the new key", answer.protected_well).equals(True)
        reading = dcc.ask(ReadInstantaneousImportRegisters(), device, as_user=supplier, rule="R-CRD-060")
        expect("protection of a reading", reading.protected_well).equals(True, rule="R-CRD-060")

    by_the_old_key = dcc.send(A_SIGNED_READ, device, as_user=supplier)
    with timeline.never(response_to(by_the_old_key.request), during=by_the_old_key.patience, rule="R-CRD-060"):
        pass


@testcase(
    "COS-302",
    "Without a floor the supplier's counter stays; with one it becomes the floor",
    rules=["R-CRD-044", "R-CRD-040", "R-CRD-043", "R-CRD-020"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_counter_of_renewal(kind, home, dcc, authority, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    renewed = authority.credentials(supplier, Unit.SUPPLIER)
    broker = dcc.credentials(device, ["AccessControlBroker"], as_user=supplier)[Role.ACCESS_CONTROL_BROKER]
    sent = dcc.send(renewed.renewal("Supplier"), device, as_user=supplier)

    outcome = sent.response().replacement()

    expect("counter changes told", list(outcome.changes)).equals([], rule="R-CRD-043")
    number = sent.request.request_id.counter
    expect("counter of the supplier", counter(dcc, device, "Supplier", supplier)).equals(number, rule="R-CRD-044")

    floor = number + 10_000_000
    with authority.in_use(renewed):
        again = authority.credentials(supplier, Unit.SUPPLIER)
        outcome = dcc.ask(again.renewal("Supplier", floor=floor), device, as_user=supplier).replacement()
    expect("floor told", [(one.role, one.floor) for one in outcome.changes]).equals(
        [(Role.SUPPLIER, floor)], rule="R-CRD-043"
    )
    expect("counter of the supplier", counter(dcc, device, "Supplier", supplier)).equals(floor, rule="R-CRD-040")
    later = dcc.credentials(device, ["AccessControlBroker"], as_user=supplier)[Role.ACCESS_CONTROL_BROKER]
    expect("counter of the broker", later.current_seq_number).equals(broker.current_seq_number, rule="R-CRD-040")


@testcase(
    "COS-303",
    "What a supplier left waiting on the electricity meter survives its own new certificates",
    rules=["R-CRD-056", "R-FUT-008"],
    requirements=[*REQUIREMENTS, "SDAG1-4-TCOS"],
    use_cases=["CS02b", "ECS28a"],
)
def test_waiting_settings_kept(dut, dcc, authority, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    waiting = LoadLimit(execute_at=at, period=60, power_threshold=9000, restoration_period=60, supply_state="Disable")
    dcc.ask(waiting, dut, as_user=supplier)

    dcc.ask(authority.credentials(supplier, Unit.SUPPLIER).renewal("Supplier"), dut, as_user=supplier)
    clock.sleep_until(at + minutes(1))

    alerts = timeline.find(device_alert(dut, DONE, to=supplier))
    expect("alerts 8F66 to the supplier", len(alerts)).equals(4)


@testcase(
    "COS-304",
    "What a supplier left waiting on the gas meter survives its own new certificates",
    rules=["R-CRD-056", "R-FUT-008"],
    requirements=[*REQUIREMENTS, "SDAG1-4-TCOS"],
    use_cases=["CS02b", "GCS02"],
    devices=["GSME"],
)
def test_waiting_mode_kept(gsme, dcc, gas, authority, clock, timeline, gas_suppliers):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    at = clock.now().replace(second=0, microsecond=0) + hours(3)
    gas.ask(UpdatePaymentMode(execute_at=at, credit=True), gsme, as_user=supplier)

    dcc.ask(authority.credentials(supplier, Unit.SUPPLIER).renewal("Supplier"), gsme, as_user=supplier)

    clock.sleep_until(at - minutes(1))
    timeline.expect(device_alert(gsme, DONE, to=supplier), within=minutes(40))


@testcase(
    "COS-309",
    "Certificates that the losing supplier left waiting do not bring it back",
    rules=["R-CRD-056"],
    requirements=[*REQUIREMENTS, "SDAG1-4-TCOS"],
    use_cases=["CS02b"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_waiting_certificates_withdrawn(kind, home, dcc, authority, clock, timeline, expect):
    device = home.device(kind)
    parties = suppliers_of(home, device)
    at = clock.now().replace(second=0, microsecond=0) + hours(2)
    dcc.ask(authority.credentials(parties.losing, Unit.SUPPLIER).renewal("Supplier", execute_at=at), device,
            as_user=parties.losing)  # fmt: skip

    dcc.ask(dcc.change_of_supplier(device, parties.gaining), device, as_user=parties.gaining)

    with timeline.never(device_alert(device, DONE)):
        clock.sleep_until(at + minutes(40))
    cells = held(dcc, device, "Supplier", parties.gaining).values()
    expect("subjects of the supplier's cells", {subject for subject, _ in cells}).equals({parties.gaining.eui})


@testcase(
    "COS-305",
    "The network operator replaces its own certificates; those of the supplier stay",
    rules=["R-CRD-022", "R-CRD-037", "R-CRD-040", "R-CRD-060"],
    requirements=[*REQUIREMENTS, "SP.17", "SDAG1-4-CREDS"],
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_network_operator_renews(kind, home, dcc, authority, network_operator, expect):
    device = home.device(kind)
    before = held(dcc, device, "Supplier", network_operator)
    counted = counter(dcc, device, "Supplier", network_operator)
    renewed = authority.credentials(network_operator, Unit.NETWORK_OPERATOR)

    outcome = dcc.ask(renewed.renewal("NetworkOperator", floor=0), device, as_user=network_operator).replacement()

    expect("status of each cell", statuses(outcome)).equals(
        {OPERATOR_SIGNING: 0, OPERATOR_AGREEMENT: 0}, rule="R-CRD-037"
    )
    expect("cells of the supplier", held(dcc, device, "Supplier", network_operator)).equals(before, rule="R-CRD-022")
    expect("counter of the supplier", counter(dcc, device, "Supplier", network_operator)).equals(counted, "R-CRD-022")
    expect("counter of the operator", counter(dcc, device, "NetworkOperator", network_operator)).equals(0, "R-CRD-040")
    with authority.in_use(renewed):
        again = authority.credentials(network_operator, Unit.NETWORK_OPERATOR)
        outcome = dcc.ask(
            again.renewal("NetworkOperator"), device, as_user=network_operator, rule="R-CRD-060"
        ).replacement()
        expect("statuses of the next renewal", set(statuses(outcome).values())).equals({0}, rule="R-CRD-060")


@testcase(
    "COS-306",
    "A party cannot put its certificates into the cells of another role",
    rules=["R-CRD-022", "R-CRD-037"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
@pytest.mark.parametrize("sender", ["supplier", "network operator", "CoS party"])
def test_cells_of_another_role(sender, kind, home, dcc, local, authority, timeline, network_operator, expect):
    device = home.device(kind)
    supplier, gaining = suppliers_of(home, device).losing, suppliers_of(home, device).gaining
    operators = authority.credentials(network_operator, Unit.NETWORK_OPERATOR)
    suppliers = authority.credentials(supplier, Unit.SUPPLIER)
    body, user, foreign, cell = {
        "supplier": (suppliers.renewal("Supplier"), supplier, operators, OPERATOR_SIGNING),
        "network operator": (operators.renewal("NetworkOperator"), network_operator, suppliers, CELLS[0]),
        "CoS party": (dcc.change_of_supplier(device, gaining), gaining, operators, OPERATOR_SIGNING),
    }[sender]
    role = "Supplier" if sender == "network operator" else "NetworkOperator"
    before = held(dcc, device, role, network_operator)
    good = local.command(body, device, as_user=user)
    wanted = asked(good)
    more = replace(wanted, replacements=[*wanted.replacements, Replacement(foreign.certificates["ds"], cell)])
    command = local.protect(replace(good, payload=bytes(more), signature=None, mac=None), device)

    delivered = local.deliver(command, f"a replacement that also names the {cell.role.name.lower()} cell")

    seen = timeline.expect(answer_to(command), within=minutes(1), after=delivered)
    outcome = statuses(local.read(seen).replacement())
    expect("status of the cell of another role", outcome.pop(cell)).satisfies("not to be success", bool)
    expect("status of the sender's own cells", set(outcome.values())).equals({0}, rule="R-CRD-037")
    expect("cells of the other role", held(dcc, device, role, network_operator)).equals(before)


@testcase(
    "COS-307",
    "A replacement is refused whose mode is not that of its message code, or whose sequence number is not its counter",
    rules=["R-CRD-021", "R-CRD-031", "R-SEC-020"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
@pytest.mark.parametrize("wrong", ["mode", "sequence number"])
def test_inconsistent(wrong, kind, home, dcc, local, authority, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    before = held(dcc, device, "Supplier", supplier)
    renewal = authority.credentials(supplier, Unit.SUPPLIER).renewal("Supplier")
    rule = "R-CRD-021" if wrong == "mode" else "R-CRD-031"

    for other in (1, 3, 7) if wrong == "mode" else (1, -1, 1 << 32):
        good = local.command(renewal, device, as_user=supplier)
        changed = {"mode": other} if wrong == "mode" else {"authorising_seq": good.counter + other}
        payload = bytes(replace(asked(good), **changed))
        command = local.protect(replace(good, payload=payload, signature=None, mac=None), device)
        with timeline.never(answer_to(command), during=minutes(1), rule=rule):
            local.deliver(command, f"a replacement with a wrong {wrong}: {changed}")

    expect("cells of the supplier", held(dcc, device, "Supplier", supplier)).equals(before, rule=rule)


@testcase(
    "COS-308",
    "A supplier's own future-dated replacement is accepted now, executed at its time, and told to the supplier",
    rules=["R-FUT-012", "R-FUT-011", "R-FUT-013", "R-FUT-005"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_future_dated_renewal(kind, home, dcc, authority, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    before = held(dcc, device, "Supplier", supplier)
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    renewal = authority.credentials(supplier, Unit.SUPPLIER).renewal("Supplier", execute_at=at)
    sent = dcc.send(renewal, device, as_user=supplier)
    accepted = sent.response().replacement()
    expect("an outcome in the response", accepted is not None).equals(False, rule="R-FUT-005")
    expect("cells of the supplier meanwhile", held(dcc, device, "Supplier", supplier)).equals(before, rule="R-FUT-005")

    seen = timeline.expect(device_alert(device, DONE), within=minutes(12), after=sent.posted)

    alert = dcc.read(seen)
    told = alert.replacement_alert()
    expect("target of the alert", alert.message.target).equals(supplier.eui, rule="R-FUT-012")
    expect("execution time in the alert", told.execution_time).equals(at, rule="R-FUT-013")
    expect("arrival of the alert", seen.time).lies_between(at, at + seconds(30), rule="R-FUT-013")
    expect("statuses in the alert", statuses(told.outcome)).equals(dict.fromkeys(CELLS, 0), rule="R-FUT-011")
    expect("sequence number in the alert", told.outcome.authorising_seq).equals(
        sent.request.request_id.counter, rule="R-FUT-011"
    )
