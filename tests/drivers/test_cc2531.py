"""CC2531: its control and bulk transfers against a device that speaks them, and records as they come apart."""

import queue
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import InstrumentError
from bench.han.mac import fcs, with_fcs
from drivers.cc2531 import Cc2531, Cc2531Config, PyUsbDevice
from tests.drivers.listening import listen
from tests.drivers.peers import until, within

MAC = bytes.fromhex("49a85d41cb6400000000")
TRANSFER = 64


class Dongle:
    """The factory firmware's end of the transfers."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, bytes]] = []
        self.bulk: queue.Queue[bytes] = queue.Queue()
        self.powering = 3
        self.gone = threading.Event()
        self.closed = False

    def control_in(self, request: int, length: int) -> bytes:
        if request == 192:
            return bytes.fromhex("3125630100010000")[:length]
        self.powering -= 1
        return bytes((4 if self.powering <= 0 else 0,))

    def control_out(self, request: int, index: int, data: bytes = b"") -> None:
        if self.gone.is_set():
            raise OSError(19, "No such device")
        self.heard.append((request, index, data))

    def bulk_in(self, endpoint: int, size: int, wait_ms: int) -> bytes:
        assert endpoint == 0x83 and size % TRANSFER == 0
        if self.gone.is_set():
            raise OSError(19, "No such device")
        try:
            return self.bulk.get(timeout=wait_ms / 1000)
        except queue.Empty:
            return b""

    def close(self) -> None:
        self.closed = True

    def send(self, records: bytes) -> None:
        for start in range(0, len(records), TRANSFER):
            self.bulk.put(records[start : start + TRANSFER])


def record(ticks: int, mac: bytes = MAC, rssi: int = 12, correlation: int = 105, ok: bool = True) -> bytes:
    psdu = mac + rssi.to_bytes(1, "little", signed=True) + bytes((correlation | (0x80 if ok else 0),))
    body = ticks.to_bytes(4, "little") + bytes((len(psdu),)) + psdu
    return b"\0" + len(body).to_bytes(2, "little") + body


TICK = b"\1\1\0\0"


@pytest.fixture
def dongle(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dongle]:
    dongle = Dongle()
    monkeypatch.setattr(Cc2531, "usb", staticmethod(lambda serial_number: dongle))
    yield dongle


def driver() -> Cc2531:
    return Cc2531("cc2531", Cc2531Config(channel=15))


def test_start_sequence_frames_and_stop(dongle: Dongle) -> None:
    sniffer = driver()
    sniffer.open()
    assert dongle.heard == [(197, 4, b""), (201, 0, b""), (210, 0, bytes((15,))), (210, 1, b"\0")]
    sniffer.begin()
    assert dongle.heard[-1] == (208, 0, b"")
    dongle.send(record(320) + record(64_000, rssi=-10, ok=False) * 5)
    first, *others = listen(sniffer, 6)
    assert first == (10, with_fcs(MAC), True, 12 - 73, 105, 15, 0)
    assert {(one.device_us, one.rssi) for one in others} == {(2000, -83)}
    assert others[0].psdu == MAC + (fcs(MAC) ^ 0xFFFF).to_bytes(2, "little"), "what failed its check keeps failing"
    sniffer.close()
    assert dongle.heard[-2:] == [(209, 0, b""), (197, 0, b"")] and dongle.closed
    sniffer.close()


def test_unplugged_while_receiving(dongle: Dongle) -> None:
    sniffer = driver()
    sniffer.open()
    sniffer.begin()
    dongle.gone.set()
    with within(1.0), pytest.raises(InstrumentError, match=r"cc2531: lost \(.*No such device\); plug it in again"):
        listen(sniffer, 1)
    sniffer.close()


def test_a_radio_that_does_not_power_up(dongle: Dongle) -> None:
    dongle.powering = 1 << 30
    with within(4.0), pytest.raises(InstrumentError, match="did not power up within 2 s"):
        driver().open()


def test_time_wraps_with_and_without_tick_records() -> None:
    wrap = ((1 << 32) - 1) / 32
    for between in (TICK, b""):
        sniffer = driver()
        frames = sniffer.parse(record(0xFFFFFFF0) + between + record(64) + (b"" if between else TICK) + record(640))
        last = [0xFFFFFFF0 // 32, int(wrap + 2), int(wrap + 20)]
        assert [frame.device_us for frame in frames] == pytest.approx(last, abs=1)


def test_lengths_that_do_not_agree_are_losses() -> None:
    sniffer = driver()
    assert sniffer.parse(b"\0\x05\x00" + bytes(5)) == []
    assert "whose lengths do not agree" in sniffer.loss
    assert sniffer.parse(b"\x07\x05\x00" + bytes(5)) == []
    assert "record of type 7 with 5 octets" in sniffer.loss
    assert sniffer.parse(b"\0\xff\xff" + bytes(5)) == []
    assert sniffer.lost == 3
    assert len(sniffer.parse(record(5))) == 1, "the next transfer begins anew"


@given(st.lists(st.binary(max_size=80) | st.sampled_from([record(5), TICK, record(9)[:7]])))
def test_whatever_comes_raises_nothing(chunks: list[bytes]) -> None:
    sniffer = driver()
    for chunk in chunks:
        sniffer.parse(chunk)


def test_without_pyusb_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb", None)
    monkeypatch.setitem(sys.modules, "usb.core", None)
    monkeypatch.setattr(Cc2531, "usb", PyUsbDevice)
    with pytest.raises(InstrumentError, match=r"pyusb is not installed; pip install 'smets-bench\[usb\]'"):
        driver().open()


def test_without_the_dongle_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("usb.core")
    monkeypatch.setattr(Cc2531, "usb", PyUsbDevice)
    with pytest.raises(InstrumentError, match=r"is it plugged in|libusb is not installed"):
        driver().open()


def test_the_pump_waits_for_its_reader(dongle: Dongle) -> None:
    """Nothing is dropped while the capture process is busy."""
    sniffer = driver()
    sniffer.open()
    sniffer.begin()
    for number in range(20_000):
        dongle.bulk.put(record(number * 32))
    until(lambda: dongle.bulk.qsize() < 20_000)
    assert [frame.device_us for frame in listen(sniffer, 20_000, 20)] == list(range(20_000))
    sniffer.close()
