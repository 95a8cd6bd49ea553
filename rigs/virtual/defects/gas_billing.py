"""Defects of the gas meter's billing calendar."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.gas_billing import DAYS, WEEKS
from rigs.virtual.gsme import Gsme


@defect(
    "gsme-months-of-thirty-days",
    device="Gsme",
    breaks="R-BIL-001",
    story="A month of the billing calendar has thirty days.",
)
def months_of_thirty_days(gsme: Gsme) -> None:
    """Quarters have ninety."""
    billing, boundary = gsme.billing, gsme.billing.boundary

    def thirty_days(start, number):
        calendar = billing.calendar
        if calendar["durationType"] & 0x0F in (DAYS, WEEKS):
            return boundary(start, number)
        return start + timedelta(days=30 * calendar["duration"] * number)

    billing.boundary = thirty_days  # type: ignore[method-assign]


@defect(
    "gsme-bills-at-the-next-wake",
    device="Gsme",
    breaks="R-BIL-004",
    story="The end of a period is noticed when the meter wakes, and the reading has that time.",
)
def bills_at_the_next_wake(gsme: Gsme) -> None:
    """Up to half an hour late."""
    billing, next_date = gsme.billing, gsme.billing.next_date

    def at_wake(now):
        at = next_date(now)
        if at is None:
            return None
        start = at.replace(minute=at.minute // 30 * 30, second=20, microsecond=0)
        return start + timedelta(minutes=30)

    billing.next_date = at_wake  # type: ignore[method-assign]


@defect(
    "gsme-billing-not-told",
    device="Gsme",
    breaks="R-BIL-004",
    story="To save its battery the meter keeps the reading and sends no alert.",
)
def not_told(gsme: Gsme) -> None:
    """No 8F0A."""
    gsme.billing.tell = lambda reading: None  # type: ignore[method-assign]


@defect(
    "gsme-new-calendar-waits",
    device="Gsme",
    breaks="R-BIL-007",
    story="A new calendar is taken over, and the billing period goes on.",
)
def new_calendar_waits(gsme: Gsme) -> None:
    """No end is forced."""
    billing, take = gsme.billing, gsme.billing.set_calendar

    def take_quietly(component):
        end = billing.end_period
        billing.end_period = lambda: None  # type: ignore[method-assign]
        status = take(component)
        billing.end_period = end  # type: ignore[method-assign]
        return status

    billing.set_calendar = take_quietly  # type: ignore[method-assign]


@defect(
    "gsme-ten-billing-readings",
    device="Gsme",
    breaks="R-BIL-005",
    story="There is room for ten readings.",
)
def ten_readings(gsme: Gsme) -> None:
    """Two less than twelve."""
    snapshots, take = gsme.objects.snapshots, gsme.objects.snapshots.take_billing

    def take_ten(cause):
        take(cause)
        snapshots.billing = snapshots.billing[-10:]

    snapshots.take_billing = take_ten  # type: ignore[method-assign]


@defect(
    "gsme-no-reading-at-change-of-tariff",
    device="Gsme",
    breaks="R-TAR-006",
    story="A new tariff comes into force without a reading of what was used under the old one.",
)
def no_reading_at_change_of_tariff(gsme: Gsme) -> None:
    """Nothing is kept."""
    gsme.tariff_changes = lambda: None  # type: ignore[method-assign]


@defect(
    "gsme-prices-of-four-decimals",
    device="Gsme",
    breaks="R-TAR-012",
    story="Prices are kept and shown in 1e-4 of a pound, and charged in 1e-5.",
)
def prices_of_four_decimals(gsme: Gsme) -> None:
    """A tenth of the number."""
    objects, price = gsme.objects, gsme.objects.price
    objects.price = lambda number: price(number) // 10  # type: ignore[method-assign]
