"""The virtual electricity meter (ESME): of one phase, and the base of those of two elements or three phases."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bench.gbcs import Eui64
from bench.gbcs.dlms import date_time, octets
from bench.gbcs.trust_anchors import Role
from bench.pki import TestSmki
from rigs.virtual.account import Account
from rigs.virtual.activation import Activations
from rigs.virtual.auxiliary import Auxiliary
from rigs.virtual.billing import Billing
from rigs.virtual.daily_log import DailyLog
from rigs.virtual.demand import Demand
from rigs.virtual.device_clock import COMMISSIONED, OUTSIDE_TOLERANCE
from rigs.virtual.esme_behaviour import EsmeBehaviour
from rigs.virtual.esme_objects import EsmeObjects
from rigs.virtual.esme_prepayment import EsmePrepayment
from rigs.virtual.esme_screen import EsmeScreen
from rigs.virtual.export import Export
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.half_hours import HALF_HOUR, half_hour_end, half_hours_between, shares
from rigs.virtual.identity import EsmeIdentity
from rigs.virtual.integrity import UNEXPECTED_RESET, Integrity
from rigs.virtual.load_switch import LoadSwitch
from rigs.virtual.other_profiles import OtherProfiles
from rigs.virtual.power import Branch, Supply, ThreePhaseBranch
from rigs.virtual.rules import rule
from rigs.virtual.tariff import Tariff
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.voltage import Voltage
from rigs.virtual.world import World

LONG_OUTAGE = timedelta(minutes=3)
SUPPLY_INTERRUPTED, SUPPLY_RESTORED, SUPPLY_RESTORED_LONG = 0x8F57, 0x8F35, 0x8F36
OUTAGE_ALERT = 0x0067
BOOT = timedelta(seconds=4)
HOLD_UP = timedelta(milliseconds=600)
LOAD_W = 720.0
PROFILE_KEPT = timedelta(days=397)  #: thirteen months
DEVICE_JOINED = 0x8183
EVENT_LOG_CODES = frozenset(range(0x81A0, 0x81BF)) | {0x8F01, 0x8145, 0x8F66, 0x8F67, 0x8183, 0x81C0, 0x81C6}


class Esme(GbcsDevice):
    """A meter between the feed and the home's load."""

    variant = "single"

    def __init__(
        self,
        world: World,
        eui: Eui64,
        smki: TestSmki,
        anchors: TrustAnchors,
        feed: Branch | ThreePhaseBranch,
        mpan: str,
    ) -> None:
        super().__init__(world, eui, smki, anchors, "ESME")
        self.mpan = mpan
        self.feed = feed
        self.switch = LoadSwitch(self)
        self._energy_wh = 12_345_678.0
        self._integrated_at = world.now
        self._profile: dict[datetime, int] = {}
        self._first_half_hour = half_hour_end(world.now)
        self.booted = True
        self._interrupted_at: datetime | None = None
        self.on_boot: list[object] = []
        self.tunnel: object = None  #: its end of the tunnel to the hub
        self.supply = Supply(world, feed, hold_up=HOLD_UP, lost=self._lost, back=self._back)
        self.wire()
        feed.listen(lambda volts: self._feed_changed())
        self._live = self.live()
        self.export = Export(self)
        self.behaviour = EsmeBehaviour(self)
        self.integrity = Integrity(self)
        self.device_log.joined = lambda: self.event(DEVICE_JOINED)
        self.time.outside = lambda: self.outside_tolerance()  # noqa: PLW0108 - a defect may replace it
        self.time.first_set = lambda: self.commissioned()  # noqa: PLW0108 - a defect may replace it
        self.voltages = self.meter_voltages()
        self.voltage = self.voltages[0]  #: of phase 1
        self.activations = Activations(self)
        self.tariff = Tariff(self, int(self._energy_wh))
        self.auxiliary = Auxiliary(self)
        self.prepayment = EsmePrepayment(self)
        self.billing = Billing(self)
        self.demand = Demand(self)
        self.identity = EsmeIdentity(self)
        self.objects = EsmeObjects(self)
        self.daily = DailyLog(self)
        self.other_profiles = OtherProfiles(self)
        self.screen = EsmeScreen(self)
        self.activations.activated.append(lambda key: self.switch.settings_changed())

    @property
    def load(self) -> float:
        """Watts that flow through the meter into the home."""
        return self.flows(self.live())[0]

    @property
    def net(self) -> float:
        """Watts that are drawn from the feed; negative is what the home gives."""
        taken, given = self.flows(self.live())
        return taken - given

    def wire(self) -> None:
        """Hang the load on the feed."""
        assert isinstance(self.feed, Branch)
        self.feed.add_load(lambda: self.net)

    def meter_voltages(self) -> list[Voltage]:
        """Measure the voltage of the phases."""
        return [Voltage(self, self.feed)]

    def live(self) -> Sequence[bool]:
        """Return which phases have voltage."""
        return (self.feed.voltage > 0,)

    def loads(self) -> Sequence[float]:
        """Return the watts behind each phase while it has voltage."""
        return (LOAD_W + self.auxiliary.load - self.export.generation if self.is_on() else 0.0,)

    @rule("R-LOG-011")
    def flows(self, live: Sequence[bool]) -> tuple[float, float]:
        """Return the watts that flow in and out of the home, of which one is zero, with voltage on these phases."""
        net = sum(load for load, on in zip(self.loads(), live, strict=True) if on)
        return max(net, 0.0), max(-net, 0.0)

    @property
    def account(self) -> Account:
        """The prepayment account."""
        return self.prepayment.account

    def is_on(self) -> bool:
        """Whether the load switch is closed."""
        return self.switch.closed

    def burn(self) -> float:
        """Return the power drawn (W)."""
        return self.load

    def energy(self) -> float:
        """Return the import register (Wh)."""
        return self.integrate()

    def load_changed(self) -> None:
        """The load has changed: charge what was used, watch the load limit."""
        self.account.settle()
        self.switch.watch_limit()

    @rule("R-CRD-056", "R-CRD-057", "R-ALT-017")
    def supplier_changed(self, losing: Eui64 | None) -> None:
        """Withdraw what the losing supplier left waiting, keep a snapshot; money, mode and switch stay as they are."""
        self.billing.supplier_changed()
        if losing is not None:
            self.activations.forget(losing)
        self.prepayment.supplier_changed()

    def disable_for_credit(self) -> None:
        """Take the supply off for lack of credit."""
        self.switch.disable_for_credit()

    def credit_returned(self) -> None:
        """Credit is there again."""
        self.switch.credit_returned()

    def disablement_allowed(self) -> datetime | None:
        """Return None when disablement is allowed now, otherwise when it will be."""
        return self.prepayment.calendar.ends(self.clock())

    @rule("R-EVT-006f", "R-EVT-008")
    def event(self, code: int) -> None:
        """Log an event and tell the supplier, as each is configured."""
        if code in EVENT_LOG_CODES and self.logging(code):
            self.logs.add(self.logs.event, code)
        self.alert(code, Role.SUPPLIER)

    @rule("R-TIM-012")
    def outside_tolerance(self) -> None:
        """Log that the hub's time lay outside the interval it was to be set in, and tell it as that is set."""
        self.event(OUTSIDE_TOLERANCE)

    @rule("R-EVT-023")
    def commissioned(self) -> None:
        """Tell the supplier that the meter has been commissioned: its clock has been set for the first time."""
        self.alert(COMMISSIONED, Role.SUPPLIER)

    @rule("R-ALT-010", "R-ALT-016")
    def alerting(self, code: int) -> bool:
        """Whether an event is told over the WAN, as it is set."""
        return self.behaviour.alerts(code)

    @rule("R-ALT-013", "R-ALT-016")
    def logging(self, code: int) -> bool:
        """Whether an event is written into the event log, as it is set."""
        return self.behaviour.logs(code)

    def clock_changed(self) -> None:
        """Look at the agenda and at the periods of the clock again."""
        super().clock_changed()
        for voltage in self.voltages:
            voltage.period_changed()
        self.auxiliary.update()

    def powered(self) -> bool:
        """Whether the meter runs."""
        return self.supply.alive and self.booted

    def integrate(self) -> float:
        """Bring the import register up to now and return it (Wh). Energy flows only while the feed has voltage."""
        now = self.world.now
        hours = (now - self._integrated_at) / timedelta(hours=1)
        if hours:
            began, (taken, given) = self._integrated_at, self.flows(self._live)
            if taken or given:  # a half hour of export alone has an import of nothing
                self._add_energy(began, now, taken * hours)
            if given:
                self.export.count(began, now, given * hours)
        self._integrated_at, self._live = now, self.live()
        return self._energy_wh

    def _feed_changed(self) -> None:
        self.integrate()
        if self.powered():
            self.load_changed()

    def _add_energy(self, began: datetime, ended: datetime, watt_hours: float) -> None:
        ahead = self.time.error
        self.count_by_tariff(began + ahead, ended + ahead, watt_hours)
        self._energy_wh += watt_hours
        for end, share in shares(began, ended, watt_hours):
            self._profile[end] = self._profile.get(end, 0) + share  # type: ignore[assignment]

    def count_by_tariff(self, began: datetime, ended: datetime, watt_hours: float) -> None:
        """Count what flowed between two instants of the meter's clock in the registers of the tariff."""
        self.tariff.count(began, ended, self._energy_wh, watt_hours)

    def energy_of(self, end: datetime) -> float:
        """Return the import (Wh) of the half hour that ends at an instant."""
        self.integrate()
        return self._profile.get(end, 0) if end >= self._first_half_hour else used_before(end)

    @rule("R-LOG-003")
    def profile(self, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
        """Return the complete half hours between two instants, each stamped at its end (Wh)."""
        self.integrate()
        now = self.world.now
        oldest = max(start, self.profile_kept_from(now))
        past = half_hours_between(oldest, min(end, self._first_half_hour - HALF_HOUR))
        measured = [(at, round(wh)) for at, wh in sorted(self._profile.items()) if oldest <= at <= end and at <= now]
        return [(at, used_before(at)) for at in past] + measured

    @rule("R-LOG-001", "R-LOG-008")
    def profile_kept_from(self, now: datetime) -> datetime:
        """Return the end of the oldest half hour that is kept."""
        return half_hour_end(now - PROFILE_KEPT)

    def _lost(self) -> None:
        self._power_down()

    def _back(self) -> None:
        self._power_up()

    @rule("R-PWR-007", "R-CTR-010")
    def _power_down(self) -> None:
        """The meter stops; what it must keep, it keeps."""
        self.booted = False
        self._interrupted_at = self.supply.failed_at
        for voltage in self.voltages:
            voltage.power_down()
        self.auxiliary.power_down()

    @rule("R-PWR-006")
    def _power_up(self) -> None:
        """Mains has returned: start again, with the load switch where it was."""
        restored_at = self.supply.mains_since
        self.world.after(BOOT, lambda: self._booted(restored_at))

    def _booted(self, restored_at: datetime) -> None:
        if not self.supply.alive or self.booted:
            return
        self.booted = True
        for voltage in self.voltages:
            voltage.power_up()
        self.auxiliary.power_up()
        self.demand.settle()
        interrupted_at = self._interrupted_at or restored_at
        self.log_outage(interrupted_at, restored_at)
        for action in self.on_boot:
            action()  # type: ignore[operator]
        self.report_outage(interrupted_at, restored_at)
        self.agenda.resume()
        self.load_changed()

    def processor_reset(self) -> None:
        """The processor starts anew while there is supply: the meter is away for a moment and says why."""
        self.booted = False
        self.world.after(BOOT, self._started_anew)

    def _started_anew(self) -> None:
        if self.supply.alive:
            self.booted = True
            for action in self.on_boot:
                action()  # type: ignore[operator]
            self.integrity.warn(UNEXPECTED_RESET)
            self.agenda.resume()

    @rule("R-PWR-003", "R-PWR-004")
    def log_outage(self, interrupted_at: datetime, restored_at: datetime) -> None:
        """Write interruption and restoration into the power event log."""
        self.logs.add(self.logs.power, SUPPLY_INTERRUPTED, time=interrupted_at)
        self.logs.add(self.logs.power, self.restoration_code(interrupted_at, restored_at), time=restored_at)

    @rule("R-PWR-001", "R-PWR-005", "R-ALT-022")
    def restoration_code(self, interrupted_at: datetime, restored_at: datetime) -> int:
        """Return the code of a restoration: the long one from three minutes on."""
        return SUPPLY_RESTORED_LONG if restored_at - interrupted_at >= LONG_OUTAGE else SUPPLY_RESTORED

    @rule("R-PWR-001", "R-PWR-002", "R-ALT-018", "R-ALT-022")
    def report_outage(self, interrupted_at: datetime, restored_at: datetime) -> None:
        """Tell the network operator of a restored outage, with both times (ECS80)."""
        code = self.restoration_code(interrupted_at, restored_at)
        extra = [octets(date_time(interrupted_at)), octets(date_time(restored_at))]
        self.alert(code, Role.NETWORK_OPERATOR, extra, OUTAGE_ALERT)


def used_before(end: datetime) -> int:
    """Return what the home used (Wh) in a half hour before its world began: the meter was there long ago."""
    return 300 + int(end.timestamp()) // 1800 * 37 % 200
