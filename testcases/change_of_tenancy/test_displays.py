"""A new household: which half hours the meter still shows to the devices at home, and to the supplier."""

import pytest

from bench.clock import hours
from bench.dcc.bodies import ReadActiveImportProfileData, ReadLogPeriod
from bench.dcc.bodies.settings import DisablePrivacyPIN, RestrictAccessForChangeOfTenancy
from bench.testcase import testcase

DONE = [0]
REQUIREMENTS = ["SDAG1-3-PRIVCOS", "DS.06"]
READERS = pytest.mark.parametrize("display", ["at_the_ihd", "at_the_cad", "at_the_ppmid"], ids=["IHD", "CAD", "PPMID"])


def restrict(dcc, dut, supplier, date):
    """Set the date before which the householder's devices are shown nothing (3.2)."""
    return dcc.ask(RestrictAccessForChangeOfTenancy(restriction=date), dut, as_user=supplier)


@testcase(
    "COT-101",
    "The meter shows IHD, CAD and PPMID no half hour from before the restriction, and the supplier all of them",
    rules=["R-PRV-002", "R-HAN-067", "R-PRV-001", "R-PRV-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS12", "ECS22b"],
    devices=["ESME", "IHD", "CAD", "PPMID"],
)
@READERS
def test_hidden(display, request, dut, dcc, clock, suppliers, expect):
    display = request.getfixturevalue(display)
    moved_in = clock.now().replace(minute=0, second=0, microsecond=0) - hours(4)
    period = ReadLogPeriod(start=moved_in - hours(20), end=moved_in)
    before = dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=suppliers.losing).profile()
    first = min(display.half_hours())
    expect("first half hour shown", first).satisfies("before the move", lambda at: at < moved_in)

    expect("result", restrict(dcc, dut, suppliers.losing, moved_in).results).equals(DONE, rule="R-PRV-001")

    shown = display.half_hours()
    expect("first half hour shown", shown[0] if shown else None).equals(moved_in)
    after = dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=suppliers.losing).profile()
    expect("half hours the supplier reads", after).equals(before, rule="R-PRV-003")


@testcase(
    "COT-102",
    "An earlier date shows older half hours again, one to come hides all at once, and the PIN changes nothing",
    rules=["R-PRV-005", "R-PRV-001", "R-HAN-067", "R-PRV-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS12", "ECS14"],
    devices=["ESME", "IHD"],
)
def test_moved(at_the_ihd, dut, dcc, clock, suppliers, expect):
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    for date in (now - hours(2), now - hours(6)):
        restrict(dcc, dut, suppliers.losing, date)
        shown = at_the_ihd.half_hours()
        expect(f"first half hour, restricted to {date:%H:%M}", shown[0] if shown else None).equals(date)
    dcc.ask(DisablePrivacyPIN(), dut, as_user=suppliers.losing)
    shown = at_the_ihd.half_hours()
    expect("first half hour, PIN disabled", shown[0] if shown else None).equals(now - hours(6), rule="R-HAN-067")
    restrict(dcc, dut, suppliers.losing, now + hours(24))
    expect("half hours shown, restricted to tomorrow", at_the_ihd.half_hours()).equals([], rule="R-PRV-001")
