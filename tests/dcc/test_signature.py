"""XML signature: verified without our code by OpenSSL and the standard library's canonicaliser."""

import base64
import hashlib
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.dcc import (
    DuisError,
    IssuerSerial,
    Response,
    ServiceRequest,
    SignatureError,
    is_signed,
    parse_document,
    sign_xml,
    signer,
    verify_xml,
)
from bench.dcc import bodies as b
from tests.dcc.parties import ACB, ESME, NOW, SUPPLIER, smki, supplier
from tests.rtds import DUIS, needs_duis

DS = "{http://www.w3.org/2000/09/xmldsig#}"
OPENSSL = shutil.which("openssl")
KEY, CERTIFICATE = supplier().private_keys["xml"], supplier().certificates["xml"]
REQUEST = ServiceRequest.of(SUPPLIER, ESME, 1000, b.ArmSupply())
SIGNED = sign_xml(bytes(REQUEST), KEY, CERTIFICATE)


def parts(document: bytes) -> tuple[bytes, bytes, str]:
    """Canonical SignedInfo, signature r || s and DigestValue, read with the standard library only."""
    signature = ET.fromstring(document).find(f"{DS}Signature")
    assert signature is not None
    info = signature.find(f"{DS}SignedInfo")
    assert info is not None
    ET.register_namespace("ds", DS[1:-1])
    canonical = ET.canonicalize(ET.tostring(info, encoding="unicode"))
    value = base64.b64decode(signature.findtext(f"{DS}SignatureValue") or "")
    return canonical.encode(), value, signature.findtext(f"{DS}SignedInfo/{DS}Reference/{DS}DigestValue") or ""


@pytest.mark.skipif(OPENSSL is None, reason="no openssl command")
def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    info, value, _ = parts(SIGNED)
    der = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    (tmp_path / "info").write_bytes(info)
    (tmp_path / "signature").write_bytes(der)
    (tmp_path / "key.pem").write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = [
        "dgst",
        "-sha256",
        "-verify",
        tmp_path / "key.pem",
        "-signature",
        tmp_path / "signature",
        tmp_path / "info",
    ]
    done = subprocess.run([str(OPENSSL), *map(str, command)], capture_output=True, text=True, timeout=20, check=False)
    assert "Verified OK" in done.stdout


def test_the_digest_is_over_the_canonical_document_without_signature() -> None:
    canonical = ET.canonicalize(bytes(REQUEST).decode())
    assert parts(SIGNED)[2] == base64.b64encode(hashlib.sha256(canonical.encode()).digest()).decode()


def test_the_digest_is_inclusive() -> None:
    """An unused namespace declaration on the root belongs to it, as in the public samples."""
    declared = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    bare = bytes(REQUEST).replace(b" schemaVersion", b" " + declared + b" schemaVersion")
    text = ET.canonicalize(bytes(REQUEST).decode()).replace(" schemaVersion", f" {declared.decode()} schemaVersion")
    signed = sign_xml(bare, KEY, CERTIFICATE)
    assert parts(signed)[2] == base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    verify_xml(signed, KEY.public_key())


def test_signxml_accepts_it() -> None:
    signxml = pytest.importorskip("signxml")
    configuration = signxml.SignatureConfiguration(require_x509=False)
    signxml.XMLVerifier().verify(SIGNED, require_x509=False, x509_cert=CERTIFICATE, expect_config=configuration)


def test_same_input_same_octets() -> None:
    assert sign_xml(REQUEST.element(), KEY, CERTIFICATE) == SIGNED
    verify_xml(SIGNED, KEY.public_key())
    verify_xml(parse_document(SIGNED), KEY.public_key())
    assert is_signed(SIGNED) and not is_signed(bytes(REQUEST))
    assert ServiceRequest.parse(SIGNED) == REQUEST


def test_the_signature_is_the_last_child_and_embeds_no_certificate() -> None:
    root = parse_document(SIGNED)
    assert root[-1].tag == f"{DS}Signature"
    assert b"X509Certificate>" not in SIGNED and b"KeyValue" not in SIGNED
    assert b"<ds:X509IssuerName>CN=BENCH Issuing, OU=07</ds:X509IssuerName>" in SIGNED


def test_the_signer_is_found_whatever_the_spacing_and_order() -> None:
    expected = IssuerSerial.of(CERTIFICATE)
    assert signer(SIGNED) == expected
    for name in (b"CN=BENCH Issuing,OU=07", b"OU=07, CN=BENCH Issuing", b"ou=07 , cn=BENCH Issuing"):
        assert signer(SIGNED.replace(b"CN=BENCH Issuing, OU=07", name)) == expected
    assert signer(SIGNED.replace(b"OU=07", b"OU=08")) != expected


def test_responses_signed_by_the_dcc() -> None:
    dcc = smki().party(ACB)
    response = Response.acknowledge(REQUEST, NOW)
    signed = sign_xml(bytes(response), dcc.private_keys["xml"], dcc.certificates["xml"])
    verify_xml(signed, dcc.private_keys["xml"].public_key())
    assert Response.parse(signed) == response
    with pytest.raises(SignatureError, match="signature: does not verify"):
        verify_xml(signed, KEY.public_key())


def swap(old: bytes, new: bytes) -> bytes:
    assert SIGNED.count(old) >= 1
    return SIGNED.replace(old, new, 1)


START, END = SIGNED.index(b"<ds:Signature "), SIGNED.index(b"</ds:Signature>") + len(b"</ds:Signature>")
WHOLE = SIGNED[START:END]
TAMPERED = {
    "digest: ": swap(b":1000<", b":1001<"),
    "digest: the": swap(b"<sr:ArmSupply/>", b"<sr:DisableSupply/>"),
    "digest": SIGNED.replace(b"<sr:Body>", b"<sr:Body> "),
    "document is not signed": bytes(REQUEST),
    "document is not": SIGNED.replace(b"ds:Signature ", b"ds:Signatur ").replace(b"</ds:Signature>", b"</ds:Signatur>"),
    "Signature: expected one": SIGNED.replace(WHOLE, WHOLE + WHOLE),
    "Signature: expected": SIGNED.replace(WHOLE, b"").replace(b"<sr:Body>", b"<sr:Body>" + WHOLE),
    "Reference: URI '#x'": swap(b'URI=""', b'URI="#x"'),
    "Reference: URI None": swap(b' URI=""', b""),
    "Transforms: ": swap(b"xmldsig#enveloped-signature", b"xmldsig#base64"),
    "DigestMethod: algorithm": swap(b"xmlenc#sha256", b"xmlenc#sha512"),
    "SignatureMethod: algorithm": swap(b"ecdsa-sha256", b"hmac-sha256"),
    "CanonicalizationMethod": swap(b"xml-exc-c14n#", b"xml-exc-c14n#WithComments"),
    "SignatureValue: not base64": swap(b"<ds:SignatureValue>", b"<ds:SignatureValue>*"),
    "SignatureValue: 67 octets": swap(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
    "SignedInfo: 2 elements": swap(b"<ds:SignatureValue>", b"<ds:SignedInfo/><ds:SignatureValue>"),
    "signature: does not verify": swap(b"<ds:SignedInfo>", b"<ds:SignedInfo> "),
}


@pytest.mark.parametrize(("problem", "document"), TAMPERED.items(), ids=TAMPERED.keys())
def test_tampering_is_named(problem: str, document: bytes) -> None:
    with pytest.raises(SignatureError, match="^" + problem.replace("(", r"\(")):
        verify_xml(document, KEY.public_key())


def test_zero_signature() -> None:
    value = base64.b64encode(parts(SIGNED)[1])
    with pytest.raises(SignatureError, match="signature"):
        verify_xml(swap(value, base64.b64encode(bytes(64))), KEY.public_key())


def test_signing_twice_is_refused() -> None:
    with pytest.raises(SignatureError, match="signed already"):
        sign_xml(SIGNED, KEY, CERTIFICATE)
    with pytest.raises(SignatureError, match="not signed"):
        signer(bytes(REQUEST))


@pytest.mark.rtds
@needs_duis
def test_the_placeholders_of_the_samples_do_not_verify_but_have_the_profile() -> None:
    assert DUIS is not None
    for path in sorted(DUIS.glob("ECS4*.XML")):
        data = path.read_bytes()
        assert signer(data).serial == 1234567890
        with pytest.raises(DuisError, match="digest: the document"):
            verify_xml(data, KEY.public_key())
