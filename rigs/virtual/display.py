"""An in-home display: asks the gas proxy for the daily gas consumption over the HAN, and shows it."""

from datetime import datetime, timedelta

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.times import from_zigbee_utc, zigbee_utc
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame
from rigs.virtual.gas_mirror import DAY
from rigs.virtual.gbz_device import METERING, made, values
from rigs.virtual.world import World
from rigs.virtual.zigbee import ZigbeeNode

GET_SAMPLES, SAMPLES = 0x08, 0x07
DAILY = 1
DAYS = 10


class Display:
    """A display of type 2: it only reads."""

    def __init__(self, world: World, node: ZigbeeNode, hub: int) -> None:
        self._world, self._node, self._hub = world, node, hub
        self._sequence = 0
        self.shown = "nothing"  #: days with litres, "2030-01-05 3082, ...", or "nothing"
        node.receive = self._receive

    def powered(self) -> bool:
        """It is always on."""
        return True

    def ask(self) -> None:
        """Ask for the last days."""
        self.shown = "nothing"
        self._sequence = (self._sequence + 1) & 0xFF
        since = self._world.now - timedelta(days=DAYS)
        asked = {"sampleId": DAILY, "earliest": zigbee_utc(since), "sampleType": 0, "nSamples": DAYS}
        frame = ZclFrame.cluster(GET_SAMPLES, self._sequence, made(METERING, True, GET_SAMPLES, asked))
        self._world.process(self._node.send(self._hub, METERING, bytes(frame)))

    def _receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        try:
            frame = ZclFrame.parse(asdu)
        except HanError:
            return
        if cluster == METERING and frame.command == SAMPLES and frame.from_server and frame.type:
            sent = values(GbzComponent(0, METERING, 0x09, 0, SAMPLES, frame.payload))
            first: datetime = from_zigbee_utc(sent["start"])
            days = [(first + DAY * number, row["sample"]) for number, row in enumerate(sent["samples"])]
            self.shown = ", ".join(f"{day:%Y-%m-%d} {litres}" for day, litres in days)
