"""GBCS payloads in DER: security credentials, firmware activation, gas meter clock."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from bench.dcc.bodies import ROLES, ReplacementCertificates, UpdateSecurityCredentialsCoS, UpdateSecurityCredentialsKRP
from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, Device
from bench.dcc.record import CANCEL
from bench.gbcs import der
from bench.gbcs.der import Tlv

SUPPLIER, ACCESS_CONTROL_BROKER, TRANSITIONAL_COS, LOAD_CONTROLLER = 2, 4, 5, 8
SUPPLIER_BY_TRANS_COS, LOAD_CONTROLLER_BY_SUPPLIER = 7, 11
TOP_UP = 0  #: usage of a specialist floor
_APPLY_CHECKS, _AUTHORISING_CELL, _AUTHORISING_SEQUENCE, _NEW_FLOOR, _SPECIALIST, _OTHERS = (
    0x81,
    0xA2,
    0x83,
    0x84,
    0xA5,
    0xA6,
)

#: replacement mode (GBCS 13) by the role 6.15.1 names
_KRP_MODES = {"Supplier": 2, "NetworkOperator": 3, "LoadController": LOAD_CONTROLLER_BY_SUPPLIER}


def _digital_signature() -> Tlv:
    return der.bit_string(b"\x80", 7)


def _key_agreement() -> Tlv:
    return der.bit_string(b"\x08", 3)


def _cell(role: int, usage: Tlv, cell_usage: int = 0) -> list[Tlv]:
    """A trust anchor cell; the default cell usage (management) is left out."""
    return [der.integer(role), usage, *([der.integer(cell_usage)] if cell_usage else [])]


def _execution(body: UpdateSecurityCredentialsCoS | UpdateSecurityCredentialsKRP | object) -> list[Tlv]:
    at = getattr(body, "execute_at", None)
    if at is None:
        return []
    return [der.generalized_time("never" if at == CANCEL else at)]


def _top_up_floor(floor: int | None) -> list[Tlv]:
    return [] if floor is None else [der.sequence([der.integer(TOP_UP), der.integer(floor)])]


def _change(role: int, floor: int, top_up: int | None) -> Tlv:
    """A sequence number change for a role other than the authorising one."""
    special = _top_up_floor(top_up)
    return der.sequence([der.integer(role), der.integer(floor), *([der.sequence(special)] if special else [])])


def _replacements(role: int, certificates: ReplacementCertificates) -> Tlv:
    cells = (
        (certificates.digital_signing, _digital_signature(), 0),
        (certificates.key_agreement, _key_agreement(), 0),
        (certificates.key_agreement_top_up, _key_agreement(), 1),
    )
    return der.sequence(
        der.sequence([certificate, der.sequence(_cell(role, usage, cell_usage))])
        for certificate, usage, cell_usage in cells
        if certificate is not None
    )


def _update(context: Context, mode: int, role: int, authorising: int, floors: Sequence[Tlv]) -> bytes:
    """CS02b or CS02g (GBCS 13): control, replacements, path, execution time."""
    body = context.body
    checks = [] if body.apply_time_checks else [der.integer(1, tag=_APPLY_CHECKS)]
    control = der.sequence(
        [
            der.integer(mode),
            *checks,
            der.constructed(_AUTHORISING_CELL, _cell(authorising, _digital_signature())),
            der.integer(context.counter, tag=_AUTHORISING_SEQUENCE),
            *floors,
        ]
    )
    certificates = body.certificates
    party = certificates if isinstance(certificates, ReplacementCertificates) else certificates.party
    path = der.sequence(body.path.certificates)
    return bytes(der.sequence([control, _replacements(role, party), path, *_execution(body)]))


def update_by_cos_party(context: Context) -> bytes:
    """CS02b supplierByTransCoS (6.23). A cancellation changes no counter floor, whatever the request says."""
    body: UpdateSecurityCredentialsCoS = context.body
    floors = []
    if body.execute_at != CANCEL:
        change = _change(SUPPLIER, body.supplier_floor, body.top_up_floor)
        floors = [der.constructed(_OTHERS, [change])]
    return _update(context, SUPPLIER_BY_TRANS_COS, SUPPLIER, TRANSITIONAL_COS, floors)


def update_by_known_party(context: Context) -> bytes:
    """CS02b by the party itself, or CS02g by the supplier for a load controller (6.15.1)."""
    body: UpdateSecurityCredentialsKRP = context.body
    role = ROLES[body.role]
    if role == LOAD_CONTROLLER:
        floors = [] if body.floor is None else [_others(role, body)]
        return _update(context, _KRP_MODES[body.role], role, SUPPLIER, floors)
    floors = [] if body.floor is None else [der.integer(body.floor, tag=_NEW_FLOOR)]
    special = _top_up_floor(body.top_up_floor)
    floors += [der.constructed(_SPECIALIST, special)] if special else []
    return _update(context, _KRP_MODES[body.role], role, role, floors)


def _others(role: int, body: UpdateSecurityCredentialsKRP) -> Tlv:
    return der.constructed(_OTHERS, [_change(role, body.floor or 0, body.top_up_floor)])


def provide_credentials(context: Context) -> bytes:
    """CS02a and CS02f asked by the access control broker (6.24.1)."""
    cell = der.sequence(_cell(ACCESS_CONTROL_BROKER, _key_agreement()))
    roles = der.sequence(der.integer(ROLES[role]) for role in context.body.roles)
    return bytes(der.sequence([cell, roles]))


def credential_type(context: Context) -> bytes:
    """CS02c and CS02e: which of the device's key pairs."""
    usage = _digital_signature() if context.body.credential_type == "Digital Signature" else _key_agreement()
    return bytes(der.sequence([usage]))


def activate_firmware(context: Context) -> bytes:
    """CS06: image hash, counter, time if future dated."""
    body = context.body
    return bytes(der.sequence([der.octets(body.firmware_hash), der.integer(context.counter), *_execution(body)]))


def gas_clock(context: Context) -> bytes:
    """GCS28: the clock may be set while it is between the current time and the end of the tolerance."""
    start = context.body.current
    end = start + timedelta(seconds=context.body.tolerance)
    return bytes(der.sequence([der.generalized_time(start), der.generalized_time(end)]))


def nothing(context: Context) -> bytes:
    """NULL: CS07 and CS08."""
    return bytes(der.null())


def handover(context: Context) -> bytes:
    """CS02b by which the access control broker hands a gas proxy's cells to a user (6.21)."""
    return update_by_known_party(context)


def device_certificate(context: Context) -> bytes:
    """CS02d: the certificate itself."""
    certificate: bytes = context.body.certificate
    return certificate


#: DeviceType of GBCS 13 (facts sheet 6.1)
DEVICE_TYPES = {
    Device.GSME: 0,
    Device.ESME: 1,
    Device.CHF: 2,
    Device.GPF: 3,
    Device.HCALCS: 4,
    Device.PPMID: 5,
    Device.IHD: 6,
    Device.CAD: 6,
}
METHOD_C = 3

#: join method and type of the target -> type of the other device if nobody says it
_PARTNERS = {
    (0, Device.ESME): Device.HCALCS,
    (1, Device.HCALCS): Device.ESME,
    (1, Device.PPMID): Device.ESME,
    (2, Device.GSME): Device.GPF,
    (2, Device.ESME): Device.IHD,
    (2, Device.GPF): Device.IHD,
    (3, Device.GSME): Device.PPMID,
    (3, Device.PPMID): Device.GSME,
}


def join(context: Context, method: str) -> bytes:
    """CS03: method, other device and its type; for method C its key-agreement certificate too."""
    number = int(method)
    kind = context.other or _PARTNERS[number, context.device]
    if kind not in DEVICE_TYPES:
        raise DuisError(f"other: a {kind} cannot be joined")
    parts = [der.integer(number), der.octets(context.body.other), der.integer(DEVICE_TYPES[kind])]
    fields: list[Tlv | bytes] = list(parts)
    if number == METHOD_C:
        if context.other_certificate is None:
            raise DuisError("other_certificate: the key-agreement certificate of the other device is needed")
        fields.append(context.other_certificate)
    return bytes(der.sequence(fields))


def unjoin(context: Context) -> bytes:
    """CS04: the other device."""
    return bytes(der.octets(context.body.other))


def gpf_log(context: Context) -> bytes:
    """GCS59: (device, type) of each entry of the old gas proxy's log, which only the DCC knows."""
    try:
        devices = context.facts["gpf_log"]
    except KeyError:
        raise DuisError("facts: the log of the old gas proxy is needed as gpf_log, it is not in the request") from None
    entries = (der.sequence([der.octets(eui), der.integer(DEVICE_TYPES[Device(kind)])]) for eui, kind in devices)
    return bytes(der.sequence([der.sequence(entries)]))


#: builder by the name the catalogue uses
DER: dict[str, Callable[..., bytes]] = {
    builder.__name__: builder
    for builder in (
        activate_firmware, credential_type, device_certificate, gas_clock, gpf_log, handover, join, nothing,
        provide_credentials, unjoin, update_by_cos_party, update_by_known_party,
    )
}  # fmt: skip
