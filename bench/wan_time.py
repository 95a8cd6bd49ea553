"""The time the WAN tells the hub, where somebody or something can set it (hands at the WAN emulator)."""

from datetime import timedelta

from bench.capabilities import Hands
from bench.timeline import Timeline


class WanTime:
    """Sets the WAN's time ahead of true time, or behind it."""

    def __init__(self, hands: Hands, timeline: Timeline) -> None:
        self._hands, self._timeline = hands, timeline

    def set_ahead(self, by: timedelta) -> None:
        """Let the WAN tell the hub a time that is ahead of true time (negative: behind); the hub takes it over."""
        seconds = by.total_seconds()
        shown = self._hands.do("wan", f"time {seconds:.3f}")
        text = f"at the WAN emulator: its time is {seconds:.3f} s ahead of true time"
        self._timeline.record("hands", "stimulus", {"text": text, "shown": shown})
