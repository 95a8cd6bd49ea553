"""The home next door: a hub and its meter with keys of their own, on the channel of ours, and of late on our PAN id."""

from datetime import timedelta

from bench.gbcs import Eui64
from bench.han.zcl import REPORT, ZclFrame
from rigs.virtual.addresses import CHF_SHORT, ESME_SHORT
from rigs.virtual.gbz_device import METERING, U48
from rigs.virtual.radio import Medium
from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import Credentials, ZigbeeNode

HUB, METER = Eui64.of("00-0D-6F-00-0A-0B-0C-01"), Eui64.of("00-0D-6F-00-0A-0B-0C-02")
OTHER_PAN = 0x2B63
INSIDE_DB, THROUGH_THE_WALL_DB = 50.0, 62.0
REPORT_EVERY = timedelta(seconds=10)


class Neighbour:
    """Two nodes with the short addresses of our hub and meter: addresses are given out by every hub for itself."""

    def __init__(self, world: World, medium: Medium, network_key: bytes, pan: int) -> None:
        self._world = world
        keys = {METER: network_key[::-1]}
        names = [one.name for one in medium.stations()]
        credentials = [Credentials(pan, network_key, dict(keys)) for _ in range(2)]
        self._hub = ZigbeeNode(
            world, medium, "next hub", (HUB, CHF_SHORT), credentials[0], {ESME_SHORT: METER}, lambda: True
        )
        self._meter = ZigbeeNode(
            world, medium, "next meter", (METER, ESME_SHORT), credentials[1], {CHF_SHORT: HUB}, lambda: True
        )
        medium.path("next hub", "next meter", INSIDE_DB)
        for name in names:
            medium.path("next hub", name, THROUGH_THE_WALL_DB)
            medium.path("next meter", name, THROUGH_THE_WALL_DB)
        world.process(self._live())

    def _live(self) -> Process:
        """The meter tells its hub its register, again and again."""
        register = 1_000_000
        while True:
            yield self._world.wait(REPORT_EVERY)
            register += 3
            payload = b"\0\0" + bytes((U48,)) + register.to_bytes(6, "little")
            frame = ZclFrame.general(REPORT, register & 0xFF, payload, from_server=True)
            yield from self._meter.send(CHF_SHORT, METERING, bytes(frame))
