"""Profile and path checks against the certificates of the Reference Test Data Set."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from lxml import etree

from bench.gbcs.credentials import UpdateCredentials
from bench.gbcs.message import Message
from bench.pki import PkiError, Role, check_path, describe, load_certificate
from tests.rtds import DUIS, RTDS, messages, needs_duis, needs_rtds, read

pytestmark = [pytest.mark.rtds, needs_rtds]


def issuing_authority() -> x509.Certificate:
    path = next(path for path in messages() if "SupplierByTransCoS_6.23_IMMEDIATE_SUCCESS_COMMAND" in path.name)
    (der,) = UpdateCredentials.parse(Message.parse(read(path)).payload).path
    return load_certificate(der)


def organisation_files() -> list[str]:
    assert RTDS is not None
    return sorted(path.name for path in (RTDS / "keystore").glob("90b3*.pem"))


def load(name: str) -> x509.Certificate:
    assert RTDS is not None
    return load_certificate((RTDS / "keystore" / name).read_bytes())


def test_every_certificate_fits_the_profile() -> None:
    assert RTDS is not None
    kinds = {"organisation": 0, "device": 0}
    for path in sorted((RTDS / "keystore").glob("*.pem")):
        if b"BEGIN CERTIFICATE" in path.read_bytes():
            profile = describe(load(path.name))
            kinds[profile.kind] += 1
            if path.name != "90b3d51f30000007-ka.pem":  # mislabelled in the data set
                assert profile.eui is not None and path.name.startswith(bytes(profile.eui).hex())
    assert kinds["organisation"] == len(organisation_files())
    assert kinds["device"] >= 400


def test_fourteen_organisation_certificates_chain_to_the_issuing_authority() -> None:
    anchor = issuing_authority()
    verdicts = {}
    for name in organisation_files():
        try:
            check_path(load(name), [], anchor)
            verdicts[name] = "good"
        except PkiError as problem:
            verdicts[name] = str(problem)
    bad = {name: verdict for name, verdict in verdicts.items() if verdict != "good"}
    assert set(bad) == {"90b3d51f30010008-ds.pem", "90b3d51f30010008-ka.pem"}
    assert len(verdicts) - len(bad) == 14
    assert all(verdict.startswith("bad signature: organisation certificate 90-B3") for verdict in bad.values())


def test_known_key_identifiers_and_roles() -> None:
    authority = describe(issuing_authority())
    assert (authority.kind, authority.role, authority.ski.hex()) == (
        "authority",
        Role.ISSUING_AUTHORITY,
        "4f5688d7ec933be2",
    )
    supplier = describe(load("90b3d51f30010000-pp-ka.pem"))
    assert (supplier.role, supplier.ski.hex()) == (Role.SUPPLIER, "41fb49221588c570")
    assert describe(load("90b3d51f30000004-ds.pem")).role is Role.TRANSITIONAL_COS


def test_the_first_generation_has_expired() -> None:
    with pytest.raises(PkiError, match="expired: organisation certificate 90-B3-D5-1F-30-01-00-00"):
        check_path(load("90b3d51f30010000-ds.pem"), [], issuing_authority(), datetime(2026, 1, 1, tzinfo=UTC))


@needs_duis
def test_certificates_of_the_service_requests_chain_too() -> None:
    assert DUIS is not None
    anchor = issuing_authority()
    seen = 0
    for path in sorted(DUIS.glob("CS02b*6.23*.XML")):
        for element in etree.parse(path).iter("{*}DigitalSigningCertificate", "{*}KeyAgreementTopUpCertificate"):
            check_path(
                _from_base64(element.text or ""), [], anchor, datetime(2026, 6, 1, tzinfo=UTC), role=Role.SUPPLIER
            )
            seen += 1
    assert seen == 6


def _from_base64(text: str) -> x509.Certificate:
    import base64

    return load_certificate(base64.b64decode(text))
