"""Feeds of single devices and the WAN: what reaches an instrument, in which order, and what a rig cannot do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bench.capabilities import Impairment
from bench.errors import NotRun, SafetyError
from bench.gbcs import Eui64
from bench.parties import Device
from bench.wan import Wan
from tests.engine.test_mains_and_link import Bench as MainsBench
from tests.engine.times import START

METER = Device("meter", "ESME", Eui64.of("00-DB-12-34-56-78-90-A0"))
HUB = Device("hub", "CHF", Eui64.of("00-DB-12-34-56-78-90-B0"))
DISPLAY = Device("display", "IHD", Eui64.of("00-DB-12-34-56-78-90-C0"))
SECOND = timedelta(seconds=1)


class Instruments:
    """Outlets, a WAN path and an attenuator that note when they are told what."""

    step = 0.25

    def __init__(self, bench: MainsBench, name: str, told: list[object]) -> None:
        self._bench, self._name, self.told = bench, name, told
        self.closed = True

    def _note(self, what: object) -> None:
        self.told.append(((self._bench.clock.now() - START) // SECOND, self._name, what))

    def switch(self, on: bool) -> None:
        self.closed = on
        self._note(on)

    def is_on(self) -> bool:
        return self.closed

    def impair(self, impairment: Impairment) -> None:
        self._note(impairment)

    def set_attenuation(self, db: float) -> float:
        self._note(db)
        return db

    def attenuation(self) -> float:
        return 0.0


class Bench(MainsBench):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.told: list[object] = []
        self.antenna, self.path = Instruments(self, "antenna", self.told), Instruments(self, "path", self.told)
        for device in (METER, HUB):
            self.mains.add_branch(device.name, Instruments(self, device.name, self.told))

    def wan(self, *, antenna: bool = True, path: bool = True) -> Wan:
        safety = self.mains._safety
        return Wan(
            self.antenna if antenna else None, self.path if path else None, self.timeline, self.clock, safety, 3.0
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.recorder.close()


def test_one_device_alone(bench: Bench) -> None:
    outage = bench.mains.of(HUB).interrupt("30 s", start=START + 10 * SECOND)
    assert (outage.began, outage.duration) == (START + 10 * SECOND, 30 * SECOND)
    assert bench.told == [(10, "hub", False), (40, "hub", True)]
    assert bench.source.told == [], "the source stays on"
    assert bench.stimuli() == ["mains: open the feed of hub", "mains: close the feed of hub"]


def test_both_return_each_after_its_own_time(bench: Bench) -> None:
    of_meter, of_hub = bench.mains.interrupt_each({METER: "50 s", HUB: "20 s"})
    assert bench.told == [(0, "meter", False), (0, "hub", False), (20, "hub", True), (50, "meter", True)]
    assert (of_meter.duration, of_hub.duration) == (50 * SECOND, 20 * SECOND)


def test_supply_is_back_after_a_block_that_breaks(bench: Bench) -> None:
    with pytest.raises(KeyError), bench.mains.of(METER).interrupted(at_most="1 min"):
        raise KeyError("whatever")
    assert bench.told == [(0, "meter", False), (0, "meter", True)]


def test_envelope_holds_for_one_device_too(bench: Bench) -> None:
    for stimulus in (
        lambda: bench.mains.of(HUB).interrupt("2 h"),
        lambda: bench.mains.interrupt_each({METER: "1 min", HUB: "2 h"}),
        lambda: bench.mains.of(HUB).interrupted(at_most="2 h").__enter__(),
    ):
        with pytest.raises(SafetyError, match="longer than the rig allows"):
            stimulus()
    assert bench.told == []


def test_a_device_without_an_outlet(bench: Bench) -> None:
    with pytest.raises(NotRun, match=r"device 'display' has no Outlet of its own \(key 'outlet'\)"):
        bench.mains.of(DISPLAY)
    with pytest.raises(NotRun):
        bench.mains.interrupt_each({METER: "1 min", DISPLAY: "1 min"})
    assert bench.told == []


def test_settling_closes_every_feed_that_is_open(bench: Bench) -> None:
    bench.mains.of(METER).switch(False)
    bench.mains.settle()
    assert bench.told == [(0, "meter", False), (0, "meter", True)]
    assert bench.stimuli()[-1] == "mains: close the feed of meter"
    assert "mains: the feed of hub is closed" in [seen.data["text"] for seen in bench.timeline.seen]


def test_the_wan_is_cut_at_the_antenna_where_there_is_an_attenuator(bench: Bench) -> None:
    cut = bench.wan().cut("5 min")
    assert cut.duration == timedelta(minutes=5)
    assert bench.told == [(0, "antenna", 60.0), (300, "antenna", 3.0)]


def test_the_wan_is_cut_in_the_path_elsewhere(bench: Bench) -> None:
    wan = bench.wan(antenna=False)
    wan.delay("30 s")
    with wan.down():
        bench.clock.sleep("1 min")
    held = Impairment(delay=30 * SECOND)
    cut = Impairment(delay=30 * SECOND, cut=True)
    assert bench.told == [(0, "path", held), (0, "path", cut), (60, "path", held)]


def test_impairments_add_up_until_the_wan_settles(bench: Bench) -> None:
    wan = bench.wan()
    wan.delay("1 s")
    wan.duplicate()
    wan.throttle(9600)
    wan.settle()
    wan.duplicate(0.5)
    assert [what for _, name, what in bench.told if name == "path"] == [  # type: ignore[misc]
        Impairment(delay=SECOND),
        Impairment(delay=SECOND, duplicate=1.0),
        Impairment(delay=SECOND, duplicate=1.0, rate=9600),
        Impairment(),
        Impairment(duplicate=0.5),
    ]


def test_an_antenna_alone_cannot_delay(bench: Bench) -> None:
    wan = bench.wan(path=False)
    wan.settle()
    with pytest.raises(NotRun, match=r"no WanPath \(role 'wan'\)"):
        wan.delay("1 s")
    assert bench.told == [(0, "antenna", 3.0)]
