"""The log: whatever was changed in it is found and located, and a full disk loses nothing that was written."""

import json
import os
import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.observation import Observation
from bench.recorder import GENESIS, Recorder, read_log, verify_log
from tests.engine.times import START

HOSTILE = 'µ\u2028line\u0085\x0b\x1e\n"}\',"hash":"x'


def observation(number: int, text: str = HOSTILE) -> Observation:
    return Observation(number, START + timedelta(seconds=number), "dcc", "alert", {"text": text}, b"\x00\xff")


def write_log(path: Path, count: int = 3, recorder: Recorder | None = None) -> str:
    recorder = recorder or Recorder()
    recorder.open(path)
    for number in range(1, count + 1):
        recorder.write(observation(number))
    recorder.close()
    return recorder.head


def test_chain_verifies_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "COS-001" / "timeline.jsonl"
    head = write_log(path)
    assert verify_log(path, GENESIS) == head
    assert list(read_log(path)) == [observation(1), observation(2), observation(3)]


def test_every_flipped_octet_is_found_and_located(tmp_path: Path) -> None:
    path, changed = tmp_path / "timeline.jsonl", tmp_path / "changed.jsonl"
    write_log(path)
    octets = path.read_bytes()
    for place in range(len(octets)):
        for mask in (0x01, 0x80):
            changed.write_bytes(octets[:place] + bytes([octets[place] ^ mask]) + octets[place + 1 :])
            line = octets.count(b"\n", 0, place) + 1
            with pytest.raises(BenchError) as caught:
                verify_log(changed, GENESIS)
            assert str(caught.value).startswith(f"{changed}:{line}: "), (place, mask, str(caught.value))


@pytest.mark.parametrize("cut", range(4))
def test_a_line_taken_out_is_found(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "timeline.jsonl"
    head = write_log(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:cut] + lines[cut + 1 :]))
    if cut == 3:
        assert verify_log(path, GENESIS) != head, (
            "the end of a log is held by what follows it: the next log or run.json"
        )
    else:
        with pytest.raises(BenchError, match=f":{cut + 1}: "):
            verify_log(path, GENESIS)


def test_a_line_put_in_twice_or_swapped_is_found(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    write_log(path)
    lines = path.read_bytes().split(b"\n")
    for order in ([0, 1, 1, 2, 3, 4], [0, 2, 1, 3, 4]):
        path.write_bytes(b"\n".join(lines[index] for index in order))
        with pytest.raises(BenchError, match=r":[23]: the chain is broken here"):
            verify_log(path, GENESIS)


def test_a_log_cut_by_a_crash_reads_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    write_log(path)
    octets = path.read_bytes()
    last = octets.rstrip().rindex(b"\n") + 1
    for end in range(last + 1, len(octets) - 1):
        path.write_bytes(octets[:end])
        assert [seen.number for seen in read_log(path)] == [1, 2]
        with pytest.raises(BenchError, match=":4: "):
            verify_log(path)


def test_evidence_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    write_log(path)
    with pytest.raises(BenchError, match="exists, evidence is never overwritten; choose another run folder"):
        Recorder().open(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"cannot create .*choose another run folder"):
        Recorder().open(tmp_path / "file" / "COS-001" / "timeline.jsonl")


FULL_DISK = """
import resource, sys
from pathlib import Path
from bench.errors import BenchError
from bench.recorder import Recorder
from tests.engine.test_recorder import observation
recorder = Recorder()
recorder.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
written = 0
try:
    while True:
        recorder.write(observation(written + 1))
        written += 1
except BenchError as problem:
    print(problem)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recorder.write(observation(written + 1))
print(written + 1, recorder.head)
"""


def test_a_full_disk_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=20, check=True,
        cwd=Path(__file__).parents[2], preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
    )  # fmt: skip
    trouble, outcome = ran.stdout.splitlines()
    count, head = outcome.split()
    assert trouble == f"cannot write {path}: File too large; free some space and run again"
    assert int(count) > 3
    assert verify_log(path, GENESIS) == head, "the half line was taken back, and the log went on"
    assert [seen.number for seen in read_log(path)] == list(range(1, int(count) + 1))


def test_a_full_device(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.open(tmp_path / "timeline.jsonl")
    head = recorder.head
    os.close(recorder._file)
    recorder._file = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(BenchError, match=r"cannot write .*No space left on device; free some space and run again"):
        recorder.write(observation(1))
    assert recorder.head == head
    recorder.close()


def test_lines_are_json_with_nothing_hidden(tmp_path: Path) -> None:
    write_log(tmp_path / "timeline.jsonl", 1)
    first, second = (json.loads(line) for line in (tmp_path / "timeline.jsonl").read_bytes().split(b"\n")[:2])
    assert set(first) == {"log", "previous", "hash"}
    assert set(second) == {"n", "t", "point", "kind", "data", "raw", "hash"}
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("written", [True, False])
def test_ctrl_c_while_a_line_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool) -> None:
    """The chain goes on from the line if it stands in the log, and from the one before it if it does not."""
    recorder = Recorder()
    recorder.open(tmp_path / "timeline.jsonl")
    recorder.write(observation(1))
    write = os.write

    def interrupted(file: int, octets: bytes) -> int:
        write(file, octets if written else octets[:20])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "write", interrupted)
        recorder.write(observation(2))
    recorder.write(observation(3))
    recorder.close()
    assert verify_log(tmp_path / "timeline.jsonl") == recorder.head
    numbers = [one.number for one in read_log(tmp_path / "timeline.jsonl")]
    assert numbers == ([1, 2, 3] if written else [1, 3])
