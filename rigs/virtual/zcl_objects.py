"""The ZCL attributes and stores of a device that GBZ commands act on."""

from collections.abc import Callable

from bench.gbcs import GbcsError, names, zcl_values
from bench.gbcs.gbz import GbzComponent

Attribute = tuple[int, int]  #: cluster, attribute
Command = tuple[int, bool, int]  #: cluster, whether to the server, command
Record = tuple[int, bytes]  #: ZCL type, octets of the value as on the wire
Answer = list[tuple[int, bytes]] | int  #: commands and payloads that answer, or the status of a default response

SUCCESS, FAILURE, UNSUPPORTED_ATTRIBUTE, NOT_FOUND, HARDWARE_FAILURE = 0x00, 0x01, 0x86, 0x8B, 0xC0
MALFORMED_COMMAND = 0x80  #: ZCL status of a command whose payload is not that of its fields
_OCTET_STRINGS = (0x41, 0x42)
_SIZES = {0x10: 1, 0x30: 1, 0x31: 2, 0xE2: 4}


class ZclObjects:
    """Attributes by cluster and number, and what the device does at commands.

    `commands` hold what the device does at a cluster command; without one, a command that brings something is kept in
    `kept` and answered with success, and one that asks for something finds nothing.
    """

    def __init__(self) -> None:
        self._attributes: dict[Attribute, Record | Callable[[], Record]] = {}
        self.commands: dict[Command, Callable[[GbzComponent], Answer]] = {}
        self.kept: dict[Command, list[bytes]] = {}
        self.faults: dict[Attribute, int] = {}  #: statuses of attributes that are out of order

    def read(self, key: Attribute) -> tuple[int, Record | None]:
        """Return status and value of an attribute."""
        if key in self.faults:
            return self.faults[key], None
        value = self._attributes.get(key)
        if value is None:
            return UNSUPPORTED_ATTRIBUTE, None
        return SUCCESS, value() if callable(value) else value

    def put(self, key: Attribute, kind: int, value: bytes | Callable[[], bytes]) -> None:
        """Give an attribute a value: octets as on the wire (strings with their length), or a function that gives it."""
        if callable(value):
            give = value
            self._attributes[key] = lambda: (kind, give())
        else:
            self._attributes[key] = (kind, value)

    def declare(self, cluster: int, attribute: int) -> None:
        """Have an attribute, empty of its type, if there is none and its type is known."""
        known = names.zcl_attribute(cluster, attribute)
        if known is not None and (cluster, attribute) not in self._attributes:
            self.put((cluster, attribute), known.type, b"\x00" * _size(known.type))

    def execute(self, component: GbzComponent) -> Answer:
        """Execute a cluster command; one whose payload cannot be read is malformed."""
        key = component.cluster, component.to_server, component.command
        if key in self.commands:
            try:
                return self.commands[key](component)
            except GbcsError:
                return MALFORMED_COMMAND
        known = names.zcl_command(*key)
        if known is not None and known.name.startswith("Get"):
            return NOT_FOUND
        self.kept.setdefault(key, []).append(component.payload)
        return SUCCESS


def fields(component: GbzComponent) -> dict[str, object]:
    """Return the named fields of a cluster command, scaled as `bench decode` shows them."""
    known = names.zcl_command(component.cluster, component.to_server, component.command)
    if known is None:
        return {}
    return zcl_values.read(zcl_values.columns(component.cluster, known.name, known.fields), component.payload)


def payload(cluster: int, to_server: bool, command: int, values: dict[str, object]) -> bytes:
    """Return the payload of a cluster command from its named fields, scaled as `bench decode` shows them."""
    known = names.zcl_command(cluster, to_server, command)
    if known is None:
        raise ValueError(f"cluster {cluster:04X} has no command {command:02X} in this direction")
    layout = zcl_values.columns(cluster, known.name, known.fields)
    return zcl_values.write(layout, values, zcl_values.shown_units(cluster, known.name, known.fields))


def _size(kind: int) -> int:
    if kind in _OCTET_STRINGS:
        return 1
    return _SIZES.get(kind, (kind & 7) + 1)
