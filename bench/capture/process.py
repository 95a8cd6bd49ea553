"""The capture process: one loop over all sniffers and the orders of the bench.

Orders and answers are JSON lines on standard input and output; the end of input ends the process.

    > {"open": [{"name": ..., "driver": "module:Class", "config": {...}}, ...]}
    < {"opened": {NAME: {"channel": ..., "unanswered": ...}, ...}}   or   {"error": {"instrument", "problem", ...}}
    > {"start": {"bus": ADDRESS, "offset_us": OUR CLOCK - MONOTONIC or null, "write": FILE or null}}
    < {"started": {NAME: messages sent to it so far that have no reply, ...}}
    > {"mark": "text of a test step"}
    > {"sync": N}
    < {"synced": N, "published": {NAME: sequence number, ...}}
"""

import heapq
import importlib
import json
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from bench.capture.align import Alignment
from bench.capture.ear import Ear, Timed, open_all, our_clock
from bench.capture.file import CaptureFile
from bench.capture.publisher import BACKLOG, Publisher, iso
from bench.capture.sniffer import Heard, Sniffer
from bench.errors import BenchError, InstrumentError

HOLD_US = 20_000  #: how long a frame waits for an earlier one of another sniffer
LOOK_S = 0.25  #: how often sniffers are looked for
SWITCH_S = 0.001
SYNC_READS = 256


class CaptureProcess:
    """All of it. `answer` sends a JSON line to the bench."""

    def __init__(self, answer: Callable[[dict[str, Any]], None]) -> None:
        self._answer = answer
        self._sniffers: list[Sniffer] = []
        self._ears: list[Ear] = []
        self._publisher: Publisher | None = None
        self._file: CaptureFile | None = None
        self._file_problem = ""
        self._now: Callable[[], int] | None = None
        self._held: list[tuple[int, int, Ear, Timed]] = []
        self._order = 0
        self._alignment: Alignment | None = None
        self._poll = select.poll()
        self._polled: dict[int, Ear] = {}
        self._next_look = 0.0
        self._stop = threading.Event()

    def order(self, order: dict[str, Any]) -> None:
        """Do what the bench asks. Raises BenchError."""
        if "open" in order:
            self._open(order["open"])
        elif "start" in order:
            self._start(**order["start"])
        elif "mark" in order:
            if self._file is not None:
                self._file.mark(str(order["mark"]))
        elif "sync" in order:
            for _ in range(SYNC_READS):
                if not self._read_ready(0):
                    break
            self._release(everything=True)
            if self._publisher is not None:
                self._tell_unsent()
            published = {ear.name: ear.sequence for ear in self._ears}
            told = 0 if self._publisher is None else self._publisher.told
            self._answer({"synced": order["sync"], "published": published | {"capture": told}})

    def _open(self, wanted: list[dict[str, Any]]) -> None:
        for one in wanted:
            module, _, name = one["driver"].partition(":")
            driver = getattr(importlib.import_module(module), name)
            self._sniffers.append(driver(one["name"], driver.Config.model_validate(one["config"])))
        open_all(self._sniffers)
        info = {one.name: one.info().as_dict() | {"unanswered": one.unanswered} for one in self._sniffers}
        self._answer({"opened": info})

    def _start(self, bus: str, offset_us: int | None, write: str | None, backlog: int = BACKLOG) -> None:
        self._publisher = Publisher(bus, backlog)
        self._now = None if offset_us is None else our_clock(offset_us)
        if write is not None:
            try:
                self._file = CaptureFile(write, [sniffer.info() for sniffer in self._sniffers])
            except OSError as problem:
                raise BenchError(f"cannot write {write}: {problem.strerror}; free some space and run again") from None
        self._alignment = Alignment({one.name: (one.channel, one.page) for one in self._sniffers if not one.own_time})
        for sniffer in self._sniffers:
            sniffer.begin()
            ear = Ear(sniffer, self._now)
            self._ears.append(ear)
            self._watch(ear)
        self._answer({"started": {sniffer.name: sniffer.unanswered for sniffer in self._sniffers}})

    def _watch(self, ear: Ear) -> None:
        descriptor = ear.sniffer.fileno()
        self._polled[descriptor] = ear
        self._poll.register(descriptor, select.POLLIN)

    def _unwatch(self, ear: Ear) -> None:
        for descriptor in [key for key, value in self._polled.items() if value is ear]:
            del self._polled[descriptor]
            self._poll.unregister(descriptor)

    def run(self, orders: int) -> None:
        """Serve until the descriptor `orders` ends."""
        self._poll.register(orders, select.POLLIN)
        buffer = b""
        while True:
            if orders in self._read_ready(self._patience_ms()):
                chunk = os.read(orders, 1 << 16)
                if not chunk:
                    return
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    self.order(json.loads(line))
            self._release()
            if time.monotonic() >= self._next_look:
                self._look()

    def _patience_ms(self) -> int:
        if self._held and self._now is not None:
            return max(1, min(250, (self._held[0][0] + HOLD_US - self._now()) // 1000 + 1))
        return int(LOOK_S * 1000) if self._ears else 60_000

    def _read_ready(self, wait_ms: int) -> list[int]:
        """Read every sniffer that has something; return the descriptors that had."""
        ready = [descriptor for descriptor, _ in self._poll.poll(wait_ms)]
        for descriptor in ready:
            if descriptor in self._polled:
                self._read(self._polled[descriptor])
        return ready

    def _read(self, ear: Ear) -> None:
        timed: list[Timed] = []
        try:
            timed = ear.read()
        except InstrumentError as problem:
            self._gone(ear, problem)
        except Exception as problem:  # a driver's bug must not silence the other sniffers
            self._gone(ear, ear.sniffer.error(f"its driver broke ({type(problem).__name__}: {problem})"))
        if lost := ear.new_losses():
            self._lost(ear, lost)
        if timed and ear.silent:
            ear.silent = False
            self._tell("heard", ear, "hears something again")
        hold = self._now is not None and len(self._ears) > 1
        for one in timed:
            if hold and one[0] is not None:
                self._hold(ear, one[0], one[1])
            else:
                self._pass_on(ear, one[0], one[1])
        if ear.has_learnt():
            self._tell("learnt", ear, ear.sniffer.info().description(), stamps=ear.sniffer.stamps)
        if ear.sniffer.ended and ear.alive:
            self._unwatch(ear)
            self._tell("ended", ear, f"{ear.name}: {ear.sniffer.hardware} has come to its end")

    def _hold(self, ear: Ear, stamp: int, heard: Heard) -> None:
        if self._alignment is not None and not ear.sniffer.own_time:
            stamp = self._alignment.feed(ear.name, stamp, heard.psdu[:-2] if heard.fcs else heard.psdu)
        self._order += 1
        heapq.heappush(self._held, (stamp, self._order, ear, (stamp, heard)))

    def _release(self, everything: bool = False) -> None:
        if not self._held:
            return
        limit = 0 if self._now is None else self._now() - HOLD_US
        while self._held and (everything or self._held[0][0] <= limit):
            _, _, ear, (stamp, heard) = heapq.heappop(self._held)
            self._pass_on(ear, stamp, heard)

    def _pass_on(self, ear: Ear, stamp: int | None, heard: Heard) -> None:
        assert self._publisher is not None
        self._publisher.frame(ear, stamp, heard)
        if self._file is not None:
            self._file.write(ear.name, stamp if stamp is not None else heard.device_us or 0, heard)

    def _lost(self, ear: Ear, count: int) -> None:
        """Tell of frames that are lost; they take sequence numbers, so that what was counted elsewhere still fits."""
        self._release(everything=True)
        ear.sequence += count
        if self._file is not None:
            self._file.lose(ear.name, count)
        self._tell("lost", ear, f"{ear.sniffer.loss} (lost: {count})", lost=count, sequence=ear.sequence)

    def _gone(self, ear: Ear, problem: InstrumentError) -> None:
        self._unwatch(ear)
        self._tell("gone", ear, problem.problem, listening=False, since=self._instant(ear.seen_us))
        ear.lose_it(self._stop)

    def _instant(self, time_us: int | None) -> str | None:
        return None if time_us is None else iso(time_us)

    def _tell(self, kind: str, ear: Ear, problem: str, **more: Any) -> None:
        assert self._publisher is not None
        at = None if self._now is None else iso(self._now())
        exchanges = list(ear.sniffer.exchanges)[-6:]
        data = {"sniffer": ear.name, "problem": problem, "exchanges": exchanges, "at": at, "listening": True}
        self._publisher.trouble(kind, data | {"unanswered": ear.sniffer.unanswered} | more)

    def _look(self) -> None:
        """See what no descriptor tells: device files that are gone, sniffers that are back, room that was missing."""
        self._next_look = time.monotonic() + LOOK_S
        for ear in self._ears:
            since = self._instant(ear.seen_us)
            if ear.came_back():
                self._watch(ear)
                self._tell("back", ear, "is there again", since=since)
            elif ear.alive and not ear.sniffer.ended:
                try:
                    ear.look()
                except InstrumentError as problem:
                    self._gone(ear, problem)
                if lost := ear.new_losses():
                    self._lost(ear, lost)
                self._listen_for(ear)
        if self._publisher is not None:
            self._tell_unsent()
            self._publisher.retell()
        if self._file is not None and self._file.problem != self._file_problem:
            self._file_problem = self._file.problem
            if self._publisher is not None and self._file_problem:
                self._publisher.trouble("file", {"sniffer": None, "problem": self._file_problem})

    def _listen_for(self, ear: Ear) -> None:
        """Tell, once, of a sniffer that is there and hears nothing."""
        quiet = None if ear.silent else ear.quiet_s()
        if quiet is not None:
            ear.silent = True
            channel = ear.sniffer.channel
            words = f"has heard nothing for {quiet:.0f} s" + (f"; is anything on channel {channel}?" if channel else "")
            self._tell("silent", ear, words, since=self._instant(ear.heard_us))

    def _tell_unsent(self) -> None:
        """Tell of frames for which the bench, not listening, left no room."""
        assert self._publisher is not None
        for ear in self._ears:
            if count := self._publisher.unsent.pop(ear.name, 0):
                words = f"the bench did not listen for so long that frames found no room (lost: {count})"
                self._tell("lost", ear, words, lost=count, sequence=ear.sequence)

    def close(self) -> None:
        """Leave the sniffers at rest and everything written."""
        self._stop.set()
        self._release(everything=True)
        for ear in self._ears:
            ear.close()
        for sniffer in self._sniffers[len(self._ears) :]:
            sniffer.close()
        if self._file is not None:
            self._file.close()
        if self._publisher is not None:
            self._publisher.close()


def main() -> int:
    """Serve the bench on standard input and output. Exit code 4 after telling what broke."""
    sys.setswitchinterval(SWITCH_S)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints is not an answer

    def answer(what: dict[str, Any]) -> None:
        out.write(json.dumps(what).encode() + b"\n")

    capture = CaptureProcess(answer)
    try:
        capture.run(0)
    except InstrumentError as problem:
        answer(
            {
                "error": {
                    "instrument": problem.instrument,
                    "problem": problem.problem,
                    "exchanges": problem.last_exchange,
                }
            }
        )
        return 4
    except BrokenPipeError:
        return 0  # the bench is gone
    except Exception as problem:  # last words instead of a traceback
        words = str(problem) if isinstance(problem, BenchError) else f"{type(problem).__name__}: {problem}"
        sys.stderr.write(f"capture: {words}\n")
        answer({"error": {"problem": words}})
        return 4
    finally:
        capture.close()
    return 0
