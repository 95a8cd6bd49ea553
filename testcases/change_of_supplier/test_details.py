"""What a device tells of the credentials it holds, to whom, how protected; and who hears of a change of supplier."""

from dataclasses import replace

import pytest

from bench.clock import hours, minutes
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.gbcs import Cra, Message
from bench.gbcs.credentials import ProvideCredentials
from bench.gbcs.dlms import AccessRequest, date_time, octets
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.pki import Role as Unit
from bench.pki import describe, load_certificate
from bench.testcase import testcase
from testcases import gas_steps
from testcases.change_of_supplier.steps import (
    AGREEMENT,
    BROKER,
    COS_PARTY,
    SIGNING,
    TOP_UP,
    held,
    suppliers_of,
)
from testcases.messages.test_alert_settings import set_alerts, settings

DONE, FAILED = 0x8F66, 0x8F67
DETAILS = 0x0008
LOW_CREDIT, EMERGENCY_ACTIVATED = 0x810D, 0x81AB
REQUIREMENTS = ["SDAG1-3-TRUST", "SDAG1-4-TCOS"]
KEYS = {SIGNING: "ds", AGREEMENT: "ka", TOP_UP: "pp-ka"}
PATIENCE = gas_steps.WAKE + minutes(5)


def details(device, party, cell, roles, number):
    """CS02a of a party that names the cell by which it is entitled; not protected yet."""
    return Message(Cra.COMMAND, number, party.eui, device.eui, DETAILS, bytes(ProvideCredentials(cell, roles)))


@testcase(
    "COS-531",
    "CS02a is answered as it was protected: to the broker with a MAC, to the CoS party, which signs, with a signature",
    rules=["R-CMD-008", "R-CRD-013", "R-CRD-014", "R-CRD-010", "R-CRD-011"],
    requirements=[*REQUIREMENTS, "ELS-Q60-LEVELS"],
    use_cases=["CS02a"],
    devices=["ESME", "CHF", "HCALCS"],
)
@pytest.mark.parametrize("kind", ["ESME", "CHF", "HCALCS"])
def test_protection(kind, home, cos_party, local, timeline, expect):
    device = home.device(kind)
    roles = [Role.TRANSITIONAL_COS, Role.ROOT, Role.ACCESS_CONTROL_BROKER, Role.RECOVERY]
    number = local.example("CS07", home.device("ESME"), as_user=home.acb).counter
    by_broker = local.maced(replace(details(device, home.acb, BROKER, roles, number), signature=b""), device)
    signed = local.signed(details(device, cos_party, COS_PARTY, roles, number))
    cases = [(by_broker, ("absent", "valid"), "R-CMD-008"), (signed, ("valid", "absent"), "R-CRD-013")]

    for command, protection, rule in cases:
        for time, case in (("first", rule), ("second", "R-CRD-014")):
            delivered = local.deliver(command, f"CS02a for the {time} time")
            seen = timeline.expect(answer_to(command), within=PATIENCE, after=delivered, rule=case)
            told = (seen.data["signature"], seen.data["mac"])
            expect("signature and MAC of the answer", told).equals(protection, rule="R-CMD-008")
            expect("roles told", list(local.read(seen).credentials())).equals(roles, rule="R-CRD-010")


@testcase(
    "COS-532",
    "CS02a without the cell that entitles to it, or without any protection, is not answered",
    rules=["R-CRD-010", "R-CRD-013", "R-SEC-007"],
    requirements=REQUIREMENTS,
    use_cases=["CS02a"],
)
@pytest.mark.parametrize("what", ["no cell", "no protection", "another's signature"])
def test_not_answered(what, dut, home, cos_party, local, timeline, suppliers):
    number = local.example("CS07", dut, as_user=home.acb).counter
    good = details(dut, cos_party, COS_PARTY, [Role.SUPPLIER], number)
    if what == "no cell":
        roles = good.payload[2 + len(bytes(COS_PARTY.to_der())) :]  # what follows the cell in the sequence
        command, rule = local.signed(replace(good, payload=bytes((0x30, len(roles))) + roles)), "R-CRD-010"
    elif what == "no protection":
        command, rule = replace(good, signature=b""), "R-SEC-007"
    else:
        command, rule = local.signed(good, by=suppliers.losing), "R-CRD-013"

    with timeline.never(answer_to(command), during=minutes(1), rule=rule):
        local.deliver(command, f"CS02a of the CoS party with {what}")


@testcase(
    "COS-533",
    "Of each cell a device tells whose it is and the identifier of the key that is in its certificate",
    rules=["R-CRD-005", "R-CRD-001", "R-CRD-011"],
    requirements=REQUIREMENTS,
    use_cases=["CS02a", "CS02b"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_identifiers(kind, home, dcc, local, authority, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    told = held(dcc, device, "Supplier", suppliers.losing)
    wanted = {
        cell: _held_by(suppliers.losing, local.certificate(suppliers.losing, usage)) for cell, usage in KEYS.items()
    }
    expect("cells of the supplier", told).equals(wanted)
    renewed = authority.credentials(suppliers.gaining, Unit.SUPPLIER)

    dcc.ask(dcc.change_of_supplier(device, suppliers.gaining, credentials=renewed), device, as_user=suppliers.gaining)

    wanted = {cell: _held_by(suppliers.gaining, renewed.certificates[usage]) for cell, usage in KEYS.items()}
    expect("cells of the new supplier", held(dcc, device, "Supplier", suppliers.gaining)).equals(wanted)


def _held_by(party, certificate):
    return party.eui, describe(load_certificate(certificate)).ski


@testcase(
    "COS-534",
    "Of a change of supplier the CoS party hears, at once and at its time, and neither of the suppliers",
    rules=["R-CRD-053", "R-FUT-012", "R-RSP-001"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME", "GPF"])
def test_who_hears(kind, home, cos_party, dcc, clock, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    at = (clock.now() + hours(1)).replace(second=0, microsecond=0)
    sent = dcc.send(dcc.change_of_supplier(device, suppliers.gaining, execute_at=at), device, as_user=suppliers.gaining)
    expect("who is answered", sent.response(rule="R-FUT-005").message.target).equals(cos_party.eui)
    seen = timeline.expect(device_alert(device, DONE, FAILED), within=hours(1) + PATIENCE, after=sent.posted)
    expect("who is told of the outcome", dcc.read(seen).message.target).equals(cos_party.eui)

    back = dcc.send(dcc.change_of_supplier(device, suppliers.losing), device, as_user=suppliers.losing)
    expect("who is answered with the outcome", back.response().message.target).equals(cos_party.eui)
    told = [
        dcc.read(one).message.target for one in timeline.find(device_alert(device, DONE, FAILED), after=sent.posted)
    ]
    expect("who was told of outcomes", set(told)).equals({cos_party.eui})


@testcase(
    "COS-535",
    "A change of supplier leaves the alerts as the losing supplier has set them",
    rules=["R-ALT-017", "R-ALT-014"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b", "ECS25a", "ECS25r1"],
)
def test_alert_settings(dut, dcc, suppliers, expect):
    set_alerts(dcc, dut, suppliers.losing, False, LOW_CREDIT, EMERGENCY_ACTIVATED)
    before = settings(dcc, dut, suppliers.losing)
    expect("alerts switched off", {LOW_CREDIT, EMERGENCY_ACTIVATED} & before[0]).equals(set(), rule="R-ALT-014")

    dcc.ask(dcc.change_of_supplier(dut, suppliers.gaining), dut, as_user=suppliers.gaining)

    expect("settings that the new supplier reads", settings(dcc, dut, suppliers.gaining)).equals(before)


@testcase(
    "COS-541",
    "A replacement that waits for its time is not accepted a second time, and is carried out once",
    rules=["R-FUT-018", "R-CTR-005", "R-FUT-008"],
    requirements=REQUIREMENTS,
    use_cases=["CS02b"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_pending_again(kind, home, dcc, local, authority, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    at = (clock.now() + minutes(5)).replace(second=0, microsecond=0)
    held(dcc, device, "Supplier", supplier)
    renewal = authority.credentials(supplier, Unit.SUPPLIER).renewal("Supplier", execute_at=at)
    command = local.command(renewal, device, as_user=supplier)
    delivered = local.deliver(command, "a future-dated replacement")
    timeline.expect(answer_to(command), within=minutes(1), after=delivered, rule="R-FUT-005")

    again = local.deliver(command, "the same once more, while it waits")
    clock.sleep_until(at + minutes(2))

    expect("answers to the second", len(timeline.find(answer_to(command), after=again))).equals(0)
    wanted = describe(load_certificate(renewal.certificates.party.digital_signing)).ski
    key = held(dcc, device, "Supplier", supplier)[SIGNING][1]
    expect("identifier of the supplier's signing key", key).equals(wanted, rule="R-FUT-008")


@testcase(
    "COS-542",
    "A command whose items name different times of activation is not taken, in no part of it",
    rules=["R-FUT-002", "R-FUT-008"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a"],
)
def test_different_times(dut, local, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    at = (clock.now() + minutes(5)).replace(second=0, microsecond=0)
    good = local.command(_limit(at), dut, as_user=supplier)
    delivered = local.deliver(good, "ECS28a whose items are to be activated together")
    seen = timeline.expect(answer_to(good), within=minutes(1), after=delivered)
    expect("its results", set(local.read(seen).results)).equals({0})

    later = local.command(_limit(at + minutes(5)), dut, as_user=supplier)
    request = AccessRequest.parse(later.payload)
    times = [number for number, value in enumerate(request.data) if value.value == date_time(at + minutes(5))]
    expect("items with a time of activation", len(times)).satisfies("more than one", lambda count: count > 1)
    data = list(request.data)
    data[times[-1]] = octets(date_time(at + minutes(10)))
    mixed = bytes(replace(request, data=data))
    bad = local.protect(replace(later, payload=mixed, signature=None, mac=None), dut)
    local.deliver(bad, "ECS28a whose last item is to be activated five minutes after the others")
    clock.sleep_until(at + minutes(12))

    told = [seen.time for seen in timeline.find(device_alert(dut, DONE), after=delivered)]
    expect("alerts 8F66", len(told)).equals(len(times))
    expect("when the last came", max(told)).lies_between(at, at + minutes(2))
    answers = [local.read(seen).results for seen in timeline.find(answer_to(bad))]
    expect("results of the second, if it is answered", answers).satisfies(
        "not to be all 0", lambda told: all(any(results) for results in told)
    )


def _limit(at):
    return LoadLimit(execute_at=at, period=60, power_threshold=9000, restoration_period=60, supply_state="Disable")
