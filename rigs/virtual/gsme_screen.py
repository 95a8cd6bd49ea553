"""Display and keys of the gas meter."""

from typing import TYPE_CHECKING

from bench.gbcs.gbz import GbzComponent
from rigs.virtual.account import DAY
from rigs.virtual.gbz_device import MANAGEMENT, MESSAGING, values
from rigs.virtual.meter_screen import HISTORY, MESSAGE, PREPAYMENT, READING, MeterScreen, prepayment_status
from rigs.virtual.rules import rule
from rigs.virtual.zcl_objects import FAILURE, SUCCESS, Answer

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

NEW_PASSWORD, UPDATE_NUMBER, DISPLAY_MESSAGE = 0x02, 0x06, 0x00
PRIVACY_PIN = 2  #: type of password


class GsmeScreen(MeterScreen):
    """Pages of the gas meter."""

    def __init__(self, gsme: "Gsme") -> None:
        pages = {
            READING: lambda: f"{gsme.objects.register()} l",
            HISTORY: lambda: self.used_today(),  # noqa: PLW0108 - a defect may replace it
            PREPAYMENT: lambda: prepayment_status(gsme.account),
            MESSAGE: lambda: self.words,
        }
        super().__init__(gsme, pages)
        self._gsme = gsme
        self.words = ""  #: of the supplier
        commands = gsme.zcl.objects.commands
        commands[MANAGEMENT, False, NEW_PASSWORD] = lambda component: self.new_password(component)  # noqa: PLW0108
        commands[MANAGEMENT, False, UPDATE_NUMBER] = self._number_sent
        commands[MESSAGING, False, DISPLAY_MESSAGE] = lambda component: self.show_message(component)  # noqa: PLW0108

    def used_today(self) -> str:
        """Return the gas used on the last day."""
        now = self._gsme.clock()
        return f"{sum(litres for _, litres in self._gsme.gas.half_hours(now - DAY, now))} l"

    @rule("R-PRV-007")
    def new_password(self, component: GbzComponent) -> Answer:
        """Switch the PIN off (GCS11): an empty one is sent, and no other taken."""
        asked = values(component)
        if asked["type"] != PRIVACY_PIN or asked["password"]:
            return FAILURE
        self.disable_pin()
        return SUCCESS

    def _number_sent(self, component: GbzComponent) -> Answer:
        self.take_number(values(component)["cin"].decode("utf-8", "replace"))
        return SUCCESS

    @rule("R-PRV-011")
    def show_message(self, component: GbzComponent) -> Answer:
        """Show the supplier's message (GCS07)."""
        self.words = values(component)["message"].decode("utf-8", "replace")
        return SUCCESS
