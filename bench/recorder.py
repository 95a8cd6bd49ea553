"""The append-only, hash-chained log of a run: one JSON line an observation, written before anybody acts on it.

Each line carries `hash` = SHA-256(previous hash || the line without its hash). A line that was changed, removed or
inserted breaks the chain from there on; `verify_log` says where. Nothing is buffered in the process.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.observation import Observation

GENESIS = "0" * 64
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=str).encode


class Recorder:
    """Writes the log of one test after another; the chain runs through all of them."""

    def __init__(self) -> None:
        self.head = GENESIS
        self._file, self._size = -1, 0
        self._pending: tuple[str, int] | None = None  #: head and size once the line is written that is being written
        self.path: Path | None = None

    @property
    def is_open(self) -> bool:
        """Whether a test is being recorded."""
        return self._file >= 0

    def open(self, path: Path) -> None:
        """Begin the log of a test. The first line names the head of the chain so far. Raises BenchError."""
        self.close()
        try:
            try:
                os.mkdir(path.parent)
            except OSError:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o644)
        except FileExistsError:
            raise BenchError(f"{path} exists, evidence is never overwritten; choose another run folder") from None
        except OSError as problem:
            raise BenchError(f"cannot create {path}: {problem.strerror}; choose another run folder") from None
        self.path, self._size = path, 0
        self._append({"log": path.parent.name, "previous": self.head})

    def write(self, seen: Observation) -> None:
        """Append one observation. Raises BenchError when the disk takes no more; nothing written is lost.

        Between tests there is no log: what is seen then is evidence of none.
        """
        if not self.is_open:
            return
        line: dict[str, Any] = {
            "n": seen.number,
            "t": seen.time.isoformat(timespec="microseconds"),
            "point": seen.point,
            "kind": seen.kind,
            "data": seen.data,
        }
        if seen.raw:
            line["raw"] = seen.raw.hex()
        self._append(line)

    def _append(self, line: dict[str, Any]) -> None:
        self._settle()
        body = _ENCODE(line)
        head = hashlib.sha256((self.head + body).encode()).hexdigest()
        octets = f'{body[:-1]},"hash":"{head}"}}\n'.encode()
        size = self._size + len(octets)
        self._pending = head, size
        try:
            while octets:
                octets = octets[os.write(self._file, octets) :]
        except OSError as problem:
            self._pending = None
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)  # half a line would break the chain of those that follow
            raise BenchError(f"cannot write {self.path}: {problem.strerror}; free some space and run again") from None
        self.head, self._size = head, size
        self._pending = None

    def _settle(self) -> None:
        """Find out whether the last line stands in the log, where Ctrl-C came while it was written."""
        if self._pending is None:
            return
        (head, size), self._pending = self._pending, None
        with contextlib.suppress(OSError):
            if os.fstat(self._file).st_size == size:
                self.head, self._size = head, size
            else:
                os.ftruncate(self._file, self._size)

    def close(self) -> None:
        """Close the log of the current test."""
        if self._file >= 0:
            self._settle()
            os.close(self._file)
            self._file = -1


def verify_log(path: Path, previous: str | None = None) -> str:
    """Check the chain of one log and return its head. Raises BenchError naming the first line that does not fit."""
    head = previous
    *lines, rest = _lines(path)
    for number, octets in enumerate([*lines, rest] if rest else lines, 1):
        try:
            text = octets.decode()
            body, marker, tail = text.rpartition(',"hash":"')
            line = json.loads(body + "}")
        except ValueError:
            raise BenchError(f"{path}:{number}: not a line of a log") from None
        if number == 1:
            if head is not None and line.get("previous") != head:
                raise BenchError(f"{path}:1: does not follow the log before it")
            head = str(line.get("previous"))
        if not marker or hashlib.sha256((str(head) + body + "}").encode()).hexdigest() + '"}' != tail:
            raise BenchError(f"{path}:{number}: the chain is broken here; this line or an earlier one was changed")
        head = tail[:-2]
    if rest:
        raise BenchError(f"{path}:{len(lines) + 1}: the line is cut short")
    return head or GENESIS


def _lines(path: Path) -> list[bytes]:
    """Return the lines of a log and what follows the last line end (JSON leaves U+2028 and its like as they are)."""
    try:
        return path.read_bytes().split(b"\n")
    except OSError as problem:
        raise BenchError(f"cannot read {path}: {problem.strerror}") from None


def read_log(path: Path) -> Iterator[Observation]:
    """Yield the observations of a log; a last line cut short by a crash is left out."""
    for line in read_lines(path):
        yield Observation(
            line["n"],
            datetime.fromisoformat(line["t"]).astimezone(UTC),
            line["point"],
            line["kind"],
            line["data"],
            bytes.fromhex(line.get("raw", "")),
        )


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the observations of a log as they stand in it: n, t (ISO 8601), point, kind, data, raw (hex, of some)."""
    for octets in _lines(path):
        try:
            line = json.loads(octets.decode(errors="surrogatepass"))
        except ValueError:
            return
        if "n" in line:
            yield line
