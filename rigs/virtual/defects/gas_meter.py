"""Defects of the gas meter and its proxy: activation, tunnels, the copy, valve settings, logs."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from bench.gbcs.gbz import GbzComponent
from bench.han.tunnelling import RequestTunnel
from rigs.virtual.defects import defect
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gbz_device import GbzDevice
from rigs.virtual.gsme import Gsme
from rigs.virtual.gsme_prepayment import GsmePrepayment
from rigs.virtual.sleepy import CLUSTER, SleepyEnd
from rigs.virtual.zcl_objects import SUCCESS, Answer

MINUTE = timedelta(minutes=1)
LONDON = ZoneInfo("Europe/London")


@defect(
    "gsme-immediately-is-never",
    device="Gsme",
    breaks="R-FUT-003",
    story="A start of zero is a date long past, and what should have happened in the past is not done any more.",
)
def immediately_is_never(gsme: Gsme) -> None:
    """Items that are to be taken now are confirmed and forgotten."""
    come = gsme.activations.come

    def past(component: GbzComponent) -> Answer:
        return come(component) if gsme.activations.start_of(component) else SUCCESS

    gsme.activations.come = past  # type: ignore[method-assign]


@defect(
    "gsme-clock-answers-that-it-was-set",
    device="Gsme",
    breaks="R-TIM-006",
    story="A gas meter that did not take the time over answers with a reliable clock: nobody sets it again.",
)
def clock_answers_that_it_was_set(gsme: Gsme) -> None:
    """The status in the answer is always reliable."""
    set_clock = gsme.set_clock
    gsme.set_clock = lambda exchange, asked: (  # type: ignore[method-assign]
        set_clock(exchange, asked) | {"status": "reliable", "status_code": 0}
    )


@defect(
    "gsme-adjustment-of-the-other-kind",
    device="Gsme",
    breaks="R-DIS-007",
    story="A reset of the gas meter's balance adds the amount in the command, as an adjustment does.",
)
def adjustment_of_the_other_kind(gsme: Gsme) -> None:
    """A reset leaves the balance alone."""
    prepayment: GsmePrepayment = gsme.prepayment
    prepayment.account.reset = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-asks-for-the-wrong-tunnel",
    device="SleepyEnd",
    breaks="R-GSM-005",
    story="The gas meter asks for a tunnel of a maker's own protocol; some hubs refuse it and some do not.",
)
def asks_for_the_wrong_tunnel(radio: SleepyEnd) -> None:
    """Protocol 0 of manufacturer FFFF, 255 octets."""
    send = radio._send

    def other(cluster: int, frame):
        usual = cluster == CLUSTER and frame == RequestTunnel().frame(frame.sequence)
        return send(cluster, RequestTunnel(max_incoming=255).frame(frame.sequence) if usual else frame)

    radio._send = other  # type: ignore[method-assign]


@defect(
    "gsme-asks-for-a-tunnel-once-a-day",
    device="SleepyEnd",
    breaks="R-GSM-004",
    story="The gas meter leaves it to the hub to open a tunnel, and asks for one itself only every forty-eighth wake.",
)
def asks_for_a_tunnel_once_a_day(radio: SleepyEnd) -> None:
    """Most wakes open no tunnel."""
    open_tunnel = radio.open_tunnel
    wakes = [0]

    def seldom():
        wakes[0] += 1
        if wakes[0] % 48 == 0:
            yield from open_tunnel()

    radio.open_tunnel = seldom  # type: ignore[method-assign]


@defect(
    "gsme-waits-to-be-sent-what-waits",
    device="SleepyEnd",
    breaks="R-GSM-010",
    story="The gas meter sees that messages wait and waits for the hub to send them: GET was left to the next release.",
)
def waits_to_be_sent_what_waits(radio: SleepyEnd) -> None:
    """No GET is sent."""

    def nothing():
        return False
        yield

    radio.get = nothing  # type: ignore[method-assign]


@defect(
    "gsme-change-of-supplier-leaves-no-reading",
    device="Gsme",
    breaks="R-GPF-007",
    story="No reading is kept when the supplier changes: both suppliers estimate, and the customer pays twice.",
)
def change_of_supplier_leaves_no_reading(gsme: Gsme) -> None:
    """Readings are kept for every cause but this."""
    snapshots = gsme.objects.snapshots
    take = snapshots.take_billing
    snapshots.take_billing = lambda cause: None if cause == "supplier" else take(cause)  # type: ignore[method-assign]


@defect(
    "gpf-leaves-days-to-the-meter",
    device="Gpf",
    breaks="R-GPF-014",
    story="The proxy has no daily consumption: whoever asks it is told that there is none.",
)
def leaves_days_to_the_meter(gpf: Gpf) -> None:
    """GCS61 has no samples."""
    gpf.mirror.days = lambda start, end: []  # type: ignore[method-assign]


@defect(
    "gpf-stale-copy",
    device="Gpf",
    breaks="R-GPF-013",
    story="The proxy takes what the meter pushes over once, and answers with that for ever.",
)
def stale_copy(gpf: Gpf) -> None:
    """Only the first report is taken."""
    take = gpf.mirror.take_report
    taken: set[int] = set()

    def once(cluster: int, payload: bytes) -> None:
        if cluster not in taken:
            taken.add(cluster)
            take(cluster, payload)

    gpf.mirror.take_report = once  # type: ignore[method-assign]


@defect(
    "gsme-keeps-its-own-flow-limits",
    device="Gsme",
    breaks="R-GAS-006",
    story="The settings of the flow check are confirmed and not used: the factory's limits hold for ever.",
)
def keeps_its_own_flow_limits(gsme: Gsme) -> None:
    """GCS24a changes nothing of the check."""
    gsme.valve.set_flow_check = lambda component: 0  # type: ignore[method-assign]


@defect(
    "gsme-keeps-its-own-supply-states",
    device="Gsme",
    breaks="R-GAS-006",
    story="What the supply is to do at a tamper is confirmed and not used.",
)
def keeps_its_own_supply_states(gsme: Gsme) -> None:
    """GCS24a changes nothing of the states."""
    gsme.valve.set_supply_states = lambda component: 0  # type: ignore[method-assign]


@defect(
    "gsme-cleared-log-not-told",
    device="GbzDevice",
    breaks="R-GAS-019",
    story="The answer to clearing a log says that none was cleared, and systems send the command again and again.",
)
def cleared_log_not_told(device: GbzDevice) -> None:
    """The answer shows no log."""
    clear = device.clear_log

    def silent(component: GbzComponent) -> Answer:
        answer = clear(component)
        return [(command, bytes(len(payload))) for command, payload in answer] if isinstance(answer, list) else answer

    device.clear_log = silent  # type: ignore[method-assign]


@defect(
    "gpf-shows-the-tenant-before",
    device="Gpf",
    breaks="R-PRV-004",
    story="The restriction date is kept in the meter and not in the proxy: the new tenant sees the old one's gas.",
)
def shows_the_tenant_before(gpf: Gpf) -> None:
    """Nothing is hidden."""
    gpf.shown_to_householder = lambda start: start  # type: ignore[method-assign]


@defect(
    "gpf-second-restriction-lifts-the-first",
    device="Gpf",
    breaks="R-PRV-006",
    story="Setting the restriction date a second time switches the restriction off.",
)
def second_restriction_lifts_the_first(gpf: Gpf) -> None:
    """It works as a toggle."""
    restrict = gpf.restrict

    def toggled(component: GbzComponent) -> Answer:
        restricted = gpf.restriction is not None
        answer = restrict(component)
        if restricted:
            gpf.restriction = None
        return answer

    gpf.restrict = toggled  # type: ignore[method-assign]
