"""A capture file in place of a sniffer."""

import time
from pathlib import Path

import pytest

from bench.errors import InstrumentError
from bench.han.capture import PcapngWriter
from bench.han.mac import with_fcs
from drivers.capture_file import CaptureFile, CaptureFileConfig
from tests.drivers.listening import listen

MAC = bytes.fromhex("49a85d41cb64")
START = 1_893_456_000_000_000_000


def write(path: Path, count: int, step: int = 1_000_000) -> Path:
    with PcapngWriter(path) as writer:
        near = writer.add_interface("near")
        for number in range(count):
            psdu = with_fcs(MAC + number.to_bytes(4, "little"))
            channel = {"channel": 3, "page": 28} if number % 2 else {}
            writer.write_psdu(near, START + number * step, psdu, rssi=-60.6 if number else None, lqi=9, **channel)
    return path


def driver(path: Path, pace: str = "own") -> CaptureFile:
    config = {"resource": str(path), "pace": pace, "channel": 11}
    return CaptureFile("last month", CaptureFileConfig.model_validate(config))


def test_frames_keep_their_own_times(tmp_path: Path) -> None:
    sniffer = driver(write(tmp_path / "a.pcapng", 5000))
    sniffer.open()
    sniffer.begin()
    frames = listen(sniffer, 5000)
    assert [frame.device_us for frame in frames] == [START // 1000 + number * 1000 for number in range(5000)]
    assert frames[0][2:] == (True, None, 9, 11, 0)
    assert frames[1][2:] == (True, -61, 9, 3, 28)
    assert sniffer.own_time
    listen(sniffer)
    assert sniffer.ended and not sniffer.listening
    sniffer.close()


def test_replay_takes_the_time_it_took(tmp_path: Path) -> None:
    sniffer = driver(write(tmp_path / "a.pcapng", 6, step=50_000_000), "replay")
    sniffer.open()
    began = time.monotonic()
    sniffer.begin()
    listen(sniffer, 6)
    assert 0.2 < time.monotonic() - began < 1.0
    assert not sniffer.own_time
    sniffer.close()


def test_a_cut_file_gives_what_it_has_and_then_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pcapng", 20)
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) // 2])
    sniffer = driver(path)
    sniffer.open()
    sniffer.begin()
    heard = listen(sniffer, 5)
    with pytest.raises(InstrumentError, match=r"last month: cannot be read any further \(pcapng: block \d+ is cut"):
        while True:
            heard += listen(sniffer)
    assert 5 <= len(heard) < 20
    sniffer.close()


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a capture")
    for path, words in ((tmp_path / "text", "neither pcap nor pcapng"), (tmp_path / "none", "No such file")):
        with pytest.raises(InstrumentError, match=f"cannot read .*{words}"):
            driver(path).open()
