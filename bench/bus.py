"""The bus between observation points and the timeline: ZeroMQ, one PUSH socket a source, one PULL socket here.

Sources live on reader threads or in other processes (`address`); every item carries the source's name and its
own sequence number, so a loss is counted and never silent.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import zmq

from bench.errors import InstrumentError

Stamp = Callable[[], datetime | None]
ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """What one source saw: `time` is None when the stamp is the instant at which the bus is drained."""

    source: str
    sequence: int
    time: datetime | None
    kind: str
    data: dict[str, Any]
    raw: bytes

    def at(self, time: datetime) -> "Item":
        """Return the item, stamped."""
        return Item(self.source, self.sequence, time, self.kind, self.data, self.raw)


class Source:
    """The sending end, for one observation point. Safe to use from several threads."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", address: str, name: str, stamp: Stamp) -> None:
        self.name = name
        self._stamp = stamp
        self._lock = threading.Lock()
        self._sequence = 0
        self._socket = context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.connect(address)

    def publish(self, kind: str, data: Mapping[str, Any], raw: bytes = b"") -> None:
        """Put one observation on the bus, stamped now."""
        with self._lock:
            stamp = self._stamp()
            self._sequence += 1
            head = json.dumps([self.name, self._sequence, stamp.isoformat() if stamp else None, kind, data])
            self._socket.send_multipart([head.encode(), raw])

    def close(self) -> None:
        """Close the socket."""
        with self._lock:
            self._socket.close()


class Bus:
    """The receiving end. `drain` returns items in the order of their sources' ranks, then of arrival."""

    def __init__(self, address: str = "inproc://timeline") -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.address = address
        self._pull = self._context.socket(zmq.PULL)
        self._pull.setsockopt(zmq.RCVHWM, 0)
        self._pull.bind(address)
        self._sources: list[Source] = []
        self._names: list[str] = []  #: in the order of rank
        self._kept: list[Item] = []  #: drained before a drain that failed
        self.counts: Counter[str] = Counter()

    def source(self, name: str, stamp: Stamp) -> Source:
        """Open the sending end for one observation point."""
        source = Source(self._context, self.address, name, stamp)
        self._sources.append(source)
        self._names.append(name)
        return source

    def listen(self, *names: str) -> str:
        """Take in sources of another process, too; return the address they send to, which only this user can reach."""
        self._names += names
        self._pull.bind("ipc://*")
        return self._pull.getsockopt_string(zmq.LAST_ENDPOINT)

    def drain(self, expected: Mapping[str, int] | None = None, patience: float = 5.0) -> list[Item]:
        """Return everything that has arrived, waiting for `expected` (source -> items since the start) if given.

        Raises InstrumentError naming the source whose items are missing after `patience` seconds.
        """
        if not self._names:
            return []
        end = time.monotonic() + patience
        while True:
            try:
                head, raw = self._pull.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                missing = [name for name, count in (expected or {}).items() if self.counts[name] < count]
                if not missing:
                    break
                if not self._pull.poll(max(0, int((end - time.monotonic()) * 1000))):
                    wanted = (expected or {})[missing[0]]
                    raise InstrumentError(
                        missing[0], f"delivered {self.counts[missing[0]]} of {wanted} observations"
                    ) from None
                continue
            name, sequence, stamp, kind, data = json.loads(head.decode())
            lost = sequence - self.counts[name] - 1
            self.counts[name] = sequence
            self._kept.append(Item(name, sequence, datetime.fromisoformat(stamp) if stamp else None, kind, data, raw))
            if lost > 0:
                raise InstrumentError(name, f"lost {lost} observations on the bus")
        items, self._kept = self._kept, []
        ranks = {name: rank for rank, name in enumerate(self._names)}
        return sorted(items, key=lambda item: (item.time or ALWAYS, ranks.get(item.source, len(ranks))))

    def write_off(self, expected: Mapping[str, int]) -> None:
        """Wait no longer for items that were told of as missing."""
        for name, count in expected.items():
            self.counts[name] = max(self.counts[name], count)

    def close(self) -> None:
        """Close both ends."""
        for source in self._sources:
            source.close()
        self._pull.close(0)
        self._context.term()
