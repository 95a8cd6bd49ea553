"""An electricity meter of two elements: the secondary one counts the load behind auxiliary switch 1 (rules 8.4).

It has four registers by time, prices and a switching table of its own, and no blocks.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bench.gbcs.axdr import Data, array, enum, i8, structure, u32
from rigs.virtual.cosem_objects import Attribute, attribute
from rigs.virtual.esme import LOAD_W, Esme
from rigs.virtual.esme_objects import IMPORT_REGISTERS, POWER, WATT
from rigs.virtual.rules import rule
from rigs.virtual.tariff import MONETARY, PENNYTHOUSANDTHS, POUND, TOU_REGISTERS
from rigs.virtual.tariff_times import SwitchingTable

REGISTERS = 4
FIRST_SCRIPT = 201  #: of register 1, in day profiles of the secondary element
SWITCHING = tuple(attribute(f"20:0-0:13.0.1.255:{index}") for index in (3, 4, 5))
SPECIAL_DAYS, PASSIVE_SPECIAL_DAYS = attribute("11:0-0:11.0.1.255:2"), attribute("11:0-1:11.0.1.255:2")
PASSIVE_DAYS = attribute("20:0-0:13.0.1.255:9")
SWITCHING_TIME, SPECIAL_TIME = attribute("20:0-0:13.0.1.255:10"), attribute("9000:0-0:94.44.128.30:6")
PRICE_MATRIX, PRICE_TIME = attribute("113:0-0:19.20.5.255:5"), attribute("113:0-0:19.20.5.255:7")
ACTIVE_PRICE, PRICE_UNIT = attribute("3:0-0:94.44.1.8:2"), attribute("3:0-0:94.44.1.8:3")
MOST_SPECIAL_DAYS = 50


class SecondaryElement:
    """Registers, prices and times of the second element."""

    def __init__(self, esme: "TwinEsme") -> None:
        self._esme = esme
        self._wh = [0.0] * REGISTERS
        self.table = SwitchingTable()
        self.prices = [0] * REGISTERS  #: 1/1000 p for a kWh
        objects = esme.cosem.objects
        for key in (*SWITCHING, SPECIAL_DAYS):
            objects.put(key, array([]))
        objects.put(ACTIVE_PRICE, lambda: u32(self.active_price()))
        objects.put(PRICE_UNIT, structure([i8(PENNYTHOUSANDTHS), enum(MONETARY)]))
        objects.allowed[PASSIVE_DAYS] = lambda days: self.days_allowed(days)  # noqa: PLW0108 - for defects
        objects.allowed[PASSIVE_SPECIAL_DAYS] = lambda days: self.special_days_allowed(days)  # noqa: PLW0108
        esme.activations.activated.append(lambda key: self.activated(key))  # noqa: PLW0108

    def count(self, began: datetime, ended: datetime, watt_hours: float) -> float:
        """Count energy that flowed evenly between two instants of the meter's clock; return its cost, 1/1000 p."""
        at, cost = began, 0.0
        for until in (*self.table.between(began, ended), ended):
            part = watt_hours * ((until - at) / (ended - began)) if ended > began else 0.0
            number = self.register(at)
            self._wh[number] += part
            cost += part / 1000 * self.prices[number]
            at = until
        return cost

    @rule("R-TAR-002")
    def register(self, at: datetime) -> int:
        """Return which of the four registers counts at an instant, from 0: by the secondary element's own table."""
        script = self.table.register(at)
        return script - FIRST_SCRIPT if script >= FIRST_SCRIPT else 0

    @rule("R-TAR-002", "R-TAR-014")
    def registers(self) -> list[int]:
        """Return the four registers (Wh)."""
        self._esme.integrate()
        return [int(one) for one in self._wh]

    @rule("R-TAR-014")
    def total(self) -> int:
        """Return the import register of the secondary element (Wh)."""
        return sum(self.registers())

    @rule("R-TAR-002", "R-TAR-009")
    def active_price(self) -> int:
        """Return what a kWh through the secondary element costs now, 1/1000 p (ECS24b)."""
        return self.prices[self.register(self._esme.clock())]

    @rule("R-TAR-002")
    def days_allowed(self, days: Data) -> bool:
        """Whether day profiles name the four registers only: there are no blocks."""
        scripts = {one[2].value for row in days.value for one in row[1].value}
        return scripts <= set(range(FIRST_SCRIPT, FIRST_SCRIPT + REGISTERS))

    @rule("R-TAR-002")
    def special_days_allowed(self, days: Data) -> bool:
        """Whether special days fit the table: 50, or none."""
        return len(days.value) <= MOST_SPECIAL_DAYS

    def activated(self, key: Attribute) -> None:
        """Take an activated item over; what was used until now is counted as it was."""
        self._esme.integrate()
        objects = self._esme.cosem.objects
        if key in (SWITCHING_TIME, SPECIAL_TIME):
            self.table = SwitchingTable.of(*(objects.read(one) for one in (*SWITCHING, SPECIAL_DAYS)))
        elif key == PRICE_TIME:
            self.take_prices(objects.read(PRICE_MATRIX))

    @rule("R-TAR-002")
    def take_prices(self, charge: Data | None) -> None:
        """Take the four prices over (ECS01c, ECS01d)."""
        assert charge is not None
        factor = 10 ** charge[0][1].value * POUND
        self.prices = [round(row[1].value * factor) for row in charge[2].value][:REGISTERS]


class TwinEsme(Esme):
    """A meter with a second element, through which the load of auxiliary switch 1 flows."""

    variant = "twin"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._primary_wh = self._energy_wh
        self.secondary = SecondaryElement(self)
        objects = self.cosem.objects
        objects.put(IMPORT_REGISTERS, lambda: self.import_registers())  # noqa: PLW0108 - a defect may replace it
        objects.put(TOU_REGISTERS, lambda: self.tou_registers())  # noqa: PLW0108
        objects.put(POWER, lambda: self.power())  # noqa: PLW0108

    def count_by_tariff(self, began: datetime, ended: datetime, watt_hours: float) -> None:
        """Count what flowed through each element in its own registers."""
        primary, secondary = self.elements(watt_hours)
        self.tariff.count(began, ended, self._primary_wh, primary)
        self._primary_wh += primary
        self.tariff.cost += self.secondary.count(began, ended, secondary)

    @rule("R-LOG-012")
    def flows(self, live: Sequence[bool]) -> tuple[float, float]:
        """Return the watts that flow in and out: what the primary element gives, the secondary one does not take."""
        if not self.is_on() or not any(live):
            return 0.0, 0.0
        primary = LOAD_W - self.export.generation
        return max(primary, 0.0) + self.auxiliary.load, max(-primary, 0.0)

    @rule("R-LOG-004", "R-TAR-014")
    def elements(self, watt_hours: float) -> Sequence[float]:
        """Return how much of what flowed went through the primary and through the secondary element."""
        switched = self.auxiliary.load
        imported = switched + max(LOAD_W - self.export.generation, 0.0)
        share = switched / imported if imported else 0.0
        return (watt_hours * (1 - share), watt_hours * share)

    @rule("R-LOG-004")
    def import_registers(self) -> Data:
        """Return active and reactive import of the whole, and active import of the secondary element (ECS17b)."""
        return structure([*self.objects.import_registers().value, u32(self.secondary.total())])

    @rule("R-TAR-002")
    def tou_registers(self) -> Data:
        """Return the 48 registers of the primary and the 4 of the secondary element (ECS17d)."""
        return structure(
            [array([u32(one) for one in values]) for values in (self.tariff.read()[0], self.secondary.registers())]
        )

    @rule("R-VLT-007")
    def power(self) -> Data:
        """Return the active power drawn, in all and by the primary element, in whole watts (ECS17c)."""
        primary = self.load - (self.auxiliary.load if self.load else 0.0)
        return structure([u32(round(self.load)), structure([i8(0), enum(WATT)]), u32(round(primary))])
