"""Long messages in blocks: nothing happens before the last one is there, and what is missing spoils no other."""

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    ReadActiveImportProfileData,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.expecting import precondition
from bench.gbcs.gbt import MAX_BLOCK, MAX_TRANSFER, Block, is_block, split
from bench.han_point import frame
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.gas_steps import next_wake, past_wake

ENABLED, DISABLED = 1, 0
REQUIREMENTS = ["ELS-Q48-TUNNEL", "SFA-1-TUNNEL"]


def in_blocks(command, octets=100):
    """A command in blocks of so many octets."""
    return split(bytes(command), size=octets, most=octets)


def state(dcc, dut, supplier):
    return dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()


@testcase(
    "MSG-201",
    "A command in blocks is carried out once its last block is there, and not before",
    rules=["R-GBT-003", "R-GBT-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43"],
)
def test_command_in_blocks(dut, dcc, local, timeline, suppliers, expect):
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    *first, last = in_blocks(command)

    with timeline.never(answer_to(command), during=seconds(30)):
        for number, block in enumerate(first, 1):
            local.deliver(block, f"block {number} of {len(first) + 1}")
    expect("state of the load switch without the last block", state(dcc, dut, suppliers.losing)).equals(ENABLED)

    delivered = local.deliver(last, "the last block")
    timeline.expect(answer_to(command), within=seconds(30), after=delivered, rule="R-GBT-001")
    expect("state of the load switch", state(dcc, dut, suppliers.losing)).equals(DISABLED, rule="R-GBT-001")


@testcase(
    "MSG-202",
    "Blocks in another order, one of them twice, make the same command, carried out once",
    rules=["R-GBT-001", "R-RSP-018"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43"],
)
def test_blocks_in_disorder(dut, dcc, local, timeline, suppliers, expect):
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    one, two, *rest, last = in_blocks(command, 60)

    for block in (one, last, two, two, *rest):
        delivered = local.deliver(block, f"block {Block.parse(block).number}")

    timeline.expect(answer_to(command), within=seconds(30), after=delivered)
    expect("state of the load switch", state(dcc, dut, suppliers.losing)).equals(DISABLED)
    expect("answers", len(timeline.find(answer_to(command)))).equals(1, rule="R-RSP-018")


@testcase(
    "MSG-203",
    "A new command ends one that never was whole: its late blocks have no effect, and the next command is served",
    rules=["R-GBT-005", "R-GBT-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS45"],
)
def test_unfinished_command(dut, dcc, local, timeline, suppliers, expect):
    spoilt = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    *first, last = in_blocks(spoilt)
    for number, block in enumerate(first, 1):
        local.deliver(block, f"block {number} of {len(first) + 1}")
    read = local.command(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    for block in in_blocks(read, 60):
        delivered = local.deliver(block, f"block {Block.parse(block).number} of another command")
    timeline.expect(answer_to(read), within=seconds(30), after=delivered)

    with timeline.never(answer_to(spoilt), during=seconds(30)):
        local.deliver(last, "the block that was missing, too late")
    expect("state of the load switch", state(dcc, dut, suppliers.losing)).equals(ENABLED)


@testcase(
    "MSG-204",
    "Blocks that contradict each other make no command, and the meter is there for the next one",
    rules=["R-GBT-003", "R-SEC-020"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43"],
)
def test_contradiction(dut, dcc, local, timeline, suppliers, expect):
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    one, *rest = in_blocks(command)
    other = one[:-1] + bytes((one[-1] ^ 1,))

    with timeline.never(answer_to(command), during=seconds(30)):
        for block in (other, one, *rest):
            local.deliver(block, f"block {Block.parse(block).number}" + " with one bit flipped" * (block is other))
    expect("state of the load switch", state(dcc, dut, suppliers.losing)).equals(ENABLED, rule="R-SEC-020")


@testcase(
    "MSG-205",
    "A long answer comes in blocks of at most 1149 octets, in transfers of at most 1500, and is whole at the DCC",
    rules=["R-GBT-001", "R-GBT-002", "R-GBT-007", "R-RSP-020"],
    requirements=[*REQUIREMENTS, "DS.02"],
    use_cases=["ECS22b"],
)
def test_long_answer(dut, dcc, han, clock, timeline, network_operator, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=end - hours(240), end=end))
    sent = dcc.send(body, dut, as_user=network_operator)
    answer = sent.response(within=minutes(3))
    precondition(len(bytes(answer.message)) > MAX_TRANSFER, "the answer is too long for one transfer")

    heard = [han.transfer(seen) for seen in timeline.find(frame(src=dut.type), after=sent.posted)]
    transfers = [one for one in heard if one is not None]
    blocks = [Block.parse(one) for one in transfers if is_block(one)]
    expect("octets of the longest transfer", max(map(len, transfers))).lies_between(1, MAX_TRANSFER, rule="R-GBT-002")
    expect("octets of the longest block", max(len(one.data) for one in blocks)).lies_between(1, MAX_BLOCK)
    together = b"".join(one.data for one in sorted(blocks, key=lambda one: one.number))
    expect("whether the DCC has what was on the air", together == bytes(answer.message)).equals(True, rule="R-GBT-007")
    expect("half hours", len(answer.profile())).equals(481, rule="R-RSP-020")


@testcase(
    "MSG-801",
    "An answer that is a little longer than a transfer comes in blocks, too",
    rules=["R-GBT-002", "R-GBT-001"],
    requirements=[*REQUIREMENTS, "DS.02"],
    use_cases=["ECS22b"],
)
def test_just_too_long(dut, dcc, han, clock, timeline, network_operator, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=end - hours(84), end=end))
    sent = dcc.send(body, dut, as_user=network_operator)
    answer = sent.response(within=minutes(3))
    length = len(bytes(answer.message))
    precondition(MAX_TRANSFER < length < MAX_TRANSFER + 100, f"the answer is just too long ({length} octets)")

    heard = [han.transfer(seen) for seen in timeline.find(frame(src=dut.type), after=sent.posted)]
    longest = max(len(one) for one in heard if one is not None)
    expect("octets of the longest transfer", longest).lies_between(1, MAX_TRANSFER, rule="R-GBT-002")


@testcase(
    "MSG-286",
    "A long answer of the gas meter comes in blocks of at most 1149 octets, too, and is whole at the DCC",
    rules=["R-GBT-001", "R-GBT-002", "R-GBT-006"],
    requirements=[*REQUIREMENTS, "DS.02"],
    use_cases=["GCS17"],
    devices=["GSME"],
)
def test_long_answer_of_gas(gsme, dcc, gas, han, clock, timeline, gas_suppliers, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=end - hours(480), end=end))
    sent = dcc.send(body, gsme, as_user=gas_suppliers.losing)
    answer = sent.response(within=minutes(65))
    precondition(len(bytes(answer.message)) > MAX_TRANSFER, "the answer is too long for one transfer")

    heard = [han.transfer(seen) for seen in timeline.find(frame(src="GSME"), after=sent.posted)]
    blocks = [Block.parse(one) for one in heard if one is not None and is_block(one)]
    expect("octets of the longest block", max(len(one.data) for one in blocks)).lies_between(1, MAX_BLOCK)
    together = b"".join({one.number: one.data for one in sorted(blocks, key=lambda one: one.number)}.values())
    expect("whether the DCC has what was on the air", together == bytes(answer.message)).equals(True, rule="R-GBT-002")


@testcase(
    "MSG-206",
    "A read in two blocks is answered after the second, and not after the first",
    rules=["R-GBT-003", "R-GBT-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_read_in_blocks(dut, local, timeline, network_operator):
    command = local.command(ReadSupplyStatus(), dut, as_user=network_operator)
    one, two = in_blocks(command, len(bytes(command)) // 2 + 1)

    with timeline.never(answer_to(command), during=seconds(30)):
        local.deliver(one, "the first half of a read")

    delivered = local.deliver(two, "the second half")
    timeline.expect(answer_to(command), within=seconds(30), after=delivered, rule="R-GBT-001")


@testcase(
    "GAS-621",
    "Each block for the gas meter waits in the hub and is fetched; the command is carried out when all are there",
    rules=["R-GBT-006", "R-GBT-003"],
    requirements=REQUIREMENTS,
    use_cases=["GCS33"],
    devices=["GSME", "CHF"],
)
def test_blocks_for_the_gas_meter(gsme, local, clock, timeline, gas_suppliers, expect):
    past_wake(clock)
    command = local.command(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing)
    *first, last = in_blocks(command, 60)
    began = clock.now()
    with timeline.never(answer_to(command), rule="R-GBT-003"):
        for number, block in enumerate(first, 1):
            local.deliver(block, f"block {number} of {len(first) + 1}")
        clock.sleep_until(next_wake(clock) + minutes(1))
    asked = timeline.find(frame(src="GSME", tunnel="GET"), after=began)
    expect("times the meter asks", len(asked)).satisfies("once a block", lambda count: count >= len(first))

    delivered = local.deliver(last, "the last block")
    timeline.expect(answer_to(command), within=minutes(35), after=delivered)
