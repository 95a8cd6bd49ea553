"""Commands of the Demand Response and Load Control cluster as ZCL frames (ZigBee SE 1.2 annex D.2; HECS01)."""

import struct
from dataclasses import dataclass

from bench.han.errors import HanError
from bench.han.zcl import ZclFrame

CLUSTER = 0x0701
REPORT, GET_SCHEDULED, EVENT = 0x00, 0x01, 0x00
RECEIVED, STARTED, COMPLETED, REJECTED = 0x01, 0x02, 0x03, 0xFD
ON, OFF = 100, 0  #: duty cycle of an event, per cent
NOW = 0
_EVENT, _REPORT, _GET = struct.Struct("<IHBIHBBBhhbBB"), struct.Struct("<IBIBhhbBB"), struct.Struct("<IB")
ALL_CLASSES, ALL_GROUPS, MANDATORY = 0x0FFF, 0x00, 0x09
UNUSED_OFFSET, UNUSED_POINT, UNUSED_LOAD = 0xFF, -0x8000, -0x80


@dataclass(frozen=True)
class LoadControlEvent:
    """What a controller is to do from now on, for some minutes: `duty` per cent."""

    number: int
    minutes: int
    duty: int

    def frame(self, sequence: int) -> ZclFrame:
        """Return the command, from the meter."""
        points = (UNUSED_OFFSET, UNUSED_OFFSET, UNUSED_POINT, UNUSED_POINT, UNUSED_LOAD)
        payload = _EVENT.pack(self.number, ALL_CLASSES, ALL_GROUPS, NOW, self.minutes, MANDATORY, *points, self.duty, 0)
        return ZclFrame.cluster(EVENT, sequence, payload, from_server=True)

    @classmethod
    def parse(cls, payload: bytes) -> "LoadControlEvent":
        """Read a command. Raises HanError."""
        fields = _unpack(_EVENT, payload, "LoadControlEvent")
        return cls(fields[0], fields[4], fields[11])


@dataclass(frozen=True)
class EventStatus:
    """What a controller made of an event."""

    number: int
    status: int
    time: int  #: ZigBee UTC

    def frame(self, sequence: int) -> ZclFrame:
        """Return the command, from the controller."""
        points = (UNUSED_POINT, UNUSED_POINT, UNUSED_LOAD)
        payload = _REPORT.pack(self.number, self.status, self.time, MANDATORY, *points, 0, 0)
        return ZclFrame.cluster(REPORT, sequence, payload)

    @classmethod
    def parse(cls, payload: bytes) -> "EventStatus":
        """Read a command. Raises HanError."""
        return cls(*_unpack(_REPORT, payload, "ReportEventStatus")[:3])


def get_scheduled(start: int, sequence: int) -> ZclFrame:
    """Return the request for every event from a time (ZigBee UTC) on, from the controller (HECS01)."""
    return ZclFrame.cluster(GET_SCHEDULED, sequence, _GET.pack(start, 0))


def _unpack(layout: struct.Struct, payload: bytes, name: str) -> tuple[int, ...]:
    if len(payload) < layout.size:
        raise HanError("ZCL", len(payload), f"{name} needs {layout.size} octets")
    return layout.unpack_from(payload)
