"""Keys of a home area network: network keys, and link keys between two devices. Keys are never shown in a repr."""

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.han.errors import HanError
from bench.han.octets import eui_octets, eui_text
from bench.han.security import install_code_key


@dataclass(frozen=True, slots=True)
class NetworkKey:
    """A network key; `sequence` None when it is not known, `pan` None for any PAN."""

    key: bytes = field(repr=False)
    sequence: int | None = None
    pan: int | None = None
    origin: str = ""  #: where the key came from: "install code", "frame 12", ...


@dataclass(frozen=True, slots=True)
class LinkKey:
    """A link key, bound to a pair of devices or (pair None) to be tried with any."""

    key: bytes = field(repr=False)
    pair: frozenset[bytes] | None = None
    origin: str = ""


class Keyring:
    """The keys a dissector may use. Adding a key twice is harmless; the order of adding is the order of trying."""

    def __init__(self) -> None:
        self._network: dict[tuple[bytes, int | None, int | None], NetworkKey] = {}
        self._link: dict[tuple[bytes, frozenset[bytes] | None], LinkKey] = {}

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

    def add_network_key(
        self, key: bytes, sequence: int | None = None, *, pan: int | None = None, origin: str = ""
    ) -> bool:
        """Add a network key; return whether it is new."""
        entry = NetworkKey(_checked(key), sequence, pan, origin)
        index = (entry.key, sequence, pan)
        return self._network.setdefault(index, entry) is entry

    def add_link_key(self, key: bytes, between: Iterable[bytes] | None = None, *, origin: str = "") -> bool:
        """Add a link key, for the two devices in `between` or for any; return whether it is new."""
        pair = None if between is None else frozenset(bytes(eui) for eui in between)
        if pair is not None and (len(pair) != 2 or any(len(eui) != 8 for eui in pair)):
            raise HanError("keyring", None, "a link key is bound to two different EUIs of 8 octets")
        entry = LinkKey(_checked(key), pair, origin)
        return self._link.setdefault((entry.key, pair), entry) is entry

    def add_install_code(self, code: bytes, between: Iterable[bytes] | None = None) -> bool:
        """Add the link key of an install code (without its CRC)."""
        return self.add_link_key(install_code_key(code), between, origin="install code")

    def for_network(self, pan: int | None, sequence: int | None) -> list[NetworkKey]:
        """Return the network keys that may protect a frame, the likeliest first."""
        usable = [k for k in self._network.values() if k.pan is None or pan is None or k.pan == pan]
        return sorted(usable, key=lambda k: (k.sequence != sequence, k.sequence is not None, k.pan is None))

    def for_link(self, a: bytes | None, b: bytes | None) -> list[LinkKey]:
        """Return the link keys that may protect traffic of two devices, the bound first and the newest of them first.

        A device given as None is not known: keys bound to the other one, or any bound key, are then candidates too.
        """
        known = {eui for eui in (a, b) if eui is not None}
        bound = [k for k in self._link.values() if k.pair is not None and known <= k.pair]
        return bound[::-1] + [k for k in self._link.values() if k.pair is None]

    def partners(self, eui: bytes | None) -> set[bytes]:
        """Return the devices that share a bound key with `eui` (None: all devices with bound keys)."""
        pairs = [k.pair for k in self._link.values() if k.pair is not None and (eui is None or eui in k.pair)]
        return {other for pair in pairs for other in pair if other != eui}

    @classmethod
    def load(cls, path: str | Path) -> "Keyring":
        """Read a key file (TOML): tables [[network]] key, sequence, pan and [[link]] key or install_code, between.

        Keys are hexadecimal, `pan` is hexadecimal text, `between` two EUIs. Raises HanError naming the entry at fault.
        """
        try:
            content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise HanError("keyring", None, f"{Path(path).name} is not TOML: {fault}") from None
        keyring = cls()
        for table, add in (("network", keyring._load_network), ("link", keyring._load_link)):
            for number, entry in enumerate(content.get(table, ()), 1):
                try:
                    add(entry)
                except (HanError, KeyError, ValueError, TypeError, AttributeError) as fault:
                    # The text of a fault may quote a key: only its kind is told, HanError's own words apart.
                    reason = str(fault) if isinstance(fault, HanError) else "missing or malformed field"
                    raise HanError("keyring", None, f"{Path(path).name}, {table} {number}: {reason}") from None
        return keyring

    def _load_network(self, entry: dict[str, Any]) -> None:
        pan = entry.get("pan")
        self.add_network_key(
            bytes.fromhex(entry["key"]),
            entry.get("sequence"),
            pan=int(pan, 16) if isinstance(pan, str) else pan,
            origin=entry.get("origin", "file"),
        )

    def _load_link(self, entry: dict[str, Any]) -> None:
        between = [eui_octets(text) for text in entry["between"]] if "between" in entry else None
        if "install_code" in entry:
            self.add_install_code(bytes.fromhex(entry["install_code"]), between)
        else:
            self.add_link_key(bytes.fromhex(entry["key"]), between, origin=entry.get("origin", "file"))

    def save(self, path: str | Path) -> None:
        """Write the key file, readable by its owner only; an existing file is replaced at once or not at all."""
        lines = []
        for network in self._network.values():
            lines += ["[[network]]", f'key = "{network.key.hex()}"']
            lines += [f"sequence = {network.sequence}"] if network.sequence is not None else []
            lines += [f'pan = "{network.pan:04X}"'] if network.pan is not None else []
            lines += [f"origin = {_quoted(network.origin)}", ""]
        for link in self._link.values():
            lines += ["[[link]]", f'key = "{link.key.hex()}"']
            if link.pair is not None:
                lines.append("between = [" + ", ".join(f'"{eui_text(eui)}"' for eui in sorted(link.pair)) + "]")
            lines += [f"origin = {_quoted(link.origin)}", ""]
        target = Path(path)
        fresh = target.with_name(target.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        fresh.replace(target)


def _checked(key: bytes) -> bytes:
    if len(key) != 16:
        raise HanError("keyring", None, f"a key has 16 octets, not {len(key)}")
    return bytes(key)


def _quoted(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in text)
    return f'"{escaped}"'
