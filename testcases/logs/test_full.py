"""Logs that are full: of more than a hundred entries the newest hundred are there, in each log of each meter."""

from dataclasses import replace

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod
from bench.testcase import meters, testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.outage_and_brownout.steps import power_log
from testcases.voltage.steps import ALL, EXTREME_OVER, LIMIT, SWELL, set_limits, switch_events

MOST = 100  #: entries of a log
REQUIREMENTS = ["SFA-12-AUDIT", "DI.01.4"]
UNKNOWN_USE_CASE, UNUSUAL_NUMBER = 0x8F53, 0x8F60
NO_USE_CASE = 0x7F86  #: a message code that stands for nothing
READS = {"ESME": "ECS45", "GSME": "GCS33"}


@testcase(
    "LOG-186",
    "After more than a hundred voltage events the power event log has the latest hundred",
    rules=["R-EVT-001", "R-VLT-006"],
    requirements=[*REQUIREMENTS, "DI.01.11"],
    use_cases=["ECS29a", "ECS25b3", "ECS35e"],
)
@meters("single", "twin")
def test_power_log(dut, dcc, clock, mains, network_operator, expect):
    set_limits(dcc, dut, network_operator)
    switch_events(dcc, dut, network_operator, alerts=False, logging=True)
    since = clock.now()
    for _ in range(MOST // 4 + 2):  # each swing begins and ends a swell and an extreme
        mains.set_voltage(LIMIT[EXTREME_OVER] + 2)
        clock.sleep(minutes(1))
        mains.set_voltage(mains.rest.voltage)
        clock.sleep(minutes(1))

    codes = power_log(dcc, dut, network_operator, since, clock)
    expect("entries in the power event log", len(codes)).equals(MOST)
    last = [code for code in power_log(dcc, dut, network_operator, clock.now() - minutes(2), clock) if code in ALL]
    expect("whether the last swing is among them", {*EXTREME_OVER, *SWELL} <= set(last)).equals(True)


@testcase(
    "LOG-187",
    "After more than a hundred commands of no use case the security log has the latest hundred entries",
    rules=["R-EVT-001", "R-SEC-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS35b", "CS10b"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_security_log(kind, home, dcc, gas, local, clock, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    good = local.example(READS[kind], device, as_user=supplier)
    bad = local.maced(replace(good, message_code=NO_USE_CASE, mac=None), device)
    for _ in range(MOST + 5):
        local.deliver(bad, "a command of no use case")
        clock.sleep(seconds(1))
    clock.sleep(hours(2) if kind == "GSME" else seconds(10))  # a gas meter fetches some at each wake
    last = local.deliver(bad, "one more")
    clock.sleep(minutes(35) if kind == "GSME" else seconds(10))

    def security_log(start):
        period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
        answer = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), device, as_user=supplier)
        return (answer if kind == "ESME" else gas.read(answer)).log()

    entries = security_log(clock.now() - hours(24 * 30))
    expect("entries in the security log", len(entries)).equals(MOST)
    expect("time of the newest entry", entries[-1].time).satisfies(
        f"that of the last command, after {last.time:%H:%M:%S}", lambda at: at >= last.time - seconds(1)
    )
    others = {one.code for one in entries} - {UNKNOWN_USE_CASE, UNUSUAL_NUMBER}
    expect("codes in it that have nothing to do with these commands", others).equals(set())
