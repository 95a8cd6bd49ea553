"""Reading pcap and pcapng captures with link types 195, 215, 230 and 283, and ZEP in those of an IP network.

A damaged place counts as one packet with `error`, and reading goes on with the next block or record that is whole. Only
when none follows HanError says, after the last readable packet, which block is cut or broken.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from bench.han import encapsulated, secrets_block
from bench.han.capture_repair import PACKET_ROOM, SECTION, Rereadable, next_block, next_record
from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.tap import (
    FCS_CRC16,
    FCS_NONE,
    LINKTYPE_FCS,
    LINKTYPE_NO_FCS,
    LINKTYPE_NON_ASK,
    LINKTYPE_TAP,
    NON_ASK_HEADER,
    Tap,
)
from bench.han.zep import Datagram

_LONGEST = 1 << 24
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}


@dataclass(frozen=True, slots=True)
class Packet:
    """One captured frame. With `error` set the PSDU could not be taken out of its packet and is empty."""

    number: int  #: 1, 2, ... in the file
    time: int  #: ns since 1970
    psdu: bytes
    fcs: bool  #: whether the PSDU ends with its frame check sequence
    interface: int = 0
    interface_name: str = ""
    channel: int | None = None
    page: int | None = None
    rssi: float | None = None
    lqi: int | None = None
    comments: tuple[str, ...] = ()
    error: str | None = None


@dataclass(slots=True)
class _Interface:
    linktype: int
    name: str = ""
    numerator: int = 1000  #: ns per unit of time, as a fraction
    denominator: int = 1
    offset: int = 0  #: ns
    snaplen: int = 0  #: octets kept of a packet, 0: all


def read_capture(source: str | Path | BinaryIO, keyring: Keyring | None = None) -> Iterator[Packet]:
    """Yield the packets of a capture, in file order. Keys that a pcapng file brings are added to the keyring.

    Packets of an IP network that are not for the ZEP port are left out, and not counted.

    Raises HanError for a file that is no capture, and after the last readable packet for one that is cut or broken,
    naming the block. OSError as from open().
    """
    if isinstance(source, str | Path):
        with open(source, "rb") as file:
            yield from read_capture(file, keyring)
        return
    stream = Rereadable(source)
    magic = stream.read(4)
    if magic == SECTION:
        stream.unread(magic)
        yield from _pcapng(stream, keyring)
    elif magic in _PCAP:
        yield from _pcap(stream, *_PCAP[magic])
    else:
        raise HanError("capture", 0, f"magic {magic.hex() or '(nothing)'} is neither pcap nor pcapng")


def _pcap(stream: Rereadable, order: str, unit: int) -> Iterator[Packet]:
    header = stream.read(20)
    if len(header) < 20:
        raise HanError("pcap", 4, "file header is cut")
    interface = _Interface(struct.unpack(order + "16xI", header)[0] & 0xFFFF)
    record = struct.Struct(order + "IIII")
    number, latest = 0, None
    while head := stream.read(16):
        number += 1
        fault = ""
        data = b""
        if len(head) < 16:
            fault = f"record {number} is cut in its header"
        else:
            seconds, fraction, captured, original = record.unpack(head)
            if captured > PACKET_ROOM:
                fault = f"record {number} claims {captured} octets"
            else:
                data = stream.read(captured)
                if len(data) < captured:
                    fault = f"record {number} is cut: {len(data)} of {captured} octets"
        if fault:
            stream.unread(head + data)
            skipped = next_record(stream, order, 1_000_000_000 // unit, latest)
            if skipped is None:
                raise HanError("pcap", None, fault)
            yield _damage(number, (latest or 0) * 1_000_000_000, interface, f"pcap: {fault}", skipped)
            continue
        latest = seconds
        packet = _packet(number, seconds * 1_000_000_000 + fraction * unit, data, original, interface)
        if packet is None:
            number -= 1
        else:
            yield packet


def _damage(number: int, time: int, interface: _Interface, fault: str, skipped: int) -> Packet:
    told = f"packet {number}, {fault}; {skipped} octets left out"
    return Packet(number, time, b"", False, 0, interface.name, error=told)


def _pcapng(stream: Rereadable, keyring: Keyring | None) -> Iterator[Packet]:
    interfaces: list[_Interface] = []
    order, number, block, latest = "<", 0, 0, 0
    while head := stream.read(8):
        block += 1
        try:
            if head[:4] == SECTION:
                order, body = _section(stream, head, block)
                interfaces = []
                continue
            body = _block_body(stream, order, head, block)
        except _BlockError as fault:
            stream.unread(fault.octets)
            skipped = next_block(stream, order)
            if skipped is None:
                raise HanError("pcapng", None, fault.reason) from None
            number += 1
            yield _damage(number, latest, _Interface(0), f"pcapng: {fault.reason}", skipped)
            continue
        kind = struct.unpack(order + "I", head[:4])[0]
        try:
            if kind == 1:
                interfaces.append(_read_interface(body, order))
                continue
            if kind == secrets_block.KIND and keyring is not None:
                with suppress(HanError):  # as an option: never matters more than the packets
                    secrets_block.learn(body, order, keyring)
                continue
            if kind not in _PACKETS:
                continue
            number += 1
            found = _PACKETS[kind](body, order, number, interfaces)
            if found is None:
                number -= 1
                continue
            packet = found
        except HanError as fault:
            told = f"packet {number}, pcapng: block {block}: {fault.reason}"
            if kind == 1:
                raise HanError("pcapng", None, f"block {block}: {fault.reason}") from None
            packet = Packet(number, latest, b"", False, error=told)
        latest = packet.time
        yield packet


class _BlockError(Exception):
    """A block that is not whole, with all its octets read so far."""

    def __init__(self, octets: bytes, reason: str) -> None:
        super().__init__(reason)
        self.octets, self.reason = octets, reason


def _section(stream: Rereadable, head: bytes, block: int) -> tuple[str, bytes]:
    magic = stream.read(4)
    order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(magic, "")
    if not order:
        raise _BlockError(head + magic, f"block {block}: section byte order {magic.hex() or 'cut'}")
    return order, _block_body(stream, order, head, block, magic)


def _block_body(stream: Rereadable, order: str, head: bytes, block: int, already: bytes = b"") -> bytes:
    """Return the body of the block whose first 8 octets are `head`, after checking its trailing length."""
    if len(head) < 8:
        raise _BlockError(head, f"block {block} is cut in its header")
    length = struct.unpack(order + "I", head[4:])[0]
    if length < 12 or length % 4 or length > _LONGEST:
        raise _BlockError(head + already, f"block {block} has length {length}")
    rest = already + stream.read(length - 8 - len(already))
    if len(rest) < length - 8:
        raise _BlockError(head + rest, f"block {block} is cut: {len(rest) + 8} of {length} octets")
    if struct.unpack(order + "I", rest[-4:])[0] != length:
        raise _BlockError(head + rest, f"block {block}: the lengths at its start and end differ")
    return rest[:-4]


def _options(body: bytes, start: int, order: str) -> list[tuple[int, bytes]]:
    """Return the options; what is malformed ends the list, for options never matter more than the packet."""
    found = []
    while start + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, start)
        start += 4
        if code == 0 or start + length > len(body):
            break
        found.append((code, body[start : start + length]))
        start += length + -length % 4
    return found


def _read_interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:
        raise HanError("pcapng", None, "interface description is too short")
    interface = _Interface(
        struct.unpack_from(order + "H", body)[0], snaplen=struct.unpack_from(order + "I", body, 4)[0]
    )
    for code, value in _options(body, 8, order):
        if code == 2:
            interface.name = value.decode("utf-8", "replace")
        elif code == 9 and len(value) == 1:
            base, exponent = (2, value[0] & 0x7F) if value[0] & 0x80 else (10, value[0])
            interface.numerator, interface.denominator = 1_000_000_000, base**exponent
        elif code == 14 and len(value) == 8:
            interface.offset = struct.unpack(order + "q", value)[0] * 1_000_000_000
    return interface


def _enhanced_packet(body: bytes, order: str, number: int, interfaces: list[_Interface]) -> Packet | None:
    if len(body) < 20:
        raise HanError("pcapng", None, "enhanced packet is too short")
    index, high, low, captured, original = struct.unpack_from(order + "IIIII", body)
    if index >= len(interfaces):
        raise HanError("pcapng", None, f"interface {index} has not been described")
    if 20 + captured > len(body):
        raise HanError("pcapng", None, f"packet of {captured} octets in a block with {len(body) - 20}")
    interface = interfaces[index]
    time = (high << 32 | low) * interface.numerator // interface.denominator + interface.offset
    options = _options(body, 20 + captured + -captured % 4, order)
    comments = tuple(value.decode("utf-8", "replace") for code, value in options if code == 1)
    return _packet(number, time, body[20 : 20 + captured], original, interface, index=index, comments=comments)


def _old_packet(body: bytes, order: str, number: int, interfaces: list[_Interface]) -> Packet | None:
    """Read an obsolete packet block: as an enhanced one, with a count of drops beside a shorter interface number."""
    if len(body) < 4:
        raise HanError("pcapng", None, "packet is too short")
    index = struct.unpack_from(order + "H", body)[0]
    return _enhanced_packet(struct.pack(order + "I", index) + body[4:], order, number, interfaces)


def _simple_packet(body: bytes, order: str, number: int, interfaces: list[_Interface]) -> Packet | None:
    """Read a simple packet block: of the first interface, without time."""
    if len(body) < 4 or not interfaces:
        raise HanError("pcapng", None, "simple packet is too short, or no interface has been described")
    original = struct.unpack_from(order + "I", body)[0]
    captured = min(original, interfaces[0].snaplen or original)
    if 4 + captured > len(body):
        raise HanError("pcapng", None, f"packet of {captured} octets in a block with {len(body) - 4}")
    return _packet(number, 0, body[4 : 4 + captured], original, interfaces[0])


_PACKETS = {2: _old_packet, 3: _simple_packet, 6: _enhanced_packet}


def _packet(  # noqa: PLR0911 - one for each link type, and for what is wrong with it
    number: int,
    time: int,
    data: bytes,
    original: int,
    interface: _Interface,
    *,
    index: int = 0,
    comments: tuple[str, ...] = (),
) -> Packet | None:
    def broken(reason: str) -> Packet:
        return Packet(
            number, time, b"", False, index, interface.name, comments=comments, error=f"packet {number}, {reason}"
        )

    if len(data) < original and interface.linktype not in encapsulated.LINKTYPES:
        return broken(f"capture: only {len(data)} of {original} octets were kept")
    if interface.linktype in (LINKTYPE_FCS, LINKTYPE_NO_FCS):
        fcs = interface.linktype == LINKTYPE_FCS
        return Packet(number, time, data, fcs, index, interface.name, comments=comments)
    if interface.linktype == LINKTYPE_NON_ASK:
        if len(data) < NON_ASK_HEADER:
            return broken(f"capture: {len(data)} octets are too few for link type {LINKTYPE_NON_ASK}")
        return Packet(number, time, data[NON_ASK_HEADER:], True, index, interface.name, comments=comments)
    if interface.linktype in encapsulated.LINKTYPES:
        octets = encapsulated.datagram(interface.linktype, data)
        try:
            datagram = None if octets is None else Datagram.parse(octets)
        except HanError as fault:
            return broken(str(fault))
        if datagram is None:
            return None
        psdu, level, quality = datagram.frame()
        return Packet(number, time, psdu, True, index, interface.name, datagram.channel, 0, level, quality, comments)
    if interface.linktype != LINKTYPE_TAP:
        return broken(f"capture: link type {interface.linktype} is not IEEE 802.15.4")
    size = int.from_bytes(data[2:4], "little")
    try:
        fcs_type, channel, page, rssi, lqi = _tap(data[:size] if 4 <= size <= len(data) else data)
    except HanError as fault:
        return broken(str(fault))
    if fcs_type not in (None, FCS_NONE, FCS_CRC16):
        return broken(f"TAP: FCS type {fcs_type} is not used by ZigBee")
    fcs = fcs_type == FCS_CRC16
    return Packet(number, time, data[size:], fcs, index, interface.name, channel, page, rssi, lqi, comments)


@lru_cache(4096)
def _tap(header: bytes) -> tuple[int | None, int | None, int | None, float | None, int | None]:
    """Return FCS type, channel, page, RSSI and LQI of a TAP header; raises HanError."""
    tap, _ = Tap.parse(header)
    return tap.fcs_type, tap.channel, tap.page, tap.rssi, tap.lqi
