"""Decoded frames as columns: one array a field, one element a frame.

What a frame has not is ABSENT (-1) in integer columns, NaN in `rssi`, NO_EUI (all ones) in columns of EUI-64s. Texts
that few frames have (errors, reasons) and GBCS messages are dictionaries by row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.han.query_values import ABSENT, NO_EUI, Row

#: dtypes by field; the names are those of the JSON of `bench sniff` where it has the field
FIELDS: dict[str, str] = {
    "frame": "i8",  # number in the file, from 1
    "time": "i8",  # ns since 1970 (UTC)
    "channel": "i4",
    "rssi": "f4",  # dBm
    "lqi": "i2",
    "interface": "i2",  # index into Columns.interfaces
    "fcs_ok": "i1",  # 1 right, 0 wrong, ABSENT received without
    "mac_type": "i1",
    "mac_seq": "i2",
    "pan": "i4",  # of the source
    "dst_pan": "i4",  # as on air
    "src": "i4",  # MAC addresses, short ones
    "dst": "i4",
    "src_long": "u8",  # MAC addresses that are EUIs
    "dst_long": "u8",
    "ack_request": "i1",
    "mac_command": "i2",
    "nwk_type": "i1",
    "nwk_src": "i4",
    "nwk_dst": "i4",
    "nwk_radius": "i2",
    "nwk_seq": "i2",
    "nwk_src_eui": "u8",  # as on air
    "nwk_dst_eui": "u8",
    "hop_eui": "u8",  # transmitter, of the NWK security header
    "nwk_counter": "i8",  # of the NWK security header
    "key_seq": "i2",
    "nwk_hash": "u8",  # of all octets of a secured NWK frame, to find repeats
    "nwk_command": "i2",
    "aps_type": "i1",
    "aps_counter": "i2",
    "profile": "i4",
    "cluster": "i4",
    "src_endpoint": "i2",
    "dst_endpoint": "i2",
    "aps_frame_counter": "i8",  # of the APS security header
    "aps_key": "i1",  # key identifier of the APS security header
    "fragment": "i2",  # number of the block, 0 for the first
    "fragments": "i2",  # how many there are, in the first
    "aps_command": "i2",
    "zcl_type": "i1",  # 0 general, 1 of the cluster
    "zcl_from_server": "i1",
    "zcl_seq": "i2",
    "zcl_command": "i2",
    "manufacturer": "i4",
    "src_eui": "u8",  # originator, end to end where the NWK layer is known
    "dst_eui": "u8",
    "decrypted": "i1",  # 1 every secured layer, 0 not (see reasons), ABSENT none is secured
    "payload_length": "i4",  # plaintext APS payload of this frame
}
EUI_FIELDS = frozenset(name for name, kind in FIELDS.items() if kind == "u8")


def empty(count: int, name: str) -> NDArray[Any]:
    """Return a column in which no frame has a value."""
    kind = FIELDS[name]
    return np.full(count, np.nan if kind == "f4" else NO_EUI if kind == "u8" else ABSENT, kind)


@dataclass(slots=True)
class Attributes:
    """Attribute records of read responses, writes and reports: a child table, one element a record."""

    row: NDArray[np.int64]  #: the frame it stands in
    id: NDArray[np.int32]
    status: NDArray[np.int16]
    type: NDArray[np.int16]  #: ABSENT when the record carries no value
    value: NDArray[np.int64]  #: integers, times, enumerations and flags; of unsigned 64-bit ones the same bits
    known: NDArray[np.bool_]  #: whether `value` holds the value (strings, floats and structures are in the payload)

    @classmethod
    def none(cls) -> "Attributes":
        """Return an empty table."""
        return cls(*(np.zeros(0, kind) for kind in ("i8", "i4", "i2", "i2", "i8", "?")))

    @classmethod
    def joined(cls, tables: Iterable[tuple[int, "Attributes"]]) -> "Attributes":
        """Return tables one after the other; each comes with what its rows are to be raised by."""
        listed = [(first, table) for first, table in tables if len(table.row)]
        if not listed:
            return cls.none()
        rows = np.concatenate([table.row + first for first, table in listed])
        rest = [
            np.concatenate([getattr(table, name) for _, table in listed])
            for name in ("id", "status", "type", "value", "known")
        ]
        return cls(rows, *rest)


@dataclass(slots=True)
class Columns:
    """Frames as columns. Missing names in `fields` were not asked for."""

    fields: dict[str, NDArray[Any]]
    octets: NDArray[np.uint8]  #: the payloads one after the other
    interfaces: list[str] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)  #: by row
    reasons: dict[int, str] = field(default_factory=dict)  #: by row: why not decrypted
    gbcs: dict[int, bytes] = field(default_factory=dict)  #: by row: the GBCS message it completes
    names: dict[int, str] = field(default_factory=dict)  #: by row: names of rare commands the numbers do not tell
    asdus: dict[int, bytes] = field(default_factory=dict)  #: by row: the APS payload put together of fragments
    attributes: Attributes = field(default_factory=Attributes.none)
    cached: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.fields.values()))) if self.fields else 0

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of numbers."""
        name = {"command_id": "zcl_command", "nwk_key_seq": "key_seq"}.get(name, name)
        if name == "repeat_of" and name not in self.fields:
            from bench.han.columns.repeats import repeats

            self.fields[name] = repeats(self)
        return self.fields[name]

    def texts(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return a column of texts: codes (ABSENT: none) into the list. `decrypted` gives the reasons why not."""
        if name not in self.cached:
            self.cached[name] = self._texts(name)
        found: tuple[NDArray[np.int32], list[str]] = self.cached[name]
        return found

    def _texts(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        from bench.han.columns.names import cluster_names, command_names

        if name == "interface":
            names = [interface or str(at) for at, interface in enumerate(self.interfaces)]
            return self.fields["interface"].astype(np.int32), names
        if name == "command":
            return command_names(self)
        if name == "cluster_name":
            return cluster_names(self)
        return coded(self.errors if name == "error" else self.reasons, len(self))

    def opened(self) -> NDArray[np.bool_]:
        """Return which frames a network key opened: nobody else can have sent them."""
        fields = self.fields
        inside = (fields["decrypted"] == 1) | (fields["aps_type"] != ABSENT) | (fields["nwk_command"] != ABSENT)
        found: NDArray[np.bool_] = (fields["nwk_counter"] != ABSENT) & inside
        return found

    def payloads(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32]]:
        """Return all payloads, where each begins, and lengths (ABSENT: none)."""
        lengths = self.fields["payload_length"]
        if "starts" not in self.cached:
            ends = np.cumsum(np.maximum(lengths, 0), dtype=np.int64)
            self.cached["starts"] = ends - np.maximum(lengths, 0)
        return self.octets, self.cached["starts"], lengths

    def whole_payloads(self) -> dict[int, bytes]:
        """Return the payloads of whole messages by the row of the fragment that completes them."""
        return self.asdus

    def payload(self, row: int) -> bytes | None:
        """Return the plaintext APS payload of one frame (one block of a fragmented message), None: it has none."""
        octets, starts, lengths = self.payloads()
        start, length = int(starts[row]), int(lengths[row])
        return None if length < 0 else octets[start : start + length].tobytes()

    def messages(self) -> dict[int, Row]:
        """Return the GBCS messages decoded, by row."""
        if "messages" not in self.cached:
            from bench.han.row import Messages

            decoder = Messages()
            decoded = {row: decoder.decode(octets) for row, octets in self.gbcs.items()}
            self.cached["messages"] = {row: message for row, message in decoded.items() if message is not None}
        found: dict[int, Row] = self.cached["messages"]
        return found

    @classmethod
    def joined(cls, parts: Iterable["Columns"]) -> "Columns":
        """Return tables one after the other."""
        listed = list(parts)
        if len(listed) == 1:
            return listed[0]
        if not listed:
            return cls({name: empty(0, name) for name in FIELDS}, np.zeros(0, np.uint8))
        firsts = [0]
        for part in listed:
            firsts.append(firsts[-1] + len(part))
        texts: dict[str, dict[int, Any]] = {
            name: {
                first + row: found
                for first, part in _with(firsts, listed)
                for row, found in getattr(part, name).items()
            }
            for name in ("errors", "reasons", "gbcs", "names", "asdus")
        }
        return cls(
            {name: np.concatenate([part.fields[name] for part in listed]) for name in listed[0].fields},
            np.concatenate([part.octets for part in listed]),
            max((part.interfaces for part in listed), key=len),
            **texts,  # type: ignore[arg-type]  # its keys are those of the dictionaries
            attributes=Attributes.joined((first, part.attributes) for first, part in _with(firsts, listed)),
        )


def _with(firsts: list[int], parts: list[Columns]) -> Iterator[tuple[int, Columns]]:
    return zip(firsts, parts, strict=False)


def coded(texts: dict[int, str], count: int) -> tuple[NDArray[np.int32], list[str]]:
    """Return texts by row as codes and the list of different ones."""
    codes = np.full(count, ABSENT, np.int32)
    known: dict[str, int] = {}
    for row, text in texts.items():
        codes[row] = known.setdefault(text, len(known))
    return codes, list(known)
