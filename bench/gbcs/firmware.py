"""Firmware images as meters get them: ZigBee OTA header, manufacturer's image, the supplier's signature (GBCS 11.2)."""

import hashlib
import struct
from dataclasses import dataclass, field, replace
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.gbcs.errors import GbcsError

IDENTIFIER, HEADER_VERSION, HARDWARE_VERSIONS, STACK_VERSION = 0x0BEEF11E, 0x0100, 0x0004, 0x0002
SIGNATURE = 64
#: identifier, header version, header length, field control, manufacturer, image type, file version, stack version,
#: header string, total size, minimum and maximum hardware version (ZigBee OTA, little endian)
_HEADER = struct.Struct("<IHHHHHIH32sIHH")
_TAIL = 2 + SIGNATURE  #: force replace, length of the signature, signature


@dataclass(frozen=True, slots=True)
class OtaImage:
    """One image for one type of device. `content` is the manufacturer's image."""

    manufacturer: int
    image_type: int
    version: int  #: 32 bits
    content: bytes = field(repr=False)
    hardware: tuple[int, int]  #: lowest and highest version it fits
    name: bytes = b""  #: at most 32 octets
    force_replace: int = 0  #: for the hub
    signature: bytes = field(default=bytes(SIGNATURE), repr=False)  #: r || s

    @property
    def hash(self) -> bytes:
        """SHA-256 of the manufacturer's image (GBCS 11.2.4)."""
        return hashlib.sha256(self.content).digest()

    def signed(self, key: EllipticCurvePrivateKey) -> "OtaImage":
        """Return it signed by the authorising remote party, over the manufacturer's image alone."""
        r, s = decode_dss_signature(key.sign(self.content, ECDSA(SHA256(), deterministic_signing=True)))
        return replace(self, signature=r.to_bytes(32) + s.to_bytes(32))

    def is_signed_by(self, key: EllipticCurvePublicKey) -> bool:
        """Whether the signature is that of the holder of a key."""
        r, s = int.from_bytes(self.signature[:32]), int.from_bytes(self.signature[32:])
        try:
            key.verify(encode_dss_signature(r, s), self.content, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def __bytes__(self) -> bytes:
        header = _HEADER.pack(
            IDENTIFIER,
            HEADER_VERSION,
            _HEADER.size,
            HARDWARE_VERSIONS,
            self.manufacturer,
            self.image_type,
            self.version,
            STACK_VERSION,
            self.name.ljust(32, b"\0"),
            _HEADER.size + len(self.content) + _TAIL,
            *self.hardware,
        )
        return header + self.content + bytes((self.force_replace, SIGNATURE)) + self.signature

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read an OTA file. Raises GbcsError saying where it is not one."""
        if len(octets) < _HEADER.size + _TAIL:
            raise GbcsError(f"firmware image: {len(octets)} octets, at least {_HEADER.size + _TAIL} expected")
        (identifier, header, length, control, maker, kind, version, _, name, total, low, high) = _HEADER.unpack_from(
            octets
        )
        expected = (IDENTIFIER, HEADER_VERSION, _HEADER.size, HARDWARE_VERSIONS)
        if (identifier, header, length, control) != expected:
            raise GbcsError("at 0: no OTA header with hardware versions")
        if total != len(octets):
            raise GbcsError(f"at 52: size {total}, the image has {len(octets)} octets")
        force_replace, marked = octets[-_TAIL], octets[1 - _TAIL]
        if marked != SIGNATURE:
            raise GbcsError(f"at {len(octets) - _TAIL + 1}: length of signature {marked}, expected {SIGNATURE}")
        content = octets[_HEADER.size : -_TAIL]
        return cls(maker, kind, version, content, (low, high), name.rstrip(b"\0"), force_replace, octets[-SIGNATURE:])
