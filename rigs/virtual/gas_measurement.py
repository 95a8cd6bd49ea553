"""What a gas meter measures: volume, energy by calorific value, half hours, days (SMETS 4.6; device rules 8.3, 9.4)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from rigs.virtual.half_hours import HALF_HOUR, half_hours_between
from rigs.virtual.rules import rule

DAY = timedelta(days=1)
LITRES = 1000  #: a m3; the register counts litres
CALORIFIC_VALUE, CONVERSION_FACTOR = 39.5, 1.02264  #: MJ/m3; volume correction to reference conditions
MJ_PER_KWH = 3.6
TYPICAL_FLOW = 0.25  #: m3/h, when somebody heats water
HISTORY = timedelta(days=15)
START_LITRES = 4_321_000.0
KEPT = timedelta(days=397)  #: of half hours: thirteen months
CYCLE = 50  #: half hours after which the past repeats itself
LEAST, STEP = 40, 31  #: litres in a half hour of the past; by how much the next differs
IN_A_CYCLE = sum(LEAST + number for number in range(CYCLE))


class Meter(Protocol):
    """What the measurement needs of its meter."""

    def clock(self) -> datetime:
        """Return the meter's time."""

    def is_on(self) -> bool:
        """Whether the valve lets gas through."""


class GasMeasurement:
    """Registers that follow the flow between events: nothing ticks. `flow` is what the taps in the home take (m3/h)."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.flow = TYPICAL_FLOW
        self.calorific_value, self.conversion_factor = CALORIFIC_VALUE, CONVERSION_FACTOR
        self.watt_hours = 0.0
        self.changed: list[Callable[[], None]] = []
        self._at = meter.clock()
        #: litres at the end of each half hour
        self.totals: dict[datetime, float] = {}
        self.litres = START_LITRES
        self._fill(self._at)

    def _fill(self, now: datetime) -> None:
        end = _half_hour(now)
        total = self.litres
        while end > now - HISTORY:
            self.totals[end] = total
            total -= used_before(end)
            end -= HALF_HOUR
        self.totals = dict(sorted(self.totals.items()))
        self._first = min(self.totals)

    @rule("R-GAS-001", "R-GAS-002")
    def energy_of(self, cubic_metres: float) -> float:
        """Return the energy of a volume in Wh, by the values now in force."""
        return cubic_metres * self.calorific_value * self.conversion_factor / MJ_PER_KWH * 1000

    @rule("R-GPF-001", "R-GAS-001")
    def settle(self) -> None:
        """Bring the registers up to now."""
        now = self._meter.clock()
        if now <= self._at:
            return
        flow = self.flow if self._meter.is_on() else 0.0
        before, began = self.litres, self._at
        end = _half_hour(began) + HALF_HOUR
        while end <= now:
            self.totals[end] = before + flow * LITRES * ((end - began) / timedelta(hours=1))
            end += HALF_HOUR
        used = flow * ((now - began) / timedelta(hours=1))
        self.litres, self._at = before + used * LITRES, now
        self.watt_hours += self.energy_of(used)

    @rule("R-GAS-002")
    def set_conversion(self, calorific_value: float | None = None, factor: float | None = None) -> None:
        """Take new values for what flows from now on; what has flowed keeps the old ones."""
        self.settle()
        self.calorific_value = self.calorific_value if calorific_value is None else calorific_value
        self.conversion_factor = self.conversion_factor if factor is None else factor

    def set_flow(self, cubic_metres_an_hour: float) -> None:
        """Open or close taps."""
        self.settle()
        self.flow = cubic_metres_an_hour
        for listener in self.changed:
            listener()

    @property
    def flowing(self) -> float:
        """What flows through the meter (m3/h)."""
        return self.flow if self._meter.is_on() else 0.0

    @rule("R-LOG-001", "R-LOG-008")
    def kept_from(self, now: datetime) -> datetime:
        """Return from when on half hours are kept."""
        return now - KEPT

    @rule("R-LOG-003", "R-TIM-001")
    def half_hours(self, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Return the complete half hours that end between two instants: their end (UTC), litres."""
        self.settle()
        start = max(start, self.kept_from(self._meter.clock()))
        past = [(at, used_before(at)) for at in half_hours_between(start, min(end, self._first))]
        return past + [
            (at, int(total) - int(self.totals[at - HALF_HOUR]))
            for at, total in self.totals.items()
            if start <= at <= end and at - HALF_HOUR in self.totals
        ]

    def end_of(self, start: datetime, count: int) -> datetime:
        """Return an instant by which so many half hours have ended: of the past, which has no gaps, no later one."""
        enough = start + count * HALF_HOUR
        return enough if enough < self._first else self._meter.clock()

    def total_before(self, end: datetime) -> int:
        """Return the register (litres) at the end of a half hour before the oldest of `totals`."""
        cycles, rest = divmod((self._first - end) // HALF_HOUR, CYCLE)
        used = cycles * IN_A_CYCLE + sum(used_before(end + number * HALF_HOUR) for number in range(1, rest + 1))
        return int(self.totals[self._first]) - used

    @rule("R-GPF-004", "R-TIM-001")
    def daily_reads(self, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Return the register at each midnight UTC between two instants, litres."""
        self.settle()
        return [
            (at, int(total)) for at, total in self.totals.items() if start <= at <= end and at.hour == at.minute == 0
        ]


def _half_hour(instant: datetime) -> datetime:
    return instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0)


def used_before(end: datetime) -> int:
    """Return what the home used (litres) in a half hour before its world began: the meter was there long ago."""
    return LEAST + int(end.timestamp()) // 1800 * STEP % CYCLE
