"""The examples of docs/defects.md, as they stand there, put into a virtual home."""

import re
from pathlib import Path

import pytest

from bench.gbcs import Cra
from bench.gbcs.dlms import ACTION, AccessRequest, Data, Spec, long_invoke_id
from rigs.virtual.defects import find
from rigs.virtual.esme_objects import SUPPLY_SCRIPTS
from tests.virtual.homes import make

PAGE = Path(__file__).parents[2] / "docs" / "defects.md"


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("defects") / "mine.py"
    path.write_text("\n\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)))
    return path


def outage(bench, seconds):
    bench.home.feed.set_closed(False)
    bench.run(seconds)
    bench.home.feed.set_closed(True)
    bench.run(60)
    return bench.alerts


def answers_to_a_command_sent_twice(bench):
    payload = bytes(AccessRequest(long_invoke_id(2000), [Spec(ACTION, *SUPPLY_SCRIPTS)], [Data(0x12, 0x34)]))
    command = bytes(bench.command(0x0050, payload, bench.smki.identities.supplier, 2000, signed=True))
    for _ in range(2):
        bench.home.esme.receive(command)
        bench.run(10)
    return sum(message.cra is Cra.RESPONSE for _, message in bench.upward)


@pytest.mark.parametrize("name", ["esme-outages-in-whole-minutes", "outages_in_whole_minutes"])
def test_the_first_example_makes_a_short_outage_long(mine, name):
    assert outage(make(), 150) == [0x8F35]
    assert outage(make(defects=[find(f"{mine}::{name}")]), 150) == [0x8F36]


def test_the_first_example_breaks_nothing_else(mine):
    defective = make(defects=[find(f"{mine}::esme-outages-in-whole-minutes")])
    assert outage(defective, 60) == [0x8F35]
    assert outage(defective, 300) == [0x8F35, 0x8F36]


def test_the_second_example_executes_a_replay(mine):
    assert answers_to_a_command_sent_twice(make()) == 1
    assert answers_to_a_command_sent_twice(make(defects=[find(f"{mine}::any-equal-counter-passes")])) == 2
