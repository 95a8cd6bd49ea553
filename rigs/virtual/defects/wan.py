"""Defects of what a hub keeps for its WAN, and of a meter that hears a command twice or out of order."""

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.gbcs_device import TRUSTED_SOURCE_FAILURE
from rigs.virtual.hub import Hub

WINDOW_MS = 60_000


@defect(
    "hub-drops-without-wan",
    device="Hub",
    breaks="R-ALT-009",
    story="What devices send while there is no WAN is dropped instead of kept.",
)
def drops_without_wan(hub: Hub) -> None:
    """Nothing waits."""
    keep = hub.outbox.keep
    hub.outbox.keep = lambda item: keep(item) if hub.wan.up else None  # type: ignore[method-assign]


@defect(
    "hub-sends-newest-first",
    device="Hub",
    breaks="R-ALT-009",
    story="The store is a stack: after days without WAN the newest alert comes first.",
)
def sends_newest_first(hub: Hub) -> None:
    """The order is turned round."""
    flush = hub.outbox.flush

    def turned():
        hub.outbox.waiting.reverse()
        flush()

    hub.outbox.flush = turned  # type: ignore[method-assign]


@defect(
    "hub-resends-at-every-reconnect",
    device="Hub",
    breaks="R-HUB-017",
    story="The store is emptied at midnight only: each time the WAN returns, all of the day is sent again.",
)
def resends_at_every_reconnect(hub: Hub) -> None:
    """What has been sent is sent again."""
    sent, flush = hub.outbox.sent, hub.outbox.flush
    arrived_items = []

    def note(item, arrived):
        if arrived:
            arrived_items.append(item)
        sent(item, arrived)

    def again():
        hub.outbox.waiting[:0] = [item for item in arrived_items if item not in hub.outbox.waiting]
        arrived_items.clear()
        flush()

    hub.outbox.sent, hub.outbox.flush = note, again  # type: ignore[method-assign]


@defect(
    "hub-keeps-two-messages",
    device="Hub",
    breaks="R-ALT-009",
    story="Without WAN there is room for two messages; the newest push the oldest out.",
)
def keeps_two_messages(hub: Hub) -> None:
    """The store is too small."""
    keep = hub.outbox.keep

    def push_out(item):
        keep(item)
        if not hub.wan.up:
            del hub.outbox.waiting[:-2]

    hub.outbox.keep = push_out  # type: ignore[method-assign]


@defect(
    "hub-cuts-off-slow-messages",
    device="Hub",
    breaks="R-HUB-002",
    story="Over a slow WAN the hub cuts messages off that take longer than ten seconds.",
)
def cuts_off_slow_messages(hub: Hub) -> None:
    """A long message loses its end on a slow WAN."""
    to_wan = hub.up

    def cut(transfer):
        to_wan(transfer[:-20] if hub.wan.rate and len(transfer) * 8 / hub.wan.rate > 10 else transfer)

    hub.up = cut  # type: ignore[method-assign]
    for function in hub.functions.values():
        function.send = cut


@defect(
    "esme-executes-overtaken-commands",
    device="Esme",
    breaks="R-SEC-006",
    story="Counters are let through within a window of a minute, for networks that change the order: an older command "
    "undoes a younger one.",
)
def executes_overtaken_commands(esme: Esme) -> None:
    """A window below the counter."""
    check = esme.check_counter

    def windowed(message):
        refusal = check(message)
        if refusal is None or refusal.event != TRUSTED_SOURCE_FAILURE:
            return refusal
        behind = esme.anchors.counters.get(esme.role_of(message), 0) - message.counter
        return None if 0 < behind < WINDOW_MS else refusal

    esme.check_counter = windowed  # type: ignore[method-assign]


@defect(
    "hub-loses-the-route-to-the-meter",
    device="Hub",
    breaks="R-HUB-002",
    story="The table of routes is filled at commissioning only: what the WAN brings for the meter is taken and lost.",
)
def loses_the_route_to_the_meter(hub: Hub) -> None:
    """Messages for devices with a tunnel go nowhere."""
    forward = hub.forward

    def to_others(transfer: bytes) -> None:
        tunnels = dict(hub._tunnels)
        hub._tunnels.clear()
        forward(transfer)
        hub._tunnels.update(tunnels)

    hub.forward = to_others  # type: ignore[method-assign]
