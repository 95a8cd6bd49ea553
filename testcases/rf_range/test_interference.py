"""Others on the channel of the home area network: noise, as a curve, and the network of the home next door."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ReadSupplyStatus
from bench.dcc_point import response_to
from bench.expecting import precondition
from bench.neighbour import STRANGE
from bench.testcase import testcase

REQUIREMENTS = ["CSC-DP094-HANLOSS", "CSC-DP094-DROPOFF"]
LINK_DB = 35  #: attenuation of the link, so that the noise need not be strong
FIRST_DBM, LAST_DBM, STEP_DB = -50, 10, 2
READS = 2
PATIENCE = "40 s"


@testcase(
    "RAD-221",
    "Success against noise on the channel: retries before loss, and what was lost is delivered once the noise is gone",
    rules=["R-HUB-011", "R-HUB-002", "R-HUB-017"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_noise(dut, dcc, clock, han, link, noise, timeline, suppliers, expect):
    dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    channel = max(seen.data["channel"] for seen in timeline.seen if seen.kind == "frame" and "page" not in seen.data)
    link.attenuate(LINK_DB)
    curve, shares, retries, waiting = noise.curve(link.name), {}, 0, []
    for dbm in range(FIRST_DBM, LAST_DBM + 1, STEP_DB):
        noise.on(channel, dbm)
        began = len(timeline.seen)
        sent = [dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing) for _ in range(READS)]
        waiting = [one for one in sent if not _answered(one)]
        shares[dbm] = 1 - len(waiting) / READS
        curve.plain(dbm, 100 * shares[dbm])
        retries += sum(bool(seen.data.get("attempt")) for seen in timeline.seen[began:])
        if not shares[dbm]:
            break
    precondition(waiting, "the noise reaches the level at which nothing is answered")
    expect("share of commands answered at the least noise", shares[FIRST_DBM]).equals(1.0)
    expect("frames that were sent again", retries).lies_between(1, 10_000)

    noise.off()

    for one in waiting:
        answer = one.response(within=minutes(5), rule="R-HUB-002")
        expect("result of a command that had waited", answer.results).equals([0], rule="R-HUB-002")
    clock.sleep(minutes(1))
    link.settle()
    counts = [len(timeline.find(response_to(one.request))) for one in waiting]
    expect("answers to each of them", counts).equals([1] * len(waiting), rule="R-HUB-017")


@testcase(
    "RAD-222",
    "The network of the home next door, on the same channel, neither disturbs ours nor is taken for it",
    rules=["R-HUB-002", "R-HUB-017", "R-HAN-032"],
    requirements=[*REQUIREMENTS, "ELS-Q42-ADDRESS"],
    use_cases=["ECS45", "ECS42", "ECS43"],
)
@pytest.mark.parametrize("pan", ["other-pan", "same-pan"])
def test_next_door(pan, dut, dcc, clock, han, neighbour, timeline, suppliers, expect):
    neighbour.move_in(pan)
    clock.sleep(minutes(1))

    sent = [dcc.send(ReadSupplyStatus(), dut, as_user=suppliers.losing) for _ in range(4)]
    for one in sent:
        expect("result of a read", one.response(within=minutes(1)).results).equals([0])
    clock.sleep(minutes(1))
    counts = [len(timeline.find(response_to(one.request))) for one in sent]
    expect("answers to each of them", counts).equals([1] * len(sent), rule="R-HUB-017")
    strange = timeline.find(STRANGE)
    expect("frames of next door, which no key of ours opens", len(strange)).lies_between(10, 10_000)
    ours = timeline.find(han.query(f'src_eui == "{dut.eui}"'), after=sent[0].posted)
    unopened = [seen for seen in ours if isinstance(seen.data["decrypted"], str)]
    expect("frames of our meter that were not opened", len(unopened)).equals(0)


def _answered(sent):
    sent.insist()
    try:
        sent.response(within=PATIENCE)
    except AssertionError:
        return False
    return True
