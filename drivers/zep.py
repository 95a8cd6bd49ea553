"""ZigBee Encapsulation Protocol (UDP port 17754), versions 1, 2 and 3: frames from a sniffer on the network.

    1: "EX" 1 | channel | device u16 | mode | LQI | 7 reserved | length | PSDU
    2, 3: "EX" 2 | type (1 data, 2 ack) | channel | device u16 | mode | LQI | NTP time 8 | sequence u32 | 10 reserved
          | length | PSDU                                                          (numbers big-endian)

Mode 1: the frame ends with its FCS. Mode 0: with the RSSI and correlation octets of a CC24xx in its place. Datagrams
that never came show in the sequence numbers, and those the kernel had no room for in its own count.
"""

import socket
import struct
from typing import Literal

from pydantic import Field

from bench.capture.sniffer import Heard, Sniffer, Stamps
from bench.driver import DriverConfig
from bench.han.mac import fcs

PORT = 17754
MAGIC = b"EX"
V1, V2 = struct.Struct(">2sBBHBB7xB"), struct.Struct(">2sBBBHBBQI10xB")
ACK, DATA = 2, 1
ACK_OCTETS = 8
NTP_TO_UNIX = 2_208_988_800
RSSI_OFFSET, CRC_OK = 73, 0x80
DATAGRAM = 1 << 16
BUFFER = 1 << 22
SO_RXQ_OVFL = 40  #: Linux: how many datagrams the kernel had no room for
BEHIND = 1 << 16  #: a sequence number this far back is a late one; further, a sender that started anew


class ZepConfig(DriverConfig):
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
        version = chunk[2] if chunk[:2] == MAGIC and len(chunk) > 3 else 0
        if version in (2, 3) and chunk[3] == ACK and len(chunk) == ACK_OCTETS:
            return []
        if version == 1 and len(chunk) >= V1.size:
            _, _, channel, _, mode, lqi, length = V1.unpack_from(chunk)
            device_us, psdu = None, chunk[V1.size :]
        elif version in (2, 3) and chunk[3] == DATA and len(chunk) >= V2.size:
            _, _, _, channel, device, mode, lqi, time, number, length = V2.unpack_from(chunk)
            self._count(device, number)
            device_us = (time * 1_000_000 >> 32) - NTP_TO_UNIX * 1_000_000 if time else None
            psdu = chunk[V2.size :]
        else:
            return self._broken(chunk)
        if len(psdu) != length or not 5 <= length <= 127 or mode > 1:
            return self._broken(chunk)
        if self.config.channel not in (None, channel):
            return []
        rssi: int | None = None
        if self.config.mode == "crc-in-mode":
            psdu = psdu if not mode else _spoiled(psdu)
        elif mode == 0:
            rssi = int.from_bytes(psdu[-2:-1], "little", signed=True) - RSSI_OFFSET
            good, lqi = psdu[-1] & CRC_OK, psdu[-1] & 0x7F
            right = psdu[:-2] + fcs(psdu[:-2]).to_bytes(2, "little")
            psdu = right if good else _spoiled(right)
        return [Heard(device_us, psdu, True, rssi, lqi, channel, 0)]

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


def _spoiled(psdu: bytes) -> bytes:
    """Return a PSDU whose FCS is wrong for certain: what a sniffer calls bad must not pass for good."""
    return psdu[:-2] + (fcs(psdu[:-2]) ^ 0xFFFF).to_bytes(2, "little")
