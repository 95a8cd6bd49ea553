"""The bench's end of the capture process: starting it, leading it, and knowing when it is gone."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.capture.sniffer import SnifferInfo
from bench.driver import Driver, DriverConfig, driver_reference
from bench.errors import BenchError, InstrumentError

OPEN_S, ANSWER_S, STOP_S = 30.0, 10.0, 15.0
LONGEST = 1 << 20


class RemoteSniffer(Driver):
    """A sniffer that the capture process holds, as the rest of the bench sees it."""

    def __init__(self, name: str, config: DriverConfig) -> None:
        super().__init__(name, config)
        self.there = True
        self.info = SnifferInfo(name)

    @property
    def listening(self) -> bool:
        """Whether frames are being read from it."""
        return self.there


class Capture:
    """The capture process. It is started at once, so that it gets ready while the rig does."""

    def __init__(self, log: Path) -> None:
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._ended = ""
        self._buffer = b""
        self._syncs = 0
        try:
            with log.open("wb") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "bench.capture"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as problem:
            raise BenchError(f"cannot start the capture process ({problem.strerror})") from None

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def open(self, sniffers: Mapping[str, tuple[str, DriverConfig]]) -> None:
        """Begin to open sniffers (name -> driver, configuration); `opened` tells how that went."""
        wanted = [
            {"name": name, "driver": driver_reference(driver), "config": config.model_dump(mode="json")}
            for name, (driver, config) in sniffers.items()
        ]
        self._order({"open": wanted})

    def opened(self) -> dict[str, tuple[SnifferInfo, int]]:
        """Wait until all sniffers are open; return what they are and how many messages went to them without a reply.

        Raises InstrumentError of a sniffer that does not answer.
        """
        told = self._answer("opened", OPEN_S)
        return {name: (SnifferInfo(**_without(one, "unanswered")), one["unanswered"]) for name, one in told.items()}

    def start(self, bus: str, *, offset_us: int | None, write: Path | None = None, **limits: int) -> dict[str, int]:
        """Let the sniffers receive; return how many messages went to each without a reply.

        `offset_us` is what makes the machine's monotonic clock the bench's (UTC, us since 1970), None when the bench
        stamps what it gets itself; `write` is the pcapng file of the whole run.
        """
        order = {"bus": bus, "offset_us": offset_us, "write": str(write) if write else None}
        self._order({"start": order | limits})
        started: dict[str, int] = self._answer("started", OPEN_S)
        return started

    def mark(self, text: str) -> None:
        """Put a comment on the next frame in the file of the whole run."""
        with contextlib.suppress(BenchError):  # told by `check`
            self._order({"mark": text})

    def sync(self) -> dict[str, int]:
        """Have everything published that has been heard; return the number of items of each source."""
        self._syncs += 1
        self._order({"sync": self._syncs})
        while True:
            answer = self._read("synced", ANSWER_S)
            if answer["synced"] == self._syncs:
                published: dict[str, int] = answer["published"]
                return published

    def check(self) -> None:
        """Raise BenchError when the process has ended, with what it said last."""
        if self._ended or self._process.poll() is not None:
            raise self._end()

    def stop(self) -> None:
        """Let the process finish its file and leave the sniffers at rest, then insist."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise self._end() from None

    def _answer(self, key: str, patience: float) -> Any:
        return self._read(key, patience)[key]

    def _read(self, key: str, patience: float) -> dict[str, Any]:
        output = self._process.stdout
        assert output is not None
        end = time.monotonic() + patience
        while True:
            line, found, rest = self._buffer.partition(b"\n")
            if found:
                self._buffer = rest
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer:
                    raise self._said(answer["error"])
                if key in answer:
                    return answer
                continue
            if not select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BenchError(f"the capture process did not answer within {patience:g} s; its log is {self._log}")
            chunk = os.read(output.fileno(), LONGEST)
            if not chunk:
                raise self._end()
            self._buffer += chunk

    def _said(self, error: dict[str, Any]) -> BenchError:
        if "instrument" in error:
            return InstrumentError(error["instrument"], error["problem"], error["exchanges"])
        self._ended = f"the capture process ended: {error['problem']}"
        return BenchError(self._ended)

    def _end(self) -> BenchError:
        if not self._ended:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
            code = self._process.returncode
            how = (
                "closed its line" if code is None else f"was ended by signal {-code}" if code < 0 else f"ended ({code})"
            )
            self._ended = f"the capture process {how} while the rig was in use; {self._last_words()}"
        return BenchError(self._ended)

    def _last_words(self) -> str:
        with contextlib.suppress(ValueError):  # an answer that nobody has read yet
            answer = json.loads(self._buffer.rstrip().rpartition(b"\n")[2] or b"x")
            if "error" in answer:
                return str(answer["error"]["problem"])
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                return f"its log {self._log} ends: {lines[-1]}"
        return "it said nothing"


def _without(table: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}
