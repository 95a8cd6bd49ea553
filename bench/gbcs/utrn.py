"""Prepayment top-up tokens: PTUT, PPTD and the 20-digit UTRN (GBCS 14).

A token carries ten bits of its counter, a value class, a value and four octets of a MAC that only the supplier and
the meter can make, with the supplier's prepayment key. The 20th digit is a Verhoeff check digit.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import MAC_CONTEXT

if TYPE_CHECKING:
    from bench.gbcs.keystore import Keystore

DIGITS = 20
LARGEST_VALUE = 8191
WINDOW = 1024  #: counters a token can tell apart
_OFFSET = 7394156990786306048  # 669D529B714A0000: makes every PPTD 19 digits that begin with 7
_COMMAND = 1
_PERMUTATIONS = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
_POWERS = tuple(tuple(map(int, row)) for row in _PERMUTATIONS)
_CHECK_DIGITS = (1, 2, 6, 7, 5, 8, 3, 0, 9, 4)
_FIRST_POWER = 4


class ValueClass(IntEnum):
    """Unit of the value of a token."""

    PENNIES = 0
    POUNDS = 1


@dataclass(frozen=True, slots=True)
class Ptut:
    """The 64 bits of a token."""

    truncated_counter: int  #: low ten bits of the UTRN counter
    value_class: int  #: `ValueClass`, two bits
    value: int  #: 0..8191 pennies or pounds
    mac: bytes  #: last four octets of the 16-octet tag

    @property
    def head(self) -> bytes:
        """The four octets before the MAC."""
        for name, value, limit in (
            ("counter", self.truncated_counter, WINDOW),
            ("value class", self.value_class, 4),
            ("value", self.value, LARGEST_VALUE + 1),
        ):
            if not 0 <= value < limit:
                raise GbcsError(f"token {name} {value}, expected 0 to {limit - 1}")
        return (self.truncated_counter << 15 | self.value_class << 13 | self.value).to_bytes(4, "big")

    def __bytes__(self) -> bytes:
        if len(self.mac) != 4:
            raise GbcsError(f"token MAC of {len(self.mac)} octets, expected 4")
        return self.head + self.mac

    @classmethod
    def parse(cls, octets: bytes) -> "Ptut":
        """Read eight octets. Raises GbcsError if the seven bits that must be zero are not."""
        if len(octets) != 8:
            raise GbcsError(f"PTUT of {len(octets)} octets, expected 8")
        head = int.from_bytes(octets[:4], "big")
        if head >> 25:
            raise GbcsError("PTUT whose first seven bits are not zero", 0)
        return cls(head >> 15 & 0x3FF, head >> 13 & 3, head & 0x1FFF, octets[4:])

    @property
    def pence(self) -> int | None:
        """Value in pence; None for a value class GBCS does not define."""
        factor = {int(ValueClass.PENNIES): 1, int(ValueClass.POUNDS): 100}.get(self.value_class)
        return None if factor is None else factor * self.value


def _multiply(a: int, b: int) -> int:
    """Product in the dihedral group of order ten."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b - 5) % 5
    return 5 + (a - 5 - b) % 5 if b < 5 else (a - b) % 5


def _fold(digits: Iterable[int]) -> int:
    x, power = 0, _FIRST_POWER
    for digit in digits:
        x = _multiply(x, _POWERS[power][digit])
        power = (power + 1) % 8
    return x


def check_digit(pptd: str) -> str:
    """Check digit of 19 digits. Raises GbcsError."""
    return str(_CHECK_DIGITS[_fold(_digits(pptd, DIGITS - 1))])


def is_valid(utrn: str) -> bool:
    """Whether 20 digits end with their check digit. Raises GbcsError if they are not 20 digits."""
    return _fold(_digits(utrn, DIGITS)) == 0


def _digits(text: str, count: int) -> list[int]:
    if not text.isascii() or not text.isdigit() or len(text) != count:
        raise GbcsError(f"{text[:40]!r} is not {count} digits")
    return [int(digit) for digit in text]


def utrn_of(ptut: Ptut) -> str:
    """The 20 digits of a token."""
    pptd = f"{_OFFSET + int.from_bytes(bytes(ptut), 'big'):019d}"
    return pptd + check_digit(pptd)


def ptut_of(utrn: str) -> Ptut:
    """The token behind 20 digits, which may stand in groups. Raises GbcsError for a wrong check digit or form."""
    packed = "".join(utrn.replace("-", " ").split())
    if not is_valid(packed):
        raise GbcsError(f"the check digit of {packed} is wrong", DIGITS - 1)
    number = int(packed[:-1]) - _OFFSET
    if not 0 <= number < 1 << 64:
        raise GbcsError(f"{packed} is outside the range of tokens", 0)
    return Ptut.parse(number.to_bytes(8, "big"))


def token_mac(secret: bytes, supplier: Eui64, device: Eui64, utrn_counter: int, head: bytes) -> bytes:
    """Four octets of MAC; `secret` is Z of the supplier's prepayment key and the device's key (GBCS 14.3)."""
    from bench.gbcs.crypto import derive_key, gmac

    counter = originator_counter(utrn_counter)
    key = derive_key(secret, supplier, _COMMAND, counter, device)
    transaction = bytes((_COMMAND,)) + counter.to_bytes(8, "big")
    return gmac(key, supplier, MAC_CONTEXT + supplier + device + transaction + head)[12:]


def originator_counter(utrn_counter: int) -> int:
    """Originator counter of a top up: the UTRN counter in the upper 32 bits. Raises GbcsError."""
    if not 0 <= utrn_counter < 1 << 32:
        raise GbcsError(f"UTRN counter {utrn_counter} does not fit 32 bits")
    return utrn_counter << 32


def build(secret: bytes, supplier: Eui64, device: Eui64, utrn_counter: int, value: int, value_class: int) -> str:
    """The 20 digits of a top up of `value` 0..8191, its class a `ValueClass`, or 2 or 3. Raises GbcsError."""
    originator_counter(utrn_counter)
    head = Ptut(utrn_counter % WINDOW, value_class, value, bytes(4)).head
    mac = token_mac(secret, supplier, device, utrn_counter, head)
    return utrn_of(Ptut(utrn_counter % WINDOW, value_class, value, mac))


def recover_counter(truncated: int, highest: int) -> int:
    """UTRN counter nearest to the highest one seen, from its low ten bits (GBCS 14.5)."""
    if not 0 <= truncated < WINDOW:
        raise GbcsError(f"truncated counter {truncated}, expected 0 to 1023")
    part = highest % WINDOW
    low = truncated
    if truncated < part - WINDOW // 2:
        low = truncated + WINDOW
    elif truncated > part + WINDOW // 2:
        low = truncated - WINDOW
    return highest - part + low


@dataclass(frozen=True, slots=True)
class Token:
    """A top-up token: its UTRN counter and its 20 digits."""

    counter: int
    digits: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking a token found."""

    ptut: Ptut
    utrn_counter: int | None  #: as recovered; None if the nearest counter fits no 32 bits
    authentic: bool


def check(utrn: str, secret: bytes, supplier: Eui64, device: Eui64, highest: int = 0) -> Checked:
    """Check digit, counter recovery and MAC of a token, as the meter does; `highest` is the highest counter it knows.

    Raises GbcsError for a wrong check digit or a token out of range; a wrong MAC is `Checked.authentic` false.
    """
    ptut = ptut_of(utrn)
    counter = recover_counter(ptut.truncated_counter, highest)
    if not 0 <= counter < 1 << 32:
        return Checked(ptut, None, False)
    mac = token_mac(secret, supplier, device, counter, ptut.head)
    return Checked(ptut, counter, hmac.compare_digest(mac, ptut.mac))


def prepayment_secret(keystore: "Keystore", supplier: Eui64, device: Eui64) -> bytes | None:
    """Z of the supplier's prepayment key and the device's key agreement key; None if the keys are not there."""
    return keystore.secret(supplier, device, "pp-ka", "ka")
