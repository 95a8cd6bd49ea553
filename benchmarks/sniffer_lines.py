"""CPU for one line of an nRF sniffer, from a pseudo terminal to a frame: our driver and pyserial's `readline`."""

import os
import select
import time
import tty
from collections.abc import Callable

import serial

from benchmarks.measure import say, verdict
from benchmarks.sniffers import line
from drivers.nrf_sniffer import NrfSniffer, NrfSnifferConfig

GOAL_US = 3.0
LINES, SLOW_LINES = 60_000, 4_000
ROUNDS = 5


def flood(master: int, lines: int) -> int:
    """Print lines from a process of its own; returns it."""
    child = os.fork()
    if child:
        return child
    text = b"".join(line(number, number * 2000) for number in range(lines))
    while text:
        text = text[os.write(master, text) :]
    os._exit(0)


def cost(lines: int, read: Callable[[str], Callable[[], int]]) -> float:
    """Microseconds of CPU a line, the least of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        master, slave = os.openpty()
        tty.setraw(slave)
        take = read(os.ttyname(slave))
        child = flood(master, lines)
        time.sleep(0.05)
        seen, began = 0, time.process_time()
        while seen < lines:
            seen += take()
        best = min(best, (time.process_time() - began) / lines * 1e6)
        os.waitpid(child, 0)
        os.close(master)
        os.close(slave)
    return best


def ours(path: str) -> Callable[[], int]:
    """Our driver, as the capture process uses it."""
    driver = NrfSniffer("sniffer", NrfSnifferConfig(resource=path, channel=15))
    driver.connect(115200)
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)

    def take() -> int:
        poll.poll()
        return len(driver.parse(driver.read()))

    return take


def readline(path: str) -> Callable[[], int]:
    """pyserial's way to a line; nothing is parsed."""
    port = serial.Serial(path, 115200, timeout=1)
    return lambda: bool(port.readline())


def main() -> None:
    """Measure and report."""
    taken, peer = cost(LINES, ours), cost(SLOW_LINES, readline)
    say(f"driver, line to frame: {taken:.2f} us of CPU a line (goal {GOAL_US:g})")
    say(f"pyserial readline, the line alone: {peer:.0f} us of CPU a line; {peer / taken:.0f} times ours")
    verdict("sniffer_lines", taken / GOAL_US, "3 us of CPU a line, at most", 1.0)


if __name__ == "__main__":
    main()
