"""Building certificates in the SMKI profile: authorities, organisations, devices. Same input, same octets."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from bench.gbcs.eui import Eui64
from bench.gbcs.trust_anchors import KeyUsage
from bench.pki.errors import PkiError
from bench.pki.names import (
    CERTIFICATE_POLICY,
    HARDWARE_MODULE_NAME,
    HARDWARE_MODULE_PREFIX,
    UNIQUE_IDENTIFIER,
    USAGES,
    Role,
    key_identifier,
)

#: "no well-defined expiry" (RFC 5280 4.1.2.5); every device certificate carries it
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Authority:
    """A certification authority: its certificate and the key that signs."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def name(self) -> x509.Name:
        """The subject name, which is the issuer name of what it signs."""
        return self.certificate.subject


def _material(seed: int | str, label: str, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=b"bench.pki", info=label.encode()).derive(str(seed).encode() or b"\0")


def derive_private_key(seed: int | str, label: str) -> ec.EllipticCurvePrivateKey:
    """P-256 private key whose scalar is HKDF-SHA256 of the seed and a label. A test key: the seed is no secret."""
    scalar = int.from_bytes(_material(seed, f"key:{label}", 48), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def derive_serial(seed: int | str, label: str) -> int:
    """A positive serial number of exactly sixteen octets."""
    return int.from_bytes(_material(seed, f"serial:{label}", 16), "big") & (1 << 127) - 1 | 1 << 126


def _utf8(oid: x509.ObjectIdentifier, value: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(oid, value, _type=_ASN1Type.UTF8String)


def authority_name(common_name: str, role: Role | None) -> x509.Name:
    """Name of an authority: role (if any) as OU, then CN."""
    unit = [] if role is None else [_utf8(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}")]
    return x509.Name([*unit, _utf8(NameOID.COMMON_NAME, common_name)])


def organisation_name(eui: Eui64, role: Role, common_name: str | None = None) -> x509.Name:
    """Name of an organisation: CN (if any), role as OU, EUI-64 as x500UniqueIdentifier (a bit string)."""
    attributes: list[x509.NameAttribute[str] | x509.NameAttribute[bytes]] = []
    if common_name is not None:
        attributes.append(_utf8(NameOID.COMMON_NAME, common_name))
    attributes.append(_utf8(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{role:02X}"))
    attributes.append(x509.NameAttribute(UNIQUE_IDENTIFIER, b"\0" + bytes(eui), _type=_ASN1Type.BitString))
    return x509.Name(attributes)


def _key_usage(usage: KeyUsage) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=usage is KeyUsage.DIGITAL_SIGNATURE,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=usage is KeyUsage.KEY_AGREEMENT,
        key_cert_sign=usage is KeyUsage.KEY_CERT_SIGN,
        crl_sign=usage is KeyUsage.KEY_CERT_SIGN,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    usage: KeyUsage,
    *,
    serial: int,
    validity: tuple[datetime, datetime],
    issuer: Authority | None,
    own_key: ec.EllipticCurvePrivateKey | None = None,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    issuer_key = own_key if issuer is None else issuer.private_key
    if issuer_key is None:
        raise PkiError("issuer: neither an authority nor a key of its own")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.name)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(_key_usage(usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier(key_identifier(public_key)), critical=False)
    )
    policy = x509.CertificatePolicies([x509.PolicyInformation(CERTIFICATE_POLICY, None)])
    parent = x509.AuthorityKeyIdentifier(key_identifier(issuer_key.public_key()), None, None)
    for extension, critical in [*extensions, (policy, True), (parent, False)]:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)


def authority(
    common_name: str,
    private_key: ec.EllipticCurvePrivateKey,
    *,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    issuer: Authority | None = None,
    role: Role | None = None,
    contingency: x509.UnrecognizedExtension | None = None,
) -> Authority:
    """A root (no issuer, self-signed, role 00) or an issuing authority below one (role 07, path length 0).

    `contingency` is the wrapped contingency key of a root.
    """
    chosen = (Role.ROOT if issuer is None else Role.ISSUING_AUTHORITY) if role is None else role
    subject = authority_name(common_name, chosen)
    certificate = _certificate(
        subject,
        private_key.public_key(),
        KeyUsage.KEY_CERT_SIGN,
        serial=serial,
        validity=(not_before, not_after),
        issuer=issuer,
        own_key=private_key,
        extensions=[
            (x509.BasicConstraints(ca=True, path_length=None if issuer is None else 0), True),
            *([] if contingency is None else [(contingency, False)]),
        ],
    )
    return Authority(certificate, private_key)


def organisation_certificate(
    issuer: Authority,
    eui: Eui64,
    role: Role,
    usage: str,
    public_key: ec.EllipticCurvePublicKey,
    *,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    common_name: str | None = None,
) -> x509.Certificate:
    """Certificate of a remote party for usage "ds", "ka", "pp-ka" or "xml"."""
    subject = organisation_name(eui, role, common_name)
    return _certificate(
        subject,
        public_key,
        _usage(usage),
        serial=serial,
        validity=(not_before, not_after),
        issuer=issuer,
        extensions=[],
    )


def device_certificate(
    issuer: Authority,
    eui: Eui64,
    usage: str,
    public_key: ec.EllipticCurvePublicKey,
    *,
    serial: int,
    not_before: datetime,
    not_after: datetime = NEVER,
) -> x509.Certificate:
    """Certificate of a device for usage "ds" or "ka": empty subject, the EUI-64 as hardwareModuleName."""
    name = x509.OtherName(HARDWARE_MODULE_NAME, HARDWARE_MODULE_PREFIX + bytes(eui))
    return _certificate(
        x509.Name([]),
        public_key,
        _usage(usage),
        serial=serial,
        validity=(not_before, not_after),
        issuer=issuer,
        extensions=[(x509.SubjectAlternativeName([name]), True)],
    )


def _usage(usage: str) -> KeyUsage:
    try:
        return USAGES[usage]
    except KeyError:
        raise PkiError(f"usage {usage!r}: expected one of {', '.join(USAGES)}") from None
