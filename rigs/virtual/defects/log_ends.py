"""Defects of logs at their ends: when they are full, at the edges of a range, when they are cleared."""

from collections import deque
from datetime import datetime, timedelta

from bench.gbcs.gbz import GbzComponent
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.exchange import Exchange
from rigs.virtual.gas_activation import Item, Pending
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub import HubFunction
from rigs.virtual.logs import ENTRIES, Entry
from rigs.virtual.zcl_objects import Answer

HALF = ENTRIES // 2
SECOND = timedelta(seconds=1)


@defect(
    "esme-power-log-of-fifty",
    device="Esme",
    breaks="R-EVT-001",
    story="An outage is two entries, and somebody counted outages: the power event log has room for fifty entries.",
)
def power_log_of_fifty(esme: Esme) -> None:
    """Half of it."""
    add = esme.logs.add

    def add_(log: deque[Entry], code: int, other: bytes = b"", time: datetime | None = None) -> None:
        add(log, code, other, time)
        if log is esme.logs.power and len(log) > HALF:
            log.popleft()

    esme.logs.add = add_  # type: ignore[method-assign]


@defect(
    "gsme-full-security-log-takes-nothing-more",
    device="Gsme",
    breaks="R-EVT-001",
    story="The security log must not lose an entry, so a full one is closed: whoever fills it first works unseen.",
)
def full_security_log_takes_nothing_more(gsme: Gsme) -> None:
    """What comes after the hundredth is dropped."""
    add = gsme.logs.add

    def add_(log: deque[Entry], code: int, other: bytes = b"", time: datetime | None = None) -> None:
        if log is not gsme.logs.security or len(log) < ENTRIES:
            add(log, code, other, time)

    gsme.logs.add = add_  # type: ignore[method-assign]


@defect(
    "esme-range-of-a-log-without-its-end",
    device="Esme",
    breaks="R-EVT-010",
    story="Log entries are compared with 'below' at the end of the range: one at its last second is not returned.",
)
def range_of_a_log_without_its_end(esme: Esme) -> None:
    """The event log ends a second early."""
    event_log = esme.objects.event_log
    read = lambda start, end: event_log(start, end - SECOND)  # noqa: E731
    esme.objects.event_log = read  # type: ignore[method-assign]


@defect(
    "gsme-latest-security-entry-not-shown",
    device="Gsme",
    breaks="R-EVT-010",
    story="The index of the newest entry is taken for their number: the security log is always one entry behind.",
)
def latest_security_entry_not_shown(gsme: Gsme) -> None:
    """All but the newest."""
    read = gsme.read_log

    def read_log(component: GbzComponent) -> Answer:
        security = gsme.logs.security
        newest = [security.pop()] if security else []
        try:
            return read(component)
        finally:
            security.extend(newest)

    gsme.read_log = read_log  # type: ignore[method-assign]


@defect(
    "gpf-clears-without-a-trace",
    device="Gpf",
    breaks="R-EVT-003",
    story="The proxy clears its event log with the meter's, and writes 8F52 for the meter alone.",
)
def clears_without_a_trace(gpf: Gpf) -> None:
    """Its security log is as before."""
    clear = gpf.clear_log

    def clear_log(component: GbzComponent) -> Answer:
        before = list(gpf.logs.security)
        answer = clear(component)
        gpf.logs.security.clear()
        gpf.logs.security.extend(before)
        return answer

    gpf.clear_log = clear_log  # type: ignore[method-assign]


@defect(
    "gsme-clears-the-security-log-too",
    device="Gsme",
    breaks="R-EVT-002",
    story="Both logs share a sector of the flash, which is erased as a whole: the security log begins with 8F52.",
)
def clears_the_security_log_too(gsme: Gsme) -> None:
    """What was there before is gone."""
    clear = gsme.clear_log

    def clear_log(component: GbzComponent) -> Answer:
        gsme.logs.security.clear()
        return clear(component)

    gsme.clear_log = clear_log  # type: ignore[method-assign]


@defect(
    "hub-logs-successes-alone",
    device="HubFunction",
    breaks="R-EVT-006",
    story="The hub writes down what it did; a command that failed leaves no trace, and nobody can tell who tried.",
)
def logs_successes_alone(hub: HubFunction) -> None:
    """No 8155."""
    executed = hub.executed

    def executed_(exchange: Exchange, successfully: bool) -> None:
        if successfully:
            executed(exchange, successfully)

    hub.executed = executed_  # type: ignore[method-assign]


@defect(
    "gsme-activations-not-in-the-event-log",
    device="Gsme",
    breaks="R-EVT-020",
    story="The gas meter tells of a change that came into force at its time, and keeps nothing of it.",
)
def activations_not_in_the_event_log(gsme: Gsme) -> None:
    """8F66 is in no log."""
    report = gsme.activations.report

    def report_(item: Item, waiting: Pending, code: int) -> None:
        report(item, waiting, code)
        gsme.logs.event.pop()

    gsme.activations.report = report_  # type: ignore[method-assign]
