"""Decoding to names, without reference data: what is built here is read back by name."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.gbcs import crypto, dlms, names
from bench.gbcs.decode import decode
from bench.gbcs.dlms import AccessRequest, AccessResponse, Spec, long_invoke_id
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.gbz import Gbz, GbzAlert, GbzComponent
from bench.gbcs.keystore import Keystore
from bench.gbcs.message import Cra, Message
from bench.gbcs.text import lines, scalar
from tests.gbcs.parties import BROKER, METER, SUPPLIER, keys, keystore

AT = dlms.date_time(datetime(2030, 1, 15, 9, tzinfo=UTC))
INVOKE = long_invoke_id(1000)


def command(code: int, payload: bytes, **changes: Any) -> Message:
    return replace(Message(Cra.COMMAND, 1000, SUPPLIER, METER, code, payload), **changes)


def response(code: int, payload: bytes, **changes: Any) -> Message:
    return replace(Message(Cra.RESPONSE, 1000, METER, SUPPLIER, code, payload, signature=b""), **changes)


def alert(code: int, payload: bytes, **changes: Any) -> Message:
    return replace(Message(Cra.ALERT, 2000, METER, SUPPLIER, code, payload, signature=b""), **changes)


def test_access_request_is_named() -> None:
    selector = dlms.structure(
        [
            dlms.structure([dlms.u16(1), dlms.octets(bytes.fromhex("00005E2C64FF")), dlms.i8(2), dlms.u16(0)]),
            dlms.u32(0x38818890),
            dlms.u32(0xFFFFFFFF),
            dlms.array([]),
        ]
    )
    specs = [
        Spec(2, 113, bytes.fromhex("0000131404FF"), 6),
        Spec(3, 9, bytes.fromhex("00000A006AFF"), 1),
        Spec(4, 7, bytes.fromhex("0000636200FF"), 2, selector),
        Spec(1, 4711, bytes(6), 9),
    ]
    payload = bytes(AccessRequest(INVOKE, specs, [dlms.i32(7), dlms.u16(51), dlms.null(), dlms.null()]))
    found = decode(command(0x004F, payload))
    assert (found["kind"], found["use_case"], found["message_code"]) == ("pre-command", "ECS42", "004F")
    assert (found["originator"], found["counter"], found["roundtrip"]) == (str(SUPPLIER), 1000, True)
    assert (found["mac"], found["signature"], found["encrypted"], found["decrypted"]) == ("absent", "absent", 0, 0)
    charge, script, log, other = found["payload"]["items"]
    assert (charge["action"], charge["class_name"], charge["object_name"]) == ("set", "Charge", "Standing charge")
    assert charge["attribute_name"] == "unit charge passive"
    assert charge["value"] == {"type": "double-long", "value": 7}
    assert (script["object"], script["method_name"]) == ("0-0:10.0.106.255", "execute")
    assert (log["selection"]["from"], log["selection"]["to"]) == ("2030-01-15T09:00:00Z", "never")
    assert (other["class"], other["object"], other["attribute"]) == (4711, "0-0:0.0.0.0", 9)


def test_results_are_named() -> None:
    payload = bytes(AccessResponse(INVOKE, [dlms.octets(AT), dlms.null()], [(1, 0), (3, 250)]))
    good, bad = decode(response(0x0059, payload))["payload"]["items"]
    assert (good["result"], good["value"]["time"]) == ("success", "2030-01-15T09:00:00Z")
    assert (bad["action"], bad["result"], bad["result_code"]) == ("action", "other-reason", 250)


def sealed(plaintext: bytes, counter: int = 1000, recipient: Eui64 = SUPPLIER) -> bytes:
    secret = crypto.shared_secret(keys(METER).agreement, keys(recipient).agreement.public_key())
    return crypto.encrypt(plaintext, secret, METER, counter, recipient)


def protected_response(ciphered: bytes) -> bytes:
    item = dlms.protected_response(ciphered, dlms.ProtectionParameters(METER, SUPPLIER, 1000))
    return bytes(AccessResponse(INVOKE, [item], [(3, 0)]))


@pytest.mark.parametrize("holder", [METER, SUPPLIER])
def test_encrypted_attributes(holder: Eui64) -> None:
    message = response(0x0027, protected_response(sealed(bytes(dlms.structure([dlms.u32(10)])))))
    found = decode(message, keystore(holder))
    assert (found["encrypted"], found["decrypted"]) == (1, 1)
    assert found["payload"]["items"][0]["value"]["value"] == [
        {"name": "Import registers collection", "type": "double-long-unsigned", "value": 10}
    ]
    assert decode(message)["payload"]["items"][0]["decryption"] == "unknown"
    wrong = decode(replace(message, counter=1001), keystore(holder))
    assert (wrong["decryption"], wrong["encrypted"], wrong["decrypted"]) == ("invalid", 1, 0)


def test_encryption_for_an_unknown_remote_party() -> None:
    """The key comes from the supplementary party and the device's own counter, whatever the parameters say."""
    message = response(
        0x0034,
        protected_response(sealed(bytes(dlms.u8(9)), 77)),
        target=BROKER,
        supplementary_party=SUPPLIER,
        supplementary_counter=5,
        supplementary_originator_counter=77,
    )
    found = decode(message, keystore(SUPPLIER))
    assert found["decrypted"] == 1
    assert (found["supplementary_party"], found["supplementary_originator_counter"]) == (str(SUPPLIER), 77)


def test_encrypted_gbz_components() -> None:
    plain = bytes.fromhex("0000 00 25 393000000000 0140 86")
    components = [
        GbzComponent(2, 0x0702, 0x18, 0, 1, sealed(plain), frame_counter=0),
        GbzComponent(3, 0x0702, 0x18, 1, 1, sealed(b""), frame_counter=1),
    ]
    found = decode(response(0x0074, bytes(Gbz(components=components))), keystore(METER))
    assert (found["encrypted"], found["decrypted"]) == (2, 2)
    known, unknown = found["payload"]["components"][0]["attributes"]
    assert (known["attribute_name"], known["value"]) == ("Current Summation Delivered", 12345)
    assert (unknown["attribute"], unknown["status"]) == ("4001", "unsupported attribute")


def test_gbz_commands_are_named() -> None:
    components = [
        GbzComponent(0x10, 0x0705, 0x01, 0, 0x09, (5000000).to_bytes(4, "little"), from_date_time=0x38818890),
        GbzComponent(0, 0x0702, 0x00, 1, 0x00, bytes.fromhex("05021400")),
        GbzComponent(0, 0x0707, 0x09, 2, 0x02, bytes.fromhex("00000000 01000000 02000000 01 01010101010202")),
        GbzComponent(0, 0x0707, 0x09, 3, 0x03, bytes(13)),
        GbzComponent(1, 0x0700, 0x00, 4, 0x0B, bytes.fromhex("0400")),
    ]
    found = decode(command(0x006F, bytes(Gbz(components=components))))["payload"]["components"]
    assert found[0]["command_name"] == "Set Low Credit Warning Level"
    assert (found[0]["fields"], found[0]["from_date_time"]) == ({"level": 5000.0}, "2030-01-15T09:00:00Z")
    assert found[0]["units"] == {"level": {"unit": "p", "scaler": -3}}
    assert [one["attribute_name"] for one in found[1]["attributes"]] == [
        "Remaining Battery Life in Days",
        "Supply Status",
    ]
    assert found[2]["fields"]["days"] == [1, 1, 1, 1, 1, 2, 2]
    assert "note" in found[3]
    assert (found[4]["answered_command_name"], found[4]["status"]) == ("Publish Tariff Information", "success")


@pytest.mark.parametrize(
    ("code", "members", "expected"),
    [
        (0x1000, [], {}),
        (0x00F0, [dlms.octets(b"\0\5")], {"cause_name": "unexpected hardware reset"}),
        (0x00CE, [dlms.octets(bytes(32))], {"manufacturer_image_hash": "00" * 32}),
        (0x0067, [dlms.octets(AT), dlms.octets(AT)], {"outage_end": "2030-01-15T09:00:00Z"}),
        (0x0110, [dlms.octets(METER)], {"device": str(METER)}),
        (0x0120, [dlms.octets(bytes.fromhex("004F") + bytes(8))], {}),
        (0x0122, [dlms.u8(1), dlms.u8(50)], {"controller": 1, "level": 50}),
        (0x0123, [dlms.utf8('{"outputState": 1}')], {"report": {"outputState": 1}}),
        (0x0123, [dlms.utf8("{")], {"members": [{"type": "utf8-string", "value": "{"}]}),
        (0x0123, [dlms.utf8('{"a": NaN}')], {"members": [{"type": "utf8-string", "value": '{"a": NaN}'}]}),
        (0x0123, [dlms.utf8("[" * 9999)], {"members": [{"type": "utf8-string", "value": "[" * 9999}]}),
        (0x00D5, [dlms.octets(SUPPLIER + METER + b"\1" + bytes(8))], {}),
        (0x0111, [dlms.null()], {"members": [{"type": "null-data", "value": None}]}),
        (0x0018, [dlms.u8(1)], {"members": [{"type": "unsigned", "value": 1}]}),
    ],
)
def test_dlms_alerts(code: int, members: list[dlms.Data], expected: dict[str, Any]) -> None:
    found = decode(alert(code, bytes(dlms.alert(2000, 0x8F30, AT, members))))["payload"]
    assert found["alert_name"] == "Source Does not have Authority for Command"
    assert (found["alert_code"], found["time"]) == ("8F30", "2030-01-15T09:00:00Z")
    assert expected.items() <= found.items()


def test_future_dated_alerts_name_the_instruction() -> None:
    octets = bytes.fromhex("0019 00000000000003E8 0014 00000D0000FF 0A")
    found = decode(alert(0x00CC, bytes(dlms.alert(1, 0x8F66, AT, [dlms.octets(octets)]))))
    told = found["payload"]["instruction"]
    assert (told["use_case"], told["counter"], told["attribute"]) == ("ECS01a", 1000, 10)
    content = bytes.fromhex("0E 006B 00000000000003ED 0700 09 06")
    told = decode(alert(0x00CD, bytes(GbzAlert(0x8F66, 0x38818890, content))))["payload"]["instruction"]
    assert (told["use_case"], told["counter"], told["command_name"]) == ("GCS01a", 1005, "Publish Block Thresholds")


@pytest.mark.parametrize(
    ("cra", "code", "payload", "expected"),
    [
        (1, 0x000D, "3010 020100 0408 00AB1234567890A0 020105" + "", {"method": "methodAInitiator"}),
        (2, 0x000D, "02010B", {"response": "invalidOrMissingCertificate"}),
        (2, 0x000F, "020101", {"response": "notInDeviceLog"}),
        (1, 0x000F, "0408 00AB1234567890A0", {"other_device": str(METER)}),
        (1, 0x000A, "3004 03020780", {"key_usage": "digital signature"}),
        (2, 0x0012, "0500", {"outcome": "future dated or cancelled"}),
        (1, 0x0013, "0500", {}),
        (2, 0x0129, "3009 040401020304 020100", {"firmware_version": "01020304", "response": "success"}),
        (2, 0x000C, "3003 020100", {"certificate": {"damaged": True, "octets": 5, "der": "3003020100"}}),
    ],
)
def test_der_payloads(cra: int, code: int, payload: str, expected: dict[str, Any]) -> None:
    base = command(code, bytes.fromhex(payload), signature=b"")
    found = decode(replace(base, cra=Cra(cra)))
    assert expected.items() <= found["payload"].items()
    assert found["roundtrip"]


def test_der_of_another_form_is_still_shown() -> None:
    found = decode(response(0x000D, bytes.fromhex("3003020101")))
    assert "DER tag 30" in found["payload"]["note"]
    assert found["payload"]["element"]["elements"][0]["value"] == "01"
    assert decode(response(0x9999, bytes.fromhex("0500")))["use_case"] == "9999"


@pytest.mark.parametrize("payload", ["", "0109", "D9", "FF", "30", "01", "00"])
def test_bad_payloads(payload: str) -> None:
    with pytest.raises(GbcsError):
        decode(command(0x004F, bytes.fromhex(payload)))


STORE = keystore(METER, SUPPLIER, BROKER)
GENERATED = [
    bytes(crypto.add_mac(response(0x0027, protected_response(sealed(bytes(dlms.u8(1))))), bytes(32))),
    bytes(command(0x006F, bytes(Gbz(components=[GbzComponent(1, 0x0702, 0, 0, 0, bytes(4))])))),
    bytes(alert(0x00CC, bytes(dlms.alert(1, 0x8F66, AT, [dlms.octets(bytes(19))])))),
    bytes(alert(0x008B, bytes(GbzAlert(0x8F0A, 1, bytes(GbzComponent(3, 0x0702, 9, 0, 6, sealed(bytes(40)))))))),
    bytes(command(0x0102, bytes.fromhex("300D3007020104830203E830003000"))),
]


def survives(octets: bytes) -> None:
    try:
        found = decode(Message.parse(octets), STORE)
    except GbcsError as error:
        assert "\n" not in str(error)
        return
    json.dumps(found)
    assert all("\n" not in line for line in lines(found))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xdd" * 300)
def test_random_octets(octets: bytes) -> None:
    survives(octets)


@settings(deadline=None, max_examples=600)
@given(st.sampled_from(GENERATED), st.data())
def test_damaged_messages(octets: bytes, data: st.DataObject) -> None:
    damaged = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    survives(bytes(damaged))


@settings(deadline=None, max_examples=600)
@given(
    st.sampled_from([1, 2, 3]),
    st.sampled_from(sorted(names.message_codes())),
    st.sampled_from([b"\xd9\x20\0\0\0\0", b"\xda\x20\0\0\0\0\0", b"\x0f\x20\0\0\0\0\2", b"\1\x09\1", b"\x30", b""]),
    st.binary(max_size=120),
)
def test_random_payloads(cra: int, code: int, head: bytes, rest: bytes) -> None:
    survives(bytes(replace(command(code, head + rest, signature=b""), cra=Cra(cra))))


def test_deeply_nested_payloads() -> None:
    nested = b"\x0f\x20\0\0\0\0" + b"\1\1" * 20000
    survives(bytes(alert(0x1000, nested)))
    der = b"\x05\x00"
    for _ in range(3000):
        der = b"\x30\x83" + len(der).to_bytes(3, "big") + der
    survives(bytes(alert(0x1000, der)))


def test_tree_text() -> None:
    tree = {"kind": "command", "list": [1, 2], "none": [], "item": {"type": "unsigned", "value": 3}, "flag": True}
    assert list(lines(tree)) == ["kind: command", "list: 1, 2", "none: 0", "item: unsigned 3", "flag: yes"]
    assert scalar("a\x1b[2J\nb\udcff") == "a\\x1b[2J\\nb\\udcff"


def test_an_empty_keystore_changes_nothing() -> None:
    message = response(0x0059, bytes(AccessResponse(INVOKE, [], [])), mac=bytes(12))
    assert decode(message) == decode(message, Keystore())
