"""DCC alerts: code and typed event (DUIS 5.4). Events not typed here stay XML elements.

Names of the events and of the children of PowerOutageEvent come from the schema; the other children's names, and which
alert code goes with which event, are unverified and therefore only here.
"""
# ruff: noqa: RUF009 - one, maybe and many return dataclass fields

import copy
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from bench.dcc.document import add, children, local, new
from bench.dcc.errors import DuisError
from bench.dcc.record import (
    BASE64,
    COUNTER,
    DATE_TIME,
    EUI,
    FLOOR,
    MPXN,
    TEXT,
    Record,
    choice,
    hexadecimal,
    integer,
    many,
    maybe,
    one,
)
from bench.dcc.record import string as string_of
from bench.gbcs.eui import Eui64

_REQUEST_ID = string_of(r"[0-9A-Fa-f-]{23}:[0-9A-Fa-f-]{23}:[0-9]{1,20}")

#: DCC alert code -> event it carries; AD1 is by name, the others unverified
EVENT_CODES = {
    "AD1": "PowerOutageEvent",
    "N12": "CommandFailure",
    "N13": "CommandFailure",
    "N24": "UpdateHANDeviceLogResult",
    "N25": "UpdateHANDeviceLogResult",
    "N27": "ChangeOfSupplier",
    "N42": "SecurityCredentialsUpdated",
    "N53": "CommandFailure",
    "N54": "DualBandCHAlert",
    "N60": "CSPFirmwareDeliveryStatus",
    "N61": "CSPFirmwareDeliveryStatus",
}


class DccEvent(Record):
    """Base of what a DCC alert reports."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerOutageEvent(DccEvent):
    """AD1: a communications hub lost its supply; `start` is when (UTC)."""

    comms_hub: Eui64 = one("CommsHubDeviceID", EUI)
    start: datetime = one("StartDateTime", DATE_TIME)
    mpxn: str | None = maybe("MPxN", MPXN)


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandFailure(DccEvent):
    """N12: a command could not be delivered; N53: the hub says so of an ESME. N13: there is no answer in time."""

    request_id: str = one("CommandRequestID", _REQUEST_ID)
    device: Eui64 = one("DeviceID", EUI)
    schedule: str | None = maybe("DSPScheduleID", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeOfSupplier(DccEvent):
    """Outcome for the gaining supplier (its request, an error code of three characters) or news for the losing one."""

    request_id: str | None = maybe("RequestID", _REQUEST_ID)
    error_code: str | None = maybe("ECoSErrorCode", string_of(r".{3}"))
    device: Eui64 | None = maybe("DeviceID", EUI)
    device_type: str | None = maybe("DeviceType", TEXT)
    mpxns: tuple[str, ...] = many("MPxN", MPXN, at_least=0)

    def __post_init__(self) -> None:
        if (self.request_id is None) == (self.device is None):
            raise DuisError("ChangeOfSupplier: expected either RequestID or DeviceID")


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledCertificate(Record):
    """One certificate now on the device."""

    element = "Certificate"
    certificate_type: str = one("CertificateType", TEXT)
    sha1: bytes = one("CertificateHash", hexadecimal(20))


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityCredentialsUpdated(DccEvent):
    """A device holds new credentials for a role."""

    device: Eui64 = one("DeviceID", EUI)
    role: str = one("RemotePartyRole", TEXT)
    floor: int | None = maybe("RemotePartyFloorSeqNumber", FLOOR)
    top_up_floor: int | None = maybe("RemotePartyPrepaymentTopUpFloorSeqNumber", FLOOR)
    certificates: tuple[InstalledCertificate, ...] = many("Certificate", InstalledCertificate, at_most=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateHANDeviceLogResult(DccEvent):
    """What became of a change of a hub's device log: N24, the hub has confirmed it; N25, it has not in time."""

    hub: Eui64 = one("CHFDeviceID", EUI)
    device: Eui64 = one("DeviceID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class DualBandCHAlert(DccEvent):
    """N54: a hub told the broker something of its sub-GHz network; `payload` is the hub's alert."""

    hub: Eui64 = one("CHFDeviceID", EUI)
    payload: bytes = one("GBCSPayload", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class CSPFirmwareDeliveryStatus(DccEvent):
    """N60, N61: an image has been delivered to a device, or has not; `payload` is the alert of the hub, if any."""

    hub: Eui64 = one("CHFDeviceID", EUI)
    device: Eui64 = one("DeviceID", EUI)
    status: str = one("Status", choice("Success", "Failure"))
    payload: bytes | None = maybe("GBCSPayload", BASE64)


EVENTS: dict[str, type[DccEvent]] = {
    event.name(): event
    for event in (
        CSPFirmwareDeliveryStatus,
        ChangeOfSupplier,
        CommandFailure,
        DualBandCHAlert,
        PowerOutageEvent,
        SecurityCredentialsUpdated,
        UpdateHANDeviceLogResult,
    )
}
_CODE = string_of(r"AD1|N(?:[1-9]|[12][0-9]|3[013-9]|[45][0-9]|6[0-5]|999)")
_THROTTLE = (("ThrottledAlertSequenceId", TEXT), ("ThrottledAlertCount", integer(0, (1 << 63) - 1)))


@dataclass(frozen=True, slots=True)
class Throttled:
    """Alert storm protection: this alert stands for several."""

    sequence_id: str
    count: int


@dataclass(frozen=True, slots=True)
class DccAlert:
    """DCCAlertMessage: a code such as AD1 or N27, and the event."""

    code: str
    event: DccEvent | etree._Element
    throttled: Throttled | None = None

    def to_element(self) -> etree._Element:
        """The DCCAlertMessage element."""
        element = new("DCCAlertMessage")
        try:
            add(element, "DCCAlertCode", _CODE.write(self.code))
        except ValueError as problem:
            raise DuisError(f"DCCAlertCode: {problem}") from None
        write_throttled(element, self.throttled)
        event = self.event.to_element() if isinstance(self.event, DccEvent) else copy.deepcopy(self.event)
        add(element, "DCCAlert").append(event)
        return element

    @classmethod
    def from_element(cls, element: etree._Element) -> "DccAlert":
        """Read a DCCAlertMessage; the event may stand in DCCAlert or directly in the message."""
        rest = list(children(element))
        if not rest or local(rest[0]) != "DCCAlertCode":
            raise DuisError("DCCAlertMessage: DCCAlertCode is missing")
        try:
            code = str(_CODE.read((rest.pop(0).text or "").strip()))
        except ValueError as problem:
            raise DuisError(f"DCCAlertCode: {problem}") from None
        throttled = read_throttled(rest)
        if len(rest) == 1 and local(rest[0]) == "DCCAlert":
            rest = list(children(rest[0]))
        if len(rest) != 1:
            raise DuisError(f"DCCAlertMessage: {len(rest)} events, expected 1")
        known = EVENTS.get(local(rest[0]))
        return cls(code, rest[0] if known is None else known.from_element(rest[0]), throttled)


def write_throttled(element: etree._Element, throttled: Throttled | None) -> None:
    """Append the throttling fields, if any."""
    if throttled is not None:
        add(element, "ThrottledAlertSequenceId", throttled.sequence_id)
        add(element, "ThrottledAlertCount", COUNTER.write(throttled.count))


def read_throttled(rest: list[etree._Element]) -> Throttled | None:
    """Take the throttling fields, if they come next, off the list of children."""
    values: dict[str, str | int] = {}
    for name, codec in _THROTTLE:
        if rest and local(rest[0]) == name:
            try:
                values[name] = codec.read((rest.pop(0).text or "").strip())
            except ValueError as problem:
                raise DuisError(f"{name}: {problem}") from None
    if not values:
        return None
    return Throttled(str(values.get("ThrottledAlertSequenceId", "")), int(values.get("ThrottledAlertCount", 0)))
