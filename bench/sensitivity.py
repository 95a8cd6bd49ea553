"""`bench sensitivity`: the suites against each defect. What would they miss?

For each defect the tests run that cite the broken rule; where none of them fails, those that cite another of its
family. A defect is caught when a test fails that states the broken rule or names it in its reason, blamed wrongly when
only tests of other rules fail, missed when nothing fails.
"""

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from bench.defect_run import run, states
from bench.defects_command import Defect, shipped
from bench.errors import BenchError, UsageError
from bench.suite_options import ROOT, suite_options
from bench.testcase import TestCase, case_of
from bench.verdict import Verdict

LONGEST_S = 900
CAUGHT, MISSED, BLAMED, BROKEN, UNTESTED = "caught", "missed", "blamed wrongly", "error", "no test"


@dataclass
class Outcome:
    """What the suites made of one defect."""

    defect: Defect
    result: str
    caught_by: list[str] = field(default_factory=list)  #: tests that failed and named the rule
    others: list[str] = field(default_factory=list)  #: tests that failed and named another: id and rule
    tests: int = 0
    seconds: float = 0.0
    trouble: str = ""


class _Collector:
    """Takes the test cases pytest collects."""

    def __init__(self) -> None:
        self.cases: list[tuple[str, TestCase]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep node id and case."""
        self.cases = [(item.nodeid, case) for item in session.items if (case := case_of(item)) is not None]


def collect(themes: Iterable[str]) -> list[tuple[str, TestCase]]:
    """Return the test cases of some themes (all: none named) with their node ids. Raises UsageError."""
    folders = [ROOT / "testcases" / theme for theme in themes] or [ROOT / "testcases"]
    for folder in folders:
        if not folder.is_dir():
            known = sorted(one.parent.name for one in (ROOT / "testcases").glob("*/__init__.py"))
            raise UsageError(f"no theme {folder.name!r}; there are {', '.join(known)}")
    collector = _Collector()
    pytest.main([*map(str, folders), *suite_options(), "--collect-only"], plugins=[collector])
    return collector.cases


def family(rule: str) -> str:
    """Return the family of a rule: "R-PWR" of "R-PWR-001"."""
    return rule.rpartition("-")[0]


def relevant(defect: Defect, cases: Iterable[tuple[str, TestCase]]) -> tuple[list[str], list[str]]:
    """Return the node ids of the tests a defect may touch: those citing its rule, and those of its family alone."""
    exact, near = [], []
    for node, case in cases:
        if defect.breaks in case.rules:
            exact.append(node)
        elif any(family(rule) == family(defect.breaks) for rule in case.rules):
            near.append(node)
    return exact, near


def _split(reference: str) -> tuple[Path, str]:
    path, _, name = reference.partition("::")
    return Path(path), name


@dataclass(frozen=True)
class Campaign:
    """A sensitivity run."""

    rig: Path
    out: Path
    seed: int
    jobs: int
    themes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    confirm: int = 0
    first: bool = False  #: end each run with the first test that catches the defect

    def run(self) -> int:
        """Run it, print and write the results; returns 0 if every defect was caught, else 1."""
        console = Console()
        cases = collect(self.themes)
        defects = self._defects()
        self.out.mkdir(parents=True, exist_ok=True)
        work = [(defect, *relevant(defect, cases)) for defect in defects]
        if self.themes:
            work = [(defect, exact, []) for defect, exact, _ in work if exact]
        outcomes: list[Outcome] = []
        with ThreadPoolExecutor(self.jobs) as pool:
            for outcome in pool.map(lambda one: self.look_at(*one), work):
                outcomes.append(outcome)
                by = ", ".join(outcome.caught_by or outcome.others) or outcome.trouble
                line = f"[{len(outcomes):>3}/{len(work)}] {outcome.result:<15} {outcome.defect.name:<48} {by[:90]}"
                console.print(line, highlight=False, markup=False, soft_wrap=True)
        everything = [node for node, _ in cases]
        sample = work[:: max(1, len(work) // self.confirm)][: self.confirm] if self.confirm else []
        confirmed = [self.examine(defect, everything) for defect, *_ in sample]
        self._write(outcomes, confirmed)
        self._summarise(console, outcomes, confirmed)
        return 0 if all(one.result == CAUGHT for one in outcomes) else 1

    def _defects(self) -> list[Defect]:
        known = {one.name: one for one in shipped(self.rig)}
        unknown = [name for name in self.only if name not in known and "::" not in name]
        if unknown:
            raise UsageError(f"no defect {unknown[0]!r}; see bench defects")
        outside = [f"{path.resolve()}::{name}" for path, name in map(_split, self.only) if name]
        described = shipped(self.rig, *outside) if outside else []
        chosen = [known[name] for name in self.only if name in known]
        chosen += [replace(one, name=reference) for one, reference in zip(described, outside, strict=True)]
        return chosen if self.only else list(known.values())

    def rig_of(self, defect: Defect) -> Path:
        """Return the rig file for a defect: that of the variant of meter it needs, beside the rig file of the run."""
        rig = self.rig.resolve() if self.rig.exists() else ROOT / self.rig
        if not defect.variant or rig.stem.endswith(f"-{defect.variant}"):
            return rig
        return rig.with_name(f"{rig.stem}-{defect.variant}.toml")

    def look_at(self, defect: Defect, exact: list[str], near: list[str]) -> Outcome:
        """Run the tests of the broken rule against a defect, and where they miss it those of its family."""
        found = self.examine(defect, exact)
        if found.result not in (MISSED, UNTESTED) or not near:
            return found
        also = self.examine(defect, near)
        return replace(also, tests=found.tests + also.tests, seconds=round(found.seconds + also.seconds, 1))

    def examine(self, defect: Defect, nodes: list[str]) -> Outcome:
        """Run tests against one defect and say what came of it."""
        if not nodes:
            return Outcome(defect, UNTESTED)
        began = time.monotonic()
        label = defect.name.rpartition("/")[2].replace(":", "_")
        folder = self.out.resolve() / f"{label}-{os.getpid()}-{time.monotonic_ns()}"
        options = ["--rig", str(self.rig_of(defect)), "--defect", defect.name, "--seed", str(self.seed)]
        try:
            record = run(nodes, options, folder, LONGEST_S, defect.breaks if self.first else None)
        except BenchError as problem:
            return Outcome(defect, BROKEN, tests=len(nodes), trouble=str(problem))
        failed = [test for test in record.tests if test.verdict is Verdict.FAIL]
        broken = [test for test in record.tests if test.verdict in (Verdict.ERROR, Verdict.NOT_RUN)]
        caught = sorted({test.id for test in failed if states(test, defect.breaks)})
        others = [f"{test.id} ({test.reason.partition(':')[0]})" for test in failed if not states(test, defect.breaks)]
        result = CAUGHT if caught else BLAMED if others else BROKEN if broken else MISSED
        trouble = broken[0].reason.splitlines()[0] if broken and not failed else ""
        return Outcome(defect, result, caught, others, len(nodes), round(time.monotonic() - began, 1), trouble)

    def _write(self, outcomes: list[Outcome], confirmed: list[Outcome]) -> None:
        shown: dict[str, Any] = {
            "seed": self.seed,
            "outcomes": [asdict(one) for one in outcomes],
            "confirmed": [asdict(one) for one in confirmed],
        }
        path = self.out / "sensitivity.json"
        path.write_text(json.dumps(shown, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        from reports.sensitivity import page

        (self.out / "sensitivity.html").write_text(page(shown), encoding="utf-8")

    def _summarise(self, console: Console, outcomes: list[Outcome], confirmed: list[Outcome]) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("result")
        table.add_column("defects", justify="right")
        for result in (CAUGHT, BLAMED, MISSED, UNTESTED, BROKEN):
            count = sum(one.result == result for one in outcomes)
            table.add_row(result, str(count) if count else "·")
        console.print(table)
        for one in outcomes:
            if one.result != CAUGHT:
                why = one.trouble or one.defect.story
                line = f"{one.result}: {one.defect.name} ({one.defect.breaks}) {why}"
                console.print(line, highlight=False, markup=False, soft_wrap=True)
        for one in confirmed:
            console.print(f"whole suites: {one.defect.name}: {one.result}, {len(one.caught_by)} tests", highlight=False)
        console.print(f"results  {self.out / 'sensitivity.json'}  {self.out / 'sensitivity.html'}", highlight=False)
