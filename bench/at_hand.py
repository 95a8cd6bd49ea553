"""What hands do at a device, as a stimulus on the timeline."""

from bench.capabilities import Hands
from bench.timeline import Timeline


def act(hands: Hands, timeline: Timeline, device: str, what: str) -> str:
    """Let hands do something at a device; return what it shows then."""
    shown = hands.do(device, what)
    timeline.record("hands", "stimulus", {"text": f"at the {device}: {what}; it shows {shown}", "shown": shown})
    return shown
