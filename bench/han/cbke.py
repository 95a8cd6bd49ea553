"""Certificate based key establishment (ZigBee Smart Energy, Key Establishment cluster 0800): ECQV, ECMQV, derived keys.

Suite 1 is on sect163k1 with certificates of 48 octets, suite 2 on sect283k1 with 74 octets; GB uses suite 2. EUI-64s
stand in written order in certificates and in what is hashed. An implicit certificate holds a point from which anybody
gets the subject's public key with that of the authority: Q = e P + Q_CA, with e the hash of the certificate.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from bench.han.binary_curve import SECT163K1, SECT283K1, BinaryCurve, Point
from bench.han.errors import HanError
from bench.han.security import aes_mmo, hmac_mmo

CLUSTER = 0x0800
INITIATE, EPHEMERAL_DATA, CONFIRM_KEY, TERMINATE = 0, 1, 2, 3  #: commands, the same in both directions
UNKNOWN_ISSUER, BAD_KEY_CONFIRM, BAD_MESSAGE, NO_RESOURCES, UNSUPPORTED_SUITE, INVALID_CERTIFICATE = range(1, 7)
EPHEMERAL_TIME, CONFIRM_TIME = 5, 5  #: s a side needs, told in Initiate
EXTENDED_USAGE = 0x88  #: key agreement and signature


@dataclass(frozen=True)
class Suite:
    """A cryptographic suite: its bit in Initiate, its curve, and the octets of its certificate."""

    number: int
    curve: BinaryCurve
    certificate: int

    def point(self, certificate: bytes) -> bytes:
        """Return the compressed point of a certificate."""
        self.check(certificate)
        length = self.curve.octets + 1
        return certificate[:length] if self.number == 1 else certificate[-length:]

    def subject(self, certificate: bytes) -> bytes:
        """Return whose certificate it is (EUI-64)."""
        self.check(certificate)
        return certificate[22:30] if self.number == 1 else certificate[28:36]

    def issuer(self, certificate: bytes) -> bytes:
        """Return who issued a certificate (EUI-64)."""
        self.check(certificate)
        return certificate[30:38] if self.number == 1 else certificate[11:19]

    def check(self, certificate: bytes) -> None:
        """Raise HanError for octets that are no certificate of the suite."""
        if len(certificate) != self.certificate:
            raise HanError("CBKE", None, f"a certificate has {self.certificate} octets, not {len(certificate)}")

    def public_key(self, certificate: bytes, authority: Point) -> Point:
        """Return the subject's public key by the authority's (ECQV). Raises HanError for a point not on the curve."""
        return _public_key(self, certificate, authority)

    def hash(self, certificate: bytes) -> int:
        """Return the number that binds the keys to a certificate."""
        return int.from_bytes(aes_mmo(certificate), "big") % self.curve.order

    def private_key(self, certificate: bytes, requester: int, contribution: int) -> int:
        """Return the subject's private key from its own secret and what the authority sent with the certificate."""
        return (self.hash(certificate) * requester + contribution) % self.curve.order

    def issue(
        self, authority: int, requester: Point, secret: int, subject: bytes, issuer: bytes, serial: bytes
    ) -> tuple[bytes, int]:
        """Return a suite 2 certificate for a requester's point, and the authority's contribution to the private key.

        `secret` is a number used for this certificate alone; `serial` has 8 octets.
        """
        point = self.curve.compress(self.curve.add(requester, self.curve.scale(secret, self.curve.base)))
        valid = bytes.fromhex("00386D4380 FFFFFFFF")  # from 2000-01-01, no end
        certificate = b"\0" + serial + b"\x0d\x08" + issuer + valid + subject + bytes((EXTENDED_USAGE,)) + point
        self.check(certificate)
        return certificate, (self.hash(certificate) * secret + authority) % self.curve.order


@lru_cache(64)
def _public_key(suite: Suite, certificate: bytes, authority: Point) -> Point:
    point = suite.curve.decompress(suite.point(certificate))
    return suite.curve.add(suite.curve.scale(suite.hash(certificate), point), authority)


SUITE_1, SUITE_2 = Suite(1, SECT163K1, 48), Suite(2, SECT283K1, 74)


@dataclass(frozen=True)
class Identity:
    """What a device holds for key establishment: certificate, private key, and the authority's public key."""

    certificate: bytes
    private_key: int
    authority: Point
    suite: Suite = SUITE_2

    def __repr__(self) -> str:
        return f"Identity({self.suite.subject(self.certificate).hex('-')})"


@dataclass(frozen=True)
class Derived:
    """What both sides compute: the link key, and the two values that confirm it (initiator's, responder's)."""

    link_key: bytes
    confirm_initiator: bytes
    confirm_responder: bytes

    def __repr__(self) -> str:
        return "Derived(...)"

    @classmethod
    def of(cls, secret: bytes, initiator: bytes, responder: bytes, points: tuple[bytes, bytes]) -> Self:
        """Derive from the shared secret, the EUI-64s, and the ephemeral points of initiator and responder."""
        mac_key, link_key = (aes_mmo(secret + number.to_bytes(4, "big")) for number in (1, 2))
        one, other = points
        return cls(
            link_key,
            hmac_mmo(mac_key, b"\x02" + initiator + responder + one + other),
            hmac_mmo(mac_key, b"\x03" + responder + initiator + other + one),
        )


def shared_secret(
    own: Identity, ephemeral: int, certificate: bytes, point: bytes, own_point: bytes | None = None
) -> bytes:
    """Return the secret shared with the holder of `certificate` who sent the ephemeral `point` (ECMQV, SEC 1 3.4).

    `ephemeral` is one's own ephemeral private key, `own_point` its point if that is at hand. Raises HanError for a
    point or certificate that is none.
    """
    curve = own.suite.curve
    theirs = curve.decompress(point)
    mine = curve.scale(ephemeral, curve.base) if own_point is None else curve.decompress(own_point)
    if mine is None or theirs is None:
        raise HanError("CBKE", None, "an ephemeral point at infinity")
    sign = (ephemeral + _half(curve, mine) * own.private_key) % curve.order
    static = own.suite.public_key(certificate, own.authority)
    agreed = curve.scale(curve.cofactor * sign, curve.add(theirs, curve.scale(_half(curve, theirs), static)))
    if agreed is None:
        raise HanError("CBKE", None, "the agreed point is at infinity")
    return agreed[0].to_bytes(curve.octets, "big")


def _half(curve: BinaryCurve, point: tuple[int, int]) -> int:
    """Return the low half of the x coordinate with the next bit set (SEC 1 3.4, step 2)."""
    bits = (curve.order.bit_length() + 1) // 2
    return point[0] & ((1 << bits) - 1) | 1 << bits
