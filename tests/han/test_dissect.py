"""The dissector: vectors, learning, fragments, retries, and octets that are wrong."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.han.aps import ApsFrame
from bench.han.aps_commands import TransportKey
from bench.han.dissect import Dissector
from bench.han.fragments import Reassembly, fragment, room
from bench.han.frame import Frame
from bench.han.keyring import Keyring
from bench.han.mac import MacFrame
from bench.han.nwk import NwkFrame
from bench.han.security import secure_aps, secure_nwk
from bench.han.tunnelling import TransferData, get_response, put

from .test_zcl import ECS70
from .vectors import (
    CHF,
    CHF_SHORT,
    ESME,
    ESME_SHORT,
    FRAMES,
    GSME,
    GSME_SHORT,
    LK_INSTALL,
    NK,
    NK2,
    PAN,
    TCLK,
    TCLK2,
    psdu,
)

SECOND = 1_000_000_000


def keyring(*link_keys: bytes) -> Keyring:
    keys = Keyring()
    keys.add_network_key(NK, 0)
    for key in link_keys:
        keys.add_link_key(key)
    return keys


class Sender:
    """Emits frames of one device with all its counters."""

    def __init__(self, eui: bytes, short: int, link_key: bytes = TCLK) -> None:
        self.eui, self.short, self.link_key = eui, short, link_key
        self.counter = 0

    def aps(self, dst: int, aps: ApsFrame, *, src_eui: bool = False) -> bytes:
        self.counter += 1
        secured = secure_aps(aps, self.link_key, 1000 + self.counter, self.eui)
        return self.nwk(dst, bytes(secured), src_eui=src_eui)

    def nwk(self, dst: int, payload: bytes, *, src_eui: bool = False) -> bytes:
        frame = NwkFrame.data(dst, self.short, self.counter, payload, src_eui=self.eui if src_eui else None)
        secured = secure_nwk(frame, NK, 5000 + self.counter, self.eui)
        return MacFrame.data(PAN, dst, self.short, self.counter, bytes(secured)).psdu()

    def tunnel(self, dst: int, data: bytes, *, from_server: bool, aps_counter: int) -> list[bytes]:
        zcl = TransferData(1, data).frame(7, from_server=from_server)
        aps = ApsFrame.data(0x0704, aps_counter, bytes(zcl))
        return [self.aps(dst, block) for block in fragment(aps)]


def feed(dissector: Dissector, frames: list[bytes], start: int = 0) -> list[Frame]:
    return [dissector.feed(start + n * SECOND // 20, octets) for n, octets in enumerate(frames)]


def test_all_vectors() -> None:
    dissector = Dissector(keyring(LK_INSTALL, TCLK))
    frames = {name: dissector.feed(0, psdu(name)) for name in FRAMES}
    bad = {name: frame.summary() for name, frame in frames.items() if frame.error or isinstance(frame.decrypted, str)}
    assert set(bad) == {"N1", "N2"}
    assert "no fitting network key for sequence 0" in bad["N1"]
    json.dumps([frame.as_dict() for frame in frames.values()])
    assert frames["V1"].aps_payload == bytes.fromhex("00310000000004")
    assert frames["V2"].aps_payload == bytes.fromhex("0132020100df09")
    assert frames["V4"].command == "DeviceAnnce" and frames["V4"].network_key == "frame 3"
    assert frames["V6"].command == "ReadAttributes" and frames["V6"].link_key == "frame 5"
    assert frames["beacon, joining open"].beacon is not None
    assert isinstance(frames["tunnel with inner transport key"].carried, TransportKey)
    assert frames["inter-PAN key establishment (Initiate without certificate)"].command == "InitiateRequest"
    assert frames["fragment 2"].asdu == bytes.fromhex("01060201000200") + bytes(range(120))
    assert frames["fragment 2"].gbcs == bytes(range(120))


def test_key_chain_from_an_install_code() -> None:
    keys = Keyring()
    keys.add_install_code(bytes.fromhex("83fed3407a939723a5c639b26916d505"))
    dissector = Dissector(keys)
    assert dissector.feed(0, psdu("V3")).decrypted is True
    assert dissector.feed(1, psdu("V4")).decrypted is True
    assert [key.key for key in keys.network_keys] == [NK2]
    assert keys.network_keys[0].sequence == 2 and keys.network_keys[0].pan == PAN


def test_a_learned_link_key_is_bound_to_its_pair() -> None:
    dissector = Dissector(keyring(LK_INSTALL))
    dissector.feed(0, psdu("V5"))
    assert dissector.keyring.for_link(ESME, CHF)[0].key == TCLK2
    assert TCLK2 not in [key.key for key in dissector.keyring.for_link(GSME, CHF)]


def test_undecrypted_frames_are_retried_when_a_key_comes() -> None:
    dissector = Dissector(Keyring())
    frames = [dissector.feed(n, psdu(name)) for n, name in enumerate(("V1", "V2", "fragment 0"))]
    assert frames[0].decrypted == (
        "NWK: no network key for sequence 0 (transmitter 00-15-5F-00-11-22-33-44, counter 4660)"
    )
    dissector.keyring.add_network_key(NK, 0)
    again = dissector.retry()
    assert [f.number for f in again] == [1, 2, 3]
    assert [f.decrypted is True for f in again] == [True, False, False]
    assert "no link key for 00-15-5F-00-55-66-77-88 and" in str(again[1].decrypted)
    assert dissector.retry() == []
    dissector.keyring.add_link_key(TCLK, (ESME, CHF))
    assert [f.number for f in dissector.retry() if f.decrypted is True] == [2, 3]


@pytest.mark.parametrize("form", ["esme", "gsme get", "gsme put"])
def test_long_messages_come_out_of_the_tunnel(form: str) -> None:
    message = ECS70 + bytes(range(256)) * 5
    if form == "esme":
        sender, dst, data, server = Sender(CHF, CHF_SHORT), ESME_SHORT, message, False
    elif form == "gsme get":
        sender, dst, data, server = Sender(CHF, CHF_SHORT), GSME_SHORT, get_response(message, 2), True
    else:
        sender, dst, data, server = Sender(GSME, GSME_SHORT), CHF_SHORT, put(message), False
    frames = feed(Dissector(keyring(TCLK)), sender.tunnel(dst, data, from_server=server, aps_counter=9))
    assert len(frames) > 20
    assert all(f.decrypted is True and f.error is None for f in frames)
    assert [f.gbcs for f in frames[:-1]] == [None] * (len(frames) - 1)
    assert frames[-1].gbcs == message
    assert frames[-1].tunnel_data is not None
    assert frames[-1].tunnel_data.remaining == (2 if form == "gsme get" else None)


def test_blocks_in_any_order_and_repeated() -> None:
    message = ECS70 + bytes(500)
    octets = Sender(CHF, CHF_SHORT).tunnel(ESME_SHORT, message, from_server=False, aps_counter=1)
    shuffled = octets + octets
    random.Random(1).shuffle(shuffled)
    frames = feed(Dissector(keyring(TCLK)), shuffled)
    assert [f.gbcs for f in frames if f.gbcs is not None] == [message]
    assert sum(f.repeat_of is not None for f in frames) == len(octets)


def test_a_lost_block_gives_nothing_and_the_next_message_still_comes() -> None:
    sender = Sender(CHF, CHF_SHORT)
    first = sender.tunnel(ESME_SHORT, ECS70 + bytes(200), from_server=False, aps_counter=1)
    message = b"\xdf" + bytes(reversed(range(200)))
    second = sender.tunnel(ESME_SHORT, message, from_server=False, aps_counter=1)
    dissector = Dissector(keyring(TCLK))
    frames = feed(dissector, first[:2] + first[3:] + second)
    assert [f.gbcs for f in frames if f.gbcs is not None] == [message]
    assert dissector.reassembly.abandoned == 1


def test_one_message_heard_twice_counts_once() -> None:
    octets = Sender(CHF, CHF_SHORT).tunnel(ESME_SHORT, ECS70[:30], from_server=False, aps_counter=1)[0]
    dissector = Dissector(keyring(TCLK))
    first = dissector.feed(0, octets, interface=0)
    echo = dissector.feed(20_000, octets, interface=1)
    assert first.gbcs == ECS70[:30] and first.repeat_of is None
    assert echo.gbcs is None and echo.repeat_of == 1


def test_a_further_hop_counts_once() -> None:
    message = ECS70[:30]
    chf, router = Sender(CHF, CHF_SHORT), Sender(ESME, ESME_SHORT)
    zcl = TransferData(1, message).frame(7, from_server=False)
    aps = bytes(secure_aps(ApsFrame.data(0x0704, 3, bytes(zcl)), TCLK, 77, CHF))
    plain = NwkFrame.data(GSME_SHORT, CHF_SHORT, 8, aps, src_eui=CHF)
    hops = [
        MacFrame.data(PAN, dst, node.short, 1, bytes(secure_nwk(plain, NK, 9, node.eui))).psdu()
        for node, dst in ((chf, ESME_SHORT), (router, GSME_SHORT))
    ]
    frames = feed(Dissector(keyring(TCLK)), hops)
    assert [f.repeat_of for f in frames] == [None, 1]
    assert all(f.decrypted is True and f.src_eui == CHF for f in frames)


def test_two_pans_with_the_same_short_addresses() -> None:
    dissector = Dissector(keyring(TCLK))
    other = MacFrame.data(0x2222, CHF_SHORT, ESME_SHORT, 1, bytes(NwkFrame.data(0, ESME_SHORT, 1, b"", src_eui=GSME)))
    dissector.feed(0, psdu("V2"))
    dissector.feed(1, other.psdu())
    assert dissector.directory.eui(PAN, ESME_SHORT) == ESME
    assert dissector.directory.eui(0x2222, ESME_SHORT) == GSME


def test_an_unknown_originator_is_found_by_its_key() -> None:
    keys = keyring()
    keys.add_link_key(TCLK, (GSME, CHF))
    sender = Sender(GSME, GSME_SHORT)
    aps = secure_aps(ApsFrame.data(0x0702, 1, b"\x00\x01\x00"), TCLK, 5, GSME)
    # A relayed frame: the transmitter in the aux header is the router, nothing names the originator.
    relayed = secure_nwk(NwkFrame.data(CHF_SHORT, GSME_SHORT, 1, bytes(aps)), NK, 9, ESME)
    frame = Dissector(keys).feed(0, MacFrame.data(PAN, CHF_SHORT, ESME_SHORT, 1, bytes(relayed)).psdu())
    assert sender.short == GSME_SHORT and frame.decrypted is True and frame.src_eui == GSME


def test_a_bad_fcs_stops_at_the_mac_layer() -> None:
    octets = bytearray(psdu("V1"))
    octets[-1] ^= 1
    frame = Dissector(keyring()).feed(0, bytes(octets))
    assert frame.fcs_ok is False and frame.nwk is None
    assert frame.error == "frame 1, MAC at 66: FCS 6A24 does not match the octets"


def test_without_fcs() -> None:
    frame = Dissector(keyring()).feed(0, psdu("V1")[:-2], fcs=False)
    assert frame.fcs_ok is None and frame.decrypted is True


@pytest.mark.parametrize("name", FRAMES)
def test_truncated_at_every_octet(name: str) -> None:
    dissector = Dissector(keyring(LK_INSTALL, TCLK))
    for length in range(len(psdu(name))):
        frame = dissector.feed(0, psdu(name)[:length], fcs=False)
        json.dumps(frame.as_dict())
        frame.summary()


@settings(max_examples=300)
@given(st.binary(max_size=100), st.sampled_from(["mac", "nwk", "nwk command", "aps", "aps command", "asdu", "zdo"]))
def test_nothing_on_air_raises(octets: bytes, depth: str) -> None:
    dissector = Dissector(keyring(TCLK))
    sender = Sender(CHF, CHF_SHORT)
    if depth == "mac":
        data = octets
    elif depth == "nwk":
        data = bytes(MacFrame.data(PAN, 0, 1, 0, octets))
    elif depth == "nwk command":
        plain = NwkFrame.command(1, 0, 1, octets)
        data = bytes(MacFrame.data(PAN, 0, 1, 0, bytes(secure_nwk(plain, NK, 1, CHF))))
    elif depth == "aps":
        data = bytes(MacFrame.data(PAN, 0, 1, 0, bytes(secure_nwk(NwkFrame.data(1, 0, 1, octets), NK, 1, CHF))))
    elif depth == "aps command":
        data = bytes(
            MacFrame.data(
                PAN, 1, 0, 0, bytes(secure_nwk(NwkFrame.data(1, 0, 1, bytes(ApsFrame.command(1, octets))), NK, 1, CHF))
            )
        )
    else:
        aps = ApsFrame.data(0x0704, 1, octets[:60], profile=0 if depth == "zdo" else 0x0109)
        data = sender.aps(1, aps)[:-2]
    frame = dissector.feed(0, data, fcs=False)
    json.dumps(frame.as_dict())
    assert frame.summary()


def test_room_is_the_space_that_is_left() -> None:
    assert [room(euis=n) for n in (0, 1, 2)] == [73, 65, 57]
    assert [room(euis=n, fragment=True) for n in (0, 1, 2)] == [71, 63, 55]
    assert [room(euis=n, link_key=False) for n in (0, 1, 2)] == [82, 74, 66]
    full = Sender(CHF, CHF_SHORT).aps(ESME_SHORT, ApsFrame.data(0x0702, 1, bytes(room(euis=1))), src_eui=True)
    assert len(full) == 127


def test_reassembly_forgets_old_and_odd_things() -> None:
    reassembly = Reassembly(timeout=10)
    blocks = fragment(ApsFrame.data(1, 2, bytes(120)))
    assert reassembly.add((1,), 0, blocks[0], blocks[0].payload) is None
    assert reassembly.add((1,), 100, blocks[1], blocks[1].payload) is None
    assert reassembly.add((1,), 101, blocks[2], blocks[2].payload) is None
    assert reassembly.abandoned == 1
    assert reassembly.add((1,), 102, blocks[0], blocks[0].payload) == bytes(120)
