"""`bench run`: pytest on the suites, shown live, ending with a table and the paths of the reports."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.baseline import find_baseline
from bench.plugin import REPORTS
from bench.rigfile import load_rig_file
from bench.runrecord import RunRecord, TestResult
from bench.session import shown_path
from bench.suite_options import ROOT, suite_options
from bench.testcase import case_of
from bench.verdict import MAPPING, Verdict

REASON_LINES = 6


class Screen(Console):
    """A console whose reader may go away: the run goes on without it."""

    def on_broken_pipe(self) -> None:
        """Write nowhere from now on."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class LiveReport:
    """Prints each test as it begins and ends, and the summary."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._results: list[TestResult] = []
        self._total = 0
        self._record: RunRecord | None = None
        self._status = console.status("starting the rig")
        self.trouble: list[str] = []
        self.reports: dict[str, Path] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say how much there is to do."""
        self._total = sum(1 for item in session.items if case_of(item))

    def pytest_sessionstart(self) -> None:
        """Say that there is something to wait for."""
        self._status.start()

    def pytest_bench_plan(self, record: RunRecord) -> None:
        """Say how much there is to do, if other processes do it."""
        self._record, self._total = record, len(record.tests)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Show what is running."""
        self._status.update(Text(f"[{len(self._results) + 1}/{self._total}] {nodeid.rpartition('::')[2]}"))

    def pytest_bench_result(self, result: TestResult) -> None:
        """Show what has ended."""
        self._results.append(result)
        style = MAPPING[result.verdict].style
        head = f"[{len(self._results):>2}/{self._total}]"
        shown = Text.assemble(f"{head} ", (f"{result.verdict:<14}", style), f" {result.id:<9} {result.title}")
        self._console.print(shown, highlight=False)
        if result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            for line in result.reason.splitlines()[:REASON_LINES]:
                self._console.print(f"       {line}", style="dim", highlight=False, markup=False)
        for warning in result.warnings:
            self._console.print(f"       warning: {warning.splitlines()[0]}", style="yellow", markup=False)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a suite that cannot be read."""
        if report.failed:
            self.trouble.append(str(report.longrepr).strip().splitlines()[-1])

    def pytest_internalerror(self, excrepr: object) -> None:
        """Remember what broke in the bench itself."""
        self.trouble.append(str(excrepr).strip().splitlines()[-1])

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Summarise."""
        self._status.stop()
        self.reports = config.stash.get(REPORTS, {})
        if self._record is not None and self._results:
            self._results = self._record.tests

    def summarise(self) -> None:
        """Print the table and the paths."""
        if self._results:
            table = Table(title=None, box=None, pad_edge=False, header_style="bold")
            for name, justify in (("theme", "left"), *((verdict.value, "right") for verdict in Verdict)):
                table.add_column(name, justify=justify)  # type: ignore[arg-type]
            themes = dict.fromkeys(result.theme for result in self._results)
            for theme in [*themes, "all"]:
                rows = [one for one in self._results if theme in ("all", one.theme)]
                counts = [sum(1 for one in rows if one.verdict is verdict) for verdict in Verdict]
                table.add_row(theme, *(str(count) if count else "·" for count in counts))
            self._console.print()
            self._console.print(table)
        for line in self.trouble:
            sys.stderr.write(f"bench: {line}\n")
        if self.reports:
            self._console.print()
        for kind, path in self.reports.items():
            self._console.print(f"{kind:<8} {shown_path(path)}", highlight=False, soft_wrap=True)


def run_suites(
    rig: Path,
    select: str,
    defects: Sequence[str],
    seed: int,
    out: Path | None,
    baseline: str | None = None,
    jobs: int = 1,
) -> int:
    """Run the suites; return the exit code of the run. Raises UsageError before anything is started."""
    if not rig.exists() and (ROOT / rig).exists():
        rig = ROOT / rig
    load_rig_file(rig)
    arguments = [str(ROOT / "testcases"), *suite_options()]
    arguments += ["--rig", str(rig), "--seed", str(seed)]
    arguments += [word for defect in defects for word in ("--defect", defect)]
    if baseline:
        arguments += ["--baseline", find_baseline(baseline).name]
    if select:
        arguments += ["-k", select]
    if jobs > 1:
        arguments += ["-n", str(jobs), "--dist", "worksteal"]
    if out is not None:
        arguments += ["--out", str(out)]
    live = LiveReport(Screen(soft_wrap=True))
    signal.signal(signal.SIGTERM, _interrupt)
    code = int(pytest.main(arguments, plugins=[live]))
    live.summarise()
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and not live.trouble:
        sys.stderr.write(f"bench: nothing ran: no test matches {select!r}\n" if select else "bench: nothing ran\n")
    if code == pytest.ExitCode.INTERRUPTED:
        sys.stderr.write("bench: interrupted; what had been seen is in the run folder\n")
        return 130
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR) and live.trouble:
        return 2 if code == pytest.ExitCode.USAGE_ERROR else 3
    return 2 if code == pytest.ExitCode.USAGE_ERROR else code


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
