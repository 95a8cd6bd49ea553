"""Gas prepayment: top ups, disablement, emergency credit, debts, payment mode, credit mode balance."""

from bench.clock import hours, minutes, seconds
from bench.dcc import CANCEL
from bench.dcc.bodies import (
    ActivateEmergencyCredit,
    DisableSupply,
    ReadDeviceConfigurationPaymentMode,
    ReadLogPeriod,
    ReadMeterBalance,
    ReadPrepaymentConfiguration,
    RetrieveBillingDataLogPrepaymentCredits,
    UpdateDebt,
    UpdateMeterBalance,
    UpdatePaymentMode,
)
from bench.dcc.bodies.prepayment import GasDebtRecovery, MeterBalanceChange
from bench.dcc_point import device_alert
from bench.gas import ARMED, CLOSED, OPEN
from bench.gbcs.times import zigbee_utc
from bench.testcase import testcase
from testcases.gas_steps import (
    BALANCE,
    BILL,
    PAYMENT_DEBT,
    POUND,
    TIME_DEBT_1,
    event_log,
    past_wake,
    registers,
    to_prepayment,
    valve_state,
)

OUT_OF_CREDIT, ARMED_ALERT, ADDED_LOCALLY, DUPLICATE, NOT_AUTHENTIC = 0x8F0F, 0x8F32, 0x810E, 0x8F51, 0x8F63
ACTIVATED = 0x8F66
ACCEPTED, REJECTED, NO_AMOUNT = 0, 1, -1
CREDIT_MODE, PREPAYMENT_MODE = 0x0C94, 0x0897
CUT_OFF = "0705:0040"


@testcase(
    "GAS-201",
    "A top up by command is credited once, and the answer says how much there is now",
    rules=["R-UTR-019a", "R-UTR-011", "R-UTR-010", "R-UTR-016"],
    requirements=["PC.02"],
    use_cases=["CS01b", "GCS14", "CS10b"],
    devices=["GSME"],
)
def test_top_up(gsme, dcc, gas, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    token = dcc.token(gsme, 20, as_user=supplier)

    answer = gas.read(dcc.top_up(gsme, token, as_user=supplier)).fields()

    expect("result", answer["result"]).equals(ACCEPTED)
    expect("amount in the answer", answer["value"]).equals(20 * POUND)
    expect("credit in the answer", answer["creditRemaining"]).lies_between(29 * POUND, 30 * POUND)
    began = clock.now()
    again = gas.read(dcc.top_up(gsme, token, as_user=supplier)).fields()
    expect("result of the same token", again["result"]).equals(REJECTED, rule="R-UTR-011")
    expect("amount and credit in that answer", (again["value"], again["creditRemaining"])).equals(
        (NO_AMOUNT, NO_AMOUNT)
    )
    balance = registers(gas, gsme, supplier)[BALANCE]
    expect("balance", balance).lies_between(28 * POUND, 30 * POUND, rule="R-UTR-011")
    security = event_log(gas, gsme, supplier, began, clock.now(), "Security")
    expect("entries 8F51 in the security log", security.count(DUPLICATE)).equals(1, rule="R-UTR-011")


@testcase(
    "GAS-202",
    "A token keyed in at the meter counts, and not again by command",
    rules=["R-UTR-016", "R-UTR-020", "R-UTR-008"],
    requirements=["PC.10"],
    use_cases=["CS01b", "GCS14"],
    devices=["GSME"],
)
def test_keyed_in(gsme, dcc, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    dcc.top_up(gsme, dcc.token(gsme, 1, as_user=supplier), as_user=supplier)
    token, began = dcc.token(gsme, 5, as_user=supplier), clock.now()

    expect("the keyed-in token", at_the_meter.enter_token(token.digits)).equals(True, rule="R-UTR-008")
    timeline.expect(device_alert(gsme, ADDED_LOCALLY, to=supplier), within="2 min", after=began, rule="R-UTR-020")
    expect("the same token again", at_the_meter.enter_token(token.digits)).equals(False)
    answer = gas.read(dcc.top_up(gsme, token, as_user=supplier)).fields()
    expect("result of the same token by command", answer["result"]).equals(REJECTED)
    expect("balance", registers(gas, gsme, supplier)[BALANCE]).lies_between(14 * POUND, 16 * POUND)


@testcase(
    "GAS-203",
    "No top up in credit mode",
    rules=["R-PPM-006"],
    requirements=["PC.02"],
    use_cases=["CS01b", "GCS14"],
    devices=["GSME"],
)
def test_credit_mode_takes_no_token(gsme, dcc, gas, at_the_meter, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    token = dcc.token(gsme, 5, as_user=supplier)
    expect("the keyed-in token", at_the_meter.enter_token(token.digits)).equals(False)
    answer = gas.read(dcc.top_up(gsme, token, as_user=supplier)).fields()
    expect("result", answer["result"]).equals(REJECTED)
    expect("balance", registers(gas, gsme, supplier)[BALANCE]).equals(0)


@testcase(
    "GAS-204",
    "Out of credit the valve closes; a top up arms it and never opens it",
    rules=["R-DIS-001", "R-CRE-006"],
    requirements=["OP.08"],
    use_cases=["GCS40a", "GCS03", "CS01b", "GCS33"],
    devices=["GSME"],
)
def test_out_of_credit(gsme, dcc, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 1)
    at_the_meter.set_taps(5)
    began = clock.now()

    timeline.expect(device_alert(gsme, OUT_OF_CREDIT, to=supplier), within=hours(2), after=began)
    expect("gas that flows (m3/h)", at_the_meter.flow()).equals(0)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED)

    at_the_meter.set_taps(0)
    began = clock.now()
    dcc.top_up(gsme, dcc.token(gsme, 20, as_user=supplier), as_user=supplier)
    timeline.expect(device_alert(gsme, ARMED_ALERT, to=supplier), within="2 min", after=began, rule="R-CRE-006")
    expect("state of the valve after the top up", valve_state(gas, gsme, supplier)).equals(ARMED, rule="R-CRE-006")
    at_the_meter.open_valve()
    clock.sleep("1 min")
    expect("state of the valve after the button", valve_state(gas, gsme, supplier)).equals(OPEN, rule="R-CRE-006")


@testcase(
    "GAS-205",
    "A valve that the supplier has closed is not armed by a top up",
    rules=["R-SUP-007"],
    requirements=["SFA-21-POLICY"],
    use_cases=["GCS32", "CS01b", "GCS33"],
    devices=["GSME"],
)
def test_top_up_does_not_arm(gsme, dcc, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    dcc.top_up(gsme, dcc.token(gsme, 20, as_user=supplier), as_user=supplier)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED)


@testcase(
    "GAS-206",
    "Emergency credit: refused while there is credit, given once when it is low",
    rules=["R-EMC-002", "R-RSP-016", "R-EMC-001"],
    requirements=["PC.03"],
    use_cases=["GCS06", "GCS14"],
    devices=["GSME"],
)
def test_emergency_credit(gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    early = gas.ask(ActivateEmergencyCredit(), gsme, as_user=supplier)
    expect("whether it is refused with credit there", any(early.statuses)).equals(True, rule="R-EMC-001")
    gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=-950 * 1000)), gsme, as_user=supplier)

    for number in ("first", "second"):
        answer = gas.ask(ActivateEmergencyCredit(), gsme, as_user=supplier)
        expect(f"result of the {number} activation", answer.statuses).equals([0], rule="R-RSP-016")


@testcase(
    "GAS-207",
    "The prepayment balance is adjusted by an amount, and reset to zero",
    rules=["R-GAS-017", "R-DIS-007"],
    use_cases=["GCS40a", "GCS40b", "GCS14"],
    devices=["GSME"],
)
def test_balance_adjusted(gsme, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    for pounds in (7, -2):
        gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=pounds * POUND)), gsme, as_user=supplier)
    expect("balance", registers(gas, gsme, supplier)[BALANCE]).equals(5 * POUND, rule="R-DIS-007")
    gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(reset=True)), gsme, as_user=supplier)
    expect("balance after the reset", registers(gas, gsme, supplier)[BALANCE]).equals(0)


@testcase(
    "GAS-208",
    "What is owed in credit mode rises with use and falls with a credit, and a reset ends it",
    rules=["R-GAS-015", "R-GAS-016"],
    use_cases=["GCS40c", "GCS40d", "GCS60a"],
    devices=["GSME"],
)
def test_bill(gsme, gas, at_the_meter, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(adjust=3 * POUND)), gsme, as_user=supplier)
    at_the_meter.set_taps(2)
    first, second = (gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL] for _ in range(2))
    expect("what is owed half an hour later", second - first).satisfies("more", lambda more: more > 0)
    at_the_meter.set_taps(0)
    gas.ask(UpdateMeterBalance(credit=MeterBalanceChange(adjust=5 * POUND)), gsme, as_user=supplier)
    third = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    expect("what a credit of 5 pounds takes off", second - third).lies_between(4 * POUND, 5 * POUND)
    balance = registers(gas, gsme, supplier)[BALANCE]
    reset = gas.ask(UpdateMeterBalance(credit=MeterBalanceChange(reset=True)), gsme, as_user=supplier)
    expect("status of the reset", reset.statuses).equals([0])
    owed = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    expect("what is owed after the reset", owed).lies_between(0, POUND // 10)
    expect("prepayment balance after it", registers(gas, gsme, supplier)[BALANCE]).equals(balance)
    gas.ask(UpdateMeterBalance(credit=MeterBalanceChange(adjust=500 * POUND)), gsme, as_user=supplier)
    fourth = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    expect("what is owed after a credit of 500 pounds", fourth).lies_between(0, POUND // 10, rule="R-GAS-016")


@testcase(
    "GAS-209",
    "Debts are added to, and a payment debt takes its share of a top up",
    rules=["R-DBT-001", "R-CRE-002"],
    requirements=["PC.04"],
    use_cases=["GCS04", "CS01b", "GCS14"],
    devices=["GSME"],
)
def test_debts(gsme, dcc, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    recovery = GasDebtRecovery(rate=0, period="DAILY")
    debts = UpdateDebt(
        time_debt_1=3 * POUND,
        time_debt_2=0,
        payment_debt=8 * POUND,
        recovery_per_payment=2500,
        gas_recovery_1=recovery,
        gas_recovery_2=recovery,
    )
    for _ in range(2):
        gas.ask(debts, gsme, as_user=supplier)
    owed = registers(gas, gsme, supplier)
    expect("both debts", (owed[TIME_DEBT_1], owed[PAYMENT_DEBT])).equals((6 * POUND, 16 * POUND))

    dcc.top_up(gsme, dcc.token(gsme, 20, as_user=supplier), as_user=supplier)

    after = registers(gas, gsme, supplier)
    expect("payment debt after a top up of 20", after[PAYMENT_DEBT]).equals(11 * POUND, rule="R-CRE-002")
    expect("what the balance got", after[BALANCE] - owed[BALANCE]).lies_between(
        14 * POUND, 15 * POUND, rule="R-CRE-002"
    )


@testcase(
    "GAS-217",
    "A change of payment mode that is to be immediate is in force with its answer",
    rules=["R-FUT-003"],
    use_cases=["GCS02", "GCS03", "GCS21j"],
    devices=["GSME"],
)
def test_immediate_mode(gsme, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    mode = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier).attributes["0705:0000"]
    expect("payment mode after a change to prepayment", mode).equals(PREPAYMENT_MODE)

    gas.ask(UpdatePaymentMode(credit=True), gsme, as_user=supplier)

    mode = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier).attributes["0705:0000"]
    expect("payment mode after a change to credit", mode).satisfies("to be another", lambda now: now != PREPAYMENT_MODE)


@testcase(
    "GAS-210",
    "A future-dated change to credit mode happens at its time, and is told",
    rules=[
        "R-FUT-007",
        "R-FUT-008",
        "R-FUT-010",
        "R-FUT-012",
        "R-FUT-013",
        "R-FUT-014",
        "R-PPM-002a",
        "R-EVT-020",
        "R-TIM-019",
    ],
    requirements=["PC.01"],
    use_cases=["GCS02", "GCS03", "GCS21j", "CS10a"],
    devices=["GSME"],
)
def test_future_mode(gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    at = clock.now().replace(second=0, microsecond=0) + hours(2) + minutes(7)
    sent = dcc.send(UpdatePaymentMode(execute_at=at, credit=True), gsme, as_user=supplier)
    sent.response()
    mode = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier)
    expect("payment mode before the time", mode.attributes["0705:0000"]).equals(PREPAYMENT_MODE, rule="R-PPM-002a")

    seen = timeline.expect(device_alert(gsme, ACTIVATED, to=supplier), within=hours(3), after=sent.posted)

    alert = gas.read(seen)
    expect("arrival of the alert", seen.time).lies_between(at, at + minutes(1), rule="R-FUT-013")
    expect("message code of the alert", alert.message.message_code).equals(0x00CD)
    counter = sent.request.request_id.counter
    item = bytes.fromhex("0e006c") + counter.to_bytes(8) + bytes.fromhex("07050106")
    expect("item in the alert", alert.alert.content).equals(item, rule="R-FUT-010")
    expect("time in the alert, seconds since 2000", alert.alert.timestamp).equals(zigbee_utc(at), rule="R-TIM-019")
    expect("signature on the alert", len(alert.message.signature)).equals(64)
    mode = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier)
    expect("payment mode after the time", mode.attributes["0705:0000"]).equals(CREDIT_MODE, rule="R-FUT-013")
    told = timeline.find(device_alert(gsme, ACTIVATED))
    expect("alerts of one item", len(told)).equals(1, rule="R-FUT-007")
    logged = event_log(gas, gsme, supplier, at - seconds(1), clock.now())
    expect("entries 8F66 in the event log", logged.count(ACTIVATED)).equals(1, rule="R-EVT-020")


@testcase(
    "GAS-296",
    "In credit mode a gas meter has no credit at which supply ends",
    rules=["R-PPM-002a"],
    requirements=["PC.01"],
    use_cases=["GCS02", "GCS03", "GCS21b"],
    devices=["GSME"],
)
def test_no_cut_off_in_credit_mode(gsme, gas, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    read = gas.ask(ReadPrepaymentConfiguration(), gsme, as_user=supplier)
    expect("cut-off value in prepayment", read.attributes[CUT_OFF]).equals(0)
    gas.ask(UpdatePaymentMode(credit=True), gsme, as_user=supplier)
    read = gas.ask(ReadPrepaymentConfiguration(), gsme, as_user=supplier)
    expect("cut-off value in credit mode", read.attributes[CUT_OFF]).equals(NO_AMOUNT)


@testcase(
    "GAS-297",
    "What was owed in credit mode stands still in prepayment, and a reset of the prepayment balance leaves it alone",
    rules=["R-GAS-015"],
    use_cases=["GCS03", "GCS40b", "GCS60a"],
    devices=["GSME"],
)
def test_bill_in_prepayment(gsme, gas, at_the_meter, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 50)
    at_the_meter.set_taps(2)
    owed = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    gas.ask(UpdateMeterBalance(prepayment=MeterBalanceChange(reset=True)), gsme, as_user=supplier)
    later = gas.ask(ReadMeterBalance(), gsme, as_user=supplier).attributes[BILL]
    expect("what is owed an hour later", later).equals(owed)
    expect("whether it is anything", owed > 0).equals(True)


@testcase(
    "GAS-211",
    "The latest top ups can be read back",
    rules=["R-UTR-021"],
    requirements=["PC.06"],
    use_cases=["CS01b", "GCS15e"],
    devices=["GSME"],
)
def test_top_up_log(gsme, dcc, gas, clock, gas_suppliers, expect):
    supplier, start = gas_suppliers.losing, clock.now().replace(microsecond=0)
    to_prepayment(gas, gsme, supplier, 10)
    for pounds in (1, 2, 3):
        dcc.top_up(gsme, dcc.token(gsme, pounds, as_user=supplier), as_user=supplier)
    period = ReadLogPeriod(start=start, end=clock.now() + seconds(1))
    answer = gas.ask(RetrieveBillingDataLogPrepaymentCredits(period=period), gsme, as_user=supplier)
    expect("status of the answer", answer.statuses).equals([0])
    log = answer.fields()["topUps"]
    expect("amounts, the latest first", [row["amount"] for row in log]).equals([3 * POUND, 2 * POUND, POUND])


@testcase(
    "GAS-212",
    "A cancelled change of payment mode does not happen",
    rules=["R-FUT-004", "R-PPM-001"],
    requirements=["PC.01"],
    use_cases=["GCS03", "GCS21j"],
    devices=["GSME"],
)
def test_cancelled_mode(gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 10)
    at = clock.now().replace(second=0, microsecond=0) + hours(2)
    gas.ask(UpdatePaymentMode(execute_at=at, credit=True), gsme, as_user=supplier)
    gas.ask(UpdatePaymentMode(execute_at=CANCEL, credit=True), gsme, as_user=supplier)
    with timeline.never(device_alert(gsme, ACTIVATED, 0x8F67)):
        clock.sleep_until(at + minutes(5))
        past_wake(clock)
    mode = gas.ask(ReadDeviceConfigurationPaymentMode(), gsme, as_user=supplier)
    expect("payment mode after the time", mode.attributes["0705:0000"]).equals(PREPAYMENT_MODE)
