"""The virtual gas meter (GSME): sleepy, on a battery, with a valve."""

from datetime import datetime
from typing import Any

from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import Role
from bench.pki import TestSmki
from rigs.virtual.device_clock import COMMISSIONED, INVALID, OUTSIDE_TOLERANCE, RELIABLE
from rigs.virtual.exchange import Exchange
from rigs.virtual.gas_activation import GasActivations
from rigs.virtual.gas_billing import GasBilling
from rigs.virtual.gas_calendar_reads import CalendarReads
from rigs.virtual.gas_measurement import DAY, GasMeasurement
from rigs.virtual.gas_network_log import NetworkDataLog
from rigs.virtual.gas_sensors import Sensors
from rigs.virtual.gbz_device import GbzDevice
from rigs.virtual.gsme_objects import GsmeObjects
from rigs.virtual.gsme_prepayment import GsmePrepayment
from rigs.virtual.gsme_screen import GsmeScreen
from rigs.virtual.identity import GsmeIdentity
from rigs.virtual.integrity import UNEXPECTED_RESET, Integrity
from rigs.virtual.rules import rule
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.valve import Valve
from rigs.virtual.world import World, midnight_before

SET_CLOCK = 0x007F
DEVICE_JOINED = 0x8183
EVENT_LOG_CODES = frozenset((*range(0x81A0, 0x81C1), 0x81C2, 0x81C3, 0x81C6)) | {
    0x8145, 0x8F66, 0x8F67, 0x8183, 0x8F1F, 0x8184,
}  # fmt: skip
STATUS_NAMES = {RELIABLE: "reliable", INVALID: "invalid", 2: "unreliable"}
BATTERY_DAYS = 3650
BATTERY_RESET = 0x8F82
LOW_BATTERY_DAYS = 180


class Gsme(GbzDevice):
    """A gas meter: what it measures, its valve, its account. Its radio is `rigs.virtual.sleepy`."""

    def __init__(self, world: World, eui: Eui64, smki: TestSmki, anchors: TrustAnchors, mprn: str) -> None:
        super().__init__(world, eui, smki, anchors, "GSME")
        self.mprn = mprn
        self.der_commands[SET_CLOCK] = lambda exchange, asked: self.set_clock(exchange, asked)  # noqa: PLW0108
        self.use_cases[SET_CLOCK] = self.supported[SET_CLOCK]
        self.integrity = Integrity(self)
        self.battery_days = BATTERY_DAYS
        self.activations = GasActivations(self)
        self.valve = Valve(self)
        self.gas = GasMeasurement(self)
        self.objects = GsmeObjects(self)
        self.identity = GsmeIdentity(self)
        self.prepayment = GsmePrepayment(self)
        self.calendar_reads = CalendarReads(self, self.prepayment.calendar)
        self.billing = GasBilling(self)
        self.screen = GsmeScreen(self)
        self.network_log = NetworkDataLog(self)
        self.sensors = Sensors(self)
        self.gas.changed.append(self.account.settle)
        self.offer_logs()
        self.device_log.joined = lambda: self.event(DEVICE_JOINED)
        self.time.outside = lambda: self.outside_tolerance()  # noqa: PLW0108 - a defect may replace it
        self.time.first_set = lambda: self.commissioned()  # noqa: PLW0108 - a defect may replace it
        self._plan_midnight()

    @property
    def account(self) -> Any:
        """The prepayment account."""
        return self.prepayment.account

    def is_on(self) -> bool:
        """Whether the valve is open."""
        return self.valve.is_open

    def energy(self) -> float:
        """Return the energy used (Wh)."""
        self.gas.settle()
        return self.gas.watt_hours

    def burn(self) -> float:
        """Return the power drawn (W)."""
        return self.gas.energy_of(self.gas.flowing)

    def disable_for_credit(self) -> None:
        """Close for lack of credit."""
        self.valve.disable_for_credit()

    def credit_returned(self) -> None:
        """Credit is there again."""
        self.valve.credit_returned()

    def disablement_allowed(self) -> datetime | None:
        """Return None when disablement is allowed now, otherwise when it will be."""
        return self.prepayment.calendar.ends(self.clock())

    @rule("R-EVT-006f", "R-EVT-008", "R-EVT-009")
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

    @rule("R-ALT-013", "R-ALT-016")
    def logging(self, code: int) -> bool:
        """Whether an event is written into the event log."""
        return self.objects.behaviour.logs(code)

    @rule("R-ALT-010", "R-ALT-011")
    def alerting(self, code: int) -> bool:
        """Whether an event is told over the WAN: critical ones always are."""
        return code >> 8 == 0x8F or self.objects.behaviour.alerts(code)

    @rule("R-EVT-006e", "R-SUP-011")
    def security_event(self, code: int) -> None:
        """Write an event into the security log and tell the supplier."""
        self.logs.add(self.logs.security, code)
        self.alert(code, Role.SUPPLIER)

    @rule("R-TIM-004", "R-TIM-005", "R-TIM-006", "R-TIM-008")
    def set_clock(self, exchange: Exchange, asked: dict[str, Any]) -> dict[str, Any]:
        """Follow the hub if its time lies in the interval (GCS28); the answer shows time and status."""
        start, end = (datetime.fromisoformat(asked[name]) for name in ("validity_start", "validity_end"))
        done = self.time.set_within(start, end)
        self.executed(exchange, done)
        now = self.clock().replace(microsecond=0)
        return {
            "device_time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": STATUS_NAMES[self.time.status],
            "status_code": self.time.status,
        }

    @rule("R-CRD-056", "R-CRD-057", "R-GPF-007")
    def supplier_changed(self, losing: Eui64 | None) -> None:
        """Withdraw what the losing supplier left waiting, keep a billing reading; money, mode and valve stay."""
        self.objects.snapshots.take_billing("supplier")
        if losing is not None:
            self.activations.forget(losing)
        self.prepayment.supplier_changed()

    @rule("R-PPM-003", "R-GPF-007", "R-GPF-008")
    def mode_changes(self) -> None:
        """Keep a billing reading before another payment mode begins."""
        self.objects.snapshots.take_billing("mode")

    @rule("R-TAR-006", "R-GPF-007", "R-GPF-008")
    def tariff_changes(self) -> None:
        """Keep a billing reading before another tariff comes into force."""
        self.objects.snapshots.take_billing("tariff")

    @rule("R-GAS-009", "R-GAS-010")
    def set_battery(self, days: int) -> None:
        """The battery is found to last for some days; below half a year the supplier is told, once."""
        before, self.battery_days = self.battery_days, days
        if days < LOW_BATTERY_DAYS <= before:
            self.valve.battery_low()
        elif days > before:
            self.logs.add(self.logs.security, BATTERY_RESET)

    def processor_reset(self) -> None:
        """The processor starts anew: the meter goes on at once and says why."""
        self.integrity.warn(UNEXPECTED_RESET)

    def _plan_midnight(self) -> None:
        at = midnight_before(self.clock() + DAY)
        self.at(at, lambda: self._midnight())  # noqa: PLW0108 - a defect may replace it

    @rule("R-GPF-004", "R-GPF-006")
    def _midnight(self) -> None:
        """Keep the daily reading."""
        self.account.settle()
        self.objects.snapshots.take_daily()
        self._plan_midnight()

    def clock_changed(self) -> None:
        """Registers up to now are those of the old time."""
        super().clock_changed()
        self.gas.settle()
