"""Who reads of a household: devices that stay joined when tenants change, and never the broker that carries answers."""

import pytest

from bench.clock import hours
from bench.dcc.bodies import (
    ReadActiveImportProfileData,
    ReadLogPeriod,
    RestrictAccessForChangeOfTenancy,
    UnjoinServiceNonCritical,
)
from bench.dcc.bodies.settings import DisablePrivacyPIN
from bench.gbcs import GbcsError, decode_der
from bench.gbcs.check import encryption_counter, encryption_recipient
from bench.gbcs.crypto import decrypt
from bench.gbcs.dlms import parse_protected_response
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.joining.own_log import SUCCESS

REQUIREMENTS = ["SDAG1-3-PRIVCOS", "ELS-Q24-E2EMSG"]


@testcase(
    "COT-065",
    "IHD and CAD keep their access over a change of tenancy, until they are unjoined",
    rules=["R-PRV-013", "R-HAN-050"],
    requirements=["SDAG1-3-PRIVCOS", "IH.02"],
    use_cases=["ECS12", "ECS14", "CS04B"],
    devices=["ESME", "IHD", "CAD"],
)
@pytest.mark.parametrize("name", ["IHD", "CAD"])
def test_access(name, home, dut, dcc, clock, request, suppliers, expect):
    display = request.getfixturevalue(f"at_the_{name.lower()}")
    before = display.figures().keys()
    moved_in = clock.now().replace(minute=0, second=0, microsecond=0) - hours(3)

    for body in (RestrictAccessForChangeOfTenancy(restriction=moved_in), DisablePrivacyPIN()):
        dcc.ask(body, dut, as_user=suppliers.losing)

    expect("figures it shows", display.figures().keys()).equals(before)
    expect("half hours it shows", len(display.half_hours())).satisfies("to be there", bool)
    unjoined = dcc.ask(UnjoinServiceNonCritical(other=home.device(name).eui), dut, as_user=suppliers.losing)
    expect("result of unjoining", decode_der.payload(unjoined.message)["response_code"]).equals(SUCCESS, "R-HAN-050")
    expect("figures it shows after it is unjoined", display.figures()).equals({}, rule="R-HAN-050")


def opens(ciphered, answer, secret, reader):
    """Whether a secret and the name of a reader open what is encrypted in an answer."""
    try:
        decrypt(ciphered, secret, answer.message.originator, encryption_counter(answer.message), reader)
    except GbcsError:
        return False
    return True


@testcase(
    "COT-066",
    "Half hours that the broker asks for in another's name are closed to the broker itself",
    rules=["R-PRV-012", "R-ENC-005a"],
    requirements=REQUIREMENTS,
    use_cases=["ECS22b", "GCS17"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_not_for_the_broker(kind, home, dcc, gas, local, clock, expect):
    device = home.device(kind)
    stranger = suppliers_of(home, device).gaining
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    body = ReadActiveImportProfileData(
        period=ReadLogPeriod(start=end - hours(6), end=end),
        key_agreement_certificate=local.certificate(stranger, "ka"),
    )

    answer = dcc.ask(body, device, as_user=stranger)

    if kind == "ESME":
        ciphered = [parse_protected_response(item)[1] for item in answer.access.data]
    else:
        ciphered = [one.ciphered for one in gas.read(answer).components]
    expect("parts that are not encrypted", ciphered.count(None)).equals(0)
    parties = {"broker": home.acb.eui, "reader": stranger.eui}
    secrets = {name: home.keystore.secret(device.eui, eui) for name, eui in parties.items()}
    for number, part in enumerate(ciphered, 1):
        for reader in (home.acb.eui, encryption_recipient(answer.message)):
            found = opens(part, answer, secrets["broker"], reader)
            expect(f"whether the broker's key opens part {number}", found).equals(False)
        found = opens(part, answer, secrets["reader"], stranger.eui)
        expect(f"whether the reader's key opens part {number}", found).equals(True, rule="R-ENC-005a")
