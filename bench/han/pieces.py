"""As much of a frame as the dissector's memory of fragments and repeats takes, for quicker readers that share it."""

from typing import Any, NamedTuple

from bench.han import tunnelling
from bench.han.aps import Extended
from bench.han.dissect import Dissector
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame


class Occurrence(NamedTuple):
    """A frame at a time, and the number of the one it repeats."""

    number: int
    time: int
    repeat_of: int | None


class Piece(NamedTuple):
    """A fragment."""

    extended: Extended
    counter: int
    cluster: int
    src_endpoint: int
    dst_endpoint: int


Parties = tuple[int | None, int, int, int]


class Pieces:
    """The memory of a dissector, asked by readers of frames that are not its own."""

    def __init__(self, dissector: Dissector) -> None:
        self._dissector = dissector

    def occurrence(
        self,
        number: int,
        time: int,
        pan: int,
        nwk: bytes,
        parties: Parties,
        aps: tuple[int, int],
        payload: bytes,
        extended: bytes,
    ) -> Occurrence:
        """Note a secured frame: its NWK octets and, under (channel, PAN, source, destination), its APS payload.

        `aps` is counter and cluster; `extended` the extended header of a fragment, empty for a whole message.
        """
        note = self._dissector.repeats.note
        whole = (*parties, *aps, payload, extended) if extended else (*parties, *aps, payload)
        first = note(number, time, (pan, nwk))
        return Occurrence(number, time, note(number, time, whole) if first is None else first)

    def add(self, parties: Parties, time: int, piece: Piece, payload: bytes) -> bytes | None:
        """Add a fragment; return the message it completes. Raises HanError for an impossible block number."""
        part: Any = piece
        return self._dissector.reassembly.add(parties, time, part, payload)


def message(asdu: bytes) -> bytes | None:
    """Return the GBCS message in a frame of the tunnelling cluster, None when there is none."""
    try:
        known = tunnelling.parse_tunnelling(ZclFrame.parse(asdu))
    except HanError:
        return None  # the meaning of a payload is the dissector's to judge
    return tunnelling.TunnelData.parse(known.data).gbcs if isinstance(known, tunnelling.TransferData) else None
