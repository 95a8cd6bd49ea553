"""The privacy PIN: set at the keys of a meter it guards what the meter itself shows and does there, no more."""

from dataclasses import replace

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ArmSupply
from bench.dcc.bodies.settings import DisablePrivacyPIN, RestrictAccessForChangeOfTenancy
from bench.expecting import precondition
from bench.gbcs.gbz import Gbz
from bench.testcase import testcase
from testcases.prepayment.conftest import meter  # noqa: F401 - a fixture
from testcases.prepayment.meters import ARMED, OFF, ON, POUND

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["SDAG8-8.4-PINLOCAL", "SDAG8-8.6-PINSCOPE"]
PIN, WRONG = "4711", ("1174", "0000", "471", "")
#: the pages of a meter, and whether the PIN guards them
OPEN, GUARDED = ("reading",), ("history", "prepayment")
HIDDEN = "hidden"
ELECTRICITY = pytest.mark.parametrize("meter", ["electricity"], indirect=True)


def shows(meter, what, pin=""):  # noqa: F811 - the fixture
    """Whether a page opens."""
    return meter.hands.page(what, pin) != HIDDEN


def turn_on(meter, pin=""):  # noqa: F811
    """Ask for the supply at the meter; whether it is on."""
    return meter.hands.enable_supply(pin) if meter.device.type == "ESME" else meter.hands.open_valve(pin)


@testcase(
    "COT-051",
    "With a PIN set, history and prepayment status open for its four digits alone, however often others were tried",
    rules=["R-PRV-014", "R-PRV-008"],
    requirements=REQUIREMENTS,
    devices=BOTH,
)
def test_pages(meter, expect):  # noqa: F811
    for what in OPEN + GUARDED:
        expect(f"whether {what} is shown without a PIN set", shows(meter, what)).equals(True)

    expect("whether the meter takes the PIN", meter.hands.set_pin(PIN)).equals(True, rule="R-PRV-008")

    for what in OPEN:
        expect(f"whether {what} is shown", shows(meter, what)).equals(True)
    for what in GUARDED:
        for digits in WRONG:
            expect(f"whether {what} is shown after {digits or 'no digits'}", shows(meter, what, digits)).equals(False)
        expect(f"whether {what} is shown after the PIN", shows(meter, what, PIN)).equals(True)
        expect(f"whether {what} is shown the next time", shows(meter, what)).equals(False)


@testcase(
    "COT-052",
    "A PIN has four digits, and one that is set is changed by who knows it",
    rules=["R-PRV-014", "R-PRV-008"],
    requirements=["SDAG8-8.4-PINLOCAL"],
    devices=BOTH,
)
def test_setting(meter, expect):  # noqa: F811
    for digits in ("471", "47110", "47a1"):
        expect(f"whether the meter takes {digits} as PIN", meter.hands.set_pin(digits)).equals(False)
        expect("whether the history is shown", shows(meter, "history")).equals(True)
    precondition(meter.hands.set_pin(PIN), "the meter takes a PIN of four digits")

    for old in ("", "1174"):
        changed = meter.hands.set_pin("2222", old)
        expect(f"whether the PIN is changed after {old or 'nothing'}", changed).equals(False, rule="R-PRV-008")
        expect("whether the new one opens the history", shows(meter, "history", "2222")).equals(False, "R-PRV-008")
    expect("whether the PIN is changed after the old one", meter.hands.set_pin("2222", PIN)).equals(True, "R-PRV-008")
    expect("whether the new one opens the history", shows(meter, "history", "2222")).equals(True)
    expect("whether the old one opens the history", shows(meter, "history", PIN)).equals(False)


@testcase(
    "COT-053",
    "With a PIN set the supply is turned on at the meter after its digits, and only then",
    rules=["R-PRV-014", "R-SUP-006", "R-GAS-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "ECS45", "GCS32", "GCS39", "GCS33"],
    devices=BOTH,
)
def test_enable_supply(meter, expect):  # noqa: F811
    precondition(meter.hands.set_pin(PIN), "the meter takes a PIN of four digits")
    if meter.device.type == "GSME":
        meter.hands.set_taps(0)  # with a tap open the valve would close again
    meter.disable()
    expect("whether the PIN turns a disabled supply on", turn_on(meter, PIN)).equals(False, rule="R-SUP-006")
    expect("state of the supply", meter.supply()).equals(OFF, rule="R-SUP-006")
    meter.ask(ArmSupply())

    for digits in WRONG:
        expect(f"whether the supply comes on after {digits or 'no digits'}", turn_on(meter, digits)).equals(False)
    expect("state of the supply", meter.supply()).equals(ARMED)
    expect("whether the supply comes on after the PIN", turn_on(meter, PIN)).equals(True)
    expect("state of the supply", meter.supply()).equals(ON)


@testcase(
    "COT-054",
    "The PIN keeps nobody from topping up, from emergency credit, or the supplier from reading",
    rules=["R-PRV-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS19", "GCS14"],
    devices=BOTH,
)
def test_not_guarded(meter, expect):  # noqa: F811
    meter.prepay(threshold=-POUND)
    precondition(meter.top_up(meter.token(1)), "the meter takes a token by command")
    meter.reset()
    precondition(meter.hands.set_pin(PIN), "the meter takes a PIN of four digits")

    expect("whether emergency credit is active", meter.hands.activate_emergency_credit()).equals(True)
    expect("whether a token is taken", meter.hands.enter_token(meter.token(7).digits)).equals(True)
    expect("balance the supplier reads (1/1000 p)", meter.registers().balance).equals(7 * POUND)


@testcase(
    "COT-055",
    "The PIN hides nothing from the devices of the home",
    rules=["R-PRV-008", "R-HAN-067"],
    requirements=REQUIREMENTS,
    devices=["ESME", "IHD", "CAD", "PPMID"],
)
@pytest.mark.parametrize("display", ["at_the_ihd", "at_the_cad", "at_the_ppmid"], ids=["IHD", "CAD", "PPMID"])
def test_han(display, request, at_the_esme, expect):
    display = request.getfixturevalue(display)
    names, half_hours = display.figures().keys(), display.half_hours()
    precondition(bool(names and half_hours), "the display shows figures and half hours")

    precondition(at_the_esme.set_pin(PIN), "the meter takes a PIN of four digits")

    expect("figures that are shown", display.figures().keys()).equals(names)
    expect("half hours that are shown", len(display.half_hours())).lies_between(len(half_hours), len(half_hours) + 1)


@testcase(
    "COT-056",
    "The supplier's command switches the PIN off; until then an outage and a restriction leave it on",
    rules=["R-PRV-007", "R-PRV-009", "R-PRV-014"],
    requirements=["SDAG8-8.4-PINLOCAL", "SDAG1-3-PRIVCOS"],
    use_cases=["ECS12", "ECS14"],
)
@ELECTRICITY
def test_off(meter, mains, clock, expect):  # noqa: F811
    precondition(meter.hands.set_pin(PIN), "the meter takes a PIN of four digits")
    mains.interrupt("4 min")
    clock.sleep(minutes(1))
    expect("whether the history is shown after an outage", shows(meter, "history")).equals(False, rule="R-PRV-014")
    expect("whether it is shown after the PIN", shows(meter, "history", PIN)).equals(True, rule="R-PRV-014")
    meter.ask(RestrictAccessForChangeOfTenancy(restriction=clock.now().replace(microsecond=0)))
    expect("whether the history is shown after a restriction", shows(meter, "history")).equals(False, rule="R-PRV-009")

    expect("result of the command", meter.ask(DisablePrivacyPIN()).results).equals([0])

    mains.interrupt("4 min")
    clock.sleep(minutes(1))
    for what in OPEN + GUARDED:
        expect(f"whether {what} is shown, also after an outage", shows(meter, what)).equals(True)
    expect("whether another PIN is taken", meter.hands.set_pin("2222")).equals(True, rule="R-PRV-008")


@testcase(
    "COT-057",
    "The supplier's command switches the PIN of the gas meter off",
    rules=["R-PRV-007"],
    requirements=["SDAG8-8.4-PINLOCAL", "SDAG1-3-PRIVCOS"],
    use_cases=["GCS11"],
    devices=["GSME"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_gas_off(meter, expect):  # noqa: F811
    precondition(meter.hands.set_pin(PIN), "the meter takes a PIN of four digits")
    precondition(not shows(meter, "history"), "the PIN guards the history")

    expect("result of the command", meter.gas.read(meter.ask(DisablePrivacyPIN())).statuses).equals([0])

    for what in OPEN + GUARDED:
        expect(f"whether {what} is shown", shows(meter, what)).equals(True)


@testcase(
    "COT-076",
    "A command to the gas meter that brings a PIN, instead of nothing, sets none and leaves the one there is",
    rules=["R-PRV-007", "R-PRV-008"],
    requirements=["SDAG8-8.4-PINLOCAL"],
    use_cases=["GCS11"],
    devices=["GSME"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_pin_from_afar(meter, local, timeline, clock, expect):  # noqa: F811
    precondition(meter.hands.set_pin(PIN), "the meter takes a PIN of four digits")
    good = local.command(DisablePrivacyPIN(), meter.device, as_user=meter.supplier)
    (part,) = Gbz.parse(good.payload).components
    part = replace(part, payload=part.payload[:-1] + b"\x042222")  # an octet string of four octets instead of none
    command = local.maced(replace(good, payload=bytes(Gbz(components=[part])), mac=None), meter.device)

    local.deliver(command, "a command that brings the PIN 2222")
    clock.sleep(minutes(35))

    expect("whether the history is shown after 2222", shows(meter, "history", "2222")).equals(False, rule="R-PRV-008")
    expect("whether it is shown without a PIN", shows(meter, "history")).equals(False)
    expect("whether it is shown after the PIN", shows(meter, "history", PIN)).equals(True, rule="R-PRV-008")
