"""The last way out: by contingency even the root is replaced, with the key that opens the contingency public key."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bench.clock import minutes
from bench.gbcs import Eui64
from bench.gbcs.credentials import Replacement, SeqChange
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role, Status, TrustAnchorCell
from bench.local_point import answer_to
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases import gas_steps
from testcases.change_of_supplier.steps import (
    COS_PARTY,
    ROOT,
    command_in_mode,
    command_of_recovery,
    counter,
    recovery_party,
    statuses,
)

CONTINGENCY_KEY = 22  #: status: the contingency public key could not be opened
NOBODY = Eui64(bytes(8))
YEAR = timedelta(days=365)
REQUIREMENTS = ["SDAG9-6.1.4-ROOTREC", "SDAG1-3-TRUST"]
ROLES = {"Root": Role.ROOT, "TransitionalCoS": Role.TRANSITIONAL_COS}
KINDS = ["ESME", "GSME", "GPF", "CHF", "PPMID", "HCALCS"]


class Emergency:
    """A new root, a certificate of the CoS party below it, and commands by which contingency puts them on a device."""

    def __init__(self, home, dcc, local, authority, timeline, device):
        self._home, self._dcc, self._local, self._timeline, self._device = home, dcc, local, timeline, device
        self.reader = home.supplier_parties[0]
        self.contingency = authority.contingency()
        self.root = authority.other_root()
        now = home.clock.now()
        self.issuing = authority.issuing_authority((now - YEAR, now + YEAR), below=self.root)
        self.party = authority.credentials(home.cos_party, Unit.TRANSITIONAL_COS, issuer=self.issuing)

    def command(self, number, symmetric_key=None, **more):
        """The command, signed with the private key of contingency, and with no MAC."""
        wanted = [
            Replacement(self.root.certificate.public_bytes(Encoding.DER), ROOT),
            Replacement(self.party.certificates["ds"], COS_PARTY),
        ]
        key = self.contingency.symmetric_key if symmetric_key is None else symmetric_key
        unsigned = command_in_mode(
            Mode.ANY_BY_CONTINGENCY,
            self._device,
            self.contingency.party,
            number,
            wanted,
            self.party.path,
            authorising_cell=ROOT,
            plaintext_symmetric_key=key,
            **more,
        )
        return self._local.signed(unsigned)

    def outcome(self, command, words, rule):
        """What the device answers to it."""
        delivered = self._local.deliver(command, words)
        seen = self._timeline.expect(answer_to(command), within=gas_steps.WAKE + minutes(5), after=delivered, rule=rule)
        return seen, self._local.read(seen).replacement()

    def state(self):
        """What the device says of root and CoS party, asked at once: role -> cells, role -> counter."""
        told = self._dcc.credentials(self._device, [*ROLES], as_user=self.reader)
        cells = {
            name: {
                TrustAnchorCell(role, one.key_usage, one.cell_usage): (one.subject, one.key_id)
                for one in told[role].cells
            }
            for name, role in ROLES.items()
        }
        return cells, {name: told[role].current_seq_number for name, role in ROLES.items()}


@testcase(
    "COS-511",
    "By contingency another root and what is below it come onto a device; with a wrong key it says so, and all stays",
    rules=["R-CRD-024", "R-CRD-025", "R-CMD-007", "R-CRD-038", "R-CRD-045", "R-CRD-051", "R-CRD-043"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=KINDS,
)
@pytest.mark.parametrize("kind", KINDS)
def test_contingency(kind, home, dcc, local, authority, timeline, expect):
    device = home.device(kind)
    case = Emergency(home, dcc, local, authority, timeline, device)
    before, counters = case.state()
    number = counters["Root"] + 1

    right = case.contingency.symmetric_key
    wrong = bytes([right[0] ^ 1]) + right[1:]
    _, outcome = case.outcome(
        case.command(number + 100, wrong), "contingency with a key that opens nothing", "R-CRD-024"
    )
    expect("status of each cell", set(statuses(outcome).values())).equals({CONTINGENCY_KEY}, rule="R-CRD-024")
    expect("counter changes told", list(outcome.changes)).equals([], rule="R-CRD-043")
    expect("cells and counters of root and CoS party", case.state()).equals((before, counters), rule="R-CRD-024")

    changes = [SeqChange(Role.TRANSITIONAL_COS, 3000)]
    command = case.command(number, new_party_floor=number, other_party_changes=changes)
    seen, outcome = case.outcome(command, "contingency", "R-CRD-025")
    expect("status of each cell", statuses(outcome)).equals({ROOT: 0, COS_PARTY: 0}, rule="R-CRD-024")
    expect("signature and MAC of the answer", (seen.data["signature"], seen.data["mac"])).equals(
        ("valid", "absent"), rule="R-CMD-007"
    )
    root = next(one for one in outcome.results if one.cell == ROOT)
    expect("subject of the root before and after", (root.existing_subject, root.replacing_subject)).equals(
        (NOBODY, NOBODY), rule="R-CRD-051"
    )
    party = next(one for one in outcome.results if one.cell == COS_PARTY)
    expect("what the cell of the CoS party held", (party.existing_subject, party.existing_key_id)).equals(
        before["TransitionalCoS"][COS_PARTY], rule="R-CRD-051"
    )
    told = [(one.role, one.floor) for one in outcome.changes]
    expect("floors told", told).equals([(Role.ROOT, number), (Role.TRANSITIONAL_COS, 3000)], rule="R-CRD-045")
    after, counters = case.state()
    expect("counter of the CoS party", counters["TransitionalCoS"]).equals(3000, rule="R-CRD-045")
    for role, cell in (("Root", ROOT), ("TransitionalCoS", COS_PARTY)):
        key = next(one.replacing_key_id for one in outcome.results if one.cell == cell)
        now = after[role][cell][1]
        expect(f"key identifier of {role}, as told before", now).equals(key, rule="R-CRD-024")
        changed = now != before[role][cell][1]
        expect(f"whether it is another than before for {role}", changed).equals(True, rule="R-CRD-024")

    below_the_old = authority.credentials(home.cos_party, Unit.TRANSITIONAL_COS)
    wanted = [Replacement(below_the_old.certificates["ds"], COS_PARTY)]
    recovery = recovery_party(dcc, device, case.reader)
    again = local.signed(command_of_recovery(device, recovery, wanted, below_the_old.path))
    _, outcome = case.outcome(again, "a certificate below the former root", "R-CRD-025")
    expect("status of it", statuses(outcome)[COS_PARTY]).equals(Status.NO_TRUST_ANCHOR, rule="R-CRD-024")


@testcase(
    "COS-512",
    "A contingency command that another has signed, that has a MAC, a time, or has been executed, is refused",
    rules=["R-CRD-024", "R-CMD-007", "R-CTR-013", "R-FUT-001", "R-SEC-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
@pytest.mark.parametrize("how", ["signed by recovery", "a MAC too", "a MAC alone", "a second time", "a time"])
def test_refused(how, home, dut, dcc, local, authority, timeline, clock, expect):
    case = Emergency(home, dcc, local, authority, timeline, dut)
    before, counters = case.state()
    number = counters["Root"] + 1
    command = case.command(number)
    rule = {"a second time": "R-CTR-013", "a time": "R-FUT-001", "signed by recovery": "R-SEC-007"}.get(
        how, "R-CMD-007"
    )
    if how == "signed by recovery":
        command = local.signed(replace(command, signature=None), by=recovery_party(dcc, dut, case.reader))
    elif how == "a MAC too":
        command = local.maced(command, dut)
    elif how == "a MAC alone":
        command = local.maced(replace(command, signature=b""), dut)
    elif how == "a time":
        command = case.command(number, execution_time=(clock.now() + minutes(2)).replace(microsecond=0))
    else:
        recovery = counter(dcc, dut, "Recovery", case.reader)
        case.outcome(command, "contingency", "R-CRD-024")
        before, counters = case.state()
        expect("counter of contingency", counters["Root"]).equals(number, rule=rule)
        expect("counter of recovery", counter(dcc, dut, "Recovery", case.reader)).equals(recovery, rule=rule)

    with timeline.never(answer_to(command), during=minutes(3), rule=rule):
        local.deliver(command, f"contingency with {how}")
    expect("cells of root and CoS party", case.state()[0]).equals(before, rule=rule)


@testcase(
    "COS-513",
    "A replacement for a cell that a device has not is answered with status 25, and shows that it held nothing",
    rules=["R-CRD-051", "R-CRD-038", "R-CRD-037"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b"],
    devices=["GSME", "CHF"],
)
@pytest.mark.parametrize("kind", ["GSME", "CHF"])
def test_no_such_cell(kind, home, dcc, local, authority, timeline, network_operator, expect):
    device = home.device(kind)
    operator = authority.credentials(network_operator, Unit.NETWORK_OPERATOR)
    party = authority.credentials(home.cos_party, Unit.TRANSITIONAL_COS)
    absent = TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.DIGITAL_SIGNATURE)
    wanted = [Replacement(operator.certificates["ds"], absent), Replacement(party.certificates["ds"], COS_PARTY)]
    recovery = recovery_party(dcc, device, home.supplier_parties[0])
    command = local.signed(command_of_recovery(device, recovery, wanted, operator.path))

    delivered = local.deliver(command, "a replacement of a cell that is not there, and of one that is")

    seen = timeline.expect(answer_to(command), within=gas_steps.WAKE + minutes(5), after=delivered)
    outcome = local.read(seen).replacement()
    expect("status of each cell", statuses(outcome)).equals({absent: 25, COS_PARTY: 0}, rule="R-CRD-038")
    shown = next(one for one in outcome.results if one.cell == absent)
    expect("subjects and keys shown", (shown.existing_subject, shown.existing_key_id,
           shown.replacing_subject, shown.replacing_key_id)).equals(
        (NOBODY, bytes(8), NOBODY, bytes(8))
    )  # fmt: skip
