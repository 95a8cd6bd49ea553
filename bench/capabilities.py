"""What an instrument can do for a test: the protocols that drivers implement and rig files name as roles."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bench.bus import Source
from bench.gbcs import Eui64

if TYPE_CHECKING:
    from bench.capture.sniffer import Heard


@dataclass(frozen=True, slots=True)
class AcReading:
    """One acquisition of an AC source: rms volts, rms amperes, watts, hertz."""

    voltage: float
    current: float
    power: float
    frequency: float


@dataclass(frozen=True, slots=True)
class ProgramPoint:
    """One point of a hardware-timed supply program: go to `voltage` (V rms) and stay for `dwell`."""

    voltage: float
    dwell: timedelta


@runtime_checkable
class AcSource(Protocol):
    """A programmable AC source that feeds devices with mains."""

    #: shortest dwell the source times itself, None when it cannot time a program
    minimum_dwell: timedelta | None

    def set_voltage(self, volts: float) -> float:
        """Set the output voltage (V rms) and return what the instrument reads back."""

    def set_frequency(self, hertz: float) -> float:
        """Set the output frequency (Hz) and return what the instrument reads back."""

    def limit_current(self, amperes: float) -> None:
        """Set the rms current at which the source trips."""

    def output(self, on: bool) -> None:
        """Close or open the output relay and confirm it."""

    def measure(self) -> AcReading:
        """Return a fresh measurement of the output."""

    def run_program(self, points: Sequence[ProgramPoint], nominal: float, start_phase: float = 0.0) -> timedelta:
        """Start a hardware-timed program at a phase angle (degrees); return its length. `nominal` is held after it."""

    def end_program(self) -> None:
        """Return to fixed output once the program has run out."""


@runtime_checkable
class PhaseControl(Protocol):
    """An AC source that feeds several phases (`phases` is how many), each at a voltage of its own."""

    phases: int

    def set_phase_voltage(self, phase: int, volts: float) -> float:
        """Set the rms voltage of phase 1, 2 or 3 alone and return what it reads back; `set_voltage` sets all."""


@runtime_checkable
class Outlet(Protocol):
    """A contact in the feed of one device."""

    def switch(self, on: bool) -> None:
        """Close or open the contact and confirm it."""

    def is_on(self) -> bool:
        """Return whether the contact is closed."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What is wrong with a network path, both ways: packets held up, sent twice, slowed to a rate, or all lost."""

    delay: timedelta = timedelta()
    duplicate: float = 0.0  #: share of the packets, 0 to 1
    rate: int | None = None  #: bit/s, None for as fast as it is
    cut: bool = False


@runtime_checkable
class WanPath(Protocol):
    """The path between communications hub and DCC, where it can be made worse."""

    def impair(self, impairment: Impairment) -> None:
        """Make the path so from now on and confirm it; packets already held up keep their time."""


@dataclass(frozen=True, slots=True)
class StreetOfHomes:
    """Homes numbered from 0: how many, and hub and meter of the first; EUI-64s follow in order."""

    count: int
    first_hub: Eui64
    first_meter: Eui64

    def number_of(self, eui: Eui64) -> int | None:
        """Return the home a hub or meter is in, None for one of another street."""
        for first in (self.first_hub, self.first_meter):
            number = int.from_bytes(eui) - int.from_bytes(first)
            if 0 <= number < self.count:
                return number
        return None


@runtime_checkable
class Street(Protocol):
    """Other homes behind the same DCC, as a traffic generator of an emulated DCC makes them."""

    def homes(self) -> StreetOfHomes:
        """Return how many homes there are, and their devices."""

    def cut(self, duration: timedelta, dark: Sequence[int], waves: Sequence[timedelta]) -> None:
        """Cut the supply of every home now, return it after `duration`: in waves, each later by its delay.

        Home n is in wave n modulo the number of waves. The homes in `dark` (from 0) stay without supply.
        """


@runtime_checkable
class Attenuator(Protocol):
    """A step attenuator in one radio path."""

    step: float

    def set_attenuation(self, db: float) -> float:
        """Set the attenuation (dB) and return what the instrument reports."""

    def attenuation(self) -> float:
        """Return the attenuation in force (dB)."""


@runtime_checkable
class FrameSource(Protocol):
    """A sniffer, read by the capture process; `bench.capture.sniffer.Sniffer` is its base class.

    On the bus it is a source of kind `psdu`: raw = PSDU, data = device_us, fcs, rssi (dBm), lqi, channel, page.
    """

    def begin(self) -> None:
        """Begin to receive."""

    def fileno(self) -> int:
        """Return what to poll for reading."""

    def read(self) -> bytes:
        """Return what has come, without waiting."""

    def parse(self, chunk: bytes) -> "list[Heard]":
        """Return the frames that are complete with this chunk."""


@runtime_checkable
class Transmitter(Protocol):
    """A second radio on the channel of the network: it sends what it is told, as it is."""

    def transmit(self, psdu: bytes) -> None:
        """Send one PSDU (with FCS) once, without waiting for an acknowledgement; returns when it has been sent."""


@runtime_checkable
class NoiseSource(Protocol):
    """What disturbs a radio channel."""

    def emit(self, megahertz: float, dbm: float) -> None:
        """Emit at a frequency (MHz) with a power (dBm) and confirm it."""

    def silence(self) -> None:
        """Emit nothing and confirm it."""


@runtime_checkable
class DccGateway(Protocol):
    """The DCC's user gateway: three services to post to and the user's own receive endpoint.

    Publishes kind `duis`: raw = the XML document posted to the user.
    """

    def post(self, service: str, document: bytes) -> bytes:
        """Post a DUIS document to `transform`, `send` or `non-device`; return the synchronous reply."""

    def start(self, source: Source) -> None:
        """Begin to receive what the DCC posts to the user."""


@runtime_checkable
class LocalDelivery(Protocol):
    """Hands GBCS messages to a device past the DCC. Publishes kind `gbcs`: raw = a message that came back."""

    def deliver(self, message: bytes) -> None:
        """Deliver one complete GBCS message."""

    def start(self, source: Source) -> None:
        """Begin to publish what comes back."""


@runtime_checkable
class Hands(Protocol):
    """A person or a machine at the devices: keys, taps, covers, displays."""

    def do(self, device: str, act: str) -> str:
        """Do something at a device of the rig file; return what the device shows then."""


@runtime_checkable
class TimeSource(Protocol):
    """What the rig's clock runs on."""

    def now(self) -> datetime:
        """Return the instant, UTC."""

    def arrival(self) -> datetime | None:
        """Return the stamp for something arriving now; None: stamp it when the wait in progress has ended."""

    def wait(self, until: datetime, sent: Mapping[str, int], passing: Collection[str] = ()) -> Mapping[str, int] | None:
        """Wait until `until` or until something may have been observed, whichever is first.

        `sent` says how many messages without a reply have gone to each instrument; they take effect before time moves.
        What the points in `passing` observe need not end the wait: it bears its own time.

        Returns how many items each observation point has had to deliver so far, None if nobody can know.
        """


@runtime_checkable
class Baseline(Protocol):
    """A rig that can be brought back to its declared initial state."""

    def restore_baseline(self) -> None:
        """Bring every device and instrument to the initial state; time goes on."""


class Rest(Protocol):
    """The rest a rig file declares: rms volts, hertz, whether the output is on, decibels in each path."""

    voltage: float
    frequency: float
    output_on: bool
    attenuation: float


@runtime_checkable
class SafeState(Protocol):
    """An instrument that can leave the rig harmless."""

    def make_safe(self, rest: "Rest") -> None:
        """Go to the declared rest. Called on every exit, also by the watchdog in another process."""


#: role in a rig file -> what an instrument must provide to fill it
ROLES: dict[str, type] = {
    "mains": AcSource,
    "outlet": Outlet,
    "wan": WanPath,
    "street": Street,
    "attenuator": Attenuator,
    "sniffer": FrameSource,
    "transmitter": Transmitter,
    "noise": NoiseSource,
    "dcc": DccGateway,
    "local": LocalDelivery,
    "hands": Hands,
    "time": TimeSource,
    "baseline": Baseline,
}
