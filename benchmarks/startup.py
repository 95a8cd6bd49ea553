"""Time to start: `bench --help` and `bench decode` of one message, as whole processes."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import say, verdict
from benchmarks.messages import load

GOAL = 1.0
SECONDS = 0.25
RUNS = 7


def seconds(arguments: list[str]) -> float:
    """Median seconds of a process."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(arguments, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Measure and report the slower of the two against the quarter of a second it may take."""
    octets = load().octets
    program = Path(sys.executable).with_name("bench")
    bench = [str(program)] if program.exists() else [sys.executable, "-m", "bench.cli"]
    with tempfile.TemporaryDirectory() as folder:
        message = Path(folder, "message.hex")
        message.write_text(octets[0].hex())
        found = {"bench --help": seconds([*bench, "--help"]), "bench decode": seconds([*bench, "decode", str(message)])}
        empty = seconds([sys.executable, "-c", "pass"])
    for name, taken in found.items():
        say(f"{name}: {taken:.3f} s (goal {SECONDS} s)")
    say(f"an empty interpreter: {empty:.3f} s")
    verdict("startup", max(found.values()) / SECONDS, "quarter of a second, at most", GOAL)


if __name__ == "__main__":
    main()
