"""Invariants of a run shared by workers: what one of them has seen, the others judge too."""

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.han.invariants import COUNTERS_RISE, NO_REUSED_NONCE, Invariants, Use
from bench.run_invariants import RunInvariants


def seen(*counters: int) -> Invariants:
    found = Invariants()
    for number, counter in enumerate(counters, 1):
        found.use(Use(number, ("key",), counter, number, "the meter"))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for worker in ("gw0", "gw1"):
        (tmp_path / worker).mkdir()
    return tmp_path


def test_a_breach_that_another_worker_saw_is_told_with_its_name(folder: Path) -> None:
    RunInvariants(seen(5, 6, 3), folder, "gw0").leave()

    outcome = RunInvariants(seen(1, 2), folder, "gw1").outcome(COUNTERS_RISE)

    assert (outcome.verdict, outcome.examined, outcome.frames) == ("broken", 5, (3,))
    assert outcome.seen == ("gw0 frame 3: the meter went back from counter 6 to 3",)


def test_the_same_counter_in_two_homes_is_no_reuse(folder: Path) -> None:
    RunInvariants(seen(1, 2), folder, "gw0").leave()
    assert RunInvariants(seen(1, 2), folder, "gw1").outcome(NO_REUSED_NONCE).verdict == "ok"


def test_what_was_left_last_counts(folder: Path) -> None:
    other = seen(1)
    shared = RunInvariants(other, folder, "gw0")
    shared.leave()
    other.use(Use(2, ("key",), 0, 2, "the hub"))
    shared.leave()
    outcome = RunInvariants(seen(), folder, "gw1").outcome(COUNTERS_RISE)
    assert (outcome.verdict, outcome.examined) == ("broken", 2)


def test_nothing_heard_is_inconclusive_and_alone_is_alone(folder: Path) -> None:
    RunInvariants(seen(), folder, "gw0").leave()
    assert RunInvariants(seen(), folder, "gw1").outcome(COUNTERS_RISE).verdict == "inconclusive"
    assert RunInvariants(seen(4, 2)).outcome(COUNTERS_RISE).seen == (
        "frame 2: the meter went back from counter 4 to 2",
    )


def test_a_folder_that_is_gone_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"cannot write .*gw7.*free some space"):
        RunInvariants(seen(1), tmp_path, "gw7").leave()
