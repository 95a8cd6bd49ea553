"""Frames a second of the live path, one frame at a time on one core."""

import time

from bench.han.fast import FastReader
from benchmarks.han_traffic import Traffic, keyring
from benchmarks.measure import one_core, rate, say, verdict

GOAL = 1.0
WANTED = 150_000
FRAMES = 100_000
TURNS = 5


def main() -> None:
    """Measure and report."""
    one_core()
    traffic = Traffic()
    frames = [traffic.frame() for _ in range(FRAMES)]
    best = float("inf")
    for _ in range(TURNS):
        reader = FastReader(keyring())
        feed = reader.feed
        opened = read = 0
        start = time.process_time()
        for number, psdu in enumerate(frames):
            heard = feed(1_790_000_000_000_000_000 + number * 4_000_000, psdu, channel=15)
            opened += heard.decrypted is True
            read += heard.frame is None
        best = min(best, time.process_time() - start)
        assert opened == FRAMES
    say(f"{FRAMES:,} encrypted frames, {FRAMES - read:,} by the dissector: {rate(FRAMES, best)}")
    verdict("han_fast", FRAMES / best / WANTED, f"{WANTED:,} frames a second", GOAL)


if __name__ == "__main__":
    main()
