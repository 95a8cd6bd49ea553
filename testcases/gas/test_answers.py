"""What gas meter and proxy answer and log: ends of a period, nothing there, status of the clock, two changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    DisableSupply,
    ReadActiveImportProfileData,
    ReadDeviceConfigurationPaymentMode,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadPrepaymentDailyReadLog,
    RetrieveBillingDataLogDebtPayments,
    RetrieveBillingDataLogPrepaymentCredits,
    TopUpDevice,
    UpdatePaymentMode,
)
from bench.dcc_point import device_alert
from bench.gbcs.gbz import Gbz
from bench.testcase import testcase
from testcases.gas_steps import BALANCE, WAKE, event_log, past_wake, registers, to_prepayment, valve_state

HALF_HOUR = timedelta(minutes=30)
NOT_FOUND = 0x8B
A_TIME = 12  #: octets
RELIABLE = 0x00
ACTIVATED, COVER_OPEN = 0x8F66, 0x8F73
ARMED, OPEN = 0x8F32, 2  #: alert that the valve is armed, state of an open one
PROPOSED_STATUS = 16  #: its place in ChangeSupply
METER_AND_PROXY = pytest.mark.parametrize("kind", ["GSME", "GPF"])


@testcase(
    "GAS-641",
    "A gas profile read has the half hours of its period, each with the time of its end, those at both ends among them",
    rules=["R-RSP-019", "R-LOG-003"],
    requirements=["CSC-DP126-HALFHOURLY"],
    use_cases=["GCS17"],
    devices=["GSME", "GPF"],
)
@METER_AND_PROXY
def test_ends_of_a_profile(kind, home, gas, clock, gas_suppliers, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0) - hours(6)
    start = end - hours(3)

    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=start, end=end))
    times = [at for at, _ in gas.ask(body, home.device(kind), as_user=gas_suppliers.losing).samples()]

    expect("half hours", times).equals([start + number * HALF_HOUR for number in range(7)])


@testcase(
    "GAS-642",
    "Where there is nothing to read, the answer is authentic and says NOT_FOUND",
    rules=["R-RSP-015"],
    use_cases=["GCS17", "GCS16b", "GCS15d", "GCS15e"],
    devices=["GSME", "GPF"],
)
@METER_AND_PROXY
def test_nothing_there(kind, home, gas, clock, gas_suppliers, expect):
    device, tomorrow = home.device(kind), clock.now() + hours(24)
    period = ReadLogPeriod(start=tomorrow, end=tomorrow + hours(2))
    past = ReadLogPeriod(start=clock.now() - hours(24), end=clock.now())
    bodies = [ReadActiveImportProfileData(period=period), ReadPrepaymentDailyReadLog(period=period)]
    if kind == "GSME":
        bodies += [
            RetrieveBillingDataLogPrepaymentCredits(period=past),
            RetrieveBillingDataLogDebtPayments(period=past),
        ]
    for body in bodies:
        answer = gas.ask(body, device, as_user=gas_suppliers.losing)
        expect("protection of the answer", answer.protected_well).equals(True)
        expect("statuses in it", set(answer.statuses)).equals({NOT_FOUND})


@testcase(
    "GAS-643",
    "The answer to a read of registers says that the gas meter's clock is reliable",
    rules=["R-RSP-010"],
    use_cases=["GCS13a"],
    devices=["GSME"],
)
def test_clock_status(gsme, gas, gas_suppliers, expect):
    answer = gas.ask(ReadInstantaneousImportRegisters(), gsme, as_user=gas_suppliers.losing)
    expect("clock status in its date-time", answer.message.date_time[-1:].hex()).equals(f"{RELIABLE:02x}")


@testcase(
    "GAS-644",
    "A gas top up whose command counts in the low half of its counter as well is not credited",
    rules=["R-CTR-011", "R-UTR-007", "R-RSP-009"],
    use_cases=["CS01b"],
    devices=["GSME"],
)
def test_low_half_of_the_counter(gsme, dcc, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    before = registers(gas, gsme, supplier)[BALANCE]
    token = dcc.token(gsme, 5, as_user=supplier)

    for low in (1, 0x100, 0x80000000):
        dcc.send(TopUpDevice(utrn=token.digits), gsme, as_user=supplier, counter=token.counter << 32 | low).response()
        after = registers(gas, gsme, supplier)[BALANCE]
        expect(f"whether the balance has grown by one with {low:X}", after > before).equals(False)

    answer = dcc.top_up(gsme, token, as_user=supplier)
    expect("octets of the time in its answer", len(answer.message.date_time)).equals(A_TIME, rule="R-RSP-009")
    credited = registers(gas, gsme, supplier)[BALANCE]
    expect("whether it has with zeros there", credited > after).equals(True)


@testcase(
    "GAS-645",
    "Of two future-dated changes of payment mode each is answered at once, and the later command counts",
    rules=["R-FUT-005", "R-FUT-006"],
    use_cases=["GCS02"],
    devices=["GSME"],
)
@pytest.mark.parametrize("order", ["later", "earlier"])
def test_superseded(order, gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    first = clock.now().replace(second=0, microsecond=0) + hours(3)
    second = first + hours(1) if order == "later" else first - hours(1)
    for at in (first, second):
        answer = gas.ask(UpdatePaymentMode(execute_at=at, credit=True), gsme, as_user=supplier, rule="R-FUT-005")
        expect("statuses in the answer", set(answer.statuses)).equals({0}, rule="R-FUT-005")
    mode = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier).attributes["0705:0000"]

    with timeline.never(device_alert(gsme, ACTIVATED), rule="R-FUT-006"):
        clock.sleep_until(second - minutes(1))
    clock.sleep_until(max(first, second) + minutes(5))

    told = timeline.find(device_alert(gsme, ACTIVATED))
    expect("alerts that a change is in force", len(told)).equals(1, rule="R-FUT-006")
    expect("when", told[0].time).lies_between(second, second + minutes(1), rule="R-FUT-006")
    now = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier).attributes["0705:0000"]
    expect("whether the mode has changed", now != mode).equals(True, rule="R-FUT-006")


@testcase(
    "GAS-646",
    "What happens while the gas meter is out of reach is in its log, once, with its time",
    rules=["R-EVT-009", "R-EVT-006e", "R-EVT-008"],
    use_cases=["CS10b"],
    devices=["GSME"],
)
def test_out_of_reach(gsme, gas, gas_link, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas_link.black_out()
    clock.sleep(minutes(40))
    at = clock.now()
    at_the_meter.open_cover()
    clock.sleep(hours(2))
    gas_link.settle()
    past_wake(clock)

    log = event_log(gas, gsme, supplier, at - seconds(2), at + seconds(2), "Security")
    expect("entries 8F73 of that moment", log.count(COVER_OPEN)).equals(1, rule="R-EVT-009")
    whole = event_log(gas, gsme, supplier, at - hours(1), clock.now(), "Security")
    expect("entries 8F73 in all", whole.count(COVER_OPEN)).equals(1, rule="R-EVT-008")


@testcase(
    "GAS-647",
    "A closing command with another state in it than closed is answered with a failure, and the valve stays open",
    rules=["R-SEC-002"],
    use_cases=["GCS32", "GCS33"],
    devices=["GSME"],
)
@pytest.mark.parametrize("state", [1, 2, 7])
def test_another_state(state, gsme, gas, local, timeline, gas_suppliers, expect):
    good = local.command(DisableSupply(), gsme, as_user=gas_suppliers.losing)
    whole = Gbz.parse(good.payload)
    (component,) = whole.components
    octets = bytearray(component.payload)
    octets[PROPOSED_STATUS] = state
    changed = Gbz(whole.profile, [replace(component, payload=bytes(octets))])
    command = local.protect(replace(good, payload=bytes(changed), signature=None, mac=None), gsme)

    with timeline.never(device_alert(gsme, ARMED), during=WAKE + minutes(5)):
        local.deliver(command, f"GCS32 with proposed state {state}")

    expect("state of the valve", valve_state(gas, gsme, gas_suppliers.losing)).equals(OPEN)
