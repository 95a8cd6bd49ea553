"""Steps that test cases of credentials share."""

from bench.gbcs import Cra, Message
from bench.gbcs.credentials import UpdateCredentials
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role, TrustAnchorCell
from bench.parties import Party

SIGNING = TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
AGREEMENT = TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
TOP_UP = TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT, 1)
CELLS = (SIGNING, AGREEMENT, TOP_UP)
OPERATOR_CELLS = (
    TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.DIGITAL_SIGNATURE),
    TrustAnchorCell(Role.NETWORK_OPERATOR, KeyUsage.KEY_AGREEMENT),
)
RECOVERY = TrustAnchorCell(Role.RECOVERY, KeyUsage.DIGITAL_SIGNATURE)
BY_RECOVERY, NUMBER = 0x0108, 77  #: message code; originator counter
USAGES = ("ds", "ka", "pp-ka")
ROOT = TrustAnchorCell(Role.ROOT, KeyUsage.KEY_CERT_SIGN)
COS_PARTY = TrustAnchorCell(Role.TRANSITIONAL_COS, KeyUsage.DIGITAL_SIGNATURE)
BROKER = TrustAnchorCell(Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
WAN_PROVIDER = TrustAnchorCell(Role.WAN_PROVIDER, KeyUsage.DIGITAL_SIGNATURE)
NAMES = {
    "Root": Role.ROOT,
    "Recovery": Role.RECOVERY,
    "Supplier": Role.SUPPLIER,
    "NetworkOperator": Role.NETWORK_OPERATOR,
    "AccessControlBroker": Role.ACCESS_CONTROL_BROKER,
    "TransitionalCoS": Role.TRANSITIONAL_COS,
    "WANProvider": Role.WAN_PROVIDER,
}


def suppliers_of(home, device):
    """Who supplies a device, and who is to gain it: the gas proxy has the suppliers of the gas meter."""
    return home.suppliers if device.type == "ESME" else home.gas_suppliers


def held(dcc, device, role, user):
    """What a device says of a role: cell -> (subject, key identifier)."""
    details = dcc.credentials(device, [role], as_user=user)[NAMES[role]]
    return {TrustAnchorCell(details.role, one.key_usage, one.cell_usage): (one.subject, one.key_id)
            for one in details.cells}  # fmt: skip


def counter(dcc, device, role, user):
    """The execution counter of a role on a device."""
    return dcc.credentials(device, [role], as_user=user)[NAMES[role]].current_seq_number


def statuses(outcome):
    """What became of each cell: cell -> status."""
    return {result.cell: result.status for result in outcome.results}


def asked(command):
    """The replacement a command asks for."""
    return UpdateCredentials.parse(command.payload)


def recovery_party(dcc, device, user):
    """The recovery party as the device names it."""
    ((subject, _),) = held(dcc, device, "Recovery", user).values()
    return Party("recovery party", subject)


def command_of_recovery(device, party, replacements, path, changes=(), number=NUMBER):
    """Return the recovery party's command CS02b, not signed yet."""
    request = UpdateCredentials(
        Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY,
        number,
        RECOVERY,
        apply_time_checks=False,
        other_party_changes=list(changes),
        replacements=list(replacements),
        path=list(path),
    )
    return Message(
        cra=Cra.COMMAND,
        counter=number,
        originator=party.eui,
        target=device.eui,
        message_code=BY_RECOVERY,
        payload=bytes(request),
    )


def command_in_mode(mode, device, party, number, replacements, path, **more):
    """Return a party's command CS02b in a replacement mode, without signature and MAC; `more` as UpdateCredentials."""
    request = UpdateCredentials(
        mode, number, apply_time_checks=False, replacements=list(replacements), path=list(path), **more
    )
    return Message(
        cra=Cra.COMMAND,
        counter=number,
        originator=party.eui,
        target=device.eui,
        message_code=0x0100 + mode,
        payload=bytes(request),
    )
