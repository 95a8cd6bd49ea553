"""The interval in which a clock may be set, at its edges; the gas meter's clock: answers, logs, what waits for it."""

from datetime import datetime

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadInstantaneousImportRegisters, SynchroniseClock
from bench.dcc_point import device_alert
from bench.gbcs import decode_der
from bench.gbcs.times import parse_date_time
from bench.testcase import testcase
from testcases.gas_steps import event_log, past_wake

RELIABLE, UNRELIABLE = 0, 2
NOT_ADJUSTED, ADJUSTED, DONE = 0x8F0C, 0x8145, 0x8F66
REQUIREMENTS = ["SFA-19-SYNC"]


def set_gas_clock(dcc, gsme, supplier, start, tolerance):
    """Set the gas meter's clock (GCS28): status and time in its answer, and when that came."""
    body = SynchroniseClock(current=start.replace(microsecond=0), tolerance=tolerance)
    answer = dcc.ask(body, gsme, as_user=supplier)
    told = decode_der.payload(answer.message)
    return told["status_code"], datetime.fromisoformat(told["device_time"]), answer.seen.time


@testcase(
    "SUP-276",
    "The interval counts from its start to its end: half a minute inside is taken, half a minute outside is not",
    rules=["R-TIM-004", "R-TIM-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70"],
)
@pytest.mark.parametrize(("start", "status"), [(-90, UNRELIABLE), (-30, RELIABLE), (30, UNRELIABLE)])
def test_edges(start, status, dut, dcc, clock, suppliers, expect):
    now = clock.now().replace(microsecond=0)
    body = SynchroniseClock(current=now + seconds(start), tolerance=60)

    response = dcc.ask(body, dut, as_user=suppliers.losing)

    expect("clock status", response.value(4)).equals(status)
    told = parse_date_time(response.value(3))
    expect("time the meter tells", told).lies_between(now - seconds(5), clock.now())


@testcase(
    "SUP-277",
    "The gas meter takes the hub's time, and not that of the interval; what is set is in the event log alone",
    rules=["R-TIM-004", "R-TIM-006", "R-TIM-011"],
    requirements=REQUIREMENTS,
    use_cases=["GCS28", "CS10a", "CS10b"],
    devices=["GSME"],
)
def test_taken(gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()
    with timeline.never(device_alert(gsme, NOT_ADJUSTED, ADJUSTED)):
        status, told, at = set_gas_clock(dcc, gsme, supplier, clock.now() - minutes(5), 3600)
    expect("clock status", status).equals(RELIABLE, rule="R-TIM-006")
    expect("time the meter tells", told).lies_between(at - seconds(60), at + seconds(5))
    for log, entries in (("Event", 1), ("Security", 0)):
        codes = event_log(gas, gsme, supplier, began, clock.now(), log)
        expect(f"entries 8145 in the {log.lower()} log", codes.count(ADJUSTED)).equals(entries, rule="R-TIM-011")


@testcase(
    "SUP-278",
    "With a hub outside the interval, of a whole day, the gas meter answers with its own time and writes 8F0C down",
    rules=["R-TIM-006", "R-TIM-005", "R-TIM-004"],
    requirements=REQUIREMENTS,
    use_cases=["GCS28", "CS10b"],
    devices=["GSME"],
)
def test_outside(gsme, dcc, gas, wan_time, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    wan_time.set_ahead(minutes(20))
    began = clock.now()

    status, told, at = set_gas_clock(dcc, gsme, supplier, clock.now() + hours(2), 24 * 3600)

    expect("clock status", status).equals(UNRELIABLE)
    expect("time the meter tells: its own", told).lies_between(at - seconds(60), at + seconds(5))
    alerts = timeline.find(device_alert(gsme, NOT_ADJUSTED, to=supplier), after=began)
    expect("alerts 8F0C", len(alerts)).equals(1, rule="R-TIM-005")
    codes = event_log(gas, gsme, supplier, began, clock.now(), "Security")
    expect("entries 8F0C in the security log", codes.count(NOT_ADJUSTED)).equals(1, rule="R-TIM-005")


@testcase(
    "SUP-279",
    "What waits at the gas meter goes by its clock, and the logs keep their entries when that is set back",
    rules=["R-FUT-014", "R-TIM-017"],
    requirements=[*REQUIREMENTS, "SDAG1-4-TCOS"],
    use_cases=["GCS28", "CS02b", "CS10a"],
    devices=["GSME"],
)
@pytest.mark.parametrize("ahead", [60, -100])
def test_what_waits(ahead, gsme, dcc, gas, wan_time, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    began = clock.now() - hours(2)
    dcc.ask(ReadInstantaneousImportRegisters(), gsme, as_user=supplier)
    past_wake(clock)
    at = (clock.now() + minutes(155)).replace(second=0, microsecond=0)
    sent = dcc.send(dcc.change_of_supplier(gsme, gas_suppliers.gaining, execute_at=at), gsme,
                    as_user=gas_suppliers.gaining)  # fmt: skip
    sent.response(rule="R-FUT-005")
    dcc.ask(ReadInstantaneousImportRegisters(), gsme, as_user=supplier)
    before = event_log(gas, gsme, supplier, began, clock.now())
    wan_time.set_ahead(minutes(ahead))

    status, _, _ = set_gas_clock(dcc, gsme, supplier, clock.now() + minutes(ahead - 5), 3600)

    expect("clock status", status).equals(RELIABLE, rule="R-TIM-004")
    due = max(clock.now(), at - minutes(ahead))
    with timeline.never(device_alert(gsme, DONE)):
        clock.sleep_until(due - seconds(10))
    seen = timeline.expect(device_alert(gsme, DONE), within=minutes(2), after=sent.posted)
    expect("arrival of the outcome alert", seen.time).lies_between(due - seconds(5), due + seconds(60))
    logged = event_log(gas, gsme, gas_suppliers.gaining, began, clock.now() + hours(2))
    expect("entries from before", logged[: len(before)]).equals(before, rule="R-TIM-017")
