"""What the engine costs a test: python -m benchmarks.overhead

An empty test case with ten recorded observations, against the same function under plain pytest, and against plain
pytest with allure-pytest writing its results. Milliseconds a test of the pytest process's own time, from many tests in
one run, the start taken away by a run of few; the rig has no instruments. Goals: 0.1 ms, and less than allure-pytest.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import say, verdict

FEW, MANY, ROUNDS = 20, 1020, 3
GOAL_MS = 0.1
PLAIN = """
import pytest

@pytest.mark.parametrize("nth", range({count}))
def test_empty(nth):
    pass
"""
CASE = """
import pytest
from bench.testcase import testcase

@pytest.mark.parametrize("nth", range({count}))
@testcase("OVH-001", "empty", rules=["R-PWR-001"])
def test_empty(timeline, nth):
    for number in range(10):
        timeline.record("operator", "note", {{"text": "something was seen", "number": number}})
"""
RIG = """
name = "bare"
[instruments]
[roles]
[devices]
[safety]
voltage_min = "0 V"
voltage_max = "264.5 V"
frequency_min = "45 Hz"
frequency_max = "55 Hz"
current_max = "6 A"
longest_outage = "26 h"
attenuation_max = "90 dB"
[nominal]
voltage = "230 V"
frequency = "50 Hz"
output_on = true
attenuation = "0 dB"
[parties]
acb = "90-B3-D5-1F-30-00-00-02"
cos_party = "90-B3-D5-1F-30-00-00-04"
network_operator = "90-B3-D5-1F-30-02-00-00"
suppliers = ["90-B3-D5-1F-30-01-00-00", "90-B3-D5-1F-30-03-00-00"]
[keys]
keystore = "keystore"
"""
BARE = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"]
KINDS = {
    "plain pytest": (PLAIN, ["-p", "no:allure_pytest"]),
    "with allure-pytest": (PLAIN, ["--alluredir", "allure"]),
    "with the engine": (CASE, ["-p", "bench.plugin", "--rig", "rig.toml", "--no-reports", "--no-allure"]),
}


def cpu_seconds(kind: str, count: int) -> float:
    """Processor time of one run (s)."""
    source, options = KINDS[kind]
    with tempfile.TemporaryDirectory(prefix="smets-bench-") as name:
        folder = Path(name)
        (folder / "test_it.py").write_text(source.format(count=count))
        (folder / "rig.toml").write_text(RIG)
        (folder / "keystore").mkdir()
        root = Path(__file__).resolve().parent.parent
        environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", *BARE, *options, "test_it.py"]
        before = os.times()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        after = os.times()
        if f"{count} passed" not in done.stdout:
            raise SystemExit(f"{kind}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def folder_and_log() -> float:
    """What the file system alone takes for a folder with a log of thirteen lines, ms of processor time a test."""
    with tempfile.TemporaryDirectory(prefix="smets-bench-") as name:
        before = time.process_time()
        for number in range(MANY):
            os.mkdir(f"{name}/{number}")
            log = os.open(f"{name}/{number}/timeline.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL)
            for _ in range(13):
                os.write(log, b"x" * 200)
            os.close(log)
        return (time.process_time() - before) / MANY * 1e3


def main() -> int:
    """Measure the kinds in turn, so that a slow spell meets all."""
    rounds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, each in rounds.items():
            each.append((cpu_seconds(kind, MANY) - cpu_seconds(kind, FEW)) / (MANY - FEW) * 1e3)
    cost = {kind: statistics.median(each) for kind, each in rounds.items()}
    for kind, milliseconds in cost.items():
        say(f"{kind:<20} {milliseconds:.3f} ms a test (rounds: {', '.join(f'{one:.3f}' for one in rounds[kind])})")
    say(f"of the engine's, a folder and a log take {folder_and_log():.3f} ms on this file system")
    engine, allure = (cost[kind] - cost["plain pytest"] for kind in ("with the engine", "with allure-pytest"))
    verdict("overhead to allure-pytest's", engine / allure, "allure-pytest's overhead", 1.0)
    verdict("overhead", engine / GOAL_MS, f"{GOAL_MS:g} ms a test", 1.0)
    return 0 if engine < min(GOAL_MS, allure) else 1


if __name__ == "__main__":
    sys.exit(main())
