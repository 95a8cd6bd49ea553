"""DUIS: service requests, responses and alerts as XML, their signature, and what they mean in GBCS."""

from bench.dcc.alerts import (
    EVENT_CODES,
    ChangeOfSupplier,
    CommandFailure,
    CSPFirmwareDeliveryStatus,
    DccAlert,
    DccEvent,
    DualBandCHAlert,
    InstalledCertificate,
    PowerOutageEvent,
    SecurityCredentialsUpdated,
    Throttled,
    UpdateHANDeviceLogResult,
)
from bench.dcc.correlate import correlate
from bench.dcc.document import NAMESPACE, SCHEMA_VERSION, parse_document, serialise
from bench.dcc.errors import CorrelationError, DuisError, SignatureError
from bench.dcc.payload import Device
from bench.dcc.record import CANCEL
from bench.dcc.request import RequestId, ServiceRequest
from bench.dcc.response import (
    ACKNOWLEDGED,
    SUCCESS,
    DeviceAlert,
    FutureDatedDeviceAlert,
    GbcsPayload,
    LocalCommand,
    PreCommand,
    Response,
    ResponseMessage,
    ScheduledMessage,
)
from bench.dcc.schema import Schemas
from bench.dcc.services import Service, service, service_of, services
from bench.dcc.signature import IssuerSerial, is_signed, sign_xml, signer, verify_xml
from bench.dcc.transform import candidates, transform, use_cases

__all__ = [
    "ACKNOWLEDGED",
    "CANCEL",
    "EVENT_CODES",
    "NAMESPACE",
    "SCHEMA_VERSION",
    "SUCCESS",
    "CSPFirmwareDeliveryStatus",
    "ChangeOfSupplier",
    "CommandFailure",
    "CorrelationError",
    "DccAlert",
    "DccEvent",
    "Device",
    "DeviceAlert",
    "DualBandCHAlert",
    "DuisError",
    "FutureDatedDeviceAlert",
    "GbcsPayload",
    "InstalledCertificate",
    "IssuerSerial",
    "LocalCommand",
    "PowerOutageEvent",
    "PreCommand",
    "RequestId",
    "Response",
    "ResponseMessage",
    "ScheduledMessage",
    "Schemas",
    "SecurityCredentialsUpdated",
    "Service",
    "ServiceRequest",
    "SignatureError",
    "Throttled",
    "UpdateHANDeviceLogResult",
    "candidates",
    "correlate",
    "is_signed",
    "parse_document",
    "serialise",
    "service",
    "service_of",
    "services",
    "sign_xml",
    "signer",
    "transform",
    "use_cases",
    "verify_xml",
]
