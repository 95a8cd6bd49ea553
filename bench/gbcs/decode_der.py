"""DER payloads as named values (GBCS ASN.1 modules of CS02 to CS09, CCS08, GCS28, GCS59, GCS62).

A payload that is DER but not of the form its message code asks for is given as a tree of elements with a note.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bench.gbcs import der, names
from bench.gbcs.credentials import (
    CredentialsDetails,
    KeyUsage,
    ProvideCredentials,
    Role,
    SeqChange,
    TrustAnchorCell,
    UpdateCredentials,
    UpdateCredentialsAlert,
    UpdateCredentialsResponse,
    UpdateOutcome,
)
from bench.gbcs.der import Tlv, as_fields, as_integer, as_octets, as_sequence, as_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import Cra, Message
from bench.gbcs.present import iso
from bench.gbcs.trust_anchors import Mode, Status

Named = dict[str, Any]
_DEEPEST = 16
_LONGEST_TREE = 512


def payload(message: Message) -> tuple[Named, bytes]:
    """Named payload and the octets its objects give. Raises GbcsError if it is no DER."""
    root = Tlv.parse(message.payload)
    typed = _TYPED.get((message.message_code, message.cra))
    form = _FORMS.get((message.message_code, message.cra))
    try:
        if typed is not None:
            return typed(message.payload)
        if form is not None:
            return form(root), _rebuild(root, 0)
    except GbcsError as error:
        return {"note": str(error), "element": tree(root)}, _rebuild(root, 0)
    return {"element": tree(root)}, _rebuild(root, 0)


def tree(tlv: Tlv, depth: int = 0) -> Named:
    """Any DER element as tag and value, or the elements inside it."""
    found: Named = {"tag": f"{tlv.tag:02X}"}
    if tlv.constructed and depth < _DEEPEST:
        try:
            return found | {"elements": [tree(child, depth + 1) for child in tlv.children]}
        except GbcsError:
            pass
    value = tlv.value if len(tlv.value) <= _LONGEST_TREE else tlv.value[:_LONGEST_TREE]
    return found | {"octets": len(tlv.value), "value": value.hex().upper()}


def _rebuild(tlv: Tlv, depth: int) -> bytes:
    """The element written again from the elements inside it."""
    if not tlv.constructed or depth >= _DEEPEST:
        return bytes(tlv)
    try:
        children = tlv.children
    except GbcsError:
        return bytes(tlv)
    return bytes(Tlv(tlv.tag, b"".join(_rebuild(child, depth + 1) for child in children), tlv.length_octets))


def certificate(data: bytes) -> Named:
    """Summary of a DER certificate: subject, role, usage, key identifier, issuer and validity."""
    from bench.gbcs.certificate import summary

    return summary(data)


def _time(at: datetime | str) -> str:
    return iso(at) if isinstance(at, datetime) else at


def _role(role: Role) -> str:
    return role.name.lower().replace("_", " ")


def _usage(usage: KeyUsage) -> str:
    return usage.name.lower().replace("_", " ")


def _cell_usage(usage: int) -> str:
    return {0: "management", 1: "prepayment top up"}.get(usage, str(usage))


def _cell(cell: TrustAnchorCell) -> Named:
    return {"role": _role(cell.role), "usage": _usage(cell.key_usage), "cell_usage": _cell_usage(cell.cell_usage)}


def _status(status: int) -> Named:
    try:
        return {"status": Status(status).name.lower().replace("_", " "), "status_code": status}
    except ValueError:
        return {"status": str(status), "status_code": status}


def _mode(mode: int) -> Named:
    try:
        return {"mode": Mode(mode).name.lower().replace("_", " "), "mode_code": mode}
    except ValueError:
        return {"mode": str(mode), "mode_code": mode}


def _provide_credentials(data: bytes) -> tuple[Named, bytes]:
    request = ProvideCredentials.parse(data)
    return {"authorising": _cell(request.authorising), "roles": [_role(role) for role in request.roles]}, bytes(request)


def _credentials_details(data: bytes) -> tuple[Named, bytes]:
    details = CredentialsDetails.parse(data)
    roles = []
    for role in details.roles:
        found: Named = {"role": _role(role.role)} | _status(role.status)
        if role.current_seq_number is not None:
            found["current_sequence_number"] = role.current_seq_number
            found["cells"] = [
                {
                    "usage": _usage(cell.key_usage),
                    "cell_usage": _cell_usage(cell.cell_usage),
                    "subject": str(cell.subject),
                    "key_id": cell.key_id.hex().upper(),
                }
                for cell in role.cells
            ]
        roles.append(found)
    return {"credentials": roles}, bytes(details)


def _floors(floors: Sequence[tuple[int, int]]) -> list[Named]:
    return [{"usage": "prepayment top up" if usage == 0 else str(usage), "floor": floor} for usage, floor in floors]


def _change(change: SeqChange) -> Named:
    found: Named = {"role": _role(change.role), "floor": change.floor}
    return found | ({"specialist_floors": _floors(change.specialist)} if change.specialist else {})


def _update_credentials(data: bytes) -> tuple[Named, bytes]:
    request = UpdateCredentials.parse(data)
    found = _mode(request.mode) | {"authorising_sequence_number": request.authorising_seq}
    if request.authorising_cell is not None:
        found["authorising"] = _cell(request.authorising_cell)
    found["time_checks"] = "apply" if request.apply_time_checks else "disapply"
    if request.plaintext_symmetric_key is not None:
        found["contingency_key"] = f"{len(request.plaintext_symmetric_key)} octets, not shown"
    if request.new_party_floor is not None:
        found["new_party_floor"] = request.new_party_floor
    if request.specialist_floors:
        found["specialist_floors"] = _floors(request.specialist_floors)
    if request.other_party_changes:
        found["other_party_changes"] = [_change(change) for change in request.other_party_changes]
    found["replacements"] = [
        {"cell": _cell(one.cell), "certificate": certificate(one.certificate)} for one in request.replacements
    ]
    found["path"] = [certificate(one) for one in request.path]
    found["execution_time"] = "now" if request.execution_time is None else _time(request.execution_time)
    return found, bytes(request)


def _outcome(outcome: UpdateOutcome) -> Named:
    return _mode(outcome.mode) | {
        "authorising_sequence_number": outcome.authorising_seq,
        "changes": [_change(change) for change in outcome.changes],
        "results": [
            {"cell": _cell(result.cell)}
            | _status(result.status)
            | {
                "existing_subject": str(result.existing_subject),
                "existing_key_id": result.existing_key_id.hex().upper(),
                "replacing_subject": str(result.replacing_subject),
                "replacing_key_id": result.replacing_key_id.hex().upper(),
            }
            for result in outcome.results
        ],
    }


def _update_response(data: bytes) -> tuple[Named, bytes]:
    response = UpdateCredentialsResponse.parse(data)
    if response.outcome is None:
        return {"outcome": "future dated or cancelled"}, bytes(response)
    return {"outcome": _outcome(response.outcome)}, bytes(response)


def _update_alert(data: bytes) -> tuple[Named, bytes]:
    alert = UpdateCredentialsAlert.parse(data)
    found = _alert_head(alert.alert_code)
    return found | {"execution_time": _time(alert.execution_time), "outcome": _outcome(alert.outcome)}, bytes(alert)


def _alert_head(code: int) -> Named:
    return {"alert_code": f"{code & 0xFFFF:04X}", "alert_name": names.alert_name(code)}


def _eui(tlv: Tlv) -> str:
    return str(Eui64(as_octets(tlv, "EUI-64", 8)))


def _code(tlv: Tlv, enumeration: str, key: str = "response") -> Named:
    number = as_integer(tlv, enumeration)
    return {key: names.enumeration(enumeration, number), f"{key}_code": number}


def _key_usage(root: Tlv) -> Named:
    (usage,) = as_fields(root, 1, 1, "key usage")
    return {"key_usage": _usage(KeyUsage.read(usage))}


def _issue_credentials_response(root: Tlv) -> Named:
    if root.tag == der.INTEGER:
        return _code(root, "issue credentials response")
    from bench.gbcs.certificate import request_summary

    return {"certification_request": request_summary(bytes(root))}


def _update_certificate(root: Tlv) -> Named:
    der.expect(root, der.SEQUENCE, "certificate")
    return {"certificate": certificate(bytes(root))}


def _update_certificate_response(root: Tlv) -> Named:
    return _code(root, "update certificate response")


def _provide_certificate_response(root: Tlv) -> Named:
    if root.tag == der.INTEGER:
        return _code(root, "provide certificate response")
    return {"certificate": certificate(bytes(root))}


def _join(root: Tlv) -> Named:
    items = as_fields(root, 3, 4, "join")
    found = _code(items[0], "join method", "method") | {"other_device": _eui(items[1])}
    found |= _code(items[2], "device type", "other_device_type")
    return found | ({"certificate": certificate(bytes(items[3]))} if len(items) == 4 else {})


def _join_response(root: Tlv) -> Named:
    return _code(root, "join response")


def _unjoin(root: Tlv) -> Named:
    return {"other_device": _eui(root)}


def _unjoin_response(root: Tlv) -> Named:
    return _code(root, "unjoin response")


def _activate_firmware(root: Tlv) -> Named:
    items = as_fields(root, 2, 3, "activate firmware")
    return {
        "image_hash": as_octets(items[0], "image hash", 32).hex().upper(),
        "originator_counter": as_integer(items[1], "originator counter"),
        "execution_time": _time(as_time(items[2], "execution time")) if len(items) == 3 else "now",
    }


def _firmware_outcome(root: Tlv) -> Named:
    code, version = as_fields(root, 2, 2, "firmware outcome")
    return _code(code, "activate firmware response") | _version(version)


def _version(tlv: Tlv) -> Named:
    return {"firmware_version": as_octets(tlv, "firmware version", 4).hex().upper()}


def _activate_firmware_response(root: Tlv) -> Named:
    if root.tag == der.NULL:
        return {"outcome": "future dated or cancelled"}
    return {"outcome": _firmware_outcome(root)}


def _activate_firmware_alert(root: Tlv) -> Named:
    code, time, counter, outcome = as_fields(root, 4, 4, "activate firmware alert")
    return _alert_head(as_integer(code, "alert code")) | {
        "execution_time": _time(as_time(time)),
        "originator_counter": as_integer(counter, "originator counter"),
        "outcome": _firmware_outcome(outcome),
    }


def _no_parameters(root: Tlv) -> Named:
    der.expect(root, der.NULL, "no parameters")
    return {}


def _log_entry(tlv: Tlv) -> Named:
    device, kind = as_fields(tlv, 2, 2, "device log entry")
    return {"device": _eui(device)} | _code(kind, "device type", "device_type")


def _read_join_details_response(root: Tlv) -> Named:
    items = as_fields(root, 1, 2, "join details")
    found = _code(items[0], "read response")
    if len(items) == 2:
        found["device_log"] = [_log_entry(entry) for entry in as_sequence(items[1], "device log")]
    return found


def _read_firmware_version_response(root: Tlv) -> Named:
    version, code = as_fields(root, 2, 2, "firmware version")
    return _version(version) | _code(code, "firmware version response")


def _firmware_activation_alert(root: Tlv) -> Named:
    code, time, version, result = as_fields(root, 4, 4, "firmware activation alert")
    found = _alert_head(as_integer(code, "alert code")) | {"time": _time(as_time(time))}
    return found | _version(version) | _code(result, "firmware version response")


def _firmware_transfer_alert(root: Tlv) -> Named:
    code, time, device, version, result = as_fields(root, 5, 5, "firmware transfer alert")
    found = _alert_head(as_integer(code, "alert code")) | {"time": _time(as_time(time)), "device": _eui(device)}
    return found | _version(version) | _code(result, "firmware transfer response")


def _set_clock(root: Tlv) -> Named:
    start, end = as_fields(root, 2, 2, "set clock")
    return {"validity_start": _time(as_time(start)), "validity_end": _time(as_time(end))}


def _set_clock_response(root: Tlv) -> Named:
    time, status = as_fields(root, 2, 2, "set clock response")
    return {"device_time": _time(as_time(time))} | _code(status, "time status", "status")


def _restore_device_log(root: Tlv) -> Named:
    (log,) = as_fields(root, 1, 1, "restore device log")
    return {"device_log": [_log_entry(entry) for entry in as_sequence(log, "device log")]}


def _restore_device_log_response(root: Tlv) -> Named:
    (log,) = as_fields(root, 1, 1, "restore device log response")
    pairs = [as_fields(entry, 2, 2, "restored entry") for entry in as_sequence(log, "device log")]
    return {"device_log": [_log_entry(entry) | _code(code, "join response") for entry, code in pairs]}


def _device_log_alert(root: Tlv) -> Named:
    code, time, log = as_fields(root, 3, 3, "device log alert")
    return _alert_head(as_integer(code, "alert code")) | {
        "time": _time(as_time(time)),
        "device_log": [_log_entry(entry) for entry in as_sequence(log, "device log")],
    }


_C, _R, _A = Cra.COMMAND, Cra.RESPONSE, Cra.ALERT
_UPDATE_CODES = (*range(0x0100, 0x010A), 0x0125, 0x0126)
_TYPED: dict[tuple[int, Cra], Callable[[bytes], tuple[Named, bytes]]] = {
    **{(code, _C): _provide_credentials for code in (0x0008, 0x011B)},
    **{(code, _R): _credentials_details for code in (0x0008, 0x011B)},
    **{(code, _C): _update_credentials for code in _UPDATE_CODES},
    **{(code, _R): _update_response for code in _UPDATE_CODES},
    **{(code, _A): _update_alert for code in (0x00CB, 0x0124)},
}
_JOINS = (0x000D, 0x000E, 0x00AB, 0x00AF)
_FORMS: dict[tuple[int, Cra], Callable[[Tlv], Named]] = {
    (0x000A, _C): _key_usage,
    (0x000A, _R): _issue_credentials_response,
    (0x000B, _C): _update_certificate,
    (0x000B, _R): _update_certificate_response,
    (0x000C, _C): _key_usage,
    (0x000C, _R): _provide_certificate_response,
    **{(code, _C): _join for code in _JOINS},
    **{(code, _R): _join_response for code in _JOINS},
    **{(code, _C): _unjoin for code in (0x000F, 0x0010)},
    **{(code, _R): _unjoin_response for code in (0x000F, 0x0010)},
    (0x0012, _C): _activate_firmware,
    (0x0012, _R): _activate_firmware_response,
    (0x00CA, _A): _activate_firmware_alert,
    (0x0013, _C): _no_parameters,
    (0x0013, _R): _read_join_details_response,
    (0x0129, _C): _no_parameters,
    (0x0129, _R): _read_firmware_version_response,
    (0x012B, _A): _firmware_activation_alert,
    (0x0128, _A): _firmware_transfer_alert,
    (0x007F, _C): _set_clock,
    (0x007F, _R): _set_clock_response,
    (0x008C, _C): _restore_device_log,
    (0x008C, _R): _restore_device_log_response,
    (0x00B2, _A): _device_log_alert,
}
