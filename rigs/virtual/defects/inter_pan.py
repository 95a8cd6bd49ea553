"""Defects of the hub's inter-PAN and of what it does with hand-held terminals."""

from datetime import timedelta

from bench.han.cbke import CLUSTER
from bench.han.errors import HanError
from bench.han.mac import MacFrame
from bench.han.zcl import ZclFrame, default_response
from rigs.virtual.defects import defect
from rigs.virtual.engineer_menu import EngineerMenu
from rigs.virtual.han_server import HanServer
from rigs.virtual.hub_log import HubLog
from rigs.virtual.inter_pan import InterPanDoor, Option, inter_pan_frame, key_establishment_frame, parse_inter_pan

ANY = ZclFrame.general(0x0B, 0, default_response(0, 0), from_server=True)


@defect(
    "hub-inter-pan-never-shuts",
    device="InterPanDoor",
    breaks="R-AIR-010",
    story="The timer that shuts inter-PAN an hour after power-on is never started.",
)
def never_shuts(door: InterPanDoor) -> None:
    """Open for a year."""
    closes_at = door.closes_at
    door.closes_at = lambda: closes_at() + timedelta(days=365)  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-shuts-two-minutes-late",
    device="InterPanDoor",
    breaks="R-AIR-010",
    story="The hour is counted by a task that runs every two minutes, and begins with its next run but one.",
)
def shuts_late(door: InterPanDoor) -> None:
    """62 minutes."""
    closes_at = door.closes_at
    door.closes_at = lambda: closes_at() + timedelta(minutes=2)  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-shuts-on-its-users",
    device="InterPanDoor",
    breaks="R-AIR-010",
    story="Inter-PAN shuts an hour after power-on, whether a terminal is at work or not.",
)
def shuts_on_its_users(door: InterPanDoor) -> None:
    """Use does not count."""
    door.uses = lambda: []  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-kept-open-by-strangers",
    device="InterPanDoor",
    breaks="R-AIR-010",
    story="Every frame that comes in starts the hour anew, also one that is refused.",
)
def kept_open_by_strangers(door: InterPanDoor) -> None:
    """Whatever comes counts as use."""
    take = door.take

    def heard(frame: MacFrame) -> None:
        if door.opened_at is not None:
            door._last_step = door._world.now
        take(frame)

    door.take = heard  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-open-without-wan",
    device="InterPanDoor",
    breaks="R-AIR-010",
    story="A release for another region opens inter-PAN also while there is no WAN.",
)
def open_without_wan(door: InterPanDoor) -> None:
    """Option 3 as well."""
    is_open = door.is_open
    door.is_open = lambda: is_open() or not door._hub.wan.up  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-leads-to-every-cluster",
    device="InterPanDoor",
    breaks="R-AIR-009",
    story="While inter-PAN is open for key establishment, frames of all clusters are taken and answered.",
)
def leads_to_every_cluster(door: InterPanDoor) -> None:
    """Anything is answered."""
    take = door.take

    def any_cluster(frame: MacFrame) -> None:
        if door.is_open() and parse_inter_pan(frame).cluster != CLUSTER:
            _answer(door._hub.node, frame)
        take(frame)

    door.take = any_cluster  # type: ignore[method-assign]


@defect(
    "esme-answers-from-pan-to-pan",
    device="HanServer",
    breaks="R-AIR-009",
    story="The meter's stack was built with inter-PAN for light fittings: it reads its attributes out to anybody.",
)
def esme_answers(server: HanServer) -> None:
    """The meter answers, too."""

    def take(frame: MacFrame) -> None:
        try:
            if parse_inter_pan(frame).cluster != CLUSTER:
                _answer(server._node, frame)
        except HanError:
            return

    server._node.from_inter_pan = take  # type: ignore[method-assign]


def _answer(node, frame: MacFrame) -> None:
    """Answer from PAN to PAN."""
    asked = parse_inter_pan(frame)
    aps = key_establishment_frame(ANY)
    aps = type(aps)(aps.type, None, aps.payload, cluster=asked.cluster, profile=asked.profile)
    told = inter_pan_frame(0xFFFF, frame.src, node.eui, aps)
    node._world.process(node.mac.send_frame(told))


@defect(
    "hub-never-lets-terminal-in",
    device="HubLog",
    breaks="R-AIR-013",
    story="The terminal's install code is taken, but joining is only ever opened by the DCC.",
)
def never_lets_terminal_in(log: HubLog) -> None:
    """Nobody is awaited."""
    log.awaits = lambda eui: False  # type: ignore[method-assign]


@defect(
    "hub-opens-for-all-with-terminal",
    device="HubLog",
    breaks="R-HAN-008",
    story="A terminal that comes in opens joining for whoever is listed, long after the time of those is over.",
)
def opens_for_all(log: HubLog) -> None:
    """One that is awaited is enough."""
    awaits = log.awaits
    log.awaits = lambda eui: any(map(awaits, log.visitors))  # type: ignore[method-assign]


@defect(
    "hub-keeps-terminal-in-log",
    device="HubLog",
    breaks="R-HAN-068",
    story="The terminal stays in the device table after the visit; after sixteen visits no device can be added.",
)
def keeps_terminal(log: HubLog) -> None:
    """Visits do not end."""
    log.end_visits = lambda: None  # type: ignore[method-assign]


@defect(
    "hub-remembers-terminal",
    device="HubLog",
    breaks="R-HAN-068",
    story="A terminal that is removed goes into the historic log, as every device does, and may come back by its key.",
)
def remembers_terminal(log: HubLog) -> None:
    """Everybody is remembered."""
    log.outlives_its_entry = lambda eui: True  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-opens-for-displays",
    device="InterPanDoor",
    breaks="R-AIR-011",
    story="Any device on the network is heard when it asks to open inter-PAN, the customer's display too.",
    variant="menu",
)
def opens_for_displays(door: InterPanDoor) -> None:
    """Who asks does not matter."""
    asked = door.asked
    meter = door._meters[0]
    door.asked = lambda eui, *, link_key: asked(meter, link_key=link_key)  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-opens-without-link-key",
    device="InterPanDoor",
    breaks="R-AIR-011",
    story="The meter's request is taken under the network key alone, which every device of the home has.",
    variant="menu",
)
def opens_without_link_key(door: InterPanDoor) -> None:
    """The short address is believed."""
    asked = door.asked
    door.asked = lambda eui, *, link_key: asked(eui, link_key=True)  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-opens-at-power-on-too",
    device="InterPanDoor",
    breaks="R-AIR-011",
    story="The code of the first option was left in: a power cycle opens inter-PAN without any PIN.",
    variant="menu",
)
def opens_at_power_on_too(door: InterPanDoor) -> None:
    """Power-on opens whatever the option."""
    door.power_on = door.open  # type: ignore[method-assign]


@defect(
    "esme-menu-takes-any-pin",
    device="EngineerMenu",
    breaks="R-AIR-011",
    story="The menu checks only that a PIN of the right length was keyed in.",
    variant="menu",
)
def takes_any_pin(menu: EngineerMenu) -> None:
    """Digits are counted."""
    menu.admits = lambda pin: len(pin) == len(menu._pin)  # type: ignore[method-assign]


@defect(
    "hub-session-outlives-wan-return",
    device="InterPanDoor",
    breaks="R-AIR-012",
    story="When the WAN is back, nobody new is answered, but who has come in stays on the network.",
    variant="no-wan",
)
def session_outlives(door: InterPanDoor) -> None:
    """The return is not noticed."""
    door.wan_returned = lambda: None  # type: ignore[method-assign]


@defect(
    "hub-inter-pan-shuts-late-after-wan",
    device="InterPanDoor",
    breaks="R-AIR-012",
    story="The hub looks for its WAN once a minute: so long inter-PAN stays open when it is back.",
    variant="no-wan",
)
def shuts_late_after_wan(door: InterPanDoor) -> None:
    """A minute more."""
    lost = door._world.now - timedelta(days=1)

    def is_open() -> bool:
        nonlocal lost
        if door.option is Option.NO_WAN and not door._hub.wan.up:
            lost = door._world.now
        return door._world.now - lost < timedelta(minutes=1)

    door.is_open = is_open  # type: ignore[method-assign]
