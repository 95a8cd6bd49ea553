"""The gas meter's end of the HAN: asleep but for a moment each half hour (GBCS 10.2.2, 10.3; device rules 9.1).

At each wake: a data request, the mirror's attributes, the hub's notification flags, then GET until nothing waits.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.han.errors import HanError
from bench.han.mac import MacFrame, MacType
from bench.han.mac_commands import beacon_request
from bench.han.tunnelling import (
    CLUSTER,
    CloseTunnel,
    RequestTunnel,
    RequestTunnelResponse,
    TransferData,
    TransferDataError,
)
from bench.han.zcl import REPORT, ZclFrame
from bench.han.zdo import DeviceAnnce
from rigs.virtual.device_log import GPF_TYPE
from rigs.virtual.gas_mirror import COMMAND_OF_FLAGS, GET_SAMPLED_DATA, NEW_FIRMWARE, TUNNEL_PENDING, flags_of
from rigs.virtual.gbcs_device import PROCESSING
from rigs.virtual.gbz_device import METERING, PREPAYMENT, PRICE, U48, little
from rigs.virtual.gsme_objects import INTERVAL, PROFILE, SAMPLES, sampled
from rigs.virtual.ota import CLUSTER as OTA
from rigs.virtual.ota import OtaClient
from rigs.virtual.radio import Medium
from rigs.virtual.rules import rule
from rigs.virtual.sub_ghz import CLUSTER as SUB_GHZ
from rigs.virtual.sub_ghz import SUSPEND
from rigs.virtual.world import Process
from rigs.virtual.zigbee import ZigbeeNode

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

WAKE_INTERVAL = timedelta(minutes=30)
AFTER_HALF_HOUR = timedelta(seconds=20)
FIRST = timedelta(seconds=2)
ALERT_DELAY = timedelta(milliseconds=300)
ANSWER_WAIT = timedelta(milliseconds=2500)
SEARCH_PAUSE, LONGEST_SEARCH_PAUSE = timedelta(minutes=1), timedelta(minutes=15)
SCAN_TIME = timedelta(milliseconds=400)
SLOWER = 4  #: times the sub-GHz band is slower than 2.4 GHz, with its silence after each frame
STEP = timedelta(milliseconds=100)
BLOCKS_PER_WAKE = 6  #: of an image
MOST_MESSAGES = 60  #: fetched at one wake: the battery ends what never ends
GET, GET_RESPONSE, PUT = 0x01, 0x02, 0x03
NO_MORE_TUNNELS = 2
SLEEPY = 0x80  #: capability of an end device whose receiver is off when idle
#: what the mirror is told: at every wake, and whenever it has changed
EVERY_TIME = ((METERING, 0x0000),)
MIRRORED = (
    *((METERING, one) for one in (0x0014, 0x0100, 0x0205, 0x0300, 0x0301, 0x0302, 0x0700, 0x0A00)),
    *((PREPAYMENT, one) for one in (0x0000, 0x0001, 0x0002, 0x0005, 0x0211, 0x0221, 0x0231)),
    *((PRICE, one) for one in (0x0616, 0x0617)),
)
PER_REPORT = 7


class SleepyEnd:
    """Radio schedule, tunnel and mirror of the gas meter."""

    def __init__(self, gsme: "Gsme", node: ZigbeeNode, hub: int) -> None:
        self._gsme, self._node, self._hub = gsme, node, hub
        self._world, self.node = gsme.world, node
        self.awake = False
        self.wakes: list[datetime] = []
        self.asleep_until: datetime | None = None
        self._number: int | None = None
        self._queue: list[bytes] = []
        self._answer: bytes | None = None
        self._last: bytes | None = None  #: sent last: to be sent again where the hub knows the tunnel no more
        self._flags: int | None = None
        self._tunnel_status: int | None = None
        self._told: dict[tuple[int, int], bytes] = {}
        self._sequence = 0
        self._suspended_until = self._world.now
        self._answer_wait = ANSWER_WAIT
        self._searching = self._beacon = False
        node.mac_command = self._from_mac
        self.ota = OtaClient(gsme, node, hub, gsme.firmware.told_to_hub)
        gsme.send = self.enqueue
        node.receive = self._receive

    def start(self) -> None:
        """Announce the meter and begin to wake."""
        self._world.after(FIRST, lambda: self._world.process(self._first()))
        self._world.after(self.until_next(), self._on_schedule)

    def _first(self) -> Process:
        self.awake = True
        announce = DeviceAnnce(sequence=1, short=self._node.short, eui=self._node.eui, capability=SLEEPY)
        yield from self._node.broadcast_zdo(DeviceAnnce.CLUSTER, bytes(announce))
        yield from self._session()

    @rule("R-GSM-001")
    def until_next(self) -> timedelta:
        """Return how long the radio stays off: to a moment after the end of the half hour."""
        now = self._gsme.clock() - AFTER_HALF_HOUR
        end = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) + WAKE_INTERVAL
        return end - now

    @rule("R-SUB-004")
    def suspend(self, duration: timedelta) -> None:
        """The hub asks to be spared: what is under way is finished, and then nothing is sent for some time."""
        self._suspended_until = self._world.now + duration

    @rule("R-SUB-004")
    def is_suspended(self) -> bool:
        """Whether nothing is to be sent now."""
        return self._world.now < self._suspended_until

    def use(self, medium: Medium) -> None:
        """Go to another band: with another pace, and patience with it."""
        self._node.move(medium)
        self._answer_wait = ANSWER_WAIT * (SLOWER if medium.page else 1)

    def _on_schedule(self) -> None:
        self.wake()
        self._world.after(self.until_next(), self._on_schedule)

    def wake(self) -> None:
        """Turn the radio on, unless it is."""
        if not self.awake and self._gsme.powered():
            self.awake = True
            self._world.process(self._session())

    def enqueue(self, message: bytes) -> None:
        """Take a message for the hub; a sleeping meter wakes for it."""
        self._queue += self._gsme.transfers.blocks(message)
        if not self.awake and self.wakes_to_send():
            self._world.after(ALERT_DELAY, self.wake)

    @rule("R-ALT-009")
    def wakes_to_send(self) -> bool:
        """Whether something to send turns the radio on before its time."""
        return True

    @rule("R-GSM-002")
    def _session(self) -> Process:
        """One time awake: flags, half-hourly data, waiting messages, what is to be sent; then sleep."""
        self.wakes = [*self.wakes[-99:], self._gsme.clock()]
        if (yield from self._node.poll(self._hub)) and not self.is_suspended():
            self._flags = None
            yield from self.push()
            flags = self._flags or 0
            for _ in range(2):  # the hub may have forgotten a tunnel the meter still knows
                if self._number is None:
                    yield from self.open_tunnel()
                if self._number is None:
                    break
                yield from self._put()
                yield from self._fetch(flags)
                if self._number is not None:
                    break
            yield from self.act_on(flags)
        elif not self.is_suspended() and not self._searching:
            self._world.process(self._search())
        self.awake = False
        if self._queue and self._number is not None and self._gsme.powered():
            self._world.after(ALERT_DELAY, self.wake)

    def _search(self) -> Process:
        """The hub did not hear it: look for it until it is there again, or there is no power."""
        self._searching, count = True, 0
        while self._searching:
            yield self._world.wait(self.until_next_search(count))
            if not self._gsme.powered():
                break
            count += 1
            self._beacon, self.awake = False, True
            yield from self._node.mac.send_frame(beacon_request(0))
            yield self._world.wait(SCAN_TIME)
            self.awake = False
            if self._beacon:
                self._searching = False
                self.wake()
        self._searching = False

    @rule("R-GSM-015")
    def until_next_search(self, count: int) -> timedelta:
        """Return how long it waits after so many searches in vain: a minute at first, then longer and longer."""
        return min(SEARCH_PAUSE * 2 ** min(count, 8), LONGEST_SEARCH_PAUSE)

    def _from_mac(self, frame: MacFrame) -> None:
        mac = self._node.mac
        self._beacon = self._beacon or (frame.type is MacType.BEACON and (frame.src_pan, frame.src) == (mac.pan, 0))

    @rule("R-GSM-003", "R-GSM-004", "R-GSM-005", "R-GSM-006")
    def open_tunnel(self) -> Process:
        """Ask the hub for a tunnel; busy means at the next wake, no more tunnels means to close what there is first."""
        for _ in range(2):
            self._tunnel_status = None
            yield from self._send(CLUSTER, RequestTunnel().frame(self._next()))
            yield from self._wait(lambda: self._tunnel_status is not None)
            if self._tunnel_status != NO_MORE_TUNNELS:
                return
            yield from self._send(CLUSTER, CloseTunnel(0).frame(self._next()))

    @rule("R-HAN-055")
    def may_push(self) -> bool:
        """Whether the mirror may be told readings: the gas proxy is in the meter's log."""
        return any(entry.type_code == GPF_TYPE for entry in self._gsme.device_log.entries.values())

    @rule("R-GPF-001", "R-GSM-002", "R-HAN-055")
    def push(self) -> Process:
        """Tell the mirror the register of the last half hour, and what has changed since it was told."""
        if not self.may_push():
            self._flags = TUNNEL_PENDING  # nothing is heard of what waits: it looks
            return
        news: dict[int, list[bytes]] = {METERING: [], PREPAYMENT: [], PRICE: []}
        for cluster, attribute in (*EVERY_TIME, *MIRRORED):
            kind, octets = self.mirrored(cluster, attribute)
            if (cluster, attribute) in EVERY_TIME or self._told.get((cluster, attribute)) != octets:
                news[cluster].append(attribute.to_bytes(2, "little") + bytes((kind,)) + octets)
                self._told[cluster, attribute] = octets
        for cluster, records in news.items():
            for start in range(0, len(records), PER_REPORT):
                payload = b"".join(records[start : start + PER_REPORT])
                frame = ZclFrame.general(REPORT, self._next(), payload, from_server=True)
                if not (yield from self._send(cluster, frame)):
                    self._told.clear()
                    return
        waiting = self._gsme.prepayment.to_push
        while waiting:
            command, payload = waiting[0]
            frame = ZclFrame.cluster(command, self._next(), payload, from_server=True)
            if not (yield from self._send(PREPAYMENT, frame)):
                return
            waiting.pop(0)
        yield from self._wait(lambda: self._flags is not None)

    @rule("R-GPF-001", "R-GPF-002")
    def mirrored(self, cluster: int, attribute: int) -> tuple[int, bytes]:
        """Return type and octets of an attribute for the mirror: the register is that of the last half hour."""
        if (cluster, attribute) in EVERY_TIME:
            gas = self._gsme.gas
            gas.settle()
            return U48, little(U48, int(gas.totals[max(gas.totals)]))
        status, record = self._gsme.zcl.objects.read((cluster, attribute))
        assert record is not None, status
        return record

    def _fetch(self, flags: int) -> Process:
        pending = self.is_pending(flags)
        for _ in range(MOST_MESSAGES):
            if not pending or self._number is None:
                return
            pending = yield from self.get()

    @rule("R-GSM-007")
    def is_pending(self, flags: int) -> bool:
        """Whether the flags say that messages wait."""
        return bool(flags & TUNNEL_PENDING)

    @rule("R-GSM-007", "R-GPF-002", "R-FWU-004")
    def act_on(self, flags: int) -> Process:
        """Do what else the flags ask for: a part of a new image, half hours the mirror has missed."""
        if flags & NEW_FIRMWARE:
            yield from self.ota.fetch(BLOCKS_PER_WAKE)
        if flags & GET_SAMPLED_DATA:
            gsme = self._gsme
            rows = gsme.gas.half_hours(gsme.clock() - timedelta(days=1), gsme.clock())
            answer = sampled(PROFILE, INTERVAL, rows)
            if not isinstance(answer, int):
                frame = ZclFrame.cluster(SAMPLES, self._next(), answer[0][1], from_server=True)
                yield from self._send(METERING, frame)

    @rule("R-GSM-010", "R-GSM-011")
    def get(self) -> Process:
        """Fetch one message and have it dealt with; returns whether more wait."""
        assert self._number is not None
        self._answer = None
        yield from self._send(CLUSTER, TransferData(self._number, bytes((GET,))).frame(self._next(), from_server=False))
        self._last = None
        yield from self._wait(lambda: self._answer is not None or self._number is None)
        answer = self._answer
        if answer is None or len(answer) < 2:
            self._number = None
            return False
        if len(answer) > 2:
            message = self._gsme.transfers.take(answer[2:])
            if message is not None:
                self._gsme.receive(message)
                yield self._world.wait(PROCESSING + 2 * STEP)
            yield from self._put()
        return answer[1] > 0

    @rule("R-GSM-012")
    def _put(self) -> Process:
        """Send what waits to be sent."""
        while self._queue and self._number is not None:
            block = self._queue[0]
            data = TransferData(self._number, bytes((PUT,)) + block)
            if not (yield from self._send(CLUSTER, data.frame(self._next(), from_server=False))):
                self._number = None
                return
            if self._queue and self._queue[0] is block:  # over a bad link the next time awake may have begun meanwhile
                self._last = self._queue.pop(0)

    def _send(self, cluster: int, frame: ZclFrame) -> Process:
        return (yield from self._node.send(self._hub, cluster, bytes(frame)))

    def _wait(self, there) -> Process:
        for _ in range(self._answer_wait // STEP):
            if there():
                return
            yield self._world.wait(STEP)

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFF
        return self._sequence

    def _receive(self, cluster: int, asdu: bytes, partner: int) -> None:
        try:
            frame = ZclFrame.parse(asdu)
            if cluster == OTA and frame.from_server:
                self.ota.receive(frame)
            elif (cluster, frame.command, frame.from_server) == (SUB_GHZ, SUSPEND, True):
                self.suspend(timedelta(minutes=frame.payload[0]))
            elif cluster == METERING and frame.command == COMMAND_OF_FLAGS and not frame.from_server:
                self._flags = flags_of(frame.payload)
            elif cluster == CLUSTER and frame.from_server:
                self._from_tunnel(frame)
        except HanError:
            return

    def _from_tunnel(self, frame: ZclFrame) -> None:
        if frame.command == RequestTunnelResponse.IDS[1]:
            response = RequestTunnelResponse.parse(frame.payload)
            self._tunnel_status = response.status
            self._number = response.tunnel if response.status == 0 else None
        elif frame.command == TransferDataError.IDS[1]:
            self._number = None
            if self._last is not None:
                self._queue.insert(0, self._last)
                self._last = None
        elif frame.command == TransferData.IDS[1]:
            data = TransferData.parse(frame.payload).data
            if data[:1] == bytes((GET_RESPONSE,)):
                self._answer = data
