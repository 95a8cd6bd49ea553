"""Defects of hub and meter on the radio link."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.hub import Hub


@defect(
    "hub-drops-what-it-cannot-deliver",
    device="Hub",
    breaks="R-HUB-002",
    story="A message that finds no meter at once is thrown away instead of kept.",
)
def drops_what_it_cannot_deliver(hub: Hub) -> None:
    """The queue is emptied after a failed delivery."""
    deliver = hub._deliver

    def once(tunnel):
        done = yield from deliver(tunnel)
        if not done:
            tunnel.queue.clear()
        return done

    hub._deliver = once  # type: ignore[method-assign]


@defect(
    "hub-delivers-twice",
    device="Hub",
    breaks="R-HUB-017",
    story="After a link loss the hub sends every stored message twice.",
)
def delivers_twice(hub: Hub) -> None:
    """The head of the queue stays after a retry."""
    enqueue = hub._enqueue

    def twice(eui, transfer):
        enqueue(eui, transfer)
        enqueue(eui, transfer)

    hub._enqueue = twice  # type: ignore[method-assign]


@defect(
    "hub-last-in-first-out",
    device="Hub",
    breaks="R-HUB-002",
    story="Stored messages are delivered newest first: disable comes after enable.",
)
def last_in_first_out(hub: Hub) -> None:
    """The queue is a stack."""
    deliver = hub._deliver

    def newest_first(tunnel):
        tunnel.queue.reverse()
        return (yield from deliver(tunnel))

    hub._deliver = newest_first  # type: ignore[method-assign]


@defect(
    "hub-forgets-tunnel",
    device="Hub",
    breaks="R-HUB-011",
    story="A hub that has lost a meter waits for the meter to call, and never asks for a tunnel itself.",
)
def forgets_tunnel(hub: Hub) -> None:
    """No second RequestTunnel."""
    request, asked = hub._request, set()

    def once(tunnel):
        if tunnel.partner in asked:
            return
        yield from request(tunnel)
        if tunnel.number is not None:
            asked.add(tunnel.partner)

    hub._request = once  # type: ignore[method-assign]


@defect(
    "esme-alert-with-sending-time",
    device="Esme",
    breaks="R-ALT-008",
    story="An alert that had to wait carries the time at which it was sent.",
)
def alert_with_sending_time(esme: Esme) -> None:
    """Alerts are dated two minutes late."""
    payload = esme.alert_payload

    def late(code, at, extra, counter):
        return payload(code, at + timedelta(minutes=2), extra, counter)

    esme.alert_payload = late  # type: ignore[method-assign]
