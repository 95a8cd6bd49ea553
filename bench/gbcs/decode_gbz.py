"""GBZ payloads as named values: components with their ZCL commands, alerts (GBCS 7.2.10).

`bench.gbcs.encode_gbz` is the way back.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bench.gbcs import names, zcl_payload, zcl_values
from bench.gbcs.alerts import instruction
from bench.gbcs.clock_text import iso, zigbee_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import Gbz, GbzAlert, GbzComponent
from bench.gbcs.meaning import scaled
from bench.gbcs.message import Message
from bench.gbcs.times import from_zigbee_utc
from bench.gbcs.values import Named

if TYPE_CHECKING:
    from bench.gbcs.decode import Encryption

READ_ATTRIBUTES, READ_ATTRIBUTES_RESPONSE, DEFAULT_RESPONSE = 0x00, 0x01, 0x0B
_GENERAL = {
    0x00: "Read Attributes",
    0x01: "Read Attributes Response",
    0x02: "Write Attributes",
    0x04: "Write Attributes Response",
    0x0B: "Default Response",
}
_TEMPLATES = 4096
_STRINGS = (0x41, 0x42)
_MULTIPLIER, _DIVISOR = 0x0301, 0x0302
_METERING = 0x0702


def payload(message: Message, encryption: "Encryption") -> Named:
    """Named payload. Raises GbcsError."""
    gbz = Gbz.parse(message.payload)
    components = [_component(one, encryption) for one in gbz.components]
    return {"profile": f"{gbz.profile:04X}", "components": components}


def alert(message: Message, encryption: "Encryption") -> Named:
    """Named alert. Raises GbcsError."""
    gbz = GbzAlert.parse(message.payload)
    found: Named = {
        "profile": f"{gbz.profile:04X}",
        "alert_code": f"{gbz.alert_code:04X}",
        "alert_name": names.alert_name(gbz.alert_code),
        "time": iso(from_zigbee_utc(gbz.timestamp)),
    }
    if gbz.count is not None:
        found["count"] = gbz.count
    if gbz.content:
        found |= _alert_content(message.message_code, gbz, encryption)
    return found


def _alert_content(message_code: int, gbz: GbzAlert, encryption: "Encryption") -> Named:
    content = gbz.content
    if message_code == 0x00CD and len(content) == 15 and content[0] == 14:
        cluster, frame_control, command = int.from_bytes(content[11:13], "big"), content[13], content[14]
        told = instruction(content[1:11]) | command_names(cluster, frame_control, command)
        return {"instruction": told | {"frame_control": f"{frame_control:02X}"}}
    if message_code == 0x00CF and len(content) == 34 and content[:2] == b"\x09\x20":
        return {"manufacturer_image_hash": content[2:].hex().upper()}
    if message_code == 0x00F2 and len(content) == 2:
        cause = int.from_bytes(content, "big")
        return {"cause": cause, "cause_name": names.enumeration("integrity cause", cause)}
    if message_code == 0x008B:
        return {"components": _alert_components(gbz, encryption)}
    return {"content": content.hex().upper()}


def _alert_components(gbz: GbzAlert, encryption: "Encryption") -> list[Named]:
    """Components of an alert; one that is marked last or not against its place says so."""
    found = []
    ones = gbz.components
    for number, one in enumerate(ones, 1):
        shown = _component(one, encryption)
        if bool(one.control & 1) != (number == len(ones)):
            shown["last"] = bool(one.control & 1)
        found.append(shown)
    return found


@lru_cache(_TEMPLATES)
def _command(cluster: int, frame_control: int, command: int) -> Named:
    to_server, general = not frame_control & 0x08, not frame_control & 0x03
    found: Named = {"cluster": f"{cluster:04X}"}
    cluster_name = names.zcl_cluster(cluster)
    if cluster_name:
        found["cluster_name"] = cluster_name
    found["direction"] = "to server" if to_server else "to client"
    found["command"] = f"{command:02X}"
    known = None if general else names.zcl_command(cluster, to_server, command)
    name = _GENERAL.get(command) if general else known and known.name
    if name:
        found["command_name"] = name
    return found


def command_names(cluster: int, frame_control: int, command: int) -> Named:
    """Cluster, direction and command with the names the tables have."""
    return _command(cluster, frame_control, command).copy()


def _component(one: GbzComponent, encryption: "Encryption") -> Named:
    found = _command(one.cluster, one.frame_control, one.command).copy()
    found["frame_control"], found["tsn"] = f"{one.frame_control:02X}", one.tsn
    if one.manufacturer is not None:
        found["manufacturer"] = f"{one.manufacturer:04X}"
    if one.from_date_time is not None:
        found["from_date_time"] = zigbee_time(one.from_date_time)
    if not one.control & 2:
        plain: bytes | None = one.payload
    else:
        found["frame_counter"] = one.frame_counter
        if one.additional_control:
            found["additional_control"] = one.additional_control
        found["decryption"], plain = encryption.open(one.payload)
        found["ciphered"] = one.payload.hex().upper()
    if plain is None:
        return found
    try:
        return found | _fields(one, plain)
    except GbcsError as error:
        return found | {"zcl_payload": plain.hex().upper(), "note": str(error)}


def _fields(one: GbzComponent, plain: bytes) -> Named:
    if one.manufacturer is None and one.profile_wide:
        return _general(one, plain)
    command = None if one.manufacturer is not None else names.zcl_command(one.cluster, one.to_server, one.command)
    if command is None:
        return {"zcl_payload": plain.hex().upper()}
    layout = zcl_values.columns(one.cluster, command.name, command.fields)
    found: Named = {"fields": zcl_values.read(layout, plain)}
    scales = zcl_values.shown_units(one.cluster, command.name, command.fields)
    if scales:
        present = {name: dict(scale) for name, scale in scales.items() if _holds(found["fields"], name)}
        found["units"] = present or {}
    return found


def _holds(fields: Named, name: str) -> bool:
    if name in fields:
        return True
    return any(isinstance(rows, list) and rows and isinstance(rows[0], dict) and name in rows[0]
               for rows in fields.values())  # fmt: skip


def _general(one: GbzComponent, plain: bytes) -> Named:
    if one.command == READ_ATTRIBUTES and len(plain) % 2 == 0:
        ids = [int.from_bytes(plain[at : at + 2], "little") for at in range(0, len(plain), 2)]
        return {"attributes": [_attribute(one.cluster, attribute).copy() for attribute in ids]}
    if one.command == READ_ATTRIBUTES_RESPONSE:
        return {"attributes": _attribute_values(one.cluster, plain)}
    if one.command == DEFAULT_RESPONSE and len(plain) == 2:
        # it answers a command that went the other way
        return _default_response(one.cluster, one.to_server, plain[0], plain[1]).copy()
    return {"zcl_payload": plain.hex().upper()}


@lru_cache(_TEMPLATES)
def _default_response(cluster: int, to_server: bool, command: int, status: int) -> Named:
    answered = names.zcl_command(cluster, not to_server, command)
    found: Named = {"answered_command": f"{command:02X}"}
    if answered:
        found["answered_command_name"] = answered.name
    return found | {"status": names.enumeration("zcl status", status), "status_code": status}


@lru_cache(_TEMPLATES)
def _attribute(cluster: int, attribute: int) -> Named:
    known = names.zcl_attribute(cluster, attribute)
    return {"attribute": f"{attribute:04X}"} | ({"attribute_name": known.name} if known else {})


@lru_cache(_TEMPLATES)
def _record(cluster: int, attribute: int, status: int) -> Named:
    return _attribute(cluster, attribute) | {"status": names.enumeration("zcl status", status), "status_code": status}


def _attribute_values(cluster: int, plain: bytes) -> list[Named]:
    found = []
    numbers: dict[int, Named] = {}
    at = 0
    size = len(plain)
    while at < size:
        if at + 3 > size:
            raise GbcsError("payload ends inside an attribute record", at)
        attribute = int.from_bytes(plain[at : at + 2], "little")
        status = plain[at + 2]
        record = _record(cluster, attribute, status).copy()
        at += 3
        if status == 0:
            if at >= size:
                raise GbcsError("payload ends before an attribute type", at)
            kind = plain[at]
            record["type"] = f"{kind:02X}"
            if kind in _STRINGS:
                record["value"], at = zcl_values.read_string(plain, at + 1, "string")
            else:
                record["value"], at = zcl_payload.decode_attribute(kind, plain, at + 1)
                numbers[attribute] = record
        found.append(record)
    for attribute, record in numbers.items():
        _scale(cluster, attribute, record, numbers)
    return found


def _scale(cluster: int, attribute: int, record: Named, numbers: dict[int, Named]) -> None:
    """Show a quantity scaled, by its table or by the divisor read with it."""
    unit = zcl_values.units().get((cluster, "attribute", f"{attribute:04X}"))
    if unit is None:
        return
    scaler = unit.scaler
    if scaler is None:
        divisor: Any = numbers.get(_DIVISOR, {}).get("value")
        multiplier: Any = numbers.get(_MULTIPLIER, {}).get("value", 1)
        if cluster != _METERING or multiplier != 1 or divisor not in _POWERS:
            return
        scaler = _POWERS[divisor]
    if not -(1 << 50) < record["value"] < 1 << 50:
        return
    record["value"] = scaled(record["value"], scaler)
    record["unit"] = unit.unit
    if scaler:
        record["scaler"] = scaler


_POWERS = {10**power: -power for power in range(7)}
