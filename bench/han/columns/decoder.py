"""Batches of frames into columns, in the order of the file: keys and addresses count from the frame that told them.

Frames of everyday forms are decoded in bulk; the detailed dissector reads the rest and whatever teaches keys or
addresses. Between two such frames nothing changes, so that all frames between them are decoded at once.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.columns import detail
from bench.han.columns.assembly import Assembly
from bench.han.columns.attributes import read_attributes
from bench.han.columns.batch import Batch
from bench.han.columns.headers import Secured, Work, read_headers
from bench.han.columns.inner import Inner, finish, read_inner, unknown_originator
from bench.han.columns.lookup import ABSENT_EUI, Addresses, Rows
from bench.han.columns.meaning import read_meaning
from bench.han.columns.opening import network_reasons, open_network
from bench.han.columns.table import EUI_FIELDS, FIELDS, Columns
from bench.han.columns.views import ROW
from bench.han.dissect import Dissector
from bench.han.frame import Frame
from bench.han.keyring import Keyring
from bench.han.query_values import ABSENT, NO_EUI

_COUNTING = np.arange(ROW, dtype=np.uint8)


class Decoder:
    """Decodes the batches of one capture, given in order. Keys seen on air are added to the keyring given."""

    def __init__(self, keyring: Keyring | None = None, *, attributes: bool = True, repeats: bool = True) -> None:
        self.keyring = Keyring() if keyring is None else keyring
        self._dissector = Dissector(self.keyring, keep=0)
        self.directory = self._dissector.directory
        self._assembly = Assembly(self._dissector)
        self._attributes, self._repeats = attributes, repeats
        self._locked = False
        self.again = False  #: whether a key came after frames that needed one: decoding anew would tell more

    def anew(self) -> "Decoder":
        """Return a decoder for the same capture from its beginning that knows what this one has learned."""
        other = Decoder(self.keyring, attributes=self._attributes, repeats=self._repeats)
        other.directory.learn_missing(self.directory)
        return other

    def decode(self, batch: Batch) -> Columns:
        """Return the columns of the next batch."""
        version = self.keyring.version
        work, secured = read_headers(batch, repeats=self._repeats)
        _Sweep(self, work, secured).run()
        columns = _columns(work)
        if self._attributes:
            columns.attributes = read_attributes(columns, work)
            read_meaning(columns, work)
        self._locked |= bool(columns.reasons)
        self.again |= self._locked and self.keyring.version != version
        return columns

    def dissect(self, work: Work, row: int) -> None:
        """Have the dissector read a frame, and put what it says into the columns."""
        batch = work.batch
        channel, rssi, lqi = int(batch.channels[row]), float(batch.rssi[row]), int(batch.lqi[row])
        frame = self._dissector.feed(
            int(batch.times[row]),
            batch.psdu(row),
            number=batch.first + row,
            fcs=bool(batch.fcs[row]),
            channel=None if channel < 0 else channel,
            rssi=None if math.isnan(rssi) else rssi,
            lqi=None if lqi < 0 else lqi,
        )
        _put(work, row, frame)
        self._assembly.met(work, row)

    def assemble(self, work: Work, rows: Rows) -> None:
        """Put fragments together and take messages out of the tunnel."""
        self._assembly.take(work, rows)


class _Sweep:
    """One batch, from its first row to its last."""

    def __init__(self, decoder: Decoder, work: Work, secured: Secured) -> None:
        self._decoder, self._work, self._secured = decoder, work, secured
        self._keyring, self._directory = decoder.keyring, decoder.directory
        self._inner: Inner
        self._addresses: Addresses
        self._src: NDArray[Any] = np.full(len(secured.rows), ABSENT_EUI)
        self._dst: NDArray[Any] = self._src.copy()
        self._taught = -1  # the row whose addresses were learned last: it may contradict itself

    def run(self) -> None:
        """Decode all rows."""
        first, end = 0, len(self._work.batch)
        self._open(0)
        self._addresses = Addresses(self._directory)
        while first < end:
            first = self._stretch(first, end)

    def _open(self, first: int) -> None:
        open_network(self._work, self._secured, self._keyring, first)
        self._inner = read_inner(self._secured, self._work.fields["nwk_type"][self._secured.rows])

    def _stretch(self, first: int, end: int) -> int:
        """Decode from a row on, to where something was learned; return the row to go on with."""
        teacher = self._teacher(first, end)
        self._look_up(first, teacher)
        for row in self._detailed(first, teacher):
            index = self._index(row)
            teaches_keys = self._may_teach_keys(row) if index is None else bool(self._inner.teaches_keys[index])
            if teaches_keys:
                self._finish(first, row)
                first = row
            keys, addresses = self._keyring.version, self._directory.version
            self._decoder.dissect(self._work, row)
            if (keys, addresses) != (self._keyring.version, self._directory.version):
                self._finish(first, row)
                self._addresses = Addresses(self._directory)
                if keys != self._keyring.version:
                    self._open(row + 1)
                return row + 1
            if teaches_keys:
                first = row + 1
        self._finish(first, teacher)
        if teacher < end:
            self._teach(teacher)
        return teacher

    def _index(self, row: int) -> int | None:
        """Return where a row is among the secured frames, None when it is not."""
        at = int(np.searchsorted(self._secured.rows, row))
        return at if at < len(self._secured.rows) and self._secured.rows[at] == row else None

    def _may_teach_keys(self, row: int) -> bool:
        """Whether a frame without usual NWK security may hold an APS command: data frames alone do."""
        batch = self._work.batch
        return bool(batch.octets[batch.starts[row]] & 7 == 1)

    def _between(self, first: int, end: int) -> Rows:
        """Return the secured frames of some rows."""
        low, high = np.searchsorted(self._secured.rows, (first, end))
        return np.arange(low, high)

    def _learning(self, first: int, end: int) -> Rows:
        some = self._between(first, end)
        # With keys at hand, a frame that none of them opens may be forged: it teaches no addresses.
        return some[self._secured.opened[some]] if self._keyring.network_keys else some

    def _teacher(self, first: int, end: int) -> int:
        """Return the first row that teaches an address, `end` when there is none."""
        some = self._learning(first, end)
        rows, fields = self._secured.rows[some], self._work.fields
        channels, pans = fields["channel"][rows], fields["pan"][rows]
        same = np.ones(len(rows), bool)
        for short, eui in _LEARNED:
            present = fields[eui][rows] != ABSENT_EUI
            same &= ~present | self._addresses.same(channels, pans, fields[short][rows], fields[eui][rows])
        differing = np.flatnonzero(~same & (rows != self._taught))
        return int(rows[differing[0]]) if len(differing) else end

    def _teach(self, row: int) -> None:
        """Learn what a frame teaches, as the dissector does."""
        fields = self._work.fields
        self._taught = row
        channel = int(fields["channel"][row])
        for short, eui in _LEARNED:
            octets = int(fields[eui][row]).to_bytes(8, "big")
            self._directory.learn(
                int(fields["pan"][row]), int(fields[short][row]), octets, None if channel < 0 else channel
            )
        self._addresses = Addresses(self._directory)

    def _look_up(self, first: int, end: int) -> None:
        """Fill in the EUIs of originators and destinations."""
        work, fields = self._work, self._work.fields
        rows = work.named[slice(*np.searchsorted(work.named, (first, end)))]
        channels, pans = fields["channel"][rows], fields["pan"][rows]
        for end_, short in (("src_eui", "src"), ("dst_eui", "dst")):
            long = fields[f"{short}_long"][rows]
            found = self._addresses.euis(channels, pans, fields[short][rows])
            work.set(end_, rows, np.where(long != ABSENT_EUI, long, found))
        some = self._between(first, end)
        rows = self._secured.rows[some]
        channels, pans = fields["channel"][rows], fields["pan"][rows]
        for end_, side, short, eui in (
            ("src_eui", self._src, "nwk_src", "nwk_src_eui"),
            ("dst_eui", self._dst, "nwk_dst", "nwk_dst_eui"),
        ):
            stated = fields[eui][rows]
            found = np.where(stated != ABSENT_EUI, stated, self._addresses.euis(channels, pans, fields[short][rows]))
            work.set(end_, rows, found)
            side[some] = found

    def _detailed(self, first: int, end: int) -> list[int]:
        """Return the rows for the dissector, in order."""
        some = self._between(first, end)
        inside = self._inner.detail[some] | unknown_originator(self._inner, self._src)[some]
        rows = np.flatnonzero(self._work.detail[first:end]) + first
        return np.union1d(rows, self._secured.rows[some[inside]]).tolist()  # type: ignore[no-any-return]

    def _finish(self, first: int, end: int) -> None:
        """Decode the rows that are not for the dissector."""
        some = self._between(first, end)
        if not len(some):
            return
        inner, secured = self._inner, self._secured
        some = some[~(inner.detail[some] | unknown_originator(inner, self._src)[some])]
        locked = some[~secured.opened[some]]
        if len(locked):
            network_reasons(self._work, self._keyring, secured.rows[locked])
        late = finish(self._work, secured, inner, some, self._keyring)
        self._decoder.assemble(self._work, secured.rows[some])
        for row in late:
            self._decoder.dissect(self._work, row)


_LEARNED = (("nwk_src", "nwk_src_eui"), ("nwk_dst", "nwk_dst_eui"), ("src", "hop_eui"))


_OF_THE_FILE = ("frame", "time", "channel", "rssi", "lqi", "interface")
_ABSENT = {name: NO_EUI if name in EUI_FIELDS else ABSENT for name in FIELDS if name not in _OF_THE_FILE}


def _put(work: Work, row: int, frame: Frame) -> None:
    found = detail.values(frame)
    for name, absent in _ABSENT.items():
        work.fields[name][row] = found.get(name, absent)
    work.errors.pop(row, None)
    work.reasons.pop(row, None)
    if frame.error is not None:
        work.errors[row] = frame.error
    if isinstance(frame.decrypted, str):
        work.reasons[row] = frame.decrypted
    if frame.gbcs is not None:
        work.gbcs[row] = frame.gbcs
    if frame.mac is not None and frame.nwk is not None and frame.nwk.security is not None:
        work.fields["nwk_hash"][row] = detail.hashed(frame.mac.payload)
    work.names[row] = frame.command
    payload = detail.shown_payload(frame)
    if payload is not None:
        if len(payload) > ROW:
            work.long_payloads[row] = payload
        else:
            work.payload[row, : len(payload)] = np.frombuffer(payload, np.uint8)
    if frame.zcl is not None and frame.asdu is not None and frame.asdu != payload:
        work.asdus[row] = frame.asdu


def _columns(work: Work) -> Columns:
    lengths = work.fields["payload_length"]
    rows = np.flatnonzero(lengths > 0)
    if work.long_payloads:
        pieces = [work.long_payloads.get(row, work.payload[row, : lengths[row]].tobytes()) for row in rows.tolist()]
        octets = np.frombuffer(b"".join(pieces), np.uint8)
    else:
        octets = work.payload[rows][lengths[rows][:, None].astype(np.int16) > _COUNTING]
    return Columns(
        work.fields,
        octets,
        errors=dict(sorted(work.errors.items())),
        reasons=dict(sorted(work.reasons.items())),
        gbcs=dict(sorted(work.gbcs.items())),
        names=work.names,
        asdus=dict(sorted(work.asdus.items())),
    )
