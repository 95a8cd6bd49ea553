"""Defects of the gas meter's readings, events and logs."""

from dataclasses import replace
from datetime import timedelta

from bench.gbcs.gbz import Gbz, GbzComponent
from rigs.virtual.defects import defect
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gas_snapshots import PUBLISH_SNAPSHOT
from rigs.virtual.gbz_device import METERING, made, values
from rigs.virtual.gsme import Gsme
from rigs.virtual.sleepy import SleepyEnd
from rigs.virtual.zcl import DEFAULT_RESPONSE
from rigs.virtual.zcl_objects import NOT_FOUND

HOUR = timedelta(hours=1)


@defect(
    "gsme-daily-reading-at-one",
    device="Gsme",
    breaks="R-GPF-004",
    story="The day ends at one in the morning: the meter's clock is right, its day follows summer time.",
)
def daily_reading_at_one(gsme: Gsme) -> None:
    """Readings are of an hour later."""
    gas = gsme.gas

    def reads(start, end):
        gas.settle()
        return [(at, int(total)) for at, total in gas.totals.items() if start <= at <= end and (at - HOUR).hour == 0
                and at.minute == 0]  # fmt: skip

    gas.daily_reads = reads  # type: ignore[method-assign]


@defect(
    "gsme-reading-without-registers",
    device="Gsme",
    breaks="R-GPF-005",
    story="A daily reading holds the total alone; the registers by time in it are zero, and a time of use bill is not "
    "possible.",
)
def reading_without_registers(gsme: Gsme) -> None:
    """The registers by time are empty."""
    snapshot = gsme.objects.snapshots.snapshot

    def empty(component: GbzComponent):
        answer = snapshot(component)
        if isinstance(answer, int):
            return answer
        fields = values(GbzComponent(0, METERING, 0x09, 0, PUBLISH_SNAPSHOT, answer[0][1]))
        fields["tiers"] = [{"tier": 0} for _ in fields["tiers"]]
        return [(PUBLISH_SNAPSHOT, made(METERING, False, PUBLISH_SNAPSHOT, fields))]

    gsme.objects.snapshots.snapshot = empty  # type: ignore[method-assign]


@defect(
    "gsme-read-ends-where-nothing-is-found",
    device="Gsme",
    breaks="R-RSP-013b",
    story="A read of 31 days stops at the first day for which there is no reading; the rest is not answered.",
)
def read_ends_where_nothing_is_found(gsme: Gsme) -> None:
    """What follows the first NOT FOUND is left out."""
    finished = gsme.zcl._finished

    def short(exchange, request: Gbz, answers: list[GbzComponent]) -> Gbz:
        missing = [number for number, one in enumerate(answers) if _not_found(one)]
        return finished(exchange, request, answers[: missing[0] + 1] if missing else answers)

    gsme.zcl._finished = short  # type: ignore[method-assign]


@defect(
    "gsme-numbers-answers-anew",
    device="Gsme",
    breaks="R-RSP-014",
    story="The parts of an answer are numbered from nought instead of with the numbers of the parts of the command.",
)
def numbers_answers_anew(gsme: Gsme) -> None:
    """Sequence numbers count the answers, from the last down."""
    finished = gsme.zcl._finished

    def counted(exchange, request: Gbz, answers: list[GbzComponent]) -> Gbz:
        made_up = [replace(one, tsn=255 - number) for number, one in enumerate(answers)]
        return finished(exchange, request, made_up)

    gsme.zcl._finished = counted  # type: ignore[method-assign]


@defect(
    "gsme-readings-in-clear",
    device="Gsme",
    breaks="R-ENC-001",
    story="Encryption is left out where the catalogue of use cases in the firmware is a version behind: anybody in the "
    "chain reads when somebody is at home.",
)
def readings_in_clear(gsme: Gsme) -> None:
    """Nothing is marked as to be encrypted."""
    finished = gsme.zcl._finished

    def clear(exchange, request: Gbz, answers: list[GbzComponent]) -> Gbz:
        return finished(exchange, request, [replace(one, control=0) for one in answers])

    gsme.zcl._finished = clear  # type: ignore[method-assign]


@defect(
    "gsme-no-balance-at-midnight",
    device="Gsme",
    breaks="R-GPF-006",
    story="The register of midnight is kept, the prepayment balance is not.",
)
def no_balance_at_midnight(gsme: Gsme) -> None:
    """Nothing is kept."""
    gsme.objects.snapshots.take_daily = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-no-reading-before-a-new-mode",
    device="Gsme",
    breaks="R-PPM-003",
    story="A change of payment mode keeps no reading: nobody can say what was owed when it took place.",
)
def no_reading_before_a_new_mode(gsme: Gsme) -> None:
    """Nothing is kept."""
    gsme.mode_changes = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-mode-reading-named-tariff",
    device="Gsme",
    breaks="R-GPF-008",
    story="A reading kept at a change of payment mode says it was a change of tariff.",
)
def mode_reading_named_tariff(gsme: Gsme) -> None:
    """The cause is wrong."""
    gsme.mode_changes = lambda: gsme.objects.snapshots.take_billing("tariff")  # type: ignore[method-assign]


@defect(
    "gsme-silent-event-is-not-logged",
    device="Gsme",
    breaks="R-ALT-016",
    story="An event whose alert is off is not logged either.",
)
def silent_event_is_not_logged(gsme: Gsme) -> None:
    """The log asks whether the event is told."""
    behaviour, logs = gsme.objects.behaviour, gsme.objects.behaviour.logs
    behaviour.logs = lambda code: logs(code) and behaviour.alerts(code)  # type: ignore[method-assign]


@defect(
    "gsme-lists-ten-events",
    device="Gsme",
    breaks="R-ALT-015",
    story="The answer to a read of all event settings is cut at ten events, what fits one radio frame.",
)
def lists_ten_events(gsme: Gsme) -> None:
    """The table that is shown is cut."""
    behaviour = gsme.objects.behaviour
    get = behaviour.get

    def ten(component: GbzComponent):
        whole, behaviour.table = behaviour.table, dict(list(behaviour.table.items())[:10])
        shown = get(component)
        behaviour.table = whole
        return shown

    behaviour.get = ten  # type: ignore[method-assign]


@defect(
    "gsme-shows-factory-event-settings",
    device="Gsme",
    breaks="R-ALT-014",
    story="The event settings that are read are those of the factory.",
)
def shows_factory_event_settings(gsme: Gsme) -> None:
    """Reads answer with the settings of the first day."""
    behaviour = gsme.objects.behaviour
    get, factory = behaviour.get, dict(behaviour.table)

    def first(component: GbzComponent):
        whole, behaviour.table = behaviour.table, factory
        shown = get(component)
        behaviour.table = whole
        return shown

    behaviour.get = first  # type: ignore[method-assign]


@defect(
    "gsme-battery-alert-can-be-switched-off",
    device="Gsme",
    breaks="R-ALT-010",
    story="The low battery alert can be switched off like any other: meters go dark in their fifteenth year unseen.",
)
def battery_alert_can_be_switched_off(gsme: Gsme) -> None:
    """The event is in the table of those that can be set."""
    behaviour = gsme.objects.behaviour
    behaviour.table[0x8F1F] = 0x0B
    gsme.alerting = behaviour.alerts  # type: ignore[method-assign]


@defect(
    "gsme-entries-of-one-length",
    device="Gsme",
    breaks="R-EVT-006b",
    story="Every entry of the event log has two octets of other information, zero where there is none.",
)
def entries_of_one_length(gsme: Gsme) -> None:
    """Empty information is filled up."""
    record = gsme.log_record

    def filled(number, entry):
        shown = record(number, entry)
        return shown | {"data": shown["data"] or b"\0\0"}

    gsme.log_record = filled  # type: ignore[method-assign]


@defect(
    "gsme-security-read-shows-the-event-log",
    device="Gsme",
    breaks="R-EVT-010",
    story="A read of the security log returns the event log: attempts to break in are never seen.",
)
def security_read_shows_the_event_log(gsme: Gsme) -> None:
    """There is one log to read."""
    gsme.logs.security = gsme.logs.event


@defect(
    "gsme-tells-but-does-not-log",
    device="Gsme",
    breaks="R-EVT-006f",
    story="Events are told over the WAN and not written down: after a week without a hub nobody knows what happened.",
)
def tells_but_does_not_log(gsme: Gsme) -> None:
    """An event is an alert alone."""
    from bench.gbcs.trust_anchors import Role

    gsme.event = lambda code: gsme.alert(code, Role.SUPPLIER)  # type: ignore[method-assign]


@defect(
    "gpf-tapped-commands-leave-no-trace",
    device="Gpf",
    breaks="R-TOM-005",
    story="The proxy follows commands that pass and writes none of them down.",
)
def tapped_commands_leave_no_trace(gpf: Gpf) -> None:
    """The log is as it was before."""
    response = gpf.taps.response

    def untold(transfer: bytes) -> None:
        before = list(gpf.logs.event)
        response(transfer)
        gpf.logs.event.clear()
        gpf.logs.event.extend(before)

    gpf.taps.response = untold  # type: ignore[method-assign]


@defect(
    "gsme-asks-at-every-wake",
    device="SleepyEnd",
    breaks="R-GSM-007",
    story="The meter asks for messages at every wake, flagged or not: the battery lasts eight years, not fifteen.",
)
def asks_at_every_wake(radio: SleepyEnd) -> None:
    """Messages are always said to wait."""
    radio.is_pending = lambda flags: True  # type: ignore[method-assign]


@defect(
    "gsme-never-asks-for-a-tunnel",
    device="SleepyEnd",
    breaks="R-GSM-003",
    story="The meter waits to be asked for the tunnel, as an electricity meter does, and the hub waits for the meter.",
)
def never_asks_for_a_tunnel(radio: SleepyEnd) -> None:
    """It never asks."""

    def nothing():
        return
        yield

    radio.open_tunnel = nothing  # type: ignore[method-assign]


@defect(
    "gsme-tells-nothing-of-itself",
    device="SleepyEnd",
    breaks="R-GSM-012",
    story="Answers and alerts are made and never sent: the queue to the radio is not emptied.",
)
def tells_nothing_of_itself(radio: SleepyEnd) -> None:
    """Nothing is put into the tunnel."""

    def nothing():
        return
        yield

    radio._put = nothing  # type: ignore[method-assign]


def _not_found(one: GbzComponent) -> bool:
    return one.command == DEFAULT_RESPONSE and one.payload[1:2] == bytes((NOT_FOUND,))
