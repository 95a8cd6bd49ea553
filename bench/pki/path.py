"""Certification path of one leaf, up to an anchor (RFC 5280 6.1, the part that the SMKI uses)."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

from bench.gbcs.trust_anchors import KeyUsage
from bench.pki.errors import PkiError
from bench.pki.names import USAGE_NAMES, Role, key_identifier
from bench.pki.profile import Profile, describe, public_key


def check_path(
    leaf: x509.Certificate,
    path: list[x509.Certificate],
    anchor: x509.Certificate | EllipticCurvePublicKey,
    at: datetime | None = None,
    *,
    role: Role | None = None,
    key_usage: KeyUsage | None = None,
) -> None:
    """Check that `leaf` chains to `anchor` through any of `path`, in any order; raises PkiError saying what is wrong.

    `at` (aware) switches the time checks on, for leaf and intermediates; without it dates are not looked at.
    `role` and `key_usage` are what the leaf is needed for.
    """
    profile = describe(leaf)
    if role is not None and profile.role != role:
        raise PkiError(f"wrong role: {_role_name(profile.role)}, expected {role.name}")
    if key_usage is not None and profile.key_usage is not key_usage:
        raise PkiError(f"wrong key usage: {USAGE_NAMES[profile.key_usage]}, expected {USAGE_NAMES[key_usage]}")
    anchor_key = anchor if isinstance(anchor, EllipticCurvePublicKey) else public_key(anchor)
    current, depth = leaf, 0
    remaining = list(path)
    while True:
        _check_dates(current, profile, at)
        if _names_anchor(current, profile, anchor, anchor_key):
            _check_signature(current, profile, anchor_key)
            if isinstance(anchor, x509.Certificate) and at is not None:
                _check_dates(anchor, describe(anchor), at)
            return
        issuer = next((candidate for candidate in remaining if _issued(candidate, current, profile)), None)
        if issuer is None:
            raise PkiError(f"wrong issuer: {_who(current, profile)} is issued by {profile.issuer}{_key(profile)}, "
                           "which is neither the anchor nor in the path")  # fmt: skip
        remaining.remove(issuer)
        above = describe(issuer)
        _check_issuer(issuer, above, depth)
        _check_signature(current, profile, above.public_key)
        depth += 1
        current, profile = issuer, above


def _role_name(role: Role | None) -> str:
    return "none" if role is None else role.name


def _who(certificate: x509.Certificate, profile: Profile) -> str:
    name = profile.subject if profile.eui is None else str(profile.eui)
    return f"{profile.kind} certificate {name} (serial {certificate.serial_number:x})"


def _key(profile: Profile) -> str:
    return "" if profile.aki is None else f" (key {profile.aki.hex()})"


def _check_dates(certificate: x509.Certificate, profile: Profile, at: datetime | None) -> None:
    if at is None:
        return
    if at < profile.not_before:
        raise PkiError(f"not yet valid: {_who(certificate, profile)} starts {profile.not_before:%Y-%m-%dT%H:%M:%SZ}")
    if at > profile.not_after:
        raise PkiError(f"expired: {_who(certificate, profile)} ended {profile.not_after:%Y-%m-%dT%H:%M:%SZ}")


def _check_signature(certificate: x509.Certificate, profile: Profile, key: EllipticCurvePublicKey) -> None:
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise PkiError(
            f"bad signature: {_who(certificate, profile)} does not verify under {key_identifier(key).hex()}"
        ) from None


def _names_anchor(
    current: x509.Certificate,
    profile: Profile,
    anchor: x509.Certificate | EllipticCurvePublicKey,
    anchor_key: EllipticCurvePublicKey,
) -> bool:
    """True if `current` claims the anchor as issuer; a certificate anchor must match by name as well."""
    if isinstance(anchor, x509.Certificate) and current.issuer != anchor.subject:
        return False
    if profile.aki is not None:
        return profile.aki == key_identifier(anchor_key)
    if isinstance(anchor, x509.Certificate):
        return True
    try:
        anchor_key.verify(current.signature, current.tbs_certificate_bytes, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _issued(candidate: x509.Certificate, current: x509.Certificate, profile: Profile) -> bool:
    if candidate.subject != current.issuer or candidate == current:
        return False
    return profile.aki is None or profile.aki == key_identifier(public_key(candidate))


def _check_issuer(issuer: x509.Certificate, above: Profile, depth: int) -> None:
    if above.kind != "authority":
        raise PkiError(f"wrong key usage: issuer {_who(issuer, above)} is no authority")
    constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.path_length is not None and depth > constraints.path_length:
        raise PkiError(f"path length: {_who(issuer, above)} allows {constraints.path_length} authorities below it")
