"""Services of a rig: what they announce, and services that do not."""

import sys
import time
from pathlib import Path

import pytest

from bench.errors import BenchError, UsageError
from bench.rigfile import ServiceTable
from bench.service import Service

WAIT = "; import sys; sys.stdout.flush(); sys.stdin.read()"


def service(folder: Path, code: str, ready_within: str = "300 ms") -> Service:
    table = ServiceTable.model_validate({"command": [sys.executable, "-S", "-c", code], "ready_within": ready_within})
    return Service("home", table, [], folder / "services" / "home.log")


def test_announcement_and_end(tmp_path: Path) -> None:
    started = service(tmp_path, "print('{\"clock\": 5}')" + WAIT, "10 s")
    assert started.announced == {"clock": 5}
    assert started.running
    started.stop()
    assert not started.running


@pytest.mark.parametrize(
    ("code", "saying"),
    [
        ("print('{\"clo', end='')" + WAIT, "did not announce itself in JSON"),
        ("pass" + WAIT, "said nothing in time"),
        ("import sys; sys.exit('no licence')", "ended at once; its log .* ends: no licence"),
        ("print('hello')" + WAIT, "did not announce itself in JSON"),
        ("print([1])" + WAIT, "did not announce itself in JSON"),
    ],
)
def test_a_service_that_does_not_announce_itself(tmp_path: Path, code: str, saying: str) -> None:
    began = time.monotonic()
    with pytest.raises(BenchError, match=f"^service home: {saying}"):
        service(tmp_path, code, "1 s")
    assert time.monotonic() - began < 5


def test_what_a_service_refuses_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^service home: no such defect$"):
        service(tmp_path, 'print(\'{"error": "no such defect"}\')' + WAIT, "10 s")


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    table = ServiceTable(command=["/no/such/program"])
    with pytest.raises(
        BenchError, match=r"cannot start '/no/such/program' \(No such file or directory\); correct its command"
    ):
        Service("home", table, [], tmp_path / "home.log")
