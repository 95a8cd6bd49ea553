"""The radio path between hub and meter, weakened step by step: where it works, how it fails, and that it returns."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import DisableSupply, EnableSupply, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.han_point import frame
from bench.testcase import testcase

ENABLED = 1
REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
FIRST_DB, LAST_DB, STEP_DB = 44, 66, 2
READS = 3  #: commands at each step
PATIENCE = "40 s"
LEAST_MARGIN_DB = 40  #: a link with less to spare is not what a home needs
MOST_HYSTERESIS_DB = 8
REQUIREMENTS = ["CSC-DP094-HANLOSS", "CSC-DP094-DROPOFF", "SFA-4-FITPURPOSE"]


def _answered(dcc, dut, supplier):
    sent = dcc.send(ReadSupplyStatus(), dut, as_user=supplier)
    sent.insist()
    try:
        sent.response(within=PATIENCE)
    except AssertionError:
        return False
    return True


def _rate(dcc, dut, link, supplier, timeline, db):
    """Measure the share of commands answered at an attenuation, and put the point of the curve on the timeline."""
    link.attenuate(db)
    rate = sum(_answered(dcc, dut, supplier) for _ in range(READS)) / READS
    text = f"at {db:g} dB {rate:.0%} of {READS} commands were answered"
    timeline.record("link", "measurement", {"text": text, "attenuation": db, "success": rate})
    return rate


@testcase(
    "RAD-101",
    "Success against attenuation: a working limit with margin, and little hysteresis on the way back",
    rules=["R-HAN-032", "R-HUB-011"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_working_limit(dut, dcc, clock, link, timeline, suppliers, expect):
    down, up = {}, {}
    db = FIRST_DB
    while db <= LAST_DB and (not down or down[db - STEP_DB] > 0):
        down[db] = _rate(dcc, dut, link, suppliers.losing, timeline, db)
        db += STEP_DB
    precondition(0 in down.values(), "the link is lost within the range of the attenuator")
    lost = max(down)
    works = max((db for db, rate in down.items() if rate == 1), default=0)

    db = lost
    while db >= FIRST_DB and (not up or up[db + STEP_DB] < 1):
        up[db] = _rate(dcc, dut, link, suppliers.losing, timeline, db)
        db -= STEP_DB
    returns = max((db for db, rate in up.items() if rate == 1), default=0)
    curve = {"down": down, "up": up, "works_to": works, "lost_at": lost, "returns_at": returns}
    text = f"working limit {works:g} dB, lost at {lost:g} dB, back at {returns:g} dB"
    timeline.record("link", "curve", {"text": text, "curve": {name: str(value) for name, value in curve.items()}})

    expect("attenuation up to which every command is answered (dB)", works).lies_between(LEAST_MARGIN_DB, LAST_DB)
    expect("hysteresis (dB)", works - returns).lies_between(-MOST_HYSTERESIS_DB, MOST_HYSTERESIS_DB)
    link.settle()
    clock.sleep(minutes(2))
    expect("a command at full signal answered", _answered(dcc, dut, suppliers.losing)).equals(True, rule="R-HAN-032")


@testcase(
    "RAD-102",
    "Every command that waited is executed once when the link returns",
    rules=["R-HUB-002", "R-HUB-011", "R-RSP-018", "R-HUB-017"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS42", "ECS45"],
)
def test_queue(dut, dcc, clock, link, mains, timeline, suppliers, expect):
    link.black_out()
    sent = [dcc.send(body, dut, as_user=suppliers.losing) for body in (DisableSupply(), EnableSupply())]
    clock.sleep(minutes(3))
    link.settle()

    for one in sent:
        response = one.response(within=minutes(5), rule="R-HUB-002")
        expect(f"result of {one.request.variant}", response.results).equals([0])
    clock.sleep(minutes(2))
    refused = timeline.find(device_alert(dut, *REFUSALS), after=sent[0].posted)
    expect("commands that came twice and were refused", len(refused)).equals(0, rule="R-HUB-017")
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch, in the order sent", status.access.data[0].value).equals(ENABLED)


@testcase(
    "RAD-103",
    "Short fades do not lose a command",
    rules=["R-HUB-002", "R-HAN-032"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
@pytest.mark.parametrize("fade", [1, 5, 20], ids=["1 s", "5 s", "20 s"])
def test_fades(fade, dut, dcc, clock, link, suppliers, expect):
    for _ in range(3):
        sent = dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing)
        link.black_out()
        clock.sleep(seconds(fade))
        link.settle()
        response = sent.response(within=minutes(3))
        expect("result of the read", response.results).equals([0])


@testcase(
    "RAD-104",
    "Without a link the hub repeats its frames on the HAN, and the meter is silent",
    rules=["R-HUB-011"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_retries(dut, dcc, clock, han, link, timeline, suppliers, expect):
    link.black_out()
    sent = dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    clock.sleep(minutes(1))

    repeats = [seen for seen in timeline.find(frame(src="CHF", dst=dut.type), after=sent.posted) if seen.data["repeat"]]
    expect("frames of the hub that were repeated", len(repeats)).lies_between(3, 1000)
    link.settle()
    expect("result of the read", sent.response(within=minutes(3)).results).equals([0])


@testcase(
    "RAD-105",
    "Alerts raised while the link is away arrive when it is back, with the time of the event",
    rules=["R-ALT-008", "R-ALT-009", "R-PWR-011"],
    requirements=[*REQUIREMENTS, "SFA-17-OUTAGE"],
    use_cases=["ECS80"],
)
def test_alerts_wait(dut, dcc, clock, link, mains, timeline, network_operator, expect):
    link.black_out()
    outage = mains.interrupt("10 s")
    with timeline.never(device_alert(dut, 0x8F35), during=minutes(2), rule="R-ALT-009"):
        pass
    link.settle()

    seen = timeline.expect(device_alert(dut, 0x8F35, to=network_operator), within=minutes(5), rule="R-ALT-009")
    told = dcc.read(seen).alert_times()[0]
    expect("time in the alert", told).lies_between(outage.ended - seconds(2), outage.ended + seconds(30))
