"""A whole test SMKI from one seed: authorities, the parties of a rig, devices. Same seed, same octets."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from bench.gbcs.eui import Eui64
from bench.gbcs.keystore import Keystore
from bench.pki.certificates import (
    Authority,
    authority,
    derive_private_key,
    derive_serial,
    device_certificate,
    organisation_certificate,
)
from bench.pki.contingency import NONCE, SYMMETRIC_KEY, wrap_contingency_key
from bench.pki.errors import PkiError
from bench.pki.files import write_certificate, write_private_key
from bench.pki.names import Role

_RECOVERY = Eui64.of("90-B3-D5-1F-30-00-00-01")
_ACB = Eui64.of("90-B3-D5-1F-30-00-00-02")
_COS_PARTY = Eui64.of("90-B3-D5-1F-30-00-00-04")
_WAN_PROVIDER = Eui64.of("90-B3-D5-1F-30-00-00-07")
_SUPPLIER = Eui64.of("90-B3-D5-1F-30-01-00-00")
_GAINING_SUPPLIER = Eui64.of("90-B3-D5-1F-30-03-00-00")
_NETWORK_OPERATOR = Eui64.of("90-B3-D5-1F-30-02-00-00")

#: usage, label and key of a certificate to be made
Certify = Callable[[str, str, EllipticCurvePrivateKey], x509.Certificate]


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation or a device: its keys and certificates by usage ("ds", "ka", "pp-ka", "xml")."""

    eui: Eui64
    role: Role | None  #: None for a device
    certificates: dict[str, x509.Certificate]
    private_keys: dict[str, EllipticCurvePrivateKey] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identities:
    """EUI-64 of the standing parties; the defaults are those of the public test PKI."""

    recovery: Eui64 = _RECOVERY
    acb: Eui64 = _ACB
    cos_party: Eui64 = _COS_PARTY
    wan_provider: Eui64 = _WAN_PROVIDER
    supplier: Eui64 = _SUPPLIER
    gaining_supplier: Eui64 = _GAINING_SUPPLIER
    network_operator: Eui64 = _NETWORK_OPERATOR


_STANDING: dict[str, tuple[Role, tuple[str, ...]]] = {
    "recovery": (Role.RECOVERY, ("ds",)),
    "acb": (Role.ACCESS_CONTROL_BROKER, ("ds", "ka", "xml")),
    "cos_party": (Role.TRANSITIONAL_COS, ("ds",)),
    "wan_provider": (Role.WAN_PROVIDER, ("ds",)),
    "supplier": (Role.SUPPLIER, ("ds", "ka", "pp-ka", "xml")),
    "gaining_supplier": (Role.SUPPLIER, ("ds", "ka", "pp-ka", "xml")),
    "network_operator": (Role.NETWORK_OPERATOR, ("ds", "ka", "xml")),
}


@dataclass(frozen=True, slots=True)
class Contingency:
    """What opens and what uses the contingency public key that is wrapped in the root certificate."""

    private_key: EllipticCurvePrivateKey = field(repr=False)
    symmetric_key: bytes = field(repr=False)

    @classmethod
    def of(cls, seed: int | str) -> "Contingency":
        """Derive both from a seed."""
        opener = derive_private_key(seed, "contingency opener").private_numbers().private_value
        return cls(derive_private_key(seed, "contingency"), opener.to_bytes(32)[:SYMMETRIC_KEY])

    def wrapped(self) -> x509.UnrecognizedExtension:
        """Return the extension of the root certificate."""
        nonce = hashlib.sha256(self.symmetric_key).digest()[:NONCE]
        return wrap_contingency_key(self.private_key.public_key(), self.symmetric_key, nonce)


@dataclass
class TestSmki:
    """Root, issuing authorities and parties of a test SMKI. Its keys follow from the seed and protect nothing."""

    __test__ = False  # the name is the field's; pytest is not to collect it

    seed: int | str
    not_before: datetime
    not_after: datetime
    root: Authority = field(repr=False)
    issuing: Authority = field(repr=False)  #: issues organisation certificates
    device_issuing: Authority = field(repr=False)
    contingency: Contingency = field(repr=False)
    identities: Identities = field(default_factory=Identities)
    parties: dict[tuple[Eui64, int], Party] = field(default_factory=dict, repr=False)

    @classmethod
    def generate(
        cls,
        seed: int | str,
        not_before: datetime,
        not_after: datetime | None = None,
        identities: Identities | None = None,
        name: str = "BENCH",
    ) -> "TestSmki":
        """Authorities and the seven standing parties; dates are aware, `not_after` defaults to ten years on.

        Another seed and name give an unrelated SMKI, whose certificates do not chain to this one's root.
        """
        end = not_before.replace(year=not_before.year + 10) if not_after is None else not_after
        far = not_before.replace(year=not_before.year + 25)

        def make(
            label: str, common_name: str, issuer: Authority | None, wrapped: x509.UnrecognizedExtension | None = None
        ) -> Authority:
            key, serial = derive_private_key(seed, label), derive_serial(seed, label)
            return authority(
                common_name,
                key,
                serial=serial,
                not_before=not_before,
                not_after=max(far, end),
                issuer=issuer,
                contingency=wrapped,
            )

        contingency = Contingency.of(seed)
        root = make("root", f"{name} Root", None, contingency.wrapped())
        issuing = make("issuing", f"{name} Issuing", root)
        device_issuing = make("device issuing", f"{name} Device Issuing", root)
        smki = cls(seed, not_before, end, root, issuing, device_issuing, contingency, identities or Identities())
        for attribute, (role, usages) in _STANDING.items():
            smki.organisation(getattr(smki.identities, attribute), role, usages)
        return smki

    def organisation(
        self,
        eui: Eui64,
        role: Role,
        usages: Iterable[str] = ("ds", "ka"),
        *,
        generation: int = 0,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Party:
        """The keys and certificates of a remote party, made at first call and remembered by (eui, generation).

        A higher generation is a renewal: new keys under the same identity. An "xml" certificate carries the XML
        signing role of a user or, for the access control broker, of the DCC.
        """
        xml_role = Role.DCC_XML_SIGNING if role is Role.ACCESS_CONTROL_BROKER else Role.XML_SIGNING
        start, end = not_before or self.not_before, not_after or self.not_after

        def certify(usage: str, label: str, key: EllipticCurvePrivateKey) -> x509.Certificate:
            chosen, serial = (xml_role if usage == "xml" else role), derive_serial(self.seed, label)
            return organisation_certificate(
                self.issuing,
                eui,
                chosen,
                usage,
                key.public_key(),
                serial=serial,
                not_before=start,
                not_after=end,
            )

        return self._party(eui, role, usages, generation, certify)

    def device(self, eui: Eui64, *, generation: int = 0, not_before: datetime | None = None) -> Party:
        """The two keys and certificates (ds, ka) of a device; they never expire."""

        def certify(usage: str, label: str, key: EllipticCurvePrivateKey) -> x509.Certificate:
            serial = derive_serial(self.seed, label)
            start = not_before or self.not_before
            return device_certificate(
                self.device_issuing, eui, usage, key.public_key(), serial=serial, not_before=start
            )

        return self._party(eui, None, ("ds", "ka"), generation, certify)

    def _party(self, eui: Eui64, role: Role | None, usages: Iterable[str], generation: int, certify: Certify) -> Party:
        known = self.parties.get((eui, generation))
        if known is not None and known.role != role:
            raise PkiError(f"{eui}: already certified as {known.role!r}, not {role!r}")
        party = known or Party(eui, role, {}, {})
        for usage in usages:
            if usage in party.certificates:
                continue
            label = f"{bytes(eui).hex()}-{usage}" + (f"-{generation}" if generation else "")
            key = derive_private_key(self.seed, label)
            party.certificates[usage] = certify(usage, label, key)
            party.private_keys[usage] = key
        self.parties[eui, generation] = party
        return party

    def party(self, eui: Eui64, generation: int = 0) -> Party:
        """A party made before. Raises PkiError if there is none."""
        try:
            return self.parties[eui, generation]
        except KeyError:
            raise PkiError(f"{eui}: no such party in this SMKI (generation {generation})") from None

    def keystore(self, private: Iterable[Eui64] | None = None) -> Keystore:
        """Key store of every party's first generation; private keys of those named, or of all when None."""
        chosen = None if private is None else set(private)
        store = Keystore()
        for (eui, generation), party in sorted(self.parties.items()):
            if generation:
                continue
            for usage, certificate in party.certificates.items():
                key = party.private_keys[usage] if chosen is None or eui in chosen else None
                store.add(eui, usage, certificate=certificate, private_key=key)
        return store

    def write(
        self,
        directory: Path,
        private: Iterable[Eui64] | None = None,
        passphrase: bytes | None = None,
        *,
        authorities: bool = False,
    ) -> list[Path]:
        """Write <eui>-<usage>.pem and, for the parties in `private` (None: all), .key; returns the files.

        Keys are PKCS #8 PEM, mode 0600, encrypted when a passphrase is given. Also root.pem, issuing.pem and
        device-issuing.pem, with `authorities` their keys beside them, and the two keys of contingency.
        """
        chosen = None if private is None else set(private)
        directory.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for (eui, generation), party in sorted(self.parties.items()):
            if generation:
                continue
            for usage, certificate in party.certificates.items():
                stem = directory / f"{bytes(eui).hex()}-{usage}"
                written.append(write_certificate(stem.with_suffix(".pem"), certificate))
                if chosen is None or eui in chosen:
                    written.append(write_private_key(stem.with_suffix(".key"), party.private_keys[usage], passphrase))
        for name, each in (("root", self.root), ("issuing", self.issuing), ("device-issuing", self.device_issuing)):
            written.append(write_certificate(directory / f"{name}.pem", each.certificate))
            if authorities:
                written.append(write_private_key(directory / f"{name}.key", each.private_key, passphrase))
        if authorities:
            written.append(write_private_key(directory / "contingency.key", self.contingency.private_key, passphrase))
            opener = directory / "contingency.symmetric"
            opener.write_text(self.contingency.symmetric_key.hex())
            opener.chmod(0o600)
            written.append(opener)
        return written
