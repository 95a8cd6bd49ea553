"""What a gas meter notices beside the gas that flows: faults of the flow, tilting, its own valve tested."""

from bench.clock import minutes
from bench.dcc.bodies import DisableSupply
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.gas_steps import event_log, valve_state

TESTED = 0x8184
OPEN, CLOSED = 2, 0
TOLD_WITHIN = minutes(35)
REQUIREMENTS = ["SFA-12-AUDIT"]
#: what happens to the meter -> its event (GBCS 16)
EVENTS = {
    "excess-flow": 0x81B4,
    "air": 0x81B5,
    "reverse-flow": 0x81B6,
    "tilt": 0x81C3,
    "upright": 0x81C2,
    "battery-cover-closed": 0x81A1,
}


@testcase(
    "GAS-251",
    "Each fault of the flow, tilting and its end, and a battery cover that is closed have events of their own",
    rules=["R-GAS-013"],
    requirements=REQUIREMENTS,
    use_cases=["CS10a"],
    devices=["GSME"],
)
def test_own_events(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()

    for fault, code in EVENTS.items():
        at_the_meter.fault(fault)
        timeline.expect(device_alert(gsme, code, to=supplier), within=TOLD_WITHIN)

    told = timeline.find(device_alert(gsme, *EVENTS.values()), after=began)
    codes = [int(seen.data["alert_code"], 16) for seen in told]
    expect("alerts", codes).equals(list(EVENTS.values()))
    logged = event_log(gas, gsme, supplier, began, clock.now())
    found = [code for code in logged if code in EVENTS.values()]
    expect("their entries in the event log", found).equals(list(EVENTS.values()))


@testcase(
    "GAS-252",
    "A test of the valve is event 8184, told and logged once, the valve is open after it; a closed one stays closed",
    rules=["R-GAS-011", "R-GAS-004"],
    requirements=REQUIREMENTS,
    use_cases=["GCS33", "CS10a"],
    devices=["GSME"],
)
def test_valve_tested(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()

    expect("whether the valve is tested", at_the_meter.test_valve()).equals(True)

    timeline.expect(device_alert(gsme, TESTED, to=supplier), within=TOLD_WITHIN)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(OPEN)
    logged = event_log(gas, gsme, supplier, began, clock.now())
    expect("entries 8184 in the event log", logged.count(TESTED)).equals(1)
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    expect("whether a closed valve is tested", at_the_meter.test_valve()).equals(False, rule="R-GAS-004")
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED, rule="R-GAS-004")
    expect("alerts 8184", len(timeline.find(device_alert(gsme, TESTED), after=began))).equals(1)
