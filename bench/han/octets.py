"""Reading little-endian radio fields in order, with the layer and offset in every error.

An EUI-64 is held everywhere in this package as 8 octets in the order it is written (00-15-5F-...); on air its low octet
goes first (IEEE 802.15.4-2020 4), so reading and writing reverse it.
"""

from functools import lru_cache

from bench.han.errors import HanError


class Octets:
    """A cursor over the octets of one layer. Every read raises HanError when too few octets are left."""

    __slots__ = ("data", "layer", "offset")

    def __init__(self, data: bytes, layer: str, offset: int = 0) -> None:
        self.data = data
        self.layer = layer
        self.offset = offset

    def __len__(self) -> int:
        return len(self.data) - self.offset

    def error(self, reason: str, offset: int | None = None) -> HanError:
        """Return a HanError at the present offset (or at the one given)."""
        return HanError(self.layer, self.offset if offset is None else offset, reason)

    def take(self, count: int, what: str) -> bytes:
        """Return the next `count` octets."""
        end = self.offset + count
        if end > len(self.data):
            left = len(self.data) - self.offset
            raise self.error(f"{what} needs {count} octet{'s' if count != 1 else ''}, {left} left")
        taken = self.data[self.offset : end]
        self.offset = end
        return taken

    def uint(self, count: int, what: str) -> int:
        """Return an unsigned integer of `count` octets, low octet first."""
        return int.from_bytes(self.take(count, what), "little")

    def sint(self, count: int, what: str) -> int:
        """Return a signed integer of `count` octets, low octet first."""
        return int.from_bytes(self.take(count, what), "little", signed=True)

    def eui(self, what: str) -> bytes:
        """Return an EUI-64 in written order."""
        return self.take(8, what)[::-1]

    def rest(self) -> bytes:
        """Return everything left."""
        taken = self.data[self.offset :]
        self.offset = len(self.data)
        return taken


@lru_cache(4096)
def eui_text(eui: bytes) -> str:
    """Return "00-15-5F-00-11-22-33-44" for 8 octets in written order."""
    return eui.hex("-").upper()


def eui_octets(text: str) -> bytes:
    """Return the 8 octets of an EUI-64 written with or without separators; HanError if it is not one."""
    digits = text.replace("-", "").replace(":", "").replace(" ", "")
    try:
        eui = bytes.fromhex(digits)
    except ValueError:
        eui = b""
    if len(eui) != 8:
        raise HanError("EUI-64", None, f"{text!r} is not 16 hexadecimal digits")
    return eui
