"""A loss of supply in the middle of a change of supplier: whoever holds the meter then holds all of it."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc_point import response_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import CELLS, held

#: s from the request at the DCC to the loss of supply: a meter lives on for a part of a second, and answers within one
CUTS = [1.6, 2.0, 2.2, 2.4, 2.7, 3.0, 3.6]


@testcase(
    "COS-171",
    "A loss of supply at any instant of a change leaves all cells to one supplier, and no answer that is not true",
    rules=["R-PWR-012", "R-PWR-007", "R-CRD-050"],
    requirements=["SP.17", "DI.04", "WA.03", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a"],
)
def test_loss_of_supply(dut, dcc, clock, mains, timeline, suppliers, network_operator, expect):
    present, other = suppliers.losing, suppliers.gaining
    for after in CUTS:
        sent = dcc.send(dcc.change_of_supplier(dut, other), dut, as_user=other)
        sent.insist()
        clock.sleep(seconds(after))
        mains.of(dut).interrupt("30 s")
        clock.sleep(minutes(2))

        cells = held(dcc, dut, "Supplier", network_operator)
        expect("cells of the supplier", sorted(map(str, cells))).equals(sorted(map(str, CELLS)))
        holders = {subject for subject, _ in cells.values()}
        expect(f"suppliers on the meter, cut after {after} s", len(holders)).equals(1)
        answers = timeline.find(response_to(sent.request))
        expect("answers to the change", len(answers)).lies_between(0, 1, rule="R-CRD-050")
        if answers or holders == {other.eui}:
            present, other = other, present
        expect("supplier on the meter", holders).equals({present.eui}, rule="R-CRD-050")
        reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=present)
        expect("result of its read", reading.results).equals([0])
