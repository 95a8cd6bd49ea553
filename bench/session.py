"""One run: the rig opened once, evidence per test, results kept, reports at the end."""

import contextlib
import os
import secrets
import sys
import time as machine
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.baseline import find_baseline
from bench.clock import MachineTime
from bench.errors import BenchError, UsageError
from bench.evidence import TestEvidence
from bench.home import Home
from bench.parallel import Part
from bench.recorder import GENESIS
from bench.rig import Rig
from bench.rigfile import instrument_of_all, load_rig_file
from bench.runrecord import DURING, RunRecord, TestResult, evidence_name
from bench.testcase import TestCase
from bench.verdict import Verdict, worst

Outcome = tuple[Verdict, str]


def shown_path(path: Path) -> str:
    """Return a path as people want to read it: relative if it lies below the working directory."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


class RunSession:
    """A run from the first test to the last, or a worker's part of one."""

    def __init__(
        self,
        rig_path: Path,
        folder: Path | None,
        seed: int,
        defects: Sequence[str],
        baseline: str | None = None,
        part: Part | None = None,
    ) -> None:
        self.rig_path, self.seed, self.defects = rig_path, seed, list(defects)
        self.file = load_rig_file(rig_path)
        self.baseline = find_baseline(baseline or self.file.baseline)
        self.part = part
        started = datetime.fromisoformat(part.started) if part else MachineTime().now()
        run_id = part.run_id if part else f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        self.folder = Path(part.folder) if part else (folder or Path("runs") / run_id).resolve()
        self._shown = shown_path(self.folder)
        self._machinery = self.folder / "workers" / part.worker if part else self.folder  #: logs of what serves the run
        self.record = RunRecord(run_id, self.file.name, seed, started, self.defects, baseline=self.baseline.name)
        self.home: Home | None = None
        self._rig: Rig | None = None
        self._trouble: BenchError | None = None
        self._results: dict[str, TestResult] = {}
        self._claimed = False
        self._evidence: TestEvidence | None = None
        self._began = (0.0, datetime.min.replace(tzinfo=UTC))

    def plan(self, cases: Sequence[tuple[str, TestCase, str]]) -> None:
        """Say which tests (pytest node id, case, variant) the run is going to do."""
        for node, case, variant in cases:
            self._results[node] = TestResult.pending(case, variant, node)
        self.record.tests = list(self._results.values())
        self._claim()
        with contextlib.suppress(BenchError):  # told by every test that meets it
            self._open()
        if isinstance(self._trouble, UsageError):
            raise self._trouble

    def _claim(self) -> None:
        """Make the run folder this run's alone. Raises UsageError before anything is started."""
        if self.part is not None and self.part.workers > 1 and (single := instrument_of_all(self.file)):
            raise UsageError(
                f"{self.rig_path}: instrument {single} is one, and two workers never share one; leave --jobs (-n) out"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.part.occupied if self.part else any(self.folder.iterdir()):
                raise UsageError(
                    f"--out {shown_path(self.folder)}: is not empty; runs are never overwritten, give a new folder"
                )
            if self.part is not None:
                self.record.workers[self.part.worker] = GENESIS
                self._machinery.mkdir(parents=True, exist_ok=True)
            self.record.save(self.folder, begin=self.part is not None)
        except (OSError, BenchError) as problem:
            if isinstance(problem, UsageError):
                raise
            reason = problem.strerror if isinstance(problem, OSError) else problem
            raise UsageError(
                f"--out {shown_path(self.folder)}: cannot be written ({reason}); give another folder"
            ) from None
        self._claimed = True

    def _note(self, result: TestResult) -> None:
        """Put a test into the run record, unless that is for the controller of several workers to do."""
        if self.part is None:
            self.record.note(self.folder, result)

    def evidence_name(self, node: str) -> str:
        """Return the name of a test's evidence."""
        return evidence_name(self._results[node].id)

    def begin_test(self, node: str, case: TestCase) -> Home:
        """Open the rig if need be, restore its baseline and start the evidence of a test."""
        home = self._open()
        assert self._rig is not None
        self._rig.begin_test()
        self._rig.restore_baseline()
        result = self._results[node]
        result.evidence = evidence = self.evidence_name(node)
        folder = self.folder / evidence
        home.timeline.begin(case.rules[0] if case.rules else "", f"{self._shown}/{evidence}/")
        self._rig.recorder.open(folder / "timeline.jsonl")
        self._evidence = TestEvidence(folder, home)
        home.begin_test(case)
        self._began = (machine.monotonic(), home.clock.now())
        result.verdict, result.reason = Verdict.ERROR, DURING
        self.record.chain = self._rig.recorder.head
        self._note(result)
        return home

    def end_stimuli(self) -> list[Path]:
        """End the evidence of the running test; returns its files."""
        return self._evidence.files() if self._evidence else []

    def end_test(self, node: str, outcomes: Sequence[Outcome]) -> TestResult:
        """Settle the verdict of a test, the worst of its phases, and save the run record."""
        result = self._results[node]
        outcomes = [*outcomes, *self._settle()]
        result.verdict = worst(verdict for verdict, _ in outcomes)
        result.warnings = list(self.home.timeline.warnings) if self.home else []
        result.reason = next((reason for verdict, reason in outcomes if verdict == result.verdict), "")
        try:
            self._close_evidence(result)
        except BenchError as problem:
            result.verdict, result.reason = Verdict.ERROR, str(problem)
        self._note(result)
        return result

    def _settle(self) -> list[Outcome]:
        """Collect what the test's end has left on its way; trouble with it belongs to this test."""
        if self._rig is None or self._evidence is None:
            return []
        try:
            self._rig.settle()
        except BenchError as problem:
            return [(Verdict.ERROR, str(problem))]
        return []

    def _close_evidence(self, result: TestResult) -> None:
        if self._rig is not None and self.home is not None and self._evidence is not None:
            result.duration_s = round(machine.monotonic() - self._began[0], 3)
            result.rig_duration_s = round((self.home.clock.now() - self._began[1]).total_seconds(), 6)
            evidence, self._evidence = self._evidence, None
            evidence.close()
            if self.home.han is not None:
                self.home.han.invariants.leave()
            said = result.reason.partition("\n  evidence")[0]  # where the evidence lies is no evidence
            data = {"verdict": result.verdict, "text": said, "files": evidence.hashes()}
            self.home.timeline.record("bench", "verdict", data)
            self._rig.recorder.close()  # what comes now comes after the verdict
        if self._rig is not None:
            self.record.chain = self._rig.recorder.head

    def _open(self) -> Home:
        if self._trouble is not None:
            raise self._trouble
        if self.home is None:
            try:
                self._rig = rig = Rig(self.file, os.path.relpath(self.rig_path))
                rig.open(self._machinery, self.seed, self.defects)
                self.home = Home(rig)
                self.home.timeline.baseline = self.baseline
                if self.part is not None and self.home.han is not None:
                    self.home.han.share_invariants(self.folder / "workers", self.part.worker)
            except BenchError as trouble:
                self._trouble = trouble
                if self._rig is not None:
                    self._rig.close()
                raise
        return self.home

    def close(self) -> None:
        """Close the rig and write what is left of the record. Never raises."""
        running = [result for result in self._results.values() if result.reason == DURING]
        try:
            for result in running:
                self._close_evidence(result)
            if self._claimed and self.part is None:
                self.record.finish(self.folder)
        except BenchError as problem:
            sys.stderr.write(f"bench: {problem}\n")
        if self._rig is not None:
            self._rig.close()
