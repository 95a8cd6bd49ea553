"""Supply off, armed, on: by whom, and what becomes of each state."""

from bench.clock import minutes
from bench.dcc.bodies import ArmSupply, DisableSupply, EnableSupply, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.testcase import testcase

DISABLED, ENABLED, ARMED = 0, 1, 2
SUPPLY_ARMED = 0x8F32
DONE, REFUSED = [0], [250]
REQUIREMENTS = ["ES.12", "SFA-21-POLICY", "ES.01"]


def _state(dcc, dut, supplier):
    return dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()


@testcase(
    "SUP-001",
    "Disabling takes the load off at once, and may be repeated",
    rules=["R-SUP-002", "R-SUP-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS45"],
)
def test_disable(dut, dcc, mains, suppliers, expect):
    for number in (1, 2):
        response = dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
        expect(f"result of disabling, {number}. time", response.results).equals(DONE)
        expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)
        expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(DISABLED, rule="R-SUP-001")


@testcase(
    "SUP-002",
    "Arming a disabled supply leaves it off, and tells the supplier",
    rules=["R-SUP-003", "R-SUP-008", "R-SUP-005", "R-SUP-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "ECS45"],
)
def test_arm(dut, dcc, mains, timeline, suppliers, expect):
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)

    response = dcc.ask(ArmSupply(), dut, as_user=suppliers.losing)

    expect("result of arming", response.results).equals(DONE)
    timeline.expect(device_alert(dut, SUPPLY_ARMED, to=suppliers.losing), within=minutes(1), rule="R-SUP-008")
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ARMED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)


@testcase(
    "SUP-003",
    "A supply that is on cannot be armed",
    rules=["R-SUP-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS44", "ECS45"],
)
def test_arm_enabled(dut, dcc, mains, suppliers, expect):
    response = dcc.ask(ArmSupply(), dut, as_user=suppliers.losing)

    expect("result of arming", response.results).equals(REFUSED)
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ENABLED)
    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > 100)


@testcase(
    "SUP-004",
    "Enabling brings the supply back",
    rules=["R-SUP-004", "R-SUP-005", "R-SUP-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS42", "ECS45"],
)
def test_enable(dut, dcc, mains, suppliers, expect):
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)

    response = dcc.ask(EnableSupply(), dut, as_user=suppliers.losing)

    expect("result of enabling", response.results).equals(DONE)
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ENABLED)
    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > 100)


@testcase(
    "SUP-010",
    "The button at the meter turns an armed supply on, and a disabled one never",
    rules=["R-SUP-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "ECS45"],
)
def test_button(dut, dcc, at_the_esme, mains, suppliers, expect):
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
    expect("whether the button turns a disabled supply on", at_the_esme.enable_supply()).equals(False)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)

    dcc.ask(ArmSupply(), dut, as_user=suppliers.losing)
    expect("whether the button turns an armed supply on", at_the_esme.enable_supply()).equals(True)
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ENABLED)
    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > 100)
