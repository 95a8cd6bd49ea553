"""nRF sniffers on pseudo terminals, for benchmarks: a process of its own that prints lines at a given rate."""

import multiprocessing
import os
import select
import time
import tty
from multiprocessing.connection import Connection

PSDU = "618841621a016f000048022a0000016f1e5528" + "ab" * 45
BUFFERS = 120  #: frames a sniffer keeps while its line is not read
MOST_AT_ONCE = 20  #: frames printed in one go: when this process was held up, the air did not become denser
CHANNELS = range(11, 27)


def line(number: int, device_us: int) -> bytes:
    """One frame; its number stands in front of the two octets of metadata."""
    return f"received: {PSDU}{number:08x}3700 power: -61 lqi: 220 time: {device_us}\r\n".encode()


class _Sniffer:
    """One terminal. `number` counts the frames that were on air, `dropped` those for which it had no buffer."""

    def __init__(self, channel: int) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.slave, self.path = slave, os.ttyname(slave)
        os.set_blocking(self.master, False)
        self.channel, self.number, self.dropped = channel, 0, 0
        self.receiving = False
        self._waiting: list[bytes] = []
        self._heard = b""

    def shell(self) -> None:
        """Do what has been asked for."""
        self._heard += os.read(self.master, 4096)
        *commands, self._heard = self._heard.split(b"\n")
        for command in commands:
            if command.strip() == b"channel":
                os.write(self.master, b"%d\r\n" % self.channel)
            self.receiving = command.strip() == b"receive"

    def hear(self, frames: list[bytes]) -> None:
        """Print frames, as far as the line takes them."""
        self.number += len(frames)
        self._waiting += frames
        try:
            while self._waiting:
                octets = self._waiting[0]
                done = os.write(self.master, octets)
                if done < len(octets):
                    self._waiting[0] = octets[done:]
                else:
                    del self._waiting[0]
        except BlockingIOError:
            pass
        if (over := len(self._waiting) - BUFFERS) > 0:
            self.dropped += over
            del self._waiting[1 : 1 + over]


def _serve(pipe: Connection, count: int, rate: float, seconds: float) -> None:
    """Tell the paths; print `rate` lines a second on each from when all receive; tell (sent, dropped), and a stall."""
    sniffers = [_Sniffer(channel) for channel in list(CHANNELS)[:count]]
    pipe.send([(sniffer.path, sniffer.channel) for sniffer in sniffers])
    while not all(sniffer.receiving for sniffer in sniffers):
        for ready in select.select([sniffer.master for sniffer in sniffers], [], [], 0.05)[0]:
            next(sniffer for sniffer in sniffers if sniffer.master == ready).shell()
    began = before = time.monotonic()
    stall, passed = 0.0, 0.0
    while passed < seconds or any(sniffer.number < seconds * rate for sniffer in sniffers):
        now = time.monotonic()
        passed, stall, before = now - began, max(stall, now - before), now
        for sniffer in sniffers:
            due = min(int(min(passed, seconds) * rate), sniffer.number + MOST_AT_ONCE)
            sniffer.hear([line(number, int(number / rate * 1e6)) for number in range(sniffer.number, due)])
        time.sleep(0.5 / rate if rate < 5000 else 0)
    for _ in range(200):
        for sniffer in sniffers:
            sniffer.hear([])
        time.sleep(0.005)
    pipe.send(([(sniffer.number, sniffer.dropped) for sniffer in sniffers], stall))
    pipe.recv()


class Sniffers:
    """The process. `lines` are the (path, channel) of its terminals."""

    def __init__(self, count: int, rate: float, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, count, rate, seconds), daemon=True)
        self._process.start()
        self.lines: list[tuple[str, int]] = self._pipe.recv()

    def done(self) -> bool:
        """Whether everything has been printed."""
        return self._pipe.poll()

    def sent(self) -> tuple[list[tuple[int, int]], float]:
        """Frames on air and frames a sniffer had no buffer for, of each, and the longest time in which this process
        itself was held up (s); waits for the end."""
        told: tuple[list[tuple[int, int]], float] = self._pipe.recv()
        return told

    def close(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(5)
