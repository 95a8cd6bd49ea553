"""The lamps of the communications hub."""

from datetime import timedelta
from typing import TYPE_CHECKING

from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.hub import Hub

GAS_SILENCE = timedelta(minutes=35)  #: of a gas meter that wakes each half hour


class Lamps:
    """What its lamps show; all are dark without supply."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    @rule("R-HUB-024")
    def wan(self) -> bool:
        """Whether there is a WAN."""
        return self._hub.wan.up

    @rule("R-HUB-024")
    def gas(self) -> bool:
        """Whether the gas meter has been heard of late."""
        heard = [self._hub.node.heard.get(store.short) for store in self._hub.sleepy.values()]
        return any(one is not None and self._hub.world.now - one < GAS_SILENCE for one in heard)

    def shown(self) -> str:
        """Return the state of each lamp."""
        on = self._hub.powered()
        states = {"software": on, "wan": on and self.wan(), "gas": on and self.gas()}
        return "; ".join(f"{name}: {'on' if lit else 'off'}" for name, lit in states.items())
