"""General block transfer of messages too long for one transfer (GBCS 7.2.11, DLMS general-block-transfer).

A block is the octets of a slice behind a header that only routes; protection is that of the whole message, checked
after reassembly.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Self

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message, length_octets, read_length

MAX_TRANSFER = 1500  #: octets of one transfer through the tunnel
MAX_BLOCK = 1149  #: octets of message in one block
MAX_BLOCKS = 63
LAST, STREAMING, WINDOW = 0x80, 0x40, 0x3F
MAX_MESSAGE = 1 << 16  #: octets of a reassembled message
_KEPT = 64
_KEPT_EACH = 4


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


def split(message: bytes, size: int = MAX_BLOCK, most: int = MAX_TRANSFER) -> list[bytes]:
    """Return the transfers that carry a message: itself if it fits one of `most` octets, else its blocks.

    Raises GbcsError if it is no message or needs more than 63 blocks.
    """
    if size < 1:
        raise GbcsError(f"blocks of {size} octets")
    if len(message) <= most:
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


@dataclass(slots=True)
class _Transfer:
    """The blocks of one message that have been seen."""

    blocks: dict[int, bytes] = field(default_factory=dict)
    last: int | None = None  #: number of the last block, once it was seen
    size: int = 0

    def add(self, block: Block) -> None:
        """Take a block; a repeated one is harmless. Raises GbcsError if it contradicts what was seen."""
        held = self.blocks.get(block.number)
        if held is not None:
            if held != block.data or block.last != (block.number == self.last):
                raise GbcsError(f"block {block.number} again, with other contents")
            return
        if self.last is not None and (block.last or block.number > self.last):
            raise GbcsError(f"block {block.number}, but block {self.last} was the last")
        if block.last and block.number < max(self.blocks, default=0):
            raise GbcsError(f"last block {block.number}, but block {max(self.blocks)} was seen")
        if self.size + len(block.data) > MAX_MESSAGE:
            raise GbcsError(f"blocks of more than {MAX_MESSAGE} octets")
        self.blocks[block.number] = block.data
        self.size += len(block.data)
        if block.last:
            self.last = block.number

    def missing(self) -> list[int]:
        """Numbers not seen; the one after the highest stands for an end not seen."""
        highest = max(self.blocks, default=0)
        gaps = [number for number in range(1, highest) if number not in self.blocks]
        return gaps if self.last is not None else [*gaps, highest + 1]


_Key = tuple[Eui64, Eui64, Cra, int]


class Assembly:
    """Puts transfers back together (GBCS 7.2.11), by originator, target, CRA flag and counter.

    Blocks may come in any order, more than once and between those of other messages. At most 64 unfinished messages
    are kept, four of one originator: the ones that waited longest go first.
    """

    def __init__(self) -> None:
        self._transfers: OrderedDict[_Key, _Transfer] = OrderedDict()
        self._completed: OrderedDict[_Key, None] = OrderedDict()

    def feed(self, transfer: bytes) -> bytes | None:
        """Take a transfer; return the whole message once there is one.

        Raises GbcsError for octets that are no block, or a block that contradicts an earlier one; what was seen
        before is kept. Acknowledgements, and late copies of blocks of a message that was returned, are let pass; block
        1 of such a message starts it again.
        """
        if not is_block(transfer):
            return transfer
        block = Block.parse(transfer)
        if not block.data:
            return None
        if not 1 <= block.number <= MAX_BLOCKS:
            raise GbcsError(f"block number {block.number}, expected 1 to {MAX_BLOCKS}", 2)
        key = (block.originator, block.target, block.cra, block.counter)
        unfinished = self._transfers.get(key)
        if unfinished is None:
            if key in self._completed and block.number != 1:
                return None
            unfinished = _Transfer()
        unfinished.add(block)
        self._transfers[key] = unfinished
        self._transfers.move_to_end(key)
        if unfinished.missing():
            self._make_room(block.originator)
            return None
        del self._transfers[key]
        self._completed[key] = None
        if len(self._completed) > _KEPT:
            self._completed.popitem(last=False)
        return b"".join(unfinished.blocks[number] for number in sorted(unfinished.blocks))

    def missing(self, originator: Eui64) -> list[int]:
        """Numbers of blocks not seen yet of the originator's latest unfinished message, for asking again.

        The one after the highest stands for an end not seen; empty if nothing is unfinished.
        """
        for key in reversed(self._transfers):
            if key[0] == originator:
                return self._transfers[key].missing()
        return []

    def _make_room(self, originator: Eui64) -> None:
        mine = [key for key in self._transfers if key[0] == originator]
        if len(mine) > _KEPT_EACH:
            del self._transfers[mine[0]]
        if len(self._transfers) > _KEPT:
            self._transfers.popitem(last=False)
