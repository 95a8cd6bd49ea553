"""Which frames are the same frame: heard by two sniffers, or sent again by the MAC layer.

Both are octet for octet the same; only time separates them. Within 500 us on different sniffers it is one frame,
after more than 1 ms a retry (at least airtime, 864 us of waiting for the ack and a backoff lie between two attempts).
"""

from collections import OrderedDict
from typing import NamedTuple

COPY_US = 500
RETRY_US = 1_000
AGAIN_US = 50_000  #: a retry comes this soon after the attempt before it
AGAIN_SUB_GHZ_US = 300_000  #: listen before talk keeps a transmitter quiet for 100 ms
ACK_TYPE, ACK_OCTETS = 2, 3
KEPT = 1024


class Repeat(NamedTuple):
    """`copy_of`: the sniffer that heard this transmission first; `attempt`: 0 for the first, 1 for the first retry."""

    copy_of: str | None
    attempt: int


FRESH = Repeat(None, 0)


class Repeats:
    """Remembers what was on air lately. Feed it in the order of time."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, list[tuple[int, str, int]]] = OrderedDict()

    def feed(self, sniffer: str, time_us: int, psdu: bytes, *, page: int = 0) -> Repeat:
        """Take in a frame (without its FCS) and say what it repeats."""
        earlier = self._seen.pop(psdu, [])
        limit = time_us - (AGAIN_SUB_GHZ_US if page else AGAIN_US)
        earlier = [one for one in earlier if one[0] >= limit]
        repeat = self._judge(earlier, sniffer, time_us, psdu)
        self._seen[psdu] = [*earlier, (time_us, sniffer, repeat.attempt)]
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return repeat

    def _judge(self, earlier: list[tuple[int, str, int]], sniffer: str, time_us: int, psdu: bytes) -> Repeat:
        if not earlier:
            return FRESH
        near = [one for one in earlier if abs(time_us - one[0]) < COPY_US]
        if near and all(other != sniffer for _, other, _ in near):
            return Repeat(near[0][1], near[0][2])
        if len(psdu) == ACK_OCTETS and psdu[0] & 7 == ACK_TYPE:
            return FRESH  # an ack has no addresses: the next one with this number is another one
        last = max(earlier)
        return Repeat(None, last[2] + (time_us - last[0] > RETRY_US))
