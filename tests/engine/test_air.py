"""Sniffers in whole runs: two of them on the virtual rig, and trouble on a rig whose clock runs by itself."""

import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bench.han.capture import read_capture
from bench.recorder import read_log
from bench.verification import verify_run
from tests.engine.capturing import Dongle, line
from tests.engine.test_plugin import RIG, SNIFFERS, pytest_on, record

TI = """
[instruments.ti_sniffer]
driver = "ti-sniffer2"
resource = "{home.ti_sniffer}"
channel = 15
"""
SUITE = """
from bench.testcase import testcase

@testcase("TST-001", "reads the meter", rules=["R-PWR-001"], requirements=["REQ-1"])
def test_reads(han, dut, dcc, clock, suppliers):
    clock.sleep("10 s")
"""


def two_sniffers(folder: Path, out: str) -> dict[str, bytes]:
    rig = RIG.read_text().replace(SNIFFERS, 'sniffer = ["sniffer", "ti_sniffer"]\n') + TI
    (folder / "rig.toml").write_text(rig)
    (folder / "test_suite.py").write_text(SUITE)
    done = pytest_on(folder, "--rig", "rig.toml", "--out", out, "test_suite.py")
    assert done.returncode == 0, done.stdout
    evidence = folder / out / "TST-001"
    return {name: (evidence / name).read_bytes() for name in ("han.pcapng", "timeline.jsonl")}


def test_two_sniffers_hear_the_same_and_the_same_again(tmp_path: Path) -> None:
    first = two_sniffers(tmp_path, "first")
    evidence = tmp_path / "first" / "TST-001"
    frames = [seen for seen in read_log(evidence / "timeline.jsonl") if seen.kind == "frame"]
    assert len(frames) > 10
    for one, other in zip(frames[::2], frames[1::2], strict=True):
        assert (one.data["sniffer"], other.data["sniffer"]) == ("sniffer", "ti_sniffer")
        assert (one.data["fcs"], other.data["fcs"]) == (False, True)
        assert one.raw == other.raw[:-2] and one.time == other.time
        assert "copy_of" not in one.data and other.data["copy_of"] == "sniffer"
        assert other.data["lqi"] is None
    packets = list(read_capture(evidence / "han.pcapng"))
    assert [packet.interface_name for packet in packets[:2]] == ["sniffer", "ti_sniffer"]
    assert packets[0].comments[0] == "TST-001 reads the meter"
    assert "verdicts intact" in verify_run(tmp_path / "first")
    assert two_sniffers(tmp_path, "second") == first, "the same seed gives the same octets"
    if shutil.which("tshark"):
        command = ["tshark", "-r", str(evidence / "han.pcapng"), "-Y", "_ws.malformed or wpan.fcs_ok == 0"]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


LAB = """
name = "lab"
[instruments.near]
driver = "nrf-sniffer"
resource = "{folder}/near"
channel = 11
answer_s = 1
[roles]
sniffer = "near"
[devices.meter]
type = "ESME"
eui = "00-DB-12-34-56-78-90-A0"
[parties]
acb = "90-B3-D5-1F-30-00-00-02"
cos_party = "90-B3-D5-1F-30-00-00-04"
network_operator = "90-B3-D5-1F-30-02-00-00"
suppliers = ["90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-03-00-00"]
[keys]
keystore = "keys"
[safety]
voltage_max = "253 V"
current_max = "3 A"
longest_outage = "4 h"
attenuation_max = "90 dB"
[nominal]
voltage = "230 V"
frequency = "50 Hz"
"""
STEPS = """
import os, time
from pathlib import Path
from bench.han_point import frame
from bench.testcase import testcase

def case(number):
    return testcase(f"TST-00{number}", f"case {number}", rules=["R-PWR-001"], requirements=["REQ-1"])

def ask(what):
    (Path.cwd() / what).touch()
    end = time.monotonic() + 10
    while (Path.cwd() / what).exists() and time.monotonic() < end:
        time.sleep(0.01)

@case(1)
def test_hears(han, timeline):
    ask("send")
    assert timeline.expect(frame(), within="2 s").data["sniffer"] == "near"

@case(2)
def test_unplugged(han, clock):
    ask("unplug")
    clock.sleep("2 s")

@case(3)
def test_still_gone(han):
    pass

@case(4)
def test_there_again(han, timeline, clock):
    pass

@case(5)
def test_hears_again(han, timeline):
    ask("send")
    timeline.expect(frame(), within="2 s")

@case(6)
def test_garbage(han, clock):
    ask("garbage")
    clock.sleep("1 s")

@case(7)
def test_lost_at_the_very_end(han):
    ask("garbage")

@case(8)
def test_capture_dies(home, clock):
    os.kill(home.rig.air._capture.pid, 9)
    clock.sleep("2 s")
"""


class Lab(threading.Thread):
    """Does to the sniffer what the suite asks for, while the suite waits."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.dongle, self.end = folder, Dongle(folder / "near", 11), threading.Event()

    def run(self) -> None:
        number = 0
        while not self.end.wait(0.01):
            for asked in ("send", "unplug", "garbage"):
                if not (self.folder / asked).exists():
                    continue
                number += 1
                if asked == "send":
                    self.dongle.send(line(number, number * 1_000_000))
                elif asked == "garbage":
                    self.dongle.send(line(number, number * 1_000_000)[:40] + b"\r\n")
                else:
                    self.dongle.unplug()
                    threading.Timer(4.0, self.dongle.plug_in).start()
                time.sleep(0.1)
                (self.folder / asked).unlink()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("lab")
    (folder / "keys").mkdir()
    (folder / "rig.toml").write_text(LAB.replace("{folder}", str(folder)))
    (folder / "test_suite.py").write_text(STEPS)
    (folder / "conftest.py").write_text(
        "import time, pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_runtest_setup(item):\n"
        "    if 'there_again' in item.name: time.sleep(6)\n"
    )
    thread = Lab(folder)
    thread.start()
    done = pytest_on(folder, "--rig", "rig.toml", "--out", "out", "test_suite.py")
    thread.end.set()
    return folder / "out", done.stdout + done.stderr


def by_id(out: Path) -> dict[str, dict[str, Any]]:
    return {test["id"]: test for test in record(out)["tests"]}


def test_verdicts_follow_the_sniffer(lab: tuple[Path, str]) -> None:
    out, said = lab
    verdicts = {name: test["verdict"] for name, test in by_id(out).items()}
    assert verdicts == {
        "TST-001": "pass",
        "TST-002": "error",
        "TST-003": "error",
        "TST-004": "pass",
        "TST-005": "pass",
        "TST-006": "error",
        "TST-007": "error",
        "TST-008": "error",
    }, said
    assert "Traceback" not in said


def test_reasons_name_sniffer_and_time(lab: tuple[Path, str]) -> None:
    reasons = {name: test["reason"] for name, test in by_id(lab[0]).items()}
    for name in ("TST-002", "TST-003"):
        assert reasons[name].startswith("instrument near: lost (") and "nothing is heard since 20" in reasons[name]
    for name in ("TST-006", "TST-007"):
        assert "instrument near: sent a line that is no frame" in reasons[name] and "(lost: 1)" in reasons[name]
    assert reasons["TST-008"].startswith("the capture process was ended by signal 9")


def test_the_gap_is_on_the_timeline(lab: tuple[Path, str]) -> None:
    gaps = [
        seen for path in sorted(lab[0].glob("TST-*/timeline.jsonl")) for seen in read_log(path) if seen.kind == "gap"
    ]
    causes = [seen.data["cause"] for seen in gaps]
    assert causes == ["gone", "back", "lost", "lost"]
    assert "near: is there again (nothing was heard from 20" in gaps[1].data["text"]
    assert gaps[0].data["since"] == gaps[1].data["since"]


def test_the_whole_run_is_in_one_file(lab: tuple[Path, str]) -> None:
    packets = list(read_capture(lab[0] / "capture.pcapng"))
    assert len(packets) == 2
    assert packets[0].comments == ("TST-001 case 1",)
    assert any("near: lost" in text for text in packets[1].comments)
    assert verify_run(lab[0])
