"""Writing pcapng captures of IEEE 802.15.4 traffic, one write per block, so that a crash loses nothing written.

Interfaces are sniffers, with link type 283 (802.15.4 TAP). Times are integer nanoseconds since 1970. Reading is in
capture_reader, whose names are offered here too.
"""

import os
import struct
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.han import secrets_block
from bench.han.capture_reader import Packet, read_capture
from bench.han.errors import HanError
from bench.han.tap import LINKTYPE_FCS, LINKTYPE_NO_FCS, LINKTYPE_TAP, SUN_PHY_GB, Tap

__all__ = ["LINKTYPE_FCS", "LINKTYPE_NO_FCS", "LINKTYPE_TAP", "Packet", "PcapngWriter", "Tap", "read_capture"]

PAGES_863 = range(28, 31)
_SNAPLEN = 0x40000


class PcapngWriter:
    """An append-only pcapng file (draft-ietf-opsawg-pcapng). Refuses to overwrite an existing one: FileExistsError."""

    def __init__(self, path: str | Path, *, application: str = "smets-bench", hardware: str = "") -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self._resolutions: list[int] = []
        self._written: list[int] = []
        self._dropped: list[int] = []
        self._times: list[tuple[int, int] | None] = []
        options = [(4, application.encode())] + ([(2, hardware.encode())] if hardware else [])
        self._block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options(options))

    def add_interface(
        self,
        name: str,
        *,
        description: str = "",
        hardware: str = "",
        linktype: int = LINKTYPE_TAP,
        resolution: int = 9,
    ) -> int:
        """Describe a sniffer and return its interface number; `resolution` 9 for ns, 6 for us."""
        if resolution not in (6, 9):
            raise HanError("pcapng", None, f"time resolution {resolution}, expected 6 (us) or 9 (ns)")
        options = [(2, name.encode()), (3, description.encode()), (9, bytes((resolution,))), (15, hardware.encode())]
        self._block(1, struct.pack("<HHI", linktype, 0, _SNAPLEN) + _options([o for o in options if o[1]]))
        self._resolutions.append(resolution)
        self._written.append(0)
        self._dropped.append(0)
        self._times.append(None)
        return len(self._resolutions) - 1

    def write(
        self, interface: int, time: int, data: bytes, *, comment: str | tuple[str, ...] = (), dropped: int | None = None
    ) -> None:
        """Append one packet: for link type 283 a TAP header and the PSDU (see `write_psdu`).

        `dropped` is the number of packets the sniffer lost since the one before.
        """
        if not 0 <= interface < len(self._resolutions):
            raise HanError("pcapng", None, f"interface {interface} has not been described")
        comments = (comment,) if isinstance(comment, str) else comment
        options = [(1, text.encode()) for text in comments]
        if dropped is not None:
            options.append((4, dropped.to_bytes(8, "little")))
            self._dropped[interface] += dropped
        stamp = self._stamp(interface, time)
        head = struct.pack("<IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(data), len(data))
        self._block(6, head + _padded(data) + _options(options))
        self._written[interface] += 1
        first = self._times[interface]
        self._times[interface] = (first[0] if first else time, time)

    def write_psdu(
        self,
        interface: int,
        time: int,
        psdu: bytes,
        *,
        fcs: bool = True,
        channel: int | None = None,
        page: int = 0,
        rssi: float | None = None,
        lqi: int | None = None,
        comment: str | tuple[str, ...] = (),
        dropped: int | None = None,
    ) -> None:
        """Append a PSDU with its TAP header; `fcs`: whether the PSDU ends with its frame check sequence."""
        tap = _tap(fcs, rssi, channel, page, lqi)
        self.write(interface, time, tap + psdu, comment=comment, dropped=dropped)

    def write_secrets(self, body: bytes) -> None:
        """Append a Decryption Secrets Block (see secrets_block): it serves the packets after it."""
        self._block(secrets_block.KIND, body)

    def flush(self) -> None:
        """Have the operating system put everything on disk."""
        os.fsync(self._file)

    def close(self, *, comments: tuple[str, ...] = ()) -> None:
        """Append the statistics of each interface and close the file; a second call does nothing.

        `comments` found no packet after them; they are kept with the statistics of the first interface.
        """
        if self._file < 0:
            return
        for interface, times in enumerate(self._times):
            options = []
            last = 0
            if times is not None:
                stamps = [self._stamp(interface, t) for t in times]
                options = [
                    (code, struct.pack("<II", s >> 32, s & 0xFFFFFFFF)) for code, s in zip((2, 3), stamps, strict=True)
                ]
                last = stamps[1]
            options.append((4, (self._written[interface] + self._dropped[interface]).to_bytes(8, "little")))
            options.append((5, self._dropped[interface].to_bytes(8, "little")))
            options += [(1, text.encode()) for text in comments if interface == 0]
            self._block(5, struct.pack("<III", interface, last >> 32, last & 0xFFFFFFFF) + _options(options))
        os.close(self._file)
        self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stamp(self, interface: int, time: int) -> int:
        if time < 0:
            raise HanError("pcapng", None, f"time {time} is before 1970")
        return time if self._resolutions[interface] == 9 else time // 1000

    def _block(self, kind: int, body: bytes) -> None:
        if self._file < 0:
            raise HanError("pcapng", None, "the capture is closed")
        length = len(body) + 12
        block = memoryview(struct.pack("<II", kind, length) + body + struct.pack("<I", length))
        while block:
            block = block[os.write(self._file, block) :]


@lru_cache(1024)
def _tap(fcs: bool, rssi: float | None, channel: int | None, page: int, lqi: int | None) -> bytes:
    others = (SUN_PHY_GB,) if page in PAGES_863 else ()
    return bytes(Tap.of(fcs=fcs, rssi=rssi, channel=channel, page=page, lqi=lqi, others=others))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _options(options: list[tuple[int, bytes]]) -> bytes:
    if not options:
        return b""
    return b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options) + bytes(4)
