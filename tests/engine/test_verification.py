"""A run whose evidence has been touched: every log line, native file and verdict vouches for another."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.observation import Observation
from bench.recorder import Recorder
from bench.runrecord import RunRecord, TestResult, load_run
from bench.verdict import Verdict
from bench.verification import Touched, verify_run

START = datetime(2030, 1, 7, 9, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two tests, each with a trace its log vouches for."""
    recorder = Recorder()
    for name in ("A-1", "A-2"):
        recorder.open(tmp_path / name / "timeline.jsonl")
        trace = tmp_path / name / "mains.csv"
        trace.write_text("time,voltage\n")
        recorder.write(Observation(1, START, "dcc", "alert", {"text": "alert 8F36"}))
        files = {"mains.csv": hashlib.sha256(trace.read_bytes()).hexdigest()}
        said = {"verdict": "fail", "text": "R-1: broken", "files": files}
        recorder.write(Observation(2, START, "bench", "verdict", said))
    recorder.close()
    reason = "R-1: broken\n  evidence  there"
    results = [TestResult(name, "", Verdict.FAIL, reason, evidence=name) for name in ("A-1", "A-2")]
    RunRecord("r", "virtual", 1, START, [], results, chain=recorder.head).save(tmp_path)
    return tmp_path


def record(run: Path, change: Callable[[dict[str, object]], None]) -> None:
    path = run / "run.json"
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))


def drop_last_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def test_an_untouched_run_is_intact(run: Path) -> None:
    assert "2 tests, logs, captures, traces and verdicts intact" in verify_run(run)


@pytest.mark.parametrize(
    ("touch", "saying"),
    [
        (lambda run: drop_last_line(run / "A-1" / "timeline.jsonl"), "A-2/timeline.jsonl:1: does not follow"),
        (lambda run: drop_last_line(run / "A-2" / "timeline.jsonl"), "does not end at the head"),
        (lambda run: (run / "A-2" / "timeline.jsonl").unlink(), "A-2/timeline.jsonl"),
        (lambda run: (run / "A-1" / "mains.csv").write_text("changed"), "A-1/mains.csv: is not the file"),
        (lambda run: (run / "A-1" / "mains.csv").unlink(), "A-1/mains.csv: No such file"),
        (lambda run: record(run, lambda table: table["tests"][0].update(verdict="pass")), "A-1 is pass, but its log"),
        (lambda run: record(run, lambda table: table["tests"][0].update(reason="other")), "reason of A-1"),
        (lambda run: record(run, lambda table: table["tests"].pop()), "does not end at the head"),
        (lambda run: record(run, lambda table: table.update(chain="0" * 64)), "does not end at the head"),
    ],
)
def test_what_was_touched_is_named(run: Path, touch: Callable[[Path], object], saying: str) -> None:
    touch(run)
    with pytest.raises(Touched, match=saying):
        verify_run(run)


def test_a_run_cut_short_is_told_from_a_touched_one(run: Path) -> None:
    first = (run / "A-1" / "timeline.jsonl").read_text().splitlines()[-1]
    record(run, lambda table: table.update(chain=json.loads(first)["hash"]))
    drop_last_line(run / "A-2" / "timeline.jsonl")
    assert "cut short in A-2" in verify_run(run)


def test_the_journal_tells_what_the_record_does_not_hold_yet(tmp_path: Path) -> None:
    results = [TestResult(name, "", node=f"test_it.py::{name}") for name in ("A-1", "A-2", "A-3")]
    running = RunRecord("r", "virtual", 1, START, [], results)
    running.save(tmp_path)
    results[0].verdict, results[0].reason, results[0].evidence = Verdict.FAIL, "R-1: broken", "A-1"
    running.chain = "c" * 64
    running.note(tmp_path, results[0])
    (tmp_path / "run.journal").open("a").write('{"node": "test_it.py::A-2", "verd')  # cut short by a crash
    written = json.loads((tmp_path / "run.json").read_text())
    assert written["tests"][0]["verdict"] == "not-run"

    read = load_run(tmp_path)
    assert [test.verdict for test in read.tests] == [Verdict.FAIL, Verdict.NOT_RUN, Verdict.NOT_RUN]
    assert (read.tests[0].reason, read.chain) == ("R-1: broken", "c" * 64)

    running.finish(tmp_path)
    assert not (tmp_path / "run.journal").exists()
    assert json.loads((tmp_path / "run.json").read_text())["tests"][0]["reason"] == "R-1: broken"
