"""What devices on the ZCL side share: GBZ alerts, logs, clock status in answers, fields of commands as numbers."""

from datetime import datetime
from typing import Any

from bench.gbcs import names, zcl_payload
from bench.gbcs.axdr import Data
from bench.gbcs.gbz import GbzAlert, GbzComponent
from bench.gbcs.times import zigbee_utc
from rigs.virtual.device_clock import RELIABLE
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.logs import Entry
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import NOT_FOUND, Answer

METERING, PRICE, PREPAYMENT, CALENDAR, MANAGEMENT, EVENTS = 0x0702, 0x0700, 0x0705, 0x0707, 0x0708, 0x0709
MESSAGING = 0x0703
U8, U16, U24, U32, U48, I32 = 0x20, 0x21, 0x22, 0x23, 0x25, 0x2B
BITMAP8, BITMAP16, ENUM8, STRING = 0x18, 0x19, 0x30, 0x41
SIZES = {U8: 1, U16: 2, U24: 3, U32: 4, U48: 6, I32: 4, BITMAP8: 1, BITMAP16: 2, ENUM8: 1}
GET_LOG, PUBLISH_LOG, CLEAR_LOG, LOG_CLEARED = 0x00, 0x01, 0x01, 0x02
EVENT_LOG, SECURITY_LOG = 3, 4
CLEARED_EVENT_LOG = 0x08
EVENT_LOG_CLEARED = 0x8F52
NOW, NEVER, END_OF_TIME = 0x00000000, 0xFFFFFFFE, 0xFFFFFFFF
DOUBTFUL = 0x02  #: clock status of a time that is not to be relied on


class GbzDevice(GbcsDevice):
    """A device whose alerts and logs are ZCL."""

    @rule("R-ALT-007", "R-ALT-008")
    def alert_payload(self, code: int, at: datetime, extra: list[Data], counter: int) -> bytes:
        """Return the payload of an alert: code, time of the event, what the use case adds."""
        return bytes(GbzAlert(code, self.seconds(at), b"".join(one.value for one in extra)))

    @rule("R-TIM-019")
    def seconds(self, instant: datetime) -> int:
        """Return an instant as ZigBee counts it: seconds since the beginning of 2000."""
        return zigbee_utc(instant)

    @rule("R-RSP-010", "R-TIM-014")
    def clock_status(self) -> int:
        """Return 0 while the device trusts its clock, else "doubtful"."""
        return 0 if self.time.status == RELIABLE else DOUBTFUL

    def offer_logs(self) -> None:
        """Let the logs be read and the event log be cleared."""
        commands = self.zcl.objects.commands
        commands[EVENTS, True, GET_LOG] = lambda component: self.read_log(component)  # noqa: PLW0108 - for defects
        commands[EVENTS, True, CLEAR_LOG] = lambda component: self.clear_log(component)  # noqa: PLW0108

    @rule("R-EVT-006d", "R-EVT-010", "R-SEC-027", "R-RSP-015", "R-RSP-019", "R-TIM-018")
    def read_log(self, component: GbzComponent) -> Answer:
        """Return the entries of the event or security log in a range, both ends included (CS10a, CS10b)."""
        asked = values(component)
        number = asked["logId"] & 0x0F
        log = {EVENT_LOG: self.logs.event, SECURITY_LOG: self.logs.security}.get(number, ())
        entries = [one for one in log if asked["start"] <= zigbee_utc(one.time) <= asked["end"]]
        if not entries:
            return NOT_FOUND
        rows = [self.log_record(number, one) for one in entries]
        found = {"total": len(rows), "cmdIndex": 0, "nCommands": 1, "logControl": 0, "events": rows}
        return [(PUBLISH_LOG, made(EVENTS, False, PUBLISH_LOG, found))]

    @rule("R-EVT-006d", "R-EVT-006b", "R-SEC-027")
    def log_record(self, number: int, entry: Entry) -> dict[str, Any]:
        """Return one entry as CS10 shows it; security entries have no other information."""
        data = entry.other if number == EVENT_LOG else b""
        return {"logId": number, "eventId": entry.code, "time": self.seconds(entry.time), "data": data}

    @rule("R-EVT-002", "R-EVT-003", "R-GAS-019")
    def clear_log(self, component: GbzComponent) -> Answer:
        """Clear the event log, and no other (CS11)."""
        cleared = 0
        if values(component)["logId"] & 0x0F == EVENT_LOG:
            self.logs.event.clear()
            self.logs.add(self.logs.security, EVENT_LOG_CLEARED)
            cleared = CLEARED_EVENT_LOG
        return [(LOG_CLEARED, made(EVENTS, False, LOG_CLEARED, {"cleared": cleared}))]


def values(component: GbzComponent) -> dict[str, Any]:
    """Return the fields of a cluster command as numbers and octets, by their names in `bench.gbcs` tables."""
    known = names.zcl_command(component.cluster, component.to_server, component.command)
    return zcl_payload.decode(known.fields, component.payload) if known is not None else {}


def made(cluster: int, to_server: bool, command: int, fields: dict[str, Any]) -> bytes:
    """Return the payload of a cluster command from its fields as numbers and octets."""
    known = names.zcl_command(cluster, to_server, command)
    assert known is not None
    return zcl_payload.encode(known.fields, fields)


def little(kind: int, value: int) -> bytes:
    """Return a number as the octets of a ZCL type."""
    return value.to_bytes(SIZES[kind], "little", signed=kind == I32)


def text(value: bytes) -> bytes:
    """Return an octet string with its length."""
    return bytes((len(value),)) + value
