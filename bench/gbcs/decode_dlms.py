"""DLMS payloads as named values: access requests and responses, alerts (GBCS 7.2.9)."""

import json
from typing import TYPE_CHECKING, Any

from bench.gbcs import names
from bench.gbcs.axdr import Data, decode_all
from bench.gbcs.dlms import (
    ACCESS_REQUEST,
    ACCESS_RESPONSE,
    ACTION,
    DATA_PROTECTION,
    GET,
    GET_WITH_SELECTION,
    AccessRequest,
    AccessResponse,
    DataNotification,
    ProtectedObject,
    ProtectionParameters,
    Spec,
    parse_protected_request,
    parse_protected_response,
)
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message
from bench.gbcs.present import date_time_text, value, zigbee_time

if TYPE_CHECKING:
    from bench.gbcs.decode import Encryption

_CHOICES = {1: "get", 2: "set", 3: "action", 4: "get with selection"}
_CIPHER_HEADER = b"\x31\0\0\0\0"


def payload(message: Message, encryption: "Encryption") -> tuple[dict[str, Any], bytes]:
    """Named payload and the octets its objects give. Raises GbcsError."""
    service = message.payload[0]
    if service == ACCESS_REQUEST:
        request = AccessRequest.parse(message.payload)
        items = [_request_item(spec, data) for spec, data in zip(request.specs, request.data, strict=True)]
        return {"service": "access-request", "invoke_id": f"{request.invoke_id:08X}", "items": items}, bytes(request)
    if service == ACCESS_RESPONSE:
        response = AccessResponse.parse(message.payload)
        pairs = zip(response.results, response.data, strict=True)
        items = [_response_item(choice, result, data, encryption) for (choice, result), data in pairs]
        return {"service": "access-response", "invoke_id": f"{response.invoke_id:08X}", "items": items}, bytes(response)
    notification = DataNotification.parse(message.payload)
    found: dict[str, Any] = {"service": "data-notification", "invoke_id": f"{notification.invoke_id:08X}"}
    return found | _alert(message, notification.data, encryption), bytes(notification)


def instance(class_id: int, obis: bytes, index: int, method: bool = False) -> dict[str, Any]:
    """Class, object and attribute or method with the names the tables have."""
    found: dict[str, Any] = {"class": class_id}
    member = names.cosem_method(class_id, index) if method else names.cosem_attribute(class_id, index)
    for key, name in (("class_name", names.cosem_class(class_id)),):
        if name:
            found[key] = name
    found["object"] = names.obis_text(obis)
    object_name = names.cosem_object(class_id, obis)
    if object_name:
        found["object_name"] = object_name
    found["method" if method else "attribute"] = index
    if member:
        found["method_name" if method else "attribute_name"] = member
    return found


def _request_item(spec: Spec, data: Data) -> dict[str, Any]:
    found: dict[str, Any] = {"action": _CHOICES[spec.choice]}
    found |= instance(spec.class_id, spec.obis, spec.index, spec.choice == ACTION)
    if spec.choice == GET_WITH_SELECTION and spec.selector is not None:
        found["selection"] = _selection(spec.access_selector, spec.selector)
    if spec.choice == ACTION and spec.class_id == DATA_PROTECTION and spec.index == 1:
        try:
            objects, parameters = parse_protected_request(data)
        except GbcsError:
            return found | {"value": value(data)}
        return found | {"objects": [_protected(one) for one in objects], "protection": _parameters(parameters)}
    if spec.choice not in (GET, GET_WITH_SELECTION) or data.tag:
        found["value"] = value(data)
    return found


def _selection(selector: int, data: Data) -> dict[str, Any]:
    """Selection by range names its column and limits; any other is given as it is."""
    try:
        column, first, last = data[0], data[1], data[2]
        if selector == 1 and isinstance(first.value, int) and isinstance(last.value, int):
            return {
                "by": "range",
                "column": instance(column[0].value, column[1].value, column[2].value),
                "from": zigbee_time(first.value),
                "to": zigbee_time(last.value),
            }
    except (GbcsError, TypeError):
        pass
    return {"by": selector, "value": value(data)}


def _protected(one: ProtectedObject) -> dict[str, Any]:
    found = instance(one.class_id, one.obis, one.attribute)
    if one.between is not None:
        found["from"], found["to"] = (date_time_text(limit) for limit in one.between)
    return found


def _parameters(parameters: ProtectionParameters) -> dict[str, Any]:
    return {
        "originator": str(parameters.originator),
        "recipient": str(parameters.recipient),
        "counter": parameters.counter,
    }


def _response_item(choice: int, result: int, data: Data, encryption: "Encryption") -> dict[str, Any]:
    found: dict[str, Any] = {
        "action": _CHOICES.get(choice, str(choice)),
        "result": names.dlms_result(choice, result),
        "result_code": result,
    }
    if choice == ACTION and _looks_protected(data.value):
        return found | _encrypted(data, encryption)
    if data.tag:
        found["value"] = value(data)
    return found


def _looks_protected(members: Any) -> bool:
    """Whether the members of a structure are protection parameters and an encrypted octet-string."""
    if not isinstance(members, list) or len(members) != 2:
        return False
    sealed = members[1].value
    return isinstance(members[0].value, list) and isinstance(sealed, bytes) and sealed.startswith(_CIPHER_HEADER)


def _encrypted(data: Data, encryption: "Encryption") -> dict[str, Any]:
    try:
        parameters, ciphered = parse_protected_response(data)
        found: dict[str, Any] = {"protection": _parameters(parameters)}
    except GbcsError as error:
        ciphered = data[1].value
        found = {"protection": {"note": str(error), "value": value(data[0])}}
    found["decryption"], plaintext = encryption.open(ciphered)
    if plaintext is None:
        return found | {"ciphered": ciphered.hex().upper()}
    try:
        return found | {"value": value(decode_all(plaintext, "decrypted attributes"))}
    except GbcsError as error:
        return found | {"plaintext": plaintext.hex().upper(), "note": str(error)}


def _alert(message: Message, data: Data, encryption: "Encryption") -> dict[str, Any]:
    members = data.value
    if message.cra is not Cra.ALERT or data.tag != 2 or len(members) < 2:
        return {"value": value(data)}
    code, timestamp = members[0].value, members[1].value
    if not isinstance(code, int) or not isinstance(timestamp, bytes):
        return {"value": value(data)}
    found: dict[str, Any] = {
        "alert_code": f"{code:04X}",
        "alert_name": names.alert_name(code),
        "time": date_time_text(timestamp),
    }
    extra = members[2:]
    if not extra:
        return found
    if _looks_protected(extra):
        return found | _encrypted(Data(2, extra), encryption)
    try:
        named = _EXTRA[message.message_code](extra)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        named = {}
    return found | (named or {"members": [value(member) for member in extra]})


def instruction(octets: bytes) -> dict[str, Any]:
    """Message code and originator counter, ten octets, of the command an alert is about."""
    code = int.from_bytes(octets[:2], "big")
    case = names.use_case(code)
    return {
        "message_code": f"{code:04X}",
        "use_case": case.use_case,
        "use_case_name": case.name,
        "counter": int.from_bytes(octets[2:10], "big"),
    }


def _sized(data: Data, size: int) -> bytes:
    if not isinstance(data.value, bytes) or len(data.value) != size:
        raise GbcsError(f"not an octet-string of {size}")
    return data.value


def _future_dated(extra: list[Data]) -> dict[str, Any]:
    octets = _sized(extra[0], 19)
    target = instance(int.from_bytes(octets[10:12], "big"), octets[12:18], octets[18])
    return {"instruction": instruction(octets) | target}


def _undelivered(extra: list[Data]) -> dict[str, Any]:
    octets = _sized(extra[0], 25)
    cra = {1: "command", 2: "response", 3: "alert"}.get(octets[16], str(octets[16]))
    return {
        "discarded": {
            "originator": str(Eui64(octets[:8])),
            "target": str(Eui64(octets[8:16])),
            "kind": cra,
            "counter": int.from_bytes(octets[17:], "big"),
        }
    }


def _whitelist(extra: list[Data]) -> dict[str, Any]:
    updated, pan, devices = extra[0].value
    entries = [
        {"device": str(Eui64(device.value)), "link_key_hash": key.value.hex().upper()}
        for device, key in (entry.value for entry in devices.value)
    ]
    return {
        "updated": date_time_text(_sized(updated, 12)),
        "extended_pan_id": pan.value.hex().upper(),
        "devices": entries,
    }


def _limit(extra: list[Data]) -> dict[str, Any]:
    if len(extra) == 2:
        return {"controller": extra[0].value, "level": extra[1].value}
    return {
        "controller": extra[0].value,
        "start": date_time_text(_sized(extra[1], 12)),
        "end": date_time_text(_sized(extra[2], 12)),
        "level": extra[3].value,
    }


def _no_number(text: str) -> float:
    raise GbcsError(f"{text} is no JSON number")


def _operational(extra: list[Data]) -> dict[str, Any]:
    report = json.loads(extra[0].value, parse_constant=_no_number)
    return {"report": report} if isinstance(report, dict) else {}


def _integrity(extra: list[Data]) -> dict[str, Any]:
    cause = int.from_bytes(_sized(extra[0], 2), "big")
    return {"cause": cause, "cause_name": names.enumeration("integrity cause", cause)}


_EXTRA = {
    0x0018: _whitelist,
    0x0067: lambda extra: {
        "outage_start": date_time_text(_sized(extra[0], 12)),
        "outage_end": date_time_text(_sized(extra[1], 12)),
    },
    0x00CC: _future_dated,
    0x00CE: lambda extra: {"manufacturer_image_hash": _sized(extra[0], 32).hex().upper()},
    0x00D5: _undelivered,
    0x00F0: _integrity,
    0x0110: lambda extra: {"device": str(Eui64(_sized(extra[0], 8)))},
    0x0111: lambda extra: {"channel_mask": value(extra[0][0])["value"], "channel": _sized(extra[0][1], 1).hex()},
    0x0114: _undelivered,
    0x0115: lambda extra: {"device": str(Eui64(_sized(extra[0], 8)))},
    0x0120: lambda extra: {"command": instruction(_sized(extra[0], 10))},
    0x0121: _limit,
    0x0122: _limit,
    0x0123: _operational,
}
