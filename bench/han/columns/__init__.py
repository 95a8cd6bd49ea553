"""Captures in volume: frames as columns instead of objects, decrypted many at a time.

    for columns in decode(path, keyring): ...        # one table a batch, in bounded memory
    columns = read(path, keyring)                    # the whole file in one table

Columns say of each frame what the detailed dissector (bench.han.dissect) says of it.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.han.columns.decoder import Decoder
from bench.han.columns.reader import Capture
from bench.han.columns.table import Columns
from bench.han.keyring import Keyring

__all__ = ["Capture", "Columns", "Decoder", "decode", "read"]


def decode(
    path: str | Path, keyring: Keyring | None = None, *, attributes: bool = True, repeats: bool = True
) -> Iterator[Columns]:
    """Yield the frames of a capture, batch after batch, each with what was known when it was heard.

    `attributes`: with the values of attributes, and with what is wrong in payloads of ZCL commands. `repeats`: so that
    `repeat_of` can be told.

    Keys learned on air are added to the keyring. Raises HanError for what is no capture and, after the last readable
    frame, for a cut or broken one; OSError as from open().
    """
    yield from _decode(path, Decoder(keyring, attributes=attributes, repeats=repeats))


def read(
    path: str | Path, keyring: Keyring | None = None, *, attributes: bool = True, late_keys: bool = False
) -> Columns:
    """Return all frames of a capture that memory holds. Raises as `decode`.

    With `late_keys`, keys that came late in the capture serve the frames before them too.
    """
    decoder = Decoder(keyring, attributes=attributes)
    columns = Columns.joined(_decode(path, decoder))
    return Columns.joined(_decode(path, decoder.anew())) if late_keys and decoder.again else columns


def _decode(path: str | Path, decoder: Decoder) -> Iterator[Columns]:
    capture = Capture(path, keyring=decoder.keyring)
    for batch in capture.batches():
        columns = decoder.decode(batch)
        columns.interfaces = [interface.name for interface in capture.interfaces]
        yield columns
