"""Payload octets from shown values: every reference message is given back, changed values count, misfits are told."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from bench.gbcs import crypto, dlms
from bench.gbcs.decode import decode
from bench.gbcs.encode import encode
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.gbcs.message import Cra, Message
from tests.gbcs import parties
from tests.gbcs.parties import METER, SUPPLIER
from tests.rtds import RTDS, messages, needs_rtds, read

PLAIN = Keystore()


def store() -> Keystore:
    assert RTDS
    return Keystore.load(RTDS / "keystore")


def named(name: str) -> Message:
    found = [path for path in messages() if path.name.startswith(name)]
    if not found:
        pytest.skip(f"the data set has no {name}")
    return Message.parse(read(found[0]))


@needs_rtds
@pytest.mark.rtds
def test_every_message_is_built_again_from_its_json() -> None:
    """With and without keys on either side; where both have them, what was decrypted is encrypted anew."""
    keys = store()
    assert messages()
    for path in messages():
        message = Message.parse(read(path))
        for reader in (None, keys):
            shown = json.loads(json.dumps(decode(message, reader)))
            for writer in (None, keys):
                assert encode(shown, writer) == message.payload, path.name


@needs_rtds
@pytest.mark.rtds
def test_every_response_and_alert_is_built_without_the_ciphered_octets() -> None:
    keys = store()
    built = 0
    for path in messages():
        message = Message.parse(read(path))
        if message.cra is Cra.COMMAND:
            continue
        shown = decode(message, keys)
        if not shown["encrypted"]:
            continue
        parts = shown["payload"].get("items") or shown["payload"].get("components") or [shown["payload"]]
        for part in parts:
            part.pop("ciphered", None)
        assert encode(shown, keys) == message.payload, path.name
        with pytest.raises(GbcsError, match="ciphered"):
            encode(shown, PLAIN)
        built += 1
    assert built


@needs_rtds
@pytest.mark.rtds
def test_annotations_are_not_needed() -> None:
    """Names and readings may be dropped: numbers, octets and scaled values are enough."""
    dropped = {"name", "class_name", "object_name", "attribute_name", "method_name", "result", "event_name"}
    dropped |= {"cluster_name", "command_name", "use_case_name", "alert_name", "status", "text", "meaning", "date"}

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            table = "rows" in value
            return {
                key: one if key == "fields" or (table and key in ("rows", "row")) else bare(one)
                for key, one in value.items()
                if key not in dropped
            }
        return [bare(one) for one in value] if isinstance(value, list) else value

    for path in messages():
        message = Message.parse(read(path))
        assert encode(bare(decode(message))) == message.payload, path.name


@needs_rtds
@pytest.mark.rtds
def test_a_changed_reading_is_what_is_built() -> None:
    keys = store()
    message = named("ECS17b_4.1.1_SINGLE_SUCCESS_RESPONSE")
    shown = decode(message, keys)
    register = shown["payload"]["items"][0]["value"]["value"][0]["value"][0]
    assert (register["name"], register["value"], register["unit"]) == ("active import", 0.01, "kWh")
    register["value"] = 1234.567
    again = decode(replace(message, payload=encode(shown, keys)), keys)
    assert again["payload"]["items"][0]["value"]["value"][0]["value"][0]["value"] == 1234.567


@needs_rtds
@pytest.mark.rtds
def test_a_changed_row_is_what_is_built() -> None:
    message = named("ECS35a_6.13_SUCCESS_RESPONSE")
    shown = decode(message)
    log = shown["payload"]["items"][0]["value"]
    assert (log["rows"][0]["time"], log["rows"][0]["event"]) == ("2014-12-31T00:00:00Z", "8F01")
    del log["rows"][1:]
    log["rows"][0] |= {"time": "2030-01-15T09:00:00Z", "event": "8F3E", "other information": "AB"}
    assert bytes.fromhex("08 38818890 8F3E 01AB") in encode(shown)


MISFITS: list[tuple[list[Any], Any]] = [
    (["payload"], None),
    (["payload"], {}),
    (["payload", "service"], "unheard-of"),
    (["payload", "invoke_id"], "12"),
    (["payload", "items"], 7),
    (["payload", "items", 0], []),
    (["payload", "items", 0, "action"], ["get"]),
    (["payload", "items", 0, "result_code"], 256),
    (["payload", "items", 0, "value"], {"type": "long", "value": 1 << 40}),
    (["payload", "items", 0, "value"], {"type": "long", "value": 0.3, "scaler": -1, "unit": "V"}),
    (["payload", "items", 0, "value"], {"type": "long", "value": 0.34, "scaler": -1, "unit": "V"}),
    (["payload", "items", 0, "value"], {"type": "long", "value": float("nan"), "scaler": -1}),
    (["payload", "items", 0, "value"], {"type": "octet-string", "value": "zz"}),
    (["payload", "items", 0, "value"], {"type": "octet-string", "value": "4142", "text": "AC"}),
    (["payload", "items", 0, "value"], {"type": "octet-string"}),
    (["payload", "items", 0, "value"], {"type": "bit-string", "value": "012"}),
    (["payload", "items", 0, "value"], {"type": "compact-array", "row": {"type": "structure"}, "rows": [1]}),
    (["payload", "items", 0, "value"], {"type": "nonsense"}),
    (["message_code"], "xx"),
    (["kind"], {}),
]


@pytest.mark.parametrize(("place", "value"), MISFITS)
def test_misfits_are_told(place: list[Any], value: Any) -> None:
    shown: dict[str, Any] = {
        "kind": "response",
        "message_code": "0059",
        "payload": {
            "service": "access-response",
            "invoke_id": "200003E8",
            "items": [{"action": "get", "result_code": 0, "value": {"type": "octet-string", "value": "0123ABCD"}}],
        },
    }
    expected = bytes.fromhex("DA200003E8 00 00 01 09040123ABCD 010100")
    assert encode(shown) == expected
    changed = copy.deepcopy(shown)
    inner: Any = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    good = value == {"type": "long", "value": 0.3, "scaler": -1, "unit": "V"}
    if good:
        assert encode(changed) == bytes.fromhex("DA200003E8 00 00 01 100003 010100")
        return
    with pytest.raises(GbcsError) as told:
        encode(changed)
    assert "\n" not in str(told.value)


def test_der_length_forms_are_carried() -> None:
    """A length no form explains is shown with the tree and written as it was."""
    payload = bytes.fromhex("30830000040202 0100")
    message = Message(Cra.RESPONSE, 1, Eui64.of(1), Eui64.of(2), 0x0013, payload, signature=b"")
    shown = decode(message)
    assert shown["roundtrip"]
    assert shown["payload"]["element"]["length_octets"] == 3
    assert encode(shown) == payload


def test_times_the_text_does_not_tell_are_carried() -> None:
    """Found by fuzzing: a date-time whose seconds are not specified reads as one on the minute."""
    octets = bytes.fromhex("07DF0101FF0000FF008000FF")
    payload = bytes(dlms.alert(2000, 0x8F30, octets))
    shown = decode(Message(Cra.ALERT, 2000, Eui64.of(1), Eui64.of(2), 0x1000, payload, signature=b""))
    assert shown["roundtrip"]
    assert shown["payload"]["time_octets"] == octets.hex().upper()
    shown["payload"]["time"] = "2015-01-02T00:00:00Z"
    with pytest.raises(GbcsError, match="disagree"):
        encode(shown)
    del shown["payload"]["time_octets"]
    assert bytes.fromhex("07DF0102FF000000008000FF") in encode(shown)


def test_signing_and_mac_in_one_pass_are_those_of_two() -> None:
    keys = parties.keys(SUPPLIER)
    for payload in (b"\5\0", bytes(200), bytes(70000)[:60000]):
        message = Message(Cra.COMMAND, 7, SUPPLIER, METER, 0x0013, payload)
        signed = crypto.sign(message, keys.signing)
        assert crypto.protect(message, bytes(32)) == bytes(crypto.add_mac(message, bytes(32)))
        assert crypto.protect(message, bytes(32), keys.signing) == bytes(crypto.add_mac(signed, bytes(32)))
        assert crypto.protect(message, None, keys.signing) == bytes(signed)
