"""Change of supplier on the gas side: meter and proxy, with the meter asleep most of the time."""

from bench.clock import hours, minutes
from bench.dcc.bodies import (
    DisableSupply,
    ReadInstantaneousImportRegisters,
    ReadSupplyStatus,
    RetrieveCoMOrTariffTriggeredBillingDataLog,
    UpdatePaymentMode,
)
from bench.dcc_point import dcc_alert, device_alert
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.gas.test_events import EMERGENCY_ACTIVATED, behave, settings
from testcases.gas_steps import BALANCE, STATUS, event_log, registers, to_prepayment, volume, whole_days

UPDATED, ACTIVATED = 0x8F70, 0x8F66
REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
CHANGE_OF_SUPPLIER = 1 << 13


def change(dcc, device, suppliers, **options):
    """The change of supplier of a device; returns the response."""
    sent = dcc.send(dcc.change_of_supplier(device, suppliers.gaining, **options), device, as_user=suppliers.gaining)
    return sent, sent.response()


def subjects(dcc, device, user):
    """Whose credentials a device holds in its supplier cells."""
    return {cell.subject for cell in dcc.credentials(device, ["Supplier"], as_user=user)[Role.SUPPLIER].cells}


@testcase(
    "COS-201",
    "The gas meter takes the gaining supplier's credentials at its next wake",
    rules=["R-CRD-050", "R-CRD-037", "R-RSP-003", "R-CRD-052"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a", "CS10b"],
    devices=["GSME"],
)
def test_credentials_replaced(gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    began = clock.now()
    sent, response = change(dcc, gsme, gas_suppliers)
    expect("protection of the response", response.protected_well).equals(True, rule="R-RSP-003")
    expect("status of each cell", [one.status for one in response.replacement().results]).equals(
        [0, 0, 0], rule="R-CRD-037"
    )
    timeline.expect(dcc_alert("N27", to=gas_suppliers.losing), within="1 min", after=sent.posted)
    gaining = gas_suppliers.gaining
    expect("subjects of the supplier's cells", subjects(dcc, gsme, gaining)).equals({gaining.eui})
    security = event_log(gas, gsme, gaining, began, clock.now(), "Security")
    expect("entries 8F70 in the security log", security.count(UPDATED)).equals(1, rule="R-CRD-052")


@testcase(
    "COS-202",
    "The losing supplier can neither close the valve nor read the meter",
    rules=["R-CRD-058", "R-SEC-020", "R-SEC-028"],
    requirements=["SDAG1-3-PRIVCOS", "SDAG1-5-CORE5"],
    use_cases=["CS02b", "GCS32", "GCS13a"],
    devices=["GSME"],
)
def test_losing_supplier_refused(gsme, dcc, gas, local, at_the_meter, timeline, gas_suppliers, expect):
    change(dcc, gsme, gas_suppliers)
    for body in (DisableSupply(), ReadInstantaneousImportRegisters()):
        command = local.command(body, gsme, as_user=gas_suppliers.losing)
        with timeline.never(answer_to(command), during="40 min"):
            delivered = local.deliver(command, f"{type(body).__name__} of the losing supplier")
        timeline.expect(
            device_alert(gsme, *REFUSALS, to=gas_suppliers.gaining), within="1 s", after=delivered, rule="R-SEC-028"
        )
    expect("gas that flows (m3/h)", at_the_meter.flow()).satisfies("to flow on", lambda flow: flow > 0)


@testcase(
    "COS-203",
    "The gaining supplier reads the gas meter with its own key, and the register goes on",
    rules=["R-CRD-060", "R-CRD-057"],
    requirements=["IN.02"],
    use_cases=["CS02b", "GCS13a", "GCS33"],
    devices=["GSME"],
)
def test_gaining_supplier_reads(gsme, dcc, gas, gas_suppliers, expect):
    before = volume(gas, gsme, gas_suppliers.losing)
    change(dcc, gsme, gas_suppliers)
    after = volume(gas, gsme, gas_suppliers.gaining)
    expect("what was used meanwhile (litres)", after - before).lies_between(0, 1000, rule="R-CRD-057")
    state = gas.ask(ReadSupplyStatus(), gsme, as_user=gas_suppliers.gaining).attributes[STATUS]
    expect("state of the valve", state).equals(2, rule="R-CRD-057")


@testcase(
    "COS-204",
    "Balance stays, the losing supplier's unused tokens do not count any more",
    rules=["R-CRD-059", "R-CRD-041", "R-CRD-057", "R-UTR-022", "R-CTR-012"],
    requirements=["IN.02", "SDAG8-4.6.3-UTRNFLOOR", "SDAG1-4-UTRNMOVE"],
    use_cases=["CS02b", "CS01b", "GCS14"],
    devices=["GSME"],
)
def test_tokens(gsme, dcc, gas, at_the_meter, gas_suppliers, expect):
    to_prepayment(gas, gsme, gas_suppliers.losing, 10)
    last = dcc.token(gsme, 1, as_user=gas_suppliers.losing)
    dcc.top_up(gsme, last, as_user=gas_suppliers.losing)
    unused = dcc.token(gsme, 20, as_user=gas_suppliers.losing)
    change(dcc, gsme, gas_suppliers)
    gaining = gas_suppliers.gaining
    expect("balance", registers(gas, gsme, gaining)[BALANCE]).lies_between(9 * 100_000, 11 * 100_000, rule="R-CRD-057")
    expect("the losing supplier's token", at_the_meter.enter_token(unused.digits)).equals(False)
    first = dcc.token(gsme, 5, as_user=gaining, utrn_counter=last.counter)
    answer = gas.read(dcc.top_up(gsme, first, as_user=gaining)).fields()
    expect("result of the gaining supplier's first token", answer["result"]).equals(0, rule="R-CRD-041")


@testcase(
    "COS-205",
    "A pending command of the losing supplier is withdrawn",
    rules=["R-CRD-056"],
    requirements=["IN.02"],
    use_cases=["CS02b", "GCS02"],
    devices=["GSME"],
)
def test_pending_withdrawn(gsme, dcc, gas, clock, timeline, gas_suppliers, expect):
    to_prepayment(gas, gsme, gas_suppliers.losing, 10)
    at = clock.now().replace(second=0, microsecond=0) + hours(3)
    gas.ask(UpdatePaymentMode(execute_at=at, credit=True), gsme, as_user=gas_suppliers.losing)
    change(dcc, gsme, gas_suppliers)
    with timeline.never(device_alert(gsme, ACTIVATED)):
        clock.sleep_until(at + minutes(35))
    balance = registers(gas, gsme, gas_suppliers.gaining)
    expect("emergency credit register still read", BALANCE in balance).equals(True)


@testcase(
    "COS-206",
    "The change keeps a billing reading of that moment",
    rules=["R-CRD-054", "R-GPF-007"],
    requirements=["IN.02", "PC.07"],
    use_cases=["CS02b", "GCS15b"],
    devices=["GSME"],
)
def test_billing_reading(gsme, dcc, gas, clock, gas_suppliers, expect):
    change(dcc, gsme, gas_suppliers)
    period = whole_days(clock, 0)
    body = RetrieveCoMOrTariffTriggeredBillingDataLog(
        period=type(period)(start=period.start, end=clock.now() + hours(1))
    )
    log = gas.ask(body, gsme, as_user=gas_suppliers.gaining)
    expect("readings found", log.statuses.count(0)).satisfies("one of each kind", lambda count: count >= 2)
    causes = {log.fields(number)["cause"] for number, status in enumerate(log.statuses) if status == 0}
    expect("causes of the readings", causes).equals({CHANGE_OF_SUPPLIER})


@testcase(
    "COS-207",
    "The proxy is handed over on its own; until then it answers the losing supplier",
    rules=["R-CRD-058", "R-CRD-050", "R-HUB-001"],
    requirements=["IN.02", "SDAG1-3-PRIVCOS"],
    use_cases=["CS02b", "GCS13a"],
    devices=["GPF", "GSME"],
)
def test_proxy_handed_over(gsme, gpf, dcc, gas, local, timeline, gas_suppliers, expect):
    losing, gaining = gas_suppliers.losing, gas_suppliers.gaining
    change(dcc, gsme, gas_suppliers)
    reading = gas.ask(ReadInstantaneousImportRegisters(), gpf, as_user=losing, rule="R-HUB-001")
    expect("protection of the proxy's answer", reading.protected_well).equals(True, rule="R-HUB-001")

    change(dcc, gpf, gas_suppliers)

    expect("subjects of the proxy's supplier cells", subjects(dcc, gpf, gaining)).equals(
        {gaining.eui}, rule="R-CRD-050"
    )
    command = local.command(ReadInstantaneousImportRegisters(), gpf, as_user=losing)
    with timeline.never(answer_to(command), during="1 min"):
        local.deliver(command, "a read of the losing supplier to the proxy")
    volume(gas, gpf, gaining)


@testcase(
    "COS-208",
    "Gas changes hands, electricity stays as it was",
    rules=["R-HUB-001", "R-CRD-022"],
    requirements=["IN.01"],
    use_cases=["CS02b", "CS02a"],
    devices=["GSME", "ESME"],
)
def test_electricity_untouched(dut, gsme, dcc, gas_suppliers, expect):
    change(dcc, gsme, gas_suppliers)
    expect("subjects of the electricity meter's supplier cells", subjects(dcc, dut, gas_suppliers.losing)).equals(
        {gas_suppliers.losing.eui}
    )


@testcase(
    "COS-209",
    "A change that waits for its time is executed by the sleeping meter, and told to the CoS party",
    rules=["R-FUT-008", "R-FUT-012", "R-FUT-013"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "CS02a"],
    devices=["GSME"],
)
def test_future_dated(gsme, dcc, clock, timeline, gas_suppliers, cos_party, expect):
    at = clock.now().replace(second=0, microsecond=0) + hours(1) + minutes(43)
    sent, accepted = change(dcc, gsme, gas_suppliers, execute_at=at)
    expect("an outcome in the response", accepted.replacement() is not None).equals(False, rule="R-FUT-005")
    seen = timeline.expect(device_alert(gsme, ACTIVATED), within=hours(3), after=sent.posted)
    alert = dcc.read(seen)
    expect("target of the alert", alert.message.target).equals(cos_party.eui, rule="R-FUT-012")
    expect("time in the alert", alert.replacement_alert().execution_time).equals(at, rule="R-FUT-013")
    gaining = gas_suppliers.gaining
    expect("subjects of the supplier's cells", subjects(dcc, gsme, gaining)).equals({gaining.eui})


@testcase(
    "COS-586",
    "A change of supplier leaves what is done with the gas meter's events as the losing supplier has set it",
    rules=["R-ALT-017", "R-ALT-014"],
    requirements=["IN.02", "SDAG1-4-TCOS"],
    use_cases=["CS02b", "GCS20", "GCS20r"],
    devices=["GSME"],
)
def test_event_settings(gsme, dcc, gas, gas_suppliers, expect):
    behave(gas, gsme, gas_suppliers.losing, EMERGENCY_ACTIVATED, told=False, logged=False)
    before = settings(gas, gsme, gas_suppliers.losing)

    change(dcc, gsme, gas_suppliers)

    expect("settings that the new supplier reads", settings(gas, gsme, gas_suppliers.gaining)).equals(before)
