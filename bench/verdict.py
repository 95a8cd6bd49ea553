"""The verdicts of ISO/IEC 9646, and the one mapping to pytest, Allure, JUnit and exit codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bench.errors import Failure, Inconclusive, NotApplicable, NotRun


class Verdict(StrEnum):
    """What a test says about the device under test."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NOT_APPLICABLE = "not-applicable"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one verdict is called elsewhere."""

    severity: int  #: the worst verdict of a test wins (TTCN-3: none, pass, inconclusive, fail, error)
    pytest: str  #: outcome of the pytest report
    allure: str  #: Allure status
    junit: str  #: JUnit child element, "" for a passed case
    letter: str  #: what pytest prints for it
    style: str  #: rich style
    colour: str  #: report colour


MAPPING: dict[Verdict, Mapping] = {
    Verdict.NOT_APPLICABLE: Mapping(0, "skipped", "skipped", "skipped", "-", "dim", "#8a8f98"),
    Verdict.NOT_RUN: Mapping(1, "skipped", "skipped", "skipped", "n", "dim", "#8a8f98"),
    Verdict.PASS: Mapping(2, "passed", "passed", "", ".", "green", "#2e7d32"),
    Verdict.INCONCLUSIVE: Mapping(3, "failed", "unknown", "error", "I", "yellow", "#b26a00"),
    Verdict.FAIL: Mapping(4, "failed", "failed", "failure", "F", "bold red", "#c62828"),
    Verdict.ERROR: Mapping(5, "failed", "broken", "error", "E", "magenta", "#6a1b9a"),
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several verdicts of one test; not-run when there is none."""
    return max(verdicts, key=lambda verdict: MAPPING[verdict].severity, default=Verdict.NOT_RUN)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return the exit code of a run: 0 passed, 1 a fail, 3 an error or inconclusive but no fail, 5 nothing ran."""
    seen = set(verdicts)
    if Verdict.FAIL in seen:
        return 1
    if seen & {Verdict.ERROR, Verdict.INCONCLUSIVE}:
        return 3
    return 0 if Verdict.PASS in seen else 5


def verdict_of(error: BaseException | None, *, precondition: bool = False) -> Verdict:
    """Return the verdict an exception stands for; in a precondition a broken expectation is inconclusive."""
    match error:
        case None:
            return Verdict.PASS
        case Failure() | AssertionError():
            return Verdict.INCONCLUSIVE if precondition else Verdict.FAIL
        case Inconclusive():
            return Verdict.INCONCLUSIVE
        case NotRun():
            return Verdict.NOT_RUN
        case NotApplicable():
            return Verdict.NOT_APPLICABLE
        case _:
            return Verdict.ERROR
