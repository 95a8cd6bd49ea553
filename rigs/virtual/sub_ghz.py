"""The hub's sub-GHz network: channel, settings, log, duty cycle and suspended devices (GBCS 10.6; DBCH01 to DBCH11)."""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs import Cra, Eui64, GbcsError, Message
from bench.gbcs.axdr import Data, octets, structure
from bench.gbcs.gbt import Block, is_block
from bench.gbcs.sub_ghz import CHANNELS, SubGhzSettings, centre_mhz, channel_data, channel_mask
from bench.gbcs.trust_anchors import Role
from bench.han.mac import MacFrame
from bench.han.zcl import ZclFrame
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.dlms_logs import between, events
from rigs.virtual.duty_cycle import DutyCycle, State
from rigs.virtual.logs import ENTRIES, Entry
from rigs.virtual.radio import MacLayer, Medium, NoiseEmitter
from rigs.virtual.rules import rule
from rigs.virtual.world import Process

if TYPE_CHECKING:
    from rigs.virtual.hub import Hub, HubFunction

CLUSTER, SUSPEND = 0x070B, 0x00
SETTINGS, SCAN = attribute("1:0-0:94.44.10.0:2"), attribute("1:0-0:94.44.10.1:2")
CHANNEL, LOG = attribute("1:0-0:94.44.10.2:2"), attribute("7:0-0:94.44.10.3:2")
ENTERED = {State.LIMITED: 0x8F20, State.CRITICAL: 0x8F22, State.REGULATED: 0x8F24}
LEFT = {State.LIMITED: 0x8F21, State.CRITICAL: 0x8F23, State.REGULATED: 0x8F25}
CHANGED, SCANNING, ASSESSED, CONFIGURED, NOT_CHANGED = 0x8F26, 0x8F27, 0x8F28, 0x8F2A, 0x8F2B
GAS_METER_LOST, DISCARDED = 0x8F29, 0x8F2C
LOOK_OUT, SLEEP, SEARCHES = timedelta(minutes=30), timedelta(minutes=35), 3  #: of its searches for a gas meter
#: message codes of alerts that have one of their own
MESSAGES = {0x8F20: 0x0110, CHANGED: 0x0111, ASSESSED: 0x0112, CONFIGURED: 0x0113, DISCARDED: 0x0114, 0x8F2D: 0x0115}
SUSPENSION = timedelta(minutes=60)
WEEK = timedelta(days=7)
SCAN_TIME = timedelta(seconds=20)
STAYS, MOVES, MAY_NOT = 0, 1, 2  #: outcome of a scan, unverified


class SubGhz:
    """One sub-GHz network, with a noise source beside it."""

    def __init__(self, hub: "Hub", chf: "HubFunction", medium: Medium, radio: MacLayer, source: NoiseEmitter) -> None:
        self._hub, self._chf, self._world, self.medium, self.radio = hub, chf, hub.world, medium, radio
        self.settings = SubGhzSettings()
        self.log: deque[Entry] = deque(maxlen=ENTRIES)
        self.suspended: dict[Eui64, datetime] = {}  #: until when
        self.changes: list[datetime] = []
        self._source = source
        self.searches = 0  #: in vain, for a gas meter that is not heard any more
        hub.world.process(self._look_out())
        self.duty = DutyCycle(hub.world, lambda: medium.page, lambda: self.settings)
        self.duty.changed = lambda before, now: self.state_changed(before, now)  # noqa: PLW0108 - for defects
        radio.station.sent = self._on_air
        radio.station.may_send = lambda: self.may_send()  # noqa: PLW0108 - a defect may replace it
        objects = chf.cosem.objects
        objects.put(CHANNEL, lambda: self.channel())  # noqa: PLW0108 - a defect may replace it
        objects.put(SETTINGS, lambda: self.shown_settings())  # noqa: PLW0108
        objects.written[SETTINGS] = lambda value: self.configure(value)  # noqa: PLW0108
        objects.written[SCAN] = lambda _: self.scan()
        objects.selected[LOG] = lambda start, end: self.shown_log(start, end)  # noqa: PLW0108

    # ---- channel, settings, log --------------------------------------------------------------------------------------

    @rule("R-SUB-001", "R-HUB-025")
    def channel(self) -> Data:
        """Return the operating channel: mask and number (DBCH01)."""
        return channel_data(self.medium.page, self.medium.channel)

    @rule("R-SUB-001", "R-SUB-002")
    def shown_settings(self) -> Data:
        """Return the settings in force (DBCH03)."""
        return self.settings.data()

    @rule("R-SUB-001")
    def shown_log(self, start: datetime, end: datetime) -> Data:
        """Return the entries of the channel log in a range (DBCH02)."""
        return events(between(self.log, start, end))

    @rule("R-SUB-002", "R-SUB-006")
    def configure(self, value: Data) -> None:
        """Take new settings into force (DBCH04), and tell them (DBCH09)."""
        self.settings = SubGhzSettings.of(value)
        self._chf.cosem.objects.put(SETTINGS, lambda: self.shown_settings())  # noqa: PLW0108
        self.tell(CONFIGURED, [self.settings.data()])
        self.duty.judge()

    @rule("R-SUB-003", "R-SUB-006", "R-ALT-002")
    def tell(self, code: int, extra: list[Data] | None = None) -> None:
        """Tell the broker: with a MAC in a message of its own where the code has one, else as a critical alert."""
        chf = self._chf
        party = chf.anchors.subject(Role.ACCESS_CONTROL_BROKER)
        if code not in MESSAGES:
            chf.alert(code, Role.ACCESS_CONTROL_BROKER, extra)
        elif party is not None:
            counter = chf.next_own_counter()
            payload = chf.alert_payload(code, chf.clock(), extra or [], counter)
            chf.send_alert(counter, party, MESSAGES[code], payload, critical=False)

    # ---- a gas meter that is lost ------------------------------------------------------------------------------------

    def _look_out(self) -> Process:
        while True:
            yield self._world.wait(LOOK_OUT)
            if self._hub.powered():
                self.look_for(self.is_lost())

    def is_lost(self) -> bool:
        """Whether a device of this band has not been heard for longer than a gas meter sleeps."""
        node = self._hub.node
        heard = [node.heard.get(short, self._world.now) for short in node.elsewhere]
        return any(self._world.now - one > SLEEP for one in heard)

    @rule("R-SUB-006", "R-GSM-015")
    def look_for(self, lost: bool) -> None:
        """Count searches for a gas meter that is lost; the third in vain is told, once."""
        self.searches = self.searches + 1 if lost else 0
        if self.searches == SEARCHES:
            self.tell(GAS_METER_LOST)

    # ---- duty cycle --------------------------------------------------------------------------------------------------

    def _on_air(self, frame: MacFrame, duration: timedelta) -> None:
        self.duty.add(frame.dst if isinstance(frame.dst, int) else None, duration)

    def may_send(self) -> bool:
        """Whether the hub may send in this band at all."""
        return self.duty.state is not State.REGULATED

    @rule("R-SUB-003", "R-SUB-004")
    def state_changed(self, before: State, now: State) -> None:
        """Act on a change of the duty cycle, and tell it."""
        if now < before:
            self.tell(LEFT[before])
            return
        if now is State.LIMITED:
            device = self._hub.node.partners.get(self.duty.most_talkative() or 0)
            if device is not None:
                self.suspend(Eui64(device))
                self.tell(ENTERED[now], [octets(device)])
            return
        if now is State.CRITICAL:
            for short in self._hub.node.elsewhere:
                self.suspend(Eui64(self._hub.node.partners[short]))
        self.tell(ENTERED[now])

    @rule("R-SUB-004")
    def suspend(self, device: Eui64) -> None:
        """Ask a device to send nothing for a while, and take nothing for it."""
        self.suspended[device] = self._world.now + SUSPENSION
        self._world.process(self._ask_to_be_silent(device))

    def _ask_to_be_silent(self, device: Eui64) -> Process:
        short = next(one for one, eui in self._hub.node.partners.items() if eui == device)
        payload = bytes((SUSPENSION // timedelta(minutes=1),))
        frame = ZclFrame.cluster(SUSPEND, self.duty.state.value, payload, from_server=True)
        yield from self._hub.node.send(short, CLUSTER, bytes(frame))

    @rule("R-SUB-004", "R-SUB-005")
    def is_suspended(self, device: Eui64) -> bool:
        """Whether a device is suspended now."""
        until = self.suspended.get(device)
        return until is not None and self._world.now < until

    @rule("R-SUB-005")
    def takes(self, device: Eui64, transfer: bytes) -> bool:
        """Whether a message for a device is kept; one for a suspended device is dropped, and that is told (DBCH10)."""
        if not self.is_suspended(device):
            return True
        try:
            message = Block.parse(transfer) if is_block(transfer) else Message.parse(transfer)
        except GbcsError:
            return False
        undelivered = bytes(message.originator) + bytes(message.target) + bytes((Cra(message.cra),))
        self.tell(DISCARDED, [octets(undelivered + message.counter.to_bytes(8))])
        return False

    # ---- scan and change of channel ----------------------------------------------------------------------------------

    @rule("R-SUB-006")
    def scan(self) -> None:
        """Begin to listen on every channel that may be used (DBCH05), and tell it."""
        self.tell(SCANNING)
        self._world.after(SCAN_TIME, lambda: self.assess())  # noqa: PLW0108 - a defect may replace it

    def assess(self) -> None:
        """Judge what was heard, change the channel where that helps, and tell the outcome (DBCH08)."""
        levels = {one: self.noise(*one) for one in self.settings.channels()}
        quietest = min(levels, key=lambda one: levels[one], default=None)
        outcome = STAYS
        here = self.noise(self.medium.page, self.medium.channel)
        if quietest is not None and self.is_worth_it(here, levels[quietest]):
            outcome = MOVES if self.may_change() else MAY_NOT
            if outcome == MOVES:
                self.change(*quietest)
            else:
                self.tell(NOT_CHANGED)
        self.tell(
            ASSESSED,
            [
                structure(
                    [octets(bytes((outcome,))), octets(bytes((CHANNELS[self.medium.page].index(self.medium.channel),)))]
                )
            ],
        )

    def noise(self, page: int, channel: int) -> float:
        """Return the level (dBm) that is heard on a channel while nobody sends."""
        phy = self.medium.phy
        return max(phy.noise_dbm, self._source.level(centre_mhz(page, channel), phy.width) or phy.noise_dbm)

    @rule("R-SUB-002")
    def is_worth_it(self, here: float, there: float) -> bool:
        """Whether a channel is left for another: it is noisy, and the other one is quieter by enough (dBm)."""
        return here >= -self.settings.noise_threshold and here - there >= self.settings.quieter_by

    @rule("R-SUB-008")
    def may_change(self) -> bool:
        """Whether the channel may be changed once more this week."""
        recent = [one for one in self.changes if self._world.now - one < WEEK]
        return len(recent) < self.settings.changes_per_week

    @rule("R-SUB-006")
    def change(self, page: int, channel: int) -> None:
        """Go to another channel, with every device of the band; log it and tell it (DBCH07)."""
        self.medium.page, self.medium.channel = page, channel
        self.changes.append(self._world.now)
        bit = CHANNELS[page].index(channel)
        other = channel_mask(page, channel).to_bytes(4) + b"\x09\x01" + bytes((bit,))
        self.log.append(Entry(self._chf.clock().replace(microsecond=0), CHANGED, other))
        self.tell(CHANGED, [channel_data(page, channel)])
