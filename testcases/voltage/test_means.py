"""Mean voltages: judged at the end of each period, kept in a log, counted when they cross a threshold."""

from datetime import timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    ReadActivePowerImport,
    ReadDeviceConfigurationVoltage,
    UpdateDeviceConfigurationRMSVoltageCounterReset,
)
from bench.dcc_point import device_alert
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
    set_limits,
    switch_events,
    voltage_data,
)

pytestmark = meters("single", "twin")

ENTRIES = 4320
MINUTE = minutes(1)


def next_minute(clock):
    """Wait until a minute of the clock begins: with a period of a minute, that is when a mean begins."""
    now = clock.now()
    clock.sleep_until(now.replace(second=0, microsecond=0) + MINUTE)
    return clock.now()


@testcase(
    "VLT-101",
    "A mean beyond its threshold is told when its period ends, once, and its return once",
    rules=["R-VLT-001", "R-ALT-024", "R-VLT-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS23", "ECS25b"],
)
def test_mean_over(dut, dcc, clock, mains, timeline, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=True, logging=True)
    began = next_minute(clock)
    clock.sleep(seconds(5))

    with timeline.never(device_alert(dut, *MEAN_OVER)):
        mains.set_voltage(LIMIT[MEAN_OVER] + 2)  # 55 s at 242 V and 5 s at 230 V: a mean of 241 V
        clock.sleep_until(began + seconds(MEAN_PERIOD - 1))
    clock.sleep_until(began + 3 * MINUTE + seconds(5))
    mains.set_voltage(mains.rest.voltage)
    clock.sleep_until(began + 6 * MINUTE)

    alerts = timeline.find(device_alert(dut, *MEAN_OVER, *MEAN_UNDER))
    expect("codes of the alerts", codes_of(alerts)).equals(list(MEAN_OVER), rule="R-ALT-024")
    for seen, end in zip(alerts, (began + MINUTE, began + 4 * MINUTE), strict=True):
        expect("time in an alert", dcc.read(seen).alert_times()[0]).lies_between(end, end + seconds(1))
    data = voltage_data(dcc, dut, network_operator, began, clock)
    expect("means over and under", (data.over, data.under)).equals((1, 0), rule="R-VLT-003")


@testcase(
    "VLT-102",
    "Most of a period beyond a threshold is no event if the mean is not: at the threshold, or a swing to both sides",
    rules=["R-VLT-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS23", "ECS25b"],
)
def test_mean_within(dut, dcc, clock, mains, timeline, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=True, logging=True)
    began = next_minute(clock)

    with timeline.never(device_alert(dut, *MEAN_OVER, *MEAN_UNDER)):
        for _ in range(3):
            mains.set_voltage(LIMIT[MEAN_OVER] + 4)
            clock.sleep(seconds(40))
            mains.set_voltage(LIMIT[MEAN_UNDER] - 2)
            clock.sleep_until(next_minute(clock))
        mains.set_voltage(LIMIT[MEAN_OVER] - 1)
        clock.sleep(3 * MINUTE)
    data = voltage_data(dcc, dut, network_operator, began, clock)
    expect("means over and under", (data.over, data.under)).equals((0, 0))


@testcase(
    "VLT-103",
    "The voltage log holds the mean of each period, stamped at its end",
    rules=["R-VLT-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS23"],
)
def test_log(dut, dcc, clock, mains, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    began = next_minute(clock)
    levels = [235, 225, 230]
    for volts in levels:
        mains.set_voltage(volts)
        clock.sleep(MINUTE)
    mains.set_voltage(240)
    clock.sleep(seconds(30))
    mains.set_voltage(220)
    clock.sleep(seconds(40))

    data = voltage_data(dcc, dut, network_operator, began + seconds(1), clock)
    expect("period of the log (s)", data.period).equals(MEAN_PERIOD)
    means = dict(data.means)
    for number, volts in enumerate([*levels, 230], start=1):
        end = began + number * MINUTE
        expect(f"mean of the period that ended at {end:%H:%M:%S} (V)", means.get(end, 0)).lies_between(
            volts - 1, volts + 1
        )


@testcase(
    "VLT-104",
    "Settings are read back; set without reset they leave the counters, set with reset or reset alone they are zero",
    rules=["R-VLT-003"],
    requirements=[*REQUIREMENTS, "DI.02"],
    use_cases=["ECS29a", "ECS29c", "ECS29e", "ECS23", "ECS26b"],
)
def test_counters(dut, dcc, clock, mains, network_operator, expect):
    began = clock.now()

    def counters():
        data = voltage_data(dcc, dut, network_operator, began, clock)
        return data.over, data.under

    def cross_both():
        for volts in (LIMIT[MEAN_OVER] + 5, LIMIT[MEAN_UNDER] - 5, mains.rest.voltage):
            next_minute(clock)
            mains.set_voltage(volts)
            clock.sleep(MINUTE)
        clock.sleep(seconds(5))

    set_limits(dcc, dut, network_operator)
    limits = [
        item.value for item in dcc.ask(ReadDeviceConfigurationVoltage(), dut, as_user=network_operator).access.data
    ]
    order = (EXTREME_OVER, EXTREME_UNDER, SAG, SWELL)
    wanted = [value for codes in order for value in (LIMIT[codes], PERIOD[codes])]
    expect("limits and periods", limits).equals([*wanted, LIMIT[MEAN_OVER], LIMIT[MEAN_UNDER]])
    cross_both()
    cross_both()
    expect("counters over and under", counters()).equals((2, 2))

    kept = set_limits(dcc, dut, network_operator, keep_counters=True, mean_over=LIMIT[MEAN_OVER] - 1)
    expect("results of setting without reset", set(kept.results)).equals({0})
    expect("counters after setting without reset", counters()).equals((2, 2))

    set_limits(dcc, dut, network_operator)
    expect("counters after setting with reset", counters()).equals((0, 0))
    cross_both()
    expect("counters, counted anew", counters()).equals((1, 1))
    dcc.ask(UpdateDeviceConfigurationRMSVoltageCounterReset(), dut, as_user=network_operator)
    expect("counters after their reset", counters()).equals((0, 0))


@testcase(
    "VLT-105",
    "Counters, settings and log survive an outage, and a mean that was over before it is not counted again",
    rules=["R-VLT-003", "R-VLT-002", "R-PWR-007"],
    requirements=[*REQUIREMENTS, "DI.02"],
    use_cases=["ECS29a", "ECS23", "ECS26b"],
)
def test_outage(dut, dcc, clock, mains, timeline, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=True, logging=True)
    began = next_minute(clock)
    mains.set_voltage(LIMIT[MEAN_OVER] + 5)
    clock.sleep(MINUTE + seconds(10))
    before = voltage_data(dcc, dut, network_operator, began, clock)

    mains.interrupt("2 min")
    clock.sleep(3 * MINUTE)

    after = voltage_data(dcc, dut, network_operator, began, clock)
    expect("means over", (before.over, after.over)).equals((1, 1))
    expect("means before the outage", after.means[: len(before.means)]).equals(before.means, rule="R-VLT-002")
    read = dcc.ask(ReadDeviceConfigurationVoltage(), dut, as_user=network_operator).access.data
    expect("threshold of the mean", read[8].value).equals(LIMIT[MEAN_OVER], rule="R-PWR-007")
    told = codes_of(timeline.find(device_alert(dut, *MEAN_OVER)))
    expect("codes of the alerts", told).equals([MEAN_OVER[0]])


@testcase(
    "VLT-106",
    "With alerts and logging off nothing is told or logged, and the counters still count",
    rules=["R-VLT-006", "R-VLT-003", "R-ALT-016"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS23", "ECS25b", "ECS25b3", "ECS35e"],
)
def test_alerts_off(dut, dcc, clock, mains, timeline, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=False, logging=False)
    began = next_minute(clock)

    with timeline.never(device_alert(dut, *ALL), rule="R-ALT-016"):
        for volts in (LIMIT[EXTREME_OVER] + 2, LIMIT[EXTREME_UNDER] - 5, mains.rest.voltage):
            mains.set_voltage(volts)
            clock.sleep(2 * MINUTE)
    data = voltage_data(dcc, dut, network_operator, began, clock)
    expect("means over and under", (data.over, data.under)).equals((1, 1), rule="R-VLT-003")
    logged = [code for code in power_log(dcc, dut, network_operator, began, clock) if code in ALL]
    expect("voltage events in the power event log", logged).equals([])


@testcase(
    "VLT-186",
    "A voltage event whose alert is off is logged, and one whose logging is off is told",
    rules=["R-ALT-016", "R-ALT-013", "R-VLT-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS25b", "ECS25b3", "ECS35e"],
)
@pytest.mark.parametrize("alerts", [False, True], ids=["alerts off", "logging off"])
def test_one_without_the_other(alerts, dut, dcc, clock, mains, timeline, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=alerts, logging=not alerts)
    began = next_minute(clock)
    for volts in (LIMIT[EXTREME_OVER] + 2, mains.rest.voltage):
        mains.set_voltage(volts)
        clock.sleep(2 * MINUTE)

    events = sorted((*EXTREME_OVER, *SWELL, *MEAN_OVER))
    told = sorted(codes_of(timeline.find(device_alert(dut, *ALL))))
    logged = sorted(code for code in power_log(dcc, dut, network_operator, began, clock) if code in ALL)
    expect("codes of the alerts", told).equals(events if alerts else [])
    expect("codes in the power event log", logged).equals([] if alerts else events)


@testcase(
    "VLT-107",
    "What is told of a mean goes to the network operator and into the power event log, both with the code",
    rules=["R-VLT-006", "R-EVT-012"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS25b", "ECS25b3", "ECS35e"],
)
def test_told_and_logged(dut, dcc, clock, mains, timeline, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=True, logging=True)
    began = next_minute(clock)
    for volts in (LIMIT[EXTREME_OVER] + 2, LIMIT[EXTREME_UNDER] - 5, mains.rest.voltage):
        mains.set_voltage(volts)
        clock.sleep(2 * MINUTE)

    alerts = timeline.find(device_alert(dut, *ALL))
    told = codes_of(alerts)
    expect("each code was told once", sorted(told)).equals(sorted(ALL))
    recipients = {str(dcc.read(seen).message.target) for seen in alerts}
    expect("recipients", recipients).equals({str(network_operator.eui)}, rule="R-EVT-012")
    logged = [code for code in power_log(dcc, dut, network_operator, began, clock) if code in ALL]
    expect("voltage events in the power event log", logged).equals(told)


@testcase(
    "VLT-108",
    "The voltage log holds 4320 means: the oldest give way",
    rules=["R-VLT-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS29a", "ECS23"],
)
def test_full_log(dut, dcc, clock, network_operator, expect):
    began = clock.now()
    set_limits(dcc, dut, network_operator, mean_period=1)
    clock.sleep(seconds(ENTRIES + 60))

    data = voltage_data(dcc, dut, network_operator, began, clock, until=began + seconds(90))
    oldest = clock.now() - data.means[0][0] if data.means else timedelta()
    expect("age of the oldest mean (s)", round(oldest.total_seconds())).lies_between(ENTRIES - 2, ENTRIES + 10)


@testcase(
    "VLT-109",
    "Instantaneous power is whole watts: that which the source delivers, and none while the supply is off",
    rules=["R-VLT-007"],
    requirements=["ES.06"],
    use_cases=["ECS17c", "ECS44"],
)
def test_power(dut, dcc, clock, mains, suppliers, expect):
    delivered = mains.sample().power
    response = dcc.ask(ReadActivePowerImport(), dut, as_user=suppliers.losing)
    watts, (scaler, unit), primary = response.items(lambda data: [member.value for member in data[0].value])
    expect("scaler and unit", (scaler.value, unit.value)).equals((0, 27))
    expect("power of the meter (W)", watts).lies_between(round(0.9 * delivered) - 50, round(1.05 * delivered) + 10)
    expect("power of the primary element (W)", primary).equals(watts)

    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
    clock.sleep(seconds(5))
    response = dcc.ask(ReadActivePowerImport(), dut, as_user=suppliers.losing)
    expect("power with the supply off (W)", response.items(lambda data: data[0].value[0].value)).equals(0)
