"""The suites against one defect: a pytest run in a process of its own, forked from one that has the bench loaded."""

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.runrecord import RunRecord, TestResult, load_run
from bench.suite_options import ROOT, suite_options
from bench.verdict import Verdict

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["bench.plugin", "bench.han.fast", "bench.dcc.bodies"])
_GRACE_S = 10


def states(result: TestResult, rule: str) -> bool:
    """Whether a test failed that states the rule, or names it in its reason."""
    return result.verdict is Verdict.FAIL and rule in (result.reason.partition(":")[0], *result.rules)


class UntilCaught:
    """A plugin that ends the run as soon as one test has caught the defect."""

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember what to stop."""
        self._session = session

    def pytest_bench_result(self, result: TestResult) -> None:
        """Stop when that is enough."""
        if states(result, self._rule) and self._session is not None:
            self._session.shouldstop = f"{self._rule} is caught"


def _work(arguments: list[str], rule: str | None, log: str) -> None:
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.chdir(ROOT)
    plugins: list[Any] = [UntilCaught(rule)] if rule else []
    code = int(pytest.main(arguments, plugins=plugins))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def run(nodes: list[str], options: list[str], folder: Path, longest_s: float, rule: str | None) -> RunRecord:
    """Run tests into a folder; `rule`: end with the first that catches its breach. Raises BenchError: what was said."""
    chosen, log = folder.with_name(f"{folder.name}.txt"), folder.with_name(f"{folder.name}.log")
    chosen.write_text("\n".join(nodes), encoding="utf-8")
    arguments = [f"@{chosen}", *suite_options(), "--no-reports", *options, "--out", str(folder)]
    process = _PROCESSES.Process(target=_work, args=(arguments, rule, str(log)))
    try:
        process.start()
        process.join(longest_s)
        if process.is_alive():
            process.terminate()
            process.join(_GRACE_S)
            process.kill()
            raise BenchError(f"not done after {longest_s:g} s")
        try:
            record = load_run(folder)
        except BenchError as problem:
            raise BenchError(_last_line(log) or str(problem)) from None
        if process.exitcode == pytest.ExitCode.USAGE_ERROR:  # planned, and then refused
            raise BenchError(_last_line(log))
        return record
    finally:
        chosen.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
