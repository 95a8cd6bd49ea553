"""A radio link that fades until hub and meter lose each other, and comes back."""

from bench.clock import minutes
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc_point import response_to
from bench.expecting import precondition
from bench.han_point import frame
from bench.testcase import testcase

STEP_DB, LIMIT_DB = 4, 88


@testcase(
    "RAD-001",
    "A command waits while the hub has lost the meter, and is delivered after",
    rules=["R-HUB-011", "R-HUB-002", "R-HAN-032"],
    requirements=["CSC-DP094-HANLOSS", "CSC-DP094-DROPOFF"],
    use_cases=["ECS17b"],
)
def test_command_waits_for_the_link(dut, dcc, han, link, timeline, suppliers, expect):
    attenuation = 40
    lost = None
    while lost is None and attenuation < LIMIT_DB:
        attenuation += STEP_DB
        link.attenuate(attenuation)
        sent = dcc.send(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
        sent.insist()
        if not _answered(timeline, sent):
            lost = sent
    precondition(lost is not None, "the hub lost the meter within the range of the attenuator")

    unanswered = timeline.find(frame(src="CHF", dst=dut.type), after=lost.posted)
    expect("attempts of the hub on the HAN", sum(seen.data["repeat"] for seen in unanswered)).satisfies(
        "to be repeated without acknowledgement", lambda count: count >= 3
    )

    with timeline.never(response_to(lost.request), during=minutes(2)):
        pass
    link.settle()
    response = lost.response(within=minutes(3))
    expect("result of the command", response.results).equals([0], rule="R-HUB-002")
    expect("protection of the response", response.protected_well).equals(True, rule="R-HUB-002")
    timeline.expect(frame(src=dut.type, use_case="ECS17b"), within="1 min", after=lost.posted)


def _answered(timeline, sent):
    try:
        sent.response(within="40 s")
    except AssertionError:
        return False
    return True
