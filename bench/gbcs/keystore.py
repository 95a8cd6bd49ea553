"""Certificates and private keys of the parties, by EUI-64 and usage.

Usages: ``ds`` digital signing, ``ka`` key agreement, ``pp-ka`` prepayment key agreement, ``xml`` signing of DUIS.
"""

import re
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Self, TypeGuard

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.x509 import (
    Certificate,
    ExtensionNotFound,
    SubjectAlternativeName,
    load_der_x509_certificate,
    load_pem_x509_certificate,
)
from cryptography.x509.oid import NameOID

from bench.gbcs.crypto import shared_secret
from bench.gbcs.der import Tlv
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64

USAGES = ("ds", "ka", "pp-ka", "xml")
ACCESS_CONTROL_BROKER = 4  #: remote party role of the access control broker (subject OU "04")

_FILE = re.compile(r"([0-9a-fA-F]{16})-(ds|ka|pp-ka|xml)\.(pem|key|der|crt|cer)")
_SECRETS_HELD = 4096
_UNIQUE_IDENTIFIER = "2.5.4.45"
_HARDWARE_MODULE_NAME = "1.3.6.1.5.5.7.8.4"

Slot = tuple[Eui64, str]


class Keystore:
    """Certificates, public and private keys, and the ECDH secrets made from them.

    Secrets are cached, at most 4096 of them; `close`, or leaving a ``with`` block, wipes them.
    """

    def __init__(self) -> None:
        self._certificates: dict[Slot, Certificate] = {}
        self._public: dict[Slot, EllipticCurvePublicKey] = {}
        self._private: dict[Slot, EllipticCurvePrivateKey] = {}
        self._secrets: OrderedDict[tuple[Slot, Slot], bytearray] = OrderedDict()
        self._brokers: tuple[list[Eui64], list[Eui64]] | None = None
        self._devices: dict[Eui64, bool] = {}

    def __repr__(self) -> str:
        return f"Keystore({len(self._certificates)} certificates, {len(self._private)} private keys)"

    @classmethod
    def load(cls, directory: Path | str) -> Self:
        """Read every file ``<eui64>-<usage>.pem|.key|.der|.crt|.cer`` of a directory; other names are ignored.

        A file holds a certificate, a public key or a private key (PKCS#8 or SEC1), as PEM or DER.
        Where a certificate names another subject than its file, the subject counts, for its private key too.
        Raises GbcsError naming the file, OSError if the directory or a file cannot be read.
        """
        store = cls()
        files = _read_directory(Path(directory))
        subjects = {slot: (subject_eui(held) or slot[0], slot[1]) for slot, held, _ in files if _is_certificate(held)}
        for slot, held, _ in sorted(files, key=lambda file: subjects.get(file[0], file[0]) != file[0]):
            actual = subjects.get(slot, slot)
            if _is_certificate(held) and actual not in store._certificates:
                store.add(*actual, held)
            elif isinstance(held, EllipticCurvePublicKey):
                store.add(*slot, public_key=held)
        for slot, held, path in files:
            if not isinstance(held, EllipticCurvePrivateKey):
                continue
            actual = subjects.get(slot, slot)
            public = store.public_key(*actual)
            matches = public is None or public.public_numbers() == held.public_key().public_numbers()
            if matches:
                store.add(*actual, private_key=held)
            elif actual == slot:
                raise GbcsError(f"{path.name}: the private key does not belong to the certificate beside it")
        return store

    def add(
        self,
        eui: Eui64,
        usage: str,
        certificate: Certificate | None = None,
        private_key: EllipticCurvePrivateKey | None = None,
        public_key: EllipticCurvePublicKey | None = None,
    ) -> None:
        """Put a certificate, a private key or a bare public key in the slot of a party; replaces what was there.

        Raises GbcsError if the key is no P-256 key or the usage is unknown.
        """
        if usage not in USAGES:
            raise GbcsError(f"key usage {usage!r}, expected one of {', '.join(USAGES)}")
        slot = (eui, usage)
        if certificate is not None:
            self._public[slot] = _p256(certificate.public_key())
            self._certificates[slot] = certificate
        if public_key is not None:
            self._public[slot] = _p256(public_key)
        if private_key is not None:
            self._private[slot] = private_key
            self._public.setdefault(slot, _p256(private_key.public_key()))
        self._brokers = None
        self._devices.clear()
        for pair in [pair for pair in self._secrets if slot in pair]:
            _wipe(self._secrets.pop(pair))

    def certificate(self, eui: Eui64, usage: str) -> Certificate | None:
        """The certificate of a party for a usage."""
        return self._certificates.get((eui, usage))

    def public_key(self, eui: Eui64, usage: str) -> EllipticCurvePublicKey | None:
        """The public key of a party for a usage."""
        return self._public.get((eui, usage))

    def private_key(self, eui: Eui64, usage: str) -> EllipticCurvePrivateKey | None:
        """The private key of a party for a usage; None where the certificate in use now is of another key."""
        held, public = self._private.get((eui, usage)), self._public.get((eui, usage))
        if held is None or public is None or public.public_numbers() != held.public_key().public_numbers():
            return None
        return held

    def parties(self) -> list[Slot]:
        """Every (EUI-64, usage) with a key, in order."""
        return sorted(self._public)

    def secret(self, a: Eui64, b: Eui64, usage_a: str = "ka", usage_b: str = "ka") -> bytes | None:
        """ECDH secret Z of two parties, 32 octets, from whichever private half is there; None if neither pair is."""
        first, second = (a, usage_a), (b, usage_b)
        pair = (first, second) if first <= second else (second, first)
        held = self._secrets.get(pair)
        if held is not None:
            self._secrets.move_to_end(pair)
            return bytes(held)
        for mine, theirs in (pair, pair[::-1]):
            private, public = self.private_key(*mine), self._public.get(theirs)
            if private is not None and public is not None:
                break
        else:
            return None
        secret = shared_secret(private, public)
        self._secrets[pair] = bytearray(secret)
        if len(self._secrets) > _SECRETS_HELD:
            _wipe(self._secrets.popitem(last=False)[1])
        return secret

    def access_control_brokers(self) -> list[Eui64]:
        """Parties whose certificates give them the role 04."""
        return self._candidates()[0]

    def unnamed_parties(self) -> list[Eui64]:
        """Parties with a key-agreement private key but no certificate that would say what they are."""
        return self._candidates()[1]

    def is_device(self, eui: Eui64) -> bool:
        """Whether a certificate says that this EUI-64 is a device: its subject is empty (GBCS 12.5)."""
        known = self._devices.get(eui)
        if known is None:
            certificate = self._certificates.get((eui, "ka")) or self._certificates.get((eui, "ds"))
            known = certificate is not None and len(certificate.subject.rdns) == 0
            if len(self._devices) < _SECRETS_HELD:
                self._devices[eui] = known
        return known

    def close(self) -> None:
        """Overwrite and forget the cached secrets; the keys stay."""
        for secret in self._secrets.values():
            _wipe(secret)
        self._secrets.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _candidates(self) -> tuple[list[Eui64], list[Eui64]]:
        if self._brokers is None:
            brokers = {eui for (eui, _), held in self._certificates.items() if role(held) == ACCESS_CONTROL_BROKER}
            named = {eui for eui, _ in self._certificates}
            unnamed = {eui for eui, usage in self._private if usage == "ka" and eui not in named}
            self._brokers = sorted(brokers), sorted(unnamed)
        return self._brokers


def subject_eui(certificate: Certificate) -> Eui64 | None:
    """EUI-64 a certificate is for: x500UniqueIdentifier of an organisation, hardware module name of a device."""
    for name in certificate.subject:
        if name.oid.dotted_string == _UNIQUE_IDENTIFIER:
            octets = name.value if isinstance(name.value, bytes) else name.value.encode("latin-1")
            return Eui64(octets[-8:]) if len(octets) in (8, 9) else None
    try:
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    except (ExtensionNotFound, ValueError):
        return None
    for other in names:
        if getattr(getattr(other, "type_id", None), "dotted_string", None) == _HARDWARE_MODULE_NAME:
            try:
                return Eui64(Tlv.parse(other.value).children[1].value)
            except (GbcsError, IndexError):
                return None
    return None


def role(certificate: Certificate) -> int | None:
    """Remote party role of an organisation certificate: its OU, two hex digits; None if it has none."""
    for name in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME):
        try:
            return int(name.value if isinstance(name.value, str) else "", 16)
        except ValueError:
            return None
    return None


Held = Certificate | EllipticCurvePublicKey | EllipticCurvePrivateKey


def _is_certificate(held: Held) -> TypeGuard[Certificate]:
    return isinstance(held, Certificate)


def _read_directory(directory: Path) -> list[tuple[Slot, Held, Path]]:
    files = []
    for path in sorted(directory.iterdir()):
        match = _FILE.fullmatch(path.name)
        if match is None:
            continue
        try:
            files.append(((Eui64.of(match[1]), match[2]), _read_key(path.read_bytes()), path))
        except OSError:
            raise
        except Exception:  # damaged octets surface as many kinds: ValueError, TypeError, UnsupportedAlgorithm...
            raise GbcsError(f"{path.name}: neither a certificate nor an unencrypted P-256 key, as PEM or DER") from None
    return files


def _examined(certificate: Certificate) -> Certificate:
    """The certificate, once what is read of it later is known to be readable."""
    subject_eui(certificate)
    role(certificate)
    _p256(certificate.public_key())
    return certificate


def _read_key(data: bytes) -> Held:
    if b"-----BEGIN " in data:
        if b"CERTIFICATE-----" in data:
            return _examined(load_pem_x509_certificate(data))
        if b"PUBLIC KEY-----" in data:
            return _p256(serialization.load_pem_public_key(data))
        private = serialization.load_pem_private_key(data, None)
    else:
        try:
            return _examined(load_der_x509_certificate(data))
        except ValueError:
            private = serialization.load_der_private_key(data, None)
    if not isinstance(private, EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise GbcsError("the private key is not on NIST P-256")
    return private


def _p256(key: object) -> EllipticCurvePublicKey:
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise GbcsError("the public key is not on NIST P-256")
    return key


def _wipe(secret: bytearray) -> None:
    secret[:] = bytes(len(secret))
