"""Defects of tunnels: what the hub does when it is refused one, what a meter refuses, what is carried to whom."""

from datetime import timedelta

from rigs.virtual.defects import defect
from rigs.virtual.esme import Esme
from rigs.virtual.hub import Hub
from rigs.virtual.hub_objects import HubObjects
from rigs.virtual.lamps import Lamps
from rigs.virtual.meter_tunnel import MeterTunnel
from rigs.virtual.world import Process


@defect(
    "hub-asks-busy-device-at-once",
    device="Hub",
    breaks="R-HUB-012",
    story="A device that says it is busy is asked again every thirty seconds, as one that did not answer.",
)
def asks_busy_at_once(hub: Hub) -> None:
    """Busy is nothing special."""
    hub.patience = lambda tunnel: timedelta(seconds=30)  # type: ignore[method-assign]


@defect(
    "hub-gives-busy-device-up",
    device="Hub",
    breaks="R-HUB-012",
    story="A device that was busy once is left alone for the rest of the day.",
)
def gives_busy_up(hub: Hub) -> None:
    """A day."""
    patience = hub.patience
    hub.patience = lambda tunnel: timedelta(days=1) if tunnel.refused == 1 else patience(tunnel)  # type: ignore[method-assign]


@defect(
    "hub-asks-again-without-closing",
    device="Hub",
    breaks="R-HUB-013",
    story="Where the device has no tunnel left, the hub just asks again: its own old tunnels are never closed.",
)
def asks_without_closing(hub: Hub) -> None:
    """Nothing is closed."""

    def nothing(tunnel) -> Process:
        yield hub.world.wait(timedelta())

    hub.close_tunnels = nothing  # type: ignore[method-assign]


@defect(
    "hub-closes-without-waiting",
    device="Hub",
    breaks="R-HUB-013",
    story="The next request is on the air before the device has answered the close, and is refused for that.",
)
def closes_without_waiting(hub: Hub) -> None:
    """The device's answers are not awaited."""
    close = hub.close_tunnels

    def at_once(tunnel) -> Process:
        hub.world.process(close(tunnel))
        yield hub.world.wait(timedelta(milliseconds=1))

    hub.close_tunnels = at_once  # type: ignore[method-assign]


@defect(
    "esme-gives-anybody-a-tunnel",
    device="MeterTunnel",
    breaks="R-HUB-014",
    story="The server side of the tunnelling cluster asks for nobody's place in the log: a CAD gets a tunnel.",
)
def gives_anybody_a_tunnel(tunnel: MeterTunnel) -> None:
    """All partners are the hub."""
    tunnel.may_have_tunnel = lambda partner: True  # type: ignore[method-assign]


@defect(
    "esme-refuses-tunnels-silently",
    device="Esme",
    breaks="R-HUB-014",
    story="A tunnel that is refused leaves no trace: neither log nor supplier hear of it.",
)
def refuses_silently(esme: Esme) -> None:
    """The two events are dropped."""
    event = esme.event
    esme.event = lambda code, *more: None if code in (0x81BA, 0x81A4) else event(code, *more)  # type: ignore[method-assign]


@defect(
    "esme-mixes-tunnel-rejections-up",
    device="Esme",
    breaks="R-HUB-014",
    story="The codes of a rejected request and a rejected close are exchanged.",
)
def mixes_rejections_up(esme: Esme) -> None:
    """One for the other."""
    event, other = esme.event, {0x81BA: 0x81A4, 0x81A4: 0x81BA}
    esme.event = lambda code, *more: event(other.get(code, code), *more)  # type: ignore[method-assign]


@defect(
    "hub-carries-to-removed-devices",
    device="Hub",
    breaks="R-HUB-003",
    story="A removal takes the device off the list that is read; keys and tunnel stay, and messages are carried on.",
)
def carries_to_removed(hub: Hub) -> None:
    """Neither the log nor the removal matter to the tunnel."""
    hub.is_listed = lambda eui: True  # type: ignore[method-assign]
    hub.inter_pan._log.evict = lambda eui: None


@defect(
    "hub-does-not-tell-undelivered",
    device="Hub",
    breaks="R-HUB-015",
    story="A command that cannot be delivered waits without end, and nobody hears of it.",
)
def does_not_tell(hub: Hub) -> None:
    """No 8F84."""
    hub.undelivered = lambda transfer: None  # type: ignore[method-assign]


@defect(
    "hub-tells-undelivered-twice",
    device="Hub",
    breaks="R-HUB-015",
    story="8F84 is sent again with every attempt to deliver.",
)
def tells_twice(hub: Hub) -> None:
    """Ten minutes later again."""
    undelivered = hub.undelivered

    def twice(transfer: bytes) -> None:
        undelivered(transfer)
        hub.world.after(timedelta(minutes=10), lambda: undelivered(transfer))

    hub.undelivered = twice  # type: ignore[method-assign]


@defect(
    "hub-has-no-version",
    device="HubObjects",
    breaks="R-HUB-022",
    story="The version attribute was kept for the gas proxy and meters: at the hub it reads as zeros.",
)
def has_no_version(objects: HubObjects) -> None:
    """Four zeros."""
    objects.firmware_version = lambda: bytes(4)  # type: ignore[method-assign]


@defect(
    "hub-lamp-shows-modem-not-wan",
    device="Lamps",
    breaks="R-HUB-024",
    story="The WAN lamp is lit while the modem has power, whether it has a network or not.",
)
def shows_modem(lamps: Lamps) -> None:
    """Always on."""
    lamps.wan = lambda: True  # type: ignore[method-assign]


@defect(
    "hub-gas-lamp-stays-on",
    device="Lamps",
    breaks="R-HUB-024",
    story="The gas lamp is lit when the gas meter has joined, and stays so when it is heard no more.",
)
def gas_lamp_stays(lamps: Lamps) -> None:
    """Joined once is enough."""
    lamps.gas = lambda: True  # type: ignore[method-assign]
