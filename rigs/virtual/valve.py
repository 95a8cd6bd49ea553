"""The valve of a gas meter: who may close, arm and open it, and what it checks when it opens (device rules 9.4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from bench.gbcs.gbz import GbzComponent
from bench.gbcs.trust_anchors import Role
from rigs.virtual.gbz_device import METERING, made, values
from rigs.virtual.load_switch import NOT_CLOSED, NOT_OPENED, Cause
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import FAILURE, Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

CHANGE_SUPPLY, SUPPLY_STATUS, SET_SUPPLY_STATUS, SET_FLOW = 0x0B, 0x0C, 0x0D, 0x0E
CLOSE, ARM = 0x0081, 0x0085  #: message codes of GCS32, GCS39
ARMED_ALERT, LOCKED_BY_TAMPER, UNCONTROLLED_FLOW = 0x8F32, 0x81BE, 0x81BF
TAMPER, BATTERY_COVER, LOW_BATTERY = 0x8F3F, 0x8F73, 0x8F1F
TESTED = 0x8184
LOCKED, ARMED_ONLY, UNCHANGED = 0, 1, 3  #: what the supply is to do at a tamper or a failing battery
CONFIRMATION = timedelta(seconds=30)  #: within which a press that opens the valve follows the first


class ValveState(IntEnum):
    """Supply status as the ZCL writes it."""

    DISABLED = 0
    ARMED = 1
    ENABLED = 2


@dataclass
class FlowCheck:
    """How the meter finds out at opening whether a tap is open: threshold (m3/h), waiting and measuring time."""

    threshold: int = 300
    multiplier: int = 1
    divisor: int = 10_000
    unit: int = 1
    stabilisation: int = 10  #: tenths of a second
    measurement: int = 5  #: seconds

    @property
    def limit(self) -> float:
        """Flow above which gas is uncontrolled, m3/h."""
        return self.threshold * self.multiplier / (self.divisor or 1)

    @property
    def length(self) -> timedelta:
        """How long the check takes."""
        return timedelta(milliseconds=100 * self.stabilisation) + timedelta(seconds=self.measurement)


class Valve:
    """State of the valve and the reason for it."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme
        self.state, self.cause, self.locked = ValveState.ENABLED, Cause.NONE, False
        self.jammed: bool | None = None  #: whether the valve is stuck open, or closed; None: it moves
        self.check = FlowCheck()
        self._pressed_at: datetime | None = None
        self.tamper_state = self.depletion_state = UNCHANGED
        commands = gsme.zcl.objects.commands
        commands[METERING, True, CHANGE_SUPPLY] = lambda component: self.change_supply(component)  # noqa: PLW0108
        commands[METERING, True, SET_FLOW] = lambda component: self.set_flow_check(component)  # noqa: PLW0108
        commands[METERING, True, SET_SUPPLY_STATUS] = lambda component: self.set_supply_states(component)  # noqa: PLW0108

    @property
    def is_open(self) -> bool:
        """Whether gas can pass."""
        return self.state is ValveState.ENABLED if self.jammed is None else self.jammed

    def jam(self) -> None:
        """The valve sticks where it is."""
        self.jammed = self.is_open

    def move(self, state: ValveState, cause: Cause) -> None:
        """Operate the valve: volume is counted up to now with the old state."""
        self._gsme.gas.settle()
        before, self.state, self.cause = self.state, state, cause
        self._gsme.account.settle()
        wanted = state is ValveState.ENABLED
        if wanted is not (before is ValveState.ENABLED) and self.is_open is not wanted:
            self.stuck(wanted)

    @rule("R-SUP-009")
    def stuck(self, opening: bool) -> None:
        """The valve has not moved: log and tell that it did not open, or did not close."""
        self._gsme.event(NOT_CLOSED if opening else NOT_OPENED)

    @rule("R-GAS-003", "R-SEC-002")
    def change_supply(self, component: GbzComponent) -> Answer:
        """Close (GCS32) or arm (GCS39); nothing a remote party sends opens the valve."""
        asked = values(component)
        exchange = self._gsme.exchange
        assert exchange is not None
        wanted = {CLOSE: ValveState.DISABLED, ARM: ValveState.ARMED}[exchange.command.message_code]
        if asked["proposedStatus"] != wanted:
            return FAILURE
        done = self.disable() if wanted is ValveState.DISABLED else self.arm()
        if not done:
            return FAILURE
        answer = {name: asked[name] for name in ("providerId", "issuerEventId", "implementation")}
        return [(SUPPLY_STATUS, made(METERING, False, SUPPLY_STATUS, answer | {"status": int(self.state)}))]

    @rule("R-GAS-003")
    def disable(self) -> bool:
        """Close by the supplier's command; also when it is closed."""
        self.move(ValveState.DISABLED, Cause.SUPPLIER)
        return True

    @rule("R-GAS-003", "R-GAS-007")
    def arm(self) -> bool:
        """Arm by the supplier's command, if it is closed and there is credit; a lock by tamper ends. Tells whether."""
        if self.state is ValveState.ENABLED or not self._gsme.account.may_be_on():
            return False
        self.locked = False
        self.arm_now(Cause.SUPPLIER)
        return True

    @rule("R-SUP-008")
    def arm_now(self, cause: Cause) -> None:
        """Arm, and tell the supplier."""
        self.move(ValveState.ARMED, cause)
        self._gsme.alert(ARMED_ALERT, Role.SUPPLIER)

    @rule("R-GAS-020")
    def press(self) -> bool:
        """The button at the meter: pressed again within 30 s it opens the valve. Returns whether it has."""
        now = self._gsme.clock()
        first, self._pressed_at = self._pressed_at, now
        if first is None or now - first > CONFIRMATION:
            return False
        self._pressed_at = None
        return self.enable_locally()

    @rule("R-GAS-004")
    def enable_locally(self) -> bool:
        """Open at the meter: only from armed; then look for an open tap. Returns whether the valve has opened."""
        if self.state is not ValveState.ARMED or self.locked or not self._gsme.account.may_be_on():
            return False
        self.move(ValveState.ENABLED, Cause.NONE)
        self._gsme.at(self._gsme.clock() + self.check.length, self.flow_measured)
        return True

    def test(self) -> bool:
        """Close an open valve for a moment, by the meter's menu, and open it again; returns whether it was open."""
        if self.state is not ValveState.ENABLED:
            return False
        self.tested()
        return True

    @rule("R-GAS-011")
    def tested(self) -> None:
        """Log and tell that the valve has been tested."""
        self._gsme.event(TESTED)

    @rule("R-GAS-005")
    def flow_measured(self) -> None:
        """The measurement after opening has ended: with a tap open, close and be armed again."""
        if self.state is ValveState.ENABLED and self._gsme.gas.flowing > self.check.limit:
            self.move(ValveState.ARMED, Cause.SUPPLIER)
            self._gsme.event(UNCONTROLLED_FLOW)

    @rule("R-DIS-001")
    def disable_for_credit(self) -> None:
        """Close because credit is used up; a valve that is not open stays as it is."""
        if self.state is ValveState.ENABLED:
            self.move(ValveState.DISABLED, Cause.CREDIT)

    @rule("R-CRE-006", "R-SUP-007")
    def credit_returned(self) -> None:
        """Arm a valve that was closed for lack of credit, and no other; it is never opened."""
        if self.state is ValveState.DISABLED and self.cause is Cause.CREDIT:
            self.arm_now(Cause.CREDIT)

    @rule("R-GAS-006")
    def set_flow_check(self, component: GbzComponent) -> Answer:
        """Take over how flow is checked at opening (GCS24a)."""
        asked = values(component)
        names = ("threshold", "multiplier", "divisor", "unit", "stabilisation", "measurement")
        self.check = FlowCheck(**{name: asked[name] for name in names})
        return 0

    @rule("R-GAS-006")
    def set_supply_states(self, component: GbzComponent) -> Answer:
        """Take over what the supply does at a tamper and when the battery fails (GCS24a)."""
        asked = values(component)
        self.tamper_state, self.depletion_state = asked["tamperState"], asked["depletionState"]
        return 0

    @rule("R-GAS-007", "R-SUP-011")
    def tamper(self) -> None:
        """Somebody has opened the meter: tell the supplier, and close and lock if so configured."""
        self._gsme.security_event(BATTERY_COVER)
        if self.tamper_state == LOCKED:
            self.locked = True
            self.move(ValveState.DISABLED, Cause.TAMPER)
            self._gsme.event(LOCKED_BY_TAMPER)

    @rule("R-GAS-008", "R-GAS-010")
    def battery_low(self) -> None:
        """The battery is about to fail: tell the supplier once, and close if so configured."""
        self._gsme.event(LOW_BATTERY)
        if self.depletion_state == LOCKED and self.state is not ValveState.DISABLED:
            self.move(ValveState.DISABLED, Cause.SUPPLIER)
