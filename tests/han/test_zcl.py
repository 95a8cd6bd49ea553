"""ZCL frames, data types, tunnelling payloads and names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.han import names, tunnelling, zcl
from bench.han.errors import HanError
from bench.han.octets import Octets
from bench.han.zcl_types import Value, is_invalid, read_value, value_octets


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("2506000000abcd", Value(0x25, 0xCDAB00000006)),
        ("2affffff", Value(0x2A, -1)),
        ("4103010203", Value(0x41, b"\1\2\3")),
        ("41ff", Value(0x41, None)),
        ("430300010203", Value(0x43, b"\1\2\3")),
        ("42054132434445", Value(0x42, b"A2CDE")),
        ("1001", Value(0x10, True)),
        ("10ff", Value(0x10, None)),
        ("e200000000", Value(0xE2, 0)),
        ("f04433221100 5f1500".replace(" ", ""), Value(0xF0, bytes.fromhex("00155f0011223344"))),
        ("482102000100ffff", Value(0x48, (0x21, [Value(0x21, 1), Value(0x21, 0xFFFF)]))),
        ("4c0200200121 0200".replace(" ", ""), Value(0x4C, [Value(0x20, 1), Value(0x21, 2)])),
        ("390000803f", Value(0x39, 1.0)),
        ("00", Value(0x00)),
    ],
)
def test_values(octets: str, value: Value) -> None:
    data = bytes.fromhex(octets)
    cursor = Octets(data, "value")
    assert read_value(cursor) == value
    assert not len(cursor)
    assert bytes((value.type,)) + value_octets(value) == data


def test_invalid_values() -> None:
    assert is_invalid(Value(0x21, 0xFFFF)) and not is_invalid(Value(0x21, 0xFFFE))
    assert is_invalid(Value(0x29, -32768)) and not is_invalid(Value(0x29, -1))
    assert is_invalid(Value(0x41)) and not is_invalid(Value(0x41, b""))


@given(st.binary(max_size=60))
def test_any_octets_are_a_value_or_han_error(data: bytes) -> None:
    cursor = Octets(data, "value")
    try:
        value = read_value(cursor)
    except HanError:
        return
    again = bytes((value.type,)) + value_octets(value)
    if isinstance(value.value, float) and math.isnan(value.value):
        return
    nested = value.type in (0x48, 0x4C, 0x50, 0x51)
    assert nested or again == data[: cursor.offset]
    value.plain()


@given(st.binary(max_size=60))
def test_any_frame_round_trips_or_raises_han_error(data: bytes) -> None:
    try:
        frame = zcl.ZclFrame.parse(data)
    except HanError:
        return
    assert bytes(frame) == data
    try:
        zcl.general_payload(frame)
        command = tunnelling.parse_tunnelling(frame)
    except HanError:
        return
    if command is not None:
        assert bytes(command) == frame.payload


def test_attributes_travel() -> None:
    attributes = (zcl.Attribute(0x0400, 0, Value(0x2A, -5)), zcl.Attribute(0x0999, 0x86))
    frame = zcl.ZclFrame.general(zcl.READ_RESPONSE, 4, zcl.read_response(attributes), from_server=True)
    assert bytes(frame).hex() == "080401" + "0004002afbffff" + "990986"
    assert zcl.parse_attributes(zcl.ZclFrame.parse(bytes(frame))) == attributes
    assert zcl.general_payload(frame) == {
        "attributes": [
            {"id": "0400", "type": "2A", "value": -5},
            {"id": "0999", "status": "unsupported attribute"},
        ]
    }


def test_default_response_and_configure_reporting() -> None:
    frame = zcl.ZclFrame.general(zcl.DEFAULT_RESPONSE, 1, zcl.default_response(2, 0x81))
    assert zcl.general_payload(frame) == {"command": "02", "status": "unsupported cluster command"}
    discrete = zcl.ZclFrame.general(0x06, 1, bytes.fromhex("001400300a003c00" + "0000042a0a003c00640000"))
    fields = zcl.general_payload(discrete)
    assert fields is not None
    assert [entry["id"] for entry in fields["attributes"]] == ["0014", "0400"]
    assert "change" not in fields["attributes"][0] and fields["attributes"][1]["change"] == 100


def test_gb_tunnel_request_octets() -> None:
    frame = tunnelling.RequestTunnel().frame(9)
    assert bytes(frame).hex() == "010900" + "06ffff00dc05"
    assert tunnelling.parse_tunnelling(frame) == tunnelling.RequestTunnel()
    answer = tunnelling.RequestTunnelResponse(1, 0).frame(9)
    assert bytes(answer).hex() == "090900" + "010000dc05"


def test_transfer_data_command_depends_on_direction() -> None:
    data = tunnelling.TransferData(1, b"\xdd")
    assert data.frame(1, from_server=False).command == 2
    assert data.frame(1, from_server=True).command == 1
    with pytest.raises(HanError, match="direction"):
        data.frame(1)
    with pytest.raises(HanError):
        tunnelling.RequestTunnel().frame(1, from_server=True)


ECS70 = bytes.fromhex(
    "dd000000000000401100000000df090100000000000000110890b3d51f300100000800155f0055667788000200620cd9200000000000"
    "000000000000000000000000000000000000"
)


def test_tunnel_data_forms() -> None:
    parse = tunnelling.TunnelData.parse
    assert parse(ECS70) == tunnelling.TunnelData("message", ECS70)
    assert parse(tunnelling.get()) == tunnelling.TunnelData("GET", None)
    assert parse(tunnelling.get_response()) == tunnelling.TunnelData("GET-RESPONSE", None, 0)
    assert parse(tunnelling.get_response(ECS70, 3)) == tunnelling.TunnelData("GET-RESPONSE", ECS70, 3)
    assert parse(tunnelling.put(ECS70)) == tunnelling.TunnelData("PUT", ECS70)
    for odd in (b"", b"\x02", b"\x01\x01", b"\x99"):
        assert parse(odd).gbcs is None and parse(odd).kind == "unknown"


def test_names() -> None:
    assert names.cluster_name(0x0702) == "Metering"
    assert names.cluster_name(0xABCD) == "cluster ABCD"
    assert names.command_name(0x0704, 1, from_server=False) == "CloseTunnel"
    assert names.command_name(0x0704, 1, from_server=True) == "TransferData"
    assert names.command_name(0x0705, 0x0B, from_server=False) == "SetMaximumCreditLimit"
    assert names.general_name(0x0A) == "ReportAttributes"
    assert (names.needs_link_key(0x0702), names.needs_link_key(0x000A), names.needs_link_key(0x0020)) == (
        True,
        False,
        None,
    )
