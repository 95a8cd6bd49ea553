"""A-XDR values, access services, date-times and protected attributes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gbcs import axdr, crypto, dlms
from bench.gbcs.axdr import CompactArray, Data, TypeDescription
from bench.gbcs.dlms import AccessRequest, AccessResponse, DataNotification, Spec
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from tests.gbcs.parties import METER, SUPPLIER

OBIS = bytes.fromhex("0000010000FF")


@pytest.mark.parametrize(
    ("data", "octets"),
    [
        (dlms.null(), "00"),
        (dlms.array([dlms.u8(1), dlms.u8(2)]), "0102 1101 1102"),
        (dlms.structure([]), "0200"),
        (dlms.boolean(True), "03FF"),
        (dlms.boolean(False), "0300"),
        (Data(3, 1), "0301"),
        (dlms.bits(b"\xe0", 3), "0403E0"),
        (dlms.i32(-2), "05FFFFFFFE"),
        (dlms.u32(0xFFFFFFFF), "06FFFFFFFF"),
        (dlms.octets(bytes(128)), "098180" + "00" * 128),
        (dlms.visible("ab"), "0A026162"),
        (dlms.utf8("£"), "0C02C2A3"),
        (dlms.i8(-1), "0FFF"),
        (dlms.i16(-1), "10FFFF"),
        (dlms.u8(255), "11FF"),
        (dlms.u16(0x8F30), "128F30"),
        (dlms.i64(-1), "14" + "FF" * 8),
        (dlms.u64(1), "150000000000000001"),
        (dlms.enum(30), "161E"),
        (Data(23, bytes.fromhex("3F800000")), "173F800000"),
        (Data(25, bytes(12)), "19" + "00" * 12),
    ],
)
def test_values(data: Data, octets: str) -> None:
    raw = bytes.fromhex(octets)
    assert dlms.encode(data) == bytes(data) == raw
    assert dlms.decode(raw) == (data, len(raw))
    assert dlms.decode(b"\xaa" + raw, 1) == (data, len(raw) + 1)
    for size in range(len(raw)):
        with pytest.raises(GbcsError):
            dlms.decode(raw[:size])


def test_compact_array() -> None:
    """The event log layout of ECS35a: rows of time, code and octet-string."""
    row = TypeDescription(2, (TypeDescription(6), TypeDescription(18), TypeDescription(9)))
    rows = [dlms.structure([dlms.u32(n), dlms.u16(0x8F30), dlms.octets(b"x" * n)]) for n in range(3)]
    data = Data(axdr.COMPACT_ARRAY, CompactArray(row, rows))
    raw = bytes(data)
    assert raw.startswith(bytes.fromhex("13 0203061209 18 00000000 8F30 00"))
    assert dlms.decode(raw) == (data, len(raw))
    nested = TypeDescription(2, (TypeDescription(1, (TypeDescription(17),), 2), TypeDescription(3)))
    data = Data(19, CompactArray(nested, [dlms.structure([dlms.array([dlms.u8(1), dlms.u8(2)]), dlms.boolean(True)])]))
    assert dlms.decode(bytes(data))[0] == data


@pytest.mark.parametrize(
    "octets",
    [
        "01" * 5000,
        "0101" * 5000,
        "0184FFFFFFFF",
        "0284FFFFFFFF00",
        "0984FFFFFFFF",
        "0484FFFFFFFF",
        "130002 0000",
        "13 01FFFF01FFFF01FFFF00 01 00",
        "1302000100",
        "13" + "0201" * 5000,
        "07",
        "1300",
        "09 85 01",
    ],
)
def test_hostile_values(octets: str) -> None:
    with pytest.raises(GbcsError):
        dlms.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("data", [dlms.u8(256), dlms.i8(-129), Data(99, 1), dlms.bits(b"", 1), Data(25, b"")])
def test_values_that_do_not_fit(data: Data) -> None:
    with pytest.raises(GbcsError):
        dlms.encode(data)


SCALARS = st.one_of(
    st.just(dlms.null()),
    st.booleans().map(dlms.boolean),
    st.integers(0, 255).map(dlms.u8),
    st.integers(-(1 << 31), (1 << 31) - 1).map(dlms.i32),
    st.binary(max_size=300).map(dlms.octets),
    st.text(max_size=20).map(dlms.utf8),
    st.binary(max_size=9).map(dlms.bits),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4).map(dlms.structure), max_leaves=20)


@settings(deadline=None)
@given(VALUES)
def test_any_value_round_trips(data: Data) -> None:
    assert axdr.decode_all(dlms.encode(data)) == data


def test_access_request_layout() -> None:
    specs = [Spec(1, 8, OBIS, 2), Spec(2, 8, OBIS, 9), Spec(3, 8, OBIS, 4), Spec(4, 7, OBIS, 2, dlms.structure([]))]
    request = AccessRequest(dlms.long_invoke_id(0x1_0000_03E8), specs, [dlms.null(), dlms.enum(5), dlms.i8(0)] * 1)
    request.data.append(dlms.null())
    raw = bytes(request)
    assert raw == bytes.fromhex(
        "D9 200003E8 00 04 01 0008 0000010000FF 02 02 0008 0000010000FF 09 03 0008 0000010000FF 04"
        "04 0007 0000010000FF 02 01 0200 04 00 1605 0F00 00"
    )
    assert AccessRequest.parse(raw) == request
    for size in range(len(raw)):
        with pytest.raises(GbcsError):
            AccessRequest.parse(raw[:size])


def test_access_response_and_notification() -> None:
    response = AccessResponse(dlms.long_invoke_id(1), [dlms.null(), dlms.u8(3)], [(2, 0), (1, 250)])
    assert bytes(response) == bytes.fromhex("DA 20000001 00 00 02 00 1103 02 0200 01FA")
    assert AccessResponse.parse(bytes(response)) == response
    alert = dlms.alert(2000, 0x8F30, dlms.date_time("now"), [dlms.u8(1)])
    assert bytes(alert) == bytes.fromhex("0F 200007D0 00 0203 128F30 090C 000000000000000000 8000FF 1101")
    assert DataNotification.parse(bytes(alert)) == alert


@pytest.mark.parametrize(
    "octets",
    ["DA2000000100", "D9200000010C", "D92000000100 01 05 0008 0000010000FF 02 00", "D92000000100 00 00 00", "0F"],
)
def test_bad_services(octets: str) -> None:
    with pytest.raises(GbcsError):
        AccessRequest.parse(bytes.fromhex(octets))


def test_date_times() -> None:
    at = datetime(2030, 1, 15, 9, tzinfo=UTC)
    assert dlms.date_time(at).hex().upper() == "07EE010FFF090000008000FF"
    assert dlms.date_time(at.astimezone(timezone(timedelta(hours=1)))) == dlms.date_time(at)
    assert dlms.parse_date_time(dlms.date_time(at)) == at
    assert dlms.date_time("now").hex() == "00" * 9 + "8000ff"
    assert dlms.date_time("never").hex() == "ff" * 9 + "8000ff"
    assert dlms.parse_date_time(dlms.date_time("now")) == "now"
    assert dlms.parse_date_time(dlms.date_time("never")) == "never"
    assert dlms.parse_date_time(bytes.fromhex("FFFFFE0107020000008000FF")) is None
    assert dlms.parse_date_time(bytes.fromhex("07EE010FFF090000FF003CFF")) == at + timedelta(hours=1)
    for bad in (b"", bytes.fromhex("07EE0D0FFF090000008000FF"), bytes.fromhex("07EE021EFF090000008000FF")):
        with pytest.raises(GbcsError):
            dlms.parse_date_time(bad)
    with pytest.raises(GbcsError):
        dlms.date_time(datetime(2030, 1, 1))


def test_zigbee_time() -> None:
    assert dlms.zigbee_utc(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert dlms.from_zigbee_utc(0x38818890) == datetime(2030, 1, 15, 9, tzinfo=UTC)
    assert dlms.zigbee_utc(dlms.from_zigbee_utc(0x38818890)) == 0x38818890
    for bad in (datetime(1999, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC), datetime(2020, 1, 1)):
        with pytest.raises(GbcsError):
            dlms.zigbee_utc(bad)


def test_protected_attributes() -> None:
    objects = [
        dlms.ProtectedObject(1, OBIS, 2),
        dlms.ProtectedObject(7, OBIS, 2, (dlms.date_time("now"), dlms.date_time("never"))),
    ]
    parameters = dlms.ProtectionParameters(SUPPLIER, METER, 1000)
    request = dlms.protected_request(objects, parameters)
    assert dlms.parse_protected_request(request) == (objects, parameters)
    assert bytes(request).endswith(bytes.fromhex("0900 0202 1602 0202 090102 0900"))
    secret = bytes(range(32))
    ciphered = crypto.encrypt(bytes(dlms.u8(9)), secret, METER, 1000, SUPPLIER)
    item = dlms.protected_response(ciphered, dlms.ProtectionParameters(METER, SUPPLIER, 1000))
    found, sealed = dlms.parse_protected_response(item)
    assert (found.originator, found.recipient) == (METER, SUPPLIER)
    assert crypto.decrypt(sealed, secret, METER, 1000, Eui64(SUPPLIER)) == bytes.fromhex("1109")
    for bad in (dlms.null(), dlms.structure([dlms.null(), dlms.null()]), dlms.array([])):
        with pytest.raises(GbcsError):
            dlms.parse_protected_request(bad)
        with pytest.raises(GbcsError):
            dlms.parse_protected_response(bad)
