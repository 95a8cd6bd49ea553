"""The sniffer driver against lines as the nRF firmware prints them, on a pseudo terminal."""

from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.capture.sniffer import Heard
from bench.errors import InstrumentError
from drivers.nrf_sniffer import NrfSniffer, NrfSnifferConfig
from tests.drivers.listening import listen
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


def hear(driver: NrfSniffer, far: Terminal, octets: bytes, count: int) -> list[Heard]:
    """Begin, let the sniffer print, and return what was heard."""
    driver.begin()
    until(lambda: "receive\r" in far.heard)
    far.send(octets)
    return listen(driver, count)


def test_start_sequence_and_frame() -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        (heard,) = hear(driver, far, FRAME % 15822687, 1)
        assert heard.psdu == PSDU and not heard.fcs, "the two octets of metadata are dropped"
        assert heard == (15822687, PSDU, False, -39, 220, 15, 0)
        driver.close()
        until(lambda: far.heard[-1] == "sleep\r")
        assert far.heard == [
            "sleep\r", "shell echo off\r", "channel 15\r", "channel\r", "receive\r", "sleep\r"
        ]  # fmt: skip
        assert driver.unanswered == 5, "each of them, but the last, was counted"


def test_echo_prompt_and_half_lines_are_noise_and_broken_frames_are_losses() -> None:
    noise = b"a85d41 power: -39 lqi: 220 time: 3\r\nuart:~$ receive\r\n\r\n\x1b[m\xff\xfe\x00\r\n"
    broken = [
        b"received: 49a85 power: -1 lqi: 2 time: 4",  # odd number of hex digits
        b"received: 49a8 power: -1 lqi: 2 time: 4",  # nothing but metadata
        b"received: 49zz8d37 power: -1 lqi: 2 time: 4",
        b"received: 49a85d41cb64 power: -6",
        b"received: 49a85d41cb64 power: -6 lqi: 999 time: 4",
        b"received: " + b"41" * 128 + b" power: -1 lqi: 2 time: 4",
        b"received: 49a85d41cb64 power: -1 lqi: 2 time: " + b"9" * 5000,
        b"received: 49a85d41cb64 power: -1 lqi: 2 time: -4",
    ]
    with Terminal(noisy_shell) as far:
        driver = sniffer(far.path)
        driver.open()
        octets = noise + b"".join(line + b"\r\n" for line in broken) + b"uart:~$ " + FRAME % 5
        assert [heard.device_us for heard in hear(driver, far, octets, 1)] == [5]
        assert driver.lost == len(broken), driver.loss
        assert driver.loss.startswith("sent a line that is no frame: b'received: 49a85d41cb64")
        driver.close()


def test_a_line_swallowed_into_the_next_one_does_not_lend_it_its_time() -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        merged = (FRAME % 7).removesuffix(b"\r\n") + FRAME % 1234
        assert [heard.device_us for heard in hear(driver, far, merged, 1)] == [1234]
        assert driver.lost == 1
        driver.close()


def test_lines_in_pieces() -> None:
    driver = sniffer("nowhere")
    stream = b"".join(FRAME % stamp for stamp in range(0, 7000, 7))
    frames: list[Heard] = []
    for start in range(0, len(stream), 61):
        frames += driver.parse(stream[start : start + 61])
    assert [heard.device_us for heard in frames] == list(range(0, 7000, 7))
    assert {heard.psdu for heard in frames} == {PSDU}
    assert driver.lost == 0


def test_time_wraps_at_32_bits() -> None:
    stamps = [(1 << 32) - 10, 20, 15, (1 << 32) - 1, 5]
    driver = sniffer("nowhere")
    frames = driver.parse(b"".join(FRAME % stamp for stamp in stamps))
    assert [heard.device_us for heard in frames] == [
        (1 << 32) - 10, (1 << 32) + 20, (1 << 32) + 15, (2 << 32) - 1, (2 << 32) + 5
    ]  # fmt: skip
    assert driver.lost == 0


def test_time_of_64_bits_does_not_wrap() -> None:
    stamps = [(1 << 32) - 1, (1 << 32) + 1, (7 << 32) + 3]
    driver = sniffer("nowhere")
    assert [heard.device_us for heard in driver.parse(b"".join(FRAME % stamp for stamp in stamps))] == stamps


def test_a_sniffer_that_starts_anew_is_a_loss() -> None:
    driver = sniffer("nowhere")
    assert len(driver.parse(FRAME % 600_000_000 + FRAME % 1_000)) == 2
    assert driver.lost == 1 and "started anew" in driver.loss


def test_another_first_word() -> None:
    driver = NrfSniffer("sniffer", NrfSnifferConfig(resource="nowhere", channel=15, label="psdu:"))
    assert len(driver.parse((FRAME % 5).replace(b"received:", b"psdu:"))) == 1


def test_unplugged_while_receiving() -> None:
    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        hear(driver, far, FRAME % 1, 1)
        far.unplug()
        with pytest.raises(InstrumentError, match=r"^instrument sniffer: lost \(.*-> receive"):
            listen(driver, 1)
        with pytest.raises(InstrumentError, match="its device file is gone"):
            driver.present()
        with within(3.0):
            driver.close()


def test_octets_that_the_line_lost_are_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    overruns = iter([3, 3, 5])

    def count(_file: int, request: int, counters: "array[int]") -> None:
        assert request == 0x545D and len(counters) * counters.itemsize == 80
        counters[10] = next(overruns)

    with Terminal(shell) as far:
        driver = sniffer(far.path)
        driver.open()
        driver.present()
        assert driver.lost == 0, "a pseudo terminal does not count"
        monkeypatch.setattr("drivers.serial_sniffer.fcntl.ioctl", count)
        for lost in (0, 0, 2):
            driver.present()
            assert driver.lost == lost
        assert driver.loss == "its serial line lost octets 2 times"
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


def test_garbage_without_lines() -> None:
    driver = sniffer("nowhere")
    for _ in range(20):
        assert driver.parse(b"x" * 4000) == []
    assert driver.lost == 1 and "sends no lines; is it a sniffer?" in driver.loss


@given(st.lists(st.binary(max_size=80) | st.sampled_from([FRAME % 5, (FRAME % 9)[:40], b"received: "])))
def test_whatever_comes_raises_nothing(chunks: list[bytes]) -> None:
    driver = sniffer("nowhere")
    heard = [frame for chunk in chunks for frame in driver.parse(chunk)]
    labels = b"".join(chunks).rpartition(b"\n")[0].count(b"received:")
    assert len(heard) + driver.lost >= labels, "nothing that begins as a frame is passed over in silence"


def test_not_there(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.write_text("not a terminal")
    for path in ("/dev/serial/by-id/no-such-sniffer", str(plain), str(tmp_path), ""):
        with (
            within(3.0),
            pytest.raises(InstrumentError, match=r"^instrument sniffer: cannot open .*is it plugged in\?"),
        ):
            sniffer(path).open()
