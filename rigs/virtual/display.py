"""A display or other device of type 2: asks gas proxy and electricity meter for what they tell, and shows it."""

from datetime import datetime, timedelta

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import from_zigbee_utc, zigbee_utc
from bench.han.errors import HanError
from bench.han.tunnelling import CLUSTER as TUNNELLING
from bench.han.tunnelling import CloseTunnel, RequestTunnel
from bench.han.zcl import (
    DEFAULT_RESPONSE,
    READ,
    READ_RESPONSE,
    WRITE,
    ZclFrame,
    parse_attributes,
    read_attributes,
    report,
)
from bench.han.zcl_types import Value
from rigs.virtual.gas_mirror import DAY
from rigs.virtual.gbz_device import MANAGEMENT, MESSAGING, METERING, PREPAYMENT, PRICE, U32, made, values
from rigs.virtual.half_hours import HALF_HOUR
from rigs.virtual.rules import rule
from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import ZigbeeNode

GET_SAMPLES, SAMPLES = 0x08, 0x07
GET_LAST_MESSAGE, MESSAGE_CONFIRMATION, DISPLAY_MESSAGE = 0x00, 0x01, 0x00
HALF_HOURS, DAILY = 0, 1
DAYS, MOST_HALF_HOURS = 10, 48
#: what it shows of the electricity meter: name, cluster and attribute
SHOWN = {
    (MANAGEMENT, 0x0101): "supplier",
    (PRICE, 0x0400): "price",
    (PRICE, 0x0301): "standing charge",
    (PREPAYMENT, 0x0001): "balance",
    (METERING, 0x0000): "import",
}
CLUSTERS = (MANAGEMENT, PRICE, PREPAYMENT, METERING)
#: what a device that should only read could try: cluster and command (None: to write an attribute)
ATTEMPTS = {
    "top-up": (PREPAYMENT, 0x04),
    "emergency-credit": (PREPAYMENT, 0x00),
    "enable-supply": (METERING, 0x0C),
    "request-tunnel": (TUNNELLING, 0x00),
    "close-tunnel": (TUNNELLING, 0x01),
}
WRITE_PRICE = "write-price"
HAN_DEVICE, SUPPLY_ON = 2, b"\x02"
NOTHING = "nothing"


class Display:
    """A device of type 2: it only reads, unless it is told to try more."""

    def __init__(self, world: World, node: ZigbeeNode, hub: int, meter: int = 0) -> None:
        self._world, self._node, self._hub, self._meter = world, node, hub, meter
        self._sequence = 0
        self.shown = NOTHING  #: days with litres, "2030-01-05 3082, ...", or half hours with Wh
        self.figures: dict[str, str] = {}  #: what the electricity meter told
        self.refusal = NOTHING  #: status of the latest default response, in hex
        self.message = ""  #: the supplier's message, as the meter told it
        self._message_id = 0
        node.receive = self._receive

    def powered(self) -> bool:
        """It is always on."""
        return True

    def ask(self) -> None:
        """Ask for the gas of the last days."""
        self._ask_samples(self._hub, DAILY, timedelta(days=DAYS), DAYS)

    def ask_half_hours(self) -> None:
        """Ask the electricity meter for the half hours of the last day."""
        self._ask_samples(self._meter, HALF_HOURS, DAY, MOST_HALF_HOURS)

    def ask_message(self) -> None:
        """Ask the electricity meter for the supplier's message."""
        self.message = ""
        self._send(MESSAGING, ZclFrame.cluster(GET_LAST_MESSAGE, self._next(), b""))

    def confirm_message(self) -> None:
        """Tell the meter that the householder has read the message."""
        payload = self._message_id.to_bytes(4, "little") + zigbee_utc(self._world.now).to_bytes(4, "little")
        self._send(MESSAGING, ZclFrame.cluster(MESSAGE_CONFIRMATION, self._next(), payload))

    def read_meter(self) -> None:
        """Read the figures of the electricity meter, cluster after cluster."""
        self.forget()
        self._world.process(self._read_clusters())

    @rule("R-HAN-071")
    def forget(self) -> None:
        """Blank what a meter told before: it is shown again once it has answered."""
        self.figures = {}

    def _read_clusters(self) -> Process:
        for cluster in CLUSTERS:
            wanted = read_attributes(number for one, number in SHOWN if one == cluster)
            frame = ZclFrame.general(READ, self._next(), wanted)
            yield from self._node.send(self._meter, cluster, bytes(frame))

    def attempt(self, what: str, argument: str) -> None:
        """Send the electricity meter what a device of type 2 may not: a command, or a write."""
        self.refusal = NOTHING
        if what == WRITE_PRICE:
            frame = ZclFrame.general(WRITE, self._next(), report([(0x0400, Value(U32, int(argument)))]))
            self._send(PRICE, frame)
            return
        cluster, command = ATTEMPTS[what]
        payload = {
            "request-tunnel": lambda: bytes(RequestTunnel()),
            "close-tunnel": lambda: bytes(CloseTunnel(int(argument))),
            "top-up": lambda: made(cluster, True, command, {"origDevice": HAN_DEVICE, "code": argument.encode()}),
            "emergency-credit": lambda: made(cluster, True, command, {"issued": 0, "origDevice": HAN_DEVICE}),
            "enable-supply": lambda: SUPPLY_ON,
        }[what]()
        self._send(cluster, ZclFrame.cluster(command, self._next(), payload))

    def _send(self, cluster: int, frame: ZclFrame) -> None:
        self._world.process(self._node.send(self._meter, cluster, bytes(frame)))

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def _ask_samples(self, whom: int, sample: int, back: timedelta, count: int) -> None:
        self.shown = NOTHING
        asked = {"sampleId": sample, "earliest": zigbee_utc(self._world.now - back), "sampleType": 0, "nSamples": count}
        frame = ZclFrame.cluster(GET_SAMPLES, self._next(), made(METERING, True, GET_SAMPLES, asked))
        self._world.process(self._node.send(whom, METERING, bytes(frame)))

    def _receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        try:
            self.take(cluster, ZclFrame.parse(asdu))
        except HanError:
            return

    def take(self, cluster: int, frame: ZclFrame) -> None:
        """Take what a meter answers. Raises HanError where it cannot be read."""
        if not frame.from_server:
            return
        if not frame.type and frame.command == READ_RESPONSE:
            self._take_figures(cluster, frame)
        elif not frame.type and frame.command == DEFAULT_RESPONSE:
            self.refusal = f"{frame.payload[1]:02X}"
        elif frame.type and (cluster, frame.command) == (METERING, SAMPLES):
            self._take_samples(frame)
        elif frame.type and (cluster, frame.command) == (MESSAGING, DISPLAY_MESSAGE):
            sent = values(GbzComponent(0, MESSAGING, 0x09, 0, DISPLAY_MESSAGE, frame.payload))
            self.message, self._message_id = sent["message"].decode("utf-8", "replace"), sent["messageId"]

    def _take_figures(self, cluster: int, frame: ZclFrame) -> None:
        for one in parse_attributes(frame):
            if one.value is not None and (cluster, one.id) in SHOWN:
                value = one.value.value
                self.figures[SHOWN[cluster, one.id]] = value.decode() if isinstance(value, bytes) else str(value)

    def _take_samples(self, frame: ZclFrame) -> None:
        sent = values(GbzComponent(0, METERING, 0x09, 0, SAMPLES, frame.payload))
        first: datetime = from_zigbee_utc(sent["start"])
        if sent["sampleId"] == DAILY:
            rows = [(f"{first + DAY * number:%Y-%m-%d}", row) for number, row in enumerate(sent["samples"])]
        else:
            rows = [(f"{first + HALF_HOUR * number:%Y-%m-%dT%H:%M}", row) for number, row in enumerate(sent["samples"])]
        self.shown = ", ".join(f"{at} {row['sample']}" for at, row in rows)
