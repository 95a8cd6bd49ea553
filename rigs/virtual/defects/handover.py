"""Defects of a gas proxy that is handed over by the broker."""

from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.gas_proxy import Gpf

BY_ITSELF = (0x0102, 0x0103)  #: supplier by supplier, network operator by network operator


@defect(
    "gpf-cannot-be-handed-over",
    device="Gpf",
    breaks="R-CRD-026",
    story="Only a supplier may replace a supplier: the broker, which holds the cells of a new proxy, is turned away.",
)
def cannot_be_handed_over(gpf: Gpf) -> None:
    """Who holds the broker's cells acts as the broker alone."""
    role_of = gpf.role_of

    def role(message):
        broker = gpf.anchors.subject(Role.ACCESS_CONTROL_BROKER)
        if message.message_code in BY_ITSELF and message.originator == broker:
            return Role.ACCESS_CONTROL_BROKER
        return role_of(message)

    gpf.role_of = role  # type: ignore[method-assign]


@defect(
    "gpf-handed-over-for-ever",
    device="Gpf",
    breaks="R-CRD-026",
    story="Handover is looked up in a table of commissioning that nobody clears: the broker can take a proxy from its "
    "supplier at any time.",
)
def handed_over_for_ever(gpf: Gpf) -> None:
    """The broker's MAC suffices for its replacements."""
    check, examine = gpf.check_protection, gpf.check_originator

    def by_broker(message) -> bool:
        return message.message_code in BY_ITSELF and message.originator == gpf.anchors.subject(
            Role.ACCESS_CONTROL_BROKER
        )

    gpf.check_originator = lambda message: None if by_broker(message) else examine(message)  # type: ignore[method-assign]
    gpf.check_protection = lambda message: None if by_broker(message) else check(message)  # type: ignore[method-assign]
