"""The meter's clock follows the hub within limits, and says so when it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadInstantaneousImportRegisters, SynchroniseClock
from bench.dcc_point import device_alert
from bench.gbcs.times import parse_date_time
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import counter, suppliers_of

NOT_ADJUSTED = 0x8F0C
RELIABLE, UNRELIABLE = 0, 2
DONE = 0x8F66
REQUIREMENTS = ["SFA-19-SYNC"]


@testcase(
    "SUP-201",
    "Within the interval the meter takes the hub's time, and trusts it",
    rules=["R-TIM-004", "R-TIM-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70"],
)
def test_within(dut, dcc, clock, timeline, suppliers, expect):
    now = clock.now().replace(microsecond=0)
    with timeline.never(device_alert(dut, NOT_ADJUSTED), during=minutes(1)):
        response = dcc.ask(SynchroniseClock(current=now, tolerance=60), dut, as_user=suppliers.losing)

    expect("results", response.results).equals([0] * 5, rule="R-TIM-007")
    told = parse_date_time(response.value(3))
    expect("time the meter tells", told).lies_between(now - timedelta(seconds=5), clock.now())
    expect("clock status", response.value(4)).equals(RELIABLE)


@testcase(
    "SUP-202",
    "Outside the interval the meter does not touch its clock, distrusts it, and tells the supplier",
    rules=["R-TIM-005", "R-TIM-004", "R-TIM-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70"],
)
def test_outside(dut, dcc, clock, timeline, suppliers, expect):
    now = clock.now().replace(microsecond=0)
    wrong = now + timedelta(hours=1)

    response = dcc.ask(SynchroniseClock(current=wrong, tolerance=60), dut, as_user=suppliers.losing)

    told = parse_date_time(response.value(3))
    expect("time the meter tells", told).lies_between(now - timedelta(seconds=5), clock.now(), rule="R-TIM-004")
    expect("clock status", response.value(4)).equals(UNRELIABLE, rule="R-TIM-005")
    timeline.expect(device_alert(dut, NOT_ADJUSTED, to=suppliers.losing), within=minutes(1))


def _error_of(dcc, device, supplier):
    """How far a meter's time is ahead of true time, by the time in its answer to a read of registers."""
    response = dcc.ask(ReadInstantaneousImportRegisters(), device, as_user=supplier)
    return parse_date_time(response.message.date_time) - response.seen.time


@testcase(
    "SUP-203",
    "Once a day the meters compare their clocks with the hub's, and follow it by up to ten seconds",
    rules=["R-TIM-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS17b", "GCS13a"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("ahead", [9, -9])
def test_followed(ahead, dut, gsme, dcc, wan_time, clock, timeline, suppliers, gas_suppliers, expect):
    meters = ((dut, suppliers.losing), (gsme, gas_suppliers.losing))
    before = [_error_of(dcc, meter, supplier) for meter, supplier in meters]

    wan_time.set_ahead(seconds(ahead))
    with timeline.never(device_alert(dut, NOT_ADJUSTED)), timeline.never(device_alert(gsme, NOT_ADJUSTED)):
        clock.sleep(hours(25))

    for (meter, supplier), error in zip(meters, before, strict=True):
        moved = (_error_of(dcc, meter, supplier) - error).total_seconds()
        expect(f"how far the clock of the {meter.type} has moved (s)", moved).lies_between(ahead - 3, ahead + 3)


@testcase(
    "SUP-204",
    "A hub's time that is more than ten seconds off is not followed but told, and the clock is distrusted",
    rules=["R-TIM-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS17b", "GCS13a"],
    devices=["ESME", "GSME"],
)
def test_not_followed(dut, gsme, dcc, wan_time, clock, timeline, suppliers, gas_suppliers, expect):
    meters = ((dut, suppliers.losing), (gsme, gas_suppliers.losing))
    before = [_error_of(dcc, meter, supplier) for meter, supplier in meters]

    wan_time.set_ahead(-seconds(12))
    for meter, supplier in meters:
        timeline.expect(device_alert(meter, NOT_ADJUSTED, to=supplier), within=hours(25))

    for (meter, supplier), error in zip(meters, before, strict=True):
        moved = (_error_of(dcc, meter, supplier) - error).total_seconds()
        expect(f"how far the clock of the {meter.type} has moved (s)", moved).lies_between(-3, 3)
    reading = dcc.ask(ReadInstantaneousImportRegisters(), gsme, as_user=gas_suppliers.losing)
    expect("clock status of the gas meter's reading", reading.message.date_time[-1]).equals(UNRELIABLE)


@testcase(
    "SUP-205",
    "Setting the clock is refused without the supplier's signature, from the network operator, and a second time",
    rules=["R-TIM-008", "R-CTR-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70", "GCS28", "CS02a"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_critical(kind, home, dcc, local, clock, timeline, network_operator, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    body = SynchroniseClock(current=clock.now().replace(microsecond=0), tolerance=3600)
    wait = minutes(1) if kind == "ESME" else minutes(35)

    stranger = local.command(body, device, as_user=network_operator)
    unsigned = local.command(body, device, as_user=supplier)
    unsigned = local.maced(replace(unsigned, signature=b"", mac=None), device)
    with timeline.never(answer_to(stranger), during=wait), timeline.never(answer_to(unsigned)):
        local.deliver(stranger, "setting the clock by the network operator")
        local.deliver(unsigned, "setting the clock with the broker's MAC alone")

    good = local.command(body, device, as_user=supplier)
    delivered = local.deliver(good, "setting the clock")
    seen = timeline.expect(answer_to(good), within=wait, after=delivered)
    expect("counter of the supplier", counter(dcc, device, "Supplier", supplier)).equals(good.counter)
    with timeline.never(answer_to(good), during=wait):
        local.deliver(good, "the same octets again")
    expect("protection of the answer", local.read(seen).protection.signature).equals("valid")


@testcase(
    "SUP-206",
    "What waits goes by the meter's clock: it happens at once when the clock is set past its time, not before else",
    rules=["R-FUT-014"],
    requirements=[*REQUIREMENTS, "SDAG1-4-TCOS"],
    use_cases=["ECS70", "CS02b"],
)
@pytest.mark.parametrize("ahead", [20, -20])
def test_what_waits(ahead, dut, dcc, wan_time, clock, timeline, suppliers, expect):
    at = (clock.now() + minutes(15)).replace(second=0, microsecond=0)
    sent = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining, execute_at=at), dut, as_user=suppliers.gaining)
    sent.response(rule="R-FUT-005")
    wan_time.set_ahead(minutes(ahead))
    told = clock.now().replace(microsecond=0) + minutes(ahead) - minutes(1)
    began = clock.now()

    response = dcc.ask(SynchroniseClock(current=told, tolerance=600), dut, as_user=suppliers.losing)

    expect("clock status", response.value(4)).equals(RELIABLE, rule="R-TIM-004")
    due = max(began, at - minutes(ahead))
    with timeline.never(device_alert(dut, DONE)):
        clock.sleep_until(due - seconds(10))
    seen = timeline.expect(device_alert(dut, DONE), within=minutes(2), after=sent.posted)
    expect("arrival of the outcome alert", seen.time).lies_between(due, due + seconds(60))
    told = dcc.read(seen).replacement_alert().execution_time
    expect("execution time in the alert", told).equals(at, rule="R-FUT-013")
    holder = dcc.credentials(dut, ["Supplier"], as_user=suppliers.gaining)[Role.SUPPLIER]
    expect("supplier", {cell.subject for cell in holder.cells}).equals({suppliers.gaining.eui})
