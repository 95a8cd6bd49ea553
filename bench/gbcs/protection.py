"""Protected attributes on the wire: the request and response items of class 30, method 1 (GBCS 7.2.9.7).

The forms are fixed but for identifiers and counters, so they are read by place; an item of another form is None here
and is given as a plain value.
"""

from typing import Any, NamedTuple

from bench.gbcs.clock_text import date_time_octets, date_time_text
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.meaning import instance
from bench.gbcs.message import length_octets
from bench.gbcs.value_octets import counter_octets, hexadecimal, instance_octets
from bench.gbcs.values import read_length

Named = dict[str, Any]

_HEAD = bytes.fromhex("02 02 16 02 02 05 09 09 04")
_KEY_INFO = bytes.fromhex("09 00 02 02 16 02 02 02 09 01 02 09 00")
PARAMETER_OCTETS = len(_HEAD) + 8 + 10 + 10 + len(_KEY_INFO)
CIPHER_HEADER = b"\x31\0\0\0\0"
_LEAST_CIPHERED = 17


class Sealed(NamedTuple):
    """An encrypted response item."""

    shown: Named  #: originator, recipient and counter of its protection parameters
    ciphered: bytes  #: ``31 00000000 || ciphertext || tag``
    end: int  #: offset after it


def parameters(data: bytes, at: int) -> Named | None:
    """Originator, recipient and counter of protection parameters of the one form GBCS uses."""
    if data[at : at + 9] != _HEAD or data[at + 37 : at + PARAMETER_OCTETS] != _KEY_INFO:
        return None
    if data[at + 17 : at + 19] != b"\x09\x08" or data[at + 27 : at + 29] != b"\x09\x08":
        return None
    return {
        "originator": data[at + 19 : at + 27].hex("-").upper(),
        "recipient": data[at + 29 : at + 37].hex("-").upper(),
        "counter": int.from_bytes(data[at + 9 : at + 17], "big"),
    }


def parameter_octets(shown: Named) -> bytes:
    """Protection parameters of what `parameters` shows. Raises GbcsError."""
    titles = (Eui64.of(shown["originator"]), Eui64.of(shown["recipient"]))
    return b"".join(
        (_HEAD, counter_octets(shown["counter"]), b"\x09\x08", titles[0], b"\x09\x08", titles[1], _KEY_INFO)
    )


def read_response(data: bytes, at: int) -> Sealed | None:
    """The encrypted item at `at`, as a response or the extra members of an alert carry it; None for any other."""
    if data[at : at + 2] != b"\x02\x02":
        return None
    return read_members(data, at + 2)


def read_members(data: bytes, at: int) -> Sealed | None:
    """An array of one set of protection parameters and the encrypted octet-string after it."""
    if data[at : at + 2] != b"\x01\x01":
        return None
    shown = parameters(data, at + 2)
    after = at + 2 + PARAMETER_OCTETS
    if shown is None or data[after : after + 1] != b"\x09":
        return None
    size, start = read_length(data, after + 1)
    ciphered = data[start : start + size]
    if len(ciphered) != size or ciphered[:5] != CIPHER_HEADER or size < _LEAST_CIPHERED:
        return None
    return Sealed(shown, ciphered, start + size)


def member_octets(shown: Named, ciphered: bytes) -> bytes:
    """What `read_members` read. Raises GbcsError."""
    return b"\x01\x01" + parameter_octets(shown) + b"\x09" + length_octets(len(ciphered)) + ciphered


def read_request(data: bytes, at: int) -> tuple[list[Named], Named, int] | None:
    """Objects and protection parameters of a get_protected_attributes parameter, and the offset after it."""
    if data[at : at + 3] != b"\x02\x02\x01" or at + 4 > len(data) or data[at + 3] >= 0x80:
        return None
    count, at = data[at + 3], at + 4
    objects = []
    for _ in range(count):
        shown = _object(data, at)
        if shown is None:
            return None
        objects.append(shown[0])
        at = shown[1]
    if data[at : at + 2] != b"\x01\x01":
        return None
    said = parameters(data, at + 2)
    if said is None:
        return None
    return objects, said, at + 2 + PARAMETER_OCTETS


_LIMITS = bytes.fromhex("16 01 02 02 09 0C")


def _object(data: bytes, at: int) -> tuple[Named, int] | None:
    head = data[at : at + 20]
    if head[:3] != b"\x02\x05\x12" or head[5:7] != b"\x09\x06" or head[13:14] != b"\x0f":
        return None
    if head[15:20] != b"\x12\0\0\x02\x02":
        return None
    shown = instance(int.from_bytes(head[3:5], "big"), head[7:13], int.from_bytes(head[14:15], "big", signed=True))
    at += 20
    if data[at : at + 3] == b"\x16\0\0":
        return shown, at + 3
    if data[at : at + 6] != _LIMITS or data[at + 18 : at + 20] != b"\x09\x0c" or at + 32 > len(data):
        return None
    first, last = data[at + 6 : at + 18], data[at + 20 : at + 32]
    for key, octets in (("from", first), ("to", last)):
        shown |= time_fields(octets, key)
    return shown, at + 32


def time_fields(octets: bytes, key: str = "time") -> Named:
    """A date-time under `key`, with its octets beside it where the text does not give them back."""
    text = date_time_text(octets)
    if len(text) != 24 and not _plain(octets, text):
        return {key: text, f"{key}_octets": octets.hex().upper()}
    return {key: text}


def _plain(octets: bytes, text: str) -> bool:
    """Whether the text alone gives the octets back: no weekday, seconds there, the rest as not specified."""
    if "T" in text:
        return octets[4] == 0xFF and octets[7] != 0xFF and octets[8:] == b"\0\x80\0\xff"
    return date_time_octets(text) == octets


def time_octets(shown: Named, key: str = "time") -> bytes:
    """Octets of what `time_fields` gave; where both are there they must agree. Raises GbcsError."""
    octets_key = f"{key}_octets"
    if octets_key not in shown:
        return date_time_octets(shown.get(key, ""))
    octets = hexadecimal(shown[octets_key], octets_key)
    if date_time_text(octets) != shown.get(key):
        raise GbcsError(f"{key} and {octets_key} disagree: drop {octets_key}")
    return octets


def object_octets(shown: Named) -> bytes:
    """One object of a get_protected_attributes parameter. Raises GbcsError."""
    class_id, obis, index = instance_octets(shown, signed=True)
    head = b"\x02\x05\x12" + class_id + b"\x09\x06" + obis + b"\x0f" + index + b"\x12\0\0\x02\x02"
    if "from" not in shown:
        return head + b"\x16\0\0"
    return head + _LIMITS + time_octets(shown, "from") + b"\x09\x0c" + time_octets(shown, "to")
