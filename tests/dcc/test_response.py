"""Responses and alerts: built by a virtual DCC, parsed by the bench."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bench.dcc import (
    ChangeOfSupplier,
    CommandFailure,
    CSPFirmwareDeliveryStatus,
    DccAlert,
    DeviceAlert,
    DualBandCHAlert,
    DuisError,
    FutureDatedDeviceAlert,
    GbcsPayload,
    InstalledCertificate,
    LocalCommand,
    PowerOutageEvent,
    PreCommand,
    RequestId,
    Response,
    ResponseMessage,
    ScheduledMessage,
    SecurityCredentialsUpdated,
    ServiceRequest,
    Throttled,
)
from bench.dcc import bodies as b
from bench.dcc.document import new
from tests.dcc.parties import ESME, NOW, SUPPLIER

REQUEST = ServiceRequest.of(SUPPLIER, ESME, 1000, b.ArmSupply())
FROM_DEVICE = RequestId(ESME, SUPPLIER, 2000)
CERTIFICATE = InstalledCertificate(certificate_type="DigitalSigning", sha1=bytes(range(20)))

RESPONSES = {
    "acknowledgement": Response.acknowledge(REQUEST, NOW),
    "pre-command": Response.to(REQUEST, "I0", NOW, PreCommand(b"\xdf\x09")),
    "pre-command without version": Response.to(REQUEST, "I0", NOW, PreCommand(b"\xdf\x09", None)),
    "local command": Response.to(REQUEST, "I0", NOW, LocalCommand(b"\xdd\0")),
    "payload": Response.to(REQUEST, "I0", NOW, GbcsPayload(bytes(range(256)))),
    "future dated": Response.to(REQUEST, "I0", NOW, FutureDatedDeviceAlert(0x8F67, b"x", 2, 3)),
    "scheduled": Response.to(REQUEST, "I0", NOW, ScheduledMessage(b"x", "17")),
    "error with message": Response.to(REQUEST, "E65", NOW),
    "error without message": Response.to(REQUEST, "E062301", NOW, message=False),
    "error without identifiers": Response("E1", NOW),
    "device alert": Response("I0", NOW, DeviceAlert(0x8F36, b"alert"), None, FROM_DEVICE),
    "throttled alert": Response("I0", NOW, DeviceAlert(0x8F36, b"alert", Throttled("1", 7)), None, FROM_DEVICE),
    "not delivered": Response(
        "I0", NOW, DccAlert("N12", CommandFailure(request_id=str(REQUEST.request_id), device=ESME, schedule="12"))
    ),
    "outage": Response("I0", NOW, DccAlert("AD1", PowerOutageEvent(comms_hub=ESME, start=NOW, mpxn="1312345678333"))),
    "gained": Response("I0", NOW, DccAlert("N27", ChangeOfSupplier(request_id=str(REQUEST.request_id), mpxns=()))),
    "refused": Response(
        "I0",
        NOW,
        DccAlert(
            "N27", ChangeOfSupplier(request_id=str(REQUEST.request_id), error_code="E01", mpxns=()), Throttled("a", 2)
        ),
    ),
    "lost": Response(
        "I0", NOW, DccAlert("N27", ChangeOfSupplier(device=ESME, device_type="ESME", mpxns=("1312345678333",)))
    ),
    "image delivered": Response(
        "I0", NOW, DccAlert("N60", CSPFirmwareDeliveryStatus(hub=ESME, device=ESME, status="Success", payload=b"alert"))
    ),
    "sub-GHz": Response("I0", NOW, DccAlert("N54", DualBandCHAlert(hub=ESME, payload=b"alert"))),
    "updated": Response(
        "I0",
        NOW,
        DccAlert(
            "N42", SecurityCredentialsUpdated(device=ESME, role="Supplier", floor=0, certificates=(CERTIFICATE,) * 3)
        ),
    ),
}


@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES.keys())
def test_what_is_built_is_read(response: Response) -> None:
    assert Response.parse(bytes(response)) == response


def test_the_shape_of_a_pre_command_response() -> None:
    """Names and order as in the published schema."""
    names = [etree.QName(each).localname for each in RESPONSES["pre-command"].element().iter()]
    assert names == [
        "Response", "Header", "RequestID", "ResponseID", "ResponseCode", "ResponseDateTime", "Body", "ResponseMessage",
        "ServiceReference", "ServiceReferenceVariant", "PreCommand", "GBCSVersion", "GBCSPayload",
    ]  # fmt: skip
    assert RESPONSES["pre-command"].element().findtext(".//{*}ResponseID") == str(REQUEST.request_id.swapped)


def test_kinds() -> None:
    assert RESPONSES["acknowledgement"].is_acknowledgement and not RESPONSES["acknowledgement"].is_error
    assert RESPONSES["error without message"].is_error
    assert RESPONSES["device alert"].gbcs == b"alert"
    assert RESPONSES["future dated"].gbcs == b"x"
    assert RESPONSES["outage"].gbcs is None and RESPONSES["error without identifiers"].gbcs is None


def test_contents_not_typed_stay_elements() -> None:
    inventory = new("DSPInventory")
    response = Response.to(REQUEST, "I0", NOW, inventory)
    for _ in range(2):  # building does not use the element up
        body = Response.parse(bytes(response)).body
        assert isinstance(body, ResponseMessage) and isinstance(body.content, etree._Element)
    alert = Response.parse(bytes(Response("I0", NOW, DccAlert("N999", new("DUISVersionMismatch"))))).body
    assert isinstance(alert, DccAlert) and isinstance(alert.event, etree._Element)


def test_an_event_directly_in_the_alert_message() -> None:
    data = bytes(RESPONSES["outage"]).replace(b"<sr:DCCAlert>", b"").replace(b"</sr:DCCAlert>", b"")
    assert Response.parse(data) == RESPONSES["outage"]


MUTATIONS = [
    ("pre-command", b"<sr:ResponseCode>I0<", b"<sr:ResponseCode>OK<", "ResponseCode: 'OK'"),
    ("pre-command", b"3w", b"*", "GBCSPayload: not base64"),
    ("pre-command", b"GBCSPayload>", b"GBCSPayloads>", "PreCommand: GBCSPayload is missing, found GBCSPayloads"),
    ("pre-command", b"2026-11-20", b"2026-11-31", "ResponseDateTime"),
    ("pre-command", b"</sr:PreCommand>", b"</sr:PreCommand><sr:More/>", "ResponseMessage: 2 contents"),
    ("future dated", b">8F67<", b">8F6<", "AlertCode: '8F6'"),
    ("future dated", b">3<", b">300<", "TotalCommandInstructions: 300"),
    ("device alert", b"</sr:DeviceAlertMessage>", b"<sr:X/></sr:DeviceAlertMessage>", "unexpected element X"),
    ("throttled alert", b">7<", b">many<", "ThrottledAlertCount: 'many'"),
    ("outage", b">AD1<", b">N32<", "DCCAlertCode: 'N32'"),
    ("outage", b">AD1<", b">AD2<", "DCCAlertCode: 'AD2'"),
    ("outage", b"00-DB-12", b"00-DB-1", "CommsHubDeviceID"),
    ("outage", b"<sr:Body>", b"<sr:Body><sr:X/>", "Body: 2 elements"),
    (
        "updated",
        b"</sr:Certificate></sr:Sec",
        b"</sr:Certificate><sr:Certificate/></sr:Sec",
        "unexpected element Certificate",
    ),
    ("lost", b"<sr:DeviceID>00-DB-12-34-56-78-90-A0</sr:DeviceID>", b"", "either RequestID or DeviceID"),
]


@pytest.mark.parametrize(("kind", "old", "new_octets", "problem"), MUTATIONS, ids=[each[3] for each in MUTATIONS])
def test_bad_responses_are_named(kind: str, old: bytes, new_octets: bytes, problem: str) -> None:
    data = bytes(RESPONSES[kind])
    assert old in data
    with pytest.raises(DuisError, match=problem):
        Response.parse(data.replace(old, new_octets))


def test_what_cannot_be_built() -> None:
    for response in (
        Response("OK", NOW),
        Response("I0", NOW.replace(tzinfo=None)),
        Response("I0", NOW, DccAlert("N32", PowerOutageEvent(comms_hub=ESME, start=NOW))),
        Response("I0", NOW, DeviceAlert(0x18F36, b"")),
        Response.to(REQUEST, "I0", NOW, FutureDatedDeviceAlert(0x8F66, b"", 0, 1)),
    ):
        with pytest.raises(DuisError):
            bytes(response)


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 0xFFFF), st.integers(1, 255))
def test_payloads_survive(payload: bytes, code: int, number: int) -> None:
    response = Response.to(REQUEST, "I0", NOW, FutureDatedDeviceAlert(code, payload, number, number))
    assert Response.parse(bytes(response)) == response
