"""The auxiliary security header of NWK and APS frames (ZigBee PRO 4.5.1)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from bench.han.octets import Octets

LEVEL = 5  #: ENC-MIC-32, the level of every ZigBee network


class KeyId(IntEnum):
    """Which key protects the frame (ZigBee PRO table 4-31)."""

    DATA = 0  #: link key
    NETWORK = 1
    KEY_TRANSPORT = 2
    KEY_LOAD = 3


@dataclass(frozen=True, slots=True)
class AuxHeader:
    """Security control, frame counter, and what the control says is present."""

    key_id: KeyId
    counter: int  #: outgoing frame counter, u32
    source: bytes | None = None  #: EUI of the transmitter (NWK) or originator (APS) when the extended nonce bit is set
    key_sequence: int | None = None  #: with the network key only
    bits: int = 0  #: control bits 0-2 (level, 000 on air) and 6-7 as received

    @property
    def control(self) -> int:
        """Security control octet as on air."""
        return self.key_id << 3 | (self.source is not None) << 5 | self.bits

    @property
    def patched_control(self) -> int:
        """Security control octet with the level in it, as nonce and authenticated data use it."""
        return self.control & 0xF8 | LEVEL

    def __bytes__(self) -> bytes:
        return self._octets(self.control)

    def patched(self) -> bytes:
        """Return the header with the level in its control octet."""
        return self._octets(self.patched_control)

    def nonce(self, eui: bytes) -> bytes:
        """Return the 13-octet CCM* nonce for the given originator (ZigBee PRO 4.5.2.2)."""
        return eui[::-1] + self.counter.to_bytes(4, "little") + bytes((self.patched_control,))

    def _octets(self, control: int) -> bytes:
        return (
            bytes((control,))
            + self.counter.to_bytes(4, "little")
            + (self.source[::-1] if self.source is not None else b"")
            + (bytes((self.key_sequence,)) if self.key_sequence is not None else b"")
        )

    @classmethod
    def read(cls, octets: Octets) -> Self:
        """Read the header at the cursor."""
        control = octets.uint(1, "security control")
        key_id = KeyId(control >> 3 & 3)
        counter = octets.uint(4, "frame counter")
        source = octets.eui("source EUI of the security header") if control & 0x20 else None
        sequence = octets.uint(1, "key sequence number") if key_id is KeyId.NETWORK else None
        return cls(key_id, counter, source, sequence, control & 0xC7)
