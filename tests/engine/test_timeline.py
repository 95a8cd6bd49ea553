"""Statements about the timeline, with time that the test moves."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bench.clock import Clock, minutes, seconds
from bench.errors import Failure
from bench.observation import Observation, Pattern, at
from bench.recorder import Recorder, read_log
from bench.timeline import Timeline
from tests.engine.times import START, TestTime


class Bench:
    def __init__(self, folder: Path) -> None:
        self.time = TestTime()
        self.clock = Clock(self.time)
        self.recorder = Recorder()
        self.recorder.open(folder / "timeline.jsonl")
        self.timeline = Timeline(self.clock, self.recorder)
        self.timeline.begin("R-PWR-001", "runs/x/PWR-001/")

    def alert(self, after: timedelta, code: str, stamp: timedelta | None = None) -> None:
        """An alert that comes in at `after`, stamped then or with `stamp`."""
        time = None if stamp is None else START + stamp
        data = {"code": code, "text": f"alert {code}"}
        self.time.plan(after, lambda: self.timeline.record("dcc", "alert", data, time=time) and None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.recorder.close()


ALERT = at("dcc", "alert", "alert 8F35 at the DCC", code="8F35")


def test_expect_waits_and_returns_the_first_match(bench: Bench) -> None:
    bench.alert(seconds(10), "8F57")
    bench.alert(seconds(20), "8F35")
    bench.alert(seconds(21), "8F35")
    seen = bench.timeline.expect(ALERT, within="30 s")
    assert seen.time == START + seconds(20)
    assert bench.clock.now() == START + seconds(20), "no longer than needed"


def test_expect_finds_what_has_come_already(bench: Bench) -> None:
    bench.timeline.record("dcc", "alert", {"code": "8F35"})
    assert bench.timeline.expect(ALERT, within="0 s").number == 1
    assert bench.time.waits == 0


def test_a_long_wait_looks_at_each_observation_once(bench: Bench) -> None:
    looked = []
    pattern = Pattern(
        "an alert 8F35", lambda seen: looked.append(seen.number) or seen.data["code"] == "8F35", ALERT.near
    )
    for at_second in range(50):
        bench.alert(seconds(at_second), "8F57")
    bench.alert(seconds(60), "8F35")
    assert bench.timeline.expect(pattern, within="2 min").number == 51
    assert looked == list(range(1, 52))


def test_expect_after_an_observation_or_an_instant(bench: Bench) -> None:
    first = bench.timeline.record("dcc", "alert", {"code": "8F35"})
    bench.alert(seconds(5), "8F35")
    second = bench.timeline.expect(ALERT, within="1 min", after=first)
    assert second.number == 2
    assert bench.timeline.expect(ALERT, within="1 min", after=START + seconds(1)) == second


def test_the_message_of_a_failure(bench: Bench) -> None:
    for number in range(5):
        bench.alert(seconds(number), f"8F5{number}")
    bench.clock.sleep("1 min")
    with pytest.raises(Failure) as caught:
        bench.timeline.expect(ALERT, within="2 min 50 s")
    headline, expected, *seen, evidence = str(caught.value).splitlines()
    assert caught.value.rule == "R-PWR-001"
    assert headline.startswith("R-PWR-001: ")
    assert "evidence: " in headline, "the strength of the rule's evidence travels with it"
    assert expected == "  expected  alert 8F35 at the DCC within 2 min 50 s of 09:01:00"
    assert seen == [
        "  seen      09:00:02 alert 8F52 (dcc, timeline 3)",
        "            09:00:03 alert 8F53 (dcc, timeline 4)",
        "            09:00:04 alert 8F54 (dcc, timeline 5)",
    ]
    assert evidence == "  evidence  runs/x/PWR-001/"
    assert bench.clock.now() == START + minutes(1) + seconds(170)


def test_a_failure_with_nothing_near_and_a_rule_of_its_own(bench: Bench) -> None:
    with pytest.raises(Failure) as caught:
        bench.timeline.expect(ALERT, within="1 s", rule="R-NOT-THERE")
    assert caught.value.rule == "R-NOT-THERE"
    assert str(caught.value).startswith("R-NOT-THERE: (not in the rule catalogue)\n")
    assert "\n  seen      nothing like it\n" in str(caught.value)


def test_what_was_seen_after_the_deadline_does_not_meet_it(bench: Bench) -> None:
    """A bench that was held up looks late; the stamp of the observation decides, not the moment of looking."""
    bench.alert(seconds(30), "8F35", stamp=seconds(31))
    with pytest.raises(Failure, match=r"seen      09:00:31 alert 8F35 \(dcc, timeline 1\)"):
        bench.timeline.expect(ALERT, within="30 s")


def test_never_holds(bench: Bench) -> None:
    bench.timeline.record("dcc", "alert", {"code": "8F35"})
    with bench.timeline.never(ALERT, during="1 min"):
        bench.alert(seconds(30), "8F57")
        bench.alert(seconds(61), "8F35")
    assert bench.clock.now() == START + minutes(1)


def test_never_is_broken_within_the_block_and_after_it(bench: Bench) -> None:
    for during in ("0 s", "1 min"):
        with (
            pytest.raises(
                Failure, match=r"expected  no alert 8F35 at the DCC\n  seen      .*alert 8F35 \(dcc, timeline"
            ),
            bench.timeline.never(ALERT, during=during, rule="R-HUB-020"),
        ):
            if during == "0 s":
                bench.timeline.record("dcc", "alert", {"code": "8F35", "text": "alert 8F35"})
            else:
                bench.alert(seconds(30), "8F35")


def test_never_is_not_broken_by_what_came_before_and_was_not_yet_collected(bench: Bench) -> None:
    waiting = ["8F35"]

    def collect(expected: object) -> None:
        if waiting:
            bench.timeline.record("dcc", "alert", {"code": waiting.pop()})

    bench.clock.on_pump(collect)
    with bench.timeline.never(ALERT):
        pass
    assert len(bench.timeline.find(ALERT)) == 1


def test_an_error_in_the_block_is_not_hidden_by_never(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError), bench.timeline.never(ALERT):
        bench.timeline.record("dcc", "alert", {"code": "8F35"})
        raise ZeroDivisionError


def test_what_is_recorded_is_on_the_disk_before_anybody_hears_of_it(bench: Bench) -> None:
    path = bench.recorder.path
    assert path is not None
    heard: list[int] = []
    bench.timeline.listen(lambda seen: heard.append(len(list(read_log(path)))))
    bench.timeline.record("mains", "voltage", {"voltage": 230.0})
    bench.timeline.record("mains", "voltage", {"voltage": 0.0})
    assert heard == [1, 2]


def test_a_new_test_starts_with_an_empty_timeline(bench: Bench) -> None:
    bench.timeline.record("dcc", "alert", {"code": "8F35"})
    bench.timeline.begin("R-2", "")
    assert bench.timeline.seen == []
    assert bench.timeline.record("dcc", "alert", {}).number == 2, (
        "numbers go on, so that one names one observation of a run"
    )


def test_ticks_run_while_somebody_waits(bench: Bench) -> None:
    samples: list[Observation] = []
    end = bench.clock.every(seconds(10), lambda: samples.append(bench.timeline.record("mains", "voltage", {})))
    bench.clock.sleep("35 s")
    end()
    end()
    bench.clock.sleep("1 min")
    assert [sample.time - START for sample in samples] == [seconds(10), seconds(20), seconds(30)]
