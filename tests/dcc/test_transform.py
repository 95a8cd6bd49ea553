"""The transform gives the octets of the Reference Test Data Set."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.dcc import CANCEL, Device, DuisError, ServiceRequest, transform
from bench.dcc import bodies as b
from bench.dcc.transform import candidates
from bench.gbcs.credentials import ProvideCredentials, UpdateCredentials
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Message
from tests.dcc.pairs import UNEQUAL, Pair, certificates, commands, pairs
from tests.dcc.parties import ACB, COS_PARTY, ESME, GSME, SUPPLIER, smki, supplier
from tests.rtds import needs_duis, needs_rtds

MADE = datetime(2015, 1, 1, tzinfo=UTC)  # when the messages of the reference data were made
PAIRS = pairs()


def made(request: ServiceRequest, device: Device, like: Message, **options: Any) -> Message:
    """The message the transform gives, with the originator's counter of the reference."""
    (message,) = transform(
        request,
        device=device,
        acb=ACB,
        acb_counter=like.counter if like.originator == ACB else None,
        cos_party=COS_PARTY,
        cos_counter=like.counter,
        known=like.originator != ACB,
        at=MADE,
        **options,
    )
    return message


@pytest.mark.rtds
@needs_rtds
@needs_duis
@pytest.mark.parametrize("pair", PAIRS, ids=[pair.stem for pair in PAIRS])
def test_octets_of_the_reference_data(pair: Pair) -> None:
    message = made(pair.request, pair.device, pair.message, **pair.options)
    same = message.grouping_header + message.payload == pair.core
    assert same != (pair.stem in UNEQUAL), UNEQUAL.get(pair.stem)
    assert message.mac is None
    if pair.request.critical and same:
        assert bytes(message) == pair.whole  # the pre-command file, octet for octet


@pytest.mark.rtds
@needs_rtds
@needs_duis
@pytest.mark.parametrize("pair", PAIRS, ids=[pair.stem for pair in PAIRS])
def test_what_decides_is_among_the_candidates(pair: Pair) -> None:
    options = {name: value for name, value in pair.options.items() if name not in ("use_case", "meter", "other")}
    counter = pair.message.counter
    found = candidates(
        pair.request,
        device=pair.device,
        acb=ACB,
        acb_counter=counter,
        cos_party=COS_PARTY,
        cos_counter=counter,
        known=pair.message.originator != ACB,
        at=MADE,
        **options,
    )
    cores = [message.grouping_header + message.payload for _, message in found]
    assert len(set(cores)) == len(cores) <= 2
    assert (pair.core in cores) != (pair.stem in UNEQUAL)


@pytest.mark.rtds
@needs_rtds
@needs_duis
def test_coverage() -> None:
    """Every sample that has its message is compared, and nearly all are equal."""
    assert len(PAIRS) >= 206 and len(UNEQUAL) <= 4
    assert {pair.stem for pair in PAIRS} >= set(UNEQUAL)


PERIOD = b.ReadLogPeriod(start=datetime(2014, 12, 31, tzinfo=UTC), end=datetime(2015, 1, 1, tzinfo=UTC))
HUB_PERIOD = replace(PERIOD, end=datetime(2014, 12, 31, 9, tzinfo=UTC))
AUXILIARY = replace(PERIOD, start=datetime(2014, 12, 15, tzinfo=UTC))
CLOCK = datetime(2015, 1, 1, 1, tzinfo=UTC)

#: messages that have no sample request: file stem, body
WITHOUT_SAMPLE: list[tuple[str, b.Body]] = [
    ("ECS10_3.1_ERROR", b.DisplayMessage(message="Reset")),
    ("ECS10_3.1_SUCCESS", b.DisplayMessage(message="Reset")),
    ("GCS07_3.1_ERROR", b.DisplayMessage(message="Reset")),
    ("ECS12_3.2_ERROR", b.RestrictAccessForChangeOfTenancy(restriction=datetime(2014, 3, 27, 15, 45, 32, tzinfo=UTC))),
    ("ECS17b_4.1.1_ERROR", b.ReadInstantaneousImportRegisters()),
    ("ECS22b_4.8.1_ERROR", b.ReadActiveImportProfileData(period=PERIOD)),
    ("ECS35a_6.13_ERROR", b.ReadEventOrSecurityLog(period=PERIOD, log="Event")),
    ("ECS35b_6.13_ERROR", b.ReadEventOrSecurityLog(period=PERIOD, log="Security")),
    ("ECS35d_6.13_ERROR", b.ReadEventOrSecurityLog(period=HUB_PERIOD, log="Security")),
    ("ECS35e_6.13_SUCCESS", b.ReadEventOrSecurityLog(period=PERIOD, log="PowerEvent")),
    ("ECS35g_6.13_ERROR", b.ReadEventOrSecurityLog(period=AUXILIARY, log="AuxiliaryControllerEvent")),
    ("ECS42_7.1_SUCCESS", b.EnableSupply()),
    ("ECS42_7.1_ERROR", b.EnableSupply()),
    ("ECS43_7.2_ERROR", b.DisableSupply()),
    ("ECS43_7.2_SUCCESS", b.DisableSupply()),
    ("ECS44_7.3_ERROR", b.ArmSupply()),
    ("ECS45_7.4_ERROR", b.ReadSupplyStatus()),
    ("GCS32_7.2_ERROR", b.DisableSupply()),
    ("GCS28_6.11_ERROR", b.SynchroniseClock(current=CLOCK, tolerance=3600)),
    ("CCS06_8.9_ERROR", b.ReadDeviceLog()),
    ("CCS07_8.9_ERROR", b.ReadDeviceLog(security_details=True)),
    ("CS07_8.9_ERROR", b.ReadDeviceLog()),
    ("ECS39b_6.20.2_ERROR", b.SetDeviceConfigurationExportMPAN(mpan="1312345678333")),
    ("CS02c_6.17_ERROR", b.IssueSecurityCredentials(credential_type="Key Agreement")),
]


@pytest.mark.rtds
@needs_rtds
@pytest.mark.parametrize(("stem", "body"), WITHOUT_SAMPLE, ids=[stem for stem, _ in WITHOUT_SAMPLE])
def test_octets_of_messages_without_sample(stem: str, body: b.Body) -> None:
    found = commands(stem)
    if not found:
        pytest.skip(f"{stem} is not in this copy of the reference data")
    like = Message.parse(found[0])
    user, counter = (
        (like.originator, like.counter)
        if like.supplementary_party is None
        else (like.supplementary_party, like.supplementary_counter or 0)
    )
    request = ServiceRequest.of(user, like.target, counter, body)
    device = Device({0xA0: "ESME", 0xA1: "GSME", 0xA2: "CHF"}[like.target[7]])
    message = made(request, device, like)
    assert message.grouping_header + message.payload == like.grouping_header + like.payload


@pytest.mark.rtds
@needs_rtds
@pytest.mark.parametrize("stem", [
    "CS02bSupplierBySupplier_6.15.1_FUTURE_DATED_ERROR", "CS02bSupplierBySupplier_6.15.1_IMMEDIATE_ERROR",
    "CS02gLoadControllerBySupplier_6.15.1_FUTURE_DATED_ERROR", "CS02gLoadControllerBySupplier_6.15.1_IMMEDIATE_ERROR",
])  # fmt: skip
def test_octets_of_credential_updates_without_sample(stem: str) -> None:
    whole = commands(stem)[0]
    like = Message.parse(whole)
    party, path = certificates(like)
    own = "SupplierBySupplier" in stem
    body = b.UpdateSecurityCredentialsKRP(
        execute_at=datetime(2030, 1, 15, tzinfo=UTC) if "FUTURE" in stem else None,
        role="Supplier" if own else "LoadController",
        floor=0,
        top_up_floor=0 if own else None,
        certificates=b.PartyCertificates(party=party),
        path=path,
        apply_time_checks=True,
    )
    message = made(ServiceRequest.of(SUPPLIER, ESME, like.counter, body), Device.ESME, like)
    assert bytes(message) == whole


def change_of_supplier(**changes: object) -> ServiceRequest:
    gaining = smki().party(smki().identities.gaining_supplier)
    from cryptography.hazmat.primitives.serialization import Encoding

    ders = [gaining.certificates[usage].public_bytes(Encoding.DER) for usage in ("ds", "ka", "pp-ka")]
    body = b.UpdateSecurityCredentialsCoS(
        supplier_floor=1000,
        top_up_floor=5 << 32,
        certificates=b.ReplacementCertificates(
            digital_signing=ders[0], key_agreement=ders[1], key_agreement_top_up=ders[2]
        ),
        path=b.CertificationPath(certificates=(smki().issuing.certificate.public_bytes(Encoding.DER),)),
        apply_time_checks=False,
        import_mpxn="1312345678333",
    )
    return ServiceRequest.of(gaining.eui, ESME, 77, replace(body, **changes))  # type: ignore[arg-type]


def test_change_of_supplier_is_the_cos_partys() -> None:
    (message,) = transform(change_of_supplier(), device=Device.ESME, acb=ACB, cos_party=COS_PARTY, cos_counter=6001)
    assert (message.originator, message.counter, message.signature) == (COS_PARTY, 6001, None)
    assert message.supplementary_party is None
    update = UpdateCredentials.parse(message.payload)
    assert (update.mode, update.authorising_seq, update.apply_time_checks) == (7, 6001, False)
    assert [(each.role, each.floor, list(each.specialist)) for each in update.other_party_changes] == [
        (2, 1000, [(0, 5 << 32)])
    ]
    assert bytes(update) == message.payload


def test_cancelled_change_of_supplier_changes_no_floor() -> None:
    request = change_of_supplier(execute_at=CANCEL)
    (message,) = transform(request, device=Device.GSME, acb=ACB, cos_party=COS_PARTY, cos_counter=6001)
    update = UpdateCredentials.parse(message.payload)
    assert (update.execution_time, list(update.other_party_changes)) == ("never", [])


def test_an_unknown_user_stands_behind_the_access_control_broker() -> None:
    request = ServiceRequest.of(SUPPLIER, ESME, 1000, b.ReadInstantaneousImportRegisters())
    certificate = bytes(range(200))
    (message,) = transform(
        request, device=Device.ESME, acb=ACB, acb_counter=1300, known=False, user_certificate=certificate
    )
    assert (message.originator, message.counter) == (ACB, 1300)
    assert (message.supplementary_party, message.supplementary_counter) == (SUPPLIER, 1000)
    assert message.supplementary_certificate == certificate and message.signature == b""
    assert b"\x04" + (1300).to_bytes(8, "big") + b"\x09\x08" + SUPPLIER in message.payload


def test_a_hub_is_read_through_the_access_control_broker() -> None:
    read = ServiceRequest.of(SUPPLIER, ESME, 7, b.ReadFirmwareVersion())
    (to_meter,) = transform(read, device=Device.ESME, acb=ACB, acb_counter=9)
    (to_hub,) = transform(read, device=Device.CHF, acb=ACB, acb_counter=9)
    assert (to_meter.originator, to_meter.counter, to_meter.supplementary_party) == (SUPPLIER, 7, None)
    assert (to_hub.originator, to_hub.counter) == (ACB, 9)
    assert (to_hub.supplementary_party, to_hub.supplementary_counter) == (SUPPLIER, 7)


def test_critical_commands_are_always_the_users() -> None:
    request = ServiceRequest.of(SUPPLIER, ESME, 1000, b.ArmSupply())
    (message,) = transform(request, device=Device.ESME, acb=ACB, acb_counter=1300, known=False)
    assert (message.originator, message.counter, message.signature) == (SUPPLIER, 1000, None)


def test_roles_decide_between_cs02a_and_cs02f() -> None:
    for roles, code in ((("Supplier",), 0x0008), (("Supplier", "LoadController"), 0x011B)):
        request = ServiceRequest.of(SUPPLIER, ESME, 1, b.RetrieveDeviceSecurityCredentialsKRP(roles=roles))
        (message,) = transform(request, device=Device.ESME, acb=ACB, acb_counter=1302)
        assert (message.message_code, message.originator, message.supplementary_party) == (code, ACB, None)
        assert len(ProvideCredentials.parse(message.payload).roles) == len(roles)


def test_what_cannot_be_transformed() -> None:
    arm = ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply())
    enable = ServiceRequest.of(SUPPLIER, ESME, 1, b.EnableSupply())
    signed = arm.signed(b"\xdf")
    message = ServiceRequest.of(SUPPLIER, GSME, 1, b.DisplayMessage(message="Hello"))
    log = ServiceRequest.of(SUPPLIER, ESME, 1, b.ReadDeviceLog())
    for request, device, problem in (
        (enable, Device.GSME, "EnableSupply .7.1.: no use case for GSME"),
        (signed, Device.ESME, "SignedPreCommand"),
        (replace(arm, body=arm.element()[1][0]), Device.ESME, "ArmSupply"),
        (message, Device.GSME, "at: this use case names the time"),
        (log, Device.CHF, "acb_counter: needed"),
        (change_of_supplier(), Device.ESME, "cos_party, cos_counter: needed"),
    ):
        with pytest.raises(DuisError, match=problem):
            transform(request, device=device, acb=ACB)


def test_the_invoke_id_is_the_low_part_of_the_counter() -> None:
    counter = (3 << 32) + 0x1234567
    (message,) = transform(
        ServiceRequest.of(SUPPLIER, ESME, counter, b.ReadSupplyStatus()), device=Device.ESME, acb=ACB
    )
    assert message.payload[1:5].hex() == "20234567"


def test_the_clock_window_ends_after_the_tolerance() -> None:
    at = datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC)
    body = b.SynchroniseClock(current=at, tolerance=60)
    (message,) = transform(ServiceRequest.of(SUPPLIER, GSME, 1, body), device=Device.GSME, acb=ACB)
    assert message.payload[4:19] == b"20261231235930Z"
    assert message.payload[21:36] == (at + timedelta(seconds=60)).strftime("%Y%m%d%H%M%SZ").encode()


def test_messages_can_be_signed_and_maced() -> None:
    from bench.gbcs import add_mac, sign, verify_mac, verify_signature

    device = smki().device(Eui64(ESME))
    (message,) = transform(ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply()), device=Device.ESME, acb=ACB)
    signed = sign(message, supplier().private_keys["ds"])
    with smki().keystore() as store:
        secret = store.secret(ACB, device.eui)
    assert secret is not None
    command = Message.parse(bytes(add_mac(signed, secret)))
    assert command.kind == "command" and verify_mac(command, secret)
    assert verify_signature(command, supplier().private_keys["ds"].public_key())
