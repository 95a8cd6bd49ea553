"""A pre-command that means anything but its request is refused, and the field is named."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from bench.dcc import CANCEL, CorrelationError, Device, DuisError, RequestId, ServiceRequest, correlate, transform
from bench.dcc import bodies as b
from bench.dcc.record import Record
from bench.gbcs import dlms
from bench.gbcs.dlms import AccessRequest, zigbee_utc
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Message
from tests.dcc.pairs import UNEQUAL, Pair, pairs
from tests.dcc.parties import ACB, ESME, GSME, NOW, SUPPLIER
from tests.rtds import needs_duis, needs_rtds

#: pairs that cannot be correlated: their request is another one, or the DCC alone knows what belongs there
PAIRS = [pair for pair in pairs() if pair.stem not in UNEQUAL and pair.request.variant != "8.12.1"]
CRITICAL = [pair for pair in PAIRS if pair.request.critical]
OTHERS = [pair for pair in PAIRS if not pair.request.critical and not pair.stem.startswith("CS03C")]
MADE = datetime(2015, 1, 1, tzinfo=UTC)  # when the messages of the reference data were made
START = datetime(2030, 1, 1, tzinfo=UTC)
PERIOD = b.ReadLogPeriod(start=START, end=START + timedelta(days=1))
PARTY = b.ReplacementCertificates(
    digital_signing=bytes.fromhex("300102"), key_agreement=bytes.fromhex("300103"), key_agreement_top_up=None
)
PATH = b.CertificationPath(certificates=(bytes.fromhex("300104"),))


def der(octet: int) -> bytes:
    """A short DER element in the place of a certificate."""
    return bytes((0x30, 3, 2, 1, octet))


UPDATE = b.UpdateSecurityCredentialsKRP(
    execute_at=START,
    role="Supplier",
    floor=7,
    top_up_floor=8,
    certificates=b.PartyCertificates(
        party=b.ReplacementCertificates(digital_signing=der(1), key_agreement=der(2), key_agreement_top_up=der(3))
    ),
    path=b.CertificationPath(certificates=(der(4),)),
    apply_time_checks=False,
)

#: one request per variant and device type, every optional child present
REQUESTS: list[tuple[b.Body, Device]] = [
    (b.SynchroniseClock(current=START, tolerance=60), Device.ESME),
    (b.SynchroniseClock(current=START, tolerance=60), Device.GSME),
    (b.CommissionDeviceSynchroniseClock(current=START, tolerance=60), Device.ESME),
    (UPDATE, Device.ESME),
    (replace(UPDATE, role="NetworkOperator", top_up_floor=None, execute_at=None), Device.ESME),
    (replace(UPDATE, role="LoadController", execute_at=CANCEL), Device.ESME),
    (b.EnableSupply(), Device.ESME),
    (b.DisableSupply(), Device.ESME),
    (b.DisableSupply(), Device.GSME),
    (b.ArmSupply(), Device.ESME),
    (b.ActivateFirmware(execute_at=START, firmware_hash=bytes(range(32))), Device.ESME),
    (b.IssueSecurityCredentials(credential_type="Digital Signature"), Device.ESME),
    (b.RetrieveDeviceSecurityCredentialsDevice(credential_type="Key Agreement"), Device.ESME),
    (b.ReadInstantaneousImportRegisters(), Device.ESME),
    (b.ReadInstantaneousImportRegisters(), Device.GSME),
    (b.ReadActiveImportProfileData(period=PERIOD), Device.ESME),
    (b.ReadActiveImportProfileData(period=PERIOD), Device.GSME),
    (b.ReadEventOrSecurityLog(period=PERIOD, log="Event"), Device.ESME),
    (b.ReadEventOrSecurityLog(period=PERIOD, log="Security"), Device.GSME),
    (b.ReadSupplyStatus(), Device.ESME),
    (b.ReadSupplyStatus(), Device.GSME),
    (b.ReadFirmwareVersion(), Device.ESME),
    (b.ReadFirmwareVersion(), Device.GSME),
    (b.DisplayMessage(message="Hello"), Device.ESME),
    (b.DisplayMessage(message="Hello"), Device.GSME),
    (b.SetDeviceConfigurationImportMPxN(mpans=b.ImportMPANs(primary="1312345678333")), Device.ESME),
    (b.SetDeviceConfigurationImportMPxN(mprn="1234567890"), Device.GSME),
]
IDS = [f"{body.name()} {device}" for body, device in REQUESTS]
TARGETS = {Device.ESME: ESME, Device.GSME: GSME}


def request_of(body: b.Body, device: Device) -> ServiceRequest:
    return ServiceRequest.of(SUPPLIER, TARGETS[device], 1000, body)


def transformed(request: ServiceRequest, device: Device) -> Message:
    (message,) = transform(request, device=device, acb=ACB, acb_counter=1300, at=NOW)
    return message


@pytest.mark.rtds
@needs_rtds
@needs_duis
@pytest.mark.parametrize("pair", PAIRS, ids=[pair.stem for pair in PAIRS])
def test_the_reference_data_correlate(pair: Pair) -> None:
    correlate(pair.request, pair.whole)


@pytest.mark.rtds
@needs_rtds
@needs_duis
@pytest.mark.parametrize("pair", CRITICAL, ids=[pair.stem for pair in CRITICAL])
def test_no_octet_of_a_reference_pre_command_can_change(pair: Pair) -> None:
    free = issuer_event(pair.core)
    for position in range(len(pair.core)):
        changed = bytearray(pair.core)
        changed[position] ^= 0x01 << position % 8
        if position in free:
            correlate(pair.request, bytes(changed))
        else:
            with pytest.raises(CorrelationError):
                correlate(pair.request, bytes(changed))


def issuer_event(core: bytes) -> range:
    """Where the only field of a gas command stands that the request does not determine, if it stands there once."""
    made = zigbee_utc(MADE).to_bytes(4, "little")
    return range(core.index(made), core.index(made) + 4) if core.count(made) == 1 else range(0)


@pytest.mark.rtds
@needs_rtds
@needs_duis
@pytest.mark.parametrize("pair", OTHERS, ids=[pair.stem for pair in OTHERS])
def test_no_octet_of_a_reference_command_can_change(pair: Pair) -> None:
    """Commands for local delivery too: every octet of the payload counts, but what the DCC makes up."""
    whole = bytes(replace(pair.message, mac=None, signature=b""))
    start = len(pair.message.grouping_header)
    free = {*issuer_event(pair.core)} | ({*range(len(pair.core) - 5, len(pair.core))} if "9.1" in pair.stem else set())
    step = max(1, len(pair.message.payload) // 200)
    for position in range(start, len(pair.core), step):
        if position in free:
            continue
        changed = bytearray(whole)
        changed[position] ^= 0x01 << position % 8
        with pytest.raises(CorrelationError):
            correlate(pair.request, bytes(changed))


#: elements that reach no message: held by the DCC, or of no use for this kind of meter or tariff
NOT_SENT = {
    "ExecutionDateTime": {"3.2", "4.1.1", "4.17", "6.5", "8.11", "8.9"},
    "ImportMPxN": {"6.23", "8.11"},
    "SecondaryImportMPAN": {"8.11"},
    "NumberOfThresholds": {"1.1.1"},
    "BlockThreshold@index": {"1.1.1"},
    "BlockThreshold": {"1.1.1"},  # of a gas meter with a time-of-use tariff
    "SupplierFloorSeqNumber": {"6.23"},  # of a cancelled change of supplier
    "SupplierPrepaymentTopUpFloorSeqNumber": {"6.23"},
    "StartDateTime": {"4.10"},  # a gas meter gives all it has recorded
    "EndDateTime": {"4.10"},
}


def mutated(element: etree._Element) -> Iterator[str]:
    """Change one text or attribute after the other; gives the name of what is changed while it is."""
    for each in element.iter():
        text = (each.text or "").strip()
        if text and len(each) == 0:
            for other in other_texts(text):
                each.text = other
                yield str(each.tag).partition("}")[2]
            each.text = text
        for name, value in each.attrib.items():
            each.set(name, str(int(value) % 5 + 1))
            yield f"{str(each.tag).partition('}')[2]}@{name!s}"
            each.set(name, value)


def other_texts(text: str) -> list[str]:
    """Texts of the same kind."""
    if text in OTHER_WORDS:
        return OTHER_WORDS[text]
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", text):
        return [text.replace("-01T", "-02T") if "-01T" in text else f"2029-11-23T10:30{text[16:]}"]
    if re.fullmatch(r"[0-9]+", text):
        digit = "1" if text[-1] != "1" else "2"
        return [text[:-1] + digit]
    if re.fullmatch(r"[0-9]{2}:[0-9]{2}:.*", text):
        return [("05" if text[:2] != "05" else "06") + text[2:]]
    if re.fullmatch(r"[0-9A-Fa-f-]{23}", text):
        return [("11" if text[-2:] != "11" else "12").join((text[:-2], ""))]
    return []


OTHER_WORDS = {
    "true": ["false"], "false": ["true"], "GBP": ["ECB"], "ECB": ["GBP"], "START": ["STOP"], "STOP": ["START"],
    "Monday": ["Sunday"], "Sunday": ["Monday"], "Enable": ["Disable"], "Disable": ["Enable", "Unchanged"],
    "Unchanged": ["Disable", "Locked"], "Locked": ["Unchanged"], "HOURLY": ["DAILY"], "DAILY": ["HOURLY"],
    "SixMonthly": ["Quarterly"], "Event": ["Security"], "Security": ["Event"], "winter": ["autumn"],
    "Digital Signature": ["Key Agreement"], "ESME": ["ALCS"], "ALCS": ["ESME"], "Add": [], "Remove": [],
}  # fmt: skip


@pytest.mark.rtds
@needs_rtds
@needs_duis
@pytest.mark.parametrize("pair", PAIRS, ids=[pair.stem for pair in PAIRS])
def test_every_field_of_a_sample_request_counts(pair: Pair) -> None:
    root = pair.request.element()
    whole = bytes(replace(pair.message, mac=None, signature=b"" if pair.message.signature is not None else None))
    body = root[1][0]
    for name in mutated(body):
        if pair.request.variant in NOT_SENT.get(name, set()) and not (
            name.startswith("BlockThreshold") and "TOU_SUCCESS" not in pair.stem
        ):
            continue
        try:
            changed = ServiceRequest.parse(root)
        except DuisError:
            continue
        if changed.body == pair.request.body:
            continue
        with pytest.raises(DuisError):
            correlate(changed, whole)
            pytest.fail(f"{name} was changed unnoticed: {etree.tostring(body)!r}")


@pytest.mark.parametrize(("body", "device"), REQUESTS, ids=IDS)
def test_what_the_transform_makes_correlates(body: b.Body, device: Device) -> None:
    request = request_of(body, device)
    message = transformed(request, device)
    correlate(request, bytes(message))
    if request.critical:
        correlate(request, bytes(message) + b"\0")  # appliances that append the signature length


def other(value: Any) -> Iterator[Any]:  # noqa: PLR0912
    """Values of the same kind that are not this one."""
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case datetime():
            yield from {value + timedelta(seconds=1), value + timedelta(hours=1), CANCEL} - {value}
        case bytes():
            yield value[:-1] + bytes((value[-1] ^ 1,))
        case tuple():
            for number, item in enumerate(value):
                for changed in other(item):
                    yield (*value[:number], changed, *value[number + 1 :])
            if len(value) > 1:
                yield from (value[::-1], value[:-1])
        case Record():
            yield from changed_bodies(value)
        case "Supplier" | "NetworkOperator" | "LoadController":
            yield from {"Supplier", "NetworkOperator", "LoadController"} - {value}
        case "Digital Signature" | "Key Agreement":
            yield from {"Digital Signature", "Key Agreement"} - {value}
        case "Event" | "Security":
            yield from {"Event", "Security", "ALCSEvent"} - {value}
        case str():
            yield value[:-1] + chr(ord(value[-1]) ^ 1)


def changed_bodies(body: Record) -> Iterator[Any]:
    """The body with one field changed, or left out where it may be."""
    for each in fields(body):  # type: ignore[arg-type]
        value = getattr(body, each.name)
        if value is not None and each.metadata["duis"].optional and each.name not in ("mpans", "mprn"):
            yield replace(body, **{each.name: None})  # type: ignore[type-var]
        for changed in other(value):
            yield replace(body, **{each.name: changed})  # type: ignore[type-var]


def samples(body: b.ReadActiveImportProfileData) -> int | None:
    """Half hours from an unchanged start, both ends included."""
    return (body.period.end - START) // timedelta(minutes=30) + 1 if body.period.start == START else None


@pytest.mark.parametrize(("body", "device"), REQUESTS, ids=IDS)
def test_every_field_of_the_request_counts(body: b.Body, device: Device) -> None:
    message = bytes(transformed(request_of(body, device), device))
    for changed in changed_bodies(body):
        if device is Device.GSME and isinstance(changed, b.ReadActiveImportProfileData) and samples(changed) == 49:
            continue  # a gas meter is asked for a number of half hours, not for an end to the second
        with pytest.raises(CorrelationError):
            correlate(request_of(changed, device), message)


@pytest.mark.parametrize(("body", "device"), REQUESTS, ids=IDS)
def test_every_octet_of_the_pre_command_counts(body: b.Body, device: Device) -> None:
    """No octet may change unless the request leaves it open, in which case the message still means the request."""
    request = request_of(body, device)
    message = transformed(request, device)
    core = message.grouping_header + message.payload
    issued = dlms.zigbee_utc(NOW).to_bytes(4, "little")
    start = core.find(issued) if device is Device.GSME else -1
    for position in range(len(core)):
        for bit in (0x01, 0x40):
            changed = bytearray(core)
            changed[position] ^= bit
            if start >= 0 and start <= position < start + 4:
                continue
            with pytest.raises(CorrelationError):
                correlate(request, bytes(changed))


def test_header_fields_are_named() -> None:
    request = request_of(b.ArmSupply(), Device.ESME)
    message = transformed(request, Device.ESME)
    for change, field in (
        ({"counter": 1001}, "originator counter"),
        ({"originator": ACB}, "originator"),
        ({"target": GSME}, "target"),
        ({"message_code": 0x0050}, "message code"),
        ({"supplementary_party": ACB, "supplementary_counter": 1}, "supplementary remote party"),
        ({"date_time": bytes(12)}, "date-time"),
        ({"signature": bytes(64)}, "signature"),
        ({"signature": b"", "mac": bytes(12)}, "MAC"),
    ):
        with pytest.raises(CorrelationError) as caught:
            correlate(request, bytes(replace(message, **change)))  # type: ignore[arg-type]
        assert caught.value.field == field and "\n" not in str(caught.value)
    with pytest.raises(CorrelationError, match=r"^originator counter: requested 1001, pre-command has 1000$"):
        correlate(replace(request, request_id=RequestId(SUPPLIER, ESME, 1001)), bytes(message))


def test_dlms_fields_are_named() -> None:
    request = request_of(b.ArmSupply(), Device.ESME)
    message = transformed(request, Device.ESME)
    apdu = AccessRequest.parse(message.payload)
    spec = apdu.specs[0]

    def seen(**changes: Any) -> CorrelationError:
        payload = bytes(replace(apdu, **changes))
        with pytest.raises(CorrelationError) as caught:
            correlate(request, bytes(replace(message, payload=payload)))
        return caught.value

    disable = seen(data=[dlms.u16(52)])
    assert (disable.field, disable.requested, disable.seen) == ("object 1 value", "54", "52")
    assert seen(data=[dlms.i16(54)]).field == "object 1 value type"
    assert seen(specs=[replace(spec, obis=bytes(6))]).field == "object 1"
    assert seen(specs=[replace(spec, choice=dlms.SET)]).field == "object 1 service"
    assert seen(specs=[spec, spec], data=[dlms.u16(54)] * 2).field == "number of objects"
    assert seen(invoke_id=0x200003E9).field == "invoke-id"


def test_order_counts() -> None:
    request = request_of(b.SynchroniseClock(current=START, tolerance=60), Device.ESME)
    message = transformed(request, Device.ESME)
    apdu = AccessRequest.parse(message.payload)
    swapped = replace(apdu, specs=apdu.specs[::-1], data=apdu.data[::-1])
    with pytest.raises(CorrelationError, match="object 1 service: requested set, pre-command has get"):
        correlate(request, bytes(replace(message, payload=bytes(swapped))))


def test_a_swapped_certificate_is_named() -> None:
    request = request_of(UPDATE, Device.ESME)
    message = bytes(transformed(request, Device.ESME))
    with pytest.raises(CorrelationError) as caught:
        correlate(request, message.replace(der(2), der(9)))
    assert caught.value.field == "replacements 2 certificate"


def test_what_is_not_known_is_not_passed() -> None:
    request = ServiceRequest.of(SUPPLIER, ESME, 1, b.ServiceOptOut())
    with pytest.raises(DuisError, match="meaning is not known") as caught:
        correlate(request, b"")
    assert not isinstance(caught.value, CorrelationError)
    arm = ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply())
    with pytest.raises(DuisError, match="meaning is not known"):
        correlate(arm.signed(b"\xdf"), b"\xdf")
    for octets in (b"", b"\xdf", bytes(100)):
        with pytest.raises(CorrelationError, match=r"^form"):
            correlate(arm, octets)


def test_local_commands_of_unknown_users() -> None:
    request = ServiceRequest.of(SUPPLIER, ESME, 1000, b.ReadInstantaneousImportRegisters())
    (message,) = transform(request, device=Device.ESME, acb=ACB, acb_counter=1300, known=False)
    correlate(request, bytes(message))
    with pytest.raises(CorrelationError, match="supplementary remote party counter"):
        correlate(request, bytes(replace(message, supplementary_counter=1001)))
    with pytest.raises(CorrelationError, match="supplementary remote party"):
        correlate(request, bytes(replace(message, supplementary_party=Eui64(bytes(8)))))
