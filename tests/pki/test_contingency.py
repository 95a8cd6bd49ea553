"""The contingency public key in a root certificate: opened by its key alone; what OpenSSL makes of it."""

import subprocess
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.pki import PkiError, TestSmki, check_path, derive_private_key, unwrap_contingency_key
from bench.pki.certificates import authority, derive_serial

START = datetime(2028, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def smki() -> TestSmki:
    return TestSmki.generate(7, START)


def octets(key) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_the_key_opens_it(smki: TestSmki) -> None:
    opened = unwrap_contingency_key(smki.root.certificate, smki.contingency.symmetric_key)
    assert octets(opened) == octets(smki.contingency.private_key.public_key())


@pytest.mark.parametrize("wrong", [bytes(16), bytes(15), bytes(32), b""], ids=["another", "short", "long", "none"])
def test_no_other_key_does(smki: TestSmki, wrong: bytes) -> None:
    with pytest.raises(PkiError, match="contingency key"):
        unwrap_contingency_key(smki.root.certificate, wrong)


def test_a_root_without_one() -> None:
    key = derive_private_key(1, "root")
    root = authority("Bare Root", key, serial=derive_serial(1, "root"), not_before=START, not_after=START)
    with pytest.raises(PkiError, match="holds none"):
        unwrap_contingency_key(root.certificate, bytes(16))


def test_each_seed_has_its_own(smki: TestSmki) -> None:
    other = TestSmki.generate(8, START)
    with pytest.raises(PkiError, match="does not open"):
        unwrap_contingency_key(other.root.certificate, smki.contingency.symmetric_key)


def test_certificates_still_chain_to_the_root(smki: TestSmki) -> None:
    party = smki.party(smki.identities.supplier)
    check_path(party.certificates["ds"], [smki.issuing.certificate], smki.root.certificate, START)


def test_openssl_reads_the_extension(smki: TestSmki) -> None:
    """RFC 5934 4.6: a SEQUENCE of an AlgorithmIdentifier, here AES-128 GCM (RFC 5084), and an OCTET STRING."""
    pem = smki.root.certificate.public_bytes(Encoding.PEM)
    listed = subprocess.run(["openssl", "asn1parse"], input=pem, capture_output=True, check=True).stdout.decode()
    at = next(line for line in listed.splitlines() if "1.3.6.1.5.5.7.1.20" in line)
    assert "OBJECT" in at
    where = listed.splitlines()[listed.splitlines().index(at) + 1].split(":")[0].strip()
    inner = subprocess.run(
        ["openssl", "asn1parse", "-strparse", where], input=pem, capture_output=True, check=True
    ).stdout.decode()
    kinds = [line.split("prim:")[-1].split("cons:")[-1].split()[0] for line in inner.splitlines()]
    assert kinds == ["SEQUENCE", "SEQUENCE", "OBJECT", "SEQUENCE", "OCTET", "INTEGER", "OCTET"]
    assert "aes-128-gcm" in inner.lower()
