"""Defects of clocks that are set or followed, of the time without supply, and of settings that do not belong."""

from dataclasses import replace
from datetime import datetime

from bench.gbcs.gbz import FROM_DATE_TIME, GbzComponent
from bench.gbcs.trust_anchors import Role
from rigs.virtual.defects import defect
from rigs.virtual.device_clock import ADJUSTED, INVALID, RELIABLE
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.hub import Hub


@defect(
    "esme-believes-any-hub",
    device="Esme",
    breaks="R-TIM-015",
    story="The status of the hub's time is not read: the meter follows a hub that has just started without WAN.",
)
def believes_any_hub(esme: Esme) -> None:
    """Whatever the hub says is reliable."""
    hub = esme.time.hub

    def reliable() -> tuple[datetime, int] | None:
        said = hub()
        return None if said is None else (said[0], RELIABLE)

    esme.time.hub = reliable


@defect(
    "esme-drops-entries-of-the-future",
    device="Esme",
    breaks="R-TIM-017",
    story="When the clock is set back, log entries that are now in the future are taken for damaged and dropped.",
)
def drops_entries_of_the_future(esme: Esme) -> None:
    """Entries after the new time go."""
    adjust = esme.time.adjust

    def adjust_and_drop(to: datetime) -> None:
        kept = [one for one in esme.logs.event if one.time <= to]
        esme.logs.event.clear()
        esme.logs.event.extend(kept)
        adjust(to)

    esme.time.adjust = adjust_and_drop  # type: ignore[method-assign]


@defect(
    "esme-tells-of-an-adjusted-clock",
    device="Esme",
    breaks="R-TIM-011",
    story="Each time the clock is set the supplier gets an alert 8145 as well: a million meters, a million alerts.",
)
def tells_of_an_adjusted_clock(esme: Esme) -> None:
    """8145 is alerted."""
    adjust, alerting = esme.time.adjust, esme.alerting

    def adjust_and_tell(to: datetime) -> None:
        adjust(to)
        esme.alert(ADJUSTED, Role.SUPPLIER)

    esme.time.adjust = adjust_and_tell  # type: ignore[method-assign]
    esme.alerting = lambda code: code == ADJUSTED or alerting(code)  # type: ignore[method-assign]


@defect(
    "esme-distrust-is-invalid",
    device="Esme",
    breaks="R-TIM-002",
    story="A clock that is not to be relied on is shown as one that was never set (1).",
)
def distrust_is_invalid(esme: Esme) -> None:
    """Status 1 stands for 2."""
    set_within = esme.time.set_within

    def distrusted(start: datetime, end: datetime) -> bool:
        done = set_within(start, end)
        if not done:
            esme.time.status = INVALID
        return done

    esme.time.set_within = distrusted  # type: ignore[method-assign]


@defect(
    "hub-interruption-stamped-at-return",
    device="Hub",
    breaks="R-HUB-021",
    story="The hub writes the interruption into its log when it starts again, with the time of the start.",
)
def interruption_stamped_at_return(hub: Hub) -> None:
    """8F57 has the time at which supply returned."""
    power_up = hub._power_up

    def stamped() -> None:
        hub._interrupted_at = hub.world.now
        power_up()

    hub._power_up = stamped  # type: ignore[method-assign]


@defect(
    "esme-collects-nothing-for-an-outage",
    device="Esme",
    breaks="R-PWR-008",
    story="The time that debts and standing charge are due for is counted by a timer of the processor, which stands "
    "still without supply: hours without supply are free.",
)
def collects_nothing_for_an_outage(esme: Esme) -> None:
    """The account begins anew at power up."""
    power_up = esme._power_up

    def anew() -> None:
        esme.account._charged_at = esme.clock()
        power_up()

    esme._power_up = anew  # type: ignore[method-assign]


@defect(
    "gsme-from-date-time-not-read",
    device="Gsme",
    breaks="R-RSP-021",
    story="The time that stands before a component is skipped: a read of the latest top ups has all there are.",
)
def from_date_time_not_read(gsme: Gsme) -> None:
    """Components have no date-time."""
    top_ups = gsme.prepayment.top_ups

    def all_of_them(component: GbzComponent):
        return top_ups(replace(component, control=component.control & ~FROM_DATE_TIME, from_date_time=None))

    gsme.prepayment.top_ups = all_of_them  # type: ignore[method-assign]


@defect(
    "gsme-price-in-other-decimals",
    device="Gsme",
    breaks="R-TAR-012",
    story="Prices are read in 1/100 p while the trailing digits still say 1/1000 p.",
)
def price_in_other_decimals(gsme: Gsme) -> None:
    """A price is a tenth of itself."""
    price = gsme.objects.price
    gsme.objects.price = lambda number: price(number) // 10  # type: ignore[method-assign]


@defect(
    "esme-any-time-of-day",
    device="Esme",
    breaks="R-DEM-003",
    story="The time of day of the configured maximum is stored as it comes: with one edge, or for some days only.",
)
def any_time_of_day(esme: Esme) -> None:
    """Whatever has the right type is taken."""
    esme.demand.period_allowed = lambda entries: True  # type: ignore[method-assign]
