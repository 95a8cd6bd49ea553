"""`bench decode`: messages in files, folders or standard input, as a tree or as one JSON object a line."""

import base64
import binascii
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bench.gbcs.decode import decode
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Message
from bench.gbcs.text import lines, scalar

if TYPE_CHECKING:
    from bench.gbcs.keystore import Keystore

OK, FAILED, USAGE = 0, 1, 2
_LARGEST_FILE = 256 << 20
_LARGEST_MESSAGE = 4 << 20  # octets of text; the length fields of a message end at 64 KiB
_HEX = frozenset(b"0123456789abcdefABCDEF")
_SPACE = b" \t\r\n\v\f"


class _UsageError(Exception):
    """What the user asked for cannot be done as asked."""


def run(paths: list[str], keys: Path | None, acb: str | None, as_json: bool, out: TextIO) -> int:
    """Decode everything in `paths` to `out`.

    Returns 0 if all decode and nothing is invalid, 1 otherwise, 2 with one line on standard error for a usage error.
    """
    try:
        broker = _broker(acb)
        files = _expand(paths)
        keystore = _keystore(keys)
    except _UsageError as error:
        print(f"bench decode: {error}", file=sys.stderr)
        return USAGE
    code = OK
    with keystore or nullcontext():
        for name, path, walked in files:
            for entry in _entries(name, path, walked, keystore, broker):
                _write(entry, as_json, out)
                if "error" in entry or "invalid" in (entry["mac"], entry["signature"], entry.get("decryption")):
                    code = FAILED
    return code


def _broker(acb: str | None) -> Eui64 | None:
    if acb is None:
        return None
    try:
        return Eui64.of(acb)
    except GbcsError:
        raise _UsageError(f"--acb {acb!r} is no EUI-64; give 16 hex digits such as 90-B3-D5-1F-30-00-00-02") from None


def _keystore(keys: Path | None) -> "Keystore | None":
    """Keys of a folder; None, and no cryptography loaded, where none is given."""
    if keys is None:
        return None
    if not keys.is_dir():
        raise _UsageError(f"--keys {keys} is no directory; give the folder with the <eui64>-ds|ka.pem|key files")
    from bench.gbcs.keystore import Keystore

    try:
        return Keystore.load(keys)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise _UsageError(f"--keys {keys} cannot be read ({reason}); check its permissions") from None
    except GbcsError as error:
        raise _UsageError(f"--keys {keys}: {error}; replace or remove that file") from None


def _expand(paths: list[str]) -> list[tuple[str, Path | None, bool]]:
    """Name, path (None: standard input) and whether it was met in a folder, of every file, in order of names."""
    if not paths:
        raise _UsageError("nothing to decode; give files, folders or - for standard input")
    files: list[tuple[str, Path | None, bool]] = []
    for text in paths:
        path = Path(text)
        if text == "-":
            files.append(("-", None, False))
        elif "\0" in text or not os.path.lexists(path):
            raise _UsageError(f"{scalar(text)} does not exist; give files, folders or - for standard input")
        elif path.is_dir():
            found = sorted(_walk(path))
            if not found:
                raise _UsageError(f"{scalar(text)} holds no readable files; give a folder with messages")
            files += [(str(one), one, True) for one in found]
        else:
            files.append((text, path, False))
    return files


def _walk(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder):
        for name in names:
            yield Path(directory, name)


def _is_special(path: Path) -> bool:
    """Whether reading the file may block or never end: a pipe, device or socket."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False  # reading it says why


def _entries(
    name: str, path: Path | None, walked: bool, keystore: "Keystore | None", broker: Eui64 | None
) -> Iterator[dict[str, Any]]:
    """One entry for a file with one message, one for each line of a file with several."""
    try:
        if path is not None and walked and _is_special(path):
            raise GbcsError("not a regular file")
        data = _read(path)
    except OSError as error:
        yield {"file": name, "error": f"cannot be read: {error.strerror or 'input/output error'}"}
        return
    except GbcsError as error:
        yield {"file": name, "error": str(error)}
        return
    several = _message_lines(data)
    if several is None:
        yield _entry(name, data, keystore, broker)
        return
    for number, line in several:
        yield _entry(f"{name}:{number}", line, keystore, broker)


def _read(path: Path | None) -> bytes:
    if path is None:
        data = getattr(sys.stdin, "buffer", sys.stdin).read(_LARGEST_FILE + 1)
        data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    else:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise GbcsError(f"larger than {_LARGEST_FILE >> 20} MiB")
    return bytes(data)


def _message_lines(data: bytes) -> list[tuple[int, bytes]] | None:
    """Numbered lines, if the data are several messages, one a line; None if they are one message."""
    if data[:1] in (b"\xdd", b"\xdf") or b"\n" not in data.strip(_SPACE):
        return None
    found = [(number, line.strip(_SPACE)) for number, line in enumerate(data.splitlines(), 1)]
    found = [(number, line) for number, line in found if line]
    if len(data) <= _LARGEST_MESSAGE and _is_message(data):
        return None
    return found if any(_is_message(line) for _, line in found) else None


def _is_message(text: bytes) -> bool:
    try:
        Message.parse(octets(text))
    except GbcsError:
        return False
    return True


def octets(data: bytes) -> bytes:
    """Octets of a message given in binary, hex (either case, any white space) or base64. Raises GbcsError."""
    if data[:1] in (b"\xdd", b"\xdf"):
        return data
    if len(data) > _LARGEST_MESSAGE:
        raise GbcsError(f"{len(data)} octets are more than any message takes")
    packed = data.removeprefix(b"\xef\xbb\xbf").translate(None, _SPACE)
    if not packed:
        raise GbcsError("empty: no message")
    if packed[:2] in (b"0x", b"0X"):
        packed = packed[2:]
    if _HEX.issuperset(packed):
        if len(packed) % 2:
            raise GbcsError(f"odd number of hex digits ({len(packed)})")
        return bytes.fromhex(packed.decode("ascii"))
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise GbcsError("neither a binary message nor hex nor base64") from None


def _entry(name: str, data: bytes, keystore: "Keystore | None", broker: Eui64 | None) -> dict[str, Any]:
    try:
        raw = octets(data)
        message = Message.parse(raw)
        decoded = decode(message, keystore, broker)
        decoded["roundtrip"] = decoded["roundtrip"] and bytes(message) == raw
    except GbcsError as error:
        return {"file": name, "error": str(error)}
    return {"file": name} | decoded


def _write(entry: dict[str, Any], as_json: bool, out: TextIO) -> None:
    if as_json:
        out.write(json.dumps(entry) + "\n")
        return
    out.write(scalar(entry["file"]) + "\n")
    if "error" in entry:
        out.write(f"  error: {scalar(entry['error'])}\n\n")
        return
    shown = {key: value for key, value in entry.items() if key != "file"}
    out.write("".join(f"{line}\n" for line in lines(shown, 1)) + "\n")
