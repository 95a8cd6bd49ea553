"""Handover: the broker holds the cells of a proxy that nobody has taken yet, and gives them to a party (6.21)."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc.bodies.credentials import RequestHandoverOfDCCControlledDevice
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.gbcs.credentials import Replacement
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
    suppliers_of,
)

#: role -> its cells, the role of its certificates
ROLES = {"Supplier": (CELLS, Unit.SUPPLIER), "NetworkOperator": (OPERATOR_CELLS, Unit.NETWORK_OPERATOR)}
REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
REQUIREMENTS = ["SDAG9-6.3.2-MOPCRED", "SDAG1-3-TRUST"]
FLOOR = 40


def request(role, credentials):
    """6.21 for a role, with its certificates. Its form is that of 6.15.1; no sample of it is at hand."""
    body = credentials.renewal(role, floor=FLOOR)
    return RequestHandoverOfDCCControlledDevice(
        role=role,
        floor=body.floor,
        top_up_floor=0 if role == "Supplier" else None,
        certificates=body.certificates,
        path=body.path,
        apply_time_checks=True,
    )


def owners(dcc, device, role, user):
    """Who is the subject of the cells of a role."""
    return {subject for subject, _ in held(dcc, device, role, user).values()}


@pytest.fixture
def untaken(home, gpf, dcc, local, authority, timeline):
    """A function that lets the broker hold the cells of a role of the proxy, as at installation."""

    def prepare(role, user):
        cells, unit = ROLES[role]
        broker = authority.of_own_keys(home.acb, unit)
        wanted = [Replacement(broker.certificates[usage], cell) for usage, cell in zip(USAGES, cells, strict=False)]
        recovery = recovery_party(dcc, gpf, user)
        number = counter(dcc, gpf, "Recovery", user) + 1
        command = local.signed(command_of_recovery(gpf, recovery, wanted, broker.path, number=number))
        delivered = local.deliver(command, f"a replacement of the cells of {role} by the broker's certificates")
        timeline.expect(answer_to(command), within=minutes(1), after=delivered)
        precondition(owners(dcc, gpf, role, user) == {home.acb.eui}, f"the broker holds the cells of {role}")

    return prepare


@testcase(
    "COS-551",
    "A proxy whose cells the broker holds is handed over by 6.21: signed by the broker, in the mode of the role",
    rules=["R-CRD-026", "R-CRD-022", "R-CRD-040", "R-CRD-050"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["GPF"],
)
@pytest.mark.parametrize("role", ROLES)
def test_handed_over(role, untaken, home, gpf, dcc, authority, network_operator, expect):
    suppliers = suppliers_of(home, gpf)
    taker = suppliers.gaining if role == "Supplier" else network_operator
    cells, unit = ROLES[role]
    other = next(one for one in ROLES if one != role)
    untaken(role, taker)
    before = held(dcc, gpf, other, taker)
    credentials = authority.credentials(taker, unit)

    response = dcc.ask(request(role, credentials), gpf, as_user=taker, rule="R-CRD-026")

    expect("who is answered", response.message.target).equals(home.acb.eui, rule="R-CRD-026")
    expect("signature of the answer", response.protection.signature).equals("valid", rule="R-CRD-026")
    expect("status of each cell", statuses(response.replacement())).equals(dict.fromkeys(cells, 0))
    expect("subjects of the cells", owners(dcc, gpf, role, taker)).equals({taker.eui})
    expect("counter of the role", counter(dcc, gpf, role, taker)).equals(FLOOR, rule="R-CRD-040")
    expect(f"cells of {other}", held(dcc, gpf, other, taker)).equals(before, rule="R-CRD-022")
    with authority.in_use(credentials):
        answer = dcc.ask(ReadInstantaneousImportRegisters(), gpf, as_user=taker, rule="R-CRD-026")
        expect("MAC of a reading to the new holder", answer.protection.mac).equals("valid")


@testcase(
    "COS-552",
    "What has been handed over the broker cannot hand over again",
    rules=["R-CRD-026", "R-SEC-007", "R-CRD-022"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["GPF"],
)
def test_only_once(untaken, home, gpf, dcc, authority, timeline, expect):
    suppliers = suppliers_of(home, gpf)
    untaken("Supplier", suppliers.losing)
    first = authority.credentials(suppliers.losing, Unit.SUPPLIER)
    dcc.ask(request("Supplier", first), gpf, as_user=suppliers.losing, rule="R-CRD-026")
    before = held(dcc, gpf, "Supplier", suppliers.losing)

    second = dcc.send(request("Supplier", authority.credentials(suppliers.gaining, Unit.SUPPLIER)), gpf,
                      as_user=suppliers.gaining)  # fmt: skip

    timeline.expect(device_alert(gpf, *REFUSALS, to=suppliers.losing), within=minutes(2), after=second.posted)
    expect("cells of the supplier", held(dcc, gpf, "Supplier", suppliers.losing)).equals(before)
