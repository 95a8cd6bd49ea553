"""Credit runs out: alerts in their order, the switch, and the way back."""

from bench.clock import hours, minutes
from bench.dcc.bodies import ActivateEmergencyCredit, DisableSupply, EnableSupply, ReadSupplyStatus, UpdatePaymentMode
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.prepayment.steps import POUND, registers, to_prepayment

DISABLED, ENABLED, ARMED = 0, 1, 2
LOW, AVAILABLE, ACTIVATED, EXHAUSTED = 0x810D, 0x8119, 0x81AB, 0x81AA
BELOW_THRESHOLD, SUPPLY_ARMED = 0x8F0F, 0x8F32
OK, REFUSED = [0], [250]
REQUIREMENTS = ["ES.12"]
LITTLE = 5_000  #: a few minutes of the home's load, 1/1000 p


def _state(dcc, dut, supplier):
    return dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()


@testcase(
    "PPM-101",
    "When the balance reaches the disablement threshold the supply is disabled, and the supplier told",
    rules=["R-DIS-001", "R-ALT-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS45"],
)
def test_disabled_for_credit(dut, dcc, mains, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=LITTLE)

    alert = dcc.read(timeline.expect(device_alert(dut, BELOW_THRESHOLD, to=suppliers.losing), within=hours(2)))

    expect("its MAC", alert.message.mac).equals(None, rule="R-ALT-001")
    expect("protection of the alert", alert.protected_well).equals(True, rule="R-ALT-001")
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(DISABLED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)


@testcase(
    "PPM-102",
    "A top up arms a supply that lack of credit had disabled, and does not switch it on",
    rules=["R-CRE-006", "R-SUP-008", "R-SUP-006"],
    requirements=[*REQUIREMENTS, "SFA-21-REINSTATE", "OP.08"],
    use_cases=["CS01a", "ECS45"],
)
def test_armed_by_top_up(dut, dcc, mains, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=LITTLE)
    off = timeline.expect(device_alert(dut, BELOW_THRESHOLD), within=hours(2), rule="R-DIS-001")

    dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)

    timeline.expect(
        device_alert(dut, SUPPLY_ARMED, to=suppliers.losing), within=minutes(1), after=off, rule="R-SUP-008"
    )
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ARMED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)


@testcase(
    "PPM-103",
    "A supply the supplier has disabled is not armed by a top up",
    rules=["R-SUP-007"],
    requirements=[*REQUIREMENTS, "SFA-21-POLICY"],
    use_cases=["ECS43", "CS01a", "ECS45"],
)
def test_not_armed_by_top_up(dut, dcc, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=10 * POUND)
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)

    with timeline.never(device_alert(dut, SUPPLY_ARMED), during=minutes(1)):
        response = dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)

    expect("result of the top up", response.results).equals(OK)
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(DISABLED)


@testcase(
    "PPM-104",
    "Without credit the supply cannot be enabled",
    rules=["R-SUP-004", "R-SUP-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS42", "ECS44", "ECS45"],
)
def test_not_enabled_without_credit(dut, dcc, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=LITTLE)
    timeline.expect(device_alert(dut, BELOW_THRESHOLD), within=hours(2), rule="R-DIS-001")

    enabled = dcc.ask(EnableSupply(), dut, as_user=suppliers.losing)

    expect("result of enabling", enabled.results).equals(REFUSED)
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(DISABLED)


@testcase(
    "PPM-105",
    "Emergency credit cannot be activated before it is available",
    rules=["R-EMC-002", "R-RSP-016"],
    requirements=["PC.03"],
    use_cases=["ECS09", "ECS19"],
)
def test_emergency_not_available(dut, dcc, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=100 * POUND)

    response = dcc.ask(ActivateEmergencyCredit(), dut, as_user=suppliers.losing)

    expect("result of the activation", response.results).equals(REFUSED)


@testcase(
    "PPM-106",
    "Emergency credit: available, activated, repaid first",
    rules=["R-EMC-001", "R-EMC-002", "R-RSP-016", "R-CRE-001"],
    requirements=["PC.03"],
    use_cases=["ECS09", "CS01a", "ECS19"],
)
def test_emergency_credit(dut, dcc, clock, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=LITTLE)
    timeline.expect(device_alert(dut, AVAILABLE, to=suppliers.losing), within=minutes(1), rule="R-EMC-001")
    limit = registers(dcc, dut, suppliers.losing).emergency_credit

    for number in (1, 2):
        response = dcc.ask(ActivateEmergencyCredit(), dut, as_user=suppliers.losing)
        expect(f"result of activation {number}", response.results).equals(OK, rule="R-RSP-016")
    told = device_alert(dut, ACTIVATED, to=suppliers.losing)
    timeline.expect(told, within=minutes(1), rule="R-EMC-002")

    clock.sleep(hours(3))
    expect("alerts 81AB of both activations", len(timeline.find(told))).equals(1, rule="R-EMC-002")
    used = limit - registers(dcc, dut, suppliers.losing).emergency_credit
    expect("emergency credit used (1/1000 p)", used).satisfies(
        "to be more than nothing", lambda one: one > 0, "R-EMC-002"
    )
    dcc.top_up(dut, dcc.token(dut, 5, as_user=suppliers.losing), as_user=suppliers.losing)
    after = registers(dcc, dut, suppliers.losing)
    expect("emergency credit after the top up", after.emergency_credit).equals(limit, rule="R-CRE-001")
    expect("balance after the top up (1/1000 p)", after.balance).lies_between(
        5 * POUND - used - 3_000, 5 * POUND - used, rule="R-CRE-001"
    )


@testcase(
    "PPM-107",
    "Low credit is told once for each crossing",
    rules=["R-DIS-005", "R-ALT-001", "R-ALT-024"],
    requirements=["PC.03"],
    use_cases=["ECS03"],
)
def test_low_credit_once(dut, dcc, clock, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=4 * POUND)
    alert = dcc.read(timeline.expect(device_alert(dut, LOW, to=suppliers.losing), within=minutes(1)))
    expect("octets of its signature", len(alert.message.signature)).equals(0, rule="R-ALT-001")
    expect("protection of the alert", alert.protected_well).equals(True, rule="R-ALT-001")

    with timeline.never(device_alert(dut, LOW), rule="R-DIS-005"):
        for _ in range(3):
            clock.sleep(hours(1))
            registers(dcc, dut, suppliers.losing)


@testcase(
    "PPM-108",
    "In credit mode the supply stays on whatever the balance is",
    rules=["R-PPM-004", "R-PPM-001"],
    requirements=["PC.01"],
    use_cases=["ECS02", "ECS45"],
)
def test_credit_mode_stays_on(dut, dcc, clock, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=LITTLE)
    dcc.ask(UpdatePaymentMode(credit=True), dut, as_user=suppliers.losing)

    with timeline.never(device_alert(dut, BELOW_THRESHOLD)):
        clock.sleep(hours(3))
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ENABLED)


@testcase(
    "PPM-109",
    "Going to prepayment without credit disables the supply at once",
    rules=["R-PPM-005", "R-DIS-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS45"],
)
def test_no_credit_from_the_beginning(dut, dcc, timeline, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=0, threshold=POUND)

    timeline.expect(device_alert(dut, BELOW_THRESHOLD, to=suppliers.losing), within=minutes(1))
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(DISABLED)
