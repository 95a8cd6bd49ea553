"""One clock for many sniffers: drift, jitter, silence, restarts."""

import random
from collections.abc import Iterator

import pytest

from bench.capture.clock_fit import ClockFit

EPOCH = 1_893_456_000_000_000
SECOND = 1_000_000


def arrivals(seconds: float, ppm: float, seed: int = 1, rate: float = 50.0) -> Iterator[tuple[int, int, int]]:
    """(true time, sniffer's clock, arrival): USB delays a frame by 125 us and a jitter that only adds."""
    chance, time = random.Random(seed), 0.0
    while (time := time + chance.expovariate(rate) * SECOND) < seconds * SECOND:
        device = int(time * (1 - ppm * 1e-6)) + 987_654
        yield EPOCH + int(time), device, EPOCH + int(time) + 125 + int(chance.expovariate(1 / 2000))


@pytest.mark.parametrize("ppm", [-80, -20, 0, 40, 80])
def test_drift_and_jitter_are_left_out(ppm: float) -> None:
    fit, errors = ClockFit(), []
    for true, device, arrival in arrivals(200, ppm):
        mapped = fit.feed(device, arrival)
        assert mapped <= arrival, "nothing is heard before it was on air"
        errors.append(mapped - true)
    late = errors[len(errors) // 5 :]
    assert max(late) - min(late) < 60, "a tenth of an ack's airtime, where the jitter is 2 ms and the drift 16 ms"
    assert fit.drift_ppm == pytest.approx(ppm, abs=1)


def test_two_sniffers_agree() -> None:
    """Within the 500 us in which octets that are the same are one frame."""
    one, other = ClockFit(), ClockFit()
    for count, (first, second) in enumerate(zip(arrivals(60, 40), arrivals(60, -40), strict=True)):
        apart = one.feed(first[1], first[2]) - other.feed(second[1], second[2] + 250)
        assert count < 500 or abs(apart) < 500


def test_within_one_sniffer_time_goes_on() -> None:
    fit, last = ClockFit(), 0
    for _, device, arrival in arrivals(100, 60):
        mapped = fit.feed(device, arrival)
        assert mapped >= last
        last = mapped


def test_a_long_silence_keeps_the_drift() -> None:
    fit = ClockFit()
    for _, device, arrival in arrivals(100, 50):
        fit.feed(device, arrival)
    later = 3700 * SECOND
    device = int(later * (1 - 50e-6)) + 987_654
    assert fit.feed(device, EPOCH + later + 4000) == EPOCH + later + 4000, "its delay is not known yet"
    device = int((later + SECOND) * (1 - 50e-6)) + 987_654
    assert fit.feed(device, EPOCH + later + SECOND + 125) == pytest.approx(EPOCH + later + SECOND + 125, abs=50)


def test_a_sniffer_that_starts_anew() -> None:
    fit = ClockFit()
    fit.feed(500 * SECOND, EPOCH)
    assert fit.feed(3, EPOCH + 10 * SECOND) == EPOCH + 10 * SECOND


def test_an_exact_clock_is_taken_as_it_is() -> None:
    """A stepped clock: frames arrive at the instant they are on air, hours lie between them."""
    fit, chance, device = ClockFit(), random.Random(3), 0
    for _ in range(2000):
        device += chance.choice((544, 1984, 5 * SECOND, 7200 * SECOND))
        assert fit.feed(device, EPOCH + device) == EPOCH + device


def test_frames_collected_late_are_mapped_by_the_clock_alone() -> None:
    """Hours between comparisons, further apart than the window from which a drift is read."""
    fit, device = ClockFit(), 0
    assert not fit.reads(0, EPOCH), "nothing is known yet"
    for gap in (1, 59, 61, 7200, 59, 59, 59, 61) * 20:
        device += gap * SECOND
        fit.feed(device, EPOCH + device)
        for late in (0, 5 * SECOND, 59 * SECOND, 299 * SECOND):
            assert fit.reads(device + late, EPOCH + device + 300 * SECOND)
            assert fit.map(device + late) == EPOCH + device + late
    assert not fit.reads(device + 301 * SECOND, EPOCH + device + 400 * SECOND), "too long ago"
    assert not fit.reads(device - 1, EPOCH + device), "started anew"
    assert not fit.reads(device + SECOND, EPOCH + device), "it would be heard before it was on air"
