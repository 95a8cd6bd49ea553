"""A new household: what the restriction date does, and what it leaves alone."""

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadActiveImportProfileData, ReadEventOrSecurityLog, ReadLogPeriod
from bench.dcc.bodies.settings import DisablePrivacyPIN, RestrictAccessForChangeOfTenancy
from bench.testcase import testcase

DONE = [0]
REQUIREMENTS = ["SDAG1-3-PRIVCOS", "DS.06"]


@testcase(
    "COT-001",
    "After the restriction the supplier still reads what was before it",
    rules=["R-PRV-003", "R-PRV-001", "R-LOG-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS12", "ECS22b"],
)
def test_nothing_is_erased(dut, dcc, clock, suppliers, expect):
    end = clock.now().replace(microsecond=0)
    period = ReadLogPeriod(start=end - hours(24), end=end)
    before = dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=suppliers.losing).profile()

    response = dcc.ask(RestrictAccessForChangeOfTenancy(restriction=end), dut, as_user=suppliers.losing)

    expect("result of the restriction", response.results).equals(DONE, rule="R-PRV-001")
    after = dcc.ask(ReadActiveImportProfileData(period=period), dut, as_user=suppliers.losing).profile()
    expect("half hours of the day before", after).equals(before)


@testcase(
    "COT-002",
    "The restriction may be repeated, and moved to an earlier date",
    rules=["R-PRV-006", "R-PRV-005"],
    requirements=["SDAG1-3-PRIVCOS"],
    use_cases=["ECS12"],
)
@pytest.mark.parametrize("back", [0, 24], ids=["the same date", "a day earlier"])
def test_repeated(back, dut, dcc, clock, suppliers, expect):
    date = clock.now().replace(microsecond=0)
    for when in (date, date - hours(back)):
        response = dcc.ask(RestrictAccessForChangeOfTenancy(restriction=when), dut, as_user=suppliers.losing)
        expect("result of the restriction", response.results).equals(DONE)


@testcase(
    "COT-003",
    "The privacy PIN is disabled by its own command, not by the restriction; both are logged",
    rules=["R-PRV-009", "R-PRV-007", "R-EVT-006"],
    requirements=["SDAG1-3-PRIVCOS"],
    use_cases=["ECS12", "ECS14", "ECS35a"],
)
def test_two_commands(dut, dcc, clock, suppliers, expect):
    start = clock.now().replace(microsecond=0)
    for body in (RestrictAccessForChangeOfTenancy(restriction=start), DisablePrivacyPIN()):
        expect("result", dcc.ask(body, dut, as_user=suppliers.losing).results).equals(DONE, rule="R-PRV-007")

    clock.sleep(minutes(1))
    period = ReadLogPeriod(start=start, end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=suppliers.losing).log()
    told = [(f"{entry.code:04X}", bytes(entry.other).hex()) for entry in log]
    expect("event log", told).equals([("8154", "0022"), ("8154", "0023")], rule="R-EVT-006")
