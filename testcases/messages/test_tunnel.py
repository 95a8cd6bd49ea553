"""The tunnel between hub and electricity meter: the hub asks for it, by itself, as soon as both are there."""

from bench.clock import minutes
from bench.dcc.bodies import ReadSupplyStatus
from bench.han_point import frame
from bench.testcase import testcase
from testcases.gas.test_radio import GB_TUNNEL


@testcase(
    "MSG-121",
    "The hub asks the electricity meter for a tunnel after its start, before there is any message for it",
    rules=["R-HUB-010", "R-HUB-011", "R-GSM-005"],
    requirements=["SFA-12-COORDINATOR"],
    use_cases=["ECS45"],
    devices=["CHF", "ESME"],
)
def test_asked_for(dut, hub, dcc, han, mains, timeline, network_operator, expect):
    outage = mains.of(hub).interrupt("30 s")

    asked = timeline.expect(frame(src="CHF", dst="ESME", what="RequestTunnel"), within=minutes(3), after=outage.ended)

    expect("what the hub asks for", han.frame_of(asked).tunnel).equals(GB_TUNNEL, rule="R-GSM-005")
    timeline.expect(frame(src="ESME", what="RequestTunnelResponse"), within=minutes(1), after=asked, rule="R-HUB-011")
    answer = dcc.ask(ReadSupplyStatus(), dut, as_user=network_operator, rule="R-HUB-011")
    expect("results of a read through it", answer.results).equals([0], rule="R-HUB-011")


@testcase(
    "MSG-122",
    "The hub passes a command on to the electricity meter, and the answer back as it came over the air",
    rules=["R-HUB-002"],
    requirements=["SFA-12-COORDINATOR"],
    use_cases=["ECS45"],
    devices=["CHF", "ESME"],
)
def test_passed_on(dut, dcc, han, network_operator, expect):
    sent = dcc.send(ReadSupplyStatus(), dut, as_user=network_operator)

    down = han.expect(
        f'cmd == transfer_data and src == chf and dst_eui == "{dut.eui}"', within=minutes(1), after=sent.posted
    )
    up = han.expect(f'cmd == transfer_data and src_eui == "{dut.eui}"', within=minutes(1), after=down, rule="R-RSP-001")
    answer = sent.response(rule="R-HUB-002")

    heard = han.transfer(up)
    expect("answer heard in the tunnel", None if heard is None else heard.hex()).equals(answer.seen.data["gbcs"])
