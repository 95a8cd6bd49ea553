"""The householder's devices: IHD, CAD and PPMID, on the network and joined with the meters for a long time."""

from collections.abc import Callable
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bench.gbcs import Eui64
from bench.han.nwk import UNASSIGNED
from bench.pki import TestSmki
from rigs.virtual.addresses import (
    CAD_EUI,
    CAD_SHORT,
    CHF_EUI,
    CHF_SHORT,
    ESME_EUI,
    ESME_SHORT,
    GPF_EUI,
    GSME_EUI,
    HCALCS_EUI,
    HCALCS_SHORT,
    IHD_EUI,
    IHD_SHORT,
    PPMID_EUI,
    PPMID_SHORT,
    READERS,
    SECOND_PPMID_EUI,
)
from rigs.virtual.device_log import ESME_TYPE, GPF_TYPE, GSME_TYPE, PPMID_TYPE, TYPE_2, Entry
from rigs.virtual.display import Display
from rigs.virtual.dozing import Dozing
from rigs.virtual.esme import Esme
from rigs.virtual.gsme import Gsme
from rigs.virtual.hcalcs import Hcalcs
from rigs.virtual.hub import Hub
from rigs.virtual.joining import Joiner, fresh
from rigs.virtual.ppmid import Ppmid
from rigs.virtual.radio import Medium
from rigs.virtual.trust_anchors import TrustAnchors
from rigs.virtual.world import World
from rigs.virtual.zigbee import Credentials, ZigbeeNode

LINK_LOSS_DB = 52.0
TUNNEL = 1  #: number of the tunnel that the hub has to a PPMID since long ago

PartnerKey = Callable[[Eui64], bytes]


class Household:
    """The devices, their radios, and the entries about them in the logs of both meters."""

    def __init__(self, world: World, medium: Medium, network: Credentials, partner_key: PartnerKey) -> None:
        self._world, self._medium, self._network, self._partner_key = world, medium, network, partner_key
        self.ihd = Display(world, self._node("IHD", IHD_EUI, IHD_SHORT), CHF_SHORT, ESME_SHORT)
        self.cad_node = self._node("CAD", CAD_EUI, CAD_SHORT)
        self.cad = Display(world, self.cad_node, CHF_SHORT, ESME_SHORT)
        self.ppmid: Ppmid
        self.second_ppmid: Ppmid
        self.joiner: Joiner

    def _node(self, name: str, eui: Eui64, short: int, on: Callable[[], bool] = lambda: True) -> ZigbeeNode:
        keys = {eui: self._network.link_keys[eui], ESME_EUI: self._partner_key(eui)}
        node = ZigbeeNode(
            self._world,
            self._medium,
            name,
            (eui, short),
            replace(self._network, link_keys=keys),
            {CHF_SHORT: CHF_EUI, ESME_SHORT: ESME_EUI},
            on,
            router=False,
        )
        self._medium.path("CHF", name, LINK_LOSS_DB)
        self._medium.path("ESME", name, LINK_LOSS_DB)
        return node

    def add_ppmid(self, smki: TestSmki, anchors: TrustAnchors, hub: Hub, *, sleepy: bool = False) -> None:
        """Add the PPMID, with a tunnel that is open; it may be one that sleeps."""
        doze = Dozing(self._world)
        node = self._node("PPMID", PPMID_EUI, PPMID_SHORT, doze.awake if sleepy else lambda: True)
        self.ppmid = Ppmid(self._world, PPMID_EUI, smki, anchors, node, TUNNEL)
        if sleepy:
            hub.node.mac.sleepers.add(PPMID_SHORT)
            doze.run(node, CHF_SHORT)
        hub.connect(PPMID_EUI, PPMID_SHORT, TUNNEL)

    def add_hcalcs(self, smki: TestSmki, anchors: TrustAnchors, hub: Hub, esme: Esme) -> None:
        """Add a switch on the HAN, with a tunnel that is open; it has not been joined with the meter yet."""
        node = self._node("HCALCS", HCALCS_EUI, HCALCS_SHORT, lambda: self.hcalcs.on_air())  # noqa: PLW0108
        self.hcalcs = Hcalcs(self._world, HCALCS_EUI, smki, anchors, node, TUNNEL)
        self.hcalcs.switching, self.hcalcs.switched = esme.integrate, esme.load_changed
        esme.auxiliary.appliances.append(lambda: self.hcalcs.load)
        esme.feed.listen(lambda volts: self.hcalcs.plug(volts > 0) if self.hcalcs.plugged is not (volts > 0) else None)
        hub.connect(HCALCS_EUI, HCALCS_SHORT, TUNNEL)

    def add_second_ppmid(self, smki: TestSmki, anchors: TrustAnchors, install_code: bytes, seed: int) -> None:
        """Add a PPMID that is not on the network yet."""
        node = ZigbeeNode(
            self._world,
            self._medium,
            "second PPMID",
            (SECOND_PPMID_EUI, UNASSIGNED),
            fresh(self._network),
            {},
            lambda: self.joiner.powered(),  # noqa: PLW0108 - it is made of this node
            router=False,
        )
        self.second_ppmid = Ppmid(self._world, SECOND_PPMID_EUI, smki, anchors, node)
        self.joiner = Joiner(self._world, node, install_code, seed)
        self.second_ppmid.on = lambda: self.joiner.powered()  # noqa: PLW0108
        self._medium.path("CHF", "second PPMID", LINK_LOSS_DB)

    def introduce(self, smki: TestSmki, esme: Esme, gsme: Gsme, meter_node: ZigbeeNode) -> None:
        """Enter the devices into the meters' logs, and the meters into the PPMID's, as joins have done long ago."""
        esme.device_log.entries |= {IHD_EUI: Entry(TYPE_2), CAD_EUI: Entry(TYPE_2), PPMID_EUI: Entry(PPMID_TYPE)}
        gsme.device_log.entries |= {
            GPF_EUI: Entry(GPF_TYPE),
            PPMID_EUI: Entry(PPMID_TYPE, _agreement(smki, PPMID_EUI)),
        }
        self.ppmid.device_log.entries |= {
            ESME_EUI: Entry(ESME_TYPE),
            GSME_EUI: Entry(GSME_TYPE, _agreement(smki, GSME_EUI)),
        }
        for eui, short in READERS.items():
            meter_node.partners[short] = eui
            meter_node.children.add(short)
            meter_node.credentials.link_keys[eui] = self._partner_key(eui)


def _agreement(smki: TestSmki, eui: Eui64) -> bytes:
    certificate: x509.Certificate = smki.device(eui).certificates["ka"]
    return certificate.public_bytes(Encoding.DER)
