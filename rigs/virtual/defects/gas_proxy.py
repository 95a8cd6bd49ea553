"""Defects of the gas proxy, and of the hub's store for the sleeping gas meter."""

from rigs.virtual.defects import defect
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.hub import Hub
from rigs.virtual.sleepy_store import SleepyStore


@defect(
    "gpf-keeps-whole-history-on-display",
    device="Gpf",
    breaks="R-PRV-002",
    story="The restriction date is stored and never used: the new tenant sees when the old one was at home.",
)
def keeps_whole_history_on_display(gpf: Gpf) -> None:
    """Displays see everything."""
    gpf.shown_to_householder = lambda start: start  # type: ignore[method-assign]


@defect(
    "gpf-restricts-the-supplier-too",
    device="Gpf",
    breaks="R-PRV-003",
    story="The restriction is put on the log itself: the supplier cannot bill the days before the new tenant moved in.",
)
def restricts_the_supplier_too(gpf: Gpf) -> None:
    """Every reader is restricted."""
    history = gpf.history
    gpf.history = lambda number, start, count: history(number, gpf.shown_to_householder(start), count)  # type: ignore[method-assign]


@defect(
    "gpf-restriction-only-narrows",
    device="Gpf",
    breaks="R-PRV-005",
    story="A restriction date entered wrongly can never be corrected to an earlier one.",
)
def restriction_only_narrows(gpf: Gpf) -> None:
    """The latest date of all holds."""
    restrict = gpf.restrict

    def latest(component):
        before = gpf.restriction
        answer = restrict(component)
        if before is not None and gpf.restriction is not None:
            gpf.restriction = max(before, gpf.restriction)
        return answer

    gpf.restrict = latest  # type: ignore[method-assign]


@defect(
    "gpf-restriction-waits-for-its-date",
    device="Gpf",
    breaks="R-PRV-001",
    story="A restriction with a date in the future is put on the calendar; until then the old tenant's data are shown.",
)
def restriction_waits(gpf: Gpf) -> None:
    """A future date does nothing yet."""
    shown = gpf.shown_to_householder

    def later(start):
        waits = gpf.restriction is not None and gpf.restriction > gpf.clock()
        return start if waits else shown(start)

    gpf.shown_to_householder = later  # type: ignore[method-assign]


@defect(
    "gpf-stamps-copy-with-its-own-time",
    device="Gpf",
    breaks="R-GPF-015",
    story="Half-hour-old readings are sent with the time of now: billing sees gas arrive late.",
)
def stamps_copy_with_its_own_time(gpf: Gpf) -> None:
    """The header has the hub's time."""
    from rigs.virtual.hub import HubFunction

    gpf.envelope = lambda exchange, payload: HubFunction.envelope(gpf, exchange, payload)  # type: ignore[method-assign]


@defect(
    "gpf-leaves-gaps",
    device="Gpf",
    breaks="R-GPF-002",
    story="Half hours missed while the radio was disturbed are never asked for: the profile has holes for good.",
)
def leaves_gaps(gpf: Gpf) -> None:
    """The flag is never raised."""
    gpf.flags = lambda: 0  # type: ignore[method-assign]


@defect(
    "gpf-day-in-local-time",
    device="Gpf",
    breaks="R-GPF-003",
    story="The days of the daily log begin at half past midnight, because the push of midnight comes a moment later.",
)
def day_begins_late(gpf: Gpf) -> None:
    """Half an hour off."""
    from datetime import timedelta

    mirror = gpf.mirror
    late = timedelta(minutes=30)

    def days(start, end):
        day = timedelta(days=1)
        return [
            (at, mirror.totals[at + day + late] - mirror.totals[at + late])
            for at in sorted(mirror.totals)
            if start <= at <= end and at.hour == at.minute == 0 and at + day + late in mirror.totals
        ]

    mirror.days = days  # type: ignore[method-assign]


@defect(
    "gpf-taps-off-before-the-meter-agrees",
    device="Gpf",
    breaks="R-TOM-002",
    story="The proxy acts on a command as it passes, before the meter has even woken: it runs ahead, and keeps what "
    "the meter then refuses.",
)
def taps_off_before_the_meter_agrees(gpf: Gpf) -> None:
    """Commands are applied at once."""
    from bench.gbcs.gbz import Gbz

    taps = gpf.taps
    note = taps.command

    def at_once(transfer: bytes) -> None:
        known = set(taps.open)
        note(transfer)
        for key in set(taps.open) - known:
            for component in Gbz.parse(taps.open[key].payload).components:
                taps.apply(component)

    taps.command = at_once  # type: ignore[method-assign]


@defect(
    "gpf-does-not-tap",
    device="Gpf",
    breaks="R-TOM-001",
    story="What passes is not looked at: meter and proxy drift apart with each change.",
)
def does_not_tap(gpf: Gpf) -> None:
    """Nothing is noted."""
    gpf.taps.command = lambda transfer: None  # type: ignore[method-assign]


@defect(
    "gpf-silent-about-expired-messages",
    device="Gpf",
    breaks="R-GSM-013",
    story="Messages the gas meter has not fetched in a day vanish without a word.",
)
def silent_about_expired_messages(gpf: Gpf) -> None:
    """No 819D."""
    gpf.command_not_retrieved = lambda: None  # type: ignore[method-assign]


@defect(
    "hub-gives-stored-messages-twice",
    device="SleepyStore",
    breaks="R-RSP-018",
    story="A stored message is taken from the store only at the wake after the one at which it was given: each read is "
    "answered twice.",
)
def gives_stored_messages_twice(store: SleepyStore) -> None:
    """Messages are stored in two copies."""
    keep = store.store

    def twice(transfer: bytes) -> None:
        keep(transfer)
        keep(transfer)

    store.store = twice  # type: ignore[method-assign]


@defect(
    "hub-loses-store-at-power-cut",
    device="Hub",
    breaks="R-HUB-016",
    story="Messages for the gas meter are kept in RAM: a power cut on the hub loses them, and nobody is told.",
)
def loses_store_at_power_cut(hub: Hub) -> None:
    """The store is emptied."""
    down = hub._power_down

    def forget() -> None:
        for store in hub.sleepy.values():
            store.waiting.clear()
        down()

    hub.supply._lost = forget
    hub._power_down = forget  # type: ignore[method-assign]


@defect(
    "hub-get-response-without-count",
    device="SleepyStore",
    breaks="R-GSM-011",
    story="The count of remaining messages in the GET-RESPONSE is always zero: a queue empties by one message a wake.",
)
def get_response_without_count(store: SleepyStore) -> None:
    """Nothing ever remains."""
    from bench.han.tunnelling import CLUSTER, TransferData

    def give(sequence: int) -> None:
        message = store.waiting.pop(0)[1] if store.waiting else b""
        data = b"\x02\x00" + message
        store._answer(CLUSTER, TransferData(store._number, data).frame(sequence, from_server=True))

    store.give = give  # type: ignore[method-assign]


@defect(
    "hub-shortens-tapped-messages",
    device="SleepyStore",
    breaks="R-TOM-003",
    story="The hub rewrites what it taps off, and the meter's check of the MAC fails.",
)
def alters_tapped_messages(store: SleepyStore) -> None:
    """An octet of a tapped command changes."""
    keep = store.store

    def alter(transfer: bytes) -> None:
        known = len(store._proxy.taps.open)
        keep(transfer)
        if len(store._proxy.taps.open) != known:
            at, stored = store.waiting[-1]
            store.waiting[-1] = (at, stored[:-1] + bytes((stored[-1] ^ 1,)))

    store.store = alter  # type: ignore[method-assign]
