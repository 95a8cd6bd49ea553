"""Framing of TI SmartRF Packet Sniffer 2: octets to messages, by length, whatever the line does to them.

    40 53 | info | length u16 LE | payload | [checksum] | 40 45

The delimiters are not escaped, so a message is what has a plausible length and its end where the length says. The
checksum (sum of info, length and payload) is there on commands and responses; firmware differs on data messages.
"""

from collections.abc import Iterator
from typing import NamedTuple

START, END = b"\x40\x53", b"\x40\x45"
HEAD = 5
LONGEST_PAYLOAD = 2 + 8 + 2 + 2047


class Message(NamedTuple):
    """One message of the sniffer."""

    info: int
    payload: bytes


def message(info: int, payload: bytes = b"", *, checksum: bool = True) -> bytes:
    """Return a message as it goes over the line."""
    body = bytes((info,)) + len(payload).to_bytes(2, "little") + payload
    return START + body + (bytes((sum(body) & 0xFF,)) if checksum else b"") + END


class Deframer:
    """Takes messages out of a stream. `skipped` counts octets that belonged to none."""

    def __init__(self) -> None:
        self._buffer = b""
        self.skipped = 0

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """Yield the messages that are complete with this chunk."""
        data = self._buffer + chunk
        at = 0
        while True:
            start = data.find(START, at)
            if start < 0:
                keep = len(data) - (data[-1:] == START[:1])
                self.skipped += max(0, keep - at)
                at = max(at, keep)
                break
            self.skipped += start - at
            at = start
            if len(data) < at + HEAD:
                break
            length = int.from_bytes(data[at + 3 : at + HEAD], "little")
            end = at + HEAD + length
            size = self._size(data, at, end) if length <= LONGEST_PAYLOAD else -1
            if size is None:
                break
            if size < 0:
                self.skipped += len(START)
                at += len(START)
                continue
            yield Message(data[at + 2], data[at + HEAD : end])
            at += size
        self._buffer = data[at:]

    def _size(self, data: bytes, at: int, end: int) -> int | None:
        """Return the size of the message at `at` with its payload up to `end`; None: not all here; -1: it is none."""
        if data[end : end + 2] == END:
            return end + 2 - at
        if len(data) < end + 3:
            return None
        if data[end + 1 : end + 3] == END and sum(data[at + 2 : end]) & 0xFF == data[end]:
            return end + 3 - at
        return -1
