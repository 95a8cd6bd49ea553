"""Defects of messages in blocks."""

from bench.gbcs.gbt import Assembly, Block, is_block, split
from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme


@defect(
    "esme-acts-on-part-of-a-command",
    device="Esme",
    breaks="R-GBT-003",
    story="Each block is taken for a message of its own: long commands end in a format error.",
)
def acts_on_part_of_a_command(esme: Esme) -> None:
    """The contents of a block go straight to the application."""
    esme.transfers.take = lambda transfer: Block.parse(transfer).data if is_block(transfer) else transfer  # type: ignore[method-assign]


@defect(
    "esme-keeps-unfinished-commands",
    device="Esme",
    breaks="R-GBT-005",
    story="A command of which a block was lost waits for ever: weeks later a stray block completes it, and the supply "
    "goes off.",
)
def keeps_unfinished_commands(esme: Esme) -> None:
    """Nothing ends an unfinished message."""
    assembly = Assembly()
    esme.transfers.take = assembly.feed  # type: ignore[method-assign]


@defect(
    "esme-takes-blocks-in-order-only",
    device="Esme",
    breaks="R-GBT-001",
    story="A block that overtakes another is dropped, and nobody asks for it again.",
)
def takes_blocks_in_order_only(esme: Esme) -> None:
    """A block must be the one after the last."""
    take, last = esme.transfers.take, 0

    def in_order(transfer: bytes) -> bytes | None:
        nonlocal last
        if is_block(transfer):
            number = Block.parse(transfer).number
            if number not in (1, last + 1):
                return None
            last = number
        return take(transfer)

    esme.transfers.take = in_order  # type: ignore[method-assign]


@defect(
    "esme-sends-blocks-of-1400-octets",
    device="Esme",
    breaks="R-GBT-001",
    story="The size of a block is reckoned without its header: one hub takes it, the other cuts it off.",
)
def sends_blocks_of_1400_octets(esme: Esme) -> None:
    """Blocks are as long as a transfer allows."""
    esme.transfers.blocks = lambda message: split(message, size=1400)  # type: ignore[method-assign]


@defect(
    "esme-sends-long-messages-whole",
    device="Esme",
    breaks="R-GBT-002",
    story="Long answers go through the tunnel in one piece; hubs with a buffer of 1500 octets drop them.",
)
def sends_long_messages_whole(esme: Esme) -> None:
    """There are no blocks."""
    esme.transfers.blocks = lambda message: [message]  # type: ignore[method-assign]


@defect(
    "gsme-knows-no-blocks",
    device="Gsme",
    breaks="R-GBT-006",
    story="The gas meter drops blocks: a long tariff never reaches it.",
)
def knows_no_blocks(gsme: Gsme) -> None:
    """A block is no message."""
    gsme.transfers.take = lambda transfer: None if is_block(transfer) else transfer  # type: ignore[method-assign]
