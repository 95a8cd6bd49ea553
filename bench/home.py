"""What a test case has in its hands: the open rig as devices, parties, mains, radio link and observation points."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from bench.attacker import Attacker
from bench.authority import TestAuthority
from bench.capabilities import (
    AcSource,
    Attenuator,
    DccGateway,
    FrameSource,
    Hands,
    LocalDelivery,
    Outlet,
    Street,
    Transmitter,
    WanPath,
)
from bench.dcc_point import DccPoint
from bench.driver import Driver
from bench.errors import BenchError, Inconclusive, NotRun
from bench.firmware_point import FirmwarePoint
from bench.gas import AtTheMeter
from bench.gbcs import Eui64, GbcsError, Keystore
from bench.gbcs.trust_anchors import Role
from bench.generator import Generator
from bench.han.errors import HanError
from bench.han.keyring import Keyring
from bench.han_point import HanPoint
from bench.hand_held import HandHeld, InterPan
from bench.householder import AtTheDisplay, AtTheHcalcs, AtTheHub, AtThePpmid
from bench.link import Link
from bench.local_point import LocalPoint
from bench.mains import Mains
from bench.newcomer import Newcomer
from bench.parties import Device, OriginatorCounters, Party, Suppliers
from bench.pki import PkiError, load_certificates
from bench.rig import Rig
from bench.street import StreetPoint
from bench.testcase import TestCase
from bench.wan import Wan
from bench.wan_time import WanTime

TERMINAL = "HHT"
INSTALL_CODE = 16  #: octets, without the CRC


class Home:
    """The rig from a test's point of view."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.clock, self.timeline = rig, rig.clock, rig.timeline
        file = rig.file
        self.devices = [
            Device(
                name,
                table.type,
                Eui64.of(table.eui),
                table.mpxn or "",
                table.feed or "",
                self._install_code(name, table.install_code),
                table.inter_pan,
                table.sleepy,
                table.menu_pin,
                table.variant,
            )
            for name, table in file.devices.items()
        ]
        names = ("supplier A", "supplier B")
        self.supplier_parties = [
            Party(name, Eui64.of(eui)) for name, eui in zip(names, file.parties.suppliers, strict=True)
        ]
        self.network_operator = Party("network operator", Eui64.of(file.parties.network_operator))
        self.cos_party = Party("CoS party", Eui64.of(file.parties.cos_party))
        self.acb = Party("access control broker", Eui64.of(file.parties.acb))
        try:
            self.keystore = Keystore.load(self._beside(file.keys.keystore))
        except (GbcsError, OSError) as problem:
            raise BenchError(f"{rig.path}: keys.keystore: {problem}") from None
        self.counters = OriginatorCounters()
        self.han = self._han()
        self.dcc = self._dcc()
        self.local = self._local()
        source, attenuator = rig.find("mains"), rig.find("attenuator")
        self._mains = (
            Mains(source, self.timeline, self.clock, file.safety, file.nominal)
            if isinstance(source, AcSource)
            else None
        )
        self._add_branches()
        self._wan = self._make_wan()
        gas_attenuator = rig.instruments.get(file.devices["gsme"].link or "") if "gsme" in file.devices else None
        self._gas_link = (
            Link("CHF - GSME", gas_attenuator, self.timeline, file.safety, file.nominal.attenuation)
            if isinstance(gas_attenuator, Attenuator)
            else None
        )
        self._link = (
            Link("CHF - ESME", attenuator, self.timeline, file.safety, file.nominal.attenuation)
            if isinstance(attenuator, Attenuator)
            else None
        )

    def _add_branches(self) -> None:
        for name, table in self.rig.file.devices.items():
            outlet = self.rig.instruments.get(table.outlet or "")
            if self._mains is not None and isinstance(outlet, Outlet):
                self._mains.add_branch(name, outlet)

    def _make_wan(self) -> Wan | None:
        file = self.rig.file
        links = (table.link for table in file.devices.values() if table.type == "CHF")
        attenuator = self.rig.instruments.get(next(links, None) or "")
        path = self.rig.find("wan")
        if not isinstance(attenuator, Attenuator) and not isinstance(path, WanPath):
            return None
        return Wan(
            attenuator if isinstance(attenuator, Attenuator) else None,
            path,
            self.timeline,
            self.clock,
            file.safety,
            file.nominal.attenuation,
        )

    def _beside(self, path: str) -> Path:
        """Return a path of the rig file: relative ones are relative to it."""
        return Path(self.rig.path).resolve().parent / Path(path).expanduser()

    def _install_code(self, name: str, file: str | None) -> bytes:
        if file is None:
            return b""
        try:
            code = bytes.fromhex(self._beside(file).read_text())
        except (OSError, ValueError) as problem:
            raise BenchError(f"{self.rig.path}: devices.{name}.install_code: {problem}; a file of hex digits") from None
        if len(code) != INSTALL_CODE:
            text = f"{len(code)} octets, an install code here has {INSTALL_CODE} without its CRC"
            raise BenchError(f"{self.rig.path}: devices.{name}.install_code: {text}")
        return code

    def _han(self) -> HanPoint | None:
        if self.rig.air is None:
            return None
        keys = self.rig.file.keys.han
        try:
            keyring = Keyring.load(self._beside(keys)) if keys else Keyring()
        except (HanError, OSError) as problem:
            raise BenchError(f"{self.rig.path}: keys.han: {problem}") from None
        hubs = [device.eui for device in self.devices if device.type == "CHF"]
        for device in self.devices:
            if device.install_code:
                keyring.add_install_code(device.install_code, (hubs[0], device.eui) if hubs else None)
        point = HanPoint(self.timeline, self.clock, keyring, self.devices)
        self.rig.listen_to_air(point.take, point.on_air)
        return point

    def _dcc(self) -> DccPoint | None:
        gateway = self.rig.find("dcc")
        if not isinstance(gateway, DccGateway) or not isinstance(gateway, Driver):
            return None
        parties = [*self.supplier_parties, self.network_operator, self.cos_party, self.acb]
        point = DccPoint(
            gateway,
            self.timeline,
            self.clock,
            self.keystore,
            self.acb.eui,
            parties,
            self.counters,
            self._issuing_authorities(),
        )
        self.rig.observe(gateway, point.take)
        return point

    def _issuing_authorities(self) -> tuple[bytes, ...]:
        path = self._beside(self.rig.file.keys.keystore) / "issuing.pem"
        try:
            certificates = load_certificates(path.read_bytes())
        except (PkiError, OSError) as problem:
            raise BenchError(
                f"{self.rig.path}: keys.keystore: {path.name}: {problem}; put the issuing authority there"
            ) from None
        return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)

    def _local(self) -> LocalPoint | None:
        delivery = self.rig.find("local")
        if not isinstance(delivery, LocalDelivery) or not isinstance(delivery, Driver):
            return None
        point = LocalPoint(
            delivery, self.timeline, self.clock, self.keystore, self.acb.eui, self.cos_party, self.counters
        )
        self.rig.observe(delivery, point.take)
        return point

    def begin_test(self, case: TestCase) -> None:
        """Bring mains and link to their rest and read how the test starts."""
        self.__dict__.pop("suppliers", None)
        self.__dict__.pop("gas_suppliers", None)
        self.rig.forgive()
        self.timeline.record("bench", "step", {"text": f"{case.id} {case.title}"})
        if self.rig.air is not None:
            self.rig.air.record()
        if self._mains is not None:
            self._mains.settle()
        if self._link is not None:
            self._link.settle()
        if self._gas_link is not None:
            self._gas_link.settle()
        if self._wan is not None:
            self._wan.settle()

    def device(self, kind: str) -> Device:
        """Return the device of a type. Raises NotRun when the rig has none."""
        found = [device for device in self.devices if device.type == kind]
        if not found:
            raise NotRun(f"rig {self.rig.file.name} has no {kind}")
        return found[0]

    def need_dcc(self) -> DccPoint:
        """Return the DCC point. Raises NotRun when the rig has none."""
        self.rig.need("dcc", DccGateway)  # type: ignore[type-abstract]
        assert self.dcc is not None
        return self.dcc

    def need_local(self) -> LocalPoint:
        """Return the local point. Raises NotRun when the rig has none."""
        self.rig.need("local", LocalDelivery)  # type: ignore[type-abstract]
        assert self.local is not None
        return self.local

    def need_han(self) -> HanPoint:
        """Return the HAN point. Raises NotRun when the rig has no sniffer."""
        if self.han is None:
            raise NotRun(f"rig {self.rig.file.name} has no {FrameSource.__name__} (role 'sniffer')")
        return self.han

    def need_mains(self) -> Mains:
        """Return the feed. Raises NotRun when the rig has no AC source."""
        self.rig.need("mains", AcSource)  # type: ignore[type-abstract]
        assert self._mains is not None
        return self._mains

    def need_wan(self) -> Wan:
        """Return the WAN. Raises NotRun when the rig can do nothing to it."""
        if self._wan is None:
            what = f"no {WanPath.__name__} (role 'wan') and no attenuator in the WAN path (key 'link' of the CHF)"
            raise NotRun(f"rig {self.rig.file.name} has {what}")
        return self._wan

    def need_street(self) -> StreetPoint:
        """Return the other homes of the DCC. Raises NotRun when the rig has none."""
        street = self.rig.need("street", Street)  # type: ignore[type-abstract]
        return StreetPoint(street, self.timeline)

    def need_gas_link(self) -> Link:
        """Return the radio link of the gas meter. Raises NotRun when the rig has no attenuator there."""
        if self._gas_link is None:
            raise NotRun(f"rig {self.rig.file.name} has no attenuator in the link of a device 'gsme'")
        return self._gas_link

    def need_switched_load(self) -> float:
        """Return the load (W) behind auxiliary switch 1 of the electricity meter. Raises NotRun when there is none."""
        load = next((one.switched_load for one in self.rig.file.devices.values() if one.type == "ESME"), None)
        if not load:
            raise NotRun(f"rig {self.rig.file.name} has no load behind the meter's auxiliary switch 1 (switched_load)")
        self.need_mains()
        return load

    def need_unusual_commands(self, kind: str) -> int:
        """Return how many bad commands in an hour are unusual to a meter. Raises NotRun when nobody says it."""
        return int(self._told_by_its_maker(kind, "unusual_commands", "how many bad commands are unusual to it"))

    def need_model(self, kind: str) -> str:
        """Return the model of a device: image type and hardware version. Raises NotRun when nobody says it."""
        return str(self._told_by_its_maker(kind, "model", "which image type and hardware version it has"))

    def _told_by_its_maker(self, kind: str, key: str, what: str) -> Any:
        told = next((getattr(one, key) for one in self.rig.file.devices.values() if one.type == kind), None)
        if told is None:
            raise NotRun(f"rig {self.rig.file.name} does not say of the {kind} {what} ({key})")
        return told

    def need_generator(self) -> Generator:
        """Return the generator behind the electricity meter. Raises NotRun when there is none."""
        meter = next((one for one in self.rig.file.devices.items() if one[1].type == "ESME"), None)
        if meter is None or meter[1].generation is None:
            raise NotRun(f"rig {self.rig.file.name} has no generator behind its electricity meter (generation)")
        self.need_mains()
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return Generator(hands, self.timeline, meter[0], meter[1].generation)

    def need_number_shown(self, kind: str) -> timedelta:
        """Return how long a meter shows a customer identification number. Raises NotRun when nobody says it."""
        told: timedelta = self._told_by_its_maker(
            kind, "number_shown", "how long it shows a customer identification number"
        )
        return told

    def need_link(self) -> Link:
        """Return the radio link. Raises NotRun when the rig has no attenuator."""
        self.rig.need("attenuator", Attenuator)  # type: ignore[type-abstract]
        assert self._link is not None
        return self._link

    def need_newcomer(self, kind: str = "") -> Newcomer:
        """Return a device (of a type) that joins during a test. Raises NotRun if there is none, or nobody at it."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        joining = [one for one in self.devices if one.install_code and one.type != TERMINAL]
        found = next((one for one in joining if kind in ("", one.type)), None)
        if found is None:
            what = kind or "device"
            raise NotRun(f"rig {self.rig.file.name} has no {what} that is not joined yet (key 'install_code')")
        return Newcomer(found, hands, self.timeline)

    def need_hand_held(self) -> HandHeld:
        """Return the hand-held terminal. Raises NotRun when the rig has none, or nobody at it."""
        return HandHeld(self.device(TERMINAL), self.rig.need("hands", Hands), self.timeline)  # type: ignore[type-abstract]

    def need_inter_pan(self) -> InterPan:
        """Return the hub's inter-PAN. Raises NotRun when the rig file does not say what opens it."""
        hub = self.device("CHF")
        if not hub.inter_pan:
            raise NotRun(f"rig {self.rig.file.name} does not say what opens the hub's inter-PAN (key 'inter_pan')")
        return InterPan(self, hub)

    def need_attacker(self) -> Attacker:
        """Return the transmitter of forged frames. Raises NotRun when the rig has none."""
        transmitter = self.rig.need("transmitter", Transmitter)  # type: ignore[type-abstract]
        han, network_key = self.need_han(), self.need_han().network_key()
        if network_key is None:
            raise NotRun(f"rig {self.rig.file.name}: the key ring (keys.han) has no network key to forge frames with")
        return Attacker(transmitter, han, self.timeline, self.clock, network_key)

    def need_authority(self) -> TestAuthority:
        """Return the test SMKI's authorities. Raises NotRun when their keys are not beside the key store."""
        return TestAuthority(self._beside(self.rig.file.keys.keystore), self.keystore, self.clock)

    def need_firmware(self) -> FirmwarePoint:
        """Return images and their way to the meters; asking for a device's raises NotRun where it has none."""
        named = self.rig.file.devices.items()
        paths = {Eui64.of(table.eui): self._beside(table.firmware) for _, table in named if table.firmware}
        return FirmwarePoint(self.need_dcc(), self.keystore, self.acb, paths)

    def need_wan_time(self) -> WanTime:
        """Return the time of the WAN. Raises NotRun when nobody can set it."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return WanTime(hands, self.timeline)

    def need_ppmid(self, ppmid: Device | None = None) -> AtThePpmid:
        """Return the hands at the PPMID, or at this one. Raises NotRun when the rig has none, or nobody at it."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return AtThePpmid(ppmid or self.device("PPMID"), hands, self.timeline, self.clock)

    def need_lamps(self) -> AtTheHub:
        """Return the eyes at the hub. Raises NotRun when the rig has none."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return AtTheHub(self.device("CHF"), hands, self.timeline, self.clock)

    def need_hcalcs(self) -> AtTheHcalcs:
        """Return the hands at the switch on the HAN. Raises NotRun when the rig has none, or nobody at it."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return AtTheHcalcs(self.device("HCALCS"), hands, self.timeline, self.clock)

    def need_display(self, kind: str) -> AtTheDisplay:
        """Return the hands at a device of type 2 (`IHD`, `CAD`). Raises NotRun when the rig has none."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return AtTheDisplay(self.device(kind), hands, self.timeline, self.clock)

    def need_hands(self, meter: str = "gsme") -> AtTheMeter:
        """Return the hands at a meter (`gsme`, `esme`). Raises NotRun when the rig has none."""
        hands = self.rig.need("hands", Hands)  # type: ignore[type-abstract]
        return AtTheMeter(hands, self.timeline, meter)

    @cached_property
    def suppliers(self) -> Suppliers:
        """Who supplies electricity now, read from the meter, and who is to gain it. Raises Inconclusive."""
        return self.suppliers_of(self.device("ESME"))

    @cached_property
    def gas_suppliers(self) -> Suppliers:
        """Who supplies gas now, read from the meter, and who is to gain it. Raises Inconclusive."""
        return self.suppliers_of(self.device("GSME"))

    def suppliers_of(self, meter: Device) -> Suppliers:
        """Return who supplies a meter now, read from it, and who is to gain it. Raises Inconclusive."""
        dcc = self.need_dcc()
        details = dcc.credentials(meter, ["Supplier"], as_user=self.supplier_parties[0])[Role.SUPPLIER]
        owner = {cell.subject for cell in details.cells}
        for losing, gaining in (self.supplier_parties, self.supplier_parties[::-1]):
            if owner == {losing.eui}:
                return Suppliers(losing, gaining)
        held = ", ".join(map(str, owner)) or "none"
        raise Inconclusive(f"the meter's supplier credentials are of {held}, not of one of the rig's suppliers")
