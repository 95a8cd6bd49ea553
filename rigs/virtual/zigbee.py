"""A ZigBee node: NWK and APS security, acknowledgement, fragmentation, above one MAC layer.

At a baseline the network is formed and its devices have joined (`rigs.virtual.joining` has those that join later).
Frame counters live in the world and never fall, also across a reboot and a new baseline.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

import simpy

from bench.han.aps import PROFILE_SMART_ENERGY, PROFILE_ZDO, ApsFrame, ApsType, Extended
from bench.han.errors import HanError
from bench.han.mac import MacFrame, MacType
from bench.han.nwk import BROADCAST_ROUTERS, NwkFrame, NwkType
from bench.han.nwk_commands import LinkStatus, Neighbour
from bench.han.security import decrypt_aps, decrypt_nwk, secure_aps, secured_nwk
from rigs.virtual.radio import MacLayer, Medium
from rigs.virtual.rules import rule
from rigs.virtual.world import Process, World

BLOCK = 55  #: octets of an ASDU in one fragment, with room for a source EUI
UNFRAGMENTED = 60
APS_ACK_WAIT = timedelta(milliseconds=1600)
APS_ATTEMPTS = 3
BLOCK_PAUSE = timedelta(milliseconds=50)
LINK_STATUS_PERIOD = timedelta(seconds=15)
REPEAT_LIFE = timedelta(seconds=10)  #: how long an ASDU is known, so that a repeated one is dropped
LINK_KEY_FREE = frozenset({0x0000, 0x0003, 0x000A, 0x0800})  #: clusters that need no link key

Address = tuple[bytes, int]  #: EUI-64 and short address


@dataclass
class Credentials:
    """Keys of one network: network key, and the link key of each pair with the trust centre, by the partner's EUI."""

    pan: int
    network_key: bytes = field(repr=False)
    link_keys: dict[bytes, bytes] = field(repr=False)
    counters: dict[tuple[bytes, str], int] = field(default_factory=dict)

    def next_counter(self, eui: bytes, purpose: str) -> int:
        """Return a frame counter that this device has never used for that key."""
        self.counters[eui, purpose] = count = self.counters.get((eui, purpose), 0) + 1
        return count


class ZigbeeNode:
    """One device on the HAN. `receive(cluster, zcl, partner)` is called with each complete ASDU."""

    def __init__(
        self,
        world: World,
        medium: Medium,
        name: str,
        address: Address,
        credentials: Credentials,
        partners: dict[int, bytes],
        on: Callable[[], bool],
        router: bool = True,
    ) -> None:
        self._world, self.credentials = world, credentials
        self.eui, self._address = address[0], address
        self.partners = partners  #: short -> EUI of those it talks to
        self.children: set[int] = set()  #: short addresses of those that route nothing: no link status names them
        self._on = on
        self._name = name
        self.mac = self.radio(medium)
        self.elsewhere: dict[int, MacLayer] = {}  #: radios of another band, by the short addresses reached there
        self.receive: Callable[[int, bytes, int], None] = lambda cluster, asdu, partner: None
        self.commanded: Callable[[bytes, int], None] = lambda command, source: None  #: gets NWK commands
        self.mac_command: Callable[[MacFrame], None] = lambda frame: None  #: gets beacons and MAC commands
        self.in_clear: Callable[[NwkFrame], None] = lambda frame: self.drop_clear(frame)  # noqa: PLW0108 - a defect may replace it
        self.inter_pan: Callable[[MacFrame], None] = lambda frame: None  #: gets what comes past the network
        self.under_link_key = False  #: whether the ASDU that is being received came under a link key
        self.heard: dict[int, datetime] = {}  #: when a partner was heard last
        self._highest: dict[tuple[str, bytes], int] = {}  #: counters taken last, by layer and sender
        self._nwk_sequence = world.rng.randrange(256)
        self._aps_counter = world.rng.randrange(256)
        self._acks: dict[tuple[int, int, int], simpy.Event] = {}
        self._fragments: dict[tuple[int, int], dict[int, bytes]] = {}
        self._done: list[tuple[datetime, tuple[int, int, bytes]]] = []
        if router:
            world.process(self._link_status())

    def radio(self, medium: Medium) -> MacLayer:
        """Return a radio of this device on a medium."""
        mac = MacLayer(self._world, medium, self._name, self.credentials.pan, self._address, self._on)
        mac.up, mac.other = self._from_mac, self.from_elsewhere
        return mac

    def move(self, medium: Medium) -> None:
        """Go to another medium with the same address."""
        self.mac.leave()
        self.mac = self.radio(medium)

    def mac_to(self, partner: int) -> MacLayer:
        """Return the radio that reaches a partner."""
        return self.elsewhere.get(partner, self.mac)

    @property
    def short(self) -> int:
        """The short address, FFFE until the device has one."""
        return self.mac.short

    @short.setter
    def short(self, short: int) -> None:
        self.mac.short = short

    def send(self, partner: int, cluster: int, asdu: bytes, profile: int = PROFILE_SMART_ENERGY) -> Process:
        """Send an ASDU with end-to-end acknowledgement; the process returns whether it arrived."""
        self._aps_counter = (self._aps_counter + 1) & 0xFF
        counter = self._aps_counter
        whole = ApsFrame.data(cluster, counter, asdu, profile=profile, ack_request=True)
        if len(asdu) <= UNFRAGMENTED:
            return (yield from self._send_block(partner, whole, 0))
        blocks = [asdu[start : start + BLOCK] for start in range(0, len(asdu), BLOCK)]
        for index, block in enumerate(blocks):
            extended = Extended(2, index) if index else Extended(1, len(blocks))
            if not (yield from self._send_block(partner, replace(whole, payload=block, extended=extended), index)):
                return False
            yield self._world.wait(BLOCK_PAUSE)
        return True

    def send_zdo(self, partner: int, cluster: int, payload: bytes) -> Process:
        """Send a ZDO command under the link key, without end-to-end acknowledgement."""
        self._aps_counter = (self._aps_counter + 1) & 0xFF
        aps = ApsFrame.data(cluster, self._aps_counter, payload, profile=PROFILE_ZDO, src_endpoint=0, dst_endpoint=0)
        counter = self.next_counter("aps")
        secured = secure_aps(aps, self.link_key(partner), counter, self.eui)
        return (yield from self._send_nwk(self._data(partner, secured), partner))

    def poll(self, parent: int) -> Process:
        """Ask the parent for what it holds; the process returns whether it was heard."""
        return (yield from self.mac.poll(parent))

    def broadcast_command(self, payload: bytes) -> Process:
        """Broadcast a NWK command to the neighbours."""
        frame = NwkFrame.command(BROADCAST_ROUTERS, self.short, self._next_nwk(), payload, src_eui=self.eui)
        yield from self._send_nwk(frame, BROADCAST_ROUTERS)

    def broadcast_zdo(self, cluster: int, payload: bytes, destination: int = 0xFFFD) -> Process:
        """Broadcast a ZDO command."""
        self._aps_counter = (self._aps_counter + 1) & 0xFF
        aps = ApsFrame.data(
            cluster, self._aps_counter, payload, profile=0, src_endpoint=0, dst_endpoint=0, broadcast=True
        )
        frame = NwkFrame.data(destination, self.short, self._next_nwk(), bytes(aps), src_eui=self.eui)
        yield from self._send_nwk(frame, destination)

    def command(self, partner: int, payload: bytes) -> Process:
        """Send a NWK command to one neighbour; the process returns whether it was acknowledged."""
        frame = NwkFrame.command(partner, self.short, self._next_nwk(), payload, src_eui=self.eui)
        return (yield from self._send_nwk(frame, partner))

    def command_in_clear(self, partner: int, payload: bytes) -> Process:
        """Send a NWK command without network security: one end has no key yet."""
        frame = NwkFrame.command(partner, self.short, self._next_nwk(), payload, src_eui=self.eui)
        return (yield from self.mac.send(partner, bytes(frame)))

    def send_clear(self, partner: int, frame: ApsFrame) -> Process:
        """Send an APS frame without network security: a key on its way to a device that has none."""
        return (yield from self.mac.send(partner, bytes(self._data(partner, frame))))

    def _send_block(self, partner: int, frame: ApsFrame, index: int) -> Process:
        for _ in range(APS_ATTEMPTS):
            if not self._on():
                return False
            key = (partner, frame.counter or 0, index)
            try:
                secured = self.secure(partner, frame)
            except HanError:
                return False  # the partner is gone
            acknowledged = self._acks[key] = self._world.env.event()
            sent = yield from self._send_nwk(self._data(partner, secured), partner)
            if sent:
                yield acknowledged | self._world.wait(APS_ACK_WAIT)
            self._acks.pop(key, None)
            if acknowledged.triggered:
                return True
        return False

    @rule("R-AIR-001", "R-AIR-003")
    def next_counter(self, layer: str) -> int:
        """Return the frame counter of what is sent next on a layer ("nwk", "aps"); it outlives a loss of supply."""
        return self.credentials.next_counter(self.eui, layer)

    @rule("R-AIR-005")
    def secure(self, partner: int, frame: ApsFrame) -> ApsFrame:
        """Return data under the link key, unless its cluster needs none. Raises HanError where there is no key."""
        if frame.profile == PROFILE_ZDO or frame.cluster in LINK_KEY_FREE:
            return frame
        counter = self.next_counter("aps")
        return secure_aps(frame, self.link_key(partner), counter, self.eui)

    def link_key(self, partner: int) -> bytes:
        """Return the key shared with a partner. Raises HanError when there is none (any more)."""
        keys = self.credentials.link_keys
        eui = self.partners.get(partner, b"")
        if eui not in keys and self.eui not in keys:
            raise HanError("APS", None, f"no link key with {partner:04X}")
        return keys.get(eui) or keys[self.eui]

    def _data(self, partner: int, aps: ApsFrame) -> NwkFrame:
        return NwkFrame.data(partner, self.short, self._next_nwk(), bytes(aps), src_eui=self.eui)

    def _next_nwk(self) -> int:
        self._nwk_sequence = (self._nwk_sequence + 1) & 0xFF
        return self._nwk_sequence

    def _send_nwk(self, frame: NwkFrame, hop: int) -> Process:
        counter = self.next_counter("nwk")
        secured = secured_nwk(frame, self.credentials.network_key, counter, self.eui)
        return (yield from self.mac_to(hop).send(hop, secured))

    def from_elsewhere(self, frame: MacFrame) -> None:
        """Take a MAC frame that is no data of this network: beacon, command, inter-PAN data."""
        if frame.type is MacType.DATA:
            self.from_inter_pan(frame)
        else:
            self.mac_command(frame)

    @rule("R-AIR-009")
    def from_inter_pan(self, frame: MacFrame) -> None:
        """Pass on what comes past the network: a device has no use for it, a hub answers terminals while it may."""
        try:
            self.inter_pan(frame)
        except HanError:
            return

    @rule("R-AIR-007")
    def drop_clear(self, frame: NwkFrame) -> None:
        """Ignore a frame without network security: this device has the network key, and so have its partners."""

    def _from_mac(self, payload: bytes, source: int) -> None:
        if int.from_bytes(payload[2:4], "little") != self.short:
            return  # most are broadcasts, which tell it nothing: not worth reading
        try:
            nwk = NwkFrame.parse(payload)
            if nwk.type is NwkType.INTER_PAN:
                return
            if nwk.security is None:
                self.in_clear(nwk)
                return
            plain = decrypt_nwk(nwk, self.credentials.network_key)
            if not self.is_fresh("nwk", nwk.security.source or b"", nwk.security.counter):
                return
            if nwk.type is NwkType.DATA:
                self.from_nwk(nwk.src, ApsFrame.parse(plain))
            elif nwk.src_eui == nwk.security.source:
                self.commanded(plain, nwk.src)
        except HanError:
            return  # a frame that does not authenticate is dropped without a trace

    @rule("R-AIR-006")
    def is_fresh(self, layer: str, sender: bytes, counter: int) -> bool:
        """Whether an authentic frame is a new one: its counter is above the last of its sender on that layer."""
        if counter <= self._highest.get((layer, sender), -1):
            return False
        self._highest[layer, sender] = counter
        return True

    def from_nwk(self, partner: int, frame: ApsFrame) -> None:
        """Take an APS frame of a partner."""
        if frame.type is ApsType.ACK:
            index = frame.extended.block or 0 if frame.extended else 0
            event = self._acks.get((partner, frame.counter or 0, index))
            if event is not None and not event.triggered:
                event.succeed()
            return
        if frame.type is not ApsType.DATA or partner not in self.partners:
            return
        if frame.security is not None:
            asdu = decrypt_aps(frame, self.link_key(partner), self.partners[partner])
            if not self.is_fresh("aps", self.partners[partner], frame.security.counter):
                return
        elif self.needs_no_link_key(frame):
            asdu = frame.payload
        else:
            return
        self.heard[partner] = self._world.now
        self.under_link_key = frame.security is not None
        if frame.ack_request:
            self._world.process(self._acknowledge(partner, frame))
        whole = self._assemble(partner, frame, asdu)
        if whole is not None:
            self.receive(frame.cluster or 0, whole, partner)

    @rule("R-AIR-008", "R-HAN-030")
    def needs_no_link_key(self, frame: ApsFrame) -> bool:
        """Whether data may come under the network key alone: key establishment, time, and what tells who is who."""
        return frame.profile == PROFILE_ZDO or frame.cluster in LINK_KEY_FREE

    def _acknowledge(self, partner: int, frame: ApsFrame) -> Process:
        base = 0 if frame.extended is None or frame.extended.first else frame.extended.block or 0
        yield from self._send_nwk(self._data(partner, frame.acknowledgement(base=base)), partner)

    def _assemble(self, partner: int, frame: ApsFrame, asdu: bytes) -> bytes | None:
        key = (partner, frame.counter or 0)
        if frame.extended is not None:
            parts = self._fragments.setdefault(key, {})
            if frame.extended.first:
                parts[-1] = bytes([frame.extended.block or 0])
                parts[0] = asdu
            else:
                parts[frame.extended.block or 0] = asdu
            if -1 not in parts or len(parts) - 1 < parts[-1][0]:
                return None
            asdu = b"".join(parts[index] for index in range(parts[-1][0]))
            del self._fragments[key]
        mark, now = (partner, key[1], asdu), self._world.now
        self._done = [one for one in self._done if now - one[0] < REPEAT_LIFE]
        if mark in [one for _, one in self._done]:
            return None
        self._done.append((now, mark))
        return asdu

    def _link_status(self) -> Process:
        yield self._world.wait(timedelta(milliseconds=self._world.rng.randrange(15000)))
        while True:
            if self._on():
                yield from self.broadcast_command(_link_status(*sorted(self.partners.keys() - self.children)))
            yield self._world.wait(LINK_STATUS_PERIOD)


@lru_cache(256)
def _link_status(*neighbours: int) -> bytes:
    """Return the NWK command that names neighbours, all of them well heard both ways."""
    return LinkStatus.of(Neighbour(short, 1, 1) for short in neighbours).octets()
