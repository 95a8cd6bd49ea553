"""Addresses and groups: the directory as arrays, and rows that belong together."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.directory import Directory
from bench.han.query_values import NO_EUI

Rows = NDArray[np.intp]
U64 = NDArray[np.uint64]
ABSENT_EUI = np.uint64(NO_EUI)
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


def mixed(*keys: NDArray[Any]) -> U64:
    """Return numbers that are the same where all keys are, and as good as never elsewhere."""
    found = np.zeros(len(keys[0]), np.uint64)
    for index, key in enumerate(keys):
        found = (found ^ key.astype(np.int64).view(np.uint64)) * _ODD[index % len(_ODD)]
        found ^= found >> np.uint64(29)
    return found


def groups(*keys: NDArray[Any]) -> Iterator[Rows]:
    """Yield the rows that have the same keys, rows in order. Keys are integer arrays of one length."""
    if not len(keys[0]):
        return
    short = (mixed(*keys) >> np.uint64(48)).astype(np.uint16)
    order = np.argsort(short, kind="stable")
    cuts = np.flatnonzero(np.diff(short[order])) + 1
    for rows in np.split(order, cuts):
        yield from _same(rows, keys)


def _same(rows: Rows, keys: tuple[NDArray[Any], ...]) -> Iterator[Rows]:
    """Yield the rows by their keys: as a rule they are all the same."""
    while len(rows):
        same = np.ones(len(rows), bool)
        for key in keys:
            same &= key[rows] == key[rows[0]]
        yield rows[same]
        rows = rows[~same]


class Addresses:
    """What a directory knows, to be asked for many addresses at once."""

    def __init__(self, directory: Directory) -> None:
        known = {
            _key(channel, pan, short): eui for channel, pan, short, eui in directory.channel_items() if pan is not None
        }
        anywhere = {_key(-1, pan, short): eui for pan, short, eui in directory.items() if pan is not None}
        self._on_channel, self._anywhere = _Table(known), _Table(anywhere)
        self._pans: dict[int, _Table] = {}

    def euis(self, channels: NDArray[Any], pans: NDArray[Any], shorts: NDArray[Any]) -> U64:
        """Return the EUIs behind short addresses, NO_EUI where there is none; arrays of one length."""
        place = pans.astype(np.int64) << 16 | shorts.astype(np.int64)
        if not (channels >= 0).any():
            return self._anywhere(place)
        found = self._on_channel(place | (channels.astype(np.int64) + 1) << 32)
        missing = found == ABSENT_EUI
        if missing.any():
            found[missing] = self._anywhere(place[missing])
        return found

    def same(self, channels: NDArray[Any], pans: NDArray[Any], shorts: NDArray[Any], euis: U64) -> NDArray[np.bool_]:
        """Return where learning an EUI would change nothing."""
        place = pans.astype(np.int64) << 16 | shorts.astype(np.int64)
        known = channels >= 0
        learned: NDArray[np.bool_] = np.ones(len(euis), bool)
        if known.any():
            learned = self._on_channel(place | (channels.astype(np.int64) + 1) << 32) == euis
        if not known.all():  # what is learned on a channel counts for frames of unknown channel too
            learned = (learned | ~known) & (self._anywhere(place) == euis)
        same: NDArray[np.bool_] = learned | (shorts >= 0xFFF8) | (euis == 0) | (euis == ABSENT_EUI)
        return same


def _key(channel: int, pan: int, short: int) -> int:
    return (channel + 1) << 32 | pan << 16 | short


class _Table:
    """A dictionary of numbers to EUIs, sorted."""

    def __init__(self, entries: dict[int, bytes]) -> None:
        keys = sorted(entries)
        self._keys = np.array([*keys, -1], np.int64)  # the last is never met
        self._euis = np.array([*(int.from_bytes(entries[key], "big") for key in keys), NO_EUI], np.uint64)
        self._sorted = self._keys[:-1]

    def __call__(self, keys: NDArray[np.int64]) -> U64:
        at = np.searchsorted(self._sorted, keys)
        found = self._euis[at]
        found[self._keys[at] != keys] = ABSENT_EUI
        return found
