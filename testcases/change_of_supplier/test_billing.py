"""Change of supplier and what is billed: tariffs and calendars that wait or run, logs, a change at a billing date."""

from datetime import time

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ReadTariffPrimaryElement, RetrieveBillingCalendarTriggeredBillingDataLog
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.billing.steps import UPDATED, calendar_log, change_log, imported, set_calendar, until_now, whole_minute
from testcases.gas_steps import BALANCE, to_prepayment
from testcases.gas_steps import registers as gas_registers
from testcases.prepayment.meters import GasMeter
from testcases.tariff.steps import Tariff

REQUIREMENTS = ["IN.02", "SDAG1-3-PRIVCOS"]
ACTIVATED, REFUSALS = 0x8F66, (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
WATT_HOURS = 20


def change(dcc, device, suppliers, **options):
    """The change of supplier of a device; the response."""
    body = dcc.change_of_supplier(device, suppliers.gaining, **options)
    return dcc.send(body, device, as_user=suppliers.gaining).response()


@testcase(
    "COS-611",
    "The tariff in force goes on; the one that the losing supplier left waiting never comes into force",
    rules=["R-CRD-056", "R-CRD-057"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "ECS01a", "ECS24"],
)
def test_waiting_tariff(dut, dcc, clock, timeline, suppliers, expect):
    at = whole_minute(clock, 15)
    for price, when in ((1_500, None), (9_900, at)):
        tariff = Tariff(days={1: [(time(0), 9)]}, prices={9: price})
        dcc.ask(tariff.request(when), dut, as_user=suppliers.losing)
    change(dcc, dut, suppliers)

    def tariff_in_force():
        return dcc.ask(ReadTariffPrimaryElement(), dut, as_user=suppliers.gaining).access.data

    held = tariff_in_force()
    expect("price in force after the change (1/1000 p)", held[0].value).equals(1_500, rule="R-CRD-057")
    with timeline.never(device_alert(dut, ACTIVATED)):
        clock.sleep_until(at + minutes(2))
    after = tariff_in_force()
    expect("price in force after its time (1/1000 p)", after[0].value).equals(1_500)
    expect("tariff after its time", after[2:]).equals(held[2:])


@testcase(
    "COS-612",
    "Billing calendar and log stay; the next entry is told to the gaining supplier, and the losing one reads no more",
    rules=["R-CRD-057", "R-CRD-054", "R-CRD-058", "R-BIL-004", "R-LOG-008"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "ECS30a", "ECS20b", "ECS20c", "ECS68"],
)
def test_billing_goes_on(dut, dcc, local, clock, timeline, suppliers, expect):
    losing, gaining, at = suppliers.losing, suppliers.gaining, whole_minute(clock, 12)
    set_calendar(dcc, dut, losing, at)
    clock.sleep(minutes(2))
    before, _ = calendar_log(dcc, dut, losing, clock)
    first, began = imported(dcc, dut, losing), clock.now()
    change(dcc, dut, suppliers)
    last = imported(dcc, dut, gaining)

    expect("log of the calendar after the change", calendar_log(dcc, dut, gaining, clock)[0]).equals(before)
    (kept,) = change_log(dcc, dut, gaining, clock)
    expect("time of the snapshot of the change", kept.time).lies_between(
        began - seconds(1), clock.now(), rule="R-CRD-054"
    )
    expect("import in it (Wh)", kept.imported).lies_between(first, last, rule="R-CRD-054")

    seen = timeline.expect(device_alert(dut, UPDATED, to=gaining), within=minutes(15), after=at, rule="R-BIL-004")
    (newest,) = dcc.read(seen).billing_alert()
    expect("time of the entry", newest.time).equals(at, rule="R-CRD-057")
    expect("alerts to the losing supplier", len(timeline.find(device_alert(dut, UPDATED, to=losing), after=at))).equals(
        0, rule="R-CRD-058"
    )
    body = RetrieveBillingCalendarTriggeredBillingDataLog(period=until_now(clock))
    command = local.command(body, dut, as_user=losing)
    with timeline.never(answer_to(command), during="1 min", rule="R-CRD-058"):
        local.deliver(command, "a read of the billing log by the losing supplier")


@testcase(
    "COS-613",
    "A change at the very instant of a billing date: one end of the period, one snapshot of the change, one alert",
    rules=["R-CRD-054", "R-BIL-004", "R-FUT-013"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "ECS30a", "ECS20b", "ECS20c", "ECS68"],
)
def test_at_a_billing_date(dut, dcc, clock, timeline, suppliers, expect):
    gaining, at = suppliers.gaining, whole_minute(clock, 12)
    set_calendar(dcc, dut, suppliers.losing, at)
    change(dcc, dut, suppliers, execute_at=at)
    clock.sleep_until(at + minutes(2))
    entries, _ = calendar_log(dcc, dut, gaining, clock)
    changes = change_log(dcc, dut, gaining, clock)
    expect("ends of the period", [one.time for one in entries[1:]]).equals([at], rule="R-BIL-004")
    expect("snapshots of the change", [one.time for one in changes]).equals([at])
    expect("import of both (Wh)", entries[-1].imported).equals(changes[-1].imported)
    # whose the alert is depends on which comes first, and nothing says which
    told = timeline.find(device_alert(dut, UPDATED), after=at)
    expect("alerts of the entry", len(told)).equals(1, rule="R-BIL-004")
    expect("party that is told", told[0].data["to"]).is_one_of([suppliers.losing.name, gaining.name])


@testcase(
    "COS-614",
    "Gas prices that the losing supplier left waiting never come into force; those in force go on",
    rules=["R-CRD-056", "R-CRD-057"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "GCS01b", "GCS14"],
    devices=["GSME"],
)
def test_waiting_gas_prices(gsme, dcc, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    meter = GasMeter(gsme, gas_suppliers.losing, gas_suppliers.gaining, dcc, gas, at_the_meter)
    to_prepayment(gas, gsme, gas_suppliers.losing, 10)
    meter.prices(0, 0)
    at = clock.now().replace(second=0, microsecond=0) + hours(2)
    meter.prices(30_000, 30_000, at=at)
    change(dcc, gsme, gas_suppliers)
    before = gas_registers(gas, gsme, gas_suppliers.gaining)[BALANCE]
    with timeline.never(device_alert(gsme, ACTIVATED)):
        clock.sleep_until(at + minutes(70))
    after = gas_registers(gas, gsme, gas_suppliers.gaining)[BALANCE]
    expect("paid at prices that are not in force (1/1000 p)", before - after).equals(0)
