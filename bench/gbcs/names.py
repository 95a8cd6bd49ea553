"""Names of what GBCS messages carry, read from the tables in ``bench/gbcs/tables``.

Every look-up answers for unknown values too: None, or the number in hex where a name is always wanted.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.gbcs.errors import GbcsError

_TABLES = Path(__file__).with_name("tables")  # importlib.resources would take as long to import as all of this
_OBIS = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})")


class UseCase(NamedTuple):
    """A row of the message code table."""

    use_case: str  #: GBCS use case such as ``ECS42``; for codes without one an abbreviation such as ``GCA``
    name: str
    kind: str  #: C critical, N non-critical, AC/AN critical or non-critical alert, ``-`` not known


class ZclAttribute(NamedTuple):
    """A row of the ZCL attribute table."""

    name: str
    type: int  #: ZCL data type


class ZclCommand(NamedTuple):
    """A row of the ZCL command table."""

    name: str
    fields: str  #: payload in the notation of `bench.gbcs.zcl_payload`


def rows(table: str) -> list[list[str]]:
    """Rows of a table without its head line."""
    text = (_TABLES / f"{table}.csv").read_text("utf-8")
    return list(csv.reader(text.splitlines()))[1:]


@cache
def message_codes() -> dict[int, UseCase]:
    """Every message code."""
    return {int(row[0], 16): UseCase(*row[1:]) for row in rows("message_codes")}


@cache
def alert_codes() -> dict[int, str]:
    """Every alert code."""
    return {int(code, 16): name for code, name in rows("alert_codes")}


@cache
def _cosem_members() -> dict[tuple[int, str, int], str]:
    return {(int(row[0]), row[1], int(row[2] or 0)): row[3] for row in rows("cosem_classes")}


@cache
def _cosem_objects() -> dict[tuple[int, str], str]:
    return {(int(row[0]), row[1]): row[2] for row in rows("cosem_objects")}


@cache
def _zcl_clusters() -> dict[int, str]:
    return {int(cluster, 16): name for cluster, name in rows("zcl_clusters")}


@cache
def _zcl_attributes() -> dict[tuple[int, int], ZclAttribute]:
    return {(int(row[0], 16), int(row[1], 16)): ZclAttribute(row[2], int(row[3], 16)) for row in rows("zcl_attributes")}


@cache
def _zcl_commands() -> dict[tuple[int, bool, int], ZclCommand]:
    table = rows("zcl_commands")
    return {(int(row[0], 16), row[1] == "to server", int(row[2], 16)): ZclCommand(row[3], row[4]) for row in table}


@cache
def _enumerations() -> dict[tuple[str, int], str]:
    return {(row[0], int(row[1])): row[2] for row in rows("enumerations")}


def use_case(message_code: int) -> UseCase:
    """Use case of a message code; of an unknown code one that says so."""
    found = message_codes().get(message_code)
    return found or UseCase(f"{message_code:04X}", "unknown message code", "-")


def alert_name(alert_code: int) -> str:
    """Name of an alert code."""
    return alert_codes().get(alert_code, f"unknown alert {alert_code:04X}")


def obis_text(obis: bytes) -> str:
    """Logical name as ``0-0:94.44.2.0``, six groups, the last as ``.255``."""
    if len(obis) != 6:
        return obis.hex().upper()
    return f"{obis[0]}-{obis[1]}:{obis[2]}.{obis[3]}.{obis[4]}.{obis[5]}"


def obis_octets(text: object) -> bytes:
    """Six octets of a logical name as `obis_text` writes it; ``0-0:94.44.2.0``. Raises GbcsError."""
    match = _OBIS.fullmatch(text) if isinstance(text, str) else None
    if match is None or any(int(group) > 0xFF for group in match.groups()):
        raise GbcsError(f"{text!r} is no logical name")
    return bytes(map(int, match.groups()))


def cosem_class(class_id: int) -> str | None:
    """Name of a COSEM interface class."""
    return _cosem_members().get((class_id, "class", 0))


def cosem_object(class_id: int, obis: bytes) -> str | None:
    """Name of a COSEM object."""
    return _cosem_objects().get((class_id, obis_text(obis)))


def cosem_attribute(class_id: int, index: int) -> str | None:
    """Name of an attribute of a class."""
    return _cosem_members().get((class_id, "attribute", index), "logical name" if index == 1 else None)


def cosem_method(class_id: int, index: int) -> str | None:
    """Name of a method of a class."""
    return _cosem_members().get((class_id, "method", index))


def zcl_cluster(cluster: int) -> str | None:
    """Name of a ZigBee cluster."""
    return _zcl_clusters().get(cluster)


def zcl_attribute(cluster: int, attribute: int) -> ZclAttribute | None:
    """Name and type of a ZigBee attribute."""
    return _zcl_attributes().get((cluster, attribute))


def zcl_command(cluster: int, to_server: bool, command: int) -> ZclCommand | None:
    """Name and payload fields of a cluster command."""
    return _zcl_commands().get((cluster, to_server, command))


def enumeration(name: str, value: int) -> str:
    """Name of a value in one of the lists of ``enumerations.csv``; its number where it has none."""
    return _enumerations().get((name, value), str(value))


def dlms_result(choice: int, result: int) -> str:
    """Name of an access result; `choice` 3 is an action, whose codes 15 and 16 have their own names."""
    if choice == 3:
        found = _enumerations().get(("dlms action result", result))
        if found:
            return found
    return enumeration("dlms result", result)
