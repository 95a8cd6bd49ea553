"""Finding the way again in a damaged capture: the next whole block of a pcapng file, the next record of a pcap file."""

import re
import struct
from typing import BinaryIO

SECTION = b"\x0a\x0d\x0d\x0a"
LONGEST = 1 << 16  #: octets of a block or record that is believed while looking for the way
PACKET_ROOM = 2048  #: octets that a packet takes at most, whatever stands before a frame
_WINDOW = 1 << 16
_BLOCKS = (1, 2, 3, 4, 5, 6, 10)  #: interface, packets, names, statistics, secrets


class Rereadable:
    """A stream that takes back what was read too far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ahead = b""
        self._at = 0  #: of what is ahead, as much has been read again

    def read(self, count: int) -> bytes:
        """Return the next octets, fewer only at the end."""
        if not self._ahead:
            return self._file.read(count)
        taken = self._ahead[self._at : self._at + count]
        self._at += count
        if self._at >= len(self._ahead):
            self._ahead, self._at = b"", 0
        return taken if len(taken) == count else taken + self._file.read(count - len(taken))

    def unread(self, octets: bytes) -> None:
        """Put octets back to be read next."""
        self._ahead, self._at = octets + self._ahead[self._at :], 0


def next_block(stream: Rereadable, order: str) -> int | None:
    """Go to the next whole pcapng block after the first octet; return how many octets that left out, None at the end.

    A whole block has a type that captures use, a length that fits, and the same length at its end.
    """
    starts = b"|".join([re.escape(struct.pack(order + "I", kind)) for kind in _BLOCKS] + [SECTION])
    pattern = re.compile(starts, re.DOTALL)
    left_out, window, start = 0, stream.read(_WINDOW), 1
    while True:
        for match in pattern.finditer(window, start):
            at = match.start()
            if at + LONGEST > len(window):
                break
            if _whole_block(window, at, order):
                stream.unread(window[at:])
                return left_out + at
        else:
            at = max(start, len(window) - 3)
        more = stream.read(_WINDOW)
        if not more:
            return _last_block(stream, window, start, order, left_out, pattern)
        left_out += at
        window, start = window[at:] + more, 0


def _last_block(
    stream: Rereadable, window: bytes, start: int, order: str, left_out: int, pattern: "re.Pattern[bytes]"
) -> int | None:
    for match in pattern.finditer(window, start):
        if _whole_block(window, match.start(), order):
            stream.unread(window[match.start() :])
            return left_out + match.start()
    return None


def _whole_block(window: bytes, at: int, order: str) -> bool:
    if at + 12 > len(window):
        return False
    if window[at : at + 4] == SECTION:
        order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(window[at + 8 : at + 12], order)
    (length,) = struct.unpack_from(order + "I", window, at + 4)
    if length < 12 or length % 4 or length > LONGEST or at + length > len(window):
        return False
    return bool(struct.unpack_from(order + "I", window, at + length - 4)[0] == length)


def next_record(stream: Rereadable, order: str, fractions: int, latest: int | None) -> int | None:
    """Go to the next pcap record after the first octet that is believable and followed by another or by the end.

    Returns how many octets that left out, None when there is none. `fractions` is the number of units in a second,
    `latest` the time of the last good record in seconds.
    """
    head = struct.Struct(order + "IIII")
    left_out, window, start = 0, stream.read(4 * _WINDOW), 1
    while True:
        ended = len(window) < 4 * _WINDOW
        last = len(window) - 16 if ended else len(window) - 2 * 16 - PACKET_ROOM
        for at in range(start, last + 1):
            size = _record(head, window, at, fractions, latest)
            if size is None:
                continue
            then = at + 16 + size
            if (ended and then == len(window)) or _record(head, window, then, fractions, latest) is not None:
                stream.unread(window[at:])
                return left_out + at
        if ended:
            return None
        left_out += last + 1
        window, start = window[last + 1 :], 0
        window += stream.read(4 * _WINDOW - len(window))


_NEAR = 7 * 86_400  #: s between records of one capture


def _record(head: struct.Struct, window: bytes, at: int, fractions: int, latest: int | None) -> int | None:
    """Return the length of the record that begins here, None if it is not believable."""
    if at + 16 > len(window):
        return None
    seconds, fraction, captured, original = head.unpack_from(window, at)
    believable = 0 < captured <= original <= PACKET_ROOM and fraction < fractions
    if not believable or (latest is not None and abs(seconds - latest) > _NEAR):
        return None
    return int(captured)
