"""A radio medium: path loss, attenuators, noise, packet loss by signal to noise, MAC acknowledgements."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import simpy

from bench.gbcs.sub_ghz import centre_mhz
from bench.han.mac import BROADCAST, MacFrame, MacType
from rigs.virtual.phy import OQPSK, Phy
from rigs.virtual.rules import rule
from rigs.virtual.world import Process, World

BACKOFF_US = 320
BACKOFFS = 5  #: times a radio finds the channel busy until it gives a frame up
ATTEMPTS = 4
DEAF_DBM = -140.0
NOISE_LOSS_DB = 40.0  #: between a noise source and each radio
DATA_REQUEST = b"\x04"  #: MAC command
INDIRECT = timedelta(milliseconds=7680)  #: how long a frame waits for a poll (IEEE 802.15.4: 0x01F4 x 15.36 ms)


class Attenuation:
    """An attenuator in the path between two stations."""

    def __init__(self) -> None:
        self.db = 0.0


@dataclass
class NoiseEmitter:
    """A source of noise as wide as a channel, at the same loss from every radio."""

    hertz: float = 2.4e9
    dbm: float = -144.0
    on: bool = False

    def level(self, megahertz: float, width: float) -> float | None:
        """Return the level (dBm) at a receiver on a frequency, for a channel of a width (MHz); None: nothing."""
        if not self.on or abs(self.hertz / 1e6 - megahertz) > width / 2:
            return None
        return self.dbm - NOISE_LOSS_DB


class Station:
    """A radio: its listener gets every MAC frame it hears, `power` says whether it is on."""

    def __init__(self, name: str, hears: Callable[[MacFrame, bytes, float], None], on: Callable[[], bool]) -> None:
        self.name, self.hears, self.on = name, hears, on
        self.may_send: Callable[[], bool] = lambda: True
        self.sent: Callable[[MacFrame, timedelta], None] = lambda frame, duration: None  #: gets what was on air
        self.silent_until = 0


class Medium:
    """One channel of a page."""

    def __init__(self, world: World, channel: int, phy: Phy = OQPSK, page: int = 0) -> None:
        self._world, self.channel, self.phy, self.page = world, channel, phy, page
        self._deaf = phy.tx_dbm - DEAF_DBM, None
        self.interference: Callable[[], float | None] = lambda: None  #: what a noise source brings in (dBm), if any
        self._stations: list[Station] = []
        self._loss: dict[tuple[str, str], tuple[float, Attenuation | None]] = {}
        self._sniffers: list[tuple[float, Callable[[bytes, float], None]]] = []
        self._free_at = 0

    def frequency(self) -> tuple[int, int]:
        """Return the centre frequency as whole MHz and 65536ths."""
        kilohertz = round(centre_mhz(self.page, self.channel) * 1000)
        return kilohertz // 1000, kilohertz % 1000 * 65536 // 1000

    def disturb(self, source: NoiseEmitter) -> None:
        """Put a noise source beside the radios."""
        self.interference = lambda: source.level(centre_mhz(self.page, self.channel), self.phy.width)

    def join(self, station: Station) -> None:
        """Add a radio."""
        self._stations.append(station)

    def stations(self) -> list[Station]:
        """Return the radios on the channel."""
        return self._stations

    def leave(self, station: Station) -> None:
        """Take a radio away."""
        self._stations = [one for one in self._stations if one is not station]

    def path(self, one: str, other: str, loss_db: float, attenuation: Attenuation | None = None) -> None:
        """Say how much is lost between two radios, and which attenuator stands in the path."""
        self._loss[one, other] = self._loss[other, one] = loss_db, attenuation

    def reach_all(self, one: str, loss_db: float) -> None:
        """Put one radio at the same loss from every other."""
        for station in self._stations:
            self.path(one, station.name, loss_db)

    def listen_in(self, loss_db: float, heard: Callable[[bytes, float], None]) -> None:
        """Add a sniffer at the same loss from every radio; it gets PSDUs with FCS and the power in dBm."""
        self._sniffers.append((loss_db, heard))

    def received_dbm(self, sender: str, receiver: str) -> float:
        """Return the power at which one radio hears another."""
        loss, attenuation = self._loss.get((sender, receiver), self._deaf)
        return self.phy.tx_dbm - loss - (attenuation.db if attenuation else 0.0)

    def noise_dbm(self) -> float:
        """Return the noise at a receiver: its own, and what a noise source brings in."""
        own, added = self.phy.noise_dbm, self.interference()
        return own if added is None else 10 * math.log10(10 ** (own / 10) + 10 ** (added / 10))

    def transmit(self, sender: Station, frame: MacFrame, *, contend: bool = True) -> Process:
        """Put a frame on air once the channel is free; each radio hears it or not by its own signal."""
        env = self._world.env
        if contend and not (yield from self._find_free(sender)):
            return
        if not sender.may_send():
            return
        psdu = frame.psdu()
        duration = self.phy.airtime(len(psdu))
        self._free_at = env.now + duration // timedelta(microseconds=1) + 640
        yield self._world.wait(duration)
        sender.sent(frame, duration)
        if contend:
            sender.silent_until = env.now + self.phy.rest
        for loss, heard in self._sniffers:
            heard(psdu, self.phy.tx_dbm - loss + self._world.rng.uniform(-1.5, 1.5))
        noise = self.noise_dbm()
        for station in self._stations:
            if station is sender or not station.on():
                continue
            dbm = self.received_dbm(sender.name, station.name)
            if self._world.rng.random() >= self.phy.error_rate(dbm - noise, len(psdu)):
                station.hears(frame, psdu, dbm)

    def _find_free(self, sender: Station) -> Process:
        """Wait for a free channel; the process returns False if noise kept it busy each time."""
        env = self._world.env
        for _ in range(BACKOFFS):
            backoff = self._world.rng.randrange(8) * BACKOFF_US + 128
            yield env.timeout(max(env.now + backoff, self._free_at, sender.silent_until) - env.now)
            added = self.interference()
            if added is None or added < self.phy.busy_dbm:
                return True
        return False


class MacLayer:
    """Sends frames with acknowledgement and retry, hands received ones up.

    `up` gets data between short addresses; `other` whatever else is for this device: beacons, commands, inter-PAN data.
    """

    def __init__(
        self, world: World, medium: Medium, name: str, pan: int, address: tuple[bytes, int], on: Callable[[], bool]
    ) -> None:
        self._world, self._medium = world, medium
        self.eui, self.short = address
        self.pan, self._on = pan, on
        self.station = Station(name, self._hear, on)
        self.up: Callable[[bytes, int], None] = lambda payload, source: None
        self.other: Callable[[MacFrame], None] = lambda frame: None
        self.holds_for: Callable[[MacFrame], bool] = lambda frame: False  #: whether a poller is to stay awake
        self.sleepers: set[int] = set()  #: short addresses of neighbours whose receivers are off when idle
        self._held: dict[int, list[tuple[MacFrame, simpy.Event]]] = {}
        self.pending = False  #: whether the latest acknowledgement told that more waits
        self._sequence = world.rng.randrange(256)
        self._awaited: dict[int, bool] = {}
        self._last: dict[int, tuple[int, bytes]] = {}
        self.levels: dict[int, tuple[float, float, float]] = {}  #: short address -> best, last, worst level (dBm)
        self._turn = simpy.Resource(world.env)
        medium.join(self.station)

    def leave(self) -> None:
        """Take this radio off its medium."""
        self._medium.leave(self.station)

    def poll(self, parent: int) -> Process:
        """Ask a parent for what it holds (data request); the process returns whether it was acknowledged."""
        return (yield from self.send(parent, DATA_REQUEST, MacType.COMMAND))

    def send(self, destination: int, payload: bytes, kind: MacType = MacType.DATA) -> Process:
        """Send one frame; the process returns whether it was acknowledged (always true of a broadcast)."""
        hop = BROADCAST if destination >= 0xFFF8 else destination
        frame = MacFrame.data(self.pan, hop, self.short, 0, payload)
        if kind is MacType.DATA and self.is_held(hop):
            return (yield from self._hold(hop, frame))
        return (yield from self.send_frame(frame if kind is MacType.DATA else replace(frame, type=kind)))

    @rule("R-HAN-066")
    def is_held(self, destination: int) -> bool:
        """Whether what is for a neighbour waits until it asks: its receiver is off when it is idle."""
        return destination in self.sleepers

    @rule("R-HAN-066")
    def hold_time(self) -> timedelta:
        """Return how long a frame waits for a neighbour that sleeps."""
        return INDIRECT

    def _hold(self, destination: int, frame: MacFrame) -> Process:
        held = frame, self._world.env.event()
        self._held.setdefault(destination, []).append(held)
        yield held[1] | self._world.wait(self.hold_time())
        if not held[1].triggered:
            self._held[destination].remove(held)
            return False
        return (yield from self.send_frame(replace(frame, pending=bool(self._held[destination]))))

    @rule("R-HAN-066")
    def waits_for(self, poller: object) -> bool:
        """Whether a neighbour that asks is told that there is something for it."""
        return isinstance(poller, int) and bool(self._held.get(poller))

    def _release(self, poller: int) -> None:
        if self._held.get(poller):
            self._held[poller].pop(0)[1].succeed()

    def send_frame(self, frame: MacFrame) -> Process:
        """Send a frame under the next sequence number; returns whether it was acknowledged, if it asks for that."""
        with self._turn.request() as turn:
            yield turn
            self._sequence = (self._sequence + 1) & 0xFF
            frame = frame.numbered(self._sequence)
            for _ in range(ATTEMPTS if frame.ack_request else 1):
                if not self._on():
                    return False
                self._awaited[self._sequence] = False
                yield from self._medium.transmit(self.station, frame)
                if not frame.ack_request:
                    return True
                yield self._world.wait(self._medium.phy.ack_wait)
                if self._awaited.pop(self._sequence):
                    return True
            return False

    def _hear(self, frame: MacFrame, psdu: bytes, dbm: float) -> None:
        if frame.type is MacType.ACK:
            if frame.sequence in self._awaited:
                self._awaited[frame.sequence], self.pending = True, frame.pending
            return
        mine = frame.dst in (self.short, self.eui) and frame.dst_pan in (self.pan, BROADCAST)
        polls = frame.type is MacType.COMMAND and frame.payload[:1] == DATA_REQUEST
        if mine and frame.ack_request:
            self._world.process(
                self._acknowledge(frame.sequence or 0, self.holds_for(frame) or (polls and self.waits_for(frame.src)))
            )
        if mine and polls and isinstance(frame.src, int):
            self._release(frame.src)
        if frame.type is not MacType.DATA or not isinstance(frame.src, int):
            if mine or frame.dst in (BROADCAST, None):
                self.other(frame)
            return
        if not mine and frame.dst != BROADCAST:
            return
        best, _, worst = self.levels.get(frame.src, (dbm, dbm, dbm))
        self.levels[frame.src] = max(best, dbm), dbm, min(worst, dbm)
        if self._last.get(frame.src) != (frame.sequence, frame.payload):
            self._last[frame.src] = (frame.sequence or 0, frame.payload)
            self.up(frame.payload, frame.src)

    def _acknowledge(self, sequence: int, pending: bool) -> Process:
        yield self._world.wait(self._medium.phy.turnaround)
        yield from self._medium.transmit(self.station, MacFrame.ack(sequence, pending=pending), contend=False)
