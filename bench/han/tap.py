"""The IEEE 802.15.4 TAP header of link type 283: what a sniffer knows about a frame beside its octets."""

import struct
from dataclasses import dataclass
from typing import Self

from bench.han.octets import Octets

LINKTYPE_FCS = 195  #: PSDU with FCS
LINKTYPE_NO_FCS = 230  #: PSDU without FCS
LINKTYPE_NON_ASK = 215  #: preamble (4 octets), SFD, length, then the PSDU with FCS
LINKTYPE_TAP = 283  #: TAP header and PSDU

NON_ASK_HEADER = 6  #: octets in front of the PSDU with link type 215

FCS_TYPE, RSS, BIT_RATE, CHANNEL, SUN_PHY, LQI, CENTRE_FREQUENCY = 0, 1, 2, 3, 4, 10, 11
FCS_NONE, FCS_CRC16 = 0, 1
SUN_PHY_GB = (SUN_PHY, bytes((4, 1, 7)))  #: 863 MHz band, FSK-B, 100 kbit/s with 200 kHz spacing


@dataclass(frozen=True, slots=True)
class Tap:
    """TAP header: its type-length-value fields in order."""

    fields: tuple[tuple[int, bytes], ...]

    @classmethod
    def of(
        cls,
        *,
        fcs: bool,
        rssi: float | None = None,
        channel: int | None = None,
        page: int = 0,
        lqi: int | None = None,
        others: tuple[tuple[int, bytes], ...] = (),
    ) -> Self:
        """Return a header; `rssi` in dBm, `lqi` 0..255; the FCS type is always stated."""
        fields = [(FCS_TYPE, bytes((FCS_CRC16 if fcs else FCS_NONE,)))]
        if rssi is not None:
            fields.append((RSS, struct.pack("<f", rssi)))
        if channel is not None:
            fields.append((CHANNEL, struct.pack("<HB", channel, page)))
        if lqi is not None:
            fields.append((LQI, bytes((lqi,))))
        return cls((*fields, *others))

    @property
    def fcs_type(self) -> int | None:
        """0 no FCS, 1 CRC-16, 2 CRC-32; None when not stated."""
        value = self._value(FCS_TYPE, 1)
        return None if value is None else value[0]

    @property
    def rssi(self) -> float | None:
        """Received signal strength in dBm."""
        value = self._value(RSS, 4)
        return None if value is None else float(struct.unpack("<f", value)[0])

    @property
    def channel(self) -> int | None:
        """Channel number."""
        value = self._value(CHANNEL, 3)
        return None if value is None else int.from_bytes(value[:2], "little")

    @property
    def page(self) -> int | None:
        """Channel page."""
        value = self._value(CHANNEL, 3)
        return None if value is None else value[2]

    @property
    def lqi(self) -> int | None:
        """Link quality indicator."""
        value = self._value(LQI, 1)
        return None if value is None else value[0]

    def _value(self, kind: int, length: int) -> bytes | None:
        return next((value for code, value in self.fields if code == kind and len(value) == length), None)

    def __bytes__(self) -> bytes:
        body = b"".join(
            struct.pack("<HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in self.fields
        )
        return struct.pack("<BBH", 0, 0, len(body) + 4) + body

    @classmethod
    def parse(cls, data: bytes) -> tuple[Self, bytes]:
        """Read the header in front of a PSDU; return both. Raises HanError."""
        octets = Octets(data, "TAP")
        version = octets.uint(1, "version")
        if version != 0:
            raise octets.error(f"version {version}, expected 0", 0)
        octets.take(1, "reserved octet")
        length = octets.uint(2, "length")
        if length < 4 or length > len(data):
            raise octets.error(f"header length {length} with {len(data)} octets of data", 2)
        head = Octets(data[:length], "TAP", 4)
        fields = []
        while len(head):
            kind, size = head.uint(2, "field type"), head.uint(2, "field length")
            fields.append((kind, head.take(size, "field value")))
            head.take(min(-size % 4, len(head)), "padding")
        return cls(tuple(fields)), data[length:]
