"""Service requests: against the public samples, and what is refused."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bench.dcc import CANCEL, DuisError, RequestId, ServiceRequest, service, services
from bench.dcc import bodies as b
from bench.dcc.record import read_date_time, write_date_time
from bench.gbcs.eui import Eui64
from tests.dcc.parties import ESME, SUPPLIER
from tests.rtds import DUIS, needs_duis

u64 = st.integers(0, (1 << 64) - 1)
eui = st.binary(min_size=8, max_size=8).map(Eui64)


def samples() -> list[Path]:
    return sorted(DUIS.glob("*.XML")) if DUIS is not None else []


def plain(text: str) -> str:
    """A text without what XML Schema does not count: leading zeros of numbers, the zone of dates, white space."""
    text = "".join(text.split()) if len(text) > 200 else text.strip()
    text = re.sub(r"(\d{4}-\d\d-\d\d)Z", r"\1", text)
    return str(int(text)) if re.fullmatch("[0-9]{1,2}", text) else text


def shape(element: etree._Element) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Names, texts and attributes of an element and all below it."""
    every = (each for each in element.iter() if isinstance(each.tag, str))
    return [(str(each.tag), plain(each.text or ""), sorted(map(tuple, each.attrib.items()))) for each in every]


@pytest.mark.rtds
@needs_duis
def test_every_sample_is_read_and_written_with_the_same_elements() -> None:
    typed = 0
    for path in samples():
        data = path.read_bytes()
        request = ServiceRequest.parse(data)
        request.check()
        original = [child for child in etree.fromstring(data) if "xmldsig" not in str(child.tag)]
        rebuilt = list(ServiceRequest.parse(bytes(request)).element())
        assert [shape(part) for part in original] == [shape(part) for part in rebuilt], path.name
        if isinstance(request.body, b.Body):
            typed += 1
            assert ServiceRequest.parse(bytes(request)) == request
    assert len(samples()) >= 224 and typed == len(samples())


@settings(deadline=None)
@given(eui, eui, u64)
def test_request_id_text(originator: Eui64, target: Eui64, counter: int) -> None:
    identifier = RequestId(originator, target, counter)
    assert RequestId.parse(str(identifier)) == identifier
    assert RequestId.parse(str(identifier).lower()) == identifier
    assert identifier.swapped.swapped == identifier


@pytest.mark.parametrize("text", [
    "", "a:b:c", "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0", "90B3D51F30010000:00-DB-12-34-56-78-90-A0:1",
    "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:01", "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:-1",
    "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:18446744073709551616",
    "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1:2", "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:+1",
    "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:\u0661"])  # fmt: skip
def test_bad_request_ids(text: str) -> None:
    with pytest.raises(DuisError, match=r"^RequestID"):
        RequestId.parse(text)


@settings(deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_date_times_keep_hundredths(moment: datetime) -> None:
    text = write_date_time(moment)
    assert len(text) == 23 and text.endswith("Z")
    assert read_date_time(text) == moment.replace(microsecond=moment.microsecond // 10000 * 10000)


def test_date_time_forms() -> None:
    assert read_date_time("2030-01-02T01:00:00+01:00") == datetime(2030, 1, 2, tzinfo=UTC)
    assert write_date_time(CANCEL) == "3000-12-31T00:00:00.00Z"
    for text in ("2030-01-02T00:00:00", "2030-13-02T00:00:00Z", "2030-01-02", "now", "2030-01-02T24:01:00Z"):
        with pytest.raises(ValueError):
            read_date_time(text)


def make(body: b.Body, **changes: int) -> ServiceRequest:
    return ServiceRequest.of(SUPPLIER, ESME, 1000, body, **changes)


def test_references_follow_from_the_body() -> None:
    request = make(b.ArmSupply())
    assert (request.service_reference, request.variant, request.command_variant, request.critical) == (
        "7.3",
        "7.3",
        4,
        True,
    )
    signed = request.signed(b"\xdf")
    signed.check()
    assert (signed.request_id, signed.command_variant) == (request.request_id, 5)
    assert ServiceRequest.parse(bytes(signed)).body == b.SignedPreCommand(payload=b"\xdf")


def test_check_names_what_does_not_fit() -> None:
    request = make(b.ArmSupply(), command_variant=1)
    with pytest.raises(DuisError, match=r"CommandVariant: 1, variant 7\.3 allows 4, 5, 6, 7"):
        request.check()
    with pytest.raises(DuisError, match="Body: ArmSupply, expected SignedPreCommand"):
        make(b.ArmSupply(), command_variant=5).check()
    odd = ServiceRequest(request.request_id, 4, "7.2", "7.3", b.ArmSupply())
    with pytest.raises(DuisError, match=r"ServiceReference: 7\.2"):
        odd.check()


def test_the_table_of_services() -> None:
    assert len(services()) == 129
    assert sum(each.critical for each in services()) == 37
    assert sum(each.non_device for each in services()) == 16
    assert service("6.23").future_dated == "DSP+Device"
    with pytest.raises(DuisError, match="does not exist"):
        service("99.9")


def test_sequence_fields() -> None:
    first = RequestId(SUPPLIER, ESME, 999)
    request = ServiceRequest(RequestId(SUPPLIER, ESME, 1000), 4, "7.3", "7.3", b.ArmSupply(), False, first)
    assert ServiceRequest.parse(bytes(request)) == request


MUTATIONS = [
    (b"<sr:CommandVariant>4<", b"<sr:CommandVariant>9<", "CommandVariant: '9'"),
    (b"<sr:ServiceReference>7.3</sr:ServiceReference>", b"", "Header: ServiceReference is missing"),
    (b"</sr:Header>", b"<sr:More/></sr:Header>", "Header: unexpected element More"),
    (b"</sr:Body>", b"<sr:ArmSupply/></sr:Body>", "Body: 2 elements"),
    (b"<sr:ArmSupply/>", b"", "Body: 0 elements"),
    (b"<sr:ArmSupply/>", b"<sr:ArmSupply><sr:X/></sr:ArmSupply>", "ArmSupply: unexpected element X"),
    (b' schemaVersion="5.4"', b"", "schemaVersion is missing"),
    (b"sr:Request", b"sr:Response", "element Response, expected Request"),
    (b"<sr:RequestID>", b"<sr:RequestID><sr:X/>", "RequestID: element X where text"),
    (b"<sr:Header>", b"<sr:Header><sr:FirstInSequence>maybe</sr:FirstInSequence>", "Header: RequestID is missing"),
]


@pytest.mark.parametrize(("old", "new", "problem"), MUTATIONS, ids=[each[2] for each in MUTATIONS])
def test_bad_requests_are_named(old: bytes, new: bytes, problem: str) -> None:
    data = bytes(make(b.ArmSupply()))
    assert old in data
    with pytest.raises(DuisError, match=problem.replace("(", r"\(")):
        ServiceRequest.parse(data.replace(old, new))


def period(start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> b.ReadLogPeriod:
    return b.ReadLogPeriod(start=start, end=datetime(2030, 1, 2, tzinfo=UTC))


def test_values_that_do_not_fit_are_named() -> None:
    for body, problem in (
        (b.SynchroniseClock(current=datetime(2030, 1, 1, tzinfo=UTC), tolerance=86401), "TolerancePeriod: 86401"),
        (b.ReadEventOrSecurityLog(period=period(), log="Everything"), "LogToRead: 'Everything'"),
        (
            b.ReadEventOrSecurityLog(period=period(datetime(2030, 1, 1)), log="Event"),
            "StartDateTime: date-time without",
        ),
        (b.DisplayMessage(message="x" * 117), "SupplierMessage"),
        (b.ActivateFirmware(firmware_hash=bytes(31)), "FirmwareHash: 31 octets, expected 32"),
        (b.RetrieveDeviceSecurityCredentialsKRP(roles=()), "RemotePartyRole is missing"),
    ):
        with pytest.raises(DuisError, match=problem):
            bytes(make(body))
    with pytest.raises(DuisError, match="0 of ImportMPANs, ImportMPRN, expected exactly one"):
        b.SetDeviceConfigurationImportMPxN()


def test_comments_do_not_cut_texts() -> None:
    data = bytes(make(b.SynchroniseClock(current=datetime(2030, 1, 1, tzinfo=UTC), tolerance=60)))
    request = ServiceRequest.parse(data.replace(b">60<", b">6<!-- here -->0<"))
    assert isinstance(request.body, b.SynchroniseClock) and request.body.tolerance == 60
