"""GBZ payloads: ZigBee cluster library frames under one header (GBCS 7.2.10).

Outer fields are big-endian; the ZCL payload inside stays as the octets ZigBee gives, little-endian.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from bench.gbcs.errors import GbcsError

PROFILE = 0x0109  #: ZigBee Smart Energy
LAST, ENCRYPTED, FROM_DATE_TIME = 0x01, 0x02, 0x10
_MANUFACTURER_SPECIFIC = 0x04
_PLAIN = struct.Struct(">BHHBBB").pack
_READ_PLAIN = struct.Struct(">BHHBBB").unpack_from


@dataclass(frozen=True, slots=True)
class GbzComponent:
    """One ZCL command with its GBZ component header."""

    control: int  #: bit 0 last component, bit 1 encrypted, bit 4 From Date Time present
    cluster: int
    frame_control: int  #: ZCL frame control
    tsn: int  #: ZCL transaction sequence number
    command: int  #: ZCL command
    payload: bytes = b""  #: ZCL payload, or ``31 00000000 || ciphertext || tag`` if encrypted
    from_date_time: int | None = None  #: ZigBee UTC seconds; present with control bit 4
    additional_control: int = 0  #: present with control bit 1
    frame_counter: int = 0  #: 0, 1, 2... counts the encrypted components of a message; present with control bit 1
    manufacturer: int | None = None  #: manufacturer code, with ZCL frame control bit 2

    @property
    def encrypted(self) -> bool:
        """Whether the ZCL payload is encrypted."""
        return bool(self.control & ENCRYPTED)

    @property
    def ciphered(self) -> bytes | None:
        """The encrypted ZCL payload, None if it is plain."""
        return self.payload if self.encrypted else None

    @property
    def to_server(self) -> bool:
        """Whether the command goes from client to server (frame control bit 3 clear)."""
        return not self.frame_control & 0x08

    @property
    def profile_wide(self) -> bool:
        """Whether it is a general ZCL command rather than one of the cluster."""
        return not self.frame_control & 0x03

    def __bytes__(self) -> bytes:
        if not self.control & ~LAST and self.from_date_time is None and not self.frame_control & _MANUFACTURER_SPECIFIC:
            size = len(self.payload) + 3
            try:
                head = _PLAIN(self.control, self.cluster, size, self.frame_control, self.tsn, self.command)
            except struct.error:
                raise GbcsError(f"a field or the {size} octets of a component do not fit") from None
            return head + self.payload
        parts = []
        if self.control & FROM_DATE_TIME:
            if self.from_date_time is None:
                raise GbcsError("control bit 4 without From Date Time")
            parts.append(self.from_date_time.to_bytes(4, "big"))
        elif self.from_date_time is not None:
            raise GbcsError("From Date Time without control bit 4")
        if self.encrypted:
            parts.append(bytes((self.additional_control, self.frame_counter)))
        parts.append(bytes((self.frame_control,)))
        if self.frame_control & _MANUFACTURER_SPECIFIC:
            parts.append((self.manufacturer or 0).to_bytes(2, "little"))
        parts.append(bytes((self.tsn, self.command)))
        if self.encrypted:
            parts.append(len(self.payload).to_bytes(2, "big"))
        rest = b"".join((*parts, self.payload))
        if len(rest) > 0xFFFF:
            raise GbcsError(f"component of {len(rest)} octets does not fit")
        return bytes((self.control,)) + self.cluster.to_bytes(2, "big") + len(rest).to_bytes(2, "big") + rest

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Self, int]:
        """Read the component at `offset`; also the offset after it."""
        if offset + 5 > len(data):
            raise GbcsError("data end inside a GBZ component header", offset)
        control = data[offset]
        if not control & ~LAST and offset + 8 <= len(data) and not data[offset + 5] & _MANUFACTURER_SPECIFIC:
            _, cluster, size, frame_control, tsn, command = _READ_PLAIN(data, offset)
            end = offset + 5 + size
            if size >= 3 and end <= len(data):
                return cls(control, cluster, frame_control, tsn, command, data[offset + 8 : end]), end
        if control & ~(LAST | ENCRYPTED | FROM_DATE_TIME):
            raise GbcsError(f"GBZ control {control:02X} has bits other than 13", offset)
        cluster = int.from_bytes(data[offset + 1 : offset + 3], "big")
        at = offset + 5
        end = at + int.from_bytes(data[offset + 3 : at], "big")
        if end > len(data):
            raise GbcsError(f"GBZ component of {end - at} octets runs past the end", offset + 3)
        start = at
        at += 4 * bool(control & FROM_DATE_TIME) + 2 * bool(control & ENCRYPTED)
        if at + 3 > end:
            raise GbcsError("GBZ component ends inside its ZCL header", offset)
        frame_control = data[at]
        manufacturer = None
        if frame_control & _MANUFACTURER_SPECIFIC:
            manufacturer = int.from_bytes(data[at + 1 : at + 3], "little")
            at += 2
        payload_at = at + 3 + 2 * bool(control & ENCRYPTED)
        if payload_at > end:
            raise GbcsError("GBZ component ends inside its ZCL header", offset)
        if control & ENCRYPTED and int.from_bytes(data[at + 3 : payload_at], "big") != end - payload_at:
            raise GbcsError("length of the ciphered information differs from the component", at + 3)
        dated = bool(control & FROM_DATE_TIME)
        return cls(
            control,
            cluster,
            frame_control,
            data[payload_at - (2 if control & ENCRYPTED else 0) - 2],
            data[payload_at - (2 if control & ENCRYPTED else 0) - 1],
            data[payload_at:end],
            int.from_bytes(data[start : start + 4], "big") if dated else None,
            data[start + 4 * dated] if control & ENCRYPTED else 0,
            data[start + 4 * dated + 1] if control & ENCRYPTED else 0,
            manufacturer,
        ), end


@dataclass(frozen=True, slots=True)
class Gbz:
    """GBZ payload of a command or response."""

    profile: int = PROFILE
    components: Sequence[GbzComponent] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a whole GBZ payload. Raises GbcsError."""
        if len(data) < 3:
            raise GbcsError("data end inside the GBZ header", len(data))
        components = []
        at = 3
        for number in range(data[2]):
            component, after = GbzComponent.read(data, at)
            if bool(component.control & LAST) != (number == data[2] - 1):
                raise GbcsError(f"last-component bit wrong in component {number + 1} of {data[2]}", at)
            components.append(component)
            at = after
        if at != len(data):
            raise GbcsError(f"{len(data) - at} octets after the last GBZ component", at)
        return cls(int.from_bytes(data[:2], "big"), components)

    def __bytes__(self) -> bytes:
        if len(self.components) > 0xFF:
            raise GbcsError(f"{len(self.components)} GBZ components do not fit one octet")
        head = self.profile.to_bytes(2, "big") + bytes((len(self.components),))
        return head + b"".join([component.__bytes__() for component in self.components])


@dataclass(frozen=True, slots=True)
class GbzAlert:
    """GBZ payload of an alert."""

    alert_code: int
    timestamp: int  #: ZigBee UTC seconds
    content: bytes = b""  #: what the use case adds
    count: int | None = None  #: component count on the wire; None: 1 with content, 0 without
    profile: int = PROFILE

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a whole GBZ alert. Raises GbcsError."""
        if len(data) < 9:
            raise GbcsError("data end inside the GBZ alert header", len(data))
        content = data[9:]
        count = None if data[2] == (1 if content else 0) else data[2]
        code, seconds = int.from_bytes(data[3:5], "big"), int.from_bytes(data[5:9], "big")
        return cls(code, seconds, content, count, int.from_bytes(data[:2], "big"))

    def __bytes__(self) -> bytes:
        count = (1 if self.content else 0) if self.count is None else self.count
        head = self.profile.to_bytes(2, "big") + bytes((count,)) + self.alert_code.to_bytes(2, "big")
        return head + self.timestamp.to_bytes(4, "big") + self.content

    @property
    def components(self) -> list[GbzComponent]:
        """Components in the content of an alert that carries some (GCS53). Raises GbcsError."""
        components = []
        at = 0
        while at < len(self.content):
            component, at = GbzComponent.read(self.content, at)
            components.append(component)
        return components
