"""A whole street loses supply and gets it back, and one meter raises a storm of alerts: nothing that matters is lost.

What the other homes do is the bench's doing: if one of their alerts is missing, nothing can be said of the device.
"""

from bench.clock import minutes
from bench.dcc.bodies import EnableSupply, ReadEventOrSecurityLog, ReadLogPeriod
from bench.dcc_point import dcc_alert, device_alert, moment, stands_for
from bench.expecting import precondition
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import RESTORED_LONG, TOLERANCE, times_fit

DARK = (3, 77, 500, 501, 998)
UNAUTHORISED = 0x8F3E
STORM = 90
REQUIREMENTS = ["ELS-Q31-MASS", "ELS-Q33-CORRELATE"]


@testcase(
    "PWR-401",
    "A street of 1,000 homes goes dark: meter and hub on the rig report as if they were alone, five homes stay dark",
    rules=["R-PWR-001", "R-PWR-002", "R-HUB-020"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80"],
)
@meters("single", "twin")
def test_street(dut, hub, dcc, clock, mains, street, timeline, network_operator, expect):
    street.cut("5 min", dark=DARK)
    outage = mains.interrupt("5 min")
    clock.sleep(minutes(10))

    _everyone_reported(street, dark=DARK)
    precondition(street.dark() == list(DARK), "the correlation of both reports finds the dark homes and no other")

    alerts = timeline.find(device_alert(dut, RESTORED_LONG, to=network_operator))
    expect("restoration alerts of the meter", len(alerts)).equals(1)
    times_fit(dcc.read(alerts[0]), outage, expect)
    reports = [seen for seen in timeline.find(dcc_alert("AD1")) if seen.data["details"]["comms_hub"] == str(hub.eui)]
    expect("outages the hub reports", len(reports)).equals(1, rule="R-HUB-020")
    expect("start of the outage in AD1", moment(reports[0].data["details"]["start"])).lies_between(
        outage.began - TOLERANCE, outage.began + TOLERANCE, rule="R-HUB-020"
    )


@testcase(
    "PWR-402",
    "Supply returns in two waves, 30 s apart: no home is taken for dark, and the meter tells its own times",
    rules=["R-PWR-001", "R-PWR-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80"],
)
@meters("single", "twin")
def test_two_waves(dut, dcc, clock, mains, street, timeline, network_operator, expect):
    street.cut("4 min", waves=("0 s", "30 s"))
    outage = mains.interrupt("4 min 30 s")
    clock.sleep(minutes(5))

    _everyone_reported(street, dark=())
    precondition(not street.dark(), "no home is taken for dark")
    seen = timeline.expect(device_alert(dut, RESTORED_LONG, to=network_operator), within=minutes(1))
    times_fit(dcc.read(seen), outage, expect)


@testcase(
    "PWR-403",
    "In a storm of alerts the meter logs every event, and the alerts that come stand for all of them",
    rules=["R-EVT-006e", "R-EVT-008", "R-SEC-021"],
    requirements=["CSC-SECMP0062-STORM"],
    use_cases=["ECS35b"],
)
def test_storm(dut, dcc, local, clock, suppliers, timeline, expect):
    start = clock.now().replace(microsecond=0)
    _storm(local, dut, suppliers, clock)
    clock.sleep(minutes(6))

    alerts = timeline.find(device_alert(dut, UNAUTHORISED, to=suppliers.losing))
    told = sum(stands_for(seen) for seen in alerts)
    expect("events the alerts stand for", told).equals(STORM, rule="R-EVT-008")
    counters = [seen.data["counter"] for seen in alerts]
    expect("counters of the alerts", counters).satisfies("to rise", lambda seen: seen == sorted(set(seen)))
    period = ReadLogPeriod(start=start, end=clock.now())
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=suppliers.losing).log()
    expect("entries in the security log", sum(entry.code == UNAUTHORISED for entry in log)).equals(STORM)


@testcase(
    "PWR-404",
    "A power cut in a storm of alerts is reported like any other, and the meter obeys its supplier throughout",
    rules=["R-PWR-001", "R-PWR-011", "R-RSP-018"],
    requirements=["CSC-SECMP0062-STORM", "SFA-17-OUTAGE"],
    use_cases=["ECS80", "ECS42"],
)
@meters("single", "twin")
def test_outage_in_a_storm(dut, dcc, local, clock, mains, suppliers, timeline, network_operator, expect):
    _storm(local, dut, suppliers, clock)
    answer = dcc.ask(EnableSupply(), dut, as_user=suppliers.losing, within="1 min", rule="R-RSP-018")
    expect("result of a command in the storm", answer.results).equals([0], rule="R-RSP-018")

    outage = mains.interrupt("4 min")

    seen = timeline.expect(device_alert(dut, RESTORED_LONG, to=network_operator), within=minutes(5))
    times_fit(dcc.read(seen), outage, expect)
    clock.sleep(minutes(2))
    again = timeline.find(device_alert(dut, RESTORED_LONG))
    expect("restoration alerts of the meter", len(again)).equals(1)


def _everyone_reported(street, dark):
    homes = range(street.homes.count)
    outages, restorations = street.outages(), street.restorations()
    precondition(all(outages[home] == 1 for home in homes), "each hub of the street reports its outage once")
    lit = [home for home in homes if home not in dark]
    precondition(all(restorations[home] == 1 for home in lit), "each meter of the street reports its restoration once")


def _storm(local, dut, suppliers, clock):
    """Commands of a supplier the meter does not know, one each half second."""
    for number in range(STORM):
        command = local.command(EnableSupply(), dut, as_user=suppliers.gaining)
        local.deliver(command, f"a command without right, {number + 1} of {STORM}")
        clock.sleep("0.5 s")
