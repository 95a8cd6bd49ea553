"""What the consumer does, and what happens to the meter while there is no supply, beside what the supplier commands."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    ReadSupplyStatus,
    SetElectricitySupplyTamperState,
    UpdateDeviceConfigurationInstantaneousPowerThreshold,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.testcase import testcase

DISABLED, ENABLED, ARMED = 0, 1, 2
EXCEEDED, TRIPPED, TAMPERED = 0x8F01, 0x8F33, 0x8F3F
LOW, MEDIUM = 100, 300  #: W; the home draws 720 W
FLOWS = (100, 10_000)  #: W
REQUIREMENTS = ["PC.08.15", "ES.12"]


def _state(dcc, dut, supplier):
    return dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()


@testcase(
    "SUP-401",
    "After a trip of the load limit the consumer turns the supply on at the meter before the restoration period ends",
    rules=["R-LLM-004", "R-LLM-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a", "ECS45"],
)
def test_earlier(dut, dcc, at_the_esme, mains, timeline, suppliers, expect):
    supplier = suppliers.losing
    limit = LoadLimit(period=60, power_threshold=500, restoration_period=3600, supply_state="Disable")
    dcc.ask(limit, dut, as_user=supplier)
    timeline.expect(device_alert(dut, TRIPPED, to=supplier), within=minutes(3), rule="R-LLM-002")
    expect("state of the load switch", _state(dcc, dut, supplier)).equals(ARMED, rule="R-LLM-002")

    expect("whether the button turns supply on", at_the_esme.enable_supply()).equals(True)

    expect("state of the load switch", _state(dcc, dut, supplier)).equals(ENABLED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(*FLOWS)


@testcase(
    "SUP-402",
    "A load above both thresholds of the ambient display leaves the supply on, and is not alerted",
    rules=["R-LLM-007"],
    requirements=["ES.12.4"],
    use_cases=["ECS34", "ECS45"],
)
def test_ambient(dut, dcc, mains, timeline, suppliers, expect):
    supplier = suppliers.losing
    limit = LoadLimit(period=60, power_threshold=5000, restoration_period=600, supply_state="Disable")
    dcc.ask(limit, dut, as_user=supplier)
    thresholds = UpdateDeviceConfigurationInstantaneousPowerThreshold(low_medium=LOW, medium_high=MEDIUM)

    with timeline.never(device_alert(dut, EXCEEDED, TRIPPED), during=minutes(5)):
        set_ = dcc.ask(thresholds, dut, as_user=supplier)

    expect("result of the setting", set_.results).equals([0])
    expect("state of the load switch", _state(dcc, dut, supplier)).equals(ENABLED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(*FLOWS)


@testcase(
    "SUP-403",
    "A cover that is opened while there is no supply is reported when supply is back, with the time of the tampering",
    rules=["R-SUP-012", "R-SUP-010", "R-ALT-008"],
    requirements=["SFA-21-POLICY", "SFA-17-OUTAGE"],
    use_cases=["ECS81", "ECS35b", "ECS45"],
)
def test_without_supply(dut, dcc, at_the_esme, mains, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    dcc.ask(SetElectricitySupplyTamperState(state="Locked"), dut, as_user=supplier)
    with mains.of(dut).interrupted("5 min"):
        clock.sleep(minutes(2))
        began = clock.now().replace(microsecond=0)
        at_the_esme.open_cover()
        clock.sleep(minutes(2))
    back = clock.now()

    seen = timeline.expect(device_alert(dut, TAMPERED, to=supplier), within=minutes(5), after=began)

    expect("arrival of the alert", seen.time).satisfies(f"to be after {back:%H:%M:%S}", lambda at: at > back)
    told = dcc.read(seen).alert_times()[0]
    expect("time in the alert", told).lies_between(began - seconds(2), began + seconds(10), rule="R-ALT-008")
    period = ReadLogPeriod(start=began - seconds(2), end=clock.now())
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=supplier).log()
    times = [entry.time for entry in log if entry.code == TAMPERED]
    expect("tamper entries in the security log", len(times)).equals(1)
    expect("time of the entry", times[0]).lies_between(began - seconds(2), began + seconds(10))
    expect("state of the load switch", _state(dcc, dut, supplier)).equals(DISABLED, rule="R-SUP-010")
