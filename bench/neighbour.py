"""The home next door, whose hub is on the channel of ours: hands switch it on."""

from typing import Literal

from bench import at_hand
from bench.capabilities import Hands
from bench.observation import Pattern
from bench.timeline import Timeline

#: a secured frame that none of the keys of our network opens
STRANGE = Pattern(
    "a frame of another network",
    lambda seen: seen.kind == "frame" and isinstance(seen.data.get("decrypted"), str),
)


class Neighbour:
    """A second home with keys that are not at hand; the next baseline is without it."""

    def __init__(self, hands: Hands, timeline: Timeline) -> None:
        self._hands, self._timeline = hands, timeline

    def move_in(self, pan: Literal["same-pan", "other-pan"]) -> None:
        """Switch it on: a hub and a meter on our channel, on our PAN id or on another."""
        at_hand.act(self._hands, self._timeline, "neighbour", f"move-in {pan}")
