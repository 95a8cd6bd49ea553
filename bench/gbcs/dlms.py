"""DLMS access services and notifications as GBCS uses them (GBCS 7.2.9), and protected attributes (GBCS 7.2.9.7).

The A-XDR values and their constructors are those of `bench.gbcs.axdr`, re-exported here.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from bench.gbcs.axdr import decode, encode, encode_list_into, read_count, take
from bench.gbcs.axdr_types import (
    CompactArray,
    Data,
    TypeDescription,
    array,
    bits,
    boolean,
    enum,
    i8,
    i16,
    i32,
    i64,
    null,
    octets,
    structure,
    u8,
    u16,
    u32,
    u64,
    utf8,
    visible,
)
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.message import length_octets
from bench.gbcs.times import date_time, from_zigbee_utc, parse_date_time, zigbee_utc

__all__ = [
    "ACCESS_REQUEST",
    "ACCESS_RESPONSE",
    "ACTION",
    "DATA_NOTIFICATION",
    "DATA_PROTECTION",
    "GET",
    "GET_WITH_SELECTION",
    "OTHER_REASON",
    "SET",
    "SUCCESS",
    "AccessRequest",
    "AccessResponse",
    "CompactArray",
    "Data",
    "DataNotification",
    "ProtectedObject",
    "ProtectionParameters",
    "Spec",
    "TypeDescription",
    "alert",
    "array",
    "bits",
    "boolean",
    "date_time",
    "decode",
    "encode",
    "enum",
    "from_zigbee_utc",
    "i8",
    "i16",
    "i32",
    "i64",
    "long_invoke_id",
    "null",
    "octets",
    "parse_date_time",
    "parse_protected_request",
    "parse_protected_response",
    "protected_request",
    "protected_response",
    "structure",
    "u8",
    "u16",
    "u32",
    "u64",
    "utf8",
    "visible",
    "zigbee_utc",
]

_HEADER = struct.Struct(">BIx").pack
_SPEC = struct.Struct(">BH6sB").pack
ACCESS_REQUEST, ACCESS_RESPONSE, DATA_NOTIFICATION = 0xD9, 0xDA, 0x0F
GET, SET, ACTION, GET_WITH_SELECTION = 1, 2, 3, 4
SUCCESS, OTHER_REASON = 0, 250
DATA_PROTECTION = 30  #: class of the objects that encrypt attributes; method 1 is get_protected_attributes


def long_invoke_id(counter: int) -> int:
    """long-invoke-id-and-priority of a message: 20 (break on error), then the low 24 bits of its counter."""
    return 0x20000000 | counter & 0xFFFFFF


@dataclass(frozen=True, slots=True)
class Spec:
    """One access request specification."""

    choice: int  #: 1 get, 2 set, 3 action, 4 get with selection
    class_id: int
    obis: bytes  #: logical name, six octets
    index: int  #: attribute or method
    selector: Data | None = None  #: parameter of the selection, choice 4 only
    access_selector: int = 1  #: kind of selection, choice 4 only; 1 is by range

    def __bytes__(self) -> bytes:
        if len(self.obis) != 6:
            raise GbcsError(f"logical name of {len(self.obis)} octets, expected 6")
        try:
            head = _SPEC(self.choice, self.class_id, self.obis, self.index)
        except struct.error:
            raise GbcsError(f"class {self.class_id} or attribute {self.index} does not fit") from None
        if self.choice != GET_WITH_SELECTION:
            return head
        if self.selector is None:
            raise GbcsError("get with selection without a selector")
        return head + bytes((self.access_selector,)) + encode(self.selector)

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Self, int]:
        """Read the specification at `offset`; also the offset after it."""
        octets_, at = take(data, offset, 10, "an access request specification")
        choice = octets_[0]
        class_id, obis, index = int.from_bytes(octets_[1:3], "big"), octets_[3:9], octets_[9]
        if choice in (GET, SET, ACTION):
            return cls(choice, class_id, obis, index), at
        if choice != GET_WITH_SELECTION:
            raise GbcsError(f"access request choice {choice:02X}, expected 01 to 04", offset)
        selector, at = take(data, at, 1, "an access selector")
        parameter, at = decode(data, at)
        return cls(choice, class_id, obis, index, parameter, selector[0]), at


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Access-Request: specifications and, for each, a value (null-data for a get)."""

    invoke_id: int  #: long-invoke-id-and-priority, u32: see `long_invoke_id`
    specs: list[Spec]
    data: list[Data]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a whole Access-Request. Raises GbcsError."""
        invoke_id, at = _apdu_header(data, ACCESS_REQUEST)
        specs, at = _read_specs(data, at)
        values, at = _read_data(data, at)
        if len(values) != len(specs):
            raise GbcsError(f"{len(values)} values for {len(specs)} specifications", at)
        _end(data, at)
        return cls(invoke_id, specs, values)

    def __bytes__(self) -> bytes:
        parts = [_apdu(ACCESS_REQUEST, self.invoke_id), length_octets(len(self.specs))]
        append, pack = parts.append, _SPEC
        for spec in self.specs:
            obis = spec.obis
            if spec.choice == GET_WITH_SELECTION or len(obis) != 6:
                append(spec.__bytes__())
                continue
            try:
                append(pack(spec.choice, spec.class_id, obis, spec.index))
            except struct.error:
                append(spec.__bytes__())  # tells what does not fit
        encode_list_into(self.data, parts)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """Access-Response: for each specification of the request a value and a result."""

    invoke_id: int  #: that of the request
    data: list[Data]
    results: list[tuple[int, int]]  #: (choice 1 get, 2 set, 3 action; result code, 0 success)
    specs: list[Spec] = field(default_factory=list)  #: repeated request; always empty in GBCS

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a whole Access-Response. Raises GbcsError."""
        invoke_id, at = _apdu_header(data, ACCESS_RESPONSE)
        specs, at = _read_specs(data, at)
        values, at = _read_data(data, at)
        count, at = read_count(data, at)
        octets_, at = take(data, at, 2 * count, "the access response results")
        if count != len(values):
            raise GbcsError(f"{count} results for {len(values)} values", at)
        _end(data, at)
        return cls(invoke_id, values, list(zip(octets_[::2], octets_[1::2], strict=True)), specs)

    def __bytes__(self) -> bytes:
        results = b"".join(bytes(result) for result in self.results)
        head = _apdu(ACCESS_RESPONSE, self.invoke_id) + _list(self.specs) + _list(self.data)
        return head + length_octets(len(self.results)) + results


@dataclass(frozen=True, slots=True)
class DataNotification:
    """Data-Notification, the payload of an alert."""

    invoke_id: int
    data: Data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a whole Data-Notification. Raises GbcsError."""
        invoke_id, at = _apdu_header(data, DATA_NOTIFICATION)
        value, at = decode(data, at)
        _end(data, at)
        return cls(invoke_id, value)

    def __bytes__(self) -> bytes:
        return _apdu(DATA_NOTIFICATION, self.invoke_id) + encode(self.data)


def alert(counter: int, alert_code: int, timestamp: bytes, members: Iterable[Data] = ()) -> DataNotification:
    """Payload of an alert: code, 12-octet date-time and whatever the use case adds (GBCS 7.2.9.9)."""
    return DataNotification(long_invoke_id(counter), structure((u16(alert_code), octets(timestamp), *members)))


@dataclass(frozen=True, slots=True)
class ProtectedObject:
    """An attribute asked for under encryption, whole or between two 12-octet date-times."""

    class_id: int
    obis: bytes
    attribute: int
    between: tuple[bytes, bytes] | None = None
    data_index: int = 0

    def to_data(self) -> Data:
        """Its structure in the request."""
        if self.between is None:
            restriction = structure((enum(0), null()))
        else:
            restriction = structure((enum(1), structure(octets(limit) for limit in self.between)))
        head = (u16(self.class_id), octets(self.obis), i8(self.attribute), u16(self.data_index))
        return structure((*head, restriction))

    @classmethod
    def from_data(cls, data: Data) -> Self:
        """Read its structure. Raises GbcsError."""
        class_id, obis, attribute, index, restriction = _members(data, 5, "protected object")
        kind, limits = _members(restriction, 2, "restriction")
        between = None
        if kind.value == 1:
            first, last = _members(limits, 2, "restriction by date")
            between = (_octets(first, "restriction"), _octets(last, "restriction"))
        if not all(isinstance(number.value, int) for number in (class_id, attribute, index)):
            raise GbcsError("protected object: class, attribute or data index is no number")
        return cls(class_id.value, _octets(obis, "logical name"), attribute.value, between, index.value)


@dataclass(frozen=True, slots=True)
class ProtectionParameters:
    """Protection parameters of class 30: authenticated encryption, key agreed by C(0e, 2s, ECDH)."""

    originator: Eui64
    recipient: Eui64
    counter: int  #: counter of the key derivation

    def to_data(self) -> Data:
        """Their structure."""
        transaction = b"\x04" + self.counter.to_bytes(8, "big")
        key_info = structure((enum(2), structure((octets(b"\x02"), octets(b"")))))
        titles = (octets(transaction), octets(self.originator), octets(self.recipient), octets(b""))
        return structure((enum(2), structure((*titles, key_info))))

    @classmethod
    def from_data(cls, data: Data) -> Self:
        """Read their structure; what GBCS fixes is not checked. Raises GbcsError."""
        _, parameters = _members(data, 2, "protection parameters")
        transaction, originator, recipient, _, _ = _members(parameters, 5, "protection parameters")
        title = _octets(transaction, "transaction-id")
        if len(title) != 9:
            raise GbcsError(f"transaction-id of {len(title)} octets, expected 9")
        return cls(
            Eui64(_octets(originator, "originator")),
            Eui64(_octets(recipient, "recipient")),
            int.from_bytes(title[1:], "big"),
        )


def protected_request(objects: Iterable[ProtectedObject], parameters: ProtectionParameters) -> Data:
    """Parameter of the action get_protected_attributes (class 30, method 1)."""
    wanted = array(item.to_data() for item in objects)
    return structure((wanted, array((parameters.to_data(),))))


def parse_protected_request(data: Data) -> tuple[list[ProtectedObject], ProtectionParameters]:
    """Objects and protection parameters of a get_protected_attributes parameter. Raises GbcsError."""
    wanted, parameters = _members(data, 2, "get_protected_attributes")
    (only,) = _members(parameters, 1, "protection parameters")
    objects = _members(wanted, None, "protected objects")
    return [ProtectedObject.from_data(item) for item in objects], ProtectionParameters.from_data(only)


def protected_response(ciphered: bytes, parameters: ProtectionParameters) -> Data:
    """Response item of get_protected_attributes around an encrypted value (see `bench.gbcs.crypto.encrypt`)."""
    return structure((array((parameters.to_data(),)), octets(ciphered)))


def parse_protected_response(data: Data) -> tuple[ProtectionParameters, bytes]:
    """Protection parameters and encrypted octets of a response item. Raises GbcsError."""
    parameters, ciphered = _members(data, 2, "protected attributes")
    (only,) = _members(parameters, 1, "protection parameters")
    return ProtectionParameters.from_data(only), _octets(ciphered, "encrypted attributes")


def _members(data: Data, count: int | None, what: str) -> list[Data]:
    members: list[Data] = data.value if data.tag in (1, 2) else []
    if data.tag not in (1, 2) or (count is not None and len(members) != count):
        raise GbcsError(f"{what}: not a list of {'values' if count is None else count}")
    return members


def _octets(data: Data, what: str) -> bytes:
    if not isinstance(data.value, bytes):
        raise GbcsError(f"{what}: no octet-string")
    return data.value


def _apdu(tag: int, invoke_id: int) -> bytes:
    try:
        return _HEADER(tag, invoke_id)
    except struct.error:
        raise GbcsError(f"invoke-id {invoke_id} does not fit four octets") from None


def _apdu_header(data: bytes, tag: int) -> tuple[int, int]:
    head, at = take(data, 0, 6, "the header of a DLMS service")
    if head[0] != tag:
        raise GbcsError(f"service {head[0]:02X}, expected {tag:02X}", 0)
    if head[5]:
        raise GbcsError(f"date-time length {head[5]} in a DLMS service, expected 0", 5)
    return int.from_bytes(head[1:5], "big"), at


def _list(items: list[Spec] | list[Data]) -> bytes:
    return length_octets(len(items)) + b"".join([item.__bytes__() for item in items])


def _read_specs(data: bytes, offset: int) -> tuple[list[Spec], int]:
    count, at = read_count(data, offset)
    if 10 * count > len(data) - at:
        raise GbcsError(f"{count} specifications in {len(data) - at} octets", offset)
    specs = []
    for _ in range(count):
        spec, at = Spec.read(data, at)
        specs.append(spec)
    return specs, at


def _read_data(data: bytes, offset: int) -> tuple[list[Data], int]:
    count, at = read_count(data, offset)
    if count > len(data) - at:
        raise GbcsError(f"{count} values in {len(data) - at} octets", offset)
    values = []
    for _ in range(count):
        value, at = decode(data, at)
        values.append(value)
    return values, at


def _end(data: bytes, offset: int) -> None:
    if offset != len(data):
        raise GbcsError(f"{len(data) - offset} octets after the DLMS service", offset)
