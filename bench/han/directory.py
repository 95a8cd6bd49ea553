"""Which EUI-64 stands behind which short address, learned from the air, per PAN."""

from collections.abc import Mapping

from bench.han.mac import Address
from bench.han.octets import eui_text

_NO_EUI = (bytes(8), b"\xff" * 8)
_RESERVED = 0xFFF8  #: short addresses from here up are broadcasts or unassigned


class Directory:
    """(PAN, short address) -> EUI, and the names given to EUIs.

    Two networks may have the same PAN identifier on different channels: what was learned on the channel comes first.
    """

    def __init__(self, names: Mapping[bytes, str] | None = None) -> None:
        self._euis: dict[tuple[int | None, int], bytes] = {}
        self._on_channel: dict[tuple[int, int | None, int], bytes] = {}
        self._names = {bytes(eui): name for eui, name in (names or {}).items()}
        self.version = 0  #: changes with every address that gets another EUI

    def learn(self, pan: int | None, short: int, eui: bytes | None, channel: int | None = None) -> None:
        """Remember the address; a device that rejoined with a new one keeps its old one too."""
        if eui is not None and short < _RESERVED and eui not in _NO_EUI:
            if self._euis.get((pan, short)) != eui:
                self._euis[pan, short] = eui
                self.version += 1
            if channel is not None and self._on_channel.get((channel, pan, short)) != eui:
                self._on_channel[channel, pan, short] = eui
                self.version += 1

    def learn_missing(self, other: "Directory") -> None:
        """Take over what another directory knows of addresses that are not known here."""
        self._euis = other._euis | self._euis
        self._on_channel = other._on_channel | self._on_channel

    def eui(self, pan: int | None, address: Address, channel: int | None = None) -> bytes | None:
        """Return the EUI behind an address, None when it is not known."""
        if not isinstance(address, int):
            return address
        found = None if channel is None else self._on_channel.get((channel, pan, address))
        return self._euis.get((pan, address)) if found is None else found

    def name(self, address: Address, eui: bytes | None) -> str:
        """Return the best name there is: the given one, the EUI, or the short address."""
        short = f"{address:04X}" if isinstance(address, int) else ""
        known = "" if eui is None else self._names.get(eui, eui_text(eui))
        return f"{known} ({short})" if known and short else known or short

    def channel_items(self) -> list[tuple[int, int | None, int, bytes]]:
        """Return all (channel, PAN, short address, EUI) that were learned on a known channel."""
        return [(channel, pan, short, eui) for (channel, pan, short), eui in self._on_channel.items()]

    def items(self) -> list[tuple[int | None, int, bytes]]:
        """Return all (PAN, short address, EUI)."""
        return [(pan, short, eui) for (pan, short), eui in self._euis.items()]
