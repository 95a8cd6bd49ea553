"""Mains of the virtual home: a feed that devices hang on, driven by the virtual AC source."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from rigs.virtual.world import Process, World

NOMINAL = 230.0


class Feed:
    """One feed: rms voltage at its terminals, and the loads on it (W)."""

    def __init__(self, world: World, volts: float = NOMINAL, hertz: float = 50.0) -> None:
        self._world = world
        self.setting, self.frequency, self.closed = volts, hertz, True
        self.step: float | None = None  #: voltage of the program's current point, None outside a program
        self._program = 0
        self._listeners: list[Callable[[float], None]] = []
        self._loads: list[Callable[[], float]] = []

    @property
    def voltage(self) -> float:
        """Volts rms at the terminals."""
        if not self.closed:
            return 0.0
        return self.setting if self.step is None else self.step

    @property
    def power(self) -> float:
        """Watts drawn from the feed."""
        return sum(load() for load in self._loads) if self.voltage > 0 else 0.0

    def listen(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the voltage whenever it changes."""
        self._listeners.append(listener)

    def add_load(self, load: Callable[[], float]) -> None:
        """Hang a load on the feed."""
        self._loads.append(load)

    def set_voltage(self, volts: float) -> None:
        """Change the programmed voltage."""
        self.setting = volts
        self._tell()

    def set_closed(self, closed: bool) -> None:
        """Close or open the output relay."""
        self.closed = closed
        self._tell()

    def run_program(self, points: Sequence[tuple[float, timedelta]]) -> None:
        """Step through (volts, dwell) points from now; a program that runs is replaced."""
        self._program += 1
        self._world.process(self._run(self._program, list(points)))

    def abort(self) -> None:
        """End a program; the voltage returns to the setting."""
        self._program += 1
        self.step = None
        self._tell()

    @property
    def running(self) -> bool:
        """Whether a program is under way."""
        return self.step is not None

    def _run(self, program: int, points: list[tuple[float, timedelta]]) -> Process:
        for volts, dwell in points:
            if program != self._program:
                return
            self.step = volts
            self._tell()
            yield self._world.wait(dwell)
        if program == self._program:
            self.step = None
            self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener(self.voltage)


class Branch:
    """One leg of a feed behind a contact of its own: what hangs here can lose supply alone."""

    def __init__(self, feed: Feed) -> None:
        self._feed, self.closed = feed, True
        self._listeners: list[Callable[[float], None]] = []
        feed.listen(lambda volts: self._tell())

    @property
    def voltage(self) -> float:
        """Volts rms behind the contact."""
        return self._feed.voltage if self.closed else 0.0

    def listen(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the voltage whenever it changes."""
        self._listeners.append(listener)

    def add_load(self, load: Callable[[], float]) -> None:
        """Hang a load on the branch."""
        self._feed.add_load(lambda: load() if self.closed else 0.0)

    def set_closed(self, closed: bool) -> None:
        """Close or open the contact."""
        self.closed = closed
        self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener(self.voltage)


class ThreePhaseBranch:
    """The legs of three phases behind one three-pole contact; as one leg it has the highest of their voltages."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.phases = [Branch(feed) for feed in feeds]

    @property
    def closed(self) -> bool:
        """Whether the contact is closed."""
        return self.phases[0].closed

    @property
    def voltage(self) -> float:
        """Volts rms of the phase that has most."""
        return max(phase.voltage for phase in self.phases)

    def listen(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the highest voltage whenever one of the phases changes."""
        for phase in self.phases:
            phase.listen(lambda volts: listener(self.voltage))

    def set_closed(self, closed: bool) -> None:
        """Close or open the contact."""
        for phase in self.phases:
            phase.set_closed(closed)


class Supply:
    """A device's power supply on a feed: rides through short dips, dies after its hold-up time, starts again.

    `lost` and `back` are called with no argument when the device stops and when its mains has returned.
    """

    def __init__(
        self,
        world: World,
        feed: "Branch | ThreePhaseBranch",
        *,
        hold_up: timedelta,
        lost: Callable[[], None],
        back: Callable[[], None],
        drop_out: float = 0.5 * NOMINAL,
        pick_up: float = 0.7 * NOMINAL,
    ) -> None:
        self._world, self._hold_up = world, hold_up
        self._lost, self._back = lost, back
        self._drop_out, self._pick_up = drop_out, pick_up
        self.mains_since = world.now  #: when mains last returned
        self.failed_at: datetime | None = None  #: when mains failed, None while it is there
        self.alive = True
        feed.listen(self._on_voltage)

    def _on_voltage(self, volts: float) -> None:
        if self.failed_at is None and volts < self._drop_out:
            self.failed_at = failure = self._world.now
            self._world.after(self._hold_up, lambda: self._die(failure))
        elif self.failed_at is not None and volts >= self._pick_up:
            self.mains_since, self.failed_at = self._world.now, None
            if not self.alive:
                self.alive = True
                self._back()

    def _die(self, failure: object) -> None:
        if self.failed_at is not None and self.failed_at == failure and self.alive:
            self.alive = False
            self._lost()
