"""The hub's last message: the energy for it is finite, its time limit starts anew with each outage, it is sent once."""

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import SynchroniseClock
from bench.dcc_point import dcc_alert, device_alert, moment
from bench.local_point import answer_to
from bench.testcase import meters, testcase
from testcases.outage_and_brownout.steps import RESTORED_LONG, TOLERANCE

RECHARGED = hours(1)  #: no hub in the field takes longer
NOT_ADJUSTED, UNRELIABLE = 0x8F0C, 2
REQUIREMENTS = ["SFA-17-HOLDUP", "SFA-17-OUTAGE", "DP096"]


@meters("single", "twin")
@testcase(
    "PWR-210",
    "Of two outages in short order the second may go unreported by the hub, never with a wrong time; after an hour of "
    "supply the next is reported",
    rules=["R-HUB-020", "R-PWR-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS80"],
)
@pytest.mark.parametrize("pause", [2, 30], ids=["2 min", "30 min"])
def test_energy(pause, dut, dcc, clock, mains, timeline, network_operator, expect):
    outages = []
    for rest in (minutes(pause), RECHARGED, minutes(5)):
        outages.append(mains.interrupt("4 min"))
        clock.sleep(rest)

    starts = [moment(seen.data["details"]["start"]) for seen in timeline.find(dcc_alert("AD1", to=network_operator))]
    told = [sum(abs(start - outage.began) <= TOLERANCE for start in starts) for outage in outages]
    expect("reports of the first outage", told[0]).equals(1)
    expect("reports of the second outage", told[1]).lies_between(0, 1)
    expect("reports of the third outage, with the energy stored again", told[2]).equals(1)
    expect("reports of no outage that was", len(starts) - sum(told)).equals(0)
    alerts = timeline.find(device_alert(dut, RESTORED_LONG, to=network_operator))
    expect("restorations the meter reports", len(alerts)).equals(3, rule="R-PWR-001")


@testcase(
    "PWR-211",
    "Two outages of two minutes, ten seconds apart, are not one of four",
    rules=["R-HUB-020", "R-PWR-005"],
    requirements=[*REQUIREMENTS, "ELS-Q31-3MIN"],
    use_cases=["ECS80"],
)
def test_two_short_ones(dut, mains, clock, timeline, expect):
    with timeline.never(dcc_alert("AD1"), during=minutes(5)):
        for _ in range(2):
            mains.interrupt("2 min")
            clock.sleep(seconds(10))

    long_ones = timeline.find(device_alert(dut, RESTORED_LONG))
    expect("long outages the meter reports", len(long_ones)).equals(0, rule="R-PWR-005")


@meters("single", "twin")
@testcase(
    "PWR-212",
    "However long an outage is, the hub reports it once, and the meter its end once",
    rules=["R-HUB-020", "R-EVT-008"],
    requirements=[*REQUIREMENTS, "ELS-Q33-RESTORE", "OP.03"],
    use_cases=["ECS80"],
)
@pytest.mark.parametrize("length", ["10 min", "3 h"])
def test_once(length, dut, clock, mains, timeline, network_operator, expect):
    mains.interrupt(length)
    clock.sleep(minutes(10))

    reports = timeline.find(dcc_alert("AD1", to=network_operator))
    expect("outages the hub reports", len(reports)).equals(1)
    alerts = timeline.find(device_alert(dut))
    expect("alerts of the meter", [seen.data["alert_code"] for seen in alerts]).equals(["8F36"], rule="R-EVT-008")


@testcase(
    "PWR-213",
    "A hub that restarts without WAN does not trust its clock, nor does the meter, until the WAN is back",
    rules=["R-TIM-021", "R-TIM-015", "R-TIM-003", "R-TIM-005"],
    requirements=["SFA-19-SYNC", "SFA-17-OUTAGE"],
    use_cases=["ECS70"],
)
def test_hub_clock(dut, dcc, local, clock, mains, wan, timeline, suppliers, expect):
    with wan.down():
        mains.interrupt("1 min")
        clock.sleep(minutes(2))
        now = clock.now().replace(microsecond=0)
        command = local.command(SynchroniseClock(current=now, tolerance=60), dut, as_user=suppliers.losing)
        local.deliver(command, "a command to set the clock")
        answer = dcc.read(timeline.expect(answer_to(command), within=minutes(1)))
        expect("clock status", answer.value(4)).equals(UNRELIABLE)

    told = timeline.expect(device_alert(dut, NOT_ADJUSTED, to=suppliers.losing), within=minutes(2), rule="R-TIM-005")
    clock.sleep(minutes(1))
    now = clock.now().replace(microsecond=0)
    with timeline.never(device_alert(dut, NOT_ADJUSTED), rule="R-TIM-003"):
        response = dcc.ask(SynchroniseClock(current=now, tolerance=60), dut, as_user=suppliers.losing)
    expect("clock status with WAN", response.value(4)).equals(0, rule="R-TIM-003")
    expect("arrival of the alert", told.time).satisfies("to be before that", lambda at: at < now)
