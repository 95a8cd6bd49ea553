"""ZigBee Cluster Library frames and general commands (ZCL 2.4, 2.5)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, Self

from bench.han.errors import HanError
from bench.han.octets import Octets
from bench.han.zcl_types import ANALOG, Value, read_value, value_octets

READ, READ_RESPONSE, WRITE, WRITE_RESPONSE, REPORT, DEFAULT_RESPONSE = 0x00, 0x01, 0x02, 0x04, 0x0A, 0x0B

STATUS = {
    0x00: "success",
    0x01: "failure",
    0x7E: "not authorised",
    0x7F: "reserved field not zero",
    0x80: "malformed command",
    0x81: "unsupported cluster command",
    0x82: "unsupported general command",
    0x83: "unsupported manufacturer cluster command",
    0x84: "unsupported manufacturer general command",
    0x85: "invalid field",
    0x86: "unsupported attribute",
    0x87: "invalid value",
    0x88: "read only",
    0x89: "insufficient space",
    0x8A: "duplicate exists",
    0x8B: "not found",
    0x8C: "unreportable attribute",
    0x8D: "invalid data type",
    0x8F: "write only",
    0x92: "inconsistent value",
    0x93: "action denied",
    0x94: "timeout",
    0x95: "OTA abort",
    0x96: "invalid image",
    0x97: "wait for data",
    0x98: "no image available",
    0x99: "require more image",
    0xC0: "hardware failure",
    0xC1: "software failure",
    0xC3: "unsupported cluster",
}


class ZclType(IntEnum):
    """Frame types (ZCL 2.4.1.1.1)."""

    GENERAL = 0
    CLUSTER = 1


@dataclass(frozen=True, slots=True)
class ZclFrame:
    """One ZCL frame: header and payload octets."""

    type: ZclType
    sequence: int
    command: int
    payload: bytes = b""
    from_server: bool = False  #: direction bit: server to client
    disable_default_response: bool = False
    manufacturer: int | None = None
    reserved: int = 0  #: frame control bits 5-7 as received, in place

    @classmethod
    def general(cls, command: int, sequence: int, payload: bytes, *, from_server: bool = False) -> Self:
        """Return a general command, such as READ."""
        return cls(ZclType.GENERAL, sequence, command, payload, from_server)

    @classmethod
    def cluster(cls, command: int, sequence: int, payload: bytes = b"", *, from_server: bool = False) -> Self:
        """Return a command of a cluster."""
        return cls(ZclType.CLUSTER, sequence, command, payload, from_server)

    @property
    def control(self) -> int:
        """Frame control octet."""
        return (
            self.type
            | (self.manufacturer is not None) << 2
            | self.from_server << 3
            | self.disable_default_response << 4
            | self.reserved
        )

    def __bytes__(self) -> bytes:
        manufacturer = b"" if self.manufacturer is None else self.manufacturer.to_bytes(2, "little")
        return bytes((self.control,)) + manufacturer + bytes((self.sequence, self.command)) + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a ZCL frame (an APS data payload, reassembled); HanError."""
        octets = Octets(data, "ZCL")
        control = octets.uint(1, "frame control")
        if control & 3 > 1:
            raise octets.error(f"frame type {control & 3} is reserved", 0)
        manufacturer = octets.uint(2, "manufacturer code") if control & 4 else None
        sequence = octets.uint(1, "transaction sequence number")
        command = octets.uint(1, "command")
        return cls(
            ZclType(control & 3),
            sequence,
            command,
            octets.rest(),
            bool(control & 8),
            bool(control & 0x10),
            manufacturer,
            control & 0xE0,
        )


class Attribute(NamedTuple):
    """An attribute in a response, write or report. `status` is 0 with a value; `value` is None with another status."""

    id: int
    status: int = 0
    value: Value | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        if self.value is None:
            return {"id": f"{self.id:04X}", "status": STATUS.get(self.status, f"{self.status:02X}")}
        return {"id": f"{self.id:04X}", "type": f"{self.value.type:02X}", "value": self.value.plain()}


def read_attributes(ids: Iterable[int]) -> bytes:
    """Return the payload of Read Attributes."""
    return b"".join(i.to_bytes(2, "little") for i in ids)


def read_response(attributes: Iterable[Attribute]) -> bytes:
    """Return the payload of Read Attributes Response."""
    parts = []
    for attribute in attributes:
        parts.append(attribute.id.to_bytes(2, "little") + bytes((attribute.status,)))
        if attribute.status == 0 and attribute.value is not None:
            parts.append(bytes((attribute.value.type,)) + value_octets(attribute.value))
    return b"".join(parts)


def report(attributes: Iterable[tuple[int, Value]]) -> bytes:
    """Return the payload of Report Attributes or Write Attributes."""
    return b"".join(i.to_bytes(2, "little") + bytes((v.type,)) + value_octets(v) for i, v in attributes)


def default_response(command: int, status: int) -> bytes:
    """Return the payload of Default Response."""
    return bytes((command, status))


def general_payload(frame: ZclFrame, into: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Return the fields of a general command, JSON-able; None for one without a layout here. Raises HanError.

    A dictionary given as `into` is filled and keeps what was read before an error.
    """
    reader = _GENERAL.get(frame.command) if frame.type is ZclType.GENERAL else None
    if reader is None:
        return None
    found = {} if into is None else into
    reader(Octets(frame.payload, "ZCL payload"), found)
    return found


def parse_attributes(frame: ZclFrame) -> tuple[Attribute, ...]:
    """Return the attributes in a read response, write or report; HanError for another command or bad octets."""
    octets = Octets(frame.payload, "ZCL payload")
    if frame.type is ZclType.GENERAL and frame.command == READ_RESPONSE:
        return tuple(_read_responses(octets))
    if frame.type is ZclType.GENERAL and frame.command in (WRITE, 0x03, 0x05, REPORT):
        return tuple(_typed(octets))
    raise HanError("ZCL", None, f"command {frame.command:02X} carries no attribute values")


def _read_responses(octets: Octets) -> Iterator[Attribute]:
    while len(octets):
        identifier, status = octets.uint(2, "attribute id"), octets.uint(1, "status")
        yield Attribute(identifier, status, read_value(octets) if status == 0 else None)


def _typed(octets: Octets) -> Iterator[Attribute]:
    while len(octets):
        yield Attribute(octets.uint(2, "attribute id"), 0, read_value(octets))


def _list(read: Callable[[Octets], Any], name: str = "attributes") -> Callable[[Octets, dict[str, Any]], None]:
    """Return a reader of one entry after the other to the end."""

    def reader(octets: Octets, into: dict[str, Any]) -> None:
        found = into.setdefault(name, [])
        while len(octets):
            found.append(read(octets))

    return reader


def _identifier(octets: Octets) -> str:
    return f"{octets.uint(2, 'attribute id'):04X}"


def _status_text(status: int) -> str:
    return STATUS.get(status, f"{status:02X}")


def _write_response(octets: Octets) -> dict[str, Any]:
    status = octets.uint(1, "status")
    # A single 00 says that every write succeeded (ZCL 2.5.5.1).
    return Attribute(octets.uint(2, "attribute id"), status).as_dict() if len(octets) else {"status": status}


def _configure(octets: Octets) -> dict[str, Any]:
    direction, identifier = octets.uint(1, "direction"), octets.uint(2, "attribute id")
    return {"id": f"{identifier:04X}", "direction": direction} | _reporting(octets, direction)


def _reporting(octets: Octets, direction: int) -> dict[str, Any]:
    if direction:
        return {"timeout": octets.uint(2, "timeout")}
    kind = octets.uint(1, "data type")
    entry: dict[str, Any] = {"type": f"{kind:02X}"}
    entry["minimum"], entry["maximum"] = octets.uint(2, "minimum"), octets.uint(2, "maximum")
    if kind in ANALOG:
        entry["change"] = read_value(octets, kind).plain()
    return entry


def _configured(octets: Octets) -> dict[str, Any]:
    status = octets.uint(1, "status")
    if not len(octets):  # as in a write response
        return {"status": _status_text(status)}
    direction = octets.uint(1, "direction")
    return {"id": _identifier(octets), "direction": direction, "status": _status_text(status)}


def _read_reporting(octets: Octets) -> dict[str, Any]:
    direction = octets.uint(1, "direction")
    return {"id": _identifier(octets), "direction": direction}


def _reporting_response(octets: Octets) -> dict[str, Any]:
    status, direction = octets.uint(1, "status"), octets.uint(1, "direction")
    entry = {"id": _identifier(octets), "direction": direction, "status": _status_text(status)}
    return entry | (_reporting(octets, direction) if status == 0 else {})


def _structured(octets: Octets) -> dict[str, Any]:
    identifier, depth = _identifier(octets), octets.uint(1, "selector") & 0xF
    return {"id": identifier, "indices": [octets.uint(2, "index") for _ in range(depth)]}


def _write_structured(octets: Octets) -> dict[str, Any]:
    entry = _structured(octets)
    value = read_value(octets)
    return entry | {"type": f"{value.type:02X}", "value": value.plain()}


def _default(octets: Octets, into: dict[str, Any]) -> None:
    into["command"] = f"{octets.uint(1, 'command'):02X}"
    into["status"] = _status_text(octets.uint(1, "status"))


def _discover(octets: Octets, into: dict[str, Any]) -> None:
    into["start"], into["maximum"] = _identifier(octets), octets.uint(1, "maximum")


def _discover_commands(octets: Octets, into: dict[str, Any]) -> None:
    into["start"], into["maximum"] = f"{octets.uint(1, 'start'):02X}", octets.uint(1, "maximum")


def _discovered(read: Callable[[Octets], Any], name: str) -> Callable[[Octets, dict[str, Any]], None]:
    def reader(octets: Octets, into: dict[str, Any]) -> None:
        into["complete"] = octets.uint(1, "complete") != 0
        _list(read, name)(octets, into)

    return reader


def _typed_id(octets: Octets) -> dict[str, Any]:
    return {"id": _identifier(octets), "type": f"{octets.uint(1, 'data type'):02X}"}


def _command_id(octets: Octets) -> str:
    return f"{octets.uint(1, 'command'):02X}"


def _response(octets: Octets) -> dict[str, Any]:
    identifier, status = octets.uint(2, "attribute id"), octets.uint(1, "status")
    return Attribute(identifier, status, read_value(octets) if status == 0 else None).as_dict()


def _value(octets: Octets) -> dict[str, Any]:
    return Attribute(octets.uint(2, "attribute id"), 0, read_value(octets)).as_dict()


_GENERAL: dict[int, Callable[[Octets, dict[str, Any]], None]] = {
    READ: _list(_identifier),
    READ_RESPONSE: _list(_response),
    WRITE: _list(_value),
    0x03: _list(_value),
    WRITE_RESPONSE: _list(_write_response),
    0x05: _list(_value),
    0x06: _list(_configure),
    0x07: _list(_configured),
    0x08: _list(_read_reporting),
    0x09: _list(_reporting_response),
    REPORT: _list(_value),
    DEFAULT_RESPONSE: _default,
    0x0C: _discover,
    0x0D: _discovered(_typed_id, "attributes"),
    0x0E: _list(_structured),
    0x0F: _list(_write_structured),
    0x11: _discover_commands,
    0x12: _discovered(_command_id, "commands"),
    0x13: _discover_commands,
    0x14: _discovered(_command_id, "commands"),
    0x15: _discover,
    0x16: _discovered(lambda o: _typed_id(o) | {"access": o.uint(1, "access")}, "attributes"),
}


def has_layout(command: int) -> bool:
    """Whether the fields of a general command are known here."""
    return command in _GENERAL
