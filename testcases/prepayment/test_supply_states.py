"""Supply that is off for more than one reason: what arms it and what does not, and what a refused command leaves."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ArmSupply, DisableSupply, EnableSupply, ReadSupplyStatus, SetElectricitySupplyTamperState
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.prepayment.meters import ARMED, DONE, OFF, ON

SUPPLY_ARMED = 0x8F32
REFUSED = [250]
REQUIREMENTS = ["ES.12", "SFA-21-POLICY"]
STATES = {0: "off", 1: "on", 2: "armed"}
#: what was done before -> command, result, state afterwards, alerts 8F32, rule
COMMANDS = {
    "armed, disabled": ([DisableSupply(), ArmSupply()], DisableSupply(), DONE, "off", 0, "R-SUP-002"),
    "armed, armed again": ([DisableSupply(), ArmSupply()], ArmSupply(), REFUSED, "armed", 0, "R-SUP-003"),
    "armed, enabled": ([DisableSupply(), ArmSupply()], EnableSupply(), DONE, "on", 0, "R-SUP-004"),
    "on, armed": ([], ArmSupply(), REFUSED, "on", 0, "R-SUP-003"),
    "off, armed": ([DisableSupply()], ArmSupply(), DONE, "armed", 1, "R-SUP-008"),
}


@testcase(
    "SUP-376",
    "What a command does to the supply follows from its state; one that is refused changes nothing and is not alerted",
    rules=["R-SUP-002", "R-SUP-003", "R-SUP-004", "R-SUP-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS42", "ECS43", "ECS44", "ECS45"],
)
@pytest.mark.parametrize("case", COMMANDS)
def test_commands(case, dut, dcc, clock, timeline, suppliers, expect):
    before, command, result, state, alerts, rule = COMMANDS[case]
    for body in before:
        dcc.ask(body, dut, as_user=suppliers.losing)
    clock.sleep(minutes(1))
    began = clock.now()

    answer = dcc.ask(command, dut, as_user=suppliers.losing)

    expect("result", answer.results).equals(result, rule=rule)
    now = STATES[dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing).value()]
    expect("state of the supply", now).equals(state, rule=rule)
    clock.sleep(minutes(1))
    told = timeline.find(device_alert(dut, SUPPLY_ARMED), after=began)
    expect("alerts 8F32, to anybody", len(told)).equals(alerts, rule=rule)


def turn_on(meter):
    """Turn an armed supply on at the meter."""
    if meter.answers_at_once:
        meter.hands.enable_supply()
    else:
        meter.hands.open_valve()


@testcase(
    "SUP-377",
    "Without credit supply is not armed by command; credit arms it, each time; disabled by the supplier it stays off",
    rules=["R-CRE-006", "R-SUP-003", "R-SUP-007", "R-GAS-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS44", "GCS39", "ECS43", "GCS32", "CS01a", "CS01b"],
    devices=["ESME", "GSME"],
)
def test_reasons(meter, timeline, clock, expect):
    if not meter.answers_at_once:
        meter.hands.set_taps(0)
    refused = "R-SUP-003" if meter.answers_at_once else "R-GAS-003"
    meter.prepay()
    expect("supply without credit", meter.supply()).equals(OFF)
    with timeline.never(device_alert(meter.device, SUPPLY_ARMED), rule=refused):
        meter.ask(ArmSupply())
        expect("supply after a command to arm it", meter.supply()).equals(OFF, rule=refused)

    for time in ("first", "second"):
        expect("whether a token is taken", meter.top_up(meter.token(5))).equals(True)
        expect(f"supply with credit for the {time} time", meter.supply()).equals(ARMED)
        turn_on(meter)
        expect("supply turned on", meter.supply()).equals(ON)
        meter.reset()
        expect("supply without credit", meter.supply()).equals(OFF)

    meter.disable()
    with timeline.never(device_alert(meter.device, SUPPLY_ARMED), rule="R-SUP-007"):
        expect("whether a token is taken", meter.top_up(meter.token(5))).equals(True)
        expect("supply that the supplier has disabled", meter.supply()).equals(OFF, rule="R-SUP-007")


@testcase(
    "SUP-378",
    "A supply that tampering has locked is not armed by a top up; when it is off already, it is locked all the same",
    rules=["R-SUP-010", "R-SUP-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS81", "ECS45", "CS01a"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
@pytest.mark.parametrize("before", ["on", "armed"])
def test_tampered(before, meter, clock, expect):
    meter.ask(SetElectricitySupplyTamperState(state="Locked"))
    meter.top_up(meter.token(5))
    if before == "armed":
        meter.disable()
        meter.ask(ArmSupply())

    meter.hands.open_cover()
    clock.sleep(minutes(1))

    expect("supply after tampering", meter.supply()).equals(OFF)
    meter.prepay()
    meter.top_up(meter.token(5))
    expect("supply after a top up", meter.supply()).equals(OFF, rule="R-SUP-007")
    expect("whether the button turns it on", meter.hands.enable_supply()).equals(False)
