"""Defects of the gas meter in what it accepts, answers, logs and alerts."""

from dataclasses import replace

from bench.gbcs.gbz import GbzAlert
from bench.gbcs.times import zigbee_utc
from rigs.virtual.defects import defect
from rigs.virtual.gsme import Gsme
from rigs.virtual.use_cases import ONLY_MACED


@defect(
    "gsme-conversion-not-used",
    device="Gsme",
    breaks="R-GAS-001",
    story="The calorific value is stored and shown, but kWh are still made with that of the factory.",
)
def conversion_not_used(gsme: Gsme) -> None:
    """Energy by fixed values."""
    gsme.gas.energy_of = lambda cubic_metres: cubic_metres * 39.5 * 1.02264 / 3.6 * 1000  # type: ignore[method-assign]


@defect(
    "gsme-reprices-the-past",
    device="Gsme",
    breaks="R-GAS-002",
    story="A new calorific value is applied to everything the meter has ever counted.",
)
def reprices_the_past(gsme: Gsme) -> None:
    """The energy register is computed anew."""
    gas = gsme.gas
    change = gas.set_conversion

    def all_of_it(calorific_value=None, factor=None):
        old = gas.calorific_value
        change(calorific_value, factor)
        gas.watt_hours += gas.energy_of(gas.litres / 1000) * max(0.0, 1 - old / gas.calorific_value)

    gas.set_conversion = all_of_it  # type: ignore[method-assign]


@defect(
    "gsme-strangers-may-close",
    device="Gsme",
    breaks="R-SEC-005",
    story="A party the meter does not know gets an answer, if an empty one: the list of who may ask comes too late.",
)
def strangers_may_close(gsme: Gsme) -> None:
    """An unknown originator is taken for the supplier when a command is not critical."""
    from bench.gbcs import Message
    from bench.gbcs.crypto import add_mac
    from bench.gbcs.trust_anchors import Role

    examine = gsme.examine

    def lenient(message):
        refusal = examine(message)
        supplier = gsme.anchors.subject(Role.SUPPLIER)
        key = None if supplier is None else gsme.agreement_public_key(supplier)
        if refusal is not None and refusal.event == 0x8F3E and key is not None:
            answer = Message(2, message.counter, gsme.eui, message.originator, message.message_code, b"", signature=b"")
            gsme.send(bytes(add_mac(answer, gsme.secret(key))))
        return refusal

    gsme.examine = lenient  # type: ignore[method-assign]


@defect(
    "gsme-executes-any-order",
    device="Gsme",
    breaks="R-SEC-002",
    story="Components of a critical command are executed as they come, in whatever order.",
)
def executes_any_order(gsme: Gsme) -> None:
    """The template is not compared."""
    gsme.zcl.is_well_formed = lambda use_case, request: True  # type: ignore[method-assign]


@defect(
    "gsme-replay",
    device="Gsme",
    breaks="R-CTR-005",
    story="Counters are kept but not compared: a recorded closing of the valve works for ever.",
)
def replay(gsme: Gsme) -> None:
    """Every counter is high enough."""
    gsme.check_counter = lambda message: None  # type: ignore[method-assign]


@defect(
    "gsme-unsigned-commands",
    device="Gsme",
    breaks="R-CMD-005",
    story="A critical command without a signature is taken if the broker's MAC is right.",
)
def unsigned_commands(gsme: Gsme) -> None:
    """A MAC suffices."""
    gsme.use_cases = {
        code: replace(one, protections=one.protections | {ONLY_MACED}) for code, one in gsme.use_cases.items()
    }


@defect(
    "gsme-clock-follows-anything",
    device="Gsme",
    breaks="R-TIM-005",
    story="The validity interval of the set-clock command is not looked at.",
)
def clock_follows_anything(gsme: Gsme) -> None:
    """The hub's time is always taken."""
    time = gsme.time

    def set_anyway(start, end) -> bool:
        said = time.hub()
        if said is not None:
            time.adjust(said[0])
        return True

    time.set_within = set_anyway  # type: ignore[method-assign]


@defect(
    "gsme-clock-set-to-interval",
    device="Gsme",
    breaks="R-TIM-004",
    story="The meter sets itself to the beginning of the interval in the command, not to the hub's time.",
)
def clock_set_to_interval(gsme: Gsme) -> None:
    """The interval's start becomes the time."""
    time = gsme.time
    within = time.set_within

    def to_start(start, end) -> bool:
        done = within(start, end)
        if done:
            time.adjust(start)
        return done

    time.set_within = to_start  # type: ignore[method-assign]


@defect(
    "gsme-time-always-reliable",
    device="Gsme",
    breaks="R-TIM-014",
    story="Readings are marked as taken at a reliable time, whatever the clock thinks of itself.",
)
def time_always_reliable(gsme: Gsme) -> None:
    """Clock status 0."""
    gsme.clock_status = lambda: 0  # type: ignore[method-assign]


@defect(
    "gsme-clearing-spares-log",
    device="Gsme",
    breaks="R-EVT-002",
    story="Clearing the event log is acknowledged and does nothing.",
)
def clearing_spares_log(gsme: Gsme) -> None:
    """The entries stay."""
    clear = gsme.clear_log

    def pretend(component):
        kept = list(gsme.logs.event)
        answer = clear(component)
        gsme.logs.event.extend(kept)
        return answer

    gsme.clear_log = pretend  # type: ignore[method-assign]


@defect(
    "gsme-clears-every-log",
    device="Gsme",
    breaks="R-EVT-003",
    story="Clearing the event log leaves no trace in the security log.",
)
def clears_every_log(gsme: Gsme) -> None:
    """No 8F52."""
    clear = gsme.clear_log

    def without_trace(component):
        answer = clear(component)
        gsme.logs.security.pop()
        return answer

    gsme.clear_log = without_trace  # type: ignore[method-assign]


@defect(
    "gsme-log-answers-empty",
    device="Gsme",
    breaks="R-RSP-015",
    story="A log without entries in the range is answered with an empty list where 'not found' belongs.",
)
def log_answers_empty(gsme: Gsme) -> None:
    """An empty publication."""
    from rigs.virtual.gbz_device import EVENTS, PUBLISH_LOG, made

    read = gsme.read_log

    def empty(component):
        answer = read(component)
        nothing = {"total": 0, "cmdIndex": 0, "nCommands": 1, "logControl": 0, "events": []}
        return [(PUBLISH_LOG, made(EVENTS, False, PUBLISH_LOG, nothing))] if isinstance(answer, int) else answer

    gsme.read_log = empty  # type: ignore[method-assign]


@defect(
    "gsme-alerts-in-unix-time",
    device="Gsme",
    breaks="R-ALT-007",
    story="Alerts carry seconds since 1970, as the processor counts them, instead of ZigBee time.",
)
def alerts_in_unix_time(gsme: Gsme) -> None:
    """Thirty years off."""

    def payload(code, at, extra, counter) -> bytes:
        content = b"".join(one.value for one in extra)
        return bytes(GbzAlert(code, zigbee_utc(at) + 946_684_800, content))

    gsme.alert_payload = payload  # type: ignore[method-assign]


@defect(
    "gsme-conversion-rolled-back",
    device="Gsme",
    breaks="R-RSP-013a",
    story="A command is all or nothing: when its calorific value is refused, the factor before it is put back unsaid.",
)
def conversion_rolled_back(gsme: Gsme) -> None:
    """A failing part undoes the factor that was answered as taken."""
    execute = gsme.zcl.execute

    def all_or_nothing(exchange, request):
        factor = gsme.gas.conversion_factor
        answer, done = execute(exchange, request)
        if not done:
            gsme.gas.set_conversion(factor=factor)
        return answer, done

    gsme.zcl.execute = all_or_nothing  # type: ignore[method-assign]
