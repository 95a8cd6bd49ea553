"""The suites on the virtual rig with two workers: python -m benchmarks.suites [--all]

Seconds of the clock from the start of the command to its end, reports included. Goal: under 180 s on two cores for the
five suites of the hard scenarios; `--all` runs the others, too, for which there is no goal.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.runrecord import load_run
from benchmarks.measure import say, verdict

GOAL_S = 180
JOBS = 2
LEAST = 250  #: test cases
HARD = ("change_of_supplier", "change_of_tenancy", "outage_and_brownout", "rf_range", "security")


def run(select: str) -> tuple[float, bool]:
    """Run test cases once; return the seconds, and whether enough ran and all passed. A run that failed is told."""
    with tempfile.TemporaryDirectory(prefix="smets-bench-") as folder:
        out = Path(folder) / "run"
        began, used = time.monotonic(), sum(os.times()[2:4])
        command = [str(Path(sys.executable).with_name("bench")), "run", "--jobs", str(JOBS), "--out", str(out)]
        if select:
            command += ["--select", select]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds, used = time.monotonic() - began, sum(os.times()[2:4]) - used
        if not (out / "run.json").exists():
            say(done.stderr.strip())
            return seconds, False
        tests = load_run(out).tests
    counts = {one: sum(test.verdict == one for test in tests) for one in sorted({test.verdict for test in tests})}
    say(f"{len(tests)} test cases in {seconds:.1f} s with {JOBS} workers: {counts}, exit code {done.returncode}")
    slowest = sorted(tests, key=lambda test: -test.duration_s)[:10]
    say("slowest: " + ", ".join(f"{test.id} {test.duration_s:.1f} s" for test in slowest))
    say(f"processor time of everything the run started: {used:.1f} s, {used / seconds:.2f} cores")
    say(f"sum over tests: {sum(test.duration_s for test in tests):.1f} s of the workers' time")
    return seconds, not done.returncode and len(tests) >= LEAST


def main() -> int:
    """Measure; a run with anything but passes counts as missed."""
    seconds, good = run(" or ".join(HARD))
    verdict("suites", seconds / GOAL_S, f"{GOAL_S} s", 1.0)
    if "--all" in sys.argv[1:]:
        whole, good_too = run("")
        say(f"all suites: {whole:.1f} s")
        good = good and good_too
    return 0 if seconds < GOAL_S and good else 1


if __name__ == "__main__":
    sys.exit(main())
