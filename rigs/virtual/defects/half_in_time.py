"""Defects of waiting and of clocks that show for one item, one party, one meter, one half of the year."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.gbcs.dlms import parse_date_time
from bench.gbcs.trust_anchors import Role
from rigs.virtual.activation import CHARGE
from rigs.virtual.defects import defect
from rigs.virtual.device_clock import ADJUSTED, NOT_ADJUSTED, RELIABLE
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gsme import Gsme

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CENTRAL = (3, 10)  #: months in whose last Sunday the clocks of the household change


def of_the_household(at: datetime) -> datetime:
    """Return what the clocks of a household say, still marked as UTC."""
    march, october = (_last_sunday(at.year, month) for month in CENTRAL)
    return at + HOUR if march <= at < october else at


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)


@defect(
    "esme-waiting-prices-not-withdrawn",
    device="Esme",
    breaks="R-FUT-004",
    story="A cancellation withdraws calendars and settings; charges were added to the meter later, and come all the "
    "same.",
)
def waiting_prices_not_withdrawn(esme: Esme) -> None:
    """The time "never" of a charge is not looked at."""
    written = esme.activations.time_written

    def time_written(key, value):
        if key[0] != CHARGE or parse_date_time(value.value) != "never":
            written(key, value)

    esme.activations.time_written = time_written  # type: ignore[method-assign]


@defect(
    "gsme-overtaken-command-comes-all-the-same",
    device="Gsme",
    breaks="R-FUT-006",
    story="An immediate command does not displace what waits for the same item: old prices come at their time.",
)
def overtaken_command_comes_all_the_same(gsme: Gsme) -> None:
    """What waits is kept when a command is immediate."""
    come, activations = gsme.activations.come, gsme.activations

    def come_and_keep(component):
        item = component.cluster, component.command
        waiting = activations.pending.get(item)
        answer = come(component)
        if waiting is not None and activations.start_of(component) == 0:
            activations.pending[item] = waiting
        return answer

    activations.come = come_and_keep  # type: ignore[method-assign]


@defect(
    "any-cancellation-withdraws-all-replacements",
    device="GbcsDevice",
    breaks="R-FUT-004",
    story="A change of supplier that is cancelled takes the network operator's waiting certificates with it.",
)
def cancellation_withdraws_all_replacements(device: GbcsDevice) -> None:
    """Everything that waits is dropped."""
    credentials, schedule = device.credentials, device.credentials.schedule

    def schedule_or_drop(command, request):
        schedule(command, request)
        if not isinstance(request.execution_time, datetime):
            credentials.pending.clear()

    credentials.schedule = schedule_or_drop  # type: ignore[method-assign]


@defect(
    "any-operators-outcome-told-to-the-supplier",
    device="GbcsDevice",
    breaks="R-FUT-012",
    story="What became of the network operator's replacement is told to the supplier.",
)
def operators_outcome_told_to_the_supplier(device: GbcsDevice) -> None:
    """The alert goes to another party than the sender."""
    execute = device.credentials.execute_pending
    device.credentials.execute_pending = lambda waiting: execute(  # type: ignore[method-assign]
        replace(waiting, authoriser=Role.SUPPLIER) if waiting.authoriser is Role.NETWORK_OPERATOR else waiting
    )


@defect(
    "esme-outcome-with-the-time-of-the-return",
    device="Esme",
    breaks="R-FUT-013",
    story="An item whose time came in an outage is told with the time at which supply returned.",
)
def outcome_with_the_time_of_the_return(esme: Esme) -> None:
    """The alert carries when it was carried out."""
    report = esme.activations.report
    esme.activations.report = lambda key, waiting, *code: report(  # type: ignore[method-assign]
        key, replace(waiting, at=esme.clock()), *code
    )


@defect(
    "gsme-set-clock-wakes-nothing",
    device="Gsme",
    breaks="R-FUT-014",
    story="What waits is timed when it comes; when the clock is set past it, it still waits for the old moment.",
)
def set_clock_wakes_nothing(gsme: Gsme) -> None:
    """The agenda is not looked at again."""
    gsme.agenda.resume = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-new-firmware-forgets-what-waits",
    device="Gsme",
    breaks="R-FUT-016",
    story="The new firmware starts with an empty list of what waits: prices that were announced do not come.",
)
def new_firmware_forgets_what_waits(gsme: Gsme) -> None:
    """Nothing waits after an activation."""
    execute = gsme.firmware.execute

    def execute_anew(image_hash):
        code = execute(image_hash)
        gsme.activations.pending.clear()
        return code

    gsme.firmware.execute = execute_anew  # type: ignore[method-assign]


@defect(
    "any-new-firmware-counts-alerts-anew",
    device="GbcsDevice",
    breaks="R-CTR-009",
    story="The counter of alerts lies in memory that an activation of firmware clears.",
)
def new_firmware_counts_alerts_anew(device: GbcsDevice) -> None:
    """The own counter begins again."""
    execute = device.firmware.execute

    def execute_anew(image_hash):
        code = execute(image_hash)
        device.own_counter = 0
        return code

    device.firmware.execute = execute_anew  # type: ignore[method-assign]


@defect(
    "gsme-clock-set-to-the-middle",
    device="Gsme",
    breaks="R-TIM-004",
    story="The gas meter takes the middle of the interval for the time it is to be set to, if the hub's lies in it.",
)
def clock_set_to_the_middle(gsme: Gsme) -> None:
    """The time of the command counts, not that of the hub."""
    time, within, adjust = gsme.time, gsme.time.set_within, gsme.time.adjust

    def set_within(start, end):
        time.adjust = lambda to: adjust(start + (end - start) / 2)  # type: ignore[method-assign]
        return within(start, end)

    time.set_within = set_within  # type: ignore[method-assign]


@defect(
    "gsme-interval-in-whole-days",
    device="Gsme",
    breaks="R-TIM-004",
    story="Of an interval over midnight the gas meter compares the dates alone: any time of its first day will do.",
)
def interval_in_whole_days(gsme: Gsme) -> None:
    """An interval of more than a day begins at midnight."""
    within = gsme.time.set_within
    gsme.time.set_within = lambda start, end: within(  # type: ignore[method-assign]
        start if start.date() == end.date() else start.replace(hour=0, minute=0, second=0), end
    )


@defect(
    "gsme-unset-clock-not-logged",
    device="Gsme",
    breaks="R-TIM-005",
    story="That the clock was not adjusted is alerted, and forgotten: there is no entry in the security log.",
)
def unset_clock_not_logged(gsme: Gsme) -> None:
    """8F0C is an alert alone."""
    gsme.time.tell_not_adjusted = lambda: gsme.alert(NOT_ADJUSTED, Role.SUPPLIER)  # type: ignore[method-assign]


@defect(
    "gsme-answers-with-the-hubs-time",
    device="Gsme",
    breaks="R-TIM-006",
    story="The answer to GCS28 names the time of the hub also when the meter has not taken it.",
)
def answers_with_the_hubs_time(gsme: Gsme) -> None:
    """The time told is not the meter's."""
    set_clock = gsme.set_clock

    def set_and_tell(exchange, asked):
        answer, said = set_clock(exchange, asked), gsme.time.hub()
        return answer if said is None else answer | {"device_time": said[0].strftime("%Y-%m-%dT%H:%M:%SZ")}

    gsme.set_clock = set_and_tell  # type: ignore[method-assign]


@defect(
    "any-clock-only-goes-forward",
    device="GbcsDevice",
    breaks="R-TIM-009",
    story="The daily comparison moves a clock forward alone, so that no second is there twice.",
)
def clock_only_goes_forward(device: GbcsDevice) -> None:
    """A hub whose time is earlier by up to ten seconds is not followed."""
    time, synchronise = device.time, device.time.synchronise

    def forward():
        said = time.hub()
        if said is None or said[1] != RELIABLE or not -10 <= (said[0] - time.now()).total_seconds() < 0:
            synchronise()

    time.synchronise = forward  # type: ignore[method-assign]


@defect(
    "gsme-set-clock-is-a-security-event",
    device="Gsme",
    breaks="R-TIM-011",
    story="A clock that was set is written into the security log instead of the event log.",
)
def set_clock_is_a_security_event(gsme: Gsme) -> None:
    """8145 stands in the wrong log."""
    adjust, logs = gsme.time.adjust, gsme.logs

    def adjust_and_move(to):
        adjust(to)
        if logs.event and logs.event[-1].code == ADJUSTED:
            logs.security.append(logs.event.pop())

    gsme.time.adjust = adjust_and_move  # type: ignore[method-assign]


@defect(
    "gsme-entries-of-the-future-dropped",
    device="Gsme",
    breaks="R-TIM-017",
    story="When the clock is set back the gas meter drops what its logs hold of later times.",
)
def entries_of_the_future_dropped(gsme: Gsme) -> None:
    """Entries with a later stamp are gone."""
    adjust = gsme.time.adjust

    def adjust_and_drop(to):
        adjust(to)
        for log in (gsme.logs.event, gsme.logs.security):
            kept = [one for one in log if one.time <= gsme.clock()]
            log.clear()
            log.extend(kept)

    gsme.time.adjust = adjust_and_drop  # type: ignore[method-assign]


@defect(
    "gsme-days-in-local-time",
    device="Gsme",
    breaks="R-TIM-001",
    story="The gas meter reads its register at midnight of the household: in summer at 23:00 UTC.",
)
def days_in_local_time(gsme: Gsme) -> None:
    """In summer a day ends an hour early."""

    def daily_reads(start, end):
        gsme.gas.settle()
        return [
            (at, int(total))
            for at, total in gsme.gas.totals.items()
            if start <= at <= end and of_the_household(at).time() == datetime.min.time()
        ]

    gsme.gas.daily_reads = daily_reads  # type: ignore[method-assign]


@defect(
    "esme-protected-hours-in-local-time",
    device="Esme",
    breaks="R-TIM-001",
    story="The hours in which supply is not taken off are those of the household: in summer they end an hour early.",
)
def protected_hours_in_local_time(esme: Esme) -> None:
    """In summer the calendar is read an hour ahead."""
    ends = esme.prepayment.calendar.ends

    def ends_early(now):
        shift = of_the_household(now) - now
        end = ends(now + shift)
        return end if end is None else end - shift

    esme.prepayment.calendar.ends = ends_early  # type: ignore[method-assign]
