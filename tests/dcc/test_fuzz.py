"""Any octets, and any edits of good documents, give a value or one-line error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.dcc import ServiceRequest
from bench.dcc import bodies as b
from tests.dcc.parties import ESME, SUPPLIER
from tests.dcc.test_response import RESPONSES
from tests.fuzz.duis_targets import TARGETS, edited, samples, survives

REQUESTS = [
    ServiceRequest.of(SUPPLIER, ESME, 1000, body) for body in (b.ArmSupply(), b.EnableSupply(), b.ReadSupplyStatus())
]
SEEDS = [*map(bytes, REQUESTS), *map(bytes, RESPONSES.values())]


@pytest.mark.parametrize("name", TARGETS)
def test_any_octets_and_edits(name: str) -> None:
    target, seeds = TARGETS[name], (*SEEDS, *samples())

    @settings(deadline=None, max_examples=60, derandomize=True, database=None)
    @given(st.binary(max_size=200))
    def octets(data: bytes) -> None:
        survives(target, data)

    @settings(deadline=None, max_examples=250, derandomize=True, database=None)
    @given(st.binary(min_size=1, max_size=13))
    def edits(data: bytes) -> None:
        survives(target, edited(seeds, data))

    octets()
    edits()
