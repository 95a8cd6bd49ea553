"""describe and check_path say precisely what is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.gbcs.eui import Eui64
from bench.pki import (
    Authority,
    KeyUsage,
    PkiError,
    Role,
    TestSmki,
    authority,
    check_path,
    derive_private_key,
    describe,
    load_certificate,
    organisation_certificate,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
EUI = Eui64.of("90-B3-D5-1F-30-01-00-00")


@pytest.fixture(scope="module")
def smki() -> TestSmki:
    return TestSmki.generate(1, START)


@pytest.fixture(scope="module")
def other() -> TestSmki:
    return TestSmki.generate(2, START, name="OTHER")


@pytest.fixture(scope="module")
def namesake() -> TestSmki:
    """The same names, other keys."""
    return TestSmki.generate(3, START)


def leaf(smki: TestSmki, usage: str = "ds") -> x509.Certificate:
    return smki.party(smki.identities.supplier).certificates[usage]


def path(smki: TestSmki) -> list[x509.Certificate]:
    return [smki.issuing.certificate]


def test_a_good_path(smki: TestSmki, other: TestSmki) -> None:
    check_path(leaf(smki), path(smki), smki.root.certificate, NOW, role=Role.SUPPLIER)
    check_path(leaf(smki), path(smki), smki.root.private_key.public_key(), NOW, key_usage=KeyUsage.DIGITAL_SIGNATURE)
    check_path(leaf(smki), [*path(other), *path(smki)], smki.root.certificate)
    check_path(leaf(smki), [], smki.issuing.certificate)


def test_wrong_issuer(smki: TestSmki, other: TestSmki, namesake: TestSmki) -> None:
    for chain, anchor in (
        (path(smki), other.root),
        ([], smki.root),
        (path(other), other.root),
        (path(smki), namesake.root),
    ):
        with pytest.raises(PkiError, match="wrong issuer"):
            check_path(leaf(smki), chain, anchor.certificate, NOW)


def test_dates(smki: TestSmki) -> None:
    root = smki.root.certificate
    with pytest.raises(PkiError, match=r"expired: organisation certificate 90-B3-D5-1F-30-01-00-00 .* 2036-01-01"):
        check_path(leaf(smki), path(smki), root, datetime(2036, 1, 2, tzinfo=UTC))
    with pytest.raises(PkiError, match="not yet valid: organisation"):
        check_path(leaf(smki), path(smki), root, START - timedelta(seconds=1))
    check_path(leaf(smki), path(smki), root)  # no time, no time check


def test_expired_intermediate(smki: TestSmki) -> None:
    key = derive_private_key(1, "short")
    short = authority("Short", key, serial=5, not_before=START, not_after=START + timedelta(days=1), issuer=smki.root)
    certificate = organisation_certificate(
        short, EUI, Role.SUPPLIER, "ds", key.public_key(), serial=6, not_before=START, not_after=NOW + timedelta(days=9)
    )
    with pytest.raises(PkiError, match="expired: authority certificate OU=07, CN=Short"):
        check_path(certificate, [short.certificate], smki.root.certificate, NOW)


def test_bad_signature(smki: TestSmki) -> None:
    der = bytearray(leaf(smki).public_bytes(_der()))
    der[-1] ^= 1
    with pytest.raises(PkiError, match="bad signature: organisation"):
        check_path(load_certificate(bytes(der)), path(smki), smki.root.certificate, NOW)
    der = bytearray(smki.issuing.certificate.public_bytes(_der()))
    der[-1] ^= 1
    with pytest.raises(PkiError, match="bad signature: authority"):
        check_path(leaf(smki), [load_certificate(bytes(der))], smki.root.certificate, NOW)


def test_wrong_role_and_usage(smki: TestSmki) -> None:
    with pytest.raises(PkiError, match="wrong role: SUPPLIER, expected NETWORK_OPERATOR"):
        check_path(leaf(smki), path(smki), smki.root.certificate, role=Role.NETWORK_OPERATOR)
    with pytest.raises(PkiError, match="wrong key usage: keyAgreement, expected digitalSignature"):
        check_path(leaf(smki, "ka"), path(smki), smki.root.certificate, key_usage=KeyUsage.DIGITAL_SIGNATURE)


def test_a_leaf_cannot_issue(smki: TestSmki) -> None:
    supplier = smki.party(smki.identities.supplier)
    pretender = Authority(supplier.certificates["ds"], supplier.private_keys["ds"])
    forged = organisation_certificate(
        pretender, EUI, Role.SUPPLIER, "ds", pretender.private_key.public_key(),
        serial=9, not_before=START, not_after=NOW,
    )  # fmt: skip
    with pytest.raises(PkiError, match="is no authority"):
        check_path(forged, [pretender.certificate, *path(smki)], smki.root.certificate, NOW)


def test_path_length(smki: TestSmki) -> None:
    key = derive_private_key(1, "below")
    below = authority("Below", key, serial=5, not_before=START, not_after=NOW, issuer=smki.issuing)
    certificate = organisation_certificate(
        below, EUI, Role.SUPPLIER, "ds", key.public_key(), serial=6, not_before=START, not_after=NOW
    )
    with pytest.raises(PkiError, match="path length"):
        check_path(certificate, [below.certificate, *path(smki)], smki.root.certificate)


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def _odd(change: Callable[[dict[str, Any]], None]) -> x509.Certificate:
    """An organisation certificate with one part changed."""
    key = ec.derive_private_key(77, ec.SECP256R1())
    clear = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign")
    usage = dict.fromkeys((*clear, "crl_sign", "encipher_only", "decipher_only"), False)
    name = organisation_name()
    parts: dict[str, Any] = {
        "subject": name,
        "key": key.public_key(),
        "usage": (x509.KeyUsage(digital_signature=True, **usage), True),
        "ski": _ski(key),
        "policy": (x509.CertificatePolicies([x509.PolicyInformation(_POLICY, None)]), True),
        "hash": hashes.SHA256(),
        "bits": usage,
    }
    change(parts)
    builder = (
        x509.CertificateBuilder()
        .subject_name(parts["subject"])
        .issuer_name(x509.Name([]))
        .public_key(parts["key"])
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(NOW)
    )
    for extension, critical in (
        parts["usage"],
        (parts["ski"], False),
        parts["policy"],
        parts.get("more", (None, False)),
    ):
        if extension is not None:
            builder = builder.add_extension(extension, critical)
    return builder.sign(key, parts["hash"])


_POLICY = x509.ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")


def organisation_name(*roles: str) -> x509.Name:
    from bench.pki.certificates import organisation_name as plain

    name = plain(EUI, Role.SUPPLIER)
    others = [attribute for attribute in name if attribute.oid != NameOID.ORGANIZATIONAL_UNIT_NAME]
    return x509.Name(
        [*(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, role) for role in roles or ("02",)), *others]
    )


def _ski(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    from bench.pki import key_identifier

    return x509.SubjectKeyIdentifier(key_identifier(key.public_key()))


def _hardware(value: bytes) -> tuple[x509.SubjectAlternativeName, bool]:
    return x509.SubjectAlternativeName([x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4"), value)]), True


_SHORT_NAME = bytes.fromhex("3003020100")  # a SEQUENCE, but no hardwareModuleName

ODD: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("key usage: absent", lambda p: p.update(usage=(None, True))),
    ("key usage: not marked critical", lambda p: p.update(usage=(p["usage"][0], False))),
    (r"key usage: digital_signature\+key_agreement", lambda p: p.update(
        usage=(x509.KeyUsage(digital_signature=True, **{**p["bits"], "key_agreement": True}), True))),
    ("subject key identifier: absent", lambda p: p.update(ski=None)),
    ("subject key identifier: 0000", lambda p: p.update(ski=x509.SubjectKeyIdentifier(bytes(8)))),
    ("certificate policies: absent", lambda p: p.update(policy=(None, True))),
    ("certificate policies: not marked critical", lambda p: p.update(policy=(p["policy"][0], False))),
    ("certificate policies: 1.2.3", lambda p: p.update(policy=(
        x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), True))),
    ("role: organizationalUnitName '2'", lambda p: p.update(subject=organisation_name("2"))),
    ("role: 44 is not", lambda p: p.update(subject=organisation_name("44"))),
    ("role: 2 organizationalUnitName", lambda p: p.update(subject=organisation_name("02", "03"))),
    ("subject: 0 x500UniqueIdentifier", lambda p: p.update(
        subject=x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "02")]))),
    ("subject alternative name: absent", lambda p: p.update(subject=x509.Name([]))),
    ("hardwareModuleName: 3003020100", lambda p: p.update(subject=x509.Name([]), more=_hardware(_SHORT_NAME))),
    ("signature algorithm: 1.2.840.10045.4.3.3", lambda p: p.update(hash=hashes.SHA384())),
    ("basic constraints: CA TRUE with key usage digitalSignature", lambda p: p.update(
        more=(x509.BasicConstraints(True, None), True))),
    ("public key: not on curve P-256", lambda p: p.update(
        key=ec.derive_private_key(7, ec.SECP384R1()).public_key())),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "change"), ODD, ids=[problem for problem, _ in ODD])
def test_describe_names_what_departs_from_the_profile(problem: str, change: Callable[[dict[str, Any]], None]) -> None:
    assert describe(_odd(lambda parts: None)).eui == EUI
    with pytest.raises(PkiError, match=f"^{problem}") as caught:
        describe(_odd(change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"0\x03\x02\x01", b"-----BEGIN CERTIFICATE-----\nAAAA\n", bytes(100)])
def test_garbage_is_no_certificate(data: bytes) -> None:
    with pytest.raises(PkiError, match="not a certificate"):
        load_certificate(data)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("usage", ["ds", "device"])
def test_a_changed_octet_is_a_pki_error_and_nothing_else(smki: TestSmki, usage: str) -> None:
    certificate = smki.device(Eui64(bytes(8))).certificates["ka"] if usage == "device" else leaf(smki)
    der = certificate.public_bytes(_der())
    chain = [smki.issuing.certificate, smki.device_issuing.certificate]
    for position in range(len(der)):
        changed = bytearray(der)
        changed[position] ^= 0x04 << position % 6
        with pytest.raises(PkiError) as caught:
            check_path(load_certificate(bytes(changed)), chain, smki.root.certificate, NOW)
        assert "\n" not in str(caught.value)
