"""The energy a hub stores for its last message: filled while there is mains, used up while there is none."""

from datetime import datetime, timedelta

from rigs.virtual.rules import rule
from rigs.virtual.world import World

FULL = timedelta(minutes=4)  #: how long it lasts
LAST_MESSAGE = timedelta(seconds=15)  #: what the last message costs, in time
RECHARGE = timedelta(minutes=40)  #: from empty


class StoredEnergy:
    """A store, measured in how long the hub can live on it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._level, self._at, self._charging = FULL, world.now, True

    @property
    def level(self) -> timedelta:
        """How long it would last now."""
        return self.level_at(self._world.now)

    @rule("R-HUB-020")
    def level_at(self, instant: datetime) -> timedelta:
        """Return how long it would last at an instant not before the last change: it fills evenly, and drains."""
        passed = instant - self._at
        changed = self._level + passed * (FULL / RECHARGE) if self._charging else self._level - passed
        return min(FULL, max(timedelta(), changed))

    def mains(self, there: bool, since: datetime) -> None:
        """Mains has come or gone at an instant not long ago."""
        since = max(since, self._at)
        self._level, self._at, self._charging = self.level_at(since), since, there

    def lasts_for_a_message(self) -> bool:
        """Whether there is enough left for the last message."""
        return self.level >= LAST_MESSAGE
