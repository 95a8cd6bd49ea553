"""Defects of the electricity meter."""

from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import Refusal

SIGNING_CELL = TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE)


@defect(
    "esme-keeps-losing-supplier-key",
    device="Esme",
    breaks="R-CRD-058",
    story="The meter reports the gaining supplier's credentials, but a cache of public keys still lets the losing "
    "supplier's commands through.",
)
def keeps_losing_supplier_key(esme: Esme) -> None:
    """Roles and keys of a replaced supplier stay in a cache beside the trust anchor cells."""
    anchors, install = esme.anchors, esme.credentials.install
    former = anchors.copy()

    def install_and_remember(cell, new):
        if cell in anchors.cells and anchors.cells[cell].subject != new.subject:
            former.cells[cell] = anchors.cells[cell]
        install(cell, new)

    esme.credentials.install = install_and_remember  # type: ignore[method-assign]

    def is_former(party) -> bool:
        held = former.cells.get(SIGNING_CELL)
        return held is not None and held.subject == party and not anchors.roles_of(party)

    def with_former(check):
        def wrapped(message) -> Refusal | None:
            if not is_former(message.originator):
                return check(message)
            current = esme.anchors
            esme.anchors = former
            try:
                return check(message)
            finally:
                esme.anchors = current

        return wrapped

    check_originator, check_counter, check_protection = esme.check_originator, esme.check_counter, esme.check_protection
    esme.consume_counter = with_former(esme.consume_counter)  # type: ignore[method-assign]
    role_of, agreement = esme.role_of, esme.agreement_public_key

    esme.check_originator = with_former(check_originator)  # type: ignore[method-assign]
    esme.check_counter = with_former(check_counter)  # type: ignore[method-assign]
    esme.check_protection = with_former(check_protection)  # type: ignore[method-assign]
    esme.role_of = lambda message: Role.SUPPLIER if is_former(message.originator) else role_of(message)  # type: ignore[method-assign]
    esme.agreement_public_key = lambda party: (  # type: ignore[method-assign]
        former.key(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT) if is_former(party) else agreement(party)
    )


@defect(
    "esme-silent-after-long-outage",
    device="Esme",
    breaks="R-PWR-001",
    story="After an outage of three minutes or more the meter has lost its clock for a moment, drops the restoration "
    "alert and never sends it; short outages are reported well.",
)
def silent_after_long_outage(esme: Esme) -> None:
    """No alert for an outage over three minutes; the log is right."""
    report = esme.report_outage

    def report_short_ones(interrupted_at, restored_at) -> None:
        if (restored_at - interrupted_at).total_seconds() < 180:
            report(interrupted_at, restored_at)

    esme.report_outage = report_short_ones  # type: ignore[method-assign]
