"""Names of clusters, their commands and attributes (ZCL, ZigBee Smart Energy), from the tables in `clusters`."""

from bench.han import tables


def cluster_name(cluster: int) -> str:
    """Return "Metering" for 0702, the number as text when the tables have no name."""
    known = tables.cluster(cluster)
    return f"cluster {cluster:04X}" if known is None else known.name


def needs_link_key(cluster: int) -> bool | None:
    """Whether Smart Energy wants APS security on the cluster (ZigBee SE 5.4.6); None when the tables do not say."""
    known = tables.cluster(cluster)
    return None if known is None else {"LK": True, "NK": False}.get(known.key)


def command_name(cluster: int, command: int, *, from_server: bool) -> str:
    """Return the name of a cluster-specific command."""
    known = tables.cluster(cluster)
    found = None if known is None else known.commands.get((from_server, command))
    return f"command {command:02X}" if found is None else found.name


def general_name(command: int) -> str:
    """Return the name of a general command."""
    return tables.general()[0].get(command, f"general command {command:02X}")


def attribute_name(cluster: int, attribute: int, *, of_server: bool) -> str | None:
    """Return the name of an attribute of a cluster's server or client, None when the tables have none."""
    known = tables.cluster(cluster)
    found = None if known is None else known.attributes[of_server].get(attribute)
    return None if found is None else found.name
