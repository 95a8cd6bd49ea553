"""nRF Sniffer for 802.15.4 (nRF52840): text lines over a USB serial line.

    > channel 15
    > receive
    < received: 618841621a... power: -61 lqi: 220 time: 1234567

The last two octets of a frame are metadata, not its FCS, and are dropped; frames whose FCS is wrong never leave the
sniffer. Times are microseconds since the sniffer started; older firmware wraps them at 2^32.
"""

import contextlib
import re
import time
from binascii import unhexlify

from pydantic import Field

from bench.capture.sniffer import Heard, SnifferConfig, Stamps
from bench.errors import InstrumentError
from drivers.serial_sniffer import SerialSniffer

BAUD = 115200  #: USB, any will do
LONGEST = 1 << 16
PAUSE_S = 0.05  #: the sniffer's shell drops characters of commands sent without one
METADATA = 2
LONGEST_PSDU = 125  #: without FCS
MOST_LQI = 255
WRAP = 1 << 32
FAR = 1 << 62
RESTART = 1_000_000  #: a clock this far back (us) was started anew
_heard = tuple.__new__  #: a third of the cost of calling the class
FIELDS = rb"\s*([0-9A-Fa-f]+)\s+power:\s*(-?\d{1,3})\s+lqi:\s*(\d{1,3})\s+time:\s*(\d{1,20})\s*"


class NrfSnifferConfig(SnifferConfig):
    """Serial device (a stable /dev/serial/by-id path) and channel 11..26."""

    resource: str
    channel: int = Field(ge=11, le=26)
    answer_s: float = Field(2.0, gt=0, le=60)
    label: str = Field("received:", pattern=r"^\S+$")  #: the first word of a frame line
    stamps: Stamps = "unknown"


class NrfSniffer(SerialSniffer):
    """One sniffer on one channel."""

    Config = NrfSnifferConfig
    hardware = "nRF52840, nRF Sniffer for 802.15.4"

    def __init__(self, name: str, config: NrfSnifferConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.channel, self.stamps = config.channel, config.stamps
        self._label = config.label.encode()
        label = re.escape(self._label)
        self._common = re.compile(label + rb" ([0-9A-Fa-f]+) power: (-?\d{1,3}) lqi: (\d{1,3}) time: (\d{1,20})\s*\n")
        self._last = re.compile(label + FIELDS + rb"$")
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._buffer = b""
        self._wraps, self._last_us = 0, 0

    def open(self) -> None:
        """Open the line, silence the sniffer, tune it and see that it says so."""
        self.connect(BAUD)
        for command in ("sleep", "shell echo off", f"channel {self.channel}"):
            self._command(command)
            self.drain(PAUSE_S)
        answer = b""
        self._command("channel")
        end = time.monotonic() + self.config.answer_s
        while (left := end - time.monotonic()) > 0:
            answer += self.wait(left)
            if re.search(rb"(?<!\d)%d(?!\d)" % self.channel, answer):
                self.received(answer.decode(errors="replace").strip())
                return
        raise self.error(f"did not confirm channel {self.channel}", answer.decode(errors="replace"))

    def begin(self) -> None:
        """Begin to receive."""
        self._begin_anew()
        self._command("receive")

    def close(self) -> None:
        """Put the sniffer to sleep and let go of the line."""
        if self._serial is not None:
            with contextlib.suppress(InstrumentError):
                self.write(b"sleep\r\n")
        self.disconnect()

    def _command(self, text: str) -> None:
        self.sent(text)
        self.write(text.encode() + b"\r\n")
        self.unanswered += 1

    def parse(self, chunk: bytes) -> list[Heard]:
        """Return the frames of whole lines. Echo and prompts are passed over; a frame line that is broken is a loss."""
        whole, end, self._buffer = (self._buffer + chunk).rpartition(b"\n")
        if len(self._buffer) > LONGEST:
            self.lose(1, f"sends no lines; is it a sniffer? {self._buffer[:40]!r}")
            self._buffer = b""
        found = self._common.findall(whole + end)
        if len(found) == whole.count(self._label):
            with contextlib.suppress(ValueError):
                return self._common_frames(found)
        return [heard for line in whole.split(b"\n") if self._label in line for heard in self._mend(line)]

    def _common_frames(self, found: list[tuple[bytes, bytes, bytes, bytes]]) -> list[Heard]:
        """Return frames, the hot path of every capture. Raises ValueError when one is not as they all should be."""
        channel, last, wrapped = self.channel, self._last_us, self._wraps << 32
        frames = []
        for octets, power, level, stamp in found:
            psdu, rssi, lqi, device_us = unhexlify(octets)[:-METADATA], int(power), int(level), int(stamp)
            if device_us < last or not psdu or len(psdu) > LONGEST_PSDU or lqi > MOST_LQI or device_us > FAR:
                raise ValueError
            last = device_us
            frames.append(_heard(Heard, (device_us + wrapped, psdu, False, rssi, lqi, channel, 0)))
        self._last_us = last
        return frames

    def _mend(self, line: bytes) -> list[Heard]:
        """Return the frame of an uncommon line: the clock went back, or others were swallowed into it and are lost."""
        lost = line.count(self._label)
        heard = []
        if match := self._last.search(line):
            rssi, lqi, device_us = int(match[2]), int(match[3]), int(match[4])
            psdu = unhexlify(match[1])[:-METADATA] if len(match[1]) % 2 == 0 else b""
            if 0 < len(psdu) <= LONGEST_PSDU and lqi <= MOST_LQI and device_us <= FAR:
                self._see(device_us)
                heard.append(Heard(device_us + (self._wraps << 32), psdu, False, rssi, lqi, self.channel, 0))
                lost -= 1
        if lost:
            self.lose(lost, f"sent a line that is no frame: {line[:60]!r}")
        return heard

    def _see(self, device_us: int) -> None:
        """Move the clock; count a wrap, or note a start, when it shows less than before."""
        back = self._last_us - device_us
        if back > WRAP // 2 and self._last_us < WRAP:
            self._wraps += 1
        elif back > RESTART:
            self.lose(1, "started anew while receiving (its clock went back); look at its USB cable")
        self._last_us = device_us
