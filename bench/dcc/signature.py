"""XML signature of DUIS documents: enveloped, over the whole document, ECDSA P-256 with SHA-256.

The profile (seen in public samples): one Reference with URI "" and the enveloped-signature transform alone, hence
the digest is over inclusive Canonical XML 1.0 of the document without its Signature; SignedInfo is canonicalised
exclusively; SignatureValue is r || s; KeyInfo names issuer and serial of the certificate and embeds nothing.
"""

import base64
import copy
import hashlib
import hmac
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from bench.dcc.document import parse_document, serialise
from bench.dcc.errors import DuisError, SignatureError
from bench.dcc.record import read_base64

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SHA256_DIGEST = "http://www.w3.org/2001/04/xmlenc#sha256"

Document = bytes | etree._Element


@dataclass(frozen=True, slots=True)
class IssuerSerial:
    """Which certificate signed: issuer as sorted (attribute, value) pairs, so that order and spacing do not count."""

    issuer: frozenset[tuple[str, str]]
    serial: int

    @classmethod
    def of(cls, certificate: x509.Certificate) -> "IssuerSerial":
        """The issuer and serial number of a certificate."""
        return cls(_name_pairs(issuer_name(certificate)), certificate.serial_number)


def issuer_name(certificate: x509.Certificate) -> str:
    """Issuer as in X509IssuerName: ``CN=Z1, OU=07``, most specific first (RFC 4514)."""
    return ", ".join(rdn.rfc4514_string() for rdn in reversed(certificate.issuer.rdns))


def sign_xml(document: Document, private_key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """The document with a Signature as last child of its root; same input, same octets (RFC 6979).

    Raises SignatureError if it is signed already.
    """
    root = _root(document)
    if next(root.iter(_ds("Signature")), None) is not None:
        raise SignatureError("document is signed already")
    signature: etree._Element = etree.SubElement(root, _ds("Signature"), nsmap={"ds": NAMESPACE})
    info = _add(signature, "SignedInfo")
    _add(info, "CanonicalizationMethod", Algorithm=EXCLUSIVE_C14N)
    _add(info, "SignatureMethod", Algorithm=ECDSA_SHA256)
    reference = _add(info, "Reference", URI="")
    _add(_add(reference, "Transforms"), "Transform", Algorithm=ENVELOPED)
    _add(reference, "DigestMethod", Algorithm=SHA256_DIGEST)
    _add(reference, "DigestValue").text = base64.b64encode(_digest(root)).decode()
    der = private_key.sign(_canonical_info(info), ECDSA(SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    _add(signature, "SignatureValue").text = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    serial = _add(_add(_add(signature, "KeyInfo"), "X509Data"), "X509IssuerSerial")
    _add(serial, "X509IssuerName").text = issuer_name(certificate)
    _add(serial, "X509SerialNumber").text = str(certificate.serial_number)
    return serialise(root)


def is_signed(document: Document) -> bool:
    """Whether the root has a Signature; says nothing about its worth."""
    return _root(document).find(_ds("Signature")) is not None


def signer(document: Document) -> IssuerSerial:
    """Who claims to have signed. Raises SignatureError if the document does not say."""
    signature = _signature(_root(document))
    issuer = _text(signature, "KeyInfo/X509Data/X509IssuerSerial/X509IssuerName")
    serial = _text(signature, "KeyInfo/X509Data/X509IssuerSerial/X509SerialNumber")
    if not serial.isascii() or not serial.isdigit() or len(serial) > 60:
        raise SignatureError(f"X509SerialNumber: {serial[:80]!r} is not a decimal number")
    return IssuerSerial(_name_pairs(issuer), int(serial))


def verify_xml(document: Document, public_key: EllipticCurvePublicKey) -> None:
    """Check profile, digest and signature; raises SignatureError saying which of them is wrong."""
    root = _root(document)
    signature = _signature(root)
    info = _one(signature, "SignedInfo")
    _algorithm(info, "CanonicalizationMethod", EXCLUSIVE_C14N)
    _algorithm(info, "SignatureMethod", ECDSA_SHA256)
    reference = _one(info, "Reference")
    if reference.get("URI") != "":
        raise SignatureError(f"Reference: URI {reference.get('URI')!r}, expected the whole document")
    transforms = [each.get("Algorithm") for each in _one(reference, "Transforms") if isinstance(each.tag, str)]
    if transforms != [ENVELOPED]:
        raise SignatureError(f"Transforms: {transforms}, expected the enveloped signature alone")
    _algorithm(reference, "DigestMethod", SHA256_DIGEST)
    if not hmac.compare_digest(_base64(reference, "DigestValue"), _digest(root)):
        raise SignatureError("digest: the document is not the one that was signed")
    value = _base64(signature, "SignatureValue")
    if len(value) != 64:
        raise SignatureError(f"SignatureValue: {len(value)} octets, expected r || s of 64")
    der = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    try:
        public_key.verify(der, _canonical_info(info), ECDSA(SHA256()))
    except InvalidSignature:
        raise SignatureError("signature: does not verify under the given key") from None


def without_signature(root: etree._Element) -> etree._Element:
    """A copy of the document without the Signature of its root."""
    bare = copy.deepcopy(root.getroottree()).getroot()
    for signature in bare.findall(_ds("Signature")):
        _remove(signature)
    return bare


def _root(document: Document) -> etree._Element:
    return parse_document(document) if isinstance(document, bytes) else copy.deepcopy(document.getroottree()).getroot()


def _ds(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    child: etree._Element = etree.SubElement(parent, _ds(name), attributes)
    return child


def _digest(root: etree._Element) -> bytes:
    tree = without_signature(root).getroottree()
    return hashlib.sha256(etree.tostring(tree, method="c14n", exclusive=False, with_comments=False)).digest()


def _remove(element: etree._Element) -> None:
    """Remove an element but keep the text after it, which lxml would drop."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if parent is None:
        return
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    element.tail = None
    parent.remove(element)


def _canonical_info(info: etree._Element) -> bytes:
    return etree.tostring(info, method="c14n", exclusive=True, with_comments=False)


def _signature(root: etree._Element) -> etree._Element:
    found = list(root.iter(_ds("Signature")))
    if not found:
        raise SignatureError("document is not signed")
    if len(found) > 1 or found[0].getparent() is not root:
        raise SignatureError("Signature: expected one, as a child of the root")
    return found[0]


def _one(parent: etree._Element, path: str) -> etree._Element:
    found = parent.findall("/".join(_ds(step) for step in path.split("/")))
    if len(found) != 1:
        raise SignatureError(f"{path}: {len(found)} elements, expected 1")
    return found[0]


def _text(parent: etree._Element, path: str) -> str:
    return (_one(parent, path).text or "").strip()


def _algorithm(parent: etree._Element, name: str, expected: str) -> None:
    seen = _one(parent, name).get("Algorithm")
    if seen != expected:
        raise SignatureError(f"{name}: algorithm {seen}, expected {expected}")


def _base64(parent: etree._Element, name: str) -> bytes:
    try:
        return read_base64(_text(parent, name))
    except ValueError as problem:
        raise SignatureError(f"{name}: {problem}") from None


def _name_pairs(text: str) -> frozenset[tuple[str, str]]:
    pairs = []
    for part in text.split(","):
        attribute, separator, value = part.partition("=")
        if not separator:
            raise SignatureError(f"X509IssuerName: {text[:80]!r} is no distinguished name")
        pairs.append((attribute.strip().upper(), value.strip()))
    return frozenset(pairs)


__all__ = [
    "DuisError",
    "IssuerSerial",
    "SignatureError",
    "is_signed",
    "issuer_name",
    "sign_xml",
    "signer",
    "verify_xml",
    "without_signature",
]
