"""Defects of counters, of rights to some use cases, and of the kind of protection that commands and answers have."""

from dataclasses import replace

from bench.gbcs.crypto import add_mac, sign
from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.gbcs_device import OTHER_FAILURE, GbcsDevice, Refusal

LOW_HALF = 0xFFFFFFFF
LABELS, ALCS_LOG, LIMIT_LEVEL, OWN_LOG = 0x0053, 0x00FD, 0x011F, 0x0013
OF_A_PPMID = (0x009B, 0x0090)
NON_METER_JOINS = (0x00AB, 0x00AF, 0x000F)
CERTIFICATE_COMMANDS = (0x000A, 0x000B, 0x000C)
SIGNED_ANSWERS = (0x000D, 0x00AB, 0x00AF, 0x000F, *CERTIFICATE_COMMANDS)
DETAILS = 0x0008


def _entitle(device: GbcsDevice, may) -> None:
    """Let `may(role, code, has_right)` say who may send what."""
    has_right = device.has_right
    device.has_right = lambda role, code: may(role, code, has_right)  # type: ignore[method-assign]


@defect(
    "any-counter-of-32-bits",
    device="GbcsDevice",
    breaks="R-CTR-001",
    story="Counters are kept in words of 32 bits: the upper half of what a party sends is not looked at.",
)
def counter_of_32_bits(device: GbcsDevice) -> None:
    """The lower half alone counts."""
    check = device.check_counter

    def checked(message):
        last = device.anchors.counters.get(device.role_of(message), 0)
        low = replace(message, counter=last - (last & LOW_HALF) + (message.counter & LOW_HALF))
        return check(low)

    device.check_counter = checked  # type: ignore[method-assign]


@defect(
    "esme-labels-only-once",
    device="Esme",
    breaks="R-CTR-006",
    story="Critical is taken for protected against replay: labels that are sent again after a lost answer are refused.",
)
def labels_only_once(esme: GbcsDevice) -> None:
    """ECS46a counts."""
    counts = esme.has_execution_counter
    esme.has_execution_counter = lambda message: message.message_code == LABELS or counts(message)  # type: ignore[method-assign]


@defect(
    "any-judges-the-users-counter",
    device="GbcsDevice",
    breaks="R-CTR-014",
    story="Of a command for a user the user's counter is judged: users whose counters are low are shut out.",
)
def judges_users_counter(device: GbcsDevice) -> None:
    """The supplementary counter stands for the counter."""
    highest: dict[bytes, int] = {}
    check = device.check_counter

    def checked(message):
        user, number = message.supplementary_party, message.supplementary_counter
        if user is None or number is None or not device.has_execution_counter(message):
            return check(message)
        if number <= highest.get(user, 0):
            return Refusal(OTHER_FAILURE)
        highest[user] = number
        return None

    device.check_counter = checked  # type: ignore[method-assign]


@defect(
    "any-tells-every-fault",
    device="GbcsDevice",
    breaks="R-SEC-008",
    story="The checks go on after the first that fails, and each sends its own alert.",
)
def tells_every_fault(device: GbcsDevice) -> None:
    """Every check is made, and every failure told."""

    def examined(message):
        found = [device.check_addressing(message), device.check_message_code(message)]
        if not any(found):
            found = [check(message) for check in (device.check_originator, device.check_counter)]
            found.append(device.check_protection(message))
        *others, last = [one for one in found if one is not None] or [None]
        for one in others:
            device.refuse(one)
        return last

    device.examine = examined  # type: ignore[method-assign]


@defect(
    "any-pending-command-again",
    device="GbcsDevice",
    breaks="R-FUT-018",
    story="A future-dated command that comes again while it waits is taken for a correction and accepted once more.",
)
def pending_again(device: GbcsDevice) -> None:
    """What waits may come again."""
    check = device.check_counter

    def checked(message):
        waiting = device.credentials.pending.get(message.message_code)
        return None if waiting is not None and waiting.counter == message.counter else check(message)

    device.check_counter = checked  # type: ignore[method-assign]


@defect(
    "esme-anybody-limits-levels",
    device="Esme",
    breaks="R-USE-002",
    story="The load controller's command was added to the table of the supplier's.",
)
def anybody_limits_levels(esme: GbcsDevice) -> None:
    """ECS47e for the supplier, too."""
    _entitle(esme, lambda role, code, has: has(role, code) or (code == LIMIT_LEVEL and role is Role.SUPPLIER))


@defect(
    "esme-alcs-log-for-supplier-alone",
    device="Esme",
    breaks="R-USE-020",
    story="The log of the load control switches is given to the supplier alone; the network operator asks in vain.",
)
def alcs_log_for_supplier_alone(esme: GbcsDevice) -> None:
    """ECS35g for nobody else."""
    _entitle(esme, lambda role, code, has: has(role, code) and (code != ALCS_LOG or role is Role.SUPPLIER))


@defect(
    "meters-own-log-for-the-broker-alone",
    device="GbcsDevice",
    breaks="R-USE-021",
    story="Reading the device's own log was understood as a matter of the DCC: its own supplier is refused.",
)
def own_log_for_broker_alone(device: GbcsDevice) -> None:
    """CS07 for the broker."""
    _entitle(
        device, lambda role, code, has: has(role, code) and (code != OWN_LOG or role is Role.ACCESS_CONTROL_BROKER)
    )


@defect(
    "gsme-ppmid-commands-for-everybody",
    device="Gsme",
    breaks="R-USE-023",
    story="A PPMID's commands are told by their MAC alone: who comes through the broker may send them, too.",
)
def ppmid_commands_for_everybody(gsme: GbcsDevice) -> None:
    """PCS01 and PCS02 for whoever has a cell."""
    _entitle(gsme, lambda role, code, has: has(role, code) or code in OF_A_PPMID)


@defect(
    "ppmid-joins-without-signature",
    device="Ppmid",
    breaks="R-USE-083",
    story="Commands to a PPMID are not critical to the user, and so its signature is not asked for.",
)
def joins_without_signature(ppmid: GbcsDevice) -> None:
    """The MAC suffices."""
    check = ppmid.check_protection

    def checked(message):
        if message.message_code not in NON_METER_JOINS or message.signature:
            return check(message)
        return None if message.mac is not None else Refusal(OTHER_FAILURE)

    ppmid.check_protection = checked  # type: ignore[method-assign]


@defect(
    "any-certificate-read-unsigned",
    device="GbcsDevice",
    breaks="R-CRD-071",
    story="CS02e only reads, and so it is answered without signature.",
)
def certificate_read_unsigned(device: GbcsDevice) -> None:
    """CS02e with a MAC alone is taken."""
    check = device.check_protection

    def checked(message):
        unsigned = message.message_code == CERTIFICATE_COMMANDS[-1] and not message.signature
        return None if unsigned and message.mac is not None else check(message)

    device.check_protection = checked  # type: ignore[method-assign]


@defect(
    "any-joins-answered-with-mac",
    device="GbcsDevice",
    breaks="R-RSP-006",
    story="Answers in ASN.1 have a MAC, whatever the command had: those of joins and certificates should be signed.",
)
def joins_answered_with_mac(device: GbcsDevice) -> None:
    """A MAC where a signature belongs."""
    respond = device.respond

    def answered(exchange, payload) -> None:
        key = device.agreement_public_key(exchange.command.originator)
        if exchange.command.message_code not in SIGNED_ANSWERS or key is None:
            respond(exchange, payload)
            return
        device.send(bytes(add_mac(device.envelope(exchange, payload), device.secret(key))))

    device.respond = answered  # type: ignore[method-assign]


@defect(
    "any-details-always-signed",
    device="GbcsDevice",
    breaks="R-CMD-008",
    story="What is told of credentials is signed, also to the broker, which asks with a MAC and expects one.",
)
def details_always_signed(device: GbcsDevice) -> None:
    """CS02a is answered with a signature."""
    respond = device.respond

    def answered(exchange, payload) -> None:
        if exchange.command.message_code != DETAILS:
            respond(exchange, payload)
            return
        device.send(bytes(sign(device.envelope(exchange, payload), device.signing_key)))

    device.respond = answered  # type: ignore[method-assign]


@defect(
    "any-details-with-mac-alone",
    device="GbcsDevice",
    breaks="R-CRD-013",
    story="Credentials are told to the broker: a party that asks by its signature, without MAC, is refused.",
)
def details_with_mac_alone(device: GbcsDevice) -> None:
    """Without MAC there is no answer."""
    check = device.check_protection
    device.check_protection = (  # type: ignore[method-assign]
        lambda message: (
            Refusal(OTHER_FAILURE) if message.message_code == DETAILS and message.mac is None else check(message)
        )
    )


@defect(
    "any-details-only-once",
    device="GbcsDevice",
    breaks="R-CRD-014",
    story="Reading the credentials uses up the counter: a read that is repeated is a replay.",
)
def details_only_once(device: GbcsDevice) -> None:
    """CS02a counts."""
    counts = device.has_execution_counter
    device.has_execution_counter = (  # type: ignore[method-assign]
        lambda message: message.message_code == DETAILS or counts(message)
    )


@defect(
    "any-details-in-its-own-order",
    device="GbcsDevice",
    breaks="R-CRD-010",
    story="The roles are told in the order of the device's table, whichever were asked for, and in which order.",
)
def details_in_own_order(device: GbcsDevice) -> None:
    """Sorted by their numbers."""
    asked = device.credentials.roles_asked
    device.credentials.roles_asked = lambda payload: sorted(asked(payload))  # type: ignore[method-assign]
