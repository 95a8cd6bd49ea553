"""Event logs as COSEM shows them: compact arrays of records, each log's own (GBCS 18.2; ECS35a to ECS35e)."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from bench.gbcs.axdr import CompactArray, Data, TypeDescription, octets, structure, u16, u32
from bench.gbcs.dlms import zigbee_utc
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.logs import Entry
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

EVENT_LOG = attribute("7:0-0:99.98.0.255:2")
SECURITY_LOG = attribute("7:0-0:99.98.1.255:2")
POWER_LOG = attribute("7:0-0:99.98.4.255:2")
COMPACT_ARRAY = 0x13
U16, U32, OCTETS = 0x12, 0x06, 0x09


class DlmsLogs:
    """Connects the logs of a device: two of a hub, three of an electricity meter."""

    def __init__(self, device: "GbcsDevice") -> None:
        self._device = device
        selected = device.cosem.objects.selected
        selected[EVENT_LOG] = lambda start, end: self.event_log(start, end)  # noqa: PLW0108 - a defect may replace it
        selected[SECURITY_LOG] = lambda start, end: self.security_log(start, end)  # noqa: PLW0108
        selected[POWER_LOG] = lambda start, end: self.power_log(start, end)  # noqa: PLW0108

    @rule("R-EVT-005", "R-EVT-006c", "R-EVT-010", "R-HUB-018")
    def event_log(self, start: datetime, end: datetime) -> Data:
        """Return the entries of the event log in a range: time, code, other information (ECS35a, ECS35c)."""
        return events(between(self._device.logs.event, start, end))

    @rule("R-SEC-027", "R-EVT-005", "R-EVT-006c", "R-EVT-010", "R-HUB-018")
    def security_log(self, start: datetime, end: datetime) -> Data:
        """Return the entries of the security log in a range: time and code only (ECS35b, ECS35d)."""
        entries = between(self._device.logs.security, start, end)
        rows = [structure([u32(zigbee_utc(one.time)), u16(one.code)]) for one in entries]
        return compact([U32, U16], rows)

    @rule("R-EVT-005", "R-EVT-006c", "R-EVT-010")
    def power_log(self, start: datetime, end: datetime) -> Data:
        """Return the entries of the power event log in a range (ECS35e)."""
        entries = between(self._device.logs.power, start, end)
        rows = [structure([u32(zigbee_utc(one.time)), u16(one.code), u32(0)]) for one in entries]
        return compact([U32, U16, U32], rows)


def compact(tags: list[int], rows: list[Data]) -> Data:
    """Return rows of values of these types as a compact array."""
    element = TypeDescription(2, tuple(TypeDescription(tag) for tag in tags))
    return Data(COMPACT_ARRAY, CompactArray(element, rows))


def events(entries: Iterable[Entry]) -> Data:
    """Return entries of an event log as time, code, other information."""
    rows = [structure([u32(zigbee_utc(one.time)), u16(one.code), octets(one.other)]) for one in entries]
    return compact([U32, U16, OCTETS], rows)


def between(entries: Iterable[Entry], start: datetime, end: datetime) -> list[Entry]:
    """Return the entries of a log from one instant to another, both included."""
    return [entry for entry in entries if start <= entry.time <= end]
