"""Many small pieces of one array of octets, taken at once."""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


@cache
def _kind(width: int) -> np.dtype[np.void]:
    return np.dtype((np.void, width))


def gather(octets: U8, starts: NDArray[np.int64], width: int) -> U8:
    """Return `width` octets from each start: (n, width). All of them must lie in `octets`."""
    if not len(starts):
        return np.empty((0, width), np.uint8)
    every = as_strided(octets[:width].view(_kind(width)), (len(octets) - width + 1,), (1,))
    return every[starts].view(np.uint8).reshape(-1, width)


def numbers(octets: U8, starts: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """Return the little-endian numbers ("<u2", "<u4") at the starts, as i8."""
    size = np.dtype(kind).itemsize
    every = as_strided(octets[:size].view(kind), (len(octets) - size + 1,), (1,))
    return every[starts].astype(np.int64)


def euis(octets: U8, starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the EUI-64s at the starts (low octet first on air) as u8."""
    every = as_strided(octets[:8].view("<u8"), (len(octets) - 7,), (1,))
    found: NDArray[np.uint64] = every[starts]
    return found
