"""The virtual DCC: transform, access control broker's MAC, CoS party, delivery of responses and alerts to users."""

import hashlib
import queue
import threading
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.error import URLError

from cryptography.hazmat.primitives.serialization import Encoding

from bench.dcc import (
    ChangeOfSupplier,
    CommandFailure,
    DccAlert,
    DeviceAlert,
    DuisError,
    FutureDatedDeviceAlert,
    GbcsPayload,
    InstalledCertificate,
    PowerOutageEvent,
    PreCommand,
    RequestId,
    Response,
    SecurityCredentialsUpdated,
    ServiceRequest,
    Throttled,
    sign_xml,
    verify_xml,
)
from bench.dcc.bodies import SignedPreCommand, UpdateFirmware, UpdatePPMIDFirmware, UpdateSecurityCredentialsCoS
from bench.dcc.payload import Device
from bench.dcc.transform import transform
from bench.gbcs import Cra, Eui64, GbcsError, Message, decode_der
from bench.gbcs.credentials import UpdateCredentialsAlert, UpdateCredentialsResponse
from bench.gbcs.crypto import add_mac, shared_secret, sign
from bench.gbcs.gbt import Assembly, split
from bench.gbcs.trust_anchors import KeyUsage
from bench.pki import TestSmki, describe, load_certificate
from rigs.virtual.dcc_backups import Backups
from rigs.virtual.dcc_hub_alerts import HubAlerts
from rigs.virtual.dcc_hub_log import CS14, LogUpdates
from rigs.virtual.outbox import Outbox
from rigs.virtual.traffic import TrafficManagement
from rigs.virtual.wan import Wan
from rigs.virtual.world import World, to_microseconds

FUTURE_DATED_CREDENTIALS = 0x00CB
DEVICE_CERTIFICATE = 0x000B
GBZ = b"\x01"  #: first octet of a GBZ payload
POST_SECONDS = 10.0
DELIVERY_LIMIT, RESPONSE_LIMIT = timedelta(minutes=10), timedelta(minutes=30)
NOT_DELIVERED, NO_RESPONSE = "N12", "N13"
#: command variants each service takes
SERVICES = {"transform": {4}, "send": {1, 5}, "non-device": {2, 6, 8}}


@dataclass(frozen=True)
class User:
    """A DCC user and where it receives."""

    eui: Eui64
    receive: str


class Poster:
    """Posts documents to users, in order, on a thread of its own; counts each in the world's deliveries."""

    def __init__(self, point: str) -> None:
        self.point = point
        self._queue: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        threading.Thread(target=self._run, name="poster", daemon=True).start()

    def post(self, world: World, url: str, document: bytes) -> None:
        """Queue a document."""
        world.deliver(self.point)
        self._queue.put((url, document))

    def _run(self) -> None:
        while True:
            url, document = self._queue.get()
            request = urllib.request.Request(url, document, {"Content-Type": "application/xml"})
            try:
                self._opener.open(request, timeout=POST_SECONDS).close()
            except (URLError, OSError) as problem:
                print(f"cannot post to {url}: {problem}", flush=True)


class Dcc:
    """DSP, access control broker and CoS party in one. `to_hub` takes a transfer for a device."""

    def __init__(
        self,
        world: World,
        smki: TestSmki,
        users: Mapping[Eui64, User],
        devices: Mapping[Eui64, tuple[Device, str]],
        to_hub: Callable[[bytes], bool],
        poster: Poster,
        wan: Wan,
        meter: tuple[str, ...] = (),
    ) -> None:
        self._world, self._smki, self._users, self._to_hub, self._poster = world, smki, users, to_hub, poster
        #: hands an image to the hub, for a device that is to fetch it
        self.to_image: Callable[[Eui64, bytes, bool], bool] = lambda device, image, reported: False
        self._devices = dict(devices)  #: type, and MPxN of a meter ("" of anything else)
        self._meter = meter  #: kind of the electricity meter, as its entry in the inventory says
        self._registered = dict.fromkeys(devices, smki.identities.supplier)
        self._pending: dict[tuple[Eui64, int], ServiceRequest] = {}
        self._outbox = Outbox(wan, lambda: True, upward=False)
        self._traffic = TrafficManagement(world)
        self._failed: set[RequestId] = set()
        self._answered: set[RequestId] = set()
        self._assembly = Assembly()
        self._backups = Backups()
        self._counter = 0
        self._agreement_keys = {eui: smki.device(eui).certificates["ka"].public_key() for eui in devices}
        self._certificates = {eui: smki.device(eui).certificates["ka"].public_bytes(Encoding.DER) for eui in devices}
        self._log_updates = LogUpdates(world, self._dcc_alert)
        self._hub_alerts = HubAlerts(
            lambda hub: self._registered[hub],
            self._dcc_alert,
            lambda originator, counter: self._pending.get((originator, counter)),
        )

    def post(self, service: str, document: bytes) -> bytes:
        """Take a document posted to a service; return the synchronous reply."""
        try:
            request = ServiceRequest.parse(document)
        except DuisError:
            return bytes(Response("E1000", self._world.now))
        refusal = self._access_control(service, request, document)
        if refusal is not None:
            return bytes(Response.to(request, refusal, self._world.now, message=False))
        if isinstance(request.body, UpdateFirmware | UpdatePPMIDFirmware):
            self._distribute(request.request_id.originator, request.body)
            return self._signed(Response.acknowledge(request, self._world.now))
        if service == "transform":
            (message,) = self._transform(request)
            pre_command = bytes(message) + b"\x00"
            return self._signed(Response.to(request, "I0", self._world.now, PreCommand(pre_command)))
        self._send(request)
        return self._signed(Response.acknowledge(request, self._world.now))

    def _access_control(self, service: str, request: ServiceRequest, document: bytes) -> str | None:
        """Return the code of a refusal, None when the request may pass."""
        identifier, body = request.request_id, request.body
        if identifier.originator not in self._users:
            return "E1"
        if not self._well_signed(identifier.originator, document):
            return "E100"
        if isinstance(body, UpdateFirmware | UpdatePPMIDFirmware):
            return "E13" if service != "non-device" else None if _listed(body) else "E12"
        if identifier.target not in self._devices:
            return "E19"
        if request.command_variant not in SERVICES[service]:
            return "E13"
        foreign_meter_point = (
            isinstance(body, UpdateSecurityCredentialsCoS) and body.import_mpxn != self._devices[identifier.target][1]
        )
        return "E062301" if foreign_meter_point else self._request_fault(request)

    def _well_signed(self, user: Eui64, document: bytes) -> bool:
        key = self._smki.party(user).certificates["xml"].public_key()
        try:
            verify_xml(document, key)  # type: ignore[arg-type]
        except DuisError:
            return False
        return True

    def _request_fault(self, request: ServiceRequest) -> str | None:
        try:
            request.check()
            if not isinstance(request.body, SignedPreCommand):
                self._transform(request)
        except DuisError:
            return "E12"
        return None

    def _transform(self, request: ServiceRequest) -> list[Message]:
        who = self._smki.identities
        self._counter = max(self._counter + 1, to_microseconds(self._world.now) // 1000)
        partner = getattr(request.body, "other", None)
        return transform(
            request,
            known=False if self._devices[request.request_id.target][0] is Device.PPMID else None,
            other=self._devices[partner][0] if partner in self._devices else None,
            other_certificate=self._certificates.get(partner),
            device=self._devices[request.request_id.target][0],
            acb=who.acb,
            acb_counter=self._counter,
            cos_party=who.cos_party,
            cos_counter=self._counter,
            at=self._world.now,
            meter=self._meter,
            user_role="NetworkOperator" if request.request_id.originator == who.network_operator else "Supplier",
            facts=self._backups.facts(request.body),
        )

    def _send(self, request: ServiceRequest) -> None:
        who = self._smki.identities
        if isinstance(request.body, SignedPreCommand):
            messages = [Message.parse(request.body.payload)]
        else:
            messages = self._transform(request)
        self._log_updates.asked(request)
        for message in messages:
            self._pending[message.originator, message.counter] = request
            if message.signature is None or message.originator == who.cos_party:
                signed = sign(message, self._smki.party(message.originator).private_keys["ds"])
                self._deliver(self._with_mac(signed), request)
            else:
                self._deliver(self._with_mac(message), request)
        if self._devices[request.request_id.target][0] is not Device.GSME:
            self._world.after(RESPONSE_LIMIT, lambda: self._fail(request, NO_RESPONSE))

    def _with_mac(self, message: Message) -> Message:
        broker = self._smki.party(self._smki.identities.acb).private_keys["ka"]
        device = self._agreement_keys[message.target]
        return add_mac(message, shared_secret(broker, device))  # type: ignore[arg-type]

    def _deliver(self, message: Message, request: ServiceRequest) -> None:
        items = [self._outbox.add(transfer, self._to_hub) for transfer in split(bytes(message))]

        def give_up() -> None:
            withdrawn = [self._outbox.withdraw(item) for item in items]
            if any(withdrawn):
                self._fail(request, NOT_DELIVERED)

        self._world.after(DELIVERY_LIMIT, give_up)

    def _distribute(self, user: Eui64, body: UpdateFirmware | UpdatePPMIDFirmware) -> None:
        """Send an image to the hub of each device; what a hub tells of one goes to the user who sent it."""
        reported = isinstance(body, UpdatePPMIDFirmware)
        for device in _listed(body):
            self._hub_alerts.image_sent(device, user)
            self._outbox.add(body.image, lambda image, device=device: self.to_image(device, image, reported))  # type: ignore[misc]

    def _fail(self, request: ServiceRequest, code: str) -> None:
        """Tell a user, once, that a command was not delivered, or not answered in time."""
        identifier = request.request_id
        if identifier not in self._failed and identifier not in self._answered:
            self._failed.add(identifier)
            event = CommandFailure(request_id=str(identifier), device=identifier.target)
            self._dcc_alert(identifier.originator, DccAlert(code, event))

    def from_wan(self, transfer: bytes) -> None:
        """Take what a device sent: a response for the user who asked, or an alert for its target."""
        try:
            octets = self._assembly.feed(transfer)
            if octets is None:
                return
            message = Message.parse(octets)
        except GbcsError:
            return
        if message.cra is Cra.RESPONSE:
            self._response(message, octets)
        elif message.cra is Cra.ALERT:
            self._alert(message, octets)

    def _response(self, message: Message, octets: bytes) -> None:
        request = self._pending.get((message.target, message.counter))
        if request is None:
            return
        self._answered.add(request.request_id)
        self._to_user(request.request_id.originator, Response.to(request, "I0", self._world.now, GbcsPayload(octets)))
        if message.message_code == DEVICE_CERTIFICATE and isinstance(request.body, SignedPreCommand):
            self._device_certified(message, Message.parse(request.body.payload).payload)
        if isinstance(request.body, UpdateSecurityCredentialsCoS):
            outcome = UpdateCredentialsResponse.parse(message.payload).outcome
            if outcome is not None and all(result.status == 0 for result in outcome.results):
                self._supplier_changed(request)

    def _device_certified(self, response: Message, certificate: bytes) -> None:
        """Talk to a device by its new key agreement key once it says that it uses it."""
        profile = describe(load_certificate(certificate))
        if decode_der.payload(response)["response_code"] == 0 and profile.key_usage is KeyUsage.KEY_AGREEMENT:
            self._agreement_keys[response.originator] = profile.public_key

    def _alert(self, message: Message, octets: bytes) -> None:
        if message.message_code == FUTURE_DATED_CREDENTIALS:
            alert = UpdateCredentialsAlert.parse(message.payload)
            request = self._pending.get((message.target, alert.outcome.authorising_seq))
            if request is not None:
                content = FutureDatedDeviceAlert(alert.alert_code, octets, 1, 1)
                self._to_user(request.request_id.originator, Response.to(request, "I0", self._world.now, content))
                if isinstance(request.body, UpdateSecurityCredentialsCoS) and all(
                    result.status == 0 for result in alert.outcome.results
                ):
                    self._supplier_changed(request)
            return
        if message.message_code == CS14:
            self._log_updates.changed(message)
        if message.target == self._smki.identities.acb:
            self._hub_alerts.take(message, octets)
            self._backups.take(message)
        if message.target in self._users:
            at = 3 if message.payload[:1] == GBZ else 9
            code = int.from_bytes(message.payload[at : at + 2])
            identifier = RequestId(message.target, message.originator, message.counter)

            def forward(throttled: Throttled | None) -> None:
                body = DeviceAlert(code, octets, throttled)
                self._to_user(message.target, Response("I0", self._world.now, body, None, identifier))

            self._traffic.take(message.originator, code, forward)

    def _supplier_changed(self, request: ServiceRequest) -> None:
        """Tell the gaining supplier and the losing one."""
        meter, gaining = request.request_id.target, request.request_id.originator
        losing = self._registered[meter]
        self._registered[meter] = gaining
        updated = SecurityCredentialsUpdated(device=meter, role="Supplier", certificates=_installed(request.body))
        self._dcc_alert(gaining, DccAlert("N42", updated))
        if losing != gaining:
            kind, mpxn = self._devices[meter]
            news = ChangeOfSupplier(device=meter, device_type=kind.name, mpxns=(mpxn,))
            self._dcc_alert(losing, DccAlert("N27", news))

    def hub_outage(self, hub: Eui64, started: datetime, mpxn: str) -> None:
        """A hub reported that its mains has been gone for three minutes: AD1 to the network operator."""
        event = PowerOutageEvent(comms_hub=hub, start=started, mpxn=mpxn)
        self._dcc_alert(self._smki.identities.network_operator, DccAlert("AD1", event))

    def _dcc_alert(self, user: Eui64, alert: DccAlert) -> None:
        identifier = RequestId(user, self._smki.identities.acb, self._next_alert())
        self._to_user(user, Response("I0", self._world.now, alert, None, identifier))

    def _next_alert(self) -> int:
        self._counter = max(self._counter + 1, to_microseconds(self._world.now) // 1000)
        return self._counter

    def _to_user(self, user: Eui64, response: Response) -> None:
        self._poster.post(self._world, self._users[user].receive, self._signed(response))

    def _signed(self, response: Response) -> bytes:
        party = self._smki.party(self._smki.identities.acb)
        return sign_xml(bytes(response), party.private_keys["xml"], party.certificates["xml"])


def _listed(body: UpdateFirmware | UpdatePPMIDFirmware) -> list[Eui64]:
    """Return the devices an image is for, none where the list is not one of EUI-64."""
    try:
        return [Eui64.of(eui.strip()) for eui in body.devices.split(",")]
    except (GbcsError, ValueError):
        return []


def _installed(body: UpdateSecurityCredentialsCoS) -> tuple[InstalledCertificate, ...]:
    held = body.certificates
    named = (
        ("DigitalSigning", held.digital_signing),
        ("KeyAgreement", held.key_agreement),
        ("KeyAgreementTopUp", held.key_agreement_top_up),
    )
    return tuple(
        InstalledCertificate(certificate_type=name, sha1=hashlib.sha1(der, usedforsecurity=False).digest())
        for name, der in named
        if der is not None
    )
