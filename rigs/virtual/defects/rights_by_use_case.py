"""Defects of rights, use case by use case: a wrong tick in the table of who may send what."""

from collections.abc import Callable
from dataclasses import replace

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.gbcs_device import GbcsDevice

SUPPLIER, NETWORK_OPERATOR, BROKER = Role.SUPPLIER, Role.NETWORK_OPERATOR, Role.ACCESS_CONTROL_BROKER


def _gives(role: Role, *codes: int) -> Callable[[GbcsDevice], None]:
    def override(device: GbcsDevice) -> None:
        known = [code for code in codes if code in device.use_cases]
        opened = {code: replace(device.use_cases[code], roles=device.use_cases[code].roles | {role}) for code in known}
        device.use_cases = device.use_cases | opened

    return override


def _takes(role: Role, *codes: int) -> Callable[[GbcsDevice], None]:
    def override(device: GbcsDevice) -> None:
        known = [code for code in codes if code in device.use_cases]
        shut = {code: replace(device.use_cases[code], roles=device.use_cases[code].roles - {role}) for code in known}
        device.use_cases = device.use_cases | shut

    return override


def _counts(code: int, protected: bool) -> Callable[[GbcsDevice], None]:
    def override(device: GbcsDevice) -> None:
        device.use_cases = device.use_cases | {code: replace(device.use_cases[code], replay_protected=protected)}

    return override


for name, device_class, breaks, override, story in (
    ("esme-network-operator-names-switches", "Esme", "R-USE-003", _gives(NETWORK_OPERATOR, 0x53),
     "Labels of auxiliary switches (ECS46a) are taken from the network operator."),
    ("esme-supplier-reads-daily-export", "Esme", "R-USE-006", _gives(SUPPLIER, 0x35),
     "Daily export (ECS21c) is answered to the import supplier."),
    ("esme-supplier-does-what-the-broker-does", "Esme", "R-USE-007", _gives(SUPPLIER, 0x4D, 0x58),
     "Export MPAN and customer identification number (ECS39b, ECS50) are taken from the supplier itself."),
    ("gsme-supplier-does-what-the-broker-does", "Gsme", "R-USE-007", _gives(SUPPLIER, 0x83, 0x80),
     "Customer identification number and network data log (GCS36, GCS31) are taken from the supplier itself."),
    ("esme-supplier-resets-demand-of-the-network", "Esme", "R-USE-008", _gives(SUPPLIER, 0x5A, 0xB0),
     "The supplier resets maximum demand registers and alert behaviours of the network operator (ECS57, ECS25b)."),
    ("esme-supplier-sets-demand-period", "Esme", "R-USE-009", _gives(SUPPLIER, 0x4A),
     "The period of maximum demand (ECS37) is taken from the supplier."),
    ("esme-supplier-reads-export", "Esme", "R-USE-010", _gives(SUPPLIER, 0x26, 0x2B),
     "Export registers (ECS17a, ECS18a) are answered to the import supplier, who has no business with them."),
    ("esme-supplier-reads-export-profile", "Esme", "R-USE-011", _gives(SUPPLIER, 0x36),
     "Half hours of export (ECS22a) are answered to the import supplier."),
    ("any-network-operator-acts-as-supplier", "GbcsDevice", "R-USE-012",
     _gives(NETWORK_OPERATOR, 0x24, 0x47, 0x8D, 0x15, 0x72),
     "Logs are cleared, thresholds set and balances read by the network operator (ECS15a, ECS34, GCS60, CS11, GCS09)."),
    ("any-network-operator-switches-the-pin-off", "GbcsDevice", "R-USE-013", _gives(NETWORK_OPERATOR, 0x23, 0x44, 0x87),
     "PIN protection, load limit counter and MPRN (ECS14, ECS28b, GCS41) are changed by the network operator."),
    ("any-network-operator-reads-billing", "GbcsDevice", "R-USE-014", _gives(NETWORK_OPERATOR, 0x2E, 0xC3),
     "Billing data logs (ECS20a, GCS15b) are answered to the network operator."),
    ("any-network-operator-reads-the-tariff", "GbcsDevice", "R-USE-015", _gives(NETWORK_OPERATOR, 0x3A, 0x9F),
     "The tariff (ECS24, GCS21f) is answered to the network operator."),
    ("any-network-operator-locked-out", "GbcsDevice", "R-USE-017", _takes(NETWORK_OPERATOR, 0x14, 0x28, 0x39, 0x59),
     "Logs, power and voltage (CS10a, ECS17c, ECS23, ECS52) are refused to the network operator, who may read them."),
    ("any-network-operator-reads-no-registers", "GbcsDevice", "R-USE-016", _takes(NETWORK_OPERATOR, 0x27, 0x74),
     "Import registers (ECS17b, GCS13a) are refused to the network operator."),
    ("any-broker-reads-no-profile", "GbcsDevice", "R-USE-018", _takes(BROKER, 0x37, 0x38, 0x78),
     "Half hours (ECS22b, ECS22c, GCS17) are refused to the broker, through whom other users read them."),
    ("esme-broker-reads-no-load-control", "Esme", "R-USE-019", _takes(BROKER, 0x11c, 0x11d),
     "Load control data (ECS61d, ECS61e) are refused to the broker."),
    ("esme-broker-tops-up", "Esme", "R-USE-022", _gives(BROKER, 0x07),
     "A top up (CS01a) is taken from the broker: whoever runs its machines can print money."),
    ("any-broker-locked-out", "GbcsDevice", "R-USE-017", _takes(BROKER, 0x14, 0x28, 0x39, 0x59, 0x7B),
     "Logs and versions are refused to the broker, who asks on behalf of other users."),
    ("esme-price-may-be-replayed", "Esme", "R-USE-005", _counts(0x1A, False),
     "Commands that may be future-dated are told apart by their time, not by a counter: ECS02 may be sent again."),
    ("gsme-mprn-may-be-replayed", "Gsme", "R-USE-013", _counts(0x87, False),
     "What is not critical was taken for not protected: who has kept an MPRN's command (GCS41) can send it again."),
    ("esme-operator-alerts-are-counted", "Esme", "R-USE-008", _counts(0xB0, True),
     "Every write counts as protected from replay: alert behaviour (ECS25b) that the DCC sends once more is dropped."),
):  # fmt: skip
    defect(name, device=device_class, breaks=breaks, story=story)(override)
