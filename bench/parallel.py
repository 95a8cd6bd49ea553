"""A run shared by several workers (pytest-xdist), each with a rig and a chain of logs of its own.

The controller gives every worker its part of the run, hears from it at the end of each test, and alone writes
`run.json`, which the first worker that has collected the tests begins. A worker that dies takes one test
with it: verdict `error`.
"""

import contextlib
import os
import secrets
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.clock import MachineTime
from bench.recorder import GENESIS
from bench.runrecord import DURING, PENDING, RunRecord, TestResult, evidence_name, load_run
from bench.verdict import Verdict


@dataclass(frozen=True)
class Part:
    """A worker's part of a run: what all workers must agree on, and the worker's name."""

    worker: str
    run_id: str
    started: str  #: ISO 8601
    folder: str
    occupied: bool  #: whether the folder held anything before the run
    workers: int

    @classmethod
    def of(cls, config: pytest.Config) -> "Part | None":
        """Return the part this process has, None if it runs alone."""
        told = getattr(config, "workerinput", {}).get("bench")
        return cls(**told) if told else None


class Controller:
    """The plugin of the process that leads the workers."""

    def __init__(self, config: pytest.Config, announce: Callable[[RunRecord], None]) -> None:
        self._config, self._announce = config, announce
        started = MachineTime().now()
        self._run_id = f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        self._started = started
        given = config.getoption("bench_out")
        self.folder = Path(given or Path("runs") / self._run_id).resolve()
        self._occupied = self.folder.is_dir() and any(self.folder.iterdir())
        self._results: dict[str, TestResult] = {}
        self._pids: dict[str, int] = {}
        self.record: RunRecord | None = None
        self.usage = ""  #: why the workers refused to begin

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker its part."""
        workers = len(node.nodemanager.specs)
        node.workerinput["bench"] = {
            "worker": node.gateway.id,
            "run_id": self._run_id,
            "started": self._started.isoformat(),
            "folder": str(self.folder),
            "occupied": self._occupied,
            "workers": workers,
        }

    def _planned(self, node: str) -> TestResult | None:
        """Return the result of a test of this run, None for an ordinary test."""
        if self.record is None and (self.folder / "run.json").exists() and not self._occupied:
            self.record = load_run(self.folder)
            self._results = {result.node: result for result in self.record.tests}
            self._announce(self.record)
        return self._results.get(node)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a test is under way."""
        result = self._planned(nodeid)
        if result is not None:
            _begin(result)
            assert self.record is not None
            self.record.note(self.folder, result)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over what a worker says of a test."""
        told: dict[str, Any] = getattr(report, "bench", {})
        result = self._planned(report.nodeid) if told else None
        if result is None or self.record is None:
            return
        worker = told["worker"]
        self._pids[worker] = told["pid"]
        result.worker = worker
        self.record.workers.setdefault(worker, GENESIS)
        if "result" in told:
            for name, value in told["result"].items():
                setattr(result, name, Verdict(value) if name == "verdict" else value)
            self.record.workers[worker] = told["chain"]
            self.record.note(self.folder, result)
            self._config.hook.pytest_bench_result(result=result)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """Settle a test whose worker died: an error, never the device's."""
        result = self._planned(crashitem)
        if result is None or self.record is None:
            return
        result.worker = report.node.gateway.id
        self.record.workers.setdefault(result.worker, GENESIS)
        result.verdict = Verdict.ERROR
        result.reason = f"worker {result.worker} died during this test; its evidence ends there"
        if not (self.folder / evidence_name(result.id) / "timeline.jsonl").exists():
            result.evidence = ""
        self.record.note(self.folder, result)
        report.user_properties.append(("verdict", result.verdict.value))
        self._config.hook.pytest_bench_result(result=result)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear why a worker refused to begin."""
        self.usage = self.usage or getattr(node, "workeroutput", {}).get("bench_usage", "")

    def pytest_keyboard_interrupt(self) -> None:
        """Let the workers bring their rigs to rest, too."""
        for pid in () if self.usage else self._pids.values():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGINT)

    def close(self) -> None:
        """Write what is left of the record, with what workers began unheard, or never, while the run ended."""
        if self.record is not None:
            for result in self.record.tests:
                begun = (self.folder / evidence_name(result.id) / "timeline.jsonl").exists()
                if begun and not result.evidence:
                    _begin(result)
                elif not begun and result.evidence and result.reason == DURING:  # announced, and then the run ended
                    result.verdict, result.reason, result.evidence = Verdict.NOT_RUN, PENDING, ""
            self.record.finish(self.folder)


def _begin(result: TestResult) -> None:
    """Note that a test is under way, which is what remains of it if nothing more is heard."""
    result.verdict, result.reason, result.evidence = Verdict.ERROR, DURING, evidence_name(result.id)
