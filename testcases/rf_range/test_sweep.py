"""The radio path between hub and meter, weakened step by step: where it works, how it fails, and that it returns."""

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    EnableSupply,
    ReadActiveImportProfileData,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc_point import device_alert, response_to
from bench.expecting import precondition
from bench.han_point import frame
from bench.testcase import meters, testcase

ENABLED = 1
REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
FIRST_DB, LAST_DB, STEP_DB = 44, 66, 1
GAS_FIRST_DB, GAS_LAST_DB, GAS_STEP_DB = 36, 69, 3
READS = 2  #: commands at each step
PATIENCE, GAS_PATIENCE = "40 s", "31 min"
ENOUGH_RETRIES = 10
LEAST_MARGIN_DB = 40  #: a link with less to spare is not what a home needs
MOST_HYSTERESIS_DB = 8
REQUIREMENTS = ["CSC-DP094-HANLOSS", "CSC-DP094-DROPOFF"]


def _read(dcc, device, supplier, patience):
    """Read the supply status; return how long the answer took, None if there was none in time."""
    sent = dcc.send(ReadSupplyStatus(), device, as_user=supplier)
    sent.insist()
    try:
        return sent.response(within=patience).seen.time - sent.posted.time
    except AssertionError:
        return None


def _sweep(curve, link, read, timeline, levels, until):
    """Measure a point of the curve at each attenuation, until the share of answered commands is the one looked for."""
    for db in levels:
        link.attenuate(db)
        began = len(timeline.seen)
        times = [time for time in (read() for _ in range(READS)) if time is not None]
        retries = sum(bool(seen.data.get("attempt")) for seen in timeline.seen[began:])
        if curve.point(db, READS, times, retries) == until:
            return


def _limits(link, read, timeline, first, last, step):
    """Sweep until the link is lost and back until it works again; return the limits (dB) and note them."""
    falling, rising = link.curve("falling signal"), link.curve("rising signal")
    _sweep(falling, link, read, timeline, range(first, last + 1, step), until=0)
    lost = falling.lost_at()
    precondition(lost is not None, "the link is lost within the range of the attenuator")
    _sweep(rising, link, read, timeline, range(int(lost), first - 1, -step), until=1)
    limits = {"works_to": falling.works_to(), "lost_at": lost, "returns_at": rising.works_to()}
    link.note_limits(**limits)
    return limits


@testcase(
    "RAD-101",
    "Success against attenuation: a working limit with margin, and little hysteresis on the way back",
    rules=["R-HAN-032", "R-HUB-011"],
    requirements=[*REQUIREMENTS, "SFA-4-FITPURPOSE"],
    use_cases=["ECS45"],
)
def test_working_limit(dut, dcc, clock, link, timeline, suppliers, expect):
    def read():
        return _read(dcc, dut, suppliers.losing, PATIENCE)

    limits = _limits(link, read, timeline, FIRST_DB, LAST_DB, STEP_DB)

    works, returns = limits["works_to"], limits["returns_at"]
    expect("attenuation up to which every command is answered (dB)", works).lies_between(LEAST_MARGIN_DB, LAST_DB)
    expect("hysteresis (dB)", works - returns).lies_between(-MOST_HYSTERESIS_DB, MOST_HYSTERESIS_DB)
    link.settle()
    clock.sleep(minutes(2))
    expect("whether a command at full signal is answered", read() is not None).equals(True, rule="R-HAN-032")


@testcase(
    "RAD-106",
    "Success against attenuation of the gas meter's link, a wake at a time",
    rules=["R-HAN-032", "R-GSM-001"],
    requirements=[*REQUIREMENTS, "HA.11", "SFA-4-FITPURPOSE"],
    use_cases=["GCS33"],
    devices=["GSME", "CHF"],
)
def test_working_limit_of_gas(gsme, dcc, clock, gas_link, timeline, gas_suppliers, expect):
    def read():
        return _read(dcc, gsme, gas_suppliers.losing, GAS_PATIENCE)

    limits = _limits(gas_link, read, timeline, GAS_FIRST_DB, GAS_LAST_DB, GAS_STEP_DB)

    works, returns = limits["works_to"], limits["returns_at"]
    expect("attenuation up to which every command is answered (dB)", works).lies_between(GAS_FIRST_DB, GAS_LAST_DB)
    expect("hysteresis (dB)", works - returns).lies_between(-MOST_HYSTERESIS_DB, MOST_HYSTERESIS_DB)
    gas_link.settle()
    clock.sleep(minutes(31))
    expect("whether a command at full signal is answered", read() is not None).equals(True)


@testcase(
    "RAD-107",
    "Through a slow fade and back every command is answered, once",
    rules=["R-HUB-002", "R-HUB-017", "R-HAN-032"],
    requirements=[*REQUIREMENTS, "HA.10"],
    use_cases=["ECS45"],
)
def test_slow_fade(dut, dcc, clock, link, timeline, suppliers, expect):
    sent = []
    for db in (*range(FIRST_DB - 10, LAST_DB + 5, 3), *range(LAST_DB + 5, FIRST_DB - 10, -3)):
        link.attenuate(db)
        sent.append(dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing))
        clock.sleep(seconds(10))
    link.settle()

    for number, one in enumerate(sent, 1):
        expect(f"result of command {number}", one.response(within=minutes(5)).results).equals([0])
    clock.sleep(minutes(1))
    counts = {len(timeline.find(response_to(one.request), after=one.posted)) for one in sent}
    expect("answers to each command", counts).equals({1}, rule="R-HUB-017")


@testcase(
    "RAD-108",
    "A long answer over a link that loses frames is the same as over a good one",
    rules=["R-HUB-002", "R-RSP-020"],
    requirements=["ELS-Q48-TUNNEL", "SFA-1-TUNNEL", "DS.02"],
    use_cases=["ECS22b"],
)
def test_long_answer_under_loss(dut, dcc, clock, link, timeline, suppliers, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=end - hours(36), end=end))
    whole = dcc.ask(body, dut, as_user=suppliers.losing).profile()

    retried = 0
    for db in range(FIRST_DB - 4, LAST_DB):
        link.attenuate(db)
        began = len(timeline.seen)
        sent = dcc.send(body, dut, as_user=suppliers.losing)
        try:
            answer = sent.response(within=minutes(2))
        except AssertionError:
            break
        retried = sum(bool(seen.data.get("attempt")) for seen in timeline.seen[began:])
        expect(f"half hours read at {db} dB, with {retried} frames sent again", answer.profile()).equals(whole)
        if retried >= ENOUGH_RETRIES:
            break
    precondition(retried > 0, "frames are lost before the link is")


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
    expect("state of the load switch, in the order sent", status.value()).equals(ENABLED)


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
    requirements=[*REQUIREMENTS, "HA.10"],
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


@meters("single", "twin")
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
