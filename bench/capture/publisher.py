"""What the capture process tells the bench: frames and trouble, with sequence numbers, over ZeroMQ.

The queue in front of a bench that does not listen is bounded. What finds no room keeps its number, so that the bench
sees the hole.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import zmq

from bench.capture import SOURCE
from bench.capture.ear import Ear
from bench.capture.sniffer import Heard

BACKLOG = 1_000_000  #: frames kept for a bench that does not listen: two minutes of 16 busy channels
LINGER_MS = 2000


class Publisher:
    """The sending end of the bus."""

    def __init__(self, address: str, backlog: int = BACKLOG) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.LINGER, LINGER_MS)
        self._socket.setsockopt(zmq.SNDHWM, backlog)
        self._socket.connect(address)
        self._told = 0
        self.unsent: dict[str, int] = {}  #: frames for which there was no room, and nobody was told yet
        self._untold: list[bytes] = []

    def frame(self, ear: Ear, time_us: int | None, heard: Heard) -> None:
        """Publish a frame."""
        ear.sequence += 1
        device_us, psdu, fcs, rssi, lqi, channel, page = heard
        stamp = "null" if time_us is None else f'"{iso(time_us)}"'
        head = (
            f'[{ear.quoted},{ear.sequence},{stamp},"psdu",{{"device_us":{_or_null(device_us)},'
            f'"fcs":{"true" if fcs else "false"},"rssi":{_or_null(rssi)},"lqi":{_or_null(lqi)},'
            f'"channel":{channel},"page":{page}}}]'
        )
        try:
            self._socket.send_multipart((head.encode(), psdu), zmq.DONTWAIT)
        except zmq.Again:
            self.unsent[ear.name] = self.unsent.get(ear.name, 0) + 1

    def trouble(self, kind: str, data: dict[str, Any]) -> None:
        """Publish what went wrong; it is kept until there is room."""
        self._told += 1
        self._untold.append(json.dumps([SOURCE, self._told, None, kind, data]).encode())
        self.retell()

    def retell(self) -> None:
        """Publish what had no room before."""
        while self._untold:
            try:
                self._socket.send_multipart((self._untold[0], b""), zmq.DONTWAIT)
            except zmq.Again:
                return
            del self._untold[0]

    @property
    def told(self) -> int:
        """How many troubles there have been."""
        return self._told

    def close(self) -> None:
        """Close; what is on its way gets a moment."""
        self._socket.close()
        self._context.term()


def iso(time_us: int) -> str:
    """Return an instant as text."""
    seconds, fraction = divmod(time_us, 1_000_000)
    return f"{_second(seconds)}.{fraction:06d}+00:00"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _or_null(value: int | None) -> str:
    return "null" if value is None else str(value)
