"""`bench han summary` of captures whose contents are known."""

import io
import json
from pathlib import Path

import pytest

from bench.han import mac_commands, tunnelling
from bench.han.aps import ApsFrame
from bench.han.capture import PcapngWriter
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.security import secure_aps, secure_nwk
from bench.han.sniff_command import Options
from bench.han.summary_command import run

from .mixed_traffic import START, traffic, write
from .test_columns import keyring
from .test_tshark import generated
from .vectors import CHF, ESME, ESME_SHORT, LK_INSTALL, NK, PAN, TCLK, psdu

MS = 1_000_000


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    known = keyring()
    known.add_link_key(LK_INSTALL)
    known.save(path)
    return path


def summary(*paths: Path, keys: Path | None = None) -> tuple[int, dict[str, object]]:
    out = io.StringIO()
    code = run([str(path) for path in paths], Options(keys=keys), True, out)
    return code, json.loads(out.getvalue()) if out.getvalue() else {}


def capture(path: Path, frames: list[tuple[int, bytes]]) -> Path:
    with PcapngWriter(path) as writer:
        interface = writer.add_interface("one")
        for time, octets in frames:
            writer.write_psdu(interface, START + time, octets, channel=15, rssi=-60.0 - time % 3, lqi=100)
    return path


def tunnel(counter: int, answer: bool, sequence: int) -> bytes:
    src, dst, eui = (ESME_SHORT, 0, ESME) if answer else (0, ESME_SHORT, CHF)
    zcl = (tunnelling.RequestTunnelResponse(1, 0) if answer else tunnelling.RequestTunnel()).frame(sequence)
    aps = secure_aps(ApsFrame.data(0x0704, counter & 0xFF, bytes(zcl)), TCLK, counter, eui)
    frame = NwkFrame.data(dst, src, counter & 0xFF, bytes(aps), src_eui=eui)
    return MacFrame.data(PAN, dst, src, counter & 0xFF, bytes(secure_nwk(frame, NK, counter, eui))).psdu()


def test_latency_retries_links_and_devices(tmp_path: Path, keys: Path) -> None:
    asked, answered = tunnel(10, False, 1), tunnel(11, True, 1)
    frames = [
        (0, asked),
        (5 * MS, asked),
        (250 * MS, answered),
        (250 * MS + 1000, answered),
        (900 * MS, tunnel(12, False, 2)),
    ]
    code, told = summary(capture(tmp_path / "a.pcapng", frames), keys=keys)
    assert code == 0
    assert told["tunnel_latency"] == {
        "answered": 1, "least_s": 0.25, "median_s": 0.25, "greatest_s": 0.25, "unanswered": 1,
    }  # fmt: skip
    assert told["repeats"] == {"retries": 1, "heard twice": 1, "sent anew or relayed": 0}
    assert [(d["eui"], d["short"], d["type"]) for d in told["devices"]] == [
        ("00-15-5F-00-11-22-33-44", "0000", "CHF"), ("00-15-5F-00-55-66-77-88", "6F01", None),
    ]  # fmt: skip
    links = {(link["from"], link["to"]): link for link in told["links"]}
    assert links["00-15-5F-00-11-22-33-44", "6F01"]["frames"] == 3
    assert links["00-15-5F-00-11-22-33-44", "6F01"]["retries"] == 1
    assert links["00-15-5F-00-11-22-33-44", "6F01"]["rssi"]["greatest"] == -60.0
    assert told["networks"][0]["pan"] == "1A62" and told["networks"][0]["channels"] == [15]
    assert told["anomalies"] == [] and told["undecrypted"]["frames"] == 0


def test_a_join(tmp_path: Path, keys: Path) -> None:
    path = capture(tmp_path / "join.pcapng", [(n * 20 * MS, octets) for n, octets in enumerate(generated())])
    _, told = summary(path, keys=keys)
    (join,) = [one for one in told["joins"] if one["device"] == "00-15-5F-00-99-AA-BB-CC"]
    assert list(join["steps"])[:3] == ["association request", "association response", "transport key"]
    assert list(join["steps"].values()) == sorted(join["steps"].values())


def test_what_stays_locked_is_told_with_its_reason(tmp_path: Path) -> None:
    code, told = summary(capture(tmp_path / "a.pcapng", [(0, psdu("V1")), (MS, psdu("V2"))]))
    assert code == 0 and told["undecrypted"]["share"] == 1.0
    assert told["undecrypted"]["reasons"] == {"NWK: no network key for sequence 0": 2}


def test_anomalies(tmp_path: Path, keys: Path) -> None:
    frames = [
        (0, tunnel(10, False, 1)),
        (MS, tunnel(9, False, 2)),
        (2 * MS, tunnel(9, True, 3)),
        (3 * MS, tunnel(9, False, 4)),
    ]
    _, told = summary(capture(tmp_path / "a.pcapng", frames), keys=keys)
    assert any("used counter 9 again" in text for text in told["anomalies"])
    assert any("went back from counter 10 to 9" in text for text in told["anomalies"])


def test_tables_and_damage(tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "mixed.pcapng", traffic(4, 400))
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(path.read_bytes()[:-30])
    out = io.StringIO()
    assert run([str(path), str(cut)], Options(keys=keys), False, out) == 1
    said = capsys.readouterr().err
    assert "cut.pcapng: pcapng: block" in said and said.count("\n") == 1
    for words in ("Networks", "Devices", "Links", "Not decrypted", "Anomalies", "Repeats: retries"):
        assert words in out.getvalue()
    assert run(["nowhere"], Options(), False, out) == 2
    assert run([], Options(), False, out) == 2


def test_polls_alone(tmp_path: Path) -> None:
    frames = [(n * MS, mac_commands.data_request(PAN, 0, ESME, n).psdu()) for n in range(3)]
    code, told = summary(capture(tmp_path / "a.pcapng", frames))
    assert code == 0 and told["networks"] == [] and told["seconds"] == 0.002
