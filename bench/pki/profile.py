"""What a certificate says, and precisely what is wrong with it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from bench.gbcs.eui import Eui64
from bench.gbcs.trust_anchors import KeyUsage
from bench.pki.errors import PkiError
from bench.pki.names import (
    CERTIFICATE_POLICY,
    DEVICE_CERTIFICATE_POLICIES,
    HARDWARE_MODULE_NAME,
    HARDWARE_MODULE_PREFIX,
    UNIQUE_IDENTIFIER,
    USAGE_NAMES,
    Role,
    key_identifier,
)

_KEY_USAGE_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A certificate in the words of the SMKI certificate profile."""

    kind: str  #: "authority", "organisation" or "device"
    eui: Eui64 | None  #: None for an authority
    role: Role | None  #: None for a device, or an authority that names no role
    key_usage: KeyUsage
    ski: bytes  #: subject key identifier, 8 octets
    aki: bytes | None  #: authority key identifier; some test certificates have none
    subject: str
    issuer: str
    serial: int
    not_before: datetime  #: UTC
    not_after: datetime  #: UTC
    public_key: EllipticCurvePublicKey


def load_certificate(data: bytes) -> x509.Certificate:
    """A certificate from DER or PEM octets. Raises PkiError if they are none."""
    try:
        if data.lstrip().startswith(b"-----"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except (ValueError, TypeError, x509.InvalidVersion) as problem:
        raise PkiError(f"not a certificate: {_first_line(problem)}") from None


def load_certificates(data: bytes) -> list[x509.Certificate]:
    """All certificates in PEM octets."""
    try:
        return x509.load_pem_x509_certificates(data)
    except (ValueError, TypeError, x509.InvalidVersion) as problem:
        raise PkiError(f"not PEM certificates: {_first_line(problem)}") from None


def public_key(certificate: x509.Certificate) -> EllipticCurvePublicKey:
    """The P-256 public key of a certificate. Raises PkiError for any other key."""
    try:
        key = certificate.public_key()
    except ValueError as problem:
        raise PkiError(f"public key: {_first_line(problem)}") from None
    except Exception as problem:  # cryptography's UnsupportedAlgorithm is no ValueError
        raise PkiError(f"public key: {_first_line(problem)}") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise PkiError("public key: not on curve P-256")
    return key


def describe(certificate: x509.Certificate) -> Profile:
    """Read a certificate against the profile; raises PkiError naming the first field that departs from it.

    Looks at the certificate alone: dates and issuer are the business of `check_path`.
    """
    if certificate.version is not x509.Version.v3:
        raise PkiError(f"version: {certificate.version.name}, expected v3")
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise PkiError(f"signature algorithm: {certificate.signature_algorithm_oid.dotted_string}, not ecdsa-sha256")
    key = public_key(certificate)
    try:
        extensions = certificate.extensions
        subject, issuer = certificate.subject, certificate.issuer
    except (ValueError, TypeError, x509.DuplicateExtension) as problem:
        raise PkiError(f"extensions or names: {_first_line(problem)}") from None
    usage = _key_usage(extensions)
    ski = _subject_key_identifier(extensions, key)
    kind, eui, role = _identity(subject, extensions, usage)
    _policies(extensions, kind)
    return Profile(
        kind=kind,
        eui=eui,
        role=role,
        key_usage=usage,
        ski=ski,
        aki=_authority_key_identifier(extensions),
        subject=_text(subject),
        issuer=_text(issuer),
        serial=certificate.serial_number,
        not_before=certificate.not_valid_before_utc.astimezone(UTC),
        not_after=certificate.not_valid_after_utc.astimezone(UTC),
        public_key=key,
    )


def _text(name: x509.Name) -> str:
    return ", ".join(
        f"{attribute.rfc4514_attribute_name}="
        + (attribute.value if isinstance(attribute.value, str) else attribute.value.hex())
        for attribute in name
    )


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0] or type(problem).__name__


def _key_usage(extensions: x509.Extensions) -> KeyUsage:
    try:
        extension = extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        raise PkiError("key usage: absent") from None
    value = extension.value
    seen = [name for name in _KEY_USAGE_BITS if getattr(value, name)]
    meaning = {
        ("digital_signature",): KeyUsage.DIGITAL_SIGNATURE,
        ("key_agreement",): KeyUsage.KEY_AGREEMENT,
        ("key_cert_sign",): KeyUsage.KEY_CERT_SIGN,
        ("key_cert_sign", "crl_sign"): KeyUsage.KEY_CERT_SIGN,
    }.get(tuple(seen))
    if meaning is None:
        raise PkiError(f"key usage: {'+'.join(seen) or 'none'}, expected one of {', '.join(USAGE_NAMES.values())}")
    if not extension.critical:
        raise PkiError("key usage: not marked critical")
    return meaning


def _subject_key_identifier(extensions: x509.Extensions, key: EllipticCurvePublicKey) -> bytes:
    try:
        ski = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        raise PkiError("subject key identifier: absent") from None
    expected = key_identifier(key)
    if ski != expected:
        raise PkiError(f"subject key identifier: {ski.hex()}, the public key gives {expected.hex()}")
    return ski


def _authority_key_identifier(extensions: x509.Extensions) -> bytes | None:
    try:
        return extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _identity(
    subject: x509.Name, extensions: x509.Extensions, usage: KeyUsage
) -> tuple[str, Eui64 | None, Role | None]:
    authority = _is_authority(extensions)
    if usage is KeyUsage.KEY_CERT_SIGN or authority:
        if not authority:
            raise PkiError("basic constraints: key usage keyCertSign without CA TRUE")
        if usage is not KeyUsage.KEY_CERT_SIGN:
            raise PkiError(f"basic constraints: CA TRUE with key usage {USAGE_NAMES[usage]}")
        return "authority", None, _role(subject, required=False)
    if not list(subject):
        return "device", _device_eui(extensions), None
    identifiers = subject.get_attributes_for_oid(UNIQUE_IDENTIFIER)
    if len(identifiers) != 1:
        raise PkiError(f"subject: {len(identifiers)} x500UniqueIdentifier, expected 1")
    value = identifiers[0].value
    if isinstance(value, str):
        raise PkiError(f"x500UniqueIdentifier: text {value!r}, expected a bit string of 64 bits")
    if len(value) != 9 or value[0]:
        raise PkiError(f"x500UniqueIdentifier: {value.hex()}, expected a bit string of 64 bits")
    return "organisation", Eui64(value[1:]), _role(subject, required=True)


def _is_authority(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _role(subject: x509.Name, required: bool) -> Role | None:
    units = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not units and not required:
        return None
    if len(units) != 1:
        raise PkiError(f"role: {len(units)} organizationalUnitName in the subject, expected 1")
    text = str(units[0].value)
    if len(text) != 2 or any(digit not in "0123456789ABCDEFabcdef" for digit in text):
        raise PkiError(f"role: organizationalUnitName {text!r}, expected two hex digits")
    try:
        return Role(int(text, 16))
    except ValueError:
        raise PkiError(f"role: {text} is not a remote party role") from None


def _device_eui(extensions: x509.Extensions) -> Eui64:
    try:
        extension = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        raise PkiError("subject alternative name: absent from a certificate with an empty subject") from None
    if not extension.critical:
        raise PkiError("subject alternative name: not marked critical")
    names = [name for name in extension.value if isinstance(name, x509.OtherName)]
    if len(names) != 1 or names[0].type_id != HARDWARE_MODULE_NAME:
        raise PkiError("subject alternative name: not one hardwareModuleName")
    value = names[0].value
    if not value.startswith(HARDWARE_MODULE_PREFIX) or len(value) != len(HARDWARE_MODULE_PREFIX) + 8:
        raise PkiError(f"hardwareModuleName: {value.hex()}, expected hwType 1.2.826.0.1.8641679.1.2.2.1 and 8 octets")
    return Eui64(value[-8:])


def _policies(extensions: x509.Extensions, kind: str) -> None:
    if kind == "authority":
        return
    try:
        extension = extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        raise PkiError("certificate policies: absent") from None
    if not extension.critical:
        raise PkiError("certificate policies: not marked critical")
    allowed = DEVICE_CERTIFICATE_POLICIES if kind == "device" else (CERTIFICATE_POLICY,)
    policies = [policy.policy_identifier for policy in extension.value]
    if not any(policy in allowed for policy in policies):
        raise PkiError(f"certificate policies: {', '.join(policy.dotted_string for policy in policies)}")
