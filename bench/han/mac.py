"""IEEE 802.15.4 MAC frames and the frame check sequence (IEEE 802.15.4-2020 7.2, 7.3).

Both directions: `MacFrame.parse(psdu)` and `bytes(frame)` are inverse to the octet. An address is None (absent), an int
(short address) or 8 octets in written order (EUI-64).
"""

import binascii
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

from bench.han.errors import HanError
from bench.han.ie import HeaderIe, PayloadIe, read_header_ies, read_payload_ies
from bench.han.octets import Octets

_TYPES = {4: "reserved", 5: "multipurpose", 6: "fragment", 7: "extended"}
MAX_PSDU = 127
BROADCAST = 0xFFFF

_MIRROR = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))

Address = int | bytes | None


def fcs(data: bytes) -> int:
    """Return the frame check sequence: CRC-16/KERMIT, sent low octet first (IEEE 802.15.4-2020 7.2.11)."""
    mirrored = binascii.crc_hqx(data.translate(_MIRROR), 0)
    return _MIRROR[mirrored >> 8] | _MIRROR[mirrored & 0xFF] << 8


def with_fcs(data: bytes) -> bytes:
    """Return the octets followed by their frame check sequence."""
    return data + fcs(data).to_bytes(2, "little")


class MacType(IntEnum):
    """Frame types that ZigBee uses (IEEE 802.15.4-2020 7.2.2.2)."""

    BEACON = 0
    DATA = 1
    ACK = 2
    COMMAND = 3


@dataclass(frozen=True, slots=True)
class MacFrame:
    """One MAC frame (IEEE 802.15.4-2020 7.2). `fcs` is None when the octets carried none."""

    type: MacType
    sequence: int | None = None  #: None: suppressed (2015 frames only)
    dst_pan: int | None = None  #: None: absent on air
    dst: Address = None
    src_pan: int | None = None  #: None: absent on air (see `pan`)
    src: Address = None
    payload: bytes = b""  #: after the header and its information elements, without FCS
    pending: bool = False
    ack_request: bool = False
    pan_compression: bool = False
    version: int = 0  #: 0: 2003, 1: 2006, 2: 2015
    reserved: int = 0  #: frame control bits 7-9 (bit 7 only in 2015 frames) as received, in place
    security: bytes | None = None  #: auxiliary security header as received; ZigBee does not use it
    header_ies: tuple[HeaderIe, ...] | None = None  #: None: no IE bit (2015 frames only)
    payload_ies: tuple[PayloadIe, ...] = ()
    fcs: int | None = None

    @classmethod
    def data(
        cls, pan: int, dst: Address, src: Address, sequence: int, payload: bytes, *, pending: bool = False
    ) -> Self:
        """Return an intra-PAN data frame; the acknowledgement is requested unless it is a broadcast."""
        return cls(
            MacType.DATA,
            sequence,
            pan,
            dst,
            None,
            src,
            payload,
            pending,
            ack_request=dst != BROADCAST,
            pan_compression=True,
        )

    @classmethod
    def ack(cls, sequence: int, *, pending: bool = False) -> Self:
        """Return an acknowledgement."""
        return cls(MacType.ACK, sequence, pending=pending)

    @property
    def pan(self) -> int | None:
        """PAN identifier of the source: the destination's when compressed."""
        return self.dst_pan if self.src_pan is None else self.src_pan

    @property
    def fcs_ok(self) -> bool | None:
        """Whether the received FCS matches the octets; None when none was received."""
        return None if self.fcs is None else self.fcs == fcs(self.without_fcs())

    @property
    def control(self) -> int:
        """Frame control field (IEEE 802.15.4-2020 7.2.2)."""
        return (
            self.type
            | (self.security is not None) << 3
            | self.pending << 4
            | self.ack_request << 5
            | self.pan_compression << 6
            | self.reserved
            | (self.version == 2 and self.sequence is None) << 8
            | (self.header_ies is not None) << 9
            | _mode(self.dst) << 10
            | self.version << 12
            | _mode(self.src) << 14
        )

    def without_fcs(self) -> bytes:
        """Return the octets of the frame without FCS."""
        parts = [self.control.to_bytes(2, "little")]
        if self.sequence is not None:
            parts.append(bytes((self.sequence,)))
        for pan, address in ((self.dst_pan, self.dst), (self.src_pan, self.src)):
            if pan is not None:
                parts.append(pan.to_bytes(2, "little"))
            parts.append(_address_octets(address))
        parts.append(self.security or b"")
        parts.extend(map(bytes, self.header_ies or ()))
        parts.extend(map(bytes, self.payload_ies))
        parts.append(self.payload)
        return b"".join(parts)

    def __bytes__(self) -> bytes:
        body = self.without_fcs()
        return body if self.fcs is None else body + self.fcs.to_bytes(2, "little")

    def psdu(self) -> bytes:
        """Return the octets with a freshly computed FCS; HanError when they exceed 127 octets."""
        body = with_fcs(self.without_fcs())
        if len(body) > MAX_PSDU:
            raise HanError("MAC", None, f"{len(body)} octets, a PSDU has at most {MAX_PSDU}")
        return body

    def numbered(self, sequence: int) -> Self:
        """Return the frame under another sequence number: as `replace` does it, in a fifth of the time."""
        return type(self)(
            self.type,
            sequence,
            self.dst_pan,
            self.dst,
            self.src_pan,
            self.src,
            self.payload,
            self.pending,
            self.ack_request,
            self.pan_compression,
            self.version,
            self.reserved,
            self.security,
            self.header_ies,
            self.payload_ies,
            self.fcs,
        )

    def sealed(self) -> Self:
        """Return the frame with its FCS computed."""
        return replace(self, fcs=fcs(self.without_fcs()))

    @classmethod
    def parse(cls, psdu: bytes, *, fcs: bool = True) -> Self:
        """Read a PSDU; `fcs` says whether its last two octets are the frame check sequence. Raises HanError.

        A wrong FCS is not an error here: see `fcs_ok`.
        """
        check = None
        if fcs:
            if len(psdu) < 4:
                raise HanError("MAC", 0, f"{len(psdu)} octets are too few for a frame with FCS")
            check = int.from_bytes(psdu[-2:], "little")
            psdu = psdu[:-2]
        octets = Octets(psdu, "MAC")
        control = octets.uint(2, "frame control")
        if control & 7 > 3:
            raise octets.error(f"{_TYPES[control & 7]} frame (type {control & 7}) is not used by ZigBee", 0)
        version = control >> 12 & 3
        if version == 3:
            raise octets.error("frame version 3 is reserved", 1)
        modes = control >> 10 & 3, control >> 14
        if 1 in modes:
            raise octets.error("address mode 1 is reserved", 1)
        new = version == 2
        sequence = None if new and control & 0x100 else octets.uint(1, "sequence number")
        dst_pan_present, src_pan_present = _pans(modes[0], modes[1], bool(control & 0x40), new=new)
        dst_pan = octets.uint(2, "destination PAN") if dst_pan_present else None
        dst = _read_address(octets, modes[0], "destination")
        src_pan = octets.uint(2, "source PAN") if src_pan_present else None
        src = _read_address(octets, modes[1], "source")
        security = _read_security(octets) if control & 8 else None
        header_ies = None
        payload_ies: tuple[PayloadIe, ...] = ()
        if new and control & 0x200:
            header_ies, more = read_header_ies(octets)
            if more:
                payload_ies = read_payload_ies(octets)
        return cls(
            MacType(control & 7),
            sequence,
            dst_pan,
            dst,
            src_pan,
            src,
            octets.rest(),
            bool(control & 0x10),
            bool(control & 0x20),
            bool(control & 0x40),
            version,
            control & (0x80 if new else 0x380),
            security,
            header_ies,
            payload_ies,
            check,
        )


def _pans(dst: int, src: int, compression: bool, *, new: bool) -> tuple[bool, bool]:
    """Which PAN identifiers are on air for these address modes (IEEE 802.15.4-2020 7.2.2.6, table 7-2)."""
    if not new:
        return dst != 0, src != 0 and not compression
    if dst and src:
        if dst == src == 3:
            return not compression, False
        return True, not compression
    if dst:
        return not compression, False
    if src:
        return False, not compression
    return compression, False


def _mode(address: Address) -> int:
    return 0 if address is None else 2 if isinstance(address, int) else 3


def _address_octets(address: Address) -> bytes:
    if address is None:
        return b""
    return address.to_bytes(2, "little") if isinstance(address, int) else bytes(address)[::-1]


def _read_address(octets: Octets, mode: int, what: str) -> Address:
    if mode == 0:
        return None
    return octets.uint(2, f"{what} address") if mode == 2 else octets.eui(f"{what} EUI")


def _read_security(octets: Octets) -> bytes:
    """Return the auxiliary security header as it stands (IEEE 802.15.4-2020 9.4)."""
    start = octets.offset
    control = octets.uint(1, "security control")
    if not control & 0x20:
        octets.take(4, "frame counter")
    octets.take((0, 1, 5, 9)[control >> 3 & 3], "key identifier")
    return octets.data[start : octets.offset]
