"""A PPMID: what it holds and answers, joined with the meters by methods A and C, and not served when it is unjoined."""

import pytest

from bench.dcc.bodies import (
    JoinServiceCritical,
    JoinServiceNonCritical,
    ReadDeviceLog,
    ReadFirmwareVersion,
    UnjoinServiceCritical,
    UnjoinServiceNonCritical,
)
from bench.expecting import precondition
from bench.gbcs import Eui64, decode_der
from bench.gbcs.trust_anchors import KeyUsage, Role
from bench.testcase import testcase
from testcases.joining.own_log import ESME, GSME, NO_CERTIFICATE, NOT_IN_LOG, SUCCESS
from testcases.prepayment.conftest import meter  # noqa: F401 - a fixture
from testcases.prepayment.meters import POUND

TRUST_ANCHOR_NOT_FOUND = 25
VERSION_OCTETS = 4
FUEL = {"ESME": "electricity", "GSME": "gas"}
BOTH = ("ESME", "GSME", "PPMID")


def payload(answer):
    """What a response says."""
    return decode_der.payload(answer.message)


def entries(dcc, device, user):
    """The devices in a device's own log: EUI-64 -> type (CS07)."""
    log = payload(dcc.ask(ReadDeviceLog(), device, as_user=user)).get("device_log", [])
    return {Eui64.of(one["device"]): one["device_type_code"] for one in log}


@testcase(
    "HAN-301",
    "A PPMID takes commands of remote parties: it tells its firmware version, and the meters in its log",
    rules=["R-HAN-061", "R-FWU-021", "R-HAN-051", "R-HUB-002"],
    use_cases=["CS08", "CS07"],
    devices=["PPMID"],
)
def test_answers(ppmid, dut, gsme, dcc, suppliers, expect):
    answer = payload(dcc.ask(ReadFirmwareVersion(), ppmid, as_user=suppliers.losing))
    expect("result of CS08", answer["response_code"]).equals(SUCCESS, rule="R-FWU-021")
    version = bytes.fromhex(answer["firmware_version"])
    expect("octets of the version", len(version)).equals(VERSION_OCTETS, rule="R-FWU-021")
    known = entries(dcc, ppmid, suppliers.losing)
    expect("types in its log", (known.get(dut.eui), known.get(gsme.eui))).equals((ESME, GSME), rule="R-HAN-051")


@testcase(
    "HAN-302",
    "A PPMID holds the credentials of the broker and none of a network operator or WAN provider",
    rules=["R-CRD-006", "R-HAN-061"],
    use_cases=["CS02a"],
    devices=["PPMID"],
)
def test_credentials(home, ppmid, dcc, suppliers, expect):
    roles = ["AccessControlBroker", "NetworkOperator", "WANProvider"]
    held = dcc.credentials(ppmid, roles, as_user=suppliers.losing)

    broker = held[Role.ACCESS_CONTROL_BROKER]
    usages = {(one.key_usage, one.subject) for one in broker.cells}
    expect("cells of the broker", usages).satisfies(
        "to have its key agreement key", lambda cells: (KeyUsage.KEY_AGREEMENT, home.acb.eui) in cells
    )
    for role in (Role.NETWORK_OPERATOR, Role.WAN_PROVIDER):
        expect(f"status of {role.name}", held[role].status).equals(TRUST_ANCHOR_NOT_FOUND)


@testcase(
    "HAN-303",
    "A meter that has unjoined a PPMID takes nothing from it; joined again from both sides, it does",
    rules=["R-HAN-050", "R-HAN-042", "R-HAN-044", "R-HAN-049", "R-HAN-051", "R-HAN-040"],
    requirements=["HA.02"],
    use_cases=["CS03A1", "CS03A2", "CS03C", "CS04AC", "PECS01", "PCS01"],
    devices=BOTH,
)
def test_unjoined(meter, ppmid, at_the_ppmid, expect):  # noqa: F811 - the fixture
    device, dcc, supplier, fuel = meter.device, meter.dcc, meter.supplier, FUEL[meter.device.type]
    meter.prepay()
    precondition(meter.top_up(meter.token(1)), "the meter takes a token by command")

    answer = payload(meter.ask(UnjoinServiceCritical(other=ppmid.eui)))
    expect("result of unjoining", answer["response_code"]).equals(SUCCESS, rule="R-HAN-049")
    token = meter.token(5).digits
    shown = at_the_ppmid.enter_token(fuel, token)
    expect("what the PPMID shows", shown).satisfies("not accepted", lambda words: words != "accepted")
    expect("balance (1/1000 p)", meter.registers().balance).equals(POUND)
    again = payload(meter.ask(UnjoinServiceCritical(other=ppmid.eui)))
    expect("result of unjoining once more", again["response_code"]).equals(NOT_IN_LOG, rule="R-HAN-049")

    method = "R-HAN-042" if fuel == "electricity" else "R-HAN-044"
    answer = payload(meter.ask(JoinServiceCritical(other=ppmid.eui)))
    expect("result of the join at the meter", answer["response_code"]).equals(SUCCESS, rule=method)
    answer = payload(dcc.ask(JoinServiceNonCritical(other=device.eui), ppmid, as_user=supplier))
    expect("result of the join at the PPMID", answer["response_code"]).equals(SUCCESS, rule=method)
    expect("what the PPMID shows", at_the_ppmid.enter_token(fuel, token)).equals("accepted", rule=method)
    expect("balance (1/1000 p)", meter.registers().balance).equals(6 * POUND, rule=method)


@testcase(
    "HAN-304",
    "A PPMID that has unjoined a meter asks it for nothing any more",
    rules=["R-HAN-050", "R-HAN-049", "R-HAN-042", "R-HAN-044"],
    use_cases=["CS04AC", "CS07"],
    devices=["PPMID"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_meter_unjoined(kind, home, ppmid, dcc, han, at_the_ppmid, suppliers, expect):
    device, fuel = home.device(kind), FUEL[kind]
    answer = payload(dcc.ask(UnjoinServiceNonCritical(other=device.eui), ppmid, as_user=suppliers.losing))
    expect("result of unjoining", answer["response_code"]).equals(SUCCESS, rule="R-HAN-049")
    known = entries(dcc, ppmid, suppliers.losing)
    expect("devices in its log", list(known)).satisfies("not the meter", lambda seen: device.eui not in seen)

    with han.never(f'src_eui == "{ppmid.eui}" and cluster in (prepayment, metering, tunneling)', during="5 s"):
        shown = at_the_ppmid.activate_emergency_credit(fuel)
    expect("what the PPMID shows", shown).equals("no meter")


@testcase(
    "HAN-305",
    "A join of gas meter and PPMID without the gas meter's certificate is answered by the PPMID with code 11",
    rules=["R-HAN-044", "R-HAN-041", "R-HAN-045"],
    use_cases=["CS03C"],
    devices=["PPMID"],
)
def test_no_certificate(ppmid, ppmid_log, dcc, suppliers, expect):
    other = Eui64.of(0x00155F00CAFE2001)
    expect("result", ppmid_log.join_by_certificate(other, GSME, "CS04ACNonCritical")).equals(NO_CERTIFICATE)
    known = entries(dcc, ppmid, suppliers.losing)
    expect("devices in its log", list(known)).satisfies("not that one", lambda seen: other not in seen)
