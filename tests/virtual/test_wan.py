"""The virtual WAN, what waits at its ends, the energy of a hub's last message, and the DCC's traffic management."""

from datetime import timedelta

import pytest

from bench.gbcs import Eui64
from rigs.virtual.outbox import Outbox
from rigs.virtual.power import Branch, Feed
from rigs.virtual.stored_energy import FULL, RECHARGE, StoredEnergy
from rigs.virtual.traffic import LIMIT, ONE_IN, TrafficManagement
from rigs.virtual.wan import LINK_MARGIN_DB, WAN_DELAY, Wan
from rigs.virtual.world import World
from tests.engine.times import START

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
METER, OTHER = Eui64.of("00-DB-12-34-56-78-90-A0"), Eui64.of("00-DB-12-34-56-78-90-A1")


class Bench:
    def __init__(self):
        self.world = World(1, START, lambda world: None)
        self.wan = Wan(self.world)
        self.arrived = []
        self.there = True
        self.outbox = Outbox(self.wan, lambda: True, upward=True)

    def take(self, message):
        if self.there:
            self.arrived.append((self.world.now - START, message))
        return self.there

    def add(self, *messages):
        for message in messages:
            self.outbox.add(message, self.take)

    def run(self, length):
        until = self.world.now + length
        while self.world.now < until:
            self.world.step(until)

    def cut(self, cut):
        self.wan.antenna.db = LINK_MARGIN_DB if cut else 0.0
        self.wan.changed()

    @property
    def messages(self):
        return [message for _, message in self.arrived]


@pytest.fixture
def bench():
    return Bench()


def test_delay_and_order(bench):
    bench.add(b"1", b"2")
    bench.run(5 * SECOND)
    assert bench.arrived == [(WAN_DELAY, b"1"), (WAN_DELAY, b"2")]
    assert bench.outbox.waiting == []


def test_what_waits_goes_in_order_once_when_the_wan_is_back(bench):
    bench.add(b"0")
    bench.run(SECOND)
    bench.cut(True)  # the first is under way
    bench.add(b"1")
    bench.run(MINUTE)
    bench.add(b"2")
    bench.cut(False)
    bench.run(SECOND)
    bench.add(b"3")  # the modem has not registered yet
    bench.run(MINUTE)
    assert bench.messages == [b"0", b"1", b"2", b"3"]
    for _ in range(3):
        bench.cut(True)
        bench.run(MINUTE)
        bench.cut(False)
        bench.run(MINUTE)
    assert bench.messages == [b"0", b"1", b"2", b"3"]


def test_the_other_end_is_off(bench):
    bench.there = False
    bench.add(b"1", b"2")
    bench.run(MINUTE)
    bench.there = True
    bench.wan.register()
    bench.run(MINUTE)
    assert bench.messages == [b"1", b"2"]


def test_withdrawn_is_not_sent_but_what_is_under_way_arrives(bench):
    bench.cut(True)
    kept = bench.outbox.add(b"1", bench.take)
    bench.run(MINUTE)
    assert bench.outbox.withdraw(kept) and not bench.outbox.withdraw(kept)
    bench.cut(False)
    bench.run(MINUTE)
    under_way = bench.outbox.add(b"2", bench.take)
    assert not bench.outbox.withdraw(under_way)
    bench.run(MINUTE)
    assert bench.messages == [b"2"]


def impair(bench, delay=0, duplicate=0.0, rate=None, broken=False):
    bench.wan.impair(delay=delay * SECOND, duplicate=duplicate, rate=rate, broken=broken)


def test_a_shorter_delay_lets_a_message_overtake(bench):
    impair(bench, delay=30)
    bench.add(b"older")
    impair(bench)
    bench.add(b"younger")
    bench.run(MINUTE)
    assert bench.messages == [b"younger", b"older"]


def test_a_copy_comes_after_its_original(bench):
    impair(bench, duplicate=1.0)
    bench.add(b"1")
    bench.run(MINUTE)
    assert bench.messages == [b"1", b"1"]


def test_a_slow_wan_carries_one_after_the_other(bench):
    impair(bench, rate=800)  # 100 octets a second
    bench.add(bytes(200), bytes(300))
    bench.run(MINUTE)
    assert [at for at, _ in bench.arrived] == [2 * SECOND + WAN_DELAY, 5 * SECOND + WAN_DELAY]


def test_a_branch_of_a_feed(bench):
    feed = Feed(bench.world)
    one, other = Branch(feed), Branch(feed)
    seen = []
    one.listen(seen.append)
    other.add_load(lambda: 100.0)
    one.set_closed(False)
    assert (one.voltage, other.voltage, feed.power) == (0.0, 230.0, 100.0)
    other.set_closed(False)
    feed.set_voltage(200.0)
    one.set_closed(True)
    assert seen == [0.0, 0.0, 200.0] and feed.power == 0.0


def test_stored_energy_drains_and_fills(bench):
    store = StoredEnergy(bench.world)
    assert store.level == FULL
    store.mains(False, bench.world.now)
    bench.run(3 * MINUTE)
    assert store.level == FULL - 3 * MINUTE and store.lasts_for_a_message()
    bench.run(2 * MINUTE)
    assert store.level == timedelta() and not store.lasts_for_a_message()
    store.mains(True, bench.world.now)
    bench.run(RECHARGE / 4)
    assert store.level == FULL / 4
    bench.run(RECHARGE)
    assert store.level == FULL


def raised(bench, traffic, count, device=METER, code=0x8F3E):
    """What is forwarded of so many alerts, one a second: how many each stands for."""
    stood_for = []
    for _ in range(count):
        traffic.take(device, code, lambda throttled: stood_for.append(throttled.count if throttled else 1))
        bench.run(SECOND)
    return stood_for


def test_a_storm_is_thinned_and_counted(bench):
    traffic = TrafficManagement(bench.world)
    stood_for = raised(bench, traffic, LIMIT + 3 * ONE_IN + 4)
    assert stood_for == [1] * LIMIT + [ONE_IN] * 3
    bench.run(6 * MINUTE)
    assert sum(stood_for) == LIMIT + 3 * ONE_IN + 4, "after the storm one stands for the rest"
    bench.run(10 * MINUTE)
    assert raised(bench, traffic, 3) == [1, 1, 1]


def test_a_storm_touches_no_other_device_nor_what_is_never_thinned(bench):
    traffic = TrafficManagement(bench.world)
    raised(bench, traffic, LIMIT + ONE_IN)
    assert raised(bench, traffic, 5, device=OTHER) == [1] * 5
    assert raised(bench, traffic, 5, code=0x8F1E) == [1] * 5
    assert raised(bench, traffic, LIMIT + ONE_IN, code=0x8F36) == [1] * (LIMIT + ONE_IN)
