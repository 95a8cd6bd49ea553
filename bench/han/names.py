"""Names of clusters, their commands and the general commands (ZCL, ZigBee Smart Energy), from the tables beside."""

import csv
from functools import cache
from importlib.resources import files


@cache
def _clusters() -> dict[int, tuple[str, str]]:
    with (files(__package__) / "clusters.csv").open(encoding="utf-8") as table:
        return {int(row["cluster"], 16): (row["name"], row["key"]) for row in csv.DictReader(table)}


@cache
def _commands() -> dict[tuple[int | None, bool, int], str]:
    with (files(__package__) / "commands.csv").open(encoding="utf-8") as table:
        return {
            (
                None if row["cluster"] == "" else int(row["cluster"], 16),
                row["from"] == "server",
                int(row["id"], 16),
            ): row["name"]
            for row in csv.DictReader(table)
        }


def cluster_name(cluster: int) -> str:
    """Return "Metering" for 0702, the number as text when the table has no name."""
    return _clusters().get(cluster, (f"cluster {cluster:04X}", ""))[0]


def needs_link_key(cluster: int) -> bool | None:
    """Whether Smart Energy wants APS security on the cluster (ZigBee SE 5.4.6); None when the table does not say."""
    return {"LK": True, "NK": False}.get(_clusters().get(cluster, ("", ""))[1])


def command_name(cluster: int, command: int, *, from_server: bool) -> str:
    """Return the name of a cluster-specific command."""
    return _commands().get((cluster, from_server, command), f"command {command:02X}")


def general_name(command: int) -> str:
    """Return the name of a general command."""
    return _commands().get((None, False, command), f"general command {command:02X}")
