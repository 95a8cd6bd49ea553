"""ZigBee Encapsulation Protocol, versions 1, 2 and 3: frames in UDP datagrams to port 17754.

    1: "EX" 1 | channel | device u16 | mode | LQI | 7 reserved | length | PSDU
    2, 3: "EX" 2 | type (1 data, 2 ack) | channel | device u16 | mode | LQI | NTP time 8 | sequence u32 | 10 reserved
          | length | PSDU                                                          (numbers big-endian)

Mode 1: the frame ends with its FCS. Mode 0: with the RSSI and correlation octets of a CC24xx in its place.
"""

import struct
from dataclasses import dataclass
from typing import Self

from bench.han.errors import HanError
from bench.han.mac import fcs

PORT = 17754
MAGIC = b"EX"
V1, V2 = struct.Struct(">2sBBHBB7xB"), struct.Struct(">2sBBBHBBQI10xB")
ACK, DATA = 2, 1
ACK_OCTETS = 8
RSSI_OFFSET, CRC_OK = 73, 0x80


@dataclass(frozen=True, slots=True)
class Datagram:
    """A frame as its sender told it."""

    channel: int
    device: int
    mode: int
    lqi: int
    psdu: bytes  #: as sent: see `frame`
    time: int | None = None  #: NTP, 32.32 bits since 1900

    @classmethod
    def parse(cls, octets: bytes) -> Self | None:
        """Read a datagram; None for an ack, which carries no frame. Raises HanError for what is no ZEP."""
        version = octets[2] if octets[:2] == MAGIC and len(octets) > 3 else 0
        if version in (2, 3) and octets[3] == ACK and len(octets) == ACK_OCTETS:
            return None
        if version == 1 and len(octets) >= V1.size:
            _, _, channel, device, mode, lqi, length = V1.unpack_from(octets)
            found = cls(channel, device, mode, lqi, octets[V1.size :])
        elif version in (2, 3) and octets[3] == DATA and len(octets) >= V2.size:
            _, _, _, channel, device, mode, lqi, time, _, length = V2.unpack_from(octets)
            found = cls(channel, device, mode, lqi, octets[V2.size :], time or None)
        else:
            raise HanError("ZEP", 0, f"{len(octets)} octets are no datagram of version 1, 2 or 3")
        if len(found.psdu) != length or not 5 <= length <= 127 or mode > 1:
            raise HanError("ZEP", None, f"frame of {len(found.psdu)} octets said to have {length}, mode {mode}")
        return found

    @staticmethod
    def numbered(octets: bytes) -> tuple[int, int] | None:
        """Return device and sequence number, which a datagram has whose frame may be damaged; None without them."""
        if len(octets) < V2.size or octets[:2] != MAGIC or octets[2] not in (2, 3) or octets[3] != DATA:
            return None
        _, _, _, _, device, _, _, _, number, _ = V2.unpack_from(octets)
        return device, number

    def frame(self) -> tuple[bytes, int | None, int]:
        """Return the PSDU with its FCS, RSSI in dBm and LQI; a frame that the sniffer called bad gets a bad FCS."""
        if self.mode:
            return self.psdu, None, self.lqi
        rssi = int.from_bytes(self.psdu[-2:-1], "little", signed=True) - RSSI_OFFSET
        right = self.psdu[:-2] + fcs(self.psdu[:-2]).to_bytes(2, "little")
        return right if self.psdu[-1] & CRC_OK else spoiled(right), rssi, self.psdu[-1] & 0x7F


def spoiled(psdu: bytes) -> bytes:
    """Return a PSDU whose FCS is wrong for certain: what a sniffer calls bad must not pass for good."""
    return psdu[:-2] + (fcs(psdu[:-2]) ^ 0xFFFF).to_bytes(2, "little")
