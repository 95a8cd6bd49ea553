"""The same attacks on the air against the meter: frames of the hub again, and frames in the hub's name. No effect."""

import pytest

from bench.clock import seconds
from bench.dcc.bodies import ReadSupplyStatus
from bench.han.aps import ApsFrame
from bench.han.tunnelling import CLUSTER, RequestTunnel
from bench.han_point import frame
from bench.local_point import answer_to
from bench.testcase import testcase

REPEATS_FORGOTTEN = seconds(40)  #: a device may know an ASDU again for some time by other means than its counter
REQUIREMENTS = ["HA.16", "SDAG9-3.5-DOS"]


def a_read(dut, local, timeline, network_operator):
    """Have the hub put a read into the meter's tunnel; return the command and the frames that carried it."""
    command = local.command(ReadSupplyStatus(), dut, as_user=network_operator)
    delivered = local.deliver(command, "a read of the supply status")
    answer = timeline.expect(answer_to(command), within=seconds(30), after=delivered)
    heard = timeline.find(frame(src="CHF", dst=dut.type), after=delivered)
    return command, [one for one in heard if one.number < answer.number and one.data["what"] != "APS ack"]


@testcase(
    "SEC-511",
    "Frames of the hub that are sent again later are not taken: the meter answers once",
    rules=["R-AIR-006"],
    requirements=[*REQUIREMENTS, "SFA-24-SHAREDSPACE"],
    use_cases=["ECS45"],
)
def test_replayed_to_the_meter(dut, local, attacker, clock, timeline, network_operator, expect):
    command, heard = a_read(dut, local, timeline, network_operator)
    clock.sleep(REPEATS_FORGOTTEN)

    with timeline.never(answer_to(command), during=seconds(20)):
        for one in heard:
            attacker.replay(one)
            clock.sleep(seconds(0.2))
    expect("frames sent again", len(heard)).satisfies("some", bool)
    a_read(dut, local, timeline, network_operator)


@testcase(
    "SEC-512",
    "A request for a tunnel in the hub's name, without link key, is not answered",
    rules=["R-AIR-008", "R-AIR-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
@pytest.mark.parametrize("network_security", [True, False], ids=["network key", "no key"])
def test_tunnel_without_link_key(network_security, dut, local, attacker, timeline, network_operator):
    _, heard = a_read(dut, local, timeline, network_operator)
    request = ApsFrame.data(CLUSTER, 211, bytes(RequestTunnel().frame(91)), ack_request=True)
    rule = "R-AIR-008" if network_security else "R-AIR-007"

    with timeline.never(frame(src=dut.type, what="RequestTunnelResponse"), during=seconds(10), rule=rule):
        attacker.data(heard[0], request, "a request for a tunnel in clear", network_security=network_security)

    a_read(dut, local, timeline, network_operator)
