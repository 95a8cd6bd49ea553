"""The gas meter sleeps: when it wakes, what it does then, and what the hub keeps for it meanwhile."""

from itertools import pairwise

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ClearEventLog, DisableSupply, ReadSupplyStatus
from bench.dcc_point import device_alert, response_to
from bench.han_point import frame
from bench.testcase import testcase
from testcases.gas_steps import STATUS, event_log, next_wake, past_wake

NOT_RETRIEVED = 0x819D
REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)


@testcase(
    "GAS-101",
    "The meter wakes at least each half hour",
    rules=["R-GSM-001", "R-GSM-002"],
    requirements=["GS.03", "HA.11"],
    devices=["GSME"],
)
def test_wakes(gsme, gpf, han, clock, timeline, expect):
    began = clock.now()
    clock.sleep(hours(3))
    heard = timeline.find(frame(src="GSME", what="ReportAttributes"), after=began)
    expect("times at which the meter pushed", len(heard)).satisfies("six at least", lambda count: count >= 6)
    stamps = [began, *(one.time for one in heard), clock.now()]
    longest = max(later - earlier for earlier, later in pairwise(stamps))
    expect("longest silence", longest).satisfies("not above half an hour", lambda gap: gap <= minutes(30) + seconds(30))


@testcase(
    "GAS-102",
    "A command waits for the next wake, is answered then, and once",
    rules=["R-GSM-002", "R-GSM-010", "R-RSP-018"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS33"],
    devices=["GSME"],
)
def test_answered_at_wake(gsme, dcc, clock, timeline, suppliers, expect):
    past_wake(clock)
    wake = next_wake(clock)
    sent = dcc.send(ReadSupplyStatus(), gsme, as_user=suppliers.losing)

    answer = sent.response(rule="R-GSM-002").seen

    expect("arrival of the response", answer.time).lies_between(wake, wake + minutes(1))
    clock.sleep(hours(1))
    count = len(timeline.find(response_to(sent.request), after=sent.posted))
    expect("responses", count).equals(1, rule="R-RSP-018")


@testcase(
    "GAS-198",
    "A command that comes a moment before the wake is answered at that wake",
    rules=["R-GSM-002", "R-GSM-007"],
    requirements=["SFA-12-MIRROR"],
    use_cases=["GCS33"],
    devices=["GSME", "CHF"],
)
def test_a_moment_before(gsme, dcc, clock, suppliers, expect):
    past_wake(clock)
    wake = next_wake(clock)
    clock.sleep_until(wake - seconds(15))
    answer = dcc.send(ReadSupplyStatus(), gsme, as_user=suppliers.losing).response(rule="R-GSM-002").seen
    expect("arrival of the response", answer.time).lies_between(wake, wake + minutes(1))


@testcase(
    "GAS-103",
    "Several commands in one sleep are all answered at the next wake, in their order",
    rules=["R-GSM-011", "R-GSM-014", "R-GSM-010"],
    use_cases=["GCS33"],
    devices=["GSME"],
)
def test_many_at_one_wake(gsme, dcc, han, clock, timeline, gas_suppliers, expect):
    past_wake(clock)
    began, wake = clock.now(), next_wake(clock)
    sent = [dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing) for _ in range(5)]
    clock.sleep_until(wake + minutes(1))

    answers = [timeline.find(response_to(one.request), after=one.posted) for one in sent]

    expect("responses to each command", [len(one) for one in answers]).equals([1] * 5)
    times = [one[0].time for one in answers]
    expect("order of the responses", times).equals(sorted(times), rule="R-GSM-010")
    given = timeline.find(frame(src="CHF", dst="GSME", tunnel="GET-RESPONSE"), after=began)
    remaining = [one.data["remaining"] for one in given]
    expect("messages that remain, as the hub tells", remaining).equals([4, 3, 2, 1, 0], rule="R-GSM-011")


@testcase(
    "GAS-104",
    "GET, GET-RESPONSE and PUT in the tunnel the meter has asked for",
    rules=["R-GSM-004", "R-GSM-010", "R-GSM-011", "R-GSM-012"],
    use_cases=["GCS33"],
    devices=["GSME", "CHF"],
)
def test_tunnel(gsme, dcc, han, clock, timeline, gas_suppliers, expect):
    past_wake(clock)
    began = clock.now()
    dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing)
    dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing).response()

    asked = timeline.find(frame(src="GSME", tunnel="GET"), after=began)
    given = timeline.find(frame(src="CHF", dst="GSME", tunnel="GET-RESPONSE"), after=began)
    put = timeline.find(frame(src="GSME", tunnel="PUT", use_case="GCS33"), after=began)
    expect("times the meter asks for a message", len(asked)).equals(2, rule="R-GSM-010")
    expect("messages that remain, as the hub tells", [one.data["remaining"] for one in given]).equals(
        [1, 0], rule="R-GSM-011"
    )
    expect("use case of what the hub gives", {one.data.get("use_case") for one in given}).equals(
        {"GCS33"}, rule="R-GSM-011"
    )
    expect("responses the meter puts", len(put)).equals(2, rule="R-GSM-012")
    requests = timeline.find(frame(src="CHF", dst="GSME", what="RequestTunnel"))
    expect("tunnels the hub has asked the meter for", len(requests)).equals(0, rule="R-GSM-004")


@testcase(
    "GAS-105",
    "What the meter does not fetch is discarded after its time, each alone, and the supplier is told of each, once",
    rules=["R-GSM-013"],
    use_cases=["GCS32", "GCS33", "CS10a"],
    devices=["GPF", "CHF"],
)
def test_not_retrieved(gsme, gpf, dcc, gas, gas_link, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas_link.black_out()
    began = clock.now()
    closing = dcc.send(DisableSupply(), gsme, as_user=supplier)
    clock.sleep(hours(2))
    second = dcc.send(ReadSupplyStatus(), gsme, as_user=supplier)
    clock.sleep(hours(20))
    later = dcc.send(ReadSupplyStatus(), gsme, as_user=supplier)

    told = device_alert(gpf, NOT_RETRIEVED, to=supplier)
    for number, sent in enumerate((closing, second), 1):
        clock.sleep_until(sent.posted.time + hours(24) + minutes(1))
        expect("alerts 819D", len(timeline.find(told, after=began))).equals(number)
    gas_link.settle()
    later.response()
    expect("responses to what was discarded", len(timeline.find(response_to(closing.request)))).equals(0)
    expect("gas that flows (m3/h)", at_the_meter.flow()).satisfies("to flow on", lambda flow: flow > 0)
    log = event_log(gas, gpf, supplier, began, clock.now())
    expect("entries 819D in the proxy's event log", log.count(NOT_RETRIEVED)).equals(2)


@testcase(
    "GAS-106",
    "A command waits out an outage of the hub and is executed once",
    rules=["R-HUB-017", "R-HUB-016", "R-GSM-006"],
    requirements=["GS.03"],
    use_cases=["GCS33"],
    devices=["GSME", "CHF"],
)
def test_hub_outage(gsme, dcc, mains, clock, timeline, gas_suppliers, expect):
    past_wake(clock)
    sent = dcc.send(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing)
    clock.sleep("10 s")
    mains.interrupt(hours(1))

    sent.response(within=hours(2), rule="R-HUB-016")
    clock.sleep(hours(1))
    count = len(timeline.find(response_to(sent.request), after=sent.posted))
    expect("responses", count).equals(1, rule="R-HUB-017")


@testcase(
    "GAS-107",
    "The meter answers again once the radio link is back",
    rules=["R-GSM-006", "R-GSM-002"],
    requirements=["GS.03", "CSC-DP094-DROPOFF"],
    use_cases=["GCS33"],
    devices=["GSME"],
)
def test_link_returns(gsme, dcc, gas, gas_link, clock, gas_suppliers, expect):
    gas_link.black_out()
    clock.sleep(hours(2))
    gas_link.settle()
    answer = gas.ask(ReadSupplyStatus(), gsme, as_user=gas_suppliers.losing, rule="R-GSM-002")
    expect("state of the valve", answer.attributes[STATUS]).equals(2, rule="R-GSM-002")


@testcase(
    "GAS-108",
    "A command that the proxy taps off reaches the meter unaltered: its MAC is right",
    rules=["R-TOM-003", "R-HUB-002"],
    use_cases=["CS11"],
    devices=["CHF", "GPF"],
)
def test_forwarded_unaltered(gsme, gas, dcc, timeline, gas_suppliers, expect):
    sent = dcc.send(ClearEventLog(), gsme, as_user=gas_suppliers.losing)
    with timeline.never(device_alert(gsme, *REFUSALS)):
        answer = gas.read(sent.response())
    expect("protection of the response", answer.protected_well).equals(True)


@testcase(
    "GAS-197",
    "What happened while the hub was out of reach is told in its order once the hub is there again",
    rules=["R-GSM-012"],
    devices=["GSME"],
)
def test_told_in_order(gsme, gas_link, at_the_meter, clock, timeline, gas_suppliers, expect):
    gas_link.black_out()
    began = clock.now()
    codes = {"tilt": 0x81C3, "air": 0x81B5, "reverse-flow": 0x81B6}
    for what in codes:
        at_the_meter.fault(what)
        clock.sleep(minutes(7))
    gas_link.settle()
    for _ in range(3):
        past_wake(clock)
    told = timeline.find(device_alert(gsme, *codes.values(), to=gas_suppliers.losing), after=began)
    expect("alerts", [int(one.data["alert_code"], 16) for one in told]).equals([*codes.values()])
