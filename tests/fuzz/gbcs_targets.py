"""Every parser of bench.gbcs as a function of octets: it returns, or raises GbcsError with a one-line reason."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from bench.gbcs import (
    axdr,
    credentials,
    decode_command,
    der,
    dlms,
    gbt,
    gbz,
    names,
    times,
    trust_anchors,
    utrn,
    zcl_payload,
    zcl_values,
)
from bench.gbcs.decode import decode
from bench.gbcs.encode import encode
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.gbcs.message import Cra, Message
from bench.gbcs.text import lines

Target = Callable[[bytes], object]

_STORE = Keystore()
_PARTY, _DEVICE = Eui64.of(1), Eui64.of(2)
_CODES = sorted(names.message_codes())


def whole_message(data: bytes) -> None:
    """Parse, decode, print and build again."""
    message = Message.parse(data)
    assert bytes(message) == data
    named(message)


def payload(data: bytes) -> None:
    """A payload in a message of any use case: the first three octets choose it."""
    if len(data) < 4:
        return
    code = _CODES[int.from_bytes(data[:2], "big") % len(_CODES)]
    cra = Cra(data[2] % 3 + 1)
    named(Message(cra, 1, _PARTY, _DEVICE, code, data[3:], signature=b""))


def named(message: Message) -> None:
    """Decode; what is shown is JSON, prints in lines and gives the payload back."""
    found = decode(message, _STORE)
    shown = json.loads(json.dumps(found))
    assert all("\n" not in line for line in lines(shown))
    assert found["roundtrip"], "not given back"
    if "contingency_key" not in shown["payload"]:
        assert encode(shown) == message.payload, "not given back as JSON"


def shown_json(data: bytes) -> None:
    """JSON somebody wrote: octets or an error."""
    try:
        shown = json.loads(data)
    except (ValueError, RecursionError):
        return
    encode(shown)


def zcl(data: bytes) -> None:
    """Every ZCL command on the octets after the first."""
    if not data:
        return
    rows = names.rows("zcl_commands")
    row = rows[data[0] % len(rows)]
    layout = zcl_values.columns(int(row[0], 16), row[3], row[4])
    try:
        zcl_payload.decode(row[4], data[1:])
    finally:
        shown = zcl_values.read(layout, data[1:])
    scales = zcl_values.shown_units(int(row[0], 16), row[3], row[4])
    assert zcl_values.write(layout, shown, scales) == data[1:]


def blocks(data: bytes) -> None:
    """Blocks of 60 octets behind a good start."""
    assembly = gbt.Assembly()
    for at in range(0, len(data), 60):
        with suppress(GbcsError):
            assembly.feed(b"\xdd\x09" + data[at : at + 60])


def text(data: bytes) -> None:
    """Parsers of text."""
    said = data.decode("utf-8", "replace")
    for parse in (Eui64.of, utrn.ptut_of, names.obis_octets):
        try:
            parse(said)
        except GbcsError as error:
            assert "\n" not in str(error)


def _round(parse: Callable[[bytes], object]) -> Target:
    def target(data: bytes) -> None:
        bytes(parse(data))  # type: ignore[call-overload]

    return target


TARGETS: dict[str, Target] = {
    "message": whole_message,
    "payload": payload,
    "json": shown_json,
    "axdr": lambda data: axdr.encode(axdr.decode_all(data)),
    "request": _round(dlms.AccessRequest.parse),
    "response": _round(dlms.AccessResponse.parse),
    "notification": _round(dlms.DataNotification.parse),
    "gbz": _round(gbz.Gbz.parse),
    "gbz alert": lambda data: gbz.GbzAlert.parse(data).components,
    "zcl": zcl,
    "der": _round(der.Tlv.parse),
    "der integer": lambda data: der.as_integer(der.Tlv.parse(data)),
    "der time": lambda data: der.as_time(der.Tlv.parse(data)),
    "cell": lambda data: trust_anchors.TrustAnchorCell.read(der.Tlv.parse(data)),
    "provide credentials": _round(credentials.ProvideCredentials.parse),
    "credentials details": _round(credentials.CredentialsDetails.parse),
    "update credentials": _round(credentials.UpdateCredentials.parse),
    "update response": _round(credentials.UpdateCredentialsResponse.parse),
    "update alert": _round(credentials.UpdateCredentialsAlert.parse),
    "block": gbt.Block.parse,
    "blocks": blocks,
    "date-time": times.parse_date_time,
    "ptut": _round(utrn.Ptut.parse),
    "text": text,
    "file": decode_command.octets,
}


def survives(target: Target, data: bytes) -> None:
    """Run a target; GbcsError must have a reason of one line, anything else is a finding."""
    try:
        target(data)
    except GbcsError as error:
        assert error.reason
        assert "\n" not in str(error)


def sealed(data: bytes, code: int) -> bytes:
    """A response with these octets as payload."""
    return bytes(replace(Message(Cra.RESPONSE, 1, _PARTY, _DEVICE, code, b""), payload=data, signature=b""))
