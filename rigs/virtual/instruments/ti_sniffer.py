"""A virtual CC1352P with TI's Packet Sniffer 2 firmware, on a pseudo terminal."""

import os
import threading
import tty
from collections.abc import Callable

from rigs.virtual.radio import Medium
from rigs.virtual.world import World, to_microseconds

POINT = "ti_sniffer"
OK, INVALID_COMMAND, INVALID_STATE = 0, 3, 4
OQPSK, FSK = 0x12, 0x0B
FIRMWARE = 0x50
STATUS_FCS_OK = 0x80


class TiSniffer:
    """The board's messages. `path` is the terminal to open; it hears 2.4 GHz channels and sub-GHz ones."""

    def __init__(
        self, received: Callable[[str], None], *, point: str = POINT, lead: int = 1, checksum: bool = False
    ) -> None:
        """`lead` and `checksum` say what firmware differs in: PHY length octets and checksums of data messages."""
        self._received, self._point = received, point
        self._lead, self._checksum = lead, checksum
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._slave = slave  # kept open, so that the terminal survives a reader that goes and comes again
        self.path = os.ttyname(slave)
        self.frequency = (0, 0)
        self.phy = -1
        self.running = False
        self._started: int | None = None
        threading.Thread(target=self._serve, name="TI sniffer", daemon=True).start()

    def _serve(self) -> None:
        buffer = b""
        while True:
            try:
                buffer += os.read(self._master, 4096)
            except OSError:
                return
            while (start := buffer.find(b"\x40\x53")) >= 0 and len(buffer) >= start + 5:
                length = int.from_bytes(buffer[start + 3 : start + 5], "little")
                end = start + 5 + length + 3
                if len(buffer) < end:
                    break
                body, buffer = buffer[start + 2 : end - 3], buffer[end:]
                self._send(0x80, self._command(body[0], body[3:]), checksum=True)
                self._received(self._point)

    def _command(self, info: int, payload: bytes) -> bytes:
        match info:
            case 0x40:
                return bytes((OK, 0x52, 0x13, 0x21, FIRMWARE, 0x09, 0x01))
            case 0x41 | 0x42:
                self.running = info == 0x41
            case 0x45 if len(payload) == 4 and not self.running:
                self.frequency = (int.from_bytes(payload[:2], "little"), int.from_bytes(payload[2:], "little"))
            case 0x47 if len(payload) == 1 and not self.running:
                self.phy = payload[0]
            case 0x45 | 0x47:
                return bytes((INVALID_STATE,))
            case _:
                return bytes((INVALID_COMMAND,))
        return bytes((OK,))

    def hear(self, world: World, psdu: bytes, dbm: float, medium: Medium) -> None:
        """Emit one frame (with FCS), if the board is tuned to the channel and PHY it is on."""
        phy = FSK if medium.page else OQPSK
        if not self.running or self.phy != phy or self.frequency != medium.frequency():
            return
        now = to_microseconds(world.now)
        if self._started is None:
            self._started = now
        self.emit(now - self._started, psdu, round(dbm))
        world.deliver(self._point)

    def emit(self, device_us: int, psdu: bytes, dbm: int, status: int = STATUS_FCS_OK) -> None:
        """Send a data message."""
        lead = len(psdu).to_bytes(self._lead, "little") if self._lead else b""
        trailer = max(-128, min(127, dbm)).to_bytes(1, "little", signed=True) + bytes((status,))
        self._send(0xC0, device_us.to_bytes(6, "little") + lead + psdu + trailer, checksum=self._checksum)

    def _send(self, info: int, payload: bytes, *, checksum: bool) -> None:
        body = bytes((info,)) + len(payload).to_bytes(2, "little") + payload
        octets = b"\x40\x53" + body + (bytes((sum(body) & 0xFF,)) if checksum else b"") + b"\x40\x45"
        while octets:
            octets = octets[os.write(self._master, octets) :]
