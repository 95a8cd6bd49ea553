"""Envelope: every form is built, parsed and given back; what is wrong is named with its place."""

import subprocess
import sys
from dataclasses import replace

import pytest

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message, length_octets, read_length
from tests.gbcs.parties import METER, SUPPLIER

PAYLOAD = bytes.fromhex("D9200003E80001030009 00000A006AFF 01 01 120033")


def command(**changes: object) -> Message:
    return replace(Message(Cra.COMMAND, 1000, SUPPLIER, METER, 0x004F, PAYLOAD), **changes)  # type: ignore[arg-type]


FORMS = {
    "pre-command": command(),
    "pre-command with signature length": command(signature=b""),
    "signed pre-command": command(signature=bytes(range(64))),
    "command": command(signature=bytes(64), mac=bytes(12)),
    "non-critical command": command(signature=b"", mac=bytes(12)),
    "signed only command": command(message_code=0x0108, signature=bytes(64)),
    "response": command(cra=Cra.RESPONSE, date_time=bytes(12), signature=b"", mac=bytes(12)),
    "critical response": command(cra=Cra.RESPONSE, signature=bytes(64)),
    "alert": command(cra=Cra.ALERT, signature=bytes(64)),
    "party": command(cra=Cra.ALERT, supplementary_party=SUPPLIER, signature=bytes(64)),
    "counter": command(supplementary_party=SUPPLIER, supplementary_counter=7, signature=b"", mac=bytes(12)),
    "device counter": command(
        cra=Cra.RESPONSE,
        supplementary_party=SUPPLIER,
        supplementary_counter=7,
        supplementary_originator_counter=8,
        signature=b"",
        mac=bytes(12),
    ),
    "certificate": command(
        supplementary_party=SUPPLIER,
        supplementary_counter=7,
        supplementary_certificate=bytes(range(200)) * 2,
        signature=b"",
        mac=bytes(12),
    ),
    "long": command(payload=PAYLOAD * 100, signature=bytes(64), mac=bytes(12)),
    "empty payload": command(payload=b""),
}


@pytest.mark.parametrize("message", FORMS.values(), ids=FORMS)
def test_every_form_round_trips(message: Message) -> None:
    assert Message.parse(bytes(message)) == message
    assert bytes(Message.parse(memoryview(bytes(message)))) == bytes(message)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("pre-command", "pre-command"),
        ("pre-command with signature length", "pre-command"),
        ("signed pre-command", "signed pre-command"),
        ("command", "command"),
        ("signed only command", "command"),
        ("critical response", "response"),
        ("alert", "alert"),
    ],
)
def test_kind(form: str, kind: str) -> None:
    assert FORMS[form].kind == kind


def test_annotated_layout() -> None:
    """Octets of the annotated critical command of the facts, field by field."""
    octets = bytes(FORMS["command"])
    assert len(octets) == 146
    assert octets.startswith(bytes.fromhex("DD 000000000000 8189 11 00000000 DF 09 01 00000000000003E8 08"))
    header = FORMS["command"].grouping_header
    assert header[-5:] == bytes.fromhex("00 02 004F 15")
    assert FORMS["command"].signed_octets == header[1:] + PAYLOAD
    assert FORMS["command"].maced_octets == bytes.fromhex("110000000000") + header + PAYLOAD + b"\x40" + bytes(64)


@pytest.mark.parametrize("form", FORMS)
def test_every_truncation_is_refused_or_another_form(form: str) -> None:
    whole = bytes(FORMS[form])
    for size in range(len(whole)):
        try:
            shorter = Message.parse(whole[:size])
        except GbcsError as error:
            assert str(error)
        else:  # a command without its signature is a pre-command
            assert shorter.kind == "pre-command"
            assert bytes(shorter) == whole[:size]


@pytest.mark.parametrize("form", FORMS)
def test_octets_left_over_are_refused(form: str) -> None:
    with pytest.raises(GbcsError):
        Message.parse(bytes(FORMS[form]) + b"\0" * 3)


def patched(form: str, offset: int, octet: int) -> bytes:
    octets = bytearray(bytes(FORMS[form]))
    octets[offset] = octet
    return bytes(octets)


@pytest.mark.parametrize(
    ("octets", "place", "reason"),
    [
        (b"", 0, "empty"),
        (patched("pre-command", 0, 0xDE), 0, "expected DF"),
        (patched("pre-command", 1, 8), 1, "transaction-id length 8"),
        (patched("pre-command", 2, 4), 2, "CRA flag 04"),
        (patched("pre-command", 29, 7), 29, "date-time length 7, expected 0 or 12"),
        (patched("pre-command", 30, 9), 30, "other information of 9"),
        (patched("command", 1, 9), 1, "general-block-transfer"),
        (patched("command", 3, 1), 1, "not all empty"),
        (patched("command", 8, 0x88), 7, "136 more octets, there are 137"),
        (patched("command", 9, 0x31), 9, "security control"),
        (patched("signed pre-command", 55, 0x41), 55, "signature length 65"),
    ],
)
def test_errors_name_place_and_reason(octets: bytes, place: int, reason: str) -> None:
    with pytest.raises(GbcsError, match=reason) as caught:
        Message.parse(octets)
    assert caught.value.offset == place
    assert str(caught.value).startswith(f"at {place}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cra", [Cra.RESPONSE, Cra.ALERT])
def test_only_a_command_may_lack_the_signature_length(cra: Cra) -> None:
    with pytest.raises(GbcsError, match="signature length"):
        Message.parse(bytes(command(cra=cra)))


@pytest.mark.parametrize(
    "changes",
    [
        {"counter": -1},
        {"counter": 1 << 64},
        {"message_code": 0x10000},
        {"date_time": bytes(11)},
        {"signature": bytes(63)},
        {"signature": b"", "mac": bytes(11)},
        {"mac": bytes(12)},
        {"supplementary_counter": 1},
        {"supplementary_party": SUPPLIER, "supplementary_certificate": bytes(99)},
        {"supplementary_party": SUPPLIER, "supplementary_counter": 1, "supplementary_certificate": bytes(8)},
        {"payload": bytes(1 << 16)},
    ],
)
def test_what_no_message_can_hold_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(GbcsError):
        bytes(command(**changes))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255, 256, 65535])
def test_lengths(value: int) -> None:
    octets = length_octets(value)
    assert read_length(octets, 0) == (value, len(octets))


@pytest.mark.parametrize("octets", ["", "80", "81", "8105", "8200FF", "82FF", "83000001", "FF"])
def test_bad_lengths(octets: str) -> None:
    with pytest.raises(GbcsError):
        read_length(bytes.fromhex(octets), 0)


def test_eui64() -> None:
    eui = Eui64.of("00-DB-12-34-56-78-90-A0")
    assert str(eui) == "00-DB-12-34-56-78-90-A0"
    assert eui == Eui64.of("00db1234567890a0") == Eui64.of(0x00DB1234567890A0) == Eui64.of(bytes(eui))
    for bad in ("", "00DB", "zz" * 8, "00DB1234567890A0A0", -1, 1 << 64, b"1234567"):
        with pytest.raises(GbcsError):
            Eui64.of(bad)


def test_the_envelope_alone_loads_no_cryptography() -> None:
    script = "import sys, bench.gbcs.message; sys.exit('cryptography' in sys.modules or 'csv' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
