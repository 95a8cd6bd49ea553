"""GBCS messages in a line."""

from typing import Any

from bench.gbcs import Cra, GbcsError, Message, names


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
    code = alert_code(message)
    if code is not None:
        described["alert_code"] = f"{code:04X}"
        words = f"alert {code:04X} {names.alert_name(code)}"
    return described | {"text": f"{words} (counter {message.counter})"}


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
