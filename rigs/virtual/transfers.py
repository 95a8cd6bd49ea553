"""A device's end of general block transfer: messages in blocks, out and in (GBCS 7.2.11)."""

from bench.gbcs import Eui64, GbcsError
from bench.gbcs.gbt import Assembly, Block, is_block, split
from rigs.virtual.rules import rule


class Transfers:
    """What a device has of messages that come in blocks: one unfinished message of each originator."""

    def __init__(self) -> None:
        self._assemblies: dict[Eui64, tuple[int, Assembly]] = {}

    @rule("R-GBT-001", "R-GBT-002")
    def blocks(self, message: bytes) -> list[bytes]:
        """Return the transfers that carry a message."""
        return split(message)

    @rule("R-GBT-003", "R-GBT-005")
    def take(self, transfer: bytes) -> bytes | None:
        """Take a transfer; return the message once it is whole. What is no block of it has no effect."""
        try:
            if not is_block(transfer):
                return transfer
            block = Block.parse(transfer)
            counter, assembly = self._assemblies.get(block.originator, (-1, Assembly()))
            if counter != block.counter:
                assembly = Assembly()
                self._assemblies[block.originator] = block.counter, assembly
            return assembly.feed(transfer)
        except GbcsError:
            return None
