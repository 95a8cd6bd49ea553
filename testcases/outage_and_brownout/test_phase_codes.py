"""Codes of phases: a meter of one phase has none of them."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import ConfigureAlertBehaviour, ReadEventOrSecurityLog, ReadLogPeriod
from bench.dcc.bodies.behaviour import ElectricitySwitches, EventSwitches
from bench.dcc_point import device_alert
from bench.testcase import meters, testcase
from testcases.voltage.steps import ALL, EXTREME_OVER, LIMIT, MEAN_OVER, SWELL, set_limits

#: codes that name a phase: of voltage, each beside that of any phase; of supply interrupted and restored (GBCS 16)
OF_PHASES = {code + phase for code in ALL for phase in (1, 2, 3)} | {*range(0x8F37, 0x8F3D), *range(0x8F58, 0x8F5B)}
LOGS = ("Event", "Security", "PowerEvent")
RESTORED, RESTORED_LONG = 0x8F35, 0x8F36


@meters("single")
@testcase(
    "PWR-051",
    "A single-phase meter tells of outages and of voltage with codes that name no phase",
    rules=["R-EVT-027"],
    requirements=["SFA-17-OUTAGE"],
    use_cases=["ECS80", "ECS29a", "ECS25b", "ECS35a", "ECS35b", "ECS35e"],
)
def test_no_phases(dut, dcc, mains, clock, timeline, suppliers, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    every = ElectricitySwitches(operator=EventSwitches(events=tuple((0x8000 + one, True) for one in range(256))))
    for body in (ConfigureAlertBehaviour(operator_alerts=every), ConfigureAlertBehaviour(operator_logging=every)):
        dcc.ask(body, dut, as_user=network_operator)
    began = clock.now().replace(microsecond=0)
    for length in ("10 s", "4 min"):
        mains.interrupt(length)
        clock.sleep(minutes(1))
    for volts in (LIMIT[EXTREME_OVER] + 2, mains.rest.voltage):
        mains.set_voltage(volts)
        clock.sleep(minutes(3))

    told = timeline.find(device_alert(dut, to=network_operator), after=began)
    codes = {int(seen.data["alert_code"], 16) for seen in told}
    expect("codes of phases among the alerts", codes & OF_PHASES).equals(set())
    outages, voltage = {RESTORED, RESTORED_LONG}, {*EXTREME_OVER, *SWELL, *MEAN_OVER}
    expect("codes of outages among the alerts", codes & outages).equals(outages, rule="R-PWR-001")
    expect("codes of voltage among the alerts", codes & voltage).equals(voltage)
    period = ReadLogPeriod(start=began - seconds(1), end=clock.now())
    for name in LOGS:
        log = dcc.ask(ReadEventOrSecurityLog(period=period, log=name), dut, as_user=suppliers.losing).log()
        expect(f"codes of phases in the log {name}", {entry.code for entry in log} & OF_PHASES).equals(set())
