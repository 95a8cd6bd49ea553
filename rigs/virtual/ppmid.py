"""A PPMID: a device of type 1 at which the householder tops up, takes emergency credit and turns the supply on."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from bench.gbcs import Cra, Eui64, GbcsError, Message
from bench.gbcs.crypto import verify_mac
from bench.gbcs.gbz import LAST, PROFILE, Gbz, GbzComponent
from bench.han.errors import HanError
from bench.han.nwk import COORDINATOR
from bench.han.zcl import DEFAULT_RESPONSE, ZclFrame
from bench.pki import TestSmki
from rigs.virtual.device_log import ESME_TYPE, GSME_TYPE
from rigs.virtual.display import Display
from rigs.virtual.gbcs_device import GbcsDevice
from rigs.virtual.gbz_device import METERING, PREPAYMENT, made
from rigs.virtual.han_server import (
    LOCAL_CHANGE_SUPPLY,
    SELECT_EMERGENCY,
    SUPPLY_ON,
    TOP_UP,
    TOP_UP_RESPONSE,
)
from rigs.virtual.meter_tunnel import MeterTunnel
from rigs.virtual.ota import CLUSTER as OTA
from rigs.virtual.ota import OtaClient
from rigs.virtual.ppmid_firmware import PpmidFirmware
from rigs.virtual.rules import rule
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.world import World
from rigs.virtual.zcl_objects import SUCCESS
from rigs.virtual.zigbee import ZigbeeNode

GAS_TOP_UP, GAS_EMERGENCY = 0x009B, 0x0090  #: message codes of PCS01, PCS02
HAN_DEVICE = 0x02  #: originating device of a top up
ELECTRICITY, GAS = "electricity", "gas"
METER_TYPES = {ELECTRICITY: ESME_TYPE, GAS: GSME_TYPE}
NO_METER, SENT = "no meter", "sent"


class Ppmid(GbcsDevice):
    """A display with keys. `shown` is what it says of the last thing that was asked of it; `on` whether it runs."""

    def __init__(
        self,
        world: World,
        eui: Eui64,
        smki: TestSmki,
        anchors: TrustAnchors,
        node: ZigbeeNode,
        tunnel: int | None = None,
    ) -> None:
        super().__init__(world, eui, smki, anchors, "PPMID")
        self.firmware = PpmidFirmware(self)
        self.node = node
        self.on: Callable[[], bool] = lambda: True
        self.on_boot: list[object] = []
        self.tunnel: object = None
        self.display = Display(world, node, COORDINATOR, next(iter(node.partners.keys() - {COORDINATOR}), COORDINATOR))
        end = MeterTunnel(self, node, tunnel)
        end.others = self._from_han
        self.ota = OtaClient(self, node, COORDINATOR, lambda: self.firmware.told_to_hub())  # noqa: PLW0108
        self.shown = "nothing"
        self._sequence = 0
        self._words: Callable[[bool], str] = lambda done: SENT  #: what is shown of an outcome

    def powered(self) -> bool:
        """Whether it runs."""
        return self.on()

    # ---- keys ----------------------------------------------------------------------------------------------------

    def top_up(self, fuel: str, digits: str) -> str:
        """Key in a token (PECS01, PCS01)."""
        self._words = lambda done: "accepted" if done else "rejected"
        payload = made(PREPAYMENT, True, TOP_UP, {"origDevice": HAN_DEVICE, "code": digits.encode()})
        return self._ask(fuel, GAS_TOP_UP, PREPAYMENT, TOP_UP, payload)

    def activate_emergency(self, fuel: str) -> str:
        """Ask for emergency credit (PECS02, PCS02)."""
        self._words = lambda done: "active" if done else "not available"
        payload = made(PREPAYMENT, True, SELECT_EMERGENCY, {"issued": 0, "origDevice": HAN_DEVICE})
        return self._ask(fuel, GAS_EMERGENCY, PREPAYMENT, SELECT_EMERGENCY, payload)

    def turn_on(self, status: int = SUPPLY_ON) -> str:
        """Ask the electricity meter to turn the supply on (PECS03); gas is turned on at the gas meter alone."""
        self._words = lambda done: "on" if done else "stays off"
        return self._ask(ELECTRICITY, None, METERING, LOCAL_CHANGE_SUPPLY, bytes((status,)))

    def _ask(self, fuel: str, code: int | None, cluster: int, command: int, payload: bytes) -> str:
        meter = self.meter(fuel)
        if meter is None:
            self.shown = NO_METER
            return self.shown
        self.shown = SENT
        self._sequence = (self._sequence + 1) & 0xFF
        if fuel == GAS and code is not None:
            self.send_to_gas_meter(meter, code, GbzComponent(LAST, cluster, 0x01, 0, command, payload))
        else:
            short = next((one for one, eui in self.node.partners.items() if eui == meter), COORDINATOR)
            frame = ZclFrame.cluster(command, self._sequence, payload)
            self.world.process(self.node.send(short, cluster, bytes(frame)))
        return self.shown

    @rule("R-HAN-042", "R-HAN-044")
    def meter(self, fuel: str) -> Eui64 | None:
        """Return the meter of a fuel that this device has been joined with, None where there is none."""
        known = self.device_log.entries.items()
        return next((eui for eui, entry in known if entry.type_code == METER_TYPES[fuel]), None)

    # ---- gas: GBCS messages through the hub -----------------------------------------------------------------------

    @rule("R-HAN-063", "R-CTR-009")
    def send_to_gas_meter(self, meter: Eui64, code: int, component: GbzComponent) -> None:
        """Send a command to the gas meter, with a MAC made of both devices' keys."""
        key = self.device_log.partner_key(meter)
        if key is None:
            self.shown = NO_METER
            return
        counter = self.next_own_counter()
        payload = bytes(Gbz(PROFILE, [component]))
        command = Message(Cra.COMMAND, counter, self.eui, meter, code, payload, signature=b"")
        self.send(bytes(self.maced(command, key)))

    @rule("R-HAN-061")
    def receive(self, data: bytes) -> None:
        """Take a message of the hub: a command, or the answer of the gas meter."""
        try:
            message = Message.parse(data)
        except GbcsError:
            message = None
        if message is None or message.cra is not Cra.RESPONSE:
            super().receive(data)
            return
        key = self.device_log.partner_key(message.originator)
        if key is not None and self.is_authentic(message, key):
            self._answered(Gbz.parse(message.payload).components[0])

    @rule("R-HAN-063")
    def is_authentic(self, message: Message, key: EllipticCurvePublicKey) -> bool:
        """Whether the gas meter made an answer."""
        return message.target == self.eui and message.mac is not None and verify_mac(message, self.secret(key))

    def _answered(self, answer: GbzComponent) -> None:
        status = answer.payload[1 if answer.profile_wide else 0]
        self.shown = self._words(status == SUCCESS)

    # ---- electricity: ZCL to the meter ------------------------------------------------------------------------------

    def _from_han(self, cluster: int, asdu: bytes, partner: int) -> None:
        try:
            frame = ZclFrame.parse(asdu)
        except HanError:
            return
        if cluster == OTA and frame.from_server:
            self.ota.receive(frame)
            return
        self.display.take(cluster, frame)
        if not frame.from_server or frame.sequence != self._sequence or len(frame.payload) < 2:
            return
        if not frame.type and frame.command == DEFAULT_RESPONSE:
            self.shown = self._words(frame.payload[1] == SUCCESS)
        elif frame.type and (cluster, frame.command) == (PREPAYMENT, TOP_UP_RESPONSE):
            self.shown = self._words(frame.payload[0] == SUCCESS)
