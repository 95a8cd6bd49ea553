"""Which frames repeat an earlier one: a retry, a further hop, or a second hearing by another sniffer."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.han.columns.lookup import mixed
from bench.han.columns.views import ROW, gather, hashes
from bench.han.query_values import ABSENT
from bench.han.repeat_memory import REPEAT_WINDOW

if TYPE_CHECKING:
    from bench.han.columns.table import Columns

_HOP = ("pan", "nwk_hash")
_WHOLE = ("channel", "pan", "nwk_src", "nwk_dst", "aps_counter", "cluster", "payload_length", "fragment", "fragments")
Ints = NDArray[np.int64]
_NONE = np.zeros((3, 0), np.int64)


def repeats(columns: "Columns") -> Ints:
    """Return the number of the frame that each frame of a whole capture repeats, ABSENT for most."""
    return Repeats().take(columns)


class Repeats:
    """Tells repeats in the batches of a capture, given in order.

    A frame repeats another when its secured NWK octets are the same (one hop, same counter), or when an APS data frame
    has the same parties, counter, cluster and payload (a further hop, or sent anew), within REPEAT_WINDOW.
    """

    def __init__(self) -> None:
        self._hops, self._wholes = _NONE, _NONE  # identity, time and number of frames of the last seconds

    def take(self, columns: "Columns") -> Ints:
        """Return the number of the frame that each frame of the next batch repeats."""
        fields = columns.fields
        found = np.full(len(columns), ABSENT, np.int64)
        secured = np.flatnonzero(fields["nwk_counter"] >= 0)
        hops = mixed(*(fields[name][secured] for name in _HOP))
        self._hops = _note(columns, secured, hops, found, self._hops)
        data = np.flatnonzero((fields["payload_length"] >= 0) & (fields["aps_type"] == 0))
        wholes = mixed(*(fields[name][data] for name in _WHOLE)) ^ _payloads(columns, data)
        self._wholes = _note(columns, data, wholes, found, self._wholes)
        return found


def _payloads(columns: "Columns", rows: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return a number made of the octets of each payload."""
    octets, starts, lengths = columns.payloads()
    padded = np.concatenate([octets, np.zeros(ROW, np.uint8)])
    return hashes(gather(padded, starts[rows], ROW), np.minimum(lengths[rows], ROW).astype(np.int64))


def _note(columns: "Columns", rows: NDArray[np.intp], identity: NDArray[np.uint64], found: Ints, recent: Ints) -> Ints:
    """Write into `found` which row repeats which, where nothing is written yet; return what is recent now."""
    rows_left = found[rows] == ABSENT
    rows, identity = rows[rows_left], identity[rows_left]
    times, numbers = columns.fields["time"], columns.fields["frame"]
    before = recent.shape[1]
    both = np.concatenate([recent[0].view(np.uint64), identity])
    order = np.argsort(both, kind="stable")
    same = both[order][1:] == both[order][:-1]
    touched = np.zeros(len(order), bool)
    touched[1:] |= same
    touched[:-1] |= same
    earlier: dict[int, tuple[int, int]] = {}
    for at in np.sort(order[touched]).tolist():
        key = int(both[at])
        if at < before:
            earlier[key] = int(recent[2, at]), int(recent[1, at])
            continue
        row = int(rows[at - before])
        first = earlier.get(key)
        time = int(times[row])
        if first is not None and abs(time - first[1]) <= REPEAT_WINDOW:
            found[row] = first[0]
        else:
            earlier[key] = int(numbers[row]), time
    fresh = rows[found[rows] == ABSENT]
    kept = np.concatenate(
        [recent, np.stack([identity[found[rows] == ABSENT].view(np.int64), times[fresh], numbers[fresh]])], axis=1
    )
    latest = int(times.max()) if len(times) else 0
    return kept[:, kept[1] >= latest - 2 * REPEAT_WINDOW]
