"""Certificates made during a test: what OpenSSL says of them, and how the bench acts with them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from bench.authority import TestAuthority, public_key_of
from bench.errors import BenchError, NotRun
from bench.gbcs import Eui64, Keystore
from bench.parties import Device, Party
from bench.pki import PkiError, Role, TestSmki, derive_private_key, describe, unwrap_contingency_key
from tests.tools import need

NOW = datetime(2030, 1, 7, 12, tzinfo=UTC)
DAY, YEAR = timedelta(days=1), timedelta(days=365)
METER = Device("esme", "ESME", Eui64.of("00-15-5F-00-55-66-77-88"))
SMKI = TestSmki.generate("authority", datetime(2028, 1, 1, tzinfo=UTC))
SMKI.device(METER.eui)
SUPPLIER = Party("supplier A", SMKI.identities.supplier)


class StandingClock:
    """A clock that does not move."""

    def now(self) -> datetime:
        """The instant."""
        return NOW


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with the whole test SMKI."""
    SMKI.write(tmp_path, authorities=True)
    return tmp_path


@pytest.fixture
def store(keys: Path) -> Keystore:
    """Its key store."""
    return Keystore.load(keys)


@pytest.fixture
def authority(keys: Path, store: Keystore) -> TestAuthority:
    """Its authorities."""
    return TestAuthority(keys, store, StandingClock())  # type: ignore[arg-type]


def openssl(folder: Path, leaf: bytes, path: tuple[bytes, ...], at: datetime) -> str:
    """What `openssl verify` says of a certificate below root.pem at an instant."""
    (folder / "leaf.crt").write_bytes(pem(leaf))
    (folder / "path.crt").write_bytes(b"".join(map(pem, path)))
    files = ["-CAfile", folder / "root.pem", "-untrusted", folder / "path.crt", folder / "leaf.crt"]
    said = subprocess.run(
        [need("openssl"), "verify", "-attime", str(int(at.timestamp())), *files],
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout + said.stderr


def pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def test_openssl_accepts_credentials(keys: Path, authority: TestAuthority) -> None:
    made = authority.credentials(SUPPLIER, Role.SUPPLIER)
    assert set(made.certificates) == {"ds", "ka", "pp-ka"}
    for der in made.certificates.values():
        assert "OK" in openssl(keys, der, made.path, NOW)


def test_openssl_refuses_what_is_not_valid_now(keys: Path, authority: TestAuthority) -> None:
    past = authority.credentials(SUPPLIER, Role.SUPPLIER, validity=(NOW - YEAR, NOW - DAY))
    assert "certificate has expired" in openssl(keys, past.certificates["ds"], past.path, NOW)
    future = authority.credentials(SUPPLIER, Role.SUPPLIER, validity=(NOW + DAY, NOW + YEAR))
    assert "certificate is not yet valid" in openssl(keys, future.certificates["ds"], future.path, NOW)
    old = authority.issuing_authority((NOW - YEAR, NOW - DAY))
    below = authority.credentials(SUPPLIER, Role.SUPPLIER, issuer=old)
    assert "certificate has expired" in openssl(keys, below.certificates["ds"], below.path, NOW)


def test_openssl_misses_the_authority_between(keys: Path, authority: TestAuthority) -> None:
    other = authority.issuing_authority((NOW - DAY, NOW + DAY))
    strangers = authority.credentials(SUPPLIER, Role.SUPPLIER, issuer=other)
    usual = authority.credentials(SUPPLIER, Role.SUPPLIER).path
    assert "OK" in openssl(keys, strangers.certificates["ds"], strangers.path, NOW)
    assert "unable to get local issuer certificate" in openssl(keys, strangers.certificates["ds"], usual, NOW)


def test_a_network_operator_has_no_top_up_key(authority: TestAuthority) -> None:
    made = authority.credentials(SUPPLIER, Role.NETWORK_OPERATOR)
    assert set(made.certificates) == {"ds", "ka"}
    assert made.replacement.key_agreement_top_up is None


def test_keys_are_in_use_for_a_while(authority: TestAuthority, store: Keystore) -> None:
    before = store.private_key(SUPPLIER.eui, "ds")
    made = authority.credentials(SUPPLIER, Role.SUPPLIER)
    with authority.in_use(made):
        assert store.private_key(SUPPLIER.eui, "ds") is made.keys["ds"]
    assert store.private_key(SUPPLIER.eui, "ds") is before


def test_a_device_gets_a_certificate_for_its_request(keys: Path, authority: TestAuthority, store: Keystore) -> None:
    key = derive_private_key("device", "new")
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
    public = public_key_of(request.public_bytes(Encoding.DER))
    made = authority.device_certificate(METER.eui, "ds", public)
    path = (SMKI.device_issuing.certificate.public_bytes(Encoding.DER),)
    assert "OK" in openssl(keys, made, path, NOW)
    with authority.device_uses(METER, "ds", made):
        held = store.public_key(METER.eui, "ds")
        assert held is not None and held.public_numbers() == key.public_key().public_numbers()


@pytest.mark.parametrize("spoilt", [b"", b"\x30\x00", bytes(100)])
def test_what_is_no_request(spoilt: bytes) -> None:
    with pytest.raises(PkiError, match="not a certificate signing request"):
        public_key_of(spoilt)


def test_a_request_signed_by_another_key() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    octets = bytearray(request.sign(derive_private_key("a", "b"), SHA256()).public_bytes(Encoding.DER))
    octets[-1] ^= 1
    with pytest.raises(PkiError, match="not signed with its own"):
        public_key_of(bytes(octets))


def test_a_rig_without_authorities_does_not_run_such_tests(keys: Path, store: Keystore) -> None:
    (keys / "issuing.key").unlink()
    with pytest.raises(NotRun, match=r"issuing\.key"):
        TestAuthority(keys, store, StandingClock())  # type: ignore[arg-type]


def test_a_damaged_authority_is_told(keys: Path, store: Keystore) -> None:
    (keys / "issuing.key").write_text("no key")
    with pytest.raises(BenchError, match=r"keys\.keystore: issuing: private key"):
        TestAuthority(keys, store, StandingClock())  # type: ignore[arg-type]


def test_who_acts_by_contingency(authority: TestAuthority, store: Keystore) -> None:
    """The bench signs with the key whose public half the symmetric key opens in the root certificate."""
    contingency = authority.contingency()
    opened = unwrap_contingency_key(SMKI.root.certificate, contingency.symmetric_key)
    key = store.private_key(contingency.party.eui, "ds")
    assert key is not None
    assert opened.public_numbers() == key.public_key().public_numbers()


@pytest.mark.parametrize("missing", ["contingency.key", "contingency.symmetric"])
def test_without_its_keys_nobody_acts_by_contingency(missing: str, keys: Path, authority: TestAuthority) -> None:
    (keys / missing).unlink()
    with pytest.raises(NotRun, match=missing):
        authority.contingency()


def test_damaged_keys_of_contingency_are_told(keys: Path, authority: TestAuthority) -> None:
    (keys / "contingency.symmetric").write_text("no hex")
    with pytest.raises(BenchError, match="put hex digits"):
        authority.contingency()


def test_openssl_accepts_what_is_below_another_root(keys: Path, authority: TestAuthority) -> None:
    need("openssl")
    root = authority.other_root()
    issuing = authority.issuing_authority((NOW - DAY, NOW + YEAR), below=root)
    made = authority.credentials(SUPPLIER, Role.SUPPLIER, issuer=issuing)
    for name, certificate in (("other", root.certificate), ("below", issuing.certificate)):
        (keys / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    leaf = x509.load_der_x509_certificate(made.certificates["ds"])
    (keys / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-ignore_critical", "-CAfile",
               str(keys / "other.pem"), "-untrusted", str(keys / "below.pem"), str(keys / "leaf.pem")]  # fmt: skip
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_certificates_for_keys_that_a_party_has(authority: TestAuthority, store: Keystore) -> None:
    """The broker in the supplier's place: its own keys, certified in that role."""
    broker = Party("access control broker", SMKI.identities.acb)
    made = authority.of_own_keys(broker, Role.SUPPLIER)
    assert set(made.certificates) == {"ds", "ka", "pp-ka"}
    for usage, der in made.certificates.items():
        profile = describe(x509.load_der_x509_certificate(der))
        own = store.private_key(broker.eui, usage.removeprefix("pp-"))
        assert own is not None
        assert (profile.role, profile.eui) == (Role.SUPPLIER, broker.eui)
        assert profile.public_key.public_numbers() == own.public_key().public_numbers()
