"""Alerts in DLMS data-notifications: what each message code adds to code and time (GBCS 7.2.9.9, 16).

A form is shown by names only where its names give the same octets back; else its members are shown as typed values.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.gbcs import names, protection
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.meaning import instance
from bench.gbcs.message import Cra, Message
from bench.gbcs.protection import time_fields, time_octets
from bench.gbcs.value_octets import counter_octets, hexadecimal, instance_octets, integer, write
from bench.gbcs.values import Named, read, read_all

if TYPE_CHECKING:
    from bench.gbcs.decode import Encryption

_MISFITS = (GbcsError, KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)


class Form(NamedTuple):
    """How the members after code and time are shown, and the members again from what is shown."""

    show: Callable[[list[Named]], Named]
    members: Callable[[Named], list[Named]]


def alert(message: Message, data: bytes, encryption: "Encryption") -> Named:
    """Named content of a data-notification. Raises GbcsError."""
    head = data[6:13]
    if message.cra is not Cra.ALERT or len(data) < 25 or head[:1] != b"\x02" or not 2 <= head[1] < 0x80:
        return {"value": read_all(data[6:], "DLMS service")}
    if head[2:3] != b"\x12" or data[11:13] != b"\x09\x0c":
        return {"value": read_all(data[6:], "DLMS service")}
    code = int.from_bytes(data[9:11], "big")
    found: Named = {"alert_code": f"{code:04X}", "alert_name": names.alert_name(code), **time_fields(data[13:25])}
    at = 25
    if head[1] == 4:
        sealed = protection.read_members(data, at)
        if sealed is not None and sealed.end == len(data):
            return found | _sealed(sealed, encryption)
    extra = []
    for _ in range(head[1] - 2):
        member, at = read(data, at)
        extra.append(member)
    if at != len(data):
        raise GbcsError(f"{len(data) - at} octets after the DLMS service", at)
    return (found | _shown(message.message_code, extra)) if extra else found


def _sealed(sealed: protection.Sealed, encryption: "Encryption") -> Named:
    found: Named = {"protection": sealed.shown}
    found["decryption"], plaintext = encryption.open(sealed.ciphered)
    found["ciphered"] = sealed.ciphered.hex().upper()
    if plaintext is None:
        return found
    try:
        return found | {"value": read_all(plaintext, "decrypted attributes", None)}
    except GbcsError as error:
        return found | {"plaintext": plaintext.hex().upper(), "note": str(error)}


def _shown(message_code: int, extra: list[Named]) -> Named:
    form = FORMS.get(message_code)
    if form is not None:
        try:
            shown = form.show(extra)
            if b"".join(map(write, form.members(shown))) == b"".join(map(write, extra)):
                return shown
        except _MISFITS:
            pass
    return {"members": extra}


def instruction(octets: bytes) -> Named:
    """Message code and originator counter, ten octets, of the command an alert is about."""
    code = int.from_bytes(octets[:2], "big")
    case = names.use_case(code)
    return {
        "message_code": f"{code:04X}",
        "use_case": case.use_case,
        "use_case_name": case.name,
        "counter": int.from_bytes(octets[2:10], "big"),
    }


def instruction_octets(shown: Named) -> bytes:
    """Ten octets of what `instruction` shows. Raises GbcsError."""
    code = hexadecimal(shown.get("message_code"), "message code")
    if len(code) != 2:
        raise GbcsError("message code of other than two octets")
    return code + counter_octets(shown.get("counter"))


def octet_string(octets: bytes) -> Named:
    """Typed octet-string."""
    return {"type": "octet-string", "value": octets.hex().upper()}


def _unsigned(value: Any) -> Named:
    return {"type": "unsigned", "value": integer(value, "unsigned")}


def _octets(member: Named, size: int) -> bytes:
    octets = bytes.fromhex(member["value"])
    if member["type"] != "octet-string" or len(octets) != size:
        raise GbcsError(f"not an octet-string of {size}")
    return octets


def _time(member: Named, key: str) -> Named:
    return time_fields(_octets(member, 12), key)


def _text(member: Named) -> str:
    text: str = member["value"]
    return text


def _future_dated(extra: list[Named]) -> Named:
    octets = _octets(extra[0], 19)
    target = instance(int.from_bytes(octets[10:12], "big"), octets[12:18], octets[18])
    return {"instruction": instruction(octets) | target}


def _future_dated_members(shown: Named) -> list[Named]:
    told = shown["instruction"]
    return [octet_string(instruction_octets(told) + b"".join(instance_octets(told)))]


_KINDS = {1: "command", 2: "response", 3: "alert"}
_FLAGS = {name: flag for flag, name in _KINDS.items()}


def _undelivered(extra: list[Named]) -> Named:
    octets = _octets(extra[0], 25)
    return {
        "discarded": {
            "originator": str(Eui64(octets[:8])),
            "target": str(Eui64(octets[8:16])),
            "kind": _KINDS[octets[16]],
            "counter": int.from_bytes(octets[17:], "big"),
        }
    }


def _undelivered_members(shown: Named) -> list[Named]:
    lost = shown["discarded"]
    parties = Eui64.of(lost["originator"]) + Eui64.of(lost["target"])
    return [octet_string(parties + bytes((_FLAGS[lost["kind"]],)) + counter_octets(lost["counter"]))]


def _whitelist(extra: list[Named]) -> Named:
    updated, pan, devices = extra[0]["value"]
    entries = [
        {"device": str(Eui64(_octets(device, 8))), "link_key_hash": _text(key)}
        for device, key in (entry["value"] for entry in devices["value"])
    ]
    return {**_time(updated, "updated"), "extended_pan_id": _text(pan), "devices": entries}


def _structure(*members: Named) -> Named:
    return {"type": "structure", "value": list(members)}


def _hex(value: Any) -> Named:
    return octet_string(hexadecimal(value, "octets"))


def _whitelist_members(shown: Named) -> list[Named]:
    entries = [
        _structure(octet_string(Eui64.of(one["device"])), _hex(one["link_key_hash"])) for one in shown["devices"]
    ]
    updated = octet_string(time_octets(shown, "updated"))
    return [_structure(updated, _hex(shown["extended_pan_id"]), {"type": "array", "value": entries})]


def _limit(extra: list[Named]) -> Named:
    if len(extra) == 2:
        return {"controller": extra[0]["value"], "level": extra[1]["value"]}
    times = _time(extra[1], "start") | _time(extra[2], "end")
    return {"controller": extra[0]["value"], **times, "level": extra[3]["value"]}


def _limit_members(shown: Named) -> list[Named]:
    limits = [octet_string(time_octets(shown, key)) for key in ("start", "end")] if "start" in shown else []
    return [_unsigned(shown["controller"]), *limits, _unsigned(shown["level"])]


def _no_number(text: str) -> float:
    raise GbcsError(f"{text} is no JSON number")


def _operational(extra: list[Named]) -> Named:
    report = json.loads(extra[0]["value"], parse_constant=_no_number)
    if not isinstance(report, dict):
        raise GbcsError("report that is no object")
    shown: Named = {"report": report}
    if json.dumps(report, ensure_ascii=False) != extra[0]["value"]:
        shown["report_text"] = extra[0]["value"]
    return shown


def _operational_members(shown: Named) -> list[Named]:
    text = shown.get("report_text")
    if text is not None and json.loads(text) != shown["report"]:
        raise GbcsError("report and report_text disagree: drop report_text")
    return [{"type": "utf8-string", "value": text or json.dumps(shown["report"], ensure_ascii=False)}]


def _integrity(extra: list[Named]) -> Named:
    cause = int.from_bytes(_octets(extra[0], 2), "big")
    return {"cause": cause, "cause_name": names.enumeration("integrity cause", cause)}


def cause_octets(shown: Named) -> bytes:
    """Two octets of the cause of an integrity warning. Raises GbcsError."""
    cause = integer(shown.get("cause"), "cause")
    if not 0 <= cause < 0x10000:
        raise GbcsError(f"cause {cause} does not fit two octets")
    return cause.to_bytes(2, "big")


_DEVICE = Form(
    lambda extra: {"device": str(Eui64(_octets(extra[0], 8)))},
    lambda shown: [octet_string(Eui64.of(shown["device"]))],
)
_UNDELIVERED = Form(_undelivered, _undelivered_members)
_LIMIT = Form(_limit, _limit_members)

FORMS = {
    0x0018: Form(_whitelist, _whitelist_members),
    0x0067: Form(
        lambda extra: _time(extra[0], "outage_start") | _time(extra[1], "outage_end"),
        lambda shown: [octet_string(time_octets(shown, key)) for key in ("outage_start", "outage_end")],
    ),
    0x00CC: Form(_future_dated, _future_dated_members),
    0x00CE: Form(
        lambda extra: {"manufacturer_image_hash": _octets(extra[0], 32).hex().upper()},
        lambda shown: [_hex(shown["manufacturer_image_hash"])],
    ),
    0x00D5: _UNDELIVERED,
    0x00F0: Form(_integrity, lambda shown: [octet_string(cause_octets(shown))]),
    0x0110: _DEVICE,
    0x0111: Form(
        lambda extra: {"channel_mask": extra[0]["value"][0]["value"], "channel": _text(extra[0]["value"][1]).lower()},
        lambda shown: [_structure({"type": "bit-string", "value": shown["channel_mask"]}, _hex(shown["channel"]))],
    ),
    0x0114: _UNDELIVERED,
    0x0115: _DEVICE,
    0x0120: Form(
        lambda extra: {"command": instruction(_octets(extra[0], 10))},
        lambda shown: [octet_string(instruction_octets(shown["command"]))],
    ),
    0x0121: _LIMIT,
    0x0122: _LIMIT,
    0x0123: Form(_operational, _operational_members),
}
