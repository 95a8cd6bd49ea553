"""How many commands a device has refused of late: more than usual is an event of its own (device rules 1)."""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

UNUSUAL = 0x8F60
MANY, PERIOD = 20, timedelta(hours=1)  #: as this maker has it


class BadCommands:
    """The times of the latest refused commands."""

    def __init__(self, device: "GbcsDevice") -> None:
        self._device = device
        self._times: deque[datetime] = deque(maxlen=MANY)

    def note(self) -> None:
        """Note that a command has been refused."""
        now = self._device.clock()
        self._times.append(now)
        if len(self._times) == MANY and now - self._times[0] <= PERIOD:
            self._times.clear()
            self.unusual()

    @rule("R-SEC-026")
    def unusual(self) -> None:
        """Write into the security log that there were unusually many; nobody is told."""
        self._device.logs.add(self._device.logs.security, UNUSUAL)
