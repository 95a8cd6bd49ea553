"""Sags, swells and extremes: watched all the time, told when they last longer than set, with a start and an end."""

import pytest

from bench.capabilities import ProgramPoint
from bench.clock import minutes, seconds
from bench.dcc_point import device_alert
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import power_log
from testcases.voltage.steps import (
    EXTREME_OVER,
    EXTREME_UNDER,
    LIMIT,
    PERIOD,
    REQUIREMENTS,
    SAG,
    SWELL,
    codes_of,
    set_limits,
    switch_events,
)

pytestmark = meters("single", "twin")

LIMITS = {"extreme over": EXTREME_OVER, "swell": SWELL, "sag": SAG, "extreme under": EXTREME_UNDER}
OUTWARDS = {EXTREME_OVER: 1, SWELL: 1, SAG: -1, EXTREME_UNDER: -1}  #: V, from the limit away from nominal
SENT = seconds(5)  #: from an event to its alert at the DCC, with a margin


@pytest.fixture
def watched(dut, dcc, network_operator):
    """A meter with limits set and every voltage event alerted and logged."""
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=True, logging=True)


@testcase(
    "VLT-001",
    "One volt within a limit, or beyond it for less than the period, is no event",
    rules=["R-VLT-004"],
    requirements=[*REQUIREMENTS, "APPD-EVT1"],
    use_cases=["ECS29a", "ECS25b"],
)
@pytest.mark.parametrize("limit", LIMITS)
def test_no_event(limit, watched, dut, clock, mains, timeline):
    codes = LIMITS[limit]
    nominal, outwards, period = mains.rest.voltage, OUTWARDS[codes], seconds(PERIOD[codes])

    with timeline.never(device_alert(dut, *codes)):
        mains.set_voltage(LIMIT[codes] - outwards)
        clock.sleep(3 * period)
        for _ in range(3):
            mains.set_voltage(LIMIT[codes] + outwards)
            clock.sleep(period - seconds(3))
            mains.set_voltage(nominal)
            clock.sleep(seconds(6))
        clock.sleep(2 * period)


@testcase(
    "VLT-002",
    "One volt beyond a limit for longer than its period: one start then, and one end a period after the return",
    rules=["R-VLT-004", "R-VLT-006"],
    requirements=[*REQUIREMENTS, "APPD-EVT1"],
    use_cases=["ECS29a", "ECS25b", "ECS25b3", "ECS35e"],
)
@pytest.mark.parametrize("limit", LIMITS)
def test_start_and_end(limit, watched, dut, dcc, clock, mains, timeline, network_operator, expect):
    start, end = codes = LIMITS[limit]
    period = seconds(PERIOD[codes])

    began = clock.now()
    mains.set_voltage(LIMIT[codes] + OUTWARDS[codes])
    clock.sleep(3 * period)
    ended = clock.now()
    mains.set_voltage(mains.rest.voltage)
    clock.sleep(2 * period)

    alerts = timeline.find(device_alert(dut, *codes))
    expect("codes of the alerts", codes_of(alerts)).equals([start, end])
    for seen, since in zip(alerts, (began, ended), strict=True):
        expect("time of an alert", seen.time).lies_between(since + period - seconds(2), since + period + SENT)
        told = dcc.read(seen)
        expect("time in an alert", told.alert_times()[0]).lies_between(
            since + period - seconds(2), since + period + seconds(2)
        )
        expect("recipient", str(told.message.target)).equals(str(network_operator.eui), rule="R-VLT-006")
        expect("protection of an alert", told.protected_well).equals(True, rule="R-VLT-006")
    logged = [code for code in power_log(dcc, dut, network_operator, began, clock) if code in codes]
    expect("codes in the power event log", logged).equals([start, end], rule="R-VLT-006")


@testcase(
    "VLT-003",
    "A voltage that flickers around a limit begins nothing and ends nothing: one start, one end in all",
    rules=["R-VLT-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS25b"],
)
def test_edge(watched, dut, clock, mains, timeline, expect):
    inside, outside = LIMIT[SAG] + 1, LIMIT[SAG] - 1
    flicker = [ProgramPoint(volts, seconds(PERIOD[SAG] / 8)) for volts in (outside, inside)] * 12

    with timeline.never(device_alert(dut, *SAG)):
        mains.program(f"flicker between {inside} V and {outside} V, from nominal", flicker)
        clock.sleep(minutes(2))

    mains.set_voltage(outside)
    timeline.expect(device_alert(dut, SAG[0]), within=minutes(2))
    with timeline.never(device_alert(dut, *SAG)):
        mains.program(f"flicker between {inside} V and {outside} V, in a sag", flicker)
        mains.set_voltage(outside)
        clock.sleep(minutes(2))
    mains.set_voltage(mains.rest.voltage)
    clock.sleep(minutes(2))
    expect("codes of the alerts", codes_of(timeline.find(device_alert(dut, *SAG)))).equals(list(SAG))


@testcase(
    "VLT-004",
    "A slow fall and rise goes through sag and extreme in order: two starts, two ends",
    rules=["R-VLT-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS25b"],
)
def test_ramp(watched, dut, clock, mains, timeline, expect):
    lowest = (LIMIT[EXTREME_UNDER] - 10) / mains.rest.voltage
    mains.ramp(lowest, fall="3 min", hold="2 min", rise="3 min")
    clock.sleep(minutes(2))

    told = codes_of(timeline.find(device_alert(dut, *SAG, *EXTREME_UNDER, *SWELL, *EXTREME_OVER)))
    expect("codes of the alerts", told).equals([SAG[0], EXTREME_UNDER[0], EXTREME_UNDER[1], SAG[1]])


@testcase(
    "VLT-005",
    "A sag that ends in an outage is told as one sag, and the outage itself is none",
    rules=["R-VLT-004", "R-PWR-007"],
    requirements=[*REQUIREMENTS, "APPD-OVERLAP"],
    use_cases=["ECS29a", "ECS25b", "ECS80"],
)
def test_outage_in_a_sag(watched, dut, clock, mains, timeline, expect):
    mains.set_voltage(LIMIT[SAG] - 5)
    timeline.expect(device_alert(dut, SAG[0]), within=minutes(2))

    mains.interrupt("30 s")
    with timeline.never(device_alert(dut, *SAG)):
        clock.sleep(minutes(2))
    mains.set_voltage(mains.rest.voltage)
    timeline.expect(device_alert(dut, SAG[1]), within=minutes(2))

    with timeline.never(device_alert(dut, *(code for codes in LIMITS.values() for code in codes))):
        mains.interrupt("2 min")
        clock.sleep(minutes(2))
    expect("codes of the alerts", codes_of(timeline.find(device_alert(dut, *SAG)))).equals(list(SAG))
