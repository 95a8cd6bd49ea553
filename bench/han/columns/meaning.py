"""What is wrong with the payloads of ZCL commands: those that may be damaged are read as the dissector reads them."""

import numpy as np
from numpy.typing import NDArray

from bench.han import zcl
from bench.han.columns.headers import Work
from bench.han.columns.table import Columns
from bench.han.query_values import ABSENT
from bench.han.soundness import VARIABLE, fault, needed_by
from bench.han.tunnelling import CLUSTER as TUNNELLING

_CARRIERS = frozenset((zcl.READ_RESPONSE, zcl.WRITE, 0x03, 0x05, zcl.REPORT))  #: see columns.attributes


def read_meaning(columns: Columns, work: Work) -> None:
    """Put what is wrong with commands of clusters, and with general ones but attribute records, into the errors."""
    fields = columns.fields
    rows = np.flatnonzero((fields["zcl_type"] >= 0) & (fields["cluster"] >= 0))
    if not len(rows):
        return
    lengths = fields["payload_length"][rows].astype(np.int64)
    for row, whole in work.asdus.items():
        lengths[np.searchsorted(rows, row)] = len(whole)
    coded = fields["manufacturer"][rows] != ABSENT
    lengths -= np.where(coded, 5, 3)
    kinds = fields["cluster"][rows].astype(np.int64)
    for name, bits in (("zcl_type", 1), ("zcl_from_server", 1), ("zcl_command", 8)):
        kinds = kinds << bits | fields[name][rows]
    kinds = kinds << 1 | coded
    for kind, places in _groups(kinds):
        doubtful = places[_doubtful(kind, lengths[places])]
        for row in rows[doubtful].tolist():
            octets = work.asdus.get(row) or columns.payload(row) or b""
            found = None if row in columns.errors else fault(int(fields["cluster"][row]), octets)
            if found is not None:
                columns.errors[row] = found.in_frame(int(fields["frame"][row]))


def _groups(kinds: NDArray[np.int64]) -> list[tuple[int, NDArray[np.intp]]]:
    found, codes = np.unique(kinds, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(found)))
    return list(zip(found.tolist(), np.split(order, ends[:-1]), strict=True))


def _doubtful(kind: int, lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which payloads of one kind of command may be damaged."""
    coded, command, from_server, own, cluster = kind & 1, kind >> 1 & 0xFF, kind >> 9 & 1, kind >> 10 & 1, kind >> 11
    none, all_ = np.zeros(len(lengths), bool), np.ones(len(lengths), bool)
    if own:
        if coded and cluster != TUNNELLING:
            return none
        need = needed_by(cluster, command, from_server=bool(from_server))
        return all_ if need == VARIABLE else lengths < need
    if command in _CARRIERS or not zcl.has_layout(command):
        return none
    odd: NDArray[np.bool_] = lengths % 2 == 1
    if command == zcl.READ:
        return odd
    return lengths < 2 if command == zcl.DEFAULT_RESPONSE else all_
