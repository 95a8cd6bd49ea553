"""Defects of what is done in part: the first time and not the second, for one unit, one device, one of two causes."""

from datetime import date, datetime, timedelta
from typing import Any

from bench.gbcs.axdr import Data
from bench.gbcs.firmware import OtaImage
from bench.gbcs.gbt import split
from bench.gbcs.trust_anchors import Role
from rigs.virtual.auxiliary_calendar import ANY
from rigs.virtual.billing import Snapshot
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.exchange import Exchange
from rigs.virtual.firmware import HARDWARE, IMAGE_TYPES
from rigs.virtual.gas_billing import WEEKS
from rigs.virtual.gsme import Gsme
from rigs.virtual.load_switch import LOAD_LIMIT_EXCEEDED, SupplyState
from rigs.virtual.other_profiles import ENTRIES

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
MOST = 31


@defect(
    "gsme-takes-any-makers-image",
    device="Gsme",
    breaks="R-FWU-002",
    story="Gas meters of two makers share a chip, and the maker in the header of an image is not looked at.",
)
def takes_any_makers_image(gsme: Gsme) -> None:
    """Type and hardware are enough."""

    def fits(image: OtaImage) -> bool:
        low, high = image.hardware
        return image.image_type == IMAGE_TYPES["GSME"] and low <= HARDWARE <= high

    gsme.firmware.fits = fits  # type: ignore[method-assign]


@defect(
    "gsme-second-image-dropped",
    device="Gsme",
    breaks="R-FWU-008",
    story="The place for an image is freed by its activation alone: a corrected image is dropped while one waits.",
)
def second_image_dropped(gsme: Gsme) -> None:
    """The first one stays."""
    firmware = gsme.firmware
    fits = firmware.fits
    firmware.fits = lambda image: firmware.image is None and fits(image)  # type: ignore[method-assign]


@defect(
    "gsme-activation-not-withdrawn",
    device="Gsme",
    breaks="R-FWU-012",
    story="A cancelled activation is acknowledged, and the alarm of the clock chip is still set: the image runs.",
)
def activation_not_withdrawn(gsme: Gsme) -> None:
    """What waits goes on waiting."""
    firmware = gsme.firmware
    activate = firmware.activate

    def activate_(exchange: Exchange, asked: dict[str, Any]) -> dict[str, Any] | None:
        waiting = firmware.waiting
        answer = activate(exchange, asked)
        if asked.get("execution_time") == "never":
            firmware.waiting = waiting
        return answer

    firmware.activate = activate_  # type: ignore[method-assign]


@defect(
    "gsme-weeks-as-days",
    device="Gsme",
    breaks="R-BIL-001",
    story="Of the unit of a billing period only months are told from the rest: weekly bills are daily ones.",
)
def weeks_as_days(gsme: Gsme) -> None:
    """A week has one day."""
    billing = gsme.billing
    boundary = billing.boundary

    def boundary_(start: datetime, number: int) -> datetime:
        assert billing.calendar is not None
        if billing.calendar["durationType"] & 0x0F == WEEKS:
            return start + number * billing.calendar["duration"] * DAY
        return boundary(start, number)

    billing.boundary = boundary_  # type: ignore[method-assign]


@defect(
    "esme-keeps-eleven-changes",
    device="Esme",
    breaks="R-BIL-005",
    story="One of the twelve places of the log of changes is kept free to tell a full ring from an empty one.",
)
def keeps_eleven_changes(esme: Esme) -> None:
    """The twelfth is lost."""
    billing = esme.billing

    def keep(taken: Snapshot) -> None:
        billing.by_change = [*billing.by_change, taken][-11:]

    billing.keep_by_change = keep  # type: ignore[method-assign]


@defect(
    "esme-one-half-hour-of-export-too-few",
    device="Esme",
    breaks="R-LOG-002",
    story="The ring of half hours of export keeps one of its places free: the oldest of 4464 is not there.",
)
def one_half_hour_of_export_too_few(esme: Esme) -> None:
    """4463."""
    esme.other_profiles.kept = lambda: ENTRIES - 1  # type: ignore[method-assign]


@defect(
    "esme-keeps-money-in-credit-mode",
    device="Esme",
    breaks="R-LOG-006",
    story="Balances are kept at every midnight, in credit mode too: the log of a customer who pays by bill is full.",
)
def keeps_money_in_credit_mode(esme: Esme) -> None:
    """The mode is not asked for."""
    daily = esme.daily

    def take_money(reading: Snapshot) -> None:
        daily.money = [*daily.money, reading][-MOST:]

    daily.take_money = take_money  # type: ignore[method-assign]


@defect(
    "esme-load-limit-told-once",
    device="Esme",
    breaks="R-EVT-021",
    story="8F01 is told the first time only: the flag that it was told is cleared with the counter.",
)
def load_limit_told_once(esme: Esme) -> None:
    """A second excess is counted and not told."""
    alert = esme.alert

    def alert_(code: int, to: Role, *content: Any) -> None:
        if code != LOAD_LIMIT_EXCEEDED or esme.switch.limit_counter <= 1:
            alert(code, to, *content)

    esme.alert = alert_  # type: ignore[assignment]


@defect(
    "esme-counts-trips-alone",
    device="Esme",
    breaks="R-LLM-002",
    story="The counter of the load limit is where the switch opens: an excess that is only told is not counted.",
)
def counts_trips_alone(esme: Esme) -> None:
    """The supply must have gone off."""
    switch = esme.switch
    exceeded = switch.limit_exceeded

    def exceeded_(mark: object) -> None:
        before = switch.limit_counter
        exceeded(mark)
        if switch.state is SupplyState.ENABLED:
            switch.limit_counter = before

    switch.limit_exceeded = exceeded_  # type: ignore[method-assign]


@defect(
    "esme-load-limit-bridges-breaks",
    device="Esme",
    breaks="R-LLM-002",
    story="The period of the load limit is not begun anew when the load has fallen: a kettle, twice, is an excess.",
)
def load_limit_bridges_breaks(esme: Esme) -> None:
    """The first excess counts."""
    switch = esme.switch
    watch = switch.watch_limit

    def watch_limit() -> None:
        if switch._over_since is None or esme.load > switch.threshold():
            watch()

    switch.watch_limit = watch_limit  # type: ignore[method-assign]


@defect(
    "esme-switch-failure-told-once",
    device="Esme",
    breaks="R-AUX-007",
    story="A switch on the HAN that fails is told once: that it failed is remembered until somebody resets the meter.",
)
def switch_failure_told_once(esme: Esme) -> None:
    """Later failures leave no trace."""
    auxiliary = esme.auxiliary
    unanswered = auxiliary.unanswered
    failed: set[int] = set()

    def unanswered_(switch: int, command_id: int) -> None:
        if switch not in failed:
            unanswered(switch, command_id)
        failed.add(switch)

    auxiliary.unanswered = unanswered_  # type: ignore[method-assign]


@defect(
    "esme-commands-wait-for-the-offset",
    device="Esme",
    breaks="R-AUX-009",
    story="The random offset is in the function that switches, and not in the calendar's: a command waits, too.",
)
def commands_wait_for_the_offset(esme: Esme) -> None:
    """A commanded state begins late."""
    auxiliary = esme.auxiliary
    wanted = auxiliary.wanted

    def wanted_(switch: int, now: datetime) -> bool:
        _, start, _ = auxiliary.commanded.get(switch, (False, now, now))
        early = now < start + auxiliary.offset() * SECOND and switch in auxiliary.commanded
        return auxiliary.asked_by_calendar(switch, now) if early else wanted(switch, now)

    auxiliary.wanted = wanted_  # type: ignore[method-assign]


@defect(
    "esme-calendar-ends-a-day-early",
    device="Esme",
    breaks="R-AUX-002",
    story="The last day of an entry is compared with 'below': an entry for one day is for none.",
)
def calendar_ends_a_day_early(esme: Esme) -> None:
    """The end does not count."""
    calendar = esme.auxiliary.calendar
    applies = calendar.applies

    def applies_(row: Data, day: date) -> bool:
        last = row[9].value[3]
        return applies(row, day) and last in (ANY, *range(day.day + 1, 32))

    calendar.applies = applies_  # type: ignore[method-assign]


@defect(
    "gsme-blocks-of-1160-octets",
    device="Gsme",
    breaks="R-GBT-001",
    story="The blocks of a gas meter's answers are as long as its radio's buffer, 1160 octets, and not 1149.",
)
def blocks_of_1160_octets(gsme: Gsme) -> None:
    """Eleven octets too many."""
    gsme.transfers.blocks = lambda message: split(message, 1160)  # type: ignore[method-assign]
