"""Responses and alerts from the DCC (DUIS 5.4): acknowledgement, synchronous and asynchronous results, alerts.

A virtual DCC builds them, the bench parses them; errors may come unsigned.
"""

import base64
import copy
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from lxml import etree

from bench.dcc.alerts import DccAlert, Throttled, read_throttled, write_throttled
from bench.dcc.document import SCHEMA_VERSION, add, children, expect, local, new, parse_document, serialise, text_of
from bench.dcc.errors import DuisError
from bench.dcc.record import BASE64, DATE_TIME, Codec, integer, string
from bench.dcc.request import Header, RequestId, ServiceRequest, schema_version
from bench.dcc.signature import NAMESPACE as SIGNATURE_NAMESPACE

ACKNOWLEDGED = "I99"  #: accepted, the result follows
SUCCESS = "I0"
GBCS_VERSION = "4.3"

_RESPONSE_CODE = re.compile(r"[IEW][0-9]{1,6}")
_ALERT_CODE = string(r"[0-9A-Fa-f]{4}")
_INSTRUCTION = integer(1, 255)


@dataclass(frozen=True, slots=True)
class GbcsPayload:
    """The device's response, as GBCS octets."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class PreCommand:
    """Result of a transform: the GBCS pre-command the user is to check and sign."""

    payload: bytes
    gbcs_version: str | None = GBCS_VERSION


@dataclass(frozen=True, slots=True)
class LocalCommand:
    """A whole GBCS command handed back for delivery by hand-held equipment."""

    payload: bytes
    gbcs_version: str | None = GBCS_VERSION


@dataclass(frozen=True, slots=True)
class FutureDatedDeviceAlert:
    """Outcome of one instruction of a future-dated command: 8F66 done, 8F67 failed."""

    alert_code: int
    payload: bytes
    instruction: int  #: 1..total
    total: int


@dataclass(frozen=True, slots=True)
class ScheduledMessage:
    """A device's response to what a DSP schedule asked."""

    payload: bytes
    schedule_id: str


Content = GbcsPayload | PreCommand | LocalCommand | FutureDatedDeviceAlert | ScheduledMessage | etree._Element


@dataclass(frozen=True, slots=True)
class ResponseMessage:
    """Result of a service request; `content` is None for acknowledgements and errors."""

    service_reference: str
    variant: str
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class DeviceAlert:
    """An alert from a device, as GBCS octets."""

    alert_code: int  #: u16, 0x8F36
    payload: bytes
    throttled: Throttled | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One document from the DCC, without its XML signature."""

    response_code: str  #: I0, I99, Exx, Wxx
    response_date_time: datetime  #: UTC
    body: ResponseMessage | DeviceAlert | DccAlert | etree._Element | None = None
    request_id: RequestId | None = None
    response_id: RequestId | None = None
    schema_version: str = SCHEMA_VERSION

    @classmethod
    def to(
        cls, request: ServiceRequest, code: str, at: datetime, content: Content | None = None, *, message: bool = True
    ) -> Self:
        """A response to a request: identifiers and references are the request's; errors may leave the message out."""
        body = ResponseMessage(request.service_reference, request.variant, content) if message else None
        return cls(code, at, body, request.request_id, request.request_id.swapped)

    @classmethod
    def acknowledge(cls, request: ServiceRequest, at: datetime) -> Self:
        """I99: accepted, the result follows."""
        return cls.to(request, ACKNOWLEDGED, at)

    @property
    def is_error(self) -> bool:
        """Whether the DCC refused or failed."""
        return self.response_code.startswith("E")

    @property
    def is_acknowledgement(self) -> bool:
        """Whether this only says that the request was accepted."""
        return self.response_code == ACKNOWLEDGED

    @property
    def gbcs(self) -> bytes | None:
        """The GBCS octets it carries, whatever the kind; None if there are none."""
        carrier = self.body.content if isinstance(self.body, ResponseMessage) else self.body
        payload = getattr(carrier, "payload", None)
        return payload if isinstance(payload, bytes) else None

    def element(self) -> etree._Element:
        """The Response element, unsigned."""
        if _RESPONSE_CODE.fullmatch(self.response_code) is None:
            raise DuisError(f"ResponseCode: {self.response_code!r}")
        root = new("Response", schemaVersion=self.schema_version)
        header = add(root, "Header")
        if self.request_id is not None:
            add(header, "RequestID", str(self.request_id))
        if self.response_id is not None:
            add(header, "ResponseID", str(self.response_id))
        add(header, "ResponseCode", self.response_code)
        add(header, "ResponseDateTime", _write("ResponseDateTime", DATE_TIME, self.response_date_time))
        body = add(root, "Body")
        if self.body is not None:
            body.append(_body_element(self.body))
        return root

    def __bytes__(self) -> bytes:
        """The document, unsigned; `sign_xml` signs it."""
        return serialise(self.element())

    @classmethod
    def parse(cls, document: bytes | etree._Element) -> Self:
        """Read a response or alert, signed or not. The signature is not verified: that is `verify_xml`."""
        root = expect(parse_document(document) if isinstance(document, bytes) else document, "Response")
        parts = [child for child in children(root) if not str(child.tag).startswith(f"{{{SIGNATURE_NAMESPACE}}}")]
        if [local(part) for part in parts] not in (["Header", "Body"], ["Header"]):
            raise DuisError(f"Response: elements {', '.join(map(local, parts)) or 'none'}, expected Header, Body")
        header = Header(parts[0])
        request_id, response_id = header.maybe("RequestID"), header.maybe("ResponseID")
        code = header.text("ResponseCode")
        if _RESPONSE_CODE.fullmatch(code) is None:
            raise DuisError(f"ResponseCode: {code[:40]!r}, expected I, E or W and digits")
        at = _read("ResponseDateTime", DATE_TIME, header.text("ResponseDateTime"))
        header.end()
        bodies = list(children(parts[1])) if len(parts) == 2 else []
        if len(bodies) > 1:
            raise DuisError(f"Body: {len(bodies)} elements, expected at most 1")
        return cls(
            code,
            at,
            _read_body(bodies[0]) if bodies else None,
            None if request_id is None else RequestId.parse(request_id),
            None if response_id is None else RequestId.parse(response_id),
            schema_version(root),
        )


def _body_element(body: ResponseMessage | DeviceAlert | DccAlert | etree._Element) -> etree._Element:
    if isinstance(body, DccAlert):
        return body.to_element()
    if isinstance(body, DeviceAlert):
        element = new("DeviceAlertMessage")
        add(element, "AlertCode", _write_alert_code(body.alert_code))
        write_throttled(element, body.throttled)
        _add_payload(element, body.payload)
        return element
    if not isinstance(body, ResponseMessage):
        return copy.deepcopy(body)
    element = new("ResponseMessage")
    add(element, "ServiceReference", body.service_reference)
    add(element, "ServiceReferenceVariant", body.variant)
    if body.content is not None:
        element.append(_content_element(body.content))
    return element


def _content_element(content: Content) -> etree._Element:
    match content:
        case GbcsPayload(payload):
            return new("GBCSPayload", _base64(payload))
        case PreCommand(payload, version) | LocalCommand(payload, version):
            element = new(type(content).__name__)
            if version is not None:
                add(element, "GBCSVersion", version)
            return _add_payload(element, payload)
        case FutureDatedDeviceAlert():
            element = new("FutureDatedDeviceAlertMessage")
            add(element, "FutureDatedAlertCode", _write_alert_code(content.alert_code))
            _add_payload(element, content.payload)
            add(element, "InstructionNumber", _write("InstructionNumber", _INSTRUCTION, content.instruction))
            add(element, "TotalCommandInstructions", _write("TotalCommandInstructions", _INSTRUCTION, content.total))
            return element
        case ScheduledMessage(payload, schedule_id):
            element = _add_payload(new("DSPScheduledMessage"), payload)
            add(element, "DSPScheduleID", schedule_id)
            return element
        case _:
            return copy.deepcopy(content)


def _read_body(element: etree._Element) -> ResponseMessage | DeviceAlert | DccAlert | etree._Element:
    rest = list(children(element))
    match local(element):
        case "ResponseMessage":
            reference = _next(element, rest, "ServiceReference")
            variant = _next(element, rest, "ServiceReferenceVariant")
            if len(rest) > 1:
                raise DuisError(f"ResponseMessage: {len(rest)} contents, expected at most 1")
            return ResponseMessage(reference, variant, _read_content(rest[0]) if rest else None)
        case "DeviceAlertMessage":
            code = _read_alert_code(_next(element, rest, "AlertCode"))
            throttled = read_throttled(rest)
            payload = _read("GBCSPayload", BASE64, _next(element, rest, "GBCSPayload"))
            _nothing_left(element, rest)
            return DeviceAlert(code, payload, throttled)
        case "DCCAlertMessage":
            return DccAlert.from_element(element)
        case _:
            return element


def _read_content(element: etree._Element) -> Content:
    name = local(element)
    if name == "GBCSPayload":
        return GbcsPayload(_read(name, BASE64, text_of(element)))
    rest = list(children(element))
    if name in ("PreCommand", "LocalCommand"):
        version = text_of(rest.pop(0)) if rest and local(rest[0]) == "GBCSVersion" else None
        payload = _read("GBCSPayload", BASE64, _next(element, rest, "GBCSPayload"))
        _nothing_left(element, rest)
        return PreCommand(payload, version) if name == "PreCommand" else LocalCommand(payload, version)
    if name == "FutureDatedDeviceAlertMessage":
        code = _read_alert_code(_next(element, rest, "FutureDatedAlertCode"))
        payload = _read("GBCSPayload", BASE64, _next(element, rest, "GBCSPayload"))
        number = _read("InstructionNumber", _INSTRUCTION, _next(element, rest, "InstructionNumber"))
        total = _read("TotalCommandInstructions", _INSTRUCTION, _next(element, rest, "TotalCommandInstructions"))
        _nothing_left(element, rest)
        return FutureDatedDeviceAlert(code, payload, number, total)
    if name == "DSPScheduledMessage":
        payload = _read("GBCSPayload", BASE64, _next(element, rest, "GBCSPayload"))
        schedule_id = _next(element, rest, "DSPScheduleID")
        _nothing_left(element, rest)
        return ScheduledMessage(payload, schedule_id)
    return element


def _next(parent: etree._Element, rest: list[etree._Element], name: str) -> str:
    if not rest or local(rest[0]) != name:
        raise DuisError(f"{local(parent)}: {name} is missing" + (f", found {local(rest[0])}" if rest else ""))
    return text_of(rest.pop(0))


def _nothing_left(parent: etree._Element, rest: list[etree._Element]) -> None:
    if rest:
        raise DuisError(f"{local(parent)}: unexpected element {local(rest[0])}")


def _read(name: str, codec: Codec, text: str) -> Any:
    try:
        return codec.read(text)
    except ValueError as problem:
        raise DuisError(f"{name}: {problem}") from None


def _write(name: str, codec: Codec, value: object) -> str:
    try:
        return codec.write(value)
    except (ValueError, TypeError, AttributeError) as problem:
        raise DuisError(f"{name}: {problem}") from None


def _read_alert_code(text: str) -> int:
    return int(_read("AlertCode", _ALERT_CODE, text), 16)


def _write_alert_code(code: int) -> str:
    return _write("AlertCode", _ALERT_CODE, f"{code:04X}")


def _base64(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


def _add_payload(element: etree._Element, payload: bytes) -> etree._Element:
    add(element, "GBCSPayload", _base64(payload))
    return element
