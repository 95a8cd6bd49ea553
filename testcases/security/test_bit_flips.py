"""One flipped bit anywhere in a critical command: it is not executed, and never answered."""

import random

import pytest

from bench.dcc.bodies import DisableSupply, ReadSupplyStatus
from bench.local_point import answer_to
from bench.testcase import testcase

ENABLED = 1
SAMPLES = 24
#: places as parts of the whole, chosen once: the same octets whatever the length of the command
PLACES = sorted(random.Random(20).random() for _ in range(SAMPLES))


@testcase(
    "SEC-304",
    "A critical command with one bit flipped is not executed",
    rules=["R-SEC-007", "R-SEC-020", "R-SEC-009"],
    requirements=["SDAG1-3-TRUST", "SP.19"],
    use_cases=["ECS43"],
)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place:.0%}")
def test_flipped_bit(place, dut, dcc, local, suppliers, timeline, expect):
    command = local.command(DisableSupply(), dut, as_user=suppliers.losing)
    octets = bytearray(bytes(command))
    bit = int(place * len(octets) * 8)
    octets[bit // 8] ^= 0x80 >> bit % 8

    with timeline.never(answer_to(command), during="10 s"):
        local.deliver(bytes(octets), f"a supply disablement with bit {bit} flipped")

    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)
