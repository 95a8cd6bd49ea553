"""Steps that test cases of credentials share."""

from bench.gbcs.credentials import UpdateCredentials
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell

SIGNING = TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)
AGREEMENT = TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT)
TOP_UP = TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT, 1)
CELLS = (SIGNING, AGREEMENT, TOP_UP)
NAMES = {"Supplier": Role.SUPPLIER, "NetworkOperator": Role.NETWORK_OPERATOR, "Recovery": Role.RECOVERY}


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
