"""The sniffer driver against lines as the nRF firmware prints them, on a pseudo terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.bus import Bus, Item
from bench.errors import InstrumentError
from drivers.nrf_sniffer import NrfSniffer, NrfSnifferConfig
from tests.drivers.peers import Terminal, until, within

FRAME = b"received: 49a85d41cb64000000000037 power: -39 lqi: 220 time: %d\r\n"
PSDU = bytes.fromhex("49a85d41cb6400000000")


def shell(line: str) -> bytes | None:
    """The firmware's shell, its echo switched off."""
    return b"15\r\n" if line == "channel" else None


def noisy_shell(line: str) -> bytes | None:
    """A shell with echo, prompt and colours."""
    answer = b"15\r\n" if line == "channel" else b""
    return line.encode() + b"\r\n" + answer + b"\x1b[1;32muart:~$ \x1b[m"


def sniffer(path: str, answer_s: float = 0.3, channel: int = 15) -> NrfSniffer:
    return NrfSniffer("sniffer", NrfSnifferConfig(resource=path, channel=channel, answer_s=answer_s))


@pytest.fixture
def bus() -> Iterator[Bus]:
    bus = Bus()
    yield bus
    bus.close()


def hear(bus: Bus, driver: NrfSniffer, far: Terminal, octets: bytes, count: int) -> list[Item]:
    """Start the driver, let the sniffer print, and return what came to the bus."""
    driver.start(bus.source("sniffer", lambda: None))
    until(lambda: "receive\r" in far.heard)
    far.send(octets)
    items: list[Item] = []
    until(lambda: bool(items.extend(bus.drain())) or len(items) >= count)
    return items


def test_start_sequence_and_frame(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        (item,) = hear(bus, driver, far, FRAME % 15822687, 1)
        assert item.kind == "psdu"
        assert item.raw == PSDU, "the two octets of metadata are dropped"
        assert item.data == {"device_us": 15822687, "channel": 15, "rssi": -39, "lqi": 220}
        driver.close()
        until(lambda: far.heard[-1] == "sleep\r")
        assert far.heard == [
            "sleep\r", "shell echo off\r", "channel 15\r", "channel\r", "receive\r", "sleep\r"
        ]  # fmt: skip


def test_echo_prompt_and_half_lines_are_noise(bus: Bus) -> None:
    noise = (
        b"a85d41 power: -39 lqi: 220 time: 3\r\nuart:~$ receive\r\n\r\n\x1b[m"
        b"received: 49a85 power: -1 lqi: 2 time: 4\r\n"  # odd number of hex digits
        b"received: 49a8 power: -1 lqi: 2 time: 4\r\n"  # nothing but metadata
        b"received: 49zz8d37 power: -1 lqi: 2 time: 4\r\n"
        b"received: 49a85d41cb64 power: -6\r\n"
        b"received: " + b"41" * 128 + b" power: -1 lqi: 2 time: 4\r\n"
        b"received: 49a85d41cb64 power: -1 lqi: 2 time: " + b"9" * 5000 + b"\r\n"
        b"\xff\xfe\x00\r\n"
    )
    with Terminal(noisy_shell) as far:
        driver = sniffer(far.path)
        driver.open()
        items = hear(bus, driver, far, noise + b"uart:~$ " + FRAME % 5, 1)
        assert [item.data["device_us"] for item in items] == [5]
        assert driver.trouble is None
        driver.close()


def test_a_line_swallowed_into_the_next_one_does_not_lend_it_its_time(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        merged = (FRAME % 7).removesuffix(b"\r\n") + FRAME % 1234
        items = hear(bus, driver, far, merged, 1)
        assert [item.data["device_us"] for item in items] == [1234]
        driver.close()


def test_a_line_in_two_pieces(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        line = FRAME % 77
        assert hear(bus, driver, far, line[:20], 0) == []
        far.send(line[20:])
        items: list[Item] = []
        until(lambda: bool(items.extend(bus.drain())) or bool(items))
        assert items[0].data["device_us"] == 77
        driver.close()


def test_time_wraps_at_32_bits(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        stamps = [(1 << 32) - 10, 20, 15, (1 << 32) - 1, 5]
        items = hear(bus, driver, far, b"".join(FRAME % stamp for stamp in stamps), len(stamps))
        assert [item.data["device_us"] for item in items] == [
            (1 << 32) - 10, (1 << 32) + 20, (1 << 32) + 15, (2 << 32) - 1, (2 << 32) + 5
        ]  # fmt: skip
        assert driver.trouble is None
        driver.close()


def test_time_of_64_bits_does_not_wrap(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        stamps = [(1 << 32) - 1, (1 << 32) + 1, (7 << 32) + 3]
        items = hear(bus, driver, far, b"".join(FRAME % stamp for stamp in stamps), len(stamps))
        assert [item.data["device_us"] for item in items] == stamps
        driver.close()


def test_a_sniffer_that_starts_anew_is_trouble(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        hear(bus, driver, far, FRAME % 600_000_000 + FRAME % 1_000, 2)
        assert driver.trouble is not None
        assert "started anew" in str(driver.trouble)
        driver.close()


def test_unplugged_while_receiving(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        hear(bus, driver, far, FRAME % 1, 1)
        far.unplug()
        until(lambda: driver.trouble is not None)
        assert str(driver.trouble).startswith("instrument sniffer: lost while receiving (")
        assert "-> receive" in str(driver.trouble)
        with within(3.0):
            driver.close()


def test_silent() -> None:
    with Terminal(lambda line: None) as far, within(3.0):
        driver = sniffer(far.path)
        with pytest.raises(InstrumentError, match=r"^instrument sniffer: did not confirm channel 15.*-> channel$"):
            driver.open()
        driver.close()


def test_on_another_channel() -> None:
    with Terminal(lambda line: b"115\r\n11\r\n" if line == "channel" else None) as far, within(3.0):
        driver = sniffer(far.path)
        with pytest.raises(InstrumentError, match="did not confirm channel 15: replied '115"):
            driver.open()
        driver.close()


def test_garbage() -> None:
    with Terminal(lambda line: b"\xff\x00" * 300) as far, within(3.0):
        driver = sniffer(far.path)
        with pytest.raises(InstrumentError, match="did not confirm channel 15"):
            driver.open()
        driver.close()


def test_garbage_without_lines(bus: Bus) -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        driver.start(bus.source("sniffer", lambda: None))
        for _ in range(20):
            far.send(b"x" * 4000)
        until(lambda: driver.trouble is not None)
        assert "sends no lines" in str(driver.trouble)
        driver.close()


def test_not_there(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.write_text("not a terminal")
    for path in ("/dev/serial/by-id/no-such-sniffer", str(plain), str(tmp_path), ""):
        with (
            within(3.0),
            pytest.raises(InstrumentError, match=r"^instrument sniffer: cannot open .*is it plugged in\?"),
        ):
            sniffer(path).open()
