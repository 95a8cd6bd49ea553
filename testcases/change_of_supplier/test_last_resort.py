"""A supplier fails: another takes every device of its homes over, and the failed one takes no part in it."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ReadSupplyStatus
from bench.dcc.bodies.credentials import (
    CertificationPath,
    PartyCertificates,
    RequestHandoverOfDCCControlledDevice,
)
from bench.dcc_point import device_alert
from bench.gbcs.credentials import Replacement, SeqChange
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases import gas_steps
from testcases.change_of_supplier.steps import (
    CELLS,
    USAGES,
    command_of_recovery,
    held,
    recovery_party,
    statuses,
    suppliers_of,
)
from testcases.prepayment.steps import registers, to_prepayment

REQUIREMENTS = ["SDAG9-6.4-SOLR", "SDAG9-6.1.4-ROOTREC"]
POUND = 100_000  #: 1/1000 p
ON, OPEN = 1, 2
UNAUTHORISED = (0x8F30, 0x8F3D, 0x8F3E)


@testcase(
    "COS-701",
    "A supplier of last resort takes meters and proxy of a prepaid home over: supply stays, its tokens count at once",
    rules=["R-CRD-057", "R-CRD-041", "R-CRD-058", "R-CRD-059"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a", "CS01a", "CS01b", "ECS45", "GCS33"],
    devices=["ESME", "GSME", "GPF"],
)
def test_prepaid_home(dut, gsme, gpf, home, dcc, gas, suppliers, gas_suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=3 * POUND)
    gas_steps.to_prepayment(gas, gsme, gas_suppliers.losing, 3)
    unused = dcc.token(dut, 5, as_user=suppliers.losing), dcc.token(gsme, 5, as_user=gas_suppliers.losing)

    for device in (dut, gsme, gpf):  # by the gaining supplier and the CoS party alone
        gaining = suppliers_of(home, device).gaining
        outcome = dcc.send(dcc.change_of_supplier(device, gaining), device, as_user=gaining).response().replacement()
        expect(f"status of each cell of {device}", set(statuses(outcome).values())).equals({0}, rule="R-CRD-037")
        owners = {subject for subject, _ in held(dcc, device, "Supplier", gaining).values()}
        expect(f"subjects of the supplier's cells of {device}", owners).equals({gaining.eui}, rule="R-CRD-037")

    gaining = suppliers.gaining
    state = dcc.ask(ReadSupplyStatus(), dut, as_user=gaining).value()
    expect("state of the electricity supply", state).equals(ON)
    expect("state of the valve", gas_steps.valve_state(gas, gsme, gas_suppliers.gaining)).equals(OPEN)
    before = registers(dcc, dut, gaining).balance
    expect("balance (1/1000 p)", before).lies_between(2 * POUND, 3 * POUND)
    refused = dcc.top_up(dut, unused[0], as_user=gaining).results
    expect("result of the failed supplier's token", refused).equals([1], rule="R-CRD-059")
    credited = dcc.top_up(dut, dcc.token(dut, 10, as_user=gaining), as_user=gaining).results
    expect("result of the new supplier's first token", credited).equals([0], rule="R-CRD-041")
    after = registers(dcc, dut, gaining).balance
    expect("credit of it (1/1000 p)", after - before).lies_between(9 * POUND, 10 * POUND, rule="R-CRD-041")

    gaining = gas_suppliers.gaining
    for token, accepted, rule in ((unused[1], 1, "R-CRD-059"), (dcc.token(gsme, 10, as_user=gaining), 0, "R-CRD-041")):
        result = gas.read(dcc.top_up(gsme, token, as_user=gaining)).fields()["result"]
        expect("result of a gas token", result).equals(accepted, rule=rule)
    balance = gas_steps.registers(gas, gsme, gaining)[gas_steps.BALANCE]
    expect("gas balance (1/1000 p)", balance).lies_between(11 * POUND, 13 * POUND)


@testcase(
    "COS-702",
    "Gas meter and proxy are recovered too: the recovery party puts a supplier of last resort on either",
    rules=["R-CRD-022", "R-CRD-037", "R-CRD-042", "R-CRD-060"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a", "GCS13a"],
    devices=["GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["GSME", "GPF"])
def test_recovered_gas(kind, home, dcc, gas, local, authority, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    supplier = authority.credentials(suppliers.gaining, Unit.SUPPLIER)
    wanted = [Replacement(supplier.certificates[usage], cell) for usage, cell in zip(USAGES, CELLS, strict=True)]
    changes = [SeqChange(Role.SUPPLIER, 1000, [(0, 5)])]
    party = recovery_party(dcc, device, suppliers.losing)
    command = local.signed(command_of_recovery(device, party, wanted, supplier.path, changes))

    delivered = local.deliver(command, "a replacement by the recovery party")

    seen = timeline.expect(answer_to(command), within=gas_steps.WAKE + minutes(5), after=delivered)
    outcome = local.read(seen).replacement()
    expect("status of each cell", set(statuses(outcome).values())).equals({0}, rule="R-CRD-022")
    with authority.in_use(supplier):
        owners = {subject for subject, _ in held(dcc, device, "Supplier", suppliers.gaining).values()}
        expect("subjects of the supplier's cells", owners).equals({suppliers.gaining.eui}, rule="R-CRD-037")
        litres = gas_steps.volume(gas, device, suppliers.gaining)
        expect("register that the new supplier reads (litres)", litres).satisfies("more than 0", bool, rule="R-CRD-060")


@testcase(
    "COS-703",
    "A proxy that has a supplier is handed over by the CoS party, not by the DCC: 6.21 is refused, its supplier told",
    rules=["R-CRD-022", "R-SEC-005", "R-SEC-020"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["GPF"],
)
def test_no_handover(home, gpf, dcc, timeline, expect):
    suppliers = suppliers_of(home, gpf)
    change = dcc.change_of_supplier(gpf, suppliers.gaining)
    before = held(dcc, gpf, "Supplier", suppliers.losing)
    handover = RequestHandoverOfDCCControlledDevice(
        role="Supplier",
        floor=change.supplier_floor,
        top_up_floor=0,
        certificates=PartyCertificates(party=change.certificates),
        path=CertificationPath(certificates=change.path.certificates),
        apply_time_checks=True,
    )
    sent = dcc.send(handover, gpf, as_user=suppliers.gaining)
    timeline.expect(device_alert(gpf, *UNAUTHORISED, to=suppliers.losing), within=minutes(2), after=sent.posted)
    expect("cells of the supplier", held(dcc, gpf, "Supplier", suppliers.losing)).equals(before, rule="R-CRD-022")
