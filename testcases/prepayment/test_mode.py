"""Payment mode: what is set and read back, when it changes, and what goes with it."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import UpdatePaymentMode
from bench.dcc.bodies.prepayment import PrepaymentMode
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import ARMED, HOUR, OFF, ON, POUND, Recovery

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.01"]
BELOW_THRESHOLD, MODE_CHANGED, SUPPLY_ARMED = 0x8F0F, 0x8F66, 0x8F32


@testcase(
    "PPM-601",
    "The payment mode that was set is the one that is read back, again and again",
    rules=["R-PPM-002a", "R-PPM-007", "R-PPM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS02", "ECS03", "ECS26j", "GCS02", "GCS03", "GCS21j"],
    devices=BOTH,
)
def test_read_back(meter, expect):
    meter.add(10 * POUND)
    for setting in (True, False, True):
        if setting:
            meter.prepay()
        else:
            meter.credit_mode()
        expect("whether prepayment is read back", meter.is_in_prepayment()).equals(setting)


@testcase(
    "PPM-602",
    "A future-dated change to prepayment happens at its time; with no credit supply then ends",
    rules=["R-PPM-001", "R-PPM-005", "R-FUT-013", "R-FUT-014"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS26j", "GCS03", "GCS21j"],
    devices=BOTH,
)
def test_future_dated(meter, clock, timeline, expect):
    at = clock.now().replace(second=0, microsecond=0) + minutes(6 if meter.answers_at_once else 75)
    meter.prepay(threshold=POUND, at=at)
    with timeline.never(device_alert(meter.device, BELOW_THRESHOLD, MODE_CHANGED)):
        expect("whether prepayment is read before the time", meter.is_in_prepayment()).equals(False)
        clock.sleep_until(at - seconds(5))
    for code, rule in ((MODE_CHANGED, "R-FUT-013"), (BELOW_THRESHOLD, "R-PPM-005")):
        timeline.expect(device_alert(meter.device, code, to=meter.supplier), within="1 min", rule=rule)
    expect("whether prepayment is read after the time", meter.is_in_prepayment()).equals(True)
    expect("state of the supply", meter.supply()).equals(OFF, rule="R-PPM-005")


@testcase(
    "PPM-603",
    "The four ways to suspend debts in prepayment: each does what it says, and nothing else",
    rules=["R-PPM-002", "R-DBT-004", "R-DBT-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS19", "GCS03", "GCS14"],
    devices=BOTH,
)
@pytest.mark.parametrize("in_emergency", [False, True], ids=["emergency-collects", "emergency-waits"])
@pytest.mark.parametrize("when_off", [False, True], ids=["off-collects", "off-waits"])
def test_suspensions(when_off, in_emergency, meter, clock, expect):
    rate = Recovery(12 * POUND, HOUR)
    meter.configure(Settings(emergency_limit=40 * POUND))
    meter.prepay(threshold=-50 * POUND, keeps_when_off=when_off, keeps_in_emergency=in_emergency)
    meter.hands.activate_emergency_credit()
    meter.debts(one=2 * POUND, recovery=(rate, Recovery()))
    clock.sleep(minutes(12))
    money = meter.registers()
    taken = (0, 2 * POUND) if in_emergency else (2 * POUND, 0)
    seen = 40 * POUND - money.emergency_credit, money.accumulated_debt
    expect("emergency credit used, and debt gathered", seen).equals(taken, rule="R-DBT-005")

    meter.reset()
    clock.sleep(minutes(1))
    meter.disable()
    meter.debts(one=2 * POUND, recovery=(rate, Recovery()))
    clock.sleep(minutes(12))
    paid = -meter.registers().balance
    expect("what is collected while supply is off", paid).equals(0 if when_off else 2 * POUND, rule="R-DBT-004")


@testcase(
    "PPM-604",
    "Credit mode and back: balance and debts stay, and supply does not end in credit mode",
    rules=["R-PPM-004", "R-DBT-006", "R-PPM-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS02", "ECS03", "ECS19", "ECS45", "GCS02", "GCS03", "GCS14", "GCS33"],
    devices=BOTH,
)
def test_there_and_back(meter, clock, timeline, expect):
    meter.add(3 * POUND)
    meter.debts(one=2 * POUND, two=3 * POUND, payment=4 * POUND)
    meter.prepay()
    before = meter.registers()

    meter.credit_mode()
    with timeline.never(device_alert(meter.device, BELOW_THRESHOLD), rule="R-PPM-004"):
        meter.add(-4 * POUND)
        clock.sleep(minutes(2))
    expect("state of the supply in credit mode", meter.supply()).equals(ON)
    expect("emergency credit in credit mode", meter.hands.activate_emergency_credit()).equals(False, rule="R-PPM-006")
    meter.add(4 * POUND)
    meter.prepay()

    expect("money in prepayment again", meter.registers()[:6]).equals(before[:6], rule="R-DBT-006")
    expect("state of the supply", meter.supply()).equals(ON)


@testcase(
    "PPM-605",
    "A positive balance is credit and a negative one is owed, in both modes",
    rules=["R-DIS-008", "R-DIS-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS04a", "ECS04b", "ECS19", "GCS40a", "GCS40b", "GCS14"],
    devices=BOTH,
)
def test_sign(meter, expect):
    for mode in ("credit", "prepayment"):
        if mode == "prepayment":
            meter.prepay(threshold=-20 * POUND)
        for amount, balance in ((7 * POUND, 7 * POUND), (-12 * POUND, -5 * POUND)):
            meter.add(amount)
            expect(f"balance in {mode} mode", meter.registers().balance).equals(balance)
        meter.reset()
        expect(f"balance in {mode} mode after the reset", meter.registers().balance).equals(0, rule="R-DIS-007")


@testcase(
    "PPM-696",
    "A change to credit mode arms a supply that lack of credit had disabled, and none that the supplier disabled",
    rules=["R-PPM-004", "R-SUP-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS02", "ECS03", "ECS43", "ECS45", "GCS02", "GCS03", "GCS32", "GCS33"],
    devices=BOTH,
)
@pytest.mark.parametrize("by", ["credit", "supplier"])
def test_to_credit_with_supply_off(by, meter, clock, timeline, expect):
    if by == "supplier":
        meter.disable()
    meter.prepay(threshold=POUND)
    precondition(meter.supply() == OFF, "the supply is off")
    began = clock.now()

    meter.credit_mode()

    wanted, rule = (ARMED, "R-PPM-004") if by == "credit" else (OFF, "R-SUP-007")
    expect("state of the supply in credit mode", meter.supply()).equals(wanted, rule=rule)
    told = timeline.find(device_alert(meter.device, SUPPLY_ARMED, to=meter.supplier), after=began)
    expect("alerts 8F32", len(told)).equals(1 if by == "credit" else 0, rule=rule)


#: octets of the command, and what is put there instead: charges never taken; a configuration that does not exist
WRONG_SETTING = {
    "electricity": (bytes.fromhex("0403e0"), bytes.fromhex("0403a0")),
    "gas": ((0x0897).to_bytes(2, "little"), (0x0A97).to_bytes(2, "little")),
}


@testcase(
    "PPM-606",
    "A setting of payment mode that does not exist is refused, and changes nothing",
    rules=["R-PPM-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS26j", "GCS03", "GCS21j"],
    devices=BOTH,
)
def test_no_such_setting(request, meter, local, clock, expect):
    meter.add(10 * POUND)
    mode = PrepaymentMode(suspend_debt_disabled=False, suspend_debt_emergency=False, disablement_threshold=0)
    good = local.command(UpdatePaymentMode(prepayment=mode), meter.device, as_user=meter.supplier)
    there, instead = WRONG_SETTING[request.node.callspec.params["meter"]]
    precondition(there in good.payload, "the setting stands in the command where it is looked for")
    payload = good.payload.replace(there, instead, 1)
    command = local.protect(replace(good, payload=payload, signature=None, mac=None), meter.device)

    local.deliver(command, "a payment mode that does not exist")
    clock.sleep(minutes(1 if meter.answers_at_once else 35))

    expect("whether prepayment is read", meter.is_in_prepayment()).equals(False)
    meter.prepay()
    expect("whether prepayment is read after a right command", meter.is_in_prepayment()).equals(True, "R-PPM-002a")
