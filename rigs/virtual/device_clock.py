"""The clock of a device: how far off it is, whether it trusts itself, how it follows the hub (GBCS 9.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench.gbcs.trust_anchors import Role
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

RELIABLE, INVALID, UNRELIABLE = 0, 1, 2
TOLERANCE = timedelta(seconds=10)
SYNCHRONISATION = timedelta(hours=24)
NOT_ADJUSTED, ADJUSTED = 0x8F0C, 0x8145
OUTSIDE_TOLERANCE, COMMISSIONED = 0x81C6, 0x8F69

#: what the hub says: its time, and whether it is reliable; None: the hub is not heard
HubTime = Callable[[], tuple[datetime, int] | None]


@dataclass
class DeviceClock:
    """Time on a device. `error` is how far it is ahead of true time."""

    device: "GbcsDevice"
    hub: HubTime = lambda: None
    error: timedelta = timedelta()
    status: int = RELIABLE
    was_set: bool = True  #: whether it has been set since it was made
    outside: Callable[[], None] = lambda: None  #: what a meter does when the hub's time lay outside an interval
    first_set: Callable[[], None] = lambda: None  #: what a meter does when its clock is set for the first time

    @rule("R-TIM-016")
    def now(self) -> datetime:
        """Return the device's time: it runs on while there is no supply."""
        return self.device.world.now + self.error

    @rule("R-TIM-004", "R-TIM-005", "R-TIM-006", "R-TIM-015")
    def set_within(self, start: datetime, end: datetime) -> bool:
        """Take the hub's time over if it lies in an interval (ECS70, GCS28); returns whether it did."""
        said = self.hub()
        if said is None or said[1] != RELIABLE or not start <= said[0] <= end:
            self.status = self.distrusted()
            self.tell_not_adjusted()
            self.outside()
            return False
        self.adjust(said[0])
        if not self.was_set:
            self.was_set = True
            self.first_set()
        return True

    @rule("R-TIM-013")
    def distrusted(self) -> int:
        """Return the status of a clock that is not to be trusted: invalid until it has been set once."""
        return UNRELIABLE if self.was_set else INVALID

    @rule("R-TIM-013")
    def as_made(self) -> None:
        """The clock as it leaves the maker: it runs, and nobody has set it."""
        self.was_set, self.status = False, INVALID

    @rule("R-TIM-002", "R-TIM-011", "R-TIM-017")
    def adjust(self, to: datetime) -> None:
        """Set the clock and trust it."""
        self.error += to - self.now()
        self.status = RELIABLE
        self.device.logs.add(self.device.logs.event, ADJUSTED)
        self.device.clock_changed()

    @rule("R-TIM-009", "R-TIM-010", "R-TIM-015")
    def synchronise(self) -> None:
        """Compare with the hub: follow it within ten seconds, otherwise stay, and tell the supplier."""
        said = self.hub()
        if said is None or said[1] != RELIABLE or said[0] == self.now():
            return
        if abs(said[0] - self.now()) <= TOLERANCE:
            self.error += said[0] - self.now()
            self.status = RELIABLE if self.was_set else INVALID
            self.device.clock_changed()
            return
        self.status = self.distrusted()
        self.tell_not_adjusted()

    @rule("R-TIM-005", "R-TIM-010")
    def tell_not_adjusted(self) -> None:
        """Log and alert that the clock was not adjusted."""
        self.device.logs.add(self.device.logs.security, NOT_ADJUSTED)
        self.device.alert(NOT_ADJUSTED, Role.SUPPLIER)

    def run(self) -> None:
        """Synchronise once a day from now on."""

        def daily() -> None:
            if self.device.powered():
                self.synchronise()
            self.device.world.after(SYNCHRONISATION, daily)

        self.device.world.after(SYNCHRONISATION, daily)
