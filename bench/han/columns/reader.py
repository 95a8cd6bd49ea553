"""Capture files in batches: where each PSDU lies in a stretch of the file, and what the file says of it.

Reads pcap and pcapng of any size in bounded memory, link types 195, 230, 215 and 283. Whatever is odd about a packet is
told in `Batch.errors`; a file that is cut or broken gives what it holds first, then HanError.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bench.han.columns.batch import Batch, read_non_ask, read_tap
from bench.han.columns.ccm import U8
from bench.han.columns.views import ROW, gather
from bench.han.errors import HanError
from bench.han.tap import LINKTYPE_FCS, LINKTYPE_NO_FCS, LINKTYPE_TAP

LINKTYPE_NON_ASK = 215  #: 4 octets of preamble, SFD, length, PSDU with FCS
CHUNK = 4 << 20  #: octets of the file taken at a time
FRAMES = 1 << 13  #: frames of a batch, at most
_LONGEST = 1 << 24
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}


@dataclass(slots=True)
class Interface:
    """What a file says of an interface."""

    linktype: int
    name: str = ""
    numerator: int = 1000  #: ns per unit of time, as a fraction
    denominator: int = 1
    offset: int = 0  #: ns


@dataclass(slots=True)
class _Found:
    """Packets found in a stretch: positions in it, and how the file describes them."""

    data: list[int] = field(default_factory=list)
    captured: list[int] = field(default_factory=list)
    original: list[int] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    interface: list[int] = field(default_factory=list)


class Capture:
    """A capture file being read. `interfaces` are those described so far, in all sections."""

    def __init__(self, path: str | Path, chunk: int = CHUNK) -> None:
        self.path = Path(path)
        self.interfaces: list[Interface] = []
        self._chunk = chunk
        self._number = 0

    def batches(self) -> Iterator[Batch]:
        """Yield all frames in file order. Raises HanError as read_capture does; OSError as from open()."""
        with self.path.open("rb") as file:
            magic = file.read(4)
            if magic in _PCAP:
                yield from self._pcap(file, *_PCAP[magic])
            elif magic == b"\x0a\x0d\x0d\x0a":
                file.seek(0)
                yield from self._pcapng(file)
            else:
                raise HanError("capture", 0, f"magic {magic.hex()} is neither pcap nor pcapng")

    def _pcap(self, file: BinaryIO, order: str, unit: int) -> Iterator[Batch]:
        header = file.read(20)
        if len(header) < 20:
            raise HanError("pcap", 4, "file header is cut")
        self.interfaces = [Interface(struct.unpack(order + "16xI", header)[0] & 0xFFFF)]
        captured = struct.Struct(order + "I").unpack_from
        left, ended, trouble = b"", False, None
        number = 0
        while not ended:
            more = file.read(self._chunk)
            ended = not more
            stretch = left + more
            positions: list[int] = []
            note = positions.append
            at, end = 0, len(stretch)
            while at <= end - 16:
                note(at)
                at += 16 + captured(stretch, at + 8)[0]
            if at > end:  # the last one is not all here
                at = positions.pop()
                size = captured(stretch, at + 8)[0]
                if size > _LONGEST:
                    trouble = HanError("pcap", None, f"record {number + len(positions) + 1} claims {size} octets")
                    ended = True
            left = stretch[at:]
            number += len(positions)
            if positions:
                yield from self._pcap_batches(stretch, np.array(positions, np.int64), order, unit)
        if trouble is not None:
            raise trouble
        if left and len(left) < 16:
            raise HanError("pcap", None, f"record {number + 1} is cut in its header")
        if left:
            size = captured(left, 8)[0]
            raise HanError("pcap", None, f"record {number + 1} is cut: {len(left) - 16} of {size} octets")

    def _pcap_batches(self, stretch: bytes, positions: NDArray[np.int64], order: str, unit: int) -> Iterator[Batch]:
        octets = _with_margins(stretch)
        head = gather(octets, positions + ROW, 16).view(order + "u4").reshape(-1, 4).astype(np.int64)
        times = head[:, 0] * 1_000_000_000 + head[:, 1] * unit
        interface = np.zeros(len(positions), np.int16)
        for some in _portions(len(positions)):
            yield self._batch(
                octets, positions[some] + 16 + ROW, head[some, 2], head[some, 3], times[some], interface[some], 0
            )

    def _pcapng(self, file: BinaryIO) -> Iterator[Batch]:
        section = _Section()
        left, ended = b"", False
        while not ended:
            more = file.read(self._chunk)
            ended = not more
            stretch = left + more
            found = _Found()
            trouble: HanError | None = None
            try:
                used = section.walk(stretch, found, final=ended)
            except HanError as fault:
                used, trouble, ended = 0, fault, True
            self.interfaces = section.all
            if found.data:
                yield from self._pcapng_batches(stretch, found, section)
            if trouble is not None:
                raise trouble
            left = stretch[used:]

    def _pcapng_batches(self, stretch: bytes, found: _Found, section: "_Section") -> Iterator[Batch]:
        octets = _with_margins(stretch)
        starts = np.array(found.data, np.int64) + ROW
        captured, original = np.array(found.captured, np.int64), np.array(found.original, np.int64)
        interface = np.array(found.interface, np.int16)
        times = np.empty(len(starts), np.int64)
        stamps = np.array(found.stamps, np.uint64)
        for index in np.unique(interface):
            rows = interface == index
            known = self.interfaces[index]
            if 1_000_000_000 % known.denominator == 0 and int(stamps[rows].max()) < 1 << 62:
                scale = known.numerator // known.denominator
                times[rows] = stamps[rows].astype(np.int64) * scale + known.offset
            else:
                exact = [int(s) * known.numerator // known.denominator + known.offset for s in stamps[rows]]
                times[rows] = np.array([min(max(t, -(1 << 63)), (1 << 63) - 1) for t in exact], np.int64)
        for some in _portions(len(starts)):
            index = interface[some]
            yield self._batch(octets, starts[some], captured[some], original[some], times[some], index, None)

    def _batch(
        self,
        octets: U8,
        starts: NDArray[np.int64],
        captured: NDArray[np.int64],
        original: NDArray[np.int64],
        times: NDArray[np.int64],
        interface: NDArray[np.int16],
        only: int | None,
    ) -> Batch:
        count = len(starts)
        batch = Batch(
            self._number + 1,
            octets,
            starts.copy(),
            captured.copy(),
            np.zeros(count, bool),
            times,
            interface,
            np.full(count, -1, np.int32),
            np.full(count, np.nan, np.float32),
            np.full(count, -1, np.int16),
        )
        self._number += count
        for index in (only,) if only is not None else np.unique(interface):
            rows = np.flatnonzero(interface == index)
            linktype = self.interfaces[index].linktype
            if linktype in (LINKTYPE_FCS, LINKTYPE_NO_FCS):
                batch.fcs[rows] = linktype == LINKTYPE_FCS
            elif linktype == LINKTYPE_TAP:
                read_tap(batch, rows)
            elif linktype == LINKTYPE_NON_ASK:
                read_non_ask(batch, rows)
            else:
                for row in rows.tolist():
                    batch.errors[row] = f"capture: link type {linktype} is not IEEE 802.15.4"
        for cut in np.flatnonzero(captured < original).tolist():
            batch.errors[cut] = f"capture: only {captured[cut]} of {original[cut]} octets were kept"
        for broken, reason in list(batch.errors.items()):
            batch.lengths[broken], batch.fcs[broken] = 0, False
            batch.channels[broken], batch.rssi[broken], batch.lqi[broken] = -1, np.nan, -1
            batch.errors[broken] = f"packet {batch.first + broken}, {reason}"
        return batch


class _Section:
    """Walks the blocks of a pcapng file, stretch by stretch."""

    def __init__(self) -> None:
        self.order = "<"
        self.all: list[Interface] = []
        self._base = 0  # index in `all` of the first interface of this section
        self._block = 0

    def walk(self, stretch: bytes, found: _Found, *, final: bool) -> int:
        """Find the packets in a stretch that begins with a block; return the octets used. Raises HanError."""
        at, end = 0, len(stretch)
        while at < end:
            if end - at < 12:
                if final:
                    raise HanError("pcapng", None, f"block {self._block + 1} is cut in its header")
                break
            if stretch[at : at + 4] == b"\x0a\x0d\x0d\x0a":
                magic = stretch[at + 8 : at + 12]
                self.order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(magic, "")
                if not self.order:
                    raise HanError("pcapng", None, f"block {self._block + 1}: section byte order {magic.hex()}")
                self._base = len(self.all)
            kind, length = struct.unpack_from(self.order + "II", stretch, at)
            if length < 12 or length % 4 or length > _LONGEST:
                raise HanError("pcapng", None, f"block {self._block + 1} has length {length}")
            if at + length > end:
                if final:
                    raise HanError("pcapng", None, f"block {self._block + 1} is cut: {end - at} of {length} octets")
                break
            self._block += 1
            if struct.unpack_from(self.order + "I", stretch, at + length - 4)[0] != length:
                raise HanError("pcapng", None, f"block {self._block}: the lengths at its start and end differ")
            if kind == 6:
                self._packet(stretch, at, length, found)
            elif kind == 1:
                self.all.append(read_interface(stretch[at + 8 : at + length - 4], self.order, self._block))
            at += length
        return at

    def _packet(self, stretch: bytes, at: int, length: int, found: _Found) -> None:
        if length < 32:
            raise HanError("pcapng", None, f"block {self._block}: enhanced packet is too short")
        index, high, low, captured, original = struct.unpack_from(self.order + "IIIII", stretch, at + 8)
        if self._base + index >= len(self.all):
            raise HanError("pcapng", None, f"block {self._block}: interface {index} has not been described")
        if 32 + captured > length:
            raise HanError(
                "pcapng", None, f"block {self._block}: packet of {captured} octets in a block with {length - 32}"
            )
        found.data.append(at + 28)
        found.captured.append(captured)
        found.original.append(original)
        found.stamps.append(high << 32 | low)
        found.interface.append(self._base + index)


def read_interface(body: bytes, order: str, block: int) -> Interface:
    """Read an interface description block. Raises HanError."""
    if len(body) < 8:
        raise HanError("pcapng", None, f"block {block}: interface description is too short")
    interface = Interface(struct.unpack_from(order + "H", body)[0])
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            break
        if code == 2:
            interface.name = value.decode("utf-8", "replace")
        elif code == 9 and length == 1:
            base, exponent = (2, value[0] & 0x7F) if value[0] & 0x80 else (10, value[0])
            interface.numerator, interface.denominator = 1_000_000_000, base**exponent
        elif code == 14 and length == 8:
            interface.offset = struct.unpack(order + "q", value)[0] * 1_000_000_000
        at += 4 + length + -length % 4
    return interface


def _with_margins(stretch: bytes) -> U8:
    octets = np.zeros(len(stretch) + 3 * ROW, np.uint8)
    octets[ROW : ROW + len(stretch)] = np.frombuffer(stretch, np.uint8)
    return octets


def _portions(count: int) -> list[slice]:
    return [slice(at, min(at + FRAMES, count)) for at in range(0, count, FRAMES)]
