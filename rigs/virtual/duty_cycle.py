"""Duty cycle of one sub-GHz transmitter: its time on air in the last hour, and the states by that."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from rigs.virtual.rules import rule
from rigs.virtual.world import World

if TYPE_CHECKING:
    from bench.gbcs.sub_ghz import SubGhzSettings

BUCKET, BUCKETS = timedelta(minutes=5), 13  #: a rolling hour
HOUR_SHARE = timedelta(milliseconds=360)  #: 0.01 % of an hour
REGULATED_S = {28: 100, 29: 100, 30: 90, 31: 90}


class State(IntEnum):
    """How near a transmitter is to what the band allows."""

    NORMAL = 0
    LIMITED = 1
    CRITICAL = 2
    REGULATED = 3


@dataclass
class Bucket:
    """Five minutes: when they begin, time on air, and of that what went to whom (short address; None: to nobody)."""

    begins: datetime
    spent: timedelta = timedelta()
    by: dict[int | None, timedelta] = field(default_factory=dict)


class DutyCycle:
    """Counts time on air. `page` and `settings` return those in force; `changed` gets each change of state."""

    def __init__(self, world: World, page: Callable[[], int], settings: Callable[[], "SubGhzSettings"]) -> None:
        self._world, self._page, self._settings = world, page, settings
        self.changed: Callable[[State, State], None] = lambda before, now: None
        self.buckets: list[Bucket] = []
        self.state = State.NORMAL

    def add(self, partner: int | None, duration: timedelta) -> None:
        """Count a frame that was on air."""
        now = self._world.now
        if not self.buckets or now >= self.buckets[-1].begins + BUCKET:
            self.buckets = [*self.buckets, Bucket(now)][-BUCKETS:]
            self._world.after(BUCKET * BUCKETS, self.judge)
        bucket = self.buckets[-1]
        bucket.spent += duration
        bucket.by[partner] = bucket.by.get(partner, timedelta()) + duration
        self.judge()

    def _recent(self) -> list[Bucket]:
        since = self._world.now - BUCKET * BUCKETS
        return [one for one in self.buckets if one.begins > since]

    @rule("R-SUB-003")
    def spent(self) -> timedelta:
        """Return the time on air in the last hour, everything sent included."""
        return sum((one.spent for one in self._recent()), timedelta())

    @rule("R-SUB-004")
    def most_talkative(self) -> int | None:
        """Return the short address of whom most of the time went to."""
        totals: dict[int, timedelta] = {}
        for bucket in self._recent():
            for partner, spent in bucket.by.items():
                if partner is not None:
                    totals[partner] = totals.get(partner, timedelta()) + spent
        return max(totals, key=lambda one: totals[one], default=None)

    def judge(self) -> None:
        """Look at which state it is in now, and tell each step of a change."""
        wanted = self.state_of(self.spent())
        while self.state != wanted:
            before = self.state
            self.state = State(before + (1 if wanted > before else -1))
            self.changed(before, self.state)

    @rule("R-SUB-002", "R-SUB-003")
    def state_of(self, spent: timedelta) -> State:
        """Return the state by time on air: two thresholds are set, the last is that of the band."""
        settings = self._settings()
        limits = (
            settings.normal_limited * HOUR_SHARE,
            settings.limited_critical * HOUR_SHARE,
            timedelta(seconds=REGULATED_S[self._page()]),
        )
        return State(sum(spent >= limit for limit in limits))
