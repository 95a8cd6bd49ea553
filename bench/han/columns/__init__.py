"""Captures in volume: frames as columns instead of objects, decrypted many at a time.

    for columns in decode(path, keyring): ...        # one table a batch, in bounded memory
    columns = read(path, keyring)                    # the whole file in one table

Columns say of each frame what the detailed dissector (bench.han.dissect) says of it; errors in the meaning of a
cluster's own command are the dissector's alone.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.han.columns.decoder import Decoder
from bench.han.columns.reader import Capture
from bench.han.columns.table import Columns
from bench.han.keyring import Keyring

__all__ = ["Capture", "Columns", "Decoder", "decode", "read"]


def decode(path: str | Path, keyring: Keyring | None = None, *, attributes: bool = True) -> Iterator[Columns]:
    """Yield the frames of a capture, batch after batch, each with what was known when it was heard.

    Keys learned on air are added to the keyring. Raises HanError for what is no capture and, after the last readable
    frame, for a cut or broken one; OSError as from open().
    """
    capture, decoder = Capture(path), Decoder(keyring, attributes=attributes)
    for batch in capture.batches():
        columns = decoder.decode(batch)
        columns.interfaces = [interface.name for interface in capture.interfaces]
        yield columns


def read(path: str | Path, keyring: Keyring | None = None, *, attributes: bool = True) -> Columns:
    """Return all frames of a capture that memory holds. Raises as `decode`."""
    return Columns.joined(decode(path, keyring, attributes=attributes))
