"""nRF Sniffer for 802.15.4 (nRF52840): text lines over a USB serial line.

    > channel 15
    > receive
    < received: 618841621a... power: -61 lqi: 220 time: 1234567

The last two octets of a frame are metadata, not its FCS, and are dropped. Times are microseconds since the sniffer
started; older firmware wraps them at 2^32.
"""

import contextlib
import re
import termios
import threading
from typing import Any

import serial
from pydantic import Field

from bench.bus import Source
from bench.driver import Driver, DriverConfig

LINE = re.compile(rb"received:\s*([0-9A-Fa-f]+)\s+power:\s*(-?\d{1,3})\s+lqi:\s*(\d{1,3})\s+time:\s*(\d{1,20})\s*$")
LONGEST = 1 << 16
WRITE_S = 2.0
PAUSE_S = 0.05  #: the sniffer's shell drops characters of commands sent without one
METADATA = 2
WRAP = 1 << 32
RESTART = 1_000_000  #: a clock this far back (us) was started anew
LOST = (serial.SerialException, OSError, termios.error, TypeError)


class NrfSnifferConfig(DriverConfig):
    """Serial device (a stable /dev/serial/by-id path) and channel 11..26."""

    resource: str
    channel: int = Field(ge=11, le=26)
    answer_s: float = Field(2.0, gt=0, le=60)


class NrfSniffer(Driver):
    """One sniffer on one channel."""

    Config = NrfSnifferConfig

    def __init__(self, name: str, config: NrfSnifferConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.channel = config.channel
        self._serial: Any = None
        self._reader: threading.Thread | None = None
        self._closing = False
        self._wraps, self._last_us = 0, 0

    @property
    def listening(self) -> bool:
        """Whether lines are still read."""
        return self._reader is not None and self._reader.is_alive()

    def open(self) -> None:
        """Open the line, silence the sniffer, tune it and see that it says so."""
        try:
            self._serial = serial.Serial(
                self.config.resource, 115200, timeout=PAUSE_S, write_timeout=WRITE_S, exclusive=True
            )
        except LOST as problem:
            raise self.error(f"cannot open {self.config.resource} ({problem}); is it plugged in?") from None
        for command in ("sleep", "shell echo off", f"channel {self.channel}"):
            self._command(command)
        self._serial.reset_input_buffer()
        answer = b""
        self._command("channel", wait=False)
        for _ in range(max(1, int(self.config.answer_s / PAUSE_S))):
            answer += self._read(256)
            if re.search(rb"(?<!\d)%d(?!\d)" % self.channel, answer):
                self.received(answer.decode(errors="replace").strip())
                return
        raise self.error(f"did not confirm channel {self.channel}", answer.decode(errors="replace"))

    def start(self, source: Source) -> None:
        """Begin to receive; every frame heard is published."""
        self._command("receive")
        self._reader = threading.Thread(target=self._listen, args=(source,), name=f"{self.name} reader", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Put the sniffer to sleep and let go of the line."""
        self._closing = True
        if self._serial is None:
            return
        with contextlib.suppress(*LOST):
            self._serial.write(b"sleep\r\n")
        if self._reader is not None:
            with contextlib.suppress(*LOST):
                self._serial.cancel_read()
            self._reader.join(1.0)
        with contextlib.suppress(*LOST):
            self._serial.close()
        self._serial = None

    def _command(self, text: str, wait: bool = True) -> None:
        self.sent(text)
        try:
            self._serial.write(text.encode() + b"\r\n")
            self.unanswered += 1
            if wait:
                self._serial.read(4096)
        except LOST as problem:
            raise self.error(f"lost ({problem}); plug it in again") from None

    def _read(self, count: int) -> bytes:
        try:
            return bytes(self._serial.read(count))
        except LOST as problem:
            raise self.error(f"lost ({problem}); plug it in again") from None

    def _listen(self, source: Source) -> None:
        buffer = b""
        while not self._closing:
            try:
                chunk = self._serial.read(max(1, self._serial.in_waiting))
            except LOST as problem:
                if not self._closing:
                    self.trouble = self.error(f"lost while receiving ({problem}); plug it in again")
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            if len(buffer) > LONGEST:
                self.trouble, buffer = self.error("sends no lines; is it a sniffer?", repr(buffer[:40])), b""
            for line in lines:
                self._publish(source, line)

    def _publish(self, source: Source, line: bytes) -> None:
        match = LINE.search(line)
        if match is None or len(match[1]) % 2 or not 2 * METADATA < len(match[1]) <= 254:
            return
        stamp = int(match[4])
        back = self._last_us - stamp
        if back > WRAP // 2 and self._last_us < WRAP:
            self._wraps += 1
        elif back > RESTART:
            self.trouble = self.error("started anew while receiving (its clock went back); look at its USB cable")
        self._last_us = stamp
        data = {
            "device_us": stamp + self._wraps * WRAP,
            "channel": self.channel,
            "rssi": int(match[2]),
            "lqi": int(match[3]),
        }
        source.publish("psdu", data, bytes.fromhex(match[1].decode())[:-METADATA])
