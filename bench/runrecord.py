"""`run.json`: the outcome of a run, rewritten after every test so that a crash loses nothing."""

import contextlib
import json
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.testcase import TestCase
from bench.verdict import Verdict

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

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdict of each test."""
        return [test.verdict for test in self.tests]

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
            "tests": [asdict(test) for test in self.tests],
        }

    def save(self, folder: Path, *, begin: bool = False) -> Path:
        """Write `run.json` so that a reader sees the old or the new one, never half. Raises BenchError.

        With `begin`, one that is there already is left alone.
        """
        path = folder / "run.json"
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            if begin:
                with contextlib.suppress(FileExistsError):
                    os.link(draft, path)
                draft.unlink()
            else:
                os.replace(draft, path)
        except OSError as problem:
            raise BenchError(f"cannot write {path}: {problem.strerror}; free some space and run again") from None
        return path


def load_run(folder: Path) -> RunRecord:
    """Read the `run.json` of a run folder. Raises BenchError."""
    path = folder / "run.json"
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        tests = [TestResult(**{**test, "verdict": Verdict(test["verdict"])}) for test in table["tests"]]
        return RunRecord(
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
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BenchError(f"{path}: not a run record ({problem}); give the folder of a run") from None
