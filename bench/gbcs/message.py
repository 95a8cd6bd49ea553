"""GBCS message envelope: MAC header, grouping header, payload, signature and MAC (GBCS 7.2).

The parser accepts exactly the octets that `bytes(message)` gives back: lengths must be in their shortest form.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Literal, Self

from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64

Kind = Literal["pre-command", "signed pre-command", "command", "response", "alert"]


class Cra(IntEnum):
    """Command, response or alert: first octet of the transaction-id."""

    COMMAND = 1
    RESPONSE = 2
    ALERT = 3


_CRA = {1: Cra.COMMAND, 2: Cra.RESPONSE, 3: Cra.ALERT}

#: Use cases whose command goes to the device signed but without a MAC: CS02a, CS02f, CS02b by Recovery or contingency.
SIGNATURE_ONLY_COMMANDS = frozenset({0x0008, 0x011B, 0x0108, 0x0109})

SIGNATURE_OCTETS = 64
MAC_OCTETS = 12
DATE_TIME_OCTETS = 12
_EMPTY_FIELDS = bytes(6)
_eui = bytes.__new__  # of slices whose eight octets are known to be there
_SECURITY_HEADER = b"\x11\0\0\0\0"
#: what comes before the grouping header in the authenticated data of a MAC
MAC_CONTEXT = b"\x11\0\0\0\0\0"
_OTHER_INFORMATION_MINIMUM = (2, 10, 18, 26)
# DF and the length of the transaction-id first; no date-time, only the message code, a payload of less than 128
_SHORT_HEADER = partial(struct.Struct(">BBBQB8sB8sxBHB").pack, 0xDF)


_ONE_OCTET = [bytes((value,)) for value in range(0x80)]


def length_octets(value: int) -> bytes:
    """Shortest form of a length: one octet up to 127, else ``81 xx`` or ``82 xx xx`` (GBCS 7.2.5)."""
    if 0 <= value < 0x80:
        return _ONE_OCTET[value]
    if value < 0x100:
        return b"\x81" + value.to_bytes(1, "big")
    if value < 0x10000:
        return b"\x82" + value.to_bytes(2, "big")
    raise GbcsError(f"length {value} does not fit two octets")


def read_length(data: bytes, offset: int) -> tuple[int, int]:
    """Length at `offset` and the offset after it; only the shortest form is accepted."""
    if offset >= len(data):
        raise GbcsError("message ends where a length is expected", offset)
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    if first not in (0x81, 0x82):
        raise GbcsError(f"length octet {first:02X}, expected 00..7F, 81 or 82", offset)
    end = offset + first - 0x7F
    if end > len(data):
        raise GbcsError("message ends inside a length", offset)
    value = int.from_bytes(data[offset + 1 : end], "big")
    if value < (0x80 if first == 0x81 else 0x100):
        raise GbcsError(f"length {value} is not in its shortest form", offset)
    return value, end


@dataclass(frozen=True, slots=True)
class Message:
    """One GBCS message (GBCS 7.2.6, 7.2.7). Use `dataclasses.replace` to change a field."""

    cra: Cra  #: command, response or alert
    counter: int  #: originator counter, u64
    originator: Eui64  #: business originator
    target: Eui64  #: business target
    message_code: int  #: u16, names the use case
    payload: bytes  #: DLMS, GBZ or DER octets
    date_time: bytes = b""  #: empty or a 12-octet DLMS date-time
    supplementary_party: Eui64 | None = None  #: the user behind the access control broker
    supplementary_counter: int | None = None  #: that user's counter, u64
    supplementary_originator_counter: int | None = None  #: device counter that keyed an encrypted response, u64
    supplementary_certificate: bytes | None = None  #: DER key-agreement certificate of that user
    signature: bytes | None = None  #: None: no length octet (pre-command); empty: length 00; or r || s, 64 octets
    mac: bytes | None = None  #: 12 octets; None: no MAC header either

    @classmethod
    def parse(cls, data: bytes | bytearray | memoryview) -> Self:
        """Read one whole message. Raises GbcsError with the offset for anything missing, wrong or left over."""
        data = bytes(data)
        size = len(data)
        if not size:
            raise GbcsError("empty message", 0)
        start, end = 0, size
        if data[0] == 0xDD:
            start = _mac_header(data)
            end = size - MAC_OCTETS
        cra = _fixed_part(data, start)
        offset = start + 30
        date_time = b""
        if data[start + 29]:
            if data[start + 29] != DATE_TIME_OCTETS:
                raise GbcsError(f"date-time length {data[start + 29]}, expected 0 or 12", start + 29)
            date_time = data[offset : offset + DATE_TIME_OCTETS]
            offset += DATE_TIME_OCTETS
        length, other = read_length(data, offset)
        if length < 26 and length not in _OTHER_INFORMATION_MINIMUM:
            raise GbcsError(f"other information of {length} octets, expected 2, 10, 18, 26 or more", offset)
        length_of_content = other + length
        if length_of_content > end:
            raise GbcsError(f"other information of {length} octets runs past the end", offset)
        length_of_payload, content = read_length(data, length_of_content)
        after = content + length_of_payload
        if after > end:
            raise GbcsError(f"payload of {length_of_payload} octets runs past the end", length_of_content)
        return cls(
            cra,
            int.from_bytes(data[start + 3 : start + 11], "big"),
            _eui(Eui64, data[start + 12 : start + 20]),
            _eui(Eui64, data[start + 21 : start + 29]),
            int.from_bytes(data[other : other + 2], "big"),
            data[content:after],
            date_time,
            Eui64(data[other + 2 : other + 10]) if length >= 10 else None,
            int.from_bytes(data[other + 10 : other + 18], "big") if length >= 18 else None,
            int.from_bytes(data[other + 18 : other + 26], "big") if length == 26 else None,
            data[other + 18 : length_of_content] if length > 26 else None,
            _signature(data, after, end, cra is Cra.COMMAND and not start),
            data[end:] if start else None,
        )

    @property
    def kind(self) -> Kind:
        """What the message is by its form.

        Signed without MAC is a signed pre-command, except in the use cases that need no MAC (GBCS 6.2, CS02a/b/f).
        """
        if self.cra is Cra.RESPONSE:
            return "response"
        if self.cra is Cra.ALERT:
            return "alert"
        if self.mac is not None:
            return "command"
        if self.signature:
            return "command" if self.message_code in SIGNATURE_ONLY_COMMANDS else "signed pre-command"
        return "pre-command"

    @property
    def plain(self) -> bool:
        """Whether the other information is the message code alone."""
        return (
            self.supplementary_party is None
            and self.supplementary_counter is None
            and self.supplementary_originator_counter is None
            and self.supplementary_certificate is None
        )

    @property
    def transaction_id(self) -> bytes:
        """CRA flag and originator counter, nine octets."""
        return self.cra.to_bytes(1, "big") + _u64(self.counter, "originator counter")

    @property
    def grouping_header(self) -> bytes:
        """Octets from ``DF`` up to and including the content length (GBCS 7.2.7)."""
        size = len(self.payload)
        if size < 0x80 and not self.date_time and self.plain:
            try:
                return _SHORT_HEADER(
                    9, self.cra, self.counter, 8, self.originator, 8, self.target, 2, self.message_code, size
                )
            except struct.error:
                pass  # what does not fit is told below
        other = self._other_information()
        if len(self.date_time) not in (0, DATE_TIME_OCTETS):
            raise GbcsError(f"date-time of {len(self.date_time)} octets, expected 0 or 12")
        return b"".join(
            (
                b"\xdf\x09",
                self.transaction_id,
                b"\x08",
                self.originator,
                b"\x08",
                self.target,
                len(self.date_time).to_bytes(1, "big"),
                self.date_time,
                length_octets(len(other)),
                other,
                length_octets(size),
            )
        )

    @property
    def signed_octets(self) -> bytes:
        """What a signature covers: the grouping header without its ``DF``, then the payload (GBCS 4.3.2)."""
        return self.grouping_header[1:] + self.payload

    @property
    def maced_octets(self) -> bytes:
        """Additional authenticated data of the MAC (GBCS 4.3.3.4): context, header, payload and signature part."""
        return b"".join((MAC_CONTEXT, self.grouping_header, self.payload, self._signature_part()))

    def __bytes__(self) -> bytes:
        body = b"".join((self.grouping_header, self.payload, self._signature_part()))
        if self.mac is None:
            return body
        if len(self.mac) != MAC_OCTETS:
            raise GbcsError(f"MAC of {len(self.mac)} octets, expected 12")
        if self.signature is None:
            raise GbcsError("a message with MAC has a signature length: set signature to b''")
        return with_mac(body, self.mac)

    def _signature_part(self) -> bytes:
        if self.signature is None:
            return b""
        if len(self.signature) not in (0, SIGNATURE_OCTETS):
            raise GbcsError(f"signature of {len(self.signature)} octets, expected 0 or 64")
        return len(self.signature).to_bytes(1, "big") + self.signature

    def _other_information(self) -> bytes:
        if not 0 <= self.message_code < 0x10000:
            raise GbcsError(f"message code {self.message_code} does not fit two octets")
        code = self.message_code.to_bytes(2, "big")
        certificate, device_counter = self.supplementary_certificate, self.supplementary_originator_counter
        if self.supplementary_party is None:
            if self.supplementary_counter is not None or certificate is not None or device_counter is not None:
                raise GbcsError("supplementary fields need a supplementary party")
            return code
        if self.supplementary_counter is None:
            if certificate is not None or device_counter is not None:
                raise GbcsError("supplementary fields need a supplementary counter")
            return code + self.supplementary_party
        other = code + self.supplementary_party + _u64(self.supplementary_counter, "supplementary counter")
        if device_counter is not None:
            if certificate is not None:
                raise GbcsError("supplementary originator counter and certificate exclude each other")
            return other + _u64(device_counter, "supplementary originator counter")
        if certificate is not None:
            if len(certificate) <= 8:
                raise GbcsError(f"supplementary certificate of {len(certificate)} octets is no certificate")
            return other + certificate
        return other


def with_mac(body: bytes, mac: bytes) -> bytes:
    """MAC header, body from ``DF`` to the end of the signature part, and MAC (GBCS 7.2.6)."""
    length = length_octets(len(_SECURITY_HEADER) + len(body) + MAC_OCTETS)
    return b"".join((b"\xdd", _EMPTY_FIELDS, length, _SECURITY_HEADER, body, mac))


def _u64(value: int, name: str) -> bytes:
    if not 0 <= value < 1 << 64:
        raise GbcsError(f"{name} {value} does not fit eight octets")
    return value.to_bytes(8, "big")


def _mac_header(data: bytes) -> int:
    """Check the MAC header (GBCS 7.2.6) and return the offset of the grouping header."""
    if data[1:7] != _EMPTY_FIELDS:
        if data[1:2] == b"\x09":
            raise GbcsError("a general-block-transfer segment, not a whole message", 1)
        raise GbcsError("the six fields of the MAC header are not all empty", 1)
    length, start = read_length(data, 7)
    if start + length != len(data):
        raise GbcsError(f"MAC header says {length} more octets, there are {len(data) - start}", 7)
    if data[start : start + 5] != _SECURITY_HEADER:
        raise GbcsError("security control and invocation counter are not 11 00000000", start)
    return start + 5


def _fixed_part(data: bytes, start: int) -> Cra:
    """Check the first 30 octets of the grouping header, whose places are fixed, and return the CRA flag."""
    if len(data) < start + 30:
        raise GbcsError(f"message of {len(data)} octets ends inside the grouping header", len(data))
    if data[start] != 0xDF:
        raise GbcsError(f"octet {data[start]:02X}, expected DF (grouping header)", start)
    if data[start + 1] != 9:
        raise GbcsError(f"transaction-id length {data[start + 1]}, expected 9", start + 1)
    cra = _CRA.get(data[start + 2])
    if cra is None:
        raise GbcsError(f"CRA flag {data[start + 2]:02X}, expected 01, 02 or 03", start + 2)
    for offset in (start + 11, start + 20):
        if data[offset] != 8:
            raise GbcsError(f"system title length {data[offset]}, expected 8", offset)
    return cra


def _signature(data: bytes, offset: int, end: int, may_end: bool) -> bytes | None:
    """Signature part between payload and MAC; None where `may_end` and the message ends with its payload."""
    if offset == end and may_end:
        return None
    if offset >= end:
        raise GbcsError("message ends where the signature length is expected", offset)
    length = data[offset]
    if length not in (0, SIGNATURE_OCTETS):
        raise GbcsError(f"signature length {length}, expected 0 or 64", offset)
    if offset + 1 + length != end:
        raise GbcsError(f"{end - offset - 1} octets where a signature of {length} is expected", offset + 1)
    return data[offset + 1 : end]
