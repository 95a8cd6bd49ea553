"""Change of supplier while the hub cannot be reached: no WAN, or no supply. It happens once, or it is told that not."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc_point import dcc_alert, device_alert, response_to
from bench.expecting import precondition
from bench.gbcs.trust_anchors import Role
from bench.testcase import testcase

DONE, FAILED = 0x8F66, 0x8F67
NOT_DELIVERED, UPDATED = "N12", "N42"
REQUIREMENTS = ["IN.02", "SDAG1-4-TCOS", "CSC-DP094-LATEWAN"]


@testcase(
    "COS-120",
    "A change sent while the WAN is away for two minutes is made once, or told as not delivered and not made",
    rules=["R-CRD-050", "R-HUB-002", "R-HUB-017"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "CS02a"],
)
def test_short_absence(dut, dcc, clock, wan, timeline, suppliers, expect):
    with wan.down():
        body = dcc.change_of_supplier(dut, suppliers.gaining)
        sent = dcc.send(body, dut, as_user=suppliers.gaining)
        sent.insist()
        with timeline.never(response_to(sent.request), during=minutes(2)):
            pass
    clock.sleep(minutes(5))

    answers = timeline.find(response_to(sent.request))
    reported = timeline.find(dcc_alert(NOT_DELIVERED, to=suppliers.gaining))
    expect("answers and reports of failure", len(answers) + len(reported)).equals(1, rule="R-HUB-017")
    holder = suppliers.gaining if answers else suppliers.losing
    details = dcc.credentials(dut, ["Supplier"], as_user=holder)[Role.SUPPLIER]
    expect("supplier on the meter", {cell.subject for cell in details.cells}).equals({holder.eui}, rule="R-CRD-050")


@testcase(
    "COS-121",
    "The hub has no supply when the change is sent and for long after: it is told as not delivered, the meter stays "
    "with its supplier, and the next attempt succeeds",
    rules=["R-CRD-050", "R-HUB-002", "R-HUB-011"],
    requirements=[*REQUIREMENTS, "SFA-13-INTIMATE"],
    use_cases=["CS02b", "CS02a"],
)
def test_hub_without_supply(dut, hub, dcc, clock, mains, timeline, suppliers, expect):
    body = dcc.change_of_supplier(dut, suppliers.gaining)
    with mains.of(hub).interrupted(at_most="1 h"):
        sent = dcc.send(body, dut, as_user=suppliers.gaining)
        clock.sleep(minutes(40))
        told = timeline.find(dcc_alert(NOT_DELIVERED, to=suppliers.gaining), after=sent.posted)
        precondition(len(told) == 1, "the DCC gives the change up within 40 min")

    with timeline.never(dcc_alert(UPDATED), during=minutes(5)):
        pass
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)[Role.SUPPLIER]
    expect("supplier on the meter", {cell.subject for cell in details.cells}).equals({suppliers.losing.eui})

    body = dcc.change_of_supplier(dut, suppliers.gaining)
    response = dcc.ask(body, dut, as_user=suppliers.gaining, rule="R-HUB-011")
    expect("status of each cell", [one.status for one in response.replacement().results]).equals([0, 0, 0])


@testcase(
    "COS-122",
    "A change falls due while the hub cannot be reached: the meter makes it on time and says so afterwards, once",
    rules=["R-FUT-013", "R-ALT-009", "R-FUT-012", "R-CRD-050"],
    requirements=[*REQUIREMENTS, "SFA-17-OUTAGE"],
    use_cases=["CS02b", "CS02a"],
)
@pytest.mark.parametrize("lost", ["WAN", "supply of the hub"])
def test_activation_unreachable(lost, dut, hub, dcc, clock, mains, wan, timeline, suppliers, cos_party, expect):
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining, execute_at=at), dut, as_user=suppliers.gaining)
    sent.response()
    clock.sleep(minutes(2))

    with wan.down() if lost == "WAN" else mains.of(hub).interrupted(at_most="30 min"):
        clock.sleep_until(at + minutes(10))

    seen = timeline.expect(device_alert(dut, DONE), within=minutes(10), after=sent.posted, rule="R-ALT-009")
    alert = dcc.read(seen)
    expect("target of the outcome alert", alert.message.target).equals(cos_party.eui, rule="R-FUT-012")
    expect("execution time in the alert", alert.replacement_alert().execution_time).equals(at)
    clock.sleep(minutes(3))
    outcomes = timeline.find(device_alert(dut, DONE, FAILED), after=sent.posted)
    expect("outcome alerts", len(outcomes)).equals(1, rule="R-ALT-009")
    told = timeline.find(dcc_alert(UPDATED, to=suppliers.gaining))
    expect("N42 to the gaining supplier", len(told)).equals(1, rule="R-ALT-009")
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining)
    expect("result of the gaining supplier's read", reading.results).equals([0], rule="R-CRD-050")


@testcase(
    "COS-123",
    "A change that the WAN delivers twice is made once, and the gaining supplier is served afterwards",
    rules=["R-CRD-050", "R-CTR-005", "R-RSP-018"],
    requirements=[*REQUIREMENTS, "WA.03"],
    use_cases=["CS02b", "CS02a"],
)
def test_doubled(dut, dcc, clock, wan, timeline, suppliers, expect):
    wan.duplicate()
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining)
    response = sent.response()
    wan.duplicate(0)
    expect("status of each cell", [one.status for one in response.replacement().results]).equals([0, 0, 0])
    clock.sleep(minutes(1))

    counters = {seen.data["counter"] for seen in timeline.find(response_to(sent.request))}
    expect("counters of its answers", len(counters)).equals(1, rule="R-RSP-018")
    details = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("supplier on the meter", {cell.subject for cell in details.cells}).equals({suppliers.gaining.eui})
    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.gaining, rule="R-CTR-005")
    expect("result of the gaining supplier's read", reading.results).equals([0], rule="R-CTR-005")
