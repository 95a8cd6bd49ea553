"""Several networks in one capture, keys that change, and scapy's opinion of what we send."""

import pytest

from bench.han import zcl
from bench.han.dissect import Dissector
from bench.han.keyring import Keyring

from .broad_traffic import Network
from .vectors import FRAMES, psdu

READ = bytes(zcl.ZclFrame.general(zcl.READ, 1, zcl.read_attributes([0x0400])))
TUNNEL = bytes(range(120))
ESME, GSME = 0x6F01, 0x8C42


def network(tail: int, pan: int = 0x1A62, channel: int = 15) -> Network:
    keys = {ESME: bytes([tail, 1] * 8), GSME: bytes([tail, 2] * 8)}
    return Network(pan, tail, bytes([tail] * 16), keys, channel)


def dissected(networks: list[Network], keys: Keyring, frames: list[tuple[int, bytes]]) -> list[object]:
    dissector = Dissector(keys)
    fed = [dissector.feed(n * 10**7, octets, channel=channel) for n, (channel, octets) in enumerate(frames)]
    assert all(frame.error is None for frame in fed)
    return [frame.decrypted for frame in fed]


@pytest.mark.parametrize(("pan", "channel"), [(0x2B73, 15), (0x2B73, 20), (0x1A62, 20)])
def test_two_networks_with_equal_short_addresses(pan: int, channel: int) -> None:
    first, second, keys = network(1), network(2, pan, channel), Keyring()
    first.keyring(keys)
    second.keyring(keys)
    for one in (first, second):
        for device in (ESME, GSME):
            one.data(0, device, 0x0702, READ)
            one.data(device, 0, 0x0704, b"\x01\x01\x02\x01\x00" + TUNNEL)
    frames = [frame for pair in zip(first.frames, second.frames, strict=True) for frame in pair]
    dissector = Dissector(keys)
    fed = [dissector.feed(n * 10**7, octets, channel=ch) for n, (ch, octets) in enumerate(frames)]
    assert [(frame.error, frame.decrypted) for frame in fed] == [(None, True)] * len(fed)
    assert {bytes(frame.src_eui or b"")[-1] for frame in fed[::2]} == {1}
    assert {bytes(frame.src_eui or b"")[-1] for frame in fed[1::2]} == {2}
    assert sum(frame.asdu is not None and frame.asdu.endswith(TUNNEL) for frame in fed) == 4


def test_network_keys_change_over_time() -> None:
    one, keys = network(1), Keyring()
    one.keyring(keys)
    for number in range(2, 6):
        one.data(0, ESME, 0x0702, READ)
        one.switch_key(bytes([number] * 16))
        one.data(ESME, 0, 0x0702, READ)
    assert set(dissected([one], keys, one.frames)) == {True}
    assert [key.sequence for key in keys.network_keys] == [0, 1, 2, 3, 4]


def test_what_is_missing_is_told() -> None:
    one, keys = network(1), Keyring()
    keys.add_network_key(one.network_key, 0)
    one.data(0, ESME, 0x0702, READ)
    one.switch_key(bytes(16))
    one.data(0, ESME, 0x0702, READ)
    told = [text for text in dissected([one], keys, one.frames) if text is not True]
    assert told[0] == "APS: no link key for 00-15-5F-00-00-00-00-01 and an unknown device (counter 1)"
    assert str(told[1]).startswith("APS: no key-transport key for")
    assert str(told[-1]).startswith("NWK: no network key for sequence 1 (transmitter 00-15-5F-00-00-00-00-01, counter")


def test_a_key_of_another_pair_does_not_hide_the_right_one() -> None:
    one, keys = network(1), Keyring()
    one.keyring(keys)
    keys.add_link_key(bytes(16), (one.eui(0), one.eui(ESME)))
    keys.add_link_key(bytes([7] * 16))
    one.data(0, ESME, 0x0702, READ)
    one.data(ESME, 0, 0x0702, READ)
    assert set(dissected([one], keys, one.frames)) == {True}


def test_scapy_reads_the_headers_the_same() -> None:
    """Where scapy is right: MAC, NWK and security headers of frames of 2006 (see han.md 6.2 for where it is not)."""
    dot15d4 = pytest.importorskip("scapy.layers.dot15d4", reason="scapy is not installed")
    zigbee = pytest.importorskip("scapy.layers.zigbee")
    from scapy.config import conf

    conf.dot15d4_protocol = "zigbee"
    compared = 0
    for name in FRAMES:
        if name.startswith(("enhanced", "inter-PAN")):
            continue
        frame, theirs = Dissector().feed(0, psdu(name)), dot15d4.Dot15d4FCS(psdu(name))
        assert frame.mac is not None
        assert (theirs.seqnum, theirs.fcf_frametype, theirs.fcs) == (frame.mac.sequence, frame.mac.type, frame.mac.fcs)
        if frame.nwk is None or zigbee.ZigbeeNWK not in theirs:
            continue
        nwk = theirs[zigbee.ZigbeeNWK]
        assert (nwk.destination, nwk.source, nwk.radius, nwk.seqnum) == (
            frame.nwk.dst, frame.nwk.src, frame.nwk.radius, frame.nwk.sequence,
        )  # fmt: skip
        if frame.nwk.security is not None:
            security = theirs[zigbee.ZigbeeSecurityHeader]
            assert (security.fc, security.key_seqnum) == (frame.nwk.security.counter, frame.nwk.security.key_sequence)
            assert security.source.to_bytes(8, "big") == frame.nwk.security.source
            compared += 1
    assert compared > 25
