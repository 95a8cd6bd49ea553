"""Defects of a gas meter's sensors, its network data log, its calendars as they are read, and top ups it pushes."""

from bench.gbcs.gbz import GbzComponent
from rigs.virtual.defects import defect
from rigs.virtual.gas_network_log import SAMPLES
from rigs.virtual.gsme import Gsme
from rigs.virtual.zcl_objects import Answer


@defect(
    "gsme-tilt-is-tamper",
    device="Gsme",
    breaks="R-GAS-013",
    story="The sensor for tilting raises the event of any tampering; a meter that hangs askew and one that is being "
    "opened look the same.",
)
def tilt_is_tamper(gsme: Gsme) -> None:
    """8F3F for 81C3."""
    event_of = gsme.sensors.event_of
    gsme.sensors.event_of = lambda what: 0x8F3F if what == "tilt" else event_of(what)  # type: ignore[method-assign]


@defect(
    "gsme-air-and-reverse-flow-mixed-up",
    device="Gsme",
    breaks="R-GAS-013",
    story="Two lines of the table of ultrasonic faults are exchanged: air in the gas is told as flow in reverse.",
)
def air_and_reverse_flow_mixed_up(gsme: Gsme) -> None:
    """81B5 and 81B6 exchanged."""
    event_of, other = gsme.sensors.event_of, {"air": "reverse-flow", "reverse-flow": "air"}
    gsme.sensors.event_of = lambda what: event_of(other.get(what, what))  # type: ignore[method-assign]


@defect(
    "gsme-valve-test-silent",
    device="Gsme",
    breaks="R-GAS-011",
    story="The test of the valve was written for the factory, where nobody reads a log.",
)
def valve_test_silent(gsme: Gsme) -> None:
    """No 8184."""
    gsme.valve.tested = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-network-log-endless",
    device="Gsme",
    breaks="R-GAS-012",
    story="The recording goes on until another command stops it, and there is none: the battery pays for it.",
)
def network_log_endless(gsme: Gsme) -> None:
    """There is always another sample, and the oldest goes."""
    log = gsme.network_log

    def goes_on() -> bool:
        del log._samples[:-SAMPLES]
        return True

    log.goes_on = goes_on  # type: ignore[method-assign]


@defect(
    "gsme-network-log-from-the-beginning",
    device="Gsme",
    breaks="R-GAS-012",
    story="Each sample is what has flowed since the recording began: the differences were left to the reader.",
)
def network_log_from_the_beginning(gsme: Gsme) -> None:
    """Sums instead of differences."""
    log, read = gsme.network_log, gsme.network_log.read

    def read_sums(component: GbzComponent) -> Answer:
        samples = log._samples
        log._samples = [(at, sum(litres for _, litres in samples[: n + 1])) for n, (at, _) in enumerate(samples)]
        try:
            return read(component)
        finally:
            log._samples = samples

    log.read = read_sums  # type: ignore[method-assign]


@defect(
    "gsme-network-log-number-of-half-hours",
    device="Gsme",
    breaks="R-GAS-018",
    story="The answer names sample 0, under which the half hours are: the transporter reads those and wonders.",
)
def network_log_number_of_half_hours(gsme: Gsme) -> None:
    """Another number than the samples have."""
    gsme.network_log.sample_id = lambda interval, samples: 0  # type: ignore[method-assign]


@defect(
    "gsme-network-log-refused",
    device="Gsme",
    breaks="R-GAS-018",
    story="The meter takes hourly samples alone, and answers FFFF to six minutes.",
)
def network_log_refused(gsme: Gsme) -> None:
    """It cannot record."""
    gsme.network_log.sample_id = lambda interval, samples: 0xFFFF  # type: ignore[method-assign]


@defect(
    "gsme-tells-the-latest-top-up-alone",
    device="Gsme",
    breaks="R-GPF-009",
    story="After a top up the mirror is told that one, not the latest five: a display that was away has a hole.",
)
def tells_the_latest_top_up_alone(gsme: Gsme) -> None:
    """One entry."""
    prepayment, pushes = gsme.prepayment, gsme.prepayment.pushes

    def latest(recovered: bool) -> list[tuple[int, bytes]]:
        log, prepayment.top_up_log = prepayment.top_up_log, prepayment.top_up_log[-1:]
        try:
            return pushes(recovered)
        finally:
            prepayment.top_up_log = log

    prepayment.pushes = latest  # type: ignore[method-assign]


@defect(
    "gsme-debt-payment-not-pushed",
    device="Gsme",
    breaks="R-GPF-009",
    story="Top ups are told to the mirror, payments towards debt only when somebody asks for them.",
)
def debt_payment_not_pushed(gsme: Gsme) -> None:
    """No PublishDebtLog."""
    pushes = gsme.prepayment.pushes
    gsme.prepayment.pushes = lambda recovered: pushes(False)  # type: ignore[method-assign]


@defect(
    "gsme-calendar-in-force-not-known",
    device="Gsme",
    breaks="R-GPF-011",
    story="FFFFFFFE is looked up among the identifiers of calendars like any other, and is not there.",
)
def calendar_in_force_not_known(gsme: Gsme) -> None:
    """No calendar stands for another."""
    reads, meant = gsme.calendar_reads, gsme.calendar_reads.meant
    reads.meant = lambda identifier: None if identifier > 0xFFFFFFF0 else meant(identifier)  # type: ignore[method-assign]


@defect(
    "gsme-calendar-that-waits-is-read",
    device="Gsme",
    breaks="R-GPF-011",
    story="The calendar that is answered is the one that came last, also while it waits for its day.",
)
def calendar_that_waits_is_read(gsme: Gsme) -> None:
    """The latest parts, whatever is in force."""
    calendars = gsme.prepayment.calendar
    reads, meant = gsme.calendar_reads, gsme.calendar_reads.meant

    def latest(identifier: int) -> int | None:
        number = meant(identifier)
        newest = max((calendar for calendar, _ in calendars.days), default=number)
        if number is not None and newest is not None:
            calendars.published[newest] = calendars.published[number] | {"calendarId": newest}
        return newest if number is not None else None

    reads.meant = latest  # type: ignore[method-assign]


@defect(
    "gsme-tariff-of-any-size",
    device="Gsme",
    breaks="R-GAS-014",
    story="The sizes in the head of a calendar are not compared with the tables there are: what is too much overwrites "
    "the first entries, and is answered with success.",
)
def tariff_of_any_size(gsme: Gsme) -> None:
    """There is room for everything."""
    gsme.prepayment.calendar.has_room = lambda seasons, weeks, days: True  # type: ignore[method-assign]


@defect(
    "gsme-tariff-with-ten-special-days",
    device="Gsme",
    breaks="R-GAS-014",
    story="The table of special days has ten places, as it had in the meter before.",
)
def tariff_with_ten_special_days(gsme: Gsme) -> None:
    """Twenty are too many."""
    gsme.prepayment.calendar.has_room_for_special = lambda days: days <= 10  # type: ignore[method-assign]
