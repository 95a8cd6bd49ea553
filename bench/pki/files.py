"""Certificates and private keys as files: PEM, keys PKCS #8, mode 0600, encrypted under a passphrase if given."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.pki.errors import PkiError
from bench.pki.names import USAGES
from bench.pki.profile import load_certificate


def private_key_pem(key: EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """PKCS #8 PEM of a private key, encrypted when a passphrase is given."""
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        if not passphrase:
            raise PkiError("passphrase: empty")
        encryption = BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def load_private_key(data: bytes, passphrase: bytes | None = None) -> EllipticCurvePrivateKey:
    """A P-256 private key from PEM octets. Raises PkiError without ever quoting them."""
    try:
        key = load_pem_private_key(data, passphrase)
    except TypeError:
        raise PkiError("private key: passphrase given for a plain key, or missing for an encrypted one") from None
    except Exception:
        raise PkiError("private key: not a PEM private key, or wrong passphrase") from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise PkiError("private key: not on curve P-256")
    return key


def write_certificate(path: Path, certificate: x509.Certificate) -> Path:
    """Write a certificate as PEM, readable by all."""
    return _write(path, certificate.public_bytes(Encoding.PEM), 0o644)


def write_private_key(path: Path, key: EllipticCurvePrivateKey, passphrase: bytes | None = None) -> Path:
    """Write a private key, readable by its owner only."""
    return _write(path, private_key_pem(key, passphrase), 0o600)


def load_keystore(directory: Path, passphrase: bytes) -> Keystore:
    """Read the files of `TestSmki.write` whose keys are encrypted; `Keystore.load` reads plain ones.

    Raises PkiError naming the file, never its content.
    """
    store = Keystore()
    for path in sorted(directory.iterdir()):
        eui, dash, usage = path.stem.partition("-")
        if not dash or usage not in USAGES or path.suffix not in (".pem", ".key"):
            continue
        try:
            slot = Eui64.of(eui), usage
            if path.suffix == ".pem":
                store.add(*slot, certificate=load_certificate(path.read_bytes()))
            else:
                store.add(*slot, private_key=load_private_key(path.read_bytes(), passphrase))
        except ValueError as problem:
            raise PkiError(f"{path.name}: {problem}") from None
    return store


def _write(path: Path, data: bytes, mode: int) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # an older file keeps its mode otherwise
        file.write(data)
    return path
