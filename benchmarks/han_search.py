"""A second question over a month of nights: 30 captures, decoded and kept by the first question.

Each night is 100,000 frames. The question is a whole `bench han search` process; the floor is reading the same files'
columns `cluster`, `zcl_command` and `src_eui` with pyarrow alone.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.han_traffic import capture, keyring
from benchmarks.measure import say, verdict

NIGHTS, FRAMES = 30, 100_000
GOAL = 1.0
SECONDS = 2.0  #: what still feels like an answer
TURNS = 5
QUESTIONS = (
    "cluster == metering and cmd == report_attributes and esme and rssi < -80",
    "cluster == price and cmd == publish_price and src_eui == 00-15-5F-00-00-00-11-11 and frame < 500",
    'not decrypted and time > "2026-01-01"',
)


def ask(question: str, folder: Path, keys: Path) -> float:
    """CPU seconds of a search."""
    program = Path(sys.executable).with_name("bench")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [program, "han", "search", question, folder, "--keys", keys, "--count"], stdout=subprocess.DEVNULL, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as where:
        folder, keys, cache = Path(where, "nights"), Path(where, "keys.toml"), Path(where, "cache")
        folder.mkdir()
        keyring().save(keys)
        os.environ["BENCH_CACHE"] = str(cache)
        night = capture(FRAMES)
        for number in range(NIGHTS):
            shutil.copy(night, folder / f"night-{number:02}.pcap")
            os.utime(folder / f"night-{number:02}.pcap", ns=(number, number))
        first = ask(QUESTIONS[0], folder, keys)
        taken = {
            question: statistics.median(ask(question, folder, keys) for _ in range(TURNS)) for question in QUESTIONS
        }
        files = list(cache.glob("*.parquet"))
        start = time.process_time()
        for path in files:
            pq.read_table(path, columns=["cluster", "zcl_command", "src_eui"])
        floor = time.process_time() - start
        size = sum(path.stat().st_size for path in files)
    say(f"{NIGHTS} nights of {FRAMES:,} frames; kept: {size / 1e6:.0f} MB in {len(files)} files")
    say(f"first question: {first:.1f} s of CPU; reading three columns with pyarrow: {floor:.2f} s")
    for question, seconds in taken.items():
        say(f"again: {seconds:.2f} s of CPU  {question}")
    verdict("han_search", max(taken.values()) / SECONDS, f"{SECONDS:.0f} seconds of CPU, at most", GOAL)


if __name__ == "__main__":
    main()
