"""The prepayment account of a meter: balance, emergency credit, debts, disablement (device rules 7). Money is 1/1000 p.

Consumption is charged between events, never ticked: the account knows the rate at which it is used and when it will
reach its next threshold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from rigs.virtual.rules import rule

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LOW_CREDIT, EMERGENCY_AVAILABLE, EMERGENCY_ACTIVATED, EMERGENCY_EXHAUSTED = 0x810D, 0x8119, 0x81AB, 0x81AA
DISABLED_FOR_CREDIT, DISABLEMENT_SUSPENDED = 0x8F0F, 0x8F83
TIME_DEBT_PAID = (0x81A7, 0x81A8)
PAYMENT_DEBT_PAID = 0x81A9
CREDIT_ADDED_LOCALLY = 0x810E
RATE_CAP_PERIOD = timedelta(days=7)
CREDITS_KEPT = 5
WHOLE = 10_000  #: 100 %, in the unit of `Account.payment_share`


class Mode(IntEnum):
    """Payment mode."""

    CREDIT = 1
    PREPAYMENT = 2


@dataclass
class TimeDebt:
    """A debt recovered with time: what is owed, and how much each period takes."""

    owed: int = 0
    rate: int = 0
    period: timedelta = DAY


@dataclass
class Settings:
    """What the supplier has configured."""

    disablement_threshold: int = 0
    low_credit: int = 500_000
    emergency_limit: int = 500_000
    emergency_threshold: int = 100_000
    maximum_credit: int = 20_000_000
    maximum_balance: int = 100_000_000
    rate_cap: int = 2_000_000  #: of payment-based recovery in a week
    suspend_debt_disabled: bool = False
    suspend_debt_emergency: bool = False
    price: int = 20_000  #: of a kWh
    standing_charge: int = 30_000  #: of a day


class Meter(Protocol):
    """What an account needs of its meter."""

    def clock(self) -> datetime:
        """Return the meter's time."""

    def at(self, when: datetime, action: Callable[[], None]) -> object:
        """Do something at an instant of that clock."""

    def energy(self) -> float:
        """Return the import register up to now (Wh)."""

    def event(self, code: int) -> None:
        """Log an event and alert it as it is configured."""

    def disable_for_credit(self) -> None:
        """Take the supply off for lack of credit."""

    def credit_returned(self) -> None:
        """Credit is there again."""

    def is_on(self) -> bool:
        """Whether the supply is on."""

    def disablement_allowed(self) -> datetime | None:
        """Return None when disablement is allowed now, otherwise when it will be."""

    def burn(self) -> float:
        """Return the power drawn (W)."""


@dataclass
class Account:
    """Balance and debts of one meter."""

    meter: Meter
    settings: Settings = field(default_factory=Settings)
    mode: Mode = Mode.CREDIT
    balance: int = 0
    emergency_used: int = 0
    emergency_active: bool = False
    emergency_exhausted: bool = False  #: used up, and not all of it repaid yet
    accumulated_debt: int = 0
    time_debts: tuple[TimeDebt, TimeDebt] = field(default_factory=lambda: (TimeDebt(), TimeDebt()))
    payment_debt: int = 0
    payment_share: int = 0  #: of a top up, 1/100 %
    credits: list[tuple[datetime, int]] = field(default_factory=list)
    recoveries: list[tuple[datetime, int]] = field(default_factory=list)
    told: set[int] = field(default_factory=set)  #: events that hold, and are not told again

    def __post_init__(self) -> None:
        self._charged_energy = self.meter.energy()
        self._charged_at = self.meter.clock()
        self._owed = 0.0  #: fractions of 1/1000 p not taken yet
        self._generation = 0

    # ---- consumption ------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Charge what has been used since the last time, then look at the thresholds."""
        now, energy = self.meter.clock(), self.meter.energy()
        elapsed = max(timedelta(), now - self._charged_at)
        used = self.consumption_charge(max(0.0, energy - self._charged_energy))
        self._charged_at, self._charged_energy = now, energy
        if self.mode is Mode.PREPAYMENT:
            self._take(used)
            self._take_with_time(elapsed)
            self.look()
        self._plan()

    @rule("R-TAR-009", "R-DIS-006")
    def consumption_charge(self, watt_hours: float) -> float:
        """Return the price of energy."""
        return watt_hours / 1000 * self.settings.price

    @rule("R-TAR-009", "R-DIS-006")
    def price_now(self) -> int:
        """Return the price of a kWh that is in force."""
        return self.settings.price

    @rule("R-TAR-011", "R-DBT-004", "R-DBT-005", "R-CRE-005", "R-PWR-008")
    def _take_with_time(self, elapsed: timedelta) -> None:
        """Take the standing charge and the time debts of a span."""
        standing = elapsed / DAY * self.settings.standing_charge
        if self.emergency_active and self.settings.suspend_debt_emergency:
            self.accumulated_debt += round(standing + sum(self._recover(elapsed)))
            return
        if not self.meter.is_on() and self.settings.suspend_debt_disabled:
            return
        self._take(standing + sum(self._recover(elapsed)))

    @rule("R-DBT-001", "R-DBT-002")
    def _recover(self, elapsed: timedelta) -> list[float]:
        """Recover time debts for a span; returns what each gives. Recovery ends exactly at zero."""
        taken = []
        for debt, paid in zip(self.time_debts, TIME_DEBT_PAID, strict=True):
            share = min(float(debt.owed), elapsed / debt.period * debt.rate) if debt.owed > 0 else 0.0
            whole = round(share)
            debt.owed -= whole
            taken.append(float(whole))
            if whole and debt.owed == 0:
                self.meter.event(paid)
        return taken

    def _take(self, amount: float) -> None:
        """Take money: of the balance, and of emergency credit where that is in use and the balance is used up."""
        self._owed += amount
        whole = int(self._owed)
        self._owed -= whole
        usable = self.emergency_left if self.emergency_active else 0
        from_emergency = min(usable, max(0, whole - max(0, self.balance)))
        self.emergency_used += from_emergency
        self.balance -= whole - from_emergency

    # ---- thresholds -------------------------------------------------------------------------------------------

    @property
    def emergency_left(self) -> int:
        """What is left of the emergency credit."""
        return max(0, self.settings.emergency_limit - self.emergency_used)

    @property
    def available(self) -> int:
        """Credit that can still be used."""
        usable = self.emergency_active and not self.emergency_exhausted
        return self.balance + (self.emergency_left if usable else 0)

    def look(self) -> None:
        """Act on the thresholds the account has reached."""
        if self.mode is not Mode.PREPAYMENT:
            return
        self.check_low_credit()
        self.check_emergency()
        self.check_disablement()

    def _once(self, code: int, holds: bool) -> bool:
        """Whether something holds that had not been told; what no longer holds may be told again."""
        if not holds:
            self.told.discard(code)
            return False
        if code in self.told:
            return False
        self.told.add(code)
        return True

    @rule("R-DIS-005")
    def check_low_credit(self) -> None:
        """Tell once when credit falls below the low credit threshold."""
        if self._once(LOW_CREDIT, self.available < self.settings.low_credit):
            self.meter.event(LOW_CREDIT)

    @rule("R-EMC-001")
    def emergency_available(self) -> bool:
        """Whether emergency credit may be activated."""
        return self.balance < self.settings.emergency_threshold and self.emergency_used == 0

    @rule("R-EMC-001", "R-EMC-005")
    def check_emergency(self) -> None:
        """Tell when emergency credit has become available, or is used up."""
        if not self.emergency_active and self._once(EMERGENCY_AVAILABLE, self.emergency_available()):
            self.meter.event(EMERGENCY_AVAILABLE)
        if self.emergency_active and not self.emergency_exhausted and self.emergency_left == 0:
            self.emergency_exhausted = True
            self.meter.event(EMERGENCY_EXHAUSTED)

    @rule("R-DIS-001", "R-DIS-002", "R-DIS-006")
    def check_disablement(self) -> None:
        """Disable the supply at the threshold, unless the calendar forbids it now."""
        if self.may_be_on() or not self.meter.is_on():
            if self.may_be_on():
                self.told -= {DISABLED_FOR_CREDIT, DISABLEMENT_SUSPENDED}
            return
        allowed = self.meter.disablement_allowed()
        if allowed is None:
            self.meter.event(DISABLED_FOR_CREDIT)
            self.meter.disable_for_credit()
        elif self._once(DISABLEMENT_SUSPENDED, True):
            self.meter.event(DISABLEMENT_SUSPENDED)
            self.meter.at(allowed, self.settle)

    @rule("R-DIS-001", "R-PPM-005")
    def may_be_on(self) -> bool:
        """Whether there is credit for a supply: always in credit mode."""
        return self.mode is Mode.CREDIT or self.available > self.settings.disablement_threshold

    def _plan(self) -> None:
        """Look again when the next threshold will have been reached at the present rate."""
        self._generation += 1
        if self.mode is not Mode.PREPAYMENT:
            return
        a_second = self._rate()
        if a_second <= 0:
            return
        levels = (self.settings.low_credit, self.settings.emergency_threshold, self.settings.disablement_threshold)
        ahead = [self.available - level for level in levels if self.available - level >= 0]
        if self.emergency_active:
            ahead.append(self.emergency_left)
        if ahead:
            generation = self._generation
            wait = timedelta(seconds=min(ahead) / a_second + 1)
            self.meter.at(self.meter.clock() + wait, lambda: self._planned(generation))

    def _planned(self, generation: int) -> None:
        if generation == self._generation:
            self.settle()

    def _rate(self) -> float:
        """Return what is taken in a second."""
        power = self.meter.burn() / 1000 * self.price_now() / 3600
        debts = sum(debt.rate / debt.period.total_seconds() for debt in self.time_debts if debt.owed > 0)
        return power + self.settings.standing_charge / 86400 + debts

    # ---- the supplier and the consumer ------------------------------------------------------------------------

    @rule("R-CRE-001", "R-CRE-002", "R-UTR-021")
    def top_up(self, amount: int) -> None:
        """Apply an accepted top up: payment debt, accumulated debt, emergency credit, then the balance."""
        self.settle()
        self.credits = [*self.credits, (self.meter.clock(), amount)][-CREDITS_KEPT:]
        left = amount - self.recover_payment_debt(amount)
        cleared = min(left, self.accumulated_debt)
        self.accumulated_debt -= cleared
        left -= cleared
        left -= self.repay_emergency(left)
        self.balance += left
        self._changed()

    @rule("R-CRE-002", "R-CRE-003", "R-DBT-002")
    def recover_payment_debt(self, amount: int) -> int:
        """Take the share of a top up for the payment debt, within the cap of the last seven days."""
        share = min(amount * self.payment_share // WHOLE, self.payment_debt, self.payment_debt_cap())
        if share:
            self.payment_debt -= share
            self.recoveries = [*self.recoveries, (self.meter.clock(), share)][-10:]
            if self.payment_debt == 0:
                self.meter.event(PAYMENT_DEBT_PAID)
        return share

    @rule("R-CRE-007")
    def debt_to_clear(self) -> int:
        """Return what a top up must pay before the balance rises above zero, payment debt's share included."""
        owed = self.accumulated_debt + self.emergency_used + max(0, -self.balance)
        rest = WHOLE - self.payment_share
        share = owed * self.payment_share // rest if rest else self.payment_debt
        return owed + min(share, self.payment_debt, self.payment_debt_cap())

    @rule("R-CRE-002", "R-CRE-003")
    def payment_debt_cap(self) -> int:
        """Return what may still be taken for the payment debt now: the cap of seven days, less what they have taken."""
        now = self.meter.clock()
        recent = sum(one for at, one in self.recoveries if now - at < RATE_CAP_PERIOD)
        return max(0, self.settings.rate_cap - recent)

    @rule("R-CRE-001", "R-EMC-005")
    def repay_emergency(self, amount: int) -> int:
        """Repay used emergency credit; when all is repaid it is no longer in use."""
        repaid = min(amount, self.emergency_used)
        self.emergency_used -= repaid
        if self.emergency_used == 0 and amount:
            self.emergency_active = self.emergency_exhausted = False
        return repaid

    @rule("R-EMC-002", "R-EMC-006", "R-RSP-016")
    def activate_emergency(self) -> bool:
        """Activate emergency credit; returns whether it is active now and not used up."""
        self.settle()
        if self.emergency_active:
            return not self.emergency_exhausted
        if self.mode is not Mode.PREPAYMENT or not self.emergency_available():
            return False
        self.emergency_active = True
        self.told.discard(EMERGENCY_AVAILABLE)
        self.meter.event(EMERGENCY_ACTIVATED)
        self._changed()
        return True

    @rule("R-DIS-007")
    def adjust(self, amount: int) -> None:
        """Add to the balance."""
        self.settle()
        self.balance += amount
        self._changed()

    @rule("R-DIS-007", "R-EMC-004")
    def reset(self) -> None:
        """Set balance and accumulated debt to zero, and the emergency credit to its limit."""
        self.settle()
        self.balance = self.accumulated_debt = self.emergency_used = 0
        self.emergency_active = self.emergency_exhausted = False
        self._changed()

    @rule("R-PPM-003", "R-PPM-004", "R-PPM-005", "R-PPM-006", "R-DBT-006")
    def change_mode(self, mode: Mode) -> None:
        """Change the payment mode; debts stay."""
        self.settle()
        self.mode = mode
        self.told.clear()
        self._changed()

    def _changed(self) -> None:
        if self.may_be_on():
            self.told -= {DISABLED_FOR_CREDIT, DISABLEMENT_SUSPENDED}
            self.meter.credit_returned()
        self.look()
        self._plan()
