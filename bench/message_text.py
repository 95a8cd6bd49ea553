"""GBCS messages in a line."""

from typing import Any

from bench.gbcs import Cra, GbcsError, Message, names
from bench.gbcs.dlms import AccessResponse


def describe(octets: bytes) -> dict[str, Any]:
    """Return what an envelope says, JSON-able, with `text`; octets that are no message give only `text`."""
    try:
        message = Message.parse(octets)
    except GbcsError as problem:
        return {"text": f"{len(octets)} octets that are no GBCS message: {problem}"}
    use_case = names.use_case(message.message_code).use_case
    described: dict[str, Any] = {
        "use_case": use_case,
        "message_code": f"{message.message_code:04X}",
        "cra": message.cra.name.lower(),
        "counter": message.counter,
        "originator": str(message.originator),
        "target": str(message.target),
    }
    words = f"{use_case} {described['cra']}"
    if message.cra is Cra.RESPONSE and message.payload[:1] == b"\xda":
        words += f": {_results(message)}"
    code = alert_code(message)
    if code is not None:
        described["alert_code"] = f"{code:04X}"
        words = f"alert {code:04X} {names.alert_name(code)}"
    return described | {"text": f"{words} (counter {message.counter})"}


def _results(message: Message) -> str:
    try:
        results = AccessResponse.parse(message.payload).results
    except GbcsError as problem:
        return f"unreadable access response ({problem})"
    failed = [(number, result) for number, result in enumerate(results, 1) if result[1]]
    if not failed:
        return "success"
    number, (choice, result) = failed[0]
    return f"item {number} of {len(results)} {names.dlms_result(choice, result)}"


def alert_code(message: Message) -> int | None:
    """Return the code of an alert: DLMS, GBZ or DER payload; None for anything else."""
    payload = message.payload
    if message.cra is not Cra.ALERT or not payload:
        return None
    if payload[0] == 0x0F and len(payload) > 10:
        return int.from_bytes(payload[9:11])
    if payload[0] == 0x01 and len(payload) > 4:
        return int.from_bytes(payload[3:5])
    return _der_alert_code(payload)


def _der_alert_code(payload: bytes) -> int | None:
    from bench.gbcs.der import Tlv

    try:
        first = Tlv.parse(payload).children[0]
    except (GbcsError, IndexError):
        return None
    return int.from_bytes(first.value)
