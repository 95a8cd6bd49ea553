"""Has the evidence of a run been touched? Log chain, native files and verdicts, against each other."""

import hashlib
from collections import deque
from pathlib import Path

from bench.errors import BenchError
from bench.recorder import GENESIS, read_log, verify_log
from bench.runrecord import TestResult, load_run


class Touched(BenchError):  # noqa: N818 - says what was done to the evidence
    """The evidence is not as the run left it; the message names what differs."""


def verify_run(folder: Path) -> str:
    """Check every log in order, the files each log vouches for, and the verdicts in `run.json`.

    Returns what was found good, in a line. Raises Touched, or BenchError when there is no run record.
    """
    record = load_run(folder)
    heads = [GENESIS]
    tests = [test for test in record.tests if test.evidence]
    try:
        for test in tests:
            heads.append(verify_log(folder / test.evidence / "timeline.jsonl", heads[-1]))
    except Touched:
        raise
    except BenchError as problem:
        raise Touched(str(problem)) from None
    unfinished = len(heads) > 1 and record.chain == heads[-2] != heads[-1]
    if record.chain != heads[-1] and not unfinished:
        raise Touched(f"{folder}: the last log does not end at the head named in run.json")
    for test in tests[: -1 if unfinished else None]:
        _verify_verdict(folder / test.evidence, test)
    known = {test.evidence for test in tests}
    for log in sorted(folder.glob("*/timeline.jsonl")):
        if log.parent.name not in known:
            raise Touched(f"{log}: run.json knows no such test")
    state = f"cut short in {tests[-1].id}, intact up to there" if unfinished else "intact"
    return f"{folder}: {len(tests)} tests, logs, captures, traces and verdicts {state}; head {heads[-1]}"


def _verify_verdict(folder: Path, test: TestResult) -> None:
    last = next(iter(deque(read_log(folder / "timeline.jsonl"), maxlen=1)), None)
    if last is None or last.kind != "verdict":
        raise Touched(f"{folder}/timeline.jsonl: does not end with a verdict")
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
