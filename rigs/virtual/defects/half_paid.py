"""Defects of supply and money that show in one state of the switch, or when several reasons and debts come together."""

from datetime import timedelta

from bench.gbcs.trust_anchors import Role
from rigs.virtual.account import RATE_CAP_PERIOD
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.load_switch import ARMED_ALERT, TAMPER, Cause, SupplyState

CREDITS_KEPT = 5


@defect(
    "esme-armed-supply-is-not-disabled",
    device="Esme",
    breaks="R-SUP-002",
    story="A disablement looks whether the contact is open already: a supply that is armed stays armed, and the button "
    "turns it on.",
)
def armed_supply_is_not_disabled(esme: Esme) -> None:
    """Disabling an open switch changes nothing."""
    disable = esme.switch.disable
    esme.switch.disable = lambda: esme.switch.state is not SupplyState.ENABLED or disable()  # type: ignore[method-assign]


@defect(
    "esme-reason-of-the-supplier-not-kept",
    device="Esme",
    breaks="R-SUP-007",
    story="A supply that is off for want of credit and is then disabled by the supplier is armed by the next top up.",
)
def reason_of_the_supplier_not_kept(esme: Esme) -> None:
    """The first reason stays."""
    disable = esme.switch.disable
    esme.switch.disable = lambda: esme.switch.state is SupplyState.DISABLED or disable()  # type: ignore[method-assign]


@defect(
    "esme-arms-what-is-armed",
    device="Esme",
    breaks="R-SUP-003",
    story="Arming an armed supply is reported as done.",
)
def arms_what_is_armed(esme: Esme) -> None:
    """The command succeeds without effect."""
    arm = esme.switch.arm
    esme.switch.arm = lambda: esme.switch.state is SupplyState.ARMED or arm()  # type: ignore[method-assign]


@defect(
    "esme-refused-arming-is-alerted",
    device="Esme",
    breaks="R-SUP-003",
    story="The alert 8F32 goes out before it is looked whether the supply may be armed.",
)
def refused_arming_is_alerted(esme: Esme) -> None:
    """What has not happened is told."""
    arm = esme.switch.arm

    def arm_and_tell():
        done = arm()
        if not done:
            esme.alert(ARMED_ALERT, Role.SUPPLIER)
        return done

    esme.switch.arm = arm_and_tell  # type: ignore[method-assign]


@defect(
    "esme-refused-arming-takes-the-reason",
    device="Esme",
    breaks="R-CRE-006",
    story="A command to arm that is refused leaves the supplier as the reason: credit does not arm it any more.",
)
def refused_arming_takes_the_reason(esme: Esme) -> None:
    """A refused command changes the reason for which supply is off."""
    arm, switch = esme.switch.arm, esme.switch

    def arm_and_note():
        done = arm()
        if not done and switch.state is SupplyState.DISABLED:
            switch.cause = Cause.SUPPLIER
        return done

    switch.arm = arm_and_note  # type: ignore[method-assign]


@defect(
    "esme-arming-told-to-the-operator-too",
    device="Esme",
    breaks="R-SUP-008",
    story="Whatever happens to the supply is told to supplier and network operator alike.",
)
def arming_told_to_the_operator_too(esme: Esme) -> None:
    """8F32 has two addressees."""
    arm_now = esme.switch.arm_now

    def arm_and_tell_both(cause):
        arm_now(cause)
        esme.alert(ARMED_ALERT, Role.NETWORK_OPERATOR)

    esme.switch.arm_now = arm_and_tell_both  # type: ignore[method-assign]


@defect(
    "esme-tamper-locks-what-is-on",
    device="Esme",
    breaks="R-SUP-010",
    story="Tampering locks a supply that is on; one that is armed can be turned on at the opened meter.",
)
def tamper_locks_what_is_on(esme: Esme) -> None:
    """An armed supply is not locked."""
    tampered = esme.switch.tampered

    def tampered_when_on():
        if esme.switch.state is SupplyState.ENABLED:
            tampered()
        else:
            esme.logs.add(esme.logs.security, TAMPER)
            esme.alert(TAMPER, Role.SUPPLIER)

    esme.switch.tampered = tampered_when_on  # type: ignore[method-assign]


@defect(
    "esme-top-up-ends-a-lock",
    device="Esme",
    breaks="R-SUP-007",
    story="A paying customer is an honest one: credit arms a supply that tampering has locked.",
)
def top_up_ends_a_lock(esme: Esme) -> None:
    """Credit arms whatever tampering has locked."""
    returned, switch = esme.switch.credit_returned, esme.switch

    def credit_returned():
        if switch.state is SupplyState.DISABLED and switch.cause is Cause.TAMPER:
            switch.arm_now(Cause.CREDIT)
        else:
            returned()

    switch.credit_returned = credit_returned  # type: ignore[method-assign]


@defect(
    "esme-emergency-credit-before-accumulated-debt",
    device="Esme",
    breaks="R-CRE-001",
    story="A top up repays emergency credit first, and what has gathered meanwhile with the rest.",
)
def emergency_credit_before_accumulated_debt(esme: Esme) -> None:
    """The two change places."""
    account = esme.account

    def top_up(amount):
        account.settle()
        account.credits = [*account.credits, (esme.clock(), amount)][-CREDITS_KEPT:]
        left = amount - account.recover_payment_debt(amount)
        left -= account.repay_emergency(left)
        cleared = min(left, account.accumulated_debt)
        account.accumulated_debt -= cleared
        account.balance += left - cleared
        account._changed()

    account.top_up = top_up  # type: ignore[method-assign]


@defect(
    "gsme-share-of-what-is-left",
    device="Gsme",
    breaks="R-CRE-002",
    story="The payment debt has its share of what accumulated debt and emergency credit leave of a top up.",
)
def share_of_what_is_left(gsme: Gsme) -> None:
    """The share is of a smaller amount."""
    account, recover = gsme.account, gsme.account.recover_payment_debt
    account.recover_payment_debt = lambda amount: recover(
        max(0, amount - account.accumulated_debt - account.emergency_used)
    )


@defect(
    "gsme-cap-less-the-last-payment",
    device="Gsme",
    breaks="R-CRE-003",
    story="Of the payments of a week the cap counts the latest alone.",
)
def cap_less_the_last_payment(gsme: Gsme) -> None:
    """Earlier recoveries of the week are forgotten."""
    account = gsme.account

    def payment_debt_cap():
        since = gsme.clock() - RATE_CAP_PERIOD + timedelta(microseconds=1)
        recent = sum(amount for at, amount in account.recoveries[-1:] if at >= since)
        return max(0, account.settings.rate_cap - recent)

    account.payment_debt_cap = payment_debt_cap
