"""NWK commands (ZigBee PRO 3.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from bench.han.octets import Octets
from bench.han.record import EUI64, U8, U16, Counted, CountedBy, Eui, Group, Integer, Record, Remainder, Shorts, When

NETWORK_STATUS = {
    0x00: "no route",
    0x01: "tree link failure",
    0x02: "non-tree link failure",
    0x03: "low battery",
    0x04: "no routing capacity",
    0x05: "no indirect capacity",
    0x06: "indirect transaction expiry",
    0x07: "target unavailable",
    0x08: "address unallocated",
    0x09: "parent link failure",
    0x0A: "validate route",
    0x0B: "source route failure",
    0x0C: "many-to-one route failure",
    0x0D: "address conflict",
    0x0E: "verify addresses",
    0x0F: "PAN id update",
    0x10: "network address update",
    0x11: "bad frame counter",
    0x12: "bad key sequence number",
}


@dataclass(frozen=True, slots=True)
class NwkCommand(Record):
    """A NWK command; subclasses carry its fields after the command identifier."""

    ID: ClassVar[int] = -1

    def octets(self) -> bytes:
        """Return the command identifier and the fields: the NWK payload."""
        return bytes((self.ID,)) + bytes(self)


@dataclass(frozen=True, slots=True)
class RouteRequest(NwkCommand):
    """Options: bits 3-4 many-to-one, 5 destination EUI, 6 multicast (ZigBee PRO 3.4.1)."""

    ID = 0x01
    options: U8
    route_id: U8
    dst: U16
    cost: U8
    dst_eui: Annotated[bytes | None, When(Eui(), "options", 0x20)] = None


@dataclass(frozen=True, slots=True)
class RouteReply(NwkCommand):
    """Options: bit 4 originator EUI, 5 responder EUI (ZigBee PRO 3.4.2)."""

    ID = 0x02
    options: U8
    route_id: U8
    originator: U16
    responder: U16
    cost: U8
    originator_eui: Annotated[bytes | None, When(Eui(), "options", 0x10)] = None
    responder_eui: Annotated[bytes | None, When(Eui(), "options", 0x20)] = None


@dataclass(frozen=True, slots=True)
class NetworkStatus(NwkCommand):
    """A fault about the destination `dst`, see NETWORK_STATUS (ZigBee PRO 3.4.3)."""

    ID = 0x03
    status: U8
    dst: U16


@dataclass(frozen=True, slots=True)
class Leave(NwkCommand):
    """Options: bit 5 rejoin, 6 request, 7 remove children (ZigBee PRO 3.4.4)."""

    ID = 0x04
    options: U8

    @classmethod
    def of(cls, *, rejoin: bool = False, request: bool = False, children: bool = False) -> Self:
        """Return a Leave with these options."""
        return cls(rejoin << 5 | request << 6 | children << 7)


@dataclass(frozen=True, slots=True)
class RouteRecord(NwkCommand):
    """The relays that a frame took to the concentrator (ZigBee PRO 3.4.5)."""

    ID = 0x05
    relays: Shorts


@dataclass(frozen=True, slots=True)
class RejoinRequest(NwkCommand):
    """A device rejoins, with its capability octet (ZigBee PRO 3.4.6)."""

    ID = 0x06
    capability: U8


@dataclass(frozen=True, slots=True)
class RejoinResponse(NwkCommand):
    """Status 0 ok, 1 PAN full, 2 denied (ZigBee PRO 3.4.7)."""

    ID = 0x07
    short: U16
    status: U8


class Neighbour(NamedTuple):
    """A neighbour in a Link Status, with the costs 0..7 of the links from and to it (as received: with bit 3)."""

    short: int
    incoming: int
    outgoing: int


class _NeighbourEntry:
    """Three octets of a Link Status (ZigBee PRO 3.4.8.3.2)."""

    def read(self, octets: Octets, name: str, _before: dict[str, Any]) -> Neighbour:
        short, costs = octets.uint(2, name), octets.uint(1, "link costs")
        return Neighbour(short, costs & 0xF, costs >> 4)

    def write(self, value: tuple[int, int, int]) -> bytes:
        short, incoming, outgoing = value
        return Integer(2).write(short) + Integer(1).write(incoming | outgoing << 4)


class PowerDelta(NamedTuple):
    """A transmitter and by how many dB it should change."""

    short: int
    delta: int


@dataclass(frozen=True, slots=True)
class LinkStatus(NwkCommand):
    """Options: bits 0-4 count, 5 first frame, 6 last frame (ZigBee PRO 3.4.8)."""

    ID = 0x08
    options: U8
    neighbours: Annotated[tuple[Neighbour, ...], CountedBy(_NeighbourEntry(), "options", 0x1F)]

    @classmethod
    def of(cls, neighbours: Iterable[tuple[int, int, int]], *, first: bool = True, last: bool = True) -> Self:
        """Return a Link Status of neighbours given as (short, incoming cost, outgoing cost)."""
        listed = tuple(Neighbour(*neighbour) for neighbour in neighbours)
        return cls(len(listed) | first << 5 | last << 6, listed)


@dataclass(frozen=True, slots=True)
class NetworkReport(NwkCommand):
    """PAN identifiers in use; options: bits 0-4 count, 5-7 type (ZigBee PRO 3.4.9)."""

    ID = 0x09
    options: U8
    epid: EUI64
    entries: Annotated[bytes, Remainder()]


@dataclass(frozen=True, slots=True)
class NetworkUpdate(NwkCommand):
    """A new PAN identifier (ZigBee PRO 3.4.10)."""

    ID = 0x0A
    options: U8
    epid: EUI64
    update_id: U8
    pan: U16


@dataclass(frozen=True, slots=True)
class EndDeviceTimeoutRequest(NwkCommand):
    """Enumeration 0 = 10 s, n = 2^n minutes (ZigBee PRO 3.4.11)."""

    ID = 0x0B
    timeout: U8
    configuration: U8

    @property
    def seconds(self) -> int:
        """The timeout asked for, in seconds."""
        return 10 if self.timeout == 0 else 60 << self.timeout


@dataclass(frozen=True, slots=True)
class EndDeviceTimeoutResponse(NwkCommand):
    """Status 0 ok, 1 bad value; parent bit 0 MAC data poll keep-alive, 1 timeout request keep-alive."""

    ID = 0x0C
    status: U8
    parent: U8


@dataclass(frozen=True, slots=True)
class LinkPowerDelta(NwkCommand):
    """Sub-GHz transmit power: options bits 0-1: 0 notification, 1 request, 2 response (ZigBee PRO 3.4.13)."""

    ID = 0x0D
    options: U8
    deltas: Annotated[tuple[PowerDelta, ...], Counted(Group((Integer(2), Integer(1, signed=True)), PowerDelta))]


@dataclass(frozen=True, slots=True)
class UnknownNwkCommand(NwkCommand):
    """A command this edition does not name."""

    identifier: U8
    content: Annotated[bytes, Remainder()]

    def octets(self) -> bytes:
        """Return the NWK payload."""
        return bytes(self)


COMMANDS: dict[int, type[NwkCommand]] = {
    c.ID: c
    for c in (
        RouteRequest,
        RouteReply,
        NetworkStatus,
        Leave,
        RouteRecord,
        RejoinRequest,
        RejoinResponse,
        LinkStatus,
        NetworkReport,
        NetworkUpdate,
        EndDeviceTimeoutRequest,
        EndDeviceTimeoutResponse,
        LinkPowerDelta,
    )
}


def parse_command(payload: bytes) -> NwkCommand:
    """Read the plaintext payload of a NWK command frame; HanError when octets are missing."""
    octets = Octets(payload, "NWK command")
    identifier = octets.uint(1, "command identifier")
    if identifier not in COMMANDS:
        return UnknownNwkCommand(identifier, octets.rest())
    return COMMANDS[identifier].read(octets)
