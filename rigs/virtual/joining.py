"""A device that joins the network while a test runs: scan, association, network key, key establishment, keep-alive."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bench.gbcs import Eui64
from bench.han.aps import ApsFrame, ApsType
from bench.han.aps_commands import STANDARD_NETWORK_KEY, TransportKey
from bench.han.aps_commands import parse_command as parse_aps_command
from bench.han.aux_header import KeyId
from bench.han.cbke import CLUSTER
from bench.han.errors import HanError
from bench.han.mac import MacFrame, MacType
from bench.han.mac_commands import (
    MAINS_END_DEVICE,
    AssociationResponse,
    Beacon,
    association_request,
    beacon_request,
    data_request,
    parse_command,
)
from bench.han.nwk import COORDINATOR, UNASSIGNED, NwkFrame, NwkType
from bench.han.nwk_commands import Leave, RejoinRequest
from bench.han.security import aes_mmo, decrypt_aps, install_code_key
from bench.han.zcl import ZclFrame, read_attributes
from bench.han.zdo import DeviceAnnce
from rigs.virtual.key_establishment import KeyEstablishment, issued_identity
from rigs.virtual.radio import MacLayer, Medium
from rigs.virtual.rules import rule
from rigs.virtual.trust_centre import CRYPTO_TIME, KEEP_ALIVE, READ_ATTRIBUTES
from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import Credentials, ZigbeeNode

SCANS = 3
BELOW_SCAN_TIME = timedelta(milliseconds=400)
SCAN_TIME, SCAN_PAUSE = timedelta(milliseconds=140), timedelta(seconds=1)
RESPONSE_WAIT = timedelta(milliseconds=500)
KEY_WAIT = timedelta(seconds=5)
AGREEMENT_WAIT = timedelta(seconds=30)
STEP = timedelta(milliseconds=20)


class State(StrEnum):
    """Where the device is on its way."""

    ALONE = "alone"
    SEARCHING = "searching"
    ASSOCIATED = "associated"
    HAS_NETWORK_KEY = "has the network key"
    JOINED = "joined"


@dataclass
class Memory:
    """What a device keeps: the link key it agreed with the trust centre, the network, its address on it."""

    link_key: bytes | None = field(default=None, repr=False)
    network: bytes = b""  #: extended PAN id
    short: int = UNASSIGNED


class Joiner:
    """Brings one node onto the network. `served(cluster, asdu, partner)` gets what comes then."""

    def __init__(self, world: World, node: ZigbeeNode, install_code: bytes, seed: int) -> None:
        self._world, self._node = world, node
        self._install_key = install_code_key(install_code)
        self.memory = Memory()
        self.state = State.ALONE
        self._permitted: int | None = None  #: PAN of a beacon that was heard, open for joining
        self._known = False  #: whether a beacon of the network was heard that it was on
        self._hub = b""  #: EUI-64 of the trust centre
        self._network = b""  #: extended PAN id in that beacon
        self._association: AssociationResponse | None = None
        self._agreed = False
        self.keys = KeyEstablishment(
            Eui64(node.eui),
            lambda: issued_identity(seed, Eui64(node.eui)),
            lambda: world.rng.getrandbits(320),
            self._send_later,
        )
        self.keys.agreed = lambda partner, key: self._key_agreed(key)
        self.keys.euis = lambda partner: node.partners.get(partner, b"")
        self.served: Callable[[int, bytes, int], None] = node.receive
        node.receive = self._receive
        node.mac_command = self._from_mac
        node.commanded = self._commanded
        node.in_clear = self._in_clear

    def powered(self) -> bool:
        """Whether its radio is on: from the press of its button on, until it is alone again."""
        return self.state is not State.ALONE

    def join(self, below: Medium | None = None) -> None:
        """Press the button that makes it look for a network: first in the sub-GHz band if it has that."""
        if self.state is State.ALONE:
            self.state = State.SEARCHING
            self._world.process(self._join(below))

    def forget(self) -> None:
        """Reset it to how it came from the factory."""
        self.leave()
        self.memory = Memory()

    def _try_below(self, medium: Medium) -> Process:
        """Ask for a place in the sub-GHz band; this device is refused there, or does not find a network."""
        radio = self._node.radio(medium)
        self._permitted = None
        yield from radio.send_frame(beacon_request(0))
        yield self._world.wait(BELOW_SCAN_TIME)
        if self._permitted is not None:
            yield from self._associate(self._permitted, radio)
        radio.leave()

    def _join(self, below: Medium | None) -> Process:
        if below is not None:
            yield from self._try_below(below)
        for scan in range(SCANS):
            if scan:
                yield self._world.wait(SCAN_PAUSE)
            self._permitted, self._known = None, False
            yield from self._node.mac.send_frame(beacon_request(0))
            yield self._world.wait(SCAN_TIME)
            if self._permitted is not None and (yield from self._associate(self._permitted, self._node.mac)):
                break
            if self._known and (yield from self._rejoin()):
                break
        if self.state is State.ASSOCIATED:
            yield from self._wait(KEY_WAIT, lambda: self.state is not State.ASSOCIATED)
        if self.state is State.HAS_NETWORK_KEY:
            yield from self._settle()
        if self.state is not State.JOINED:
            self.leave()

    def _associate(self, pan: int, mac: MacLayer) -> Process:
        """Ask the hub for an address; the process returns whether there is one."""
        eui = self._node.eui
        self._association = None
        if not (yield from mac.send_frame(association_request(pan, COORDINATOR, eui, 0, MAINS_END_DEVICE))):
            return False
        yield self._world.wait(RESPONSE_WAIT)
        yield from mac.send_frame(data_request(pan, COORDINATOR, eui, 0))
        yield from self._wait(RESPONSE_WAIT, lambda: self._association is not None)
        association: AssociationResponse | None = self._association
        if association is None or association.status != 0:
            return False
        self._node.short = association.short
        self.state = State.ASSOCIATED
        return True

    def _rejoin(self) -> Process:
        """Ask the network that it was on to have it back; the process returns whether it was heard."""
        self._node.short = self.memory.short
        self.state = State.ASSOCIATED
        heard: bool = yield from self._node.command_in_clear(COORDINATOR, RejoinRequest(MAINS_END_DEVICE).octets())
        return heard

    def _settle(self) -> Process:
        """Announce itself, agree a key if it has none, and use it."""
        node = self._node
        node.partners[COORDINATOR] = self._hub
        announce = DeviceAnnce(sequence=1, short=node.short, eui=node.eui, capability=MAINS_END_DEVICE)
        yield from node.broadcast_zdo(DeviceAnnce.CLUSTER, bytes(announce))
        if self.memory.link_key is None:
            self._agreed = False
            yield self._world.wait(CRYPTO_TIME)
            self.keys.initiate(COORDINATOR)
            yield from self._wait(AGREEMENT_WAIT, lambda: self._agreed)
        if self.memory.link_key is None:
            return
        node.credentials.link_keys[node.eui] = self.memory.link_key
        request = ZclFrame.general(READ_ATTRIBUTES, 1, read_attributes((0x0000, 0x0001)))
        if (yield from node.send(COORDINATOR, KEEP_ALIVE, bytes(request))):
            self.state = State.JOINED

    def _key_agreed(self, link_key: bytes) -> None:
        self.memory = Memory(link_key, self._network or self.memory.network, self._node.short)
        self._agreed = True

    def _from_mac(self, frame: MacFrame) -> None:
        try:
            if frame.type is MacType.BEACON and self.state is State.SEARCHING:
                self._take_beacon(Beacon.parse(frame.payload), frame.src_pan)
            elif frame.type is MacType.COMMAND and frame.dst == self._node.eui:
                command = parse_command(frame.payload)
                self._association = command if isinstance(command, AssociationResponse) else self._association
        except HanError:
            return

    def _take_beacon(self, beacon: Beacon, pan: int | None) -> None:
        if beacon.zigbee is not None and self.memory.link_key is not None:
            self._known = self._known or beacon.zigbee.epid == self.memory.network
        if beacon.association_permit and beacon.zigbee is not None:
            self._permitted, self._hub, self._network = pan, beacon.zigbee.epid, beacon.zigbee.epid

    def _in_clear(self, frame: NwkFrame) -> None:
        """Take the network key, under the old link key, its hash, or the key of the install code."""
        if frame.type is NwkType.COMMAND:
            return  # the answer to a rejoin request: it keeps its address
        aps = ApsFrame.parse(frame.payload)
        if self.state is not State.ASSOCIATED or frame.dst != self._node.short or aps.type is not ApsType.COMMAND:
            return
        if aps.security is None or aps.security.key_id is not KeyId.KEY_TRANSPORT:
            return
        kept = self.memory.link_key
        for key in filter(None, (kept, aes_mmo(kept) if kept else None, self._install_key)):
            try:
                command = parse_aps_command(decrypt_aps(aps, key))
            except HanError:
                continue
            if isinstance(command, TransportKey) and command.type == STANDARD_NETWORK_KEY:
                self._take_network_key(command, old=key == self.memory.link_key)
                return

    @rule("R-HAN-030")
    def _take_network_key(self, command: TransportKey, *, old: bool) -> None:
        """Use the network key; a key from before makes a new agreement unnecessary."""
        if not old:
            self.memory.link_key = None
        self._node.credentials.network_key = command.key
        self._hub = command.src or self._hub
        self.state = State.HAS_NETWORK_KEY

    def _commanded(self, command: bytes, source: int) -> None:
        if source == COORDINATOR and command[:1] == bytes((Leave.ID,)):
            self.leave()

    def leave(self) -> None:
        """Be on no network; the link key is kept for a return."""
        self.state = State.ALONE
        self._node.short = UNASSIGNED
        self._node.credentials = fresh(self._node.credentials)

    def _receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        if cluster == CLUSTER:
            self.keys.receive(asdu, partner)
        elif cluster != KEEP_ALIVE:
            self.served(cluster, asdu, partner)

    def _send_later(self, partner: int, frame: ZclFrame) -> None:
        def send() -> None:
            self._world.process(self._node.send(partner, CLUSTER, bytes(frame)))

        self._world.after(CRYPTO_TIME, send)

    def _wait(self, patience: timedelta, there: Callable[[], bool]) -> Process:
        for _ in range(patience // STEP):
            if there():
                return
            yield self._world.wait(STEP)


def fresh(known: Credentials) -> Credentials:
    """Return the credentials of a device without any key; its frame counters go on."""
    return Credentials(known.pan, bytes(16), {}, known.counters)
