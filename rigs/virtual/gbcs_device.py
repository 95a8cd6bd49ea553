"""What every device with GBCS credentials does with a message: check, execute, answer, alert (GBCS 6.2, 7.2, 16)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from bench.gbcs import Cra, Eui64, GbcsError, Message, decode_der
from bench.gbcs.crypto import verify_mac, verify_signature
from bench.gbcs.dlms import AccessRequest, Data, DataNotification, date_time, octets, structure, u16
from bench.gbcs.trust_anchors import KeyUsage, Role
from bench.pki import TestSmki
from rigs.virtual.agenda import Agenda, Appointment
from rigs.virtual.bad_commands import BadCommands
from rigs.virtual.cosem import CosemServer
from rigs.virtual.cosem_objects import CosemObjects
from rigs.virtual.credentials import OTHER, CredentialsReplacement
from rigs.virtual.device_certificates import DeviceCertificates
from rigs.virtual.device_clock import DeviceClock
from rigs.virtual.device_log import DeviceLog
from rigs.virtual.exchange import Exchange
from rigs.virtual.firmware import Firmware
from rigs.virtual.logs import Logs
from rigs.virtual.protection import Protection
from rigs.virtual.rules import rule
from rigs.virtual.transfers import Transfers
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.use_cases import CREDENTIALS_DETAILS, DEVICE_CREDENTIALS_DETAILS, REPLACEMENTS, use_cases_of
from rigs.virtual.world import World
from rigs.virtual.zcl import ZclServer
from rigs.virtual.zcl_objects import ZclObjects

TRUSTED_SOURCE_FAILURE = 0x8F3D
UNAUTHORISED_ACCESS = 0x8F3E
FORMAT_FAILURE = 0x8F1E
NO_AUTHORITY = 0x8F30
OTHER_FAILURE = 0x8F53
TOP_UPS = frozenset({0x0007, 0x0097, 0x009B})
ACTIONED, NOT_ACTIONED = 0x8154, 0x8155
GENERIC_CRITICAL, GENERIC_NON_CRITICAL = 0x1000, 0x1001
UNSPECIFIED_CLOCK_STATUS = 0xFF
PROCESSING = timedelta(milliseconds=400)

DerCommand = Callable[[Exchange, dict[str, Any]], "dict[str, Any] | bytes | None"]


@dataclass(frozen=True)
class Refusal:
    """Why a message is discarded: the event, and whether it is alerted, logged as a security event, or both."""

    event: int
    alerted: bool = True
    logged: bool = True


#: the key in a contingency command does not open the public key that is to verify it: answered, with nothing consumed
NOT_OPENED = Refusal(0, alerted=False, logged=False)


class GbcsDevice(Protection):
    """A device behind the HAN: `send` takes its messages to the hub."""

    def __init__(
        self,
        world: World,
        eui: Eui64,
        smki: TestSmki,
        anchors: TrustAnchors,
        kind: str,
    ) -> None:
        self.world, self.eui, self.kind = world, eui, kind
        keys = smki.device(eui).private_keys
        self.signing_key, self.agreement_key = keys["ds"], keys["ka"]
        self.anchors = anchors
        self.own_counter = 0
        self.exchange: Exchange | None = None  #: the command in execution, or the last one
        self.logs = Logs(self.clock)
        self.send: Callable[[bytes], None] = lambda message: None
        self.credentials = CredentialsReplacement(self)
        self.agenda = Agenda(self)
        #: what the device does with a DER payload, by message code: it gets the payload as named values and returns
        #: those of the answer (or its octets), None where it refuses
        self.der_commands: dict[int, DerCommand] = {
            CREDENTIALS_DETAILS: lambda exchange, _: self.credentials.details(exchange.command.payload),
            DEVICE_CREDENTIALS_DETAILS: lambda exchange, _: self.credentials.details(exchange.command.payload, OTHER),
        } | dict.fromkeys(REPLACEMENTS, lambda exchange, _: self.credentials.replace(exchange))
        self.device_log = DeviceLog(self)
        self.certificates = DeviceCertificates(self, smki.device(eui).certificates)
        self.firmware = Firmware(self)
        self.time = DeviceClock(self)
        self.transfers = Transfers()
        self.bad_commands = BadCommands(self)
        self.long_form = False  #: whether lengths 128 to 255 in DER take three octets
        self.supported = supported = use_cases_of(kind)
        self.cosem = CosemServer(self, CosemObjects(one for one in supported.values() if one.payload == "DLMS"))
        self.zcl = ZclServer(self, ZclObjects())
        self.use_cases = {
            code: one for code, one in supported.items() if one.payload != "ASN1" or code in self.der_commands
        }

    def clock_status(self) -> int:
        """Return the clock status octet of the date-times in answers."""
        return UNSPECIFIED_CLOCK_STATUS

    def clock(self) -> datetime:
        """Return the device's own time."""
        return self.time.now()

    def clock_changed(self) -> None:
        """Look at the agenda again: the clock has been set."""
        self.agenda.resume()

    def at(self, when: datetime, action: Callable[[], None]) -> Appointment:
        """Do something when the device's clock reaches an instant."""
        return self.agenda.add(when, action)

    def powered(self) -> bool:
        """Whether the device runs."""
        return True

    def refuse_format(self) -> None:
        """Refuse a message whose content is not what its message code says."""
        self.refuse(Refusal(FORMAT_FAILURE))

    def supplier_changed(self, losing: Eui64 | None) -> None:
        """Do what a change of supplier entails, once the credentials are another's."""

    def receive(self, data: bytes) -> None:
        """Take one complete message from the hub."""
        self.world.after(PROCESSING, lambda: self._process(data))

    def _process(self, data: bytes) -> None:
        if not self.powered():
            return
        message = self.read_message(data)
        if message is None:
            self.refuse_format()
            return
        refusal = self.examine(message)
        if refusal is not None and refusal is not NOT_OPENED:
            self.refuse(refusal)
            return
        if refusal is None:
            self.consume_counter(message)
        self.execute(message)

    @rule("R-SEC-008")
    def examine(self, message: Message) -> Refusal | None:
        """Apply the checks in their order; the first that fails decides (GBCS 6.2.4)."""
        for check in (
            self.check_addressing,
            self.check_message_code,
            self.check_originator,
            self.check_counter,
            self.check_protection,
        ):
            refusal = check(message)
            if refusal is not None:
                return refusal
        return None

    @rule("R-SEC-003")
    def check_addressing(self, message: Message) -> Refusal | None:
        """The message is a command to this device."""
        if message.target == self.eui and message.cra is Cra.COMMAND:
            return None
        return Refusal(OTHER_FAILURE, alerted=False)

    @rule("R-SEC-004", "R-EVT-004")
    def check_message_code(self, message: Message) -> Refusal | None:
        """The device supports the use case."""
        return None if message.message_code in self.use_cases else Refusal(OTHER_FAILURE, alerted=False)

    @rule("R-SEC-005", "R-CRD-058", "R-CRD-024")
    def check_originator(self, message: Message) -> Refusal | None:
        """The originator holds credentials here, in a role with the right; contingency is of who has its keys."""
        if self.credentials.is_by_contingency(message):
            return None
        roles = self.device_log.roles_of(message.originator)
        if not roles:
            return Refusal(UNAUTHORISED_ACCESS)
        if not any(self.has_right(role, message.message_code) for role in roles):
            return Refusal(NO_AUTHORITY, logged=False)
        return None

    @rule(*(f"R-USE-{number:03}" for number in (*range(2, 24), 80, 81, 83)), "R-EVT-011", "R-SUB-001")
    def has_right(self, role: Role, message_code: int) -> bool:
        """Whether a role may send a use case."""
        use_case = self.use_cases.get(message_code)
        return use_case is not None and role in use_case.roles

    @rule("R-SEC-006", "R-CTR-001", "R-CTR-002", "R-CTR-005", "R-CTR-014", "R-FUT-018")
    def check_counter(self, message: Message) -> Refusal | None:
        """The counter of a replay-protected command is higher than the role's execution counter."""
        if not self.has_execution_counter(message):
            return None
        if message.counter > self.anchors.counters.get(self.role_of(message), 0):
            return None
        return Refusal(TRUSTED_SOURCE_FAILURE, logged=False)

    @rule("R-CTR-004", "R-CTR-006", "R-CTR-007", "R-CTR-012", "R-CRD-014")
    def has_execution_counter(self, message: Message) -> bool:
        """Whether a command counts: reads do not, and top ups have counters of their own."""
        return self.use_cases[message.message_code].replay_protected and message.message_code not in TOP_UPS

    @rule("R-SEC-007", "R-CMD-004", "R-CMD-005", "R-CMD-006", "R-CMD-007", "R-CRD-071", "R-USE-083")
    def check_protection(self, message: Message) -> Refusal | None:
        """Signature and MAC are those the use case asks for, and they are right."""
        signed, maced = bool(message.signature), message.mac is not None
        if (signed, maced) not in self.use_cases[message.message_code].protections:
            return Refusal(FORMAT_FAILURE)
        if signed:
            key = self.credentials.signature_key(message)
            if key is None and self.credentials.is_by_contingency(message):
                return NOT_OPENED
            if key is None or not verify_signature(message, key):
                return Refusal(TRUSTED_SOURCE_FAILURE, logged=False)
        if maced:
            key = self.mac_key(message)
            if key is None or not verify_mac(message, self.secret(key)):
                return Refusal(TRUSTED_SOURCE_FAILURE, logged=False)
        return None

    @rule("R-HAN-063", "R-SEC-007")
    def mac_key(self, message: Message) -> EllipticCurvePublicKey | None:
        """Return the key of whom a MAC is of: the broker, or another device of the home, that has no broker between."""
        if self.role_of(message) is Role.OTHER:
            return self.device_log.partner_key(message.originator)
        return self.anchors.key(Role.ACCESS_CONTROL_BROKER, KeyUsage.KEY_AGREEMENT)

    @rule("R-CRD-026")
    def role_of(self, message: Message) -> Role:
        """Return the role in which the originator acts."""
        roles = self.device_log.roles_of(message.originator)
        entitled = [role for role in roles if self.has_right(role, message.message_code)]
        return min(entitled or self.use_cases[message.message_code].roles)

    @rule("R-SEC-010")
    def consume_counter(self, message: Message) -> None:
        """An authentic replay-protected command consumes its counter, whatever becomes of it."""
        if self.has_execution_counter(message):
            self.anchors.counters[self.role_of(message)] = message.counter

    @rule("R-SEC-020", "R-SEC-021", "R-SEC-022", "R-SEC-023", "R-SEC-024", "R-SEC-025", "R-SEC-028", "R-EVT-006g")
    def refuse(self, refusal: Refusal) -> None:
        """Discard: no response; security log and alert to the party in the trust anchor cell, never to the sender."""
        if refusal.logged:
            self.logs.add(self.logs.security, refusal.event)
        if refusal.alerted:
            self.alert(refusal.event, Role.SUPPLIER)
        self.bad_commands.note()

    def execute(self, message: Message) -> None:
        """Execute an accepted command and answer it."""
        self.exchange = exchange = Exchange(self, message, self.use_cases[message.message_code])
        payload = exchange.use_case.payload
        if payload == "ASN1":
            self._execute_der(exchange)
        elif payload == "DLMS":
            self._execute_dlms(exchange)
        else:
            self._execute_gbz(exchange)

    def _execute_der(self, exchange: Exchange) -> None:
        message = exchange.command
        asked = self.read_der(message)
        if asked is None:
            self.refuse_format()
            return
        answer = self.der_commands[message.message_code](exchange, asked)
        if answer is None:
            return
        if not isinstance(answer, bytes):
            shown = answer | {"long_form": True} if self.long_form else answer
            answer = decode_der.octets(shown, message.message_code, Cra.RESPONSE)
        self.respond(exchange, answer)

    def der_alert(self, message_code: int, to: Role, shown: dict[str, Any]) -> None:
        """Send a signed alert with a DER payload to the party that holds a role."""
        party = self.anchors.subject(to)
        if party is not None:
            payload = decode_der.octets(shown, message_code, Cra.ALERT)
            self.send_alert(self.next_own_counter(), party, message_code, payload)

    def _execute_dlms(self, exchange: Exchange) -> None:
        try:
            request = AccessRequest.parse(exchange.command.payload)
        except GbcsError:
            self.refuse_format()
            return
        if not (self.cosem.is_well_formed(exchange.use_case, request) and self.cosem.has_one_time(request)):
            self.refuse_format()
            return
        answer, executed = self.cosem.access(exchange, request)
        self.executed(exchange, executed)
        self.respond(exchange, bytes(answer))

    def _execute_gbz(self, exchange: Exchange) -> None:
        request = self.read_components(exchange.command)
        if request is None or not self.zcl.is_well_formed(exchange.use_case, request):
            self.refuse_format()
            return
        answer, executed = self.zcl.execute(exchange, request)
        self.executed(exchange, executed)
        self.respond(exchange, bytes(answer))

    @rule("R-EVT-006", "R-SEC-029")
    def executed(self, exchange: Exchange, successfully: bool) -> None:
        """Log an executed command, with its message code."""
        code = exchange.command.message_code.to_bytes(2)
        outcome = ACTIONED if successfully else NOT_ACTIONED
        if self.logging(outcome):
            self.logs.add(self.logs.event, outcome, code)

    @rule("R-CMD-008", "R-RSP-006", "R-CRD-013", "R-CRD-071")
    def respond(self, exchange: Exchange, payload: bytes) -> None:
        """Answer a command: signed if the command was, else MACed for the party it goes to."""
        response = self.envelope(exchange, payload)
        if exchange.signed:
            self.send(bytes(self.signed(response)))
            return
        key = self.agreement_public_key(exchange.command.originator)
        if key is not None:
            self.send(bytes(self.maced(response, key)))

    @rule("R-RSP-001", "R-RSP-007", "R-RSP-009", "R-RSP-010", "R-CRD-053", "R-CTR-008")
    def envelope(self, exchange: Exchange, payload: bytes) -> Message:
        """Return a response before it is protected."""
        return exchange.answer(payload)

    @rule("R-CTR-009")
    def next_own_counter(self) -> int:
        """Return the device's own counter: it rises with every use and is never reset."""
        self.own_counter += 1
        return self.own_counter

    @rule("R-ALT-001", "R-ALT-004", "R-ALT-006", "R-ALT-023", "R-EVT-012")
    def alert(
        self,
        code: int,
        to: Role,
        extra: list[Data] | None = None,
        message_code: int | None = None,
        at: datetime | None = None,
    ) -> None:
        """Send an alert to the party that holds a role; without a message code of its own it is a generic one."""
        party = self.anchors.subject(to)
        if party is None or not self.alerting(code):
            return
        counter = self.next_own_counter()
        payload = self.alert_payload(code, at or self.clock(), extra or [], counter)
        own = self.generic_code(code) if message_code is None else message_code
        self.send_alert(counter, party, own, payload, is_critical(code))

    @rule("R-EVT-019")
    def generic_code(self, code: int) -> int:
        """Return the message code of an alert that is code and time alone."""
        return GENERIC_CRITICAL if is_critical(code) else GENERIC_NON_CRITICAL

    @rule("R-ALT-010", "R-ALT-012", "R-ALT-016")
    def alerting(self, code: int) -> bool:
        """Whether an event is told over the WAN: where it cannot be configured, always."""
        return True

    @rule("R-ALT-013", "R-ALT-016")
    def logging(self, code: int) -> bool:
        """Whether an event is written into the event log."""
        return True

    @rule("R-ALT-006", "R-ALT-008")
    def alert_payload(self, code: int, at: datetime, extra: list[Data], counter: int) -> bytes:
        """Return the payload of an alert of a DLMS device: code, time of the event, what the use case adds."""
        members = [u16(code), octets(date_time(at)), *extra]
        return bytes(DataNotification(0x20000000 | counter & 0xFFFFFF, structure(members)))

    @rule("R-ALT-001", "R-ALT-003", "R-ALT-005")
    def send_alert(self, counter: int, party: Eui64, message_code: int, payload: bytes, critical: bool = True) -> None:
        """Send an alert: signed if it is critical, else MACed for the party."""
        alert = Message(
            cra=Cra.ALERT,
            counter=counter,
            originator=self.eui,
            target=party,
            message_code=message_code,
            payload=payload,
        )
        if critical:
            self.send(bytes(self.signed(alert)))
            return
        key = self.agreement_public_key(party)
        if key is not None:
            self.send(bytes(self.maced(alert, key)))


def is_critical(code: int) -> bool:
    """Whether an alert code is of the critical range 8Fxx."""
    return code >> 8 == 0x8F
