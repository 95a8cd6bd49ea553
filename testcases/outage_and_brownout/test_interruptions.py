"""Interruptions of supply: alerts and their times on both sides of three minutes, what the meter keeps."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    EnableSupply,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
    SynchroniseClock,
)
from bench.dcc_point import dcc_alert, device_alert, moment
from bench.gbcs.times import parse_date_time
from bench.han_point import frame
from bench.testcase import meters, testcase

RESTORED, RESTORED_LONG, INTERRUPTED = 0x8F35, 0x8F36, 0x8F57
TOLERANCE = seconds(2)
DISABLED, ENABLED = 0, 1
REQUIREMENTS = ["SFA-17-OUTAGE", "DP096", "SDAG_2.15", "SFA-17-LOGMETER"]


@meters("single", "twin")
@testcase(
    "PWR-001",
    "An outage of 2 min 50 s is alerted as a short one, by the meter alone",
    rules=["R-PWR-001", "R-PWR-002", "R-PWR-003", "R-PWR-004", "R-HUB-020"],
    requirements=[*REQUIREMENTS, "OP.03"],
    use_cases=["ECS80", "ECS35e"],
)
def test_short_outage(dut, dcc, clock, mains, timeline, network_operator, expect):
    start = clock.now()
    with timeline.never(dcc_alert("AD1"), during=minutes(4), rule="R-HUB-020"):
        outage = mains.interrupt("2 min 50 s")

    seen = timeline.expect(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5))
    expect("code of the restoration alert", int(seen.data["alert_code"], 16)).equals(RESTORED)
    _times_fit(dcc.read(seen), outage, expect)
    _only_alert(timeline, dut, seen, expect)
    _logged(dcc, dut, start, clock, network_operator, RESTORED, outage, expect)


@meters("single", "twin")
@testcase(
    "PWR-002",
    "An outage of 3 min 10 s is alerted as a long one, by meter and hub",
    rules=["R-PWR-001", "R-PWR-002", "R-PWR-003", "R-HUB-020", "R-ALT-022"],
    requirements=[*REQUIREMENTS, "SFA-12-OUTAGEAGENT", "SFA-17-HOLDUP", "OP.03"],
    use_cases=["ECS80", "ECS35e"],
)
def test_long_outage(dut, hub, dcc, clock, mains, timeline, network_operator, expect):
    start = clock.now()
    outage = mains.interrupt("3 min 10 s")

    reported = timeline.expect(dcc_alert("AD1", to=network_operator), within=minutes(2), rule="R-HUB-020")
    began = moment(reported.data["details"]["start"])
    expect("start of the outage in AD1", began).lies_between(
        outage.began - TOLERANCE, outage.began + TOLERANCE, rule="R-HUB-020"
    )
    expect("hub in AD1", reported.data["details"]["comms_hub"]).equals(str(hub.eui), rule="R-HUB-020")
    expect("arrival of AD1", reported.time).lies_between(
        outage.began + minutes(3), outage.began + minutes(3) + seconds(30), rule="R-HUB-020"
    )

    seen = timeline.expect(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5))
    expect("code of the restoration alert", int(seen.data["alert_code"], 16)).equals(RESTORED_LONG)
    _times_fit(dcc.read(seen), outage, expect)
    _only_alert(timeline, dut, seen, expect)
    _logged(dcc, dut, start, clock, network_operator, RESTORED_LONG, outage, expect)


@testcase(
    "PWR-003",
    "After an outage the meter returns to the network by itself",
    rules=["R-HAN-032", "R-HUB-011", "R-PWR-007"],
    requirements=["CSC-DP094-DROPOFF", "SFA-17-OUTAGE", "IM.04"],
    use_cases=["ECS17b"],
)
def test_restoration(dut, dcc, han, mains, timeline, suppliers, expect):
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    outage = mains.interrupt("30 s")
    during = [
        seen for seen in timeline.find(frame(src=dut.type)) if outage.began + seconds(5) <= seen.time < outage.ended
    ]
    expect("frames of the meter while it has no supply", len(during)).equals(0)

    timeline.expect(frame(src=dut.type), within=minutes(2), after=outage.ended)
    timeline.expect(
        frame(src=dut.type, what="RequestTunnelResponse"), within=minutes(3), after=outage.ended, rule="R-HUB-011"
    )
    after = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    expect("import register (Wh)", after).lies_between(before, before + 100, rule="R-PWR-007")


@testcase(
    "PWR-004",
    "The load switch stays open through an outage",
    rules=["R-PWR-006", "R-SUP-002"],
    requirements=["SFA-21-REINSTATE", "SFA-17-OUTAGE"],
    use_cases=["ECS43", "ECS45", "ECS42"],
)
def test_open_switch_stays_open(dut, dcc, clock, mains, suppliers, expect):
    disabled = dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
    expect("result of disabling", disabled.results).equals([0], rule="R-SUP-002")
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20, rule="R-SUP-002")

    mains.interrupt("30 s")
    clock.sleep(minutes(1))

    expect("power drawn through the meter after the outage (W)", mains.sample().power).lies_between(0, 20)
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(DISABLED)
    enabled = dcc.ask(EnableSupply(), dut, as_user=suppliers.losing)
    expect("result of enabling again", enabled.results).equals([0])


@testcase(
    "PWR-005",
    "The clock is right and the load switch closed after an outage",
    rules=["R-TIM-016", "R-PWR-006"],
    requirements=["SFA-19-SYNC", "SFA-17-OUTAGE"],
    use_cases=["ECS70", "ECS45"],
)
def test_clock_is_kept(dut, dcc, clock, mains, suppliers, expect):
    mains.interrupt("1 min")
    clock.sleep(minutes(1))

    now = clock.now().replace(microsecond=0)
    response = dcc.ask(SynchroniseClock(current=now, tolerance=60), dut, as_user=suppliers.losing)
    told = parse_date_time(response.value(3))
    expect("time the meter tells", told).lies_between(now - seconds(10), clock.now() + seconds(10))
    expect("power drawn through the meter (W)", mains.sample().power).satisfies(
        "to flow as before", lambda watts: watts > 100, rule="R-PWR-006"
    )
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED, rule="R-PWR-006")


def _times_fit(alert, outage, expect):
    expect("protection of the alert", alert.protected_well).equals(True)
    times = alert.alert_times()
    expect("number of times in the alert", len(times)).equals(3, rule="R-PWR-002")
    _, interrupted, restored = times
    expect("interruption in the alert", interrupted).lies_between(
        outage.began - TOLERANCE, outage.began + TOLERANCE, rule="R-PWR-002"
    )
    expect("restoration in the alert", restored).lies_between(
        outage.ended - TOLERANCE, outage.ended + TOLERANCE, rule="R-PWR-002"
    )


def _only_alert(timeline, dut, seen, expect):
    alerts = timeline.find(device_alert(dut))
    expect("alerts of the meter about the outage", [alert.number for alert in alerts]).equals([seen.number])


def _logged(dcc, dut, start, clock, reader, restored, outage, expect):
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="PowerEvent"), dut, as_user=reader).log()
    expect("codes in the power event log", [entry.code for entry in log]).equals(
        [INTERRUPTED, restored], rule="R-PWR-003"
    )
    for entry, at in zip(log, (outage.began, outage.ended), strict=True):
        expect(f"time of the entry {entry.code:04X}", entry.time).lies_between(
            at - TOLERANCE, at + TOLERANCE, rule="R-PWR-003"
        )
