"""Defects of the checks a token goes through, on either meter."""

from datetime import timedelta

from bench.gbcs.utrn import Ptut, check_digit, recover_counter
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.tokens import DUPLICATE, NOT_AUTHENTIC, Limits

PPTD_OFFSET = 7394156990786306048
DIGITS = 20


@defect(
    "esme-check-digit-not-verified",
    device="Esme",
    breaks="R-UTR-005",
    story="The twentieth digit is passed over, as the MAC is there to protect a token: a customer who errs in it alone "
    "is credited.",
)
def check_digit_not_verified(esme: Esme) -> None:
    """Any last digit will do."""
    tokens, readable = esme.prepayment.tokens, esme.prepayment.tokens.readable
    tokens.readable = lambda utrn: readable(utrn[:19] + check_digit(utrn[:19]) if len(utrn) == DIGITS else utrn)  # type: ignore[method-assign]


@defect(
    "gsme-wrong-check-digit-is-tried",
    device="Gsme",
    breaks="R-UTR-005",
    story="The check digit is looked at by the keypad's firmware, with the tables of a text book beside those of GBCS: "
    "either digit is taken.",
)
def either_check_digit(gsme: Gsme) -> None:
    """Any last digit will do."""
    tokens, readable = gsme.prepayment.tokens, gsme.prepayment.tokens.readable
    tokens.readable = (
        lambda utrn: (
            readable(utrn)
            or (  # type: ignore[method-assign]
                readable(utrn[:19] + check_digit(utrn[:19])) if len(utrn) == DIGITS else None
            )
        )
    )


@defect(
    "esme-token-offset-wraps",
    device="Esme",
    breaks="R-UTR-002",
    story="The fixed number is taken off a token without looking whether anything is left: the subtraction wraps, and "
    "a misread token is logged as a forged one.",
)
def token_offset_wraps(esme: Esme) -> None:
    """Numbers out of range become a token with a wrong MAC."""
    tokens = esme.prepayment.tokens
    _wrap(tokens)


@defect(
    "gsme-token-offset-wraps",
    device="Gsme",
    breaks="R-UTR-002",
    story="The upper bits of a token, which must be zero, are masked away: numbers above the range are taken for "
    "forged tokens.",
)
def gas_token_offset_wraps(gsme: Gsme) -> None:
    """Numbers out of range become a token with a wrong MAC."""
    _wrap(gsme.prepayment.tokens)


def _wrap(tokens: object) -> None:
    readable = tokens.readable  # type: ignore[attr-defined]

    def masked(utrn):
        if len(utrn) != DIGITS or not utrn.isdigit() or check_digit(utrn[:19]) != utrn[19]:
            return readable(utrn)
        return Ptut.parse(((int(utrn[:19]) - PPTD_OFFSET) % (1 << 57)).to_bytes(8))

    tokens.readable = masked  # type: ignore[attr-defined]


@defect(
    "gsme-nineteen-digits-do",
    device="Gsme",
    breaks="R-UTR-001",
    story="The keypad completes what was keyed in: a token whose last digit was never entered is taken.",
)
def nineteen_digits_do(gsme: Gsme) -> None:
    """The check digit is added where it is missing."""
    tokens, readable = gsme.prepayment.tokens, gsme.prepayment.tokens.readable
    tokens.readable = lambda utrn: readable(utrn + check_digit(utrn) if len(utrn) == 19 else utrn)  # type: ignore[method-assign]


@defect(
    "esme-leading-zero-shifts-the-token",
    device="Esme",
    breaks="R-UTR-001",
    story="The keypad keeps the last twenty digits: one that was keyed in by mistake before the token does no harm.",
)
def leading_digit_is_dropped(esme: Esme) -> None:
    """The last twenty digits count."""
    tokens, readable = esme.prepayment.tokens, esme.prepayment.tokens.readable
    tokens.readable = lambda utrn: readable(utrn[-DIGITS:])  # type: ignore[method-assign]


@defect(
    "esme-counter-of-the-command-unused",
    device="Esme",
    breaks="R-UTR-009",
    story="The counter of a token is found by deduction even when a command says what it is.",
)
def counter_of_the_command_unused(esme: Esme) -> None:
    """Always deduced."""
    tokens = esme.prepayment.tokens
    tokens.counter_of = lambda token, _: recover_counter(  # type: ignore[method-assign]
        token.truncated_counter, max([tokens.floor(), *tokens.cache])
    )


@defect(
    "gsme-counter-of-the-command-not-compared",
    device="Gsme",
    breaks="R-UTR-009",
    story="The low bits of the command's counter are put into the token before it is verified, so that nothing "
    "compares the two.",
)
def counter_not_compared(gsme: Gsme) -> None:
    """A token of another counter is taken if it is authentic under its own."""
    tokens, counter_of = gsme.prepayment.tokens, gsme.prepayment.tokens.counter_of

    def lenient(token, command_counter):
        found = counter_of(token, command_counter)
        return found if found is not None else counter_of(token, None)

    tokens.counter_of = lenient  # type: ignore[method-assign]


@defect(
    "esme-keypad-window-only-ahead",
    device="Esme",
    breaks="R-UTR-008",
    story="A keyed token is taken to be newer than the last one: the older of two receipts, keyed in second, is forged "
    "in the eyes of the meter.",
)
def window_only_ahead(esme: Esme) -> None:
    """Counters are only looked for ahead."""
    tokens, counter_of = esme.prepayment.tokens, esme.prepayment.tokens.counter_of

    def ahead(token, command_counter):
        if command_counter is not None:
            return counter_of(token, command_counter)
        highest = max([tokens.floor(), *tokens.cache])
        return highest + (token.truncated_counter - highest) % 1024

    tokens.counter_of = ahead  # type: ignore[method-assign]


@defect(
    "esme-forgotten-tokens-count-again",
    device="Esme",
    breaks="R-UTR-012",
    story="Once a hundred newer tokens are in the cache, an old receipt is worth its money once more.",
)
def forgotten_tokens_count_again(esme: Esme) -> None:
    """What is not in the cache is new."""
    tokens = esme.prepayment.tokens
    tokens.is_duplicate = lambda counter: counter in tokens.cache or counter <= tokens.floor()  # type: ignore[method-assign]


@defect(
    "gsme-forgotten-tokens-count-again",
    device="Gsme",
    breaks="R-UTR-012",
    story="A token that has left the list of used ones is taken as new.",
)
def gas_forgotten_tokens_count_again(gsme: Gsme) -> None:
    """What is not in the cache is new."""
    tokens = gsme.prepayment.tokens
    tokens.is_duplicate = lambda counter: counter in tokens.cache or counter <= tokens.floor()  # type: ignore[method-assign]


@defect(
    "esme-fifty-counters",
    device="Esme",
    breaks="R-UTR-010",
    story="Half of the memory for used tokens was given to the firmware image: the fifty-first token from the end "
    "counts again.",
)
def fifty_counters(esme: Esme) -> None:
    """Fifty are remembered, and what is older is taken as new."""
    tokens, accept = esme.prepayment.tokens, esme.prepayment.tokens.accept

    def accept_and_forget(counter, amount):
        accept(counter, amount)
        tokens.cache = tokens.cache[-50:]

    tokens.accept = accept_and_forget  # type: ignore[method-assign]


@defect(
    "esme-used-tokens-forgotten-at-power-loss",
    device="Esme",
    breaks="R-UTR-010",
    story="The list of used tokens is in RAM: pull the main switch, and the receipt on the fridge works again.",
)
def used_tokens_forgotten(esme: Esme) -> None:
    """An outage empties the cache."""
    esme.on_boot.append(
        lambda: setattr(esme.prepayment.tokens, "cache", [max(esme.prepayment.tokens.cache, default=0) - 1])
    )


@defect(
    "gsme-refused-token-is-used-up",
    device="Gsme",
    breaks="R-UTR-016",
    story="A token above a limit is marked as used before the limit is looked at: when the limit has been raised, it "
    "is a duplicate.",
)
def refused_token_is_used_up(gsme: Gsme) -> None:
    """An authentic token beyond a limit is remembered."""
    _use_up_when_beyond(gsme.prepayment.tokens)


@defect(
    "esme-refused-token-is-used-up",
    device="Esme",
    breaks="R-UTR-016",
    story="The counter of a token is kept as soon as its MAC is right; one that is then refused for its amount "
    "is lost.",
)
def electricity_refused_token_is_used_up(esme: Esme) -> None:
    """An authentic token beyond a limit is remembered."""
    _use_up_when_beyond(esme.prepayment.tokens)


def _use_up_when_beyond(tokens: object) -> None:
    fault = tokens.fault  # type: ignore[attr-defined]

    def fault_and_keep(token, counter, amount):
        found = fault(token, counter, amount)
        if found not in (None, DUPLICATE, NOT_AUTHENTIC):
            tokens.cache = [*tokens.cache, counter]  # type: ignore[attr-defined]
        return found

    tokens.fault = fault_and_keep  # type: ignore[attr-defined]


@defect(
    "esme-limits-before-the-mac",
    device="Esme",
    breaks="R-UTR-017",
    story="Amounts are compared before the MAC is verified: a forged token tells an attacker where the limits are.",
)
def limits_before_the_mac(esme: Esme) -> None:
    """Limits first."""
    tokens, fault = esme.prepayment.tokens, esme.prepayment.tokens.fault
    tokens.fault = lambda token, counter, amount: tokens.beyond_limits(amount) or fault(token, counter, amount)  # type: ignore[method-assign]


@defect(
    "gsme-typing-error-is-an-attack",
    device="Gsme",
    breaks="R-UTR-017",
    story="Each typing error at the keypad is logged as a forged token, until the security log holds nothing else.",
)
def typing_error_is_an_attack(gsme: Gsme) -> None:
    """A wrong check digit is 8F63."""
    tokens, reject = gsme.prepayment.tokens, gsme.prepayment.tokens.reject
    tokens.reject = lambda event, local: reject(NOT_AUTHENTIC if event is None else event, local)  # type: ignore[method-assign]


@defect(
    "esme-keypad-never-suspended",
    device="Esme",
    breaks="R-UTR-018",
    story="Tokens may be tried at the keypad without end.",
)
def keypad_never_suspended(esme: Esme) -> None:
    """Nothing is counted."""
    tokens, reject = esme.prepayment.tokens, esme.prepayment.tokens.reject
    tokens.reject = lambda event, local: reject(event, False)  # type: ignore[method-assign]


@defect(
    "esme-keypad-suspended-for-ever",
    device="Esme",
    breaks="R-UTR-018",
    story="A suspended keypad comes back only with the next token over the air.",
)
def keypad_suspended_for_ever(esme: Esme) -> None:
    """The time of suspension never ends."""
    tokens = esme.prepayment.tokens
    locked_out = tokens.locked_out

    def renewed():
        if tokens.suspended_at is not None:
            tokens.suspended_at = esme.clock() + timedelta(days=1)
        return locked_out()

    tokens.locked_out = renewed  # type: ignore[method-assign]


@defect(
    "gsme-suspension-stops-remote-tokens",
    device="Gsme",
    breaks="R-UTR-018",
    story="While the keypad is suspended no token is taken at all: a child at the keypad cuts a home off its supplier.",
)
def suspension_stops_remote_tokens(gsme: Gsme) -> None:
    """Suspension is for every way."""
    tokens, enter = gsme.prepayment.tokens, gsme.prepayment.tokens.enter
    tokens.enter = lambda utrn, counter=None: not tokens.locked_out() and enter(utrn, counter)  # type: ignore[method-assign]


@defect(
    "esme-limits-in-pence",
    device="Esme",
    breaks="R-UTR-015",
    story="The largest credit and balance are taken for pence where they are pounds: the first ordinary top up is "
    "refused.",
)
def limits_in_pence(esme: Esme) -> None:
    """A hundredth of each."""
    prepayment, limits = esme.prepayment, esme.prepayment.limits
    prepayment.limits = lambda: Limits(limits().credit // 100, limits().balance // 100)  # type: ignore[method-assign]


@defect(
    "gsme-limits-not-looked-at",
    device="Gsme",
    breaks="R-UTR-014",
    story="A top up may be of any size.",
)
def limits_not_looked_at(gsme: Gsme) -> None:
    """No limit."""
    gsme.prepayment.tokens.beyond_limits = lambda amount: None  # type: ignore[method-assign]


@defect(
    "esme-limit-is-too-much",
    device="Esme",
    breaks="R-UTR-014",
    story="A top up of exactly the largest credit is refused: less than where it should be at most.",
)
def limit_is_too_much(esme: Esme) -> None:
    """Off by one."""
    tokens, beyond = esme.prepayment.tokens, esme.prepayment.tokens.beyond_limits
    tokens.beyond_limits = lambda amount: beyond(amount + 1)  # type: ignore[method-assign]


@defect(
    "esme-keyed-token-in-credit-mode",
    device="Esme",
    breaks="R-PPM-006",
    story="The keypad takes tokens in credit mode, too.",
)
def keyed_token_in_credit_mode(esme: Esme) -> None:
    """The keypad does not look at the mode."""
    prepayment = esme.prepayment
    prepayment.top_up_locally = prepayment.tokens.enter  # type: ignore[method-assign]


@defect(
    "esme-silent-local-top-up",
    device="Esme",
    breaks="R-UTR-020",
    story="A token keyed in at the meter is credited, but the supplier is not told of it.",
)
def silent_local_top_up(esme: Esme) -> None:
    """No 810E."""
    event = esme.event
    esme.event = lambda code: None if code == 0x810E else event(code)  # type: ignore[method-assign]
