"""`bench decode`: inputs, outputs, exit codes."""

import base64
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bench.gbcs import crypto, dlms
from bench.gbcs.decode_command import run
from bench.gbcs.dlms import AccessRequest, Spec, long_invoke_id
from bench.gbcs.message import Cra, Message
from tests.gbcs.parties import BROKER, METER, SUPPLIER, keys
from tests.rtds import RTDS, needs_rtds

PAYLOAD = bytes(AccessRequest(long_invoke_id(7), [Spec(3, 9, bytes.fromhex("00000A006AFF"), 1)], [dlms.u16(51)]))
PLAIN = Message(Cra.COMMAND, 7, SUPPLIER, METER, 0x004F, PAYLOAD)
SIGNED = crypto.sign(PLAIN, keys(SUPPLIER).signing)
COMMAND = crypto.add_mac(SIGNED, crypto.shared_secret(keys(BROKER).agreement, keys(METER).agreement.public_key()))


def decoded(*paths: Path | str, keys: Path | None = None, acb: str | None = None) -> tuple[int, list[dict[str, Any]]]:
    out = io.StringIO()
    code = run([str(path) for path in paths], keys, acb, True, out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    public = keys(METER).agreement.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{METER.hex()}-ka.pem").write_bytes(public)
    private = keys(BROKER).agreement.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{BROKER.hex()}-ka.key").write_bytes(private)
    public = keys(SUPPLIER).signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{SUPPLIER.hex()}-ds.pem").write_bytes(public)
    return folder


HEX = bytes(COMMAND).hex()
WRAPPED = "\r\n".join(HEX[at : at + 31] for at in range(0, len(HEX), 31))


@pytest.mark.parametrize(
    "content",
    [
        HEX.encode(),
        HEX.upper().encode() + b"\n",
        b"\n  " + WRAPPED.encode() + b"\n\n",
        b"0x" + HEX.encode(),
        b"\xef\xbb\xbf" + HEX.encode(),
        " ".join(HEX[at : at + 2] for at in range(0, len(HEX), 2)).encode(),
        base64.b64encode(bytes(COMMAND)),
        base64.encodebytes(bytes(COMMAND)),
        bytes(COMMAND),
    ],
    ids=["hex", "upper", "wrapped", "0x", "bom", "spaced", "base64", "base64 lines", "binary"],
)
def test_every_input_form(tmp_path: Path, keystore: Path, content: bytes) -> None:
    path = tmp_path / "message"
    path.write_bytes(content)
    code, (entry,) = decoded(path, keys=keystore)
    assert code == 0
    assert (entry["file"], entry["kind"], entry["use_case"]) == (str(path), "command", "ECS42")
    assert (entry["message_code"], entry["originator"], entry["target"]) == ("004F", str(SUPPLIER), str(METER))
    assert (entry["counter"], entry["mac"], entry["signature"]) == (7, "valid", "valid")
    assert (entry["encrypted"], entry["decrypted"], entry["roundtrip"]) == (0, 0, True)
    assert entry["payload"]["items"][0]["object_name"] == "Load switch scripts"


def test_without_keys_nothing_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(HEX)
    code, (entry,) = decoded(tmp_path / "m")
    assert (code, entry["mac"], entry["signature"]) == (0, "unknown", "unknown")


def test_the_broker_given_by_name(tmp_path: Path, keystore: Path) -> None:
    (tmp_path / "m").write_text(HEX)
    assert decoded(tmp_path / "m", keys=keystore, acb=str(BROKER))[1][0]["mac"] == "valid"
    assert decoded(tmp_path / "m", keys=keystore, acb="00-00-00-00-00-00-00-01")[1][0]["mac"] == "unknown"


def test_invalid_is_a_failure(tmp_path: Path, keystore: Path) -> None:
    (tmp_path / "m").write_bytes(bytes(replace(COMMAND, mac=bytes(12))))
    code, (entry,) = decoded(tmp_path / "m", keys=keystore)
    assert (code, entry["mac"], entry["signature"]) == (1, "invalid", "valid")
    (tmp_path / "m").write_bytes(bytes(replace(SIGNED, counter=8)))
    code, (entry,) = decoded(tmp_path / "m", keys=keystore)
    assert (code, entry["mac"], entry["signature"]) == (1, "absent", "invalid")


def test_several_lines_are_several_messages(tmp_path: Path) -> None:
    plain = bytes(PLAIN).hex()
    (tmp_path / "m").write_text(f"{HEX}\n\n{plain}\nrubbish\n{base64.b64encode(bytes(SIGNED)).decode()}\n")
    code, entries = decoded(tmp_path / "m")
    assert code == 1
    assert [entry["file"] for entry in entries] == [f"{tmp_path / 'm'}:{line}" for line in (1, 3, 4, 5)]
    assert [entry.get("kind", "error") for entry in entries] == [
        "command",
        "pre-command",
        "error",
        "signed pre-command",
    ]


def test_folders_in_order(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a", "c/d/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(HEX)
    code, entries = decoded(tmp_path)
    assert code == 0
    assert [Path(entry["file"]).relative_to(tmp_path).as_posix() for entry in entries] == ["a", "b/1", "b/2", "c/d/e"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(HEX.encode())))
    code, (entry,) = decoded("-")
    assert (code, entry["file"], entry["kind"]) == (0, "-", "command")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"abc",
        b"DD",
        b"rubbish!",
        bytes(1000),
        b"\xdd" * 5000,
        b"\xdf",
        HEX[:-2].encode(),
        b"\xff\xfe0",
        b"AAAA",
    ],
)
def test_what_does_not_decode_is_an_entry(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)
    (tmp_path / "good").write_text(HEX)
    code, entries = decoded(tmp_path / "bad", tmp_path / "good")
    assert code == 1
    assert set(entries[0]) == {"file", "error"}
    assert entries[0]["error"]
    assert entries[1]["kind"] == "command"


def test_huge_and_odd_files(tmp_path: Path) -> None:
    (tmp_path / "huge").write_bytes(b"0" * (5 << 20))
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    code, entries = decoded(tmp_path)
    assert code == 1
    assert [set(entry) for entry in entries] == [{"file", "error"}] * 3


def test_every_truncation_is_an_entry(tmp_path: Path) -> None:
    path = tmp_path / "m"
    for size in range(0, len(bytes(COMMAND)), 3):
        path.write_bytes(bytes(COMMAND)[:size])
        assert decoded(path)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((["/nonexistent/file"], None, None), "exist"),
        (([], None, None), "nothing"),
        ((["."], Path("/nonexistent/keys"), None), "--keys"),
        ((["."], None, "90-B3"), "--acb"),
        ((["."], None, ""), "--acb"),
        ((["a\0b"], None, None), "exist"),
    ],
)
def test_usage_errors(
    arguments: tuple[list[str], Path | None, str | None], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    assert run(*arguments, True, out) == 2
    assert out.getvalue() == ""
    said = capsys.readouterr().err
    assert word in said
    assert said.count("\n") == 1


def test_keys_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m").write_text(HEX)
    (tmp_path / f"{METER.hex()}-ka.pem").write_text("rubbish")
    assert run([str(tmp_path / "m")], tmp_path, None, False, io.StringIO()) == 2
    assert f"{METER.hex()}-ka.pem" in capsys.readouterr().err
    assert run([str(tmp_path / "m")], tmp_path / "m", None, False, io.StringIO()) == 2


def test_tree_output(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(HEX)
    (tmp_path / "z").write_text("\x1b")
    out = io.StringIO()
    assert run([str(tmp_path)], None, None, False, out) == 1
    text = out.getvalue()
    assert "  use case: ECS42\n" in text
    assert "object name: Load switch scripts" in text
    assert "value: long-unsigned 51" in text
    assert "  error: " in text


@needs_rtds
@pytest.mark.rtds
def test_the_whole_data_set() -> None:
    assert RTDS
    code, entries = decoded(RTDS / "messages", keys=RTDS / "keystore")
    assert code == 0
    assert all(entry["roundtrip"] for entry in entries)
    unknown = [entry for entry in entries if "unknown" in (entry["mac"], entry["signature"])]
    assert all("PCS0" in entry["file"] for entry in unknown)
