"""The JSON key store of the DCC Boxed appliance: EUI-64, then key usage, then serial number, then the credential.

    {"90b3d51f30010000": {"keyAgreement": {"1219...": {"certificate": PEM, "privateKey": PEM, "name": "Z1-supplier-ka",
    "role": 2}}}}

A store may hold several sets of credentials of one party ("Z1", "Z1b"); the name before the first dash tells which.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from bench.gbcs.eui import Eui64
from bench.pki.errors import PkiError
from bench.pki.files import load_private_key
from bench.pki.names import Role
from bench.pki.profile import load_certificate

_USAGES = {"digitalSignature": "ds", "keyAgreement": "ka"}
_XML_ROLES = (Role.XML_SIGNING, Role.DCC_XML_SIGNING)
_PREPAYMENT = "PP-"


@dataclass(frozen=True, slots=True)
class Credential:
    """One certificate and, where the store has it, its private key."""

    eui: Eui64
    usage: str  #: "ds", "ka", "pp-ka" or "xml"
    set_name: str
    certificate: x509.Certificate
    private_key: EllipticCurvePrivateKey | None = field(repr=False)


def read_boxed(data: bytes) -> tuple[list[Credential], list[str]]:
    """Return the credentials of a JSON key store, and what is wrong with entries that hold none.

    Raises PkiError if it is no such store at all.
    """
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        raise PkiError("key store: not JSON") from None
    if not isinstance(table, dict):
        raise PkiError("key store: expected an object of EUI-64s")
    read = [entry for text, usages in table.items() for entry in _of_party(text, usages)]
    credentials = [entry for entry in read if isinstance(entry, Credential)]
    return credentials, [entry for entry in read if isinstance(entry, str)]


def _of_party(text: str, usages: Any) -> Iterator[Credential | str]:
    try:
        eui = Eui64.of(text)
    except ValueError:
        raise PkiError(f"key store: {text[:40]!r} is no EUI-64") from None
    if not isinstance(usages, dict) or not usages.keys() <= _USAGES.keys():
        raise PkiError(f"key store: {eui}: expected digitalSignature and keyAgreement")
    for name, serials in usages.items():
        if not isinstance(serials, dict):
            raise PkiError(f"key store: {eui} {name}: expected an object of serial numbers")
        for serial, entry in serials.items():
            try:
                yield _credential(eui, _USAGES[name], entry)
            except PkiError as problem:
                yield f"{eui} {name} {serial[:40]}: {problem}"


def _credential(eui: Eui64, usage: str, entry: Any) -> Credential:
    if not isinstance(entry, dict) or not isinstance(entry.get("certificate"), str):
        raise PkiError("no certificate")
    certificate = load_certificate(entry["certificate"].encode())
    name, key = str(entry.get("name", "")), entry.get("privateKey")
    if entry.get("role") in _XML_ROLES:
        usage = "xml"
    elif usage == "ka" and _PREPAYMENT in name:
        usage = "pp-ka"
    private_key = load_private_key(key.encode()) if isinstance(key, str) else None
    return Credential(eui, usage, name.partition("-")[0], certificate, private_key)


def choose(credentials: list[Credential], set_name: str | None = None) -> list[Credential]:
    """Return one credential for each party and usage: of the set named, else the one that became valid last."""
    chosen: dict[tuple[Eui64, str], Credential] = {}
    for one in credentials:
        best = chosen.get((one.eui, one.usage))
        if best is None or _rank(one, set_name) > _rank(best, set_name):
            chosen[one.eui, one.usage] = one
    return [chosen[slot] for slot in sorted(chosen)]


def _rank(one: Credential, set_name: str | None) -> tuple[bool, Any]:
    return one.set_name == set_name, one.certificate.not_valid_before_utc
