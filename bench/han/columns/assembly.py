"""Fragments put together and messages taken out of the tunnel: the few frames that need those before them."""

from typing import Any, NamedTuple

from bench.han import tunnelling
from bench.han.aps import Extended
from bench.han.columns import detail
from bench.han.columns.headers import Work
from bench.han.columns.lookup import Rows
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame


class _Heard:
    """As much of a frame as telling repeats takes."""

    __slots__ = ("number", "repeat_of", "time")

    def __init__(self, number: int, time: int) -> None:
        self.number, self.time = number, time
        self.repeat_of: int | None = None


class _Block(NamedTuple):
    """As much of an APS frame as reassembly takes."""

    extended: Extended
    counter: int
    cluster: int
    src_endpoint: int
    dst_endpoint: int


class Assembly:
    """Shares the memory of fragments and repeats with the dissector."""

    def __init__(self, dissector: Dissector) -> None:
        self._dissector = dissector

    def take(self, work: Work, rows: Rows) -> None:
        """Go through the fragments and the tunnel's data among the rows, in order."""
        fields = work.fields
        readable = (fields["payload_length"][rows] >= 0) & (fields["aps_type"][rows] == 0)
        command, from_server = fields["zcl_command"][rows], fields["zcl_from_server"][rows]
        transfer = (fields["cluster"][rows] == tunnelling.CLUSTER) & (fields["zcl_type"][rows] == 1)
        transfer &= ((command == 2) & (from_server == 0)) | ((command == 1) & (from_server == 1))
        chosen = rows[readable & (transfer | (fields["fragment"][rows] >= 0))]
        names = ("pan", "nwk_src", "nwk_dst", "aps_counter", "cluster", "src_endpoint", "dst_endpoint", "fragment")
        columns = [fields[name][chosen].tolist() for name in (*names, "fragments", "payload_length", "time", "channel")]
        for row, values in zip(chosen.tolist(), zip(*columns, strict=True), strict=True):
            try:
                self._one(work, row, *values)
            except HanError as fault:
                work.errors[row] = fault.in_frame(work.batch.first + row)

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
        batch = work.batch
        block = work.payload[row, :length].tobytes()
        heard: Any = _Heard(batch.first + row, time)
        repeat = self._dissector.note_repeat
        psdu = batch.psdu(row)
        repeat(heard, (pan, psdu[9 : len(psdu) - 2 * int(batch.fcs[row])]))
        if fragment < 0:
            repeat(heard, (pan, src, dst, counter, cluster, block))
            if heard.repeat_of is None:
                self._message(work, row, ZclFrame.parse(block))
            return
        first = fragments >= 0
        # As the octets of the extended header stand on air: its upper bits included.
        header = work.extended[row].tobytes()
        extended = Extended(header[0], fragments if first else fragment)
        repeat(heard, (pan, src, dst, counter, cluster, block, header))
        if heard.repeat_of is not None:
            return
        part: Any = _Block(extended, counter, cluster, src_endpoint, dst_endpoint)
        whole = self._dissector.reassembly.add((None if channel < 0 else channel, pan, src, dst), time, part, block)
        if whole is None:
            return
        zcl = ZclFrame.parse(whole)
        found: detail.Values = {}
        detail.zcl(found, zcl)
        for name, value in found.items():
            work.fields[name][row] = value
        work.asdus[row] = whole
        if cluster == tunnelling.CLUSTER:
            self._message(work, row, zcl)

    def _message(self, work: Work, row: int, zcl: ZclFrame) -> None:
        try:
            known = tunnelling.parse_tunnelling(zcl)
        except HanError:  # the meaning of a payload is the dissector's to judge
            return
        if isinstance(known, tunnelling.TransferData):
            gbcs = tunnelling.TunnelData.parse(known.data).gbcs
            if gbcs is not None:
                work.gbcs[row] = gbcs
