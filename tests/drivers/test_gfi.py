"""The local line's driver: one GBCS message a line, in the form of the GFI emulators."""

from collections.abc import Iterator

import pytest

from bench.bus import Bus, Item
from bench.errors import InstrumentError
from drivers.gfi import Gfi, GfiConfig
from tests.drivers.peers import Terminal, free_port, peer, until, within

MESSAGE = bytes.fromhex("df09020000000000000001")
LINE = "GBCS:DATA#0:11:DF09020000000000000001"


def line_to(resource: str) -> Gfi:
    return Gfi("local", GfiConfig(resource=resource))


@pytest.fixture
def bus() -> Iterator[Bus]:
    bus = Bus()
    yield bus
    bus.close()


def test_there_and_back_over_tcp(bus: Bus) -> None:
    with peer(
        [("<", LINE), (">", LINE.lower().replace("gbcs:data", "GBCS:DATA"))], ending=b"\r\n", reply_ending=b"\r\n"
    ) as far:
        local = line_to(f"socket://127.0.0.1:{far.port}")
        local.open()
        local.start(bus.source("local", lambda: None))
        local.deliver(MESSAGE)
        items: list[Item] = []
        until(lambda: bool(items.extend(bus.drain())) or bool(items))
        assert [(item.kind, item.raw) for item in items] == [("gbcs", MESSAGE)]
        assert local.trouble is None
        local.close()


def test_there_and_back_over_a_serial_line(bus: Bus) -> None:
    with Terminal(lambda line: (line + "\r\n").encode()) as far:
        local = line_to(far.path)
        local.open()
        local.start(bus.source("local", lambda: None))
        local.deliver(MESSAGE)
        items: list[Item] = []
        until(lambda: bool(items.extend(bus.drain())) or bool(items))
        assert far.heard == [LINE + "\r"]
        assert items[0].raw == MESSAGE
        local.close()


@pytest.mark.parametrize(
    "line",
    [
        "ERROR:FORMAT",
        "GBCS:DATA#0:11:DF09",
        "GBCS:DATA#0:1:D",
        "GBCS:DATA#0:x:",
        "noise",
        "GBCS:DATA#0:" + "9" * 5000 + ":",
    ],
)
def test_garbage_is_trouble(bus: Bus, line: str) -> None:
    with peer([("<", LINE), (">", line)], ending=b"\r\n") as far:
        local = line_to(f"socket://127.0.0.1:{far.port}")
        local.open()
        local.start(bus.source("local", lambda: None))
        local.deliver(MESSAGE)
        until(lambda: local.trouble is not None)
        assert str(local.trouble).startswith("instrument local: sent a line that is no message: replied ")
        assert "-> GBCS:DATA#0:11" in str(local.trouble)
        assert bus.drain() == []
        local.close()


def test_hangs_up_mid_way(bus: Bus) -> None:
    with peer([("<", LINE), (">raw", b"GBCS:DA"), ("hang up", None)], ending=b"\r\n") as far:
        local = line_to(f"socket://127.0.0.1:{far.port}")
        local.open()
        local.start(bus.source("local", lambda: None))
        local.deliver(MESSAGE)
        until(lambda: local.trouble is not None)
        assert "connection lost" in str(local.trouble)
        with within(3.0):
            local.close()


def test_unplugged_before_a_delivery() -> None:
    with Terminal(lambda line: None) as far:
        local = line_to(far.path)
        local.open()
        far.unplug()
        with pytest.raises(InstrumentError, match=r"^instrument local: connection lost .*-> GBCS:DATA#0:11"):
            local.deliver(MESSAGE)
        local.close()
        with pytest.raises(InstrumentError, match="is not connected"):
            local.deliver(MESSAGE)


def test_a_line_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal nobody reads fills up; the write must not hang."""
    monkeypatch.setattr("drivers.gfi.WRITE_S", 0.2)
    far = Terminal(lambda line: None)
    local = line_to(far.path)
    local.open()
    far._end.set()  # nobody reads any more
    far._thread.join()
    with within(3.0), pytest.raises(InstrumentError, match="connection lost"):
        local.deliver(bytes(100_000))
    local.close()


@pytest.mark.parametrize(
    "resource", ["/dev/no-such-line", "socket://127.0.0.1:{port}", "socket://no-such-host.invalid:1", "nonsense://", ""]
)
def test_not_there(resource: str) -> None:
    with within(10.0), pytest.raises(InstrumentError, match=r"^instrument local: cannot open .*check the address"):
        line_to(resource.format(port=free_port())).open()
