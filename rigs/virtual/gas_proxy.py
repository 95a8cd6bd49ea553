"""The gas proxy function (GPF) on the hub: answers for the gas meter from its copy, taps off what passes."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bench.gbcs import Cra, Eui64, GbcsError, Message
from bench.gbcs.gbt import Assembly
from bench.gbcs.gbz import Gbz, GbzComponent
from bench.gbcs.times import date_time, from_zigbee_utc
from bench.gbcs.trust_anchors import Role
from bench.han.zcl import DEFAULT_RESPONSE, ZclFrame, default_response
from bench.pki import TestSmki
from rigs.virtual.exchange import Exchange
from rigs.virtual.gas_mirror import GET_SAMPLED_DATA, GasMirror
from rigs.virtual.gbcs_device import ACTIONED, NOT_ACTIONED
from rigs.virtual.gbz_device import (
    EVENTS,
    MANAGEMENT,
    METERING,
    NEVER,
    NOW,
    PRICE,
    U32,
    GbzDevice,
    little,
    values,
)
from rigs.virtual.gpf_log import GCS59, GpfLog
from rigs.virtual.gsme_objects import INTERVAL, sampled
from rigs.virtual.hub import Hub, HubFunction
from rigs.virtual.rules import rule
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.zcl_objects import NOT_FOUND, SUCCESS, Answer

NOT_RETRIEVED, TAP_FAILED = 0x819D, 0x819E
CHANGE_OF_TENANCY = 0x00
GET_SAMPLES = 0x08
HALF_HOURS, DAYS = 0, 1  #: sample identifiers
NO_INTERVAL = 0xFFFF
METER_TIME = 0x04  #: clock status: the time of the data is the meter's
#: GCS01a, GCS01b, GCS05, GCS07, CS11, GCS23, GCS25, GCS44
TAPPED = frozenset({0x006B, 0x00A3, 0x006F, 0x0071, 0x0015, 0x007C, 0x007E, 0x0088})
MIRRORED_READS = frozenset({0x0074, 0x00B6, 0x00B8, 0x0075, 0x012A})


class Gpf(GbzDevice, HubFunction):
    """The gas proxy: a device of its own beside the hub function."""

    def __init__(self, hub: Hub, eui: Eui64, smki: TestSmki, anchors: TrustAnchors) -> None:
        super().__init__(hub, eui, smki, anchors, "GPF")
        self.device_log = GpfLog(self)
        self.use_cases[GCS59] = self.supported[GCS59]
        self.mirror = GasMirror(self.clock)
        self.taps = Taps(self)
        self.restriction: datetime | None = None
        self.supplier_name = b""
        self.offer_logs()
        commands = self.zcl.objects.commands
        commands[MANAGEMENT, False, CHANGE_OF_TENANCY] = lambda component: self.restrict(component)  # noqa: PLW0108
        commands[METERING, True, GET_SAMPLES] = lambda component: self.samples(component)  # noqa: PLW0108

    @rule("R-GPF-013", "R-GPF-015", "R-RSP-011")
    def envelope(self, exchange: Exchange, payload: bytes) -> Message:
        """Return a response; mirrored data carries the time at which the meter pushed it."""
        response = super().envelope(exchange, payload)
        heard = self.mirror.heard
        if exchange.command.message_code not in MIRRORED_READS or heard is None:
            return response
        return replace(response, date_time=date_time(heard, METER_TIME))

    def execute(self, message: Message) -> None:
        """Execute a command on the copy as it is."""
        for key, (kind, octets) in self.mirror.attributes.items():
            self.zcl.objects.put(key, kind, octets)
        super().execute(message)

    @rule("R-GPF-013", "R-GPF-014", "R-RSP-015", "R-PRV-003")
    def samples(self, component: GbzComponent) -> Answer:
        """Return half hours (GCS17) or days (GCS61) of the copy from an instant on, whatever is restricted."""
        asked = values(component)
        start = from_zigbee_utc(asked["earliest"])
        return self.history(asked["sampleId"], start, asked["nSamples"])

    def history(self, number: int, start: datetime, count: int) -> Answer:
        """Return samples from an instant on."""
        if number == HALF_HOURS:
            end = self.mirror.end_of(start, count)
            return sampled(HALF_HOURS, INTERVAL, self.mirror.half_hours(start, end)[:count])
        if number == DAYS:
            return sampled(DAYS, NO_INTERVAL, self.mirror.days(start, self.clock())[:count])
        return NOT_FOUND

    @rule("R-PRV-001", "R-PRV-002", "R-PRV-004", "R-PRV-005", "R-PRV-006")
    def restrict(self, component: GbzComponent) -> Answer:
        """Hide from the householder's devices what is older than an instant (GCS09); it holds from now on."""
        self.restriction = from_zigbee_utc(values(component)["implementation"])
        return SUCCESS

    @rule("R-PRV-002", "R-PRV-004")
    def shown_to_householder(self, start: datetime) -> datetime:
        """Return from when on a display may see history, when it asks from an instant on."""
        return start if self.restriction is None else max(start, self.restriction)

    def from_display(self, asdu: bytes) -> bytes:
        """Answer a display on the HAN that asks for samples: with them, or that there are none."""
        frame = ZclFrame.parse(asdu)
        asked = values(GbzComponent(0, METERING, 0x01, 0, GET_SAMPLES, frame.payload))
        start = self.shown_to_householder(from_zigbee_utc(asked["earliest"]))
        answer = self.history(asked["sampleId"], start, asked["nSamples"])
        if isinstance(answer, int):
            status = default_response(frame.command, answer)
            return bytes(ZclFrame.general(DEFAULT_RESPONSE, frame.sequence, status, from_server=True))
        ((command, payload),) = answer
        return bytes(ZclFrame.cluster(command, frame.sequence, payload, from_server=True))

    @rule("R-GPF-002", "R-GSM-007")
    def flags(self) -> int:
        """Return the notification flags the proxy raises."""
        return GET_SAMPLED_DATA if self.mirror.missing else 0

    def take_samples(self, payload: bytes) -> None:
        """Take half hours the meter has sent to fill a hole."""
        sent = values(GbzComponent(0, METERING, 0x09, 0, 0x07, payload))
        self.mirror.fill(sent["start"], [row["sample"] for row in sent["samples"]])

    @rule("R-GSM-013")
    def command_not_retrieved(self) -> None:
        """A message for the meter has waited too long: log and tell the supplier."""
        self.logs.add(self.logs.event, NOT_RETRIEVED)
        self.alert(NOT_RETRIEVED, Role.SUPPLIER)


@dataclass
class Taps:
    """What passes to the gas meter and back and concerns the copy (GBCS 10.3.4)."""

    gpf: Gpf
    open: dict[tuple[Eui64, int], Message] = field(default_factory=dict)
    waiting: dict[tuple[int, int], GbzComponent] = field(default_factory=dict)  #: by cluster and command
    down: Assembly = field(default_factory=Assembly)
    back: Assembly = field(default_factory=Assembly)

    @rule("R-TOM-001", "R-TOM-003")
    def command(self, transfer: bytes) -> None:
        """Look at a transfer for the meter and note a command that concerns the copy."""
        message = _message(self.down, transfer)
        if message is not None and message.cra is Cra.COMMAND and message.message_code in TAPPED:
            self.open[message.originator, message.counter] = message

    @rule("R-TOM-002", "R-TOM-005")
    def response(self, transfer: bytes) -> None:
        """Look at a transfer of the meter: what it has accepted of a noted command goes into the copy."""
        message = _message(self.back, transfer)
        if message is None or message.cra is not Cra.RESPONSE:
            return
        command = self.open.pop((message.target, message.counter), None)
        if command is None:
            return
        try:
            asked, answers = Gbz.parse(command.payload).components, Gbz.parse(message.payload).components
        except GbcsError:
            self.failed()
            return
        accepted = {one.tsn for one in answers if self.succeeded(one)}
        for component in asked:
            if component.tsn in accepted:
                self.apply(component)
        code = command.message_code.to_bytes(2)
        done = all(component.tsn in accepted for component in asked)
        self.gpf.logs.add(self.gpf.logs.event, ACTIONED if done else NOT_ACTIONED, code)

    @rule("R-TOM-002")
    def succeeded(self, answer: GbzComponent) -> bool:
        """Whether the meter has accepted a component."""
        return answer.command != DEFAULT_RESPONSE or answer.payload[1:2] == b"\x00"

    @rule("R-TOM-004")
    def failed(self) -> None:
        """What passed could not be read: log and tell the supplier."""
        self.gpf.logs.add(self.gpf.logs.event, TAP_FAILED)
        self.gpf.alert(TAP_FAILED, Role.SUPPLIER)

    def apply(self, component: GbzComponent) -> None:
        """Take a component over now, at its start, or not at all; one of its kind that waited no longer does."""
        sent, item = values(component), (component.cluster, component.command)
        when = sent.get("implementation", sent.get("start", NOW))
        self.waiting.pop(item, None)
        if when >= NEVER:
            return
        if when == NOW:
            self.take(component, sent)
        else:
            self.waiting[item] = component
            self.gpf.at(from_zigbee_utc(when), lambda: self.fall_due(item, component))

    @rule("R-TOM-001")
    def fall_due(self, item: tuple[int, int], component: GbzComponent) -> None:
        """Take over what waited for its start, as the meter does now."""
        if self.waiting.get(item) is component:
            del self.waiting[item]
            self.take(component, values(component))

    @rule("R-TOM-001")
    def take(self, component: GbzComponent, sent: dict[str, Any]) -> None:
        """Change the copy as the meter has changed."""
        attributes = self.gpf.mirror.attributes
        match component.cluster, component.to_server, component.command:
            case (cluster, True, 0x01) if cluster == EVENTS:
                self.gpf.clear_log(component)
            case (cluster, False, 0x01) if cluster == MANAGEMENT:
                self.gpf.supplier_name = sent["name"]
            case (cluster, False, 0x02) if cluster == PRICE:
                attributes[PRICE, 0x0302] = U32, little(U32, sent["factor"])
            case (cluster, False, 0x03) if cluster == PRICE:
                attributes[PRICE, 0x0304] = U32, little(U32, sent["cv"])
            case (cluster, False, 0x04) if cluster == PRICE:
                attributes[PRICE, 0x0301] = U32, little(U32, sent["standingCharge"])
            case (cluster, False, 0x05) if cluster == PRICE:
                for number, row in enumerate(sent["prices"]):
                    attributes[PRICE, 0x0410 + 0x10 * number] = U32, little(U32, row["price"])
                    attributes[PRICE, 0x0400 + number] = U32, little(U32, row["price"])


def _message(assembly: Assembly, transfer: bytes) -> Message | None:
    try:
        octets = assembly.feed(transfer)
        return None if octets is None else Message.parse(octets)
    except GbcsError:
        return None
