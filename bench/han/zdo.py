"""ZigBee device objects: commands of profile 0000 on endpoint 0 (ZigBee PRO 2.4). Responses are 8000 + request."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from bench.han.errors import HanError
from bench.han.octets import Octets
from bench.han.record import EUI64, U8, U16, U32, Bytes8, Eui, Integer, LengthOctets, Record, Rest, Shorts, When
from bench.han.zdo_base import Zdo
from bench.han.zdo_management import (
    EnhancedUpdateNotify,
    JoiningListRequest,
    JoiningListResponse,
    MgmtLqiResponse,
    MgmtNwkUpdateNotify,
    MgmtRtgResponse,
    MgmtTableRequest,
)


@dataclass(frozen=True, slots=True)
class NwkAddrRequest(Zdo):
    """Ask for the short address of an EUI; type 0 single, 1 extended."""

    CLUSTER = 0x0000
    eui: EUI64
    type: U8 = 0
    start: U8 = 0


@dataclass(frozen=True, slots=True)
class IeeeAddrRequest(Zdo):
    """Ask for the EUI of a short address."""

    CLUSTER = 0x0001
    short: U16
    type: U8 = 0
    start: U8 = 0


@dataclass(frozen=True, slots=True)
class NodeDescRequest(Zdo):
    """Ask for the node descriptor."""

    CLUSTER = 0x0002
    short: U16


@dataclass(frozen=True, slots=True)
class SimpleDescRequest(Zdo):
    """Ask for the simple descriptor of an endpoint."""

    CLUSTER = 0x0004
    short: U16
    endpoint: U8


@dataclass(frozen=True, slots=True)
class ActiveEpRequest(Zdo):
    """Ask for the active endpoints."""

    CLUSTER = 0x0005
    short: U16


@dataclass(frozen=True, slots=True)
class MatchDescRequest(Zdo):
    """Ask which endpoints have these server (`inputs`) and client (`outputs`) clusters."""

    CLUSTER = 0x0006
    short: U16
    profile: U16
    inputs: Shorts
    outputs: Shorts


@dataclass(frozen=True, slots=True)
class DeviceAnnce(Zdo):
    """A device announces its short address, EUI and capability octet."""

    CLUSTER = 0x0013
    short: U16
    eui: EUI64
    capability: U8


@dataclass(frozen=True, slots=True)
class ParentAnnce(Zdo):
    """A router announces its children."""

    CLUSTER = 0x001F
    children: Rest


@dataclass(frozen=True, slots=True)
class BindRequest(Zdo):
    """Bind a source endpoint and cluster to a destination: mode 3 EUI and endpoint, 1 group."""

    CLUSTER = 0x0021
    src: EUI64
    src_endpoint: U8
    cluster: U16
    mode: U8
    group: Annotated[int | None, When(Integer(2), "mode", 0xFF, (1,))] = None
    dst: Annotated[bytes | None, When(Eui(), "mode", 0xFF, (3,))] = None
    dst_endpoint: Annotated[int | None, When(Integer(1), "mode", 0xFF, (3,))] = None


@dataclass(frozen=True, slots=True)
class UnbindRequest(BindRequest):
    """Undo a binding."""

    CLUSTER = 0x0022


@dataclass(frozen=True, slots=True)
class MgmtLeaveRequest(Zdo):
    """Have a device leave; flags bit 6 remove children, bit 7 rejoin."""

    CLUSTER = 0x0034
    eui: EUI64
    flags: U8


@dataclass(frozen=True, slots=True)
class MgmtPermitJoining(Zdo):
    """Open or close joining for a number of seconds."""

    CLUSTER = 0x0036
    seconds: U8
    significance: U8 = 1


@dataclass(frozen=True, slots=True)
class MgmtNwkUpdate(Zdo):
    """Scan (duration 0-5), change channel (FE) or mask (FF); the tail depends on the duration."""

    CLUSTER = 0x0038
    mask: U32
    duration: U8
    tail: Rest = b""


@dataclass(frozen=True, slots=True)
class NwkAddrResponse(Zdo):
    """Status, EUI and short address."""

    CLUSTER = 0x8000
    status: U8
    eui: EUI64
    short: U16


@dataclass(frozen=True, slots=True)
class IeeeAddrResponse(NwkAddrResponse):
    """Status, EUI and short address."""

    CLUSTER = 0x8001


@dataclass(frozen=True, slots=True)
class NodeDescResponse(Zdo):
    """The 13-octet node descriptor, absent when the status is not 0."""

    CLUSTER = 0x8002
    status: U8
    short: U16
    descriptor: Rest = b""

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary with the descriptor's fields; octets that are none stay hex."""
        shown = Zdo.as_dict(self)
        if len(self.descriptor) >= 13:
            shown["descriptor"] = NodeDescriptor.parse(self.descriptor).as_dict()
        return shown


@dataclass(frozen=True, slots=True)
class SimpleDescResponse(Zdo):
    """The simple descriptor of an endpoint; `simple` reads it."""

    CLUSTER = 0x8004
    status: U8
    short: U16
    descriptor: LengthOctets = b""

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary with the descriptor's fields; octets that are none stay hex."""
        shown = Zdo.as_dict(self)
        with suppress(HanError):
            if self.descriptor:
                shown["descriptor"] = SimpleDescriptor.parse(self.descriptor).as_dict()
        return shown

    @property
    def simple(self) -> "SimpleDescriptor | None":
        """The descriptor, None when empty; HanError."""
        return SimpleDescriptor.parse(self.descriptor) if self.descriptor else None


@dataclass(frozen=True, slots=True)
class NodeDescriptor(Record):
    """What a node is (ZigBee PRO 2.3.2.3): type bits 0-2 of `flags` (0 coordinator, 1 router, 2 end device)."""

    flags: U8
    bands: U8
    capability: U8
    manufacturer: U16
    max_buffer: U8
    max_incoming: U16
    server_mask: U16
    max_outgoing: U16
    descriptor_capability: U8


@dataclass(frozen=True, slots=True)
class SimpleDescriptor(Record):
    """What an endpoint is: its device id and its server (`inputs`) and client (`outputs`) clusters."""

    endpoint: U8
    profile: U16
    device: U16
    version: U8
    inputs: Shorts
    outputs: Shorts


@dataclass(frozen=True, slots=True)
class ActiveEpResponse(Zdo):
    """The active endpoints."""

    CLUSTER = 0x8005
    status: U8
    short: U16
    endpoints: Bytes8


@dataclass(frozen=True, slots=True)
class MatchDescResponse(ActiveEpResponse):
    """The matching endpoints."""

    CLUSTER = 0x8006


@dataclass(frozen=True, slots=True)
class StatusResponse(Zdo):
    """A response that is only a status (bind, unbind, leave, permit joining)."""

    status: U8


@dataclass(frozen=True, slots=True)
class UnknownZdo(Zdo):
    """A command without a layout here."""

    content: Rest = b""


_COMMANDS: dict[int, type[Zdo]] = (
    {
        c.CLUSTER: c
        for c in (
            NwkAddrRequest,
            IeeeAddrRequest,
            NodeDescRequest,
            SimpleDescRequest,
            ActiveEpRequest,
            MatchDescRequest,
            DeviceAnnce,
            ParentAnnce,
            BindRequest,
            UnbindRequest,
            MgmtLeaveRequest,
            MgmtPermitJoining,
            MgmtNwkUpdate,
            NwkAddrResponse,
            IeeeAddrResponse,
            NodeDescResponse,
            SimpleDescResponse,
            ActiveEpResponse,
            MatchDescResponse,
            EnhancedUpdateNotify,
            MgmtLqiResponse,
            MgmtRtgResponse,
            MgmtNwkUpdateNotify,
            JoiningListRequest,
            JoiningListResponse,
        )
    }
    | dict.fromkeys((0x8021, 0x8022, 0x8034, 0x8036), StatusResponse)
    | dict.fromkeys((0x0031, 0x0032, 0x0033), MgmtTableRequest)
)


def parse_zdo(cluster: int, payload: bytes) -> Zdo:
    """Read the ASDU of a profile 0000 frame; HanError when octets are missing."""
    return _COMMANDS.get(cluster, UnknownZdo).read(Octets(payload, "ZDO"))
