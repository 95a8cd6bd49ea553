"""Time that tests of the engine move themselves."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)


class TestTime:
    """A time source: a wait jumps to the next planned event or to its end, whichever is first."""

    __test__ = False

    def __init__(self) -> None:
        self.instant = START
        self.waits = 0
        self._events: list[tuple[datetime, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.instant

    def arrival(self) -> datetime | None:
        return None

    def plan(self, after: timedelta, event: Callable[[], None]) -> None:
        self._events.append((START + after, event))
        self._events.sort(key=lambda planned: planned[0])

    def wait(self, until: datetime, sent: Mapping[str, int], passing: object = ()) -> Mapping[str, int] | None:
        self.waits += 1
        if self._events and self._events[0][0] <= until:
            self.instant, event = self._events.pop(0)
            event()
        else:
            self.instant = until
        return None
