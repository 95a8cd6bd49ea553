"""Key files: the bench's own (TOML), and the list of ZigBee keys that Wireshark keeps (`zigbee_pc_keys`)."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han.octets import eui_octets, eui_text

_WIRESHARK = re.compile(r'\s*"((?:[0-9A-Fa-f]{2}[:\- ]?){16})"\s*,\s*"(Normal|Reverse)"\s*,\s*"([^"]*)"\s*')


def load(path: str | Path) -> Keyring:
    """Read a key file (TOML): [[network]] key, sequence, pan; [[link]] key or install_code, between; [[any]] key;
    [[device]] eui, type, name.

    Keys are hexadecimal, `pan` is hexadecimal text, `between` two EUIs. A file as Wireshark writes is read too: its
    keys are of unknown kind. Raises HanError naming the entry at fault, never a key.
    """
    name = Path(path).name
    try:
        text = Path(path).read_text(encoding="utf-8")
        keyring = _wireshark(text)
        if keyring is not None:
            return keyring
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        # Its words may quote a key; where it is, they tell too.
        where = re.search(r"\(at .*\)|position \d+", str(fault))
        raise HanError("keyring", None, f"{name} is not TOML{' ' + where[0] if where else ''}") from None
    keyring = Keyring()
    for table, add in _TABLES.items():
        entries = content.get(table, [])
        for number, entry in enumerate(entries if isinstance(entries, list) else [None], 1):
            try:
                add(keyring, entry)
            except (HanError, KeyError, ValueError, TypeError, AttributeError) as fault:
                # The text of a fault may quote a key: only its kind is told, HanError's own words apart.
                reason = str(fault) if isinstance(fault, HanError) else "missing or malformed field"
                raise HanError("keyring", None, f"{name}, {table} {number}: {reason}") from None
    unknown = sorted(content.keys() - _TABLES.keys())
    if unknown:
        raise HanError("keyring", None, f"{name}: no table is called {unknown[0]}; there are {', '.join(_TABLES)}")
    return keyring


def _wireshark(text: str) -> Keyring | None:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = [_WIRESHARK.fullmatch(line) for line in lines]
    if not lines or not all(found):
        return None
    keyring = Keyring()
    for number, match in enumerate(found, 1):
        assert match is not None
        key = bytes.fromhex(re.sub(r"[:\- ]", "", match[1]))
        keyring.add_unsorted(key if match[2] == "Normal" else key[::-1], match[3] or f"key {number}")
    return keyring


def _network(keyring: Keyring, entry: dict[str, Any]) -> None:
    pan, sequence = entry.get("pan"), entry.get("sequence")
    if sequence is not None and (not isinstance(sequence, int) or not 0 <= sequence <= 0xFF):
        raise HanError("keyring", None, "a sequence is a number from 0 to 255")
    keyring.add_network_key(
        bytes.fromhex(entry["key"]),
        sequence,
        pan=int(pan, 16) if isinstance(pan, str) else pan,
        origin=str(entry.get("origin", "file")),
    )


def _link(keyring: Keyring, entry: dict[str, Any]) -> None:
    between = [eui_octets(text) for text in entry["between"]] if "between" in entry else None
    if "install_code" in entry:
        keyring.add_install_code(bytes.fromhex(entry["install_code"]), between)
    else:
        keyring.add_link_key(bytes.fromhex(entry["key"]), between, origin=str(entry.get("origin", "file")))


def _any(keyring: Keyring, entry: dict[str, Any]) -> None:
    keyring.add_unsorted(bytes.fromhex(entry["key"]), str(entry.get("origin", "file")))


def _device(keyring: Keyring, entry: dict[str, Any]) -> None:
    keyring.add_device(eui_octets(entry["eui"]), str(entry.get("type", "")), str(entry.get("name", "")))


_TABLES = {"network": _network, "link": _link, "any": _any, "device": _device}


def save(keyring: Keyring, path: str | Path) -> None:
    """Write the key file, readable by its owner only; an existing file is replaced at once or not at all."""
    lines = []
    for network in keyring.network_keys:
        if network.trial is not None:
            continue
        lines += ["[[network]]", f'key = "{network.key.hex()}"']
        lines += [f"sequence = {network.sequence}"] if network.sequence is not None else []
        lines += [f'pan = "{network.pan:04X}"'] if network.pan is not None else []
        lines += [f"origin = {_quoted(network.origin)}", ""]
    for link in keyring.link_keys:
        if link.trial is not None:
            continue
        lines += ["[[link]]", f'key = "{link.key.hex()}"']
        if link.pair is not None:
            lines.append("between = [" + ", ".join(f'"{eui_text(eui)}"' for eui in sorted(link.pair)) + "]")
        lines += [f"origin = {_quoted(link.origin)}", ""]
    for octets, origin in keyring.unsorted_keys:
        lines += ["[[any]]", f'key = "{octets.hex()}"', f"origin = {_quoted(origin)}", ""]
    for eui, device in keyring.devices.items():
        lines += ["[[device]]", f'eui = "{eui_text(eui)}"']
        lines += [f"type = {_quoted(device.type)}"] if device.type else []
        lines += [f"name = {_quoted(device.name)}"] if device.name else []
        lines.append("")
    write_private(path, "\n".join(lines))


def save_for_wireshark(keyring: Keyring, path: str | Path) -> None:
    """Write all keys as Wireshark's `zigbee_pc_keys` list, readable by its owner only."""
    origins: dict[bytes, str] = {}
    for network in keyring.network_keys:
        origins.setdefault(network.key, network.origin)
    for link in keyring.link_keys:
        origins.setdefault(link.key, link.origin)
    lines = ["# ZigBee keys, as Wireshark keeps them in zigbee_pc_keys of its profile"]
    lines += [f'"{key.hex()}","Normal","{_plain(origin)}"' for key, origin in origins.items()]
    write_private(path, "\n".join((*lines, "")))


def write_private(path: str | Path, text: str) -> None:
    """Write a file that only its owner can read (0600), at once or not at all."""
    target = Path(path)
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(target)


def _quoted(text: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in text)
    return f'"{escaped}"'


def _plain(text: str) -> str:
    return "".join(c if c.isalnum() or c in " -_." else " " for c in text)
