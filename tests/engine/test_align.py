"""Sniffers on one channel measured by what both hear."""

import random

from bench.capture.align import Alignment

PLACES = {"near": (15, 0), "far": (15, 0), "alone": (20, 0)}
LAG = 1700


def frame(number: int) -> bytes:
    return bytes((0x61, 0x88, number & 0xFF)) + number.to_bytes(8, "big")


def test_the_slower_one_is_moved_to_the_quicker() -> None:
    for slower, quicker in (("far", "near"), ("near", "far")):
        alignment, chance = Alignment(PLACES), random.Random(1)
        for number in range(100):
            start = number * 20_000
            first = alignment.feed(quicker, start, frame(number))
            late = start + LAG + chance.randrange(-15, 15)
            assert first == start, "the quicker one stays where it is"
            second = alignment.feed(slower, late, frame(number))
            assert number < 10 or abs(second - first) < 40
        assert alignment.feed("alone", 5, frame(1)) == 5


def test_retries_and_acks_do_not_mislead() -> None:
    alignment = Alignment(PLACES)
    for number in range(100):
        start = number * 20_000
        alignment.feed("near", start, frame(number))
        if number % 3:
            alignment.feed("far", start + LAG, frame(number))
        else:
            alignment.feed("far", start + LAG + 5000, frame(number))  # it missed the first attempt
        alignment.feed("far", start + 9000, bytes((2, 0, number)))
    assert alignment.feed("far", 5_000_000 + LAG, frame(200)) == 5_000_000


def test_before_enough_is_known_nothing_is_moved() -> None:
    alignment = Alignment(PLACES)
    for number in range(4):
        alignment.feed("near", number * 20_000, frame(number))
        assert alignment.feed("far", number * 20_000 + LAG, frame(number)) == number * 20_000 + LAG


def test_memory_is_bounded() -> None:
    alignment = Alignment(PLACES)
    for number in range(2000):
        alignment.feed("near", number * 1000, frame(number))
    assert len(alignment._heard) <= 256
