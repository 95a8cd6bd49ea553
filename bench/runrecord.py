"""`run.json`: the outcome of a run, and `run.journal`, what has changed since it was last written.

The journal takes one line when a test begins and one when it ends, at once: a crash loses nothing. `run.json` is
rewritten when it is older than a second (or than fifty times what that takes), and at the end; then the journal goes.
"""

import contextlib
import json
import os
import re
import time
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.testcase import TestCase
from bench.verdict import Verdict

JOURNAL = "run.journal"
OLD_S, LIGHT = 1.0, 50  #: `run.json` may take a fiftieth of the time
CHANGING = ("verdict", "reason", "duration_s", "rig_duration_s", "evidence", "warnings", "worker")
PENDING = "the run ended before this test"
DURING = "the run ended during this test"


def evidence_name(test_id: str) -> str:
    """Return the name of a test's evidence: its id, as a file name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", test_id).strip("-")


@dataclass(slots=True)
class TestResult:
    """Outcome of one test. Durations in seconds: of this machine, and of the rig's clock."""

    __test__ = False

    id: str
    title: str
    verdict: Verdict = Verdict.NOT_RUN
    reason: str = PENDING
    rules: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    use_cases: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    rig_duration_s: float = 0.0
    evidence: str = ""
    warnings: list[str] = field(default_factory=list)  #: broken rules that may not fail a device
    node: str = ""  #: how pytest calls the test
    worker: str = ""  #: which worker ran it, of a run that several shared

    @property
    def theme(self) -> str:
        """The part of the id that its suite shares: "PWR" of "PWR-102[10 s-armed]"."""
        return self.id.partition("[")[0].rpartition("-")[0] or self.id

    @classmethod
    def pending(cls, case: TestCase, variant: str = "", node: str = "") -> "TestResult":
        """Return the entry of a test that has not run yet; `variant` tells parametrized ones apart."""
        return cls(
            f"{case.id}[{variant}]" if variant else case.id,
            case.title,
            rules=list(case.rules),
            requirements=list(case.requirements),
            use_cases=list(case.use_cases),
            node=node,
        )


_FIELDS = tuple(one.name for one in fields(TestResult))
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(slots=True)
class RunRecord:
    """A run as `run.json` holds it."""

    run_id: str
    rig: str
    seed: int
    started: datetime
    defects: list[str] = field(default_factory=list)
    tests: list[TestResult] = field(default_factory=list)
    baseline: str = ""
    chain: str = ""  #: head of the evidence log's hash chain
    workers: dict[str, str] = field(default_factory=dict)  #: head of each worker's chain, of a run that several share
    _journal: int = field(default=-1, init=False, repr=False, compare=False)
    _due: float = field(default=0.0, init=False, repr=False, compare=False)  #: when to write it again

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdict of each test."""
        return [test.verdict for test in self.tests]

    def as_text(self) -> str:
        """Return the JSON document: a line for each part of the run, a line for each test."""
        shown = self.as_dict()
        tests = ",\n".join(f"  {_ENCODE(test)}" for test in shown.pop("tests"))
        parts = "".join(f" {_ENCODE(name)}: {_ENCODE(value)},\n" for name, value in shown.items())
        return f'{{\n{parts} "tests": [\n{tests}\n ]\n}}\n'

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        counts = Counter(self.verdicts)
        return {
            "run_id": self.run_id,
            "rig": self.rig,
            "seed": self.seed,
            "started": self.started.isoformat(timespec="seconds"),
            "defects": self.defects,
            "baseline": self.baseline,
            "verdicts": {verdict.value: counts[verdict] for verdict in Verdict},
            "chain": self.chain,
            "workers": self.workers,
            "tests": [{name: getattr(test, name) for name in _FIELDS} for test in self.tests],
        }

    def note(self, folder: Path, result: TestResult) -> None:
        """Write down what has become of a test; the cost does not grow with the run. Raises BenchError."""
        told = {name: getattr(result, name) for name in CHANGING}
        head = self.workers.get(result.worker, "") if result.worker else self.chain
        line = _ENCODE({"node": result.node, "chain": head, **told}) + "\n"
        path = folder / JOURNAL
        try:
            if self._journal < 0:
                self._journal = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            os.write(self._journal, line.encode())
        except OSError as problem:
            raise BenchError(f"cannot write {path}: {problem.strerror}; free some space and run again") from None
        if time.monotonic() >= self._due:
            self.save(folder)

    def finish(self, folder: Path) -> None:
        """Write `run.json` for the last time; the journal has nothing to add to it then. Raises BenchError."""
        self.save(folder)
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1
        (folder / JOURNAL).unlink(missing_ok=True)

    def save(self, folder: Path, *, begin: bool = False) -> Path:
        """Write `run.json` so that a reader sees the old or the new one, never half. Raises BenchError.

        With `begin`, one that is there already is left alone.
        """
        began = time.monotonic()
        path = folder / "run.json"
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            draft.write_text(self.as_text(), encoding="utf-8")
            if begin:
                with contextlib.suppress(FileExistsError):
                    os.link(draft, path)
                draft.unlink()
            else:
                os.replace(draft, path)
        except OSError as problem:
            raise BenchError(f"cannot write {path}: {problem.strerror}; free some space and run again") from None
        took = time.monotonic() - began
        self._due = began + took + max(OLD_S, LIGHT * took)
        return path


def load_run(folder: Path) -> RunRecord:
    """Read the `run.json` of a run folder. Raises BenchError."""
    path = folder / "run.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        tests = [TestResult(**{**test, "verdict": Verdict(test["verdict"])}) for test in table["tests"]]
        record = RunRecord(
            table["run_id"],
            table["rig"],
            table["seed"],
            datetime.fromisoformat(table["started"]),
            table.get("defects", []),
            tests,
            table.get("baseline", ""),
            table.get("chain", ""),
            table.get("workers", {}),
        )
        _apply_journal(folder / JOURNAL, record)
        return record
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BenchError(f"{path}: not a run record ({problem}); give the folder of a run") from None


def _apply_journal(path: Path, record: RunRecord) -> None:
    """Take in what a run that died had not yet put into `run.json`; a last line cut short is left out."""
    if not path.exists():
        return
    tests = {test.node: test for test in record.tests}
    for line in path.read_bytes().split(b"\n")[:-1]:
        told = json.loads(line)
        test = tests[told["node"]]
        for name in CHANGING:
            setattr(test, name, Verdict(told[name]) if name == "verdict" else told[name])
        if test.worker:
            record.workers[test.worker] = told["chain"]
        else:
            record.chain = told["chain"] or record.chain
