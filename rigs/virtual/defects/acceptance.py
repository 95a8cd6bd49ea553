"""Defects of what a meter accepts: checks left out, done in the wrong order, or told to the wrong party."""

from dataclasses import replace

from bench.gbcs.trust_anchors import KeyUsage, Role
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import (
    FORMAT_FAILURE,
    NO_AUTHORITY,
    OTHER_FAILURE,
    TRUSTED_SOURCE_FAILURE,
    GbcsDevice,
    Refusal,
)


@defect(
    "esme-no-replay-check",
    device="Esme",
    breaks="R-CTR-005",
    story="The execution counter is kept and shown in CS02a, but never compared: a recorded command works again.",
)
def no_replay_check(esme: Esme) -> None:
    """Every counter is high enough."""
    esme.check_counter = lambda message: None  # type: ignore[method-assign]


@defect(
    "esme-counter-may-repeat",
    device="Esme",
    breaks="R-SEC-006",
    story="The comparison is 'not lower' where it should be 'higher': the last command can be replayed, no older one.",
)
def counter_may_repeat(esme: Esme) -> None:
    """Equal counters pass."""
    check = esme.check_counter

    def lenient(message):
        return check(replace(message, counter=message.counter + 1))

    esme.check_counter = lenient  # type: ignore[method-assign]


@defect(
    "esme-reads-count",
    device="Esme",
    breaks="R-CTR-004",
    story="Reads are treated as protected from replay: the second of two identical reads is silently dropped.",
)
def reads_count(esme: Esme) -> None:
    """Every command has an execution counter."""
    esme.has_execution_counter = lambda message: True  # type: ignore[method-assign]


@defect(
    "esme-counter-before-signature",
    device="Esme",
    breaks="R-SEC-009",
    story="The counter is stored as soon as it is seen, before signature and MAC are looked at: one forged command "
    "with a huge counter locks the supplier out for good.",
)
def counter_before_signature(esme: Esme) -> None:
    """The counter check stores the counter."""
    check = esme.check_counter

    def check_and_store(message):
        refusal = check(message)
        if refusal is None:
            esme.consume_counter(message)
        return refusal

    esme.check_counter = check_and_store  # type: ignore[method-assign]


@defect(
    "esme-failed-command-keeps-counter",
    device="Esme",
    breaks="R-SEC-010",
    story="A command that authenticates but cannot be executed leaves the counter where it was, so that it may be "
    "replayed when conditions are better.",
)
def failed_command_keeps_counter(esme: Esme) -> None:
    """The counter falls back after a failed execution."""
    executed = esme.executed

    def roll_back(exchange, successfully):
        if not successfully:
            role = esme.role_of(exchange.command)
            esme.anchors.counters[role] = exchange.command.counter - 1
        executed(exchange, successfully)

    esme.executed = roll_back  # type: ignore[method-assign]


@defect(
    "esme-counters-in-ram",
    device="Esme",
    breaks="R-PWR-007",
    story="Execution counters live in RAM: after a power cut every recorded command works once more.",
)
def counters_in_ram(esme: Esme) -> None:
    """Counters are zero after an outage."""
    power_down = esme._power_down

    def forget():
        esme.anchors.counters.clear()
        power_down()

    esme.supply._lost = forget
    esme._power_down = forget  # type: ignore[method-assign]


@defect(
    "esme-ignores-mac",
    device="Esme",
    breaks="R-CMD-005",
    story="For critical commands the signature is thought to be enough; the broker's MAC is not verified.",
)
def ignores_mac(esme: Esme) -> None:
    """A wrong MAC on a signed command passes."""
    check = esme.check_protection

    def signature_only(message):
        if message.signature and message.mac is not None:
            key = esme.anchors.key(Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
            from bench.gbcs.crypto import add_mac

            message = add_mac(message, esme.secret(key))  # type: ignore[arg-type]
        return check(message)

    esme.check_protection = signature_only  # type: ignore[method-assign]


@defect(
    "esme-ignores-signature",
    device="Esme",
    breaks="R-SEC-007",
    story="The signature's length is checked, the signature is not: anybody who gets past the broker is obeyed.",
)
def ignores_signature(esme: Esme) -> None:
    """A wrong signature passes if the MAC is right."""
    check = esme.check_protection

    def mac_only(message):
        refusal = check(message)
        if refusal is not None and message.signature and refusal.event == TRUSTED_SOURCE_FAILURE:
            from bench.gbcs.crypto import verify_mac

            key = esme.anchors.key(Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)
            return None if verify_mac(message, esme.secret(key)) else refusal  # type: ignore[arg-type]
        return refusal

    esme.check_protection = mac_only  # type: ignore[method-assign]


@defect(
    "esme-takes-unsigned-commands",
    device="Esme",
    breaks="R-CMD-005",
    story="A critical command with an empty signature takes the path of a non-critical one: the broker's MAC suffices.",
)
def takes_unsigned_commands(esme: Esme) -> None:
    """Critical use cases may come with a MAC alone."""
    esme.use_cases = {
        code: replace(one, protections=one.protections | {(False, True)}) for code, one in esme.use_cases.items()
    }


@defect(
    "esme-takes-any-target",
    device="Esme",
    breaks="R-SEC-003",
    story="The business target is not compared with the meter's own identity: a neighbour's command is executed.",
)
def takes_any_target(esme: Esme) -> None:
    """Commands for another entity pass."""
    check = esme.check_addressing
    esme.check_addressing = lambda message: check(replace(message, target=esme.eui))  # type: ignore[method-assign]


@defect(
    "esme-no-rights-by-role",
    device="Esme",
    breaks="R-SEC-005",
    story="Any party with credentials on the meter may do anything: the network operator can switch off the supply.",
)
def no_rights_by_role(esme: Esme) -> None:
    """Roles are not compared with the use case."""
    every = frozenset(Role)
    esme.use_cases = {code: replace(one, roles=every) for code, one in esme.use_cases.items()}


@defect(
    "esme-silent-about-refusals",
    device="Esme",
    breaks="R-SEC-020",
    story="Bad commands are discarded without a word: no alert, no entry in the security log.",
)
def silent_about_refusals(esme: Esme) -> None:
    """Refusals are neither logged nor alerted."""
    esme.refuse = lambda refusal: None  # type: ignore[method-assign]


@defect(
    "esme-refusals-not-logged",
    device="Esme",
    breaks="R-EVT-006e",
    story="Unauthorised access is alerted, but the security log stays empty.",
)
def refusals_not_logged(esme: Esme) -> None:
    """Refusals do not reach the security log."""
    refuse = esme.refuse
    esme.refuse = lambda refusal: refuse(replace(refusal, logged=False))  # type: ignore[method-assign]


@defect(
    "esme-alerts-whoever-sent-it",
    device="Esme",
    breaks="R-SEC-028",
    story="The alert about a bad command goes back to the identity in the bad command, not to the supplier: whoever "
    "forges a sender decides who is alerted.",
)
def alerts_whoever_sent_it(esme: Esme) -> None:
    """Alerts of refusals go to the sender's party."""
    from rigs.virtual.gbcs_device import GENERIC_CRITICAL

    examine, alert = esme.examine, esme.alert
    seen: list[object] = []

    def remember(message):
        seen[:] = [message.originator]
        return examine(message)

    def to_sender(code, to, *rest, **more):
        if code not in (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E) or not seen:
            alert(code, to, *rest, **more)
            return
        counter = esme.next_own_counter()
        payload = esme.alert_payload(code, esme.clock(), [], counter)
        esme.send_alert(counter, seen[0], GENERIC_CRITICAL, payload)  # type: ignore[arg-type]

    esme.examine, esme.alert = remember, to_sender  # type: ignore[method-assign]


@defect(
    "esme-wrong-alert-for-strangers",
    device="Esme",
    breaks="R-SEC-021",
    story="An unknown party gets the code for a known one without the right (8F30), which hides break-in attempts.",
)
def wrong_alert_for_strangers(esme: Esme) -> None:
    """8F30 instead of 8F3E."""
    check = esme.check_originator

    def mistaken(message):
        refusal = check(message)
        return replace(refusal, event=NO_AUTHORITY) if refusal is not None else None

    esme.check_originator = mistaken  # type: ignore[method-assign]


@defect(
    "esme-executes-in-any-order",
    device="Esme",
    breaks="R-SEC-002",
    story="The items of a critical command are executed as they come: repeated, reordered or extra items included.",
)
def executes_in_any_order(esme: Esme) -> None:
    """The template of the use case is not compared."""
    esme.cosem.is_well_formed = lambda use_case, request: True  # type: ignore[method-assign]


@defect(
    "esme-goes-on-after-failure",
    device="Esme",
    breaks="R-RSP-013",
    story="After an item that fails the meter goes on with the next ones, and reports them as done.",
)
def goes_on_after_failure(esme: Esme) -> None:
    """Items after a failed one are executed."""
    from bench.gbcs.dlms import GET, GET_WITH_SELECTION, AccessResponse
    from rigs.virtual.cosem import Access

    cosem = esme.cosem

    def access(exchange, request):
        outcomes = [cosem._one(Access(exchange, *one)) for one in zip(request.specs, request.data, strict=True)]
        results = [
            (GET if spec.choice == GET_WITH_SELECTION else spec.choice, code)
            for spec, (_, code) in zip(request.specs, outcomes, strict=True)
        ]
        good = all(code == 0 for _, code in results)
        return AccessResponse(request.invoke_id, [value for value, _ in outcomes], results), good

    cosem.access = access  # type: ignore[method-assign]


@defect(
    "esme-not-supported-is-answered",
    device="Esme",
    breaks="R-SEC-004",
    story="A message code the meter does not know is taken for a harmless read and answered with an empty response.",
)
def not_supported_is_answered(esme: Esme) -> None:
    """Unknown codes are answered."""
    from bench.gbcs import Cra, Message
    from bench.gbcs.crypto import add_mac

    refuse, examine = esme.refuse, esme.examine

    def examine_or_answer(message):
        refusal = examine(message)
        if refusal == Refusal(OTHER_FAILURE, alerted=False) and message.message_code not in esme.use_cases:
            answer = Message(
                Cra.RESPONSE, message.counter, esme.eui, message.originator, message.message_code,
                b"\xda\x20\0\0\0\0\0\0\0", signature=b"",
            )  # fmt: skip
            key = esme.agreement_public_key(message.originator)
            if key is not None:
                esme.send(bytes(add_mac(answer, esme.secret(key))))
        return refusal

    esme.examine, esme.refuse = examine_or_answer, refuse  # type: ignore[method-assign]


@defect(
    "any-reads-content-first",
    device="GbcsDevice",
    breaks="R-SEC-022",
    story="The parser of payloads runs before the MAC is verified: whoever can send frames reaches it, and is told so.",
)
def reads_content_first(device: GbcsDevice) -> None:
    """A payload of nothing is a failure of format, whatever its MAC is."""
    examine = device.examine
    device.examine = lambda message: examine(message) if any(message.payload) else Refusal(FORMAT_FAILURE)
