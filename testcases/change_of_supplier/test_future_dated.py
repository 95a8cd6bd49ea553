"""Change of supplier at a set time: acceptance now, outcome alert then, also across an outage; cancellation."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc import CANCEL
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc_point import device_alert
from bench.gbcs.trust_anchors import Role
from bench.testcase import testcase
from testcases.change_of_supplier.steps import held, suppliers_of

DONE, FAILED = 0x8F66, 0x8F67
SECOND = seconds(1)


@testcase(
    "COS-010",
    "A future-dated change is accepted now and executed at its time",
    rules=["R-FUT-008", "R-FUT-005", "R-FUT-012", "R-FUT-013"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a"],
)
def test_executed_at_its_time(dut, dcc, clock, timeline, suppliers, cos_party, expect):
    at = _next_minute(clock.now() + minutes(20))
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining, execute_at=at), dut, as_user=suppliers.gaining)
    accepted = sent.response(rule="R-FUT-005")
    expect("an outcome in the response", accepted.replacement() is not None).equals(False, rule="R-FUT-005")

    with timeline.never(device_alert(dut, DONE, FAILED), rule="R-FUT-013"):
        clock.sleep_until(at - minutes(1))
        waiting = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
        expect("supplier before the time", {cell.subject for cell in waiting.cells}).equals({suppliers.losing.eui})

    seen = timeline.expect(device_alert(dut, DONE), within=minutes(3), after=sent.posted)
    alert = dcc.read(seen)
    expect("protection of the outcome alert", alert.protected_well).equals(True)
    expect("target of the outcome alert", alert.message.target).equals(cos_party.eui, rule="R-FUT-012")
    expect("execution time in the alert", alert.replacement_alert().execution_time).equals(at, rule="R-FUT-013")
    expect("arrival of the alert", seen.time).lies_between(at, at + seconds(30), rule="R-FUT-013")

    after = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("supplier after the time", {cell.subject for cell in after.cells}).equals({suppliers.gaining.eui})


@testcase(
    "COS-012",
    "A future-dated change survives an outage across its activation",
    rules=["R-FUT-015", "R-FUT-008", "R-FUT-013", "R-PWR-007"],
    requirements=["IN.02", "SFA-17-OUTAGE"],
    use_cases=["CS02b", "CS02a"],
)
def test_outage_across_activation(dut, dcc, clock, mains, timeline, suppliers, expect):
    at = _next_minute(clock.now() + minutes(10))
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining, execute_at=at), dut, as_user=suppliers.gaining)
    sent.response(rule="R-FUT-005")

    outage = mains.interrupt(seconds(60), start=at - seconds(20))

    seen = timeline.expect(device_alert(dut, DONE), within=minutes(5), after=sent.posted)
    expect("arrival of the outcome alert", seen.time).lies_between(outage.ended, outage.ended + minutes(5))
    told = dcc.read(seen).replacement_alert().execution_time
    expect("execution time in the alert", told).equals(at, rule="R-FUT-013")
    after = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("supplier after the outage", {cell.subject for cell in after.cells}).equals({suppliers.gaining.eui})
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining)
    expect("result of the gaining supplier's read", reading.results).equals([0])


@testcase(
    "COS-013",
    "A cancelled change of supplier does not happen",
    rules=["R-FUT-004"],
    requirements=["IN.02", "SFA-24-OVERTAKE"],
    use_cases=["CS02b", "CS02a"],
)
def test_cancelled(dut, dcc, clock, timeline, suppliers, expect):
    at = _next_minute(clock.now() + minutes(15))
    dcc.send(dcc.change_of_supplier(dut, suppliers.gaining, execute_at=at), dut, as_user=suppliers.gaining).response()

    cancelled = dcc.send(
        dcc.change_of_supplier(dut, suppliers.gaining, execute_at=CANCEL), dut, as_user=suppliers.gaining
    ).response()
    expect("an outcome in the response", cancelled.replacement() is not None).equals(False)

    with timeline.never(device_alert(dut, DONE, FAILED), during=minutes(5)):
        clock.sleep_until(at)
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("supplier after the time", {cell.subject for cell in details.cells}).equals({suppliers.losing.eui})
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    expect("result of the present supplier's read", reading.results).equals([0])


def _next_minute(instant):
    return instant.replace(second=0, microsecond=0) + minutes(1)


@testcase(
    "COS-014",
    "A later change takes the place of one that waits: one activation, at the later command's time, in its name",
    rules=["R-FUT-006", "R-FUT-012"],
    requirements=["IN.02", "SDAG1-4-TCOS", "SFA-24-OVERTAKE"],
    use_cases=["CS02b", "CS02a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
@pytest.mark.parametrize("order", ["later", "earlier"])
def test_superseded(order, kind, home, dcc, clock, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    first = _next_minute(clock.now() + minutes(20))
    second = first + minutes(10) if order == "later" else first - minutes(10)
    for at in (first, second):
        body = dcc.change_of_supplier(device, suppliers.gaining, execute_at=at)
        sent = dcc.send(body, device, as_user=suppliers.gaining)
        sent.response(rule="R-FUT-005")

    with timeline.never(device_alert(device, DONE, FAILED)):
        clock.sleep_until(second - minutes(1))
    clock.sleep_until(max(first, second) + minutes(2))

    seen = timeline.find(device_alert(device, DONE, FAILED), after=sent.posted)
    expect("outcome alerts", len(seen)).equals(1)
    told = dcc.read(seen[0]).replacement_alert()
    expect("execution time in the alert", told.execution_time).equals(second)
    owners = {subject for subject, _ in held(dcc, device, "Supplier", suppliers.gaining).values()}
    expect("supplier afterwards", owners).equals({suppliers.gaining.eui})


@testcase(
    "COS-015",
    "An immediate change overtakes one that waits; the waiting one of the same supplier is made as well, and told",
    rules=["R-FUT-014", "R-CRD-056", "R-FUT-012"],
    requirements=["IN.02", "SDAG1-4-TCOS", "SFA-24-OVERTAKE"],
    use_cases=["CS02b", "CS02a"],
)
def test_overtaken(dut, dcc, clock, timeline, suppliers, cos_party, expect):
    at = _next_minute(clock.now() + minutes(10))
    waiting = dcc.change_of_supplier(dut, suppliers.gaining, execute_at=at)
    dcc.send(waiting, dut, as_user=suppliers.gaining).response(rule="R-FUT-005")

    now = dcc.ask(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).replacement()
    expect("statuses of the immediate change", {one.status for one in now.results}).equals({0})

    with timeline.never(device_alert(dut, DONE, FAILED)):
        clock.sleep_until(at - seconds(10))
    seen = timeline.expect(device_alert(dut, DONE), within=minutes(2))
    expect("target of the outcome alert", dcc.read(seen).message.target).equals(cos_party.eui, rule="R-FUT-012")
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining)
    expect("result of the gaining supplier's read", reading.results).equals([0])
