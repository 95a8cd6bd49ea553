"""Display and keys of a meter: its pages, the privacy PIN that guards some, the customer's number."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rigs.virtual.account import Account
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gbcs_device import GbcsDevice

READING, HISTORY, PREPAYMENT, MESSAGE, NUMBER = "reading", "history", "prepayment", "message", "number"
ENABLE_SUPPLY = "enable supply"  #: the dialogue, which is no page
GUARDED = frozenset({HISTORY, PREPAYMENT, ENABLE_SUPPLY})
HIDDEN, BLANK = "hidden", "blank"
PIN_DIGITS = 4
NUMBER_SHOWN = timedelta(hours=2)  #: how long a customer identification number is shown

Pages = Mapping[str, Callable[[], str]]


class MeterScreen:
    """What a meter shows to who stands before it. `pin` is empty while protection is off; it outlasts an outage."""

    def __init__(self, meter: "GbcsDevice", pages: Pages) -> None:
        self._meter = meter
        self._pages = {**pages, NUMBER: lambda: self.shown_number()}  # noqa: PLW0108 - a defect may replace it
        self.pin = ""
        self._number, self._number_until = "", datetime.min

    @rule("R-PRV-008")
    def set_pin(self, digits: str, entered: str = "") -> bool:
        """Set the PIN by the keys, over one that is set only with that one; returns whether it was taken."""
        if not self.is_pin(digits) or (self.pin and not self.is_right(entered)):
            return False
        self.pin = digits
        return True

    @rule("R-PRV-014")
    def is_pin(self, digits: str) -> bool:
        """Whether digits may be a PIN: four of them."""
        return len(digits) == PIN_DIGITS and digits.isdigit()

    @rule("R-PRV-007")
    def disable_pin(self) -> None:
        """Show again what was guarded, by the supplier's command (ECS14, GCS11)."""
        self.pin = ""

    @rule("R-PRV-014")
    def guards(self, what: str) -> bool:
        """Whether a page or dialogue needs the PIN now."""
        return bool(self.pin) and what in GUARDED

    @rule("R-PRV-014")
    def is_right(self, entered: str) -> bool:
        """Whether what was entered is the PIN; after a wrong one the right one is as good as before."""
        return entered == self.pin

    def admits(self, what: str, entered: str) -> bool:
        """Whether a page or dialogue opens for who has entered something, or nothing."""
        return not self.guards(what) or self.is_right(entered)

    def page(self, what: str, entered: str = "") -> str:
        """Return what a page shows. Raises ValueError if there is no such page."""
        if what not in self._pages:
            raise ValueError(f"no page {what!r}; there are {', '.join(self._pages)}")
        if not self._meter.powered():
            return BLANK
        return (self._pages[what]() or BLANK) if self.admits(what, entered) else HIDDEN

    @rule("R-PRV-010")
    def take_number(self, digits: str) -> None:
        """Take a customer identification number (ECS50, GCS36) and show it from now on."""
        self._number, self._number_until = digits, self._meter.clock() + self.number_shown_for()

    @rule("R-PRV-010")
    def number_shown_for(self) -> timedelta:
        """Return how long a customer identification number is shown."""
        return NUMBER_SHOWN

    @rule("R-PRV-010")
    def shown_number(self) -> str:
        """Return the customer identification number while it is shown."""
        return self._number if self._number and self._meter.clock() < self._number_until else ""


def prepayment_status(account: Account) -> str:
    """Return the page of the prepayment status, 1/1000 p."""
    account.settle()
    figures = {
        "balance": account.balance,
        "emergency credit": account.emergency_left,
        "debt to clear": account.debt_to_clear(),
    }
    return ", ".join(f"{name} {value}" for name, value in figures.items())
