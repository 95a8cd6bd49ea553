"""ZEP in captures of an IP network, made with scapy and read by tshark too; keys in Decryption Secrets Blocks."""

import json
import shutil
import struct
import subprocess
from io import StringIO
from pathlib import Path

import pytest

from bench.han import secrets_block
from bench.han.capture import PcapngWriter, read_capture
from bench.han.columns import read
from bench.han.encapsulated import datagram
from bench.han.keyring import Keyring
from bench.han.sniff_command import Options, read_file
from bench.han.zep import PORT

from .test_columns import differences, expected
from .vectors import NK, PAN, TCLK, psdu

scapy = pytest.importorskip("scapy.all")
ETHERNET, RAW, IPV4, IPV6 = 1, 101, 228, 229
FRAME = psdu("V1")
SECURED = psdu("V2")  # under both keys


def zep(version: int, octets: bytes = FRAME, *, mode: int = 1, channel: int = 20) -> bytes:
    if version == 1:
        return struct.pack(">2sBBHBB7xB", b"EX", 1, channel, 7, mode, 180, len(octets)) + octets
    return struct.pack(">2sBBBHBBQI10xB", b"EX", version, 1, channel, 7, mode, 180, 5, 9, len(octets)) + octets


def packets() -> list[bytes]:
    """Ethernet frames: ZEP of each version, an ack, and what else is on a network."""
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import ARP, Dot1Q, Ether

    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    udp = UDP(sport=40000, dport=PORT)
    cc24xx = FRAME[:-2] + bytes((0xF0, 0x80 | 100))  # -16 - 73 dBm, FCS right
    return [
        bytes(one)
        for one in (
            ether / ARP(),
            ether / IP() / udp / zep(1),
            ether / IP() / UDP(sport=1, dport=53) / zep(1),
            ether / IP(options=[scapy.IPOption(b"\x94\x04\x00\x00")]) / udp / zep(2),
            ether / Dot1Q(vlan=5) / IPv6() / udp / zep(3),
            ether / IP() / udp / b"EX\x02\x02\x00\x00\x00\x01",
            ether / IP() / TCP(dport=PORT) / zep(2),
            ether / IP() / udp / zep(2, cc24xx, mode=0),
            ether / IP(frag=10) / udp / zep(2),
        )
    ]


def pcap(path: Path, linktype: int, contents: list[bytes]) -> Path:
    records = (struct.pack("<IIII", 5, at, len(one), len(one)) + one for at, one in enumerate(contents))
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype) + b"".join(records))
    return path


def test_frames_in_ethernet_are_found_and_all_else_is_left_out(tmp_path: Path) -> None:
    path = pcap(tmp_path / "net.pcap", ETHERNET, packets())
    found = list(read_capture(path))
    assert [one.number for one in found] == [1, 2, 3, 4] and not any(one.error for one in found)
    assert all(one.psdu == FRAME and one.fcs and one.channel == 20 for one in found)
    assert [one.time for one in found] == [5_000_000_000 + 1000 * at for at in (1, 3, 4, 7)]
    assert [(one.rssi, one.lqi) for one in found] == [(None, 180)] * 3 + [(-89, 100)]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark")
def test_tshark_finds_the_same_frames(tmp_path: Path) -> None:
    path = pcap(tmp_path / "net.pcap", ETHERNET, packets()[:-1])
    command = ["tshark", "-r", str(path), "-Y", "zep && wpan", "-T", "json", "-x", "-j", "zep wpan"]
    shown = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    theirs = [one["_source"]["layers"]["zep"]["zep.channel_id"] for one in shown]
    assert theirs == [str(one.channel) for one in read_capture(path)]


@pytest.mark.parametrize(("linktype", "which"), [(RAW, 1), (IPV4, 3), (12, 1), (IPV6, 4), (RAW, 4)])
def test_raw_ip(tmp_path: Path, linktype: int, which: int) -> None:
    (packet,) = read_capture(pcap(tmp_path / "ip.pcap", linktype, [packets()[which][18 if which == 4 else 14 :]]))
    assert packet.psdu == FRAME


def test_damaged_and_cut_datagrams(tmp_path: Path) -> None:
    whole = packets()[1]
    length = whole.index(b"EX") + 15
    damaged = whole[:length] + bytes((60,)) + whole[length + 1 :]
    path = pcap(tmp_path / "net.pcap", ETHERNET, [damaged, whole])
    broken, good = read_capture(path)
    assert broken.error == f"packet 1, ZEP: frame of {len(FRAME)} octets said to have 60, mode 1" and good.error is None
    for end in range(len(whole)):
        assert datagram(ETHERNET, whole[:end]) != datagram(ETHERNET, whole) or end == len(whole)


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_columns_read_them_too(tmp_path: Path, form: str) -> None:
    path = pcap(tmp_path / "net", ETHERNET, packets())
    if form == "pcapng":
        path = tmp_path / "net.pcapng"
        with PcapngWriter(path) as writer:
            radio, lan = writer.add_interface("radio"), writer.add_interface("lan", linktype=ETHERNET)
            writer.write_psdu(radio, 1, FRAME, channel=15)
            for packet in packets():
                writer.write(lan, 2, packet)
    columns = read(path, keys())
    assert len(columns) == 4 + (form == "pcapng") and differences(expected(path, keys()), columns) == []
    assert columns.fields["decrypted"].tolist() == [1] * len(columns)


def keys() -> Keyring:
    ring = Keyring()
    ring.add_network_key(NK, 0)
    ring.add_link_key(TCLK)
    return ring


def by_hand(path: Path, order: str, *, cut: bool = False) -> Path:
    """A pcapng file as its specification has it: section, interface, two secrets, a frame under both keys."""
    frame = SECURED
    network = NK + struct.pack("<HH", PAN, 0)
    link = TCLK + struct.pack("<HHH", PAN, 0, 0x6F01) + bytes(2)
    blocks = [
        (0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)),
        (1, struct.pack(order + "HHI", 195, 0, 0)),
        (0x0A, struct.pack(order + "II", 0x544C534B, 4) + b"TLS\n"),
        (0x0A, struct.pack(order + "II", 0x5A4E574B, 20) + network[: 10 if cut else None]),
        (0x0A, struct.pack(order + "II", 0x5A415053, 22) + link),
        (6, struct.pack(order + "IIIII", 0, 0, 5_000_000, len(frame), len(frame)) + frame + bytes(-len(frame) % 4)),
    ]
    if cut:
        blocks[3] = 0x0A, blocks[3][1] + bytes(-len(blocks[3][1]) % 4)
    path.write_bytes(
        b"".join(
            struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)
            for kind, body in blocks
        )
    )
    return path


@pytest.mark.parametrize("order", ["<", ">"])
def test_keys_in_secrets_blocks_are_learned(tmp_path: Path, order: str) -> None:
    path, out = by_hand(tmp_path / "secret.pcapng", order), StringIO()
    assert read_file(path, Options(as_json=True), out) == 0
    (row,) = map(json.loads, out.getvalue().splitlines())
    assert row["decrypted"] is True and row["network_key"] == row["link_key"] == "secrets of the capture"
    assert read(path).fields["decrypted"].tolist() == [1]


def test_a_damaged_secrets_block_is_passed_over(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "secret.pcapng", "<", cut=True)
    ring = Keyring()
    assert [packet.psdu for packet in read_capture(path, ring)] == [SECURED]
    assert ring.network_keys == () and [link.key for link in ring.link_keys] == [TCLK]


def test_keys_are_written_only_when_asked_for(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "secret.pcapng", "<")
    shared, kept = tmp_path / "shared.pcapng", tmp_path / "kept.pcapng"
    read_file(path, Options(write=shared), StringIO())
    read_file(path, Options(write=kept, with_keys=True), StringIO())
    assert NK not in shared.read_bytes() and TCLK not in shared.read_bytes()
    body = secrets_block.network_key(NK, PAN)
    assert body == struct.pack("<II", 0x5A4E574B, 20) + NK + struct.pack("<HH", PAN, 0)
    octets = kept.read_bytes()
    assert octets.count(struct.pack("<II", 0x5A415053, 22) + TCLK + struct.pack("<H", PAN)) == 1
    assert octets.count(body) == 1 and octets.index(body) < octets.index(SECURED)
    out = StringIO()
    read_file(kept, Options(as_json=True), out)
    assert json.loads(out.getvalue())["decrypted"] is True
