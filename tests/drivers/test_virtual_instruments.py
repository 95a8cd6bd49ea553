"""The same driver classes against the virtual rig's instruments, which speak the makers' bytes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bench.capabilities import ProgramPoint
from bench.errors import InstrumentError
from bench.rigfile import NominalTable
from drivers.keysight_681x import Keysight681x, Keysight681xConfig
from drivers.nrf_sniffer import NrfSniffer, NrfSnifferConfig
from drivers.rudat import Rudat, RudatConfig
from drivers.stepped_clock import SteppedClock, SteppedClockConfig
from rigs.virtual.instruments.ac_source import AcSource
from rigs.virtual.instruments.attenuator import StepAttenuator
from rigs.virtual.instruments.clock_port import ClockPort
from rigs.virtual.instruments.lines import LineServer
from rigs.virtual.instruments.sniffer import NrfSniffer as VirtualSniffer
from rigs.virtual.power import Feed
from rigs.virtual.radio import Attenuation
from rigs.virtual.world import World
from tests.drivers.listening import listen
from tests.drivers.peers import until

START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
REST = NominalTable(voltage="230 V", frequency="50 Hz", attenuation="3 dB")  # type: ignore[arg-type]


class Bench:
    """A world with a feed, and the drivers of what acts on it."""

    def __init__(self) -> None:
        self.trace: list[tuple[datetime, float]] = []
        self.world = World(1, START, self._furnish)
        self.path = Attenuation()
        self.servers = [
            LineServer(self._locked(AcSource(lambda: (self.feed,), lambda: 0.0).scpi.execute)),
            LineServer(self._locked(StepAttenuator(lambda: self.path).answer), "\r\n"),
            LineServer(ClockPort(self.world).answer),
        ]
        mains, attenuator, clock = (server.port for server in self.servers)
        self.mains = Keysight681x("mains", Keysight681xConfig(resource=f"TCPIP::127.0.0.1::{mains}::SOCKET"))
        self.attenuator = Rudat("attenuator", RudatConfig(resource=f"TCPIP::127.0.0.1::{attenuator}::SOCKET"))
        self.clock = SteppedClock("clock", SteppedClockConfig(resource=f"127.0.0.1:{clock}"))
        for driver in (self.mains, self.attenuator, self.clock):
            driver.open()

    def _furnish(self, world: World) -> None:
        self.feed = Feed(world)
        self.feed.add_load(lambda: 46.0)
        self.feed.listen(lambda volts: self.trace.append((world.now, volts)))

    def _locked(self, answer: Callable[[str], str | None]) -> Callable[[str], str | None]:
        def locked(line: str) -> str | None:
            with self.world.lock:
                return answer(line)

        return locked

    def close(self) -> None:
        for driver in (self.mains, self.attenuator, self.clock):
            driver.close()
        for server in self.servers:
            server.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_voltage_output_and_measurement(bench: Bench) -> None:
    assert bench.mains.set_voltage(207.0) == 207.0
    assert bench.mains.measure().voltage == 207.0
    bench.mains.output(False)
    assert not bench.feed.closed
    reading = bench.mains.measure()
    assert (reading.voltage, reading.current, reading.power, reading.frequency) == (0.0, 0.0, 0.0, 0.0)
    bench.mains.output(True)
    assert bench.mains.measure().power == 46.0


def test_list_program_runs_on_the_feed_in_its_own_time(bench: Bench) -> None:
    cycle = timedelta(milliseconds=20)
    points = [ProgramPoint(0.0, cycle), ProgramPoint(92.0, 2 * cycle), ProgramPoint(230.0, cycle)]
    assert bench.mains.run_program(points, 230.0, 90.0) == 4 * cycle
    bench.trace.clear()
    bench.clock.wait(START + timedelta(seconds=1), {})
    assert bench.trace == [
        (START, 0.0), (START + cycle, 92.0), (START + 3 * cycle, 230.0), (START + 4 * cycle, 230.0)
    ]  # fmt: skip
    bench.mains.end_program()
    assert bench.mains.measure().voltage == 230.0


def test_out_of_range_is_refused_with_the_makers_error(bench: Bench) -> None:
    with pytest.raises(InstrumentError, match=r'refused VOLT 400.00: -222 "Data out of range"'):
        bench.mains.set_voltage(400.0)
    with pytest.raises(InstrumentError, match='refused the list: -222 "Data out of range"'):
        bench.mains.run_program([ProgramPoint(400.0, timedelta(seconds=1))], 230.0)
    assert bench.mains.set_voltage(230.0) == 230.0, "the queue was emptied"


def test_rest_after_an_aborted_program(bench: Bench) -> None:
    bench.mains.run_program([ProgramPoint(0.0, timedelta(hours=1)), ProgramPoint(230.0, timedelta(seconds=1))], 230.0)
    bench.clock.wait(START + timedelta(seconds=1), {})
    assert bench.feed.voltage == 0.0
    bench.mains.make_safe(REST)
    assert (bench.feed.voltage, bench.feed.closed, bench.feed.running) == (230.0, True, False)


def test_attenuator_sets_clips_and_refuses(bench: Bench) -> None:
    assert bench.attenuator.set_attenuation(30.25) == 30.25
    assert bench.path.db == 30.25
    with pytest.raises(InstrumentError, match="clipped 95 dB to its maximum"):
        bench.attenuator.set_attenuation(95.0)
    with pytest.raises(InstrumentError, match="refused -1 dB"):
        bench.attenuator.set_attenuation(-1.0)
    bench.attenuator.make_safe(REST)
    assert bench.path.db == 3.0


def test_clock_stops_at_a_delivery(bench: Bench) -> None:
    with bench.world.lock:
        bench.world.after(timedelta(seconds=2), lambda: bench.world.deliver("sniffer"))
    until_then = START + timedelta(seconds=10)
    assert bench.clock.wait(until_then, {}) == {"sniffer": 1}
    assert bench.clock.now() == START + timedelta(seconds=2)
    bench.clock.wait(until_then, {})
    assert bench.clock.now() == until_then
    bench.clock.restore_baseline()
    assert bench.clock.now() >= until_then


def test_clock_tells_what_it_does_not_understand(bench: Bench) -> None:
    with pytest.raises(InstrumentError, match="the rig refused to go on: unknown command DANCE"):
        bench.clock._ask("DANCE")
    assert bench.clock._ask("NOW?") == []


def test_world_that_breaks_is_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    def fall() -> None:
        raise RuntimeError("the sky fell")

    with bench.world.lock:
        bench.world.after(timedelta(seconds=1), fall)
    with pytest.raises(InstrumentError, match="the sky fell"):
        bench.clock.wait(START + timedelta(seconds=2), {})


def test_sniffer_hears_the_air() -> None:
    virtual = VirtualSniffer(15, lambda point: None)
    world = World(1, START, lambda world: None)
    driver = NrfSniffer("sniffer", NrfSnifferConfig(resource=virtual.path, channel=15))
    driver.open()
    driver.begin()
    until(lambda: virtual._receiving)
    psdu = bytes.fromhex("49a85d41cb6400000000")
    with world.lock:
        virtual.hear(world, psdu + b"\x9a\x8b", -45.4)
        world.step(START)  # what it holds goes out at the end of a step
    assert listen(driver, 1) == [(0, psdu, False, -45, 218, 15, 0)]
    driver.close()


def test_sniffer_on_another_channel_hears_nothing() -> None:
    virtual = VirtualSniffer(15, lambda point: None)
    world = World(1, START, lambda world: None)
    driver = NrfSniffer("sniffer", NrfSnifferConfig(resource=virtual.path, channel=20))
    driver.open()
    driver.begin()
    until(lambda: virtual._receiving)
    virtual.hear(world, bytes(12), -45.0)
    assert world.delivered["sniffer"] == 0
    driver.close()
