"""The radio medium against figures of IEEE 802.15.4, and the network against its own rules."""

from datetime import timedelta

import pytest

from bench.gbcs import Cra
from bench.gbcs.dlms import GET, AccessRequest, Spec, long_invoke_id, null
from bench.han.dissect import Dissector
from bench.han.keyring import Keyring
from rigs.virtual.addresses import CHF_EUI
from rigs.virtual.esme_objects import SUPPLY_STATE
from rigs.virtual.home import PAN
from rigs.virtual.phy import FSK, airtime, fsk_airtime, fsk_packet_error_rate, packet_error_rate
from rigs.virtual.world import to_microseconds
from tests.virtual.homes import make

READ_SUPPLY_STATE = bytes(AccessRequest(long_invoke_id(3), [Spec(GET, *SUPPLY_STATE)], [null()]))


@pytest.mark.parametrize(
    ("sinr", "octets", "rate"),
    [
        (-1, 127, 0.706),
        (0, 127, 0.158),
        (1, 127, 0.0136),
        (-1, 12, 0.153),
        (0, 12, 0.023),
        (-2, 5, 0.368),
        (0, 5, 0.0141),
    ],
)
def test_packet_error_rate(sinr, octets, rate):
    assert packet_error_rate(sinr, octets) == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize(("octets", "microseconds"), [(5, 352), (12, 576), (127, 4256)])
def test_airtime(octets, microseconds):
    assert airtime(octets) == timedelta(microseconds=microseconds)


@pytest.mark.parametrize(("octets", "microseconds"), [(5, 1360), (12, 1920), (64, 6080), (127, 11120)])
def test_airtime_below_one_gigahertz(octets, microseconds):
    assert fsk_airtime(octets) == timedelta(microseconds=microseconds)


def test_sensitivity_below_one_gigahertz():
    """Reference sensitivity: -99 dBm for less than 1 % loss of a PSDU of 20 octets."""
    assert fsk_packet_error_rate(-99 - FSK.noise_dbm, 20) < 0.01 < fsk_packet_error_rate(-101 - FSK.noise_dbm, 20)


def dissected(bench):
    keyring = Keyring()
    keyring.add_network_key(bench.home.site.network.network_key, 0, pan=PAN)
    for eui, key in bench.home.site.network.link_keys.items():
        keyring.add_link_key(key, (bytes(CHF_EUI), eui))
    dissector = Dissector(keyring)
    return [dissector.feed(to_microseconds(time) * 1000, psdu) for time, psdu, _ in bench.frames]


def test_every_frame_is_well_formed_and_decrypts():
    bench = make()
    bench.home.feed.set_closed(False)
    bench.run(200)
    bench.home.feed.set_closed(True)
    bench.run(60)
    frames = dissected(bench)
    assert len(frames) > 30
    assert [frame.error for frame in frames if frame.error] == []
    assert [frame.decrypted for frame in frames if isinstance(frame.decrypted, str)] == []
    assert sum(frame.gbcs is not None for frame in frames) == 1


def test_no_nonce_is_used_twice_and_counters_never_fall_across_baselines():
    bench = make()
    for _ in range(2):
        bench.run(60)
        bench.world.restore_baseline()
    bench.run(60)
    latest, seen = {}, {}
    for frame in dissected(bench):
        security = frame.nwk_security
        if security is None:
            continue
        key = (security.source, security.counter)
        assert seen.setdefault(key, frame.mac.payload) == frame.mac.payload
        assert security.counter >= latest.get(security.source, 0)
        latest[security.source] = security.counter
    assert len(latest) == 3  # hub, electricity meter, gas meter


def test_without_a_link_the_hub_keeps_trying_and_delivers_once_later():
    bench = make()
    bench.home.attenuation.db = 90
    bench.run(1)
    read = bench.command(0x0052, READ_SUPPLY_STATE, bench.smki.identities.supplier, 3, signed=False)
    bench.home.hub.from_wan(bytes(read))
    bench.run(120)
    assert bench.upward == []
    bench.home.attenuation.db = 0
    bench.run(120)
    assert [message.cra for _, message in bench.upward].count(Cra.RESPONSE) == 1


def test_same_seed_same_air():
    one, other = make(seed=5), make(seed=5)
    for bench in (one, other):
        bench.run(60)
    assert one.frames == other.frames
    assert one.frames != make(seed=6).frames
