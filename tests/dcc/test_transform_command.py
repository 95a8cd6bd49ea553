"""`bench transform`: hex lines, exit codes, one line for what cannot be done."""

import io
from pathlib import Path

import pytest

from bench.dcc import ServiceRequest
from bench.dcc import bodies as b
from bench.dcc.transform_command import run
from bench.gbcs.message import Message
from tests.dcc.pairs import UNEQUAL, commands
from tests.dcc.parties import ESME, SUPPLIER
from tests.rtds import DUIS, RTDS, needs_duis, needs_rtds

MADE = "2015-01-01T00:00:00Z"
#: as published another certificate, party or date than in the message; or the DCC does not know the user
NOT_AS_PUBLISHED = ("CS02b", "CS02g", "ECS21b_4.14_URP", "CS03C", "CS08_11.2", "GCS09_3.2", "CCS03", "GCS15d", *UNEQUAL)


def go(
    *paths: Path,
    keys: Path | None = None,
    counter: int | None = None,
    device: str | None = None,
    every: bool = False,
) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = run([str(path) for path in paths], keys, counter, device, MADE, out, every)
    return code, out.getvalue().split()


def written(tmp_path: Path, request: ServiceRequest) -> Path:
    path = tmp_path / "request.xml"
    path.write_bytes(bytes(request))
    return path


@pytest.mark.rtds
@needs_rtds
@needs_duis
def test_every_sample_gives_its_message() -> None:
    assert DUIS is not None
    compared = likeliest = 0
    for path in sorted(DUIS.glob("*.XML")):
        stem = path.name.removesuffix("_REQUEST_DUIS.XML")
        whole = commands(stem)
        if not whole or stem.startswith(NOT_AS_PUBLISHED):
            continue
        like = Message.parse(whole[0])
        code, lines = go(path, counter=like.counter, every=True)
        assert code == 0, stem
        assert go(path, counter=like.counter) == (0, lines[:1])  # one line a request
        cores = {message.grouping_header + message.payload for message in map(Message.parse, map(bytes.fromhex, lines))}
        assert like.grouping_header + like.payload in cores, stem
        compared += 1
        first = Message.parse(bytes.fromhex(lines[0]))
        likeliest += like.grouping_header + like.payload == first.grouping_header + first.payload
    assert compared >= 185 and likeliest >= 175


@pytest.mark.rtds
@needs_rtds
@needs_duis
def test_with_keys_the_octets_are_those_of_the_command() -> None:
    assert DUIS is not None and RTDS is not None
    equal = 0
    for path in sorted(DUIS.glob("ECS[12]*.XML")):
        stem = path.name.removesuffix("_REQUEST_DUIS.XML")
        whole = commands(stem)
        if not whole or stem.startswith(NOT_AS_PUBLISHED):
            continue
        like = Message.parse(whole[-1])
        code, lines = go(path, keys=RTDS / "keystore", counter=like.counter, every=True)
        assert code == 0
        if like.signature:
            continue  # ECDSA: another signature, so another MAC
        assert whole[-1] in map(bytes.fromhex, lines), stem
        equal += 1
    assert equal >= 40


@pytest.mark.rtds
@needs_rtds
@needs_duis
def test_critical_commands_are_signed_and_maced_with_keys() -> None:
    assert DUIS is not None and RTDS is not None
    (path,) = DUIS.glob("ECS44*.XML")
    _, plain = go(path)
    _, protected = go(path, keys=RTDS / "keystore")
    assert Message.parse(bytes.fromhex(plain[0])).kind == "pre-command"
    assert Message.parse(bytes.fromhex(protected[0])).kind == "command"


def test_what_cannot_be_done_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = written(tmp_path, ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply()))
    bad = tmp_path / "bad.xml"
    bad.write_text("<html/>")
    code, lines = go(bad, good)
    assert (code, len(lines)) == (1, 1)
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith(str(bad))
    dcc_only = ServiceRequest.of(SUPPLIER, ESME, 1, b.ReadInventory(device=ESME))
    assert go(written(tmp_path, dcc_only))[0] == 1
    assert "the DCC answers this request itself" in capsys.readouterr().err


def test_the_device_given_wins(tmp_path: Path) -> None:
    path = written(tmp_path, ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply()))
    as_gas = Message.parse(bytes.fromhex(go(path, device="gsme")[1][0]))
    assert as_gas.message_code == 0x0085


def test_usage_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ServiceRequest.of(SUPPLIER, ESME, 1, b.ArmSupply()))
    out = io.StringIO()
    for arguments in (
        ([], None, None, None, None),
        ([str(tmp_path / "nothing.xml")], None, None, None, None),
        ([str(path)], None, None, "METER", None),
        ([str(path)], None, None, None, "tomorrow"),
        ([str(path)], None, -1, None, None),
        ([str(path)], tmp_path / "nokeys", None, None, None),
    ):
        assert run(*arguments, out) == 2  # type: ignore[arg-type]
        assert capsys.readouterr().err.count("\n") == 1
    assert out.getvalue() == ""
