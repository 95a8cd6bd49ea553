"""TI CC2531 and CC2530EB with the factory sniffer: a vendor's own USB protocol, not a serial port.

Control transfers tune and start it; frames come over a bulk endpoint as records that may span transfers:

    type u8 (0 frame, 1 tick) | length u16 LE | timestamp u32 LE (1/32 us) | PSDU length u8 | PSDU

The FCS is replaced by RSSI and a bit that tells whether it was right; it is put back here. Needs the extra `usb`
(pyusb) and libusb, and a udev rule for the lab's users.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

from pydantic import Field

from bench.capture.sniffer import Heard, Sniffer, SnifferConfig, Stamps
from bench.errors import InstrumentError
from bench.han.mac import fcs
from drivers.pump import Pump

VENDOR, PRODUCT = 0x0451, 0x16AE
ENDPOINTS = {"cc2531": 0x83, "cc2530eb": 0x82}
IN, OUT = 0xC0, 0x40
IDENTITY, POWER, POWERED, SET_CHANNEL_MODE, START, STOP, SET = 192, 197, 198, 201, 208, 209, 210
ON = 4
TRANSFER, WAIT_MS = 4096, 100
TICKS = 32  #: a microsecond
WRAP = 1 << 32
RSSI_OFFSET, CRC_OK = 73, 0x80
HEAD = 3
LONGEST_BODY = 5 + 127
POLL_S, PATIENCE_S = 0.01, 2.0


class UsbDevice(Protocol):
    """The transfers the sniffer needs. Each raises OSError when the device is gone."""

    def control_in(self, request: int, length: int) -> bytes:
        """Return what a vendor request answers."""

    def control_out(self, request: int, index: int, data: bytes = b"") -> None:
        """Send a vendor request."""

    def bulk_in(self, endpoint: int, size: int, wait_ms: int) -> bytes:
        """Return the next bulk transfer, b"" when none came in time."""

    def close(self) -> None:
        """Let go of the device."""


class PyUsbDevice:
    """A device through pyusb."""

    def __init__(self, serial_number: str) -> None:
        try:
            import usb.core
            import usb.util
        except ImportError:
            raise OSError("pyusb is not installed; pip install 'smets-bench[usb]'") from None
        self._core, self._util = usb.core, usb.util

        def is_it(device: Any) -> bool:
            return not serial_number or usb.util.get_string(device, device.iSerialNumber) == serial_number

        try:
            self._device = usb.core.find(idVendor=VENDOR, idProduct=PRODUCT, custom_match=is_it)
            if self._device is None:
                raise OSError("no such device; is it plugged in?")
            self._device.set_configuration()
        except usb.core.NoBackendError:
            raise OSError("libusb is not installed; apt-get install libusb-1.0-0") from None
        except ValueError as problem:  # pyusb's word for a string it may not read
            raise OSError(f"{problem}; add a udev rule") from None

    def control_in(self, request: int, length: int) -> bytes:
        """Return what a vendor request answers."""
        return bytes(self._device.ctrl_transfer(IN, request, 0, 0, length))

    def control_out(self, request: int, index: int, data: bytes = b"") -> None:
        """Send a vendor request."""
        self._device.ctrl_transfer(OUT, request, 0, index, data)

    def bulk_in(self, endpoint: int, size: int, wait_ms: int) -> bytes:
        """Return the next bulk transfer, b"" when none came in time."""
        try:
            return bytes(self._device.read(endpoint, size, wait_ms))
        except self._core.USBTimeoutError:
            return b""

    def close(self) -> None:
        """Let go of the device."""
        self._util.dispose_resources(self._device)


class Cc2531Config(SnifferConfig):
    """Serial number of the dongle ("" for the only one there is), and channel 11..26."""

    resource: str = ""
    channel: int = Field(ge=11, le=26)
    model: Literal["cc2531", "cc2530eb"] = "cc2531"
    stamps: Stamps = "unknown"


class Cc2531(Sniffer):
    """One dongle on one channel."""

    Config = Cc2531Config
    hardware = "TI CC2531"
    usb: Callable[[str], UsbDevice] = PyUsbDevice

    def __init__(self, name: str, config: Cc2531Config) -> None:
        super().__init__(name, config)
        self.config = config
        self.channel, self.stamps = config.channel, config.stamps
        self._device: UsbDevice | None = None
        self._pump: Pump | None = None
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._buffer = b""
        self._wraps = self._last = 0
        self._tick_due = False  #: a wrap was seen before the record that tells of it

    @property
    def listening(self) -> bool:
        """Whether frames are being read."""
        return self._pump is not None

    def open(self) -> None:
        """Power the radio and tune it. Raises InstrumentError."""
        self.close()
        try:
            self._device = device = type(self).usb(self.config.resource)
            self._note("<-", "identity", device.control_in(IDENTITY, 256).hex(" "))
            self._note("->", "power on", "")
            device.control_out(POWER, ON)
            end = time.monotonic() + PATIENCE_S
            while device.control_in(POWERED, 1) != bytes((ON,)):
                if time.monotonic() > end:
                    raise self.error(f"its radio did not power up within {PATIENCE_S:g} s")
                time.sleep(POLL_S)
            self._note("->", "channel", str(self.channel))
            device.control_out(SET_CHANNEL_MODE, 0)
            device.control_out(SET, 0, bytes((self.channel,)))
            device.control_out(SET, 1, b"\0")
        except OSError as problem:
            raise self.error(f"cannot open the USB device {self.config.resource or 'CC2531'} ({problem})") from None

    def _note(self, arrow: str, what: str, value: str) -> None:
        self.exchanges.append(f"{arrow} {what} {value}".rstrip())

    def begin(self) -> None:
        """Begin to receive."""
        device = self._device
        assert device is not None
        self._begin_anew()
        self._note("->", "start", "")
        try:
            device.control_out(START, 0)
        except OSError as problem:
            raise self._gone(problem) from None
        endpoint = ENDPOINTS[self.config.model]

        def transfer() -> bytes:
            try:
                return device.bulk_in(endpoint, TRANSFER, WAIT_MS)
            except OSError as problem:
                raise self._gone(problem) from None

        self._pump = Pump(self.name, transfer)
        self._pump.start()

    def _gone(self, problem: object) -> InstrumentError:
        return self.error(f"lost ({problem}); plug it in again")

    def close(self) -> None:
        """Stop, power down and let go; never raises."""
        device, self._device = self._device, None
        if self._pump is not None:
            self._pump.close()
            self._pump = None
        if device is not None:
            with contextlib.suppress(OSError):
                device.control_out(STOP, 0)
                device.control_out(POWER, 0)
            with contextlib.suppress(OSError):
                device.close()

    def fileno(self) -> int:
        """Return the pump's descriptor."""
        assert self._pump is not None
        return self._pump.fileno()

    def read(self) -> bytes:
        """Return what has come. Raises InstrumentError when the dongle is gone."""
        assert self._pump is not None
        chunk = self._pump.read()
        if chunk is None:
            raise self._gone("no more transfers")
        return chunk

    def parse(self, chunk: bytes) -> list[Heard]:
        """Return the frames of whole records. There is no mark to find the next record by after a broken one."""
        data, at = self._buffer + chunk, 0
        heard = []
        while len(data) - at >= HEAD:
            kind, length = data[at], int.from_bytes(data[at + 1 : at + HEAD], "little")
            if kind > 1 or length > LONGEST_BODY:
                self.lose(1, f"sent a record of type {kind} with {length} octets; what follows is skipped")
                at = len(data)
                break
            if len(data) - at < HEAD + length:
                break
            body = data[at + HEAD : at + HEAD + length]
            at += HEAD + length
            if kind == 1:
                self._wraps += not self._tick_due
                self._last, self._tick_due = 0, False
            elif (frame := self._frame(body)) is not None:
                heard.append(frame)
        self._buffer = data[at:]
        return heard

    def _frame(self, body: bytes) -> Heard | None:
        if len(body) < 5 or len(body) != 5 + body[4] or body[4] < 5:
            self.lose(1, f"sent a frame whose lengths do not agree: {body[:16].hex(' ')}")
            return None
        ticks, psdu = int.from_bytes(body[:4], "little"), body[5:-2]
        if ticks < self._last - WRAP // 2:
            self._wraps += 1
            self._tick_due = True
        self._last = ticks
        right = fcs(psdu) ^ (0 if body[-1] & CRC_OK else 0xFFFF)
        rssi = int.from_bytes(body[-2:-1], "little", signed=True) - RSSI_OFFSET
        device_us = (ticks + self._wraps * (WRAP - 1)) // TICKS
        whole = psdu + right.to_bytes(2, "little")
        return Heard(device_us, whole, True, rssi, body[-1] & 0x7F, self.channel, 0)
