"""Hub and meter on feeds of their own: what is an outage and what is not, and who comes back first."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
    SynchroniseClock,
)
from bench.dcc_point import dcc_alert, device_alert, moment
from bench.gbcs.times import parse_date_time
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import (
    INTERRUPTED,
    RESTORED,
    RESTORED_LONG,
    TOLERANCE,
    power_log,
    times_fit,
)

ENABLED = 1
REQUIREMENTS = ["SFA-17-OUTAGE", "ELS-Q31-METERSTART", "ELS-Q31-CHECKLINK"]


@testcase(
    "PWR-201",
    "The hub alone loses its supply: the meter meters on, logs no interruption and reports no restoration",
    rules=["R-PWR-001", "R-PWR-003", "R-PWR-007", "R-HUB-011", "R-HUB-021"],
    requirements=[*REQUIREMENTS, "SFA-13-INTIMATE", "SFA-12-SEPARATE"],
    use_cases=["ECS80", "ECS35e", "ECS35c", "ECS17b"],
)
@pytest.mark.parametrize("length", [60, 240], ids=["1 min", "4 min"])
def test_hub_alone(length, dut, hub, dcc, clock, mains, timeline, suppliers, network_operator, expect):
    start = clock.now()
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()

    with timeline.never(device_alert(dut, RESTORED, RESTORED_LONG), during=minutes(3)):
        outage = mains.of(hub).interrupt(seconds(length))

    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing, rule="R-HUB-011")
    used = mains.sample().power * ((clock.now() - start) / minutes(60))
    expect("energy counted (Wh)", reading.import_register() - before).lies_between(
        0.8 * used - 2, 1.2 * used + 2, rule="R-PWR-007"
    )
    log = power_log(dcc, dut, network_operator, start, clock)
    expect("codes in the power event log", log).equals([], rule="R-PWR-003")
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now())
    events = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), hub, as_user=suppliers.losing).log()
    times = [entry.time for entry in events if entry.code == INTERRUPTED]
    expect("interruptions in the event log of the hub", len(times)).equals(1, rule="R-HUB-021")
    expect("time of the interruption", times[0]).lies_between(
        outage.began - TOLERANCE, outage.began + TOLERANCE, rule="R-HUB-021"
    )


@meters("single", "twin")
@testcase(
    "PWR-202",
    "The meter alone loses its supply: it reports its restoration, and the hub reports no outage",
    rules=["R-PWR-001", "R-PWR-002", "R-PWR-003", "R-HUB-020", "R-HUB-021", "R-ALT-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80", "ECS35e"],
)
@pytest.mark.parametrize(("length", "code"), [(60, RESTORED), (240, RESTORED_LONG)], ids=["1 min", "4 min"])
def test_meter_alone(length, code, dut, dcc, clock, mains, timeline, network_operator, expect):
    start = clock.now()
    with timeline.never(dcc_alert("AD1"), during=minutes(4), rule="R-HUB-020"):
        outage = mains.of(dut).interrupt(seconds(length))

    seen = timeline.expect(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5))
    expect("code of the restoration alert", int(seen.data["alert_code"], 16)).equals(code)
    alert = dcc.read(seen)
    times_fit(alert, outage, expect)
    expect("date-time in the header of the alert", alert.message.date_time).equals(b"", rule="R-ALT-003")
    log = power_log(dcc, dut, network_operator, start, clock)
    expect("codes in the power event log", log).equals([INTERRUPTED, code], rule="R-PWR-003")
    expect("interruptions in it", log.count(INTERRUPTED)).equals(1, rule="R-HUB-021")


@testcase(
    "PWR-203",
    "The radio link alone is lost: nobody has lost supply, and nobody says so",
    rules=["R-PWR-001", "R-PWR-003", "R-HUB-020", "R-EVT-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80", "ECS35e"],
)
def test_link_alone(dut, dcc, clock, link, timeline, network_operator, expect):
    start = clock.now()
    with (
        timeline.never(device_alert(dut, RESTORED, RESTORED_LONG), during=minutes(3)),
        timeline.never(dcc_alert("AD1"), rule="R-HUB-020"),
    ):
        link.black_out()
        clock.sleep(minutes(5))
        link.settle()

    log = power_log(dcc, dut, network_operator, start, clock)
    expect("codes in the power event log", log).equals([], rule="R-PWR-003")


@meters("single", "twin")
@testcase(
    "PWR-204",
    "Hub and meter lose supply together and come back in either order, seconds or minutes apart",
    rules=["R-PWR-001", "R-PWR-002", "R-HUB-020", "R-HUB-011", "R-PWR-011", "R-PWR-003", "R-PWR-006", "R-TIM-016"],
    requirements=["SFA-17-OUTAGE", "DP096", "SFA-17-LOGMETER", "IM.04"],
    use_cases=["ECS80", "ECS35e", "ECS45", "ECS70"],
)
@pytest.mark.parametrize(
    ("hub_length", "meter_length"),
    [(200, 205), (205, 200), (200, 560), (560, 200), (60, 60)],
    ids=["hub 5 s before", "meter 5 s before", "hub 6 min before", "meter 6 min before", "together, short"],
)
def test_order(
    hub_length, meter_length, dut, hub, dcc, clock, mains, timeline, suppliers, network_operator, expect
):  # fmt: skip
    start = clock.now()
    of_hub, of_meter = mains.interrupt_each({hub: seconds(hub_length), dut: seconds(meter_length)})

    seen = timeline.expect(
        device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5), rule="R-PWR-011"
    )
    alert = dcc.read(seen)
    times_fit(alert, of_meter, expect)
    expect("time of the alert", alert.alert_times()[0]).lies_between(
        of_meter.ended - TOLERANCE, of_meter.ended + minutes(1), rule="R-TIM-016"
    )
    clock.sleep(minutes(2))
    again = timeline.find(device_alert(dut, RESTORED, RESTORED_LONG))
    expect("restoration alerts", len(again)).equals(1, rule="R-PWR-001")

    reports = timeline.find(dcc_alert("AD1", to=network_operator))
    expect("outages the hub reports", len(reports)).equals(int(hub_length >= 180), rule="R-HUB-020")
    for report in reports:
        expect("start of the outage in AD1", moment(report.data["details"]["start"])).lies_between(
            of_hub.began - TOLERANCE, of_hub.began + TOLERANCE, rule="R-HUB-020"
        )

    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing, rule="R-HUB-011")
    expect("state of the load switch", status.value()).equals(ENABLED, rule="R-PWR-006")
    code = RESTORED_LONG if meter_length >= 180 else RESTORED
    log = power_log(dcc, dut, network_operator, start, clock)
    expect("codes in the power event log", log).equals([INTERRUPTED, code], rule="R-PWR-003")
    now = clock.now().replace(microsecond=0)
    response = dcc.ask(SynchroniseClock(current=now, tolerance=60), dut, as_user=suppliers.losing)
    told = parse_date_time(response.value(3))
    expect("time the meter tells", told).lies_between(now - TOLERANCE, clock.now() + TOLERANCE, rule="R-TIM-016")


@meters("single", "twin")
@testcase(
    "PWR-205",
    "While the hub has no supply the meter goes through an outage of its own: the alert waits for the hub",
    rules=["R-PWR-011", "R-PWR-002", "R-ALT-008", "R-EVT-008", "R-EVT-009"],
    requirements=["SFA-17-OUTAGE", "CSC-DP094-LATEWAN"],
    use_cases=["ECS80"],
)
def test_outage_inside(dut, hub, dcc, clock, mains, timeline, network_operator, expect):
    start = clock.now()
    with mains.of(hub).interrupted(at_most="10 min"):
        clock.sleep(minutes(1))
        outage = mains.of(dut).interrupt("30 s")
        with timeline.never(device_alert(dut, RESTORED), during=minutes(5), rule="R-PWR-011"):
            pass

    seen = timeline.expect(device_alert(dut, RESTORED, to=network_operator), within=minutes(5))
    alert = dcc.read(seen)
    times_fit(alert, outage, expect)
    expect("time of the alert", alert.alert_times()[0]).lies_between(
        outage.ended, outage.ended + minutes(1), rule="R-ALT-008"
    )
    clock.sleep(minutes(2))
    again = timeline.find(device_alert(dut, RESTORED, RESTORED_LONG))
    expect("restoration alerts", len(again)).equals(1, rule="R-EVT-008")
    log = power_log(dcc, dut, network_operator, start, clock)
    expect("codes in the power event log", log).equals([INTERRUPTED, RESTORED], rule="R-EVT-009")
