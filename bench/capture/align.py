"""What two sniffers on one channel say of each other: their constant delays, which no clock fit can see.

A frame that both hear was on air once. By how much later one of them has it than the other, in the middle of many
frames, is how much longer its octets take through firmware and USB. The slower ones are moved to the quickest.
"""

from collections import OrderedDict, deque
from statistics import median_low

NEAR_US = 10_000  #: octets that are the same and this near are taken for one frame; the median forgives retries
NEEDED, KEPT, REMEMBERED = 5, 31, 256
SHORTEST = 9  #: without FCS: acks are too much alike

Place = tuple[int, int]


class Alignment:
    """Corrections for sniffers (name -> channel and page); the first of a channel is what others are measured by."""

    def __init__(self, sniffers: dict[str, Place]) -> None:
        self._reference: dict[str, str] = {}
        for name, place in sniffers.items():
            first = next(other for other, there in sniffers.items() if there == place)
            self._reference[name] = first
        self._later: dict[str, deque[int]] = {name: deque(maxlen=KEPT) for name in sniffers}
        self._heard: OrderedDict[tuple[str, bytes], dict[str, int]] = OrderedDict()
        self._bias = dict.fromkeys(sniffers, 0)
        self._shared = {first for name, first in self._reference.items() if name != first}

    def feed(self, name: str, time_us: int, psdu: bytes) -> int:
        """Take in a frame (without FCS) that a sniffer has at `time_us`; return the time at which all have it."""
        first = self._reference[name]
        if first not in self._shared:
            return time_us
        if len(psdu) >= SHORTEST:
            self._compare(name, first, time_us, psdu)
        least = min(bias for other, bias in self._bias.items() if self._reference[other] == first)
        return time_us - (self._bias[name] - least)

    def _compare(self, name: str, first: str, time_us: int, psdu: bytes) -> None:
        hearings = self._heard.setdefault((first, psdu), {})
        hearings[name] = time_us
        for other in hearings if name == first else (name,):
            if other == first or first not in hearings or other not in hearings:
                continue
            apart = hearings[other] - hearings[first]
            if abs(apart) <= NEAR_US:
                self._later[other].append(apart)
                if len(self._later[other]) >= NEEDED:
                    self._bias[other] = median_low(self._later[other])
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
