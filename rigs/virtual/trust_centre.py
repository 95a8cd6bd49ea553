"""The hub as trust centre: beacons, association, the network key on its way, key establishment, eviction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bench.gbcs import Eui64
from bench.han.aps import ApsFrame
from bench.han.aps_commands import TransportKey
from bench.han.aux_header import KeyId
from bench.han.cbke import CLUSTER
from bench.han.errors import HanError
from bench.han.mac import MacFrame, MacType
from bench.han.mac_commands import (
    AssociationRequest,
    BeaconRequest,
    DataRequest,
    MacCommand,
    association_response,
    beacon,
    parse_command,
)
from bench.han.nwk import NwkFrame, NwkType
from bench.han.nwk_commands import Leave, RejoinRequest, RejoinResponse
from bench.han.security import install_code_key, secure_aps
from bench.han.zcl import Attribute, ZclFrame, read_response
from bench.han.zcl_types import Value
from rigs.virtual.hub_log import Heard, HubLog
from rigs.virtual.key_establishment import KeyEstablishment, issued_identity
from rigs.virtual.radio import INDIRECT
from rigs.virtual.rules import rule
from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import ZigbeeNode

KEEP_ALIVE = 0x0025
PERMIT_JOINING = 0x0036  #: of ZDO
KEEP_ALIVE_BASE, UNSIGNED8 = 10, 0x20  #: min, and its ZCL type
READ_ATTRIBUTES, READ_ATTRIBUTES_RESPONSE = 0x00, 0x01
DENIED, NO_ADDRESS = 2, 0xFFFF
BEACON_JITTER_US = 20_000
FIRST_SHORT = 0x6F10
CRYPTO_TIME = timedelta(milliseconds=300)


@dataclass
class Answer:
    """What an associating device is told when it polls."""

    short: int
    status: int


class TrustCentre:
    """Lets devices of the log onto the network, and puts them out."""

    def __init__(self, world: World, node: ZigbeeNode, log: HubLog, seed: int) -> None:
        self._world, self._node, self._log = world, node, log
        self._answers: dict[bytes, Answer] = {}
        self._shorts: dict[bytes, int] = {eui: short for short, eui in node.partners.items()}
        node.mac_command = self._from_mac
        node.in_clear = self._in_clear
        node.mac.holds_for = lambda frame: frame.src in self._answers and frame.payload[:1] == bytes((DataRequest.ID,))
        log.evict = lambda eui: self.evict(eui)  # noqa: PLW0108 - a defect may replace it
        log.heard = self._heard
        self.keys = KeyEstablishment(
            Eui64(node.eui),
            lambda: issued_identity(seed, Eui64(node.eui)),
            lambda: world.rng.getrandbits(320),
            self._send_later,
        )
        self.keys.agreed = lambda partner, key: self.key_agreed(partner, key)  # noqa: PLW0108
        self.keys.euis = lambda partner: node.partners.get(partner, b"")
        self.joined: Callable[[int], None] = lambda short: None  #: gets the short address of a device that agreed a key
        self.asked_to_open: Callable[[Eui64], None] = lambda eui: None  #: gets who asks, on the network, to open it
        self._pass_on = node.receive
        node.receive = self._receive

    def _heard(self, eui: Eui64) -> Heard | None:
        short = self._shorts.get(eui, NO_ADDRESS)
        time, levels = self._node.heard.get(short), self._node.mac_to(short).levels.get(short)
        return None if time is None or levels is None else Heard(time, *levels)

    def _from_mac(self, frame: MacFrame) -> None:
        command = mac_command(frame)
        if isinstance(command, BeaconRequest):
            self._world.process(self._beacon())
        elif isinstance(frame.src, bytes) and isinstance(command, AssociationRequest):
            self._hold(frame.src, self.answer(Eui64(frame.src)))
        elif isinstance(frame.src, bytes) and isinstance(command, DataRequest) and frame.src in self._answers:
            self._world.process(self._associate(Eui64(frame.src), self._answers.pop(frame.src)))

    def _beacon(self) -> Process:
        yield self._world.wait(timedelta(microseconds=self._world.rng.randrange(BEACON_JITTER_US)))
        mac = self._node.mac
        yield from mac.send_frame(beacon(mac.pan, mac.short, 0, self._log.network, permit=self._log.offers_joining()))

    def _hold(self, eui: bytes, answer: Answer) -> None:
        self._answers[eui] = answer
        self._world.after(INDIRECT, lambda: self._answers.pop(eui, None) and None)

    @rule("R-HAN-001", "R-HAN-008")
    def answer(self, eui: Eui64) -> Answer:
        """Return what a device that asks to join is told: yes if joining is open and the device is listed."""
        if not (self._log.is_open() or self._log.awaits(eui)) or not self._log.admits(eui):
            return Answer(NO_ADDRESS, DENIED)
        return Answer(self._short_of(eui), 0)

    def _short_of(self, eui: bytes) -> int:
        if eui not in self._shorts:
            self._shorts[eui] = max([FIRST_SHORT, *self._shorts.values()]) + 1
        return self._shorts[eui]

    def _associate(self, eui: Eui64, answer: Answer) -> Process:
        mac = self._node.mac
        told = association_response(mac.pan, eui, self._node.eui, 0, short=answer.short, status=answer.status)
        delivered = yield from mac.send_frame(told)
        if delivered and answer.status == 0:
            yield from self._deliver_network_key(eui, answer.short)

    def _deliver_network_key(self, eui: Eui64, short: int) -> Process:
        node = self._node
        key = self.joining_key(eui)
        if key is None:
            return
        node.partners[short] = eui
        self.prepare(eui, key)
        yield from self._send_network_key(eui, short, key)

    def _send_network_key(self, eui: Eui64, short: int, key: bytes) -> Process:
        transport = TransportKey.network(self._node.credentials.network_key, 0, eui, self._node.eui).octets()
        command = ApsFrame.command(self._world.rng.randrange(256), transport)
        yield self._world.wait(CRYPTO_TIME)
        yield from self._node.send_clear(short, self.wrapped(command, key))

    @rule("R-AIR-002")
    def wrapped(self, command: ApsFrame, key: bytes) -> ApsFrame:
        """Return a command that carries a key, encrypted under what comes of the key of its receiver."""
        return secure_aps(command, key, self._node.next_counter("aps"), self._node.eui, key_id=KeyId.KEY_TRANSPORT)

    @rule("R-HAN-005", "R-HAN-006", "R-HAN-030")
    def joining_key(self, eui: Eui64) -> bytes | None:
        """Return the key under which a device is sent the network key: its old one, or its install code's."""
        listed = self._log.entries.get(eui)
        if listed is None:
            return None
        if not self._log.takes_install_code(eui):
            return self._log.old_key(eui)
        return install_code_key(listed.install_code) if listed.install_code else listed.link_key

    def _in_clear(self, frame: NwkFrame) -> None:
        """Take a NWK rejoin request, which may come without network security; nothing else does."""
        if frame.type is NwkType.COMMAND and frame.payload[:1] == bytes((RejoinRequest.ID,)) and frame.src_eui:
            self._world.process(self._readmit(Eui64(frame.src_eui), frame.src))
        else:
            self._node.drop_clear(frame)

    def _readmit(self, eui: Eui64, short: int) -> Process:
        key = self.returning_key(eui)
        if key is None:
            return
        self._shorts[eui] = short
        self._node.partners[short] = eui
        yield self._world.wait(CRYPTO_TIME)
        yield from self._node.command_in_clear(short, RejoinResponse(short, 0).octets())
        yield from self._send_network_key(eui, short, key)

    @rule("R-HAN-018")
    def returning_key(self, eui: Eui64) -> bytes | None:
        """Return the key under which a device may come back that is in the log: the hash in a log that was restored."""
        listed = self._log.entries.get(eui)
        return None if listed is None else listed.restored or None

    @rule("R-HAN-004")
    def prepare(self, eui: Eui64, key: bytes) -> None:
        """Have the keys ready for a device that associates: anybody can claim to be it, so one in use is left alone."""
        if key == self._log.old_key(eui):
            self._node.credentials.link_keys[eui] = key

    def _receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        try:
            if cluster == CLUSTER:
                self.keys.receive(asdu, partner)
            elif cluster == KEEP_ALIVE:
                self._keep_alive(ZclFrame.parse(asdu), partner)
            elif cluster == PERMIT_JOINING:
                self.permit_joining(asdu[1] if len(asdu) > 1 else 0)
                self.asked_to_open(Eui64(self._node.partners[partner]))
            else:
                self._pass_on(cluster, asdu, partner)
        except HanError:
            return

    @rule("R-HAN-001")
    def permit_joining(self, seconds: int) -> None:
        """Ignore a device that asks to open the network (Mgmt_Permit_Joining): only the DCC does, by CCS01."""

    def _keep_alive(self, frame: ZclFrame, partner: int) -> None:
        """Answer the first secured request of a device: with it, a key from before is in use again."""
        eui = Eui64(self._node.partners[partner])
        self._log.key_agreed(eui, self._node.link_key(partner))
        self.joined(partner)
        if frame.command == READ_ATTRIBUTES and not frame.type:
            payload = read_response([Attribute(0x0000, 0, Value(UNSIGNED8, KEEP_ALIVE_BASE))])
            answer = ZclFrame.general(READ_ATTRIBUTES_RESPONSE, frame.sequence, payload, from_server=True)
            self._world.process(self._node.send(partner, KEEP_ALIVE, bytes(answer)))

    @rule("R-HAN-009", "R-HAN-030")
    def key_agreed(self, partner: int, link_key: bytes) -> None:
        """Key establishment is complete: use the key, and put it into the log."""
        eui = Eui64(self._node.partners[partner])
        self._node.credentials.link_keys[eui] = link_key
        self._log.key_agreed(eui, link_key)

    def _send_later(self, partner: int, frame: ZclFrame) -> None:
        def send() -> None:
            self._world.process(self._node.send(partner, CLUSTER, bytes(frame)))

        self._world.after(CRYPTO_TIME, send)

    @rule("R-HAN-013")
    def evict(self, eui: Eui64) -> None:
        """Put a removed device out: tell it to leave, and forget its key, so that nothing it sends is understood."""
        short = self._shorts.get(eui)
        if short is not None:
            self._world.process(self._node.command(short, Leave.of(request=True).octets()))
            self._node.partners.pop(short, None)
        self._node.credentials.link_keys.pop(eui, None)


def mac_command(frame: MacFrame) -> MacCommand | None:
    """Return the command in a MAC frame, None for any other frame or one that cannot be read."""
    if frame.type is not MacType.COMMAND:
        return None
    try:
        return parse_command(frame.payload)
    except HanError:
        return None
