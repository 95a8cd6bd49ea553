"""Waiting: how long a wait may be in which points that stamp their observations themselves are passed by."""

from datetime import timedelta

from bench.clock import Clock, minutes, seconds
from tests.engine.times import START, TestTime


def test_a_wait_ends_when_a_point_passed_by_can_stamp_no_longer() -> None:
    time = TestTime()
    clock = Clock(time)
    clock.pass_by(lambda: ({"sniffer"}, START + minutes(5)) if clock.now() < START + minutes(4) else ((), None))
    ends: list[tuple[timedelta, bool]] = []
    clock.on_pump(lambda _expected: ends.append((clock.now() - START, "sniffer" in clock.passed)))

    clock.sleep("8 min")

    assert ends[:2] == [(minutes(5), True), (minutes(8), False)]


def test_who_attends_passes_nobody_by() -> None:
    clock = Clock(TestTime())
    clock.pass_by(lambda: ({"sniffer"}, START + seconds(1)))

    clock.advance(START + minutes(1))

    assert (clock.passed, clock.now()) == ((), START + minutes(1))
