"""MAC and NWK headers of a batch, read as arrays. What is not of the everyday forms is left to the dissector."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.columns.batch import Batch
from bench.han.columns.ccm import MIC, U8, checks, nonce_blocks
from bench.han.columns.lookup import U64, Rows
from bench.han.columns.table import FIELDS, empty
from bench.han.columns.views import ROW, euis, gather, hashes, numbers
from bench.han.query_values import NO_EUI

_FORM = 0xEC4F  #: FCF bits that tell forms apart: type, security, compression, address modes, version 2015
_DATA, _POLL_SHORT, _POLL_LONG, _ACK = 0x8841, 0x8843, 0xC843, 0x0002
_MAC_HEADER = 9
AUX = 14  #: octets of the NWK security header


@dataclass(slots=True)
class Work:
    """A batch being decoded: its columns, and which rows go which way."""

    batch: Batch
    fields: dict[str, NDArray[Any]]
    detail: NDArray[np.bool_]  #: rows for the dissector
    named: Rows  #: simple MAC frames without NWK layer and with addresses
    errors: dict[int, str] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    gbcs: dict[int, bytes] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    asdus: dict[int, bytes] = field(default_factory=dict)  #: put together from fragments
    long_payloads: dict[int, bytes] = field(default_factory=dict)  #: beyond a row's length
    payload: U8 = field(default_factory=lambda: np.zeros((0, ROW), np.uint8))
    repeats: bool = True  #: whether to number secured frames so that repeats can be told
    extended: U8 = field(default_factory=lambda: np.zeros((0, 2), np.uint8))  #: extended APS headers of fragments

    def set(self, name: str, rows: Rows, values: Any) -> None:
        """Give the rows of a column, in ascending order, their values."""
        column = self.fields[name]
        if len(rows) == len(column):
            column[:] = values
        else:
            column[rows] = values


@dataclass(slots=True)
class Secured:
    """The NWK-secured frames of a batch in their everyday form; arrays of one element a frame."""

    rows: Rows  #: in the batch, ascending
    start: NDArray[np.int64]  #: of the NWK header in the batch's octets
    header: NDArray[np.int64]  #: octets of the NWK header without security header
    length: NDArray[np.int64]  #: octets of ciphertext without MIC
    aux: U8  #: (n, 14) the security headers
    plain: U8  #: (n + 1, ROW) plaintext where opened; the last row is margin
    opened: NDArray[np.bool_]

    @classmethod
    def of(cls, work: Work, rows: Rows, octets: U8, header: NDArray[np.int64], body: NDArray[np.int64]) -> "Secured":
        """Return the frames given by rows, lengths of NWK headers and of PSDUs without FCS."""
        start = work.batch.starts[rows] + _MAC_HEADER
        return cls(
            rows,
            start,
            header,
            body - _MAC_HEADER - header - AUX - MIC,
            gather(octets, start + header, AUX),
            np.zeros((len(rows) + 1, ROW), np.uint8),
            np.zeros(len(rows), bool),
        )

    def nonces(self, work: Work, some: Rows) -> U64:
        """Return CCM nonces as `nonce_blocks` makes them: EUI, counter, security control with its level."""
        rows = self.rows[some]
        return nonce_blocks(work.fields["hop_eui"][rows], work.fields["nwk_counter"][rows], self.aux[some, 0])


def read_headers(batch: Batch, *, repeats: bool = True) -> tuple[Work, Secured]:
    """Read the MAC and NWK headers of a batch; `repeats`: so that repeats can be told."""
    count = len(batch)
    fields = {name: empty(count, name) for name in FIELDS}
    fields["frame"] = np.arange(batch.first, batch.first + count, dtype=np.int64)
    for name, values in (
        ("time", batch.times),
        ("interface", batch.interfaces),
        ("channel", batch.channels),
        ("rssi", batch.rssi),
        ("lqi", batch.lqi),
    ):
        fields[name] = values
    work = Work(batch, fields, np.ones(count, bool), np.zeros(0, np.intp), repeats=repeats)
    work.payload, work.extended = np.zeros((count, ROW), np.uint8), np.zeros((count, 2), np.uint8)
    octets, body = batch.octets, batch.lengths - 2 * batch.fcs
    short = batch.lengths < ROW
    head = gather(octets, batch.starts, 16)
    form = (head[:, 0].astype(np.int32) | head[:, 1].astype(np.int32) << 8) & _FORM
    good = _check(work, short)

    data = short & (form == _DATA) & (body >= _MAC_HEADER)
    poll = short & (form == _POLL_SHORT) & (body == 10) & (head[:, 9] == 4)
    poll_long = short & (form == _POLL_LONG) & (body == 16) & (head[:, 15] == 4)
    ack = short & (form == _ACK) & (body >= 3)
    simple = data | poll | poll_long | ack
    for row in batch.errors:  # no PSDU at all
        simple[row] = work.detail[row] = False
        number = batch.first + row
        work.errors[row] = f"frame {number}, {batch.errors[row].removeprefix(f'packet {number}, ')}"
    data, poll, poll_long, ack = data & simple, poll & simple, poll_long & simple, ack & simple
    work.detail &= ~simple
    _fill_mac(work, head, simple, ack, poll_long)
    for bad in np.flatnonzero(simple & ~good).tolist():
        _say_check(work, bad)
    for polls in (poll & good, poll_long & good):
        work.set("mac_command", np.flatnonzero(polls), 4)
    inner = data & good & (body > _MAC_HEADER)
    work.named = np.flatnonzero(simple & ~ack & ~inner)
    return work, _network(work, np.flatnonzero(inner), body)


def _check(work: Work, short: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Check the FCS of all frames that have one; return where nothing is wrong."""
    batch = work.batch
    good = np.ones(len(batch), bool)
    rows = np.flatnonzero(batch.fcs & short & (batch.lengths >= 4))
    if len(rows):
        lengths = batch.lengths[rows]
        good[rows] = checks(batch.octets, batch.starts[rows] + lengths, lengths) == 0
        work.set("fcs_ok", rows, good[rows])
    return good


def _say_check(work: Work, row: int) -> None:
    psdu = work.batch.psdu(row)
    fcs = int.from_bytes(psdu[-2:], "little")
    number = work.batch.first + row
    work.errors[row] = f"frame {number}, MAC at {len(psdu) - 2}: FCS {fcs:04X} does not match the octets"


def _fill_mac(work: Work, head: U8, simple: Any, ack: Any, poll_long: Any) -> None:
    rows = np.flatnonzero(simple)
    heads = head[rows]
    work.set("mac_type", rows, heads[:, 0] & 7)
    work.set("ack_request", rows, heads[:, 0] >> 5 & 1)
    work.set("mac_seq", rows, heads[:, 2])
    addressed = np.flatnonzero(simple & ~ack)
    shorts = np.ascontiguousarray(head[addressed][:, 3:9]).view("<u2").astype(np.int32)
    work.set("pan", addressed, shorts[:, 0])
    work.set("dst_pan", addressed, shorts[:, 0])
    work.set("dst", addressed, shorts[:, 1])
    long = np.flatnonzero(poll_long)
    work.set("src", addressed, shorts[:, 2])
    work.set("src", long, -1)
    work.set("src_long", long, euis(work.batch.octets, work.batch.starts[long] + 7))


def _network(work: Work, rows: Rows, body: NDArray[np.int64]) -> Secured:
    """Read the NWK headers of data frames; those not secured in the usual way are for the dissector."""
    batch, octets = work.batch, work.batch.octets
    start = batch.starts[rows] + _MAC_HEADER
    room = body[rows] - _MAC_HEADER
    head = gather(octets, start, 8)
    control = head[:, 0].astype(np.int64) | head[:, 1].astype(np.int64) << 8
    usual = ((control & 0x3F) | 1 == 0x09) & (control & 0x300 == 0x200) & (room >= 8 + AUX + MIC)
    header = 8 + 8 * (control >> 11 & 1) + 8 * (control >> 12 & 1)
    routed = usual & (control & 0x400 != 0) & (room >= header + 2)
    if routed.any():
        header[routed] += 2 + 2 * octets[start[routed] + header[routed]].astype(np.int64)
    usual &= (room >= header + AUX + MIC) & (routed | (control & 0x400 == 0))
    place = np.where(usual, start + header, start)
    usual &= octets[place] & 0x38 == 0x28
    work.detail[rows[~usual]] = True
    rows, start, head, control, header = rows[usual], start[usual], head[usual], control[usual], header[usual]
    secured = Secured.of(work, rows, octets, header, body[rows])
    shorts = np.ascontiguousarray(head[:, 2:6]).view("<u2").astype(np.int32)
    work.set("nwk_type", rows, control & 3)
    work.set("nwk_dst", rows, shorts[:, 0])
    work.set("nwk_src", rows, shorts[:, 1])
    work.set("nwk_radius", rows, head[:, 6])
    work.set("nwk_seq", rows, head[:, 7])
    destined, sourced = control & 0x800 != 0, control & 0x1000 != 0
    work.set("nwk_dst_eui", rows[destined], euis(octets, start[destined] + 8))
    work.set("nwk_src_eui", rows[sourced], euis(octets, start[sourced] + 8 + 8 * destined[sourced]))
    place = start + header
    work.set("nwk_counter", rows, numbers(octets, place + 1, "<u4"))
    work.set("hop_eui", rows, euis(octets, place + 5))
    work.set("key_seq", rows, secured.aux[:, 13])
    if work.repeats:
        work.set("nwk_hash", rows, hashes(gather(octets, start, ROW), body[rows] - _MAC_HEADER))
    # An EUI of all ones cannot be told from none in a column: the dissector knows.
    odd = (destined & (work.fields["nwk_dst_eui"][rows] == NO_EUI)) | (
        sourced & (work.fields["nwk_src_eui"][rows] == NO_EUI)
    )
    if odd.any():
        work.detail[rows[odd]] = True
        keep = np.flatnonzero(~odd)
        secured = Secured.of(work, rows[keep], octets, header[keep], body[rows[keep]])
    return secured


def sealed(work: Work, secured: Secured, some: Rows) -> tuple[U8, NDArray[np.int64], U8, NDArray[Any]]:
    """Return AAD, its lengths, ciphertexts and MICs of secured frames."""
    octets, start, header = work.batch.octets, secured.start[some], secured.header[some]
    aad = gather(octets, start, ROW)
    aad[np.arange(len(some)), header] = secured.aux[some, 0] & 0xF8 | 5
    text = start + header + AUX
    mics = numbers(octets, text + secured.length[some], "<u4").astype(np.uint32)
    return aad, header + AUX, gather(octets, text, ROW), mics
