"""Defects of what is checked of a token in which order, what is written of it, and what it is worth."""

from dataclasses import replace

from bench.gbcs.trust_anchors import Role
from bench.gbcs.utrn import recover_counter
from rigs.virtual.account import Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.tokens import DUPLICATE, NOT_AUTHENTIC

POUNDS = 1
REJECTED = 1  #: result of a top up
TWELVE_BITS = 4096 * 1000  #: pence, in 1/1000 p


@defect(
    "esme-mac-before-the-used-ones",
    device="Esme",
    breaks="R-UTR-017",
    story="The MAC is verified before the list of used tokens is looked at: each receipt from the bin that another "
    "supplier made is logged as a forgery.",
)
def mac_before_the_used_ones(esme: Esme) -> None:
    """Authenticity first."""
    tokens, fault = esme.prepayment.tokens, esme.prepayment.tokens.fault

    def mac_first(token, counter, amount):
        if counter is None or not tokens.is_authentic(token, counter):
            return NOT_AUTHENTIC
        return fault(token, counter, amount)

    tokens.fault = mac_first  # type: ignore[method-assign]


@defect(
    "gsme-limits-before-the-used-ones",
    device="Gsme",
    breaks="R-UTR-017",
    story='A token that has been used is compared with the limits of today first: the call centre reads "too much" '
    "where the customer keyed in an old receipt.",
)
def limits_before_the_used_ones(gsme: Gsme) -> None:
    """An authentic token is compared with the limits before it is looked for among the used ones."""
    tokens, fault = gsme.prepayment.tokens, gsme.prepayment.tokens.fault

    def limits_first(token, counter, amount):
        authentic = counter is not None and tokens.is_authentic(token, counter)
        return (tokens.beyond_limits(amount) if authentic else None) or fault(token, counter, amount)

    tokens.fault = limits_first  # type: ignore[method-assign]


@defect(
    "gsme-window-around-the-last-token",
    device="Gsme",
    breaks="R-UTR-008",
    story="The counter of a keyed token is looked for around that of the token before, not around the highest: after "
    "an old receipt the new ones are out of reach.",
)
def window_around_the_last_token(gsme: Gsme) -> None:
    """The last accepted counter is the reference."""
    tokens, accept, counter_of = (gsme.prepayment.tokens, *_of(gsme.prepayment.tokens, "accept", "counter_of"))
    last: list[int] = []

    def keep(counter, amount):
        last[:] = [counter]
        accept(counter, amount)

    def around_the_last(token, command_counter):
        if command_counter is not None or not last:
            return counter_of(token, command_counter)
        return recover_counter(token.truncated_counter, last[0])

    tokens.accept, tokens.counter_of = keep, around_the_last  # type: ignore[method-assign]


@defect(
    "gsme-forged-by-command-not-logged",
    device="Gsme",
    breaks="R-UTR-013",
    story="Forged tokens are logged by the keypad's own firmware: those that come by command leave no trace.",
)
def forged_by_command_not_logged(gsme: Gsme) -> None:
    """8F63 for local entries only."""
    tokens, reject = gsme.prepayment.tokens, gsme.prepayment.tokens.reject
    tokens.reject = lambda event, local: reject(None if event == NOT_AUTHENTIC and not local else event, local)  # type: ignore[method-assign]


@defect(
    "esme-forged-token-is-alerted",
    device="Esme",
    breaks="R-UTR-013",
    story="Each forged token is sent to the supplier as an alert, where the security log alone should have it: typing "
    "at a keypad floods the WAN.",
)
def forged_token_is_alerted(esme: Esme) -> None:
    """8F63 to the supplier."""
    tokens, reject = esme.prepayment.tokens, esme.prepayment.tokens.reject

    def tell(event, local):
        if event == NOT_AUTHENTIC:
            esme.alert(event, Role.SUPPLIER)
        return reject(event, local)

    tokens.reject = tell  # type: ignore[method-assign]


@defect(
    "gsme-used-token-in-the-event-log",
    device="Gsme",
    breaks="R-UTR-011",
    story="A used token is written into the event log instead of the security log.",
)
def used_token_in_the_event_log(gsme: Gsme) -> None:
    """8F51 in the wrong log."""
    tokens, reject = gsme.prepayment.tokens, gsme.prepayment.tokens.reject

    def elsewhere(event, local):
        if event == DUPLICATE:
            gsme.logs.add(gsme.logs.event, event)
        return reject(None if event == DUPLICATE else event, local)

    tokens.reject = elsewhere  # type: ignore[method-assign]


@defect(
    "esme-keypad-suspended-once",
    device="Esme",
    breaks="R-UTR-018",
    story="The keypad is suspended at exactly the fifth wrong token, and the count goes on from there: after the first "
    "suspension there is never another.",
)
def keypad_suspended_once(esme: Esme) -> None:
    """The count is not set back when the suspension ends."""
    tokens, locked_out = esme.prepayment.tokens, esme.prepayment.tokens.locked_out

    def keeps_the_count():
        failures = tokens.failures
        locked = locked_out()
        if not locked and tokens.failures < failures:
            tokens.failures = failures
        return locked

    tokens.locked_out = keeps_the_count  # type: ignore[method-assign]


@defect(
    "esme-right-token-forgives-nothing",
    device="Esme",
    breaks="R-UTR-018",
    story="Wrong tokens are counted over the life of the meter: a customer who errs once a month is locked out in "
    "summer.",
)
def right_token_forgives_nothing(esme: Esme) -> None:
    """An accepted token does not set the count back."""
    tokens, accept = esme.prepayment.tokens, esme.prepayment.tokens.accept

    def keeps_the_count(counter, amount):
        failures = tokens.failures
        accept(counter, amount)
        tokens.failures = failures

    tokens.accept = keeps_the_count  # type: ignore[method-assign]


@defect(
    "gsme-two-bits-of-class-are-one",
    device="Gsme",
    breaks="R-UTR-004",
    story="Of the two bits of the value class the upper one is not looked at: class 3 is worth pounds.",
)
def two_bits_of_class_are_one(gsme: Gsme) -> None:
    """Class 3 is taken for class 1."""
    tokens, readable, authentic = (gsme.prepayment.tokens, *_of(gsme.prepayment.tokens, "readable", "is_authentic"))
    heads: dict[object, object] = {}

    def masked(utrn):
        token = readable(utrn)
        if token is None or token.pence is not None:
            return token
        worth = replace(token, value_class=token.value_class & POUNDS)
        heads[worth] = token
        return worth

    tokens.readable = masked  # type: ignore[method-assign]
    tokens.is_authentic = lambda token, counter: authentic(heads.get(token, token), counter)  # type: ignore[method-assign]


@defect(
    "esme-value-of-twelve-bits",
    device="Esme",
    breaks="R-UTR-003",
    story="The value of a token is read from twelve bits of thirteen: 60 pounds in pence are worth 19.04.",
)
def value_of_twelve_bits(esme: Esme) -> None:
    """Amounts in pence wrap at 4096."""
    tokens, accept = esme.prepayment.tokens, esme.prepayment.tokens.accept
    tokens.accept = lambda counter, amount: accept(
        counter, amount % TWELVE_BITS if amount < 2 * TWELVE_BITS else amount
    )  # type: ignore[method-assign]


@defect(
    "gsme-old-suppliers-tokens-remembered",
    device="Gsme",
    breaks="R-UTR-022",
    story="The list of used tokens outlives the supplier: the first tokens of the new one are duplicates.",
)
def old_suppliers_tokens_remembered(gsme: Gsme) -> None:
    """A change of supplier leaves the list as it is."""
    gsme.prepayment.supplier_changed = lambda: None  # type: ignore[method-assign]


@defect(
    "esme-older-than-the-oldest-is-used",
    device="Esme",
    breaks="R-UTR-012",
    story="A token older than all that are remembered is refused though the list has room: of two first receipts the "
    "older one is worth nothing.",
)
def older_than_the_oldest_is_used(esme: Esme) -> None:
    """The list need not be full."""
    tokens, is_duplicate = esme.prepayment.tokens, esme.prepayment.tokens.is_duplicate
    tokens.is_duplicate = lambda counter: (
        is_duplicate(counter)
        or (  # type: ignore[method-assign]
            bool(tokens.cache) and counter < tokens.cache[0]
        )
    )


@defect(
    "gsme-full-list-takes-only-newer",
    device="Gsme",
    breaks="R-UTR-012",
    story="Once the list of used tokens is full only a token newer than all of them is taken: one that was skipped is "
    "lost.",
)
def full_list_takes_only_newer(gsme: Gsme) -> None:
    """Compared with the newest instead of the oldest."""
    tokens, is_duplicate = gsme.prepayment.tokens, gsme.prepayment.tokens.is_duplicate
    tokens.is_duplicate = lambda counter: (
        is_duplicate(counter)
        or (  # type: ignore[method-assign]
            len(tokens.cache) >= 100 and counter < tokens.cache[-1]
        )
    )


@defect(
    "esme-token-used-up-in-credit-mode",
    device="Esme",
    breaks="R-PPM-006",
    story="A token that comes in credit mode is refused and marked as used all the same: back in prepayment it is a "
    "duplicate.",
)
def token_used_up_in_credit_mode(esme: Esme) -> None:
    """The counter is kept before the mode is looked at."""
    prepayment, top_up = esme.prepayment, esme.prepayment.top_up_remotely

    def keep_and_refuse(token):
        if prepayment.account.mode is Mode.CREDIT and esme.exchange is not None:
            prepayment.tokens.cache = sorted([*prepayment.tokens.cache, esme.exchange.command.counter >> 32])
        return top_up(token)

    prepayment.top_up_remotely = keep_and_refuse  # type: ignore[method-assign]


def _of(part: object, *names: str) -> tuple:
    return tuple(getattr(part, name) for name in names)


@defect(
    "esme-top-up-in-debt-is-a-failure",
    device="Esme",
    breaks="R-UTR-019",
    story="The answer to a top up says whether there is credit now: who pays half of his debt is told that it failed.",
)
def top_up_in_debt_is_a_failure(esme: Esme) -> None:
    """Failure while the balance is below zero."""
    prepayment, top_up = esme.prepayment, esme.prepayment.top_up_remotely
    prepayment.top_up_remotely = lambda token: top_up(token) or (REJECTED if prepayment.account.balance < 0 else 0)  # type: ignore[method-assign]


@defect(
    "gsme-keypad-works-in-credit-mode",
    device="Gsme",
    breaks="R-PPM-006",
    story="The keypad takes tokens in either mode: what a customer in credit mode keys in is nobody's money.",
)
def keypad_works_in_credit_mode(gsme: Gsme) -> None:
    """The mode is not looked at."""
    prepayment, top_up = gsme.prepayment, gsme.prepayment.top_up_locally

    def take(token):
        mode, prepayment.account.mode = prepayment.account.mode, Mode.PREPAYMENT
        try:
            return top_up(token)
        finally:
            prepayment.account.mode = mode

    prepayment.top_up_locally = take  # type: ignore[method-assign]
