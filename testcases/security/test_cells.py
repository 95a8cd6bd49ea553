"""Which trust anchor cells each type of device has, by role and key usage."""

import pytest

from bench.gbcs.trust_anchors import KeyUsage, Role
from bench.testcase import testcase

SIGNING, AGREEMENT, CERTIFICATES = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT, KeyUsage.KEY_CERT_SIGN
ABSENT = 25
ROLES = {
    "Root": Role.ROOT,
    "Recovery": Role.RECOVERY,
    "Supplier": Role.SUPPLIER,
    "NetworkOperator": Role.NETWORK_OPERATOR,
    "AccessControlBroker": Role.ACCESS_CONTROL_BROKER,
    "TransitionalCoS": Role.TRANSITIONAL_COS,
    "WANProvider": Role.WAN_PROVIDER,
}
SUPPLIER = {(SIGNING, 0), (AGREEMENT, 0), (AGREEMENT, 1)}
OPERATOR = {(SIGNING, 0), (AGREEMENT, 0)}
#: type of device -> the rule, cells it has at the least, roles it has not
CELLS = {
    "ESME": ("R-CRD-002", {"Supplier": SUPPLIER, "NetworkOperator": OPERATOR}, ["WANProvider"]),
    "GSME": ("R-CRD-002", {"Supplier": SUPPLIER}, ["NetworkOperator", "WANProvider"]),
    "GPF": ("R-CRD-003", {"Supplier": SUPPLIER, "NetworkOperator": OPERATOR}, ["WANProvider"]),
    "CHF": ("R-CRD-003", {"WANProvider": {(SIGNING, 0)}, "AccessControlBroker": OPERATOR}, ["NetworkOperator"]),
}
EVERY = {
    "Root": {(CERTIFICATES, 0)},
    "Recovery": {(SIGNING, 0)},
    "AccessControlBroker": {(AGREEMENT, 0)},
    "TransitionalCoS": {(SIGNING, 0)},
}


@testcase(
    "SEC-701",
    "A device has the cells of its type, each with the key usages of its role, and says which roles it has not",
    rules=["R-CRD-002", "R-CRD-003", "R-CRD-004", "R-CRD-001"],
    requirements=["SFA-12-COORDINATOR"],
    use_cases=["CS02a"],
    devices=["ESME", "GSME", "CHF", "GPF"],
)
@pytest.mark.parametrize("kind", CELLS)
def test_cells(kind, home, dcc, expect):
    rule, least, absent = CELLS[kind]
    wanted = EVERY | least
    held = dcc.credentials(home.device(kind), [*wanted, *absent], as_user=home.suppliers.losing)
    for name, cells in wanted.items():
        has = {(one.key_usage, one.cell_usage) for one in held[ROLES[name]].cells}
        expect(f"cells of {name}", has).satisfies(f"to have {len(cells)}", cells.issubset, rule=rule)
    for name in absent:
        refused = "R-CRD-004" if (kind, name) == ("GSME", "NetworkOperator") else rule
        expect(f"status of {name}", held[ROLES[name]].status).equals(ABSENT, rule=refused)
