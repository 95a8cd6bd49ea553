"""A generator behind the electricity meter as a test acts on it, by hands at its switch."""

from bench import at_hand
from bench.capabilities import Hands
from bench.timeline import Timeline


class Generator:
    """One generator of so many `watts`, behind the (primary element of the) meter."""

    def __init__(self, hands: Hands, timeline: Timeline, meter: str, watts: float) -> None:
        self._hands, self._timeline, self._meter = hands, timeline, meter
        self.watts = watts

    def on(self) -> None:
        """Let it run while there is supply."""
        at_hand.act(self._hands, self._timeline, self._meter, "generate on")

    def off(self) -> None:
        """Stop it."""
        at_hand.act(self._hands, self._timeline, self._meter, "generate off")
