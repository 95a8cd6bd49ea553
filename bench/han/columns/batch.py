"""Some frames of a capture file, and the radio headers in front of their PSDUs."""

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.capture_reader import Packet
from bench.han.columns.ccm import U8
from bench.han.columns.views import ROW, gather
from bench.han.errors import HanError
from bench.han.tap import FCS_CRC16, FCS_NONE, NON_ASK_HEADER, Tap


@dataclass(slots=True)
class Batch:
    """Some frames of a file. All arrays have one element a frame."""

    first: int  #: number of the first frame, from 1
    octets: U8  #: ROW octets of margin, a stretch of the file, ROW octets of margin
    starts: NDArray[np.int64]  #: of the PSDUs in `octets`
    lengths: NDArray[np.int64]  #: 0..127 (longer ones are in `long`)
    fcs: NDArray[np.bool_]  #: whether the PSDU ends with its check sequence
    times: NDArray[np.int64]  #: ns since 1970
    interfaces: NDArray[np.int16]
    channels: NDArray[np.int32]  #: -1: unknown
    rssi: NDArray[np.float32]  #: dBm, NaN: unknown
    lqi: NDArray[np.int16]  #: -1: unknown
    errors: dict[int, str] = field(default_factory=dict)  #: by row: why there is no PSDU

    def __len__(self) -> int:
        return len(self.starts)

    def psdu(self, row: int) -> bytes:
        """Return the octets of one frame."""
        start = int(self.starts[row])
        return self.octets[start : start + int(self.lengths[row])].tobytes()


def of_packets(packets: list[Packet], interfaces: dict[tuple[int, str], int]) -> Batch:
    """Return packets as a batch; `interfaces` numbers them by their number and name in the file."""
    lengths = np.array([len(packet.psdu) for packet in packets], np.int64)
    octets = np.zeros(int(lengths.sum()) + 3 * ROW, np.uint8)
    octets[ROW : ROW + int(lengths.sum())] = np.frombuffer(b"".join(packet.psdu for packet in packets), np.uint8)
    times = [min(max(packet.time, -(1 << 63)), (1 << 63) - 1) for packet in packets]
    return Batch(
        packets[0].number,
        octets,
        ROW + np.cumsum(lengths) - lengths,
        lengths,
        np.array([packet.fcs for packet in packets], bool),
        np.array(times, np.int64),
        np.array([interfaces[packet.interface, packet.interface_name] for packet in packets], np.int16),
        np.array([-1 if packet.channel is None else packet.channel for packet in packets], np.int32),
        np.array([np.nan if packet.rssi is None else packet.rssi for packet in packets], np.float32),
        np.array([-1 if packet.lqi is None else packet.lqi for packet in packets], np.int16),
        {row: packet.error for row, packet in enumerate(packets) if packet.error is not None},
    )


def read_non_ask(batch: Batch, rows: NDArray[Any]) -> None:
    """Take the PSDUs out of packets of link type 215."""
    batch.fcs[rows] = True
    for row in rows[batch.lengths[rows] < NON_ASK_HEADER]:
        batch.errors[int(row)] = f"capture: {batch.lengths[row]} octets are too few for link type 215"
    batch.starts[rows] += NON_ASK_HEADER
    batch.lengths[rows] = np.maximum(batch.lengths[rows] - NON_ASK_HEADER, 0)


def read_tap(batch: Batch, rows: NDArray[Any]) -> None:
    """Read the TAP headers: those like the first in one go, the others one by one."""
    while len(rows):
        start, length = int(batch.starts[rows[0]]), int(batch.lengths[rows[0]])
        packet = batch.octets[start : start + min(length, ROW)].tobytes()
        size = int.from_bytes(packet[2:4], "little")
        like = np.zeros(len(rows), bool)
        if size <= min(len(packet), ROW):
            like = _tap_like(batch, rows, packet[:size])
        if not like.any():
            _tap_alone(batch, int(rows[0]))
            rows = rows[1:]
            continue
        rows = rows[~like]
        if len(rows) > 64 and int(like.sum()) < 4:  # many different ones
            for row in rows:
                _tap_alone(batch, int(row))
            return


def _tap_like(batch: Batch, rows: NDArray[Any], head: bytes) -> NDArray[np.bool_]:
    """Read the headers laid out as `head` is; return which those are (none where it cannot be read)."""
    none = np.zeros(len(rows), bool)
    at, fixed = 4, [0, 2, 3]
    places: dict[int, int] = {}
    if len(head) < 4 or head[0] != 0:
        return none
    while at < len(head):
        if at + 4 > len(head):
            return none
        kind, length = struct.unpack_from("<HH", head, at)
        if at + 4 + length > len(head):
            return none
        fixed += range(at, at + 4)
        if (kind, length) in ((0, 1), (1, 4), (3, 3), (10, 1)):
            places.setdefault(kind, at + 4)
        if kind == 0:
            fixed.append(at + 4)  # the FCS type itself too
        at += 4 + length + -length % 4
    fcs_type = head[places[0]] if 0 in places else None
    if fcs_type not in (None, FCS_NONE, FCS_CRC16):
        return none
    fits = batch.lengths[rows] >= len(head)
    heads = gather(batch.octets, np.where(fits, batch.starts[rows], ROW), ROW)
    like: NDArray[np.bool_] = fits & (heads[:, fixed] == np.frombuffer(head, np.uint8)[fixed]).all(axis=1)
    some, heads = rows[like], heads[like]
    if 1 in places:
        batch.rssi[some] = np.ascontiguousarray(heads[:, places[1] : places[1] + 4]).view("<f4")[:, 0]
    if 3 in places:
        batch.channels[some] = np.ascontiguousarray(heads[:, places[3] : places[3] + 2]).view("<u2")[:, 0]
    if 10 in places:
        batch.lqi[some] = heads[:, places[10]]
    batch.fcs[some] = fcs_type == FCS_CRC16
    batch.starts[some] += len(head)
    batch.lengths[some] -= len(head)
    return like


def _tap_alone(batch: Batch, row: int) -> None:
    start = int(batch.starts[row])
    packet = batch.octets[start : start + int(batch.lengths[row])].tobytes()
    try:
        tap, psdu = Tap.parse(packet)
    except HanError as fault:
        batch.errors[row] = str(fault)
        return
    if tap.fcs_type not in (None, FCS_NONE, FCS_CRC16):
        batch.errors[row] = f"TAP: FCS type {tap.fcs_type} is not used by ZigBee"
        return
    batch.starts[row] += len(packet) - len(psdu)
    batch.lengths[row] = len(psdu)
    batch.fcs[row] = tap.fcs_type == FCS_CRC16
    batch.channels[row] = -1 if tap.channel is None else tap.channel
    batch.rssi[row] = np.nan if tap.rssi is None else tap.rssi
    batch.lqi[row] = -1 if tap.lqi is None else tap.lqi
