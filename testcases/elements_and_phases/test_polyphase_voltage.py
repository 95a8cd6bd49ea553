"""The voltages of a polyphase meter: limits common to all phases, means with thresholds and counters of their own."""

from typing import NamedTuple

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ConfigureAlertBehaviour,
    ReadDeviceConfigurationVoltage,
    ReadLogPeriod,
    ReadNetworkData,
    UpdateDeviceConfigurationRMSVoltageCounterReset,
    UpdateDeviceConfigurationVoltage,
)
from bench.dcc.bodies.behaviour import ElectricitySwitches, EventSwitches
from bench.dcc.bodies.settings import AverageVoltageSettings, PolyPhaseVoltageSettings
from bench.dcc_point import device_alert
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import power_log
from testcases.voltage.steps import (
    ALL,
    EXTREME_OVER,
    EXTREME_UNDER,
    LIMIT,
    MEAN_OVER,
    MEAN_PERIOD,
    MEAN_UNDER,
    PERIOD,
    REQUIREMENTS,
    SAG,
    SWELL,
    codes_of,
    rms_limits,
)

pytestmark = meters("polyphase")

PHASES = (1, 2, 3)
OF_PHASES = tuple(code + phase for code in ALL for phase in PHASES)  #: codes of a phase follow that of the whole
LIMITS = {"extreme over": EXTREME_OVER, "swell": SWELL, "sag": SAG, "extreme under": EXTREME_UNDER}
OUTWARDS = {EXTREME_OVER: 2, SWELL: 2, SAG: -2, EXTREME_UNDER: -2}  #: V, from the limit away from nominal
OVER, UNDER = {1: 240, 2: 244, 3: 248}, {1: 222, 2: 218, 3: 214}  #: V, thresholds of the mean by phase
OF_MEANS = [code + phase for code in (*MEAN_OVER, *MEAN_UNDER) for phase in (0, *PHASES)]
MINUTE = minutes(1)


class PhaseData(NamedTuple):
    """What 4.10 gives of one phase: counters, means as (end of the period, V), and the period (s)."""

    under: int
    over: int
    means: list
    period: int


def set_limits(dcc, dut, operator, *, keep_counters=False):
    """Set the limits of all phases and the thresholds of each (6.5, ECS29b; without reset ECS29d)."""
    poly = tuple(
        PolyPhaseVoltageSettings(
            phase=phase, settings=AverageVoltageSettings(over=OVER[phase], under=UNDER[phase], period=MEAN_PERIOD)
        )
        for phase in PHASES
    )
    body = UpdateDeviceConfigurationVoltage(rms=rms_limits(), poly=poly, counters_not_reset=keep_counters)
    return dcc.ask(body, dut, as_user=operator)


def phase_data(dcc, dut, operator, start, clock):
    """Read counters and means of each phase since an instant (4.10, ECS23b)."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + MINUTE)
    answer = dcc.ask(ReadNetworkData(period=period), dut, as_user=operator)
    found = {}
    for phase in PHASES:
        first = 6 * (phase - 1)
        means = [(from_zigbee_utc(at), volts) for at, volts in answer.rows(first + 4)]
        found[phase] = answer.items(
            lambda data, first=first, means=means: PhaseData(
                data[first].value, data[first + 2].value, means, data[first + 5].value
            )
        )
    return found


@pytest.fixture
def watched(dut, dcc, network_operator):
    """A meter with limits set, and every voltage event of every phase alerted and logged."""
    set_limits(dcc, dut, network_operator)
    on = EventSwitches(events=tuple((code, True) for code in OF_PHASES))
    for switches in (
        ConfigureAlertBehaviour(operator_alerts=ElectricitySwitches(operator_polyphase=on)),
        ConfigureAlertBehaviour(operator_logging=ElectricitySwitches(operator_polyphase=on)),
    ):
        dcc.ask(switches, dut, as_user=network_operator)


def next_minute(clock):
    """Wait until a minute of the clock begins, and with it a measurement period."""
    clock.sleep_until(clock.now().replace(second=0, microsecond=0) + MINUTE)
    return clock.now()


@testcase(
    "POL-101",
    "A phase beyond a limit that all phases share: start and end by the codes of that phase, nothing of the others",
    rules=["R-VLT-005", "R-EVT-008", "R-VLT-004", "R-VLT-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29b", "ECS25b", "ECS25b3", "ECS35e"],
)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("limit", LIMITS)
def test_limit_of_a_phase(limit, phase, watched, dut, dcc, clock, phases, timeline, network_operator, expect):
    pair = LIMITS[limit]
    codes = [code + each for code in pair for each in (0, *PHASES)]
    period, began = seconds(PERIOD[pair]), clock.now()
    with timeline.never(device_alert(dut, *codes)):
        phases.set_voltage(phase, LIMIT[pair] - OUTWARDS[pair])
        clock.sleep(2 * period)
    phases.set_voltage(phase, LIMIT[pair] + OUTWARDS[pair])
    clock.sleep(2 * period)
    phases.set_voltage(phase, phases.rest.voltage)
    clock.sleep(2 * period)

    wanted = [code + phase for code in pair]
    told = codes_of(timeline.find(device_alert(dut, *codes)))
    expect("codes of the alerts", told).equals(wanted)
    logged = [one for one in power_log(dcc, dut, network_operator, began, clock) if one in codes]
    expect("codes in the power event log", logged).equals(wanted, rule="R-VLT-006")


@testcase(
    "POL-102",
    "The mean of each phase is held against thresholds of its own, told and counted by phase",
    rules=["R-VLT-005", "R-EVT-008", "R-VLT-001", "R-VLT-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29b", "ECS23b", "ECS25b"],
)
@pytest.mark.parametrize("phase", PHASES)
def test_mean_of_a_phase(phase, watched, dut, dcc, clock, phases, timeline, network_operator, expect):
    began = next_minute(clock)
    for each in PHASES:
        phases.set_voltage(each, OVER[each] + (2 if each == phase else -2))
    clock.sleep(MINUTE)
    for each in PHASES:
        phases.set_voltage(each, UNDER[each] + (-2 if each == phase else 2))
    clock.sleep(MINUTE)
    for each in PHASES:
        phases.set_voltage(each, phases.rest.voltage)
    clock.sleep(MINUTE + seconds(5))

    told = codes_of(timeline.find(device_alert(dut, *OF_MEANS)))
    wanted = [code + phase for code in (MEAN_OVER[0], MEAN_OVER[1], MEAN_UNDER[0], MEAN_UNDER[1])]
    expect("codes of the alerts", told).equals(wanted)
    data = phase_data(dcc, dut, network_operator, began, clock)
    for each in PHASES:
        count = int(each == phase)
        expect(f"means over and under of phase {each}", (data[each].over, data[each].under)).equals((count, count))


@testcase(
    "POL-103",
    "Each phase has a voltage log of its own means",
    rules=["R-VLT-002", "R-VLT-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29b", "ECS23b"],
)
def test_logs(dut, dcc, clock, phases, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    began = next_minute(clock)
    volts = {1: 225, 2: 231, 3: 237}
    for phase in PHASES:
        phases.set_voltage(phase, volts[phase])
    clock.sleep(2 * MINUTE + seconds(5))

    data = phase_data(dcc, dut, network_operator, began + seconds(1), clock)
    for phase in PHASES:
        expect(f"period of phase {phase} (s)", data[phase].period).equals(MEAN_PERIOD)
        means = dict(data[phase].means)
        mean = means.get(began + 2 * MINUTE, 0)
        expect(f"mean of phase {phase} (V)", mean).lies_between(volts[phase] - 1, volts[phase] + 1)


@testcase(
    "POL-104",
    "Settings of three phases are read back; set without reset they leave the counters, reset alone makes them zero",
    rules=["R-VLT-005", "R-VLT-003"],
    requirements=[*REQUIREMENTS, "DI.02"],
    use_cases=["ECS29b", "ECS29d", "ECS29f", "ECS26k", "ECS23b"],
)
def test_settings(dut, dcc, clock, phases, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    answer = dcc.ask(ReadDeviceConfigurationVoltage(), dut, as_user=network_operator)
    read = [item.value for item in answer.access.data]
    order = (EXTREME_OVER, EXTREME_UNDER, SAG, SWELL)
    limits = [value for pair in order for value in (LIMIT[pair], PERIOD[pair])]
    means = [OVER[1], UNDER[1], UNDER[2], OVER[2], UNDER[3], OVER[3]]
    expect("limits, periods and thresholds", read).equals([*limits, *means])

    began = next_minute(clock)
    for phase in PHASES:
        phases.set_voltage(phase, OVER[phase] + 2)
    clock.sleep(MINUTE + seconds(5))

    def counters():
        return [one.over for one in phase_data(dcc, dut, network_operator, began, clock).values()]

    expect("means over, by phase", counters()).equals([1, 1, 1], rule="R-VLT-003")
    set_limits(dcc, dut, network_operator, keep_counters=True)
    expect("counters after setting without reset", counters()).equals([1, 1, 1], rule="R-VLT-003")
    dcc.ask(UpdateDeviceConfigurationRMSVoltageCounterReset(), dut, as_user=network_operator)
    expect("counters after their reset", counters()).equals([0, 0, 0], rule="R-VLT-003")
