"""DLMS payload octets from named values, the way back of `bench.gbcs.decode_dlms` (GBCS 7.2.9)."""

from collections.abc import Callable
from typing import Any

from bench.gbcs import protection
from bench.gbcs.alerts import FORMS
from bench.gbcs.clock_text import zigbee_seconds
from bench.gbcs.decode_dlms import ACTION, CHOICES, GET_WITH_SELECTION, SERVICES
from bench.gbcs.errors import GbcsError
from bench.gbcs.message import length_octets
from bench.gbcs.protection import member_octets, object_octets, time_octets
from bench.gbcs.value_octets import hexadecimal, instance_octets, integer, write

Named = dict[str, Any]
Seal = Callable[[bytes], bytes]

_SERVICES = {name: tag for tag, name in SERVICES.items()}
_CHOICES = {name: choice for choice, name in CHOICES.items()}


def payload(shown: Named, message_code: int, seal: Seal | None) -> bytes:
    """Octets of a DLMS payload. Raises GbcsError."""
    if "octets" in shown:
        return hexadecimal(shown["octets"], "octets")
    tag = _SERVICES.get(shown.get("service", ""))
    invoke_id = hexadecimal(shown.get("invoke_id"), "invoke_id")
    if tag is None or len(invoke_id) != 4:
        raise GbcsError("a DLMS payload needs a service and an invoke_id of four octets")
    head = bytes((tag,)) + invoke_id + b"\0"
    if tag == 0xD9:
        return head + _request(shown["items"])
    if tag == 0xDA:
        return head + _response(shown["items"], seal)
    return head + _notification(shown, message_code, seal)


def _request(items: list[Named]) -> bytes:
    count = length_octets(len(items))
    return b"".join((count, *map(_spec, items), count, *map(_parameter, items)))


def _choice(item: Named) -> int:
    action = item.get("action", "")
    choice = _CHOICES.get(action) if isinstance(action, str) else None
    if choice is None:
        choice = int(action) if isinstance(action, str) and action.isascii() and action.isdigit() else -1
    if not 0 <= choice <= 0xFF:
        raise GbcsError(f"action {action!r:.40}")
    return choice


def _spec(item: Named) -> bytes:
    choice = _choice(item)
    spec = bytes((choice,)) + b"".join(instance_octets(item))
    return spec + _selection(item["selection"]) if choice == GET_WITH_SELECTION else spec


def _selection(shown: Named) -> bytes:
    if shown.get("by") != "range":
        selector = integer(shown.get("by"), "selector")
        if not 0 <= selector <= 0xFF:
            raise GbcsError(f"access selector {selector}")
        return bytes((selector,)) + write(shown["value"])
    class_id, obis, index = instance_octets(shown["column"], signed=True)
    column = b"\x02\x04\x12" + class_id + b"\x09\x06" + obis + b"\x0f" + index + b"\x12\0\0"
    limits = (b"\x06" + zigbee_seconds(shown[key]).to_bytes(4, "big") for key in ("from", "to"))
    return b"".join((b"\x01\x02\x04", column, *limits, b"\x01\0"))


def _parameter(item: Named) -> bytes:
    if "objects" in item:
        objects = item["objects"]
        parameters = protection.parameter_octets(item["protection"])
        return b"".join(
            (b"\x02\x02\x01", length_octets(len(objects)), *map(object_octets, objects), b"\x01\x01", parameters)
        )
    return write(item["value"]) if "value" in item else b"\0"


def _response(items: list[Named], seal: Seal | None) -> bytes:
    count = length_octets(len(items))
    values, results = [], []
    for item in items:
        choice, code = _choice(item), integer(item.get("result_code"), "result_code")
        if not 0 <= code <= 0xFF:
            raise GbcsError(f"result code {code}")
        results.append(bytes((choice, code)))
        if choice == ACTION and "protection" in item:
            values.append(b"\x02\x02" + member_octets(item["protection"], ciphered(item, seal)))
        else:
            values.append(write(item["value"]) if "value" in item else b"\0")
    return b"".join((b"\0", count, *values, count, *results))


def ciphered(item: Named, seal: Seal | None) -> bytes:
    """Encrypted octets of an item: its value encrypted if that can be done, else the octets it came with."""
    if seal is not None and "value" in item:
        return seal(write(item["value"]))
    if seal is not None and "plaintext" in item:
        return seal(hexadecimal(item["plaintext"], "plaintext"))
    if "ciphered" not in item:
        raise GbcsError("an encrypted value needs the keys, or its ciphered octets")
    return hexadecimal(item["ciphered"], "ciphered")


def _notification(shown: Named, message_code: int, seal: Seal | None) -> bytes:
    if "alert_code" not in shown:
        return write(shown["value"])
    code = hexadecimal(shown["alert_code"], "alert_code")
    if len(code) != 2:
        raise GbcsError("alert code of other than two octets")
    body = b"\x12" + code + b"\x09\x0c" + time_octets(shown)
    if "protection" in shown:
        return b"\x02\x04" + body + member_octets(shown["protection"], ciphered(shown, seal))
    members = shown.get("members")
    if members is None:
        form = FORMS.get(message_code)
        keys = shown.keys() - {"service", "invoke_id", "alert_code", "alert_name", "time", "time_octets"}
        members = form.members(shown) if form is not None and keys else []
    return b"\x02" + length_octets(2 + len(members)) + body + b"".join(map(write, members))
