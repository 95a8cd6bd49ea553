"""The same command twice: once more for what is protected from replay, again for what is not."""

import pytest

from bench.dcc.bodies import ReadSupplyStatus
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.use_cases import NOT_ALIKE, right_to, rights_to, use_cases

PROTECTED = use_cases("ESME", entitled="Supplier", replay=True, but=NOT_ALIKE)
UNPROTECTED = use_cases("ESME", entitled="Supplier", replay=False, but=NOT_ALIKE)


@testcase(
    "SEC-201",
    "A command that is protected from replay is executed once",
    rules=["R-CTR-005", "R-CTR-007", "R-SEC-006", "R-SEC-010", "R-SEC-020", *rights_to(PROTECTED)],
    requirements=["SDAG1-3-TRUST", "WA.05"],
)
@pytest.mark.parametrize("use_case", PROTECTED)
def test_replayed(use_case, dut, dcc, local, suppliers, timeline, expect):
    command = local.example(use_case, dut, as_user=suppliers.losing)
    delivered = local.deliver(command, f"{use_case} of the supplier")
    first = timeline.expect(answer_to(command), within="30 s", after=delivered, rule="R-RSP-018")

    with timeline.never(answer_to(command), during="20 s", rule=right_to(use_case)):
        local.deliver(command, f"the same {use_case} again")

    expect("responses to the command", len(timeline.find(answer_to(command), after=delivered))).equals(1)
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("result of the next read", status.results).equals([0], rule="R-SEC-020")
    expect("protection of the response", "invalid" in (first.data["mac"], first.data["signature"])).equals(
        False, rule="R-RSP-003"
    )


@testcase(
    "SEC-202",
    "A command that is not protected from replay is answered again",
    rules=["R-CTR-004", "R-RSP-018", "R-RSP-002", *rights_to(UNPROTECTED)],
    requirements=["CSC-DP129-DUPID"],
)
@pytest.mark.parametrize("use_case", UNPROTECTED)
def test_repeated(use_case, dut, local, suppliers, timeline, expect):
    command = local.example(use_case, dut, as_user=suppliers.losing)

    for number in (1, 2):
        delivered = local.deliver(command, f"{use_case} for the {number}. time")
        answer = timeline.expect(answer_to(command), within="30 s", after=delivered, rule=right_to(use_case))
        protections = {answer.data["mac"], answer.data["signature"]}
        expect(f"protection of the {number}. response", protections).satisfies(
            "to be there and valid", lambda seen: "valid" in seen and "invalid" not in seen, rule="R-RSP-002"
        )
