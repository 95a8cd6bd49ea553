"""What is encrypted in answers, for whom, and what is not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from bench.clock import hours
from bench.dcc.bodies import (
    ClearEventLog,
    ReadActiveImportProfileData,
    ReadActivePowerImport,
    ReadInstantaneousExportRegisters,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadMaximumDemandImportRegisters,
    ReadMeterBalance,
    RetrieveBillingDataLogDebtPayments,
    RetrieveBillingDataLogPrepaymentCredits,
    UpdateDeviceConfigurationGasConversion,
)
from bench.gbcs import GbcsError
from bench.gbcs.dlms import parse_protected_response
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

REQUIREMENTS = ["SDAG1-3-PRIVCOS", "ELS-Q24-E2EMSG"]


def is_protected(item):
    """Whether an item of an answer is data that is protected, and not a value."""
    try:
        parse_protected_response(item)
    except GbcsError:
        return False
    return True


def last_day(clock):
    """The period of the last day."""
    return ReadLogPeriod(start=clock.now() - timedelta(days=1), end=clock.now())


#: what is read in clear: the request, and who reads it
IN_CLEAR = {
    "export": (lambda clock: ReadInstantaneousExportRegisters(), "network operator"),
    "power": (lambda clock: ReadActivePowerImport(), "supplier"),
    "maximum demand": (lambda clock: ReadMaximumDemandImportRegisters(), "network operator"),
    "balance": (lambda clock: ReadMeterBalance(), "supplier"),
    "debt payments": (lambda clock: RetrieveBillingDataLogDebtPayments(period=last_day(clock)), "supplier"),
    "top ups": (lambda clock: RetrieveBillingDataLogPrepaymentCredits(period=last_day(clock)), "supplier"),
}


@testcase(
    "MSG-311",
    "Readings that do not tell of a household's use are answered in clear",
    rules=["R-ENC-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS17a", "ECS17c", "ECS18b", "ECS20a", "ECS20d", "ECS82"],
)
def test_in_clear(dut, dcc, clock, suppliers, network_operator, expect):
    for what, (body, reader) in IN_CLEAR.items():
        user = network_operator if reader == "network operator" else suppliers.losing

        answer = dcc.ask(body(clock), dut, as_user=user)

        items = answer.access.data
        expect(f"results of reading {what}", set(answer.results)).equals({0})
        expect(f"protected items of {what}", [is_protected(item) for item in items].count(True)).equals(0)
        expect(f"types of the items of {what}", {item.tag for item in items}).satisfies(
            "to be those of values", lambda tags: 0 not in tags
        )


@testcase(
    "MSG-312",
    "Protected data names the counter of its message, the meter and the reader, beside what is encrypted",
    rules=["R-ENC-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS17b"],
)
def test_parameters(dut, dcc, suppliers, expect):
    answer = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)

    item = answer.items(lambda data: data[0])
    expect("whether the item is protected data", is_protected(item)).equals(True)
    parameters, ciphered = parse_protected_response(item)
    expect("transaction id", parameters.counter).equals(answer.message.counter)
    expect("originator", parameters.originator).equals(dut.eui)
    expect("recipient", parameters.recipient).equals(suppliers.losing.eui)
    expect("first octets of the content", ciphered[:5].hex()).equals("3100000000")


@testcase(
    "MSG-313",
    "Answers that the gas proxy taps have nothing encrypted in them",
    rules=["R-ENC-004"],
    requirements=REQUIREMENTS,
    use_cases=["GCS23", "CS11"],
    devices=["GSME"],
)
def test_tapped(gsme, gas, gas_suppliers, expect):
    conversion = UpdateDeviceConfigurationGasConversion(
        calorific_value=Decimal("39.5"), conversion_factor=Decimal("1.02264")
    )
    for body in (conversion, ClearEventLog()):
        answer = gas.ask(body, gsme, as_user=gas_suppliers.losing)

        expect("components", len(answer.components)).satisfies("to be there", bool)
        expect("encrypted components", answer.encrypted.count(True)).equals(0)


@testcase(
    "MSG-314",
    "Nothing is encrypted with a certificate that is not the reader's: its key may be anybody's",
    rules=["R-ENC-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS22b", "GCS17"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_wrong_certificate(kind, home, dcc, gas, local, clock, timeline, network_operator, expect):
    device = home.device(kind)
    stranger = suppliers_of(home, device).gaining
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    for words, certificate in (
        ("another party's certificate", local.certificate(network_operator, "ka")),
        ("its certificate for signing", local.certificate(stranger, "ds")),
    ):
        period = ReadLogPeriod(start=end - hours(6), end=end)
        body = ReadActiveImportProfileData(period=period, key_agreement_certificate=certificate)
        command = local.command(body, device, as_user=stranger)

        delivered = local.deliver(command, f"a read for a stranger with {words}")
        clock.sleep(timedelta(minutes=1))

        for seen in timeline.find(answer_to(command), after=delivered):
            answer = local.read(seen)
            if kind == "ESME":
                found = [item for item in answer.access.data if is_protected(item)]
            else:
                found = [one for one in gas.read(answer).components if one.encrypted and one.payload]
            expect(f"encrypted parts of the answer to a read with {words}", len(found)).equals(0)
