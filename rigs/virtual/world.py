"""The world of the virtual rig: SimPy time in whole microseconds, moved only on demand.

Server threads act on the world under `lock`, at the instant it stands at. `step` runs events up to an instant, or up to
the first one at which an observation point delivered something. Whatever is not an event happens at no cost.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import simpy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000

Process = Generator[simpy.Event, Any, Any]


class World:
    """Time, chance and deliveries. What is in the world is built by `furnish`, anew at each baseline."""

    def __init__(self, seed: int, start: datetime, furnish: Callable[["World"], None]) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self.delivered: Counter[str] = Counter()
        self._received: Counter[str] = Counter()
        self._arrival = threading.Condition()
        self._news = False
        self._passing: Collection[str] = ()
        self.flushes: list[Callable[[], None]] = []  #: what instruments do at the end of a step: send what they hold
        self._furnish = furnish
        self.env = simpy.Environment(initial_time=to_microseconds(start))
        self.rng = random.Random(seed)
        furnish(self)

    @property
    def now(self) -> datetime:
        """The instant the world stands at (UTC)."""
        return EPOCH + self.env.now * MICROSECOND

    def restore_baseline(self) -> None:
        """Build everything anew; time goes on from the next whole second."""
        start = (self.env.now // SECOND + 1) * SECOND
        self.env = simpy.Environment(initial_time=start)
        self.rng = random.Random(self.seed)
        self._furnish(self)

    def step(self, until: datetime, passing: Collection[str] = ()) -> None:
        """Run to `until`, or to the end of the first instant at which a point not in `passing` delivered something."""
        self._news, self._passing = False, passing
        limit = to_microseconds(until)
        if limit < self.env.now:
            return
        end = self.env.timeout(limit - self.env.now)
        try:
            while not end.processed and not (self._news and self.env.peek() > self.env.now):
                self.env.step()
        finally:
            for flush in self.flushes:
                flush()

    def deliver(self, point: str) -> None:
        """Note that an observation point has one more item for the bench."""
        self.delivered[point] += 1
        self._news = self._news or point not in self._passing

    def receive(self, point: str) -> None:
        """Note that an instrument has dealt with one more message from the bench."""
        with self._arrival:
            self._received[point] += 1
            self._arrival.notify_all()

    def await_received(self, sent: Mapping[str, int], patience: float = 5.0) -> str | None:
        """Wait (in real time, without holding the world) for messages on their way; returns what did not arrive."""
        with self._arrival:
            if self._arrival.wait_for(lambda: not self._missing(sent), patience):
                return None
            return ", ".join(self._missing(sent))

    def _missing(self, sent: Mapping[str, int]) -> list[str]:
        return [point for point, count in sent.items() if self._received[point] < count]

    def process(self, process: Process) -> simpy.Process:
        """Start a process."""
        return self.env.process(process)

    def after(self, delay: timedelta, action: Callable[[], None]) -> None:
        """Do something later."""

        def wait() -> Process:
            yield self.wait(delay)
            action()

        self.env.process(wait())

    def wait(self, delay: timedelta) -> simpy.Event:
        """Return the event that `delay` has passed."""
        return self.env.timeout(max(0, delay // MICROSECOND))


def to_microseconds(instant: datetime) -> int:
    """Return microseconds since 1970."""
    return (instant - EPOCH) // MICROSECOND


def midnight_before(instant: datetime) -> datetime:
    """Return the midnight at which the day of an instant began."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
