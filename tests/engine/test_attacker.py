"""Forged frames: what goes to the transmitter, and that it is not held against a device."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.attacker import EUI, Attacker
from bench.bus import Item
from bench.clock import seconds
from bench.errors import Inconclusive
from bench.han.aps import ApsFrame, ApsType
from bench.han.dissect import Dissector
from bench.han.invariants import NO_PLAIN_DATA
from bench.han.mac import MacFrame, with_fcs
from bench.han.nwk import NwkFrame, NwkType
from bench.han.security import decrypt_nwk
from tests.engine.test_han_query import Air
from tests.engine.times import START
from tests.han.test_columns import keyring
from tests.han.vectors import ESME, NK, psdu

METERING = 0x0702


class Radio:
    """A transmitter that keeps what it sends."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def transmit(self, psdu: bytes) -> None:
        self.sent.append(psdu)


@pytest.fixture
def air(tmp_path: Path) -> Iterator[Air]:
    air = Air(tmp_path)
    yield air
    air.recorder.close()


def attacker(air: Air) -> tuple[Attacker, Radio]:
    radio = Radio()
    return Attacker(radio, air.han, air.timeline, air.clock, NK), radio


def heard(air: Air, name: str = "V2"):
    air.frame(seconds(1), name)
    return air.han.expect("cluster == tunneling", within="2 s")


def overhear(air: Air, octets: bytes) -> None:
    data = {"fcs": True, "channel": 15, "rssi": -60, "lqi": 200, "page": 0, "device_us": None}
    air.han.take(Item("sniffer", 1, START + seconds(5), "frame", data, octets))


def test_a_replay_is_the_frame_octet_by_octet(air: Air) -> None:
    one, radio = attacker(air)
    one.replay(heard(air))
    assert radio.sent == [psdu("V2")]


def test_a_replay_of_a_frame_heard_without_fcs_has_a_good_one(air: Air) -> None:
    data = {"fcs": False, "channel": 15, "rssi": -60, "lqi": 200, "page": 0, "device_us": None}
    item = Item("sniffer", 1, START + seconds(1), "frame", data, psdu("V2")[:-2])
    air.time.plan(seconds(1), lambda: air.han.take(item))
    one, radio = attacker(air)
    one.replay(air.han.expect("cluster == tunneling", within="2 s"))
    assert radio.sent == [psdu("V2")] == [with_fcs(psdu("V2")[:-2])]


def test_data_under_the_network_key_comes_by_way_of_the_attacker(air: Air) -> None:
    one, radio = attacker(air)
    request = ApsFrame.data(METERING, 9, b"\x00\x01\x00")
    source = heard(air)
    one.data(source, request, "a request", network_security=True)
    one.data(source, request, "the request", network_security=True)
    frames = [NwkFrame.parse(MacFrame.parse(octets).payload) for octets in radio.sent]
    assert [frame.security.source for frame in frames] == [EUI, EUI]
    assert frames[0].security.counter < frames[1].security.counter < 1 << 32
    assert ApsFrame.parse(decrypt_nwk(frames[0], NK)) == request
    assert frames[0].src_eui == ESME


def test_data_without_network_security(air: Air) -> None:
    one, radio = attacker(air)
    request = ApsFrame.data(METERING, 9, b"\x00\x01\x00")
    one.data(heard(air), request, "a request", network_security=False)
    nwk = NwkFrame.parse(MacFrame.parse(radio.sent[0]).payload)
    assert nwk.security is None
    assert ApsFrame.parse(nwk.payload) == request


def test_inter_pan_data_has_a_stub_alone(air: Air) -> None:
    one, radio = attacker(air)
    stub = ApsFrame(ApsType.INTER_PAN, None, b"\x00\x01\x00", cluster=METERING, profile=0x0109)
    one.inter_pan(heard(air), stub, "a request")
    mac = MacFrame.parse(radio.sent[0])
    assert (mac.src, mac.dst) == (ESME, 0xFFFF)
    assert NwkFrame.parse(mac.payload).type is NwkType.INTER_PAN
    frame = Dissector(keyring()).feed(0, radio.sent[0])
    assert frame.error is None and frame.aps is not None and frame.aps.cluster == METERING


def test_what_was_forged_is_not_held_against_a_device(air: Air) -> None:
    one, radio = attacker(air)
    request = ApsFrame.data(METERING, 9, b"\x00\x01\x00")
    one.data(heard(air), request, "a request", network_security=False)
    overhear(air, radio.sent[0])
    assert air.han.invariants.outcome(NO_PLAIN_DATA).verdict == "ok"
    other = MacFrame.parse(radio.sent[0])
    changed = MacFrame.data(0x1A62, 0, 0x6F01, 77, other.payload).psdu()
    overhear(air, changed)
    assert air.han.invariants.outcome(NO_PLAIN_DATA).verdict == "broken"


def test_an_observation_that_is_no_frame_is_no_source(air: Air) -> None:
    one, _ = attacker(air)
    step = air.timeline.record("bench", "step", {"text": "a step"})
    with pytest.raises(Inconclusive, match="no frame of the network"):
        one.data(step, ApsFrame.data(METERING, 9, b""), "a request", network_security=True)
