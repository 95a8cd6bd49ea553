"""What is known of each cluster: attributes, commands and meanings, from the files in `clusters`, read when asked for.

The file of a cluster is found by its name, `0702-metering.toml`; `clusters/common.toml` says how they are written.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from bench.han import layout
from bench.han.errors import HanError
from bench.han.layout import Field, Flag, Kind

_SPAN = re.compile(r"\+([0-9A-F]+)\*(\d+)")
_NUMBERS = re.compile(r"(.+?) \((\d+ .+)\)")
SCALED = ("summation", "demand")  #: kinds that take the meter's own multiplier, divisor and unit


class Attribute(NamedTuple):
    """An attribute: its name, ZCL data type, and kind (a unit, enumeration or flags; empty for none)."""

    name: str
    type: int
    kind: str = ""


class Command(NamedTuple):
    """A cluster's own command; `fields` None when its layout is not known here."""

    name: str
    fields: tuple[Field, ...] | None
    kinds: Mapping[str, Kind] | None = None  #: of fields that brought their own unit, by field name


@dataclass(frozen=True)
class Cluster:
    """One cluster; `server` and `client` tables are told apart by who has the attribute or sends the command."""

    id: int
    name: str
    key: str  #: LK, NK or empty
    attributes: Mapping[bool, Mapping[int, Attribute]] = field(repr=False)  #: True: the server's
    commands: Mapping[tuple[bool, int], Command] = field(repr=False)  #: True: sent by the server
    kinds: Mapping[str, Kind] = field(repr=False)

    def kind(self, name: str) -> Kind:
        """Return the meaning of a kind; HanError when it has none."""
        found = self.kinds.get(name) or common_kinds().get(name)
        if found is None:
            raise HanError("tables", None, f"cluster {self.id:04X}: kind {name!r} is not known")
        return found


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "clusters" / name).read_text("utf-8"))


@cache
def general() -> tuple[dict[int, str], dict[int, str]]:
    """Return the names of the general commands and of the ZCL data types."""
    content = _load("general.toml")
    return _numbered(content["commands"]), _numbered(content["types"])


@cache
def _files() -> dict[int, str]:
    names = (entry.name for entry in (files(__package__) / "clusters").iterdir())
    return {int(name[:4], 16): name for name in names if re.match(r"[0-9A-F]{4}-\w+\.toml$", name)}


def clusters() -> list[int]:
    """Return the ids of all clusters there are tables for."""
    return sorted(_files())


@cache
def cluster(identifier: int) -> Cluster | None:
    """Return what is known of a cluster, None when nothing is."""
    name = _files().get(identifier)
    if name is None:
        return None
    content = _load(name)
    attributes = {
        side == "server": _attributes(content.get("attributes", {}).get(side, {})) for side in ("server", "client")
    }
    commands = {
        (side == "server", int(number, 16)): _command(identifier, side == "server", int(number, 16), text)
        for side in ("server", "client")
        for number, text in content.get("commands", {}).get(side, {}).items()
    }
    return Cluster(identifier, content["name"], content.get("key", ""), attributes, commands, _kinds(content))


@cache
def common_kinds() -> dict[str, Kind]:
    """Return the kinds that all clusters share."""
    content = _load("common.toml")
    units = {
        name: Kind(unit, float(Fraction(scale)) if isinstance(scale, str) else 10**scale)
        for name, (unit, scale) in content["units"].items()
    }
    return units | _kinds(content) | {name: Kind() for name in (*SCALED, "event")}


def _kinds(content: Mapping[str, Any]) -> dict[str, Kind]:
    found = {}
    for name, table in content.get("enums", {}).items():
        found[name] = Kind(names={int(number, 0): text for number, text in table.items()})
    for name, table in content.get("flags", {}).items():
        bits = []
        for span, text in table.items():
            first, _, last = span.partition("-")
            bits.append(_flag(int(first), int(last or first), text))
        found[name] = Kind(flags=tuple(bits))
    return found


def _flag(first: int, last: int, text: str) -> Flag:
    match = _NUMBERS.fullmatch(text)
    if match is None or first == last:
        return Flag(first, last, text)
    names = (part.split(" ", 1) for part in match[2].split(", "))
    return Flag(first, last, match[1], {int(number): name for number, name in names})


def _numbered(table: Mapping[str, str]) -> dict[int, str]:
    return {int(number, 16): text for number, text in table.items()}


def _attributes(table: Mapping[str, str]) -> dict[int, Attribute]:
    found: dict[int, Attribute] = {}
    for number, text in table.items():
        name, kind, *meaning = text.split()
        first, spans = int(number[:4], 16), _SPAN.findall(number[4:])
        outer_step, outer = (int(spans[0][0], 16), int(spans[0][1])) if spans else (0, 1)
        inner_step, inner = (int(spans[1][0], 16), int(spans[1][1])) if len(spans) > 1 else (0, 1)
        for n in range(outer):
            for m in range(inner):
                shown = name.replace("{n+1}", str(n + 2)).replace("{n}", str(n + 1)).replace("{m}", str(m + 1))
                shown = shown.replace("{x}", f"{n:02X}")
                identifier = first + n * outer_step + m * inner_step
                found[identifier] = Attribute(shown, int(kind, 16), *meaning)
    return found


def _command(identifier: int, from_server: bool, number: int, text: str) -> Command:
    name, _, fields = text.partition(" ")
    if fields == "-" or not fields:
        return Command(name, () if fields else None)
    if fields.startswith("@gbcs"):
        return _gbcs_command(identifier, from_server, number, name, dict(w.split("=") for w in fields.split()[1:]))
    return Command(name, layout.parse(fields))


def _gbcs_command(identifier: int, from_server: bool, number: int, name: str, meanings: dict[str, str]) -> Command:
    """Return a command with the layout that GBCS messages have for it, and its units."""
    from bench.gbcs import names, zcl_values

    known = names.zcl_command(identifier, not from_server, number)
    if known is None:
        raise HanError("tables", None, f"cluster {identifier:04X}: bench.gbcs has no layout of {name}")
    kinds: dict[str, Kind] = {}
    for place, unit in zcl_values.units().items():
        if place[:2] == (identifier, "field") and place[2].partition("/")[0] == known.name:
            meaning = place[2].partition("/")[2]
            if unit.unit == "event":
                meanings.setdefault(meaning, "event")
            elif meaning not in meanings:
                kinds[meaning] = Kind(unit.unit, float(10 ** (unit.scaler or 0)))
    return Command(name, _with_kinds(layout.parse(known.fields), meanings, kinds), kinds)


def _with_kinds(fields: tuple[Field, ...], meanings: dict[str, str], kinds: Mapping[str, Kind]) -> tuple[Field, ...]:
    return tuple(
        one._replace(
            members=_with_kinds(one.members, meanings, kinds),
            kind="" if one.members else meanings.get(one.name, f"={one.name}" if one.name in kinds else one.kind),
        )
        for one in fields
    )
