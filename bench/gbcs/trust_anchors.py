"""Trust anchor cells of a device: roles, key usages, replacement modes and status values (GBCS 4.3.2.5, 13.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Self

from bench.gbcs import der
from bench.gbcs.der import Tlv, as_fields, as_integer
from bench.gbcs.errors import GbcsError


class Role(IntEnum):
    """Remote party role."""

    ROOT = 0
    RECOVERY = 1
    SUPPLIER = 2
    NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER = 4
    TRANSITIONAL_COS = 5
    WAN_PROVIDER = 6
    ISSUING_AUTHORITY = 7
    LOAD_CONTROLLER = 8
    OTHER = 127

    @classmethod
    def read(cls, tlv: Tlv) -> "Role":
        """Role from its INTEGER. Raises GbcsError for one GBCS does not know."""
        number = as_integer(tlv, "remote party role")
        try:
            return cls(number)
        except ValueError:
            raise GbcsError(f"remote party role {number} is unknown") from None


class KeyUsage(Enum):
    """Key usage of a cell; the value is the bit number in the BIT STRING."""

    DIGITAL_SIGNATURE = 0
    KEY_AGREEMENT = 4
    KEY_CERT_SIGN = 5
    CRL_SIGN = 6

    def to_der(self) -> Tlv:
        """BIT STRING with just this bit."""
        return der.bit_string(bytes((0x80 >> self.value,)), 7 - self.value)

    @classmethod
    def read(cls, tlv: Tlv) -> "KeyUsage":
        """Key usage from its BIT STRING. Raises GbcsError unless exactly one known bit is set."""
        value = der.expect(tlv, der.BIT_STRING, "key usage").value
        for usage in cls:
            if value == bytes((7 - usage.value, 0x80 >> usage.value)):
                return usage
        raise GbcsError(f"key usage {value.hex()} is not one known bit")


class Mode(IntEnum):
    """Credentials replacement mode: who replaces whose credentials."""

    ROOT_BY_SUPPLIER = 0
    ROOT_BY_WAN_PROVIDER = 1
    SUPPLIER_BY_SUPPLIER = 2
    NETWORK_OPERATOR_BY_NETWORK_OPERATOR = 3
    ACCESS_CONTROL_BROKER_BY_ACB = 4
    WAN_PROVIDER_BY_WAN_PROVIDER = 5
    TRANS_COS_BY_TRANS_COS = 6
    SUPPLIER_BY_TRANS_COS = 7
    ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY = 8
    ANY_BY_CONTINGENCY = 9
    LOAD_CONTROLLER_BY_LOAD_CONTROLLER = 10
    LOAD_CONTROLLER_BY_SUPPLIER = 11


class Status(IntEnum):
    """Outcome for one cell or role."""

    SUCCESS = 0
    BAD_CERTIFICATE = 5
    NO_TRUST_ANCHOR = 10
    INSUFFICIENT_MEMORY = 17
    TRUST_ANCHOR_NOT_FOUND = 25
    RESOURCES_BUSY = 30
    OTHER = 127


@dataclass(frozen=True, slots=True)
class TrustAnchorCell:
    """A cell of the device's trust anchor store."""

    role: Role
    key_usage: KeyUsage
    cell_usage: int = 0  #: 0 management, 1 prepayment top up
    #: whether a cell usage of 0 is written out
    explicit_usage: bool = field(default=False, compare=False, repr=False)

    def to_der(self, tag: int = der.SEQUENCE) -> Tlv:
        """SEQUENCE, or an implicitly tagged one."""
        return _cell_der(self.role, self.key_usage, self.cell_usage, self.explicit_usage, tag)

    @classmethod
    def read(cls, tlv: Tlv, tag: int = der.SEQUENCE) -> Self:
        """Read the cell. Raises GbcsError."""
        items = as_fields(tlv, 2, 3, "trust anchor cell", tag)
        usage, explicit = read_cell_usage(items[2:])
        return cls(Role.read(items[0]), KeyUsage.read(items[1]), usage, explicit)


@lru_cache(256)
def _cell_der(role: Role, key_usage: KeyUsage, cell_usage: int, explicit_usage: bool, tag: int) -> Tlv:
    items = [der.integer(role), key_usage.to_der()]
    return der.constructed(tag, items + cell_usage_der(cell_usage, explicit_usage))


def cell_usage_der(usage: int, explicit: bool) -> list[Tlv]:
    """Cell usage INTEGER, left out where it is the default 0."""
    return [der.integer(usage)] if usage or explicit else []


def read_cell_usage(items: Sequence[Tlv]) -> tuple[int, bool]:
    """Cell usage, and whether a 0 was written out, from no or one INTEGER."""
    usage = as_integer(items[0], "cell usage") if items else 0
    return usage, bool(items) and usage == 0
