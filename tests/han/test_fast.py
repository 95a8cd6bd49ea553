"""The live path says what the detailed dissector says, frame by frame, on generated and damaged traffic."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.han.dissect import Dissector
from bench.han.fast import FastReader
from bench.han.heard import Heard, heard

from .mixed_traffic import START, traffic
from .test_columns import keyring
from .vectors import FRAMES, psdu


def differences(frames: list[bytes], kind: str, channels: tuple[int | None, ...] = (15,)) -> list[tuple[object, ...]]:
    dissector, reader = Dissector(keyring(kind)), FastReader(keyring(kind))
    found: list[tuple[object, ...]] = []
    for number, octets in zip(count(), frames, strict=False):
        time, channel = START + number * 30_000_000, channels[number % len(channels)]
        frame = dissector.feed(time, octets, channel=channel, rssi=-60.0)
        wanted, ours = heard(frame)._replace(frame=None), reader.feed(time, octets, channel=channel, rssi=-60.0)
        ours = ours._replace(frame=None)
        found += [
            (name, number, theirs, mine)
            for name, theirs, mine in zip(Heard._fields, wanted, ours, strict=True)
            if theirs != mine
        ]
    return found


@pytest.mark.parametrize("kind", ["all", "network", "none", "install code", "unknown"])
@pytest.mark.parametrize("seed", [50, 150, 207])
def test_records_agree_with_the_dissector(seed: int, kind: str) -> None:
    assert differences(traffic(seed, 1200), kind, (15, 15, None, 20))[:5] == []


def test_all_vectors() -> None:
    for kind in ("all", "network", "none", "install code"):
        assert differences([psdu(name) for name in FRAMES] * 2, kind) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(FRAMES)), st.integers(0, 126), st.integers(0, 255)), max_size=20))
def test_damaged_octets(damage: list[tuple[str, int, int]]) -> None:
    frames = []
    for name, place, value in damage:
        octets = bytearray(psdu(name))
        if place < len(octets):
            octets[place] = value
        frames.append(bytes(octets))
    assert differences(frames, "all")[:3] == []


def test_everyday_frames_are_read_by_hand() -> None:
    reader = FastReader(keyring())
    for octets in traffic(3, 300):
        reader.feed(START, octets)
    read = [reader.feed(START, psdu(name)) for name in ("V1", "V2", "V6", "link status", "ack", "fragment 0")]
    assert [one.frame is None for one in read] == [True] * 6
    assert all(one.decrypted is True for one in read[:4])
