"""DER payloads as named values and back (GBCS ASN.1 modules of CS02 to CS09, CCS08, GCS28, GCS59, GCS62).

A payload that is DER but not of the form its message code asks for is given as a tree of elements with a note.
"""

from functools import lru_cache
from typing import Any

from bench.gbcs import names
from bench.gbcs.der import BIT_STRING, ENUMERATED, INTEGER, NULL, Tlv
from bench.gbcs.der_form import (
    EUI,
    NOTHING,
    TIME,
    Coded,
    Each,
    Either,
    Field,
    Form,
    Node,
    Reading,
    Sequence,
    Simple,
    Under,
    Whole,
    constant,
    element,
    hex_form,
    integer_form,
    named,
    wrap,
)
from bench.gbcs.errors import GbcsError
from bench.gbcs.message import Cra, Message
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role, Status
from bench.gbcs.value_octets import hexadecimal, integer

Named = dict[str, Any]
_DEEPEST = 16
_CERTIFICATES_KEPT = 256
_LATER = "future dated or cancelled"


def payload(message: Message) -> Named:
    """Named payload. Raises GbcsError if it is no DER."""
    form = FORMS.get((message.message_code, message.cra))
    if form is not None:
        reading = Reading(message.payload)
        try:
            root = element(reading, 0, len(message.payload))
            if root.stop != len(message.payload):
                raise GbcsError(f"{len(message.payload) - root.stop} octets after the DER element", root.stop)
            found: Named = form.read(reading, root)
            if not reading.long_form:
                return found
            if form.write(found, True) == message.payload:
                return found | {"long_form": True}
            raise GbcsError("lengths of mixed forms")
        except (GbcsError, RecursionError) as error:
            return {"note": str(error), "element": tree(Tlv.parse(message.payload))}
    return {"element": tree(Tlv.parse(message.payload))}


def octets(shown: Named, message_code: int, cra: Cra) -> bytes:
    """Octets of a DER payload as `payload` shows it. Raises GbcsError."""
    if "element" in shown:
        return _tree_octets(shown["element"], 0)
    form = FORMS.get((message_code, cra))
    if form is None:
        raise GbcsError(f"no DER form for message code {message_code:04X}: give its element")
    return form.write(shown, bool(shown.get("long_form")))


def tree(tlv: Tlv, depth: int = 0) -> Named:
    """Any DER element as tag and value, or the elements inside it."""
    found: Named = {"tag": f"{tlv.tag:02X}"}
    if tlv.length_octets:
        found["length_octets"] = tlv.length_octets
    if tlv.constructed and depth < _DEEPEST:
        try:
            return found | {"elements": [tree(child, depth + 1) for child in tlv.children]}
        except GbcsError:
            pass
    return found | {"octets": len(tlv.value), "value": tlv.value.hex().upper()}


def _tree_octets(shown: Any, depth: int) -> bytes:
    if not isinstance(shown, dict) or depth > 2 * _DEEPEST:
        raise GbcsError(f"{shown!r:.60} is no DER element")
    if "elements" in shown:
        content = b"".join([_tree_octets(one, depth + 1) for one in shown["elements"]])
    else:
        content = hexadecimal(shown.get("value"), "value")
    tag, width = hexadecimal(shown.get("tag"), "tag"), integer(shown.get("length_octets", 0), "length_octets")
    if len(tag) != 1 or not 0 <= width <= 4 or (width and len(content) >= 1 << 8 * width):
        raise GbcsError(f"DER element {shown.get('tag')!r:.20} of {len(content)} octets cannot be written")
    return bytes(Tlv(tag[0], content, width)) if width else wrap(tag[0], content, False)


@lru_cache(_CERTIFICATES_KEPT)
def _certificate(data: bytes) -> tuple[tuple[str, Any], ...]:
    from bench.gbcs.certificate import summary

    return tuple(summary(data).items())


def certificate(data: bytes) -> Named:
    """Summary of a DER certificate: subject, role, usage, key identifier, issuer and validity."""
    return {key: list(value) if isinstance(value, list) else value for key, value in _certificate(data)}


def _request(data: bytes) -> Named:
    from bench.gbcs.certificate import request_summary

    return request_summary(data)


def _member(members: type[Mode] | type[Status]) -> Any:
    known = {int(member): member.name.lower().replace("_", " ") for member in members}
    return lambda number: known.get(number, str(number))


def _enumeration(name: str) -> Any:
    return lambda number: names.enumeration(name, number)


def _one_octet(number: int) -> bytes:
    return bytes((number,))


def _alert_code(content: bytes) -> Named:
    code = int.from_bytes(content, "big", signed=True)
    if not 0 <= code < 0x10000 or content != code.to_bytes(code.bit_length() // 8 + 1, "big"):
        raise GbcsError(f"alert code {content.hex()} is not of two octets")
    return {"alert_code": f"{code:04X}", "alert_name": names.alert_name(code)}


def _alert_code_octets(shown: Any) -> bytes:
    octets_ = hexadecimal(shown.get("alert_code"), "alert_code")
    code = int.from_bytes(octets_, "big")
    if code >= 0x10000:
        raise GbcsError("alert code of more than two octets")
    return code.to_bytes(code.bit_length() // 8 + 1, "big")


ROLE = named(INTEGER, {_one_octet(role): role.name.lower().replace("_", " ") for role in Role})
USAGE = named(
    BIT_STRING,
    {bytes((7 - usage.value, 0x80 >> usage.value)): usage.name.lower().replace("_", " ") for usage in KeyUsage},
)


def _cell_usage(content: bytes) -> str:
    number = integer_form().show(content)
    return {0: "management", 1: "prepayment top up"}.get(number, str(number))


def _cell_usage_octets(shown: Any) -> bytes:
    number = {"management": 0, "prepayment top up": 1}.get(shown) if isinstance(shown, str) else None
    if number is None:
        try:
            number = int(shown)
        except (TypeError, ValueError):
            raise GbcsError(f"cell usage {shown!r:.40}") from None
    return integer_form().content(number)


def _floor_usage(content: bytes) -> str:
    number = integer_form().show(content)
    return "prepayment top up" if number == 0 else str(number)


def _floor_usage_octets(shown: Any) -> bytes:
    return _cell_usage_octets(0 if shown == "prepayment top up" else shown)


_CELL_FIELDS = (
    Field("role", ROLE),
    Field("usage", USAGE),
    Field("cell_usage", Simple(INTEGER, _cell_usage, _cell_usage_octets), True, "management"),
)
CELL = Sequence(_CELL_FIELDS)
KEY_ID = hex_form(8)
COUNTER = integer_form()
MODE, STATUS = Coded("mode", _member(Mode)), Coded("status", _member(Status), ENUMERATED)
CERTIFICATE = Whole(certificate)
CELL_DETAILS = Sequence((*_CELL_FIELDS[1:], Field("subject", EUI), Field("key_id", KEY_ID)))
ROLE_DETAILS = Sequence(
    (
        Field("role", ROLE),
        Field("", STATUS),
        Field("current_sequence_number", COUNTER, True),
        Field("cells", Each(CELL_DETAILS), True),
    )
)
_FLOOR = Sequence((Field("usage", Simple(INTEGER, _floor_usage, _floor_usage_octets)), Field("floor", COUNTER)))
CHANGE = Sequence((Field("role", ROLE), Field("floor", COUNTER), Field("specialist_floors", Each(_FLOOR), True)))
_CONTROL = Sequence(
    (
        Field("", MODE),
        Field("contingency_key", hex_form(None, 0x80), True),
        Field("time_checks", named(0x81, {b"\0": "apply", b"\1": "disapply"}), True, "apply"),
        Field("authorising", Sequence(_CELL_FIELDS, 0xA2), True),
        Field("authorising_sequence_number", integer_form(0x83)),
        Field("new_party_floor", integer_form(0x84), True),
        Field("specialist_floors", Each(_FLOOR, 0xA5), True),
        Field("other_party_changes", Each(CHANGE, 0xA6), True),
    )
)
_UPDATE = Sequence(
    (
        Field("", _CONTROL),
        Field("replacements", Each(Sequence((Field("certificate", CERTIFICATE), Field("cell", CELL))))),
        Field("path", Each(CERTIFICATE)),
        Field("execution_time", TIME, True, "now"),
    )
)
_RESULT = Sequence(
    (
        Field("cell", CELL),
        Field("", STATUS),
        Field("existing_subject", EUI),
        Field("existing_key_id", KEY_ID),
        Field("replacing_subject", EUI),
        Field("replacing_key_id", KEY_ID),
    )
)
OUTCOME = Sequence(
    (
        Field("authorising_sequence_number", COUNTER),
        Field("", MODE),
        Field("changes", Each(CHANGE)),
        Field("results", Each(_RESULT)),
    )
)
ALERT_CODE = Simple(INTEGER, _alert_code, _alert_code_octets)
VERSION = Field("firmware_version", hex_form(4))
LOG_ENTRY = Sequence((Field("device", EUI), Field("", Coded("device_type", _enumeration("device type")))))
FIRMWARE_OUTCOME = Sequence((Field("", Coded("response", _enumeration("activate firmware response"))), VERSION))


_PROVIDE = Sequence((Field("authorising", CELL), Field("roles", Each(ROLE))))
_UPDATE_RESPONSE = Sequence((Field("", NOTHING), Field("outcome", OUTCOME, True, _LATER)))
_UPDATE_ALERT = Sequence((Field("", ALERT_CODE), Field("execution_time", TIME), Field("outcome", OUTCOME)))
_JOIN = Sequence(
    (
        Field("", Coded("method", _enumeration("join method"))),
        Field("other_device", EUI),
        Field("", Coded("other_device_type", _enumeration("device type"))),
        Field("certificate", CERTIFICATE, True),
    )
)


class _Firmware:
    """Response of CS06: NULL until the firmware is activated, then the outcome."""

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return tag in (NULL, 0x30)

    def read(self, reading: Reading, node: Node) -> Named:
        """What the element shows. Raises GbcsError."""
        if node.tag == NULL:
            NOTHING.read(reading, node)
            return {"outcome": _LATER}
        return {"outcome": FIRMWARE_OUTCOME.read(reading, node)}

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        if shown.get("outcome") == _LATER:
            return b"\x05\0"
        return FIRMWARE_OUTCOME.write(shown["outcome"], long_form)


def _coded(enumeration: str) -> Coded:
    return Coded("response", _enumeration(enumeration))


_LOG = Each(LOG_ENTRY)
_RESTORED = Each(Sequence((Field("", LOG_ENTRY), Field("", _coded("join response")))))
_TIMED_ALERT = (Field("", ALERT_CODE), Field("time", TIME))
_VERSION_RESPONSE = Field("", _coded("firmware version response"))
_C, _R, _A = Cra.COMMAND, Cra.RESPONSE, Cra.ALERT
_UPDATE_CODES = (*range(0x0100, 0x010A), 0x0125, 0x0126)
_JOINS = (0x000D, 0x000E, 0x00AB, 0x00AF)
FORMS: dict[tuple[int, Cra], Form] = {
    **{(code, _C): _PROVIDE for code in (0x0008, 0x011B)},
    **{(code, _R): Under("credentials", Each(ROLE_DETAILS)) for code in (0x0008, 0x011B)},
    **{(code, _C): _UPDATE for code in _UPDATE_CODES},
    **{(code, _R): _UPDATE_RESPONSE for code in _UPDATE_CODES},
    **{(code, _A): _UPDATE_ALERT for code in (0x00CB, 0x0124)},
    (0x000A, _C): Sequence((Field("key_usage", USAGE),)),
    (0x000A, _R): Either(
        "response_code", _coded("issue credentials response"), Under("certification_request", Whole(_request))
    ),
    (0x000B, _C): Under("certificate", CERTIFICATE),
    (0x000B, _R): _coded("update certificate response"),
    (0x000C, _C): Sequence((Field("key_usage", USAGE),)),
    (0x000C, _R): Either("response_code", _coded("provide certificate response"), Under("certificate", CERTIFICATE)),
    **{(code, _C): _JOIN for code in _JOINS},
    **{(code, _R): _coded("join response") for code in _JOINS},
    **{(code, _C): Under("other_device", EUI) for code in (0x000F, 0x0010)},
    **{(code, _R): _coded("unjoin response") for code in (0x000F, 0x0010)},
    (0x0012, _C): Sequence(
        (
            Field("image_hash", hex_form(32)),
            Field("originator_counter", COUNTER),
            Field("execution_time", TIME, True, "now"),
        )
    ),
    (0x0012, _R): _Firmware(),
    (0x00CA, _A): Sequence(
        (
            Field("", ALERT_CODE),
            Field("execution_time", TIME),
            Field("originator_counter", COUNTER),
            Field("outcome", FIRMWARE_OUTCOME),
        )
    ),
    (0x0013, _C): constant(NULL, b""),
    (0x0013, _R): Sequence((Field("", _coded("read response")), Field("device_log", _LOG, True))),
    (0x0129, _C): constant(NULL, b""),
    (0x0129, _R): Sequence((VERSION, _VERSION_RESPONSE)),
    (0x012B, _A): Sequence((*_TIMED_ALERT, VERSION, _VERSION_RESPONSE)),
    (0x0128, _A): Sequence(
        (*_TIMED_ALERT, Field("device", EUI), VERSION, Field("", _coded("firmware transfer response")))
    ),
    (0x007F, _C): Sequence((Field("validity_start", TIME), Field("validity_end", TIME))),
    (0x007F, _R): Sequence((Field("device_time", TIME), Field("", Coded("status", _enumeration("time status"))))),
    (0x008C, _C): Sequence((Field("device_log", _LOG),)),
    (0x008C, _R): Sequence((Field("device_log", _RESTORED),)),
    (0x00B2, _A): Sequence((*_TIMED_ALERT, Field("device_log", _LOG))),
}
