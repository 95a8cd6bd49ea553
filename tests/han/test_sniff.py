"""`bench sniff --read`: rows, filters, keys, written files, damage."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from bench.han.capture import PcapngWriter, read_capture
from bench.han.keyring import Keyring
from bench.han.sniff_command import Options, coloured, read_file

from .vectors import CHF, ESME, FRAMES, LK_INSTALL, NK, NK2, PAN, TCLK, TCLK2, psdu

KEYS = (NK.hex(), LK_INSTALL.hex(), TCLK.hex())
START = 1_790_000_000_000_000_000
FIRST_KEYS = [
    "frame", "time", "channel", "rssi", "src", "dst", "nwk_src", "nwk_dst", "nwk_counter", "aps_counter", "profile",
    "cluster", "command", "decrypted", "payload", "gbcs",
]  # fmt: skip


def capture(path: Path, frames: list[bytes]) -> Path:
    with PcapngWriter(path) as writer:
        interface = writer.add_interface("sniffer")
        for number, octets in enumerate(frames):
            writer.write_psdu(interface, START + number * 1_000_001, octets, channel=15, rssi=-61.5, lqi=200)
    return path


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    return capture(tmp_path / "vectors.pcapng", [psdu(name) for name in FRAMES])


def sniffed(path: Path, **options: object) -> tuple[int, list[dict[str, object]]]:
    out = StringIO()
    code = read_file(path, Options(as_json=True, **options), out)  # type: ignore[arg-type]
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_rows(vectors: Path) -> None:
    code, rows = sniffed(vectors, unsorted_keys=KEYS)
    assert code == 0 and [row["frame"] for row in rows] == list(range(1, len(FRAMES) + 1))
    assert list(rows[0])[:16] == FIRST_KEYS
    named = dict(zip(FRAMES, rows, strict=True))
    first = {key: named["V1"][key] for key in FIRST_KEYS}
    assert first == {
        "frame": 1,
        "time": "2026-09-21T14:13:20.000000000Z",
        "channel": 15,
        "rssi": -61.5,
        "src": "0x0000",
        "dst": "0x6f01",
        "nwk_src": "0x0000",
        "nwk_dst": "0x6f01",
        "nwk_counter": 0x1234,
        "aps_counter": 0x21,
        "profile": "0x0109",
        "cluster": "0x0702",
        "command": "ReadAttributes",
        "decrypted": True,
        "payload": "00310000000004",
        "gbcs": None,
    }
    assert rows[1]["time"] == "2026-09-21T14:13:20.001000001Z"
    assert named["V1"]["src_eui"] == "00:15:5f:00:11:22:33:44"
    assert named["V2"]["payload"] == "0132020100df09" and named["V2"]["aps_frame_counter"] == 0x55
    assert str(named["N1"]["decrypted"]).startswith("NWK: no fitting network key for sequence 0 (transmitter")
    assert named["ack"]["src"] is None and named["ack"]["decrypted"] is None and named["ack"]["command"] == "ack"
    assert named["fragment 0"]["payload"] == bytes.fromhex("01060201000200").hex() + bytes(range(43)).hex()
    assert named["fragment 2"]["payload"] == "01060201000200" + bytes(range(120)).hex()
    assert named["V4"]["cluster"] == "0x0013" and named["V4"]["profile"] == "0x0000"


def test_no_key_is_shown_unless_asked_for(vectors: Path) -> None:
    secret = [key.hex() for key in (NK2, LK_INSTALL, TCLK, TCLK2)]  # NK is 00..0F, which the fragments hold too
    for options in ({}, {"as_json": True}, {"verbose": True}):
        out = StringIO()
        read_file(vectors, Options(unsorted_keys=KEYS, **options), out)  # type: ignore[arg-type]
        assert not [key for key in secret if key in out.getvalue().replace(" ", "")]
    assert repr(Options(unsorted_keys=KEYS)).count(NK.hex()) == 0
    _, rows = sniffed(vectors, unsorted_keys=KEYS, with_keys=True)
    assert NK2.hex() in str(rows[list(FRAMES).index("V3")]["payload"])


def test_a_key_that_comes_later_in_the_file_opens_earlier_frames(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcapng", [psdu("V6"), psdu("V4"), psdu("V5"), psdu("V3")])
    code, rows = sniffed(path, unsorted_keys=(NK.hex(), "83fed3407a939723a5c639b26916d505"))
    assert code == 0 and [row["decrypted"] for row in rows] == [True] * 4
    assert [row["frame"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["link_key"] == "frame 3" and rows[2]["link_key"] == "--key 2 as install code"


@pytest.mark.parametrize("crc", ["", "c3b5"])
def test_install_code_with_and_without_crc(tmp_path: Path, crc: str) -> None:
    path = capture(tmp_path / "a.pcapng", [psdu("V3")])
    _, (row,) = sniffed(path, unsorted_keys=("83fed3407a939723a5c639b26916d505" + crc,))
    assert row["decrypted"] is True


def test_which_kind_a_key_is_is_learnt(tmp_path: Path) -> None:
    keys = Keyring()
    keys.add_unsorted(NK, "--key 1")
    from bench.han.dissect import Dissector

    dissector = Dissector(keys)
    assert len(keys.network_keys) == 1 and len(keys.link_keys) == 2
    for name in ("V1", "switch key 1"):
        assert dissector.feed(0, psdu(name)).network_key == "--key 1 as network key"
    assert len(keys.network_keys) == 1 and keys.link_keys == () and keys.unsorted_keys == ()
    keys.save(tmp_path / "keys.toml")
    assert "[[network]]" in (tmp_path / "keys.toml").read_text()


def test_filter(vectors: Path) -> None:
    _, rows = sniffed(vectors, unsorted_keys=KEYS, filter="cluster == metering and command == ReadAttributes")
    assert [row["frame"] for row in rows] == [1, 6]


def test_written_capture_and_its_keys(vectors: Path, tmp_path: Path) -> None:
    clear = bytes.fromhex(FRAMES["V3"])
    path = tmp_path / "shared.pcapng"
    assert sniffed(vectors, unsorted_keys=KEYS, write=path, filter="frame <= 3")[0] == 0
    first = list(read_capture(path))
    assert [packet.psdu for packet in first] == [psdu(name) for name in ("V1", "V2", "V3")]
    assert first[0].time == START and first[0].channel == 15 and first[0].rssi == -61.5
    assert first[0].interface_name == "sniffer" and clear == first[2].psdu
    assert list(tmp_path.glob("shared*")) == [path]
    assert sniffed(vectors, write=path) == (2, [])
    kept = tmp_path / "kept.pcapng"
    sniffed(vectors, unsorted_keys=KEYS, write=kept, with_keys=True)
    listed, ring = Path(f"{kept}.zigbee_pc_keys"), Path(f"{kept}.keys.toml")
    assert listed.stat().st_mode & 0o777 == ring.stat().st_mode & 0o777 == 0o600
    assert f'"{NK2.hex()}","Normal","frame 3"' in listed.read_text()
    assert {key.key for key in Keyring.load(ring).network_keys} >= {NK, NK2}
    assert sniffed(vectors, keys=listed)[0] == 0


def test_a_key_in_clear_is_left_out_of_a_shared_capture(tmp_path: Path) -> None:
    from bench.han.aps import ApsFrame
    from bench.han.aps_commands import TransportKey
    from bench.han.mac import MacFrame
    from bench.han.nwk import NwkFrame

    command = ApsFrame.command(1, TransportKey.network(NK, 0, ESME, CHF).octets())
    octets = MacFrame.data(PAN, 1, 0, 1, bytes(NwkFrame.data(1, 0, 1, bytes(command)))).psdu()
    path = capture(tmp_path / "clear.pcapng", [octets])
    sniffed(path, write=tmp_path / "shared.pcapng")
    (packet,) = read_capture(tmp_path / "shared.pcapng")
    assert NK not in (tmp_path / "shared.pcapng").read_bytes()
    assert packet.psdu == octets.replace(NK, bytes(16))[:-2] + packet.psdu[-2:] and "left out" in packet.comments[0]
    out = StringIO()
    read_file(path, Options(verbose=True), out)
    assert NK.hex() not in out.getvalue()


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert coloured(Terminal()) and not coloured(StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(Terminal())


def test_a_terminal_sees_colours(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.han.sniff_command.coloured", lambda _: True)
    out = StringIO()
    read_file(vectors, Options(unsorted_keys=KEYS), out)
    assert out.getvalue().count("\x1b[") == 2 * out.getvalue().count("\x1b[0m")


def test_damaged_frames_are_told_with_number_and_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flipped = psdu("V1")[:-1] + b"\0"
    path = capture(tmp_path / "a.pcapng", [psdu("ack"), flipped, psdu("V1")])
    code, rows = sniffed(path, unsorted_keys=KEYS)
    assert code == 1 and len(rows) == 3 and rows[2]["decrypted"] is True
    assert capsys.readouterr().err == "bench sniff: frame 2, MAC at 66: FCS 0024 does not match the octets\n"


def test_a_cut_file_is_told_with_the_frame(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    octets = vectors.read_bytes()
    vectors.write_bytes(octets[:1000])
    code, rows = sniffed(vectors, unsorted_keys=KEYS)
    told = capsys.readouterr().err
    assert code == 1 and len(rows) > 3 and f"vectors.pcapng: frame {len(rows) + 1}, pcapng: block" in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"unsorted_keys": ("a0a1",)}, "--key 1: 2 octets: a key has 16 octets"),
        ({"unsorted_keys": (KEYS[0], "x" * 32)}, "--key 2 is not hexadecimal"),
        ({"keys": Path("nothing.toml")}, "nothing.toml cannot be read: No such file"),
        ({"filter": "cluster = price"}, "--filter: query at 8: '=' alone"),
        ({"write": Path("/nowhere/a.pcapng")}, "cannot be written"),
    ],
)
def test_usage(vectors: Path, capsys: pytest.CaptureFixture[str], options: dict[str, object], said: str) -> None:
    assert sniffed(vectors, **options) == (2, [])
    assert said in capsys.readouterr().err


def test_no_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("hello, world")
    for name, said in (("a.txt", "magic 68656c6c is neither"), ("b", "does not exist"), (".", "is a folder")):
        assert sniffed(tmp_path / name)[0] == 2
        assert said in capsys.readouterr().err


def bench(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from bench.cli import main; main()", "sniff", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | environment
    )


def test_command_line(vectors: Path) -> None:
    done = bench("--read", str(vectors), "--key", NK.hex(), "--verbose", "--filter", "frame == 1")
    assert done.returncode == 0 and done.stderr == ""
    head, *rest = done.stdout.splitlines()
    assert head.endswith("..223344/0000 > ..667788/6f01  Metering  ReadAttributes  "
                         "CurrentSummationDelivered, InstantaneousDemand")  # fmt: skip
    assert "          cluster: 0702" in rest and "\x1b" not in done.stdout
    assert bench().returncode == 2 and bench("--read", "x", "--driver", "y").returncode == 2


def test_a_closed_pipe_is_silent(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcapng", [psdu("V1")] * 3000)
    command = f'"{sys.executable}" -c "from bench.cli import main; main()" sniff --json --read {path} | head -1'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1
