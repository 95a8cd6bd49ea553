"""Defects of counters: of commands and parties, of answers, of tokens, and the floors below which none is taken."""

from dataclasses import replace

from bench.gbcs import Message
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.esme_prepayment import EsmePrepayment
from rigs.virtual.exchange import Exchange
from rigs.virtual.gbcs_device import TRUSTED_SOURCE_FAILURE, GbcsDevice, Refusal


@defect(
    "any-counters-by-message-code",
    device="GbcsDevice",
    breaks="R-CTR-002",
    story="Each message code has a counter of its own: old commands of a rare code can be replayed.",
)
def counters_by_message_code(device: GbcsDevice) -> None:
    """A counter is compared with the last of its code alone."""
    highest: dict[int, int] = {}

    def check_counter(message: Message) -> Refusal | None:
        if not device.has_execution_counter(message):
            return None
        if message.counter <= highest.get(message.message_code, 0):
            return Refusal(TRUSTED_SOURCE_FAILURE, logged=False)
        highest[message.message_code] = message.counter
        return None

    device.check_counter = check_counter  # type: ignore[method-assign]


@defect(
    "any-only-signed-commands-count",
    device="GbcsDevice",
    breaks="R-CTR-007",
    story="Only critical commands are protected against replay: a recorded removal of the PIN works for ever.",
)
def only_signed_commands_count(device: GbcsDevice) -> None:
    """A command without signature has no execution counter."""
    counts = device.has_execution_counter
    device.has_execution_counter = lambda message: (  # type: ignore[method-assign]
        bool(message.signature) and counts(message)
    )


@defect(
    "any-floors-of-the-first-role-alone",
    device="GbcsDevice",
    breaks="R-CRD-045",
    story="Of the floors that contingency sets, the first is stored; the others are told as set and are not.",
)
def floors_of_the_first_role_alone(device: GbcsDevice) -> None:
    """Counters of further roles stay."""
    set_floors, counters = device.credentials.set_floors, device.anchors.counters

    def first(request, replaced):
        before = dict(counters)
        changes = set_floors(request, replaced)
        for change in changes[1:]:
            counters[change.role] = before.get(change.role, 0)
        return changes

    device.credentials.set_floors = first  # type: ignore[method-assign]


@defect(
    "esme-token-counters-outlive-the-supplier",
    device="Esme",
    breaks="R-UTR-022",
    story="Counters of used tokens are kept over a change of supplier: the new supplier's first ones are duplicates.",
)
def token_counters_outlive_the_supplier(esme: Esme) -> None:
    """The memory of tokens is not emptied."""
    esme.prepayment.tokens.owner_changed = lambda: None  # type: ignore[method-assign]


@defect(
    "any-answers-count-for-themselves",
    device="GbcsDevice",
    breaks="R-RSP-001",
    story="Answers carry a counter of the device's own: the head end cannot tell which command was answered.",
)
def answers_count_for_themselves(device: GbcsDevice) -> None:
    """The counter is not the command's."""
    envelope = device.envelope

    def counted(exchange: Exchange, payload: bytes) -> Message:
        return replace(envelope(exchange, payload), counter=device.next_own_counter())

    device.envelope = counted  # type: ignore[method-assign]


@defect(
    "any-details-count-nothing",
    device="GbcsDevice",
    breaks="R-CTR-003",
    story="Counters in CS02a are always zero: after a change of supplier the floor cannot be checked.",
)
def details_count_nothing(device: GbcsDevice) -> None:
    """Counters are shown as zero."""
    details, anchors = device.credentials.details, device.anchors

    def zeros(payload: bytes, *absent: int) -> bytes:
        counters, anchors.counters = anchors.counters, {}
        try:
            return details(payload, *absent)
        finally:
            anchors.counters = counters

    device.credentials.details = zeros  # type: ignore[method-assign]


@defect(
    "esme-token-counter-not-that-of-its-command",
    device="Esme",
    breaks="R-UTR-007",
    story="A token that came by command is looked at as if it had been typed in: its command may say anything.",
)
def token_counter_not_that_of_its_command(esme: Esme) -> None:
    """The counter of the command is not compared with the token's."""
    tokens = esme.prepayment.tokens
    enter = tokens.enter
    tokens.enter = lambda utrn, command_counter=None: enter(utrn)  # type: ignore[method-assign]


@defect(
    "esme-takes-any-counter-with-a-token",
    device="Esme",
    breaks="R-CTR-011",
    story="The low half of the counter of a top-up command is not looked at, though it has to be zero.",
)
def takes_any_counter_with_a_token(esme: Esme) -> None:
    """The counter counts as if its low half were zero."""
    prepayment: EsmePrepayment = esme.prepayment
    top_up = prepayment.top_up_remotely

    def lenient(token) -> int:
        exchange = esme.exchange
        assert exchange is not None
        command = exchange.command
        exchange.command = replace(command, counter=command.counter >> 32 << 32)
        try:
            return top_up(token)
        finally:
            exchange.command = command

    prepayment.top_up_remotely = lenient  # type: ignore[method-assign]
