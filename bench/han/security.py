"""ZigBee security: CCM* at level 5, AES-MMO, derived keys, install codes (ZigBee PRO 4.3, 4.4, annexes A and B).

On air the level bits of the security control octet are 000. The nonce and the authenticated data take the octet with
the level, 5 (ENC-MIC-32), patched in; the octets sent keep 000.
"""

import binascii
from dataclasses import replace
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from bench.han.aps import ApsFrame
from bench.han.aux_header import AuxHeader, KeyId
from bench.han.errors import HanError
from bench.han.nwk import NwkFrame

MIC = 4  #: octets of the message integrity code


def seal(key: bytes, eui: bytes, aux: AuxHeader, header: bytes, plaintext: bytes) -> bytes:
    """Return ciphertext and MIC. `eui` is the originator of the nonce, `header` everything before the aux header."""
    return _ccm(key).encrypt(aux.nonce(eui), plaintext, header + aux.patched())


def unseal(key: bytes, eui: bytes, aux: AuxHeader, header: bytes, sealed: bytes) -> bytes | None:
    """Return the plaintext, None when the MIC does not fit this key and originator."""
    if len(sealed) < MIC:
        return None
    try:
        return _ccm(key).decrypt(aux.nonce(eui), sealed, header + aux.patched())
    except InvalidTag:
        return None


@lru_cache(maxsize=256)
def _ccm(key: bytes) -> AESCCM:
    if len(key) != 16:
        raise HanError("key", None, f"a key has 16 octets, not {len(key)}")
    return AESCCM(key, tag_length=MIC)


def secure_nwk(frame: NwkFrame, key: bytes, counter: int, eui: bytes, key_sequence: int = 0) -> NwkFrame:
    """Return the frame encrypted for one hop by the device `eui` (its payload given in plaintext)."""
    aux, _, sealed = _sealed_nwk(frame, key, counter, eui, key_sequence)
    return replace(frame, security=aux, payload=sealed)


def secured_nwk(frame: NwkFrame, key: bytes, counter: int, eui: bytes, key_sequence: int = 0) -> bytes:
    """Return the octets of the frame encrypted for one hop: for those who send many."""
    aux, header, sealed = _sealed_nwk(frame, key, counter, eui, key_sequence)
    return b"".join((header, bytes(aux), sealed))


def _sealed_nwk(
    frame: NwkFrame, key: bytes, counter: int, eui: bytes, key_sequence: int
) -> tuple[AuxHeader, bytes, bytes]:
    """Return aux header, header as it is once the frame is secured, and ciphertext with MIC."""
    aux, plain = AuxHeader(KeyId.NETWORK, counter, bytes(eui), key_sequence), frame.header
    header = bytes((plain[0], plain[1] | 2)) + plain[2:]  # security is bit 9 of the frame control
    return aux, header, seal(key, eui, aux, header, frame.payload)


def decrypt_nwk(frame: NwkFrame, key: bytes, eui: bytes | None = None) -> bytes:
    """Return the plaintext of a secured NWK payload.

    `eui` is needed only when the aux header does not carry the transmitter. Raises HanError on a wrong key or MIC.
    """
    if frame.security is None:
        raise HanError("NWK", None, "the frame is not secured")
    source = frame.security.source or eui
    if source is None:
        raise HanError("NWK", None, "the transmitter is unknown")
    plaintext = unseal(key, source, frame.security, frame.header, frame.payload)
    if plaintext is None:
        raise HanError("NWK", None, f"wrong key or MIC (counter {frame.security.counter})")
    return plaintext


def secure_aps(
    frame: ApsFrame,
    link_key: bytes,
    counter: int,
    originator: bytes,
    *,
    key_id: KeyId = KeyId.DATA,
    extended: bool | None = None,
) -> ApsFrame:
    """Return the frame encrypted end to end under a link key or a key derived from it.

    `key_id` DATA uses the link key, KEY_TRANSPORT and KEY_LOAD the derived ones. `extended` puts the originator's EUI
    into the aux header; by default only transported keys carry it. Secure each fragment separately.
    """
    carry = key_id is not KeyId.DATA if extended is None else extended
    aux, plain = AuxHeader(key_id, counter, bytes(originator) if carry else None), frame.header
    header = bytes((plain[0] | 0x20,)) + plain[1:]  # security is bit 5 of the frame control
    sealed = seal(aps_key(link_key, key_id), originator, aux, header, frame.payload)
    return replace(frame, security=aux, payload=sealed)


def decrypt_aps(frame: ApsFrame, link_key: bytes, originator: bytes | None = None) -> bytes:
    """Return the plaintext of a secured APS payload; `originator` is needed when the aux header carries no EUI."""
    if frame.security is None:
        raise HanError("APS", None, "the frame is not secured")
    source = frame.security.source or originator
    if source is None:
        raise HanError("APS", None, "the originator is unknown")
    key = aps_key(link_key, frame.security.key_id)
    plaintext = unseal(key, source, frame.security, frame.header, frame.payload)
    if plaintext is None:
        raise HanError("APS", None, f"wrong key or MIC (counter {frame.security.counter})")
    return plaintext


def aps_key(link_key: bytes, key_id: KeyId) -> bytes:
    """Return the key that a key identifier selects for a link key (ZigBee PRO 4.5.3)."""
    if key_id is KeyId.KEY_TRANSPORT:
        return key_transport_key(link_key)
    return key_load_key(link_key) if key_id is KeyId.KEY_LOAD else link_key


def aes_mmo(data: bytes) -> bytes:
    """Return the 16-octet Matyas-Meyer-Oseas hash with AES-128 (ZigBee PRO annex B.6), for less than 8192 octets."""
    bits = 8 * len(data)
    if bits >= 1 << 16:
        raise HanError("AES-MMO", None, f"{len(data)} octets, at most 8191 are defined here")
    padded = data + b"\x80" + bytes(-(len(data) + 3) % 16) + bits.to_bytes(2, "big")
    state = bytes(16)
    for start in range(0, len(padded), 16):
        block = padded[start : start + 16]
        # Matyas-Meyer-Oseas is defined on single blocks: ECB here is one AES block, not a mode for data.
        encrypted = Cipher(algorithms.AES(state), modes.ECB()).encryptor().update(block)
        state = bytes(a ^ b for a, b in zip(encrypted, block, strict=True))
    return state


def hmac_mmo(key: bytes, data: bytes) -> bytes:
    """Return HMAC with AES-MMO (block length 16 octets, ZigBee PRO annex B.1.4)."""
    inner = aes_mmo(bytes(k ^ 0x36 for k in key) + data)
    return aes_mmo(bytes(k ^ 0x5C for k in key) + inner)


@lru_cache(maxsize=256)
def key_transport_key(link_key: bytes) -> bytes:
    """Return the key that protects a transported network key."""
    return hmac_mmo(link_key, b"\x00")


@lru_cache(maxsize=256)
def key_load_key(link_key: bytes) -> bytes:
    """Return the key that protects a transported link key."""
    return hmac_mmo(link_key, b"\x02")


def verify_key_hash(link_key: bytes) -> bytes:
    """Return the hash in a Verify Key command."""
    return hmac_mmo(link_key, b"\x03")


def install_code_crc(code: bytes) -> bytes:
    """Return the two octets of CRC-16/X-25 that follow an install code, in their order."""
    mirrored = binascii.crc_hqx(code.translate(_MIRROR), 0xFFFF) ^ 0xFFFF
    return bytes((_MIRROR[mirrored >> 8], _MIRROR[mirrored & 0xFF]))


def install_code_key(code: bytes) -> bytes:
    """Return the link key of an install code of 6, 8, 12 or 16 octets, given without its CRC."""
    if len(code) not in (6, 8, 12, 16):
        raise HanError("install code", None, f"6, 8, 12 or 16 octets without CRC, not {len(code)}")
    return aes_mmo(code + install_code_crc(code))


_MIRROR = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
