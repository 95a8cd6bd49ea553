"""Devices of a home by type and name: as somebody wrote them down, or as traffic shows them."""

from collections.abc import Iterable
from dataclasses import dataclass

TYPES = ("chf", "esme", "gsme", "gpf", "ppmid", "ihd", "hcalcs", "cad")


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What is known of a device; empty for what is not."""

    type: str = ""  #: one of TYPES
    name: str = ""


def names(devices: Iterable[tuple[bytes, str, str]]) -> dict[str, bytes]:
    """Return EUI-64s by what a query may call them: types, numbered from the second of a type on, and names."""
    found: dict[str, bytes] = {}
    count = dict.fromkeys(TYPES, 0)
    for eui, kind, name in devices:
        if kind:
            count[kind] = count.get(kind, 0) + 1
            found[kind if count[kind] == 1 else f"{kind}{count[kind]}"] = eui
        if name:
            found.setdefault(name, eui)
    return found
