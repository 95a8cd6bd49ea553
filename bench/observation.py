"""What was seen or done, and how a test says what it looks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Observation:
    """One entry of the timeline: when (UTC), where, what kind, decoded data, and the octets as seen."""

    number: int
    time: datetime
    point: str  #: observation point ("dcc", "han", "mains", "local", "operator") or "bench"
    kind: str
    data: Mapping[str, Any]
    raw: bytes = b""

    def text(self) -> str:
        """Return one line for people."""
        return f"{clock_text(self.time)} {self.data.get('text') or self.kind} ({self.point}, timeline {self.number})"


def clock_text(instant: datetime) -> str:
    """Return the time of day of an instant, to the millisecond where it has one."""
    return instant.strftime("%H:%M:%S.%f")[:-3].removesuffix(".000")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an expectation looks for: words, a test, and a test for things worth showing when it is not there.

    One `on_air` is about frames: who expects it wants to go on at the instant of the frame.
    """

    words: str
    matches: Callable[[Observation], bool]
    near: Callable[[Observation], bool] = field(default=lambda observation: False)
    on_air: bool = False
    #: tells what shows that it may have been held back on its way
    blocked: Callable[[Observation], bool] = field(default=lambda observation: False)

    def where(self, words: str, also: Callable[[Observation], bool]) -> "Pattern":
        """Return this pattern narrowed by one more condition."""
        narrow = self.matches
        return Pattern(
            f"{self.words} {words}",
            lambda seen: narrow(seen) and also(seen),
            lambda seen: narrow(seen) or self.near(seen),
            self.on_air,
            blocked=self.blocked,
        )


def nanoseconds(instant: datetime) -> int:
    """Return an instant as nanoseconds since 1970."""
    return (instant - EPOCH) // MICROSECOND * 1000


def at(point: str, kind: str, words: str | None = None, **fields: Any) -> Pattern:
    """Return the pattern "an observation of `kind` at `point` whose data has these fields"."""

    def matches(seen: Observation) -> bool:
        return (
            seen.point == point
            and seen.kind == kind
            and all(seen.data.get(key) == value for key, value in fields.items())
        )

    listed = ", ".join(f"{key} {value}" for key, value in fields.items())
    return Pattern(
        words or f"{kind} at {point}" + (f" with {listed}" if listed else ""),
        matches,
        lambda seen: seen.point == point and seen.kind == kind,
        point == "han",
    )
