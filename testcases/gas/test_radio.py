"""The gas meter's radio seen from outside: nothing is asked of the meter first, so also a silent one is told."""

from itertools import pairwise

from bench.clock import hours, minutes, seconds
from bench.han.tunnelling import RequestTunnel
from bench.han_point import frame
from bench.testcase import testcase
from testcases.gas_steps import WAKE, past_wake

#: protocol 6, manufacturer FFFF, no flow control, 1500 octets
GB_TUNNEL = RequestTunnel(6, 0xFFFF, 0, 1500)
ONE_SEARCH = seconds(20)  #: a meter may ask several times, and on several channels, in one search
REQUIREMENTS = ["GS.08", "HA.11", "SFA-12-MIRROR"]


@testcase(
    "GAS-631",
    "After the network is there the meter asks for a tunnel, and tells the mirror its register at every wake",
    rules=["R-GSM-003", "R-GSM-001", "R-GSM-002", "R-GPF-001", "R-GSM-004", "R-GSM-005"],
    requirements=REQUIREMENTS,
    devices=["GSME"],
)
def test_tunnel_and_mirror(han, clock, timeline, expect):
    began = clock.now()

    asked = timeline.expect(frame(src="GSME", what="RequestTunnel"), within=WAKE + minutes(1))
    expect("what the meter asks for", han.frame_of(asked).tunnel).equals(GB_TUNNEL, rule="R-GSM-005")
    timeline.expect(frame(dst="GSME", what="RequestTunnelResponse"), within=seconds(10), after=asked, rule="R-GSM-004")

    clock.sleep_until(began + hours(2))
    polls = timeline.find(frame(src="GSME", what="DataRequest"), after=began)
    reports = timeline.find(frame(src="GSME", what="ReportAttributes"), after=began)
    expect("half hours in which it has polled", _half_hours(polls)).satisfies("four at least", _four, "R-GSM-001")
    expect("half hours in which it has told the mirror", _half_hours(reports)).satisfies(
        "four at least", _four, "R-GPF-001"
    )


@testcase(
    "GAS-632",
    "A message in the hub is fetched at the next wake: the meter asks, the hub gives, nothing remains",
    rules=["R-GSM-007", "R-GSM-010", "R-GSM-011", "R-HUB-016"],
    requirements=REQUIREMENTS,
    use_cases=["GCS33"],
    devices=["GSME", "CHF"],
)
def test_fetched(gsme, han, local, clock, timeline, network_operator, expect):
    past_wake(clock)
    command = local.example("GCS33", gsme, as_user=network_operator)
    delivered = local.deliver(command, "a read of a party that the meter does not know")

    asked = timeline.expect(frame(src="GSME", tunnel="GET"), within=WAKE + minutes(1), after=delivered)
    given = timeline.expect(frame(dst="GSME", tunnel="GET-RESPONSE"), within=seconds(10), after=asked, rule="R-GSM-011")
    expect("messages that remain", given.data["remaining"]).equals(0, rule="R-GSM-011")
    expect("use case of what the hub gives", given.data.get("use_case")).equals("GCS33", rule="R-HUB-016")


@testcase(
    "GAS-633",
    "What the meter has to tell is put into the tunnel, and the meter wakes for it",
    rules=["R-GSM-012", "R-ALT-009"],
    requirements=REQUIREMENTS,
    devices=["GSME"],
)
def test_put(han, at_the_meter, clock, timeline):
    past_wake(clock)
    clock.sleep(minutes(1))

    used_up = timeline.record("bench", "step", {"text": "the battery is used up to a hundred days"})
    at_the_meter.set_battery(100)

    timeline.expect(frame(src="GSME", tunnel="PUT"), within=minutes(2), after=used_up)


@testcase(
    "GAS-634",
    "A meter that has lost the hub looks for it at growing intervals, and tells the mirror again once it is there",
    rules=["R-GSM-015"],
    requirements=["CSC-DP094-DROPOFF", "GS.03"],
    devices=["GSME"],
)
def test_searches(han, gas_link, clock, timeline, expect):
    past_wake(clock)
    gas_link.black_out()
    lost = clock.now()
    clock.sleep(hours(3))
    requests = [one.time for one in timeline.find(han.query("cmd == beacon_request"), after=lost)]
    searches = [at for number, at in enumerate(requests) if number == 0 or at - requests[number - 1] > ONE_SEARCH]
    gaps = [later - earlier for earlier, later in pairwise(searches)]
    expect("searches", len(searches)).satisfies("four at least", _four)
    expect("shortest and longest time between two", (min(gaps), max(gaps))).satisfies(
        "to be apart by twice", lambda ends: ends[1] >= 2 * ends[0]
    )
    longest = [max(gaps[: number + 1]) for number in range(len(gaps))]
    expect("times between them (s)", [gap // seconds(1) for gap in gaps]).satisfies(
        "never to fall", lambda _: all(gap >= 0.9 * most for gap, most in zip(gaps, longest, strict=True))
    )

    gas_link.settle()
    back = clock.now()
    timeline.expect(frame(src="GSME", what="ReportAttributes"), within=max(gaps) + minutes(1), after=back)


def _half_hours(frames):
    return len({(one.time.hour, one.time.minute // 30) for one in frames})


def _four(count):
    return count >= 4
