"""ZigBee Encapsulation Protocol (UDP port 17754): frames from a sniffer on the network. See bench.han.zep.

Datagrams that never came show in the sequence numbers, and those the kernel had no room for in its own count.
"""

import socket
from typing import Literal

from pydantic import Field

from bench.capture.sniffer import Heard, Sniffer, SnifferConfig, Stamps
from bench.han.errors import HanError
from bench.han.zep import PORT, Datagram, spoiled

NTP_TO_UNIX = 2_208_988_800
DATAGRAM = 1 << 16
BUFFER = 1 << 22
SO_RXQ_OVFL = 40  #: Linux: how many datagrams the kernel had no room for
BEHIND = 1 << 16  #: a sequence number this far back is a late one; further, a sender that started anew


class ZepConfig(SnifferConfig):
    """Where to listen ("address:port"), what to take, and how far the sender's word goes."""

    resource: str = f"0.0.0.0:{PORT}"
    channel: int | None = Field(None, ge=0, le=26)  #: None: frames of every channel
    sender: str = ""  #: take datagrams of this address alone
    mode: Literal["standard", "crc-in-mode"] = "standard"  #: some devices say "bad FCS" with mode 1
    own_time: bool = False  #: the sender keeps UTC, so its times are taken as they are
    stamps: Stamps = "unknown"


class Zep(Sniffer):
    """One UDP port; the senders behind it are told apart by address and device id."""

    Config = ZepConfig
    hardware = "ZEP over UDP"

    def __init__(self, name: str, config: ZepConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self.channel, self.stamps, self.own_time = config.channel or 0, config.stamps, config.own_time
        self._socket: socket.socket | None = None
        self._next: dict[tuple[str, int], int] = {}
        self._sender = ""
        self._overflowed: int | None = None

    @property
    def listening(self) -> bool:
        """Whether the port is open."""
        return self._socket is not None

    def open(self) -> None:
        """Listen. A sender that is silent is no trouble: nothing may be on air. Raises InstrumentError."""
        self.close()
        host, _, port = self.config.resource.rpartition(":")
        try:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
            self._socket.bind((host, int(port)))
        except (OSError, ValueError, OverflowError) as problem:
            self.close()
            raise self.error(f"cannot listen on {self.config.resource!r} ({problem})") from None

    def begin(self) -> None:
        """Forget what came before."""
        self._next.clear()
        while self.read():
            pass

    def close(self) -> None:
        """Close the port."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def fileno(self) -> int:
        """Return the port's descriptor."""
        assert self._socket is not None
        return self._socket.fileno()

    def read(self) -> bytes:
        """Return the next datagram. Raises InstrumentError when the network interface fails."""
        assert self._socket is not None
        try:
            datagram, ancillary, _, sender = self._socket.recvmsg(DATAGRAM, 64)
        except BlockingIOError:
            return b""
        except OSError as problem:
            raise self.error(f"lost ({problem}); look at the network") from None
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL):
                self._overflow(int.from_bytes(value[:4], "little"))
        self._sender = sender[0]
        return datagram or b"\0"

    def _overflow(self, count: int) -> None:
        if self._overflowed is not None and count > self._overflowed:
            self.lose(count - self._overflowed, "the kernel had no room for datagrams")
        self._overflowed = count

    def parse(self, chunk: bytes) -> list[Heard]:
        """Return the frame of the datagram that was read last."""
        if self.config.sender and self._sender != self.config.sender:
            return []
        numbered = Datagram.numbered(chunk)
        if numbered is not None:
            self._count(*numbered)
        try:
            datagram = Datagram.parse(chunk)
        except HanError:
            return self._broken(chunk)
        if datagram is None:
            return []
        if self.config.channel not in (None, datagram.channel):
            return []
        time = datagram.time
        device_us = None if time is None else (time * 1_000_000 >> 32) - NTP_TO_UNIX * 1_000_000
        if self.config.mode == "crc-in-mode":
            psdu, rssi, lqi = spoiled(datagram.psdu) if datagram.mode else datagram.psdu, None, datagram.lqi
        else:
            psdu, rssi, lqi = datagram.frame()
        return [Heard(device_us, psdu, True, rssi, lqi, datagram.channel, 0)]

    def _broken(self, chunk: bytes) -> list[Heard]:
        self.lose(1, f"received a datagram of {len(chunk)} octets that is not ZEP: {chunk[:16].hex(' ')}")
        return []

    def _count(self, device: int, number: int) -> None:
        key = self._sender, device
        due = self._next.get(key, number)
        if due < number <= due + BEHIND:
            self.lose(number - due, f"{number - due} datagrams of {self._sender} never came")
        if number >= due or due - number > BEHIND:
            self._next[key] = number + 1
