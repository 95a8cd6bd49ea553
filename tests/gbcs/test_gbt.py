"""General block transfer: lost, repeated, reordered and hostile blocks; the layout as Wireshark reads it."""

import random
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.gbt import MAX_BLOCKS, MAX_TRANSFER, Assembly, Block, is_block, split
from bench.gbcs.message import Cra, Message
from tests.gbcs.parties import METER, SUPPLIER


def message(size: int, counter: int = 1000, originator: Eui64 = SUPPLIER, target: Eui64 = METER) -> bytes:
    payload = random.Random(counter).randbytes(size)
    return bytes(Message(Cra.COMMAND, counter, originator, target, 0x0102, payload, signature=b"", mac=bytes(12)))


def run(transfers: list[bytes], assembly: Assembly | None = None) -> list[bytes]:
    assembly = assembly or Assembly()
    return [whole for transfer in transfers if (whole := assembly.feed(transfer)) is not None]


def test_small_messages_go_whole() -> None:
    small = message(100)
    assert split(small) == [small]
    assert run([small]) == [small]


def test_layout() -> None:
    blocks = split(message(3000))
    first, last = Block.parse(blocks[0]), Block.parse(blocks[-1])
    assert blocks[0][:2] == b"\xdd\x09"
    assert blocks[0][2:11] == bytes.fromhex("01 00000000000003E8")
    assert (first.number, first.last, last.number, last.last) == (1, False, 3, True)
    assert all(bytes(Block.parse(block)) == block for block in blocks)
    assert all(len(block) <= MAX_TRANSFER for block in blocks)


@settings(deadline=None, max_examples=150)
@given(st.integers(1501, 12000), st.integers(200, 1149), st.randoms(use_true_random=False), st.data())
def test_any_order_with_repeats(size: int, block: int, chance: random.Random, data: st.DataObject) -> None:
    whole = message(size)
    transfers = split(whole, max(block, len(whole) // MAX_BLOCKS + 1))
    again = data.draw(st.lists(st.sampled_from(transfers), max_size=6))
    shuffled = transfers + again
    chance.shuffle(shuffled)
    seen: dict[bytes, None] = {}
    assembly = Assembly()
    for transfer in shuffled:
        seen[transfer] = None
        found = assembly.feed(transfer)
        if found is not None:
            assert found == whole
            assert len(seen) == len(transfers)
            return
        assert len(seen) < len(transfers)
    pytest.fail("not reassembled")


def test_lost_blocks_are_asked_for_again() -> None:
    whole = message(9000)
    transfers = split(whole)
    chance = random.Random(3)
    assembly, rounds, found = Assembly(), 0, None
    wanted = list(range(1, len(transfers) + 1))
    while found is None:
        rounds += 1
        assert rounds < 50
        for number in wanted:
            if chance.random() < 0.5:
                found = found or assembly.feed(transfers[number - 1])
        wanted = assembly.missing(SUPPLIER) or wanted
        assert all(1 <= number <= len(transfers) for number in wanted)
    assert found == whole
    assert rounds > 1
    assert assembly.missing(SUPPLIER) == []


def test_a_lost_end_is_missed() -> None:
    transfers = split(message(5000))
    assembly = Assembly()
    assert run([transfers[0], transfers[2]], assembly) == []
    assert assembly.missing(SUPPLIER) == [2, 4]
    assert assembly.missing(METER) == []


def test_interleaved_originators_and_counters() -> None:
    parties = [Eui64.of(0x90AB_0000_0000_0000 + number) for number in range(8)]
    messages = [message(4000, 1000 + at, party) for at, party in enumerate(parties)]
    messages += [message(4000, 2000, parties[0]), message(4000, 1000, parties[0], SUPPLIER)]
    queues = [split(whole) for whole in messages]
    chance = random.Random(5)
    order = []
    while any(queues):
        queue = chance.choice([one for one in queues if one])
        order.append(queue.pop(0))
    assert sorted(run(order)) == sorted(messages)


def test_a_late_copy_is_let_pass_and_a_retry_starts_again() -> None:
    whole = message(4000)
    transfers = split(whole)
    assembly = Assembly()
    assert run(transfers, assembly) == [whole]
    assert run(transfers[1:], assembly) == []
    assert assembly.missing(SUPPLIER) == []
    assert run(transfers, assembly) == [whole]


def test_acknowledgements_carry_no_message() -> None:
    block = replace(Block.parse(split(message(4000))[0]), data=b"", acknowledged=1)
    assembly = Assembly()
    assert assembly.feed(bytes(block)) is None
    assert assembly.missing(SUPPLIER) == []


def test_contradictions_are_refused_and_do_no_harm() -> None:
    whole = message(4000)
    transfers = split(whole)
    assembly = Assembly()
    for transfer in transfers[:-1]:
        assembly.feed(transfer)
    first, last = Block.parse(transfers[0]), Block.parse(transfers[-1])
    forged = [
        replace(first, data=bytes(5)),
        replace(first, last=True),
        replace(last, number=2),
        replace(last, number=0),
        replace(last, number=MAX_BLOCKS + 1),
        replace(last, number=0xFFFF),
    ]
    for block in forged:
        with pytest.raises(GbcsError):
            assembly.feed(bytes(block))
    assert assembly.feed(transfers[-1]) == whole
    with pytest.raises(GbcsError, match="last"):
        run([transfers[-1], bytes(replace(last, number=last.number + 1, last=False))])
    with pytest.raises(GbcsError, match="seen"):
        run([transfers[2], bytes(replace(last, number=2))])


def held(assembly: Assembly) -> int:
    return sum(one.size for one in assembly._transfers.values())


def test_memory_is_bounded() -> None:
    assembly = Assembly()
    base = Block.parse(split(message(4000))[1])
    for number in range(500):
        party = Eui64.of(number // 2 + 1)
        assembly.feed(bytes(replace(base, originator=party, counter=number, data=bytes(1000))))
    assert len(assembly._transfers) <= 64
    for number in range(100):
        assembly.feed(bytes(replace(base, counter=number)))
    assert sum(key[0] == SUPPLIER for key in assembly._transfers) <= 4
    assembly = Assembly()
    with pytest.raises(GbcsError, match="more than"):
        for number in range(2, MAX_BLOCKS + 1):
            assembly.feed(bytes(replace(base, number=number, data=bytes(3000))))
    assert held(assembly) <= 1 << 16


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_damaged_blocks_are_blocks_or_errors(data: st.DataObject) -> None:
    octets = bytearray(split(message(2000))[data.draw(st.integers(0, 1))])
    for _ in range(data.draw(st.integers(0, 5))):
        octets[data.draw(st.integers(2, 60))] = data.draw(st.integers(0, 255))
    cut = bytes(octets[: data.draw(st.integers(2, len(octets)))])
    assert is_block(cut)
    try:
        Assembly().feed(cut)
    except GbcsError as error:
        assert "\n" not in str(error)


def test_what_cannot_be_split() -> None:
    with pytest.raises(GbcsError, match="at most"):
        split(message(60000), 100)
    with pytest.raises(GbcsError):
        split(bytes(2000))
    with pytest.raises(GbcsError):
        split(message(2000), 0)


def dissected(folder: Path, frames: list[bytes], *fields: str) -> list[list[str]]:
    capture = folder / "blocks.pcap"
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147)
    for number, frame in enumerate(frames):
        data += struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame
    capture.write_bytes(data)
    table = 'uat:user_dlts:"User 0 (DLT=147)","gbcs_message","0","","0",""'
    arguments = ["tshark", "-r", str(capture), "-o", table, "-T", "fields", "-E", "separator=|"]
    for name in fields:
        arguments += ["-e", name]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")
def test_wireshark_reads_the_blocks(tmp_path: Path) -> None:
    transfers = split(message(3000))
    header = "gbcs_message.gbt_header."
    names = ("general_block_transfer", "block_control.last_block", "block_number", "block_number_ack")
    rows = dissected(tmp_path, transfers, *(header + name for name in names), "gbcs_message.gbt.reassembled.length")
    assert [row[0] for row in rows] == ["0xe0"] * 3
    assert [row[1].lower() in ("1", "true") for row in rows] == [False, False, True]
    assert [row[2] for row in rows] == ["1", "2", "3"]
    assert [row[3] for row in rows] == ["0"] * 3
    assert rows[-1][4] == str(len(message(3000)))
