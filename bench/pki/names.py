"""Names of the SMKI certificate profile: roles, key usages, object identifiers, the 8-octet key identifier."""

import hashlib
from enum import IntEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.gbcs.trust_anchors import KeyUsage

CERTIFICATE_POLICY = x509.ObjectIdentifier("1.2.826.0.1.8641679.1.2.1.4")
#: the policy the device certificates of the public reference data carry instead
DEVICE_CERTIFICATE_POLICIES = (CERTIFICATE_POLICY, x509.ObjectIdentifier("1.2.826.0.1.1800000.1.2.1.4"))
HARDWARE_MODULE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")
#: SEQUENCE { hwType 1.2.826.0.1.8641679.1.2.2.1, hwSerialNum OCTET STRING(8) } up to the eight octets (RFC 4108 5)
HARDWARE_MODULE_PREFIX = bytes.fromhex("3019060D2A863A0001848FB90F010202010408")
UNIQUE_IDENTIFIER = x509.ObjectIdentifier("2.5.4.45")


class Role(IntEnum):
    """Remote party role, the two hex digits in the OU of an organisation certificate."""

    ROOT = 0
    RECOVERY = 1
    SUPPLIER = 2
    NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER = 4
    TRANSITIONAL_COS = 5
    WAN_PROVIDER = 6
    ISSUING_AUTHORITY = 7
    LOAD_CONTROLLER = 8
    OTHER = 127
    XML_SIGNING = 135
    DCC_XML_SIGNING = 137


#: usage as in the file names of a key store -> key usage of the certificate
USAGES = {
    "ds": KeyUsage.DIGITAL_SIGNATURE,
    "ka": KeyUsage.KEY_AGREEMENT,
    "pp-ka": KeyUsage.KEY_AGREEMENT,
    "xml": KeyUsage.DIGITAL_SIGNATURE,
}

#: names of the key usages as RFC 5280 4.2.1.3 writes them
USAGE_NAMES = {
    KeyUsage.DIGITAL_SIGNATURE: "digitalSignature",
    KeyUsage.KEY_AGREEMENT: "keyAgreement",
    KeyUsage.KEY_CERT_SIGN: "keyCertSign",
}


def key_identifier(public_key: EllipticCurvePublicKey) -> bytes:
    """Subject key identifier, 8 octets: 0100 and the low 60 bits of SHA-1 over the point (RFC 5280 4.2.1.2 (2))."""
    point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    tail = hashlib.sha1(point, usedforsecurity=False).digest()[-8:]
    return bytes([0x40 | tail[0] & 0x0F]) + tail[1:]
