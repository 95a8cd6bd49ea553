"""The virtual home: mains, radio, meter, hub and DCC, wired together; built anew at each baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from bench.gbcs import Eui64
from bench.gbcs.firmware import OtaImage
from bench.han.keyring import Keyring
from bench.han.nwk import UNASSIGNED
from bench.han.zcl import ZclFrame
from bench.pki import TestSmki, derive_private_key
from rigs.virtual.addresses import (
    CHF_EUI,
    CHF_SHORT,
    DEVICES,
    ESME_EUI,
    ESME_SHORT,
    GPF_EUI,
    GSME_EUI,
    GSME_SHORT,
    IHD_SHORT,
    LISTED,
    MPAN,
    MPRN,
    NEWCOMER_EUI,
    ON_THE_NETWORK,
    READERS,
    SECOND_PPMID_EUI,
)
from rigs.virtual.dcc import Dcc, Poster, User
from rigs.virtual.defects import Defect
from rigs.virtual.display import Display
from rigs.virtual.drlc import CLUSTER as LOAD_CONTROL
from rigs.virtual.engineer_menu import EngineerMenu
from rigs.virtual.esme import Esme
from rigs.virtual.firmware import HARDWARE, IMAGE_TYPES, MAKER
from rigs.virtual.gas_proxy import Gpf
from rigs.virtual.gbz_device import PRICE
from rigs.virtual.gsme import Gsme
from rigs.virtual.han_server import HanServer
from rigs.virtual.hand_held import HandHeld
from rigs.virtual.home_anchors import gas_anchors, hcalcs_anchors, hub_anchors, meter_anchors, ppmid_anchors
from rigs.virtual.household import LINK_LOSS_DB, Household
from rigs.virtual.hub import Hub, HubFunction
from rigs.virtual.hub_log import HubLog, Listed
from rigs.virtual.inter_pan import InterPanDoor, Option
from rigs.virtual.joining import Joiner, fresh
from rigs.virtual.lamps import Lamps
from rigs.virtual.load_control import LoadControl
from rigs.virtual.meter_tunnel import MeterTunnel
from rigs.virtual.neighbour import OTHER_PAN, Neighbour
from rigs.virtual.ota import CLUSTER as OTA
from rigs.virtual.ota import OtaClient
from rigs.virtual.ota_server import OtaServer
from rigs.virtual.phy import FSK
from rigs.virtual.polyphase import PolyphaseEsme
from rigs.virtual.power import Branch, Feed, ThreePhaseBranch
from rigs.virtual.radio import Attenuation, Medium, NoiseEmitter
from rigs.virtual.sleepy import SleepyEnd
from rigs.virtual.sleepy_store import SleepyStore
from rigs.virtual.street import Street
from rigs.virtual.sub_ghz import SubGhz
from rigs.virtual.sub_ghz_joining import SubGhzJoining
from rigs.virtual.trust_centre import TrustCentre
from rigs.virtual.twin import TwinEsme
from rigs.virtual.wan import Wan
from rigs.virtual.world import World
from rigs.virtual.zigbee import Credentials, ZigbeeNode

CHANNEL, PAN = 15, 0x1A62
SUB_GHZ_PAGE, SUB_GHZ_CHANNEL = 28, 5
SUB_GHZ_GAIN_DB = 9.0  #: less free space loss at 868 MHz than at 2.4 GHz
GAS_LINK_LOSS_DB = 61.0
SNIFFER_LOSS_DB = 40.0
PARTS = 10  #: of 32 octets in an image: a dozen blocks on the HAN
NEWER = 0x02000000  #: version of the image that is at hand for each meter
TARIFF = (0x0301, 0x0302, 0x0304, 0x0400, 0x0401, 0x0402, 0x0403, 0x0410, 0x0420, 0x0430, 0x0440)  #: known since then
METERS: dict[str, type[Esme]] = {"single": Esme, "twin": TwinEsme, "polyphase": PolyphaseEsme}
PHASES = {"single": 1, "twin": 1, "polyphase": 3}
START = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
NOT_BEFORE = datetime(2028, 1, 1, tzinfo=UTC)


@dataclass
class Site:
    """What outlives a baseline: the SMKI, the network's keys and frame counters, where users receive."""

    smki: TestSmki
    network: Credentials
    install_code: bytes  #: of the display that is not on the network yet
    seed: int
    users: dict[Eui64, User]
    defects: Sequence[Defect]
    poster: Poster
    variant: str = "single"  #: of the electricity meter
    inter_pan: Option = Option.POWER_ON  #: when the hub's door for hand-held terminals opens
    sleepy_ppmid: bool = False  #: whether the PPMID's receiver is off when it is idle
    gas_below: bool = False  #: whether the gas meter is on the sub-GHz network from the beginning

    @classmethod
    def of(cls, seed: int, defects: Sequence[Defect], receive: str, variant: str = "single") -> "Site":
        """Make a site from a seed."""
        smki = TestSmki.generate(seed, NOT_BEFORE)
        for eui in DEVICES:
            smki.device(eui)
        keys = {eui: _symmetric_key(seed, f"link {eui}") for eui in ON_THE_NETWORK}
        network = Credentials(PAN, _symmetric_key(seed, "network"), {bytes(eui): key for eui, key in keys.items()})
        names = ("supplier", "gaining_supplier", "network_operator")
        users = {eui: User(eui, receive) for eui in (getattr(smki.identities, name) for name in names)}
        code = _symmetric_key(seed, "install code")
        return cls(smki, network, code, seed, users, defects, Poster("dcc"), variant)

    @property
    def ppmid_install_code(self) -> bytes:
        """The install code of the PPMID that is not on the network yet."""
        return _symmetric_key(self.seed, "install code of the second PPMID")

    @property
    def hand_held_install_code(self) -> bytes:
        """The install code of the hand-held terminal."""
        return _symmetric_key(self.seed, "install code of the hand-held terminal")

    @property
    def menu_pin(self) -> str:
        """The PIN of the electricity meter's engineer's menu."""
        return f"{int.from_bytes(_symmetric_key(self.seed, 'menu PIN')) % 1_000_000:06d}"

    def partner_key(self, eui: Eui64) -> bytes:
        """Return the link key of a device and the electricity meter."""
        return _symmetric_key(self.seed, f"link {eui} and {ESME_EUI}")

    def write(self, folder: Path) -> dict[str, str]:
        """Write test keys for the bench: key store and HAN key ring; returns where."""
        store, ring = folder / "keystore", folder / "han-keys.toml"
        who = self.smki.identities
        users = [*self.users, who.acb, who.cos_party, who.recovery, who.wan_provider]
        self.smki.write(store, private=users, authorities=True)
        keyring = Keyring()
        keyring.add_network_key(self.network.network_key, 0, pan=PAN)
        for eui, key in self.network.link_keys.items():
            keyring.add_link_key(key, (bytes(CHF_EUI), eui))
        for eui in READERS:
            keyring.add_link_key(self.partner_key(eui), (bytes(ESME_EUI), bytes(eui)))
        keyring.save(ring)
        code = folder / "newcomer.code"
        code.write_text(self.install_code.hex())
        ppmid_code = folder / "second-ppmid.code"
        ppmid_code.write_text(self.ppmid_install_code.hex())
        written = {"keystore": str(store), "keyring": str(ring), "install_code": str(code)}
        written["ppmid_install_code"] = str(ppmid_code)
        hand_held_code = folder / "hand-held.code"
        hand_held_code.write_text(self.hand_held_install_code.hex())
        written["hand_held_install_code"] = str(hand_held_code)
        for kind, image_type in IMAGE_TYPES.items():
            content = derive_private_key(self.seed, f"firmware {kind}").private_numbers().private_value.to_bytes(32)
            image = OtaImage(
                MAKER, image_type, NEWER, content * PARTS, (HARDWARE, HARDWARE), b"virtual " + kind.encode()
            )
            file = folder / f"{kind.lower()}.ota"
            file.write_bytes(bytes(image))
            written[f"{kind.lower()}_firmware"] = str(file)
        return written


class Home:
    """One baseline of the home. Instruments reach `feed`, `attenuation` and `hub`; the sniffer gets `heard`."""

    def __init__(
        self,
        world: World,
        site: Site,
        heard: Callable[[bytes, float], None],
        heard_below: Callable[[bytes, float], None] = lambda psdu, dbm: None,
    ) -> None:
        self.world, self.site = world, site
        smki = site.smki
        self.feeds = [Feed(world) for _ in range(PHASES[site.variant])]
        self.feed = self.feeds[0]
        self.meter_feed = Branch(self.feed) if len(self.feeds) == 1 else ThreePhaseBranch(self.feeds)
        self.hub_feed = Branch(self.feed)
        self.attenuation, self.gas_attenuation = Attenuation(), Attenuation()
        self.medium = Medium(world, CHANNEL)
        self.band_below = Medium(world, SUB_GHZ_CHANNEL, FSK, SUB_GHZ_PAGE)
        chf_node = ZigbeeNode(
            world,
            self.medium,
            "CHF",
            (CHF_EUI, CHF_SHORT),
            replace(site.network, link_keys=dict(site.network.link_keys)),
            {ESME_SHORT: ESME_EUI, GSME_SHORT: GSME_EUI, **{short: eui for eui, short in READERS.items()}},
            lambda: self.hub.powered(),  # noqa: PLW0108 - the hub is made of this node
        )
        self.wan = Wan(world)
        self.hub = Hub(world, chf_node, self.hub_feed, self.wan)
        self.noise = NoiseEmitter()
        self.medium.disturb(self.noise)
        self.band_below.disturb(self.noise)
        radio = chf_node.radio(self.band_below)
        self.chf = HubFunction(self.hub, CHF_EUI, smki, hub_anchors(smki), "CHF")
        self.hub.sub_ghz = SubGhz(self.hub, self.chf, self.band_below, radio, self.noise)
        self.gpf = Gpf(self.hub, GPF_EUI, smki, meter_anchors(smki))
        meter = METERS[site.variant]
        self.esme = meter(world, ESME_EUI, smki, meter_anchors(smki), self.meter_feed, MPAN)
        self.esme_node = ZigbeeNode(
            world,
            self.medium,
            "ESME",
            (ESME_EUI, ESME_SHORT),
            replace(site.network, link_keys={ESME_EUI: site.network.link_keys[ESME_EUI]}),
            {CHF_SHORT: CHF_EUI},
            self.esme.powered,
        )
        self.tunnel = tunnel = MeterTunnel(self.esme, self.esme_node)
        self.han_server = HanServer(self.esme, self.esme_node)
        self.load_control = LoadControl(self.esme, self.esme_node)
        self.esme.on_boot.append(lambda: self.esme.firmware.verify())  # noqa: PLW0108 - a defect may replace it
        self.esme_ota = OtaClient(self.esme, self.esme_node, CHF_SHORT, self.esme.firmware.told_to_hub)
        tunnel.others = self._from_home
        tunnel.refused = lambda code: self.esme.event(code)  # noqa: PLW0108 - a defect may replace it
        self.esme.time.hub = lambda: self.hub.time()  # noqa: PLW0108 - a defect may replace it
        self.esme.time.run()
        self._add_gas(smki)
        self._add_household(smki)
        self._add_joining(chf_node)
        self.medium.path("CHF", "ESME", LINK_LOSS_DB, self.attenuation)
        self.medium.listen_in(SNIFFER_LOSS_DB, heard)
        self.band_below.listen_in(SNIFFER_LOSS_DB, heard_below)
        self.dcc = Dcc(world, smki, site.users, DEVICES, self.hub.from_wan, site.poster, self.wan, (site.variant,))
        self.hub.to_wan = self.dcc.from_wan
        self.dcc.to_image = self.hub.image_from_wan
        self.street = Street(world, smki, self.dcc.hub_outage, self.dcc.from_wan)
        self.hub.outage = lambda started: self.dcc.hub_outage(CHF_EUI, started, MPAN)
        for defect in site.defects:
            defect.apply_to(
                [
                    self.esme,
                    self.gsme,
                    self.gsme_radio,
                    self.esme_node,
                    self.esme_ota,
                    self.gsme_radio.ota,
                    self.household.ppmid.ota,
                    self.hub.ota,
                    self.hub.sub_ghz,
                    self.hub.sub_ghz.duty,
                    self.sub_ghz_joining,
                    self.chf,
                    self.chf.objects,
                    self.gpf,
                    self.hub,
                    *self.hub.sleepy.values(),
                    self.hub_log,
                    self.esme.device_log,
                    self.gsme.device_log,
                    self.gpf.device_log,
                    self.trust_centre,
                    self.hub.inter_pan,
                    self.engineer_menu,
                    self.gas_menu,
                    self.lamps,
                    self.tunnel,
                    self.han_server,
                    self.household.ppmid,
                    self.household.ppmid.device_log,
                    self.household.ppmid.display,
                    self.household.ihd,
                    self.household.cad,
                    self.household.ppmid.firmware,
                    self.household.second_ppmid,
                    self.household.hcalcs,
                    self.load_control,
                ]
            )
        if site.gas_below:
            self.gas_meter_below()
        self.hub.connect(ESME_EUI, ESME_SHORT)
        self.gsme_radio.start()

    def _from_home(self, cluster: int, asdu: bytes, partner: int) -> None:
        """Take what a device of the home sends to the electricity meter."""
        if cluster == OTA:
            self.esme_ota.receive(ZclFrame.parse(asdu))
        elif cluster == LOAD_CONTROL:
            self.load_control.receive(asdu, partner)
        else:
            self.han_server.receive(cluster, asdu, partner)

    def _add_gas(self, smki: TestSmki) -> None:
        """Add the gas meter: it has been there for two weeks, and the proxy has its history."""
        self.gsme = Gsme(self.world, GSME_EUI, smki, gas_anchors(smki), MPRN)
        node = ZigbeeNode(
            self.world,
            self.medium,
            "GSME",
            (GSME_EUI, GSME_SHORT),
            self.site.network,
            {CHF_SHORT: CHF_EUI},
            lambda: self.gsme_radio.awake,
            router=False,
        )
        self.gsme_radio = SleepyEnd(self.gsme, node, CHF_SHORT)
        self.gsme.time.hub = lambda: self.hub.time()  # noqa: PLW0108 - a defect may replace it
        self.gsme.time.run()
        self.hub.sleepy[GSME_EUI] = SleepyStore(self.hub, GSME_EUI, GSME_SHORT, self.gpf)
        mirror = self.gpf.mirror
        mirror.totals = {at: int(total) for at, total in self.gsme.gas.totals.items()}
        mirror.first, mirror.past = min(mirror.totals), self.gsme.gas.total_before
        for attribute in TARIFF:
            record = self.gsme.zcl.objects.read((PRICE, attribute))[1]
            if record is not None:
                mirror.attributes[PRICE, attribute] = record
        self.medium.path("CHF", "GSME", GAS_LINK_LOSS_DB, self.gas_attenuation)
        self.band_below.path("CHF", "GSME", GAS_LINK_LOSS_DB - SUB_GHZ_GAIN_DB, self.gas_attenuation)

    def next_door(self, same_pan: bool) -> None:
        """People move in next door, with a hub on our channel."""
        key = _symmetric_key(self.site.seed, "network next door")
        self.neighbour = Neighbour(self.world, self.medium, key, PAN if same_pan else OTHER_PAN)

    def gas_meter_below(self) -> None:
        """The dual-band gas meter is on the sub-GHz network from now on."""
        if GSME_SHORT not in self.hub.node.elsewhere:
            self.gsme_radio.use(self.band_below)
            self.hub.node.elsewhere[GSME_SHORT] = self.hub.sub_ghz.radio

    def _add_household(self, smki: TestSmki) -> None:
        """Add IHD, CAD and PPMID."""
        self.household = household = Household(self.world, self.medium, self.site.network, self.site.partner_key)
        self.ihd = household.ihd
        self.hub.displays[IHD_SHORT] = lambda asdu: self.gpf.from_display(asdu)  # noqa: PLW0108
        household.add_ppmid(smki, ppmid_anchors(smki), self.hub, sleepy=self.site.sleepy_ppmid)
        household.add_second_ppmid(smki, ppmid_anchors(smki), self.site.ppmid_install_code, self.site.seed)
        self.band_below.path("CHF", "second PPMID", LINK_LOSS_DB - SUB_GHZ_GAIN_DB)
        household.add_hcalcs(smki, hcalcs_anchors(smki), self.hub, self.esme)
        household.introduce(smki, self.esme, self.gsme, self.esme_node)

    def _add_joining(self, chf_node: ZigbeeNode) -> None:
        """Add the hub's log with those who have joined, its trust centre, and a display that has not joined yet."""
        site = self.site
        self.hub_log = HubLog(self.chf)
        self.hub_log.entries = {eui: Listed(link_key=site.network.link_keys.get(eui)) for eui in LISTED}
        self.hub_log.gpf = GPF_EUI
        self.hub.ota = OtaServer(self.hub, self.chf, self.hub_log)
        self.sub_ghz_joining = SubGhzJoining(self.hub, self.hub_log)
        self.trust_centre = TrustCentre(self.world, chf_node, self.hub_log, site.seed)
        node = ZigbeeNode(
            self.world,
            self.medium,
            "newcomer",
            (NEWCOMER_EUI, UNASSIGNED),
            fresh(site.network),
            {},
            lambda: self.newcomer.powered(),  # noqa: PLW0108 - it is made of this node
            router=False,
        )
        self.new_ihd = Display(self.world, node, CHF_SHORT)
        self.newcomer = Joiner(self.world, node, site.install_code, site.seed)
        self.trust_centre.joined = self._serve
        self.hub.listed = lambda eui: eui in self.hub_log.entries
        self.hub.alerted_of = {ESME_EUI}
        self.lamps = Lamps(self.hub)
        door = InterPanDoor(self.hub, self.hub_log, site.seed, site.inter_pan, (ESME_EUI, GSME_EUI))
        self.hub.inter_pan = door
        self.trust_centre.asked_to_open = lambda eui: door.asked(eui, link_key=chf_node.under_link_key)
        self.engineer_menu = EngineerMenu(self.esme_node, self.world, site.menu_pin)
        self.gas_menu = EngineerMenu(self.gsme_radio.node, self.world, site.menu_pin, self.gsme_radio.wake)
        self.medium.path("CHF", "newcomer", LINK_LOSS_DB)

    @cached_property
    def hand_held(self) -> HandHeld:
        """The hand-held terminal, from the first time that somebody takes it out."""
        site = self.site
        return HandHeld(self.world, self.medium, site.network, site.hand_held_install_code, site.seed)

    def _serve(self, short: int) -> None:
        """Serve a device that has agreed a key, by its type."""
        eui = Eui64(self.hub.node.partners[short])
        if eui == SECOND_PPMID_EUI:
            self.hub.connect(eui, short)
            return
        self.hub.displays[short] = lambda asdu: self.gpf.from_display(asdu)  # noqa: PLW0108


def _symmetric_key(seed: int, label: str) -> bytes:
    return derive_private_key(seed, label).private_numbers().private_value.to_bytes(32)[:16]
