"""Has the evidence of a run been touched? Log chains, native files and verdicts, against each other."""

import hashlib
import json
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.recorder import GENESIS, read_log, verify_log
from bench.runrecord import RunRecord, TestResult, evidence_name, load_run

LOG = "timeline.jsonl"


class Touched(BenchError):  # noqa: N818 - says what was done to the evidence
    """The evidence is not as the run left it; the message names what differs."""


def verify_run(folder: Path) -> str:
    """Check every log in order, the files each log vouches for, and the verdicts in `run.json`.

    Each worker of a run that several shared has a chain of its own. Returns what was found good, in a line. Raises
    Touched, or BenchError when there is no run record.
    """
    record = load_run(folder)
    for test in record.tests if record.workers else ():
        if not test.evidence and (folder / evidence_name(test.id) / LOG).exists():
            test.evidence = evidence_name(test.id)  # begun by a worker when nobody listened any more
    tests = [test for test in record.tests if test.evidence]
    try:
        heads, cut = _verify_workers(folder, record, tests) if record.workers else _verify_alone(folder, record, tests)
    except Touched:
        raise
    except BenchError as problem:
        raise Touched(str(problem)) from None
    for test in tests:
        if test not in cut:
            _verify_verdict(folder / test.evidence, test)
    known = {test.evidence for test in tests}
    for log in sorted(folder.glob(f"*/{LOG}")):
        if log.parent.name not in known:
            raise Touched(f"{log}: run.json knows no such test")
    state = f"cut short in {', '.join(one.id for one in cut)}, intact up to there" if cut else "intact"
    return f"{folder}: {len(tests)} tests, logs, captures, traces and verdicts {state}; head {', '.join(heads)}"


def _verify_alone(folder: Path, record: RunRecord, tests: Sequence[TestResult]) -> tuple[list[str], list[TestResult]]:
    head, cut = _verify_chain(folder, tests, record.chain)
    return [head], cut


def _verify_workers(folder: Path, record: RunRecord, tests: Sequence[TestResult]) -> tuple[list[str], list[TestResult]]:
    heads, cut = [], []
    ends = {GENESIS, *record.workers.values()}
    for worker, wanted in record.workers.items():
        own = _in_order(folder, [test for test in tests if test.worker == worker])
        head, unfinished = _verify_chain(folder, own, wanted)
        heads.append(f"{worker} {head}")
        ends.add(head)
        cut += unfinished
    orphans = [test for test in tests if test.worker not in record.workers]
    left = list(orphans)  # the controller died, or was stopped, before it heard who runs them
    while left:
        test = next((one for one in left if _previous(folder, one) in ends), None)
        if test is None:
            raise Touched(f"{folder / left[0].evidence / LOG}:1: does not follow the log of any worker")
        ends.add(verify_log(folder / test.evidence / LOG))
        left.remove(test)
    return heads, cut + orphans


def _verify_chain(folder: Path, tests: Sequence[TestResult], wanted: str) -> tuple[str, list[TestResult]]:
    """Check logs that follow each other; return the head and the test that was cut short, if one was."""
    heads = [GENESIS]
    for test in tests:
        heads.append(verify_log(folder / test.evidence / LOG, heads[-1]))
    unfinished = len(heads) > 1 and wanted == heads[-2] != heads[-1]
    if wanted != heads[-1] and not unfinished:
        raise Touched(f"{folder}: the last log does not end at the head named in run.json")
    return heads[-1], list(tests[-1:]) if unfinished else []


def _in_order(folder: Path, tests: Sequence[TestResult]) -> list[TestResult]:
    """Return tests in the order in which a worker ran them, as their logs name each other; strangers come last."""
    following = {_previous(folder, test): test for test in tests}
    ordered: list[TestResult] = []
    head = GENESIS
    while (test := following.pop(head, None)) is not None:
        ordered.append(test)
        head = _head(folder, test)
    return ordered + [test for test in tests if test not in ordered]


def _previous(folder: Path, test: TestResult) -> str:
    try:
        with (folder / test.evidence / LOG).open("rb") as log:
            return str(json.loads(log.readline()).get("previous"))
    except (OSError, ValueError, AttributeError) as problem:
        raise BenchError(f"{folder / test.evidence / LOG}:1: not a line of a log ({problem})") from None


def _head(folder: Path, test: TestResult) -> str:
    try:
        *_, last = (folder / test.evidence / LOG).read_bytes().splitlines()
        return str(json.loads(last).get("hash"))
    except (OSError, ValueError, AttributeError):
        return ""


def _verify_verdict(folder: Path, test: TestResult) -> None:
    last = next(iter(deque(read_log(folder / LOG), maxlen=1)), None)
    if last is None or last.kind != "verdict":
        raise Touched(f"{folder}/{LOG}: does not end with a verdict")
    if last.data["verdict"] != test.verdict:
        raise Touched(f"{folder.parent}/run.json: {test.id} is {test.verdict}, but its log says {last.data['verdict']}")
    if not test.reason.startswith(last.data["text"]):
        raise Touched(f"{folder.parent}/run.json: the reason of {test.id} is not the one in its log")
    for name, expected in last.data.get("files", {}).items():
        path = folder / name
        try:
            actual = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as problem:
            raise Touched(f"{path}: {problem.strerror}") from None
        if actual != expected:
            raise Touched(f"{path}: is not the file the log vouches for")
