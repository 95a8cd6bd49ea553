"""Names of clusters and commands for whole columns: each different one is looked up once."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.han.aps import ApsType
from bench.han.mac import MacType
from bench.han.mac_commands import DataRequest
from bench.han.names import cluster_name, command_name, general_name
from bench.han.nwk import NwkType
from bench.han.nwk_commands import COMMANDS as NWK_COMMANDS
from bench.han.query_values import ABSENT
from bench.han.tables import cluster as known_cluster

if TYPE_CHECKING:
    from bench.han.columns.table import Columns

_PARTS = (
    "cluster", "zcl_type", "zcl_from_server", "zcl_command", "nwk_command", "mac_command", "aps_type", "fragment",
    "fragments", "nwk_type", "mac_type",
)  # fmt: skip


def command_names(columns: "Columns") -> tuple[NDArray[np.int32], list[str]]:
    """Return codes and names of the innermost thing each frame is, as Frame.command."""
    fields = columns.fields
    # Two numbers hold all parts of a name (each part plus one fits its bits).
    outer = (fields["cluster"].astype(np.int64) + 1) << 40
    for name, shift in (("zcl_type", 38), ("zcl_from_server", 36), ("zcl_command", 26), ("nwk_command", 16)):
        outer |= (fields[name].astype(np.int64) + 1) << shift
    outer |= (fields["mac_command"].astype(np.int64) + 1) << 6
    inner = (fields["fragment"].astype(np.int64) + 1) << 20 | (fields["fragments"].astype(np.int64) + 1) << 10
    for name, shift in (("aps_type", 7), ("nwk_type", 4), ("mac_type", 0)):
        inner |= (fields[name].astype(np.int64) + 1) << shift
    pairs = np.stack([outer, inner], axis=1).view("i8,i8")[:, 0] if len(columns) else np.zeros(0, "i8,i8")
    _, firsts, codes = np.unique(pairs, return_index=True, return_inverse=True)
    known: dict[str, int] = {}
    table = np.array([known.setdefault(_name(columns, int(row)), len(known)) for row in firsts] or [ABSENT], np.int32)
    found = table[codes].astype(np.int32) if len(columns) else np.zeros(0, np.int32)
    for row, name in columns.names.items():
        found[row] = known.setdefault(name, len(known))
    return found, list(known)


def _name(columns: "Columns", row: int) -> str:
    part = {name: int(columns.fields[name][row]) for name in _PARTS}
    if part["zcl_command"] >= 0 and part["cluster"] >= 0:
        if part["zcl_type"] == 0:
            return general_name(part["zcl_command"])
        return command_name(part["cluster"], part["zcl_command"], from_server=bool(part["zcl_from_server"]))
    if part["nwk_command"] in NWK_COMMANDS:
        return NWK_COMMANDS[part["nwk_command"]].__name__
    if part["mac_command"] == DataRequest.ID:
        return DataRequest.__name__
    return _kind(part)


def _kind(part: dict[str, int]) -> str:
    if part["aps_type"] >= 0:
        if part["aps_type"] == ApsType.ACK:
            return "APS ack"
        if part["fragments"] >= 0:
            return f"fragment 0 of {part['fragments']}"
        if part["fragment"] >= 0:
            return f"fragment {part['fragment']}"
        return f"APS {ApsType(part['aps_type']).name.lower()}"
    if part["nwk_type"] >= 0:
        return f"NWK {NwkType(part['nwk_type']).name.lower()}"
    return MacType(part["mac_type"]).name.lower() if part["mac_type"] >= 0 else "?"


def cluster_names(columns: "Columns") -> tuple[NDArray[np.int32], list[str]]:
    """Return codes and names of the clusters that have one; all of profile 0000 are ZDO."""
    cluster = np.where(
        (columns.fields["profile"] == 0) & (columns.fields["cluster"] != ABSENT), -2, columns.fields["cluster"]
    )
    numbers, codes = np.unique(cluster, return_inverse=True)
    names: list[str] = []
    table = np.full(len(numbers), ABSENT, np.int32)
    for at, number in enumerate(numbers.tolist()):
        if number == -2 or (number >= 0 and known_cluster(number) is not None):
            table[at] = len(names)
            names.append("ZDO" if number == -2 else cluster_name(number))
    found: NDArray[np.int32] = table[codes]
    return found, names
