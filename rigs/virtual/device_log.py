"""The log of devices a device has been joined with: CS03, CS04, CS07 (GBCS 13.7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import Role
from bench.pki import PkiError, load_certificate
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

JOIN_METHOD_A_METER, JOIN_METHOD_A, JOIN_METHOD_B, JOIN_METHOD_C = 0x000D, 0x00AB, 0x000E, 0x00AF
UNJOIN_CRITICAL, UNJOIN, READ_LOG = 0x000F, 0x0010, 0x0013
#: message code -> join method and role it is for: A as initiator, A as responder, B, C
METHODS = {JOIN_METHOD_A_METER: 0, JOIN_METHOD_A: 1, JOIN_METHOD_B: 2, JOIN_METHOD_C: 3}
SUCCESS, WRONG_CODE, WRONG_METHOD, INCOMPATIBLE, FULL, NO_CERTIFICATE = 0, 1, 2, 3, 4, 11
NOT_IN_LOG = 1
GSME_TYPE, ESME_TYPE, GPF_TYPE, PPMID_TYPE, TYPE_2 = 0, 1, 3, 5, 6
JOINED, JOIN_FAILED, UNJOINED, UNJOIN_FAILED = 0x8F49, 0x8F48, 0x8F4B, 0x8F4A
CAPACITY = 16

Named = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One device of the log: type code, and its key agreement certificate (DER) where it has been joined by C."""

    type_code: int
    certificate: bytes | None = None


class DeviceLog:
    """Who a device talks with on the HAN. Survives everything but an unjoin."""

    def __init__(self, device: "GbcsDevice", capacity: int = CAPACITY) -> None:
        self._device, self.capacity = device, capacity
        self.entries: dict[Eui64, Entry] = {}
        self.joined: Callable[[], None] = lambda: None  #: what a meter does when a device has joined
        self.broken = False  #: whether the store cannot be read
        for code in METHODS:
            device.der_commands[code] = lambda exchange, asked: self.join(exchange, asked)  # noqa: PLW0108
        for code in (UNJOIN_CRITICAL, UNJOIN):
            device.der_commands[code] = lambda exchange, asked: self.unjoin(exchange, asked)  # noqa: PLW0108
        device.der_commands[READ_LOG] = lambda exchange, asked: self.read(exchange, asked)  # noqa: PLW0108

    @rule("R-HAN-048")
    def join(self, exchange: "Exchange", asked: Named) -> Named:
        """Enter a device into the log, and say so in the security log."""
        code = self.judge(exchange.command.message_code, asked)
        if code == SUCCESS:
            other = Eui64.of(asked["other_device"])
            known = other in self.entries
            self.enter(other, asked)
            if not known:
                self.announce()
        logs = self._device.logs
        logs.add(logs.security, JOINED if code == SUCCESS else JOIN_FAILED)
        return {"response_code": code}

    @rule("R-HAN-041", "R-HAN-042", "R-HAN-043", "R-HAN-044", "R-HAN-045", "R-HAN-046", "R-HAN-047", "R-HAN-054")
    def judge(self, message_code: int, asked: Named) -> int:
        """Return the response code of a join."""
        if asked["method_code"] != METHODS[message_code]:
            return WRONG_CODE
        if message_code == JOIN_METHOD_B and asked["other_device_type_code"] == PPMID_TYPE:
            return WRONG_METHOD
        if (message_code == JOIN_METHOD_C) != ("certificate" in asked):
            return NO_CERTIFICATE
        known = self.entries.get(Eui64.of(asked["other_device"]))
        if known is not None:
            return SUCCESS if known.type_code == asked["other_device_type_code"] else INCOMPATIBLE
        return FULL if len(self.entries) >= self.capacity else SUCCESS

    @rule("R-HAN-033")
    def announce(self) -> None:
        """Tell that a device has joined that was not in the log before."""
        self.joined()

    @rule("R-HAN-040")
    def enter(self, eui: Eui64, asked: Named) -> None:
        """Add or renew an entry: the device, its type, and the certificate that came with it."""
        certificate = bytes.fromhex(asked["certificate"]["der"]) if "certificate" in asked else None
        self.entries[eui] = Entry(asked["other_device_type_code"], certificate)

    @rule("R-HAN-044", "R-HAN-063")
    def partner_key(self, eui: Eui64) -> EllipticCurvePublicKey | None:
        """Return the key agreement key of a device that was joined by method C, None of any other."""
        entry = self.entries.get(eui)
        try:
            key = load_certificate(entry.certificate).public_key() if entry and entry.certificate else None
        except PkiError:
            return None
        return key if isinstance(key, EllipticCurvePublicKey) else None

    def roles_of(self, party: Eui64) -> set[Role]:
        """Return the roles of a party: those of its cells, and that of a device joined by its certificate."""
        roles = self._device.anchors.roles_of(party)
        return roles if self.partner_key(party) is None else roles | {Role.OTHER}

    @rule("R-HAN-048", "R-HAN-049", "R-HAN-050")
    def unjoin(self, exchange: "Exchange", asked: Named) -> Named:
        """Take a device out of the log; it is refused from now on."""
        found = self.entries.pop(Eui64.of(asked["other_device"]), None)
        logs = self._device.logs
        logs.add(logs.security, UNJOINED if found is not None else UNJOIN_FAILED)
        return {"response_code": SUCCESS if found is not None else NOT_IN_LOG}

    @rule("R-HAN-051")
    def read(self, exchange: "Exchange", asked: Named) -> Named:
        """Return the log."""
        if self.broken:
            return {"response_code": 1}
        return {"response_code": 0, "device_log": self.listed()}

    def listed(self) -> list[Named]:
        """Return the entries as messages show them."""
        return [{"device": str(eui), "device_type_code": one.type_code} for eui, one in self.entries.items()]
