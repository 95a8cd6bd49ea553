"""Does a pre-command mean what its service request asks? The user's own check before signing.

Shares no code with the transform: the pre-command is decoded and every field compared, so that a mistake or a lie of
the DCC is named before it is signed. Variants in `expectations` are compared with plain expected values written apart;
for the others the catalogue says which objects stand for which fields, as it does for the transform.
"""

import struct
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.x509 import InvalidVersion, load_der_x509_certificate

from bench.catalogue import use_cases_of
from bench.dcc.bodies import Body, SignedPreCommand
from bench.dcc.document import local
from bench.dcc.errors import CorrelationError, DuisError
from bench.dcc.expectations import ANY, EXPECTATIONS, Call, Der, DeviceCertificate, Fields, Meaning, Zcl
from bench.dcc.payload import Context, Device, holds
from bench.dcc.reading import read
from bench.dcc.request import ServiceRequest
from bench.dcc.sequence_readers import SEQUENCE_READERS
from bench.dcc.value_readers import VALUE_READERS
from bench.gbcs import der, dlms
from bench.gbcs.axdr import TYPE_NAMES, Data
from bench.gbcs.credentials import ProvideCredentials, UpdateCredentials
from bench.gbcs.der import Tlv
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import FROM_DATE_TIME, PROFILE, Gbz, GbzComponent
from bench.gbcs.message import Cra, Message
from bench.gbcs.trust_anchors import KeyUsage
from bench.pki.profile import describe

_VERBS = {dlms.GET: "get", dlms.SET: "set", dlms.ACTION: "action", dlms.GET_WITH_SELECTION: "get with selection"}


def correlate(request: ServiceRequest, pre_command: bytes, *, other_certificate: bytes | None = None) -> None:
    """Return if the pre-command (or command for local delivery) means the request; else raise CorrelationError.

    What the request leaves to the DCC is not compared: the DCC's own identifier and counter, the time of issue of gas
    commands (but it is the same throughout), the number of 9.1, a second element of the meter, and the certificate in
    a join, unless `other_certificate` (DER) says which one it has to be.
    Raises DuisError, not CorrelationError, for a service reference variant whose meaning is not known here: such a
    pre-command has not been checked.
    """
    body = request.body
    known = {case.code: case for case in use_cases_of(request.variant) if case.command}
    if not isinstance(body, Body) or isinstance(body, SignedPreCommand) or not known:
        name = body.name() if isinstance(body, Body) else local(body)
        raise DuisError(f"{name} ({request.variant}): its meaning is not known, so nothing can be correlated")
    try:
        message = Message.parse(pre_command)
    except GbcsError as problem:
        raise CorrelationError("form", "a GBCS command", f"octets that are none ({problem})") from None
    case = known.get(message.message_code)
    _header(request, message, case is not None and case.sender in ("ACB", "CoS party"))
    if case is not None and request.variant not in EXPECTATIONS:
        _by_catalogue(request, message)
        return
    meanings = EXPECTATIONS[request.variant](body) if request.variant in EXPECTATIONS else dict.fromkeys(known, None)
    meaning = meanings.get(message.message_code)
    if meaning is None:
        codes = " or ".join(f"{code:04X}" for code in meanings)
        raise CorrelationError("message code", codes, f"{message.message_code:04X}")
    if other_certificate is not None and other_certificate not in message.payload:
        raise CorrelationError("certificate", "that of the other device", "another")
    try:
        _payload(meaning, message)
    except GbcsError as problem:
        raise CorrelationError("payload", "one of this use case", f"octets that are none ({problem})") from None


def _by_catalogue(request: ServiceRequest, message: Message) -> None:
    """Read the pre-command object by object with the use case of its message code."""
    failure: CorrelationError | None = None
    for case in use_cases_of(request.variant):
        if case.code != message.message_code or not case.command:
            continue
        for role in ("Supplier", "NetworkOperator"):
            context = Context(request, Device(case.devices[0]), message.counter, user_role=role, cin=_cin(message))
            if not all(condition.startswith("@other") or holds(context, condition) for condition in case.when):
                continue
            try:
                read(case, context, message, (VALUE_READERS, SEQUENCE_READERS))
                return
            except CorrelationError as problem:
                failure = failure or problem
            except GbcsError as problem:
                wrong = CorrelationError("payload", "one of this use case", f"octets that are none ({problem})")
                failure = failure or wrong
    if failure is not None:
        raise failure
    raise CorrelationError("message code", "another", f"{message.message_code:04X}")


def _cin(message: Message) -> str:
    """The customer identification number, which only the DCC knows: the last four digits, if there are four."""
    digits = message.payload[-4:]
    return digits.decode("ascii") if digits.isdigit() else "0000"


def _same(field: str, requested: object, seen: object) -> None:
    if requested is not ANY and (requested != seen or isinstance(requested, bool) != isinstance(seen, bool)):
        raise CorrelationError(field, _shown(requested), _shown(seen))


def _shown(value: object) -> str:
    if isinstance(value, bytes) and type(value) is bytes:
        text = value.hex()
        return (
            text if 0 < len(text) <= 80 else f"{text[:24]}..{text[-24:]} ({len(value)} octets)" if text else "nothing"
        )
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _header(request: ServiceRequest, message: Message, of_the_dcc: bool = False) -> None:
    """Compare parties and counters; of a message the DCC sends for itself they are its own."""
    identifier = request.request_id
    _same("command, response or alert", Cra.COMMAND.name, message.cra.name)
    _same("target", identifier.target, message.target)
    if of_the_dcc:
        _same("supplementary remote party", None, message.supplementary_party)
    elif request.critical or message.supplementary_party is None:
        _same("originator", identifier.originator, message.originator)
        _same("originator counter", identifier.counter, message.counter)
        _same("supplementary remote party", None, message.supplementary_party)
    else:
        _same("supplementary remote party", identifier.originator, message.supplementary_party)
        _same("supplementary remote party counter", identifier.counter, message.supplementary_counter)
    certificate = getattr(request.body, "key_agreement_certificate", None)
    if certificate is not None:
        _same("certificate of the user", certificate, message.supplementary_certificate)
    _same("supplementary originator counter", None, message.supplementary_originator_counter)
    _same("date-time", b"", message.date_time)
    if request.critical:
        _same("signature", b"", message.signature or b"")
        _same("MAC", None, message.mac)


def _payload(meaning: Meaning, message: Message) -> None:
    match meaning:
        case Der():
            _der(meaning, message)
        case [Call(), *_]:
            _dlms(meaning, message)  # type: ignore[arg-type]
        case _:
            _gbz(meaning, message)  # type: ignore[arg-type]


def _dlms(calls: Sequence[Call], message: Message) -> None:
    apdu = AccessRequest.parse(message.payload)
    _same("invoke-id", dlms.long_invoke_id(message.counter), apdu.invoke_id)
    _same("number of objects", len(calls), len(apdu.specs))
    for number, (call, spec, data) in enumerate(zip(calls, apdu.specs, apdu.data, strict=True), 1):
        where = f"object {number}"
        _same(f"{where} service", call.verb, _VERBS[spec.choice])
        groups = spec.obis
        obis = f"{groups[0]}-{groups[1]}:{'.'.join(str(group) for group in groups[2:])}"
        _same(where, call.target, f"{spec.class_id}:{obis}:{spec.index}")
        if spec.selector is not None:
            _same(f"{where} access selector", 1, spec.access_selector)
            _value(f"{where} selection", call.selection, spec.selector, message)
        _value(f"{where} value", call.value, data, message)
    _same("encoding", message.payload, bytes(apdu))


def _value(where: str, wanted: Any, data: Data, message: Message) -> None:
    """Compare a decoded A-XDR value with (type name, value); lists go element by element."""
    kind, value = wanted
    _same(f"{where} type", kind, TYPE_NAMES.get(data.tag, data.tag))
    if isinstance(value, list):
        _same(f"{where} length", len(value), len(data.value))
        for number, (each, element) in enumerate(zip(value, data.value, strict=True), 1):
            _value(f"{where}.{number}", each, element, message)
        return
    seen = data.value
    if kind == "octet-string" and (value == "never" or isinstance(value, datetime)):
        _same(where, value, dlms.parse_date_time(seen))
        _same(f"{where} encoding", dlms.date_time(value), seen)
    elif kind == "double-long-unsigned" and isinstance(value, datetime):
        _same(where, value, dlms.from_zigbee_utc(seen))
    elif value == "transaction":
        _same(where, b"\x04" + message.counter.to_bytes(8, "big"), seen)
    elif value in ("user", "target"):
        user = message.originator if message.supplementary_party is None else message.supplementary_party
        _same(where, bytes(user if value == "user" else message.target), seen)
    else:
        _same(where, value.encode("ascii") if isinstance(value, str) else value, seen)


def _gbz(commands: Sequence[Zcl], message: Message) -> None:
    payload = Gbz.parse(message.payload)
    _same("profile", PROFILE, payload.profile)
    _same("number of commands", len(commands), len(payload.components))
    for number, (wanted, seen) in enumerate(zip(commands, payload.components, strict=True), 1):
        where = f"command {number}"
        _same(f"{where} cluster", f"{wanted.cluster:04X}", f"{seen.cluster:04X}")
        _same(f"{where} frame control", f"{wanted.frame_control:02X}", f"{seen.frame_control:02X}")
        _same(f"{where}", f"{wanted.command:02X}", f"{seen.command:02X}")
        _same(f"{where} sequence number", number - 1, seen.tsn)
        _same(f"{where} encryption", False, seen.encrypted)
        _same(f"{where} From Date Time", False, bool(seen.control & FROM_DATE_TIME))
        _zcl(where, wanted.fields, seen)


def _zcl(where: str, fields: Fields, component: GbzComponent) -> None:
    rest = component.payload
    for name, (kind, value) in fields.items():
        size = rest[0] + 1 if kind == "string" and rest else struct.calcsize(f"<{kind}") if kind != "string" else 1
        if size > len(rest):
            raise CorrelationError(f"{where} {name}", _shown(value), "nothing")
        if kind == "string":
            seen: Any = rest[1:size].decode("ascii", "backslashreplace")
        else:
            (seen,) = struct.unpack(f"<{kind}", rest[:size])
            if isinstance(value, datetime):
                seen = dlms.from_zigbee_utc(seen)
        _same(f"{where} {name}", value, seen)
        rest = rest[size:]
    _same(f"{where} further fields", b"", rest)


def _der(meaning: Der, message: Message) -> None:
    payload = message.payload
    parsed: Any
    if meaning.kind == "octets":
        _same("content", meaning.fields["content"], payload)
        return
    if meaning.kind == "update":
        parsed = UpdateCredentials.parse(payload)
    elif meaning.kind == "provide":
        parsed = ProvideCredentials.parse(payload)
    else:
        tree = Tlv.parse(payload)
        _tree(meaning.kind, meaning.fields["content"], tree, message)
        _same("encoding", payload, bytes(_rebuilt(tree)))
        return
    for name, value in meaning.fields.items():
        seen = getattr(parsed, name)
        wanted = message.counter if value == "counter" else value
        if isinstance(wanted, list):
            _same(f"{name} count", len(wanted), len(seen))
            for number, (each, item) in enumerate(zip(wanted, seen, strict=True), 1):
                _record(f"{name} {number}", each, item)
        else:
            _record(name, wanted, seen)
    _same("encoding", payload, bytes(parsed))


def _record(where: str, wanted: Any, seen: Any) -> None:
    """Compare a value, or a dict of attributes with an object."""
    if not isinstance(wanted, dict):
        _same(where, wanted, seen)
        return
    for name, value in wanted.items():
        item = getattr(seen, name)
        _record(f"{where} {name}", value, list(item) if isinstance(value, list) else item)


def _tree(where: str, wanted: Any, tlv: Tlv, message: Message) -> None:
    """Compare a DER element with (tag, value); lists go child by child."""
    tag, value = wanted
    _same(f"{where} type", f"{tag:02X}", f"{tlv.tag:02X}")
    if isinstance(value, DeviceCertificate):
        _certificate(where, bytes(tlv))
    elif isinstance(value, list):
        children = tlv.children
        _same(f"{where} length", len(value), len(children))
        for number, (each, child) in enumerate(zip(value, children, strict=True), 1):
            _tree(f"{where}.{number}", each, child, message)
    elif tag == der.GENERALIZED_TIME:
        _same(where, value, der.as_time(tlv))
    elif tag == der.INTEGER:
        _same(where, message.counter if value == "counter" else value, der.as_integer(tlv))
    else:
        _same(where, value, tlv.value)


def _certificate(where: str, octets: bytes) -> None:
    """A key-agreement certificate of some device; its subject is not compared, see `correlate`."""
    try:
        profile = describe(load_der_x509_certificate(octets))
    except (ValueError, InvalidVersion):
        raise CorrelationError(where, "a device certificate", "octets that are none") from None
    _same(f"{where} kind", ("device", KeyUsage.KEY_AGREEMENT), (profile.kind, profile.key_usage))


def _rebuilt(tlv: Tlv) -> Tlv:
    """The element with every length in its shortest form."""
    if not tlv.constructed:
        return Tlv(tlv.tag, tlv.value)
    return der.constructed(tlv.tag, [_rebuilt(child) for child in tlv.children])
