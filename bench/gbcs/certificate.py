"""Summaries of the X.509 certificates and certification requests inside messages (GBCS 12)."""

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.gbcs.clock_text import iso
from bench.gbcs.keystore import role, subject_eui
from bench.gbcs.trust_anchors import Role

_USAGES = ("digital_signature", "key_agreement", "key_cert_sign", "crl_sign")


def summary(data: bytes) -> dict[str, Any]:
    """Subject, role, usages, key identifier, issuer, serial and validity; for a damaged certificate that it is one."""
    try:
        certificate = x509.load_der_x509_certificate(data)
        found: dict[str, Any] = {}
        subject = subject_eui(certificate)
        if subject is not None:
            found["subject"] = str(subject)
        number = role(certificate)
        if number is not None:
            found["role"] = _role(number)
        if certificate.subject.rdns:
            found["subject_name"] = certificate.subject.rfc4514_string()
        found["usage"] = _usages(certificate.extensions)
        key_id = _key_id(certificate.extensions)
        if key_id:
            found["key_id"] = key_id.hex().upper()
        return found | {
            "issuer": certificate.issuer.rfc4514_string(),
            "serial": f"{certificate.serial_number:X}",
            "not_before": iso(certificate.not_valid_before_utc),
            "not_after": _expiry(certificate.not_valid_after_utc),
        }
    except Exception:  # damaged octets surface as many kinds: TypeError, DuplicateExtension, InvalidVersion...
        return {"damaged": True, "octets": len(data)}


def request_summary(data: bytes) -> dict[str, Any]:
    """Public key, usages and whether the signature is good of a PKCS#10 request."""
    try:
        request = x509.load_der_x509_csr(data)
        key = request.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        usages = _usages(request.extensions)
        return {"public_key": key.hex().upper(), "usage": usages, "self_signed": request.is_signature_valid}
    except Exception:  # damaged octets surface as many kinds: TypeError, DuplicateExtension, InvalidVersion...
        return {"damaged": True, "octets": len(data)}


def _role(number: int) -> str:
    try:
        return Role(number).name.lower().replace("_", " ")
    except ValueError:
        return f"{number:02X}"


def _usages(extensions: x509.Extensions) -> list[str]:
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return []
    return [name.replace("_", " ") for name in _USAGES if getattr(usage, name)]


def _key_id(extensions: x509.Extensions) -> bytes | None:
    try:
        return extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _expiry(at: datetime) -> str:
    return "never" if at.year == 9999 else iso(at)
