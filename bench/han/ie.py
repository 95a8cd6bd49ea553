"""Information elements of 2015 frames and the ZigBee ones inside them (IEEE 802.15.4-2020 7.4; ZigBee PRO annex D)."""

from dataclasses import dataclass
from typing import Self

from bench.han.errors import HanError
from bench.han.octets import Octets

HEADER_TERMINATION_1 = 0x7E  #: payload IEs follow
HEADER_TERMINATION_2 = 0x7F  #: the payload follows
VENDOR = 2  #: payload IE group of vendors
TERMINATION = 0xF  #: payload IE group that ends the list
EXTENDED_BEACON = 2  #: ZigBee element of enhanced beacons
ZIGBEE_OUI = b"\x1b\x19\x4a"


@dataclass(frozen=True, slots=True)
class HeaderIe:
    """Header information element: element id 0..255 and content of up to 127 octets."""

    id: int
    content: bytes = b""

    def __bytes__(self) -> bytes:
        if len(self.content) > 0x7F:
            raise HanError("MAC", None, "a header IE has at most 127 octets")
        return (len(self.content) | self.id << 7).to_bytes(2, "little") + self.content


@dataclass(frozen=True, slots=True)
class PayloadIe:
    """Payload information element: group 0..15 and content of up to 2047 octets."""

    group: int
    content: bytes = b""

    def __bytes__(self) -> bytes:
        return (len(self.content) | self.group << 11 | 0x8000).to_bytes(2, "little") + self.content

    @classmethod
    def zigbee(cls, *ies: "ZigbeeIe") -> Self:
        """Return the vendor element that holds ZigBee elements."""
        return cls(VENDOR, ZIGBEE_OUI + b"".join(map(bytes, ies)))

    def zigbee_ies(self) -> "tuple[ZigbeeIe, ...]":
        """Return the ZigBee elements inside, none when this is not ZigBee's vendor element. Raises HanError."""
        if self.group != VENDOR or self.content[:3] != ZIGBEE_OUI:
            return ()
        octets = Octets(self.content, "ZigBee IE", 3)
        found = []
        while len(octets):
            head = octets.uint(2, "element header")
            found.append(ZigbeeIe(head >> 6, octets.take(head & 0x3F, "element content")))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ZigbeeIe:
    """ZigBee element: id 0 rejoin (EPID, short), 1 transmit power (i8 dBm), 2 extended beacon payload."""

    id: int
    content: bytes = b""

    def __bytes__(self) -> bytes:
        return (len(self.content) | self.id << 6).to_bytes(2, "little") + self.content


def read_header_ies(octets: Octets) -> tuple[tuple[HeaderIe, ...], bool]:
    """Read header IEs to their termination or the end; the flag says that payload IEs follow."""
    found: list[HeaderIe] = []
    while len(octets) >= 2:
        head = octets.uint(2, "header IE")
        if head & 0x8000:
            raise octets.error("payload IE among header IEs", octets.offset - 2)
        element = HeaderIe(head >> 7 & 0xFF, octets.take(head & 0x7F, "header IE content"))
        found.append(element)
        if element.id in (HEADER_TERMINATION_1, HEADER_TERMINATION_2):
            return tuple(found), element.id == HEADER_TERMINATION_1
    return tuple(found), False


def read_payload_ies(octets: Octets) -> tuple[PayloadIe, ...]:
    """Read payload IEs to the termination element, to octets that are not one, or to the end."""
    found: list[PayloadIe] = []
    while len(octets) >= 2 and octets.data[octets.offset + 1] & 0x80:
        head = octets.uint(2, "payload IE")
        element = PayloadIe(head >> 11 & 0xF, octets.take(head & 0x7FF, "payload IE content"))
        found.append(element)
        if element.group == TERMINATION:
            break
    return tuple(found)
