"""A tariff as test cases write one: days of switches, weeks, seasons, special days, thresholds, prices of 1/1000 p.

Registers are numbered as the switching table names them: 1 to 48 by time, ("block", 1) to ("block", 8) by block.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, time

from bench.clock import minutes
from bench.dcc.bodies import (
    ReadInstantaneousImportRegisters,
    ReadInstantaneousImportTOUMatrices,
    ReadInstantaneousImportTOUWithBlocksMatrices,
    ReadTariffPrimaryElement,
    UpdateImportTariffPrimaryElement,
    common,
    tariff,
)
from bench.dcc.bodies.common import IndexedValue

UNLIMITED = 4_294_967_295  #: Wh: a threshold that is never reached
PENNYTHOUSANDTHS = -5  #: scale of prices
STANDING_CHARGE = 0
EVERY_DAY = "every day"
BLOCKS, RATES, TIMES = 4, 8, 48


@dataclass(frozen=True)
class Tariff:
    """What is set with 1.1.1. Days by number: lists of (time, register)."""

    days: dict[int, list] = field(default_factory=lambda: {1: [(time(0), 1)]})
    #: week profiles by number: the day of Monday to Sunday, or one for every day
    weeks: dict[int, object] = field(default_factory=lambda: {1: 1})
    #: (start, week): start is a date, or month and day of any year
    seasons: tuple = (((1, 1), 1),)
    special_days: tuple[tuple[date, int], ...] = ()
    #: thresholds of rates in Wh; of those that are not named, none is ever reached
    thresholds: dict[int, tuple[int, ...]] = field(default_factory=dict)
    prices: dict[int, int] = field(default_factory=dict)
    block_prices: dict[tuple[int, int], int] = field(default_factory=dict)  #: by block and rate
    currency: str = "GBP"

    def request(self, at=None):
        """Return the request 1.1.1, now or at an instant."""
        elements = tariff.ElecTariffElements(
            currency=self.currency,
            switching=self._switching(),
            special_days=common.SpecialDays(
                days=tuple(common.SpecialDay(date=_date(day), day_name=number) for day, number in self.special_days)
            ),
            thresholds=tariff.ThresholdMatrix(
                thresholds=tuple(
                    tariff.Thresholds(index=rate, thresholds=_indexed(self.thresholds.get(rate, (UNLIMITED,) * 3)))
                    for rate in range(1, RATES + 1)
                )
            ),
        )
        return UpdateImportTariffPrimaryElement(
            execute_at=at, electricity=elements, prices=tariff.PriceElements(electricity=self._prices())
        )

    def _switching(self):
        days = tuple(
            tariff.DayProfile(label=number, schedule=tuple(_switch(*one) for one in switches))
            for number, switches in self.days.items()
        )
        weeks = tuple(
            common.WeekProfile(label=number, days=_indexed([week] * 7 if isinstance(week, int) else week))
            for number, week in self.weeks.items()
        )
        seasons = tuple(
            tariff.Season(label=f"season {number}", start=_date(start), week_name=week)
            for number, (start, week) in enumerate(self.seasons, 1)
        )
        return tariff.SwitchingTable(
            days=tariff.DayProfiles(profiles=days),
            weeks=common.WeekProfiles(profiles=weeks),
            seasons=tariff.Seasons(seasons=seasons),
        )

    def _prices(self):
        blocks = tuple(
            tariff.BlockPrices(
                index=rate, prices=_indexed(self.block_prices.get((block, rate), 0) for block in range(1, BLOCKS + 1))
            )
            for rate in range(1, RATES + 1)
        )
        return tariff.ElectricityPriceElements(
            standing_charge=STANDING_CHARGE,
            standing_charge_scale=PENNYTHOUSANDTHS,
            price_scale=PENNYTHOUSANDTHS,
            hybrid=tariff.HybridTariff(
                blocks=blocks, tou=_indexed(self.prices.get(number, 0) for number in range(1, TIMES + 1))
            ),
        )


def _indexed(values):
    return tuple(IndexedValue(index=number, value=value) for number, value in enumerate(values, 1))


def _switch(at, register):
    if isinstance(register, tuple):
        return tariff.ProfileSchedule(start=at, block=register[1])
    return tariff.ProfileSchedule(start=at, tou=register)


def _date(day):
    year, month, dom = (day.year, day.month, day.day) if isinstance(day, date) else (None, *day)
    return common.CalendarDate(
        year=common.Year(any=True) if year is None else common.Year(specified=year),
        month=common.Month(specified=month),
        day=common.DayOfMonth(specified=dom),
        weekday=common.DayOfWeek(any=True),
    )


@dataclass(frozen=True)
class Registers:
    """What the meter has counted, Wh: all import, by time (48), by block (8 rates of block 1, of block 2 and so on)."""

    imported: int
    by_time: list[int]
    by_block: list[int]

    def counted_since(self, before):
        """Count what each register has counted since an earlier reading; those that stood still are left out."""
        found = {n: now - then for n, (now, then) in enumerate(zip(self.by_time, before.by_time, strict=True), 1)}
        for number, (now, then) in enumerate(zip(self.by_block, before.by_block, strict=True)):
            found[number // RATES + 1, number % RATES + 1] = now - then
        return Counter({register: counted for register, counted in found.items() if counted})


@dataclass(frozen=True)
class TariffMeter:
    """An electricity meter as its supplier sees it who sets tariffs and reads registers."""

    device: object
    supplier: object
    dcc: object
    clock: object
    expect: object

    def ask(self, body):
        """Send a request as the supplier; the response."""
        return self.dcc.ask(body, self.device, as_user=self.supplier)

    def set(self, tariff, at=None):
        """Set a tariff (ECS01a); every item is taken."""
        results = self.ask(tariff.request(at)).results
        self.expect("results of the items of the tariff", set(results)).equals({0}, rule="R-TAR-005")

    def read(self):
        """Read the registers (ECS17b, ECS17d, ECS17e); they always add up, to what flows while they are read."""
        before = self.ask(ReadInstantaneousImportRegisters()).import_register()
        by_time = self.ask(ReadInstantaneousImportTOUMatrices()).registers()
        by_block = self.ask(ReadInstantaneousImportTOUWithBlocksMatrices()).registers()[: BLOCKS * RATES]
        after = self.ask(ReadInstantaneousImportRegisters()).import_register()
        self.expect("registers by time, and by block", (len(by_time), len(by_block))).equals(
            (TIMES, BLOCKS * RATES), rule="R-TAR-001"
        )
        self.expect("sum of the registers of the tariff (Wh)", sum(by_time) + sum(by_block)).lies_between(
            before, after, rule="R-TAR-014"
        )
        return Registers(after, by_time, by_block)

    def data(self):
        """Read the tariff (ECS24)."""
        return self.ask(ReadTariffPrimaryElement()).access.data

    def next_minute(self, ahead=1):
        """Return a whole minute soon."""
        return self.clock.now().replace(second=0, microsecond=0) + minutes(ahead)
