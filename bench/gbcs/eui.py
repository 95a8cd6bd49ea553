"""EUI-64 identifiers of devices and remote parties."""

from typing import Self

from bench.gbcs.errors import GbcsError

_OCTETS = 8


class Eui64(bytes):
    """An EUI-64: eight octets, printed as ``00-DB-12-34-56-78-90-A0``."""

    __slots__ = ()

    def __new__(cls, octets: bytes) -> Self:
        """Wrap exactly eight octets. Raises GbcsError for any other length."""
        if len(octets) != _OCTETS:
            raise GbcsError(f"EUI-64 of {len(octets)} octets, expected 8")
        return super().__new__(cls, octets)

    @classmethod
    def of(cls, value: "str | bytes | int") -> Self:
        """Read hex text (separators ``-``, ``:`` or none, either case), eight octets or an integer."""
        if isinstance(value, bytes):
            return cls(value)
        if isinstance(value, int):
            if not 0 <= value < 1 << 64:
                raise GbcsError("EUI-64 integer out of range")
            return cls(value.to_bytes(_OCTETS, "big"))
        digits = value.strip().replace("-", "").replace(":", "")
        try:
            octets = bytes.fromhex(digits)
        except ValueError:
            raise GbcsError(f"not an EUI-64: {value!r}, expected 16 hex digits") from None
        if len(digits) != 2 * _OCTETS or len(octets) != _OCTETS:
            raise GbcsError(f"not an EUI-64: {value!r}, expected 16 hex digits")
        return cls(octets)

    def __str__(self) -> str:
        return bytes.hex(self, "-").upper()

    def __repr__(self) -> str:
        return f"Eui64.of('{self}')"
