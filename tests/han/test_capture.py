"""Capture files: written, read back, cut and damaged; scapy as a second reader."""

import os
import struct
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.han.capture import LINKTYPE_FCS, LINKTYPE_NO_FCS, Packet, PcapngWriter, Tap, read_capture
from bench.han.errors import HanError

from .vectors import psdu

NOW = 1_790_000_000_123_456_789
ACK, POLL = psdu("ack"), psdu("data request by short")


def written(path: Path) -> Path:
    with PcapngWriter(path) as writer:
        first = writer.add_interface("nRF one", description="behind attenuator 1")
        second = writer.add_interface("sub-GHz", resolution=6, hardware="CC1352")
        writer.write_psdu(first, NOW, ACK, channel=15, rssi=-61.5, lqi=200, comment="relay opened")
        writer.write_psdu(second, NOW + 5000, POLL[:-2], fcs=False, channel=27, page=29, comment=("a", "b"), dropped=3)
        writer.write_psdu(first, NOW + 9, psdu("V1"))
    return path


def test_tap_example() -> None:
    header = Tap.of(fcs=True, rssi=-61.5, channel=15, lqi=200)
    octets = bytes(header) + bytes.fromhex("020011b0b4")
    assert octets.hex() == "00002400000001000100000001000400000076c2030003000f0000000a000100c8000000020011b0b4"
    assert Tap.parse(octets) == (header, bytes.fromhex("020011b0b4"))


@given(st.binary(max_size=60))
def test_any_octets_are_a_tap_header_or_han_error(data: bytes) -> None:
    try:
        tap, _ = Tap.parse(data)
    except HanError:
        return
    assert (tap.rssi, tap.channel, tap.lqi, tap.fcs_type) is not None


def test_read_back(tmp_path: Path) -> None:
    assert list(read_capture(written(tmp_path / "a.pcapng"))) == [
        Packet(1, NOW, ACK, True, 0, "nRF one", 15, 0, -61.5, 200, ("relay opened",)),
        Packet(2, (NOW + 5000) // 1000 * 1000, POLL[:-2], False, 1, "sub-GHz", 27, 29, None, None, ("a", "b")),
        Packet(3, NOW + 9, psdu("V1"), True, 0, "nRF one"),
    ]


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pcapng")
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        PcapngWriter(path)
    assert path.read_bytes() == before


def test_what_is_written_is_in_the_file_before_close(tmp_path: Path) -> None:
    writer = PcapngWriter(tmp_path / "a.pcapng")
    interface = writer.add_interface("x")
    for number in range(3):
        writer.write_psdu(interface, NOW + number, ACK)
        assert len(list(read_capture(tmp_path / "a.pcapng"))) == number + 1
    writer.close()
    writer.close()
    with pytest.raises(HanError, match="closed"):
        writer.write_psdu(interface, NOW, ACK)


def test_one_write_per_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    real = os.write

    def write(file: int, data: bytes) -> int:
        sizes.append(len(data))
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    path = written(tmp_path / "a.pcapng")
    assert len(sizes) == 1 + 2 + 3 + 2
    assert sum(sizes) == path.stat().st_size


def test_cut_at_every_octet_keeps_the_earlier_frames(tmp_path: Path) -> None:
    octets = written(tmp_path / "a.pcapng").read_bytes()
    ends, at = [], 0
    while at < len(octets):
        at += struct.unpack_from("<I", octets, at + 4)[0]
        ends.append(at)
    for cut in range(len(octets)):
        frames, fault = [], None
        try:
            frames.extend(read_capture(BytesIO(octets[:cut])))
        except HanError as caught:
            fault = caught
        got = []
        try:
            for packet in read_capture(BytesIO(octets[:cut])):
                got.append(packet.number)
        except HanError:
            pass
        assert len(got) == sum(end <= cut for end in ends[3:6])
        assert (fault is None) == (cut in ends)
        if fault is not None and cut >= 8:
            assert f"block {sum(end <= cut for end in ends) + 1}" in str(fault)


@given(st.binary(max_size=300))
def test_any_octets_are_a_capture_or_han_error(data: bytes) -> None:
    for start in (b"", b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d"):
        try:
            list(read_capture(BytesIO(start + data)))
        except HanError:
            continue


@pytest.mark.parametrize(
    ("order", "magic", "unit"), [("<", 0xA1B2C3D4, 1000), (">", 0xA1B2C3D4, 1000), ("<", 0xA1B23C4D, 1)]
)
@pytest.mark.parametrize("linktype", [LINKTYPE_FCS, LINKTYPE_NO_FCS])
def test_pcap(order: str, magic: int, unit: int, linktype: int) -> None:
    octets = ACK if linktype == LINKTYPE_FCS else ACK[:-2]
    header = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, linktype)
    record = struct.pack(order + "IIII", 1_700_000_000, 5, len(octets), len(octets)) + octets
    (packet,) = read_capture(BytesIO(header + record))
    assert (packet.time, packet.psdu) == (1_700_000_000_000_000_000 + 5 * unit, octets)
    assert packet.fcs == (linktype == LINKTYPE_FCS)
    got = []
    with pytest.raises(HanError, match="record 2 is cut"):
        for packet in read_capture(BytesIO(header + record + record[:-1])):
            got.append(packet)
    assert len(got) == 1


def test_packets_that_cannot_be_used_are_named_and_passed_over(tmp_path: Path) -> None:
    with PcapngWriter(tmp_path / "a.pcapng") as writer:
        ethernet = writer.add_interface("ppp", linktype=9)
        tap = writer.add_interface("tap")
        writer.write(ethernet, NOW, b"abc")
        writer.write(tap, NOW, b"\1\0\4\0")
        writer.write(tap, NOW, bytes.fromhex("00000c000000010002000000") + b"abc")
        writer.write_psdu(tap, NOW, ACK)
    packets = list(read_capture(tmp_path / "a.pcapng"))
    assert [p.error for p in packets] == [
        "packet 1, capture: link type 9 is not IEEE 802.15.4",
        "packet 2, TAP at 0: version 1, expected 0",
        "packet 3, TAP: FCS type 2 is not used by ZigBee",
        None,
    ]


def test_scapy_reads_the_same(tmp_path: Path) -> None:
    utils = pytest.importorskip("scapy.utils", reason="scapy is not installed")
    path = written(tmp_path / "a.pcapng")
    theirs = list(utils.RawPcapNgReader(str(path)))
    ours = list(read_capture(path))
    assert [Tap.parse(data)[1] for data, _ in theirs] == [p.psdu for p in ours]
    assert [(m.tshigh << 32 | m.tslow) * (10**9 // m.tsresol) for _, m in theirs] == [p.time for p in ours]


def damaged(octets: bytes, at: int, new: bytes) -> tuple[list[Packet], str]:
    """The packets of a capture with octets overwritten, and how reading ended."""
    spoiled = octets[:at] + new + octets[at + len(new) :]
    packets: list[Packet] = []
    try:
        packets.extend(read_capture(BytesIO(spoiled)))
    except HanError as fault:
        return packets, str(fault)
    return packets, ""


def test_a_spoiled_block_costs_one_frame(tmp_path: Path) -> None:
    with PcapngWriter(tmp_path / "a.pcapng") as writer:
        interface = writer.add_interface("tap")
        for number in range(200):
            writer.write_psdu(interface, NOW + number, ACK, channel=15)
    octets = (tmp_path / "a.pcapng").read_bytes()
    block = octets.index(struct.pack("<I", 6), 60)
    for at, new in ((block + 4, b"\7\0\0\0"), (block + 4, b"\xff\xff\xff\xff"), (block + 4, b"\x44\0\0\0")):
        packets, fault = damaged(octets, at, new)
        assert len(packets) == 200 and fault == ""
        assert packets[0].error is not None and "packet 1, pcapng: block 3" in packets[0].error
        assert [packet.psdu for packet in packets[1:]] == [ACK] * 199
    packets, fault = damaged(octets, block + 8, b"\x09")
    assert packets[0].error == "packet 1, pcapng: block 3: interface 9 has not been described" and not fault
    packets, fault = damaged(octets, block, b"\x77\x77")  # an unknown block is passed over
    assert len(packets) == 199 and not any(packet.error for packet in packets) and not fault
    lost = octets[: block + 10] + octets[block + 13 :]
    assert [packet.error is None for packet in read_capture(BytesIO(lost))] == [False, *[True] * 199]


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_spoiled_record_costs_little(order: str) -> None:
    header = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_FCS)
    records = [struct.pack(order + "IIII", 1_700_000_000 + n, 5, len(ACK), len(ACK)) + ACK for n in range(300)]
    octets = header + b"".join(records)
    length = len(header) + 100 * len(records[0]) + 8
    packets, fault = damaged(octets, length, b"\xff\xff\xff\xff")
    assert not fault and len(packets) == 300
    assert packets[100].error is not None and packets[100].error.startswith("packet 101, pcap: record 101 claims")
    assert [packet.psdu for packet in packets[101:]] == [ACK] * 199
    packets, fault = damaged(octets, len(octets) - 8 - len(ACK), b"\x7f\x7f\x7f\x7f")
    assert len(packets) == 299 and "record 300" in fault


def test_old_and_simple_packet_blocks() -> None:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", LINKTYPE_FCS, 0, 0))
    old = block(2, struct.pack("<HHIIII", 0, 7, 0, 3, len(ACK), len(ACK)) + ACK)
    simple = block(3, struct.pack("<I", len(ACK)) + ACK)
    packets = list(read_capture(BytesIO(section + interface + old + simple + block(0xBAD, b"abcd"))))
    assert [(packet.psdu, packet.time, packet.error) for packet in packets] == [(ACK, 3000, None), (ACK, 0, None)]
