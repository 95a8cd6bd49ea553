"""The bus: order, losses, and counts that must be met."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import zmq

from bench.bus import Bus
from bench.errors import InstrumentError
from tests.drivers.peers import free_port

NOW = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)


@pytest.fixture
def bus() -> Iterator[Bus]:
    bus = Bus()
    yield bus
    bus.close()


def test_items_of_one_source_keep_their_order(bus: Bus) -> None:
    source = bus.source("sniffer", lambda: None)
    for number in range(100):
        source.publish("psdu", {"n": number}, bytes([number]))
    items = bus.drain({"sniffer": 100})
    assert [item.data["n"] for item in items] == list(range(100))
    assert [item.raw[0] for item in items] == list(range(100))
    assert [item.sequence for item in items] == list(range(1, 101))


def test_items_without_a_stamp_come_in_the_order_of_their_sources(bus: Bus) -> None:
    first, second = bus.source("dcc", lambda: None), bus.source("sniffer", lambda: None)
    second.publish("psdu", {})
    first.publish("duis", {})
    assert [item.source for item in bus.drain({"dcc": 1, "sniffer": 1})] == ["dcc", "sniffer"]


def test_stamped_items_come_in_the_order_of_time(bus: Bus) -> None:
    stamps = iter([NOW + timedelta(seconds=2), NOW, NOW + timedelta(microseconds=1)])
    late, early = bus.source("dcc", lambda: next(stamps)), bus.source("sniffer", lambda: next(stamps))
    late.publish("duis", {})
    early.publish("psdu", {"n": 1})
    early.publish("psdu", {"n": 2})
    items = bus.drain({"dcc": 1, "sniffer": 2})
    assert [(item.source, item.time) for item in items] == [
        ("sniffer", NOW), ("sniffer", NOW + timedelta(microseconds=1)), ("dcc", NOW + timedelta(seconds=2))
    ]  # fmt: skip


def test_nothing_to_drain(bus: Bus) -> None:
    bus.source("dcc", lambda: None)
    assert bus.drain() == []


def test_what_was_counted_but_never_came_is_named(bus: Bus) -> None:
    source = bus.source("sniffer", lambda: None)
    bus.source("dcc", lambda: None).publish("duis", {})
    source.publish("psdu", {})
    began = time.monotonic()
    with pytest.raises(InstrumentError, match=r"^instrument sniffer: delivered 1 of 3 observations"):
        bus.drain({"sniffer": 3, "dcc": 1}, patience=0.1)
    assert time.monotonic() - began < 1
    assert {item.source for item in bus.drain()} == {"sniffer", "dcc"}, "what had come is not lost with the error"


def test_a_loss_is_an_error_once_and_loses_nothing_more(bus: Bus) -> None:
    source = bus.source("sniffer", lambda: None)
    source.publish("psdu", {"n": 1})
    source._sequence += 2
    source.publish("psdu", {"n": 4})
    with pytest.raises(InstrumentError, match=r"^instrument sniffer: lost 2 observations on the bus"):
        bus.drain({"sniffer": 4})
    source.publish("psdu", {"n": 5})
    assert [item.data["n"] for item in bus.drain({"sniffer": 5})] == [1, 4, 5]


def test_a_source_in_another_process() -> None:
    """Whoever can speak ZeroMQ can be an observation point."""
    far = Bus(f"tcp://127.0.0.1:{free_port()}")
    far.source("camera", lambda: None)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.connect(far.address)
    push.send_multipart([json.dumps(["camera", 1, NOW.isoformat(), "picture", {"led": "on"}]).encode(), b"\x01"])
    (item,) = far.drain({"camera": 1})
    assert (item.kind, item.data, item.raw, item.time) == ("picture", {"led": "on"}, b"\x01", NOW)
    push.close(0)
    context.term()
    far.close()
