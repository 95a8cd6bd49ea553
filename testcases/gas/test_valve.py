"""The gas valve: who closes, arms and opens it, and what the meter checks when it opens (SR-07)."""

from decimal import Decimal

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ArmSupply, DisableSupply, ReadSupplyStatus, UpdateDeviceConfigurationGasFlow
from bench.dcc_point import device_alert
from bench.gas import ARMED, CLOSED, OPEN
from bench.gbcs import Cra
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import testcase
from testcases.gas_steps import STATUS, event_log, to_prepayment, valve_state

ARMED_ALERT, UNCONTROLLED_FLOW, LOCKED_BY_TAMPER, COVER_OPEN, LOW_BATTERY = 0x8F32, 0x81BF, 0x81BE, 0x8F73, 0x8F1F
DONE = 0x8154


@testcase(
    "GAS-001",
    "The supplier closes the valve; gas stops, and the meter says so",
    rules=["R-GAS-003", "R-RSP-003", "R-RSP-001", "R-EVT-006"],
    requirements=["GS.05"],
    use_cases=["GCS32", "GCS33", "CS10a"],
    devices=["GSME"],
)
def test_closed_remotely(gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    before = gas.ask(ReadSupplyStatus(), gsme, as_user=supplier)
    expect("state of the valve at first", before.attributes[STATUS]).equals(OPEN)
    expect("gas that flows (m3/h)", at_the_meter.flow()).satisfies("to flow", lambda flow: flow > 0)

    began = clock.now()
    closed = gas.ask(DisableSupply(), gsme, as_user=supplier)

    expect("protection of the response", closed.protected_well).equals(True, rule="R-RSP-003")
    expect("a MAC on the response", closed.message.mac).equals(None, rule="R-RSP-003")
    expect("kind of message", closed.message.cra).equals(Cra.RESPONSE, rule="R-RSP-001")
    expect("status in the response", closed.fields()["status"]).equals(CLOSED)
    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED)
    log = event_log(gas, gsme, supplier, began, clock.now())
    expect("entries 8154 in the event log", log.count(DONE)).satisfies("one or more", bool, rule="R-EVT-006")


@testcase(
    "GAS-002",
    "Closing a closed valve succeeds",
    rules=["R-GAS-003", "R-SUP-002"],
    requirements=["GS.05"],
    use_cases=["GCS32"],
    devices=["GSME"],
)
def test_closed_twice(gsme, gas, at_the_meter, gas_suppliers, expect):
    for number in ("first", "second"):
        answer = gas.ask(DisableSupply(), gsme, as_user=gas_suppliers.losing)
        expect(f"result of the {number} closing", answer.statuses).equals([0], rule="R-SUP-002")
    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0)


@testcase(
    "GAS-003",
    "A closed valve does not open at the meter before the supplier has armed it",
    rules=["R-GAS-004", "R-SUP-006"],
    requirements=["GS.05"],
    use_cases=["GCS32"],
    devices=["GSME"],
)
def test_not_opened_from_closed(gsme, gas, at_the_meter, gas_suppliers, expect):
    gas.ask(DisableSupply(), gsme, as_user=gas_suppliers.losing)
    at_the_meter.set_taps(0)

    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(False)

    at_the_meter.set_taps(0.3)
    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0)
    expect("state of the valve", valve_state(gas, gsme, gas_suppliers.losing)).equals(CLOSED)


@testcase(
    "GAS-004",
    "Armed by the supplier, opened at the meter, and not before",
    rules=["R-GAS-003", "R-GAS-004", "R-SUP-008"],
    requirements=["GS.05"],
    use_cases=["GCS32", "GCS39", "GCS33"],
    devices=["GSME"],
)
def test_armed_then_opened(gsme, dcc, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    at_the_meter.set_taps(0)

    sent = dcc.send(ArmSupply(), gsme, as_user=supplier)
    armed = gas.read(sent.response())
    expect("status in the response", armed.fields()["status"]).equals(ARMED)
    timeline.expect(device_alert(gsme, ARMED_ALERT, to=supplier), within="1 min", after=sent.posted, rule="R-SUP-008")
    at_the_meter.set_taps(0.3)
    expect("gas that flows while armed (m3/h)", at_the_meter.flow()).equals(0)
    at_the_meter.set_taps(0)

    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(True, rule="R-GAS-004")
    clock.sleep("1 min")
    at_the_meter.set_taps(0.3)
    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0.3, rule="R-GAS-004")
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(OPEN, rule="R-GAS-004")


@testcase(
    "GAS-005",
    "No arming while the valve is open",
    rules=["R-GAS-003", "R-SEC-029"],
    requirements=["GS.05"],
    use_cases=["GCS39", "GCS33"],
    devices=["GSME"],
)
def test_not_armed_from_open(gsme, gas, at_the_meter, gas_suppliers, expect):
    answer = gas.ask(ArmSupply(), gsme, as_user=gas_suppliers.losing)
    expect("whether the meter reports a failure", any(answer.statuses)).equals(True, rule="R-SEC-029")
    expect("gas that flows (m3/h)", at_the_meter.flow()).satisfies("to flow on", lambda flow: flow > 0)


@testcase(
    "GAS-006",
    "With a tap open the valve closes again after the check and is armed",
    rules=["R-GAS-005"],
    requirements=["GS.10", "SDAG_6.02"],
    use_cases=["GCS32", "GCS39", "GCS33", "CS10a"],
    devices=["GSME"],
)
def test_uncontrolled_flow(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    gas.ask(ArmSupply(), gsme, as_user=supplier)
    at_the_meter.set_taps(0.2)
    began = clock.now()

    at_the_meter.open_valve()
    timeline.expect(device_alert(gsme, UNCONTROLLED_FLOW, to=supplier), within="1 min", after=began)

    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(ARMED)
    log = event_log(gas, gsme, supplier, began, clock.now())
    expect("entries 81BF in the event log", log.count(UNCONTROLLED_FLOW)).equals(1)

    at_the_meter.set_taps(0)
    at_the_meter.open_valve()
    clock.sleep("1 min")
    expect("state of the valve with the tap closed", valve_state(gas, gsme, supplier)).equals(OPEN)


@testcase(
    "GAS-015",
    "The valve opens at the second of two presses within 30 s, and at no other",
    rules=["R-GAS-020"],
    use_cases=["GCS32", "GCS39", "GCS33"],
    devices=["GSME"],
)
def test_confirmation(gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    gas.ask(ArmSupply(), gsme, as_user=supplier)
    at_the_meter.set_taps(0)

    expect("whether it opens at the first press", at_the_meter.press()).equals(False)
    clock.sleep("31 s")
    expect("whether it opens at a second press that comes too late", at_the_meter.press()).equals(False)
    clock.sleep("28 s")  # after the late press, which is the first of two
    expect("whether it opens at a second press in time", at_the_meter.press()).equals(True)
    expect("valve then", valve_state(gas, gsme, supplier)).equals(OPEN)


@testcase(
    "GAS-007",
    "A trickle below the threshold is no uncontrolled flow",
    rules=["R-GAS-005", "R-GAS-006"],
    requirements=["GS.10", "SDAG_6.02"],
    use_cases=["GCS32", "GCS39", "GCS33"],
    devices=["GSME"],
)
def test_trickle(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    gas.ask(ArmSupply(), gsme, as_user=supplier)
    at_the_meter.set_taps(0.02)

    with timeline.never(device_alert(gsme, UNCONTROLLED_FLOW), during="2 min"):
        at_the_meter.open_valve()

    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0.02)


@testcase(
    "GAS-014",
    "What counts as uncontrolled flow is what the supplier has set",
    rules=["R-GAS-006", "R-GAS-005"],
    requirements=["GS.10"],
    use_cases=["GCS24a", "GCS32", "GCS39"],
    devices=["GSME"],
)
@pytest.mark.parametrize(("rate", "opens"), [("1.0", True), ("0.03", False)], ids=["1 m3/h", "0.03 m3/h"])
def test_rate_of_uncontrolled_flow(rate, opens, gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(_flow_settings("Unchanged", "Unchanged", rate), gsme, as_user=supplier)
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    gas.ask(ArmSupply(), gsme, as_user=supplier)
    at_the_meter.set_taps(0.2)

    at_the_meter.open_valve()
    clock.sleep("2 min")

    expect("gas that flows with a tap of 0.2 m3/h open", at_the_meter.flow()).equals(0.2 if opens else 0)


@testcase(
    "GAS-010",
    "A tamper closes and locks the valve until the supplier arms it",
    rules=["R-GAS-007", "R-GAS-006", "R-SUP-011", "R-SUP-007", "R-CRE-006"],
    use_cases=["GCS24a", "GCS39", "CS01b"],
    devices=["GSME"],
)
def test_tamper_locks(gsme, dcc, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(_flow_settings("Locked", "Unchanged"), gsme, as_user=supplier)
    at_the_meter.set_taps(0)
    began = clock.now()

    at_the_meter.open_cover()

    timeline.expect(device_alert(gsme, COVER_OPEN, to=supplier), within="2 min", after=began, rule="R-SUP-011")
    timeline.expect(device_alert(gsme, LOCKED_BY_TAMPER, to=supplier), within="2 min", after=began)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED)
    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(False)
    security = event_log(gas, gsme, supplier, began, clock.now(), "Security")
    expect("entries 8F73 in the security log", security.count(COVER_OPEN)).equals(1, rule="R-SUP-011")

    to_prepayment(gas, gsme, supplier, 5)
    dcc.top_up(gsme, dcc.token(gsme, 5, as_user=supplier), as_user=supplier)
    expect("state of the locked valve after a top up", valve_state(gas, gsme, supplier)).equals(
        CLOSED, rule="R-SUP-007"
    )
    gas.ask(ArmSupply(), gsme, as_user=supplier)
    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(True)


@testcase(
    "GAS-011",
    "With the tamper state unchanged a tamper is told, and gas flows on",
    rules=["R-GAS-007", "R-SUP-011"],
    use_cases=["GCS33"],
    devices=["GSME"],
)
def test_tamper_told(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    began = clock.now()
    at_the_meter.open_cover()
    timeline.expect(
        device_alert(gsme, COVER_OPEN, to=gas_suppliers.losing), within="2 min", after=began, rule="R-SUP-011"
    )
    expect("gas that flows (m3/h)", at_the_meter.flow()).satisfies("to flow on", lambda flow: flow > 0)
    expect("state of the valve", valve_state(gas, gsme, gas_suppliers.losing)).equals(OPEN)


@testcase(
    "GAS-012",
    "A failing battery is told once, and closes the valve only where the supplier wants it",
    rules=["R-GAS-008", "R-GAS-010", "R-GAS-009"],
    requirements=["GS.07", "DI.06"],
    use_cases=["GCS24a", "GCS33"],
    devices=["GSME"],
)
def test_battery(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    began = clock.now()
    at_the_meter.set_battery(120)
    timeline.expect(device_alert(gsme, LOW_BATTERY, to=supplier), within="2 min", after=began, rule="R-GAS-010")
    status = gas.ask(ReadSupplyStatus(), gsme, as_user=supplier).attributes
    expect("days the battery lasts", status["0702:0205"]).equals(120, rule="R-GAS-009")
    expect("state of the valve", status[STATUS]).equals(OPEN)
    with timeline.never(device_alert(gsme, LOW_BATTERY), during=minutes(40), rule="R-GAS-010"):
        at_the_meter.set_battery(119)

    at_the_meter.set_battery(3650)
    gas.ask(_flow_settings("Unchanged", "Locked"), gsme, as_user=supplier)
    at_the_meter.set_battery(100)
    clock.sleep(seconds(10))
    expect("gas that flows with a failing battery (m3/h)", at_the_meter.flow()).equals(0)


@testcase(
    "GAS-013",
    "An alert of the gas meter is signed and carries code and time of the event",
    rules=["R-ALT-007", "R-ALT-001", "R-ALT-004", "R-ALT-008"],
    use_cases=["GCA_ZigBee"],
    devices=["GSME"],
)
def test_alert_form(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    at = clock.now()
    at_the_meter.open_cover()
    alert = gas.read(timeline.expect(device_alert(gsme, COVER_OPEN), within="2 min", after=at, rule="R-ALT-001"))
    expect("code", alert.alert.alert_code).equals(COVER_OPEN)
    expect("time in the alert", from_zigbee_utc(alert.alert.timestamp)).lies_between(at - seconds(1), at + seconds(2))
    expect("message code", alert.message.message_code).equals(0x1000, rule="R-ALT-004")
    expect("octets of the signature", len(alert.message.signature)).equals(64, rule="R-ALT-001")
    expect("protection", alert.protected_well).equals(True, rule="R-ALT-001")


def _flow_settings(tamper, depletion, rate="0.03"):
    return UpdateDeviceConfigurationGasFlow(
        rate_decimal=Decimal(rate),
        depletion_state=depletion,
        tamper_state=tamper,
        stabilisation=10,
        measurement=5,
    )
