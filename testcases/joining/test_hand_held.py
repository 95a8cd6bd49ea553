"""A hand-held terminal: how it comes onto the network, what it may there, and that nothing of it stays."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ArmSupply, DisableSupply
from bench.han.cbke import CONFIRM_KEY, EPHEMERAL_DATA, INITIATE
from bench.han.nwk import NwkType
from bench.testcase import opened_by, testcase
from testcases.joining.steps import historic_hashes, key_hashes, try_to_join
from testcases.prepayment.conftest import meter  # noqa: F401 - a fixture
from testcases.prepayment.meters import POUND

ELECTRICITY = pytest.mark.parametrize("meter", ["electricity"], indirect=True)
VISIT = seconds(25)  #: two key establishments and a join
STAY = minutes(61)  #: after which nobody uses inter-PAN any more
WINDOW = 120  #: s
ATTEMPTS = ("top-up", "emergency-credit", "enable-supply", "write-price")


def visit(hand_held, clock, expect):
    """Let the terminal come in; inter-PAN is open."""
    hand_held.press_join()
    clock.sleep(VISIT)
    expect("that the terminal has joined", hand_held.joined).equals(True, rule="R-AIR-013")


@testcase(
    "HAN-131",
    "A terminal agrees a key past the network, hands over its install code unseen, and joins by it",
    rules=["R-AIR-013", "R-HAN-030"],
    requirements=["SDAG9-3.6-HANJOIN", "SDAG9-3.3-HHTTYPE2"],
    devices=["CHF"],
)
def test_visit(inter_pan, hand_held, han, clock, timeline, expect):
    sent = han.query(f'cluster == key_establishment and src_eui == "{hand_held.eui}"')
    with inter_pan.opened():
        began = clock.now()
        visit(hand_held, clock, expect)
        steps = [one for one in timeline.find(sent, after=began) if han.frame_of(one).nwk.type is NwkType.INTER_PAN]
        admitted = han.expect(f'cmd == transport_key and dst_eui == "{hand_held.eui}"', within="1 s", after=began)
        agreed = han.expect(
            f'cmd == confirm_key_response and dst_eui == "{hand_held.eui}"', within="1 s", after=admitted
        )

    commands = [han.frame_of(one).zcl.command for one in steps if han.frame_of(one).zcl is not None]
    expect("its steps past the network", commands[:3]).equals([INITIATE, EPHEMERAL_DATA, CONFIRM_KEY])
    handed_over = [one for one in steps if han.frame_of(one).aps.security is not None]
    expect("frames with its install code", len(handed_over)).satisfies("to be some", bool)
    expect("that it is handed over before it is let in", handed_over[0].number < admitted.number).equals(True)
    heard = timeline.find(han.query("channel > 0"), after=began)
    in_clear = [one.number for one in heard if hand_held.device.install_code in one.raw]
    expect("frames with the install code in clear", in_clear).equals([])
    took = (agreed.time - began) / seconds(1)
    words = f"hub opened by {inter_pan.option}: {len(steps)} frames past the network, joined after {took:.1f} s"
    timeline.record("bench", "step", {"text": words})


@testcase(
    "HAN-132",
    "A terminal is served as a device of type 2: it reads the gas history, and no meter carries out what it sends",
    rules=["R-HAN-060", "R-AIR-008", "R-HAN-050"],
    requirements=["SDAG9-3.3-HHTTYPE2", "SDAG1-5-CORE5"],
    devices=["CHF", "ESME"],
)
@opened_by("power-on", "meter")
@ELECTRICITY
def test_only_reads(meter, inter_pan, hand_held, han, mains, clock, expect):  # noqa: F811 - the fixture
    meter.prepay(threshold=-POUND)
    meter.top_up(meter.token(1))
    meter.reset()  # emergency credit is on offer now
    meter.ask(DisableSupply())
    meter.ask(ArmSupply())
    with inter_pan.opened():
        visit(hand_held, clock, expect)
        hand_held.ask_display()
        clock.sleep(seconds(5))
        expect("days on its display", hand_held.display()).satisfies("to be some", bool, rule="R-AIR-013")

        for attempt in ATTEMPTS:
            argument = {"top-up": f" {meter.token(5).digits}", "write-price": " 1"}.get(attempt, "")
            hand_held.attempt(attempt + argument)
            clock.sleep(seconds(8))
            expect(f"status of the meter's answer to {attempt}", hand_held.refusal).satisfies(
                "to be no success", lambda status: status != "00"
            )
    expect("balance (1/1000 p)", meter.registers().balance).equals(0)
    expect("state of the supply", meter.supply()).equals("armed")
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)
    expect("activation at the meter itself", meter.hands.activate_emergency_credit()).equals(True)


@testcase(
    "HAN-133",
    "A terminal is in the hub's log while it visits, and after that in neither log, nor on the network",
    rules=["R-HAN-068"],
    requirements=["SDAG9-3.3-HHTTYPE2"],
    use_cases=["CCS07"],
    devices=["CHF"],
)
@opened_by("power-on", "meter")
def test_listed_for_a_time(hub, dcc, inter_pan, hand_held, suppliers, clock, expect):
    before = key_hashes(dcc, hub, suppliers.losing)
    with inter_pan.opened():
        visit(hand_held, clock, expect)
        listed = key_hashes(dcc, hub, suppliers.losing)
        expect("key hash of the terminal", listed.get(hand_held.eui)).satisfies("to be there", bool)
        clock.sleep(STAY)

    expect("the log after the visit", key_hashes(dcc, hub, suppliers.losing)).equals(before)
    expect("the historic log", historic_hashes(dcc, hub, suppliers.losing)).equals({})
    expect("that the terminal is on the network", hand_held.joined).equals(False)


@testcase(
    "HAN-134",
    "A terminal that is removed is put out at once and is not kept in the historic log, as another device is",
    rules=["R-HAN-068", "R-HAN-011", "R-HAN-013"],
    use_cases=["CCS01", "CCS02", "CCS07"],
    devices=["CHF"],
)
@opened_by("power-on", "meter")
def test_removed(hub, dcc, inter_pan, hand_held, newcomer, suppliers, clock, expect):
    supplier = suppliers.losing
    with inter_pan.opened():
        visit(hand_held, clock, expect)
        dcc.ask(newcomer.addition(WINDOW), hub, as_user=supplier)
        expect("that another device has joined", try_to_join(newcomer, clock)).equals(True, rule="R-HAN-005")

        dcc.ask(hand_held.removal(), hub, as_user=supplier)
        dcc.ask(newcomer.removal(), hub, as_user=supplier)
        clock.sleep(seconds(5))
        expect("that the terminal is on the network", hand_held.joined).equals(False, rule="R-HAN-013")
        kept = historic_hashes(dcc, hub, supplier)
        expect("devices of the historic log", list(kept)).equals([newcomer.eui])


@testcase(
    "HAN-135",
    "While the network is open for a terminal, a listed device whose time is over does not get in",
    rules=["R-HAN-008", "R-AIR-013"],
    requirements=["HA.02"],
    use_cases=["CCS01"],
    devices=["CHF"],
)
@opened_by("power-on", "meter")
def test_open_for_a_terminal_alone(hub, dcc, inter_pan, hand_held, newcomer, suppliers, clock, expect):
    dcc.ask(newcomer.addition(1), hub, as_user=suppliers.losing)
    with inter_pan.opened():
        visit(hand_held, clock, expect)
        expect("that the other device has joined", try_to_join(newcomer, clock)).equals(False, rule="R-HAN-008")
