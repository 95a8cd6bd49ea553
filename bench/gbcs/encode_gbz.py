"""GBZ payload octets from named values, the way back of `bench.gbcs.decode_gbz` (GBCS 7.2.10)."""

from typing import Any

from bench.gbcs import names, zcl_payload, zcl_values
from bench.gbcs.alerts import cause_octets, instruction_octets
from bench.gbcs.clock_text import from_iso, zigbee_seconds
from bench.gbcs.decode_gbz import DEFAULT_RESPONSE, READ_ATTRIBUTES, READ_ATTRIBUTES_RESPONSE
from bench.gbcs.encode_dlms import Seal
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import ENCRYPTED, FROM_DATE_TIME, LAST, Gbz, GbzAlert, GbzComponent
from bench.gbcs.times import zigbee_utc
from bench.gbcs.value_octets import hexadecimal, integer, unscale

Named = dict[str, Any]


def _octet(value: Any, what: str) -> int:
    number = integer(value, what)
    if not 0 <= number <= 0xFF:
        raise GbcsError(f"{what} {number} does not fit an octet")
    return number


def _hex(value: Any, what: str, size: int) -> int:
    octets = hexadecimal(value, what)
    if len(octets) != size:
        raise GbcsError(f"{what} of {len(octets)} octets, expected {size}")
    return int.from_bytes(octets, "big")


def payload(shown: Named, message_code: int, seal: Seal | None) -> bytes:
    """Octets of a GBZ payload. Raises GbcsError."""
    profile = _hex(shown.get("profile"), "profile", 2)
    if "alert_code" in shown:
        return _alert(shown, message_code, profile, seal)
    components = shown["components"]
    last = len(components) - 1
    return bytes(Gbz(profile, [_component(one, at == last, seal) for at, one in enumerate(components)]))


def _alert(shown: Named, message_code: int, profile: int, seal: Seal | None) -> bytes:
    time = shown.get("time")
    # a time of alert has no "now" and "never"
    seconds = 0xFFFFFFFF if time == "2136-02-07T06:28:15Z" else zigbee_utc(from_iso(str(time)))
    content = _alert_content(shown, message_code, seal)
    count = None if "count" not in shown else _octet(shown["count"], "count")
    return bytes(GbzAlert(_hex(shown["alert_code"], "alert_code", 2), seconds, content, count, profile))


def _alert_content(shown: Named, message_code: int, seal: Seal | None) -> bytes:
    if "instruction" in shown:
        told = shown["instruction"]
        command = hexadecimal(told["cluster"] + told["frame_control"] + told["command"], "command")
        octets = instruction_octets(told) + command
        return bytes((len(octets),)) + octets
    if "manufacturer_image_hash" in shown:
        octets = hexadecimal(shown["manufacturer_image_hash"], "hash")
        return b"\x09" + bytes((len(octets),)) + octets
    if "cause" in shown:
        return cause_octets(shown)
    if "components" in shown:
        components = shown["components"]
        last = len(components) - 1
        return b"".join(bytes(_component(one, one.get("last", at == last), seal)) for at, one in enumerate(components))
    return hexadecimal(shown.get("content", ""), "content")


def _component(shown: Named, last: bool, seal: Seal | None) -> GbzComponent:
    encrypted = "frame_counter" in shown
    dated = "from_date_time" in shown
    cluster, command = _hex(shown["cluster"], "cluster", 2), _hex(shown["command"], "command", 1)
    frame_control = _hex(shown["frame_control"], "frame_control", 1)
    found = GbzComponent(
        LAST * last | ENCRYPTED * encrypted | FROM_DATE_TIME * dated,
        cluster,
        frame_control,
        _octet(shown["tsn"], "tsn"),
        command,
        b"",
        zigbee_seconds(shown["from_date_time"]) if dated else None,
        _octet(shown.get("additional_control", 0), "additional_control"),
        _octet(shown.get("frame_counter", 0), "frame_counter"),
        _hex(shown["manufacturer"], "manufacturer", 2) if "manufacturer" in shown else None,
    )
    if encrypted and (seal is None or not shown.keys() & {"attributes", "fields", "zcl_payload", "status_code"}):
        if "ciphered" not in shown:
            raise GbcsError("an encrypted component needs the keys, or its ciphered octets")
        octets = hexadecimal(shown["ciphered"], "ciphered")
    else:
        octets = _plain(found, shown)
        octets = seal(octets) if encrypted and seal is not None else octets
    return GbzComponent(
        found.control, cluster, frame_control, found.tsn, command, octets, found.from_date_time,
        found.additional_control, found.frame_counter, found.manufacturer,
    )  # fmt: skip


def _plain(one: GbzComponent, shown: Named) -> bytes:
    if "zcl_payload" in shown:
        return hexadecimal(shown["zcl_payload"], "zcl_payload")
    if one.manufacturer is None and one.profile_wide:
        if one.command == READ_ATTRIBUTES:
            return b"".join(_attribute(record) for record in shown["attributes"])
        if one.command == READ_ATTRIBUTES_RESPONSE:
            return b"".join(map(_record, shown["attributes"]))
        if one.command == DEFAULT_RESPONSE:
            answered = _hex(shown["answered_command"], "answered_command", 1)
            return bytes((answered, _octet(shown["status_code"], "status_code")))
    command = names.zcl_command(one.cluster, one.to_server, one.command)
    if command is None or "fields" not in shown:
        raise GbcsError("a ZCL command of unknown form needs its zcl_payload")
    layout = zcl_values.columns(one.cluster, command.name, command.fields)
    return zcl_values.write(layout, shown["fields"], shown.get("units") or {})


def _attribute(record: Named) -> bytes:
    return _hex(record["attribute"], "attribute", 2).to_bytes(2, "little")


def _record(record: Named) -> bytes:
    status = _octet(record["status_code"], "status_code")
    head = _attribute(record) + bytes((status,))
    if status:
        return head
    kind = _hex(record["type"], "type", 1)
    value = record["value"]
    if kind in (0x41, 0x42):
        return head + bytes((kind,)) + zcl_values.write_string(value, "string")
    size = zcl_payload.fixed_attribute(kind)
    number = unscale(value, record["scaler"]) if "scaler" in record else integer(value, "value")
    try:
        return head + bytes((kind,)) + number.to_bytes(size[0], "little", signed=size[1])
    except OverflowError:
        raise GbcsError(f"{number} does not fit ZCL type {kind:02X}") from None
