"""Who may send some use cases, and the kind of protection that each command and its answer have."""

from dataclasses import replace

import pytest

from bench.clock import seconds
from bench.dcc.bodies import (
    JoinServiceNonCritical,
    ReadDeviceLog,
    UnjoinServiceNonCritical,
    UpdateSecurityCredentialsDevice,
)
from bench.dcc_point import device_alert
from bench.gbcs import Cra, Eui64, Message
from bench.gbcs.gbz import LAST, PROFILE, Gbz, GbzComponent
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
REQUIREMENTS = ["SDAG1-3-TRUST"]
SOON, WAKE = "20 s", "40 min"  #: a gas meter fetches its messages once in half an hour
PREPAYMENT = 0x0705
#: PCS01 and PCS02: message code, command of the cluster, its payload
OF_A_PPMID = {
    "PCS01": (0x009B, 0x04, b"\x02\x14" + b"0" * 20),
    "PCS02": (0x0090, 0x00, bytes(4) + b"\x02" + bytes(8) + b"\x00"),
}
STRANGER = Eui64.of(0x00155F00CAFE3002)
SIGNED, MACED = ("valid", "absent"), ("absent", "valid")  #: signature, MAC
#: use case -> device, and how the answer is protected
ANSWERS = {
    "CS03A1": ("ESME", SIGNED),
    "CS03B": ("ESME", MACED),
    "CS04B": ("ESME", MACED),
    "CS04ACCritical": ("ESME", SIGNED),
    "CS07": ("ESME", MACED),
    "CS02c": ("ESME", SIGNED),
    "CS02d": ("ESME", SIGNED),
    "CS02e": ("ESME", SIGNED),
}
OWN_KEYS = ["CS02c", "CS02d", "CS02e"]


def command_of(use_case, local, device, supplier):
    """A command of a use case; CS02d with a certificate for which the device has made no key pair."""
    if use_case == "CS02d":
        body = UpdateSecurityCredentialsDevice(certificate=local.certificate(device, "ds"))
        return local.command(body, device, as_user=supplier)
    return local.example(use_case, device, as_user=supplier)


def patience(device):
    """How long an answer may take."""
    return WAKE if device.type == "GSME" else "30 s"


@testcase(
    "SEC-221",
    "ECS47e is the load controller's: to supplier, network operator and broker it is refused",
    rules=["R-USE-002", "R-SEC-005", "R-SEC-028"],
    requirements=REQUIREMENTS,
    use_cases=["ECS47e"],
)
def test_load_controller(dut, home, local, timeline, suppliers, network_operator):
    for party in (suppliers.losing, network_operator, home.acb):
        command = local.example("ECS47e", dut, as_user=party)
        with timeline.never(answer_to(command), during=SOON):
            delivered = local.deliver(command, f"ECS47e of the {party.name}")
        timeline.expect(
            device_alert(dut, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered, rule="R-SEC-028"
        )


@testcase(
    "SEC-222",
    "ECS35g is answered to supplier and network operator, again too, and refused to the broker",
    rules=["R-USE-020", "R-SEC-005", "R-CTR-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS35g"],
)
def test_auxiliary_log(dut, home, local, timeline, suppliers, network_operator):
    for party in (suppliers.losing, network_operator):
        command = local.example("ECS35g", dut, as_user=party)
        for time in ("first", "second"):
            delivered = local.deliver(command, f"ECS35g of the {party.name} for the {time} time")
            timeline.expect(answer_to(command), within="30 s", after=delivered)

    command = local.example("ECS35g", dut, as_user=home.acb)
    with timeline.never(answer_to(command), during=SOON):
        local.deliver(command, "ECS35g of the broker")


@testcase(
    "SEC-223",
    "CS07 is answered to the device's supplier and to the broker for it, not to another supplier or a network operator",
    rules=["R-USE-021", "R-SEC-005", "R-HAN-051"],
    requirements=REQUIREMENTS,
    use_cases=["CS07"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_own_log(kind, home, local, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    for party in (suppliers.losing, home.acb):
        command = local.command(ReadDeviceLog(), device, as_user=party)
        delivered = local.deliver(command, f"CS07 of the {party.name}")
        seen = timeline.expect(answer_to(command), within=patience(device), after=delivered)
        expect("MAC of the answer", seen.data["mac"]).equals("valid", rule="R-HAN-051")

    for party in (suppliers.gaining, home.network_operator):
        command = local.command(ReadDeviceLog(), device, as_user=party)
        with timeline.never(answer_to(command), during=patience(device)):
            delivered = local.deliver(command, f"CS07 of the {party.name}, who has no right to it")
        timeline.expect(device_alert(device, *REFUSALS, to=suppliers.losing), within="1 s", after=delivered)


@testcase(
    "SEC-224",
    "PCS01 and PCS02 are a PPMID's: supplier and broker cannot send them",
    rules=["R-USE-023", "R-SEC-005", "R-HAN-063"],
    requirements=REQUIREMENTS,
    use_cases=["PCS01", "PCS02"],
    devices=["GSME"],
)
@pytest.mark.parametrize("use_case", OF_A_PPMID)
def test_ppmids(use_case, home, gsme, local, timeline, gas_suppliers):
    code, number, payload = OF_A_PPMID[use_case]
    component = GbzComponent(LAST, PREPAYMENT, 0x01, 1, number, payload)
    for party in (gas_suppliers.losing, home.acb):
        counter = local.example("GCS33", gsme, as_user=party).counter
        whole = Message(
            Cra.COMMAND, counter, party.eui, gsme.eui, code, bytes(Gbz(PROFILE, [component])), signature=b""
        )
        command = local.maced(whole, gsme)
        with timeline.never(answer_to(command), during=WAKE):
            local.deliver(command, f"{use_case} of the {party.name}")


@testcase(
    "SEC-225",
    "Joins and unjoins that the broker sends for a user are signed and MACed, name the user, and so do their answers",
    rules=["R-USE-083", "R-RSP-006", "R-CMD-004"],
    requirements=REQUIREMENTS,
    use_cases=["CS03A2", "CS04AC"],
    devices=["PPMID"],
)
@pytest.mark.parametrize("body", [JoinServiceNonCritical, UnjoinServiceNonCritical], ids=["CS03A2", "CS04AC"])
def test_for_a_user(body, home, ppmid, local, timeline, suppliers, expect):
    command = local.command(body(other=STRANGER), ppmid, as_user=suppliers.losing)
    expect("who sends it, and for whom", (command.originator, command.supplementary_party)).equals(
        (home.acb.eui, suppliers.losing.eui)
    )
    delivered = local.deliver(command, "a command of the broker for a supplier, signed and with a MAC")
    seen = timeline.expect(answer_to(command), within="30 s", after=delivered)
    answer = local.read(seen).message
    expect("code, party and counter in the answer", (answer.message_code, answer.supplementary_party,
           answer.supplementary_counter)).equals(
        (command.message_code, suppliers.losing.eui, command.supplementary_counter)
    )  # fmt: skip
    expect("protection of the answer", (seen.data["signature"], seen.data["mac"])).equals(SIGNED, rule="R-RSP-006")

    for words, signature in (("without signature", b""), ("with a wrong signature", bytes(64))):
        another = local.command(body(other=STRANGER), ppmid, as_user=suppliers.losing)
        wrong = local.maced(replace(another, signature=signature), ppmid)
        with timeline.never(answer_to(wrong), during=SOON):
            local.deliver(wrong, f"a command of the broker for a supplier {words}")
    bare = replace(local.command(body(other=STRANGER), ppmid, as_user=suppliers.losing), mac=None)
    with timeline.never(answer_to(bare), during=SOON):
        local.deliver(bare, "a command of the broker for a supplier without MAC")


@testcase(
    "SEC-226",
    "Answers to joins, unjoins, reads of the log and commands of the device's keys have each their protection",
    rules=["R-RSP-006"],
    requirements=[*REQUIREMENTS, "ELS-Q60-LEVELS"],
    use_cases=["CS03A1", "CS03B", "CS04AC", "CS04B", "CS07", "CS02c", "CS02d", "CS02e"],
)
def test_answers(home, local, timeline, suppliers, expect):
    for use_case, (kind, protection) in ANSWERS.items():
        device = home.device(kind)
        command = command_of(use_case, local, device, suppliers.losing)
        delivered = local.deliver(command, use_case)
        seen = timeline.expect(answer_to(command), within=patience(device), after=delivered)
        told = (seen.data["signature"], seen.data["mac"])
        expect(f"signature and MAC of the answer to {use_case}", told).equals(protection)


@testcase(
    "SEC-227",
    "Commands of a device's keys need the owner's signature and the broker's MAC, also the one that only reads",
    rules=["R-CRD-071", "R-CMD-004", "R-SEC-007"],
    requirements=[*REQUIREMENTS, "ELS-Q60-LEVELS"],
    use_cases=["CS02c", "CS02d", "CS02e"],
)
@pytest.mark.parametrize("use_case", OWN_KEYS)
def test_own_keys(use_case, dut, local, timeline, clock, suppliers, expect):
    def fresh():
        return command_of(use_case, local, dut, suppliers.losing)

    command = fresh()
    delivered = local.deliver(command, f"{use_case}, signed and with a MAC")
    seen = timeline.expect(answer_to(command), within="30 s", after=delivered)
    expect("signature and MAC of the answer", (seen.data["signature"], seen.data["mac"])).equals(SIGNED)

    wrong = {
        "without signature": local.maced(replace(fresh(), signature=b""), dut),
        "without MAC": replace(fresh(), mac=None),
        "signed by another": local.maced(local.signed(fresh(), by=suppliers.gaining), dut),
    }
    for words, bad in wrong.items():
        local.deliver(bad, f"{use_case} {words}")
        clock.sleep(seconds(10))
        answered = [seen.number for seen in timeline.find(answer_to(bad))]
        expect(f"answers to {use_case} {words}", answered).equals([])
