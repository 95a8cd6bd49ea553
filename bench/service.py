"""Programs a rig needs while it is in use: started with the run, told to go by closing their standard input."""

import contextlib
import json
import select
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.errors import BenchError, UsageError
from bench.rigfile import ServiceTable

STOP_SECONDS = 5.0


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
            raise BenchError(f"service {name}: cannot start {table.command[0]!r} ({problem.strerror}); correct its command") from None
        self.announced = self._read_announcement(table.ready_within.total_seconds())

    def _read_announcement(self, patience: float) -> dict[str, Any]:
        output = self._process.stdout
        assert output is not None
        ready, _, _ = select.select([output], [], [], patience)
        line = output.readline() if ready else b""
        try:
            announced = json.loads(line)
        except ValueError:
            announced = None
        if isinstance(announced, dict) and "error" not in announced:
            return announced
        self.stop()
        if isinstance(announced, dict):
            raise UsageError(f"service {self.name}: {announced['error']}")
        problem = "said nothing in time" if not ready else "ended at once" if not line else "did not announce itself in JSON"
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
