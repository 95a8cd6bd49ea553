"""ZigBee NWK frames (ZigBee PRO 3.3.1). Read and written to the octet."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from bench.han.aux_header import AuxHeader
from bench.han.errors import HanError
from bench.han.octets import Octets

BROADCAST_ALL = 0xFFFF
BROADCAST_RX_ON = 0xFFFD
BROADCAST_ROUTERS = 0xFFFC
COORDINATOR = 0x0000
UNASSIGNED = 0xFFFE


class NwkType(IntEnum):
    """Frame types (ZigBee PRO 3.3.1.1.1)."""

    DATA = 0
    COMMAND = 1
    RESERVED = 2
    INTER_PAN = 3


@dataclass(frozen=True, slots=True)
class NwkFrame:
    """One NWK frame. With `security` set, `payload` is ciphertext and MIC; security.secure_nwk and decrypt_nwk convert.

    An inter-PAN frame (type 3) is a stub: the frame control field and the payload, all other fields at their defaults.
    """

    type: NwkType
    dst: int = 0
    src: int = 0
    radius: int = 0
    sequence: int = 0
    payload: bytes = b""
    dst_eui: bytes | None = None
    src_eui: bytes | None = None
    version: int = 2
    discover_route: int = 0  #: 0 suppress, 1 enable
    multicast: int | None = None  #: multicast control octet
    relays: tuple[int, ...] | None = None  #: source route; None: no source route subframe
    relay_index: int = 0
    end_device_initiator: bool = False
    reserved: int = 0  #: frame control bits 14-15 as received, in place
    security: AuxHeader | None = None

    @classmethod
    def data(
        cls,
        dst: int,
        src: int,
        sequence: int,
        payload: bytes,
        *,
        src_eui: bytes | None = None,
        dst_eui: bytes | None = None,
        radius: int = 30,
        relays: tuple[int, ...] | None = None,
        discover_route: int = 0,
    ) -> Self:
        """Return an unsecured data frame that carries an APS frame."""
        return cls(
            NwkType.DATA,
            dst,
            src,
            radius,
            sequence,
            payload,
            dst_eui,
            src_eui,
            discover_route=discover_route,
            relays=relays,
        )

    @classmethod
    def command(
        cls,
        dst: int,
        src: int,
        sequence: int,
        payload: bytes,
        *,
        src_eui: bytes | None = None,
        dst_eui: bytes | None = None,
        radius: int = 1,
    ) -> Self:
        """Return an unsecured command frame; `payload` is `NwkCommand.octets()`."""
        return cls(NwkType.COMMAND, dst, src, radius, sequence, payload, dst_eui, src_eui)

    @property
    def control(self) -> int:
        """Frame control field (ZigBee PRO 3.3.1.1)."""
        return (
            self.type
            | self.version << 2
            | self.discover_route << 6
            | (self.multicast is not None) << 8
            | (self.security is not None) << 9
            | (self.relays is not None) << 10
            | (self.dst_eui is not None) << 11
            | (self.src_eui is not None) << 12
            | self.end_device_initiator << 13
            | self.reserved
        )

    @property
    def header(self) -> bytes:
        """The header without the aux header: the first part of the authenticated data."""
        control = self.control.to_bytes(2, "little")
        if self.type is NwkType.INTER_PAN:
            return control
        try:
            parts = [
                control,
                self.dst.to_bytes(2, "little"),
                self.src.to_bytes(2, "little"),
                bytes((self.radius, self.sequence)),
            ]
        except (OverflowError, ValueError) as fault:
            raise HanError("NWK", None, f"a header field does not fit: {fault}") from None
        if self.dst_eui is not None:
            parts.append(self.dst_eui[::-1])
        if self.src_eui is not None:
            parts.append(self.src_eui[::-1])
        if self.multicast is not None:
            parts.append(bytes((self.multicast,)))
        if self.relays is not None:
            parts.append(bytes((len(self.relays), self.relay_index)))
            parts.extend(relay.to_bytes(2, "little") for relay in self.relays)
        return b"".join(parts)

    def __bytes__(self) -> bytes:
        return self.header + (bytes(self.security) if self.security is not None else b"") + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a NWK frame (the payload of a MAC data frame); HanError."""
        octets = Octets(data, "NWK")
        control = octets.uint(2, "frame control")
        kind = NwkType(control & 3)
        if kind is NwkType.RESERVED:
            raise octets.error("frame type 2 is reserved", 0)
        if kind is NwkType.INTER_PAN:
            return cls._stub(octets, control)
        dst = octets.uint(2, "destination")
        src = octets.uint(2, "source")
        radius = octets.uint(1, "radius")
        sequence = octets.uint(1, "sequence number")
        dst_eui = octets.eui("destination EUI") if control & 0x800 else None
        src_eui = octets.eui("source EUI") if control & 0x1000 else None
        multicast = octets.uint(1, "multicast control") if control & 0x100 else None
        relays, relay_index = None, 0
        if control & 0x400:
            count = octets.uint(1, "relay count")
            relay_index = octets.uint(1, "relay index")
            relays = tuple(octets.uint(2, "relay") for _ in range(count))
        security = AuxHeader.read(octets) if control & 0x200 else None
        return cls(
            kind,
            dst,
            src,
            radius,
            sequence,
            octets.rest(),
            dst_eui,
            src_eui,
            control >> 2 & 0xF,
            control >> 6 & 3,
            multicast,
            relays,
            relay_index,
            bool(control & 0x2000),
            control & 0xC000,
            security,
        )

    @classmethod
    def _stub(cls, octets: Octets, control: int) -> Self:
        if control & 0x3F00:
            raise octets.error(f"inter-PAN frame control {control:04X} announces fields a stub has not", 1)
        return cls(
            NwkType.INTER_PAN,
            payload=octets.rest(),
            version=control >> 2 & 0xF,
            discover_route=control >> 6 & 3,
            reserved=control & 0xC000,
        )
