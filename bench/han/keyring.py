"""Keys of a home area network: network keys, and link keys between two devices. Keys are never shown in a repr.

The key file is TOML and is read and written by `bench.han.keyring_file`; `docs/air.md` describes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from bench.han.errors import HanError
from bench.han.known_devices import TYPES, KnownDevice, names
from bench.han.security import install_code_crc, install_code_key

_CODES = (6, 8, 12, 16)  #: octets of an install code without its CRC


@dataclass(frozen=True, slots=True)
class NetworkKey:
    """A network key; `sequence` None when it is not known, `pan` None for any PAN."""

    key: bytes = field(repr=False)
    sequence: int | None = None
    pan: int | None = None
    origin: str = ""  #: where the key came from: "install code", "frame 12", ...
    trial: int | None = field(default=None, repr=False)  #: number of the key of unknown kind this may be


@dataclass(frozen=True, slots=True)
class LinkKey:
    """A link key, bound to a pair of devices or (pair None) to be tried with any."""

    key: bytes = field(repr=False)
    pair: frozenset[bytes] | None = None
    origin: str = ""
    trial: int | None = field(default=None, repr=False)


class Keyring:
    """The keys a dissector may use. Adding a key twice is harmless; the order of adding is the order of trying."""

    def __init__(self) -> None:
        self._network: dict[tuple[bytes, int | None, int | None], NetworkKey] = {}
        self._link: dict[tuple[bytes, frozenset[bytes] | None], LinkKey] = {}
        self._trials: dict[int, tuple[bytes, str]] = {}
        self._fits: dict[tuple[int, str], int] = {}
        self._networks_for: dict[tuple[int | None, int | None], list[NetworkKey]] = {}
        self._links_for: dict[tuple[bytes | None, bytes | None], list[LinkKey]] = {}
        self.devices: dict[bytes, KnownDevice] = {}  #: by EUI-64: what somebody wrote down of them
        self.version = 0  #: changes with every key that is new

    def __repr__(self) -> str:
        return f"Keyring({len(self._network)} network keys, {len(self._link)} link keys)"

    @property
    def network_keys(self) -> tuple[NetworkKey, ...]:
        """All network keys."""
        return tuple(self._network.values())

    @property
    def link_keys(self) -> tuple[LinkKey, ...]:
        """All link keys."""
        return tuple(self._link.values())

    @property
    def unsorted_keys(self) -> tuple[tuple[bytes, str], ...]:
        """Octets and origin of the keys whose kind is not known yet."""
        return tuple(self._trials.values())

    def add_network_key(
        self, key: bytes, sequence: int | None = None, *, pan: int | None = None, origin: str = ""
    ) -> bool:
        """Add a network key; return whether it is new."""
        return self._add_network(NetworkKey(_checked(key), sequence, pan, origin))

    def _add_network(self, entry: NetworkKey) -> bool:
        return self._changed(self._network.setdefault((entry.key, entry.sequence, entry.pan), entry) is entry)

    def add_link_key(self, key: bytes, between: Iterable[bytes] | None = None, *, origin: str = "") -> bool:
        """Add a link key, for the two devices in `between` or for any; return whether it is new."""
        pair = None if between is None else frozenset(bytes(eui) for eui in between)
        if pair is not None and (len(pair) != 2 or any(len(eui) != 8 for eui in pair)):
            raise HanError("keyring", None, "a link key is bound to two different EUIs of 8 octets")
        return self._add_link(LinkKey(_checked(key), pair, origin))

    def _add_link(self, entry: LinkKey) -> bool:
        return self._changed(self._link.setdefault((entry.key, entry.pair), entry) is entry)

    def add_install_code(self, code: bytes, between: Iterable[bytes] | None = None) -> bool:
        """Add the link key of an install code, given without its CRC or with a CRC that fits."""
        return self.add_link_key(install_code_key(without_crc(code)), between, origin="install code")

    def add_device(self, eui: bytes, kind: str = "", name: str = "") -> None:
        """Say what a device is and what it is called. Raises HanError for a type that there is not."""
        if kind and kind.lower() not in TYPES:
            raise HanError("keyring", None, f"no device type {kind[:20]!r}; there are {', '.join(TYPES)}")
        self.devices[bytes(eui)] = KnownDevice(kind.lower(), name)

    def device_names(self) -> dict[str, bytes]:
        """Return EUI-64s by what a query may call the devices that were written down."""
        return names((eui, one.type, one.name) for eui, one in self.devices.items())

    def add_unsorted(self, octets: bytes, origin: str = "") -> None:
        """Add a key of unknown kind: it is tried as network key, link key and install code, as its length allows.

        Which kind it is shows when it has fitted twice; it is not tried as another from then on. Raises HanError when
        it can be none.
        """
        number = len(self._trials) + 1
        codes = {without_crc(octets)} | {octets} if len(octets) in (*_CODES, 10, 14, 18) else set()
        links = {install_code_key(code): f"{origin} as install code" for code in codes if len(code) in _CODES}
        if len(octets) == 16:
            self._add_network(NetworkKey(octets, None, None, f"{origin} as network key", number))
            links[octets] = f"{origin} as link key"
        if not links:
            lengths = "a key has 16 octets, an install code 6, 8, 12 or 16, with or without its CRC"
            raise HanError("keyring", None, f"{len(octets)} octets: {lengths}")
        self._trials[number] = octets, origin
        for key, told in links.items():
            self._add_link(LinkKey(key, None, told, number))

    def fitted(self, found: NetworkKey | LinkKey) -> None:
        """Note that a key opened a frame; the second time the other readings of a key of unknown kind are dropped."""
        number = found.trial
        if number is None or number not in self._trials:
            return
        kind = found.origin
        self._fits[number, kind] = self._fits.get((number, kind), 0) + 1
        if self._fits[number, kind] < 2:
            return
        del self._trials[number]
        self._network = {i: _settled(k, number) for i, k in self._network.items() if _may_be(k, number, kind)}
        self._link = {i: _settled(k, number) for i, k in self._link.items() if _may_be(k, number, kind)}
        self._forget()

    def _changed(self, new: bool) -> bool:
        if new:
            self.version += 1
            self._forget()
        return new

    def _forget(self) -> None:
        self._networks_for.clear()
        self._links_for.clear()

    def for_network(self, pan: int | None, sequence: int | None) -> list[NetworkKey]:
        """Return the network keys that may protect a frame, the likeliest first."""
        found = self._networks_for.get((pan, sequence))
        if found is None:
            usable = [k for k in self._network.values() if k.pan is None or pan is None or k.pan == pan]
            found = sorted(usable, key=lambda k: (k.sequence != sequence, k.sequence is not None, k.pan is None))
            if len(self._networks_for) > 4096:
                self._networks_for.clear()
            self._networks_for[pan, sequence] = found
        return found

    def for_link(self, a: bytes | None, b: bytes | None) -> list[LinkKey]:
        """Return the link keys that may protect traffic of two devices, the bound first and the newest of them first.

        A device given as None is not known: keys bound to the other one, or any bound key, are then candidates too.
        """
        found = self._links_for.get((a, b))
        if found is None:
            known = {eui for eui in (a, b) if eui is not None}
            bound = [k for k in self._link.values() if k.pair is not None and known <= k.pair]
            found = bound[::-1] + [k for k in self._link.values() if k.pair is None]
            if len(self._links_for) > 4096:
                self._links_for.clear()
            self._links_for[a, b] = found
        return found

    def partners(self, eui: bytes | None) -> set[bytes]:
        """Return the devices that share a bound key with `eui` (None: all devices with bound keys)."""
        pairs = [k.pair for k in self._link.values() if k.pair is not None and (eui is None or eui in k.pair)]
        return {other for pair in pairs for other in pair if other != eui}

    @classmethod
    def load(cls, path: str | Path) -> "Keyring":
        """Read a key file. Raises HanError naming the entry at fault; OSError as from open()."""
        from bench.han.keyring_file import load

        return load(path)

    def save(self, path: str | Path) -> None:
        """Write the key file, readable by its owner only; an existing file is replaced at once or not at all."""
        from bench.han.keyring_file import save

        save(self, path)


AnyKey = TypeVar("AnyKey", NetworkKey, LinkKey)


def _may_be(key: NetworkKey | LinkKey, number: int, kind: str) -> bool:
    return key.trial != number or key.origin == kind


def _settled(key: AnyKey, number: int) -> AnyKey:
    return replace(key, trial=None) if key.trial == number else key


def without_crc(code: bytes) -> bytes:
    """Return an install code without its CRC: the last two octets are dropped if they are that of the others."""
    return code[:-2] if len(code) - 2 in _CODES and install_code_crc(code[:-2]) == code[-2:] else code


def _checked(key: bytes) -> bytes:
    if len(key) != 16:
        raise HanError("keyring", None, f"a key has 16 octets, not {len(key)}")
    return bytes(key)
