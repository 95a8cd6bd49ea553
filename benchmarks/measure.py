"""Timing on one core, and the line a benchmark ends with."""

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence

REPETITIONS = 9


def one_core() -> None:
    """Keep the process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def medians(*runs: Callable[[], object], repetitions: int = REPETITIONS) -> list[float]:
    """Median CPU seconds of each run; the runs take turns, so that a slow spell meets all of them."""
    for run in runs:
        run()
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(repetitions):
        for run, times in zip(runs, taken, strict=True):
            gc.collect()
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
    return [statistics.median(times) for times in taken]


def say(text: str) -> None:
    """A line of the report."""
    sys.stdout.write(text + "\n")


def verdict(name: str, ratio: float, peer: str, goal: float) -> None:
    """The last line of a benchmark."""
    say(f"{name}: {ratio:.2f} x {peer} (goal {goal:.2f})")


def rate(count: int, seconds: float) -> str:
    """Things a second and microseconds a thing."""
    return f"{count / seconds:,.0f}/s, {seconds / count * 1e6:.1f} us each"


def each(work: Callable[[bytes], object], items: Sequence[bytes]) -> Callable[[], object]:
    """A run of `work` over all items."""

    def run() -> object:
        done: object = None
        for item in items:
            done = work(item)
        return done

    return run
