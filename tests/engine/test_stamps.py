"""Which end of a frame a sniffer's times are of."""

import pytest

from bench.capture.sniffer import Heard, Stamps
from bench.capture.stamps import StampConvention, airtime_us


def exchange(start: int, number: int, kind: Stamps, *, fcs: bool, jitter: int = 0) -> list[Heard]:
    """A frame and its ack on air at `start`, as a sniffer of that kind stamps them."""
    data, ack = bytes((0x61, 0x88, number)) + bytes(number % 80 + 8), bytes((2, 0, number))
    frames = []
    for mac in (data, ack):
        end = start + airtime_us(len(mac) + 2, 0)
        frames.append(Heard((start if kind == "start" else end) + jitter, mac + b"xx" * fcs, fcs, -60, None, 15, 0))
        start = end + 192
    return frames


@pytest.mark.parametrize("fcs", [True, False])
@pytest.mark.parametrize("kind", ["start", "end"])
def test_learnt_from_acks(kind: Stamps, fcs: bool) -> None:
    convention = StampConvention("unknown")
    for number in range(30):
        start = number * 20_000
        frames = exchange(start, number, kind, fcs=fcs)
        mapped = [convention.end_of_frame(heard) for heard in frames]
        if number > 12:
            assert convention.kind == kind
            assert mapped[1].device_us == (mapped[0].device_us or 0) + 544, "times of the end, whatever was stamped"
        else:
            assert number > 8 or convention.kind == "unknown"


def test_what_fits_neither_teaches_nothing() -> None:
    convention = StampConvention("unknown")
    for number in range(100):
        data, ack = exchange(number * 20_000, number, "end", fcs=False)
        for heard in (data, ack._replace(device_us=(ack.device_us or 0) + 300)):
            convention.end_of_frame(heard)
    assert convention.kind == "unknown"


def test_an_ack_of_something_else_teaches_nothing() -> None:
    convention = StampConvention("unknown")
    for number in range(100):
        data, ack = exchange(number * 20_000, number, "end", fcs=False)
        convention.end_of_frame(data)
        convention.end_of_frame(ack._replace(psdu=bytes((2, 0, number + 1))))
    assert convention.kind == "unknown"


def test_sub_ghz_airtime_and_frames_without_a_time() -> None:
    convention = StampConvention("start")
    heard = Heard(1000, bytes(127), True, -60, None, 3, 28)
    assert convention.end_of_frame(heard).device_us == 1000 + 11_120
    assert convention.end_of_frame(heard._replace(device_us=None)).device_us is None
    assert (airtime_us(5, 0), airtime_us(127, 0)) == (352, 4256)
