"""The fixtures of test cases: bench's public API inside a test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.attacker import Attacker
from bench.authority import TestAuthority
from bench.capabilities import Hands, NoiseSource
from bench.clock import Clock
from bench.dcc_point import DccPoint
from bench.errors import NotApplicable
from bench.expecting import Expectation
from bench.firmware_point import FirmwarePoint
from bench.gas import AtTheMeter, GasPoint
from bench.generator import Generator
from bench.han_point import HanPoint
from bench.hand_held import HandHeld, InterPan
from bench.home import Home
from bench.householder import AtTheDisplay, AtTheHcalcs, AtTheHub, AtThePpmid
from bench.link import Link
from bench.local_point import LocalPoint
from bench.mains import Mains, Phases
from bench.neighbour import Neighbour
from bench.newcomer import Newcomer
from bench.noise import Noise
from bench.parties import Device, Party, Suppliers
from bench.street import StreetPoint
from bench.sub_ghz import SubGhz
from bench.timeline import Timeline
from bench.wan import Wan
from bench.wan_time import WanTime

__all__ = [
    "at_the_cad",
    "at_the_esme",
    "at_the_hcalcs",
    "at_the_hub",
    "at_the_ihd",
    "at_the_meter",
    "at_the_ppmid",
    "at_the_second_ppmid",
    "attacker",
    "authority",
    "clock",
    "cos_party",
    "dcc",
    "dut",
    "expect",
    "firmware",
    "gas",
    "gas_link",
    "gas_suppliers",
    "generator",
    "gpf",
    "gsme",
    "han",
    "hand_held",
    "hcalcs",
    "home",
    "hub",
    "inter_pan",
    "link",
    "local",
    "mains",
    "neighbour",
    "network_operator",
    "newcomer",
    "noise",
    "phases",
    "ppmid",
    "second_ppmid",
    "sleepy_ppmid",
    "street",
    "sub_ghz",
    "suppliers",
    "switched_load",
    "timeline",
    "wan",
    "wan_time",
]


@pytest.fixture
def home(request: pytest.FixtureRequest, _test_of_a_run: Home | None) -> Home:
    """The open rig."""
    if _test_of_a_run is None:
        pytest.fail(f"{request.node.nodeid} uses the rig but is no test case; decorate it with @testcase")
    return _test_of_a_run


@pytest.fixture
def clock(home: Home) -> Clock:
    """The rig's clock."""
    return home.clock


@pytest.fixture
def timeline(home: Home) -> Timeline:
    """The timeline of this test."""
    return home.timeline


@pytest.fixture
def expect(timeline: Timeline) -> Callable[[str, Any], Expectation]:
    """Statements about values: `expect("the import register", wh).equals(...)`."""
    return lambda what, value: Expectation(timeline, what, value)


@pytest.fixture
def dut(home: Home) -> Device:
    """The device under test: the electricity meter."""
    return home.device("ESME")


@pytest.fixture
def gsme(home: Home) -> Device:
    """The gas meter."""
    return home.device("GSME")


@pytest.fixture
def gpf(home: Home) -> Device:
    """The gas proxy function of the communications hub."""
    return home.device("GPF")


@pytest.fixture
def gas(home: Home) -> GasPoint:
    """Reads of gas meter and gas proxy through the DCC."""
    return GasPoint(home.need_dcc(), home.keystore)


@pytest.fixture
def at_the_meter(home: Home) -> AtTheMeter:
    """Hands at the gas meter: keys, taps, covers; and at the in-home display."""
    return home.need_hands()


@pytest.fixture
def at_the_esme(home: Home) -> AtTheMeter:
    """Hands at the electricity meter: keys, cover."""
    return home.need_hands("esme")


@pytest.fixture
def ppmid(home: Home) -> Device:
    """The PPMID."""
    return home.device("PPMID")


@pytest.fixture
def sleepy_ppmid(home: Home) -> Device:
    """The PPMID, on a rig where it sleeps."""
    ppmid = home.device("PPMID")
    if not ppmid.sleepy:
        raise NotApplicable(f"the PPMID of rig {home.rig.file.name} does not sleep (key 'sleepy')")
    return ppmid


@pytest.fixture
def at_the_ppmid(home: Home) -> AtThePpmid:
    """Hands at the PPMID: its keys."""
    return home.need_ppmid()


@pytest.fixture
def second_ppmid(home: Home) -> Newcomer:
    """Another PPMID, that is not on the network yet."""
    return home.need_newcomer("PPMID")


@pytest.fixture
def at_the_second_ppmid(home: Home, second_ppmid: Newcomer) -> AtThePpmid:
    """Hands at that one."""
    return home.need_ppmid(second_ppmid.device)


@pytest.fixture
def at_the_ihd(home: Home) -> AtTheDisplay:
    """Hands at the in-home display."""
    return home.need_display("IHD")


@pytest.fixture
def at_the_cad(home: Home) -> AtTheDisplay:
    """Hands at the consumer access device: what it shows, and attempts at what it may not."""
    return home.need_display("CAD")


@pytest.fixture
def switched_load(home: Home) -> float:
    """The load (W) behind auxiliary switch 1 of the electricity meter, on the measured feed."""
    return home.need_switched_load()


@pytest.fixture
def generator(home: Home) -> Iterator[Generator]:
    """A generator behind the electricity meter; it is off after the test."""
    made = home.need_generator()
    yield made
    made.off()


@pytest.fixture
def gas_link(home: Home) -> Link:
    """The radio path between hub and gas meter."""
    return home.need_gas_link()


@pytest.fixture
def gas_suppliers(home: Home) -> Suppliers:
    """Who supplies gas, and who is to gain the customer."""
    return home.gas_suppliers


@pytest.fixture
def hub(home: Home) -> Device:
    """The communications hub (CHF)."""
    return home.device("CHF")


@pytest.fixture
def dcc(home: Home) -> DccPoint:
    """The DCC and its users."""
    return home.need_dcc()


@pytest.fixture
def local(home: Home) -> LocalPoint:
    """The local way to the meter."""
    return home.need_local()


@pytest.fixture
def han(home: Home) -> HanPoint:
    """The sniffed home area network."""
    return home.need_han()


@pytest.fixture
def at_the_hub(home: Home) -> AtTheHub:
    """Eyes at the communications hub: its lamps."""
    return home.need_lamps()


@pytest.fixture
def hcalcs(home: Home) -> Device:
    """The load control switch on the HAN."""
    return home.device("HCALCS")


@pytest.fixture
def at_the_hcalcs(home: Home) -> AtTheHcalcs:
    """Hands at the load control switch on the HAN."""
    return home.need_hcalcs()


@pytest.fixture
def mains(home: Home) -> Mains:
    """The feed of meter and hub."""
    return home.need_mains()


@pytest.fixture
def phases(home: Home) -> Phases:
    """The phases of the feed, each for itself."""
    return home.need_mains().phases


@pytest.fixture
def street(home: Home) -> StreetPoint:
    """The other homes behind the DCC."""
    return home.need_street()


@pytest.fixture
def wan(home: Home) -> Wan:
    """The WAN between hub and DCC."""
    return home.need_wan()


@pytest.fixture
def wan_time(home: Home) -> WanTime:
    """The time the WAN tells the hub."""
    return home.need_wan_time()


@pytest.fixture
def neighbour(home: Home) -> Neighbour:
    """The home next door."""
    return Neighbour(home.rig.need("hands", Hands), home.timeline)  # type: ignore[type-abstract]


@pytest.fixture
def noise(home: Home) -> Iterator[Noise]:
    """A noise source on a radio channel; it is silent after the test."""
    source = home.rig.need("noise", NoiseSource)  # type: ignore[type-abstract]
    made = Noise(source, home.timeline, home.rig.file.safety.noise_max)
    yield made
    made.off()


@pytest.fixture
def sub_ghz(home: Home) -> SubGhz:
    """The hub's sub-GHz network, with the gas meter on it from now on."""
    hands = home.rig.need("hands", Hands)  # type: ignore[type-abstract]
    return SubGhz(home.device("CHF"), home.device("GSME"), home.need_dcc(), hands, home.timeline)


@pytest.fixture
def firmware(home: Home) -> FirmwarePoint:
    """Newer images for the meters, and their way through the DCC."""
    return home.need_firmware()


@pytest.fixture
def newcomer(home: Home) -> Newcomer:
    """A device that is not on the network yet, and a hand at its button."""
    return home.need_newcomer()


@pytest.fixture
def hand_held(home: Home) -> HandHeld:
    """A hand-held terminal, which is not on the network, and a hand at it."""
    return home.need_hand_held()


@pytest.fixture
def inter_pan(home: Home) -> InterPan:
    """The hub's inter-PAN for hand-held terminals: opened as this hub is, and knocked at."""
    return home.need_inter_pan()


@pytest.fixture
def attacker(home: Home) -> Attacker:
    """A radio that sends frames it should not."""
    return home.need_attacker()


@pytest.fixture
def authority(home: Home) -> TestAuthority:
    """The test SMKI's authorities: certificates of parties and devices made during a test."""
    return home.need_authority()


@pytest.fixture
def link(home: Home) -> Link:
    """The radio path between hub and meter."""
    return home.need_link()


@pytest.fixture
def suppliers(home: Home) -> Suppliers:
    """Who supplies the meter, and who is to gain it."""
    return home.suppliers


@pytest.fixture
def network_operator(home: Home) -> Party:
    """The network operator."""
    return home.network_operator


@pytest.fixture
def cos_party(home: Home) -> Party:
    """The change of supplier party."""
    return home.cos_party
