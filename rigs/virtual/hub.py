"""The virtual communications hub: CHF (trust centre, tunnels, WAN end) and GPF, on one supply."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs import Eui64, GbcsError, Message
from bench.gbcs.axdr import octets
from bench.gbcs.gbt import Assembly, Block, is_block
from bench.gbcs.trust_anchors import Role
from bench.han.errors import HanError
from bench.han.tunnelling import CLUSTER, CloseTunnel, RequestTunnel, RequestTunnelResponse, TransferData
from bench.han.zcl import DEFAULT_RESPONSE, ZclFrame
from bench.pki import TestSmki
from rigs.virtual.device_clock import RELIABLE, UNRELIABLE
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gbz_device import METERING
from rigs.virtual.hub_objects import HubObjects
from rigs.virtual.ota import CLUSTER as OTA
from rigs.virtual.ota_server import OtaServer
from rigs.virtual.outbox import Item, Outbox
from rigs.virtual.power import Branch, Supply
from rigs.virtual.rules import rule
from rigs.virtual.sleepy_store import SleepyStore
from rigs.virtual.stored_energy import StoredEnergy
from rigs.virtual.sub_ghz import SubGhz
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.tunnel import BUSY, BUSY_WAIT, NO_MORE_TUNNELS, RETRY, TUNNEL_WAIT, Tunnel
from rigs.virtual.wan import WAN_DELAY, Wan
from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import ZigbeeNode

if TYPE_CHECKING:
    from rigs.virtual.inter_pan import InterPanDoor

LAST_GASP = timedelta(minutes=3)
HUB_HOLD_UP = timedelta(milliseconds=100)
HUB_START = timedelta(seconds=6)
CLOSE = bytes((CloseTunnel.IDS[0] or 0,))
SUPPLY_INTERRUPTED = 0x8F57
UNDELIVERED, UNDELIVERED_ALERT = 0x8F84, 0x00D5
DELIVERY = timedelta(minutes=20)  #: after which that is told (no source says when)


class Hub:
    """CHF and GPF. `to_wan` takes what devices send; `outage` reports a loss of mains to the WAN provider."""

    def __init__(self, world: World, node: ZigbeeNode, feed: Branch, wan: Wan) -> None:
        self.world, self.node, self.wan = world, node, wan
        self.outbox = Outbox(wan, lambda: self.powered(), upward=True)  # noqa: PLW0108 - a defect may replace it
        self.stored = StoredEnergy(world)
        wan.on_return(lambda: self.wan_returned())  # noqa: PLW0108
        self.to_wan: Callable[[bytes], None] = lambda message: None
        self.to_local: Callable[[bytes], None] = lambda message: None
        self.outage: Callable[[datetime], None] = lambda started: None
        self.functions: dict[Eui64, GbcsDevice] = {}
        self._to_functions = Assembly()
        self._tunnels: dict[bytes, Tunnel] = {}
        self.sleepy: dict[Eui64, SleepyStore] = {}
        self.ota: OtaServer
        self.sub_ghz: SubGhz
        self.inter_pan: InterPanDoor
        #: short addresses of displays -> who answers what they ask of the gas meter: octets of a request, of the answer
        self.displays: dict[int, Callable[[bytes], bytes]] = {}
        self.listed: Callable[[Eui64], bool] = lambda eui: True  #: whether a device is in the log
        self.alerted_of: set[Eui64] = set()  #: devices of which it is told when a message cannot be delivered
        self._local: set[tuple[Eui64, int]] = set()
        self._sequence = 0
        self.started = True
        self.clock_error, self.clock_status = timedelta(), RELIABLE
        self._interrupted_at: datetime | None = None
        self.supply = Supply(
            world,
            feed,
            hold_up=HUB_HOLD_UP,
            lost=lambda: self._power_down(),  # noqa: PLW0108 - a defect may replace it
            back=lambda: self._power_up(),  # noqa: PLW0108 - a defect may replace it
        )
        node.receive = self._from_han

    @rule("R-TIM-003", "R-TIM-021")
    def time(self) -> tuple[datetime, int] | None:
        """Return the hub's time and whether it is reliable; None while it is off."""
        return (self.world.now + self.clock_error, self.clock_status) if self.powered() else None

    def powered(self) -> bool:
        """Whether the hub's radio and WAN modem run."""
        return self.supply.alive and self.started

    def add_function(self, device: GbcsDevice) -> None:
        """Add one of the hub's own logical devices (CHF, GPF)."""
        self.functions[device.eui] = device
        device.send = self.up

    @rule("R-HUB-010", "R-HUB-011")
    def connect(self, eui: Eui64, short: int, number: int | None = None) -> None:
        """Open the tunnel to an always-on device; with a `number` it is open already."""
        tunnel = self._tunnels.setdefault(eui, Tunnel(short))
        tunnel.partner, tunnel.number = short, number
        if number is not None:
            tunnel.known.append(number)
        self.world.process(self._work(eui))

    def from_wan(self, transfer: bytes) -> bool:
        """Take a transfer from the WAN, for a function of the hub or a device of its log; False while it is off."""
        if not self.powered():
            return False
        self.forward(transfer)
        return True

    def image_from_wan(self, device: Eui64, image: bytes, reported: bool) -> bool:
        """Take an image from the WAN; False while it is off. `reported`: the broker is told what becomes of it."""
        if self.powered():
            self.ota.distribute(device, image, reported=reported)
        return self.powered()

    @rule("R-HUB-002", "R-HUB-003")
    def forward(self, transfer: bytes) -> None:
        """Pass a transfer on to whom it is for, unaltered."""
        target = _target(transfer)
        if target in self.functions:
            message = self._to_functions.feed(transfer)
            if message is not None:
                self.functions[target].receive(message)
        elif target is None or not self.is_listed(target):
            return
        elif target in self.sleepy:
            self.sleepy[target].store(transfer)
        elif target in self._tunnels:
            self._enqueue(target, transfer)
            self.world.after(DELIVERY, lambda: self._look_after(target, transfer))

    @rule("R-HUB-003")
    def is_listed(self, eui: bytes) -> bool:
        """Whether a device is in the hub's log: nothing is sent to any other."""
        return self.listed(Eui64(eui))

    def _look_after(self, eui: Eui64, transfer: bytes) -> None:
        if transfer in self._tunnels[eui].queue and self.powered() and eui in self.alerted_of:
            self.undelivered(transfer)

    @rule("R-HUB-015")
    def undelivered(self, transfer: bytes) -> None:
        """Tell the broker of a message of a remote party that has waited for the electricity meter for too long."""
        envelope = Block.parse(transfer) if is_block(transfer) else Message.parse(transfer)
        if isinstance(envelope, Block) and envelope.number > 1:
            return  # its first block is told
        named = envelope.originator + envelope.target + bytes((envelope.cra,)) + envelope.counter.to_bytes(8)
        chf = next(one for one in self.functions.values() if isinstance(one, HubFunction) and one.objects)
        chf.alert(UNDELIVERED, Role.ACCESS_CONTROL_BROKER, [octets(named)], UNDELIVERED_ALERT)

    def from_local(self, eui: Eui64, message: bytes, transfers: list[bytes]) -> None:
        """Take a message from a tool on the HAN and put it into the tunnel of a device, unaltered.

        It is for the device it names where the hub knows that one, else for the one the tool is set to.
        """
        try:
            envelope = Block.parse(message) if is_block(message) else Message.parse(message)
            self._local.add((envelope.originator, envelope.counter))
        except GbcsError:
            pass  # a tool may send anything; the device judges it
        target = _target(message)
        if target in self.functions:
            self.functions[target].receive(message)
            return
        for transfer in transfers:
            if target in self.sleepy:
                self.sleepy[target].store(transfer)
            else:
                self._enqueue(eui if target is None or target not in self._tunnels else target, transfer)

    def _enqueue(self, eui: Eui64, transfer: bytes) -> None:
        self._tunnels[eui].queue.append(transfer)
        self.world.process(self._work(eui))

    @rule("R-HUB-002", "R-HUB-011")
    def _work(self, eui: Eui64) -> Process:
        """Deliver what waits for a device; without a working tunnel ask for one, again and again."""
        tunnel = self._tunnels[eui]
        if tunnel.busy:
            return
        tunnel.busy = True
        while (tunnel.queue or tunnel.number is None) and self.is_listed(eui):
            done = False
            if self.powered():
                if tunnel.number is None:
                    yield from self._request(tunnel)
                done = tunnel.number is not None and (yield from self._deliver(tunnel))
            if not done and (tunnel.queue or tunnel.number is None):
                tunnel.number = None
                yield self.world.wait(self.patience(tunnel))
        tunnel.busy = False

    @rule("R-HUB-013")
    def _request(self, tunnel: Tunnel) -> Process:
        """Ask for a tunnel; where the device has none left, close those it may have, and ask again."""
        for last in (False, True):
            tunnel.refused = None
            yield from self._send(tunnel, RequestTunnel().frame(self._next_sequence()))
            yield from self._wait(lambda: tunnel.number is not None or tunnel.refused is not None)
            if last or tunnel.refused != NO_MORE_TUNNELS:
                return
            yield from self.close_tunnels(tunnel)

    @rule("R-HUB-013")
    def close_tunnels(self, tunnel: Tunnel) -> Process:
        """Close every tunnel that a device may have open, and wait for each answer."""
        for number in tunnel.known:
            before = tunnel.closed
            yield from self._send(tunnel, CloseTunnel(number).frame(self._next_sequence()))
            yield from self._wait(lambda before=before: tunnel.closed > before)  # type: ignore[misc]
        tunnel.known.clear()

    @rule("R-HUB-012")
    def patience(self, tunnel: Tunnel) -> timedelta:
        """Return how long to wait before a device is asked again for a tunnel: longer where it was busy."""
        return BUSY_WAIT if tunnel.refused == BUSY else RETRY

    def _wait(self, there: Callable[[], bool]) -> Process:
        for _ in range(10):
            if there():
                return
            yield self.world.wait(TUNNEL_WAIT / 10)

    def _deliver(self, tunnel: Tunnel) -> Process:
        while tunnel.queue:
            assert tunnel.number is not None
            frame = TransferData(tunnel.number, tunnel.queue[0]).frame(self._next_sequence(), from_server=False)
            if not (yield from self._send(tunnel, frame)):
                return False
            tunnel.queue.pop(0)
        return True

    def _send(self, tunnel: Tunnel, frame: ZclFrame) -> Process:
        return (yield from self.node.send(tunnel.partner, CLUSTER, bytes(frame)))

    def _next_sequence(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def _from_han(self, cluster: int, asdu: bytes, partner: int) -> None:
        if cluster == OTA:
            self.ota.from_han(asdu, partner)
            return
        if cluster == METERING and partner in self.displays:
            self._from_display(asdu, partner)
            return
        store = next((one for one in self.sleepy.values() if one.short == partner), None)
        if store is not None:
            store.from_han(cluster, asdu)
            return
        if cluster != CLUSTER:
            return
        try:
            frame = ZclFrame.parse(asdu)
            if frame.command == RequestTunnelResponse.IDS[1] and frame.from_server:
                response = RequestTunnelResponse.parse(frame.payload)
                for tunnel in self._tunnels.values():
                    if tunnel.partner == partner:
                        tunnel.answered(response)
            elif frame.command == DEFAULT_RESPONSE and not frame.type and frame.payload[:1] == CLOSE:
                for tunnel in self._tunnels.values():
                    tunnel.closed += tunnel.partner == partner
            elif frame.command == TransferData.IDS[1] and frame.from_server:
                self.up(TransferData.parse(frame.payload).data)
        except HanError:
            return

    def _from_display(self, asdu: bytes, partner: int) -> None:
        answer = self.displays[partner](asdu)
        self.world.process(self.node.send(partner, METERING, answer))

    def up(self, transfer: bytes) -> None:
        """Pass on what a device sends: to the tool that asked, to another device of the home, or to the WAN."""
        if self._answers_local(transfer):
            self.to_local(transfer)
        elif self.is_of_the_home(_target(transfer)):
            self.forward(transfer)
        else:
            self.outbox.add(transfer, self._hand_over)

    @rule("R-HUB-002", "R-HAN-063")
    def is_of_the_home(self, target: Eui64 | None) -> bool:
        """Whether a message is for a device of this home: it does not go to the WAN."""
        return target in self.sleepy or target in self._tunnels

    def _hand_over(self, transfer: bytes) -> bool:
        if self.powered():
            self.to_wan(transfer)
        return self.powered()

    def _answers_local(self, transfer: bytes) -> bool:
        try:
            if is_block(transfer):
                block = Block.parse(transfer)
                return block.cra == 2 and (block.target, block.counter) in self._local
            message = Message.parse(transfer)
        except GbcsError:
            return False
        return message.cra == 2 and (message.target, message.counter) in self._local

    def _power_down(self) -> None:
        self.started = False
        self._interrupted_at = failed_at = self.supply.failed_at
        self.clock_status = UNRELIABLE
        for tunnel in self._tunnels.values():
            tunnel.number = None
        for store in self.sleepy.values():
            store.forget_tunnel()
        if failed_at is not None:
            self.stored.mains(False, failed_at)
            self.world.after(failed_at + LAST_GASP - self.world.now, lambda: self._last_gasp(failed_at))

    @rule("R-HUB-020")
    def _last_gasp(self, failed_at: datetime) -> None:
        """Mains has been gone for three minutes: tell the WAN provider with the energy that is stored."""
        if self.supply.failed_at == failed_at and self.stored.lasts_for_a_message():
            self.report(failed_at)

    @rule("R-HUB-020", "R-ALT-008")
    def report(self, failed_at: datetime) -> None:
        """Send the report of an outage that began at an instant; without WAN it waits for both to return."""

        def tell(_: bytes) -> bool:
            self.outage(failed_at)
            return True

        if self.wan.up:
            self.world.after(WAN_DELAY, lambda: tell(b""))
        else:
            self.outbox.keep(Item(b"", tell))

    @rule("R-TIM-003", "R-TIM-021")
    def wan_returned(self) -> None:
        """The WAN is there (again): take its time."""
        if self.powered():
            self.clock_error, self.clock_status = self.wan.time_ahead, RELIABLE

    @rule("R-HUB-021")
    def _power_up(self) -> None:
        """Mains is back: start, log, open the tunnels anew."""
        interrupted = self._interrupted_at
        self.stored.mains(True, self.world.now)
        self.inter_pan.power_on()

        def start() -> None:
            if not self.supply.alive or self.started:
                return
            self.started = True
            self.wan.register()
            for device in self.functions.values():
                device.logs.add(device.logs.event, SUPPLY_INTERRUPTED, time=interrupted)
            for eui in self._tunnels:
                self.world.process(self._work(Eui64(eui)))

        self.world.after(HUB_START, start)


class HubFunction(GbcsDevice):
    """CHF or GPF as a GBCS device of its own."""

    def __init__(self, hub: Hub, eui: Eui64, smki: TestSmki, anchors: TrustAnchors, kind: str) -> None:
        super().__init__(hub.world, eui, smki, anchors, kind)
        self._hub = hub
        self.objects = HubObjects(self) if kind == "CHF" else None
        hub.add_function(self)

    def powered(self) -> bool:
        """The hub's functions live on its supply."""
        return self._hub.powered()


def _target(transfer: bytes) -> Eui64 | None:
    try:
        return Block.parse(transfer).target if is_block(transfer) else Message.parse(transfer).target
    except GbcsError:
        return None
