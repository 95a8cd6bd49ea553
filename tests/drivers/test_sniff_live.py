"""`bench sniff` on a live sniffer: datagrams of a ZEP source on the loopback."""

import json
import socket
import struct
import threading
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from bench.errors import BenchError, UsageError
from bench.han.capture_reader import read_capture
from bench.han.sniff_command import Options
from bench.sniff import devices_of, listen, of_driver, of_rig, run
from tests.han.vectors import LK_INSTALL, NK, psdu


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def datagram(number: int, octets: bytes) -> bytes:
    head = struct.pack(">2sBBBHBBQI10xB", b"EX", 2, 1, 15, 7, 1, 99, (2_208_988_800 + 1_790_000_000) << 32, number,
                       len(octets))  # fmt: skip
    return head + octets


def heard(tmp_path: Path, names: list[str], keys: tuple[str, ...]) -> list[dict[str, object]]:
    port = free_port()
    done = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for again in range(40):  # until the bench listens; repeats are told by their sequence numbers
                for number, name in enumerate(names):
                    sender.sendto(datagram(again * 100 + number, psdu(name)), ("127.0.0.1", port))
                    time.sleep(0.02)
                if done.wait(0.1):
                    return

    thread = threading.Thread(target=send)
    thread.start()
    out = StringIO()
    options = Options(as_json=True, unsorted_keys=keys, write=tmp_path / "live.pcapng")
    try:
        assert listen(of_driver("zep", f"127.0.0.1:{port}", None), options, out, seconds=2.5) == 0
    finally:
        done.set()
        thread.join()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_frames_as_they_are_heard(tmp_path: Path) -> None:
    rows = heard(tmp_path, ["V1", "ack"], (NK.hex(),))
    first = next(row for row in rows if row["command"] == "ReadAttributes")
    assert first["decrypted"] is True and first["channel"] == 15 and first["interface"] is not None
    assert [row["frame"] for row in rows] == list(range(1, len(rows) + 1))
    assert len(list(read_capture(tmp_path / "live.pcapng"))) == len(rows)


def test_a_key_heard_opens_what_came_before(tmp_path: Path) -> None:
    rows = heard(tmp_path, ["V4", "V3"], (LK_INSTALL.hex(),))
    number = next(row["frame"] for row in rows if row["command"] == "DeviceAnnce")
    before = [row for row in rows if row["frame"] == number]
    assert before[-1]["decrypted"] is True and str(before[-1]["network_key"]).startswith("frame ")


def test_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no driver is called nothing; there are"):
        of_driver("nothing", "x", None)
    with pytest.raises(UsageError, match="driver rudat is no sniffer"):
        of_driver("rudat", "x", None)
    with pytest.raises(UsageError, match="driver nrf-sniffer: channel: Field required"):
        of_driver("nrf-sniffer", "/dev/null", None)
    with pytest.raises(UsageError, match="nothing to sniff"):
        run(None, "", "", None, None, Options())
    with pytest.raises(BenchError, match="cannot open"):
        listen(of_driver("nrf-sniffer", str(tmp_path / "ttyNONE"), 15), Options(), StringIO(), 1)
    with pytest.raises(UsageError, match="only while bench run starts"):
        of_rig(Path("rigs/virtual.toml"))
    assert list(of_rig(Path("rigs/example-lab.toml")))


def test_a_sniffer_that_hears_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = of_driver("zep", f"127.0.0.1:{free_port()}", None).items()
    name, (driver, config) = one
    quiet = config.model_copy(update={"silent_after": timedelta(seconds=0.5)})
    assert listen({name: (driver, quiet)}, Options(), StringIO(), seconds=2.0) == 0
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("bench sniff: zep: has heard nothing for 1 s (since 20")


def test_devices_of_the_rig_file_are_known_by_name(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    text = Path("rigs/example-lab.toml").read_text()
    rig.write_text(text)
    names = {name: kind for _, kind, name in devices_of(rig)}
    assert names and set(names.values()) <= {"ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "IHD", "CAD"}
