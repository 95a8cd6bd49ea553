"""The test SMKI against OpenSSL, and its files."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.gbcs import Keystore
from bench.gbcs.eui import Eui64
from bench.pki import NEVER, PkiError, Role, TestSmki, describe, load_keystore, load_private_key, private_key_pem

START = datetime(2026, 1, 1, tzinfo=UTC)
DEVICE = Eui64.of("00-DB-12-34-56-78-90-A0")
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl command")


@pytest.fixture(scope="module")
def smki() -> TestSmki:
    made = TestSmki.generate("pki tests", START)
    made.device(DEVICE)
    made.organisation(Eui64.of("90-B3-D5-1F-30-01-00-08"), Role.LOAD_CONTROLLER)
    return made


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run([str(OPENSSL), *map(str, arguments)], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_same_seed_same_octets(smki: TestSmki, tmp_path: Path) -> None:
    again = TestSmki.generate("pki tests", START)
    again.device(DEVICE)
    again.organisation(Eui64.of("90-B3-D5-1F-30-01-00-08"), Role.LOAD_CONTROLLER)
    one, two = tmp_path / "one", tmp_path / "two"
    names = [path.name for path in smki.write(one)]
    assert names == [path.name for path in again.write(two)]
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


def test_other_seed_other_keys(smki: TestSmki) -> None:
    other = TestSmki.generate("another", START)
    supplier = smki.identities.supplier
    assert (
        describe(other.party(supplier).certificates["ds"]).ski != describe(smki.party(supplier).certificates["ds"]).ski
    )


@needs_openssl
def test_openssl_verifies_every_certificate(smki: TestSmki, tmp_path: Path) -> None:
    smki.write(tmp_path, private=[])
    leaves = [path for path in sorted(tmp_path.glob("*-*.pem")) if path.name[0] in "0123456789"]
    assert len(leaves) >= 19
    for leaf in leaves:
        device = leaf.name.startswith("00db")
        issuing = tmp_path / ("device-issuing.pem" if device else "issuing.pem")
        at = str(int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()))
        openssl("verify", "-x509_strict", "-attime", at, "-CAfile", tmp_path / "root.pem", "-untrusted", issuing, leaf)


@needs_openssl
def test_openssl_reads_the_organisation_profile(smki: TestSmki, tmp_path: Path) -> None:
    smki.write(tmp_path, private=[])
    text = openssl("x509", "-in", tmp_path / "90b3d51f30010000-pp-ka.pem", "-noout", "-text")
    for line in (
        "Subject: OU = 02, x500UniqueIdentifier = #03090090B3D51F30010000",
        "X509v3 Key Usage: critical\n                Key Agreement",
        "X509v3 Certificate Policies: critical\n                Policy: 1.2.826.0.1.8641679.1.2.1.4",
        "Signature Algorithm: ecdsa-with-SHA256",
        "NIST CURVE: P-256",
    ):
        assert line in text
    xml = openssl("x509", "-in", tmp_path / "90b3d51f30000002-xml.pem", "-noout", "-subject")
    assert "OU = 89" in xml


@needs_openssl
def test_openssl_reads_the_device_profile(smki: TestSmki, tmp_path: Path) -> None:
    smki.write(tmp_path, private=[])
    path = tmp_path / f"{bytes(DEVICE).hex()}-ds.pem"
    text = openssl("x509", "-in", path, "-noout", "-text")
    assert "Subject: \n" in text
    assert "Not After : Dec 31 23:59:59 9999 GMT" in text
    assert "X509v3 Subject Alternative Name: critical" in text
    tree = openssl("asn1parse", "-in", path)
    assert "99991231235959Z" in tree
    assert "othername" in text and "1.3.6.1.5.5.7.8.4" in text + tree
    assert "060D2A863A0001848FB90F01020201040800DB1234567890A0" in tree


def test_roles_and_usages(smki: TestSmki) -> None:
    names = smki.identities
    assert {usage: describe(each).role for usage, each in smki.party(names.acb).certificates.items()} == {
        "ds": Role.ACCESS_CONTROL_BROKER,
        "ka": Role.ACCESS_CONTROL_BROKER,
        "xml": Role.DCC_XML_SIGNING,
    }
    assert describe(smki.party(names.supplier).certificates["xml"]).role is Role.XML_SIGNING
    assert describe(smki.party(names.recovery).certificates["ds"]).role is Role.RECOVERY
    device = describe(smki.party(DEVICE).certificates["ka"])
    assert (device.kind, device.eui, device.role, device.not_after) == ("device", DEVICE, None, NEVER)


def test_renewal_keeps_identity_and_changes_keys(smki: TestSmki) -> None:
    supplier = smki.identities.gaining_supplier
    old, new = smki.party(supplier), smki.organisation(supplier, Role.SUPPLIER, ("ds", "ka", "pp-ka"), generation=1)
    assert describe(new.certificates["ds"]).eui == supplier
    assert describe(new.certificates["ds"]).ski != describe(old.certificates["ds"]).ski
    assert smki.keystore().certificate(supplier, "ds") == old.certificates["ds"]


def test_a_party_has_one_role(smki: TestSmki) -> None:
    with pytest.raises(PkiError, match="already certified"):
        smki.organisation(smki.identities.supplier, Role.NETWORK_OPERATOR)
    with pytest.raises(PkiError, match="no such party"):
        smki.party(Eui64(bytes(8)))


def test_files_are_what_the_keystore_reads(smki: TestSmki, tmp_path: Path) -> None:
    names = smki.identities
    written = smki.write(tmp_path, private=[names.acb])
    keys = [path for path in written if path.suffix == ".key"]
    assert sorted(path.name for path in keys) == [f"90b3d51f30000002-{usage}.key" for usage in ("ds", "ka", "xml")]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys)
    with Keystore.load(tmp_path) as store, smki.keystore() as full:
        assert store.secret(names.acb, DEVICE) == full.secret(DEVICE, names.acb)
        assert store.private_key(names.supplier, "ds") is None
        assert store.public_key(names.supplier, "pp-ka") is not None


def test_rewriting_a_key_narrows_its_mode(smki: TestSmki, tmp_path: Path) -> None:
    path = tmp_path / "90b3d51f30000004-ds.key"
    path.write_text("old")
    path.chmod(0o644)
    smki.write(tmp_path, private=[smki.identities.cos_party])
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_are_encrypted_under_a_passphrase(smki: TestSmki, tmp_path: Path) -> None:
    supplier = smki.identities.supplier
    smki.write(tmp_path, private=[supplier], passphrase=b"correct horse")
    assert b"ENCRYPTED" in (tmp_path / "90b3d51f30010000-ds.key").read_bytes()
    with load_keystore(tmp_path, b"correct horse") as store:
        assert store.secret(supplier, DEVICE) is not None
    with pytest.raises(PkiError, match=r"90b3d51f30010000-ds\.key: private key"):
        load_keystore(tmp_path, b"wrong")


def test_key_errors_say_no_secret(smki: TestSmki) -> None:
    key = smki.party(smki.identities.supplier).private_keys["ds"]
    pem = private_key_pem(key, b"secret phrase")
    for data, passphrase in ((pem, None), (pem, b"other"), (private_key_pem(key), b"needless"), (b"junk", None)):
        with pytest.raises(PkiError) as caught:
            load_private_key(data, passphrase)
        assert "phrase" not in str(caught.value).replace("passphrase", "") and "\n" not in str(caught.value)
    with pytest.raises(PkiError, match="empty"):
        private_key_pem(key, b"")
    assert "EllipticCurve" not in repr(smki) and "private" not in repr(smki.party(smki.identities.supplier))
