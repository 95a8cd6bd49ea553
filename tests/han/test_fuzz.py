"""A short seeded run of the fuzzing targets: octets by chance, and good octets spoiled."""

import random

import pytest

from tests.fuzz.han_targets import TARGETS, survives

from .vectors import FRAMES, psdu


@pytest.mark.parametrize("name", TARGETS)
def test_chance(name: str) -> None:
    chance = random.Random(name)
    for _ in range(60):
        survives(TARGETS[name], chance.randbytes(chance.randrange(120)))


def test_a_later_fragment_with_block_number_0_that_is_heard_again() -> None:
    piece = bytes.fromhex("80010207090101010200")
    survives(TARGETS["fast"], bytes((2, len(piece))) + piece + b"\x07\x00" + b"\x00")


@pytest.mark.parametrize("name", ["fast", "columns"])
def test_readers_say_the_same_of_many_frames(name: str) -> None:
    chance = random.Random(name)
    for _ in range(80):
        pieces = []
        for _ in range(chance.randrange(1, 8)):
            octets = chance.randbytes(chance.randrange(60))
            pieces.append(bytes((chance.randrange(256), len(octets))) + octets)
        survives(TARGETS[name], b"".join(pieces))


@pytest.mark.parametrize("name", FRAMES)
def test_spoiled_frames(name: str) -> None:
    chance = random.Random(name)
    for _ in range(40):
        octets = bytearray(psdu(name)[:-2])
        for _ in range(chance.randrange(1, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        survives(TARGETS["mac"], bytes(octets))


@pytest.mark.parametrize("name", ["asdu", "aps", "nwk", "nwk command", "aps command", "commands"])
def test_every_length(name: str) -> None:
    chance = random.Random(1)
    octets = chance.randbytes(60)
    for first in range(64):
        for length in (0, 1, 2, 3, 5, 9, 17, 33):
            survives(TARGETS[name], bytes((first,)) + octets[:length])
