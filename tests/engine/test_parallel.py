"""Runs shared by two workers: one record, one exit code, evidence that verifies, and a worker that dies."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.parallel import Controller
from bench.recorder import GENESIS
from bench.runrecord import RunRecord, TestResult, load_run
from bench.testcase import TestCase
from bench.verdict import Verdict
from bench.verification import Touched, verify_run
from tests.drivers.peers import until

ROOT = Path(__file__).parents[2]
RIG = ROOT / "rigs" / "virtual.toml"
SUITE = """
import os, pytest
from bench.testcase import testcase

@pytest.mark.parametrize("nth", range(6))
@testcase("TST-001", "passes", rules=["R-PWR-001"])
def test_pass(clock, nth):
    clock.sleep("1 s")

@testcase("TST-002", "fails", rules=["R-PWR-001"])
def test_fail(dut):
    assert str(dut) == "a GSME", "wrong device"

@testcase("TST-003", "dies", rules=["R-PWR-001"])
def test_dies(clock):
    if os.environ.get("DIE"):
        os._exit(9)
    clock.sleep("1 s")

def test_ordinary():
    pass
"""


def pytest_on(folder, *arguments, **environment):
    command = [sys.executable, "-m", "pytest", "-p", "bench.plugin", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_suite.py").write_text(SUITE)
    done = pytest_on(folder, "-n", "2", "--rig", str(RIG), "--out", "out", "test_suite.py", DIE="1")
    return folder / "out", done


def test_one_record_holds_the_verdicts_of_both_workers(ran):
    out, done = ran
    tests = {test.id: test for test in load_run(out).tests}
    assert [test.id for test in load_run(out).tests] == [f"TST-001[{nth}]" for nth in range(6)] + ["TST-002", "TST-003"]
    assert {tests[f"TST-001[{nth}]"].verdict for nth in range(6)} == {Verdict.PASS}
    assert tests["TST-002"].verdict is Verdict.FAIL
    assert done.returncode == 1, done.stdout + done.stderr
    workers = {test.worker for test in tests.values()}
    assert workers <= load_run(out).workers.keys() and len(workers) >= 2


def test_a_worker_that_died_is_an_error(ran):
    (test,) = [test for test in load_run(ran[0]).tests if test.id == "TST-003"]
    assert test.verdict is Verdict.ERROR
    assert "died during this test" in test.reason
    assert (ran[0] / "TST-003" / "timeline.jsonl").exists()
    assert "2 passed" not in ran[1].stdout and "1 error" in ran[1].stdout


def test_its_evidence_verifies(ran):
    assert "cut short in TST-003" in verify_run(ran[0])


def test_reports_are_built_once_from_all(ran):
    assert (ran[0] / "report.html").exists() and (ran[0] / "junit.xml").exists()
    assert len(list((ran[0] / "allure-results").glob("*-result.json"))) >= 7


@pytest.mark.parametrize("nth", [0, 3])
def test_a_log_that_was_changed_is_named(ran, nth):
    log = ran[0] / f"TST-001-{nth}" / "timeline.jsonl"
    was = log.read_bytes()
    try:
        log.write_bytes(was.replace(b"passes", b"fails.", 1))
        with pytest.raises(Touched, match=f"TST-001-{nth}"):
            verify_run(ran[0])
    finally:
        log.write_bytes(was)


def test_ordinary_tests_are_left_alone(tmp_path):
    (tmp_path / "test_plain.py").write_text("def test_good(): pass\ndef test_bad(): assert 0\n")
    done = pytest_on(tmp_path, "-n", "2", "-q", "--rig", "no-such-rig.toml")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == ["test_plain.py"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rig", "no-such-rig.toml"), "no-such-rig.toml: file: cannot be read"),
        (("--rig", str(RIG), "--defect", "no-such"), "no defect 'no-such'"),
        (("--rig", "lab.toml"), "instrument clock (127.0.0.1:9) is one, and two workers never share one"),
        (("--rig", str(RIG), "--out", "full"), "is not empty"),
    ],
)
def test_a_run_that_cannot_begin_says_so_once(tmp_path, arguments, said):
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "lab.toml").write_text(RIG.read_text().replace("{home.clock}", "9"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    done = pytest_on(tmp_path, "-n", "2", "-q", *arguments)
    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stderr.count(said) == 1
    assert "Traceback" not in done.stdout + done.stderr


def test_a_test_that_was_announced_and_never_begun_is_not_run(tmp_path):
    cases = [TestResult.pending(TestCase(name, "", rules=()), node=name) for name in ("TST-001", "TST-002")]
    RunRecord("id", "rig", 1, datetime(2030, 1, 7, tzinfo=UTC), tests=cases, workers={"gw0": GENESIS}).save(tmp_path)
    controller = Controller(SimpleNamespace(getoption=lambda name: str(tmp_path)), lambda record: None)
    controller._occupied = False  # what is there is its own
    for case in cases:
        controller.pytest_runtest_logstart(case.node)
    (tmp_path / "TST-001").mkdir()
    (tmp_path / "TST-001" / "timeline.jsonl").touch()

    controller.close()

    began, not_run = load_run(tmp_path).tests
    assert (began.verdict, began.evidence) == (Verdict.ERROR, "TST-001")
    assert (not_run.verdict, not_run.evidence) == (Verdict.NOT_RUN, "")


def test_an_interrupted_run_leaves_the_rigs_safe(tmp_path):
    out = tmp_path / "out"
    command = [str(Path(sys.executable).with_name("bench")), "run", "--jobs", "2", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    until(lambda: len(list(out.glob("*/timeline.jsonl"))) > 3, 40)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said and "not in its safe state" not in said
    assert [path.read_text() for path in out.glob("workers/*/watchdog.log")] == ["", ""]
    assert json.loads((out / "run.json").read_text())["tests"]
    verify_run(out)
