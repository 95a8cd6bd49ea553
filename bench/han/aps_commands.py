"""APS commands (ZigBee PRO 4.4.10)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from bench.han.aps import ApsFrame
from bench.han.octets import Octets
from bench.han.record import EUI64, U8, U16, Eui, Fixed, Integer, Key, Record, Remainder, Rest, When

STANDARD_NETWORK_KEY = 1
APPLICATION_LINK_KEY = 3
TRUST_CENTRE_LINK_KEY = 4


@dataclass(frozen=True, slots=True)
class ApsCommand(Record):
    """An APS command; subclasses carry its fields after the command identifier."""

    ID: ClassVar[int] = -1

    def octets(self) -> bytes:
        """Return the command identifier and the fields: the APS payload."""
        return bytes((self.ID,)) + bytes(self)


@dataclass(frozen=True, slots=True, repr=False)
class TransportKey(ApsCommand):
    """A key on its way: type 1 network key, 3 application link key, 4 trust centre link key (ZigBee PRO 4.4.10.1)."""

    ID = 0x05
    type: U8
    key: Key
    sequence: Annotated[int | None, When(Integer(1), "type", 0xFF, (1,))] = None
    dst: Annotated[bytes | None, When(Eui(), "type", 0xFF, (1, 4))] = None
    src: Annotated[bytes | None, When(Eui(), "type", 0xFF, (1, 4))] = None
    partner: Annotated[bytes | None, When(Eui(), "type", 0xFF, (3,))] = None
    initiator: Annotated[int | None, When(Integer(1), "type", 0xFF, (3,))] = None

    @classmethod
    def network(cls, key: bytes, sequence: int, dst: bytes, src: bytes) -> Self:
        """Return the delivery of a network key."""
        return cls(STANDARD_NETWORK_KEY, key, sequence, dst, src)

    @classmethod
    def trust_centre_link(cls, key: bytes, dst: bytes, src: bytes) -> Self:
        """Return the delivery of a trust centre link key."""
        return cls(TRUST_CENTRE_LINK_KEY, key, None, dst, src)

    def __repr__(self) -> str:
        return f"TransportKey(type={self.type}, sequence={self.sequence})"


@dataclass(frozen=True, slots=True)
class UpdateDevice(ApsCommand):
    """A router reports a device: status 0 secured rejoin, 1 unsecured join, 2 left, 3 trust centre rejoin."""

    ID = 0x06
    device: EUI64
    short: U16
    status: U8


@dataclass(frozen=True, slots=True)
class RemoveDevice(ApsCommand):
    """The trust centre has a device removed."""

    ID = 0x07
    device: EUI64


@dataclass(frozen=True, slots=True)
class RequestKey(ApsCommand):
    """A device asks for a key: type 2 application link key (with partner), 4 trust centre link key."""

    ID = 0x08
    type: U8
    partner: Annotated[bytes | None, When(Eui(), "type", 0xFF, (2,))] = None


@dataclass(frozen=True, slots=True)
class SwitchKey(ApsCommand):
    """Use the network key with this sequence number from now on."""

    ID = 0x09
    sequence: U8


@dataclass(frozen=True, slots=True)
class Tunnel(ApsCommand):
    """A complete inner APS frame for a joiner behind a router (ZigBee PRO 4.4.10.7)."""

    ID = 0x0E
    dst: EUI64
    inner: Rest

    @property
    def frame(self) -> ApsFrame:
        """The inner APS frame; HanError."""
        return ApsFrame.parse(self.inner)


@dataclass(frozen=True, slots=True)
class VerifyKey(ApsCommand):
    """A device proves that it has its link key."""

    ID = 0x0F
    type: U8
    src: EUI64
    hash: Annotated[bytes, Fixed(16)]


@dataclass(frozen=True, slots=True)
class ConfirmKey(ApsCommand):
    """The trust centre confirms the key."""

    ID = 0x10
    status: U8
    type: U8
    dst: EUI64


@dataclass(frozen=True, slots=True)
class UnknownApsCommand(ApsCommand):
    """A command this edition does not name."""

    identifier: U8
    content: Annotated[bytes, Remainder()]

    def octets(self) -> bytes:
        """Return the APS payload."""
        return bytes(self)


_COMMANDS: dict[int, type[ApsCommand]] = {
    c.ID: c for c in (TransportKey, UpdateDevice, RemoveDevice, RequestKey, SwitchKey, Tunnel, VerifyKey, ConfirmKey)
}


def parse_command(payload: bytes) -> ApsCommand:
    """Read the plaintext payload of an APS command frame; HanError when octets are missing."""
    octets = Octets(payload, "APS command")
    identifier = octets.uint(1, "command identifier")
    if identifier not in _COMMANDS:
        return UnknownApsCommand(identifier, octets.rest())
    return _COMMANDS[identifier].read(octets)
