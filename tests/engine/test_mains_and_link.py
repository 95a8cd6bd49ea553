"""Stimuli on mains and radio link: outside the envelope nothing reaches a driver."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bench.capabilities import AcReading, ProgramPoint
from bench.clock import Clock
from bench.errors import InstrumentError, NotRun, SafetyError
from bench.link import Link
from bench.mains import Mains
from bench.recorder import Recorder
from bench.rigfile import NominalTable, SafetyTable
from bench.timeline import Timeline
from tests.engine.times import START, TestTime

SECOND = timedelta(seconds=1)


class Source:
    """An AC source and an attenuator that only note what they are told."""

    minimum_dwell: timedelta | None = timedelta(milliseconds=1)
    step = 0.25

    def __init__(self) -> None:
        self.told: list[object] = []

    def set_voltage(self, volts: float) -> float:
        self.told.append(("voltage", volts))
        return volts

    def set_frequency(self, hertz: float) -> float:
        self.told.append(("frequency", hertz))
        return hertz

    def limit_current(self, amperes: float) -> None:
        self.told.append(("current", amperes))

    def output(self, on: bool) -> None:
        self.told.append(("output", on))

    def measure(self) -> AcReading:
        return AcReading(230.0, 0.1, 23.0, 50.0)

    def run_program(self, points: Sequence[ProgramPoint], nominal: float, start_phase: float = 0.0) -> timedelta:
        self.told.append(("program", len(points), start_phase))
        return sum((point.dwell for point in points), timedelta())

    def end_program(self) -> None:
        self.told.append("end")

    def set_attenuation(self, db: float) -> float:
        self.told.append(("attenuation", db))
        return db

    def attenuation(self) -> float:
        return 0.0


class Bench:
    def __init__(self, folder: Path) -> None:
        self.time, self.source, self.recorder = TestTime(), Source(), Recorder()
        self.clock = Clock(self.time)
        self.recorder.open(folder / "timeline.jsonl")
        self.timeline = Timeline(self.clock, self.recorder)
        safety = SafetyTable.model_validate(
            {"voltage_max": "253 V", "current_max": "3 A", "longest_outage": "1 h", "attenuation_max": "60 dB"}
        )
        rest = NominalTable.model_validate({"voltage": "230 V", "frequency": "50 Hz"})
        self.mains = Mains(self.source, self.timeline, self.clock, safety, rest)
        self.link = Link("CHF - ESME", self.source, self.timeline, safety, 0.0)

    def stimuli(self) -> list[str]:
        return [seen.data["text"] for seen in self.timeline.seen if seen.kind == "stimulus"]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.recorder.close()


def points(*pairs: tuple[float, float]) -> list[ProgramPoint]:
    return [ProgramPoint(volts, timedelta(seconds=dwell)) for volts, dwell in pairs]


@pytest.mark.parametrize("volts", [253.1, -0.1, 1e6, float("nan"), float("inf")])
def test_voltage_outside_the_envelope(bench: Bench, volts: float) -> None:
    for stimulus in (lambda: bench.mains.set_voltage(volts), lambda: bench.mains.program("p", points((volts, 1)))):
        with pytest.raises(SafetyError, match=r"outside the rig's envelope of 0 to 253 V"):
            stimulus()
    assert bench.source.told == [] and bench.stimuli() == []


@pytest.mark.parametrize("outage", ["61 min", "26 h", "-1 s"])
def test_outage_outside_the_envelope(bench: Bench, outage: str) -> None:
    with pytest.raises(SafetyError, match="outage"):
        bench.mains.interrupt(outage)
    assert bench.source.told == []


@pytest.mark.parametrize(
    "program", [points((0, 3601)), points(*[(0, 1200)] * 4), points((5, 4000)), points((0, 1800), (11, 1801), (230, 1))]
)
def test_outage_hidden_in_a_program(bench: Bench, program: list[ProgramPoint]) -> None:
    with pytest.raises(SafetyError, match=r"longer than the rig allows \(1 h\)"):
        bench.mains.program("many short ones", program)
    assert bench.source.told == []


def test_program_checks(bench: Bench) -> None:
    with pytest.raises(SafetyError, match="101 points, but a list engine takes 100; use longer steps"):
        bench.mains.program("p", points(*[(230, 1)] * 101))
    with pytest.raises(SafetyError, match="at least one point"):
        bench.mains.program("p", [])
    with pytest.raises(NotRun, match=r"cannot time a step of 0.1 ms itself"):
        bench.mains.program("p", points((230, 0.0001)))
    bench.source.minimum_dwell = None
    with pytest.raises(NotRun, match="cannot time a step of 20 ms itself"):
        bench.mains.dip(0.4, 1)
    assert bench.source.told == []


@pytest.mark.parametrize("db", [60.2, -1.0, 1000.0])
def test_attenuation_outside_the_envelope(bench: Bench, db: float) -> None:
    with pytest.raises(SafetyError, match="outside the rig's envelope of 0 to 60 dB"):
        bench.link.attenuate(db)
    assert bench.source.told == []


def test_attenuation_is_rounded_to_the_grid(bench: Bench) -> None:
    assert bench.link.attenuate(30.3) == 30.25
    bench.link.black_out()
    assert bench.source.told == [("attenuation", 30.25), ("attenuation", 60.0)]


def test_interruption_takes_its_time_and_says_so(bench: Bench) -> None:
    outage = bench.mains.interrupt("2 min 50 s", start=START + 10 * SECOND)
    assert (outage.began, outage.duration) == (START + 10 * SECOND, timedelta(seconds=170))
    assert bench.source.told == [("output", False), ("output", True)]
    assert bench.stimuli() == ["mains: open the feed for 2 min 50 s", "mains: close the feed"]


def test_dip_is_a_program_at_a_phase(bench: Bench) -> None:
    bench.mains.dip(0.4, 10, start_phase=180)
    assert bench.source.told == [("program", 2, 180), "end"]


def test_trouble_during_a_program_ends_the_program_and_the_dense_samples(bench: Bench) -> None:
    def unplug() -> None:
        raise InstrumentError("sniffer", "lost")

    bench.time.plan(SECOND / 2, unplug)
    with pytest.raises(InstrumentError):
        bench.mains.program("p", points((230, 10)))
    assert bench.source.told[-1] == "end"
    bench.time.plan(SECOND, unplug)
    with pytest.raises(InstrumentError):
        bench.mains.interrupt("10 s")
    assert len(bench.clock._ticks) == 1, "only the sampling that runs all the time is left"
