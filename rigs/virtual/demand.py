"""Maximum demand of an electricity meter: the highest mean of a half hour, in W (device rules on demand).

A half hour with an outage in it has the mean of its energy over the whole half hour.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from bench.dcc.dlms_values import entry
from bench.gbcs.axdr import Data, array, bits, enum, i8, octets, structure, u32
from bench.gbcs.dlms import date_time
from rigs.virtual.cosem import SUCCESS
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.half_hours import HALF_HOUR
from rigs.virtual.rules import rule
from rigs.virtual.world import midnight_before

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

PERIOD = attribute("10:0-0:12.0.0.255:2")
REGISTERS = {"import": "1.6.0", "configured": "1.6.1", "export": "2.6.0"}
DAY = timedelta(days=1)
WATT = 0x1B
START, END = 1, 2  #: scripts
SCRIPTS = bytes.fromhex("00000A8064FF")
ANY_DATE, FROM_YEAR_0 = bytes.fromhex("FFFFFFFFFF"), bytes.fromhex("000001FFFF")
EVERY_DAY = b"\xfe"


@dataclass
class Register:
    """One maximum: W, the end of its half hour, and when it was reset."""

    watts: int
    captured_at: datetime
    reset_at: datetime


class Demand:
    """Three registers: all import, import within the configured time of day, export."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        now = esme.world.now
        self.registers = {name: Register(0, now, now) for name in REGISTERS}
        self._judged_until = now
        objects = esme.cosem.objects
        for number, (name, obis) in enumerate(REGISTERS.items()):
            held, key = self.registers[name], f"4:1-0:{obis}.255"
            objects.put(attribute(f"1:0-0:94.44.5.{number}:2"), lambda held=held: octets(date_time(held.reset_at)))  # type: ignore[misc]
            objects.put(attribute(f"{key}:2"), lambda held=held: u32(held.watts))  # type: ignore[misc]
            objects.put(attribute(f"{key}:3"), structure([i8(0), enum(WATT)]))
            objects.put(attribute(f"{key}:5"), lambda held=held: octets(date_time(held.captured_at)))  # type: ignore[misc]
            objects.methods[attribute(f"{key}:1")] = lambda _, name=name: self.reset(name)  # type: ignore[misc]
        objects.put(PERIOD, table(time(0), time(0)))
        objects.allowed[PERIOD] = lambda value: self.period_allowed(value)  # noqa: PLW0108
        self._await_half_hour()

    @rule("R-DEM-002")
    def reset(self, name: str) -> int:
        """Set one register to zero, and note when (ECS57)."""
        held, now = self.registers[name], self._esme.clock()
        held.watts, held.captured_at, held.reset_at = 0, now, now
        return SUCCESS

    @rule("R-DEM-003")
    def period_allowed(self, entries: Data) -> bool:
        """Whether a time of day is one start and one end, for every day (ECS37)."""
        rows = entries.value
        return [row[3].value for row in rows] == [START, END] and all(row[6].value == (7, EVERY_DAY) for row in rows)

    @rule("R-DEM-003", "R-DEM-004")
    def counts(self, end: datetime) -> bool:
        """Whether the half hour that ends at an instant lies in the configured time of day; equal edges are all day."""
        period = self._esme.cosem.objects.read(PERIOD)
        assert period is not None
        first, last = (timedelta(hours=row[4].value[0], minutes=row[4].value[1]) for row in period.value)
        midnight = midnight_before(end)
        began = (end - HALF_HOUR - midnight) % DAY
        length = (last - first) % DAY or DAY
        return (began - first) % DAY + HALF_HOUR <= length

    @rule("R-DEM-005")
    def mean(self, end: datetime) -> int:
        """Return the mean power (W) of the half hour of the clock that ended at an instant."""
        return round(self._esme.energy_of(end) / (HALF_HOUR / timedelta(hours=1)))

    @rule("R-DEM-005")
    def export_mean(self, end: datetime) -> int:
        """Return the mean export (W) of the half hour of the clock that ended at an instant."""
        return round(self._esme.export.of_half_hour(end) / (HALF_HOUR / timedelta(hours=1)))

    @rule("R-DEM-001")
    def judge(self, name: str, end: datetime, watts: int) -> None:
        """Hold a half hour against a register: what is higher is kept, with the end of its half hour."""
        held = self.registers[name]
        if watts > held.watts:
            held.watts, held.captured_at = watts, end

    def settle(self) -> None:
        """Judge the half hours that have ended since this was done last; those of an outage when supply is back."""
        end = following(self._judged_until)
        while end <= self._esme.clock():
            watts = self.mean(end)
            self.judge("import", end, watts)
            if self.counts(end):
                self.judge("configured", end, watts)
            self.judge("export", end, self.export_mean(end))
            self._judged_until = end
            end += HALF_HOUR

    def _await_half_hour(self) -> None:
        now = self._esme.world.now
        self._esme.world.after(following(now) - now, self._half_hour_over)

    def _half_hour_over(self) -> None:
        if self._esme.powered():
            self.settle()
        self._await_half_hour()


def following(instant: datetime) -> datetime:
    """Return the end of the half hour an instant lies in."""
    return instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0) + HALF_HOUR


def table(start: time, end: time) -> Data:
    """Return the schedule of a time of day: its start and its end, every day of every year (RTDS ECS37)."""
    days = (bits(EVERY_DAY, 7), bits(b"", 0))
    return array(
        [
            entry(number, (SCRIPTS, number + 1), at, days, (FROM_YEAR_0, ANY_DATE))
            for number, at in enumerate((start, end))
        ]
    )
