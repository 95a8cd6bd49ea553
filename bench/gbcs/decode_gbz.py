"""GBZ payloads as named values: components with their ZCL commands, alerts (GBCS 7.2.10)."""

from typing import TYPE_CHECKING, Any

from bench.gbcs import names, zcl_payload
from bench.gbcs.decode_dlms import instruction
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import Gbz, GbzAlert, GbzComponent
from bench.gbcs.message import Message
from bench.gbcs.present import iso, string, zcl_date, zigbee_time
from bench.gbcs.times import from_zigbee_utc

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


def payload(message: Message, encryption: "Encryption") -> tuple[dict[str, Any], bytes]:
    """Named payload and the octets its objects give. Raises GbcsError."""
    gbz = Gbz.parse(message.payload)
    components = [_component(one, encryption) for one in gbz.components]
    return {"profile": f"{gbz.profile:04X}", "components": components}, bytes(gbz)


def alert(message: Message, encryption: "Encryption") -> tuple[dict[str, Any], bytes]:
    """Named alert and the octets its objects give. Raises GbcsError."""
    gbz = GbzAlert.parse(message.payload)
    found: dict[str, Any] = {
        "profile": f"{gbz.profile:04X}",
        "alert_code": f"{gbz.alert_code:04X}",
        "alert_name": names.alert_name(gbz.alert_code),
        "time": iso(from_zigbee_utc(gbz.timestamp)),
    }
    if gbz.content:
        found |= _alert_content(message.message_code, gbz, encryption)
    return found, bytes(gbz)


def _alert_content(message_code: int, gbz: GbzAlert, encryption: "Encryption") -> dict[str, Any]:
    content = gbz.content
    if message_code == 0x00CD and len(content) == 15 and content[0] == 14:
        cluster, frame_control, command = int.from_bytes(content[11:13], "big"), content[13], content[14]
        return {"instruction": instruction(content[1:11]) | _command(cluster, frame_control, command)}
    if message_code == 0x00CF and len(content) == 34 and content[:2] == b"\x09\x20":
        return {"manufacturer_image_hash": content[2:].hex().upper()}
    if message_code == 0x00F2 and len(content) == 2:
        cause = int.from_bytes(content, "big")
        return {"cause": cause, "cause_name": names.enumeration("integrity cause", cause)}
    if message_code == 0x008B:
        return {"components": [_component(one, encryption) for one in gbz.components]}
    return {"content": content.hex().upper()}


def _command(cluster: int, frame_control: int, command: int) -> dict[str, Any]:
    """Cluster, direction and command with the names the tables have."""
    to_server, general = not frame_control & 0x08, not frame_control & 0x03
    found: dict[str, Any] = {"cluster": f"{cluster:04X}"}
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


def _component(one: GbzComponent, encryption: "Encryption") -> dict[str, Any]:
    found = _command(one.cluster, one.frame_control, one.command)
    found["frame_control"], found["tsn"] = f"{one.frame_control:02X}", one.tsn
    if one.manufacturer is not None:
        found["manufacturer"] = f"{one.manufacturer:04X}"
    if one.from_date_time is not None:
        found["from_date_time"] = zigbee_time(one.from_date_time)
    plain: bytes | None = one.payload
    if one.encrypted:
        found["frame_counter"] = one.frame_counter
        found["decryption"], plain = encryption.open(one.payload)
    if plain is None:
        return found | {"ciphered": one.payload.hex().upper()}
    try:
        return found | _fields(one, plain)
    except GbcsError as error:
        return found | {"zcl_payload": plain.hex().upper(), "note": str(error)}


def _fields(one: GbzComponent, plain: bytes) -> dict[str, Any]:
    if one.manufacturer is None and one.profile_wide:
        return _general(one, plain)
    command = None if one.manufacturer is not None else names.zcl_command(one.cluster, one.to_server, one.command)
    if command is None:
        return {"zcl_payload": plain.hex().upper()}
    kinds = zcl_payload.types(command.fields)
    return {"fields": _named(zcl_payload.decode(command.fields, plain), kinds)}


def _named(values: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, content in values.items():
        if isinstance(content, list):
            rows = [_named(row, kinds) for row in content]
            found[name] = [next(iter(row.values())) if len(row) == 1 else row for row in rows]
            continue
        kind = kinds[name]
        if kind == "utc":
            found[name] = zigbee_time(content)
        elif kind == "date4":
            found[name] = zcl_date(content)
        elif kind == "str":
            found[name] = string(content)
        else:
            found[name] = content.hex().upper() if isinstance(content, bytes) else content
    return found


def _general(one: GbzComponent, plain: bytes) -> dict[str, Any]:
    if one.command == READ_ATTRIBUTES and len(plain) % 2 == 0:
        ids = [int.from_bytes(plain[at : at + 2], "little") for at in range(0, len(plain), 2)]
        return {"attributes": [_attribute(one.cluster, attribute) for attribute in ids]}
    if one.command == READ_ATTRIBUTES_RESPONSE:
        return {"attributes": _attribute_values(one.cluster, plain)}
    if one.command == DEFAULT_RESPONSE and len(plain) == 2:
        # it answers a command that went the other way
        answered = names.zcl_command(one.cluster, not one.to_server, plain[0])
        found: dict[str, Any] = {"answered_command": f"{plain[0]:02X}"}
        if answered:
            found["answered_command_name"] = answered.name
        return found | {"status": names.enumeration("zcl status", plain[1]), "status_code": plain[1]}
    return {"zcl_payload": plain.hex().upper()}


def _attribute(cluster: int, attribute: int) -> dict[str, Any]:
    known = names.zcl_attribute(cluster, attribute)
    return {"attribute": f"{attribute:04X}"} | ({"attribute_name": known.name} if known else {})


def _attribute_values(cluster: int, plain: bytes) -> list[dict[str, Any]]:
    found = []
    at = 0
    while at < len(plain):
        if at + 3 > len(plain):
            raise GbcsError("payload ends inside an attribute record", at)
        record = _attribute(cluster, int.from_bytes(plain[at : at + 2], "little"))
        status = plain[at + 2]
        record |= {"status": names.enumeration("zcl status", status), "status_code": status}
        at += 3
        if status == 0:
            if at >= len(plain):
                raise GbcsError("payload ends before an attribute type", at)
            record["type"] = f"{plain[at]:02X}"
            content, at = zcl_payload.decode_attribute(plain[at], plain, at + 1)
            record["value"] = string(content) if isinstance(content, bytes) else content
        found.append(record)
    return found
