"""Credentials clause by clause: what is asked and told, which cells a mode reaches, when dates are judged."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bench.clock import minutes
from bench.dcc import CANCEL
from bench.dcc.bodies import ActivateFirmware, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.gbcs import Cra, Message
from bench.gbcs.credentials import ProvideCredentials, Replacement
from bench.gbcs.trust_anchors import Mode, Role
from bench.local_point import answer_to
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases import gas_steps
from testcases.billing.steps import change_log
from testcases.change_of_supplier.steps import (
    COS_PARTY,
    NAMES,
    OPERATOR_CELLS,
    ROOT,
    SIGNING,
    command_in_mode,
    command_of_recovery,
    counter,
    held,
    recovery_party,
    statuses,
    suppliers_of,
)

PATIENCE = gas_steps.WAKE + minutes(5)
DETAILS = 0x0008
DONE, FAILED = 0x8F66, 0x8F67
COUNTED = ("Root", "Recovery", "TransitionalCoS")
FOUND, NOT_HELD = 0, 25  #: status of a role in CS02a
REQUIREMENTS = ["SDAG1-3-TRUST", "SDAG1-3-PKI"]
#: type of device -> roles that it does not hold
WITHOUT = {
    "ESME": {Role.WAN_PROVIDER},
    "GSME": {Role.WAN_PROVIDER, Role.NETWORK_OPERATOR},
    "GPF": {Role.WAN_PROVIDER},
    "CHF": {Role.SUPPLIER, Role.NETWORK_OPERATOR},
}
#: all there are, with roles that some devices lack among the first
ALL = [
    Role.WAN_PROVIDER, Role.NETWORK_OPERATOR, Role.SUPPLIER, Role.TRANSITIONAL_COS, Role.ROOT,
    Role.ACCESS_CONTROL_BROKER, Role.RECOVERY,
]  # fmt: skip


def details(home, local, device, party, cell, roles):
    """CS02a of a party that names the cell by which it is entitled; not protected yet."""
    number = local.example("CS07", home.device("ESME"), as_user=home.acb).counter
    return Message(Cra.COMMAND, number, party.eui, device.eui, DETAILS, bytes(ProvideCredentials(cell, roles)))


@testcase(
    "COS-576",
    "All roles are asked for at once: each is answered, in that order, also those after a role that is not held",
    rules=["R-CRD-012", "R-CRD-010", "R-CRD-011"],
    requirements=REQUIREMENTS,
    use_cases=["CS02a"],
    devices=list(WITHOUT),
)
@pytest.mark.parametrize("kind", WITHOUT)
def test_all_roles(kind, home, cos_party, local, timeline, expect):
    device = home.device(kind)
    command = local.signed(details(home, local, device, cos_party, COS_PARTY, ALL))

    delivered = local.deliver(command, "CS02a for seven roles")

    seen = timeline.expect(answer_to(command), within=PATIENCE, after=delivered)
    told = local.read(seen).credentials()
    expect("roles told", list(told)).equals(ALL, rule="R-CRD-010")
    wanted = {role: NOT_HELD if role in WITHOUT[kind] else FOUND for role in ALL}
    expect("status of each", {role: one.status for role, one in told.items()}).equals(wanted)
    expect("roles with cells", {role for role, one in told.items() if one.cells}).equals(
        set(ALL) - WITHOUT[kind], rule="R-CRD-011"
    )


@testcase(
    "COS-577",
    "The network operator, too, may sign CS02a without a MAC, and is answered with a signature",
    rules=["R-CRD-013", "R-CMD-008", "R-RSP-005"],
    requirements=REQUIREMENTS,
    use_cases=["CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_operator_asks(kind, home, network_operator, local, timeline, expect):
    device = home.device(kind)
    command = local.signed(details(home, local, device, network_operator, OPERATOR_CELLS[0], [Role.NETWORK_OPERATOR]))

    delivered = local.deliver(command, "CS02a of the network operator")

    seen = timeline.expect(answer_to(command), within=PATIENCE, after=delivered)
    told = (seen.data["signature"], seen.data["mac"])
    expect("signature and MAC of the answer", told).equals(("valid", "absent"), rule="R-RSP-005")


#: mode -> cell of who authorises it, name of that role; its own cell; cells of others, with the unit of their owner
REACH = {
    Mode.SUPPLIER_BY_SUPPLIER: (SIGNING, "Supplier", (SIGNING, Unit.SUPPLIER)),
    Mode.SUPPLIER_BY_TRANS_COS: (COS_PARTY, "TransitionalCoS", (SIGNING, Unit.SUPPLIER)),
    Mode.TRANS_COS_BY_TRANS_COS: (COS_PARTY, "TransitionalCoS", (COS_PARTY, Unit.TRANSITIONAL_COS)),
    Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR: (OPERATOR_CELLS[0], "NetworkOperator",
                                                (OPERATOR_CELLS[0], Unit.NETWORK_OPERATOR)),
}  # fmt: skip


@testcase(
    "COS-578",
    "A replacement mode reaches the cell it is for; the cells of others beside it are refused and keep what they hold",
    rules=["R-CRD-022", "R-CRD-037"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
@pytest.mark.parametrize("mode", REACH, ids=lambda mode: mode.name)
def test_reach(mode, dut, dcc, local, authority, cos_party, network_operator, suppliers, timeline, expect):
    by, name, own = REACH[mode]
    owners = {SIGNING: suppliers.gaining, COS_PARTY: cos_party, OPERATOR_CELLS[0]: network_operator}
    acting = {"Supplier": suppliers.losing, "TransitionalCoS": cos_party, "NetworkOperator": network_operator}[name]
    cells = [own, *(one for _, _, one in REACH.values() if one != own)]
    credentials = {cell: authority.credentials(owners[cell], unit) for cell, unit in dict(cells).items()}
    wanted = [Replacement(one.certificates["ds"], cell) for cell, one in credentials.items()]
    number = counter(dcc, dut, name, suppliers.losing) + 1
    before = {cell: _held(dcc, dut, cell, suppliers.losing)[cell] for cell in credentials}
    path = credentials[own[0]].path
    command = local.protect(command_in_mode(mode, dut, acting, number, wanted, path, authorising_cell=by), dut)

    delivered = local.deliver(command, f"a replacement of all cells for signing in mode {mode.name}")

    seen = timeline.expect(answer_to(command), within=PATIENCE, after=delivered)
    became = statuses(local.read(seen).replacement())
    expect("cells that were replaced", [cell for cell, status in became.items() if status == 0]).equals([own[0]])
    for cell, was in before.items():
        if cell != own[0]:
            now = _held(dcc, dut, cell, suppliers.losing)[cell]
            expect(f"cell of {cell.role.name}", now).equals(was, rule="R-CRD-037")


def _held(dcc, device, cell, user):
    """What a device says of the role of a cell."""
    name = next(name for name, role in NAMES.items() if role is cell.role)
    return held(dcc, device, name, user)


@testcase(
    "COS-579",
    "Recovery puts a supplier's certificate into no other party's cell, and no other root on the device",
    rules=["R-CRD-036", "R-CRD-023", "R-CRD-037", "R-CTR-013"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_recovery_and_roles(kind, home, dcc, local, authority, network_operator, timeline, expect):
    device = home.device(kind)
    gaining = suppliers_of(home, device).gaining
    supplier = authority.credentials(gaining, Unit.SUPPLIER)
    root = authority.other_root().certificate.public_bytes(Encoding.DER)
    wanted = [
        Replacement(supplier.certificates["ds"], OPERATOR_CELLS[0]),
        Replacement(root, ROOT),
        Replacement(supplier.certificates["ds"], SIGNING),
    ]
    recovery = recovery_party(dcc, device, network_operator)
    before = held(dcc, device, "Root", network_operator), held(dcc, device, "NetworkOperator", network_operator)
    counted = {name: counter(dcc, device, name, network_operator) for name in COUNTED}
    command = local.signed(command_of_recovery(device, recovery, wanted, supplier.path))

    delivered = local.deliver(command, "a replacement by the recovery party")

    seen = timeline.expect(answer_to(command), within=PATIENCE, after=delivered)
    counters = {name: counter(dcc, device, name, network_operator) for name in COUNTED}
    expect("counters of root, recovery and CoS party", counters).equals(
        counted | {"Recovery": command.counter}, rule="R-CTR-013"
    )
    became = statuses(local.read(seen).replacement())
    expect("status of the operator's cell", became[OPERATOR_CELLS[0]]).satisfies("not to be 0", bool)
    expect("status of the root's cell", became[ROOT]).satisfies("not to be 0", bool, rule="R-CRD-023")
    expect("status of the supplier's cell", became[SIGNING]).equals(0, rule="R-CRD-037")
    after = held(dcc, device, "Root", network_operator), held(dcc, device, "NetworkOperator", network_operator)
    expect("cells of root and operator", after).equals(before, rule="R-CRD-037")


@testcase(
    "COS-677",
    "The dates of a future-dated replacement are judged at its time: what has run out by then is not installed",
    rules=["R-CRD-033", "R-TIM-020", "R-CRD-037b"],
    requirements=["SDAG1-3-PKI"],
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_dates_at_its_time(kind, home, dcc, authority, clock, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    before = held(dcc, device, "Supplier", suppliers.losing)
    at = (clock.now() + minutes(65)).replace(second=0, microsecond=0)
    short = authority.credentials(
        suppliers.gaining, Unit.SUPPLIER, validity=(clock.now() - minutes(60), at - minutes(5))
    )
    body = dcc.change_of_supplier(device, suppliers.gaining, credentials=short, execute_at=at)
    sent = dcc.send(body, device, as_user=suppliers.gaining)
    sent.response(rule="R-FUT-005")

    seen = timeline.expect(device_alert(device, DONE, FAILED), within=minutes(120), after=sent.posted)

    expect("code of the alert", dcc.read(seen).replacement_alert().alert_code).equals(FAILED, rule="R-CRD-037b")
    expect("cells of the supplier", held(dcc, device, "Supplier", suppliers.losing)).equals(before)


@testcase(
    "COS-678",
    "A firmware activation that the losing supplier left waiting does not happen, nor is it told",
    rules=["R-CRD-056"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS06"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_firmware_withdrawn(kind, home, dcc, clock, timeline, expect):
    """There is no image: an activation that takes place fails, and is told all the same."""
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    at = (clock.now() + minutes(95)).replace(second=0, microsecond=0)
    body = ActivateFirmware(execute_at=at, firmware_hash=bytes(32))
    dcc.ask(body, device, as_user=suppliers.losing, rule="R-FUT-005")

    dcc.ask(dcc.change_of_supplier(device, suppliers.gaining), device, as_user=suppliers.gaining)

    with timeline.never(device_alert(device, DONE, FAILED)):
        clock.sleep_until(at + minutes(40))


@testcase(
    "COS-679",
    "A supplier that renews its own credentials has no snapshot taken and nothing withdrawn",
    rules=["R-CRD-054", "R-CRD-056", "R-CRD-060"],
    requirements=["SDAG1-4-CREDS"],
    use_cases=["CS02b", "CS06", "ECS20b"],
)
def test_renewal(dut, dcc, authority, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    dcc.ask(ActivateFirmware(execute_at=at, firmware_hash=bytes(32)), dut, as_user=supplier, rule="R-FUT-005")
    before = change_log(dcc, dut, supplier, clock)
    held(dcc, dut, "Supplier", supplier)
    renewed = authority.credentials(supplier, Unit.SUPPLIER)
    dcc.ask(renewed.renewal("Supplier"), dut, as_user=supplier)

    with authority.in_use(renewed):
        expect("log of changes", change_log(dcc, dut, supplier, clock)).equals(before)
        answer = dcc.ask(ReadSupplyStatus(), dut, as_user=supplier)
        expect("MAC of an answer, by the new key", answer.protection.mac).equals("valid", rule="R-CRD-060")
        clock.sleep_until(at)
        timeline.expect(device_alert(dut, FAILED), within=minutes(2), rule="R-CRD-056")


@testcase(
    "COS-776",
    "A change of supplier that is withdrawn leaves the network operator's own replacement to its time",
    rules=["R-FUT-004", "R-FUT-012", "R-CRD-056"],
    requirements=["IN.02", "SDAG1-4-CREDS"],
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_withdrawn_apart(kind, home, dcc, authority, network_operator, clock, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    before = {name: held(dcc, device, name, suppliers.losing) for name in ("Supplier", "NetworkOperator")}
    renewal = authority.credentials(network_operator, Unit.NETWORK_OPERATOR).renewal("NetworkOperator", execute_at=at)
    sent = dcc.send(renewal, device, as_user=network_operator)
    sent.response(rule="R-FUT-005")
    for when in (at, CANCEL):
        body = dcc.change_of_supplier(device, suppliers.gaining, execute_at=when)
        dcc.ask(body, device, as_user=suppliers.gaining, rule="R-FUT-005")

    clock.sleep_until(at + minutes(2))

    told = [
        dcc.read(one).message.target for one in timeline.find(device_alert(device, DONE, FAILED), after=sent.posted)
    ]
    expect("who was told of outcomes", told).equals([network_operator.eui], rule="R-FUT-012")
    after = {name: held(dcc, device, name, suppliers.losing) for name in before}
    expect("whether the operator's cells have changed", after["NetworkOperator"] != before["NetworkOperator"]).equals(
        True, rule="R-FUT-004"
    )
    expect("cells of the supplier", after["Supplier"]).equals(before["Supplier"], rule="R-FUT-004")
