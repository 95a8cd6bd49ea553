"""Dates of certificates are judged by the clock of the meter, whatever the time is elsewhere."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import SynchroniseClock
from bench.expecting import precondition
from bench.pki import Role as Unit
from bench.testcase import testcase
from testcases.change_of_supplier.steps import CELLS, held, statuses
from testcases.change_of_supplier.test_certificates import YEAR

RELIABLE = 0
#: how the validity of certificates lies to true time, of a meter that is half an hour ahead: from, to, whether it fits
VALIDITY = {
    "over by the meter's clock": (-YEAR, minutes(15), False),
    "begun by the meter's clock": (minutes(15), YEAR, True),
}


@testcase(
    "COS-451",
    "A meter half an hour ahead refuses certificates that are over by its clock, and takes those that have begun by it",
    rules=["R-TIM-020", "R-CRD-033"],
    requirements=["SDAG1-3-PKI", "SFA-19-SYNC"],
    use_cases=["CS02b", "ECS70"],
)
@pytest.mark.parametrize("case", VALIDITY)
def test_own_clock(case, dut, dcc, authority, wan_time, clock, suppliers, expect):
    start, end, fits = VALIDITY[case]
    now = clock.now().replace(microsecond=0)
    wan_time.set_ahead(minutes(30))
    told = dcc.ask(SynchroniseClock(current=now + minutes(30), tolerance=600), dut, as_user=suppliers.losing)
    precondition(told.value(4) == RELIABLE, "the meter follows the hub by half an hour")
    wan_time.set_ahead(minutes(0))
    before = held(dcc, dut, "Supplier", suppliers.losing)
    credentials = authority.credentials(suppliers.gaining, Unit.SUPPLIER, validity=(now + start, now + end))

    body = dcc.change_of_supplier(dut, suppliers.gaining, credentials=credentials)
    outcome = dcc.ask(body, dut, as_user=suppliers.gaining).replacement()

    became = {cell: status == 0 for cell, status in statuses(outcome).items()}
    expect("whether each cell took its certificate", became).equals(dict.fromkeys(CELLS, fits))
    if not fits:
        expect("cells of the supplier", held(dcc, dut, "Supplier", suppliers.losing)).equals(before)
