"""Many small pieces of one array of octets, taken at once."""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
ROW = 128  #: octets of a row: a PSDU has at most 127
_ODD = np.array([(0x9E3779B97F4A7C15 * (2 * n + 1) | 1) % (1 << 64) for n in range(ROW // 8)], np.uint64)


@cache
def _kind(width: int) -> np.dtype[np.void]:
    return np.dtype((np.void, width))


def gather(octets: U8, starts: NDArray[np.int64], width: int) -> U8:
    """Return `width` octets from each start: (n, width). All of them must lie in `octets`."""
    if not len(starts):
        return np.empty((0, width), np.uint8)
    every = as_strided(octets[:width].view(_kind(width)), (len(octets) - width + 1,), (1,))
    return every[starts].view(np.uint8).reshape(-1, width)


def take(rows: U8, which: NDArray[np.intp]) -> U8:
    """Return some rows of a C-contiguous two-dimensional array of octets."""
    width = rows.shape[1]
    return rows.view(_kind(width))[:, 0][which].view(np.uint8).reshape(-1, width)


def put(rows: U8, which: NDArray[np.intp], values: U8) -> None:
    """Replace some rows of a C-contiguous array by those of another of the same width."""
    width = rows.shape[1]
    rows.view(_kind(width))[:, 0][which] = np.ascontiguousarray(values).view(_kind(width))[:, 0]


_MASKS = np.tril(np.full((129, 128), 0xFF, np.uint8), -1)


def masks(lengths: NDArray[np.int64]) -> U8:
    """Return rows of 128 octets, the first `lengths` of them FF and the others 00."""
    return take(_MASKS, lengths)


def hashes(rows: U8, lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a number for the first `lengths` octets of each row: the same for the same octets."""
    sums = (rows.view(np.uint64) & masks(lengths).view(np.uint64)) @ _ODD
    sums ^= sums >> np.uint64(29)
    found: NDArray[np.uint64] = sums * _ODD[1] + lengths.astype(np.uint64)
    return found


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
