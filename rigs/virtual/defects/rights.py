"""Defects of rights: who may send what."""

from dataclasses import replace

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.hub import HubFunction


def _open_to(esme: Esme, codes, role: Role) -> None:
    opened = {code: replace(esme.use_cases[code], roles=esme.use_cases[code].roles | {role}) for code in codes}
    esme.use_cases = esme.use_cases | opened


@defect(
    "esme-network-operator-sets-prices",
    device="Esme",
    breaks="R-SEC-005",
    story="The price update (ECS01b) is in the wrong column of the rights table: the network operator may send it.",
)
def network_operator_sets_prices(esme: Esme) -> None:
    """ECS01b is open to the network operator."""
    _open_to(esme, (0x00A2,), Role.NETWORK_OPERATOR)


@defect(
    "esme-network-operator-reads-balance",
    device="Esme",
    breaks="R-SEC-005",
    story="The prepayment registers (ECS19) can be read by the network operator, who has no business with them.",
)
def network_operator_reads_balance(esme: Esme) -> None:
    """ECS19 is open to the network operator."""
    _open_to(esme, (0x002D,), Role.NETWORK_OPERATOR)


@defect(
    "esme-supplier-sets-voltage-thresholds",
    device="Esme",
    breaks="R-USE-081",
    story="Voltage settings (ECS29a, c, e) are taken from the supplier, whose wrong thresholds then flood the network "
    "operator with alerts.",
)
def supplier_sets_voltage_thresholds(esme: Esme) -> None:
    """Voltage configuration is open to the supplier."""
    _open_to(esme, [code for code in (0x0045, 0x00D1, 0x00D3) if code in esme.use_cases], Role.SUPPLIER)


@defect(
    "esme-supplier-acts-as-broker",
    device="Esme",
    breaks="R-USE-080",
    story="What the broker alone may ask for is taken from any supplier, who then reads on behalf of strangers.",
)
def supplier_acts_as_broker(esme: Esme) -> None:
    """The supplier has the broker's rights."""
    has_right = esme.has_right
    esme.has_right = lambda role, code: (
        has_right(role, code)
        or (  # type: ignore[method-assign]
            role is Role.SUPPLIER and has_right(Role.ACCESS_CONTROL_BROKER, code)
        )
    )


@defect(
    "esme-network-operator-acts-as-supplier",
    device="Esme",
    breaks="R-USE-004",
    story="A party that the meter knows at all may send whatever the supplier may: the network operator switches off.",
)
def network_operator_acts_as_supplier(esme: Esme) -> None:
    """Being known is enough."""
    has_right = esme.has_right
    esme.has_right = lambda role, code: (
        has_right(role, code)
        or (  # type: ignore[method-assign]
            role is Role.NETWORK_OPERATOR and has_right(Role.SUPPLIER, code)
        )
    )


@defect(
    "esme-tariff-for-everybody",
    device="Esme",
    breaks="R-USE-005",
    story="The commands that may be future-dated have a table of rights of their own, with a column missing.",
)
def tariff_for_everybody(esme: Esme) -> None:
    """Tariff and mode are open to the network operator."""
    has_right = esme.has_right
    future_dated = {0x0019, 0x00A2, 0x001A, 0x001B, 0x0020}
    esme.has_right = lambda role, code: has_right(role, code) or code in future_dated  # type: ignore[method-assign]


@defect(
    "hub-obeys-whom-it-knows",
    device="HubFunction",
    breaks="R-USE-080",
    story="The hub looks whether it holds a certificate of the sender, and not of which role: the CoS party reads its "
    "logs and takes devices out of the home.",
)
def hub_obeys_whom_it_knows(hub: HubFunction) -> None:
    """Every role has the broker's rights at the hub."""
    has_right = hub.has_right
    hub.has_right = lambda role, code: has_right(Role.ACCESS_CONTROL_BROKER, code)  # type: ignore[method-assign]


@defect(
    "hub-leaves-macs-to-the-wan",
    device="HubFunction",
    breaks="R-SEC-007",
    story="The hub trusts the provider's network: a command that came over the WAN is carried out whatever its MAC is.",
)
def hub_leaves_macs_to_the_wan(hub: HubFunction) -> None:
    """No MAC of a command is checked."""
    hub.check_protection = lambda message: None  # type: ignore[method-assign]
