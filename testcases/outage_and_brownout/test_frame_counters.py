"""Frame counters outlive a loss of supply: a radio that begins again uses nonces twice, and nobody listens to it."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ReadSupplyStatus
from bench.han_point import frame
from bench.testcase import testcase


def counters(han, timeline, device, after):
    """NWK frame counters of what a device has sent since an instant, each once for the copies of a frame."""
    frames = [han.frame_of(seen) for seen in timeline.find(frame(src=device.type), after=after)]
    own = [one.nwk for one in frames if one is not None and one.nwk is not None and one.nwk.security is not None]
    return [one.security.counter for one in own if one.security.source == device.eui]


@testcase(
    "PWR-171",
    "After a loss of supply a device goes on with higher frame counters, and is understood",
    rules=["R-AIR-003", "R-AIR-001"],
    requirements=["SFA-17-OUTAGE"],
    use_cases=["ECS45"],
    devices=["ESME", "CHF"],
)
@pytest.mark.parametrize("kind", ["ESME", "CHF"])
@pytest.mark.parametrize("length", ["1 s", "4 min"])
def test_go_on(kind, length, home, dcc, han, mains, clock, timeline, network_operator, expect):
    device, meter = home.device(kind), home.device("ESME")
    began = clock.now()
    dcc.ask(ReadSupplyStatus(), meter, as_user=network_operator)

    outage = mains.of(device).interrupt(length)
    clock.sleep(minutes(3))
    answer = dcc.ask(ReadSupplyStatus(), meter, as_user=network_operator, rule="R-AIR-003")

    every, after = (counters(han, timeline, device, since) for since in (began, outage.ended))
    before = every[: len(every) - len(after)]
    expect("lowest frame counter after the outage", min(after)).satisfies(
        f"to be above {max(before)}, the highest before", lambda lowest: lowest > max(before)
    )
    expect("frame counters used again", set(before) & set(after)).equals(set(), rule="R-AIR-001")
    expect("results of a read", answer.results).equals([0])
