"""Defects that keep a rule on one side and break it on another: for one party, one meter, one octet, one log."""

from dataclasses import replace
from datetime import datetime

from bench.gbcs import Cra, Message
from bench.gbcs.crypto import add_mac, verify_signature
from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import NO_AUTHORITY, OTHER_FAILURE, UNAUTHORISED_ACCESS, GbcsDevice, Refusal
from rigs.virtual.gsme import Gsme

CUSTOMER_NUMBER, SUPPLIERS_MESSAGE = 0x0083, 0x0071  #: message codes of GCS36, GCS07
COUNTED = 0xFFFFFFFF  #: the lower half of a counter


@defect(
    "any-answer-taken-for-a-command",
    device="GbcsDevice",
    breaks="R-SEC-003",
    story="Whether a message is a command is taken from its code: what a party answered somewhere is carried out.",
)
def answer_taken_for_a_command(device: GbcsDevice) -> None:
    """The direction of a message is not looked at."""
    check = device.check_addressing

    def check_addressing(message: Message) -> Refusal | None:
        return check(replace(message, cra=Cra.COMMAND))

    device.check_addressing = check_addressing  # type: ignore[method-assign]


@defect(
    "any-compares-eight-octets-of-a-mac",
    device="GbcsDevice",
    breaks="R-SEC-007",
    story="The MAC is compared as one word of 64 bits; what comes behind it may be anything.",
)
def compares_eight_octets_of_a_mac(device: GbcsDevice) -> None:
    """The last four octets of a MAC are put right before it is verified."""
    check = device.check_protection

    def check_protection(message: Message) -> Refusal | None:
        key = None if message.mac is None else device.mac_key(message)
        if key is not None:
            right = add_mac(replace(message, mac=None), device.secret(key))
            if (right.mac or b"")[:8] == (message.mac or b"")[:8]:
                return check(right)
        return check(message)

    device.check_protection = check_protection  # type: ignore[method-assign]


@defect(
    "any-signature-takes-the-counter",
    device="GbcsDevice",
    breaks="R-SEC-009",
    story="The counter is stored when the signature has been verified, before the MAC: whoever holds a signed command "
    "back and spoils its MAC can move the counter.",
)
def signature_takes_the_counter(device: GbcsDevice) -> None:
    """A counter is used up by a right signature alone."""
    check = device.check_protection

    def check_protection(message: Message) -> Refusal | None:
        key = device.credentials.signature_key(message) if message.signature else None
        if key is not None and message.mac is not None and verify_signature(message, key):
            device.consume_counter(message)
        return check(message)

    device.check_protection = check_protection  # type: ignore[method-assign]


@defect(
    "gsme-refused-party-takes-the-counter",
    device="Gsme",
    breaks="R-SEC-009",
    story="A command of a party without the right to it moves the supplier's counter before it is refused.",
)
def refused_party_takes_the_counter(gsme: Gsme) -> None:
    """What has no right counts all the same."""
    check, counters = gsme.check_originator, gsme.anchors.counters

    def check_originator(message: Message) -> Refusal | None:
        refusal = check(message)
        if refusal is not None and refusal.event == NO_AUTHORITY:
            counters[Role.SUPPLIER] = max(message.counter, counters.get(Role.SUPPLIER, 0))
        return refusal

    gsme.check_originator = check_originator  # type: ignore[method-assign]


@defect(
    "gsme-strangers-in-the-event-log",
    device="Gsme",
    breaks="R-SEC-021",
    story="Unauthorised access is written into the event log, where clearing removes it.",
)
def strangers_in_the_event_log(gsme: Gsme) -> None:
    """The entry is there, in the wrong log."""
    refuse = gsme.refuse

    def refuse_elsewhere(refusal: Refusal) -> None:
        if refusal.event == UNAUTHORISED_ACCESS:
            gsme.logs.add(gsme.logs.event, refusal.event)
            refusal = replace(refusal, logged=False)
        refuse(refusal)

    gsme.refuse = refuse_elsewhere  # type: ignore[method-assign]


@defect(
    "gsme-replay-told-as-another-failure",
    device="Gsme",
    breaks="R-SEC-022",
    story="A replay has the code of failures without one: it is in the security log, and the supplier hears nothing.",
)
def replay_told_as_another_failure(gsme: Gsme) -> None:
    """An old counter is 8F53."""
    check = gsme.check_counter
    gsme.check_counter = lambda message: (  # type: ignore[method-assign]
        None if check(message) is None else Refusal(OTHER_FAILURE, alerted=False)
    )


@defect(
    "gsme-want-of-authority-with-a-mac",
    device="Gsme",
    breaks="R-SEC-024",
    story="The alert 8F30 is sent like a non-critical one, with a MAC and without signature.",
)
def want_of_authority_with_a_mac(gsme: Gsme) -> None:
    """Its alert is not signed."""
    refuse, send = gsme.refuse, gsme.send_alert

    def refuse_with_mac(refusal: Refusal) -> None:
        if refusal.event == NO_AUTHORITY:
            gsme.send_alert = (  # type: ignore[method-assign]
                lambda counter, party, code, payload, critical=True: send(counter, party, code, payload, False)
            )
        refuse(refusal)
        gsme.send_alert = send  # type: ignore[method-assign]

    gsme.refuse = refuse_with_mac  # type: ignore[method-assign]


@defect(
    "gsme-counts-by-the-lower-half",
    device="Gsme",
    breaks="R-CTR-001",
    story="The gas meter's small processor compares 32 bits of a counter, though it stores and shows all of them.",
)
def counts_by_the_lower_half(gsme: Gsme) -> None:
    """A counter is compared in its lower half."""
    check, counters = gsme.check_counter, gsme.anchors.counters

    def check_counter(message: Message) -> Refusal | None:
        role = gsme.role_of(message)
        known = counters.get(role, 0)
        counters[role] = known & COUNTED
        refusal = check(replace(message, counter=message.counter & COUNTED))
        counters[role] = known
        return refusal

    gsme.check_counter = check_counter  # type: ignore[method-assign]


@defect(
    "esme-one-counter-for-all-parties",
    device="Esme",
    breaks="R-CTR-002",
    story="There is one counter for supplier and network operator: a command of the one locks the other out.",
)
def one_counter_for_all_parties(esme: Esme) -> None:
    """What one party has used up is used up for the other."""
    consume, counters = esme.consume_counter, esme.anchors.counters

    def consume_counter(message: Message) -> None:
        consume(message)
        if esme.has_execution_counter(message):
            for role in (Role.SUPPLIER, Role.NETWORK_OPERATOR):
                counters[role] = max(message.counter, counters.get(role, 0))

    esme.consume_counter = consume_counter  # type: ignore[method-assign]


@defect(
    "gsme-customer-number-again-and-again",
    device="Gsme",
    breaks="R-CTR-007",
    story="The customer identification number is only text to show: nobody thought of protecting it against replay.",
)
def customer_number_again_and_again(gsme: Gsme) -> None:
    """GCS36 has no counter."""
    counts = gsme.has_execution_counter
    gsme.has_execution_counter = lambda message: (  # type: ignore[method-assign]
        message.message_code != CUSTOMER_NUMBER and counts(message)
    )


@defect(
    "gsme-same-message-only-once",
    device="Gsme",
    breaks="R-CTR-004",
    story="The supplier's message is taken once: when the DCC repeats a lost one, it is refused as a replay.",
)
def same_message_only_once(gsme: Gsme) -> None:
    """GCS07 is counted."""
    counts = gsme.has_execution_counter
    gsme.has_execution_counter = lambda message: (  # type: ignore[method-assign]
        message.message_code == SUPPLIERS_MESSAGE or counts(message)
    )


@defect(
    "any-alerts-of-an-instant-share-a-counter",
    device="GbcsDevice",
    breaks="R-CTR-009",
    story="The counter of alerts is made of the time: two alerts of one instant have the same.",
)
def alerts_of_an_instant_share_a_counter(device: GbcsDevice) -> None:
    """The counter rises with the clock, not with each use."""
    rise = device.next_own_counter
    last: list[datetime] = []

    def next_own_counter() -> int:
        now = device.clock()
        if last == [now]:
            return device.own_counter
        last[:] = [now]
        return rise()

    device.next_own_counter = next_own_counter  # type: ignore[method-assign]


@defect(
    "gsme-encrypts-by-the-commands-counter",
    device="Gsme",
    breaks="R-RSP-008",
    story="For a reader whose certificate came with the command the gas meter takes that command's counter.",
)
def encrypts_by_the_commands_counter(gsme: Gsme) -> None:
    """The counter of the encryption is no fresh one."""
    execute = gsme.zcl.execute

    def execute_with(exchange, request):
        if exchange.command.supplementary_certificate is not None:
            exchange._counter = exchange.command.counter
        return execute(exchange, request)

    gsme.zcl.execute = execute_with  # type: ignore[method-assign]
