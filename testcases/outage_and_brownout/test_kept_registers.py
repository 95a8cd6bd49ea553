"""Registers, counters and logs of every kind through a loss of supply: what was read before is read after it."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ActivateAuxiliaryLoad,
    ReadEventOrSecurityLog,
    ReadInstantaneousExportRegisters,
    ReadLoadLimitData,
    ReadLogPeriod,
    ReadMaximumDemandImportRegisters,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc.bodies.supply import SwitchDuration
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.testcase import meters, testcase
from testcases.auxiliary.steps import switch_log

EXCEEDED = 0x8F01
PERIOD = 30  #: s
BELOW_THE_LOAD, ABOVE_ANY_LOAD = 500, 20_000  #: W
HALF_HOUR = minutes(30)
COUNTER = 1  #: item of ECS27
REQUIREMENTS = ["SFA-17-OUTAGE", "SFA-17-LOGMETER"]


@meters("single", "twin")
@testcase(
    "PWR-286",
    "Power event log, log of the switches, load limit counter, maximum demand and export are kept through an outage",
    rules=["R-PWR-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS35e", "ECS35f", "ECS27", "ECS18b", "ECS17a"],
)
def test_kept(dut, dcc, clock, mains, timeline, suppliers, network_operator, expect):
    supplier, began = suppliers.losing, clock.now()

    def power_log(until):
        period = ReadLogPeriod(start=began.replace(microsecond=0), end=until)
        body = ReadEventOrSecurityLog(period=period, log="PowerEvent")
        return [(one.time, one.code) for one in dcc.ask(body, dut, as_user=network_operator).log()]

    def exported():
        answer = dcc.ask(ReadInstantaneousExportRegisters(), dut, as_user=network_operator)
        return answer.items(lambda data: data[0].value)

    def registers():
        limit = dcc.ask(ReadLoadLimitData(), dut, as_user=supplier).value(COUNTER)
        demand = dcc.ask(ReadMaximumDemandImportRegisters(), dut, as_user=network_operator)
        return {
            "entries of the first outage in the power event log": power_log(first),
            "log of the switches": switch_log(dcc, dut, supplier, began, clock),
            "load limit counter": limit,
            "maximum demand (W)": demand.items(lambda data: [data[place].value for place in (2, 5)]),
            "export (Wh)": exported(),
        }

    def set_limit(watts):
        body = LoadLimit(period=PERIOD, power_threshold=watts, restoration_period=PERIOD, supply_state="Unchanged")
        dcc.ask(body, dut, as_user=supplier)

    at_first = exported()
    mains.interrupt("5 s")
    clock.sleep(minutes(1))
    first = clock.now()
    set_limit(BELOW_THE_LOAD)
    timeline.expect(device_alert(dut, EXCEEDED, to=supplier), within=minutes(2), rule="R-LLM-002")
    set_limit(ABOVE_ANY_LOAD)
    dcc.ask(ActivateAuxiliaryLoad(switches=(SwitchDuration(index=1, duration=1),)), dut, as_user=supplier)
    now = clock.now()
    clock.sleep_until(now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0) + HALF_HOUR + seconds(30))
    before = registers()
    precondition(all(before.values()), "there is something of each kind to be kept")

    mains.interrupt("20 s")
    clock.sleep(minutes(1))

    expect("export (Wh) after two outages", exported()).equals(at_first)
    for what, value in registers().items():
        expect(what, value).equals(before[what])
