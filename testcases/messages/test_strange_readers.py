"""A party the device does not know reads through the broker: the answer names it, and is encrypted for it alone."""

import pytest

from bench.clock import hours
from bench.dcc.bodies import ReadActiveImportProfileData, ReadLogPeriod
from bench.gbcs import GbcsError
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

REQUIREMENTS = ["SDAG1-3-PRIVCOS", "ELS-Q24-E2EMSG"]
NOTHING_READABLE = "nothing: it cannot be decrypted"


def _half_hours(response, gas, kind):
    """How many half hours the party that asked can decrypt."""
    try:
        return len(response.profile() if kind == "ESME" else gas.read(response).samples())
    except GbcsError:
        return NOTHING_READABLE


@testcase(
    "MSG-106",
    "A party the device does not know gets its answer through the broker, encrypted for it alone",
    rules=["R-RSP-007", "R-RSP-008", "R-RSP-002", "R-ENC-005a", "R-ENC-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS22b", "GCS17"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_unknown_party(kind, home, dcc, gas, local, clock, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    stranger = suppliers.gaining
    end = clock.now().replace(minute=0, second=0, microsecond=0)
    period = ReadLogPeriod(start=end - hours(6), end=end)
    certificate = local.certificate(stranger, "ka")
    counters = []

    known = dcc.ask(ReadActiveImportProfileData(period=period), device, as_user=suppliers.losing)
    for _ in range(2):
        body = ReadActiveImportProfileData(period=period, key_agreement_certificate=certificate)
        sent = dcc.send(body, device, as_user=stranger)
        response = sent.response(rule="R-RSP-007")
        message = response.message
        expect("target of the answer", message.target).equals(home.acb.eui, rule="R-RSP-007")
        expect("party the answer names", message.supplementary_party).equals(stranger.eui, rule="R-RSP-007")
        number = sent.request.request_id.counter
        expect("its counter in the answer", message.supplementary_counter).equals(number, rule="R-RSP-007")
        expect("MAC of the answer", response.protection.mac).equals("valid", rule="R-ENC-005")
        expect("signature of the answer", response.protection.signature).equals("absent", rule="R-RSP-002")
        own = message.supplementary_originator_counter
        expect("counter of the encryption", own).satisfies("to be there", lambda one: one is not None, "R-RSP-008")
        expect("whether it is the command's", own == message.counter).equals(False, rule="R-RSP-008")
        counters.append(own)
        found = _half_hours(response, gas, kind)
        expect("half hours it can read", found).equals(_half_hours(known, gas, kind), rule="R-ENC-005a")

    expect("the second counter of the encryption", counters[1]).satisfies(
        f"to be above the first ({counters[0]})", lambda second: second > counters[0], rule="R-RSP-008"
    )
    expect("party named to one the device knows", known.message.supplementary_party).equals(None, rule="R-RSP-007")
