"""Dips, interruptions and ramps of IEC 61000-4-11 (classes 2 and 3) and -4-34, and supply at the edge of working.

A meter may ride through or restart; what it does, it says once, and afterwards it is as before.
"""

from datetime import timedelta

import pytest

from bench.capabilities import ProgramPoint
from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadInstantaneousImportRegisters, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.han_point import frame
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import (
    INTERRUPTED,
    RESTORED,
    RESTORED_LONG,
    TOLERANCE,
    power_log,
)

ENABLED = 1
REQUIREMENTS = ["SFA-17-OUTAGE", "SFA-20-VOLTCOUNT", "ES.02"]
#: residual voltage and cycles: class 2 dips, class 3 dips, the interruption of both
DIPS = {
    "0 %, half a cycle": (0.0, 0.5),
    "0 %, 1 cycle": (0.0, 1),
    "40 %, 10 cycles": (0.4, 10),
    "70 %, 25 cycles": (0.7, 25),
    "80 %, 250 cycles": (0.8, 250),
    "0 %, 250 cycles": (0.0, 250),
}


@meters("single", "twin")
@testcase(
    "PWR-501",
    "After each dip and interruption of IEC 61000-4-11 the meter is as before, and a restart is told once",
    rules=["R-EVT-008", "R-PWR-001", "R-PWR-003", "R-PWR-006", "R-PWR-007"],
    requirements=[*REQUIREMENTS, "ES.10.4"],
    use_cases=["ECS80", "ECS35e", "ECS45", "ECS17b"],
)
@pytest.mark.parametrize("dip", DIPS)
def test_dips(dip, dut, dcc, clock, mains, timeline, suppliers, network_operator, expect):
    residual, cycles = DIPS[dip]
    start = clock.now()
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()

    mains.dip(residual, cycles)
    clock.sleep(minutes(2))

    _as_before(dut, dcc, suppliers, before, minutes(3), expect)
    _told_once(timeline, dut, power_log(dcc, dut, network_operator, start, clock), expect)


@meters("single", "twin")
@testcase(
    "PWR-502",
    "A supply that fades away within a minute and comes back as slowly is one outage, with the times of the edges",
    rules=["R-PWR-001", "R-PWR-002", "R-EVT-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80", "ECS35e"],
)
@pytest.mark.parametrize(("hold", "code"), [("30 s", RESTORED), ("4 min", RESTORED_LONG)], ids=["short", "long"])
def test_slow_ramp(hold, code, dut, dcc, clock, mains, timeline, network_operator, expect):
    start = clock.now()
    mains.ramp(0.0, fall="1 min", hold=hold, rise="1 min")
    ended = clock.now()

    seen = timeline.expect(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5))
    expect("code of the restoration alert", int(seen.data["alert_code"], 16)).equals(code)
    times = dcc.read(seen).alert_times()
    expect("time of the interruption", times[1]).lies_between(start, start + minutes(1), rule="R-PWR-002")
    expect("time of the restoration", times[2]).lies_between(ended - minutes(1.1), ended, rule="R-PWR-002")
    clock.sleep(minutes(2))
    _told_once(timeline, dut, power_log(dcc, dut, network_operator, start, clock), expect)


@testcase(
    "PWR-503",
    "A sawtooth around the voltage at which meters restart: as many restorations told as restarts, and nothing lost",
    rules=["R-EVT-008", "R-PWR-006", "R-PWR-007", "R-TIM-016"],
    requirements=[*REQUIREMENTS, "ES.10.4"],
    use_cases=["ECS80", "ECS35e", "ECS45", "ECS17b"],
)
@pytest.mark.parametrize("low", [0.3, 0.45, 0.6])
def test_sawtooth(low, dut, dcc, clock, mains, timeline, suppliers, network_operator, expect):
    start = clock.now()
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    nominal = mains.rest.voltage

    tooth = [ProgramPoint(nominal * level, seconds(2)) for level in (low, low + 0.1, low + 0.2, low + 0.3)]
    mains.program(f"sawtooth between {low:.0%} and {low + 0.3:.0%}", [*tooth * 12, ProgramPoint(nominal, seconds(1))])
    clock.sleep(minutes(3))

    _as_before(dut, dcc, suppliers, before, minutes(6), expect)
    log = power_log(dcc, dut, network_operator, start, clock)
    alerts = timeline.find(device_alert(dut, RESTORED, RESTORED_LONG))
    expect("restorations in the power event log", log.count(RESTORED)).equals(len(alerts))
    expect("interruptions in it", log.count(INTERRUPTED)).equals(len(alerts))
    _clock_right(dcc, alerts, expect)


@testcase(
    "PWR-504",
    "At a steady low voltage a meter works or does not, for minutes: it does not start over and over",
    rules=["R-EVT-008", "R-PWR-006", "R-PWR-007", "R-TIM-016"],
    requirements=[*REQUIREMENTS, "ES.10.4"],
    use_cases=["ECS80", "ECS45", "ECS17b"],
)
@pytest.mark.parametrize("level", [0.5, 0.55, 0.6, 0.65, 0.7])
def test_long_hold(level, dut, dcc, clock, mains, timeline, suppliers, network_operator, expect):
    start = clock.now()
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()

    mains.set_voltage(level * mains.rest.voltage)
    clock.sleep(minutes(10))
    mains.set_voltage(mains.rest.voltage)
    clock.sleep(minutes(2))

    restarts = timeline.find(frame(src=dut.type, what="DeviceAnnce"))
    expect("restarts of the meter", len(restarts)).lies_between(0, 1)
    _as_before(dut, dcc, suppliers, before, minutes(13), expect)
    _told_once(timeline, dut, power_log(dcc, dut, network_operator, start, clock), expect)
    _clock_right(dcc, timeline.find(device_alert(dut, RESTORED, RESTORED_LONG)), expect)


@meters("single", "twin")
@testcase(
    "PWR-505",
    "A supply that bounces when it returns is one outage, and its end is then",
    rules=["R-EVT-008", "R-PWR-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80"],
)
def test_bouncing(dut, dcc, clock, mains, timeline, network_operator, expect):
    nominal, bounce = mains.rest.voltage, timedelta(milliseconds=100)
    began = clock.now()
    bounces = [ProgramPoint(nominal, bounce), ProgramPoint(0.0, bounce)] * 5
    mains.program("30 s without supply, then five bounces", [ProgramPoint(0.0, seconds(30)), *bounces,
                                                             ProgramPoint(nominal, seconds(1))])  # fmt: skip
    ended = began + seconds(31)
    clock.sleep(minutes(2))

    alerts = timeline.find(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator))
    expect("restoration alerts", len(alerts)).equals(1)
    times = dcc.read(alerts[0]).alert_times()
    expect("time of the interruption", times[1]).lies_between(began - TOLERANCE, began + TOLERANCE, rule="R-PWR-002")
    expect("time of the restoration", times[2]).lies_between(ended - TOLERANCE, ended + TOLERANCE, rule="R-PWR-002")


def _as_before(dut, dcc, suppliers, before, longest, expect):
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED, rule="R-PWR-006")
    after = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    most = 3000 * (longest / minutes(60))
    expect("energy counted (Wh)", after - before).lies_between(0, round(most), rule="R-PWR-007")


def _told_once(timeline, dut, log, expect):
    """What the log holds, and what was alerted, is the same: nothing, or one interruption and its end."""
    alerts = timeline.find(device_alert(dut))
    expect("alerts of the meter", len(alerts)).lies_between(0, 1, rule="R-EVT-008")
    told = [int(seen.data["alert_code"], 16) for seen in alerts]
    expected = [INTERRUPTED, *told] if told else []
    expect("codes in the power event log", log).equals(expected, rule="R-PWR-003")


def _clock_right(dcc, alerts, expect):
    """The alerts were stamped by a clock that is right."""
    for seen in alerts:
        expect("time of an alert", dcc.read(seen).alert_times()[0]).lies_between(
            seen.time - minutes(1), seen.time + TOLERANCE, rule="R-TIM-016"
        )
