"""Top-up tokens on a meter: counter cache, checks in their order (GBCS 14; device rules 7.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs import GbcsError
from bench.gbcs.trust_anchors import KeyUsage, Role
from bench.gbcs.utrn import Ptut, ptut_of, recover_counter, token_mac
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

CACHE = 100
MILLIPENCE = 1000
TOP_UP_CELL = 1
DUPLICATE, NOT_AUTHENTIC, ABOVE_MAXIMUM_CREDIT, ABOVE_MAXIMUM_BALANCE = 0x8F51, 0x8F63, 0x8F5B, 0x8F47
LOCKED_OUT, ENTRY_SUSPENDED = 0x81C5, 0x81C4
MOST_FAILURES = 5
SUSPENSION = timedelta(hours=1)


@dataclass(frozen=True)
class Limits:
    """What a top up may be, 1/1000 p: the most in one, and the most the balance may become."""

    credit: int
    balance: int


class Tokens:
    """The cache of counters, and the checks. `credit` takes an accepted amount (1/1000 p)."""

    def __init__(
        self,
        device: "GbcsDevice",
        limits: Callable[[], Limits],
        balance: Callable[[], int],
        credit: Callable[[int], None],
    ) -> None:
        self._device, self._limits, self._balance, self._credit = device, limits, balance, credit
        self.cache: list[int] = []
        self.failures = 0
        self.suspended_at: datetime | None = None

    @rule("R-UTR-008", "R-UTR-009")
    def counter_of(self, token: Ptut, command_counter: int | None) -> int | None:
        """Return the counter of a token: of the command that brought it, else the nearest to the highest known.

        None where there is no such counter.
        """
        if command_counter is not None:
            counter = command_counter >> 32
            return counter if counter % 1024 == token.truncated_counter else None
        counter = recover_counter(token.truncated_counter, max([self.floor(), *self.cache]))
        return counter if 0 <= counter < 1 << 32 else None

    def floor(self) -> int:
        """Return the counter below which the present supplier issued nothing."""
        return self._device.anchors.top_up_counter

    @rule("R-UTR-017")
    def enter(self, utrn: str, command_counter: int | None = None) -> bool:
        """Enter a token; returns whether it was accepted. `command_counter`: of the command that brought it."""
        local = command_counter is None
        if local and self.locked_out():
            return False
        token = self.readable(utrn)
        if token is None or token.pence is None:
            return self.reject(None, local)
        counter, amount = self.counter_of(token, command_counter), token.pence * MILLIPENCE
        event = self.fault(token, counter, amount)
        if event is not None or counter is None:
            return self.reject(event, local)
        self.accept(counter, amount)
        return True

    @rule("R-UTR-001", "R-UTR-002", "R-UTR-003", "R-UTR-004", "R-UTR-005")
    def readable(self, utrn: str) -> Ptut | None:
        """Return what 20 digits hold; None where the check digit or the range is wrong."""
        try:
            return ptut_of(utrn)
        except GbcsError:
            return None

    @rule("R-UTR-017")
    def fault(self, token: Ptut, counter: int | None, amount: int) -> int | None:
        """Return the event of the first check that fails: counter, authenticity, limits."""
        if counter is None:
            return NOT_AUTHENTIC
        if self.is_duplicate(counter):
            return DUPLICATE
        if not self.is_authentic(token, counter):
            return NOT_AUTHENTIC
        return self.beyond_limits(amount)

    @rule("R-UTR-011", "R-UTR-012", "R-CRD-041")
    def is_duplicate(self, counter: int) -> bool:
        """Whether a counter has been used, or cannot be shown to be new."""
        if counter in self.cache or counter <= self.floor():
            return True
        return len(self.cache) >= CACHE and counter < min(self.cache)

    @rule("R-UTR-006", "R-UTR-013", "R-CRD-059")
    def is_authentic(self, token: Ptut, counter: int) -> bool:
        """Whether the supplier of this meter made the token for it."""
        device = self._device
        key = device.anchors.key(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT, TOP_UP_CELL)
        supplier = device.anchors.subject(Role.SUPPLIER)
        if key is None or supplier is None:
            return False
        return token_mac(device.secret(key), supplier, device.eui, counter, token.head) == token.mac

    @rule("R-UTR-014")
    def beyond_limits(self, amount: int) -> int | None:
        """Return the event of a limit an amount would break, None if it breaks none."""
        limits = self._limits()
        if amount > limits.credit:
            return ABOVE_MAXIMUM_CREDIT
        if self._balance() + amount > limits.balance:
            return ABOVE_MAXIMUM_BALANCE
        return None

    @rule("R-UTR-010", "R-UTR-016")
    def accept(self, counter: int, amount: int) -> None:
        """Remember the counter and credit the amount."""
        self.failures = 0
        self.cache = sorted([*self.cache, counter])[-CACHE:]
        self._credit(amount)

    @rule("R-UTR-011", "R-UTR-013", "R-UTR-014", "R-UTR-018")
    def reject(self, event: int | None, local: bool) -> bool:
        """Log why a token was not accepted; too many wrong ones suspend entry at the meter."""
        logs = self._device.logs
        if event is not None:
            logs.add(logs.security, event)
        if local:
            self.failures += 1
            if self.failures == MOST_FAILURES:
                self.suspended_at = self._device.clock()
                logs.add(logs.event, ENTRY_SUSPENDED)
                self._device.alert(ENTRY_SUSPENDED, Role.SUPPLIER)
        return False

    @rule("R-UTR-018")
    def locked_out(self) -> bool:
        """Whether entry at the meter is suspended, which ends after a time; an attempt meanwhile is logged."""
        if self.suspended_at is None:
            return False
        if self._device.clock() - self.suspended_at >= SUSPENSION:
            self.suspended_at, self.failures = None, 0
            return False
        logs = self._device.logs
        logs.add(logs.event, LOCKED_OUT)
        return True

    @rule("R-CRD-041")
    def owner_changed(self) -> None:
        """Forget the counters of the supplier that is gone."""
        self.cache = []
