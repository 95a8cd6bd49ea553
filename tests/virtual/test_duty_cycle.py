"""Duty cycle of a sub-GHz transmitter: the states of GB, thresholds in seconds of an hour, buckets of five minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.gbcs.sub_ghz import SubGhzSettings
from rigs.virtual.duty_cycle import DutyCycle, State
from rigs.virtual.world import World

START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)


def counter(page=28):
    world = World(1, START, lambda world: None)
    duty = DutyCycle(world, lambda: page, SubGhzSettings)
    changes = []
    duty.changed = lambda before, now: changes.append((before, now))
    return world, duty, changes


@pytest.mark.parametrize(
    ("page", "seconds", "state"),
    [
        (28, 53.9, State.NORMAL),
        (28, 54, State.LIMITED),
        (28, 74.8, State.LIMITED),
        (28, 75, State.CRITICAL),
        (28, 99.9, State.CRITICAL),
        (28, 100, State.REGULATED),
        (30, 89.9, State.CRITICAL),
        (30, 90, State.REGULATED),
    ],
)
def test_states(page, seconds, state):
    _, duty, _ = counter(page)
    duty.add(0x6F02, timedelta(seconds=seconds))
    assert duty.state is state


def test_every_step_is_told_on_the_way_up_and_down():
    world, duty, changes = counter()
    duty.add(None, timedelta(seconds=100))
    up = [(State.NORMAL, State.LIMITED), (State.LIMITED, State.CRITICAL), (State.CRITICAL, State.REGULATED)]
    assert changes == up
    world.step(START + timedelta(minutes=64))
    assert changes == up
    world.step(START + timedelta(minutes=66))
    assert changes[3:] == [(now, before) for before, now in reversed(up)]


def test_of_a_rolling_hour_and_by_partner():
    world, duty, _ = counter()
    for minute in range(0, 130, 10):
        world.step(START + timedelta(minutes=minute))
        duty.add(0x6F02 if minute % 20 else 0x6F04, timedelta(seconds=1 + minute % 20))
    assert timedelta(seconds=6) * 6 <= duty.spent() <= timedelta(seconds=6) * 7
    assert duty.most_talkative() == 0x6F02
