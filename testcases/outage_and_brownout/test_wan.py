"""The WAN away, slow, late or with messages twice: what is sent comes once, in order, with the time of the event."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    EnableSupply,
    ReadActiveImportProfileData,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc_point import dcc_alert, device_alert, moment, response_to
from bench.expecting import precondition
from bench.han_point import frame
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import RESTORED, RESTORED_LONG, TOLERANCE, times_fit

DISABLED, ENABLED = 0, 1
DONE, ENABLE_SUPPLY = 0x8154, b"\x00\x4f"
NOT_DELIVERED, NO_RESPONSE = "N12", "N13"
REQUIREMENTS = ["CSC-DP094-LATEWAN", "SFA-17-OUTAGE"]


@testcase(
    "PWR-301",
    "Supply returns while the WAN is away: both reports come late, once, with the times of the outage",
    rules=["R-ALT-009", "R-ALT-008", "R-PWR-002", "R-HUB-020", "R-EVT-008"],
    requirements=[*REQUIREMENTS, "DP096", "ELS-Q33-RESTORE"],
    use_cases=["ECS80"],
)
@meters("single", "twin")
def test_wan_away_at_return(dut, dcc, clock, mains, wan, timeline, network_operator, expect):
    with wan.down():
        outage = mains.interrupt("5 min")
        with timeline.never(device_alert(dut), during=minutes(10), rule="R-ALT-009"):
            pass

    seen = timeline.expect(device_alert(dut, RESTORED_LONG, to=network_operator), within=minutes(5))
    alert = dcc.read(seen)
    times_fit(alert, outage, expect)
    expect("time of the alert", alert.alert_times()[0]).lies_between(
        outage.ended, outage.ended + minutes(1), rule="R-ALT-008"
    )
    clock.sleep(minutes(5))
    expect("restoration alerts", len(timeline.find(device_alert(dut)))).equals(1, rule="R-EVT-008")
    reports = timeline.find(dcc_alert("AD1"))
    expect("outages the hub reports", len(reports)).lies_between(0, 1, rule="R-HUB-020")
    for report in reports:
        expect("start of the outage in AD1", moment(report.data["details"]["start"])).lies_between(
            outage.began - TOLERANCE, outage.began + TOLERANCE, rule="R-HUB-020"
        )


@testcase(
    "PWR-302",
    "Alerts of several outages without WAN come in order, each once, however often the WAN comes and goes",
    rules=["R-ALT-009", "R-CTR-009", "R-PWR-002", "R-HUB-017"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80"],
)
@meters("single", "twin")
def test_backlog(dut, dcc, clock, mains, wan, timeline, network_operator, expect):
    outages = []
    with wan.down():
        for length in ("10 s", "20 s", "30 s"):
            outages.append(mains.interrupt(length))
            clock.sleep(minutes(1))
    clock.sleep(seconds(5))
    for _ in range(3):
        wan.cut("1 min")
        clock.sleep(minutes(1))

    alerts = [dcc.read(seen) for seen in timeline.find(device_alert(dut, RESTORED, to=network_operator))]
    counters = [alert.message.counter for alert in alerts]
    expect("alerts that came twice", len(counters) - len(set(counters))).equals(0, rule="R-HUB-017")
    expect("restoration alerts", len(alerts)).equals(3)
    expect("their counters", counters).satisfies("to rise", lambda seen: seen == sorted(seen))
    for alert, outage in zip(alerts, outages, strict=True):
        times_fit(alert, outage, expect)


@testcase(
    "PWR-303",
    "A command that the WAN delivers twice is executed once and answered once",
    rules=["R-CTR-005", "R-SEC-006", "R-RSP-018"],
    requirements=["SDAG1-3-TRUST", "CSC-DP094-LATEWAN", "WA.03"],
    use_cases=["ECS42", "ECS35a"],
)
def test_doubled(dut, dcc, clock, wan, suppliers, timeline, expect):
    start = clock.now().replace(microsecond=0)
    wan.duplicate()
    sent = dcc.send(EnableSupply(), dut, as_user=suppliers.losing)
    expect("result of the command", sent.response().results).equals([0])
    wan.duplicate(0)
    clock.sleep(minutes(1))

    answers = {seen.data["counter"] for seen in timeline.find(response_to(sent.request))}
    expect("counters of its answers", len(answers)).equals(1, rule="R-RSP-018")
    period = ReadLogPeriod(start=start, end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=suppliers.losing).log()
    done = [entry for entry in log if entry.code == DONE and bytes(entry.other or b"") == ENABLE_SUPPLY]
    expect("entries of its execution", len(done)).equals(1)


@testcase(
    "PWR-304",
    "A command that another one has overtaken in the WAN is refused: the switch stays as the younger one set it",
    rules=["R-SEC-006", "R-CTR-005"],
    requirements=["SDAG1-3-TRUST", "CSC-DP094-LATEWAN"],
    use_cases=["ECS42", "ECS43", "ECS45"],
)
def test_overtaken(dut, dcc, clock, wan, suppliers, timeline, expect):
    wan.delay("30 s")
    older = dcc.send(DisableSupply(), dut, as_user=suppliers.losing)
    wan.delay("0 s")

    younger = dcc.ask(EnableSupply(), dut, as_user=suppliers.losing, within="20 s", rule="R-RSP-018")
    expect("result of the younger command", younger.results).equals([0])
    with timeline.never(response_to(older.request), during=minutes(2)):
        pass
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED)


@testcase(
    "PWR-305",
    "A command sent while the WAN is away is executed once when it is back, or reported as not delivered",
    rules=["R-RSP-018", "R-CTR-005", "R-HUB-017"],
    requirements=["CSC-DP094-LATEWAN", "WA.03"],
    use_cases=["ECS43", "ECS45"],
)
def test_sent_without_wan(dut, dcc, clock, wan, suppliers, timeline, expect):
    with wan.down():
        sent = dcc.send(DisableSupply(), dut, as_user=suppliers.losing)
        sent.insist()
        with timeline.never(response_to(sent.request), during=minutes(2)):
            pass
    clock.sleep(minutes(5))

    answers = timeline.find(response_to(sent.request))
    reported = timeline.find(dcc_alert(NOT_DELIVERED, to=suppliers.losing))
    expect("answers and reports of failure", len(answers) + len(reported)).equals(1)
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    wanted = DISABLED if answers else ENABLED
    expect("state of the load switch", status.value()).equals(wanted, rule="R-CTR-005")


@testcase(
    "PWR-306",
    "What could not be delivered in time is reported and never executed later; the next command is",
    rules=["R-HUB-017", "R-HUB-002", "R-RSP-018"],
    requirements=["CSC-DP094-LATEWAN"],
    use_cases=["ECS43", "ECS45"],
)
def test_too_late(dut, dcc, clock, wan, suppliers, timeline, expect):
    with wan.down():
        sent = dcc.send(DisableSupply(), dut, as_user=suppliers.losing)
        clock.sleep(minutes(40))
        told = timeline.find(dcc_alert(NOT_DELIVERED, to=suppliers.losing), after=sent.posted)
        precondition(len(told) == 1, "the DCC gives the command up within 40 min")

    with timeline.never(response_to(sent.request), during=minutes(5)):
        pass
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing, rule="R-HUB-002")
    expect("state of the load switch", status.value()).equals(ENABLED)
    again = dcc.ask(DisableSupply(), dut, as_user=suppliers.losing, rule="R-HUB-002")
    expect("result of the next command", again.results).equals([0])


@testcase(
    "PWR-307",
    "An answer whose way is cut comes late, whole and once; meanwhile the user is told that there is none",
    rules=["R-HUB-002", "R-HUB-017", "R-RSP-018"],
    requirements=["CSC-DP094-LATEWAN", "WA.03"],
    use_cases=["ECS17b"],
)
def test_late_answer(dut, dcc, clock, han, wan, suppliers, timeline, expect):
    wan.delay("20 s")
    sent = dcc.send(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    timeline.expect(frame(src=dut.type, what="TransferData"), within=minutes(1), after=sent.posted, rule="R-RSP-018")
    with wan.down(), timeline.never(response_to(sent.request), during=minutes(40)):
        pass
    wan.delay("0 s")

    response = sent.response(within=minutes(5))
    expect("protection of the answer", response.protected_well).equals(True)
    expect("result of the read", response.results).equals([0])
    clock.sleep(minutes(5))
    expect("answers", len(timeline.find(response_to(sent.request)))).equals(1, rule="R-HUB-017")
    told = timeline.find(dcc_alert(NO_RESPONSE, to=suppliers.losing), after=sent.posted)
    expect("reports that there is no answer", len(told)).lies_between(0, 1, rule="R-RSP-018")


@testcase(
    "PWR-308",
    "Over a slow WAN a long answer comes late and whole",
    rules=["R-HUB-002", "R-RSP-020"],
    requirements=["CSC-DP126-HALFHOURLY", "CSC-DP094-LATEWAN"],
    use_cases=["ECS22b"],
)
def test_slow(dut, dcc, clock, wan, suppliers, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=end - minutes(36 * 60), end=end))
    fast = dcc.ask(body, dut, as_user=suppliers.losing).profile()

    wan.throttle(300)
    before = clock.now()
    slow = dcc.ask(body, dut, as_user=suppliers.losing, within=minutes(10))
    took = clock.now() - before

    expect("half hours", len(fast)).lies_between(72, 73, rule="R-RSP-020")
    expect("half hours over a slow WAN", slow.profile()).equals(fast)
    expect("protection of the answer", slow.protected_well).equals(True)
    expect("how long it took (s)", took.total_seconds()).satisfies("to be more than 10", lambda length: length > 10)
