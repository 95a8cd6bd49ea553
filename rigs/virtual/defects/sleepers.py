"""Defects of a hub whose PPMID sleeps."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.hub import Hub


@defect(
    "hub-does-not-hold-for-ppmid",
    device="Hub",
    breaks="R-HAN-066",
    story="The hub takes every PPMID for one with mains: it sends when it has something, and nobody listens.",
    variant="sleepy",
)
def does_not_hold(hub: Hub) -> None:
    """Nobody sleeps."""
    hub.node.mac.is_held = lambda destination: False  # type: ignore[method-assign]


@defect(
    "hub-does-not-tell-of-held-frames",
    device="Hub",
    breaks="R-HAN-066",
    story="The bit that tells a poller to stay awake is only set for devices that are joining.",
    variant="sleepy",
)
def does_not_tell(hub: Hub) -> None:
    """No pending bit."""
    hub.node.mac.waits_for = lambda poller: False  # type: ignore[method-assign]


@defect(
    "hub-holds-for-a-moment",
    device="Hub",
    breaks="R-HAN-066",
    story="Frames for a device that sleeps are kept for half a second, as long as the hub's own fast polls need.",
    variant="sleepy",
)
def holds_for_a_moment(hub: Hub) -> None:
    """Half a second."""
    hub.node.mac.hold_time = lambda: timedelta(milliseconds=500)  # type: ignore[method-assign]
