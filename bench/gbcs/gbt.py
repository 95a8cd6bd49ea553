"""General block transfer of messages too long for one transfer (GBCS 7.2.11, DLMS general-block-transfer).

A block is the octets of a slice behind a header that only routes; protection is that of the whole message, checked
after reassembly.
"""

from dataclasses import dataclass, field
from typing import Self

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message, length_octets, read_length

MAX_TRANSFER = 1500  #: octets of one transfer through the tunnel
MAX_BLOCK = 1149  #: octets of message in one block
MAX_BLOCKS = 63
LAST, STREAMING, WINDOW = 0x80, 0x40, 0x3F


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `number` counts from 1; `acknowledged` is the highest block the sender has had without a gap."""

    cra: Cra
    counter: int
    originator: Eui64
    target: Eui64
    message_code: int
    last: bool
    number: int
    acknowledged: int
    data: bytes

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read one block; GbcsError."""
        if len(octets) < 45 or octets[:2] != b"\xdd\x09":
            raise GbcsError("not a block of a general block transfer", 0)
        if octets[11] != 8 or octets[20] != 8 or octets[29:31] != b"\x00\x02" or octets[33] != 0:
            raise GbcsError("routing header of a block has fields of other lengths", 11)
        length, offset = read_length(octets, 34)
        if len(octets) - offset != length or length < 12:
            raise GbcsError(f"length {length}, but {len(octets) - offset} octets follow", 34)
        if octets[offset + 5] != 0xE0:
            raise GbcsError(f"tag {octets[offset + 5]:02X}, expected E0", offset + 5)
        control = octets[offset + 6]
        size, start = read_length(octets, offset + 11)
        if start + size != len(octets):
            raise GbcsError(f"block data of {size} octets, but {len(octets) - start} follow", offset + 11)
        try:
            cra = Cra(octets[2])
        except ValueError:
            raise GbcsError(f"CRA flag {octets[2]:02X}", 2) from None
        return cls(
            cra,
            int.from_bytes(octets[3:11]),
            Eui64(octets[12:20]),
            Eui64(octets[21:29]),
            int.from_bytes(octets[31:33]),
            bool(control & LAST),
            int.from_bytes(octets[offset + 7 : offset + 9]),
            int.from_bytes(octets[offset + 9 : offset + 11]),
            bytes(octets[start:]),
        )

    def __bytes__(self) -> bytes:
        control = bytes([(LAST if self.last else STREAMING) | 1])
        numbers = self.number.to_bytes(2) + self.acknowledged.to_bytes(2)
        body = bytes(5) + b"\xe0" + control + numbers + length_octets(len(self.data)) + self.data
        return (
            b"\xdd\x09"
            + bytes([self.cra])
            + self.counter.to_bytes(8)
            + b"\x08"
            + self.originator
            + b"\x08"
            + self.target
            + b"\x00\x02"
            + self.message_code.to_bytes(2)
            + b"\x00"
            + length_octets(len(body))
            + body
        )


def is_block(octets: bytes) -> bool:
    """Tell a block from a whole message by its first two octets."""
    return octets[:2] == b"\xdd\x09"


def split(message: bytes, size: int = MAX_BLOCK) -> list[bytes]:
    """Return the transfers that carry a message: itself if it fits one, else its blocks. Raises GbcsError."""
    if len(message) <= MAX_TRANSFER:
        return [message]
    envelope = Message.parse(message)
    slices = [message[start : start + size] for start in range(0, len(message), size)]
    if len(slices) > MAX_BLOCKS:
        raise GbcsError(f"{len(message)} octets need {len(slices)} blocks, at most {MAX_BLOCKS} are allowed")
    return [
        bytes(
            Block(
                envelope.cra,
                envelope.counter,
                envelope.originator,
                envelope.target,
                envelope.message_code,
                number == len(slices),
                number,
                0,
                data,
            )
        )
        for number, data in enumerate(slices, 1)
    ]


@dataclass
class Assembly:
    """Puts transfers back together, one message an originator at a time (GBCS 7.2.11)."""

    _parts: dict[Eui64, tuple[int, dict[int, Block]]] = field(default_factory=dict)

    def feed(self, transfer: bytes) -> bytes | None:
        """Take a transfer; return the whole message once there is one. Raises GbcsError.

        A new transfer of the same originator discards an unfinished one; a repeated block is harmless.
        """
        if not is_block(transfer):
            return transfer
        block = Block.parse(transfer)
        counter, blocks = self._parts.get(block.originator, (block.counter, {}))
        if counter != block.counter:
            blocks = {}
        blocks[block.number] = block
        self._parts[block.originator] = (block.counter, blocks)
        if self.missing(block.originator):
            return None
        del self._parts[block.originator]
        return b"".join(blocks[number].data for number in sorted(blocks))

    def missing(self, originator: Eui64) -> list[int]:
        """Return the numbers of blocks not seen yet; the one after the highest stands for an end not seen."""
        _, blocks = self._parts.get(originator, (0, {}))
        highest = max(blocks, default=0)
        gaps = [number for number in range(1, highest) if number not in blocks]
        ended = highest and blocks[highest].last
        return gaps if ended else [*gaps, highest + 1]
