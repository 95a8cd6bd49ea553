"""What the pre-command of each service reference variant has to say, as plain values for `bench.dcc.correlate`.

Written separately from the catalogue on purpose: two accounts of the same rules that must agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bench.dcc.record import CANCEL
from bench.gbcs import der
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role


class _Any:
    def __repr__(self) -> str:
        return "anything"


ANY: Final = _Any()  #: a field that the request does not determine

Fields = dict[str, tuple[str, Any]]  #: name -> (struct letter or "string", value), in order


@dataclass(frozen=True, slots=True)
class Call:
    """One DLMS access: service, ``class:logical name:index``, value and selection as (type name, value)."""

    verb: str
    target: str
    value: tuple[str, Any] = ("null-data", None)
    selection: tuple[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Zcl:
    """One ZCL command."""

    cluster: int
    frame_control: int
    command: int
    fields: Fields


@dataclass(frozen=True, slots=True)
class Der:
    """A DER payload: attributes of the decoded command, or its tree under "content"."""

    kind: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """A key-agreement certificate of a device; the request does not say which one."""


class Among(tuple[int, ...]):
    """Equal to each of its values: the request does not decide between them."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other in tuple(self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


Meaning = Sequence[Call] | Sequence[Zcl] | Der
Expectation = Callable[[Any], dict[int, Meaning]]  #: typed body -> message code -> what it has to say

_DIGITAL, _AGREEMENT = (der.BIT_STRING, bytes.fromhex("0780")), (der.BIT_STRING, bytes.fromhex("0308"))


def _time(at: datetime | None) -> datetime | str | None:
    """An execution time as GBCS decodes it."""
    return "never" if at == CANCEL else at


def _optional_time(at: datetime | None) -> list[tuple[int, Any]]:
    return [] if at is None else [(der.GENERALIZED_TIME, _time(at))]


def _clock(body: Any) -> dict[int, Meaning]:
    start, end = body.current, body.current + timedelta(seconds=body.tolerance)
    window = [("octet-string", "never"), ("octet-string", start), ("octet-string", end)]
    clock = "8:0-0:1.0.0.255"
    return {
        0x0062: [
            Call("set", f"{clock}:9", ("enum", 5)),
            Call("action", f"{clock}:5", ("structure", window)),
            Call("action", f"{clock}:4", ("integer", 0)),
            Call("get", f"{clock}:2"),
            Call("get", f"{clock}:4"),
        ],
        0x007F: Der(
            "validity", {"content": (der.SEQUENCE, [(der.GENERALIZED_TIME, start), (der.GENERALIZED_TIME, end)])}
        ),
    }


def _script(code: int, number: int, gas: dict[int, Meaning] | None = None) -> Expectation:
    meaning = [Call("action", "9:0-0:10.0.106.255:1", ("long-unsigned", number))]
    return lambda body: {code: meaning, **(gas or {})}


def _valve(status: int) -> list[Zcl]:
    """Change Supply: the valve closed (0) or armed (1)."""
    fields: Fields = {
        "provider": ("I", 0),
        "issuer event": ("I", ANY),
        "request time": ("I", 0),
        "implementation time": ("I", 0),
        "proposed supply status": ("B", status),
        "control": ("B", 1),
    }
    return [Zcl(0x0702, 0x01, 0x0B, fields)]


def _cell(role: Role, usage: KeyUsage, cell_usage: int = 0) -> dict[str, Any]:
    return {"role": role, "key_usage": usage, "cell_usage": cell_usage, "explicit_usage": False}


def _replacements(role: Role, party: Any) -> list[dict[str, Any]]:
    listed = [{"certificate": party.digital_signing, "cell": _cell(role, KeyUsage.DIGITAL_SIGNATURE)}]
    if party.key_agreement is not None:
        listed.append({"certificate": party.key_agreement, "cell": _cell(role, KeyUsage.KEY_AGREEMENT)})
    if party.key_agreement_top_up is not None:
        listed.append({"certificate": party.key_agreement_top_up, "cell": _cell(role, KeyUsage.KEY_AGREEMENT, 1)})
    return listed


_KNOWN_PARTIES = {
    "Supplier": (0x0102, Mode.SUPPLIER_BY_SUPPLIER, Role.SUPPLIER),
    "NetworkOperator": (0x0103, Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR, Role.NETWORK_OPERATOR),
    "LoadController": (0x0126, Mode.LOAD_CONTROLLER_BY_SUPPLIER, Role.LOAD_CONTROLLER),
}


def _update_by_known_party(body: Any) -> dict[int, Meaning]:
    if body.role not in _KNOWN_PARTIES:
        return {}
    code, mode, role = _KNOWN_PARTIES[body.role]
    itself = role is not Role.LOAD_CONTROLLER
    special = [] if body.top_up_floor is None else [(0, body.top_up_floor)]
    change = {"role": role, "floor": body.floor or 0, "specialist": special}
    fields = {
        "mode": mode,
        "authorising_seq": "counter",
        "authorising_cell": _cell(role if itself else Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE),
        "apply_time_checks": body.apply_time_checks,
        "explicit_time_checks": False,
        "plaintext_symmetric_key": None,
        "new_party_floor": body.floor if itself else None,
        "specialist_floors": special if itself else [],
        "other_party_changes": [] if itself or body.floor is None else [change],
        "replacements": _replacements(role, body.certificates.party),
        "path": list(body.path.certificates),
        "execution_time": _time(body.execute_at),
    }
    return {code: Der("update", fields)}


def _activate(body: Any) -> dict[int, Meaning]:
    image = (der.OCTET_STRING, body.firmware_hash)
    tree = [image, (der.INTEGER, "counter"), *_optional_time(body.execute_at)]
    return {0x0012: Der("firmware", {"content": (der.SEQUENCE, tree)})}


def _credential_type(code: int) -> Expectation:
    def expect(body: Any) -> dict[int, Meaning]:
        usage = _DIGITAL if body.credential_type == "Digital Signature" else _AGREEMENT
        return {code: Der("key usage", {"content": (der.SEQUENCE, [usage])})}

    return expect


def _protected(target: str, inner: tuple[int, str, int], period: Any = None) -> Call:
    class_id, obis, attribute = inner
    restriction: list[tuple[str, Any]] = [("enum", 0), ("null-data", None)]
    if period is not None:
        limits = [("octet-string", period.start), ("octet-string", period.end)]
        restriction = [("enum", 1), ("structure", limits)]
    item = ("structure", [("long-unsigned", class_id), ("octet-string", bytes.fromhex(obis)), ("integer", attribute),
                          ("long-unsigned", 0), ("structure", restriction)])  # fmt: skip
    key = ("structure", [("enum", 2), ("structure", [("octet-string", b"\x02"), ("octet-string", b"")])])
    titles = [("octet-string", "transaction"), ("octet-string", "user"), ("octet-string", "target")]
    parameters = ("structure", [("enum", 2), ("structure", [*titles, ("octet-string", b""), key])])
    return Call("action", target, ("structure", [("array", [item]), ("array", [parameters])]))


_LOGS = {
    "Event": {0x0048: "0-0:99.98.0.255", 0x0093: "0-0:99.98.0.255"},
    "Security": {0x0049: "0-0:99.98.1.255", 0x0094: "0-0:99.98.1.255"},
    "PowerEvent": {0x00B9: "0-0:99.98.4.255"},
    "ALCSEvent": {0x00BA: "0-17:99.98.2.255"},
    "AuxiliaryControllerEvent": {0x00FD: "0-17:99.98.2.255"},
}
_GAS_LOGS = {"Event": (0x0014, 0x13), "Security": (0x00A1, 0x04)}


def _read_log(body: Any) -> dict[int, Meaning]:
    period = body.period
    time = [("long-unsigned", 1), ("octet-string", bytes.fromhex("00005E2C64FF")), ("integer", 2), ("long-unsigned", 0)]
    between = [("double-long-unsigned", period.start), ("double-long-unsigned", period.end)]
    selection = ("structure", [("structure", time), *between, ("array", [])])
    meanings: dict[int, Meaning] = {
        code: [Call("get with selection", f"7:{obis}:2", selection=selection)] for code, obis in _LOGS[body.log].items()
    }
    if body.log in _GAS_LOGS:
        code, log = _GAS_LOGS[body.log]
        fields: Fields = {"log": ("B", log), "event": ("H", 0), "start": ("I", period.start), "end": ("I", period.end),
                          "number of events": ("B", 0), "offset": ("H", 0)}  # fmt: skip
        meanings[code] = [Zcl(0x0709, 0x01, 0x00, fields)]
    return meanings


def _attributes(cluster: int, *attributes: int) -> list[Zcl]:
    return [Zcl(cluster, 0, 0, {f"attribute {number}": ("H", each) for number, each in enumerate(attributes, 1)})]


def _profile(body: Any) -> dict[int, Meaning]:
    period = body.period
    samples = int((period.end - period.start).total_seconds() // 1800) + 1
    fields: Fields = {"sample": ("H", 0), "earliest": ("I", period.start), "type": ("B", 0), "samples": ("H", samples)}
    electricity = _protected("30:0-0:43.2.7.255:1", (7, "0000630100FF", 2), period)
    return {0x0037: [electricity], 0x0078: [Zcl(0x0702, 0x01, 0x08, fields)]}


def _message(body: Any) -> dict[int, Meaning]:
    fields: Fields = {"message id": ("I", ANY), "control": ("B", 0), "start": ("I", 0), "duration": ("H", 0xFFFF),
                      "message": ("string", body.message)}  # fmt: skip
    text = ("octet-string", body.message)
    return {0x0021: [Call("set", "1:0-2:96.13.1.255:2", text)], 0x0071: [Zcl(0x0703, 0x09, 0x00, fields)]}


def _mpxn(body: Any) -> dict[int, Meaning]:
    if body.mpans is not None:
        digits = ("octet-string", body.mpans.primary + (body.mpans.secondary or ""))
        return {0x004C: [Call("set", "1:0-0:94.44.34.11:2", digits)]}
    fields: Fields = {"issuer event": ("I", ANY), "time": ("I", 0), "provider": ("I", 0), "site": ("string", body.mprn)}
    return {0x0087: [Zcl(0x0708, 0x09, 0x03, fields)]}


_GSME, _ESME, _GPF, _HCALCS, _PPMID = 0, 1, 3, 4, 5  #: device types (GBCS 13)
_METHOD_C = 3


def _join(*partners: tuple[int, int, tuple[int, ...]]) -> Expectation:
    """Message code, method and types the other device may have."""

    def expect(body: Any) -> dict[int, Meaning]:
        meanings: dict[int, Meaning] = {}
        for code, method, kinds in partners:
            tree: list[tuple[int, Any]] = [
                (der.INTEGER, method),
                (der.OCTET_STRING, bytes(body.other)),
                (der.INTEGER, Among(kinds)),
            ]
            if method == _METHOD_C:
                tree.append((der.SEQUENCE, DeviceCertificate()))
            meanings[code] = Der("join", {"content": (der.SEQUENCE, tree)})
        return meanings

    return expect


def _unjoin(*codes: int) -> Expectation:
    return lambda body: {code: Der("device", {"content": (der.OCTET_STRING, bytes(body.other))}) for code in codes}


def _provide(body: Any) -> dict[int, Meaning]:
    numbers = {"Root": 0, "Recovery": 1, "Supplier": 2, "NetworkOperator": 3, "AccessControlBroker": 4,
               "TransitionalCoS": 5, "WANProvider": 6, "LoadController": 8}  # fmt: skip
    roles = [Role(numbers[role]) for role in body.roles]
    fields = {"authorising": _cell(Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT), "roles": roles}
    return {0x011B if "LoadController" in body.roles else 0x0008: Der("provide", fields)}


def _update_by_cos_party(body: Any) -> dict[int, Meaning]:
    special = [] if body.top_up_floor is None else [(0, body.top_up_floor)]
    change = {"role": Role.SUPPLIER, "floor": body.supplier_floor, "specialist": special}
    fields = {
        "mode": Mode.SUPPLIER_BY_TRANS_COS,
        "authorising_seq": "counter",
        "authorising_cell": _cell(Role.TRANSITIONAL_COS, KeyUsage.DIGITAL_SIGNATURE),
        "apply_time_checks": body.apply_time_checks,
        "explicit_time_checks": False,
        "plaintext_symmetric_key": None,
        "new_party_floor": None,
        "specialist_floors": [],
        "other_party_changes": [] if body.execute_at == CANCEL else [change],
        "replacements": _replacements(Role.SUPPLIER, body.certificates),
        "path": list(body.path.certificates),
        "execution_time": _time(body.execute_at),
    }
    return {0x0107: Der("update", fields)}


def _device_log(body: Any) -> dict[int, Meaning]:
    log = "104:0-0:30.3.0.255:4"
    hub: dict[int, Meaning]
    if body.security_details:
        hub = {0x00FE: [Call("action", log), Call("action", "104:0-0:30.3.1.255:4")]}
    else:
        hub = {0x010F: [Call("get", log)], 0x0004: [Call("get", log)]}
    return hub | {0x0013: Der("nothing", {"content": (der.NULL, b"")})}


EXPECTATIONS: dict[str, Expectation] = {
    "6.15.2": lambda body: {0x000B: Der("octets", {"content": body.certificate})},
    "6.21": _update_by_known_party,
    "6.23": _update_by_cos_party,
    "6.24.1": _provide,
    "8.7.1": _join((0x000D, 0, (_HCALCS, _PPMID)), (0x00AB, 1, (_ESME,)), (0x00AF, _METHOD_C, (_PPMID,))),
    "8.7.2": _join((0x00AB, 1, (_ESME,)), (0x000E, 2, (_GPF,)), (0x00AF, _METHOD_C, (_GSME,))),
    "8.8.1": _unjoin(0x000F),
    "8.8.2": _unjoin(0x000F, 0x0010),
    "8.9": _device_log,
    "3.1": _message,
    "4.1.1": lambda body: {
        0x0027: [_protected("30:0-0:43.2.8.255:1", (1, "00005E2C220A", 2))],
        0x0074: _attributes(0x0702, 0x0302, 0x0301, 0x0300, 0x0000),
    },
    "4.8.1": _profile,
    "6.11": _clock,
    "6.13": _read_log,
    "6.15.1": _update_by_known_party,
    "6.17": _credential_type(0x000A),
    "6.20.1": _mpxn,
    "6.24.2": _credential_type(0x000C),
    "7.1": _script(0x004F, 51),
    "7.2": _script(0x0050, 52, {0x0081: _valve(0)}),
    "7.3": _script(0x0051, 54, {0x0085: _valve(1)}),
    "7.4": lambda body: {
        0x0052: [Call("get", "70:0-0:96.3.10.255:3")],
        0x0082: _attributes(0x0702, 0x0205, 0x0014),
    },
    "8.1.1": _clock,
    "11.2": lambda body: {
        0x0059: [Call("get", "1:0-0:0.2.1.255:2")],
        0x0084: _attributes(0x0702, 0x0206),
        0x0129: Der("nothing", {"content": (der.NULL, b"")}),
    },
    "11.3": _activate,
}
