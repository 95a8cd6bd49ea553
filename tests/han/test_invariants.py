"""Invariants of all frames of a run: what breaks each, what does not, and what leaves it open."""

from dataclasses import replace

import pytest

from bench.han import invariants
from bench.han.aps import ApsFrame
from bench.han.aps_commands import TransportKey
from bench.han.dissect import Dissector
from bench.han.fast import FastReader
from bench.han.heard import heard
from bench.han.invariants import NAMES, Invariants
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.security import secure_aps, secure_nwk
from bench.han.zcl import READ, ZclFrame, read_attributes

from .mixed_traffic import Home
from .test_columns import keyring
from .vectors import CHF, ESME, ESME_SHORT, FRAMES, GSME, NK, NK2, PAN, TCLK, psdu

SECOND = 1_000_000_000
ZCL = bytes(ZclFrame.general(READ, 1, read_attributes([0])))


def nwk(counter: int, content: bytes = b"\x08\x60", *, eui: bytes = ESME, key: bytes = NK, sequence: int = 0) -> bytes:
    frame = NwkFrame.command(0xFFFC, ESME_SHORT, counter & 0xFF, content)
    return MacFrame.data(PAN, 0xFFFF, ESME_SHORT, 1, bytes(secure_nwk(frame, key, counter, eui, sequence))).psdu()


def data(cluster: int, counter: int, *, link: bool, network: bool = True) -> bytes:
    aps = ApsFrame.data(cluster, counter & 0xFF, ZCL)
    if link:
        aps = secure_aps(aps, TCLK, counter, ESME)
    frame = NwkFrame.data(0, ESME_SHORT, 1, bytes(aps), src_eui=ESME)
    return MacFrame.data(
        PAN, 0, ESME_SHORT, 2, bytes(secure_nwk(frame, NK, counter, ESME) if network else frame)
    ).psdu()


def outcomes(*frames: bytes, devices: list[bytes] | None = None, keys: bool = True) -> dict[str, invariants.Outcome]:
    ring = keyring() if keys else keyring("none")
    ring.add_network_key(NK2, 1) if keys else None
    known = [ESME, CHF, GSME] if devices is None else devices
    readers, watched = (FastReader(ring), Dissector(ring)), (Invariants(known), Invariants(known))
    for number, octets in enumerate(frames):
        watched[0].take(readers[0].feed(number * SECOND, octets), octets, keys=keys)
        watched[1].take(heard(readers[1].feed(number * SECOND, octets)), octets, keys=keys)
    assert watched[0].outcomes() == watched[1].outcomes()
    return watched[0].outcomes()


def broken(**found: invariants.Outcome) -> dict[str, tuple[int, ...]]:
    return {name: outcome.frames for name, outcome in found.items() if outcome.verdict == "broken"}


def test_nothing_heard_says_nothing() -> None:
    assert {outcome.verdict for outcome in outcomes().values()} == {"inconclusive"}
    acks = outcomes(psdu("ack"), psdu("beacon, joining open"))
    assert [name for name in NAMES if acks[name].verdict == "ok"] == [invariants.NO_KEY_IN_CLEAR]


def test_a_healthy_network_breaks_nothing() -> None:
    frames = [psdu(name) for name in FRAMES if not name.startswith(("N1", "N2"))][3:]
    found = outcomes(data(0x0702, 1, link=True), nwk(2), nwk(3), nwk(3), data(0x000A, 4, link=False))
    assert {outcome.verdict for outcome in found.values()} == {"ok"}
    assert broken(**outcomes(*frames)).keys() <= {invariants.COUNTERS_RISE, invariants.NO_REUSED_NONCE}


def test_a_reused_nonce() -> None:
    found = outcomes(nwk(5), nwk(6), nwk(5), nwk(6, b"\x06\x80"))
    assert broken(**found) == {invariants.NO_REUSED_NONCE: (4,)}
    assert "00-15-5F-00-55-66-77-88 used counter 6 again" in found[invariants.NO_REUSED_NONCE].seen[0]


def test_a_counter_that_falls_and_one_that_may() -> None:
    found = outcomes(nwk(50), nwk(49), nwk(51))
    assert broken(**found) == {invariants.COUNTERS_RISE: (2,)}
    assert broken(**outcomes(nwk(50), nwk(1, key=NK2, sequence=1), nwk(2, key=NK2, sequence=1))) == {}
    assert broken(**outcomes(nwk(50), nwk(3, eui=GSME))) == {}


def test_a_key_in_clear() -> None:
    command = ApsFrame.command(1, TransportKey.network(NK2, 1, ESME, CHF).octets())
    frame = MacFrame.data(PAN, ESME_SHORT, 0, 1, bytes(NwkFrame.data(ESME_SHORT, 0, 1, bytes(command))))
    assert broken(**outcomes(psdu("V3"), frame.psdu())) == {invariants.NO_KEY_IN_CLEAR: (2,)}


def test_a_stranger_needs_the_key() -> None:
    stranger = bytes.fromhex("00155F00EEEEEEEE")
    assert broken(**outcomes(nwk(1, eui=stranger))) == {invariants.NO_STRANGER: (1,)}
    assert broken(**outcomes(nwk(1, eui=stranger, key=bytes(16)))) == {}  # anybody can send that
    assert outcomes(nwk(1, eui=stranger), keys=False)[invariants.NO_STRANGER].verdict == "inconclusive"


@pytest.mark.parametrize(
    ("cluster", "link", "network", "verdict"),
    [
        (0x0702, True, True, "ok"),
        (0x0702, False, True, "broken"),
        (0x000A, False, True, "ok"),
        (0x000A, False, False, "broken"),
        (0x0800, False, False, "ok"),
        (0x0702, True, False, "ok"),
    ],
)
def test_data_in_clear(cluster: int, link: bool, network: bool, verdict: str) -> None:
    assert outcomes(data(cluster, 7, link=link, network=network))[invariants.NO_PLAIN_DATA].verdict == verdict


def test_a_damaged_frame_says_nothing() -> None:
    bad = bytearray(nwk(9))
    bad[-1] ^= 1
    forged = bytearray(nwk(9, b"\x06\x80"))[:-2]
    forged[-3] ^= 1
    from bench.han.mac import with_fcs

    assert broken(**outcomes(nwk(9), bytes(bad), with_fcs(bytes(forged)))) == {}


def test_generated_traffic_is_judged_without_error() -> None:
    home = Home(3)
    for _ in range(300):
        home.say()
    found = outcomes(*home.frames)
    assert found[invariants.NO_REUSED_NONCE].examined > 100
    assert replace(found[invariants.NO_STRANGER]).verdict == "broken"  # the router is not declared


def test_two_radios_of_a_hub_may_overtake_each_other_and_still_use_a_counter_once() -> None:
    watched, reader = Invariants([ESME]), FastReader(keyring())
    for number, (channel, counter) in enumerate([(15, 7), (5, 6), (15, 9), (5, 8)]):
        octets = nwk(counter)
        watched.take(reader.feed(number * SECOND, octets, channel=channel), octets)
    assert {one.verdict for one in watched.outcomes().values()} <= {"ok", "inconclusive"}

    octets = nwk(8, b"\x08\x61\0\0\x11")
    watched.take(reader.feed(9 * SECOND, octets, channel=15), octets)
    assert broken(**watched.outcomes()) == {invariants.NO_REUSED_NONCE: (5,)}
