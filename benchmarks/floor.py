"""The least that cryptography costs: `cryptography` and hashlib called with everything prepared beforehand."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ec import ECDH, ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from bench.gbcs import Cra, Eui64, Keystore, Message
from bench.gbcs.check import HAN_ONLY, encryption_counter, encryption_recipient
from bench.gbcs.decode import Encryption, decode_payload
from bench.gbcs.message import MAC_CONTEXT
from benchmarks.messages import Messages

_KDF = bytes.fromhex("60857406080300")
Pair = tuple[EllipticCurvePrivateKey, EllipticCurvePublicKey]


class Floor:
    """Operations a set of messages needs: ECDH once a key pair, then KDF and GMAC, ECDSA and decryption."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self._numbers: dict[tuple[Eui64, Eui64], int] = {}
        self.macs: list[tuple[int, bytes, bytes, bytes, bytes]] = []  # pair, KDF tail, IV, AAD, tag
        self.signatures: list[tuple[EllipticCurvePublicKey, bytes, bytes]] = []
        self.ciphered: list[tuple[int, bytes, bytes, bytes]] = []  # pair, KDF tail, IV, ciphertext

    def pair(self, store: Keystore, a: Eui64, b: Eui64) -> int | None:
        """Number of a key pair; None without its keys."""
        known = self._numbers.get((a, b))
        if known is not None:
            return known
        for mine, other in ((a, b), (b, a)):
            private, public = store.private_key(mine, "ka"), store.public_key(other, "ka")
            if private is not None and public is not None:
                self.pairs.append((private, public))
                self._numbers[a, b] = len(self.pairs) - 1
                return self._numbers[a, b]
        return None

    def verify(self) -> None:
        """Every MAC and signature."""
        secrets = [private.exchange(ECDH(), public) for private, public in self.pairs]
        for number, tail, nonce, aad, tag in self.macs:
            key = hashlib.sha256(b"\0\0\0\1" + secrets[number] + tail).digest()[:16]
            assert AESGCM(key).encrypt(nonce, b"", aad)[:12] == tag
        algorithm = ECDSA(SHA256())
        for public, signature, octets in self.signatures:
            public.verify(signature, octets, algorithm)

    def verify_and_decrypt(self) -> None:
        """Every MAC, signature and encrypted part; decrypting costs what encrypting does."""
        self.verify()
        secrets = [private.exchange(ECDH(), public) for private, public in self.pairs]
        for number, tail, nonce, ciphertext in self.ciphered:
            key = hashlib.sha256(b"\0\0\0\1" + secrets[number] + tail).digest()[:16]
            AESGCM(key).encrypt(nonce, ciphertext, b"\x31")


def tail(originator: Eui64, flag: int, counter: int, recipient: Eui64) -> bytes:
    """What follows the secret in the key derivation."""
    return _KDF + originator + b"\x09" + flag.to_bytes(1, "big") + counter.to_bytes(8, "big") + recipient


def prepare(messages: Messages) -> Floor:
    """The operations `messages` need, with every input made beforehand."""
    floor, store = Floor(), messages.keystore
    for octets in messages.octets:
        message = Message.parse(octets)
        nonce = message.originator + bytes(4)
        if message.mac is not None:
            remote = message.cra is Cra.COMMAND and message.message_code not in HAN_ONLY
            number = floor.pair(store, messages.broker if remote else message.originator, message.target)
            if number is not None:
                derived = tail(message.originator, message.cra, message.counter, message.target)
                assert message.maced_octets.startswith(MAC_CONTEXT)
                floor.macs.append((number, derived, nonce, message.maced_octets, message.mac))
        public = store.public_key(message.originator, "ds")
        if message.signature and public is not None:
            r, s = (int.from_bytes(message.signature[at : at + 32], "big") for at in (0, 32))
            floor.signatures.append((public, encode_dss_signature(r, s), message.signed_octets))
        for ciphered in _ciphered(message):
            number = floor.pair(store, message.originator, encryption_recipient(message))
            if number is not None:
                derived = tail(message.originator, 4, encryption_counter(message), encryption_recipient(message))
                floor.ciphered.append((number, derived, nonce, ciphered))
    return floor


class _Collected(Encryption):
    """Takes note of what is encrypted instead of decrypting it."""

    parts: list[bytes]

    def open(self, ciphered: bytes) -> tuple[str, bytes | None]:
        """Keep the ciphertext."""
        self.parts.append(ciphered[5:-12])
        return "unknown", None


def _ciphered(message: Message) -> list[bytes]:
    found = _Collected(message, None)
    found.parts = []
    decode_payload(message, found)
    return found.parts
