"""The stepped clock driver: its three commands, and a service that misbehaves."""

import threading
from datetime import UTC, datetime

import pytest

from bench.errors import InstrumentError
from drivers.stepped_clock import SteppedClock, SteppedClockConfig
from tests.drivers.peers import Step, free_port, peer, transcript, within

START = "2030-01-07T09:00:00.000000Z"
UNTIL = datetime(2030, 1, 7, 9, 3, tzinfo=UTC)
OPENED = transcript(f"> NOW?\n< {START}")
STEP = "STEP 2030-01-07T09:03:00.000000Z"


def rig_clock(port: int, timeout_s: float = 1.0) -> SteppedClock:
    return SteppedClock("clock", SteppedClockConfig(resource=f"127.0.0.1:{port}", timeout_s=timeout_s))


def test_steps_and_baseline() -> None:
    script = OPENED + transcript(f"""
        > {STEP} local=2
        < 2030-01-07T09:00:00.051200Z dcc=3 sniffer=12
        > {STEP} past:hidden past:sniffer
        < 2030-01-07T09:03:00.000000Z dcc=3 sniffer=12
        > BASELINE
        < 2030-01-07T10:00:00.000000Z
    """)
    with peer(script) as far:
        clock = rig_clock(far.port)
        clock.open()
        assert clock.now() == datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
        assert clock.wait(UNTIL, {"local": 2}) == {"dcc": 3, "sniffer": 12}
        assert clock.now() == datetime(2030, 1, 7, 9, 0, 0, 51200, tzinfo=UTC)
        clock.wait(UNTIL, {}, {"sniffer", "hidden"})
        assert clock.now() == UNTIL
        assert clock.arrival() is None
        clock.restore_baseline()
        assert clock.now() == datetime(2030, 1, 7, 10, tzinfo=UTC)
        far.done()
        clock.close()


@pytest.mark.parametrize(
    ("answer", "saying"),
    [
        ([], "no answer within 0.2 s"),
        ([(">", "")], "did not answer with a time: replied ''"),
        ([(">", "ERR the world broke")], "the rig refused to go on: the world broke"),
        ([(">", "2030-01-07T09:03:00")], "did not answer with a time"),
        ([(">raw", b"\xff\xfe\n")], "did not answer with a time"),
        ([(">", "2030-01-07T09:03:00Z sniffer=many")], "counters are not numbers: replied 'sniffer=many'"),
        ([(">", "2030-01-07T08:00:00Z")], "time does not go on"),
        ([(">", START)], "time does not go on"),
        ([("hang up", None)], "closed the connection|connection lost"),
        ([(">raw", b"2030-01-"), ("hang up", None)], "closed the connection|connection lost"),
        ([(">raw", b"9" * 200_000)], "answers without end"),
    ],
)
def test_trouble(answer: list[Step], saying: str) -> None:
    with peer([*OPENED, ("<", STEP), *answer]) as far, within(3.0):
        clock = rig_clock(far.port, 0.2)
        clock.open()
        with pytest.raises(InstrumentError, match=saying) as caught:
            clock.wait(UNTIL, {})
        clock.close()
    assert str(caught.value).startswith("instrument clock: ")
    assert f"-> {STEP}" in caught.value.last_exchange


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    late = threading.Event()
    first = [*OPENED, ("<", STEP), ("wait", late), (">", "2030-01-07T09:03:00.000000Z")]
    with peer(first, transcript(f"> {STEP}\n< 2030-01-07T09:02:00.000000Z sniffer=1")) as far:
        clock = rig_clock(far.port, 0.2)
        clock.open()
        with pytest.raises(InstrumentError, match="no answer"):
            clock.wait(UNTIL, {})
        late.set()
        assert clock.wait(UNTIL, {}) == {"sniffer": 1}
        assert clock.now() == datetime(2030, 1, 7, 9, 2, tzinfo=UTC)
        clock.close()


@pytest.mark.parametrize("resource", ["no-such-host.invalid:1", "127.0.0.1:0", "127.0.0.1:99999", "nowhere", ":x"])
def test_not_there(resource: str) -> None:
    clock = SteppedClock("clock", SteppedClockConfig(resource=resource, timeout_s=0.5))
    with within(10.0), pytest.raises(InstrumentError, match=r"^instrument clock: cannot connect to "):
        clock.open()


def test_refused_port() -> None:
    with within(3.0), pytest.raises(InstrumentError, match=r"cannot connect to .*is the rig's clock up\?"):
        rig_clock(free_port()).open()
