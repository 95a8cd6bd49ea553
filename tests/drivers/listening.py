"""Reading a sniffer as the capture process does."""

import select
import time

from bench.capture.sniffer import Heard, Sniffer


def listen(sniffer: Sniffer, count: int = 0, seconds: float = 3.0) -> list[Heard]:
    """What a sniffer hears until it has heard `count` frames; with 0, what it has heard so far."""
    frames: list[Heard] = []
    end = time.monotonic() + (seconds if count else 0.2)
    while time.monotonic() < end and not (count and len(frames) >= count):
        if select.select([sniffer.fileno()], [], [], 0.02)[0]:
            frames += sniffer.parse(sniffer.read())
            if sniffer.ended:
                break
    assert len(frames) >= count, f"heard {len(frames)} of {count} frames"
    return frames
