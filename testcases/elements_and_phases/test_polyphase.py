"""A polyphase meter: each phase is watched, counted and told for itself."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadActivePowerImport,
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadInstantaneousImportRegisters,
)
from bench.dcc_point import device_alert
from bench.han_point import frame
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import power_log, times_fit

pytestmark = meters("polyphase")

#: by phase: supply lost (log only), restored after less than three minutes, and after more
LOST, RESTORED, RESTORED_LONG = (0x8F58, 0x8F59, 0x8F5A), (0x8F37, 0x8F39, 0x8F3B), (0x8F38, 0x8F3A, 0x8F3C)
OF_THE_WHOLE = (0x8F35, 0x8F36)
ANY_RESTORATION = (*OF_THE_WHOLE, *RESTORED, *RESTORED_LONG)
REQUIREMENTS = ["BEM-VARIANTS"]
OUTAGES = [*REQUIREMENTS, "SFA-17-OUTAGE"]
EXTENDED_LOW, FAR_BELOW = 0.8, 0.3  #: of the nominal voltage
OTHERS = {1: (2, 3), 2: (1, 3), 3: (1, 2)}


def codes(observations):
    """Codes of alerts, in the order in which they came."""
    return [int(seen.data["alert_code"], 16) for seen in observations]


@testcase(
    "POL-001",
    "A phase that is lost alone is told when it is back, by the code of the phase and of the length, and no other",
    rules=["R-PWR-001", "R-EVT-008", "R-PWR-002", "R-PWR-003", "R-PWR-005", "R-ALT-022"],
    requirements=OUTAGES,
    use_cases=["ECS80", "ECS35e"],
)
@pytest.mark.parametrize("phase", [1, 2, 3])
@pytest.mark.parametrize("length", ["2 min 50 s", "3 min 10 s"])
def test_one_phase_lost(phase, length, dut, dcc, clock, phases, timeline, network_operator, expect):
    began = clock.now()
    with timeline.never(device_alert(dut, *ANY_RESTORATION)):
        outage = phases.interrupt(phase, length)
    clock.sleep(minutes(2))

    alerts = timeline.find(device_alert(dut, *ANY_RESTORATION))
    code = (RESTORED_LONG if outage.duration >= minutes(3) else RESTORED)[phase - 1]
    expect("codes of the alerts", codes(alerts)).equals([code])
    told = dcc.read(alerts[0])
    expect("recipient", str(told.message.target)).equals(str(network_operator.eui))
    expect("message code", told.message.message_code).equals(0x0067, rule="R-ALT-022")
    times_fit(told, outage, expect)
    logged = [one for one in power_log(dcc, dut, network_operator, began, clock) if one in (*LOST, *ANY_RESTORATION)]
    expect("codes in the power event log", logged).equals([LOST[phase - 1], code], rule="R-PWR-003")


@testcase(
    "POL-002",
    "When all phases are lost, each is told for itself, and nothing is told of the whole",
    rules=["R-PWR-001", "R-EVT-008", "R-PWR-003"],
    requirements=OUTAGES,
    use_cases=["ECS80", "ECS35e"],
)
def test_all_phases_lost(dut, dcc, clock, mains, timeline, network_operator, expect):
    began = clock.now()
    outage = mains.interrupt("3 min 10 s")
    clock.sleep(minutes(3))

    alerts = timeline.find(device_alert(dut, *ANY_RESTORATION))
    expect("codes of the alerts", sorted(codes(alerts))).equals(sorted(RESTORED_LONG))
    for seen in alerts:
        times_fit(dcc.read(seen), outage, expect)
    logged = power_log(dcc, dut, network_operator, began, clock)
    expect("losses in the power event log", sorted(one for one in logged if one in LOST)).equals(
        sorted(LOST), rule="R-PWR-003"
    )
    expect("entry of an outage of the whole", 0x8F57 in logged).equals(False, rule="R-EVT-008")


@testcase(
    "POL-003",
    "Phases that come back one after the other are each told with their own times",
    rules=["R-PWR-001", "R-EVT-008", "R-PWR-002", "R-PWR-005"],
    requirements=OUTAGES,
    use_cases=["ECS80"],
)
def test_phases_come_back_in_turn(dut, dcc, clock, phases, timeline, expect):
    phases.set_voltage(2, 0)
    lost = clock.now()
    clock.sleep(minutes(2))
    outage = phases.interrupt(3, "2 min")
    phases.set_voltage(2, phases.rest.voltage)
    back = clock.now()
    clock.sleep(minutes(1))

    alerts = timeline.find(device_alert(dut, *ANY_RESTORATION))
    expect("codes of the alerts", codes(alerts)).equals([RESTORED[2], RESTORED_LONG[1]])
    times_fit(dcc.read(alerts[0]), outage, expect)
    times = dcc.read(alerts[1]).alert_times()
    expect("loss of phase 2 in its alert", times[1]).lies_between(
        lost - seconds(2), lost + seconds(2), rule="R-PWR-002"
    )
    expect("its return in its alert", times[2]).lies_between(back - seconds(2), back + seconds(2), rule="R-PWR-002")


@testcase(
    "POL-006",
    "A brown-out of one phase within the meter's range is told by nobody, and costs no energy",
    rules=["R-PWR-001", "R-LOG-004", "R-EVT-026"],
    requirements=OUTAGES,
    use_cases=["ECS17b", "ECS35e"],
)
@pytest.mark.parametrize("phase", [1, 2, 3])
def test_brown_out_in_range(phase, dut, dcc, clock, mains, phases, timeline, suppliers, network_operator, expect):
    began, before = clock.now(), imported(dcc, dut, suppliers.losing)
    most = mains.sample().power

    with timeline.never(device_alert(dut), rule="R-PWR-001"), timeline.never(frame(src=dut.type, what="DeviceAnnce")):
        phases.ramp(phase, EXTENDED_LOW, fall="20 s", hold="10 min", rise="20 s")
        clock.sleep(minutes(1))

    expect("codes in the power event log", power_log(dcc, dut, network_operator, began, clock)).equals([])
    used, hours = imported(dcc, dut, suppliers.losing) - before, (clock.now() - began) / minutes(60)
    expect("energy counted (Wh)", used).lies_between(
        EXTENDED_LOW**2 * most * hours - 3, most * hours + 3, rule="R-LOG-004"
    )


@testcase(
    "POL-007",
    "A brown-out of one phase far below the range is one loss of that phase, however slowly it comes back",
    rules=["R-PWR-001", "R-PWR-002", "R-PWR-003", "R-PWR-005"],
    requirements=OUTAGES,
    use_cases=["ECS80", "ECS35e"],
)
@pytest.mark.parametrize("phase", [1, 2, 3])
@pytest.mark.parametrize("hold", ["1 min", "5 min"])
def test_deep_brown_out(phase, hold, dut, dcc, clock, phases, timeline, network_operator, expect):
    began = clock.now()
    phases.ramp(phase, FAR_BELOW, fall="20 s", hold=hold, rise="20 s")
    ended = clock.now()
    clock.sleep(minutes(2))

    code = (RESTORED if hold == "1 min" else RESTORED_LONG)[phase - 1]
    alerts = timeline.find(device_alert(dut, *ANY_RESTORATION))
    expect("codes of the alerts", codes(alerts)).equals([code])
    times = dcc.read(alerts[0]).alert_times()
    expect("loss of the phase", times[1]).lies_between(began, began + seconds(22), rule="R-PWR-002")
    expect("its return", times[2]).lies_between(ended - seconds(22), ended, rule="R-PWR-002")
    logged = power_log(dcc, dut, network_operator, began, clock)
    expect("codes in the power event log", logged).equals([LOST[phase - 1], code], rule="R-PWR-003")


@testcase(
    "POL-004",
    "Power and import are the sum of the phases; with a phase lost the meter counts what the others take",
    rules=["R-LOG-004", "R-VLT-007"],
    requirements=[*REQUIREMENTS, "ES.06", "ES.02"],
    use_cases=["ECS17b", "ECS17c"],
)
@pytest.mark.parametrize("lost", [None, 2, 3], ids=["no phase lost", "phase 2 lost", "phase 3 lost"])
def test_sum_of_phases(lost, dut, dcc, clock, mains, phases, suppliers, expect):
    if lost:
        phases.set_voltage(lost, 0)
        clock.sleep(seconds(2))
    delivered = mains.sample().power
    power = dcc.ask(ReadActivePowerImport(), dut, as_user=suppliers.losing).items(lambda data: data[0].value[0].value)
    expect("power of the meter (W)", power).lies_between(0.97 * delivered - 10, 1.03 * delivered + 10, rule="R-VLT-007")

    began, before = clock.now(), imported(dcc, dut, suppliers.losing)
    clock.sleep(minutes(30))
    used, hours = imported(dcc, dut, suppliers.losing) - before, (clock.now() - began) / minutes(60)
    expect("import of half an hour (Wh)", used).lies_between(0.97 * delivered * hours - 3, 1.03 * delivered * hours + 3)


def imported(dcc, dut, user):
    """The import register (4.1.1), Wh."""
    return dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=user).import_register()


@testcase(
    "POL-005",
    "A polyphase meter says that it is one",
    rules=["R-IDN-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS26m"],
)
def test_variant(dut, dcc, suppliers, expect):
    answer = dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), dut, as_user=suppliers.losing)
    expect("variant", answer.value()).equals(b"C")
