"""Which EUI-64 stands behind which short address, learned from the air, per PAN."""

from collections.abc import Mapping

from bench.han.mac import Address
from bench.han.octets import eui_text

_RESERVED = 0xFFF8  #: short addresses from here up are broadcasts or unassigned


class Directory:
    """(PAN, short address) -> EUI, and the names given to EUIs."""

    def __init__(self, names: Mapping[bytes, str] | None = None) -> None:
        self._euis: dict[tuple[int | None, int], bytes] = {}
        self._names = {bytes(eui): name for eui, name in (names or {}).items()}

    def learn(self, pan: int | None, short: int, eui: bytes | None) -> None:
        """Remember the address; a device that rejoined with a new one keeps its old one too."""
        if eui is not None and short < _RESERVED and eui not in (bytes(8), b"\xff" * 8):
            self._euis[pan, short] = eui

    def eui(self, pan: int | None, address: Address) -> bytes | None:
        """Return the EUI behind an address, None when it is not known."""
        return self._euis.get((pan, address)) if isinstance(address, int) else address

    def name(self, address: Address, eui: bytes | None) -> str:
        """Return the best name there is: the given one, the EUI, or the short address."""
        short = f"{address:04X}" if isinstance(address, int) else ""
        known = "" if eui is None else self._names.get(eui, eui_text(eui))
        return f"{known} ({short})" if known and short else known or short

    def items(self) -> list[tuple[int | None, int, bytes]]:
        """Return all (PAN, short address, EUI)."""
        return [(pan, short, eui) for (pan, short), eui in self._euis.items()]
