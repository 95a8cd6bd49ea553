"""Payloads of the Smart Energy tunnelling cluster 0704 and the GBCS octets inside (ZigBee SE D.6; GBCS 10.2).

Client and server number their commands differently: TransferData is 02 from the client and 01 from the server.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from bench.han.errors import HanError
from bench.han.record import U8, U16, Record, Rest
from bench.han.zcl import ZclFrame, ZclType

CLUSTER = 0x0704
GB_HRGP = 6  #: tunnel protocol of GBCS messages
MAX_TRANSFER = 1500  #: octets of one TransferData


@dataclass(frozen=True, slots=True)
class Tunnelling(Record):
    """A tunnelling command. IDS: command identifiers from the client and from the server, None where it has none."""

    IDS: ClassVar[tuple[int | None, int | None]] = (None, None)

    def frame(self, sequence: int, *, from_server: bool | None = None) -> ZclFrame:
        """Return the ZCL frame; the direction may be left out for a command that only one side sends."""
        client, server = self.IDS
        if from_server is None:
            if client is not None and server is not None:
                raise HanError("tunnelling", None, f"{type(self).__name__} needs its direction: both sides send it")
            from_server = client is None
        command = server if from_server else client
        if command is None:
            raise HanError("tunnelling", None, f"{type(self).__name__} does not go that way")
        return ZclFrame.cluster(command, sequence, bytes(self), from_server=from_server)


@dataclass(frozen=True, slots=True)
class RequestTunnel(Tunnelling):
    """The client asks for a tunnel; in GB protocol 6, manufacturer FFFF, no flow control, 1500 octets."""

    IDS = (0x00, None)
    protocol: U8 = GB_HRGP
    manufacturer: U16 = 0xFFFF
    flow_control: U8 = 0
    max_incoming: U16 = MAX_TRANSFER


@dataclass(frozen=True, slots=True)
class CloseTunnel(Tunnelling):
    """The client closes the tunnel."""

    IDS = (0x01, None)
    tunnel: U16


@dataclass(frozen=True, slots=True)
class TransferData(Tunnelling):
    """Data through the tunnel, from either side."""

    IDS = (0x02, 0x01)
    tunnel: U16
    data: Rest


@dataclass(frozen=True, slots=True)
class TransferDataError(Tunnelling):
    """Status 0 no such tunnel, 1 wrong device, 2 overflow."""

    IDS = (0x03, 0x02)
    tunnel: U16
    status: U8


@dataclass(frozen=True, slots=True)
class AckTransferData(Tunnelling):
    """Flow control: octets left in the receiver's buffer."""

    IDS = (0x04, 0x03)
    tunnel: U16
    octets_left: U16


@dataclass(frozen=True, slots=True)
class ReadyData(Tunnelling):
    """Flow control: the receiver has room again."""

    IDS = (0x05, 0x04)
    tunnel: U16
    octets_left: U16


@dataclass(frozen=True, slots=True)
class GetSupportedTunnelProtocols(Tunnelling):
    """The client asks which protocols there are, from an offset."""

    IDS = (0x06, None)
    offset: U8


@dataclass(frozen=True, slots=True)
class RequestTunnelResponse(Tunnelling):
    """Status 0 ok, 1 busy, 2 no more ids, 3 protocol unsupported, 4 flow control unsupported."""

    IDS = (None, 0x00)
    tunnel: U16
    status: U8
    max_incoming: U16 = MAX_TRANSFER


@dataclass(frozen=True, slots=True)
class SupportedTunnelProtocols(Tunnelling):
    """`protocols`: `count` times manufacturer u16 and protocol u8."""

    IDS = (None, 0x05)
    complete: U8
    count: U8
    protocols: Rest


@dataclass(frozen=True, slots=True)
class TunnelClosureNotification(Tunnelling):
    """The server has closed the tunnel."""

    IDS = (None, 0x06)
    tunnel: U16


_COMMANDS: tuple[type[Tunnelling], ...] = (
    RequestTunnel,
    CloseTunnel,
    TransferData,
    TransferDataError,
    AckTransferData,
    ReadyData,
    GetSupportedTunnelProtocols,
    RequestTunnelResponse,
    SupportedTunnelProtocols,
    TunnelClosureNotification,
)
_BY_DIRECTION = tuple({c.IDS[side]: c for c in _COMMANDS if c.IDS[side] is not None} for side in (0, 1))


def parse_tunnelling(frame: ZclFrame) -> Tunnelling | None:
    """Read a cluster-specific frame of cluster 0704; None for an unknown command. Raises HanError."""
    if frame.type is not ZclType.CLUSTER:
        return None
    command = _BY_DIRECTION[frame.from_server].get(frame.command)
    return None if command is None else command.parse(frame.payload)


@dataclass(frozen=True, slots=True)
class TunnelData:
    """The data of a TransferData: a raw message, or the form for devices that fetch (GET, GET-RESPONSE, PUT)."""

    kind: str  #: "message", "GET", "GET-RESPONSE", "PUT" or "unknown"
    gbcs: bytes | None  #: the GBCS message or general block transfer segment, None when there is none
    remaining: int | None = None  #: messages still waiting, in a GET-RESPONSE

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read tunnel data; never fails: octets that are neither form are kind "unknown"."""
        first = data[0] if data else None
        if first in (0xDD, 0xDF):
            return cls("message", data)
        if first == 1 and len(data) == 1:
            return cls("GET", None)
        if first == 2 and len(data) >= 2:
            return cls("GET-RESPONSE", data[2:] or None, data[1])
        if first == 3:
            return cls("PUT", data[1:] or None)
        return cls("unknown", None)


def get() -> bytes:
    """Return the tunnel data with which a device asks for its messages."""
    return b"\x01"


def get_response(message: bytes = b"", remaining: int = 0) -> bytes:
    """Return the answer: a message (none: empty) and how many still wait, 0..255."""
    return bytes((2, remaining)) + message


def put(message: bytes) -> bytes:
    """Return the tunnel data with which a device delivers a message."""
    return b"\x03" + message
