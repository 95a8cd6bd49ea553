"""What every driver is made of: a configuration model, an exchange log, and one way to report trouble."""

from collections import deque
from functools import lru_cache
from importlib.metadata import entry_points
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from bench.errors import InstrumentError

ENTRY_POINTS = "bench.drivers"
SHOWN_EXCHANGES = 6
KEPT_EXCHANGES = 200


class DriverConfig(BaseModel):
    """The keys of one `[instrument.NAME]` table. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Driver:
    """One instrument behind one transport. Subclasses implement protocols of `bench.capabilities`."""

    Config: ClassVar[type[DriverConfig]]
    #: the configuration key that says which physical thing this is; two runs never share one
    identity_key: ClassVar[str] = "resource"

    def __init__(self, name: str, config: DriverConfig) -> None:
        self.name = name
        self.exchanges: deque[str] = deque(maxlen=KEPT_EXCHANGES)
        #: set by a reader thread that lost its instrument; raised at the next look at the timeline
        self.trouble: InstrumentError | None = None
        #: messages sent so far to which the instrument does not reply
        self.unanswered = 0

    @property
    def listening(self) -> bool:
        """Whether a reader thread of this driver is alive."""
        return False

    def open(self) -> None:
        """Connect and prove that the instrument answers. Raises InstrumentError."""

    def close(self) -> None:
        """Disconnect; never raises."""

    def sent(self, text: str) -> None:
        """Note what went to the instrument."""
        self.exchanges.append(f"-> {text}")

    def received(self, text: str) -> None:
        """Note what came from the instrument."""
        self.exchanges.append(f"<- {text}")

    def error(self, problem: str, reply: str | None = None) -> InstrumentError:
        """Return the error to raise: instrument, problem, last exchange."""
        if reply is not None:
            problem = f"{problem}: replied {reply[:80]!r}"
        return InstrumentError(self.name, problem, list(self.exchanges)[-SHOWN_EXCHANGES:])


def driver_names() -> list[str]:
    """Return the names of the installed drivers."""
    return sorted(entry.name for entry in entry_points(group=ENTRY_POINTS))


def driver_reference(name: str) -> str:
    """Return where the driver registered under `name` is: "module:Class". Raises KeyError when none is."""
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        return entry.value
    raise KeyError(name)


@lru_cache
def driver_class(name: str) -> type[Driver]:
    """Return the driver registered under `name`. Raises KeyError when none is."""
    for entry in entry_points(group=ENTRY_POINTS, name=name):
        loaded: type[Driver] = entry.load()
        return loaded
    raise KeyError(name)
