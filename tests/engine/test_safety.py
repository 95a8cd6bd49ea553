"""Locks, and what becomes of the rig when the bench dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.lock import InstrumentLocks
from rigs.virtual.instruments.ac_source import AcSource
from rigs.virtual.instruments.lines import LineServer
from rigs.virtual.power import Feed
from rigs.virtual.world import World
from tests.drivers.peers import until

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from bench.lock import InstrumentLocks
locks = InstrumentLocks(Path(sys.argv[1]))
locks.take("mains", "keysight-681x TCPIP::a")
print("taken", flush=True)
time.sleep(60)
"""
SWITCH_OFF = """
import sys, time
from pathlib import Path
from bench.rig import Rig
from bench.rigfile import load_rig_file
folder = Path(sys.argv[1])
rig = Rig(load_rig_file(folder / "rig.toml"), str(folder / "rig.toml"))
rig.open(folder, 1, [])
rig.find("mains").output(False)
rig.find("mains").set_voltage(100.0)
print("off", flush=True)
if sys.argv[2] == "close":
    rig.close()
time.sleep(60)
"""


def run(script: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, cwd=ROOT)


def said(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def test_second_taker_is_told_who_has_it(tmp_path: Path) -> None:
    process = run(HOLD, str(tmp_path))
    try:
        assert said(process) == b"taken"
        mine = InstrumentLocks(tmp_path)
        with pytest.raises(
            BenchError, match=f"instrument source .* is in use by process {process.pid}; wait for it or end it"
        ):
            mine.take("source", "keysight-681x TCPIP::a")
        mine.take("other", "keysight-681x TCPIP::b")
        process.send_signal(signal.SIGKILL)
        process.wait()
        mine.take("source", "keysight-681x TCPIP::a")
        mine.release()
    finally:
        end(process)


def test_locks_can_be_given_back_and_shared_by_users(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    first, second = InstrumentLocks(folder), InstrumentLocks(folder)
    first.take("a", "x")
    with pytest.raises(BenchError, match=f"in use by process {os.getpid()}"):
        second.take("a", "x")
    first.release()
    second.take("a", "x")
    assert folder.stat().st_mode & 0o7777 == 0o1777
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o666}
    second.release()
    assert not list(folder.iterdir())


def test_a_lock_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot lock instrument mains"):
        InstrumentLocks(tmp_path / "file" / "locks").take("mains", "x")


@pytest.mark.parametrize("way", ["killed", "close"])
def test_the_rig_is_at_rest_after_any_end(tmp_path: Path, way: str) -> None:
    """The AC source is another process's matter: it outlives the bench, and the watchdog brings it to its rest."""
    lock = threading.Lock()
    world = World(1, datetime(2030, 1, 7, tzinfo=UTC), lambda world: None)
    feed = Feed(world)
    interpreter = AcSource(lambda: (feed,), lambda: 0.0).scpi

    def answer(line: str) -> str | None:
        with lock:
            return interpreter.execute(line)

    server = LineServer(answer)
    text = (ROOT / "rigs" / "example-lab.toml").read_text()
    head, _, rest = text.partition("[instruments.attenuator]")
    devices = rest[rest.index("[devices.hub]") :].partition("attenuator = 2027-06-30")[0]
    head = head.replace("TCPIP::192.0.2.11::5025::SOCKET", f"TCPIP::127.0.0.1::{server.port}::SOCKET")
    (tmp_path / "rig.toml").write_text(f'{head}[roles]\nmains = "source"\n{devices}')
    process = run(SWITCH_OFF, str(tmp_path), way)
    try:
        assert said(process) == b"off"
        if way == "killed":
            assert (feed.closed, feed.setting) == (False, 100.0)
            process.send_signal(signal.SIGKILL)
            process.wait()
        until(lambda: (feed.closed, feed.setting) == (True, 230.0), 10)
        log = tmp_path / "watchdog.log"
        if way == "killed":
            until(lambda: "source is safe" in log.read_text(), 5)
        else:
            assert log.read_text() == ""
    finally:
        end(process)
        server.close()


def test_a_pseudo_terminal_is_locked_by_itself_and_not_by_its_name(tmp_path: Path) -> None:
    names = []
    held = []
    for _ in range(2):
        master, slave = os.openpty()
        names.append(os.ttyname(slave))
        held.append(InstrumentLocks(tmp_path))
        held[-1].take("sniffer", f"sniffer-ti {names[-1]}")
        with pytest.raises(BenchError, match="in use by"):
            InstrumentLocks(tmp_path).take("sniffer", f"sniffer-ti {names[-1]}")
        os.close(slave)
        os.close(master)
        time.sleep(0.05)
    for locks in held:
        locks.release()
    assert not list(tmp_path.iterdir())
