"""What a supplier tells a customer through the meter: a number that proves who is there, and messages."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import DisplayMessage, ReadEventOrSecurityLog, ReadLogPeriod, RequestCustomerIdentificationNumber
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

ACKNOWLEDGED, ACTIONED = 0x81A6, 0x8154
NUMBER, OTHER_NUMBER = "4829", "7310"
KINDS = pytest.mark.parametrize("kind", ["ESME", "GSME"])
WORDS = "Meter exchange on Monday"


def hands_at(kind, request):
    """Hands at the electricity or the gas meter."""
    return request.getfixturevalue({"ESME": "at_the_esme", "GSME": "at_the_meter"}[kind])


@testcase(
    "COT-061",
    "A customer identification number is shown on the meter, for a time; the log has the command and not the number",
    rules=["R-PRV-010", "R-EVT-006"],
    requirements=["SDAG1-4-CIN"],
    use_cases=["ECS50", "GCS36", "ECS35a", "CS10a"],
    devices=["ESME", "GSME"],
)
@KINDS
def test_number(kind, request, home, dcc, gas, local, clock, timeline, expect):
    meter, hands, began = home.device(kind), hands_at(kind, request), clock.now().replace(microsecond=0)
    supplier = suppliers_of(home, meter).losing
    shown_for = home.need_number_shown(kind)
    command = local.command(RequestCustomerIdentificationNumber(), meter, as_user=supplier, cin=NUMBER)
    expect("number on the meter before", hands.page("number")).equals("blank")

    local.deliver(command, "a customer identification number")

    answered = timeline.expect(answer_to(command), within="40 min")
    expect("number on the meter", hands.page("number")).equals(NUMBER)
    for name in ("reading", "history", "prepayment", "message"):
        expect(f"the page {name}", hands.page(name)).satisfies("not to show it", lambda text: NUMBER not in text)
    read = ReadEventOrSecurityLog(period=ReadLogPeriod(start=began, end=clock.now() + seconds(1)), log="Event")
    answer = dcc.ask(read, meter, as_user=supplier)
    log = answer.log() if kind == "ESME" else gas.read(answer).log()
    told = [bytes(entry.other) for entry in log if entry.code == ACTIONED]
    expect("commands in the event log", told).equals([command.message_code.to_bytes(2)], rule="R-EVT-006")
    another = local.command(RequestCustomerIdentificationNumber(), meter, as_user=supplier, cin=OTHER_NUMBER)
    local.deliver(another, "another number, while the first is shown")
    answered = timeline.expect(answer_to(another), within="40 min")
    expect("number on the meter", hands.page("number")).equals(OTHER_NUMBER)
    clock.sleep_until(answered.time + shown_for - minutes(5))
    expect("number on the meter shortly before its time is over", hands.page("number")).equals(OTHER_NUMBER)
    clock.sleep(minutes(10))
    expect("number on the meter in the end", hands.page("number")).equals("blank")


@testcase(
    "COT-062",
    "The supplier's message is shown on the meter and on IHD and PPMID, word by word, the latest alone",
    rules=["R-PRV-011"],
    requirements=["IH.02"],
    use_cases=["ECS10"],
    devices=["ESME", "IHD", "PPMID"],
)
def test_message(dut, dcc, at_the_esme, at_the_ihd, at_the_ppmid, suppliers, expect):
    displays = {"IHD": at_the_ihd, "PPMID": at_the_ppmid}
    expect("message on the meter before", at_the_esme.page("message")).equals("blank")
    expect("message on the IHD before", at_the_ihd.message()).equals("nothing")

    for words in (WORDS, "x", "Z" * 116):
        expect("result", dcc.ask(DisplayMessage(message=words), dut, as_user=suppliers.losing).results).equals([0])

        expect("message on the meter", at_the_esme.page("message")).equals(words)
        for name, display in displays.items():
            expect(f"message on the {name}", display.message()).equals(words)


@testcase(
    "COT-063",
    "A message that is acknowledged at the IHD is told to the supplier with 81A6, once; showing it tells nothing",
    rules=["R-PRV-011"],
    requirements=["IH.02"],
    use_cases=["ECS10", "ECS35a"],
    devices=["ESME", "IHD"],
)
def test_acknowledged(dut, dcc, at_the_ihd, clock, timeline, suppliers, expect):
    dcc.ask(DisplayMessage(message=WORDS), dut, as_user=suppliers.losing)
    with timeline.never(device_alert(dut, ACKNOWLEDGED), during=minutes(1)):
        at_the_ihd.message()
    began = clock.now().replace(microsecond=0)

    at_the_ihd.acknowledge_message()

    timeline.expect(device_alert(dut, ACKNOWLEDGED, to=suppliers.losing), within=minutes(1), after=began)
    clock.sleep(minutes(1))
    told = timeline.find(device_alert(dut, ACKNOWLEDGED), after=began)
    expect("alerts 81A6", len(told)).equals(1)
    read = ReadEventOrSecurityLog(period=ReadLogPeriod(start=began, end=clock.now()), log="Event")
    log = dcc.ask(read, dut, as_user=suppliers.losing).log()
    expect("entries 81A6 in the event log", [one.code for one in log].count(ACKNOWLEDGED)).equals(1)


@testcase(
    "COT-064",
    "The gas supplier's message is shown on the gas meter, the latest alone",
    rules=["R-PRV-011"],
    use_cases=["GCS07"],
    devices=["GSME"],
)
def test_gas_message(gsme, gas, at_the_meter, gas_suppliers, expect):
    expect("message on the meter before", at_the_meter.page("message")).equals("blank")

    for words in (WORDS, "Z" * 116):
        answer = gas.ask(DisplayMessage(message=words), gsme, as_user=gas_suppliers.losing)

        expect("result", answer.statuses).equals([0])
        expect("message on the meter", at_the_meter.page("message")).equals(words)
