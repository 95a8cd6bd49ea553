"""The contingency public key that a root certificate holds wrapped (RFC 5934 4.6, SMKI: WrappedApexContingencyKey).

Whoever acts by contingency signs with its private key and tells, in the message, the symmetric key that opens it. How
the SMKI wraps it is not in the sources at hand: here it is AES-128 GCM with the parameters of RFC 5084.
"""

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from bench.gbcs import der
from bench.gbcs.der import Tlv, as_fields, as_octets
from bench.gbcs.errors import GbcsError
from bench.pki.errors import PkiError

WRAPPED_APEX_CONTINGENCY_KEY = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.20")
AES_128_GCM = bytes.fromhex("0609608648016503040106")  #: object identifier 2.16.840.1.101.3.4.1.6
TAG = 16  #: octets of the authentication tag
SYMMETRIC_KEY, NONCE = 16, 12  #: octets


def wrap_contingency_key(
    public_key: EllipticCurvePublicKey, symmetric_key: bytes, nonce: bytes
) -> x509.UnrecognizedExtension:
    """Return the extension of a root certificate; the nonce has NONCE octets."""
    plain = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    parameters = der.sequence([der.octets(nonce), der.integer(TAG)])
    wrapped = AESGCM(symmetric_key).encrypt(nonce, plain, None)
    value = der.sequence([der.sequence([AES_128_GCM, parameters]), der.octets(wrapped)])
    return x509.UnrecognizedExtension(WRAPPED_APEX_CONTINGENCY_KEY, bytes(value))


def unwrap_contingency_key(root: x509.Certificate, symmetric_key: bytes) -> EllipticCurvePublicKey:
    """Return the contingency public key. Raises PkiError where the root has none or the key does not open it."""
    try:
        extension = root.extensions.get_extension_for_oid(WRAPPED_APEX_CONTINGENCY_KEY).value
        assert isinstance(extension, x509.UnrecognizedExtension)
        algorithm, wrapped = as_fields(Tlv.parse(extension.value), 2, 2, "contingency key")
        identifier, parameters = as_fields(algorithm, 2, 2, "wrap algorithm")
        if bytes(identifier) != AES_128_GCM or len(symmetric_key) != SYMMETRIC_KEY:
            raise PkiError("contingency key: not wrapped by AES-128 GCM, or with a key of another length")
        nonce = as_octets(as_fields(parameters, 1, 2, "parameters")[0], "nonce")
        key = load_der_public_key(AESGCM(symmetric_key).decrypt(nonce, as_octets(wrapped, "wrapped key"), None))
    except x509.ExtensionNotFound:
        raise PkiError("contingency key: the root certificate holds none") from None
    except (GbcsError, ValueError) as problem:
        raise PkiError(f"contingency key: {problem}") from None
    except InvalidTag:
        raise PkiError("contingency key: the symmetric key does not open it") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise PkiError("contingency key: not of an elliptic curve")
    return key
