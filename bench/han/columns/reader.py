"""Capture files in batches: where each PSDU lies in a stretch of the file, and what the file says of it.

Reads pcap and pcapng of any size in bounded memory, link types 195, 230, 215 and 283. Whatever is odd about a packet is
told in `Batch.errors`. From the first damaged place on, or interface of an IP network, the packet reader
(bench.han.capture_reader) reads the file.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bench.han import encapsulated, secrets_block
from bench.han.capture_reader import Packet, read_capture
from bench.han.capture_repair import PACKET_ROOM
from bench.han.columns.batch import Batch, of_packets, read_non_ask, read_tap
from bench.han.columns.ccm import U8
from bench.han.columns.views import ROW, gather
from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.tap import LINKTYPE_FCS, LINKTYPE_NO_FCS, LINKTYPE_NON_ASK, LINKTYPE_TAP

CHUNK = 4 << 20  #: octets of the file taken at a time
FRAMES = 1 << 13  #: frames of a batch, at most
_LONGEST = 1 << 24
_SLOW = 4096  #: packets of a batch read slowly
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

    def __init__(self, path: str | Path, chunk: int = CHUNK, keyring: Keyring | None = None) -> None:
        """Keys that a pcapng file brings are added to the keyring."""
        self.path = Path(path)
        self._keyring = keyring
        self.interfaces: list[Interface] = []
        self._chunk = chunk
        self._number = 0

    def batches(self) -> Iterator[Batch]:
        """Yield all frames in file order. Raises HanError as read_capture does; OSError as from open()."""
        try:
            yield from self._healthy()
        except _DamagedError:
            yield from self._slowly()

    def _healthy(self) -> Iterator[Batch]:
        with self.path.open("rb") as file:
            magic = file.read(4)
            if magic in _PCAP:
                yield from self._pcap(file, *_PCAP[magic])
            elif magic == b"\x0a\x0d\x0d\x0a":
                file.seek(0)
                yield from self._pcapng(file)
            else:
                raise _DamagedError

    def _slowly(self) -> Iterator[Batch]:
        """Yield the rest of a damaged or unusual file as the packet reader reads it."""
        known = {(at, interface.name): at for at, interface in enumerate(self.interfaces)}
        packets = islice(read_capture(self.path, self._keyring), self._number, None)
        while True:
            some: list[Packet] = []
            fault: HanError | None = None
            try:
                for packet in packets:
                    some.append(packet)
                    if len(some) == _SLOW:
                        break
            except HanError as trouble:
                fault = trouble
            for packet in some:
                if (packet.interface, packet.interface_name) not in known:
                    known[packet.interface, packet.interface_name] = len(self.interfaces)
                    self.interfaces.append(Interface(0, packet.interface_name))
            if some:
                batch = of_packets(some, known)
                self._number += len(some)
                yield batch
            if fault is not None:
                raise fault
            if len(some) < _SLOW:
                return

    def _pcap(self, file: BinaryIO, order: str, unit: int) -> Iterator[Batch]:
        header = file.read(20)
        if len(header) < 20:
            raise _DamagedError
        linktype = struct.unpack(order + "16xI", header)[0] & 0xFFFF
        if linktype in encapsulated.LINKTYPES:
            raise _DamagedError
        self.interfaces = [Interface(linktype)]
        captured = struct.Struct(order + "I").unpack_from
        left, ended = b"", False
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
            left = stretch[at:]
            if positions:
                yield from self._pcap_batches(stretch, np.array(positions, np.int64), order, unit)
            if len(left) > PACKET_ROOM + 16:
                break
        if left:
            raise _DamagedError

    def _pcap_batches(self, stretch: bytes, positions: NDArray[np.int64], order: str, unit: int) -> Iterator[Batch]:
        octets = _with_margins(stretch)
        head = gather(octets, positions + ROW, 16).view(order + "u4").reshape(-1, 4).astype(np.int64)
        times = head[:, 0] * 1_000_000_000 + head[:, 1] * unit
        interface = np.zeros(len(positions), np.int16)
        big = np.flatnonzero(head[:, 2] > PACKET_ROOM)
        if len(big):
            positions, head, times = positions[: big[0]], head[: big[0]], times[: big[0]]
        for some in _portions(len(positions)):
            yield self._batch(
                octets, positions[some] + 16 + ROW, head[some, 2], head[some, 3], times[some], interface[some], 0
            )
        if len(big):
            raise _DamagedError

    def _pcapng(self, file: BinaryIO) -> Iterator[Batch]:
        section = _Section(self._keyring)
        left, ended = b"", False
        while not ended:
            more = file.read(self._chunk)
            ended = not more
            stretch = left + more
            found = _Found()
            used, damaged = 0, False
            try:
                used = section.walk(stretch, found, final=ended)
            except _DamagedError:
                damaged = True
            self.interfaces = section.all
            if found.data:
                yield from self._pcapng_batches(stretch, found, section)
            if damaged:
                raise _DamagedError
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


class _DamagedError(Exception):
    """The file is not as a healthy one is: the packet reader knows what to do."""


class _Section:
    """Walks the blocks of a pcapng file, stretch by stretch."""

    def __init__(self, keyring: Keyring | None) -> None:
        self.order = "<"
        self._keyring = keyring
        self.all: list[Interface] = []
        self._base = 0  # index in `all` of the first interface of this section

    def walk(self, stretch: bytes, found: _Found, *, final: bool) -> int:
        """Find the packets in a stretch that begins with a block; return the octets used. Raises _DamagedError."""
        at, end = 0, len(stretch)
        while at < end:
            if end - at < 12:
                if final:
                    raise _DamagedError
                break
            if stretch[at : at + 4] == b"\x0a\x0d\x0d\x0a":
                self.order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(stretch[at + 8 : at + 12], "")
                if not self.order:
                    raise _DamagedError
                self._base = len(self.all)
            kind, length = struct.unpack_from(self.order + "II", stretch, at)
            if length < 12 or length % 4 or length > _LONGEST:
                raise _DamagedError
            if at + length > end:
                if final:
                    raise _DamagedError
                break
            if struct.unpack_from(self.order + "I", stretch, at + length - 4)[0] != length:
                raise _DamagedError
            if kind == 6:
                self._packet(stretch, at, length, found)
            elif kind in (1, secrets_block.KIND):
                self._about(kind, stretch[at + 8 : at + length - 4])
            elif kind in (2, 3):  # packets of obsolete forms
                raise _DamagedError
            at += length
        return at

    def _about(self, kind: int, body: bytes) -> None:
        """Read an interface description, or keys."""
        if kind == 1:
            self.all.append(read_interface(body, self.order))
        elif self._keyring is not None:
            with suppress(HanError):
                secrets_block.learn(body, self.order, self._keyring)

    def _packet(self, stretch: bytes, at: int, length: int, found: _Found) -> None:
        if length < 32:
            raise _DamagedError
        index, high, low, captured, original = struct.unpack_from(self.order + "IIIII", stretch, at + 8)
        if self._base + index >= len(self.all) or 32 + captured > length:
            raise _DamagedError
        found.data.append(at + 28)
        found.captured.append(captured)
        found.original.append(original)
        found.stamps.append(high << 32 | low)
        found.interface.append(self._base + index)


def read_interface(body: bytes, order: str) -> Interface:
    """Read an interface description block. Raises _DamagedError."""
    if len(body) < 8:
        raise _DamagedError
    interface = Interface(struct.unpack_from(order + "H", body)[0])
    if interface.linktype in encapsulated.LINKTYPES:
        raise _DamagedError
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
