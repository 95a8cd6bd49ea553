"""Programs a rig needs while it is in use: started with the run, told to go by closing their standard input."""

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.errors import BenchError, UsageError
from bench.rigfile import ServiceTable

STOP_SECONDS = 5.0
LONGEST = 1 << 16


class Service:
    """One running service. `announced` is the JSON object it printed when it was ready."""

    def __init__(self, name: str, table: ServiceTable, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("wb") as errors:
                self._process = subprocess.Popen(
                    [*table.command, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as problem:
            problem_text = f"cannot start {table.command[0]!r} ({problem.strerror})"
            raise BenchError(f"service {name}: {problem_text}; correct its command") from None
        self.announced = self._read_announcement(table.ready_within.total_seconds())

    def _read_announcement(self, patience: float) -> dict[str, Any]:
        output = self._process.stdout
        assert output is not None
        line, ended, end = b"", False, time.monotonic() + patience
        while not ended and not line.endswith(b"\n"):
            if not select.select([output], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            octets = os.read(output.fileno(), LONGEST)
            line, ended = line + octets, not octets or len(line) > LONGEST
        try:
            announced = json.loads(line)
        except ValueError:
            announced = None
        if isinstance(announced, dict) and "error" not in announced:
            return announced
        self.stop()
        if isinstance(announced, dict):
            raise UsageError(f"service {self.name}: {announced['error']}")
        problem = "did not announce itself in JSON" if line else "ended at once" if ended else "said nothing in time"
        raise BenchError(f"service {self.name}: {problem}; {self._last_words()}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                return f"its log {self._log} ends: {lines[-1]}"
        return f"its log is {self._log}"

    @property
    def running(self) -> bool:
        """Whether the service is still there."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raise BenchError when the service has ended, with what it said last."""
        if not self.running:
            ended = f"ended with exit code {self._process.returncode}"
            raise BenchError(f"service {self.name} {ended} while the rig was in use; {self._last_words()}")

    def stop(self) -> None:
        """Ask the service to end, then insist."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
