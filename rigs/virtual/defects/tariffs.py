"""Defects of registers and prices by time and by block."""

from datetime import timedelta

from bench.gbcs.dlms import boolean
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.tariff import BLOCKS, CURRENCY, FIRST_BLOCK_SCRIPT, RATES


@defect(
    "esme-one-register-less",
    device="Esme",
    breaks="R-TAR-001",
    story="Register 48 is the spare one of the maker's first product, and what it should count goes into 47.",
)
def one_register_less(esme: Esme) -> None:
    """47 registers by time."""
    tariff, register = esme.tariff, esme.tariff.register
    tariff.register = lambda at: 47 if register(at) == 48 else register(at)  # type: ignore[method-assign]


@defect(
    "esme-switches-by-local-time",
    device="Esme",
    breaks="R-TAR-003",
    story="Switch times are taken as British summer time: an hour late.",
)
def switches_by_local_time(esme: Esme) -> None:
    """An hour behind."""
    register = esme.tariff.register
    esme.tariff.register = lambda at: register(at - timedelta(hours=1))  # type: ignore[method-assign]


@defect(
    "esme-switches-with-the-half-hour",
    device="Esme",
    breaks="R-TAR-003",
    story="The switching table is looked at when a half hour of the log begins.",
)
def switches_with_the_half_hour(esme: Esme) -> None:
    """Switches wait for the next half hour."""
    register = esme.tariff.register
    esme.tariff.register = lambda at: register(  # type: ignore[method-assign]
        at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
    )


@defect(
    "esme-special-days-ignored",
    device="Esme",
    breaks="R-TAR-003",
    story="Special days are stored and read back, and each day follows its week.",
)
def special_days_ignored(esme: Esme) -> None:
    """No day is special."""
    tariff, take = esme.tariff, esme.tariff.take_table

    def take_without():
        take()
        tariff.table.special.clear()

    tariff.take_table = take_without  # type: ignore[method-assign]


@defect(
    "esme-week-begins-on-sunday",
    device="Esme",
    breaks="R-TAR-003",
    story="The week profile is indexed from Sunday.",
)
def week_begins_on_sunday(esme: Esme) -> None:
    """Monday's day profile on Sunday."""
    tariff, take = esme.tariff, esme.tariff.take_table

    def take_shifted():
        take()
        for week in tariff.table.weeks.values():
            week.append(week.pop(0))

    tariff.take_table = take_shifted  # type: ignore[method-assign]


@defect(
    "esme-first-season-for-ever",
    device="Esme",
    breaks="R-TAR-003",
    story="The first season of the table is in force all year.",
)
def first_season_for_ever(esme: Esme) -> None:
    """Later seasons are forgotten."""
    tariff, take = esme.tariff, esme.tariff.take_table

    def take_first():
        take()
        del tariff.table.seasons[1:]

    tariff.take_table = take_first  # type: ignore[method-assign]


@defect(
    "esme-seventeen-day-profiles",
    device="Esme",
    breaks="R-TAR-003",
    story="A switching table of any size is accepted; what does not fit overwrites the memory behind it.",
)
def seventeen_day_profiles(esme: Esme) -> None:
    """No limit."""
    esme.tariff.days_allowed = lambda days: True  # type: ignore[method-assign]


@defect(
    "esme-any-number-of-special-days",
    device="Esme",
    breaks="R-TAR-003",
    story="Special days beyond the fiftieth are acknowledged.",
)
def any_number_of_special_days(esme: Esme) -> None:
    """No limit."""
    esme.tariff.special_days_allowed = lambda days: True  # type: ignore[method-assign]


@defect(
    "esme-no-empty-special-days",
    device="Esme",
    breaks="R-TAR-013",
    story="A table of special days without a day is refused, as a tariff surely has some.",
)
def no_empty_special_days(esme: Esme) -> None:
    """At least one."""
    allowed = esme.tariff.special_days_allowed
    esme.tariff.special_days_allowed = lambda days: bool(days.value) and allowed(days)  # type: ignore[method-assign]


@defect(
    "esme-thresholds-of-the-first-rate",
    device="Esme",
    breaks="R-TAR-004",
    story="The thresholds of the first rate that has some hold for all rates.",
)
def thresholds_of_the_first_rate(esme: Esme) -> None:
    """One row of the matrix."""
    tariff, take = esme.tariff, esme.tariff.take_thresholds

    def take_one():
        take()
        tariff.thresholds = [min(tariff.thresholds)] * RATES

    tariff.take_thresholds = take_one  # type: ignore[method-assign]


@defect(
    "esme-two-thresholds",
    device="Esme",
    breaks="R-TAR-004",
    story="The third threshold is left out, and block 4 never counts.",
)
def two_thresholds(esme: Esme) -> None:
    """Three blocks."""
    tariff, take = esme.tariff, esme.tariff.take_thresholds

    def take_two():
        take()
        tariff.thresholds = [row[:2] for row in tariff.thresholds]

    tariff.take_thresholds = take_two  # type: ignore[method-assign]


@defect(
    "esme-threshold-counts-all-rates",
    device="Esme",
    breaks="R-TAR-004",
    story="Blocks follow the consumption of the billing period at all rates together.",
)
def threshold_counts_all_rates(esme: Esme) -> None:
    """One counter for all."""
    tariff = esme.tariff

    def block(rate):
        used = sum(map(sum, tariff.counters))
        for number, threshold in enumerate(tariff.thresholds[rate - 1], 1):
            if used < threshold:
                return number, threshold - used
        return BLOCKS, None

    tariff.block = block  # type: ignore[method-assign]


@defect(
    "esme-counters-outlive-the-billing-period",
    device="Esme",
    breaks="R-TAR-007",
    story="Block counters are reset by command alone; the end of a billing period leaves them.",
)
def counters_outlive_the_period(esme: Esme) -> None:
    """No reset at the end of a period."""
    billing, tariff, end = esme.billing, esme.tariff, esme.billing.end_period

    def end_without_reset():
        reset = tariff.reset_blocks
        tariff.reset_blocks = lambda: None  # type: ignore[method-assign]
        end()
        tariff.reset_blocks = reset  # type: ignore[method-assign]

    billing.end_period = end_without_reset  # type: ignore[method-assign]


@defect(
    "esme-always-resets-daily",
    device="Esme",
    breaks="R-TAR-007",
    story="Once daily resetting has been on it cannot be turned off.",
)
def always_resets_daily(esme: Esme) -> None:
    """Each midnight."""
    tariff = esme.tariff
    tariff.resets_daily = lambda: True  # type: ignore[method-assign]


@defect(
    "esme-never-resets-daily",
    device="Esme",
    breaks="R-TAR-007",
    story="ECS48 is acknowledged, and the counters go on at midnight.",
)
def never_resets_daily(esme: Esme) -> None:
    """At no midnight."""
    esme.tariff.resets_daily = lambda: False  # type: ignore[method-assign]


@defect(
    "esme-resets-the-rate-in-force",
    device="Esme",
    breaks="R-TAR-008",
    story="ECS05 resets the counters of the rate that counts at that moment; the other rates keep theirs.",
)
def resets_the_rate_in_force(esme: Esme) -> None:
    """One column of the matrix."""
    tariff = esme.tariff

    def run_script(script):
        rate = tariff.register(esme.clock()) - FIRST_BLOCK_SCRIPT
        esme.account.settle()
        for row in tariff.counters:
            row[rate] = 0
        return 0

    tariff.run_script = run_script  # type: ignore[method-assign]


@defect(
    "esme-block-reset-clears-registers",
    device="Esme",
    breaks="R-TAR-014",
    story="The reset of the counters sets the registers of the blocks to zero as well.",
)
def block_reset_clears_registers(esme: Esme) -> None:
    """What was counted by block is gone."""
    tariff, reset = esme.tariff, esme.tariff.reset_blocks

    def reset_all():
        reset()
        tariff.blocks = [[0] * RATES for _ in range(BLOCKS)]

    tariff.reset_blocks = reset_all  # type: ignore[method-assign]


@defect(
    "esme-price-of-the-first-block",
    device="Esme",
    breaks="R-TAR-009",
    story="The price that is shown and charged is that of block 1, whatever block has been reached.",
)
def price_of_the_first_block(esme: Esme) -> None:
    """One price a rate."""
    price = esme.tariff.price
    esme.tariff.price = lambda place: price((min(place[0], 1), place[1]))  # type: ignore[method-assign]


@defect(
    "esme-price-shown-is-the-first",
    device="Esme",
    breaks="R-TAR-009",
    story="The active price that is read is that of register 1.",
)
def price_shown_is_the_first(esme: Esme) -> None:
    """Charged is what is right."""
    esme.tariff.active_price = lambda: esme.tariff.price((0, 1))  # type: ignore[method-assign]


@defect(
    "esme-prices-change-the-currency",
    device="Esme",
    breaks="R-TAR-010",
    story="A change of prices sets the currency back to sterling.",
)
def prices_change_the_currency(esme: Esme) -> None:
    """ECS01b touches what it has not brought."""

    tariff, take = esme.tariff, esme.tariff.take_prices

    def take_in_sterling():
        take()
        if esme.exchange.command.message_code == 0x00A2:
            esme.cosem.objects.put(CURRENCY, boolean(True))

    tariff.take_prices = take_in_sterling  # type: ignore[method-assign]


@defect(
    "esme-no-snapshot-of-the-old-tariff",
    device="Esme",
    breaks="R-TAR-006",
    story="A new tariff comes into force without a snapshot of the registers.",
)
def no_snapshot(esme: Esme) -> None:
    """Nothing is kept."""
    esme.billing.tariff_changes = lambda key: None  # type: ignore[method-assign]


@defect(
    "esme-tariff-lost-in-outage",
    device="Esme",
    breaks="R-TAR-003",
    story="After power up the meter counts in register 1 until the next switch.",
)
def tariff_lost_in_outage(esme: Esme) -> None:
    """The switch that was missed is not made good."""
    tariff, register = esme.tariff, esme.tariff.register
    until = []

    def note():
        now = esme.clock()
        later = tariff.table.between(now, now + timedelta(days=1))
        until[:] = later[:1]

    esme.on_boot.append(note)
    tariff.register = lambda at: 1 if until and at < until[0] else register(at)  # type: ignore[method-assign]
