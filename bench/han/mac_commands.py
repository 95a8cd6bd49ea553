"""MAC commands and beacons (IEEE 802.15.4-2020 7.3.1, 7.5; ZigBee beacon payload, ZigBee PRO 3.6.7)."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from bench.han.ie import EXTENDED_BEACON, HEADER_TERMINATION_1, TERMINATION, HeaderIe, PayloadIe
from bench.han.mac import BROADCAST, MacFrame, MacType
from bench.han.octets import Octets
from bench.han.record import EUI64, U8, U16, U24, Record

MAINS_ROUTER = 0x8E  #: capability octet of an always-on router (ESME)
MAINS_END_DEVICE = 0x8C
SLEEPY_END_DEVICE = 0x80  #: capability octet of a sleepy end device (GSME)


@dataclass(frozen=True, slots=True)
class MacCommand(Record):
    """A MAC command; subclasses carry its fields after the command identifier."""

    ID: ClassVar[int] = -1

    def octets(self) -> bytes:
        """Return the command identifier and the fields: the MAC payload."""
        return bytes((self.ID,)) + bytes(self)


@dataclass(frozen=True, slots=True)
class AssociationRequest(MacCommand):
    """A device asks to join; capability bits: 1 FFD, 2 mains, 3 receiver on when idle, 7 allocate address."""

    ID = 1
    capability: U8


@dataclass(frozen=True, slots=True)
class AssociationResponse(MacCommand):
    """The answer: short address (FFFF when refused) and status (0 ok, 1 PAN at capacity, 2 denied)."""

    ID = 2
    short: U16
    status: U8


@dataclass(frozen=True, slots=True)
class Disassociation(MacCommand):
    """A device leaves or is told to."""

    ID = 3
    reason: U8


@dataclass(frozen=True, slots=True)
class DataRequest(MacCommand):
    """A sleepy device polls its parent."""

    ID = 4


@dataclass(frozen=True, slots=True)
class PanIdConflict(MacCommand):
    """A device reports a second PAN with the same identifier."""

    ID = 5


@dataclass(frozen=True, slots=True)
class OrphanNotification(MacCommand):
    """A device has lost its coordinator."""

    ID = 6


@dataclass(frozen=True, slots=True)
class BeaconRequest(MacCommand):
    """An active scan."""

    ID = 7


@dataclass(frozen=True, slots=True)
class CoordinatorRealignment(MacCommand):
    """The coordinator answers an orphan or moves the PAN."""

    ID = 8
    pan: U16
    coordinator: U16
    channel: U8
    short: U16


_COMMANDS: dict[int, type[MacCommand]] = {
    c.ID: c
    for c in (
        AssociationRequest,
        AssociationResponse,
        Disassociation,
        DataRequest,
        PanIdConflict,
        OrphanNotification,
        BeaconRequest,
        CoordinatorRealignment,
    )
}


def parse_command(payload: bytes) -> MacCommand:
    """Read the payload of a MAC command frame; HanError for an unknown identifier or too few octets."""
    octets = Octets(payload, "MAC command")
    identifier = octets.uint(1, "command identifier")
    if identifier not in _COMMANDS:
        raise octets.error(f"unknown command {identifier:02X}", 0)
    return _COMMANDS[identifier].read(octets)


@dataclass(frozen=True, slots=True)
class ZigbeeBeacon(Record):
    """Beacon payload of a ZigBee PRO network (ZigBee PRO 3.6.7). `epid` is the extended PAN id, in GB the CHF's EUI."""

    protocol: U8
    stack: U8  #: low nibble stack profile (2 = PRO), high nibble protocol version (2)
    capacity: U8  #: bit 2 router capacity, bits 3-6 depth, bit 7 end device capacity
    epid: EUI64
    tx_offset: U24
    update_id: U8

    @classmethod
    def of(cls, epid: bytes, *, update_id: int = 0, depth: int = 0, routers: bool = True, devices: bool = True) -> Self:
        """Return the payload of a PRO network."""
        return cls(0, 0x22, routers << 2 | depth << 3 | devices << 7, epid, 0xFFFFFF, update_id)


@dataclass(frozen=True, slots=True)
class Beacon:
    """MAC payload of a beacon frame: superframe specification, GTS and pending address fields, beacon payload."""

    superframe: int  #: CFFF open for joining, 4FFF closed (non-beacon network)
    payload: bytes
    gts: bytes = b"\0"  #: GTS field as received
    pending: bytes = b"\0"  #: pending address field as received

    @property
    def association_permit(self) -> bool:
        """Whether joining is open."""
        return bool(self.superframe & 0x8000)

    @property
    def zigbee(self) -> ZigbeeBeacon | None:
        """The ZigBee payload, None when it is not one."""
        return ZigbeeBeacon.parse(self.payload) if len(self.payload) >= 15 and self.payload[0] == 0 else None

    def __bytes__(self) -> bytes:
        return self.superframe.to_bytes(2, "little") + self.gts + self.pending + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the MAC payload of a beacon; HanError."""
        octets = Octets(data, "beacon")
        superframe = octets.uint(2, "superframe")
        start = octets.offset
        count = octets.uint(1, "GTS specification") & 7
        octets.take(1 + 3 * count if count else 0, "GTS list")
        gts = data[start : octets.offset]
        start = octets.offset
        pending = octets.uint(1, "pending address specification")
        octets.take(2 * (pending & 7) + 8 * (pending >> 4 & 7), "pending addresses")
        addresses = data[start : octets.offset]
        return cls(superframe, octets.rest(), gts, addresses)


def enhanced_beacon(frame: MacFrame) -> Beacon | None:
    """Return what the ZigBee element of an enhanced beacon says, None when it has none. Raises HanError."""
    for element in frame.payload_ies:
        for zigbee in element.zigbee_ies():
            if zigbee.id == EXTENDED_BEACON:
                octets = Octets(zigbee.content, "enhanced beacon")
                payload = octets.take(15, "beacon payload")
                return Beacon(octets.uint(2, "superframe"), payload)
    return None


def beacon(pan: int, src: int, sequence: int, epid: bytes, *, permit: bool, update_id: int = 0) -> MacFrame:
    """Return the beacon of a ZigBee coordinator (src 0000) or router, open for joining or not."""
    superframe = 0x0FFF | (src == 0) << 14 | permit << 15
    payload = bytes(Beacon(superframe, bytes(ZigbeeBeacon.of(epid, update_id=update_id))))
    return MacFrame(MacType.BEACON, sequence, src_pan=pan, src=src, payload=payload)


def beacon_request(sequence: int) -> MacFrame:
    """Return a broadcast beacon request."""
    return MacFrame(MacType.COMMAND, sequence, BROADCAST, BROADCAST, payload=BeaconRequest().octets())


def association_request(pan: int, parent: int, eui: bytes, sequence: int, capability: int) -> MacFrame:
    """Return an association request from an unjoined device."""
    payload = AssociationRequest(capability).octets()
    return MacFrame(MacType.COMMAND, sequence, pan, parent, BROADCAST, eui, payload, ack_request=True)


def association_response(pan: int, dst: bytes, src: bytes, sequence: int, *, short: int, status: int = 0) -> MacFrame:
    """Return the parent's answer, both addressed by EUI."""
    return _command(pan, dst, src, sequence, AssociationResponse(short, status))


def data_request(pan: int, parent: int, src: int | bytes, sequence: int) -> MacFrame:
    """Return a poll, by short address or by EUI (while associating)."""
    return _command(pan, parent, src, sequence, DataRequest())


def orphan_notification(eui: bytes, sequence: int) -> MacFrame:
    """Return an orphan's call."""
    frame = _command(BROADCAST, BROADCAST, eui, sequence, OrphanNotification())
    return replace(frame, ack_request=False)


def coordinator_realignment(
    pan: int, dst: bytes, src: bytes, sequence: int, *, coordinator: int, channel: int, short: int
) -> MacFrame:
    """Return the coordinator's answer to an orphan."""
    payload = CoordinatorRealignment(pan, coordinator, channel, short).octets()
    return MacFrame(MacType.COMMAND, sequence, BROADCAST, dst, pan, src, payload)


def enhanced_beacon_request(eui: bytes, sequence: int, ies: tuple[PayloadIe, ...]) -> MacFrame:
    """Return the 2015 form of the beacon request that sub-GHz joiners send (IEEE 802.15.4-2020 7.5.9)."""
    return MacFrame(
        MacType.COMMAND,
        sequence,
        BROADCAST,
        BROADCAST,
        BROADCAST,
        eui,
        BeaconRequest().octets(),
        version=2,
        header_ies=(HeaderIe(HEADER_TERMINATION_1),),
        payload_ies=(*ies, PayloadIe(TERMINATION)),
    )


def _command(pan: int, dst: int | bytes, src: int | bytes, sequence: int, command: MacCommand) -> MacFrame:
    return MacFrame(
        MacType.COMMAND,
        sequence,
        pan,
        dst,
        None,
        src,
        command.octets(),
        ack_request=True,
        pan_compression=True,
    )
