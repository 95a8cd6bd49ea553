"""Sniffers to capture from: nRF shells on pseudo terminals behind names that outlive them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bus import Bus, Item
from bench.capture import SOURCE
from bench.capture.client import Capture
from drivers.nrf_sniffer import NrfSnifferConfig
from tests.drivers.peers import Terminal, until

MAC = "49a85d41cb64"


def line(number: int, device_us: int) -> bytes:
    """A frame whose last octets are its number."""
    return f"received: {MAC}{number:08x}0037 power: -39 lqi: 220 time: {device_us}\r\n".encode()


class Dongle:
    """A sniffer one can unplug and plug in again: `path` stays."""

    def __init__(self, path: Path, channel: int = 15) -> None:
        self.path, self.channel = path, channel
        self._far: Terminal | None = None
        self.plug_in()

    def plug_in(self) -> None:
        self._far = Terminal(lambda line: b"%d\r\n" % self.channel if line == "channel" else None)
        self.path.unlink(missing_ok=True)
        os.symlink(self._far.path, self.path)

    def unplug(self) -> None:
        assert self._far is not None
        self.path.unlink()
        self._far.unplug()
        self._far = None

    @property
    def heard(self) -> list[str]:
        return self._far.heard if self._far else []

    def receiving(self) -> bool:
        return "receive\r" in self.heard

    def send(self, octets: bytes) -> None:
        assert self._far is not None
        self._far.send(octets)

    def config(self) -> tuple[str, NrfSnifferConfig]:
        return "nrf-sniffer", NrfSnifferConfig(resource=str(self.path), channel=self.channel, answer_s=1)


class Bench:
    """The capture process, and the bus it publishes on."""

    def __init__(self, folder: Path, dongles: dict[str, Dongle], *, offset_us: int | None = 0, **limits: int) -> None:
        self.dongles, self.file = dongles, folder / "capture.pcapng"
        self.bus, self.capture = Bus(), Capture(folder / "capture.log")
        self.items: list[Item] = []
        self.trouble: list[Item] = []
        self.capture.open({name: dongle.config() for name, dongle in dongles.items()})
        self.info = self.capture.opened()
        address = self.bus.listen(*dongles, SOURCE)
        self.started = self.capture.start(address, offset_us=offset_us, write=self.file, **limits)
        for dongle in dongles.values():
            until(dongle.receiving)

    def take(self) -> None:
        for item in self.bus.drain():
            (self.trouble if item.source == SOURCE else self.items).append(item)

    def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        def there() -> bool:
            self.take()
            return condition()

        until(there, seconds)

    def close(self) -> None:
        self.capture.stop()
        self.bus.close()


@contextmanager
def bench(folder: Path, *names: str, offset_us: int | None = 0, **limits: int) -> Iterator[Bench]:
    """A capture of nRF sniffers on channels 11, 12, ..."""
    dongles = {name: Dongle(folder / name, 11 + index) for index, name in enumerate(names)}
    one = Bench(folder, dongles, offset_us=offset_us, **limits)
    try:
        yield one
    finally:
        one.close()
