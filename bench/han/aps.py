"""ZigBee APS frames, with the extended header of fragments (ZigBee PRO 2.2.5). Read and written to the octet."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from bench.han.aux_header import AuxHeader
from bench.han.octets import Octets

PROFILE_ZDO = 0x0000
PROFILE_SMART_ENERGY = 0x0109
BROADCAST_ENDPOINT = 0xFF


class ApsType(IntEnum):
    """Frame types (ZigBee PRO 2.2.5.1.1.1)."""

    DATA = 0
    COMMAND = 1
    ACK = 2
    INTER_PAN = 3


class Delivery(IntEnum):
    """Delivery modes (ZigBee PRO 2.2.5.1.1.2)."""

    UNICAST = 0
    INDIRECT = 1
    BROADCAST = 2
    GROUP = 3


@dataclass(frozen=True, slots=True)
class Extended:
    """The extended header (ZigBee PRO 2.2.5.1.8)."""

    fragmentation: int  #: 0 none, 1 first, 2 later, as received with its upper bits
    block: int | None = None  #: first: number of blocks; later: index; ack: window base; None without fragmentation
    received: int | None = None  #: in acks: bit i says that block base + i has arrived

    @property
    def first(self) -> bool:
        """Whether this is the first block."""
        return self.fragmentation & 3 == 1

    def __bytes__(self) -> bytes:
        return bytes(octet for octet in (self.fragmentation, self.block, self.received) if octet is not None)


@dataclass(frozen=True, slots=True)
class ApsFrame:
    """One APS frame. With `security` set, `payload` is ciphertext and MIC; security.secure_aps and decrypt_aps convert.

    Fields that a type has not (endpoints of a command, cluster of an ack of a command) are None.
    """

    type: ApsType
    counter: int | None  #: None in inter-PAN frames, which have none
    payload: bytes = b""
    dst_endpoint: int | None = None
    cluster: int | None = None
    profile: int | None = None
    src_endpoint: int | None = None
    group: int | None = None
    delivery: Delivery = Delivery.UNICAST
    ack_format: bool = False  #: in an ack: it acknowledges an APS command
    ack_request: bool = False
    extended: Extended | None = None
    security: AuxHeader | None = None

    @classmethod
    def data(
        cls,
        cluster: int,
        counter: int,
        payload: bytes,
        *,
        profile: int = PROFILE_SMART_ENERGY,
        src_endpoint: int = 1,
        dst_endpoint: int = 1,
        broadcast: bool = False,
        ack_request: bool = False,
    ) -> Self:
        """Return an unsecured data frame; `payload` is a ZCL or ZDO frame."""
        delivery = Delivery.BROADCAST if broadcast else Delivery.UNICAST
        return cls(
            ApsType.DATA,
            counter,
            payload,
            dst_endpoint,
            cluster,
            profile,
            src_endpoint,
            delivery=delivery,
            ack_request=ack_request,
        )

    @classmethod
    def command(cls, counter: int, payload: bytes, *, ack_request: bool = False) -> Self:
        """Return an unsecured command frame; `payload` is `ApsCommand.octets()`."""
        return cls(ApsType.COMMAND, counter, payload, ack_request=ack_request)

    def acknowledgement(self, *, received: int | None = None, base: int = 0) -> Self:
        """Return the ack of this frame: endpoints swapped; for a fragment the window base and the blocks received."""
        extended = None
        if self.extended is not None and self.extended.block is not None:
            extended = Extended(1 if base == 0 else 2, base, 1 if received is None else received)
        return type(self)(
            ApsType.ACK,
            self.counter,
            b"",
            self.src_endpoint,
            self.cluster,
            self.profile,
            self.dst_endpoint,
            ack_format=self.type is ApsType.COMMAND,
            extended=extended,
        )

    @property
    def control(self) -> int:
        """Frame control field (ZigBee PRO 2.2.5.1.1)."""
        return (
            self.type
            | self.delivery << 2
            | self.ack_format << 4
            | (self.security is not None) << 5
            | self.ack_request << 6
            | (self.extended is not None) << 7
        )

    @property
    def header(self) -> bytes:
        """The header with the extended header and without the aux header: first part of the authenticated data."""
        parts = [bytes((self.control,))]
        for value, length in (
            (self.dst_endpoint, 1),
            (self.group, 2),
            (self.cluster, 2),
            (self.profile, 2),
            (self.src_endpoint, 1),
            (self.counter, 1),
        ):
            if value is not None:
                parts.append(value.to_bytes(length, "little"))
        if self.extended is not None:
            parts.append(bytes(self.extended))
        return b"".join(parts)

    def __bytes__(self) -> bytes:
        return self.header + (bytes(self.security) if self.security is not None else b"") + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an APS frame (the plaintext payload of a NWK data or inter-PAN frame); HanError."""
        octets = Octets(data, "APS")
        return cls.read(octets)

    @classmethod
    def read(cls, octets: Octets) -> Self:
        """Read the APS frame at a cursor, to its end."""
        control = octets.uint(1, "frame control")
        kind, delivery = ApsType(control & 3), Delivery(control >> 2 & 3)
        addressed = kind is ApsType.DATA or (kind is ApsType.ACK and not control & 0x10)
        dst = group = cluster = profile = src = counter = None
        if (addressed or kind is ApsType.INTER_PAN) and delivery is Delivery.GROUP:
            group = octets.uint(2, "group")
        elif addressed:
            dst = octets.uint(1, "destination endpoint")
        if addressed or kind is ApsType.INTER_PAN:
            cluster = octets.uint(2, "cluster")
            profile = octets.uint(2, "profile")
        if addressed:
            src = octets.uint(1, "source endpoint")
        if kind is not ApsType.INTER_PAN:
            counter = octets.uint(1, "APS counter")
        extended = _read_extended(octets, kind) if control & 0x80 else None
        security = AuxHeader.read(octets) if control & 0x20 else None
        return cls(
            kind,
            counter,
            octets.rest(),
            dst,
            cluster,
            profile,
            src,
            group,
            delivery,
            bool(control & 0x10),
            bool(control & 0x40),
            extended,
            security,
        )


def _read_extended(octets: Octets, kind: ApsType) -> Extended:
    fragmentation = octets.uint(1, "extended frame control")
    if not fragmentation & 3:
        return Extended(fragmentation)
    block = octets.uint(1, "block number")
    return Extended(fragmentation, block, octets.uint(1, "ack bitfield") if kind is ApsType.ACK else None)
