"""Emergency credit and thresholds: each is reached at the minute that is worked out here, and told once."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import ARMED, HOUR, OFF, ON, POUND, Recovery

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.03"]
LOW, AVAILABLE, ACTIVATED, EXHAUSTED = 0x810D, 0x8119, 0x81AB, 0x81AA
BELOW_THRESHOLD, SUPPLY_ARMED = 0x8F0F, 0x8F32
DRAIN = Recovery(10 * POUND, HOUR)  #: a debt of ten pounds an hour empties a meter evenly
LATE = seconds(45)


@testcase(
    "PPM-401",
    "Credit runs out step by step: each threshold is told once and in time, the emergency credit is used, supply ends",
    rules=["R-EMC-005", "R-EMC-001", "R-EMC-002", "R-DIS-001", "R-DIS-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS07", "ECS19", "ECS45", "GCS05", "GCS04", "GCS14", "GCS33"],
    devices=BOTH,
)
def test_step_by_step(meter, clock, timeline, expect):
    meter.configure(Settings(emergency_limit=3 * POUND, emergency_threshold=POUND, low_credit=2 * POUND))
    meter.add(4 * POUND)
    meter.prepay()
    meter.debts(one=7 * POUND, recovery=(DRAIN, Recovery()))
    start = clock.now()  # the answer has just come: the debt began a moment ago

    def expect_at(taken, code, rule):
        """State that an alert comes when so much of the debt has been taken."""
        told = device_alert(meter.device, code, to=meter.supplier)
        seen = timeline.expect(told, within="45 min", after=start, rule=rule)
        due = start + minutes(6) * (taken / POUND)
        expect(f"arrival of {code:04X}", seen.time).lies_between(due - LATE, due + LATE, rule=rule)

    expect_at(2 * POUND, LOW, "R-DIS-005")
    expect_at(3 * POUND, AVAILABLE, "R-EMC-001")
    expect("activation at the meter", meter.hands.activate_emergency_credit()).equals(True, rule="R-EMC-002")
    expect_at(3 * POUND, ACTIVATED, "R-EMC-002")
    expect_at(7 * POUND, EXHAUSTED, "R-EMC-005")
    expect_at(7 * POUND, BELOW_THRESHOLD, "R-DIS-001")

    left = meter.registers()
    expect("balance and emergency credit left", left[:2]).equals((0, 0))
    expect("state of the supply", meter.supply()).equals(OFF, rule="R-DIS-001")
    # low twice: what the emergency credit had lifted above the threshold falls below it again
    for code, times in ((LOW, 2), (AVAILABLE, 1), (ACTIVATED, 1), (EXHAUSTED, 1), (BELOW_THRESHOLD, 1)):
        told = timeline.find(device_alert(meter.device, code, to=meter.supplier), after=start)
        expect(f"alerts {code:04X}", len(told)).equals(times, rule="R-DIS-005" if code == LOW else "R-EMC-005")


def _use_up(meter, clock, limit=3 * POUND):
    """Let a meter use its emergency credit up: a debt of just as much takes all of it."""
    meter.configure(Settings(emergency_limit=limit, emergency_threshold=POUND, low_credit=POUND))
    meter.prepay(threshold=-POUND)
    meter.hands.activate_emergency_credit()
    meter.prepay(threshold=0)
    meter.debts(one=limit, recovery=(DRAIN, Recovery()))
    clock.sleep(minutes(20))


@testcase(
    "PPM-402",
    "Emergency credit that is used up is on offer again when all of it has been repaid, and then arms the supply",
    rules=["R-EMC-005", "R-EMC-001", "R-EMC-006", "R-CRE-001", "R-RSP-016"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS09", "ECS19", "ECS45", "CS01b", "GCS06", "GCS14", "GCS33"],
    devices=BOTH,
)
def test_repaid(meter, clock, timeline, expect):
    _use_up(meter, clock)
    expect("supply after the emergency credit is used up", meter.supply()).equals(OFF, rule="R-EMC-005")

    expect("the token of one pound", meter.top_up(meter.token(1))).equals(True)
    part = meter.registers()
    expect("emergency credit and balance", (part.emergency_credit, part.balance)).equals((POUND, 0), rule="R-CRE-001")
    expect("activation at the meter", meter.hands.activate_emergency_credit()).equals(False)
    expect("activation by command", meter.activate_emergency()).equals(False)
    expect("state of the supply", meter.supply()).equals(OFF)

    began = clock.now()
    expect("the token of two pounds", meter.top_up(meter.token(2))).equals(True)
    whole = meter.registers()
    expect("emergency credit and balance", (whole.emergency_credit, whole.balance)).equals((3 * POUND, 0), "R-CRE-001")
    told = device_alert(meter.device, AVAILABLE, to=meter.supplier)
    timeline.expect(told, within="1 min", after=began, rule="R-EMC-001")
    expect("state of the supply", meter.supply()).equals(OFF)
    began = clock.now()
    expect("activation at the meter", meter.hands.activate_emergency_credit()).equals(True)
    timeline.expect(
        device_alert(meter.device, SUPPLY_ARMED, to=meter.supplier), within="1 min", after=began, rule="R-EMC-006"
    )
    expect("state of the supply", meter.supply()).equals(ARMED, rule="R-EMC-006")


@testcase(
    "PPM-403",
    "Activating emergency credit arms a supply that lack of credit had disabled, and no other",
    rules=["R-EMC-006", "R-SUP-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS09", "ECS45", "GCS06", "GCS33"],
    devices=BOTH,
)
@pytest.mark.parametrize("by", ["credit", "supplier"])
def test_arms(by, meter, clock, timeline, expect):
    meter.configure(Settings())
    if by == "supplier":
        meter.disable()
    meter.prepay()
    expect("state of the supply", meter.supply()).equals(OFF, rule="R-PPM-005")
    began = clock.now()

    expect("activation by command", meter.activate_emergency()).equals(True, rule="R-EMC-002")

    told = timeline.find(device_alert(meter.device, SUPPLY_ARMED, to=meter.supplier), after=began)
    wanted = ARMED if by == "credit" else OFF
    rule = "R-EMC-006" if by == "credit" else "R-SUP-007"
    expect("state of the supply", meter.supply()).equals(wanted, rule=rule)
    expect("alerts 8F32", len(told)).equals(1 if by == "credit" else 0, rule=rule)


@testcase(
    "PPM-404",
    "With nothing owed the emergency credit is its limit; a reset of the balance restores it",
    rules=["R-EMC-004", "R-DIS-007", "R-GAS-017"],
    requirements=REQUIREMENTS,
    use_cases=["ECS04b", "ECS08a", "ECS19", "GCS40b", "GCS05", "GCS14"],
    devices=BOTH,
)
@pytest.mark.parametrize("gathers", [True, False], ids=["debt-gathered", "credit-used"])
def test_limit(gathers, meter, clock, expect):
    meter.configure(Settings(emergency_limit=7 * POUND))
    expect("emergency credit with nothing owed", meter.registers().emergency_credit).equals(7 * POUND)
    meter.prepay(threshold=-20 * POUND, keeps_in_emergency=gathers)
    meter.hands.activate_emergency_credit()
    meter.debts(one=2 * POUND, two=3 * POUND, payment=4 * POUND, recovery=(DRAIN, Recovery()))
    clock.sleep(minutes(20))
    taken = meter.registers()[1:3]
    wanted = (7 * POUND, 2 * POUND) if gathers else (5 * POUND, 0)
    expect("emergency credit and accumulated debt", taken).equals(wanted, rule="R-CRE-005")
    meter.add(-3 * POUND)

    meter.reset()

    clock.sleep(minutes(1))
    after = meter.registers()
    expect("balance, emergency credit and accumulated debt", after[:3]).equals((0, 7 * POUND, 0))
    owed = after.payment_debt, after.time_debt_1, after.time_debt_2
    expect("the other debts", owed).equals((4 * POUND, 0, 3 * POUND), rule="R-DIS-007")
    expect("activation after the reset", meter.hands.activate_emergency_credit()).equals(True)


@testcase(
    "PPM-405",
    "Limit and threshold of the emergency credit change at their time",
    rules=["R-EMC-003", "R-EMC-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS19", "GCS05", "GCS14"],
    devices=BOTH,
)
def test_future_dated(meter, clock, timeline, expect):
    meter.configure(Settings(emergency_limit=5 * POUND, emergency_threshold=POUND))
    meter.add(2 * POUND)
    meter.prepay()
    at = clock.now().replace(second=0, microsecond=0) + minutes(10 if meter.answers_at_once else 75)

    meter.configure(Settings(emergency_limit=8 * POUND, emergency_threshold=3 * POUND), at=at)

    expect("emergency credit before the time", meter.registers().emergency_credit).equals(5 * POUND)
    with timeline.never(device_alert(meter.device, AVAILABLE)):
        clock.sleep_until(at - seconds(5))
    timeline.expect(device_alert(meter.device, AVAILABLE, to=meter.supplier), within="1 min", after=clock.now())
    expect("emergency credit after the time", meter.registers().emergency_credit).equals(8 * POUND)


@testcase(
    "PPM-406",
    "At and below the thresholds: emergency credit is refused to who has as much, low credit is told below its own",
    rules=["R-EMC-001", "R-EMC-002", "R-EMC-003", "R-DIS-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS09", "ECS19", "GCS05", "GCS06", "GCS14"],
    devices=BOTH,
)
def test_threshold(meter, clock, timeline, expect):
    meter.configure(Settings(emergency_threshold=2 * POUND, low_credit=3 * POUND))
    meter.add(3 * POUND)
    with timeline.never(device_alert(meter.device, LOW), rule="R-DIS-005"):
        meter.prepay()
        clock.sleep(minutes(1))
    began = clock.now()
    with timeline.never(device_alert(meter.device, AVAILABLE)):
        meter.add(-POUND)
        expect("activation with as much as the threshold", meter.hands.activate_emergency_credit()).equals(False)
    low = device_alert(meter.device, LOW, to=meter.supplier)
    timeline.expect(low, within="1 min", after=began, rule="R-DIS-005")
    meter.add(-1000)
    expect("alerts of low credit", len(timeline.find(low, after=began))).equals(1, rule="R-DIS-005")
    expect("activation with a penny less", meter.hands.activate_emergency_credit()).equals(True)
    money = meter.registers()
    expect("balance and emergency credit", money[:2]).equals((2 * POUND - 1000, 5 * POUND), rule="R-EMC-002")
    meter.add(-2 * POUND)
    expect("supply with a negative balance and emergency credit in use", meter.supply()).equals(ON)


@testcase(
    "PPM-497",
    "Supply ends at exactly the disablement threshold, be it above or below nothing, and not before",
    rules=["R-DIS-001"],
    requirements=["ES.12"],
    use_cases=["ECS03", "ECS04a", "ECS45", "GCS03", "GCS40a", "GCS33"],
    devices=BOTH,
)
@pytest.mark.parametrize("threshold", [3 * POUND, -5 * POUND], ids=["3-pounds", "minus-5-pounds"])
def test_disablement_threshold(threshold, meter, expect):
    meter.add(threshold + 1000)
    meter.prepay(threshold)
    expect("supply with a penny more than the threshold", meter.supply()).equals(ON)
    meter.add(-1000)
    expect("supply with as much as the threshold", meter.supply()).equals(OFF)
