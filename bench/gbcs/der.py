"""DER as GBCS uses it: tag, length and value, keeping the length form the sender chose (GBCS ASN.1 modules).

RTDS responses write sequence lengths 128..255 as ``82 00 xx``; other encoders use ``81 xx``. A `Tlv` remembers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Self

from bench.gbcs.errors import GbcsError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 1, 2, 3, 4, 5, 6, 10
UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x18, 0x30, 0x31
_CONSTRUCTED = 0x20
_LONGEST_LENGTH = 4
_NEVER = "99991231235959Z"


@dataclass(frozen=True, slots=True)
class Tlv:
    """One DER element with a one-octet tag."""

    tag: int  #: identifier octet
    value: bytes  #: content octets; for a constructed element those of its children
    length_octets: int = 0  #: octets after the first of the length where that is not the shortest form, else 0

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read exactly one element. Raises GbcsError if octets are missing or left over."""
        tlv, end = cls.read(data, 0)
        if end != len(data):
            raise GbcsError(f"{len(data) - end} octets after the DER element", end)
        return tlv

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Self, int]:
        """Read the element at `offset`; also the offset after it."""
        size = len(data)
        if offset + 2 > size:
            raise GbcsError("data end inside a DER header", offset)
        tag, length, at = data[offset], data[offset + 1], offset + 2
        if tag & 0x1F == 0x1F:
            raise GbcsError(f"DER tag {tag:02X} of more than one octet", offset)
        width = 0
        if length >= 0x80:
            count = length - 0x80
            if not 1 <= count <= _LONGEST_LENGTH:
                raise GbcsError(f"DER length octet {length:02X}", offset + 1)
            if at + count > size:
                raise GbcsError("data end inside a DER length", offset + 1)
            length = int.from_bytes(data[at : at + count], "big")
            at += count
            if count != _shortest(length):
                width = count
        if at + length > size:
            raise GbcsError(f"DER element of {length} octets runs past the end", offset)
        return cls(tag, data[at : at + length], width), at + length

    @property
    def long_form(self) -> bool:
        """Whether the length takes more octets than it needs."""
        return self.length_octets > 0

    @property
    def constructed(self) -> bool:
        """Whether the element holds others."""
        return bool(self.tag & _CONSTRUCTED)

    @property
    def children(self) -> tuple[Self, ...]:
        """Elements inside a constructed element, one level. Raises GbcsError if it is primitive or damaged."""
        if not self.constructed:
            raise GbcsError(f"DER element {self.tag:02X} holds no others")
        found = []
        offset = 0
        while offset < len(self.value):
            child, offset = self.read(self.value, offset)
            found.append(child)
        return tuple(found)

    def __bytes__(self) -> bytes:
        length = len(self.value)
        count = self.length_octets or _shortest(length)
        if not count:
            return bytes((self.tag, length)) + self.value
        return bytes((self.tag, 0x80 + count)) + length.to_bytes(count, "big") + self.value


def _shortest(length: int) -> int:
    """Octets after the first of the shortest form."""
    return 0 if length < 0x80 else (length.bit_length() + 7) // 8


def constructed(tag: int, children: Iterable[Tlv | bytes], long_form: bool = False) -> Tlv:
    """A constructed element of `Tlv`s or ready DER; `long_form` writes lengths 128..255 as ``82 00 xx``."""
    value = b"".join([child if child.__class__ is bytes else bytes(child) for child in children])
    return Tlv(tag, value, 2 if long_form and 0x80 <= len(value) < 0x100 else 0)


def sequence(children: Iterable[Tlv | bytes], long_form: bool = False) -> Tlv:
    """SEQUENCE."""
    return constructed(SEQUENCE, children, long_form)


def integer(value: int, tag: int = INTEGER) -> Tlv:
    """INTEGER in the fewest two's complement octets; `tag` for an implicitly tagged one."""
    magnitude = value if value >= 0 else ~value
    return Tlv(tag, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def enumerated(value: int) -> Tlv:
    """ENUMERATED."""
    return integer(value, ENUMERATED)


def octets(value: bytes, tag: int = OCTET_STRING) -> Tlv:
    """OCTET STRING; `tag` for an implicitly tagged one."""
    return Tlv(tag, bytes(value))


def bit_string(value: bytes, unused: int = 0) -> Tlv:
    """BIT STRING of whole octets less `unused` bits at the end."""
    return Tlv(BIT_STRING, bytes((unused,)) + value)


def null() -> Tlv:
    """NULL."""
    return Tlv(NULL, b"")


def generalized_time(value: datetime | Literal["never"] | None) -> Tlv:
    """GeneralizedTime to the second in UTC; ``"never"`` or None is 9999-12-31 23:59:59, which cancels."""
    if value is None or value == "never":
        return Tlv(GENERALIZED_TIME, _NEVER.encode())
    if value.tzinfo is None:
        raise GbcsError("a time without time zone")
    return Tlv(GENERALIZED_TIME, value.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").rjust(15, "0").encode())


def expect(tlv: Tlv, tag: int, what: str) -> Tlv:
    """The element itself if it has the tag; raises GbcsError naming `what` otherwise."""
    if tlv.tag != tag:
        raise GbcsError(f"{what}: DER tag {tlv.tag:02X}, expected {tag:02X}")
    return tlv


def as_integer(tlv: Tlv, what: str = "integer", tag: int = INTEGER) -> int:
    """Value of an INTEGER (or of one tagged `tag`); must be in the fewest octets and at most 16."""
    value = expect(tlv, tag, what).value
    if not 1 <= len(value) <= 16:
        raise GbcsError(f"{what}: integer of {len(value)} octets")
    number = int.from_bytes(value, "big", signed=True)
    if integer(number).value != value:
        raise GbcsError(f"{what}: integer not in its fewest octets")
    return number


def as_octets(tlv: Tlv, what: str = "octet string", size: int | None = None, tag: int = OCTET_STRING) -> bytes:
    """Value of an OCTET STRING (or of one tagged `tag`) of `size` octets."""
    value = expect(tlv, tag, what).value
    if size is not None and len(value) != size:
        raise GbcsError(f"{what}: {len(value)} octets, expected {size}")
    return value


def as_sequence(tlv: Tlv, what: str = "sequence", tag: int = SEQUENCE) -> tuple[Tlv, ...]:
    """Children of a SEQUENCE (or of one tagged `tag`)."""
    return expect(tlv, tag, what).children


def as_fields(tlv: Tlv, least: int, most: int, what: str, tag: int = SEQUENCE) -> tuple[Tlv, ...]:
    """Children of a SEQUENCE (or of one tagged `tag`) that has `least` to `most` of them."""
    items = as_sequence(tlv, what, tag)
    if not least <= len(items) <= most:
        raise GbcsError(f"{what}: {len(items)} fields, expected {least if least == most else f'{least} to {most}'}")
    return items


def as_time(tlv: Tlv, what: str = "time") -> datetime | Literal["never"]:
    """Value of a GeneralizedTime, aware, UTC; ``"never"`` for 9999-12-31 23:59:59."""
    text = expect(tlv, GENERALIZED_TIME, what).value
    if text == _NEVER.encode():
        return "never"
    digits = text[:14]
    if len(text) != 15 or not digits.isdigit() or text[14:] != b"Z":
        raise GbcsError(f"{what}: not a generalised time YYYYMMDDHHMMSSZ")
    parts = [int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))]
    try:
        return datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=UTC)
    except ValueError:
        raise GbcsError(f"{what}: {text.decode('ascii')} is no date") from None
