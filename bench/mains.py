"""Mains as a test acts on it: interruptions, dips, ramps; each checked against the envelope before a driver sees it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from bench.capabilities import AcReading, AcSource, Outlet, PhaseControl, ProgramPoint
from bench.clock import Clock
from bench.errors import NotRun, SafetyError
from bench.parties import Device
from bench.rigfile import NominalTable, SafetyTable
from bench.timeline import Timeline
from bench.units import format_duration, parse_duration

CYCLE = timedelta(milliseconds=20)
DENSE_SAMPLES = timedelta(seconds=1)
SETTLE = timedelta(seconds=1)
INTERRUPTED = 0.05  #: a supply below this fraction of nominal is interrupted (EN 50160)
PHASES = 3
PROGRAM_POINTS = 100  #: no list engine in the field takes more points than this


@dataclass(frozen=True, slots=True)
class Interruption:
    """A supply interruption as the bench made it: the instants at which the relay was told to open and to close."""

    began: datetime
    ended: datetime

    @property
    def duration(self) -> timedelta:
        """How long the supply was off."""
        return self.ended - self.began


class Branch:
    """The leg of a feed one device hangs on alone, with a contact of its own."""

    def __init__(self, device: str, outlet: Outlet, mains: "Mains") -> None:
        self.device, self._outlet, self._mains = device, outlet, mains

    @contextmanager
    def interrupted(self, at_most: timedelta | str) -> Iterator[None]:
        """Take the supply of this device alone away for the length of a block, which is `at_most` so long."""
        self._mains.check_outage(parse_duration(at_most))
        self.switch(False)
        try:
            yield
        finally:
            self.switch(True)

    def interrupt(self, duration: timedelta | str, start: datetime | None = None) -> Interruption:
        """Take the supply of this device alone away for `duration` (at `start` if given); return when that was."""
        return self._mains.timed(duration, self.switch, start)

    def settle(self) -> None:
        """Confirm that the contact is closed; close it if it is not."""
        if self._outlet.is_on():
            self._mains.state(f"the feed of {self.device} is closed", output=True, device=self.device)
        else:
            self.switch(True)

    def switch(self, on: bool) -> None:
        """Close or open the contact."""
        self._mains.stimulus(f"{'close' if on else 'open'} the feed of {self.device}", output=on, device=self.device)
        self._outlet.switch(on)


class Phases:
    """The phases of a three-phase feed, 1 to 3, each for itself."""

    def __init__(self, source: PhaseControl, mains: "Mains") -> None:
        self._source, self._mains = source, mains
        self.rest = mains.rest

    def set_voltage(self, phase: int, volts: float) -> None:
        """Set one phase to an rms voltage (V)."""
        self._mains.check_voltage(volts)
        self._mains.stimulus(f"set phase {phase} to {volts:g} V", voltage=volts, phase=phase)
        self._source.set_phase_voltage(phase, volts)

    def interrupt(self, phase: int, duration: timedelta | str, start: datetime | None = None) -> Interruption:
        """Take one phase away for `duration` (at `start` if given); return when that was."""
        return self._mains.timed(duration, lambda on: self.set_voltage(phase, self.rest.voltage if on else 0.0), start)

    def ramp(
        self, phase: int, residual: float, fall: timedelta | str, hold: timedelta | str, rise: timedelta | str
    ) -> None:
        """Brown one phase out, as `Mains.ramp` does all of them; step by step, a program concerns every phase."""
        for point in _brown_out(self.rest.voltage, residual, fall, hold, rise):
            self.set_voltage(phase, point.voltage)
            self._mains.hold(point.dwell)


class Mains:
    """One feed, and the legs of it that can be switched apart."""

    def __init__(
        self, source: AcSource, timeline: Timeline, clock: Clock, safety: SafetyTable, rest: NominalTable
    ) -> None:
        self._source, self._timeline, self._clock = source, timeline, clock
        self._safety, self.rest = safety, rest
        self._branches: dict[str, Branch] = {}
        self._clock.every(rest.sample, self.sample)

    def sample(self) -> AcReading:
        """Measure the feed and put the reading on the timeline."""
        reading = self._source.measure()
        data = {
            "voltage": round(reading.voltage, 2),
            "current": round(reading.current, 3),
            "power": round(reading.power, 1),
            "frequency": round(reading.frequency, 2),
            "text": f"mains {reading.voltage:.1f} V",
        }
        self._timeline.record("mains", "voltage", data)
        return reading

    def settle(self) -> None:
        """Bring the feed to its nominal state and confirm it by measurement."""
        self._source.limit_current(self._safety.current_max)
        self.set_voltage(self.rest.voltage)
        self._source.set_frequency(self.rest.frequency)
        self._source.output(True)
        for branch in self._branches.values():
            branch.settle()
        self.sample()

    @property
    def phases(self) -> Phases:
        """The phases, each for itself. Raises NotRun where the source feeds one."""
        if not isinstance(self._source, PhaseControl) or self._source.phases < PHASES:
            raise NotRun("the AC source feeds one phase (key 'phases' of a source that feeds three)")
        return Phases(self._source, self)

    def add_branch(self, device: str, outlet: Outlet) -> None:
        """Say that a device of the rig has a contact of its own."""
        self._branches[device] = Branch(device, outlet, self)

    def of(self, device: Device) -> Branch:
        """Return the leg of the feed a device hangs on alone. Raises NotRun where it has none."""
        try:
            return self._branches[device.name]
        except KeyError:
            raise NotRun(f"device {device.name!r} has no {Outlet.__name__} of its own (key 'outlet')") from None

    def interrupt_each(self, lengths: Mapping[Device, timedelta | str]) -> list[Interruption]:
        """Take the supply of several devices away at once and give it back to each after its own length.

        Returns the interruptions in the order of `lengths`.
        """
        each = [(self.of(device), parse_duration(length)) for device, length in lengths.items()]
        for _, length in each:
            self.check_outage(length)
        began = []
        for branch, _ in each:
            branch.switch(False)
            began.append(self._clock.now())
        ended = {}
        for number, (branch, length) in sorted(enumerate(each), key=lambda one: one[1][1]):
            self._clock.sleep_until(began[number] + length)
            branch.switch(True)
            ended[number] = self._clock.now()
        return [Interruption(start, ended[number]) for number, start in enumerate(began)]

    def set_voltage(self, volts: float) -> None:
        """Set the feed to an rms voltage (V)."""
        self.check_voltage(volts)
        self.stimulus(f"set {volts:g} V", voltage=volts)
        self._source.set_voltage(volts)

    def interrupt(self, duration: timedelta | str, start: datetime | None = None) -> Interruption:
        """Open the feed for `duration` (at `start` if given), close it again, and return when that was."""

        def switch(on: bool) -> None:
            self.sample()
            self.stimulus("close the feed" if on else f"open the feed for {format_duration(length)}", output=on)
            self._source.output(on)

        length = parse_duration(duration)
        return self.timed(length, switch, start)

    def timed(
        self, duration: timedelta | str, switch: Callable[[bool], None], start: datetime | None = None
    ) -> Interruption:
        """Open a contact for `duration` (at `start` if given) under close watch; return when that was."""
        length = parse_duration(duration)
        self.check_outage(length)
        if start is not None:
            self._clock.sleep_until(start)
        switch(False)
        began = self._clock.now()
        self.sample()
        end_dense = self._clock.every(max(DENSE_SAMPLES, length / 100), self.sample)
        try:
            self._clock.sleep_until(began + length)
        finally:
            end_dense()
        switch(True)
        ended = self._clock.now()
        self.sample()
        return Interruption(began, ended)

    def program(self, words: str, points: Sequence[ProgramPoint], start_phase: float = 0.0) -> None:
        """Run a hardware-timed program to its end. Raises NotRun when the source cannot time it."""
        if not points:
            raise SafetyError(f"{words}: a program needs at least one point")
        shortest = min(point.dwell for point in points)
        if self._source.minimum_dwell is None or shortest < self._source.minimum_dwell:
            raise NotRun(f"the AC source cannot time a step of {format_duration(shortest)} itself")
        if len(points) > PROGRAM_POINTS:
            limit = f"a list engine takes {PROGRAM_POINTS}; use longer steps"
            raise SafetyError(f"{words}: {len(points)} points, but {limit}")
        for point in points:
            self.check_voltage(point.voltage)
        for dead, stretch in groupby(points, key=lambda point: point.voltage < INTERRUPTED * self.rest.voltage):
            if dead:
                self.check_outage(sum((point.dwell for point in stretch), timedelta()))
        listed = [[point.voltage, point.dwell.total_seconds()] for point in points]
        self.stimulus(words, program=listed)
        length = self._source.run_program(points, self.rest.voltage, start_phase)
        end_dense = self._clock.every(max(length / 60, CYCLE), self.sample)
        try:
            self._clock.sleep(length + SETTLE)
        finally:
            end_dense()
            self._source.end_program()
        self.sample()

    def dip(self, residual: float, cycles: float, start_phase: float = 0.0) -> None:
        """Dip to `residual` (fraction of nominal) for a number of 50 Hz cycles (IEC 61000-4-11 class 2 and 3)."""
        after = ProgramPoint(self.rest.voltage, timedelta(milliseconds=200))
        points = [ProgramPoint(residual * self.rest.voltage, cycles * CYCLE), after]
        self.program(f"dip to {residual:.0%} for {cycles:g} cycles at {start_phase:g} degrees", points, start_phase)

    def ramp(self, residual: float, fall: timedelta | str, hold: timedelta | str, rise: timedelta | str) -> None:
        """Brown out: fall to `residual` (fraction of nominal), hold, rise again."""
        points = _brown_out(self.rest.voltage, residual, fall, hold, rise)
        self.program(f"ramp to {residual:.0%} of nominal, hold {format_duration(parse_duration(hold))}", points)

    def hold(self, length: timedelta) -> None:
        """Let time pass as things are."""
        self._clock.sleep(length)
        self.sample()

    def check_outage(self, length: timedelta) -> None:
        """Raise SafetyError for an outage the rig does not allow."""
        if length < timedelta(0):
            raise SafetyError(f"an outage of {length.total_seconds():g} s is no outage; give a positive duration")
        if length > self._safety.longest_outage:
            longest = format_duration(self._safety.longest_outage)
            raise SafetyError(f"an outage of {format_duration(length)} is longer than the rig allows ({longest})")

    def check_voltage(self, volts: float) -> None:
        """Raise SafetyError for a voltage the rig does not allow."""
        low, high = self._safety.voltage_min, self._safety.voltage_max
        if not low <= volts <= high:
            raise SafetyError(f"voltage {volts:g} V is outside the rig's envelope of {low:g} to {high:g} V")

    def state(self, words: str, **data: object) -> None:
        """Put a state that was read, and is as it should be, on the timeline."""
        self._timeline.record("mains", "state", {"text": f"mains: {words}", **data})

    def stimulus(self, words: str, **data: object) -> None:
        """Put a stimulus on the timeline."""
        self._timeline.record("mains", "stimulus", {"text": f"mains: {words}", **data})


def _brown_out(
    nominal: float, residual: float, fall: timedelta | str, hold: timedelta | str, rise: timedelta | str
) -> list[ProgramPoint]:
    low = residual * nominal
    return [
        *_slope(nominal, low, parse_duration(fall)),
        ProgramPoint(low, parse_duration(hold)),
        *_slope(low, nominal, parse_duration(rise)),
        ProgramPoint(nominal, timedelta(seconds=1)),
    ]


def _slope(start: float, end: float, length: timedelta, steps: int = 20) -> list[ProgramPoint]:
    return [ProgramPoint(start + (end - start) * (index + 1) / steps, length / steps) for index in range(steps)]
