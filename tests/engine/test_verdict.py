"""Verdicts: the worst wins, and each has one name everywhere."""

from itertools import permutations

import pytest

from bench.errors import BenchError, Failure, Inconclusive, InstrumentError, NotApplicable, NotRun, SafetyError
from bench.verdict import MAPPING, Verdict, exit_code, verdict_of, worst

PASS, FAIL, INCONCLUSIVE, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR
NOT_APPLICABLE, NOT_RUN = Verdict.NOT_APPLICABLE, Verdict.NOT_RUN


def test_every_verdict_maps_everywhere() -> None:
    assert set(MAPPING) == set(Verdict)
    assert {verdict: mapping.allure for verdict, mapping in MAPPING.items()} == {
        PASS: "passed", FAIL: "failed", INCONCLUSIVE: "unknown", ERROR: "broken",
        NOT_APPLICABLE: "skipped", NOT_RUN: "skipped"
    }  # fmt: skip
    assert {verdict: mapping.junit for verdict, mapping in MAPPING.items()} == {
        PASS: "", FAIL: "failure", INCONCLUSIVE: "error", ERROR: "error", NOT_APPLICABLE: "skipped", NOT_RUN: "skipped"
    }  # fmt: skip
    assert {mapping.pytest for mapping in MAPPING.values()} == {"passed", "failed", "skipped"}
    assert len({mapping.severity for mapping in MAPPING.values()}) == len(Verdict)
    assert len({mapping.letter for mapping in MAPPING.values()}) == len(Verdict)


def test_worst_of_order() -> None:
    order = [NOT_APPLICABLE, NOT_RUN, PASS, INCONCLUSIVE, FAIL, ERROR]
    for first, second in permutations(order, 2):
        assert worst([first, second]) == max(first, second, key=order.index)
    assert worst([]) is NOT_RUN


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([PASS, PASS], 0), ([PASS, NOT_RUN, NOT_APPLICABLE], 0),
        ([PASS, FAIL, ERROR, INCONCLUSIVE], 1), ([FAIL], 1),
        ([PASS, ERROR], 3), ([INCONCLUSIVE, PASS], 3),
        ([], 5), ([NOT_RUN], 5), ([NOT_APPLICABLE, NOT_RUN], 5),
    ],
)  # fmt: skip
def test_exit_codes(verdicts: list[Verdict], code: int) -> None:
    assert exit_code(verdicts) == code


@pytest.mark.parametrize(
    ("error", "in_test", "in_precondition"),
    [
        (None, PASS, PASS),
        (Failure("broke R-1", "R-1"), FAIL, INCONCLUSIVE),
        (AssertionError(), FAIL, INCONCLUSIVE),
        (Inconclusive("not reached"), INCONCLUSIVE, INCONCLUSIVE),
        (InstrumentError("mains", "silent"), ERROR, ERROR),
        (SafetyError("too high"), ERROR, ERROR),
        (BenchError("disk full"), ERROR, ERROR),
        (NotRun("no sniffer"), NOT_RUN, NOT_RUN),
        (NotApplicable("PICS"), NOT_APPLICABLE, NOT_APPLICABLE),
        (KeyError("bug"), ERROR, ERROR),
    ],
)
def test_what_an_exception_stands_for(error: BaseException | None, in_test: Verdict, in_precondition: Verdict) -> None:
    assert verdict_of(error) is in_test
    assert verdict_of(error, precondition=True) is in_precondition


def test_instrument_error_names_instrument_and_exchange() -> None:
    assert str(InstrumentError("mains", "silent", ["-> *IDN?"])) == "instrument mains: silent; last exchange: -> *IDN?"
    assert str(InstrumentError("mains", "silent")) == "instrument mains: silent; nothing had been exchanged yet"
