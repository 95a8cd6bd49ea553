"""Defects of what a change of tariff or prices takes along, of tables that are not looked at, and of the copy."""

from bench.gbcs.gbz import Gbz
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gbz_device import PRICE, values
from rigs.virtual.gsme_prepayment import TARIFF_INFORMATION
from rigs.virtual.tariff import BLOCKS, MOST_DAYS, MOST_TIMES, RATES


@defect(
    "esme-any-register-in-a-day",
    device="Esme",
    breaks="R-TAR-003",
    story="The size of the day profiles is looked at, the registers they name are not: a switch to register 49 counts "
    "energy nowhere.",
)
def any_register_in_a_day(esme: Esme) -> None:
    """Names are not looked at."""
    esme.tariff.days_allowed = lambda days: (  # type: ignore[method-assign]
        len(days.value) <= MOST_DAYS and all(len(row[1].value) <= MOST_TIMES for row in days.value)
    )


@defect(
    "esme-new-prices-begin-new-blocks",
    device="Esme",
    breaks="R-TAR-005",
    story="With new prices the block counters begin again: each price rise starts with the cheap block.",
)
def new_prices_begin_new_blocks(esme: Esme) -> None:
    """ECS01b resets the counters."""
    tariff, take = esme.tariff, esme.tariff.take_prices

    def take_and_reset():
        take()
        tariff.counters = [[0] * RATES for _ in range(BLOCKS)]

    tariff.take_prices = take_and_reset  # type: ignore[method-assign]


@defect(
    "esme-blocks-reset-at-one-midnight",
    device="Esme",
    breaks="R-TAR-007",
    story="Daily resetting works at the first midnight after it was set, and no more.",
)
def reset_at_one_midnight(esme: Esme) -> None:
    """The reset is not planned again."""
    tariff, resets = esme.tariff, esme.tariff.resets_daily
    nights = set()

    def that_night():
        now = esme.clock()
        nights.update({now.date()} if now.hour == 0 else ())
        return resets() and len(nights) <= 1

    tariff.resets_daily = that_night  # type: ignore[method-assign]


@defect(
    "gpf-learns-prices-when-they-pass",
    device="Gpf",
    breaks="R-TOM-002",
    story="The proxy takes prices over from the command as it passes, and not with the meter's answer: for half an "
    "hour, or for ever, it tells what the meter has never accepted.",
)
def learns_when_they_pass(gpf: Gpf) -> None:
    """What is noted is taken at once."""

    taps, command = gpf.taps, gpf.taps.command

    def take_at_once(transfer):
        before = set(taps.open)
        command(transfer)
        for key in set(taps.open) - before:
            for one in Gbz.parse(taps.open[key].payload).components:
                if one.cluster == PRICE:
                    taps.apply(one)

    taps.command = take_at_once  # type: ignore[method-assign]


@defect(
    "gpf-cancelled-prices-come-true",
    device="Gpf",
    breaks="R-TOM-001",
    story="The proxy taps off future-dated prices and does not notice that they were cancelled: at their time it tells "
    "prices that nobody pays.",
)
def cancelled_prices_come_true(gpf: Gpf) -> None:
    """What waits is never withdrawn."""
    taps = gpf.taps
    taps.fall_due = lambda item, component: taps.take(component, values(component))  # type: ignore[method-assign]


@defect(
    "gpf-standing-charge-not-tapped",
    device="Gpf",
    breaks="R-TOM-001",
    story="Of new prices the proxy takes those of energy over and forgets the standing charge.",
)
def standing_charge_not_tapped(gpf: Gpf) -> None:
    """One command is left out."""

    taps, take = gpf.taps, gpf.taps.take
    taps.take = lambda component, sent: (  # type: ignore[method-assign]
        None if (component.cluster, component.command) == (PRICE, TARIFF_INFORMATION) else take(component, sent)
    )
