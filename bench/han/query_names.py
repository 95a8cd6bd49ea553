"""The names a query may use: clusters, profiles, commands. Read from the tables when a query needs them."""

from functools import cache

from bench.han.query_values import fold

_SHORT = {"ota": 0x0019, "drlc": 0x0701, "tunnelling": 0x0704, "tunneling": 0x0704, "keepalive": 0x0025, "time": 0x000A}
_PROFILES = {"zdo": 0x0000, "zdp": 0x0000, "smartenergy": 0x0109, "se": 0x0109}


@cache
def cluster_numbers() -> dict[str, int]:
    """Return the numbers of the clusters by the form in which names are compared."""
    from bench.han import tables
    from bench.han.names import cluster_name

    return _SHORT | {fold(cluster_name(number)): number for number in tables.clusters()}


def cluster_number(name: str) -> int | None:
    """Return the number of a cluster, None when there is none of that name."""
    return cluster_numbers().get(fold(name))


def profile_number(name: str) -> int | None:
    """Return the number of a profile, None when there is none of that name."""
    return _PROFILES.get(fold(name))


@cache
def known_commands() -> dict[str, str]:
    """Return every name a frame may show as its command, by the form in which names are compared."""
    from bench.han import aps_commands, mac_commands, nwk_commands, tables, zdo, zdo_management
    from bench.han.aps import ApsType
    from bench.han.mac import MacType
    from bench.han.nwk import NwkType
    from bench.han.record import Record

    names = set(tables.general()[0].values())
    for number in tables.clusters():
        known = tables.cluster(number)
        names |= set() if known is None else {command.name for command in known.commands.values()}
    names |= {kind.name.lower() for kind in MacType} | {"APS ack", "fragment"}
    names |= {f"NWK {kind.name.lower()}" for kind in NwkType} | {f"APS {kind.name.lower()}" for kind in ApsType}
    modules = {module.__name__ for module in (aps_commands, mac_commands, nwk_commands, zdo, zdo_management)}
    names |= {kind.__name__ for kind in _below(Record) if kind.__module__ in modules}
    return {fold(name): name for name in sorted(names)}


def _below(kind: type) -> set[type]:
    found: set[type] = set(kind.__subclasses__())
    return found.union(*map(_below, found)) if found else found
