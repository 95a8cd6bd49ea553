"""ZDO management: tables of neighbours and routes, channel statistics, sub-GHz joining list (ZigBee PRO 2.4.3.3)."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from bench.han.record import U8, U16, U32, Bytes8, Counted, Eui, Group, Integer, When
from bench.han.zdo_base import Zdo


@dataclass(frozen=True, slots=True)
class MgmtTableRequest(Zdo):
    """Ask for neighbours (0031), routes (0032) or bindings (0033), from an index."""

    start: U8


class TableNeighbour(NamedTuple):
    """A neighbour: flags bits 0-1 device type, 2-3 receiver on, 4-6 relationship; its LQI 0..255."""

    epid: bytes
    eui: bytes
    short: int
    flags: int
    permit_joining: int
    depth: int
    lqi: int


class TableRoute(NamedTuple):
    """A route: flags bits 0-2 status (0 active), 3 memory constrained, 4 many-to-one, 5 route record required."""

    dst: int
    flags: int
    next_hop: int


_NEIGHBOUR = Group((Eui(), Eui(), Integer(2), Integer(1), Integer(1), Integer(1), Integer(1)), TableNeighbour)
_ROUTE = Group((Integer(2), Integer(1), Integer(2)), TableRoute)


@dataclass(frozen=True, slots=True)
class MgmtLqiResponse(Zdo):
    """Part of the neighbour table (ZigBee PRO 2.4.4.3.2)."""

    CLUSTER = 0x8031
    status: U8
    total: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    start: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    neighbours: Annotated[tuple[TableNeighbour, ...] | None, When(Counted(_NEIGHBOUR), "status", 0xFF, (0,))] = None


@dataclass(frozen=True, slots=True)
class MgmtRtgResponse(Zdo):
    """Part of the routing table (ZigBee PRO 2.4.4.3.3)."""

    CLUSTER = 0x8032
    status: U8
    total: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    start: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    routes: Annotated[tuple[TableRoute, ...] | None, When(Counted(_ROUTE), "status", 0xFF, (0,))] = None


@dataclass(frozen=True, slots=True)
class MgmtNwkUpdateNotify(Zdo):
    """Channel statistics and the energy measured on each channel of the mask (ZigBee PRO 2.4.4.3.9)."""

    CLUSTER = 0x8038
    status: U8
    mask: U32
    transmissions: U16
    failures: U16
    energies: Bytes8


@dataclass(frozen=True, slots=True)
class JoiningListRequest(Zdo):
    """Ask which EUIs may join, from an index (sub-GHz)."""

    CLUSTER = 0x003A
    start: U8


@dataclass(frozen=True, slots=True)
class JoiningListResponse(Zdo):
    """Part of the list of EUIs that may join: policy 0 all, 1 those of the list, 2 none."""

    CLUSTER = 0x803A
    status: U8
    update_id: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    policy: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    total: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    start: Annotated[int | None, When(Integer(1), "status", 0xFF, (0,))] = None
    devices: Annotated[tuple[bytes, ...] | None, When(Counted(Eui()), "status", 0xFF, (0,))] = None


@dataclass(frozen=True, slots=True)
class EnhancedUpdateNotify(Zdo):
    """Sub-GHz channel statistics (cluster 803B): totals of unicasts, failures, retries over `period` minutes."""

    CLUSTER = 0x803B
    status: U8
    mask: U32
    unicasts: U16
    failures: U16
    retries: U16
    period: U8
