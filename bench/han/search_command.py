"""`bench han search`: frames of captures that fulfil a query, in files and folders."""

import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bench.gbcs.text import scalar
from bench.han.errors import HanError
from bench.han.known_devices import TYPES
from bench.han.query import Query, compile_query
from bench.han.sniff_command import NOBODY, Options, SniffError, keyring

if TYPE_CHECKING:
    from bench.han.columns.cache import Kept
    from bench.han.keyring import Keyring

FOUND, NOTHING, USAGE = 0, 1, 2
_MAGIC = (b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d")


@dataclass(frozen=True)
class Wanted:
    """What the command line says of the output."""

    as_json: bool = False
    count: bool = False
    cache: bool = True


def run(expression: str, paths: list[str], options: Options, wanted: Wanted, out: TextIO) -> int:
    """Print the frames that match, by file and in order of the frames.

    Returns 0 if something matched, 1 if nothing did, 2 with one line on standard error for a usage error. Damaged files
    are told on standard error; the others are searched all the same.
    """
    try:
        keys = keyring(options)
        files = find(paths)
        _compile(expression, keys.device_names())
    except (SniffError, HanError) as fault:
        complain(str(fault))
        return USAGE
    matched = 0
    with ExitStack() as stack:
        where = _where(wanted, stack)
        for path, walked in files:
            matched += _search(path, walked, expression, keys, wanted, where, out)
    if wanted.count:
        out.write(f"{matched}\n")
    return FOUND if matched else NOTHING


def _where(wanted: Wanted, stack: ExitStack) -> Path:
    from bench.han.columns import cache

    if wanted.cache:
        where = cache.folder()
        try:
            where.mkdir(mode=0o700, parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=where).close()
            return where
        except OSError as fault:
            complain(f"cache {where} cannot be written ({fault.strerror}); set BENCH_CACHE; searching without it")
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-han-")))


def _compile(expression: str, names: dict[str, bytes]) -> Query:
    return compile_query(expression, dict.fromkeys(TYPES, NOBODY) | names)


def _search(
    path: Path, walked: bool, expression: str, keys: "Keyring", wanted: Wanted, where: Path, out: TextIO
) -> int:
    """Search one file; return how many frames matched."""
    from bench.han.columns.cache import kept

    try:
        if walked and not _is_capture(path):
            return 0
        with kept(path, keys, where) as capture:
            if capture.damage is not None:
                complain(f"{scalar(str(path))}: {capture.damage}; what comes before was searched")
            return _print(path, capture, _compile(expression, capture.names), wanted, out)
    except HanError as fault:
        complain(f"{scalar(str(path))}: {fault}")
    except BrokenPipeError:
        raise
    except OSError as fault:
        complain(f"{scalar(str(path))} cannot be read: {fault.strerror or 'input/output error'}")
    return 0


def _print(path: Path, capture: "Kept", query: Query, wanted: Wanted, out: TextIO) -> int:
    matched = 0
    for group in capture.groups():
        if not query.possible(group.range):
            continue
        rows = query.mask(group).nonzero()[0].tolist()
        matched += len(rows)
        if rows and not wanted.count:
            from bench.han.columns.rows import row

            whole = group.whole()
            for at in rows:
                found = row(whole, at)
                shown = {"file": str(path)} | found
                out.write((json.dumps(shown) if wanted.as_json else f"{scalar(str(path))}:{line(found)}") + "\n")
    if wanted.count and matched:
        out.write(f"{scalar(str(path))}: {matched}\n")
    return matched


def line(row: dict[str, Any]) -> str:
    """Return a frame in one line: number, time, who to whom, what it is, and what is wrong with it."""
    parts = [f"{row['frame']}", str(row["time"])[:-4].replace("T", " ")]
    if row["channel"] is not None:
        parts.append(f"ch {row['channel']}" + ("" if row["rssi"] is None else f" {row['rssi']:.0f} dBm"))
    ends = [_end(row, "src"), _end(row, "dst")]
    if any(ends):
        parts.append(f"{ends[0] or '-'} > {ends[1] or '-'}")
    if row["cluster_name"] is not None:
        parts.append(str(row["cluster_name"]))
    parts.append(str(row["command"] or "?"))
    if row["gbcs"] is not None:
        parts.append(f"GBCS {row['gbcs'].get('use_case') or row['gbcs'].get('message_code') or 'unreadable'}")
    for key in ("decrypted", "error"):
        if isinstance(row[key], str):
            parts.append(f"[{scalar(row[key])}]")
    if row["repeat_of"] is not None:
        parts.append(f"(again: {row['repeat_of']})")
    return "  ".join(parts)


def _end(row: dict[str, Any], end: str) -> str:
    short = row[f"nwk_{end}"] or row[end]
    eui = row[f"{end}_eui"]
    if eui is None or eui == short:
        return str(short or "")
    return f"..{str(eui).replace(':', '')[-6:]}" + (f"/{str(short)[2:]}" if short else "")


def find(paths: list[str]) -> list[tuple[Path, bool]]:
    """Return the files, in order, and whether each was met in a folder. Raises SniffError for what does not exist."""
    if not paths:
        raise SniffError("nothing to search; give captures or folders of captures")
    found: list[tuple[Path, bool]] = []
    for text in paths:
        path = Path(text)
        if "\0" in text or not os.path.lexists(path):
            raise SniffError(f"{scalar(text)} does not exist; give captures or folders of captures")
        if path.is_dir():
            found += [(one, True) for one in sorted(_walk(path))]
        else:
            found.append((path, False))
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder):
        for name in names:
            path = Path(directory, name)
            try:
                if stat.S_ISREG(path.stat().st_mode):
                    yield path
            except OSError:
                yield path  # reading it says why


def _is_capture(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in _MAGIC


def complain(text: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(f"bench han: {text}\n")
