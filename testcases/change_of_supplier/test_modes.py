"""Which replacement modes a type of device takes, and who must sign or MAC them."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bench.clock import minutes
from bench.dcc.bodies import RetrieveDeviceSecurityCredentialsKRP
from bench.gbcs import der
from bench.gbcs.credentials import Replacement
from bench.gbcs.der import Tlv, as_sequence
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role, TrustAnchorCell
from bench.local_point import answer_to
from bench.parties import Party
from bench.pki import Role as Unit
from bench.pki import describe, load_certificate
from bench.testcase import testcase
from testcases import gas_steps
from testcases.change_of_supplier.steps import (
    BROKER,
    COS_PARTY,
    RECOVERY,
    SIGNING,
    WAN_PROVIDER,
    asked,
    command_in_mode,
    held,
    statuses,
    suppliers_of,
)

REQUIREMENTS = ["SDAG1-3-TRUST", "SDAG1-3-PKI"]
OPERATOR_SIGNING = TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.DIGITAL_SIGNATURE)
SIGNED = ("valid", "absent")  #: signature, MAC
#: mode -> cell of who authorises it (None: not named), role whose cell is replaced, that cell, role of its certificate
MODES = {
    Mode.TRANS_COS_BY_TRANS_COS: (COS_PARTY, "TransitionalCoS", COS_PARTY, Unit.TRANSITIONAL_COS),
    Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY: (RECOVERY, "Recovery", RECOVERY, Unit.RECOVERY),
    Mode.WAN_PROVIDER_BY_WAN_PROVIDER: (WAN_PROVIDER, "WANProvider", WAN_PROVIDER, Unit.WAN_PROVIDER),
    Mode.SUPPLIER_BY_TRANS_COS: (COS_PARTY, "Supplier", SIGNING, Unit.SUPPLIER),
    Mode.SUPPLIER_BY_SUPPLIER: (SIGNING, "Supplier", SIGNING, Unit.SUPPLIER),
    Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR: (OPERATOR_SIGNING, "NetworkOperator", OPERATOR_SIGNING,
                                                Unit.NETWORK_OPERATOR),
    Mode.ACCESS_CONTROL_BROKER_BY_ACB: (None, "AccessControlBroker", BROKER, Unit.ACCESS_CONTROL_BROKER),
}  # fmt: skip
#: the ones that need no MAC beside the signature
NO_MAC = (Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY,)
#: of every device that a supplier owns, in an order in which each party still has the key that the device knows
METER = [
    Mode.SUPPLIER_BY_SUPPLIER,
    Mode.SUPPLIER_BY_TRANS_COS,
    Mode.TRANS_COS_BY_TRANS_COS,
    Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY,
    Mode.ACCESS_CONTROL_BROKER_BY_ACB,
]
#: type of device -> modes that it takes
TAKES = {
    "ESME": [Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR, *METER],
    "GSME": METER,
    "GPF": [Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR, *METER],
    "CHF": [Mode.TRANS_COS_BY_TRANS_COS, Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY, Mode.WAN_PROVIDER_BY_WAN_PROVIDER],
    "PPMID": [*list(MODES)[:2], Mode.ACCESS_CONTROL_BROKER_BY_ACB],
    "HCALCS": METER,
}
PATIENCE = gas_steps.WAKE + minutes(5)


class Modes:
    """Commands CS02b in any mode, each by whom it belongs to."""

    def __init__(self, home, dcc, local, authority, timeline, device):
        self._home, self._dcc, self._local, self._timeline = home, dcc, local, timeline
        self._authority, self._device = authority, device
        self.reader = home.supplier_parties[0]

    def held(self, role):
        """What the device says of a role: cell -> (subject, key identifier)."""
        return held(self._dcc, self._device, role, self.reader)

    def command(self, mode, owner=None):
        """The protected command of a mode, and the new credentials."""
        by, name, cell, unit = MODES[mode]
        signer = cell if by is None else by
        authoriser = {COS_PARTY: "TransitionalCoS", RECOVERY: "Recovery"}.get(signer, name)
        told = self._dcc.credentials(self._device, [authoriser], as_user=self.reader)[signer.role]
        acting = Party(authoriser, next(one.subject for one in told.cells if one.key_usage is signer.key_usage))
        credentials = self._authority.credentials(owner or acting, unit)
        usage = "ka" if cell.key_usage is KeyUsage.KEY_AGREEMENT else "ds"
        number = told.current_seq_number + 1
        wanted = [Replacement(credentials.certificates[usage], cell)]
        command = command_in_mode(mode, self._device, acting, number, wanted, credentials.path, authorising_cell=by)
        if by is None:
            return self._local.maced(replace(command, signature=b""), self._device), credentials
        signed = self._local.signed(command)
        return signed if mode in NO_MAC else self._local.maced(signed, self._device), credentials

    def hold(self, last, expect):
        """State that cells hold what was told when they were replaced: cell -> (subject, key identifier)."""
        names = {name: cell for _, name, cell, _ in MODES.values() if cell in last}
        told = self._dcc.credentials(self._device, list(names), as_user=self.reader)
        for name, cell in names.items():
            held = [(one.subject, one.key_id) for one in told[cell.role].cells
                    if (one.key_usage, one.cell_usage) == (cell.key_usage, cell.cell_usage)]  # fmt: skip
            expect(f"cell of {name} then", held).equals([last[cell]], rule="R-CRD-022")

    def answer(self, command, words, rule):
        """The answer to a command."""
        delivered = self._local.deliver(command, words)
        return self._timeline.expect(answer_to(command), within=PATIENCE, after=delivered, rule=rule)


@testcase(
    "COS-521",
    "A device takes each replacement mode of its type, signed or MACed as the mode has it, and signs its answer",
    rules=["R-CRD-025", "R-CMD-006", "R-CMD-007", "R-CRD-022", "R-CRD-005", "R-RSP-004"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=list(TAKES),
)
@pytest.mark.parametrize("kind", TAKES)
def test_modes(kind, home, dcc, local, authority, timeline, expect):
    device = home.device(kind)
    modes = Modes(home, dcc, local, authority, timeline, device)
    last = {}  #: role -> what its cell was told to hold then

    for mode in TAKES[kind]:
        _, name, cell, _ = MODES[mode]
        owner = _gaining(home, device) if mode is Mode.SUPPLIER_BY_TRANS_COS else None
        if mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB:  # after that the DCC has no key that the device knows
            modes.hold(last, expect)
        command, credentials = modes.command(mode, owner)

        seen = modes.answer(command, f"a replacement in mode {mode.name}", "R-CRD-025")

        protection = (seen.data["signature"], seen.data["mac"])
        expect(f"signature and MAC of the answer in mode {mode.name}", protection).equals(SIGNED, rule="R-RSP-004")
        became = statuses(local.read(seen).replacement())
        expect(f"status of the cell in mode {mode.name}", became).equals({cell: 0})
        told = local.read(seen).replacement().results[0]
        last[cell] = told.replacing_subject, told.replacing_key_id

    if cell != BROKER:
        modes.hold(last, expect)
        return
    with authority.in_use(credentials):
        read = local.command(RetrieveDeviceSecurityCredentialsKRP(roles=(name,)), device, as_user=home.acb)
        seen = modes.answer(read, "a read of credentials with the broker's new key", "R-CMD-006")
        expect("MAC of the answer", seen.data["mac"]).equals("valid", rule="R-CMD-006")
        one = next(one for one in local.read(seen).credentials()[Role.ACCESS_CONTROL_BROKER].cells
                   if one.key_usage is KeyUsage.KEY_AGREEMENT)  # fmt: skip
        expect("cell of the broker then", (one.subject, one.key_id)).equals(last[BROKER], rule="R-CRD-022")


def _gaining(home, device):
    """Who is to gain the customer; a switch on the HAN has the supplier of the electricity meter."""
    return home.suppliers.gaining if device.type == "HCALCS" else suppliers_of(home, device).gaining


#: what is wrong -> device, mode, and how its protection is changed
SPOILT = {
    "broker, signed as well": ("PPMID", Mode.ACCESS_CONTROL_BROKER_BY_ACB),
    "broker, wrong MAC": ("ESME", Mode.ACCESS_CONTROL_BROKER_BY_ACB),
    "recovery, with a MAC as well": ("ESME", Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY),
    "recovery, MAC alone": ("HCALCS", Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY),
    "recovery, with a time": ("ESME", Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY),
}


@testcase(
    "COS-522",
    "The broker's replacement with a signature or a wrong MAC is refused, and recovery's with a MAC or a time",
    rules=["R-CMD-006", "R-CMD-007", "R-FUT-001", "R-SEC-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "PPMID", "HCALCS"],
)
@pytest.mark.parametrize("what", SPOILT)
def test_wrong_protection(what, home, dcc, local, authority, timeline, clock, expect):
    kind, mode = SPOILT[what]
    device = home.device(kind)
    modes = Modes(home, dcc, local, authority, timeline, device)
    name = MODES[mode][1]
    before = modes.held(name)
    good, _ = modes.command(mode)
    if what == "recovery, with a time":
        request = replace(asked(good), execution_time=(clock.now() + minutes(2)).replace(microsecond=0))
        wrong, rule = local.signed(replace(good, payload=bytes(request), signature=None)), "R-FUT-001"
    elif what == "broker, wrong MAC":
        wrong, rule = replace(good, mac=bytes(12)), "R-CMD-006"
    elif what == "recovery, MAC alone":
        wrong, rule = local.maced(replace(good, signature=b""), device), "R-CMD-007"
    else:
        rule = "R-CMD-006" if mode is Mode.ACCESS_CONTROL_BROKER_BY_ACB else "R-CMD-007"
        wrong = local.maced(good if good.signature else local.signed(replace(good, signature=None, mac=None)), device)

    with timeline.never(answer_to(wrong), during=minutes(3), rule=rule):
        local.deliver(wrong, f"a replacement of credentials by {what}")
    expect(f"cells of {name}", modes.held(name)).equals(before, rule=rule)


#: type of device -> modes that it has no cell for, and who would be entitled
NOT_TAKEN = {
    "ESME": [Mode.WAN_PROVIDER_BY_WAN_PROVIDER],
    "GSME": [Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR, Mode.WAN_PROVIDER_BY_WAN_PROVIDER],
    "CHF": [Mode.SUPPLIER_BY_SUPPLIER, Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR],
    "HCALCS": [Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR, Mode.WAN_PROVIDER_BY_WAN_PROVIDER],
}


@testcase(
    "COS-523",
    "A replacement mode for a role that a type of device has not is refused",
    rules=["R-CRD-025", "R-SEC-005"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b"],
    devices=list(NOT_TAKEN),
)
@pytest.mark.parametrize("kind", NOT_TAKEN)
def test_not_taken(kind, home, local, authority, timeline):
    device = home.device(kind)
    for mode in NOT_TAKEN[kind]:
        by, name, cell, unit = MODES[mode]
        party = home.network_operator if name == "NetworkOperator" else home.supplier_parties[0]
        credentials = authority.credentials(party, unit)
        wanted = [Replacement(credentials.certificates["ds"], cell)]
        number = local.example("CS07", home.device("ESME"), as_user=party).counter
        command = command_in_mode(mode, device, party, number, wanted, credentials.path, authorising_cell=by)
        with timeline.never(answer_to(command), during=PATIENCE if kind == "GSME" else minutes(1)):
            local.deliver(local.maced(local.signed(command), device), f"a replacement in mode {mode.name}")


#: modes whose replacements may wait for a time
FUTURE_DATED = [
    Mode.SUPPLIER_BY_SUPPLIER,
    Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR,
    Mode.TRANS_COS_BY_TRANS_COS,
    Mode.SUPPLIER_BY_TRANS_COS,
]


@testcase(
    "COS-524",
    "Replacements by supplier, network operator and CoS party may wait for a time, and are carried out at it",
    rules=["R-FUT-001", "R-FUT-005", "R-FUT-008"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
@pytest.mark.parametrize("mode", FUTURE_DATED, ids=lambda mode: mode.name)
def test_may_wait(mode, home, dut, dcc, local, authority, timeline, clock, expect):
    modes = Modes(home, dcc, local, authority, timeline, dut)
    _, name, cell, _ = MODES[mode]
    owner = home.suppliers.gaining if mode is Mode.SUPPLIER_BY_TRANS_COS else None
    at = (clock.now() + minutes(3)).replace(second=0, microsecond=0)
    good, _ = modes.command(mode, owner)
    request = replace(asked(good), execution_time=at)
    timed = local.signed(replace(good, payload=bytes(request), signature=None, mac=None))
    before = modes.held(name)

    seen = modes.answer(local.maced(timed, dut), f"a replacement in mode {mode.name} with a time", "R-FUT-001")

    expect("an outcome in the answer", local.read(seen).replacement()).equals(None, rule="R-FUT-005")
    expect(f"cells of {name} before the time", modes.held(name)).equals(before)
    clock.sleep_until(at + minutes(1))
    wanted = describe(load_certificate(request.replacements[0].certificate)).ski
    expect("key identifier after the time", modes.held(name)[cell][1]).equals(wanted, rule="R-FUT-008")


def _without_path(request):
    control, replacements, _ = as_sequence(Tlv.parse(bytes(request)))
    return bytes(der.sequence([control, replacements]))


def _without_replacements(request):
    control, _, path = as_sequence(Tlv.parse(bytes(request)))
    return bytes(der.sequence([control, path]))


def _one_part_more(request):
    return bytes(der.sequence([*as_sequence(Tlv.parse(bytes(request))), der.integer(0)]))


#: what is wrong with the parts of the command
PARTS = {"no path": _without_path, "no replacements": _without_replacements, "one part more": _one_part_more}


@testcase(
    "COS-525",
    "CS02b is read whole: any certificate of its path serves, and with a part too few or too many it is refused",
    rules=["R-CRD-030", "R-CMD-014"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
def test_parts(home, dut, dcc, local, authority, timeline, clock, expect):
    modes = Modes(home, dcc, local, authority, timeline, dut)
    before = modes.held("TransitionalCoS")
    for what, changed in PARTS.items():
        good, _ = modes.command(Mode.TRANS_COS_BY_TRANS_COS)
        bad = local.signed(replace(good, payload=changed(asked(good)), signature=None, mac=None))
        with timeline.never(answer_to(bad), during=minutes(1)):
            local.deliver(local.maced(bad, dut), f"a replacement with {what}")
    expect("cell of the CoS party", modes.held("TransitionalCoS")).equals(before)

    good, _ = modes.command(Mode.TRANS_COS_BY_TRANS_COS)
    now = clock.now()
    others = [authority.issuing_authority((now, now + minutes(60))).certificate for _ in range(2)]
    path = [*(one.public_bytes(Encoding.DER) for one in others), *asked(good).path]
    payload = bytes(replace(asked(good), path=path))
    long = local.signed(replace(good, payload=payload, signature=None, mac=None))
    seen = modes.answer(
        local.maced(long, dut), "a replacement whose third path certificate is the right one", "R-CRD-030"
    )
    expect("status of the cell", statuses(local.read(seen).replacement())).equals({COS_PARTY: 0})
