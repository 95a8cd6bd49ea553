"""What a meter makes of a token's counter, class and amount, and of wrong ones, beside the everyday case."""

from dataclasses import replace

from bench.gbcs.utrn import Ptut, recover_counter
from rigs.virtual.account import Mode
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme

POUNDS = 1
TWELVE_BITS = 1 << 12
REJECTED = 1


@defect(
    "gsme-token-counter-from-the-last-one",
    device="Gsme",
    breaks="R-UTR-008",
    story="The counter of a keyed token is reckoned from the last token, not from the highest: after an older receipt "
    "the newer ones are forged.",
)
def token_counter_from_the_last_one(gsme: Gsme) -> None:
    """The last counter instead of the highest."""
    tokens, counter_of, accept = (
        gsme.prepayment.tokens,
        gsme.prepayment.tokens.counter_of,
        gsme.prepayment.tokens.accept,
    )
    last: list[int] = []

    def counter(token, command_counter):
        if command_counter is not None or not last:
            return counter_of(token, command_counter)
        return recover_counter(token.truncated_counter, last[-1])

    def accept_and_note(number, amount):
        last.append(number)
        accept(number, amount)

    tokens.counter_of, tokens.accept = counter, accept_and_note  # type: ignore[method-assign]


@defect(
    "esme-older-than-all-is-old",
    device="Esme",
    breaks="R-UTR-012",
    story="A token older than all that are remembered is refused, however few those are: who keys two receipts in the "
    "wrong way round loses one.",
)
def older_than_all_is_old(esme: Esme) -> None:
    """The memory need not be full."""
    tokens, duplicate = esme.prepayment.tokens, esme.prepayment.tokens.is_duplicate
    tokens.is_duplicate = lambda counter: duplicate(counter) or bool(tokens.cache and counter < min(tokens.cache))  # type: ignore[method-assign]


@defect(
    "gsme-full-memory-wants-the-highest",
    device="Gsme",
    breaks="R-UTR-012",
    story="With a full memory a token must be newer than the newest: the one that was left lying is lost.",
)
def full_memory_wants_the_highest(gsme: Gsme) -> None:
    """The highest instead of the lowest."""
    tokens, duplicate = gsme.prepayment.tokens, gsme.prepayment.tokens.is_duplicate
    tokens.is_duplicate = lambda counter: (
        duplicate(counter) or (len(tokens.cache) >= 100 and counter < max(tokens.cache))
    )  # type: ignore[method-assign]


@defect(
    "gsme-class-of-a-token-has-one-bit",
    device="Gsme",
    breaks="R-UTR-004",
    story="Of the two bits of a token's class the lower one is looked at: what is to come one day is pence or pounds.",
)
def class_of_a_token_has_one_bit(gsme: Gsme) -> None:
    """The upper bit is dropped."""
    tokens, readable = gsme.prepayment.tokens, gsme.prepayment.tokens.readable

    class OneBit(Ptut):
        @property
        def pence(self):
            return replace(Ptut(0, 0, 0, b""), value_class=self.value_class & POUNDS, value=self.value).pence

    def read(utrn):
        found = readable(utrn)
        return found and OneBit(found.truncated_counter, found.value_class, found.value, found.mac)

    tokens.readable = read  # type: ignore[method-assign]


@defect(
    "esme-amount-of-twelve-bits",
    device="Esme",
    breaks="R-UTR-003",
    story="The amount of a token is read as twelve bits where it has thirteen: of 41 pounds in pence four pence.",
)
def amount_of_twelve_bits(esme: Esme) -> None:
    """The highest bit is cut off."""
    tokens, readable = esme.prepayment.tokens, esme.prepayment.tokens.readable

    class Short(Ptut):
        @property
        def pence(self):
            return replace(Ptut(0, 0, 0, b""), value_class=self.value_class, value=self.value % TWELVE_BITS).pence

    def read(utrn):
        found = readable(utrn)
        return found and Short(found.truncated_counter, found.value_class, found.value, found.mac)

    tokens.readable = read  # type: ignore[method-assign]


@defect(
    "esme-keypad-suspended-but-once",
    device="Esme",
    breaks="R-UTR-018",
    story="The count of wrong tokens is not cleared when a suspension ends, and then it has passed the number at which "
    "it would suspend: from the second hour on tokens may be tried without end.",
)
def keypad_suspended_but_once(esme: Esme) -> None:
    """The count goes on."""
    tokens, locked_out = esme.prepayment.tokens, esme.prepayment.tokens.locked_out

    def locked():
        failures, still = tokens.failures, locked_out()
        if tokens.suspended_at is None:
            tokens.failures = failures
        return still

    tokens.locked_out = locked  # type: ignore[method-assign]


@defect(
    "esme-right-token-forgives-nothing",
    device="Esme",
    breaks="R-UTR-018",
    story="Wrong tokens are counted over the life of the meter: an old hand at the keypad is locked out by his fifth "
    "typing error in ten years.",
)
def right_token_forgives_nothing(esme: Esme) -> None:
    """A right token leaves the count."""
    tokens, accept = esme.prepayment.tokens, esme.prepayment.tokens.accept

    def accept_and_count_on(counter, amount):
        failures = tokens.failures
        accept(counter, amount)
        tokens.failures = failures

    tokens.accept = accept_and_count_on  # type: ignore[method-assign]


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
    "esme-remembers-what-credit-mode-refused",
    device="Esme",
    breaks="R-PPM-006",
    story="A token that comes in credit mode is refused and remembered: back in prepayment it is a duplicate.",
)
def remembers_what_credit_mode_refused(esme: Esme) -> None:
    """The counter enters the memory."""
    prepayment, top_up = esme.prepayment, esme.prepayment.top_up_remotely

    def refuse_and_remember(token):
        if prepayment.account.mode is not Mode.PREPAYMENT and esme.exchange is not None:
            tokens = prepayment.tokens
            tokens.cache = sorted([*tokens.cache, esme.exchange.command.counter >> 32])
        return top_up(token)

    prepayment.top_up_remotely = refuse_and_remember  # type: ignore[method-assign]


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
