"""A load control switch on the HAN (HCALCS): does what the meter it is joined with tells it, for as long as it says."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bench.gbcs import Eui64
from bench.gbcs.dlms import zigbee_utc
from bench.han.errors import HanError
from bench.han.zcl import ZclFrame
from bench.pki import TestSmki
from rigs.virtual.device_log import ESME_TYPE
from rigs.virtual.drlc import CLUSTER, EVENT, REJECTED, STARTED, EventStatus, LoadControlEvent, get_scheduled
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.meter_tunnel import MeterTunnel
from rigs.virtual.rules import rule
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.world import World
from rigs.virtual.zigbee import ZigbeeNode

LOAD_W = 300.0  #: behind its contact, which is behind the meter
BOOT = timedelta(seconds=8)  #: a meter that started with it is there then
ASK_AFTER_JOIN = timedelta(seconds=1)


class Hcalcs(GbcsDevice):
    """A contact, and the event it follows. `switching` and `switched` are called around each change of the load."""

    def __init__(
        self, world: World, eui: Eui64, smki: TestSmki, anchors: TrustAnchors, node: ZigbeeNode, tunnel: int
    ) -> None:
        super().__init__(world, eui, smki, anchors, "HCALCS")
        self.node = node
        self.on_boot: list[object] = []
        self.tunnel: object = None
        self.closed = False
        self.stuck = False  #: whether the contact does not move any more
        self.plugged, self.shielded = True, False  #: its plug, and whether something keeps its radio from the air
        self.switching: Callable[[], object] = lambda: None
        self.switched: Callable[[], None] = lambda: None
        self._following: object = None
        self._sequence = 0
        end = MeterTunnel(self, node, tunnel)
        end.others = self._from_han
        enter = self.device_log.enter

        def entered(other: Eui64, asked: dict[str, object]) -> None:
            enter(other, asked)
            world.after(ASK_AFTER_JOIN, lambda: self.ask())  # noqa: PLW0108 - a defect may replace it

        self.device_log.enter = entered  # type: ignore[method-assign]

    @property
    def load(self) -> float:
        """Watts behind the contact."""
        return LOAD_W if self.closed else 0.0

    def powered(self) -> bool:
        """Whether it has supply."""
        return self.plugged

    def on_air(self) -> bool:
        """Whether its radio is heard."""
        return self.plugged and not self.shielded

    def plug(self, plugged: bool) -> None:
        """Give it supply or take it away: without, its contact opens, and with it, it asks for what to do."""
        self.plugged = plugged
        if plugged:
            self.world.after(BOOT, lambda: self.ask())  # noqa: PLW0108 - a defect may replace it
        else:
            self._following = None
            self._move(False)

    @rule("R-HAN-042")
    def meter(self) -> Eui64 | None:
        """Return the electricity meter it has been joined with, None where there is none."""
        known = self.device_log.entries.items()
        return next((eui for eui, entry in known if entry.type_code == ESME_TYPE), None)

    @rule("R-HAN-065")
    def ask(self) -> None:
        """Ask the meter what to do (HECS01): when it has been joined, and when it has started."""
        short = next((one for one, eui in self.node.partners.items() if eui == self.meter()), None)
        if short is not None and self.plugged:
            self._send(short, get_scheduled(zigbee_utc(self.clock()), self._next()))

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def _send(self, short: int, frame: ZclFrame) -> None:
        self.world.process(self.node.send(short, CLUSTER, bytes(frame)))

    def _from_han(self, cluster: int, asdu: bytes, partner: int) -> None:
        if cluster != CLUSTER or self.node.partners[partner] != self.meter() or not self.plugged:
            return
        try:
            frame = ZclFrame.parse(asdu)
            if frame.from_server and frame.type and frame.command == EVENT:
                event = LoadControlEvent.parse(frame.payload)
                done = self.follow(event)
                status = EventStatus(event.number, STARTED if done else REJECTED, zigbee_utc(self.clock()))
                self._send(partner, status.frame(self._next()))
        except HanError:
            return

    @rule("R-HAN-065", "R-AUX-011")
    def follow(self, event: LoadControlEvent) -> bool:
        """Do what an event says, and wait for its end; returns whether the contact is as it is to be."""
        wanted = event.duty > 0
        self._move(wanted)
        self._following = mark = object()
        self.world.after(self.lasts(event), lambda: self._over(mark))
        return self.closed is wanted

    @rule("R-AUX-011")
    def lasts(self, event: LoadControlEvent) -> timedelta:
        """Return for how long an event holds, whether the meter is heard again or not."""
        return timedelta(minutes=event.minutes)

    def _over(self, mark: object) -> None:
        if self._following is mark:
            self._following = None
            self.event_over(self.clock())

    @rule("R-AUX-011")
    def event_over(self, now: datetime) -> None:
        """The time of an event is over and the meter has told nothing new: the contact opens."""
        self._move(False)

    def _move(self, closed: bool) -> None:
        if closed is not self.closed and not self.stuck:
            self.switching()
            self.closed = closed
            self.switched()
