"""Certificates and keys of a test SMKI: build, describe, check."""

from bench.gbcs.trust_anchors import KeyUsage
from bench.pki.certificates import (
    NEVER,
    Authority,
    authority,
    derive_private_key,
    derive_serial,
    device_certificate,
    organisation_certificate,
)
from bench.pki.contingency import unwrap_contingency_key, wrap_contingency_key
from bench.pki.errors import PkiError
from bench.pki.files import load_keystore, load_private_key, private_key_pem, write_certificate, write_private_key
from bench.pki.names import Role, key_identifier
from bench.pki.path import check_path
from bench.pki.profile import Profile, describe, load_certificate, load_certificates
from bench.pki.smki import Identities, Party, TestSmki

__all__ = [
    "NEVER",
    "Authority",
    "Identities",
    "KeyUsage",
    "Party",
    "PkiError",
    "Profile",
    "Role",
    "TestSmki",
    "authority",
    "check_path",
    "derive_private_key",
    "derive_serial",
    "describe",
    "device_certificate",
    "key_identifier",
    "load_certificate",
    "load_certificates",
    "load_keystore",
    "load_private_key",
    "organisation_certificate",
    "private_key_pem",
    "unwrap_contingency_key",
    "wrap_contingency_key",
    "write_certificate",
    "write_private_key",
]
