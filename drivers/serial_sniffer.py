"""What sniffers on a serial line share: opening it, and reading whatever has come without waiting.

pyserial opens and configures the line. Frames are not read through it: a `select` and a copy per call are 600 us of
CPU for a line, one `read` of what the kernel has is 1 us.
"""

import contextlib
import fcntl
import os
import select
import termios
import time
from array import array
from typing import Any

import serial

from bench.capture.sniffer import Sniffer
from bench.driver import DriverConfig

LOST = (serial.SerialException, OSError, termios.error, TypeError, ValueError)
CHUNK = 1 << 16
WRITE_S = 2.0
TIOCGICOUNT = 0x545D  #: Linux: struct serial_icounter_struct
ICOUNTERS = 20
COUNTED = (6, 7, 8, 10)  #: framing errors, overruns of the chip, parity errors, overruns of the kernel's buffer


class SerialSniffer(Sniffer):
    """The line of a sniffer. `resource` of its configuration is a serial device, best by a stable name."""

    def __init__(self, name: str, config: DriverConfig) -> None:
        super().__init__(name, config)
        self._resource = str(getattr(config, "resource", ""))
        self._serial: Any = None
        self._line_lost: int | None = None

    @property
    def listening(self) -> bool:
        """Whether the line is open."""
        return self._serial is not None

    def connect(self, baud: int) -> None:
        """Open the line for this process alone. Raises InstrumentError."""
        self.disconnect()
        self._line_lost = None
        try:
            self._serial = serial.Serial(self._resource, baud, timeout=0, write_timeout=WRITE_S, exclusive=True)
        except LOST as problem:
            raise self.error(f"cannot open {self._resource} ({problem}); is it plugged in?") from None

    def disconnect(self) -> None:
        """Let go of the line; never raises."""
        if self._serial is not None:
            with contextlib.suppress(*LOST):
                self._serial.close()
            self._serial = None

    def write(self, octets: bytes) -> None:
        """Send octets. Raises InstrumentError."""
        try:
            self._serial.write(octets)
        except (*LOST, AttributeError) as problem:
            raise self._gone(problem) from None

    def fileno(self) -> int:
        """Return the line's descriptor."""
        return int(self._serial.fileno())

    def read(self) -> bytes:
        """Return what has come. Raises InstrumentError when the sniffer is gone."""
        try:
            chunk = os.read(self._serial.fileno(), CHUNK)
        except BlockingIOError:
            return b""
        except (*LOST, AttributeError) as problem:
            raise self._gone(problem) from None
        if not chunk:
            raise self._gone("end of file")
        return chunk

    def wait(self, seconds: float) -> bytes:
        """Return what comes first within some time, b"" when nothing does. Raises InstrumentError."""
        if not select.select([self.fileno()], [], [], max(0.0, seconds))[0]:
            return b""
        return self.read()

    def drain(self, seconds: float) -> bytes:
        """Read for a while; return what came. Raises InstrumentError."""
        end, octets = time.monotonic() + seconds, b""
        while (left := end - time.monotonic()) > 0:
            octets += self.wait(left)
        return octets

    def present(self) -> None:
        """See that the device file is still there, and what the line has lost. Raises InstrumentError."""
        if not os.path.exists(self._resource):
            raise self._gone("its device file is gone")
        counters = array("i", bytes(ICOUNTERS * 4))
        try:
            fcntl.ioctl(self._serial.fileno(), TIOCGICOUNT, counters)
        except (*LOST, AttributeError):
            return  # a line that does not count
        lost = sum(counters[index] for index in COUNTED)
        if self._line_lost is not None and lost > self._line_lost:
            self.lose(lost - self._line_lost, f"its serial line lost octets {lost - self._line_lost} times")
        self._line_lost = lost

    def _gone(self, problem: object) -> Exception:
        return self.error(f"lost ({problem}); plug it in again")
