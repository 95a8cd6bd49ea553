"""Responses: whose counter they carry, how they are protected, what a command that fails in part has done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ArmSupply,
    DisableSupply,
    ReadActiveImportProfileData,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc_point import device_alert
from bench.gbcs import Message
from bench.gbcs.dlms import DataNotification
from bench.local_point import answer_to
from bench.testcase import testcase

SUPPLY_ARMED, UTC_TIME = 0x8F32, 12
ACTIONED = 0x8154
REQUIREMENTS = ["SDAG1-3-TRUST", "ELS-Q24-E2EMSG"]


@testcase(
    "MSG-001",
    "A response carries the counter and the message code of its command, and goes to who sent it",
    rules=["R-CTR-008", "R-RSP-001", "R-RSP-002", "R-USE-017"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_counter(dut, local, timeline, network_operator, expect):
    command = local.command(ReadSupplyStatus(), dut, as_user=network_operator)
    delivered = local.deliver(command, "a read of the supply status")

    answer = timeline.expect(answer_to(command), within=seconds(30), after=delivered)
    message = Message.parse(answer.raw)
    expect("who answers", message.originator).equals(dut.eui, rule="R-RSP-001")
    expect("who is answered", message.target).equals(network_operator.eui, rule="R-RSP-001")
    expect("MAC of the response", answer.data["mac"]).equals("valid", rule="R-RSP-002")
    expect("signature of the response", answer.data["signature"]).equals("absent", rule="R-RSP-002")


@testcase(
    "MSG-002",
    "The answer to a change of supplier is signed by the meter and has no MAC",
    rules=["R-RSP-004", "R-RSP-001"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b"],
)
def test_change_of_supplier_is_signed(dut, dcc, suppliers, expect):
    response = dcc.send(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining).response()

    expect("signature", response.protection.signature).equals("valid")
    expect("a MAC on the response", response.message.mac).equals(None)


@testcase(
    "MSG-003",
    "Credentials that are read come with a MAC and no signature, as they were asked for",
    rules=["R-RSP-005", "R-CMD-004"],
    requirements=REQUIREMENTS,
    use_cases=["CS02a"],
)
def test_credentials_have_a_mac(dut, dcc, timeline, suppliers, expect):
    dcc.credentials(dut, ["Supplier"], as_user=suppliers.losing)

    seen = [one for one in timeline.seen if one.point == "dcc" and one.kind == "response"][-1]
    response = dcc.read(seen)
    expect("MAC", response.protection.mac).equals("valid")
    expect("length of the signature", len(response.message.signature or b"")).equals(0)


@testcase(
    "MSG-004",
    "A read with the broker's MAC alone is answered; the same read signed as well is not",
    rules=["R-CMD-004", "R-SEC-007", "R-USE-017"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45"],
)
def test_reads_are_not_signed(dut, local, timeline, network_operator):
    command = local.command(ReadSupplyStatus(), dut, as_user=network_operator)
    delivered = local.deliver(command, "a read with a MAC")
    timeline.expect(answer_to(command), within=seconds(30), after=delivered)

    unsigned = local.command(ReadSupplyStatus(), dut, as_user=network_operator)
    signed = local.protect(replace(unsigned, signature=None, mac=None), dut)
    with timeline.never(answer_to(signed), during=seconds(30), rule="R-SEC-007"):
        local.deliver(signed, "a read with a MAC and a signature")


@testcase(
    "MSG-401",
    "A non-critical command without the broker's MAC is not carried out, be it a read or a setting; with its MAC it is",
    rules=["R-CMD-004", "R-SEC-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS45", "ECS25b"],
)
@pytest.mark.parametrize("use_case", ["ECS45", "ECS25b"])
def test_no_mac(use_case, dut, local, timeline, network_operator):
    command = local.example(use_case, dut, as_user=network_operator)
    bare = replace(command, signature=b"", mac=None)
    with timeline.never(answer_to(bare), during=seconds(30), rule="R-CMD-004"):
        local.deliver(bare, f"{use_case} without signature and MAC")

    delivered = local.deliver(command, f"the same {use_case} with its MAC")
    timeline.expect(answer_to(command), within=seconds(30), after=delivered)


@testcase(
    "MSG-005",
    "A generic alert holds its code and the time in UTC, and its invoke id the low 24 bits of its counter",
    rules=["R-ALT-006", "R-CTR-010", "R-ALT-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44"],
)
def test_generic_alert(dut, dcc, timeline, suppliers, expect):
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
    dcc.ask(ArmSupply(), dut, as_user=suppliers.losing)

    seen = timeline.expect(device_alert(dut, SUPPLY_ARMED, to=suppliers.losing), within=minutes(1))
    message = dcc.read(seen).message
    notification = DataNotification.parse(message.payload)
    members = notification.data.value
    expect("message code", message.message_code).equals(0x1000, rule="R-ALT-004")
    expect("members of the alert", len(members)).equals(2)
    expect("code of the alert", members[0].value).equals(SUPPLY_ARMED)
    expect("length of its time", len(members[1].value)).equals(UTC_TIME)
    told = dcc.read(seen).alert_times()[0]
    expect("time of the alert", told).lies_between(seen.time - seconds(30), seen.time)
    low = notification.invoke_id & 0xFFFFFF
    expect("low 24 bits of the invoke id", low).equals(message.counter & 0xFFFFFF, rule="R-CTR-010")


@testcase(
    "MSG-006",
    "A log read takes in the entries at both ends of its period",
    rules=["R-RSP-019"],
    requirements=["SFA-12-AUDIT", "SFA-17-LOGMETER"],
    use_cases=["ECS35a", "ECS43", "ECS44"],
)
def test_ends_of_a_period(dut, dcc, clock, suppliers, expect):
    def entries(start, end):
        body = ReadEventOrSecurityLog(period=ReadLogPeriod(start=start, end=end), log="Event")
        return [one.time for one in dcc.ask(body, dut, as_user=suppliers.losing).log() if one.code == ACTIONED]

    began = clock.now().replace(microsecond=0)
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
    clock.sleep(minutes(2))
    dcc.ask(ArmSupply(), dut, as_user=suppliers.losing)
    clock.sleep(minutes(2))

    acted = entries(began, clock.now())[:2]
    first, last = acted[0], acted[1]
    within = entries(first, last)
    expect("first entry of the period", within[:1]).equals([first])
    expect("last entry of the period", within[-1:]).equals([last])
    expect("entries of a period of one second", entries(last, last)).equals([last])


@testcase(
    "MSG-007",
    "A profile read has the half hours of its period, those at both ends among them, and no others",
    rules=["R-RSP-019", "R-RSP-020", "R-LOG-003"],
    requirements=["CSC-DP126-HALFHOURLY", "DS.02"],
    use_cases=["ECS22b"],
)
def test_ends_of_a_profile(dut, dcc, clock, suppliers, expect):
    end = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
    start = end - timedelta(hours=3)

    body = ReadActiveImportProfileData(period=ReadLogPeriod(start=start, end=end))
    times = [at for at, _ in dcc.ask(body, dut, as_user=suppliers.losing).profile()]

    expected = [start + timedelta(minutes=30) * number for number in range(7)]
    expect("half hours", times).equals(expected, rule="R-RSP-020")


@testcase(
    "MSG-008",
    "Consumption is encrypted on its way",
    rules=["R-ENC-001"],
    requirements=["SDAG1-3-PRIVCOS"],
    use_cases=["ECS17b"],
)
def test_encrypted_registers(dut, dcc, suppliers, expect):
    response = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)

    register = response.import_register()
    expect("the register (Wh)", register).satisfies("to be more than nothing", lambda wh: wh > 0)
    clear = register.to_bytes(4, "big") in response.message.payload
    expect("whether the register is readable in the message", clear).equals(False)
