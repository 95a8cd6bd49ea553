"""Fragments put together and messages taken out of the tunnel: the frames that need those before them.

Most messages come block after block, each once: they are put together in bulk. Where a block is missing, repeated or
out of order, the whole message goes block by block through the memory that is the dissector's too.
"""

import numpy as np
from numpy.typing import NDArray

from bench.han import tunnelling
from bench.han.aps import Extended
from bench.han.columns import detail
from bench.han.columns.headers import Work
from bench.han.columns.inner import read_zcl
from bench.han.columns.lookup import Rows, mixed
from bench.han.columns.views import ROW, masks, take
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.fragments import TIMEOUT
from bench.han.pieces import Occurrence, Piece, Pieces, message
from bench.han.repeat_memory import REPEAT_WINDOW
from bench.han.zcl import ZclFrame

Ints = NDArray[np.int64]
U64 = NDArray[np.uint64]
_KEY = ("pan", "nwk_src", "nwk_dst", "aps_counter", "cluster", "src_endpoint", "dst_endpoint")
_ONE = ("pan", "nwk_src", "nwk_dst", "aps_counter", "cluster", "src_endpoint", "dst_endpoint", "fragment", "fragments")


class Assembly:
    """Shares the memory of fragments and repeats with the dissector."""

    def __init__(self, dissector: Dissector) -> None:
        self._pieces = Pieces(dissector)
        self._before: list[tuple[int, Work, Rows, U64]] = []  # frames read in bulk lately: latest time, rows, messages
        self._close: dict[int, int] = {}  # until when (ns) more of a message is to be looked at block by block

    def take(self, work: Work, rows: Rows) -> None:
        """Go through the fragments and the tunnel's data among the rows, which are in order."""
        fields = work.fields
        data = rows[(fields["payload_length"][rows] >= 0) & (fields["aps_type"][rows] == 0)]
        fragmented = fields["fragment"][data] >= 0
        pieces = data[fragmented]
        one_by_one = _transfers(work, data[~fragmented])
        if len(pieces):
            others = self._bulk(work, pieces)
            if len(others):
                self._recall(_keys(work, others))
                one_by_one = np.union1d(one_by_one, others)
        if not len(one_by_one):
            return
        columns = [fields[name][one_by_one].tolist() for name in (*_ONE, "payload_length", "time", "channel")]
        for row, values in zip(one_by_one.tolist(), zip(*columns, strict=True), strict=True):
            try:
                self._one(work, row, *values)
            except HanError as fault:
                work.errors[row] = fault.in_frame(work.batch.first + row)

    def met(self, work: Work, row: int) -> None:
        """Note a fragment that the dissector has read: its message is no longer one for bulk."""
        if work.fields["fragment"][row] >= 0:
            key = int(_keys(work, np.array([row]))[0])
            self._close[key] = int(work.fields["time"][row]) + TIMEOUT

    def _recall(self, keys: U64) -> None:
        """Put the frames of messages met again, which were read in bulk before, into the memory of repeats."""
        for at, (latest, work, rows, known) in enumerate(self._before):
            again = np.isin(known, keys)
            for row in np.sort(rows[again]).tolist():
                self._heard(work, row)
            self._before[at] = latest, work, rows[~again], known[~again]

    def _bulk(self, work: Work, rows: Rows) -> Rows:
        """Put together the messages that came whole and in order; return the rows of all others."""
        fields = work.fields
        times = fields["time"][rows]
        latest = int(times.max())
        self._close = {key: until for key, until in self._close.items() if until >= int(times.min())}
        key = _keys(work, rows)
        order = np.argsort(key, kind="stable")
        rows, key, times = rows[order], key[order], times[order]
        block, total = fields["fragment"][rows].astype(np.int64), fields["fragments"][rows].astype(np.int64)
        starts = total >= 0
        another = np.ones(len(rows), bool)
        another[1:] = key[1:] != key[:-1]
        begins = np.flatnonzero(starts | another)
        run = np.cumsum(starts | another) - 1
        length = np.diff(np.append(begins, len(rows)))
        good = (total[begins] == length) & starts[begins]
        # Blocks in order, time going forward; the first block holds the ZCL header.
        ordered = block == np.arange(len(rows)) - begins[run]
        ordered[1:] &= (run[1:] != run[:-1]) | ((times[1:] >= times[:-1]) & (times[1:] - times[:-1] <= TIMEOUT))
        channel = fields["channel"][rows]
        ordered[1:] &= (run[1:] != run[:-1]) | (channel[1:] == channel[:-1])
        good &= np.logical_and.reduceat(ordered, begins)
        first = take(work.payload, rows[begins])
        good &= (fields["payload_length"][rows[begins]] >= 5) & (first[:, 0] & 3 < 2)
        # One message twice within the time of repeats: to be looked at closely, and so is what began earlier.
        ends = begins + length - 1
        close = ~another[begins[1:]] & (np.abs(times[begins[1:]] - times[ends[:-1]]) <= REPEAT_WINDOW)
        good[1:] &= ~close
        good[:-1] &= ~close
        if self._close:
            known = np.array(sorted(self._close), np.uint64)
            until = np.array([self._close[key] for key in known.tolist()])
            at = np.minimum(np.searchsorted(known, key[begins]), len(known) - 1)
            good &= (known[at] != key[begins]) | (until[at] < times[begins])
        # A key is for bulk with all its messages or with none.
        name = np.cumsum(another)[begins] - 1
        spoiled = np.zeros(int(name[-1]) + 1, bool)
        spoiled[name[~good]] = True
        good = ~spoiled[name]
        until = times[ends] + np.where(good, REPEAT_WINDOW, TIMEOUT)
        late = until >= latest
        self._close |= dict(zip(key[begins][late].tolist(), until[late].tolist(), strict=True))
        self._whole(work, rows, begins[good], length[good])
        lately = np.flatnonzero(good[run] & (latest - times <= REPEAT_WINDOW))
        self._before = [one for one in self._before if latest - one[0] <= REPEAT_WINDOW]
        self._before.append((latest, work, rows[lately], key[lately]))
        others: Rows = rows[~good[run]]
        return others

    def _whole(self, work: Work, rows: Rows, begins: Ints, length: Ints) -> None:
        """Give each message's last frame what the message holds; `begins` and `length` are places in `rows`."""
        if not len(begins):
            return
        fields = work.fields
        last = rows[begins + length - 1]
        firsts = rows[begins]
        read_zcl(work, last, take(work.payload, firsts), np.full(len(last), ROW))
        sizes = np.maximum(fields["payload_length"][rows], 0).astype(np.int64)
        octets = take(work.payload, rows)[masks(sizes) != 0].tobytes()
        places = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        transfer = _is_transfer(work, last)
        useful = np.flatnonzero(transfer | (fields["zcl_type"][last] == 0))
        for at in useful.tolist():
            begin = int(begins[at])
            whole = octets[places[begin] : places[begin + int(length[at])]]
            row = int(last[at])
            work.asdus[row] = whole
            if transfer[at]:
                data = whole[7 if whole[0] & 4 else 5 :]  # behind the ZCL header and the tunnel's number
                gbcs = tunnelling.TunnelData.parse(data).gbcs if data else None
                if gbcs is not None:
                    work.gbcs[row] = gbcs

    def _heard(self, work: Work, row: int) -> tuple[Occurrence, bytes]:
        """Note a frame in the memory of repeats; return it and its payload."""
        batch, fields = work.batch, work.fields
        block = work.payload[row, : int(fields["payload_length"][row])].tobytes()
        pan, src, dst, counter, cluster, channel = (int(fields[name][row]) for name in (*_ONE[:5], "channel"))
        psdu = batch.psdu(row)
        heard = self._pieces.occurrence(
            batch.first + row,
            int(fields["time"][row]),
            pan,
            psdu[9 : len(psdu) - 2 * int(batch.fcs[row])],
            (None if channel < 0 else channel, pan, src, dst),
            (counter, cluster),
            block,
            work.extended[row].tobytes() if fields["fragment"][row] >= 0 else b"",
        )
        return heard, block

    def _one(
        self,
        work: Work,
        row: int,
        pan: int,
        src: int,
        dst: int,
        counter: int,
        cluster: int,
        src_endpoint: int,
        dst_endpoint: int,
        fragment: int,
        fragments: int,
        length: int,
        time: int,
        channel: int,
    ) -> None:
        heard, block = self._heard(work, row)
        if heard.repeat_of is not None:
            return
        if fragment < 0:
            self._message(work, row, block)
            return
        extended = Extended(int(work.extended[row, 0]), fragments if fragments >= 0 else fragment)
        piece = Piece(extended, counter, cluster, src_endpoint, dst_endpoint)
        whole = self._pieces.add((None if channel < 0 else channel, pan, src, dst), time, piece, block)
        if whole is None:
            return
        zcl = ZclFrame.parse(whole)
        found: detail.Values = {}
        detail.zcl(found, zcl)
        for name, value in found.items():
            work.fields[name][row] = value
        work.asdus[row] = whole
        if cluster == tunnelling.CLUSTER:
            self._message(work, row, whole)

    def _message(self, work: Work, row: int, asdu: bytes) -> None:
        gbcs = message(asdu)
        if gbcs is not None:
            work.gbcs[row] = gbcs


def _keys(work: Work, rows: Rows) -> U64:
    """Return a number for the message each fragment is of."""
    return mixed(*(work.fields[name][rows] for name in _KEY))


def _is_transfer(work: Work, rows: Rows) -> NDArray[np.bool_]:
    fields = work.fields
    command, from_server = fields["zcl_command"][rows], fields["zcl_from_server"][rows]
    either = ((command == 2) & (from_server == 0)) | ((command == 1) & (from_server == 1))
    found: NDArray[np.bool_] = (
        (fields["cluster"][rows] == tunnelling.CLUSTER) & (fields["zcl_type"][rows] == 1) & either
    )
    return found


def _transfers(work: Work, rows: Rows) -> Rows:
    """Return the frames that hold a message of the tunnel: GET and empty answers do not."""
    rows = rows[_is_transfer(work, rows)]
    at = np.where(work.fields["manufacturer"][rows] >= 0, 7, 5)
    left = work.fields["payload_length"][rows] - at
    first = work.payload[rows, at]
    holds = (first == 0xDD) | (first == 0xDF) | ((first == 2) & (left > 2)) | ((first == 3) & (left > 1))
    found: Rows = rows[holds & (left > 0)]
    return found
