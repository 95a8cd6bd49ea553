"""A pcap or pcapng file in place of a sniffer: last month's air, with its own times or replayed in time."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bench.capture.sniffer import Heard, Sniffer, SnifferConfig, Stamps
from bench.errors import InstrumentError
from bench.han.capture_reader import Packet, read_capture
from bench.han.errors import HanError
from drivers.pump import Pump

RECORD = struct.Struct("<qBhBHhhB")  #: time (us), error, length, FCS, channel, RSSI, LQI (-1: none), page
NONE = -(1 << 15)
BATCH = 64


class CaptureFileConfig(SnifferConfig):
    """The file; `pace` "own" hands its frames over at once with their own times, "replay" as if they came now."""

    resource: str
    pace: Literal["own", "replay"] = "own"
    channel: int = 0  #: for files that do not say
    page: int = 0
    stamps: Stamps = "unknown"


class CaptureFile(Sniffer):
    """One file. Its end is the end of what is heard, not trouble."""

    Config = CaptureFileConfig
    hardware = "capture file"
    returns = False

    def __init__(self, name: str, config: CaptureFileConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.channel, self.page, self.stamps = config.channel, config.page, config.stamps
        self.own_time = config.pace == "own"
        self._pump: Pump | None = None
        self._buffer = b""

    @property
    def listening(self) -> bool:
        """Whether there is more to come."""
        return self._pump is not None and not self.ended

    def open(self) -> None:
        """See that it is a capture. Raises InstrumentError."""
        try:
            next(read_capture(Path(self.config.resource)), None)
        except (OSError, HanError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else problem
            raise self.error(f"cannot read {self.config.resource} ({reason})") from None

    def begin(self) -> None:
        """Begin to read."""
        self._buffer = b""
        records = self._records(read_capture(Path(self.config.resource)))
        self._pump = Pump(self.name, lambda: next(records, None))
        self._pump.start()

    def _records(self, packets: Iterator[Packet]) -> Iterator[bytes]:
        """Yield records, many at once or each at its time. Raises InstrumentError after the last readable packet."""
        batch: list[bytes] = []
        began: float | None = None
        try:
            for packet in packets:
                if self.own_time:
                    batch.append(self._record(packet))
                    if len(batch) == BATCH:
                        yield b"".join(batch)
                        batch.clear()
                    continue
                seconds = packet.time / 1e9
                began = time.monotonic() - seconds if began is None else began
                if self._pump is not None:
                    self._pump.wait(seconds + began - time.monotonic())
                yield self._record(packet)
        except (HanError, OSError) as problem:
            if batch:
                yield b"".join(batch)
            raise self._unreadable(problem) from None
        if batch:
            yield b"".join(batch)

    def _unreadable(self, problem: HanError | OSError) -> InstrumentError:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        return self.error(f"cannot be read any further ({reason})")

    def _record(self, packet: Packet) -> bytes:
        octets = packet.error.encode()[:1000] if packet.error else packet.psdu
        head = RECORD.pack(
            packet.time // 1000,
            bool(packet.error),
            len(octets),
            packet.fcs,
            self.channel if packet.channel is None else packet.channel,
            NONE if packet.rssi is None else round(packet.rssi),
            -1 if packet.lqi is None else packet.lqi,
            self.page if packet.page is None else packet.page,
        )
        return head + octets

    def close(self) -> None:
        """Stop reading."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None

    def fileno(self) -> int:
        """Return the pump's descriptor."""
        assert self._pump is not None
        return self._pump.fileno()

    def read(self) -> bytes:
        """Return what has been read. Raises InstrumentError when the file is cut or broken."""
        assert self._pump is not None
        chunk = self._pump.read()
        self.ended = chunk is None
        return chunk or b""

    def parse(self, chunk: bytes) -> list[Heard]:
        """Return the frames; a packet that holds none is a loss."""
        data, at = self._buffer + chunk, 0
        heard = []
        while len(data) - at >= RECORD.size:
            stamp, error, length, with_fcs, channel, rssi, lqi, page = RECORD.unpack_from(data, at)
            if len(data) - at < RECORD.size + length:
                break
            octets = data[at + RECORD.size : at + RECORD.size + length]
            at += RECORD.size + length
            if error:
                self.lose(1, octets.decode(errors="replace"))
                continue
            strength, quality = (None if rssi == NONE else rssi), (None if lqi < 0 else lqi)
            heard.append(Heard(stamp, octets, bool(with_fcs), strength, quality, channel, page))
        self._buffer = data[at:]
        return heard
