"""Defects of emergency credit, of its limits and of the balance, on either meter."""

from rigs.virtual.account import EMERGENCY_EXHAUSTED, Account, Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme


@defect(
    "esme-new-emergency-limit-after-use",
    device="Esme",
    breaks="R-EMC-003",
    story="A new emergency credit limit is kept until the next one is set: the meter always works with the one before.",
)
def emergency_limit_lags(esme: Esme) -> None:
    """The limit does not follow."""
    prepayment, activated = esme.prepayment, esme.prepayment.activated
    settings = prepayment.account.settings

    def activated_without_limit(key):
        limit = settings.emergency_limit
        activated(key)
        settings.emergency_limit = limit

    prepayment.activated = activated_without_limit  # type: ignore[method-assign]


@defect(
    "gsme-emergency-threshold-stays",
    device="Gsme",
    breaks="R-EMC-003",
    story="The emergency credit limit is taken over, its threshold is not.",
)
def emergency_threshold_stays(gsme: Gsme) -> None:
    """The threshold is that of the factory."""
    prepayment, take = gsme.prepayment, gsme.prepayment.set_emergency
    settings = prepayment.account.settings

    def without_threshold(component):
        threshold = settings.emergency_threshold
        status = take(component)
        settings.emergency_threshold = threshold
        return status

    prepayment.set_emergency = without_threshold  # type: ignore[method-assign]


@defect(
    "esme-reset-empties-emergency-credit",
    device="Esme",
    breaks="R-EMC-004",
    story="The reset of the balance sets every register to zero, the emergency credit among them.",
)
def reset_empties_emergency(esme: Esme) -> None:
    """After a reset nothing is left of the emergency credit."""
    _reset_empties(esme.account)


@defect(
    "gsme-reset-empties-emergency-credit",
    device="Gsme",
    breaks="R-EMC-004",
    story="GCS40b clears the prepayment registers, and leaves the emergency credit at zero instead of its limit.",
)
def gas_reset_empties_emergency(gsme: Gsme) -> None:
    """After a reset nothing is left of the emergency credit."""
    _reset_empties(gsme.account)


def _reset_empties(account: Account) -> None:
    reset = account.reset

    def reset_all():
        reset()
        account.emergency_used = account.settings.emergency_limit

    account.reset = reset_all  # type: ignore[method-assign]


@defect(
    "esme-emergency-again-when-partly-repaid",
    device="Esme",
    breaks="R-EMC-005",
    story="Any top up brings emergency credit back on offer: with one pound a day a home lives on it for ever.",
)
def emergency_when_partly_repaid(esme: Esme) -> None:
    """Whatever is repaid ends the use."""
    _partly_repaid(esme.account)


@defect(
    "gsme-emergency-again-when-partly-repaid",
    device="Gsme",
    breaks="R-EMC-005",
    story="The state 'used up' ends with the next payment, however small.",
)
def gas_emergency_when_partly_repaid(gsme: Gsme) -> None:
    """Whatever is repaid ends the use."""
    _partly_repaid(gsme.account)


def _partly_repaid(account: Account) -> None:
    repay = account.repay_emergency

    def repay_and_free(amount):
        repaid = repay(amount)
        account.emergency_exhausted = account.emergency_exhausted and not repaid
        return repaid

    account.repay_emergency = repay_and_free  # type: ignore[method-assign]


@defect(
    "esme-emergency-ends-in-silence",
    device="Esme",
    breaks="R-EMC-005",
    story="Nobody is told that the emergency credit is used up (no 81AA).",
)
def emergency_ends_in_silence(esme: Esme) -> None:
    """No 81AA."""
    event = esme.event
    esme.event = lambda code: None if code == EMERGENCY_EXHAUSTED else event(code)  # type: ignore[method-assign]


@defect(
    "esme-emergency-does-not-arm",
    device="Esme",
    breaks="R-EMC-006",
    story="Emergency credit that is activated after supply has ended is there, and supply stays locked.",
)
def emergency_does_not_arm(esme: Esme) -> None:
    """The switch is not told."""
    _does_not_arm(esme, esme.account)


@defect(
    "gsme-emergency-does-not-arm",
    device="Gsme",
    breaks="R-EMC-006",
    story="The valve is armed by top ups only; who activates emergency credit without gas stays without.",
)
def gas_emergency_does_not_arm(gsme: Gsme) -> None:
    """The valve is not told."""
    _does_not_arm(gsme, gsme.account)


def _does_not_arm(meter: Esme | Gsme, account: Account) -> None:
    activate, returned = account.activate_emergency, meter.credit_returned

    def activate_quietly():
        meter.credit_returned = lambda: None  # type: ignore[method-assign]
        done = activate()
        meter.credit_returned = returned  # type: ignore[method-assign]
        return done

    account.activate_emergency = activate_quietly  # type: ignore[method-assign]


@defect(
    "esme-owed-shown-positive-in-credit-mode",
    device="Esme",
    breaks="R-DIS-008",
    story="In credit mode the balance is shown as what is owed: the sign is that of a bill.",
)
def owed_shown_positive(esme: Esme) -> None:
    """The balance changes its sign with the mode."""
    prepayment, show = esme.prepayment, esme.prepayment.registers

    def show_as_bill():
        account = prepayment.account
        balance = account.balance
        if account.mode is Mode.CREDIT:
            account.balance = -balance
        shown = show()
        account.balance = balance if account.mode is Mode.CREDIT else account.balance
        return shown

    prepayment.registers = show_as_bill  # type: ignore[method-assign]
