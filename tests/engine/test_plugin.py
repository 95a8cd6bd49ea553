"""The pytest plugin in whole runs on the virtual rig, and `bench run` when it is interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.verification import verify_run
from tests.drivers.peers import until

ROOT = Path(__file__).parents[2]
RIG = ROOT / "rigs" / "virtual.toml"
SNIFFERS = 'sniffer = ["sniffer", "sub_ghz_sniffer"]\n'  #: role of that rig
SUITE = """
import pytest
from bench.errors import InstrumentError, NotApplicable
from bench.expecting import precondition
from bench.testcase import testcase

def case(number):
    return testcase(f"TST-00{number}", f"case {number}", rules=["R-PWR-001"], requirements=["REQ-1"])

@pytest.fixture
def asleep():
    precondition(False, "the meter sleeps")

@case(1)
def test_pass(mains, clock):
    clock.sleep("10 s")

@case(2)
def test_fail(dut):
    assert str(dut) == "a GSME", "wrong device"

@case(3)
def test_inconclusive(asleep):
    pass

@case(4)
def test_error(dut):
    raise InstrumentError("oven", "is cold", ["-> HOT?"])

@case(5)
def test_bug(dut):
    {}["nothing"]

@case(6)
def test_not_applicable(dut):
    raise NotApplicable("the PICS does not claim it")

@case(7)
def test_no_sniffer(han):
    pass

@case(8)
def test_voltage_out_of_range(mains):
    mains.set_voltage(400.0)

def test_ordinary():
    assert 1 + 1 == 2
"""
WANTED = {
    "TST-001": ("pass", "passed", None),
    "TST-002": ("fail", "failed", "failure"),
    "TST-003": ("inconclusive", "unknown", "error"),
    "TST-004": ("error", "broken", "error"),
    "TST-005": ("error", "broken", "error"),
    "TST-006": ("not-applicable", "skipped", "skipped"),
    "TST-007": ("not-run", "skipped", "skipped"),
    "TST-008": ("error", "broken", "error"),
}


def pytest_on(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-p", "bench.plugin", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, "subprocess.CompletedProcess[str]"]]:
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_suite.py").write_text(SUITE)
    rig = RIG.read_text().replace(SNIFFERS, "")
    (folder / "rig.toml").write_text(rig)
    yield folder / "out", pytest_on(folder, "--rig", "rig.toml", "--out", "out", "test_suite.py")


def record(out: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((out / "run.json").read_text())
    return table


def test_verdicts_of_the_run_record(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    out, done = ran
    tests = {test["id"]: test for test in record(out)["tests"]}
    assert {name: test["verdict"] for name, test in tests.items()} == {name: want[0] for name, want in WANTED.items()}
    assert "wrong device" in tests["TST-002"]["reason"]
    assert tests["TST-003"]["reason"] == "precondition not reached: the meter sleeps"
    assert tests["TST-004"]["reason"] == "instrument oven: is cold; last exchange: -> HOT?"
    assert "FrameSource" in tests["TST-007"]["reason"]
    assert "outside the rig's envelope" in tests["TST-008"]["reason"]
    assert tests["TST-001"]["rig_duration_s"] == pytest.approx(10, abs=0.1)
    assert done.returncode == 1


def test_the_chain_of_the_run_is_intact(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    assert "verdicts intact" in verify_run(ran[0])


def test_a_bug_leaves_no_traceback_on_the_screen(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    out, done = ran
    assert "Traceback" not in done.stdout + done.stderr
    reason = next(test["reason"] for test in record(out)["tests"] if test["id"] == "TST-005")
    assert "KeyError" in reason and "traceback in" in reason
    assert any("KeyError" in path.read_text() for path in out.rglob("*traceback*.txt"))


def test_allure_says_the_same(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    statuses = {}
    for path in (ran[0] / "allure-results").glob("*-result.json"):
        result = json.loads(path.read_text())
        statuses[result["name"].split()[0]] = result["status"]
    assert {name: statuses[name] for name in WANTED} == {name: want[1] for name, want in WANTED.items()}


def test_junit_says_the_same(ran: tuple[Path, "subprocess.CompletedProcess[str]"]) -> None:
    elements: dict[str, str | None] = {}
    for case in ET.parse(ran[0] / "junit.xml").iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        name = next(name for name in WANTED if name in f"{case.get('name')} {case.get('classname')}")
        elements[name] = kinds[0] if kinds else None
    assert elements == {name: want[2] for name, want in WANTED.items()}


def test_ordinary_tests_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_good(): pass\ndef test_bad(): assert 0\n")
    done = pytest_on(tmp_path, "-q", "--rig", "no-such-rig.toml")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == ["test_plain.py"]


def test_a_wrong_rig_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    done = pytest_on(tmp_path, "--rig", "no-such-rig.toml")
    assert done.returncode == 4
    assert "no-such-rig.toml: file: cannot be read" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_the_rig_safe(tmp_path: Path, number: signal.Signals) -> None:
    """The watchdog is disarmed only after every instrument has reached its rest."""
    out = tmp_path / "out"
    command = [str(Path(sys.executable).with_name("bench"))]
    process = subprocess.Popen(
        [*command, "run", "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    until(lambda: any(out.glob("*/timeline.jsonl")), 20)
    time.sleep(0.2)
    process.send_signal(number)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "not in its safe state" not in said
    assert (out / "watchdog.log").read_text() == ""
    assert json.loads((out / "run.json").read_text())["tests"]
