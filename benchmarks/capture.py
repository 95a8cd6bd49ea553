"""16 sniffers at 500 frames a second each, through pseudo terminals, the real driver and the capture process.

A frame is lost when it does not reach the bus in order, when a sniffer had to drop it because its line was not read,
or when it is missing in the capture file.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bench.bus import Bus
from bench.capture import SOURCE
from bench.capture.client import Capture
from bench.errors import BenchError
from bench.han.capture import read_capture
from benchmarks.measure import say, verdict
from benchmarks.sniffers import Sniffers
from drivers.nrf_sniffer import NrfSnifferConfig

GOAL = 1.0
CHANNELS, RATE = 16, 500
PAUSE_S = 0.02
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  #: of the monotonic clock here: wall clocks are set


def cpu_seconds(pid: int) -> float:
    """CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Listener:
    """The bench's end: counts frames, looks at their numbers, and how late they are."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.frames: Counter[str] = Counter()
        self._due: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.latest = 0.0

    def drain(self) -> None:
        """Take what there is."""
        try:
            items = self._bus.drain()
        except BenchError as problem:
            self.wrong.append(str(problem))
            return
        now = time.monotonic()
        for item in items:
            if item.kind != "psdu":
                self.wrong.append(f"{item.kind}: {item.data.get('problem')}")
                continue
            number = int.from_bytes(item.raw[-4:], "big")
            if number != self._due[item.source]:
                self.wrong.append(f"{item.source}: frame {number} where {self._due[item.source]} was due")
            self._due[item.source] = number + 1
            self.frames[item.source] += 1
        if items and items[0].time is not None:
            self.latest = max(self.latest, now - (items[0].time - EPOCH).total_seconds())


def run(folder: Path, seconds: float) -> None:
    """Capture for some time and report."""
    sniffers = Sniffers(CHANNELS, RATE, seconds)
    bus, capture = Bus(), Capture(folder / "capture.log")
    names = [f"sniffer-{channel}" for _, channel in sniffers.lines]
    capture.open(
        {
            name: ("nrf-sniffer", NrfSnifferConfig(resource=path, channel=channel))
            for name, (path, channel) in zip(names, sniffers.lines, strict=True)
        }
    )
    capture.opened()
    capture.start(bus.listen(*names, SOURCE), offset_us=0, write=folder / "capture.pcapng")
    listener, before, began = Listener(bus), cpu_seconds(capture.pid), time.monotonic()
    while not sniffers.done():
        listener.drain()
        time.sleep(PAUSE_S)
    used, memory, took = cpu_seconds(capture.pid) - before, resident_mb(capture.pid), time.monotonic() - began
    published = capture.sync()
    while sum(listener.frames.values()) < sum(published[name] for name in names) and not listener.wrong:
        listener.drain()
    sent, stall = sniffers.sent()
    sniffers.close()
    capture.stop()
    bus.close()
    written = sum(1 for _ in read_capture(folder / "capture.pcapng"))
    on_air, dropped = sum(number for number, _ in sent), sum(count for _, count in sent)
    received = sum(listener.frames.values())
    say(f"{CHANNELS} sniffers at {RATE}/s for {seconds:g} s: {on_air} frames on air, {dropped} found a line not read")
    say(f"the sniffers themselves were held up for {stall * 1000:.0f} ms at worst")
    say(f"on the bus {received}, in the capture file {written}; out of place or told as trouble {len(listener.wrong)}")
    for line in listener.wrong[:5]:
        say(f"  {line}")
    say(f"capture process: {used / max(1, received) * 1e6:.1f} us of CPU a frame, {used / took:.0%} of a core, ")
    say(f"  {memory:.0f} MB; a frame was on the bus {listener.latest * 1000:.0f} ms after it was on air, at worst")
    verdict("capture", min(received, written) / max(1, on_air), "frames on air", GOAL)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
