"""The capture process, as a process: merging, losses, gaps, pauses, and its own end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.air import Air
from bench.bus import Bus, Item
from bench.capture import SOURCE
from bench.capture.client import Capture
from bench.errors import BenchError, InstrumentError
from bench.han.capture import PcapngWriter, read_capture
from drivers.capture_file import CaptureFileConfig
from drivers.nrf_sniffer import NrfSnifferConfig
from tests.drivers.peers import until, within
from tests.engine.capturing import Dongle, bench, line

ROOT = Path(__file__).parents[2]


def number(raw: bytes) -> int:
    return int.from_bytes(raw[-4:], "big")


def test_two_sniffers_on_one_clock(tmp_path: Path) -> None:
    with bench(tmp_path, "near", "far") as one:
        for step in range(20):
            one.dongles["far"].send(line(step, 7_000_000 + step * 5000))
            one.dongles["near"].send(line(step, step * 5000))
            time.sleep(0.005)
        one.until(lambda: len(one.items) == 40)
        times = [item.time for item in one.items]
        assert None not in times and times == sorted(times)  # type: ignore[type-var]
        for name in ("near", "far"):
            mine = [item for item in one.items if item.source == name]
            assert [item.sequence for item in mine] == list(range(1, 21))
            assert [number(item.raw) for item in mine] == list(range(20))
        assert one.items[0].data.keys() == {"device_us", "fcs", "rssi", "lqi", "channel", "page"}
        assert one.capture.sync() == {"near": 20, "far": 20, "capture": 0}
        assert one.started == {"near": 5, "far": 5}
    assert one.dongles["near"].heard[-1] == "sleep\r"
    assert one.trouble == []
    packets = list(read_capture(one.file))
    assert sorted((packet.interface_name, number(packet.psdu)) for packet in packets) == sorted(
        (name, step) for name in ("near", "far") for step in range(20)
    )
    assert {(packet.interface_name, packet.channel) for packet in packets} == {("near", 11), ("far", 12)}


def test_steps_are_comments_and_tshark_shows_them(tmp_path: Path) -> None:
    with bench(tmp_path, "near") as one:
        one.capture.mark("mains: open the feed")
        one.capture.mark("mains: close the feed")
        one.capture.sync()
        one.dongles["near"].send(line(1, 5) + line(2, 9))
        one.until(lambda: len(one.items) == 2)
        one.capture.mark("nothing came after this")
        one.capture.sync()
    assert [packet.comments for packet in read_capture(one.file)] == [
        ("mains: open the feed", "mains: close the feed"), ()
    ]  # fmt: skip
    assert b"nothing came after this" in one.file.read_bytes()
    if shutil.which("tshark"):
        fields = ["frame.comment", "frame.interface_name", "wpan-tap.ch_num", "wpan.seq_no"]
        command = ["tshark", "-r", str(one.file), "-T", "fields", *(word for field in fields for word in ("-e", field))]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        assert shown[0] == "mains: open the feed,mains: close the feed\tnear\t11\t93"


def test_without_a_clock_of_its_own_the_bench_stamps(tmp_path: Path) -> None:
    with bench(tmp_path, "near", "far", offset_us=None) as one:
        one.dongles["near"].send(line(1, 5))
        one.until(lambda: len(one.items) == 1)
        assert one.items[0].time is None


def test_a_broken_line_is_a_loss_with_a_number(tmp_path: Path) -> None:
    with bench(tmp_path, "near") as one:
        one.dongles["near"].send(line(1, 5) + line(2, 9)[:30] + b"\r\n" + line(3, 12))
        with pytest.raises(InstrumentError, match="near: lost 1 observations on the bus"):
            one.until(lambda: len(one.items) == 2)
        one.until(lambda: len(one.items) == 2 and bool(one.trouble))
        assert one.items[-1].sequence == 3, "what is lost has a number, too"
        (told,) = one.trouble
        assert (told.kind, told.data["sniffer"], told.data["lost"]) == ("lost", "near", 1)
        assert told.data["problem"].startswith("sent a line that is no frame: b'received: 49a8")


def test_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    offset = time.time_ns() // 1000 - time.monotonic_ns() // 1000
    with bench(tmp_path, "near", "far", offset_us=offset) as one:
        for dongle in one.dongles.values():
            dongle.send(line(1, 5_000_000))
        one.until(lambda: len(one.items) == 2)
        unplugged = time.monotonic()
        one.dongles["near"].unplug()
        one.until(lambda: bool(one.trouble))
        assert time.monotonic() - unplugged < 1.0
        (gone,) = one.trouble
        assert (gone.kind, gone.data["sniffer"], gone.data["listening"]) == ("gone", "near", False)
        assert gone.data["since"] <= gone.data["at"]
        one.dongles["far"].send(line(2, 6_000_000))
        one.until(lambda: len(one.items) == 3)
        one.dongles["near"].plug_in()
        one.until(lambda: len(one.trouble) == 2, 8)
        back = one.trouble[1]
        assert (back.kind, back.data["sniffer"], back.data["since"]) == ("back", "near", gone.data["since"])
        assert back.data["at"] > gone.data["at"] and back.data["unanswered"] == 10
        one.dongles["near"].send(line(7, 1_000))
        one.until(lambda: len(one.items) == 4)
        assert one.items[-1].sequence == 2
        assert one.items[-1].time is not None and one.items[2].time is not None
        assert one.items[-1].time - one.items[2].time < timedelta(seconds=8)


def test_a_device_file_that_goes_away_is_noticed(tmp_path: Path) -> None:
    """Also where the line itself does not tell."""
    with bench(tmp_path, "near") as one, within(1.5):
        one.dongles["near"].path.unlink()
        one.until(lambda: bool(one.trouble))
        assert "its device file is gone" in one.trouble[0].data["problem"]


LISTENER = """
import sys, time
from pathlib import Path
from tests.engine.capturing import Bench

class Dongle:
    def __init__(self, path): self.path = path
    def config(self):
        from drivers.nrf_sniffer import NrfSnifferConfig
        return "nrf-sniffer", NrfSnifferConfig(resource=self.path, channel=15)
    def receiving(self): return True

one = Bench(Path(sys.argv[1]), {"near": Dongle(sys.argv[2])}, backlog=int(sys.argv[3]))
print(one.capture.pid, flush=True)
while len(one.items) + sum(item.data["lost"] for item in one.trouble) < int(sys.argv[4]):
    one.take()
    time.sleep(0.01)
print(len(one.items), sum(item.data["lost"] for item in one.trouble), flush=True)
sys.stdin.read()
"""
FRAMES = 12_000


@pytest.mark.parametrize("backlog", [1_000_000, 500])
def test_a_paused_bench_loses_nothing_until_the_queue_is_full(tmp_path: Path, backlog: int) -> None:
    dongle = Dongle(tmp_path / "dongle")
    command = [sys.executable, "-c", LISTENER, str(tmp_path), str(dongle.path), str(backlog), str(FRAMES)]
    listener = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    try:
        capture = int(listener.stdout.readline())
        until(dongle.receiving)
        dongle.send(line(0, 1000))
        time.sleep(0.2)
        listener.send_signal(signal.SIGSTOP)
        for start in range(1, FRAMES, 20):
            dongle.send(b"".join(line(frame, frame * 2000) for frame in range(start, min(start + 20, FRAMES))))
        time.sleep(0.5)
        listener.send_signal(signal.SIGCONT)
        received, lost = map(int, listener.stdout.readline().split())
        assert received + lost == FRAMES
        assert (lost > 0) == (backlog == 500)
    finally:
        listener.send_signal(signal.SIGCONT)
        listener.kill()
        listener.wait()
        listener.stdout.close()
    until(lambda: not os.path.exists(f"/proc/{capture}"), 5)
    assert sum(1 for _ in read_capture(tmp_path / "capture.pcapng")) == FRAMES, "the file has them all"
    dongle.unplug()


def test_its_death_is_told_with_last_words(tmp_path: Path) -> None:
    with bench(tmp_path, "near") as one:
        one.capture.check()
        os.kill(one.capture.pid, signal.SIGKILL)
        with pytest.raises(
            BenchError, match=r"^the capture process was ended by signal 9 while the rig was in use; it"
        ):
            one.capture.sync()
        with pytest.raises(BenchError, match="ended by signal 9"):
            one.capture.check()


def test_a_process_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.capture.client.ANSWER_S", 0.3)
    with bench(tmp_path, "near") as one:
        os.kill(one.capture.pid, signal.SIGSTOP)
        with pytest.raises(BenchError, match=r"did not answer within 0.3 s; its log is .*capture.log"):
            one.capture.sync()
        os.kill(one.capture.pid, signal.SIGCONT)


def test_what_the_process_says_before_it_ends(tmp_path: Path) -> None:
    one = Dongle(tmp_path / "dongle")
    capture, bus = Capture(tmp_path / "log"), Bus()
    capture.open({"near": one.config()})
    capture.opened()
    with pytest.raises(BenchError, match=r"cannot write .*No such file or directory; free some space"):
        capture.start(bus.listen("near"), offset_us=0, write=tmp_path / "none" / "capture.pcapng")
    capture.stop()
    bus.close()
    one.unplug()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_sniffer_that_is_not_there(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "log")
    config = Dongle(tmp_path / "dongle").config()[1].model_copy(update={"resource": str(tmp_path / "none")})
    capture.open({"near": ("nrf-sniffer", config)})
    with pytest.raises(InstrumentError, match=r"^instrument near: cannot open .*is it plugged in\?; nothing had been"):
        capture.opened()
    with within(3.0):
        capture.stop()


@pytest.mark.parametrize("cut", [False, True])
def test_a_file_is_heard_once_with_its_own_times(tmp_path: Path, cut: bool) -> None:
    start = 1_893_456_000_000_000_000
    path = tmp_path / "last-month.pcapng"
    with PcapngWriter(path) as writer:
        interface = writer.add_interface("near")
        for step in range(100):
            writer.write_psdu(interface, start + step * 1_000_000, bytes(5) + step.to_bytes(4, "big"), fcs=False)
    if cut:
        path.write_bytes(path.read_bytes()[:-301])
    capture, bus = Capture(tmp_path / "log"), Bus()
    capture.open({"file": ("capture-file", CaptureFileConfig(resource=str(path)))})
    capture.opened()
    capture.start(bus.listen("file", SOURCE), offset_us=0)
    items: list[Item] = []
    until(lambda: bool(items.extend(bus.drain())) or any(item.source == SOURCE for item in items))
    time.sleep(1.5)
    items += bus.drain()
    capture.stop()
    bus.close()
    frames = [item for item in items if item.kind == "psdu"]
    assert [number(item.raw) for item in frames] == list(range(len(frames))) and 90 < len(frames) <= 100
    assert frames[0].time == datetime.fromtimestamp(start / 1e9, UTC)
    assert [item.kind for item in items if item.source == SOURCE] == (["gone"] if cut else ["ended"])


def test_a_driver_with_a_bug_is_trouble_of_its_sniffer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_driver.py").write_text(
        "from drivers.nrf_sniffer import NrfSniffer\n"
        "class Broken(NrfSniffer):\n    def parse(self, chunk):\n        raise KeyError('oops')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("bench.capture.client.driver_reference", lambda name: "broken_driver:Broken")
    with bench(tmp_path, "near") as one:
        one.dongles["near"].send(line(1, 5))
        one.until(lambda: bool(one.trouble))
        assert one.trouble[0].data["problem"] == "its driver broke (KeyError: 'oops')"


def test_a_sniffer_that_hears_nothing_is_told_once_and_so_is_that_it_hears_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Dongle.config

    def config(dongle: Dongle) -> tuple[str, NrfSnifferConfig]:
        driver, settings = plain(dongle)
        return driver, settings.model_copy(update={"silent_after": timedelta(milliseconds=600)})

    monkeypatch.setattr(Dongle, "config", config)
    offset = time.time_ns() // 1000 - time.monotonic_ns() // 1000
    with bench(tmp_path, "near", "far", offset_us=offset) as one:
        for step in range(16):  # the other one is never quiet for so long
            one.dongles["far"].send(line(step, step * 100_000))
            time.sleep(0.1)
        one.until(lambda: len(one.items) == 16)
        (silent,) = one.trouble
        assert (silent.kind, silent.data["sniffer"], silent.data["listening"]) == ("silent", "near", True)
        assert silent.data["problem"] == "has heard nothing for 1 s; is anything on channel 11?"
        one.dongles["near"].send(line(1, 5))
        one.until(lambda: len(one.trouble) > 1)
        assert (one.trouble[1].kind, one.trouble[1].data["sniffer"]) == ("heard", "near")


def test_how_long_is_silent() -> None:
    assert NrfSnifferConfig(resource="x", channel=15).silent_after == timedelta(seconds=60)
    with pytest.raises(ValueError, match="silent_after"):
        NrfSnifferConfig.model_validate({"resource": "x", "channel": 15, "silent_after": "0 s"})
    settings = NrfSnifferConfig.model_validate({"resource": "x", "channel": 15, "silent_after": "2 min"})
    assert NrfSnifferConfig.model_validate(settings.model_dump(mode="json")) == settings


def test_silence_is_an_observation_and_no_trouble(tmp_path: Path) -> None:
    air, told = Air(tmp_path), []
    try:
        sniffer = air.sniffer("near", "nrf-sniffer", NrfSnifferConfig(resource="x", channel=15))
        recording = SimpleNamespace(is_open=True, record=lambda *what: told.append(what))
        air._recorder = air._timeline = recording  # type: ignore[assignment]
        for kind, words in (("silent", "has heard nothing for 60 s"), ("heard", "hears something again")):
            data = {"sniffer": "near", "problem": words, "listening": True, "unanswered": 5}
            air.take(Item(SOURCE, 1, None, kind, data, b""))
    finally:
        air.close()
    assert sniffer.trouble is None and sniffer.listening
    assert [(point, kind, data["cause"], data["text"]) for point, kind, data in told] == [
        ("han", "step", "silent", "near: has heard nothing for 60 s"),
        ("han", "step", "heard", "near: hears something again"),
    ]
