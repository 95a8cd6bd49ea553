"""The hub's door for hand-held terminals: key establishment from PAN to PAN, open as one of three options says.

A terminal agrees a key there (cluster 0800), hands its install code over under that key, and joins as others do. How
the install code is framed is not public: here as a manufacturer's own command with APS security, which says nothing of
real devices.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bench.gbcs import Eui64
from bench.han.aps import PROFILE_SMART_ENERGY, ApsFrame, ApsType
from bench.han.cbke import CLUSTER
from bench.han.errors import HanError
from bench.han.mac import BROADCAST, MacFrame, MacType
from bench.han.nwk import NwkFrame, NwkType
from bench.han.security import decrypt_aps
from bench.han.zcl import ZclFrame, ZclType
from rigs.virtual.key_establishment import KeyEstablishment, issued_identity
from rigs.virtual.rules import rule
from rigs.virtual.trust_centre import CRYPTO_TIME
from rigs.virtual.world import Process

if TYPE_CHECKING:
    from rigs.virtual.hub import Hub
    from rigs.virtual.hub_log import HubLog

OPEN_FOR = timedelta(minutes=60)
JOIN_WITHIN = timedelta(minutes=2)  #: of its install code being taken
INSTALL_CODE = 16
TEST_MAKER, HAND_OVER = 0xFFF1, 0x00  #: manufacturer code, and its command that carries an install code


class Option(StrEnum):
    """What opens the door (by a rig file's key `inter_pan`)."""

    POWER_ON = "power-on"
    METER = "meter"
    NO_WAN = "no-wan"


def inter_pan_frame(pan: int, to: bytes, source: bytes, aps: ApsFrame) -> MacFrame:
    """Return a frame past the network: from a sender without PAN to a device by its EUI-64."""
    stub = bytes(NwkFrame(NwkType.INTER_PAN)) + bytes(aps)
    return MacFrame(MacType.DATA, 0, pan, bytes(to), BROADCAST, bytes(source), stub, ack_request=True)


def parse_inter_pan(frame: MacFrame) -> ApsFrame:
    """Return what an inter-PAN frame carries. Raises HanError for any other frame."""
    nwk = NwkFrame.parse(frame.payload)
    if nwk.type is not NwkType.INTER_PAN or not isinstance(frame.src, bytes):
        raise HanError("NWK", None, "no inter-PAN frame of a device with an EUI-64")
    aps = ApsFrame.parse(nwk.payload)
    if aps.type is not ApsType.INTER_PAN:
        raise HanError("APS", None, "no inter-PAN data")
    return aps


def key_establishment_frame(zcl: ZclFrame) -> ApsFrame:
    """Return the inter-PAN APS frame of a step of key establishment."""
    return ApsFrame(ApsType.INTER_PAN, None, bytes(zcl), cluster=CLUSTER, profile=PROFILE_SMART_ENERGY)


class InterPanDoor:
    """Answers hand-held terminals while it is open. A partner's number is its EUI-64."""

    def __init__(self, hub: "Hub", log: "HubLog", seed: int, option: Option, meters: tuple[Eui64, ...]) -> None:
        self._hub, self._log, self._world, self.option, self._meters = hub, log, hub.world, option, meters
        self.opened_at: datetime | None = None  #: by power-on or a meter's request
        self._agreed: dict[bytes, bytes] = {}  #: keys of key establishment, by EUI-64
        self._last_step: datetime | None = None
        node = hub.node
        self.keys = KeyEstablishment(
            Eui64(node.eui),
            lambda: issued_identity(seed, Eui64(node.eui)),
            lambda: hub.world.rng.getrandbits(320),
            self._answer,
        )
        self.keys.euis = lambda partner: partner.to_bytes(8)
        self.keys.agreed = lambda partner, key: self._key_agreed(partner.to_bytes(8), key)
        node.inter_pan = lambda frame: self.take(frame)  # noqa: PLW0108 - a defect may replace it
        hub.wan.on_return(lambda: self.wan_returned())  # noqa: PLW0108

    # ---- opening and closing -----------------------------------------------------------------------------------------

    @rule("R-AIR-010")
    def power_on(self) -> None:
        """The hub's supply has returned: a hub of option 1 opens."""
        if self.option is Option.POWER_ON:
            self.open()

    @rule("R-AIR-011")
    def asked(self, eui: Eui64, *, link_key: bool) -> None:
        """A device asks on the network to open: a hub of option 2 does, for a meter that asks under its link key."""
        if self.option is Option.METER and link_key and eui in self._meters:
            self.open()

    def open(self) -> None:
        """Open from now on, until it has not been used for its time."""
        self.opened_at = self._world.now
        self._world.process(self._watch())

    @rule("R-AIR-010", "R-AIR-011", "R-AIR-012")
    def is_open(self) -> bool:
        """Whether terminals are answered now."""
        if self.option is Option.NO_WAN:
            return not self._hub.wan.up
        return self.opened_at is not None and self._world.now < self.closes_at()

    @rule("R-AIR-010")
    def closes_at(self) -> datetime:
        """Return when it closes unless it is used before: an hour after it was opened or used last."""
        assert self.opened_at is not None
        return max([self.opened_at, *self.uses()]) + OPEN_FOR

    @rule("R-AIR-010")
    def uses(self) -> list[datetime]:
        """Return what counts as use: the last step of a terminal that has agreed a key, and what it sent since."""
        heard = [one.time for eui in self._log.visitors if (one := self._log.heard(eui)) is not None]
        return heard if self._last_step is None else [self._last_step, *heard]

    def _watch(self) -> Process:
        """Close when the time is over."""
        while self.opened_at is not None and self.is_open():
            yield self._world.wait(self.closes_at() - self._world.now)
        self.close()

    @rule("R-AIR-012")
    def wan_returned(self) -> None:
        """The WAN is back: a hub of option 3 ends what has come in meanwhile."""
        if self.option is Option.NO_WAN:
            self.close()

    def close(self) -> None:
        """End what has come in by it."""
        self.opened_at = self._last_step = None
        self._agreed.clear()
        self._log.end_visits()

    # ---- what terminals send -----------------------------------------------------------------------------------------

    @rule("R-AIR-009", "R-AIR-010", "R-AIR-011", "R-AIR-012")
    def take(self, frame: MacFrame) -> None:
        """Take an inter-PAN frame: key establishment, and what comes under its key, while the door is open."""
        if not self._hub.powered() or not self.is_open():
            return
        aps = parse_inter_pan(frame)
        assert isinstance(frame.src, bytes)
        if aps.cluster != CLUSTER:
            return
        if aps.security is None:
            self.keys.receive(aps.payload, int.from_bytes(frame.src))
        else:
            self._take_install_code(Eui64(frame.src), aps)

    @rule("R-AIR-013")
    def _take_install_code(self, eui: Eui64, aps: ApsFrame) -> None:
        """List a terminal that hands its install code over under the key it has agreed."""
        zcl = ZclFrame.parse(decrypt_aps(aps, self._agreed.get(eui, b""), eui)) if eui in self._agreed else None
        if zcl is None or (zcl.manufacturer, zcl.command) != (TEST_MAKER, HAND_OVER):
            return
        if zcl.type is ZclType.CLUSTER and len(zcl.payload) == INSTALL_CODE:
            del self._agreed[eui]
            self._last_step = self._world.now
            self._log.receive_visitor(eui, zcl.payload, self._world.now + JOIN_WITHIN)

    def _key_agreed(self, eui: bytes, key: bytes) -> None:
        self._last_step = self._world.now
        self._agreed[eui] = key

    def _answer(self, partner: int, zcl: ZclFrame) -> None:
        node = self._hub.node
        frame = inter_pan_frame(BROADCAST, partner.to_bytes(8), node.eui, key_establishment_frame(zcl))
        self._world.after(CRYPTO_TIME, lambda: self._world.process(node.mac.send_frame(frame)) and None)
