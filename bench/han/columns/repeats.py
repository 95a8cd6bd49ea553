"""Which frames repeat an earlier one: a retry, a further hop, or a second hearing by another sniffer."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.han.columns.lookup import mixed
from bench.han.dissect import REPEAT_WINDOW
from bench.han.query_values import ABSENT

if TYPE_CHECKING:
    from bench.han.columns.table import Columns

_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)

_HOP = ("pan", "nwk_hash")
_WHOLE = ("channel", "pan", "nwk_src", "nwk_dst", "aps_counter", "cluster", "payload_length", "fragment", "fragments")


def repeats(columns: "Columns") -> NDArray[np.int64]:
    """Return the number of the frame that each frame repeats, ABSENT for most.

    A frame repeats another when its secured NWK octets are the same (one hop, same counter), or when an APS data frame
    has the same parties, counter, cluster and payload (a further hop, or sent anew), within REPEAT_WINDOW.
    """
    fields = columns.fields
    found = np.full(len(columns), ABSENT, np.int64)
    secured = np.flatnonzero(fields["nwk_counter"] >= 0)
    _note(columns, secured, mixed(*(fields[name][secured] for name in _HOP)), found)
    data = np.flatnonzero((fields["payload_length"] >= 0) & (fields["aps_type"] == 0))
    _note(columns, data, mixed(*(fields[name][data] for name in _WHOLE)) ^ _payloads(columns, data), found)
    return found


def _payloads(columns: "Columns", rows: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return a number made of all octets of each payload."""
    octets, starts, lengths = columns.payloads()
    if not len(octets):
        return np.zeros(len(rows), np.uint64)
    place = np.arange(len(octets), dtype=np.int64)
    owner = np.repeat(np.arange(len(lengths)), np.maximum(lengths, 0))
    inside = (place - starts[owner]).astype(np.uint64)
    with np.errstate(over="ignore"):
        parts = (octets.astype(np.uint64) + np.uint64(1)) * (
            (inside + np.uint64(1)) * np.uint64(_ODD[0]) | np.uint64(1)
        )
        parts ^= parts >> np.uint64(31)
        parts *= np.uint64(_ODD[1])
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(parts, dtype=np.uint64)])
    found: NDArray[np.uint64] = sums[starts[rows] + np.maximum(lengths[rows], 0)] - sums[starts[rows]]
    return found


def _note(columns: "Columns", rows: NDArray[np.intp], identity: NDArray[np.uint64], found: NDArray[np.int64]) -> None:
    """Write into `found` which row repeats which, among rows of equal identity, where nothing is written yet."""
    order = np.argsort(identity, kind="stable")
    same = identity[order][1:] == identity[order][:-1]
    touched = np.zeros(len(order), bool)
    touched[1:] |= same
    touched[:-1] |= same
    times, numbers = columns.fields["time"], columns.fields["frame"]
    earlier: dict[int, int] = {}
    for at in np.sort(order[touched]).tolist():
        row, key = int(rows[at]), int(identity[at])
        first = earlier.get(key)
        if found[row] != ABSENT:
            continue
        if first is not None and abs(int(times[row]) - int(times[first])) <= REPEAT_WINDOW:
            found[row] = numbers[first]
        else:
            earlier[key] = row
