"""Defects of credentials that keep all of a rule but one clause: at its time, at a renewal, for one cell, one debt."""

from bench.gbcs.trust_anchors import Mode, Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme

FEW = 4


@defect(
    "any-details-of-four-roles",
    device="GbcsDevice",
    breaks="R-CRD-010",
    story="The buffer for the answer to CS02a holds four roles; who asks for more is not told of the rest.",
)
def details_of_four_roles(device: GbcsDevice) -> None:
    """Roles after the fourth are left out."""
    asked = device.credentials.roles_asked
    device.credentials.roles_asked = lambda payload: list(asked(payload))[:FEW]  # type: ignore[method-assign]


@defect(
    "any-supplier-replaces-the-cos-party",
    device="GbcsDevice",
    breaks="R-CRD-022",
    story="A supplier that renews its credentials may replace those of the change of supplier party beside them.",
)
def supplier_replaces_the_cos_party(device: GbcsDevice) -> None:
    """The supplier's mode reaches one cell too many."""
    reaches = device.credentials.reaches
    device.credentials.reaches = lambda mode, role: (  # type: ignore[method-assign]
        reaches(mode, role) or (mode == Mode.SUPPLIER_BY_SUPPLIER and role is Role.TRANSITIONAL_COS)
    )


@defect(
    "any-sequence-number-may-be-lower",
    device="GbcsDevice",
    breaks="R-CRD-031",
    story="The authorising sequence number of a replacement need only not be above the counter of its message.",
)
def sequence_number_may_be_lower(device: GbcsDevice) -> None:
    """A lower number is taken."""
    device.credentials.repeats_counter = lambda command, request: (  # type: ignore[method-assign]
        request.authorising_seq <= command.counter
    )


@defect(
    "any-dates-not-judged-later",
    device="GbcsDevice",
    breaks="R-CRD-033",
    story="The dates of certificates are judged for a replacement that is carried out at once, and not at its time.",
)
def dates_not_judged_later(device: GbcsDevice) -> None:
    """Nothing is too old for a future-dated replacement."""
    check = device.credentials.check_chain
    pending, later = device.credentials.execute_pending, []

    def execute_pending(waiting):
        later.append(waiting)
        pending(waiting)
        later.clear()

    device.credentials.execute_pending = execute_pending  # type: ignore[method-assign]
    device.credentials.check_chain = lambda certificate, path, at: (  # type: ignore[method-assign]
        check(certificate, path, None if later else at)
    )


@defect(
    "any-token-floor-never-falls",
    device="GbcsDevice",
    breaks="R-CRD-041",
    story="The floor of token counters can only rise: a supplier that counts from the beginning sells dead tokens.",
)
def token_floor_never_falls(device: GbcsDevice) -> None:
    """A lower floor is not taken over."""
    set_floors = device.credentials.set_floors

    def keep_highest(request, replaced):
        before = device.anchors.top_up_counter
        changes = set_floors(request, replaced)
        device.anchors.top_up_counter = max(before, device.anchors.top_up_counter)
        return changes

    device.credentials.set_floors = keep_highest  # type: ignore[method-assign]


@defect(
    "any-losing-suppliers-firmware-runs",
    device="GbcsDevice",
    breaks="R-CRD-056",
    story="What waits is withdrawn at a change of supplier, but for an activation of firmware: that is kept elsewhere.",
)
def losing_suppliers_firmware_runs(device: GbcsDevice) -> None:
    """A waiting activation stays."""
    device.firmware.supplier_changed = lambda: None  # type: ignore[method-assign]


@defect(
    "any-secret-kept-by-party",
    device="GbcsDevice",
    breaks="R-CRD-060",
    story="Agreed secrets are kept by the party's identifier: one that renews its own key cannot check a MAC any more.",
)
def secret_kept_by_party(device: GbcsDevice) -> None:
    """A party keeps the key it had first."""
    public_key, first = device.agreement_public_key, {}

    def agreement_public_key(party):
        key = public_key(party)
        return key if key is None else first.setdefault(party, key)

    device.agreement_public_key = agreement_public_key  # type: ignore[method-assign]


@defect(
    "gsme-payment-debt-forgiven-at-change",
    device="Gsme",
    breaks="R-CRD-057",
    story="With the losing supplier the debt goes that was recovered from its top ups.",
)
def payment_debt_forgiven_at_change(gsme: Gsme) -> None:
    """The payment debt is set to zero."""
    changed = gsme.supplier_changed

    def supplier_changed(losing):
        changed(losing)
        gsme.account.payment_debt = 0

    gsme.supplier_changed = supplier_changed  # type: ignore[method-assign]


@defect(
    "esme-snapshot-at-renewal",
    device="Esme",
    breaks="R-CRD-054",
    story="The meter keeps a billing snapshot whenever the supplier's cells are written, also by the supplier itself.",
)
def snapshot_at_renewal(esme: Esme) -> None:
    """A renewal is a change of supplier for the billing log."""
    apply = esme.credentials.apply

    def apply_and_keep(request):
        outcome = apply(request)
        if request.mode == Mode.SUPPLIER_BY_SUPPLIER:
            esme.billing.supplier_changed()
        return outcome

    esme.credentials.apply = apply_and_keep  # type: ignore[method-assign]
