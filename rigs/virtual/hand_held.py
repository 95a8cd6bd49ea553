"""A hand-held terminal: agrees a key with the hub from PAN to PAN, hands its install code over, joins as a display."""

from enum import StrEnum

from bench.gbcs import Eui64
from bench.han.errors import HanError
from bench.han.mac import MacFrame, MacType
from bench.han.mac_commands import Beacon, beacon_request
from bench.han.nwk import UNASSIGNED
from bench.han.security import secure_aps
from bench.han.zcl import ZclFrame, ZclType
from rigs.virtual.addresses import CHF_SHORT, ESME_EUI, ESME_SHORT, HAND_HELD_EUI
from rigs.virtual.display import Display
from rigs.virtual.household import LINK_LOSS_DB
from rigs.virtual.inter_pan import (
    HAND_OVER,
    TEST_MAKER,
    inter_pan_frame,
    key_establishment_frame,
    parse_inter_pan,
)
from rigs.virtual.joining import AGREEMENT_WAIT, SCAN_TIME, STEP, Joiner, State, fresh
from rigs.virtual.key_establishment import KeyEstablishment, issued_identity
from rigs.virtual.radio import Medium
from rigs.virtual.trust_centre import CRYPTO_TIME
from rigs.virtual.world import Process, World
from rigs.virtual.zigbee import Credentials, ZigbeeNode

NAME = "hand-held"


class Shown(StrEnum):
    """What its display says of the visit."""

    AWAY = "away"
    NO_HUB = "no hub"
    AGREEING = "agreeing"
    REFUSED = "not answered"


class HandHeld:
    """One terminal beside the home. It has no key of the network and none of a meter."""

    def __init__(self, world: World, medium: Medium, network: Credentials, install_code: bytes, seed: int) -> None:
        self._world, self._install_code = world, install_code
        self._shown = Shown.AWAY
        self._hub, self._pan = b"", 0
        self._key = b""
        self._failed = False
        self.node = node = ZigbeeNode(
            world, medium, NAME, (HAND_HELD_EUI, UNASSIGNED), fresh(network), {}, self.powered, router=False
        )
        self.display = Display(world, node, CHF_SHORT, ESME_SHORT)
        self.joiner = Joiner(world, node, install_code, seed)
        self._joiner_takes, node.mac_command = node.mac_command, self._from_mac
        node.inter_pan = self._from_inter_pan
        medium.path("CHF", NAME, LINK_LOSS_DB)
        medium.path("ESME", NAME, LINK_LOSS_DB)
        self.keys = KeyEstablishment(
            Eui64(node.eui),
            lambda: issued_identity(seed, Eui64(node.eui)),
            lambda: world.rng.getrandbits(320),
            self._tell,
        )
        self.keys.euis = lambda partner: partner.to_bytes(8)
        self.keys.agreed = lambda partner, key: self._agreed(key)
        self.keys.failed = lambda partner, status: self._give_up()

    def powered(self) -> bool:
        """Whether its radio is on: from the press of its button until it is away again."""
        return self._shown is Shown.AGREEING or self.joiner.powered()

    def visit(self) -> None:
        """Press the button with which it looks for a hub."""
        if not self.powered():
            self._world.process(self._visit())

    def state(self) -> str:
        """Return what its display says of the visit."""
        return self.joiner.state if self.joiner.state is not State.ALONE else self._shown

    def forget(self) -> None:
        """Reset it to how it came from the factory."""
        self.joiner.forget()
        self._shown = Shown.AWAY

    def attempt(self, what: str, argument: str) -> None:
        """Send the electricity meter what a terminal may not, with what it has: no key of the meter."""
        self.node.partners[ESME_SHORT] = ESME_EUI
        self.display.attempt(what, argument)

    def _visit(self) -> Process:
        self._shown, self._hub, self._key, self._failed = Shown.AGREEING, b"", b"", False
        yield from self.node.mac.send_frame(beacon_request(0))
        yield self._world.wait(SCAN_TIME)
        if not self._hub:
            self._shown = Shown.NO_HUB
            return
        self.keys.initiate(int.from_bytes(self._hub))
        for _ in range(AGREEMENT_WAIT // STEP):
            if self._key or self._failed:
                break
            yield self._world.wait(STEP)
        if not self._key:
            self._shown = Shown.REFUSED
            return
        yield self._world.wait(CRYPTO_TIME)
        yield from self._hand_over()
        self.joiner.join()
        self._shown = Shown.AWAY

    def _hand_over(self) -> Process:
        zcl = ZclFrame(ZclType.CLUSTER, 1, HAND_OVER, self._install_code, manufacturer=TEST_MAKER)
        counter = self.node.next_counter("aps")
        aps = secure_aps(key_establishment_frame(zcl), self._key, counter, self.node.eui)
        yield from self.node.mac.send_frame(inter_pan_frame(self._pan, self._hub, self.node.eui, aps))

    def _tell(self, partner: int, zcl: ZclFrame) -> None:
        frame = inter_pan_frame(self._pan, partner.to_bytes(8), self.node.eui, key_establishment_frame(zcl))
        self._world.after(CRYPTO_TIME, lambda: self._world.process(self.node.mac.send_frame(frame)) and None)

    def _agreed(self, key: bytes) -> None:
        self._key = key

    def _give_up(self) -> None:
        self._failed = True

    def _from_mac(self, frame: MacFrame) -> None:
        if frame.type is MacType.BEACON and self._shown is Shown.AGREEING:
            beacon = Beacon.parse(frame.payload)
            if beacon.zigbee is not None and frame.src_pan is not None:
                self._hub, self._pan = beacon.zigbee.epid, frame.src_pan
        self._joiner_takes(frame)

    def _from_inter_pan(self, frame: MacFrame) -> None:
        try:
            aps = parse_inter_pan(frame)
            if isinstance(frame.src, bytes) and self._shown is Shown.AGREEING and aps.security is None:
                self.keys.receive(aps.payload, int.from_bytes(frame.src))
        except HanError:
            return
