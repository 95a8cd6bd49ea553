"""Messages handed to a device past the DCC: whole commands made with the test keys at hand, also wrong ones."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from bench.bus import Item
from bench.capabilities import LocalDelivery
from bench.catalogue import use_case as find_use_case
from bench.clock import Clock
from bench.dcc import ServiceRequest
from bench.dcc.bodies import Body
from bench.dcc.examples import example
from bench.dcc.payload import Device as DeviceKind
from bench.dcc.transform import candidates, transform
from bench.device_message import DeviceMessage
from bench.driver import Driver
from bench.errors import InstrumentError, NotRun
from bench.gbcs import Eui64, GbcsError, Keystore, Message
from bench.gbcs.check import check
from bench.gbcs.crypto import add_mac, sign
from bench.message_text import describe
from bench.observation import Observation, Pattern
from bench.parties import Device, OriginatorCounters, Party
from bench.timeline import Timeline

CIN = "1234"  #: customer identification number of an example


class LocalPoint:
    """The local way to a device's HAN interface."""

    def __init__(
        self,
        delivery: LocalDelivery,
        timeline: Timeline,
        clock: Clock,
        keystore: Keystore,
        acb: Eui64,
        cos_party: Party,
        counters: OriginatorCounters,
    ) -> None:
        self._delivery, self._timeline, self._clock, self._keystore = delivery, timeline, clock, keystore
        self._acb, self._cos_party, self._counters = acb, cos_party, counters

    def command(
        self,
        body: Body,
        to: Device,
        *,
        as_user: Party,
        counter: int | None = None,
        facts: Mapping[str, Any] | None = None,
        cin: str | None = None,
    ) -> Message:
        """Return the complete command for a request: signed where it is critical, with the broker's MAC.

        `facts` is what a request does not say and the DCC would know: the log that is to be restored; `cin` is the
        number that it makes up for a customer.
        """
        number = self._counters.next(as_user.eui, self._clock.now()) if counter is None else counter
        request = ServiceRequest.of(as_user.eui, to.eui, number, body)
        (message,) = transform(
            request,
            device=DeviceKind[to.type],
            acb=self._acb,
            acb_counter=number,
            cos_party=self._cos_party.eui,
            cos_counter=number,
            at=self._clock.now(),
            facts=facts,
            cin=cin,
        )
        return self.protect(message, to)

    def example(self, use_case: str, to: Device, *, as_user: Party, counter: int | None = None) -> Message:
        """Return a complete, well-formed command of a use case as a party sends it, whether it has the right or not."""
        case = find_use_case(use_case)
        number = self._counters.next(as_user.eui, self._clock.now()) if counter is None else counter
        now = self._clock.now()
        request = ServiceRequest.of(as_user.eui, to.eui, number, example(case.services[0], case, at=now))
        found = candidates(
            request,
            device=DeviceKind[to.type],
            acb=self._acb,
            acb_counter=number,
            cos_party=self._cos_party.eui,
            cos_counter=number,
            at=now,
            user_role="Supplier" if "Supplier" in case.roles else (*case.roles, "Supplier")[0],
            cin=CIN,
        )
        message = next(one for name, one in found if name.split()[0] == use_case)
        message = replace(
            message,
            originator=as_user.eui,
            supplementary_party=None,
            supplementary_counter=None,
            supplementary_certificate=None,
        )
        return self.protect(message, to)

    def protect(self, message: Message, receiver: Device) -> Message:
        """Return a message signed (where it has no signature yet) and with a fresh MAC for the device that gets it."""
        return self.maced(self.signed(message) if message.signature is None else message, receiver)

    def signed(self, message: Message, by: Party | None = None) -> Message:
        """Return a message signed by its originator, or with another party's key."""
        signer = message.originator if by is None else by.eui
        key = self._keystore.private_key(signer, "ds")
        if key is None:
            raise NotRun(f"the key store has no signing key of {signer}")
        return sign(message, key)

    def maced(self, message: Message, receiver: Device) -> Message:
        """Return a message, signed or not, with a fresh MAC for the device that gets it."""
        secret = self._keystore.secret(self._acb, receiver.eui)
        if secret is None:
            raise NotRun("the key store has no key agreement key of the Access Control Broker; test keys are needed")
        return add_mac(replace(message, mac=None), secret)

    def certificate(self, owner: Device | Party, usage: str) -> bytes:
        """Return a certificate of a device or party (DER) from the key store. Raises NotRun when it is not there."""
        found = self._keystore.certificate(owner.eui, usage)
        if found is None:
            raise NotRun(f"the key store has no {usage} certificate of {owner}")
        return found.public_bytes(Encoding.DER)

    def deliver(self, message: Message | bytes, words: str) -> Observation:
        """Deliver a message, or octets, as they are; returns where on the timeline that happened."""
        octets = bytes(message)
        described = describe(octets)
        data = described | {"text": f"deliver {words}: {described['text']}"}
        seen = self._timeline.record("local", "delivery", data, octets)
        self._delivery.deliver(octets)
        return seen

    def read(self, seen: Observation) -> DeviceMessage:
        """Return the GBCS message in an observation."""
        return DeviceMessage.of(seen, self._keystore, self._acb)

    def take(self, item: Item) -> None:
        """Put a message that came back on the timeline."""
        described = describe(item.raw)
        try:
            message = Message.parse(item.raw)
        except GbcsError as problem:
            self._timeline.record("local", "garbage", described, item.raw, item.time)
            raise self._trouble(f"handed back what is no GBCS message: {problem}") from None
        protection = check(message, self._keystore, self._acb)
        data = described | {"gbcs": item.raw.hex(), "mac": protection.mac, "signature": protection.signature}
        self._timeline.record("local", "response", data, item.raw, item.time)

    def _trouble(self, problem: str) -> InstrumentError:
        delivery = self._delivery
        return delivery.error(problem) if isinstance(delivery, Driver) else InstrumentError("local", problem)


def answer_to(message: Message) -> Pattern:
    """Return the pattern of any response to a command, wherever it comes out."""
    counter, code = message.counter, f"{message.message_code:04X}"

    def matches(seen: Observation) -> bool:
        return (
            seen.kind == "response"
            and seen.data.get("counter") == counter
            and seen.data.get("message_code") == code
            and seen.data.get("cra") == "response"
        )

    return Pattern(f"response to the command with counter {counter}", matches, lambda seen: seen.kind == "response")
