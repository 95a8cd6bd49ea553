"""What a device is to do at instants of its own clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice


@dataclass(eq=False)
class Appointment:
    """One thing to do."""

    at: datetime
    action: Callable[[], None]
    done: bool = False


class Agenda:
    """Appointments of a device. They survive a loss of supply; what fell due meanwhile is done at the next start."""

    def __init__(self, device: "GbcsDevice") -> None:
        self._device = device
        self._open: list[Appointment] = []

    def add(self, at: datetime, action: Callable[[], None]) -> Appointment:
        """Do something when the device's clock reaches an instant, at once if it has passed it."""
        made = Appointment(at, action)
        self._open.append(made)
        self._wait(made)
        return made

    @rule("R-FUT-014", "R-FUT-015", "R-FUT-016")
    def resume(self) -> None:
        """Wait anew: the clock has changed, or supply has returned."""
        for one in list(self._open):
            self._wait(one)

    def _wait(self, one: Appointment) -> None:
        delay = max(timedelta(), one.at - self._device.clock())
        self._device.world.after(delay, lambda: self.keep(one))

    @rule("R-FUT-014")
    def keep(self, one: Appointment) -> None:
        """Do what has fallen due, if the device runs and it has not been done."""
        if one.done or not self._device.powered() or self._device.clock() < one.at:
            return
        one.done = True
        self._open.remove(one)
        one.action()
