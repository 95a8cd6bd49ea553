"""Event logs of a device: circular, kept through a loss of supply (SMETS; device rules 11)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from rigs.virtual.rules import rule

ENTRIES = 100


@dataclass(frozen=True)
class Entry:
    """One log entry: UTC to the second, event code, other information."""

    time: datetime
    code: int
    other: bytes = b""


def _log() -> deque[Entry]:
    return deque(maxlen=ENTRIES)


@dataclass
class Logs:
    """The three logs of an ESME; a hub uses the first two."""

    now: Callable[[], datetime]
    event: deque[Entry] = field(default_factory=_log)
    security: deque[Entry] = field(default_factory=_log)
    power: deque[Entry] = field(default_factory=_log)

    @rule("R-EVT-001", "R-EVT-005")
    def add(self, log: deque[Entry], code: int, other: bytes = b"", time: datetime | None = None) -> None:
        """Write an entry, stamped to the second."""
        log.append(Entry((time or self.now()).replace(microsecond=0), code, other))
