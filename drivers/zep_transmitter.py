"""A radio that sends what it is told: PSDUs in ZEP version 2 datagrams to it, an acknowledgement back for each.

    > "EX" 2 1 | channel | device u16 | mode 1 | LQI 0 | NTP time 8 | sequence u32 | 10 reserved | length | PSDU
    < "EX" 2 2 | sequence u32                                                            (numbers big-endian)

The acknowledgement says that the frame has been on the air. Wireshark reads both. A transceiver with injection firmware
behind a small UDP server (KillerBee's `inject`, an IEEE 802.15.4 raw socket of Linux) makes such a radio.
"""

import contextlib
import socket
import struct
import time

from pydantic import Field

from bench.driver import Driver, DriverConfig
from bench.han.zep import ACK, ACK_OCTETS, DATA, MAGIC, V2
from drivers.zep import NTP_TO_UNIX

VERSION = 2
ACKNOWLEDGED = struct.Struct(">2sBBI")
OWN_FCS = 1  #: mode: the frame ends with its FCS
LARGEST = 64


class ZepTransmitterConfig(DriverConfig):
    """Where the transmitter listens ("address:port"), its channel, and how long to wait for its word (s)."""

    resource: str
    channel: int = Field(ge=11, le=26)
    device: int = Field(1, ge=0, le=0xFFFF)
    timeout_s: float = Field(2.0, gt=0, le=60)


class ZepTransmitter(Driver):
    """Sends frames, one at a time."""

    Config = ZepTransmitterConfig

    def __init__(self, name: str, config: ZepTransmitterConfig) -> None:
        super().__init__(name, config)
        self.config = config
        self._socket: socket.socket | None = None
        self._number = 0

    def open(self) -> None:
        """Set up the way to the transmitter. Raises InstrumentError; nothing is sent before a test does."""
        host, _, port = self.config.resource.rpartition(":")
        try:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.connect((host, int(port)))
        except (OSError, ValueError, OverflowError) as problem:
            self.close()
            raise self.error(f"cannot reach {self.config.resource!r} ({problem}); check the address") from None

    def close(self) -> None:
        """Let go of the port."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def transmit(self, psdu: bytes) -> None:
        """Send a PSDU (with FCS). Raises InstrumentError when the transmitter does not say that it was sent."""
        if self._socket is None:
            raise self.error("is not connected")
        if not 5 <= len(psdu) <= 127:
            raise self.error(f"a PSDU has 5 to 127 octets, not {len(psdu)}")
        self._number += 1
        self.sent(f"PSDU {self._number}: {psdu[:24].hex()}")
        try:
            self._forget_late()
            self._socket.send(datagram(self.config, psdu, self._number) + psdu)
            self._await(self._number)
        except TimeoutError:
            patience = f"{self.config.timeout_s:g} s"
            raise self.error(f"did not say within {patience} that frame {self._number} was sent") from None
        except OSError as problem:
            raise self.error(f"lost ({problem}); look at the network") from None

    def _forget_late(self) -> None:
        """Drop acknowledgements that came after their time."""
        assert self._socket is not None
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(LARGEST)

    def _await(self, number: int) -> None:
        assert self._socket is not None
        until = time.monotonic() + self.config.timeout_s
        while True:
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            reply = self._socket.recv(LARGEST)
            self.received(reply.hex())
            if len(reply) != ACK_OCTETS:
                raise self.error("sent what is no acknowledgement of ZEP", reply.hex())
            if ACKNOWLEDGED.unpack(reply) == (MAGIC, VERSION, ACK, number):
                return
            if time.monotonic() >= until:
                raise TimeoutError


def datagram(config: ZepTransmitterConfig, psdu: bytes, number: int) -> bytes:
    """Return the header of the datagram for a PSDU."""
    ntp = int((time.time() + NTP_TO_UNIX) * (1 << 32))
    return V2.pack(MAGIC, VERSION, DATA, config.channel, config.device, OWN_FCS, 0, ntp, number, len(psdu))
