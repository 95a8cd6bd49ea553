"""The sniffers of a rig: held by the capture process, whose trouble becomes the verdict `error`."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.bus import Bus, Item
from bench.capture import SOURCE
from bench.capture.client import Capture, RemoteSniffer
from bench.capture.sniffer import SnifferInfo
from bench.clock import Clock
from bench.driver import DriverConfig
from bench.errors import BenchError, InstrumentError
from bench.observation import nanoseconds
from bench.recorder import Recorder
from bench.timeline import Timeline

CAPTURE_FILE = "capture.pcapng"


class Air:
    """Starts the capture process at once; the sniffers are opened beside the rig's other instruments."""

    def __init__(self, run_folder: Path) -> None:
        self._folder = run_folder
        self._capture = Capture(run_folder / "services" / "capture.log")
        self._wanted: dict[str, tuple[str, DriverConfig]] = {}
        self.sniffers: dict[str, RemoteSniffer] = {}
        self._unrecorded: list[tuple[str, dict[str, Any]]] = []
        self._bus: Bus
        self._timeline: Timeline
        self._recorder: Recorder
        self._file_trouble: BenchError | None = None

    def sniffer(self, name: str, driver: str, config: DriverConfig) -> RemoteSniffer:
        """Return the sniffer that the capture process is to hold."""
        self._wanted[name] = driver, config
        self.sniffers[name] = RemoteSniffer(name, config)
        return self.sniffers[name]

    def open(self) -> None:
        """Begin to open the sniffers."""
        self._capture.open(self._wanted)

    def opened(self) -> None:
        """Wait until they are open. Raises InstrumentError of one that does not answer."""
        for name, (info, unanswered) in self._capture.opened().items():
            self.sniffers[name].info = info
            self.sniffers[name].unanswered = unanswered

    def info(self) -> list[SnifferInfo]:
        """Return what is worth keeping of each sniffer."""
        return [sniffer.info for sniffer in self.sniffers.values()]

    def start(self, bus: Bus, clock: Clock, timeline: Timeline, recorder: Recorder) -> None:
        """Let the sniffers receive.

        The capture process keeps time and writes the file of the whole run where the clock runs by itself; where it
        is stepped, what it hears is stamped when it is collected, and each test's own file is the only one.
        """
        self._bus, self._timeline, self._recorder = bus, timeline, recorder
        offset_us = None
        if clock.source.arrival() is not None:
            offset_us = nanoseconds(clock.now()) // 1000 - time.monotonic_ns() // 1000
        address = bus.listen(*self.sniffers, SOURCE)
        write = None if offset_us is None else self._folder / CAPTURE_FILE
        for name, unanswered in self._capture.start(address, offset_us=offset_us, write=write).items():
            self.sniffers[name].unanswered = unanswered

    def take(self, item: Item) -> None:
        """Put trouble on the timeline and remember it for the verdict."""
        data = dict(item.data)
        name, problem = data["sniffer"], data["problem"]
        if item.kind == "file":
            self._file_trouble = BenchError(problem)
            return
        if "sequence" in data:
            self._bus.write_off({name: data["sequence"]})
        sniffer = self.sniffers[name]
        sniffer.unanswered = data.get("unanswered", sniffer.unanswered)
        sniffer.there = data.get("listening", sniffer.there)
        if item.kind == "learnt":
            sniffer.info = replace(sniffer.info, stamps=data["stamps"])
            return
        if item.kind == "ended":
            self._record("step", {"text": problem})
            return
        if item.kind in ("silent", "heard"):  # the air may be quiet: nothing is broken
            self._record("step", {"text": f"{name}: {problem}", "sniffer": name, "cause": item.kind})
            return
        text = f"{name}: {problem}" + _gap(item.kind, data)
        self._record("gap", data | {"text": text, "cause": item.kind})
        if item.kind != "back":
            sniffer.trouble = InstrumentError(name, problem + _gap(item.kind, data), data.get("exchanges", ()))

    def _record(self, kind: str, data: dict[str, Any]) -> None:
        self._unrecorded.append((kind, data))
        if self._recorder.is_open:
            self.record()

    def record(self) -> None:
        """Put what was told between tests on the timeline of the one that has begun."""
        while self._unrecorded:
            kind, data = self._unrecorded.pop(0)
            self._timeline.record("han", kind, data)

    def sync(self) -> dict[str, int]:
        """Have everything heard so far published; return how many items of each source there are."""
        return self._capture.sync()

    def mark(self, text: str) -> None:
        """Note a test step in the file of the whole run."""
        self._capture.mark(text)

    def check(self) -> None:
        """Raise BenchError when the capture process has ended or cannot write."""
        self._capture.check()
        if self._file_trouble is not None:
            trouble, self._file_trouble = self._file_trouble, None
            raise trouble

    def close(self) -> None:
        """End the capture process."""
        self._capture.stop()


def _gap(kind: str, data: dict[str, Any]) -> str:
    """Return the time of a gap in words."""
    if kind == "gone" and data.get("since"):
        return f" (nothing is heard since {data['since']})"
    if kind == "back" and data.get("since") and data.get("at"):
        return f" (nothing was heard from {data['since']} to {data['at']})"
    return ""
