"""The recovery party replaces credentials that nobody can replace any more; its right ends at the root."""

from dataclasses import replace

import pytest

from bench.clock import minutes
from bench.dcc.bodies import RetrieveDeviceSecurityCredentialsDevice
from bench.gbcs.credentials import Replacement, SeqChange
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from bench.local_point import answer_to
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases.change_of_supplier.steps import (
    CELLS,
    OPERATOR_CELLS,
    USAGES,
    command_of_recovery,
    counter,
    held,
    recovery_party,
    statuses,
)

ROOT = TrustAnchorCell(Role.ROOT, KeyUsage.KEY_CERT_SIGN)
REQUIREMENTS = ["SDAG9-6.1.4-ROOTREC", "SDAG1-3-TRUST"]


@testcase(
    "COS-501",
    "The recovery party puts another supplier and network operator on the meter, with the floors it gives",
    rules=["R-CRD-022", "R-CRD-045", "R-CRD-042", "R-CRD-037", "R-CRD-043"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a", "CS02e"],
)
def test_recovered(dut, dcc, local, authority, timeline, suppliers, network_operator, expect):
    recovery = recovery_party(dcc, dut, network_operator)
    supplier = authority.credentials(suppliers.gaining, Unit.SUPPLIER)
    operator = authority.credentials(network_operator, Unit.NETWORK_OPERATOR)
    wanted = [Replacement(supplier.certificates[usage], cell) for usage, cell in zip(USAGES, CELLS, strict=True)]
    wanted += [Replacement(operator.certificates[one], cell) for one, cell in zip(USAGES, OPERATOR_CELLS, strict=False)]
    changes = [SeqChange(Role.SUPPLIER, 1000, [(0, 5)]), SeqChange(Role.NETWORK_OPERATOR, 2000)]
    command = local.signed(command_of_recovery(dut, recovery, wanted, supplier.path, changes))

    delivered = local.deliver(command, "a replacement by the recovery party")

    seen = timeline.expect(answer_to(command), within=minutes(1), after=delivered)
    outcome = local.read(seen).replacement()
    expect("status of each cell", set(statuses(outcome).values())).equals({0}, rule="R-CRD-022")
    told = [(one.role, one.floor) for one in outcome.changes]
    expect("floors told", told).equals([(Role.SUPPLIER, 1000), (Role.NETWORK_OPERATOR, 2000)], rule="R-CRD-043")
    owners = {subject for subject, _ in held(dcc, dut, "Supplier", network_operator).values()}
    expect("subjects of the supplier's cells", owners).equals({suppliers.gaining.eui}, rule="R-CRD-037")
    expect("counter of the supplier", counter(dcc, dut, "Supplier", network_operator)).equals(1000, "R-CRD-045")
    expect("counter of the operator", counter(dcc, dut, "NetworkOperator", network_operator)).equals(2000, "R-CRD-045")
    with authority.in_use(supplier):
        read = RetrieveDeviceSecurityCredentialsDevice(credential_type="Digital Signature")
        answer = dcc.ask(read, dut, as_user=suppliers.gaining, rule="R-CRD-037")
        expect("protection of an answer to the new supplier", answer.protected_well).equals(True)


@testcase(
    "COS-502",
    "The recovery party cannot put another root on the meter",
    rules=["R-CRD-023", "R-CRD-022"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
def test_root_stays(dut, dcc, local, authority, timeline, suppliers, network_operator, expect):
    recovery = recovery_party(dcc, dut, network_operator)
    good = authority.credentials(suppliers.gaining, Unit.SUPPLIER)
    foreign = dcc.change_of_supplier(dut, suppliers.gaining, foreign=True).path.certificates[0]
    wanted = [Replacement(foreign, ROOT), Replacement(good.certificates["ds"], CELLS[0])]
    command = local.signed(command_of_recovery(dut, recovery, wanted, good.path))

    delivered = local.deliver(command, "a replacement of root and supplier by the recovery party")

    seen = timeline.expect(answer_to(command), within=minutes(1), after=delivered)
    became = statuses(local.read(seen).replacement())
    expect("status of the root's cell", became[ROOT]).satisfies("not to be 0", bool)
    expect("status of the supplier's cell", became[CELLS[0]]).equals(0, rule="R-CRD-022")


@testcase(
    "COS-503",
    "A replacement in the recovery party's name by anybody else, or a second time, is refused",
    rules=["R-CRD-022", "R-CTR-013", "R-CTR-005", "R-SEC-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
@pytest.mark.parametrize("how", ["supplier's name", "supplier's signature", "a second time"])
def test_recovery_refused(how, dut, dcc, local, authority, timeline, suppliers, network_operator, expect):
    recovery = recovery_party(dcc, dut, network_operator)
    good = authority.credentials(suppliers.gaining, Unit.SUPPLIER)
    command = command_of_recovery(dut, recovery, [Replacement(good.certificates["ds"], CELLS[0])], good.path)
    if how == "supplier's name":
        wrong = local.signed(replace(command, originator=suppliers.losing.eui))
    elif how == "supplier's signature":
        wrong = local.signed(command, by=suppliers.losing)
    else:
        wrong = local.signed(command)
        delivered = local.deliver(wrong, "a replacement by the recovery party")
        timeline.expect(answer_to(wrong), within=minutes(1), after=delivered, rule="R-CRD-022")
    before = held(dcc, dut, "Supplier", network_operator)

    rule = {"a second time": "R-CTR-013", "supplier's signature": "R-SEC-007"}.get(how, "R-CRD-022")
    with timeline.never(answer_to(wrong), during=minutes(1), rule=rule):
        local.deliver(wrong, f"a replacement of the recovery party, {how}")

    expect("cells of the supplier", held(dcc, dut, "Supplier", network_operator)).equals(before, rule=rule)
