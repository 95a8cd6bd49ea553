"""Cryptography of GBCS messages (GBCS 4.3): ECDH, key derivation, GMAC, ECDSA and authenticated encryption.

Curve NIST P-256, SHA-256, AES-128-GCM with tags cut to twelve octets; IV is the originator's EUI-64 and four zeros.
"""

import hashlib
import hmac
import struct
from dataclasses import replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import MAC_CONTEXT, MAC_OCTETS, SIGNATURE_OCTETS, Message, with_mac

COMMAND, RESPONSE, ALERT, ENCRYPTION = 1, 2, 3, 4  #: flags of the key derivation (GBCS 4.3.3.2)

_ALGORITHM = bytes.fromhex("60857406080300")  # 2.16.756.5.8.3.0, AES-GCM-128, without tag and length
_TRANSACTION = struct.Struct(">BBQ").pack
_CIPHER_HEADER = b"\x31\0\0\0\0"
_CIPHER_AAD = b"\x31"
_VERIFY = ECDSA(SHA256())
_SIGN = ECDSA(SHA256(), deterministic_signing=True)


def shared_secret(private: EllipticCurvePrivateKey, public: EllipticCurvePublicKey) -> bytes:
    """Z of static-static ECDH: the x coordinate, 32 octets. Raises GbcsError if a key is not on P-256."""
    if not isinstance(private.curve, SECP256R1) or not isinstance(public.curve, SECP256R1):
        raise GbcsError("key agreement needs keys on NIST P-256")
    return private.exchange(ECDH(), public)


def derive_key(secret: bytes, originator: bytes, flag: int, counter: int, recipient: bytes) -> bytes:
    """AES-128 key, 16 octets: one SHA-256 block of the concatenation KDF (GBCS 4.3.3.2).

    `flag` is 1..3 for the MAC of a command, response or alert, 4 for encryption; `counter` a u64.
    """
    try:
        transaction = _TRANSACTION(9, flag, counter)
    except struct.error:
        raise GbcsError(f"counter {counter} or flag {flag} does not fit") from None
    material = b"".join((b"\0\0\0\x01", secret, _ALGORITHM, originator, transaction, recipient))
    return hashlib.sha256(material).digest()[:16]


def gmac(key: bytes, originator: bytes, aad: bytes) -> bytes:
    """Whole 16-octet GMAC tag over `aad`."""
    return AESGCM(key).encrypt(originator + b"\0\0\0\0", b"", aad)


def mac(message: Message, secret: bytes) -> bytes:
    """MAC of a message, 12 octets (GBCS 4.3.3.4); `secret` is Z of the key pair the use case asks for."""
    key = derive_key(secret, message.originator, message.cra, message.counter, message.target)
    return gmac(key, message.originator, message.maced_octets)[:MAC_OCTETS]


def add_mac(message: Message, secret: bytes) -> Message:
    """The message with its MAC; a message without signature gets the signature length 00."""
    if message.signature is None:
        message = replace(message, signature=b"")
    return replace(message, mac=mac(message, secret))


def protect(message: Message, secret: bytes | None = None, private: EllipticCurvePrivateKey | None = None) -> bytes:
    """Octets of the message, signed with `private` and then MACed with `secret`, in one pass over it.

    The same octets as ``bytes(add_mac(sign(message, private), secret))``; what is None is left out, the signature
    length is then 00.
    """
    body = message.grouping_header + message.payload
    if private is None:
        body += b"\0"
    else:
        r, s = decode_dss_signature(private.sign(body[1:], _SIGN))
        body = b"".join((body, b"\x40", r.to_bytes(32, "big"), s.to_bytes(32, "big")))
    if secret is None:
        return body
    key = derive_key(secret, message.originator, message.cra, message.counter, message.target)
    return with_mac(body, gmac(key, message.originator, MAC_CONTEXT + body)[:MAC_OCTETS])


def verify_mac(message: Message, secret: bytes) -> bool:
    """Whether the message has a MAC and it is the one `secret` gives."""
    return message.mac is not None and hmac.compare_digest(mac(message, secret), message.mac)


def sign(message: Message, private: EllipticCurvePrivateKey) -> Message:
    """The message with the originator's signature r || s (GBCS 4.3.2), deterministic as in RFC 6979.

    A MAC the message may have had is dropped, for it covers the signature.
    """
    r, s = decode_dss_signature(private.sign(message.signed_octets, _SIGN))
    return replace(message, signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"), mac=None)


def verify_signature(message: Message, public: EllipticCurvePublicKey) -> bool:
    """Whether the message has a signature and `public` verifies it."""
    signature = message.signature
    if signature is None or len(signature) != SIGNATURE_OCTETS:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public.verify(encode_dss_signature(r, s), message.signed_octets, _VERIFY)
    except InvalidSignature:
        return False
    return True


def encrypt(plaintext: bytes, secret: bytes, originator: Eui64, counter: int, recipient: Eui64) -> bytes:
    """Protected object ``31 00000000 || ciphertext || tag`` (GBCS 4.3.3.5)."""
    key = derive_key(secret, originator, ENCRYPTION, counter, recipient)
    sealed = AESGCM(key).encrypt(originator + b"\0\0\0\0", plaintext, _CIPHER_AAD)
    return _CIPHER_HEADER + sealed[: len(plaintext) + MAC_OCTETS]


def decrypt(ciphered: bytes, secret: bytes, originator: Eui64, counter: int, recipient: Eui64) -> bytes:
    """Plaintext of a protected object. Raises GbcsError if its form or its tag is wrong."""
    if ciphered[:5] != _CIPHER_HEADER:
        raise GbcsError("protected object does not start with 31 00000000", 0)
    if len(ciphered) < len(_CIPHER_HEADER) + MAC_OCTETS:
        raise GbcsError("protected object is shorter than its tag", len(ciphered))
    key = derive_key(secret, originator, ENCRYPTION, counter, recipient)
    return _open(key, originator + b"\0\0\0\0", ciphered[5:-MAC_OCTETS], ciphered[-MAC_OCTETS:])


def _open(key: bytes, nonce: bytes, ciphertext: bytes, tag: bytes) -> bytes:
    """Plaintext, if the twelve-octet tag is right.

    `AESGCM` opens only whole tags, and the other interface of the library costs five times as much. In counter mode
    encrypting the ciphertext gives the plaintext, and encrypting that gives the tag to compare.
    """
    cipher = AESGCM(key)
    plaintext = cipher.encrypt(nonce, ciphertext, None)[: len(ciphertext)]
    made = cipher.encrypt(nonce, plaintext, _CIPHER_AAD)[len(ciphertext) :][:MAC_OCTETS]
    if not hmac.compare_digest(made, tag):
        raise GbcsError("the tag of the protected object is wrong")
    return plaintext
