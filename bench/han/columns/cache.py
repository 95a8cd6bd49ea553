"""Decoded captures kept as Parquet, so that a second question reads only the columns it needs.

A cache file is named by what it came from: the capture (size, time of change, both ends of its octets), the keys (as a
hash), and the version of the decoder. It holds plaintext and is readable by its owner only; it never holds a key.
"""

import contextlib
import copy
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.han.columns import Capture, Columns, Decoder
from bench.han.columns.devices import Devices
from bench.han.columns.repeats import Repeats
from bench.han.columns.table import FIELDS
from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.query_values import ABSENT, Row
from bench.han.row import Messages

VERSION = 2  #: of what the decoder says of a frame; raise it with every change
GROUP = 1 << 16  #: frames of a row group
LARGEST = 8 << 30  #: octets of all cache files; the longest unused go first
_END = 1 << 16
_TEXTS = ("command", "cluster_name", "error", "reason")
_NUMBERS = (*FIELDS, "repeat_of")
_SCHEMA = pa.schema(
    [
        *((name, pa.from_numpy_dtype(FIELDS.get(name, "i8"))) for name in _NUMBERS),
        *((name, pa.dictionary(pa.int32(), pa.string())) for name in _TEXTS),
        ("payload", pa.binary()),
        ("asdu", pa.binary()),
        ("gbcs", pa.string()),
    ]
)


def folder() -> Path:
    """Return where decoded captures are kept: BENCH_CACHE, or the user's cache folder."""
    given = os.environ.get("BENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(given) if given else Path(base) / "smets-bench"


def fingerprint(keyring: Keyring) -> str:
    """Return a hash of the keys: it tells keyrings apart and gives no key away."""
    parts = [f"network {k.key.hex()} {k.sequence} {k.pan} {k.trial}" for k in keyring.network_keys]
    parts += [
        f"link {k.key.hex()} {sorted(eui.hex() for eui in k.pair) if k.pair else None} {k.trial}"
        for k in keyring.link_keys
    ]
    parts += [f"device {eui.hex()} {one.type} {one.name}" for eui, one in keyring.devices.items()]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def identity(path: Path, keyring: Keyring) -> str:
    """Return the name of the cache file of a capture under a keyring. OSError as from open()."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        ends = file.read(_END)
        file.seek(max(status.st_size - _END, 0))
        ends += file.read(_END)
    told = f"{VERSION} {status.st_size} {status.st_mtime_ns} {fingerprint(keyring)} "
    return hashlib.sha256(told.encode() + ends).hexdigest()[:40] + ".parquet"


class Kept:
    """A decoded capture on disk. Close it, or use it in a `with` statement."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path, memory_map=True)
        told = json.loads((self._file.metadata.metadata or {}).get(b"bench", b"{}"))
        self.interfaces: list[str] = told["interfaces"]
        self.damage: str | None = told["damage"]  #: why the capture could not be read to its end
        self.names = {name: bytes.fromhex(eui) for name, eui in told["names"].items()}
        self.frames: int = self._file.metadata.num_rows

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def groups(self) -> Iterator["Group"]:
        """Yield the row groups."""
        for number in range(self._file.metadata.num_row_groups):
            yield Group(self._file, number, self.interfaces)


class Group:
    """A row group: columns that are read when they are asked for."""

    def __init__(self, file: pq.ParquetFile, number: int, interfaces: list[str]) -> None:
        self._file, self._number, self._interfaces = file, number, interfaces
        self._about = file.metadata.row_group(number)
        self._read: dict[str, Any] = {}

    def __len__(self) -> int:
        return int(self._about.num_rows)

    def range(self, name: str) -> tuple[int, int] | None:
        """Return least and greatest value of a column, None when they are not known."""
        name = _ALIASES.get(name, name)
        statistics = self._about.column(_SCHEMA.get_field_index(name)).statistics if name in _NUMBERS else None
        if statistics is None or not statistics.has_min_max:
            return None
        return statistics.min, statistics.max

    def _column(self, name: str) -> Any:
        if name not in self._read:
            table = self._file.read_row_group(self._number, columns=[name], use_threads=False)
            self._read[name] = table.column(0).combine_chunks()
        return self._read[name]

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of numbers."""
        found: NDArray[Any] = self._column(_ALIASES.get(name, name)).to_numpy(zero_copy_only=False)
        return found

    def texts(self, name: str) -> tuple[NDArray[np.int32], list[str]]:
        """Return a column of texts: codes and the texts."""
        if name == "interface":
            names = [interface or str(at) for at, interface in enumerate(self._interfaces)]
            return self.column("interface").astype(np.int32), names
        column = self._column("reason" if name == "decrypted" else name)
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        codes = column.indices.fill_null(ABSENT).to_numpy(zero_copy_only=False).astype(np.int32)
        return codes, column.dictionary.to_pylist()

    def payloads(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32]]:
        """Return the payloads: octets, starts, lengths."""
        column = self._column("payload")
        lengths = self.column("payload_length")
        offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
        octets = column.buffers()[2]
        found = np.zeros(0, np.uint8) if octets is None else np.frombuffer(octets, np.uint8)
        return found, offsets[:-1].astype(np.int64), lengths

    def whole_payloads(self) -> dict[int, bytes]:
        """Return the payloads put together of fragments, by row."""
        return _sparse(self._column("asdu"))

    def messages(self) -> dict[int, Row]:
        """Return the decoded GBCS messages, by row."""
        return {row: json.loads(text) for row, text in _sparse(self._column("gbcs")).items()}

    def whole(self) -> Columns:
        """Return everything as a table in memory."""
        octets, starts, lengths = self.payloads()
        columns = Columns({name: self.column(name) for name in _NUMBERS}, octets, self._interfaces)
        columns.errors, columns.reasons = (_rows(*self.texts(name)) for name in ("error", "decrypted"))
        columns.asdus = self.whole_payloads()
        columns.cached |= {name: self.texts(name) for name in ("command", "cluster_name")}
        columns.cached |= {"messages": self.messages(), "starts": starts}
        assert len(lengths) == len(columns)
        return columns


_ALIASES = {"command_id": "zcl_command", "nwk_key_seq": "key_seq"}


def _sparse(column: Any) -> dict[int, Any]:
    rows = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    return dict(zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True))


def _rows(codes: NDArray[np.int32], texts: list[str]) -> dict[int, str]:
    return {row: texts[codes[row]] for row in np.flatnonzero(codes != ABSENT).tolist()}


def kept(path: Path, keyring: Keyring, where: Path) -> Kept:
    """Return a capture decoded, from the cache in `where` if it is there, else decoded now and kept there.

    Raises HanError for what is no capture, OSError when it cannot be read or `where` not be written.
    """
    target = where / identity(path, keyring)
    with contextlib.suppress(OSError, pa.ArrowException, KeyError, ValueError):
        found = Kept(target)
        os.utime(target)
        return found
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".new", dir=where)  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            decoder = Decoder(copy.deepcopy(keyring))
            _write(path, decoder, file)
            if decoder.again:
                file.seek(0)
                file.truncate()
                _write(path, decoder.anew(), file)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _prune(where, target)
    return Kept(target)


def _write(path: Path, decoder: Decoder, file: Any) -> None:
    """Decode a capture into a Parquet file."""
    capture = Capture(path, keyring=decoder.keyring)
    repeats, devices, messages = Repeats(), Devices(decoder.keyring), Messages()
    waiting: list[Columns] = []
    damage = None
    with pq.ParquetWriter(file, _SCHEMA, compression="lz4", use_dictionary=list(_TEXTS)) as writer:

        def flush() -> None:
            if waiting:
                writer.write_table(_table(Columns.joined(waiting), messages), row_group_size=GROUP)
                waiting.clear()

        try:
            for batch in capture.batches():
                columns = decoder.decode(batch)
                columns.fields["repeat_of"] = repeats.take(columns)
                devices.take(columns)
                waiting.append(columns)
                if sum(map(len, waiting)) >= GROUP:
                    flush()
        except HanError as fault:
            if fault.layer == "capture":
                raise
            damage = str(fault)
        flush()
        told = {
            "interfaces": [interface.name for interface in capture.interfaces],
            "damage": damage,
            "names": {name: eui.hex() for name, eui in devices.names().items()},
        }
        writer.add_key_value_metadata({"bench": json.dumps(told)})


def _table(columns: Columns, messages: Messages) -> pa.Table:
    count = len(columns)
    arrays: list[Any] = [pa.array(columns.fields[name]) for name in _NUMBERS]
    for name in _TEXTS:
        codes, texts = columns.texts("decrypted" if name == "reason" else name)
        arrays.append(
            pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes == ABSENT), pa.array(texts, pa.string()))
        )
    octets, starts, lengths = columns.payloads()
    offsets = np.append(starts, len(octets)).astype(np.int32)
    present = np.packbits(lengths >= 0, bitorder="little")
    arrays.append(
        pa.Array.from_buffers(
            pa.binary(), count, [pa.py_buffer(present), pa.py_buffer(offsets), pa.py_buffer(octets.tobytes())]
        )
    )
    decoded = {row: messages.decode(found) for row, found in columns.gbcs.items()}
    told = {row: json.dumps(message) for row, message in decoded.items() if message is not None}
    for kind, sparse in ((pa.binary(), columns.asdus), (pa.string(), told)):
        values: list[Any] = [None] * count
        for row, value in sparse.items():
            values[row] = value
        arrays.append(pa.array(values, kind))
    return pa.Table.from_arrays(arrays, schema=_SCHEMA)


def _prune(where: Path, keep: Path) -> None:
    """Delete the cache files longest unused until the rest is small enough."""
    with contextlib.suppress(OSError):
        files = [(one.stat(), one) for one in where.glob("*.parquet")]
        left = sum(status.st_size for status, _ in files)
        for status, one in sorted(files, key=lambda entry: entry[0].st_mtime):
            if left <= LARGEST:
                return
            if one != keep:
                one.unlink()
                left -= status.st_size
