"""Defects of the gas meter's money: tokens, balances, debts."""

from rigs.virtual.defects import defect
from rigs.virtual.gsme import Gsme


@defect(
    "gsme-stays-on-without-credit",
    device="Gsme",
    breaks="R-DIS-001",
    story="At the disablement threshold the alert is sent and the valve is forgotten: gas for nothing.",
)
def stays_on_without_credit(gsme: Gsme) -> None:
    """The valve is not closed for credit."""
    gsme.valve.disable_for_credit = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-top-up-in-pence",
    device="Gsme",
    breaks="R-UTR-019a",
    story="The answer to a top up shows pence where hundred-thousandths of a pound belong.",
)
def top_up_in_pence(gsme: Gsme) -> None:
    """Amounts in the answer are a thousandth."""
    from rigs.virtual.gbz_device import PREPAYMENT, made
    from rigs.virtual.gsme_prepayment import TOPPED_UP

    prepayment = gsme.prepayment
    enter = prepayment.top_up_remotely

    def in_pence(component):
        enter(component)
        account = prepayment.account
        value = account.credits[-1][1] // 1000 if account.credits else -1
        answer = {"result": 0, "value": value, "source": 0, "creditRemaining": account.balance // 1000}
        return [(TOPPED_UP, made(PREPAYMENT, False, TOPPED_UP, answer))]

    prepayment.top_up_remotely = in_pence  # type: ignore[method-assign]


@defect(
    "gsme-keyed-token-not-remembered",
    device="Gsme",
    breaks="R-UTR-016",
    story="Only tokens that come by command enter the counter cache: one that was keyed in counts again over the air.",
)
def keyed_token_not_remembered(gsme: Gsme) -> None:
    """A local token does not stay in the cache."""
    tokens, prepayment = gsme.prepayment.tokens, gsme.prepayment
    enter = prepayment.top_up_locally

    def forgetful(token: str) -> bool:
        before = list(tokens.cache)
        done = enter(token)
        tokens.cache = before
        return done

    prepayment.top_up_locally = forgetful  # type: ignore[method-assign]


@defect(
    "gsme-silent-local-top-up",
    device="Gsme",
    breaks="R-UTR-020",
    story="A token keyed in at the meter is credited, but the supplier is not told of it.",
)
def silent_local_top_up(gsme: Gsme) -> None:
    """No 810E."""
    event = gsme.event
    gsme.event = lambda code: None if code == 0x810E else event(code)  # type: ignore[method-assign]


@defect(
    "gsme-tokens-in-credit-mode",
    device="Gsme",
    breaks="R-PPM-006",
    story="Top ups are taken in credit mode too, into a balance nobody uses; the money is gone until the mode changes.",
)
def tokens_in_credit_mode(gsme: Gsme) -> None:
    """Tokens count in every mode."""
    gsme.prepayment.takes_tokens = lambda: True  # type: ignore[method-assign]


@defect(
    "gsme-bill-sign",
    device="Gsme",
    breaks="R-GAS-015",
    story="A credit to a customer in credit mode is added to what is owed: the sign of the prepayment balance is used.",
)
def bill_sign(gsme: Gsme) -> None:
    """A credit raises what is owed."""
    account = gsme.account

    def add(amount: int) -> None:
        account.settle()
        account.bill += amount

    account.adjust_bill = add


@defect(
    "gsme-bill-below-zero",
    device="Gsme",
    breaks="R-GAS-016",
    story="A large credit takes the credit mode register below zero, where it wraps to 42 million pounds owed.",
)
def bill_below_zero(gsme: Gsme) -> None:
    """No floor."""
    account = gsme.account

    def subtract(amount: int) -> None:
        account.settle()
        account.bill = (account.bill - amount) % (1 << 32)

    account.adjust_bill = subtract


@defect(
    "gsme-reset-keeps-balance",
    device="Gsme",
    breaks="R-GAS-017",
    story="The reset of the meter balance clears the debt, not the balance.",
)
def reset_keeps_balance(gsme: Gsme) -> None:
    """GCS40b leaves the balance."""
    account = gsme.account

    def reset() -> None:
        account.accumulated_debt = account.emergency_used = 0

    account.reset = reset


@defect(
    "gsme-debt-set-not-added",
    device="Gsme",
    breaks="R-DBT-001",
    story="A change of debt replaces the register where it should be added to it: the second part of a debt erases the "
    "first.",
)
def debt_set_not_added(gsme: Gsme) -> None:
    """GCS04 is absolute."""
    prepayment, account = gsme.prepayment, gsme.account
    change = prepayment.change_debt

    def absolute(component):
        account.time_debts[0].owed = 0
        return change(component)

    prepayment.change_debt = absolute  # type: ignore[method-assign]


@defect(
    "gsme-payment-debt-not-recovered",
    device="Gsme",
    breaks="R-CRE-002",
    story="The share of a top up for the payment debt is never taken: all of it goes to the balance.",
)
def payment_debt_not_recovered(gsme: Gsme) -> None:
    """No payment-based recovery."""
    gsme.account.recover_payment_debt = lambda amount: 0


@defect(
    "gsme-emergency-credit-any-time",
    device="Gsme",
    breaks="R-EMC-001",
    story="Emergency credit can be drawn with ten pounds on the meter.",
)
def emergency_credit_any_time(gsme: Gsme) -> None:
    """The threshold is not looked at."""
    gsme.account.emergency_available = lambda: True


@defect(
    "gsme-second-activation-fails",
    device="Gsme",
    breaks="R-RSP-016",
    story="Activating emergency credit that is active already is answered as a failure, though it is what was wanted.",
)
def second_activation_fails(gsme: Gsme) -> None:
    """The result tells of a change, not of the state."""
    account = gsme.account
    activate = account.activate_emergency
    account.activate_emergency = lambda: not account.emergency_active and activate()


@defect(
    "gsme-top-up-log-oldest-first",
    device="Gsme",
    breaks="R-UTR-021",
    story="The log of top ups is full after the first one and never takes another.",
)
def top_up_log_full(gsme: Gsme) -> None:
    """Only the first top up is kept."""
    prepayment = gsme.prepayment
    top_ups = prepayment.top_ups

    def first_only(component):
        prepayment.top_up_log = prepayment.top_up_log[:1]
        return top_ups(component)

    prepayment.top_ups = first_only  # type: ignore[method-assign]
