"""GBZ components, alerts and ZCL payloads by field list."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gbcs import names, zcl_payload
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import Gbz, GbzAlert, GbzComponent

EXAMPLES = [
    "0109 01 01 0702 0007 00 00 00 0502 1400",
    "0109 01 01 0702 000E 08 00 01 0502 00 21 6400 1400 00 30 02",
    "0109 02 10 0705 000B 38818890 01 02 09 404B4C00 01 0702 0003 00 03 00",
    "0109 01 03 0702 0018 00 01 18 00 01 0011 3100000000" + "AB" * 12,
    "0109 01 01 0702 0005 04 3412 00 00",
    "0109 00",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_round_trip_and_truncation(text: str) -> None:
    octets = bytes.fromhex(text)
    assert bytes(Gbz.parse(octets)) == octets
    for size in range(len(octets)):
        with pytest.raises(GbcsError):
            Gbz.parse(octets[:size])
    with pytest.raises(GbcsError):
        Gbz.parse(octets + b"\0")


def test_component_fields() -> None:
    first, second = Gbz.parse(bytes.fromhex(EXAMPLES[2])).components
    assert (first.from_date_time, first.cluster, first.tsn, first.command) == (0x38818890, 0x0705, 2, 9)
    assert first.payload == bytes.fromhex("404B4C00")
    assert (first.to_server, first.profile_wide, second.profile_wide) == (True, False, True)
    (sealed,) = Gbz.parse(bytes.fromhex(EXAMPLES[3])).components
    assert sealed.encrypted
    assert (sealed.frame_counter, sealed.frame_control, sealed.ciphered) == (1, 0x18, sealed.payload)
    (special,) = Gbz.parse(bytes.fromhex(EXAMPLES[4])).components
    assert (special.manufacturer, special.tsn, special.command) == (0x1234, 0, 0)


@pytest.mark.parametrize(
    "component",
    [
        GbzComponent(0x10, 0x0702, 0, 0, 0),
        GbzComponent(0x01, 0x0702, 0, 0, 0, from_date_time=1),
        GbzComponent(0x01, 0x0702, 0, 0, 0, bytes(70000)),
    ],
)
def test_components_that_contradict_themselves(component: GbzComponent) -> None:
    with pytest.raises(GbcsError):
        bytes(component)


@pytest.mark.parametrize(
    "text", ["0109 01 00 0702 0003 00 00 00", "0109 01 09 0702 0003 00 00 00", "0109 01 01 0702 0002 0000"]
)
def test_bad_components(text: str) -> None:
    with pytest.raises(GbcsError):
        Gbz.parse(bytes.fromhex(text))


@pytest.mark.parametrize(
    "text",
    ["0109 01 8F66 38818890 0E 006B 00000000000003ED 0700 09 06", "0109 00 8F30 00000001", "0109 00 8F30 00000001 AA"],
)
def test_alert(text: str) -> None:
    octets = bytes.fromhex(text)
    alert = GbzAlert.parse(octets)
    assert bytes(alert) == octets
    assert bytes(GbzAlert(0x8F30, 1)) == bytes.fromhex("0109 00 8F30 00000001")
    with pytest.raises(GbcsError):
        GbzAlert.parse(octets[:8])


def test_zcl_payload_with_groups() -> None:
    fields = "a:u16 n:u8 rows{x:u8 y:i16}*n week{d:u8}*2 name:str [extra:u8]"
    values: dict[str, Any] = {
        "a": 0x1234,
        "n": 1,
        "rows": [{"x": 1, "y": -2}],
        "week": [{"d": 3}, {"d": 4}],
        "name": b"ab",
    }
    octets = bytes.fromhex("3412 01 01 FEFF 03 04 02 6162")
    assert zcl_payload.encode(fields, values) == octets
    assert zcl_payload.decode(fields, octets) == values
    assert zcl_payload.decode(fields, octets + b"\x07") == values | {"extra": 7}
    for wrong in (octets[:-1], octets + b"\0\0", b""):
        with pytest.raises(GbcsError):
            zcl_payload.decode(fields, wrong)
    with pytest.raises(GbcsError):
        zcl_payload.encode(fields, values | {"a": 1 << 16})
    with pytest.raises(GbcsError):
        zcl_payload.encode(fields, {})


COMMANDS = sorted((key, command.fields) for key, command in names._zcl_commands().items())


@pytest.mark.parametrize(("key", "fields"), COMMANDS)
@settings(deadline=None)
@given(octets=st.binary(max_size=120))
def test_every_field_list_takes_any_octets(key: tuple[int, bool, int], fields: str, octets: bytes) -> None:
    try:
        values = zcl_payload.decode(fields, octets)
    except GbcsError:
        return
    if b"\xff" not in octets:  # FF is a second way to write an empty string
        assert zcl_payload.encode(fields, values) == octets


def test_attribute_types() -> None:
    assert zcl_payload.decode_attribute(0x25, bytes.fromhex("393000000000"), 0) == (12345, 6)
    assert zcl_payload.decode_attribute(0x2B, bytes.fromhex("FFFFFFFF"), 0) == (-1, 4)
    assert zcl_payload.decode_attribute(0x42, bytes.fromhex("026162"), 0) == (b"ab", 3)
    for kind, octets in ((0x25, "00"), (0x77, "00"), (0x41, "05AA"), (0x41, "")):
        with pytest.raises(GbcsError):
            zcl_payload.decode_attribute(kind, bytes.fromhex(octets), 0)
