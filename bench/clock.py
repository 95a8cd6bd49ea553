"""The only source of time of the engine, the drivers and the test cases."""

import time as machine
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta

from bench.capabilities import TimeSource
from bench.units import parse_duration

Pump = Callable[[Mapping[str, int] | None], None]
SelfTimed = tuple[Collection[str], datetime | None]


def minutes(count: float) -> timedelta:
    """Return a number of minutes as a duration."""
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    """Return a span of hours."""
    return timedelta(hours=count)


def seconds(count: float) -> timedelta:
    """Return a number of seconds as a duration."""
    return timedelta(seconds=count)


class MachineTime:
    """The time of this machine, for rigs of metal."""

    poll = 0.02

    def __init__(self) -> None:
        self._anchor = datetime.now(UTC)
        self._counted_from = machine.monotonic()

    def now(self) -> datetime:
        """Return UTC: the machine's at the start, carried on by its monotonic clock; no step shortens a wait."""
        return self._anchor + timedelta(seconds=machine.monotonic() - self._counted_from)

    def arrival(self) -> datetime | None:
        """Return the stamp of something that arrives now."""
        return self.now()

    def wait(self, until: datetime, sent: Mapping[str, int], passing: Collection[str] = ()) -> None:
        """Sleep a little, at most until `until`."""
        machine.sleep(max(0.0, min(self.poll, (until - self.now()).total_seconds())))


class Clock:
    """Time as tests see it. Waiting lets the observation points deliver what happened meanwhile."""

    def __init__(self, source: TimeSource) -> None:
        self.source = source
        self._pumps: list[Pump] = []
        self._ticks: list[_Tick] = []
        self._sent: Callable[[], Mapping[str, int]] = dict
        self._self_timed: Callable[[], SelfTimed] = lambda: ((), None)
        self.passed: Collection[str] = ()  #: points that may have observed something before the last wait ended
        self.counted_since: datetime | None = None  #: from when on is what the last wait brought, where all is counted

    def now(self) -> datetime:
        """Return the instant, UTC."""
        return self.source.now()

    def sleep(self, duration: timedelta | str) -> None:
        """Wait for a duration ("3 min")."""
        self.sleep_until(self.now() + parse_duration(duration))

    def sleep_until(self, instant: datetime) -> None:
        """Wait until an instant; returns at once when it has passed."""
        while self.now() < instant:
            self.advance(instant, attend=False)
        self.pump(None)

    def advance(self, until: datetime, attend: bool = True) -> None:
        """Wait until `until` or the next instant at which something may have been observed, and collect it.

        Unless `attend`, points that stamp their observations themselves do not end the wait.
        """
        self.passed, known_until = ((), None) if attend else self._self_timed()
        target = min([until, *(tick.due for tick in self._ticks), *((known_until,) if known_until else ())])
        began = self.now()
        expected = self.source.wait(max(target, began), self._sent(), self.passed)
        self.counted_since = None if expected is None else began
        self.pump(expected)
        now = self.now()
        for tick in [tick for tick in self._ticks if tick.due <= now]:
            tick.due = now + tick.period
            tick.action()

    def pump(self, expected: Mapping[str, int] | None) -> None:
        """Collect what the observation points have."""
        for pump in self._pumps:
            pump(expected)

    def count_sent(self, sent: Callable[[], Mapping[str, int]]) -> None:
        """Ask `sent` before every wait how many messages without a reply have gone to each instrument."""
        self._sent = sent

    def pass_by(self, self_timed: Callable[[], SelfTimed]) -> None:
        """Ask `self_timed` which points stamp their observations themselves at present, and until when they can."""
        self._self_timed = self_timed

    def on_pump(self, pump: Pump) -> None:
        """Call `pump` whenever observations may have come in."""
        self._pumps.append(pump)

    def every(self, period: timedelta, action: Callable[[], object]) -> Callable[[], None]:
        """Call `action` each `period` while somebody waits; returns what ends it."""
        tick = _Tick(period, action, self.now() + period)
        self._ticks.append(tick)

        def end() -> None:
            if tick in self._ticks:
                self._ticks.remove(tick)

        return end


class _Tick:
    __slots__ = ("action", "due", "period")

    def __init__(self, period: timedelta, action: Callable[[], object], due: datetime) -> None:
        self.period, self.action, self.due = period, action, due
