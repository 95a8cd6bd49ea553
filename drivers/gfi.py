"""GBCS messages as text lines, the form of the GFI emulators: `GBCS:DATA#0:<octets>:<HEX>` CR LF, each way."""

import contextlib
import re
import threading
from typing import Any

import serial

from bench.bus import Source
from bench.driver import Driver, DriverConfig

LINE = re.compile(rb"GBCS:DATA#\d+:(\d{1,6}):([0-9A-Fa-f]*)\s*$")
POLL_S = 0.1
WRITE_S = 5.0
LONGEST = 1 << 20
LOST = (serial.SerialException, OSError, TypeError)


class GfiConfig(DriverConfig):
    """Serial device or pyserial URL (`socket://host:port`)."""

    resource: str


class Gfi(Driver):
    """A local way to a device's HAN interface, past the DCC."""

    Config = GfiConfig

    def __init__(self, name: str, config: GfiConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self._serial: Any = None
        self._reader: threading.Thread | None = None
        self._closing = False

    @property
    def listening(self) -> bool:
        """Whether lines are still read."""
        return self._reader is not None and self._reader.is_alive()

    def open(self) -> None:
        """Open the line."""
        try:
            self._serial = serial.serial_for_url(self.config.resource, 115200, timeout=POLL_S, write_timeout=WRITE_S)
        except (*LOST, ValueError) as problem:
            raise self.error(f"cannot open {self.config.resource} ({problem}); check the address") from None

    def close(self) -> None:
        """Let go of the line."""
        self._closing = True
        if self._reader is not None:
            self._reader.join(1.0)
        if self._serial is not None:
            with contextlib.suppress(*LOST):
                self._serial.close()
            self._serial = None

    def deliver(self, message: bytes) -> None:
        """Hand one complete GBCS message to the device."""
        line = f"GBCS:DATA#0:{len(message)}:{message.hex().upper()}"
        self.sent(line[:60])
        if self._serial is None:
            raise self.error("is not connected")
        try:
            self._serial.write(line.encode() + b"\r\n")
            self.unanswered += 1
        except LOST as problem:
            raise self.error(f"connection lost ({problem})") from None

    def start(self, source: Source) -> None:
        """Begin to publish messages that come back."""
        self._reader = threading.Thread(target=self._listen, args=(source,), name=f"{self.name} reader", daemon=True)
        self._reader.start()

    def _listen(self, source: Source) -> None:
        buffer = b""
        while not self._closing:
            try:
                chunk = self._serial.read(max(1, min(4096, self._serial.in_waiting)))
            except LOST as problem:
                if not self._closing:
                    self.trouble = self.error(f"connection lost ({problem})")
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            if len(buffer) > LONGEST:
                self.trouble, buffer = self.error("sends no lines", repr(buffer[:40])), b""
            for line in lines:
                match = LINE.match(line)
                if match and int(match[1]) * 2 == len(match[2]):
                    source.publish("gbcs", {}, bytes.fromhex(match[2].decode()))
                elif line.strip():
                    self.trouble = self.error("sent a line that is no message", line.decode(errors="replace"))
