"""The load switch of an electricity meter: who may open and close it, and the load limit (device rules 6.2, 6.3)."""

from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from bench.gbcs.trust_anchors import Role
from rigs.virtual.cosem_objects import attribute
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

ARMED_ALERT, LOAD_LIMIT_TRIPPED, LOAD_LIMIT_RESTORED, LOAD_LIMIT_EXCEEDED = 0x8F32, 0x8F33, 0x8F34, 0x8F01
LOCKED_BY_TAMPER, TAMPER = 0x81BE, 0x8F3F
NOT_CLOSED, NOT_OPENED = 0x81BD, 0x81C0
LIMIT_STATE = attribute("9000:0-0:94.44.0.3:2")
LIMIT_PERIOD = attribute("9000:0-0:94.44.128.6:2")
LIMIT_POWER = attribute("9000:0-0:94.44.128.7:2")
LIMIT_RESTORATION = attribute("9000:0-0:94.44.128.8:2")
TAMPER_STATE = attribute("1:0-0:94.44.0.4:2")


class SupplyState(IntEnum):
    """State of the load switch (device rules 6.2)."""

    DISABLED = 0
    ENABLED = 1
    ARMED = 2


class Cause(IntEnum):
    """Why the supply is not enabled."""

    NONE = 0
    SUPPLIER = 1
    CREDIT = 2
    LOAD_LIMIT = 3
    TAMPER = 4


class LoadSwitch:
    """State of the switch and the reason for it. Both survive a loss of supply."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self.state = SupplyState.ENABLED
        self.cause = Cause.NONE
        self.jammed: bool | None = None  #: whether the contact is stuck closed, or open; None: it moves
        self.limit_counter = 0
        self._over_since: object = None  #: what the running load limit period began with

    @property
    def closed(self) -> bool:
        """Whether the contact is closed."""
        return self.state is SupplyState.ENABLED if self.jammed is None else self.jammed

    def jam(self) -> None:
        """The contact sticks where it is."""
        self.jammed = self.closed

    def move(self, state: SupplyState, cause: Cause) -> None:
        """Operate the switch: energy is counted up to now with the old state."""
        self._esme.integrate()
        before, self.state, self.cause = self.state, state, cause
        self._esme.load_changed()
        wanted = state is SupplyState.ENABLED
        if wanted is not (before is SupplyState.ENABLED) and self.closed is not wanted:
            self.stuck(wanted)

    @rule("R-SUP-009")
    def stuck(self, closing: bool) -> None:
        """The contact has not moved: log and tell that it did not close, or did not open."""
        self._esme.event(NOT_CLOSED if closing else NOT_OPENED)

    @rule("R-SUP-002")
    def disable(self) -> bool:
        """Open by the supplier's command; also when it is open."""
        self.move(SupplyState.DISABLED, Cause.SUPPLIER)
        return True

    @rule("R-SUP-003")
    def arm(self) -> bool:
        """Arm by the supplier's command, if it is open and there is credit; returns whether it was done."""
        if self.state is not SupplyState.DISABLED or not self._esme.account.may_be_on():
            return False
        self.arm_now(Cause.SUPPLIER)
        return True

    @rule("R-SUP-008")
    def arm_now(self, cause: Cause) -> None:
        """Arm, and tell the supplier."""
        self.move(SupplyState.ARMED, cause)
        self._esme.alert(ARMED_ALERT, Role.SUPPLIER)

    @rule("R-SUP-004")
    def enable(self) -> bool:
        """Close by the supplier's command, if there is credit; returns whether it was done."""
        if not self._esme.account.may_be_on():
            return False
        self.move(SupplyState.ENABLED, Cause.NONE)
        return True

    @rule("R-SUP-006", "R-LLM-004")
    def enable_locally(self) -> bool:
        """Close at the meter or from a PPMID: only from armed."""
        if self.state is not SupplyState.ARMED:
            return False
        self.move(SupplyState.ENABLED, Cause.NONE)
        return True

    @rule("R-DIS-001")
    def disable_for_credit(self) -> None:
        """Open because credit is used up; a supply that is not on stays as it is."""
        if self.state is SupplyState.ENABLED:
            self.move(SupplyState.DISABLED, Cause.CREDIT)

    @rule("R-CRE-006", "R-SUP-007")
    def credit_returned(self) -> None:
        """Arm a supply that was disabled for lack of credit, and no other."""
        if self.state is SupplyState.DISABLED and self.cause is Cause.CREDIT:
            self.arm_now(Cause.CREDIT)

    @rule("R-SUP-010", "R-SUP-012")
    def tampered(self) -> None:
        """Lock the supply if it is to be locked on tamper; tell the supplier in any case."""
        esme = self._esme
        esme.logs.add(esme.logs.security, TAMPER)
        esme.alert(TAMPER, Role.SUPPLIER)
        locked = esme.cosem.objects.read(TAMPER_STATE)
        if locked is not None and locked.value:
            self.move(SupplyState.DISABLED, Cause.TAMPER)
            esme.logs.add(esme.logs.event, LOCKED_BY_TAMPER)

    def _setting(self, key: tuple[int, bytes, int]) -> int:
        value = self._esme.cosem.objects.read(key)
        return 0 if value is None else int(value.value or 0)

    def settings_changed(self) -> None:
        """Begin the load limit period anew: a setting has been activated."""
        self._over_since = None
        self.watch_limit()

    @rule("R-LLM-002", "R-EVT-021")
    def watch_limit(self) -> None:
        """Begin or end the load limit period, as the load is above the threshold or not."""
        threshold = self.threshold()
        if not threshold or self._esme.load <= threshold:
            self._over_since = None
        elif self._over_since is None:
            self._over_since = mark = object()
            self._esme.world.after(self.limit_period(), lambda: self.limit_exceeded(mark))

    @rule("R-LLM-002", "R-LLM-007")
    def threshold(self) -> int:
        """Return the power (W) above which the limit acts, 0 for none; those of the ambient display are others."""
        return self._setting(LIMIT_POWER)

    @rule("R-LLM-002")
    def limit_period(self) -> timedelta:
        """Return how long the load may be above the threshold."""
        return timedelta(seconds=self._setting(LIMIT_PERIOD))

    @rule("R-LLM-002")
    def limit_exceeded(self, mark: object) -> None:
        """The load was above the threshold for the whole period: count, alert, and disconnect if that is set."""
        esme = self._esme
        if self._over_since is not mark or not esme.powered() or self.state is not SupplyState.ENABLED:
            return
        self._over_since = None
        self.limit_counter += 1
        esme.logs.add(esme.logs.event, LOAD_LIMIT_EXCEEDED)
        esme.alert(LOAD_LIMIT_EXCEEDED, Role.SUPPLIER)
        if self._setting(LIMIT_STATE):
            self.move(SupplyState.ARMED, Cause.LOAD_LIMIT)
            esme.alert(LOAD_LIMIT_TRIPPED, Role.SUPPLIER)
            esme.world.after(timedelta(seconds=self._setting(LIMIT_RESTORATION)), self.restore_after_limit)

    @rule("R-LLM-003", "R-LLM-005")
    def restore_after_limit(self) -> None:
        """Close again after the restoration period, if the load limit is still the reason."""
        esme = self._esme
        if self.state is SupplyState.ARMED and self.cause is Cause.LOAD_LIMIT and esme.powered():
            self.move(SupplyState.ENABLED, Cause.NONE)
            for role in (Role.SUPPLIER, Role.NETWORK_OPERATOR):
                esme.alert(LOAD_LIMIT_RESTORED, role)
