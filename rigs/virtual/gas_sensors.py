"""What a gas meter notices by its sensors beside what flows: events of their own each (GBCS 16)."""

from typing import TYPE_CHECKING

from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.gsme import Gsme

#: what happens to the meter -> event
EVENTS = {
    "excess-flow": 0x81B4,
    "air": 0x81B5,
    "reverse-flow": 0x81B6,
    "tilt": 0x81C3,
    "upright": 0x81C2,
    "battery-cover-closed": 0x81A1,
}


class Sensors:
    """The sensors of a gas meter."""

    def __init__(self, gsme: "Gsme") -> None:
        self._gsme = gsme

    def notice(self, what: str) -> None:
        """Notice what happens to the meter. Raises ValueError where it has no sensor for it."""
        if what not in EVENTS:
            raise ValueError(f"no sensor for {what!r}; there are those for {', '.join(EVENTS)}")
        self._gsme.event(self.event_of(what))

    @rule("R-GAS-013")
    def event_of(self, what: str) -> int:
        """Return the event of what has been noticed."""
        return EVENTS[what]
