"""Statements about frames on air in the query language: han.expect and han.never."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bench.bus import Item
from bench.clock import Clock, seconds
from bench.errors import BenchError, Failure
from bench.gbcs import Eui64
from bench.han.invariants import NAMES
from bench.han_point import HanPoint
from bench.parties import Device
from bench.recorder import Recorder
from bench.timeline import Timeline
from tests.engine.times import START, TestTime
from tests.han.test_columns import keyring
from tests.han.vectors import CHF, ESME, psdu


class Air:
    def __init__(self, folder: Path) -> None:
        self.time = TestTime()
        self.clock = Clock(self.time)
        self.recorder = Recorder()
        self.recorder.open(folder / "timeline.jsonl")
        self.timeline = Timeline(self.clock, self.recorder)
        self.timeline.begin("R-AIR-001", "")
        devices = [Device("meter", "ESME", Eui64(ESME), "", ""), Device("hub", "CHF", Eui64(CHF), "", "")]
        self.han = HanPoint(self.timeline, self.clock, keyring(), devices)

    def frame(self, after: timedelta, name: str) -> None:
        """A frame that is heard at `after`."""
        data = {"fcs": True, "channel": 15, "rssi": -60, "lqi": 200, "page": 0, "device_us": None}
        item = Item("sniffer", 1, START + after, "frame", data, psdu(name))
        self.time.plan(after, lambda: self.han.take(item))


@pytest.fixture
def air(tmp_path: Path) -> Iterator[Air]:
    air = Air(tmp_path)
    yield air
    air.recorder.close()


def test_expect_returns_the_frame_that_fulfils_the_query(air: Air) -> None:
    air.frame(seconds(1), "ack")
    air.frame(seconds(2), "V1")
    seen = air.han.expect("cluster == metering and cmd == read_attributes and src == chf", within="10 s")
    assert seen.time == START + seconds(2)


def test_expect_that_is_not_met_shows_the_frames_there_were(air: Air) -> None:
    air.frame(seconds(1), "V1")
    with pytest.raises(Failure) as failure:
        air.han.expect("cluster == price and esme", within="5 s", rule="R-AIR-005")
    assert "a frame on the HAN: cluster == price and esme within 5 s" in str(failure.value)
    assert "ReadAttributes" in str(failure.value) and failure.value.rule == "R-AIR-005"


def test_never(air: Air) -> None:
    air.frame(seconds(1), "ack")
    with air.han.never("cluster == metering", during="2 s"):
        pass
    air.frame(seconds(4), "V1")
    with pytest.raises(Failure, match="no a frame on the HAN"), air.han.never("cluster == metering", during="5 s"):
        pass


def test_a_query_that_is_none_is_the_benchs_fault(air: Air) -> None:
    with pytest.raises(BenchError, match="no field 'clutser'; did you mean cluster"):
        air.han.expect("clutser == price", within="1 s")


def test_the_point_watches_the_invariants(air: Air) -> None:
    air.frame(seconds(1), "V1")
    air.clock.sleep(seconds(2))
    assert {air.han.invariants.outcome(name).verdict for name in NAMES} <= {"ok", "broken"}
