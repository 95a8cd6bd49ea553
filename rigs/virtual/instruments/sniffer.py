"""A virtual nRF sniffer for 802.15.4 on a pseudo terminal."""

import os
import threading
import tty
from collections.abc import Callable

from rigs.virtual.world import World, to_microseconds

POINT = "sniffer"


class NrfSniffer:
    """Shell and frame lines of the nRF sniffer. `path` is the terminal to open."""

    def __init__(self, channel: int, received: Callable[[str], None]) -> None:
        self._received = received
        self._channel_on_air = channel
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._slave = slave  # kept open, so that the terminal survives a reader that goes and comes again
        self.path = os.ttyname(slave)
        self._channel = 11
        self._receiving = False
        self._echo = True
        self._started: int | None = None
        self._held: list[str] = []  #: lines that go out together, as the USB of the real one sends them
        self._writing = threading.Lock()
        threading.Thread(target=self._shell, name="sniffer shell", daemon=True).start()

    def _shell(self) -> None:
        buffer = b""
        while True:
            try:
                buffer += os.read(self._master, 4096)
            except OSError:
                return
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                self._command(line.decode("ascii", "replace").strip())
                self._received(POINT)

    def _command(self, line: str) -> None:
        if self._echo:
            self._write(f"{line}\r\n")
        match line.split():
            case ["sleep"]:
                self._receiving = False
            case ["receive"]:
                self._receiving = True
            case ["shell", "echo", word]:
                self._echo = word != "off"
            case ["channel"]:
                self._write(f"{self._channel}\r\n")
            case ["channel", number] if number.isdigit() and 11 <= int(number) <= 26:
                self._channel = int(number)
            case []:
                pass
            case _:
                self._write(f"{line}: command not found\r\n")
        if self._echo:
            self._write("uart:~$ ")

    def hear(self, world: World, psdu: bytes, dbm: float) -> None:
        """Emit one frame, if the sniffer listens on its channel: its last two octets become metadata."""
        if not self._receiving or self._channel != self._channel_on_air:
            return
        now = to_microseconds(world.now)
        if self._started is None:
            self._started = now
        lqi = max(0, min(255, int((dbm + 100) * 4)))
        frame = psdu[:-2] + bytes([lqi // 4, 0])
        if not self._held and self._flush not in world.flushes:
            world.flushes.append(self._flush)
        self._held.append(f"received: {frame.hex()} power: {round(dbm)} lqi: {lqi} time: {now - self._started}\r\n")
        world.deliver(POINT)

    def _flush(self) -> None:
        if self._held:
            lines, self._held = self._held, []
            self._write("".join(lines))

    def _write(self, text: str) -> None:
        octets = text.encode()
        with self._writing:
            while octets:
                octets = octets[os.write(self._master, octets) :]
