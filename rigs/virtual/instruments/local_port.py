"""A tool on the HAN that puts GBCS messages into the meter's tunnel: text lines of the GFI emulators."""

import re
from collections.abc import Callable

from bench.gbcs import Eui64
from bench.gbcs.gbt import Assembly, split
from rigs.virtual.hub import Hub
from rigs.virtual.instruments.lines import LineServer
from rigs.virtual.world import World

POINT = "local"
LINE = re.compile(r"GBCS:DATA#\d+:(\d+):([0-9A-Fa-f]*)")


class LocalPort:
    """Server of the local tool."""

    def __init__(self, world: World, device: Eui64, hub: Callable[[], Hub]) -> None:
        self._world, self._device, self._hub = world, device, hub
        self._assembly = Assembly()
        self._server = LineServer(self._answer, "\r\n")
        self.port = self._server.port

    def _answer(self, line: str) -> str | None:
        try:
            return self._deliver(line)
        finally:
            self._world.receive(POINT)

    def _deliver(self, line: str) -> str | None:
        match = LINE.fullmatch(line)
        if match is None or int(match[1]) * 2 != len(match[2]):
            return "ERROR:FORMAT"
        message = bytes.fromhex(match[2])
        with self._world.lock:
            try:
                transfers = split(message)
            except ValueError:
                transfers = [message]
            self._hub().from_local(self._device, message, transfers)
        return None

    def came_back(self, transfer: bytes) -> None:
        """Pass on what the device answered."""
        message = self._assembly.feed(transfer)
        if message is not None and self._server.tell(f"GBCS:DATA#0:{len(message)}:{message.hex().upper()}"):
            self._world.deliver(POINT)
