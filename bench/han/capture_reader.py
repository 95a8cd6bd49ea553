"""Reading pcap and pcapng captures with link types 195, 230 and 283.

What a damaged file still holds is yielded first; only then HanError says which block is cut or broken.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench.han.errors import HanError
from bench.han.tap import FCS_CRC16, FCS_NONE, LINKTYPE_FCS, LINKTYPE_NO_FCS, LINKTYPE_TAP, Tap

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


def read_capture(source: str | Path | BinaryIO) -> Iterator[Packet]:
    """Yield the packets of a capture, in file order.

    Raises HanError for a file that is no capture, and after the last readable packet for one that is cut or broken,
    naming the block. OSError as from open().
    """
    if isinstance(source, str | Path):
        with open(source, "rb") as file:
            yield from read_capture(file)
        return
    magic = source.read(4)
    if magic == b"\x0a\x0d\x0d\x0a":
        yield from _pcapng(source)
    elif magic in _PCAP:
        yield from _pcap(source, *_PCAP[magic])
    else:
        raise HanError("capture", 0, f"magic {magic.hex()} is neither pcap nor pcapng")


def _pcap(file: BinaryIO, order: str, unit: int) -> Iterator[Packet]:
    header = file.read(20)
    if len(header) < 20:
        raise HanError("pcap", 4, "file header is cut")
    interface = _Interface(struct.unpack(order + "16xI", header)[0] & 0xFFFF)
    record = struct.Struct(order + "IIII")
    number = 0
    while head := file.read(16):
        number += 1
        if len(head) < 16:
            raise HanError("pcap", None, f"record {number} is cut in its header")
        seconds, fraction, captured, original = record.unpack(head)
        if captured > _LONGEST:
            raise HanError("pcap", None, f"record {number} claims {captured} octets")
        data = file.read(captured)
        if len(data) < captured:
            raise HanError("pcap", None, f"record {number} is cut: {len(data)} of {captured} octets")
        yield _packet(number, seconds * 1_000_000_000 + fraction * unit, data, original, interface)


def _pcapng(file: BinaryIO) -> Iterator[Packet]:
    interfaces: list[_Interface] = []
    order, number, block = "<", 0, 0
    head = b"\x0a\x0d\x0d\x0a" + file.read(4)
    while head:
        block += 1
        if head[:4] == b"\x0a\x0d\x0d\x0a":
            magic = file.read(4)
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(magic, "")
            if not order:
                raise HanError("pcapng", None, f"block {block}: section byte order {magic.hex() or 'cut'}")
            interfaces = []
            body = _block_body(file, order, head, block, magic)
        else:
            body = _block_body(file, order, head, block)
        kind = struct.unpack(order + "I", head[:4])[0]
        try:
            if kind == 1:
                interfaces.append(_read_interface(body, order))
            elif kind == 6:
                number += 1
                yield _enhanced_packet(body, order, number, interfaces)
        except HanError as fault:
            raise HanError("pcapng", None, f"block {block}: {fault.reason}") from None
        head = file.read(8)


def _block_body(file: BinaryIO, order: str, head: bytes, block: int, already: bytes = b"") -> bytes:
    """Return the body of the block whose first 8 octets are `head`, after checking its trailing length."""
    if len(head) < 8:
        raise HanError("pcapng", None, f"block {block} is cut in its header")
    length = struct.unpack(order + "I", head[4:])[0]
    if length < 12 or length % 4 or length > _LONGEST:
        raise HanError("pcapng", None, f"block {block} has length {length}")
    rest = already + file.read(length - 8 - len(already))
    if len(rest) < length - 8:
        raise HanError("pcapng", None, f"block {block} is cut: {len(rest) + 8} of {length} octets")
    if struct.unpack(order + "I", rest[-4:])[0] != length:
        raise HanError("pcapng", None, f"block {block}: the lengths at its start and end differ")
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
    interface = _Interface(struct.unpack_from(order + "H", body)[0])
    for code, value in _options(body, 8, order):
        if code == 2:
            interface.name = value.decode("utf-8", "replace")
        elif code == 9 and len(value) == 1:
            base, exponent = (2, value[0] & 0x7F) if value[0] & 0x80 else (10, value[0])
            interface.numerator, interface.denominator = 1_000_000_000, base**exponent
        elif code == 14 and len(value) == 8:
            interface.offset = struct.unpack(order + "q", value)[0] * 1_000_000_000
    return interface


def _enhanced_packet(body: bytes, order: str, number: int, interfaces: list[_Interface]) -> Packet:
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


def _packet(
    number: int,
    time: int,
    data: bytes,
    original: int,
    interface: _Interface,
    *,
    index: int = 0,
    comments: tuple[str, ...] = (),
) -> Packet:
    def broken(reason: str) -> Packet:
        return Packet(
            number, time, b"", False, index, interface.name, comments=comments, error=f"packet {number}, {reason}"
        )

    if len(data) < original:
        return broken(f"capture: only {len(data)} of {original} octets were kept")
    if interface.linktype in (LINKTYPE_FCS, LINKTYPE_NO_FCS):
        fcs = interface.linktype == LINKTYPE_FCS
        return Packet(number, time, data, fcs, index, interface.name, comments=comments)
    if interface.linktype != LINKTYPE_TAP:
        return broken(f"capture: link type {interface.linktype} is not IEEE 802.15.4")
    try:
        tap, psdu = Tap.parse(data)
    except HanError as fault:
        return broken(str(fault))
    if tap.fcs_type not in (None, FCS_NONE, FCS_CRC16):
        return broken(f"TAP: FCS type {tap.fcs_type} is not used by ZigBee")
    fcs = tap.fcs_type == FCS_CRC16
    return Packet(number, time, psdu, fcs, index, interface.name, tap.channel, tap.page, tap.rssi, tap.lqi, comments)
