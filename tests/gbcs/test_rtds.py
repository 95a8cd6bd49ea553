"""Every message of the Reference Test Data Set: octets, MAC, signature, encryption, names."""

import csv
import json
import random
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.gbcs.check import check
from bench.gbcs.decode import decode
from bench.gbcs.errors import GbcsError
from bench.gbcs.keystore import Keystore
from bench.gbcs.message import Cra, Message
from tests.rtds import RTDS, messages, needs_rtds, pair, read

pytestmark = [needs_rtds, pytest.mark.rtds]

#: use cases with DLMS and GBZ encryption in their successful responses, and the alerts with encryption
ENCRYPTED = {
    "ECS17b",
    "ECS17d",
    "ECS17e",
    "ECS19",
    "ECS20b",
    "ECS20c",
    "ECS21a",
    "ECS21b",
    "ECS22b",
    "ECS66",
    "GCS13a",
    "GCS13b",
    "GCS13c",
    "GCS14",
    "GCS15b",
    "GCS15c",
    "GCS15d",
    "GCS16a",
    "GCS16b",
    "GCS17",
    "GCS18",
    "GCS61",
    "ECS68",
    "GCS53",
}


@cache
def store() -> Keystore:
    assert RTDS
    return Keystore.load(RTDS / "keystore")


@cache
def decoded() -> dict[Path, dict[str, Any]]:
    return {path: decode(Message.parse(read(path)), store()) for path in messages()}


def kind(path: Path) -> str:
    for part, name in (("_PRECOMMAND", "pre-command"), ("_COMMAND", "command"), ("_RESPONSE", "response")):
        if part in path.name:
            return name
    return "alert"


def test_every_envelope_round_trips() -> None:
    assert messages()
    for path in messages():
        octets = read(path)
        message = Message.parse(octets)
        assert bytes(message) == octets, path.name
        assert message.kind == kind(path), path.name


def test_every_payload_is_rebuilt_and_nothing_is_left_unnamed() -> None:
    for path, found in decoded().items():
        assert found["roundtrip"], path.name
        text = json.dumps(found)
        assert '"note"' not in text, path.name
        assert '"element"' not in text, path.name
        assert '"zcl_payload"' not in text, path.name


def test_every_mac_and_signature_verifies() -> None:
    for path, found in decoded().items():
        if kind(path) == "pre-command":
            assert (found["mac"], found["signature"]) == ("absent", "absent"), path.name
        elif path.name.startswith("PCS0"):
            assert (found["mac"], found["signature"]) == ("unknown", "absent"), path.name
        else:
            assert {found["mac"], found["signature"]} <= {"valid", "absent"}, path.name
            assert "valid" in (found["mac"], found["signature"]), path.name
            if found["kind"] != "command":
                assert "absent" in (found["mac"], found["signature"]), path.name


def test_every_encrypted_attribute_decrypts() -> None:
    for path, found in decoded().items():
        assert found["encrypted"] == found["decrypted"], path.name
        if found["use_case"] not in ENCRYPTED or kind(path) in ("command", "pre-command"):
            assert found["encrypted"] == 0, path.name
        elif "_ERROR" not in path.name and "_NOT_FOUND" not in path.name:
            assert found["encrypted"] > 0, path.name
    assert sum(found["encrypted"] for found in decoded().values()) > 0


def test_annotated_plaintexts() -> None:
    by_name = {path.name: found for path, found in decoded().items()}
    found = by_name.get("GCS13a_4.1.1_SUCCESS_RELIABLE_GSME_RESPONSE_GBCS.HEX")
    if found is not None:
        attributes = found["payload"]["components"][0]["attributes"]
        assert [one["value"] for one in attributes] == [1000, 1, 1, 12.345]
        assert (attributes[3]["unit"], attributes[3]["scaler"]) == ("m3", -3)
        assert attributes[3]["attribute_name"] == "Current Summation Delivered"
    found = by_name.get("ECS17b_4.1.1_SINGLE_SUCCESS_RESPONSE_GBCS.HEX")
    if found is not None:
        (rows,) = found["payload"]["items"][0]["value"]["value"]
        assert [one["value"] for one in rows["value"]][::2] == [0.01, 0.01]
        assert [one.get("unit") for one in rows["value"]] == ["kWh", None, "kvarh", None]


def test_responses_echo_their_commands() -> None:
    for path in messages():
        partner = pair(path)
        if kind(path) != "response" or partner is None:
            continue
        response, command = Message.parse(read(path)), Message.parse(read(partner))
        assert response.counter == command.counter, path.name
        assert (response.originator, response.target) == (command.target, command.originator), path.name
        assert response.message_code == command.message_code, path.name
        assert response.supplementary_party == command.supplementary_party, path.name
        assert response.supplementary_counter == command.supplementary_counter, path.name


def test_pre_commands_lead_their_commands() -> None:
    for path in messages():
        partner = pair(path)
        if kind(path) == "pre-command" and partner is not None:
            octets, command = read(path), Message.parse(read(partner))
            assert command.grouping_header + command.payload == octets, path.name


def test_codes_agree_with_the_use_case_list() -> None:
    assert RTDS
    table = RTDS.parent / "domain" / "usecases.csv"
    if not table.is_file():
        pytest.skip("no usecases.csv beside the data set")
    with table.open(encoding="utf-8") as file:
        rows = {f"{row['service_reference']}_{row['use_case_id']}": row for row in csv.DictReader(file)}
    for path, found in decoded().items():
        row = rows[path.parent.name]
        codes = {row["message_code"], *row["alert_message_codes"].split(";")}
        assert f"0x{found['message_code']}" in codes or "CS04B" in path.name, path.name
        if found["kind"] in ("command", "response") and "CS04B" not in path.name:
            assert row["use_case_id"].startswith(found["use_case"]), path.name


def protected(message: Message, octets: bytes) -> list[int]:
    """Places of the octets that a MAC or signature covers, or that are one."""
    header = len(octets) - len(message.grouping_header) - len(message.payload) - len(message.signature or b"") - 1
    start = header - len(message.mac or b"") if message.mac is not None else header + 1
    skip = {start - 1 + len(message.grouping_header) + len(message.payload)} if message.mac is None else set()
    return [place for place in range(start, len(octets)) if place not in skip]


def flip(octets: bytes, place: int, bit: int) -> bytes:
    flipped = bytearray(octets)
    flipped[place] ^= 1 << bit
    return bytes(flipped)


def detected(octets: bytes, place: int, bit: int) -> bool:
    """Whether the flip makes the message unreadable, or no longer valid in what covers the place."""
    before = check(Message.parse(octets), store())
    try:
        found = check(Message.parse(flip(octets, place, bit)), store())
    except GbcsError:
        return True
    if before.mac == "valid":
        return found.mac != "valid"
    return found.signature != "valid"


def test_a_flipped_bit_in_any_message_is_detected() -> None:
    chance = random.Random(7)
    for path in messages():
        octets = read(path)
        message = Message.parse(octets)
        if kind(path) == "pre-command" or "PCS0" in path.name:
            continue
        for place in chance.sample(protected(message, octets), 3):
            assert detected(octets, place, chance.randrange(8)), (path.name, place)


def spread() -> list[Path]:
    """One small message of every kind and protection."""
    found: dict[tuple[object, ...], Path] = {}
    for path in sorted(messages(), key=lambda path: path.stat().st_size):
        message = Message.parse(read(path))
        key = (message.kind, message.mac is None, bool(message.signature), message.supplementary_party is None)
        if message.kind != "pre-command" and "PCS0" not in path.name:
            found.setdefault(key, path)
    return list(found.values())


@pytest.mark.parametrize("path", spread(), ids=lambda path: path.stem)
def test_a_flipped_bit_in_any_octet_is_detected(path: Path) -> None:
    octets = read(path)
    for place in protected(Message.parse(octets), octets):
        assert detected(octets, place, place % 8), place


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_openssl_agrees_on_signatures(tmp_path: Path) -> None:
    signed = [path for path in messages() if Message.parse(read(path)).signature][::40]
    assert signed
    for path in signed:
        message = Message.parse(read(path))
        public = store().public_key(message.originator, "ds")
        assert public is not None
        assert message.signature
        r, s = (int.from_bytes(message.signature[at : at + 32], "big") for at in (0, 32))
        (tmp_path / "key").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        (tmp_path / "signature").write_bytes(encode_dss_signature(r, s))
        (tmp_path / "data").write_bytes(message.signed_octets)
        arguments = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "data"]
        assert subprocess.run(arguments, cwd=tmp_path, capture_output=True, check=False).returncode == 0, path.name


def test_alerts_have_code_name_and_time() -> None:
    for path, found in decoded().items():
        if kind(path) != "alert":
            continue
        body = found["payload"]
        assert not body["alert_name"].startswith("unknown"), path.name
        assert body.get("time", body.get("execution_time", "")).endswith("Z"), path.name


def test_kinds_and_protections_all_occur() -> None:
    counts = Counter(Message.parse(read(path)).cra for path in messages())
    assert min(counts[cra] for cra in Cra) > 0
