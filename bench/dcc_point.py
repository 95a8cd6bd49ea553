"""The DCC as an observation point, and the users the bench plays: requests out, responses and alerts in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from bench.authority import Credentials
from bench.bus import Item
from bench.capabilities import DccGateway
from bench.clock import Clock
from bench.dcc import (
    DccAlert,
    DeviceAlert,
    DuisError,
    FutureDatedDeviceAlert,
    PreCommand,
    RequestId,
    Response,
    ResponseMessage,
    ServiceRequest,
    is_signed,
    sign_xml,
    verify_xml,
)
from bench.dcc.bodies import (
    Body,
    CertificationPath,
    ReplacementCertificates,
    RetrieveDeviceSecurityCredentialsKRP,
    TopUpDevice,
    UpdateSecurityCredentialsCoS,
)
from bench.dcc.correlate import correlate
from bench.device_message import DeviceMessage
from bench.driver import Driver
from bench.errors import BenchError, Inconclusive, InstrumentError, NotRun
from bench.gbcs import Eui64, GbcsError, Keystore, Message
from bench.gbcs.check import check
from bench.gbcs.credentials import RoleDetails
from bench.gbcs.crypto import sign
from bench.gbcs.trust_anchors import Role
from bench.gbcs.utrn import Token, ValueClass, prepayment_secret
from bench.gbcs.utrn import build as build_token
from bench.message_text import describe
from bench.observation import Observation, Pattern
from bench.parties import Device, OriginatorCounters, Party
from bench.pki import Role as PkiRole
from bench.pki import TestSmki
from bench.timeline import Timeline

ANSWER = "2 min"
NON_DEVICE = 8  #: command variant of what the DCC does itself
SLEEPY_ANSWER = "40 min"  #: of a gas meter: it fetches its messages once in half an hour


@dataclass(frozen=True)
class Sent:
    """A request on its way: its identifier, the DCC's code, and the place on the timeline where it was posted."""

    point: "DccPoint"
    request: ServiceRequest
    code: str
    posted: Observation
    patience: str = ANSWER

    @property
    def accepted(self) -> bool:
        """Whether the DCC took it."""
        return not self.code.startswith("E")

    def response(self, within: timedelta | str | None = None, rule: str = "") -> DeviceMessage:
        """Return the device's response, waiting for it. Raises Failure if there is none."""
        self.insist()
        seen = self.point.timeline.expect(
            response_to(self.request), within=within or self.patience, after=self.posted, rule=rule
        )
        return self.point.read(seen)

    def insist(self) -> None:
        """Raise Inconclusive if the DCC refused: then nothing can be said of the device."""
        if not self.accepted:
            raise Inconclusive(f"the DCC refused {self.request.variant} with {self.code}")


class DccPoint:
    """Plays the DCC users of a rig."""

    def __init__(
        self,
        gateway: DccGateway,
        timeline: Timeline,
        clock: Clock,
        keystore: Keystore,
        acb: Eui64,
        parties: Sequence[Party],
        counters: OriginatorCounters,
        path: tuple[bytes, ...],
    ) -> None:
        self.timeline = timeline
        self._path = path
        self._gateway, self._clock, self._keystore, self._acb = gateway, clock, keystore, acb
        self._names = {party.eui: party.name for party in parties}
        self._counters = counters
        self._replies: dict[int, Response] = {}

    def send(
        self, body: Body, to: Device, *, as_user: Party, counter: int | None = None, sign_as: Party | None = None
    ) -> Sent:
        """Send a service request; a critical one is transformed, correlated and signed on the way.

        `counter` overrides the originator counter, `sign_as` signs the pre-command with another party's key.
        """
        number = self._counters.next(as_user.eui, self._clock.now()) if counter is None else counter
        request = ServiceRequest.of(as_user.eui, to.eui, number, body)
        patience = SLEEPY_ANSWER if to.type == "GSME" else ANSWER
        if not request.critical:
            service = "non-device" if request.command_variant == NON_DEVICE else "send"
            return replace(self._post(service, request, as_user), patience=patience)
        transformed = self._post("transform", request, as_user)
        if not transformed.accepted:
            return transformed
        signed = self._sign(transformed, sign_as or as_user)
        return replace(self._post("send", request.signed(signed), as_user), patience=patience)

    def ask(
        self, body: Body, to: Device, *, as_user: Party, within: timedelta | str | None = None, rule: str = ""
    ) -> DeviceMessage:
        """Send a request and return the device's response."""
        return self.send(body, to, as_user=as_user).response(within, rule)

    def token(
        self,
        device: Device,
        value: int,
        *,
        as_user: Party,
        utrn_counter: int | None = None,
        value_class: int = ValueClass.POUNDS,
    ) -> Token:
        """Return a top-up token of a supplier for a meter; without a counter it is a new one."""
        secret = prepayment_secret(self._keystore, as_user.eui, device.eui)
        if secret is None:
            raise NotRun(f"the key store has no prepayment key of {as_user.name}; test keys are needed")
        counter = self._counters.next_token(as_user.eui) if utrn_counter is None else utrn_counter
        return Token(counter, build_token(secret, as_user.eui, device.eui, counter, value, value_class))

    def top_up(self, device: Device, token: Token, *, as_user: Party, rule: str = "") -> DeviceMessage:
        """Send a top up (2.2) and return the meter's response."""
        body = TopUpDevice(utrn=token.digits)
        return self.send(body, device, as_user=as_user, counter=token.counter << 32).response(rule=rule)

    def credentials(self, device: Device, roles: Sequence[str], *, as_user: Party) -> dict[Role, RoleDetails]:
        """Return what a device says of the credentials it holds for roles ("Supplier", "NetworkOperator", ...)."""
        body = RetrieveDeviceSecurityCredentialsKRP(roles=tuple(roles))
        details = self.ask(body, device, as_user=as_user).credentials()
        for one in details.values():  # a party's next command must be above what the device has seen
            for subject in {cell.subject for cell in one.cells} & self._names.keys():
                self._counters.raise_to(subject, one.current_seq_number or 0)
        return details

    def change_of_supplier(
        self,
        device: Device,
        gaining: Party,
        *,
        execute_at: datetime | None = None,
        floor: int | None = None,
        foreign: bool = False,
        credentials: Credentials | None = None,
        time_checks: bool = True,
    ) -> UpdateSecurityCredentialsCoS:
        """Return the body of 6.23 that puts a supplier's credentials on a meter.

        `execute_at` makes it future dated (CANCEL withdraws it); without `floor` the supplier's next counters are free.
        `foreign` takes certificates of the same names from an unrelated SMKI, `credentials` others than those at hand.
        """
        store, path = self._foreign(gaining) if foreign else (self._keystore, self._path)
        if credentials is not None:
            certificates, path = credentials.replacement, credentials.path
        else:
            certificates = ReplacementCertificates(
                digital_signing=_der(store, gaining, "ds"),
                key_agreement=_der(store, gaining, "ka"),
                key_agreement_top_up=_der(store, gaining, "pp-ka"),
            )
        return UpdateSecurityCredentialsCoS(
            execute_at=execute_at,
            supplier_floor=self._counters.last(gaining.eui) if floor is None else floor,
            top_up_floor=0,
            certificates=certificates,
            path=CertificationPath(certificates=path),
            apply_time_checks=time_checks,
            import_mpxn=device.mpxn,
        )

    def _foreign(self, party: Party) -> tuple[Keystore, tuple[bytes, ...]]:
        other = TestSmki.generate("an unrelated SMKI", self._clock.now() - timedelta(days=365), name="OTHER")
        other.organisation(party.eui, PkiRole.SUPPLIER, ("ds", "ka", "pp-ka"))
        return other.keystore(), (other.issuing.certificate.public_bytes(Encoding.DER),)

    def read(self, seen: Observation) -> DeviceMessage:
        """Return the GBCS message in an observation."""
        return DeviceMessage.of(seen, self._keystore, self._acb)

    def _post(self, service: str, request: ServiceRequest, user: Party) -> Sent:
        name = type(request.body).__name__
        data = {
            "text": f"{user.name} posts {request.variant} {name} to {service} ({request.request_id.counter})",
            "variant": request.variant,
            "user": user.name,
            "request_id": str(request.request_id),
            "service": service,
        }
        key, certificate = self._xml_credentials(user)
        document = sign_xml(bytes(request), key, certificate)
        posted = self.timeline.record("dcc", "request", data, document)
        reply = self._gateway.post(service, document)
        try:
            response = Response.parse(reply)
        except DuisError as problem:
            raise self._trouble(f"the reply to {request.variant} is no DUIS response: {problem}") from None
        text = f"DCC answers {request.variant} with {response.response_code}"
        self.timeline.record("dcc", "acknowledgement", {"text": text, "code": response.response_code}, reply)
        sent = Sent(self, request, response.response_code, posted)
        self._replies[posted.number] = response
        return sent

    def _xml_credentials(self, user: Party) -> tuple[Any, Any]:
        key, certificate = self._keystore.private_key(user.eui, "xml"), self._keystore.certificate(user.eui, "xml")
        if key is None or certificate is None:
            raise BenchError(
                f"the key store has no XML signing key of {user.name} ({user.eui}); add {user.eui.hex()}-xml.key"
            )
        return key, certificate

    def _sign(self, transformed: Sent, signer: Party) -> bytes:
        content = getattr(self._replies[transformed.posted.number].body, "content", None)
        if not isinstance(content, PreCommand):
            raise self._trouble("the transform service returned no pre-command")
        try:
            correlate(transformed.request, content.payload)
        except DuisError as problem:
            raise self._trouble(f"the pre-command does not mean the request and was not signed: {problem}") from None
        key = self._keystore.private_key(signer.eui, "ds")
        if key is None:
            raise BenchError(
                f"the key store has no signing key of {signer.name} ({signer.eui}); add {signer.eui.hex()}-ds.key"
            )
        return bytes(sign(Message.parse(content.payload), key))

    def take(self, item: Item) -> None:
        """Put what the DCC posted to its users on the timeline."""
        try:
            response = Response.parse(item.raw)
            self._verify(item.raw)
            kind, data = self._described(response)
        except (DuisError, GbcsError) as problem:
            text = f"unreadable document from the DCC: {problem}"
            self.timeline.record("dcc", "document", {"text": text}, item.raw, item.time)
            raise self._trouble(text) from None
        self.timeline.record("dcc", kind, data, item.raw, item.time)

    def _verify(self, document: bytes) -> None:
        """Check the DCC's XML signature where there is one and its key is at hand."""
        key = self._keystore.public_key(self._acb, "xml")
        if key is not None and is_signed(document):
            verify_xml(document, key)

    def _trouble(self, problem: str) -> InstrumentError:
        return self._gateway.error(problem) if isinstance(self._gateway, Driver) else InstrumentError("dcc", problem)

    def _described(self, response: Response) -> tuple[str, dict[str, Any]]:
        body = response.body
        data: dict[str, Any] = {"code": response.response_code}
        if response.gbcs is not None:
            data |= self._message(response.gbcs)
        if isinstance(body, DccAlert | DeviceAlert) and body.throttled is not None:
            data |= {"throttled": body.throttled.count}
        if isinstance(body, DccAlert):
            event = type(body.event).__name__
            values = vars_of(body.event)
            if values.get("payload"):
                data |= self._message(values.pop("payload"))
            details = {name: str(value) for name, value in values.items() if value is not None}
            user = self._user(response.response_id)
            return "dcc-alert", data | {"alert": body.code, "event": event, "to": user, "details": details} | {
                "text": f"DCC alert {body.code} {event} to {user}"
            }
        if isinstance(body, DeviceAlert):
            user = self._user(response.response_id)
            return "alert", data | {
                "to": user,
                "text": f"{data['message']} from {self._device(data)} to {user}{_several(data)}",
            }
        if isinstance(body, ResponseMessage):
            identifier = str(response.request_id)
            data |= {"request_id": identifier, "variant": body.variant, "to": self._user(response.request_id)}
            if isinstance(body.content, FutureDatedDeviceAlert):
                return "alert", data | {"text": f"{data['message']} from {self._device(data)} to {data['to']}"}
            return "response", data | {
                "text": f"response to {body.variant} for {data['to']}: {data.get('message', response.response_code)}"
            }
        return "document", data | {"text": f"DCC document {response.response_code}"}

    def _message(self, octets: bytes) -> dict[str, Any]:
        described = describe(octets)
        message = Message.parse(octets)
        protection = check(message, self._keystore, self._acb)
        text = described.pop("text")
        return described | {
            "message": text,
            "gbcs": octets.hex(),
            "mac": protection.mac,
            "signature": protection.signature,
        }

    def _user(self, identifier: RequestId | None) -> str:
        return self._names.get(identifier.originator, str(identifier.originator)) if identifier else "nobody"

    def _device(self, data: dict[str, Any]) -> str:
        return str(data.get("originator", "?"))


def _der(store: Keystore, party: Party, usage: str) -> bytes:
    certificate = store.certificate(party.eui, usage)
    if certificate is None:
        raise BenchError(f"the key store has no {usage} certificate of {party.name}; add {party.eui.hex()}-{usage}.pem")
    return certificate.public_bytes(Encoding.DER)


def _several(data: dict[str, Any]) -> str:
    return f" (throttled: it stands for {data['throttled']})" if "throttled" in data else ""


def vars_of(event: Any) -> dict[str, Any]:
    """Return the fields of a DCC event."""
    return {name: getattr(event, name) for name in getattr(event, "__dataclass_fields__", {})}


def response_to(request: ServiceRequest) -> Pattern:
    """Return the pattern of the device's response to a request."""
    identifier = str(request.request_id)

    def matches(seen: Observation) -> bool:
        return seen.kind == "response" and seen.data.get("request_id") == identifier and "gbcs" in seen.data

    words = f"a response to {request.variant} (counter {request.request_id.counter}) at the DCC"
    return Pattern(words, matches, lambda seen: seen.point == "dcc" and seen.kind in ("response", "alert"))


def device_alert(device: Device, *codes: int, to: Party | None = None) -> Pattern:
    """Return the pattern of an alert with one of these codes from a device (to a party)."""
    wanted = {f"{code:04X}" for code in codes}

    def matches(seen: Observation) -> bool:
        return (
            seen.kind == "alert"
            and (not wanted or seen.data.get("alert_code") in wanted)
            and seen.data.get("originator") == str(device.eui)
            and (to is None or seen.data.get("to") == to.name)
        )

    words = f"alert {' or '.join(sorted(wanted)) or 'of any code'} from {device}" + (f" to {to.name}" if to else "")
    return Pattern(
        words,
        matches,
        lambda seen: seen.point == "dcc" and seen.kind in ("alert", "dcc-alert"),
        blocked=lambda seen: "throttled" in seen.data and matches(seen),
    )


def stands_for(seen: Observation) -> int:
    """Return how many alerts one at the DCC stands for: more than itself where the DCC throttles."""
    return int(seen.data.get("throttled", 1))


def dcc_alert(code: str, to: Party | None = None) -> Pattern:
    """Return the pattern of a DCC alert."""

    def matches(seen: Observation) -> bool:
        return (
            seen.kind == "dcc-alert"
            and seen.data.get("alert") == code
            and (to is None or seen.data.get("to") == to.name)
        )

    words = f"DCC alert {code}" + (f" to {to.name}" if to else "")
    return Pattern(words, matches, lambda seen: seen.kind == "dcc-alert")


def moment(text: str) -> datetime:
    """Return an instant as DCC alerts write it in their details."""
    return datetime.fromisoformat(text)
