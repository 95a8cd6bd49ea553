"""What a driver of a sniffer provides, and what it hears."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from bench.driver import Driver, DriverConfig
from bench.units import Duration

Stamps = Literal["start", "end", "unknown"]


class SnifferConfig(DriverConfig):
    """What the table of every sniffer may say."""

    #: nothing heard for so long is told: four link statuses, which a ZigBee router sends every 15 s, have been missed
    silent_after: Duration = Field(default=timedelta(seconds=60), gt=timedelta(0))


class Heard(NamedTuple):
    """One frame as a sniffer gave it."""

    device_us: int | None  #: the sniffer's own clock, unwrapped; since 1970 (UTC) when `own_time`; None: has no clock
    psdu: bytes
    fcs: bool  #: whether the PSDU ends with its frame check sequence
    rssi: int | None  #: dBm
    lqi: int | None  #: 0..255, comparable within one firmware only
    channel: int
    page: int


@dataclass(frozen=True, slots=True)
class SnifferInfo:
    """What is worth keeping beside a sniffer's frames."""

    name: str
    channel: int = 0
    page: int = 0
    hardware: str = ""
    stamps: Stamps = "unknown"  #: whether a time is that of a frame's start or end

    def description(self) -> str:
        """Return it in words, for the interface of a capture file."""
        where = f"channel {self.channel}" + (f", page {self.page}" if self.page else "")
        what = {"start": "of the start", "end": "of the end", "unknown": "of start or end (not known)"}[self.stamps]
        return f"{where}; times are those {what} of a frame"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)


class Sniffer(Driver, ABC):
    """A sniffer, driven by the capture process: opened, begun, then read whenever `fileno` is readable.

    `read` and `parse` never block, and never raise anything but InstrumentError: what is broken is counted with `lose`.
    """

    hardware: ClassVar[str] = ""
    stamps: Stamps = "unknown"
    #: its times are UTC already and not to be mapped
    own_time = False
    channel = 0
    page = 0
    #: frames lost so far, by the sniffer's own account or because they came broken
    lost = 0
    #: why the last ones were lost
    loss = ""
    #: when it is gone, it is worth looking for
    returns = True
    #: a source with an end has come to it
    ended = False
    #: s without a frame after which it counts as silent
    silent_after = 60.0

    def __init__(self, name: str, config: DriverConfig) -> None:
        super().__init__(name, config)
        if isinstance(config, SnifferConfig):
            self.silent_after = config.silent_after.total_seconds()

    @abstractmethod
    def begin(self) -> None:
        """Begin to receive. Raises InstrumentError."""

    @abstractmethod
    def fileno(self) -> int:
        """Return what to poll for reading."""

    @abstractmethod
    def read(self) -> bytes:
        """Return what has come, b"" when nothing has. Raises InstrumentError when the sniffer is gone."""

    @abstractmethod
    def parse(self, chunk: bytes) -> list[Heard]:
        """Return the frames that are complete with this chunk; the rest is kept for the next."""

    def present(self) -> None:
        """See, without talking to it, that the sniffer is still there. Raises InstrumentError."""

    def lose(self, count: int, why: str) -> None:
        """Note frames that are lost."""
        self.lost += count
        self.loss = why

    def info(self) -> SnifferInfo:
        """Return what is worth keeping beside its frames."""
        return SnifferInfo(self.name, self.channel, self.page, self.hardware, self.stamps)
