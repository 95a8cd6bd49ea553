"""The test SMKI's authorities, where a rig has their keys: certificates made during a test, right and wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from bench.clock import Clock
from bench.dcc.bodies import (
    CertificationPath,
    PartyCertificates,
    ReplacementCertificates,
    UpdateSecurityCredentialsKRP,
)
from bench.errors import BenchError, NotRun
from bench.gbcs import Eui64, Keystore
from bench.parties import Device, Party
from bench.pki import PkiError, Role, load_certificate
from bench.pki.certificates import (
    Authority,
    authority,
    derive_private_key,
    derive_serial,
    device_certificate,
    organisation_certificate,
)
from bench.pki.files import load_private_key

YEAR = timedelta(days=365)
NAMES = ("root", "issuing", "device-issuing")
USAGES = ("ds", "ka", "pp-ka")
CONTINGENCY = Eui64.of("70-B3-D5-1F-30-00-17-FF")  #: to whom the reference data answers; no cell names it

#: from when to when a certificate is valid
Validity = tuple[datetime, datetime]


@dataclass(frozen=True)
class Credentials:
    """Certificates of a party (DER, by "ds", "ka", "pp-ka"), the path above them, and the keys."""

    party: Party
    certificates: Mapping[str, bytes]
    path: tuple[bytes, ...]
    keys: Mapping[str, EllipticCurvePrivateKey] = field(repr=False)

    def replacing(self, **other: bytes) -> "Credentials":
        """Return them with other certificates in the places of some, by name: `ds=..., pp_ka=...`."""
        named = {usage.replace("_", "-"): der for usage, der in other.items()}
        return Credentials(self.party, {**self.certificates, **named}, self.path, self.keys)

    def below(self, path: tuple[bytes, ...]) -> "Credentials":
        """Return them with another path above them."""
        return Credentials(self.party, self.certificates, path, self.keys)

    @property
    def replacement(self) -> ReplacementCertificates:
        """The certificates as a request names them; a network operator has none for top up."""
        return ReplacementCertificates(
            digital_signing=self.certificates["ds"],
            key_agreement=self.certificates["ka"],
            key_agreement_top_up=self.certificates.get("pp-ka"),
        )

    def renewal(
        self,
        role: str,
        *,
        execute_at: datetime | None = None,
        floor: int | None = None,
        top_up_floor: int | None = None,
    ) -> UpdateSecurityCredentialsKRP:
        """Return the body of 6.15.1 by which a party ("Supplier", "NetworkOperator") replaces its own credentials.

        Without floors the device's counters stay.
        """
        return UpdateSecurityCredentialsKRP(
            execute_at=execute_at,
            role=role,
            floor=floor,
            top_up_floor=top_up_floor,
            certificates=PartyCertificates(party=self.replacement),
            path=CertificationPath(certificates=self.path),
            apply_time_checks=True,
        )


@dataclass(frozen=True)
class Contingency:
    """Who acts by contingency, and the key that opens the contingency public key on a device."""

    party: Party
    symmetric_key: bytes = field(repr=False)


class TestAuthority:
    """Issues certificates below the root that the devices hold, with the keys beside the key store."""

    __test__ = False

    def __init__(self, folder: Path, keystore: Keystore, clock: Clock) -> None:
        self._folder, self._keystore, self._clock = folder, keystore, clock
        found = [_load(folder, name) for name in NAMES]
        self._root, self._issuing, self._device_issuing = found
        self._issued = 0

    def credentials(
        self, party: Party, role: Role, *, validity: Validity | None = None, issuer: Authority | None = None
    ) -> Credentials:
        """Return new credentials of a party in a role: new keys, valid from yesterday for a year unless said."""
        return self._credentials(party, role, validity, issuer)

    def _credentials(
        self, party: Party, role: Role, validity: Validity | None, issuer: Authority | None, *, own_keys: bool = False
    ) -> Credentials:
        now = self._clock.now()
        start, end = validity or (now - timedelta(days=1), now + YEAR)
        chosen, keys, certificates = issuer or self._issuing, {}, {}
        for usage in USAGES if role is Role.SUPPLIER else USAGES[:2]:
            label = self._label()
            keys[usage] = key = self._own_key(party, usage) if own_keys else derive_private_key(label, "key")
            made = organisation_certificate(
                chosen,
                party.eui,
                role,
                usage,
                key.public_key(),
                serial=derive_serial(label, "serial"),
                not_before=start,
                not_after=end,
            )
            certificates[usage] = made.public_bytes(Encoding.DER)
        return Credentials(party, certificates, (chosen.certificate.public_bytes(Encoding.DER),), keys)

    def contingency(self) -> Contingency:
        """Return who acts by contingency, and let the bench sign for it. Raises NotRun without its two keys."""
        path = self._folder / "contingency.symmetric"
        try:
            symmetric = bytes.fromhex(path.read_text())
            key = load_private_key(path.with_suffix(".key").read_bytes())
        except FileNotFoundError as missing:
            raise NotRun(f"the key store has no {Path(missing.filename).name}: nobody can act by contingency") from None
        except (PkiError, OSError, ValueError) as problem:
            raise BenchError(f"keys.keystore: {path.stem}: {problem}; put hex digits and a PEM key there") from None
        self._keystore.add(CONTINGENCY, "ds", private_key=key)
        return Contingency(Party("contingency party", CONTINGENCY), symmetric)

    def other_root(self) -> Authority:
        """Return a new root, which has nothing to do with the one that the devices hold."""
        label, now = self._label(), self._clock.now()
        start, end = now - timedelta(days=1), now + 10 * YEAR
        key, serial = derive_private_key(label, "key"), derive_serial(label, "serial")
        return authority("Another Root", key, serial=serial, not_before=start, not_after=end)

    def of_own_keys(self, party: Party, role: Role) -> Credentials:
        """Return certificates in a role for the keys that a party has already: it takes the place of another."""
        return self._credentials(party, role, None, None, own_keys=True)

    def issuing_authority(self, validity: Validity, below: Authority | None = None) -> Authority:
        """Return another issuing authority below the root (or another), valid from one instant to another."""
        label = self._label()
        return authority(
            label,
            derive_private_key(label, "key"),
            serial=derive_serial(label, "serial"),
            not_before=validity[0],
            not_after=validity[1],
            issuer=below or self._root,
        )

    def device_certificate(self, device: Eui64, usage: str, key: EllipticCurvePublicKey) -> bytes:
        """Return a device's certificate (DER) for a public key of its."""
        serial = derive_serial(self._label(), "serial")
        start = self._clock.now() - timedelta(days=1)
        made = device_certificate(self._device_issuing, device, usage, key, serial=serial, not_before=start)
        return made.public_bytes(Encoding.DER)

    @contextmanager
    def in_use(self, credentials: Credentials) -> Iterator[Party]:
        """Let the bench act for a party with other keys, signing and key agreement, meanwhile."""
        store, eui = self._keystore, credentials.party.eui
        before = {usage: (store.certificate(eui, usage), store.private_key(eui, usage)) for usage in credentials.keys}
        for usage, key in credentials.keys.items():
            store.add(eui, usage, load_certificate(credentials.certificates[usage]), key)
        try:
            yield credentials.party
        finally:
            for usage, (certificate, private_key) in before.items():
                store.add(eui, usage, certificate, private_key)

    @contextmanager
    def device_uses(self, device: Device, usage: str, certificate: bytes) -> Iterator[None]:
        """Let the bench check and talk by another certificate of a device meanwhile."""
        before = self._keystore.certificate(device.eui, usage)
        self._keystore.add(device.eui, usage, load_certificate(certificate))
        try:
            yield
        finally:
            self._keystore.add(device.eui, usage, before)

    def _own_key(self, party: Party, usage: str) -> EllipticCurvePrivateKey:
        key = self._keystore.private_key(party.eui, usage.removeprefix("pp-"))
        if key is None:
            raise NotRun(f"the key store has no {usage} key of {party.name}; test keys are needed")
        return key

    def _label(self) -> str:
        self._issued += 1
        return f"{self._clock.now().isoformat()} {self._issued}"


def _load(folder: Path, name: str) -> Authority:
    key = folder / f"{name}.key"
    if not key.exists():
        raise NotRun(f"the key store has no {key.name}: certificates can be made with a test SMKI's authorities only")
    try:
        certificate = load_certificate((folder / f"{name}.pem").read_bytes())
        return Authority(certificate, load_private_key(key.read_bytes()))
    except (PkiError, OSError) as problem:
        raise BenchError(f"keys.keystore: {name}: {problem}; put the test authority's .pem and .key there") from None


def public_key_of(request: bytes) -> EllipticCurvePublicKey:
    """Return the public key of a request (PKCS #10, DER) that is signed with it. Raises PkiError."""
    try:
        parsed = x509.load_der_x509_csr(request)
    except ValueError:
        raise PkiError("not a certificate signing request") from None
    key = parsed.public_key()
    if not parsed.is_signature_valid or not isinstance(key, EllipticCurvePublicKey):
        raise PkiError("the certificate signing request is not signed with its own P-256 key")
    return key
