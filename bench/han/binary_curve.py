"""Elliptic curves over GF(2^m), as ZigBee Smart Energy uses them: sect163k1 and sect283k1 (SEC 2 3.2.1, 3.3.1).

y^2 + xy = x^3 + a x^2 + b with b = 1. A point is (x, y) with polynomials as integers, None the point at infinity.
For test keys only: nothing here runs in constant time.
"""

from dataclasses import dataclass

from bench.han.errors import HanError

Point = tuple[int, int] | None
Projective = tuple[int, int, int]  #: Lopez-Dahab: x = X/Z, y = Y/Z^2; Z = 0 at infinity

_SPREAD = [int(f"{octet:b}", 4) for octet in range(256)]  #: bits of an octet with a zero between each two


@dataclass(frozen=True)
class BinaryCurve:
    """A Koblitz curve: field degree and middle terms of its polynomial, a, order and cofactor, base point."""

    name: str
    degree: int
    terms: tuple[int, ...]  #: exponents of the field polynomial below the degree, without 0
    a: int
    order: int
    cofactor: int
    base: tuple[int, int]

    @property
    def octets(self) -> int:
        """Octets of a field element."""
        return (self.degree + 7) // 8

    def reduce(self, value: int) -> int:
        """Return a polynomial modulo the field polynomial."""
        mask = (1 << self.degree) - 1
        while high := value >> self.degree:
            value = value & mask ^ high
            for term in self.terms:
                value ^= high << term
        return value

    def multiply(self, one: int, other: int) -> int:
        """Return the product of two field elements."""
        table = [0, one]
        for index in range(2, 16):
            table.append(table[index // 2] << 1 ^ (one if index & 1 else 0))
        product = 0
        for shift in range((other.bit_length() + 3) // 4 * 4 - 4, -1, -4):
            product = product << 4 ^ table[other >> shift & 15]
        return self.reduce(product)

    def square(self, value: int) -> int:
        """Return the square of a field element."""
        spread = b"".join(_SPREAD[octet].to_bytes(2, "big") for octet in value.to_bytes(self.octets, "big"))
        return self.reduce(int.from_bytes(spread, "big"))

    def invert(self, value: int) -> int:
        """Return the inverse of a field element. Raises ZeroDivisionError for zero."""
        if value == 0:
            raise ZeroDivisionError("zero has no inverse")
        u, v = value, 1 << self.degree | 1
        for term in self.terms:
            v |= 1 << term
        first, second = 1, 0
        while u != 1:
            shift = u.bit_length() - v.bit_length()
            if shift < 0:
                u, v, first, second, shift = v, u, second, first, -shift
            u ^= v << shift
            first ^= second << shift
        return self.reduce(first)

    def contains(self, point: Point) -> bool:
        """Whether a point satisfies the equation of the curve."""
        if point is None:
            return True
        x, y = point
        return self.multiply(y, y ^ x) == self.multiply(self.square(x), x ^ self.a) ^ 1

    def add(self, one: Point, other: Point) -> Point:
        """Return the sum of two points."""
        return self._affine(self._add(_projective(one), other))

    def scale(self, number: int, point: Point) -> Point:
        """Return a multiple of a point."""
        if point is None:
            return None
        total: Projective = (1, 0, 0)
        for bit in f"{number % (self.order * self.cofactor):b}":
            total = self._double(total)
            if bit == "1":
                total = self._add(total, point)
        return self._affine(total)

    def _double(self, point: Projective) -> Projective:
        x, y, z = point
        if z == 0:
            return point
        z2, x2 = self.square(z), self.square(x)
        bz4 = self.square(z2)
        z3, x3 = self.multiply(x2, z2), self.square(x2) ^ bz4
        return x3, self.multiply(bz4, z3) ^ self.multiply(x3, (z3 if self.a else 0) ^ self.square(y) ^ bz4), z3

    def _add(self, one: Projective, other: Point) -> Projective:
        """Return a projective point plus an affine one (Lopez-Dahab mixed coordinates)."""
        x1, y1, z1 = one
        if other is None:
            return one
        x2, y2 = other
        if z1 == 0:
            return x2, y2, 1
        a = self.multiply(y2, self.square(z1)) ^ y1
        b = self.multiply(x2, z1) ^ x1
        if b == 0:
            return self._double(one) if a == 0 else (1, 0, 0)
        c = self.multiply(z1, b)
        d = self.multiply(self.square(b), c ^ (self.square(z1) if self.a else 0))
        z3 = self.square(c)
        e = self.multiply(a, c)
        x3 = self.square(a) ^ d ^ e
        f, g = x3 ^ self.multiply(x2, z3), self.multiply(x2 ^ y2, self.square(z3))
        return x3, self.multiply(e ^ z3, f) ^ g, z3

    def _affine(self, point: Projective) -> Point:
        x, y, z = point
        if z == 0:
            return None
        inverse = self.invert(z)
        return self.multiply(x, inverse), self.multiply(y, self.square(inverse))

    def compress(self, point: Point) -> bytes:
        """Return the compressed form: 02 or 03 and x (SEC 1 2.3.3). Raises HanError for the point at infinity."""
        if point is None:
            raise HanError("curve", None, "the point at infinity has no compressed form here")
        x, y = point
        parity = self.multiply(y, self.invert(x)) & 1 if x else 0
        return bytes((2 | parity,)) + x.to_bytes(self.octets, "big")

    def decompress(self, octets: bytes) -> Point:
        """Return the point of a compressed form (SEC 1 2.3.4). Raises HanError for octets that are none."""
        x = int.from_bytes(octets[1:], "big")
        if len(octets) != self.octets + 1 or octets[0] not in (2, 3) or x.bit_length() > self.degree or x == 0:
            raise HanError("curve", None, f"{octets[:2].hex()}... is no compressed point of {self.name}")
        # y = xz turns the equation into z^2 + z = x + a + 1/x^2, solved by the half-trace (the degree is odd)
        right = x ^ self.a ^ self.square(self.invert(x))
        z = power = right
        for _ in range((self.degree - 1) // 2):
            power = self.square(self.square(power))
            z ^= power
        if self.square(z) ^ z != right:
            raise HanError("curve", None, f"no point of {self.name} has this x")
        return x, self.multiply(x, z ^ ((z ^ octets[0]) & 1))


def _projective(point: Point) -> Projective:
    return (1, 0, 0) if point is None else (*point, 1)


SECT163K1 = BinaryCurve(
    "sect163k1",
    163,
    (7, 6, 3),
    1,
    0x04000000000000000000020108A2E0CC0D99F8A5EF,
    2,
    (0x02FE13C0537BBC11ACAA07D793DE4E6D5E5C94EEE8, 0x0289070FB05D38FF58321F2E800536D538CCDAA3D9),
)
SECT283K1 = BinaryCurve(
    "sect283k1",
    283,
    (12, 7, 5),
    0,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE9AE2ED07577265DFF7F94451E061E163C61,
    4,
    (
        0x0503213F78CA44883F1A3B8162F188E553CD265F23C1567A16876913B0C2AC2458492836,
        0x01CCDA380F1C9E318D90F95D07E5426FE87E45C0E8184698E45962364E34116177DD2259,
    ),
)
