"""Registers and prices of an electricity meter by time and by block (ECS01a, ECS17d, ECS17e, ECS24; device rules 8.4).

Each whole watt-hour of the import register is counted in exactly one register of the tariff. Blocks follow counters of
their own, which begin again with the billing period.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.axdr import Data, array, enum, i8, octets, structure, u32
from rigs.virtual.activation import THRESHOLD_MATRIX, THRESHOLDS
from rigs.virtual.cosem import OTHER_REASON, SUCCESS
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.rules import rule
from rigs.virtual.tariff_times import SwitchingTable
from rigs.virtual.world import midnight_before

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

TOU, BLOCKS, RATES = 48, 4, 8
FIRST_BLOCK_SCRIPT = 101
SWITCHING = tuple(attribute(f"20:0-0:13.0.0.255:{index}") for index in (3, 4, 5))
SPECIAL_DAYS = attribute("11:0-0:11.0.0.255:2")
PASSIVE_DAYS, PASSIVE_SPECIAL_DAYS = attribute("20:0-0:13.0.0.255:9"), attribute("11:0-1:11.0.0.255:2")
SWITCHING_TIME, SPECIAL_TIME = attribute("20:0-0:13.0.0.255:10"), attribute("9000:0-0:94.44.128.29:6")
CURRENCY = attribute("9000:0-0:94.44.2.0:2")
PRICE_MATRIX = attribute("113:0-0:19.20.0.255:5")
TOU_REGISTERS, BLOCK_REGISTERS = attribute("1:0-0:94.44.34.1:2"), attribute("1:0-0:94.44.34.2:2")
ACTIVE_PRICE, PRICE_UNIT = attribute("3:0-0:94.44.1.7:2"), attribute("3:0-0:94.44.1.7:3")
TARIFF_SCRIPTS, RESET_BLOCKS = attribute("9:0-0:10.0.100.255:1"), 99
DAILY_RESET = attribute("22:0-0:15.1.0.255:4")
MOST_DAYS, MOST_TIMES, MOST_SPECIAL_DAYS = 16, 48, 50
FACTORY_PRICE = 20_000  #: 1/1000 p for a kWh
POUND = 100_000
PENNYTHOUSANDTHS, MONETARY = -5, 10  #: scaler and unit (currency) of a price that is read
DAY = timedelta(days=1)
NOTHING = octets(b"")

Place = tuple[int, int]  #: block (0 where there is none, else 1 to 4) and rate (1 to 48, or 1 to 8 of a block)


class Tariff:
    """The registers, and what a watt-hour costs in each."""

    def __init__(self, esme: "Esme", imported: int) -> None:
        self._esme = esme
        self.tou = [imported, *[0] * (TOU - 1)]
        self.blocks = [[0] * RATES for _ in range(BLOCKS)]
        self.counters = [[0] * RATES for _ in range(BLOCKS)]
        self.cost = 0.0  #: of all that was counted since the start, 1/1000 p
        self.table = SwitchingTable()
        self.thresholds: list[list[int]] = [[] for _ in range(RATES)]
        self._prices: dict[Place, int] = dict.fromkeys(((0, rate) for rate in range(1, TOU + 1)), FACTORY_PRICE)
        self._generation = 0
        objects = esme.cosem.objects
        for key in (*SWITCHING, SPECIAL_DAYS, *(active for _, active in THRESHOLDS)):
            objects.put(key, array([]))
        objects.put(TOU_REGISTERS, lambda: structure([_numbers(self.read()[0])]))
        objects.put(BLOCK_REGISTERS, lambda: structure([_numbers(self.read()[1] + self.read_counters())]))
        objects.put(ACTIVE_PRICE, lambda: u32(self.active_price()))
        objects.put(PRICE_UNIT, structure([i8(PENNYTHOUSANDTHS), enum(MONETARY)]))
        objects.methods[TARIFF_SCRIPTS] = lambda script: self.run_script(script)  # noqa: PLW0108 - for defects
        objects.allowed[PASSIVE_DAYS] = lambda days: self.days_allowed(days)  # noqa: PLW0108
        objects.allowed[PASSIVE_SPECIAL_DAYS] = lambda days: self.special_days_allowed(days)  # noqa: PLW0108
        objects.written[DAILY_RESET] = lambda value: self._plan_daily_reset()
        esme.activations.activated.append(lambda key: self.activated(key))  # noqa: PLW0108

    # ---- counting ------------------------------------------------------------------------------------------------

    def count(self, began: datetime, ended: datetime, before: float, watt_hours: float) -> None:
        """Count energy that flowed evenly between two instants of the meter's clock, `before` having been counted."""
        at, total = began, before
        for until in (*self.table.between(began, ended), ended):
            after = before + watt_hours * ((until - began) / (ended - began)) if ended > began else before
            self._count_at(at, int(after) - int(total), after - total)
            at, total = until, after

    def _count_at(self, at: datetime, whole: int, exact: float) -> None:
        """Count watt-hours of one register: whole ones where they belong, and what all of them cost."""
        register = self.register(at)
        if register < FIRST_BLOCK_SCRIPT:
            self.tou[register - 1] += whole
            self.cost += exact / 1000 * self.price((0, register))
            return
        rate = register - FIRST_BLOCK_SCRIPT + 1
        while True:
            block, room = self.block(rate)
            part = whole if room is None else min(whole, room)
            self.blocks[block - 1][rate - 1] += part
            self.counters[block - 1][rate - 1] += part
            whole -= part
            costs = part if whole else exact
            self.cost += costs / 1000 * self.price((block, rate))
            exact -= costs
            if not whole:
                return

    @rule("R-TAR-001", "R-TAR-003", "R-TIM-001")
    def register(self, at: datetime) -> int:
        """Return which register counts at an instant: 1 to 48 by time, 101 to 108 by block (scripts of the table)."""
        return self.table.register(at)

    @rule("R-TAR-004")
    def block(self, rate: int) -> tuple[int, int | None]:
        """Return the block a rate of the billing period has reached (1 to 4), and how many Wh it still takes."""
        used = sum(counters[rate - 1] for counters in self.counters)
        for number, threshold in enumerate(self.thresholds[rate - 1], 1):
            if used < threshold:
                return number, threshold - used
        return min(len(self.thresholds[rate - 1]) + 1, BLOCKS), None

    @rule("R-TAR-001", "R-TAR-014")
    def read(self) -> tuple[list[int], list[int]]:
        """Return the 48 registers by time, and those of the blocks: 8 rates of block 1, of block 2 and so on (Wh)."""
        self._esme.integrate()
        return list(self.tou), [one for rates in self.blocks for one in rates]

    def read_counters(self) -> list[int]:
        """Return the counters of the billing period, in the order of the block registers (Wh)."""
        return [one for rates in self.counters for one in rates]

    # ---- prices --------------------------------------------------------------------------------------------------

    @rule("R-TAR-001", "R-TAR-009")
    def price(self, place: Place) -> int:
        """Return what a kWh costs in a register, 1/1000 p."""
        return self._prices.get(place, 0)

    @rule("R-TAR-009")
    def active_price(self) -> int:
        """Return what a kWh costs now, by time and block (ECS24), 1/1000 p."""
        self._esme.integrate()
        register = self.register(self._esme.clock())
        if register < FIRST_BLOCK_SCRIPT:
            return self.price((0, register))
        rate = register - FIRST_BLOCK_SCRIPT + 1
        return self.price((self.block(rate)[0], rate))

    def until_next_block(self) -> int | None:
        """Return how many Wh the present block still takes, None where it has no end."""
        register = self.register(self._esme.clock())
        return None if register < FIRST_BLOCK_SCRIPT else self.block(register - FIRST_BLOCK_SCRIPT + 1)[1]

    # ---- what is set ---------------------------------------------------------------------------------------------

    @rule("R-TAR-003")
    def days_allowed(self, days: Data) -> bool:
        """Whether day profiles fit the table: 16 of up to 48 times each, naming registers that are there."""
        registers = {one[2].value for row in days.value for one in row[1].value}
        known = {*range(1, TOU + 1), *range(FIRST_BLOCK_SCRIPT, FIRST_BLOCK_SCRIPT + RATES)}
        return len(days.value) <= MOST_DAYS and all(len(row[1].value) <= MOST_TIMES for row in days.value) and (
            registers <= known
        )  # fmt: skip

    @rule("R-TAR-003", "R-TAR-013")
    def special_days_allowed(self, days: Data) -> bool:
        """Whether special days fit the table: 50, or none."""
        return len(days.value) <= MOST_SPECIAL_DAYS

    def activated(self, key: Attribute) -> None:
        """Take an activated item of the tariff over; what was used until now is counted as it was."""
        self._esme.integrate()
        if key in (SWITCHING_TIME, SPECIAL_TIME):
            self.take_table()
        elif key == THRESHOLD_MATRIX:
            self.take_thresholds()
        elif key[:2] == PRICE_MATRIX[:2]:
            self.take_prices()
        else:
            return
        self._plan()

    @rule("R-TAR-003", "R-TAR-005", "R-TAR-006", "R-TAR-013")
    def take_table(self) -> None:
        """Take switching table and special days over."""
        objects = self._esme.cosem.objects
        self.table = SwitchingTable.of(*(objects.read(key) for key in (*SWITCHING, SPECIAL_DAYS)))

    @rule("R-TAR-004", "R-TAR-005")
    def take_thresholds(self) -> None:
        """Take the block thresholds of each rate over."""
        objects = self._esme.cosem.objects
        tables = [objects.read(active) for _, active in THRESHOLDS]
        self.thresholds = [[] if table is None else [one.value for one in table.value] for table in tables]

    @rule("R-TAR-001", "R-TAR-005", "R-TAR-010")
    def take_prices(self) -> None:
        """Take the 80 prices over, and nothing else: of 48 registers by time, then of 8 rates of block 1 to 4."""
        charge = self._esme.cosem.objects.read(PRICE_MATRIX)
        assert charge is not None
        factor = 10 ** charge[0][1].value * POUND
        rows = [(row[0].value[0], round(row[1].value * factor)) for row in charge[2].value]
        self._prices = {_place(index): price for index, price in rows}

    # ---- block counters ------------------------------------------------------------------------------------------

    @rule("R-TAR-008")
    def run_script(self, script: Data) -> int:
        """Reset the block counters (ECS05); a tariff has no other script to run from outside."""
        if script.value != RESET_BLOCKS:
            return OTHER_REASON
        self.reset_blocks()
        return SUCCESS

    @rule("R-TAR-007", "R-TAR-008")
    def reset_blocks(self) -> None:
        """Let each rate begin with block 1 again; its registers go on."""
        self._esme.account.settle()
        self.counters = [[0] * RATES for _ in range(BLOCKS)]
        self._esme.account.settle()

    def _plan_daily_reset(self) -> None:
        midnight = midnight_before(self._esme.clock() + DAY)
        if self.resets_daily():
            self._esme.at(midnight, self._daily_reset)

    @rule("R-TAR-007")
    def resets_daily(self) -> bool:
        """Whether the block counters are reset each midnight (ECS48)."""
        times = self._esme.cosem.objects.read(DAILY_RESET)
        return times is not None and bool(times.value)

    def _daily_reset(self) -> None:
        if self.resets_daily():
            self.reset_blocks()
            self._plan_daily_reset()

    # ---- changes of price ----------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Settle the account at each switch, as the price may change."""
        self._generation += 1
        generation, now = self._generation, self._esme.clock()
        ahead = self.table.between(now, now + DAY)
        if ahead:
            self._esme.at(ahead[0], lambda: self._switched(generation))

    def _switched(self, generation: int) -> None:
        if generation == self._generation:
            self._esme.account.settle()
            self._plan()


def _place(index: int) -> Place:
    return (0, index) if index <= TOU else (index // 16 - 9, index % 16)


def _numbers(values: list[int]) -> Data:
    return array([u32(one) for one in values])
