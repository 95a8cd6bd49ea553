"""Originator counters: their width, whose of two counts, and what happens when more than one thing is wrong."""

from dataclasses import replace

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import DisableSupply, EnableSupply, ReadSupplyStatus, UpdateHANDeviceLog
from bench.dcc_point import device_alert
from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import Role
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

REFUSALS = (0x8F1E, 0x8F30, 0x8F3D, 0x8F3E)
ENABLED = 1
HIGH_HALF = 1 << 32
ROLES = {
    "Supplier": Role.SUPPLIER,
    "NetworkOperator": Role.NETWORK_OPERATOR,
    "AccessControlBroker": Role.ACCESS_CONTROL_BROKER,
}
WAITS = {"ESME": "30 s", "GSME": "40 min", "CHF": "30 s"}  #: for an answer
NOWHERE = Eui64.of(0x00155F00CAFE3001)  #: a device that is in no log
REQUIREMENTS = ["SDAG1-3-TRUST"]


@testcase(
    "SEC-211",
    "ECS46a is critical and may come twice: it is answered again, and refused without signature",
    rules=["R-CTR-006", "R-CTR-004", "R-SEC-007"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46a"],
)
def test_repeated_labels(dut, local, timeline, suppliers, expect):
    command = local.example("ECS46a", dut, as_user=suppliers.losing)
    for number in (1, 2):
        delivered = local.deliver(command, f"ECS46a for the {number}. time")
        answer = timeline.expect(answer_to(command), within="30 s", after=delivered)
        expect(f"signature of the {number}. response", answer.data["signature"]).equals("valid")

    another = local.example("ECS46a", dut, as_user=suppliers.losing)
    unsigned = local.maced(replace(another, signature=b""), dut)
    with timeline.never(answer_to(unsigned), during="20 s", rule="R-SEC-007"):
        local.deliver(unsigned, "ECS46a without a signature")


@testcase(
    "SEC-218",
    "A party has one counter for all that it sends: what is below that of another use case is refused",
    rules=["R-CTR-002", "R-CTR-007", "R-SEC-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS14", "ECS42", "ECS45"],
)
@pytest.mark.parametrize(("first", "second"), [("ECS42", "ECS14"), ("ECS14", "ECS42")])
def test_one_counter(first, second, dut, local, timeline, suppliers):
    supplier = suppliers.losing
    lower = local.example(second, dut, as_user=supplier)
    higher = local.example(first, dut, as_user=supplier)

    delivered = local.deliver(higher, f"{first}, counter {higher.counter}")
    timeline.expect(answer_to(higher), within="30 s", after=delivered)
    with timeline.never(answer_to(lower), during="20 s", rule="R-CTR-002" if first == "ECS42" else "R-CTR-007"):
        delivered = local.deliver(lower, f"{second}, counter {lower.counter}")
    timeline.expect(device_alert(dut, 0x8F3D, to=supplier), within="1 s", after=delivered, rule="R-SEC-006")

    read = local.command(ReadSupplyStatus(), dut, as_user=supplier, counter=lower.counter - 1)
    delivered = local.deliver(read, "a read, whose counter does not matter")
    timeline.expect(answer_to(read), within="30 s", after=delivered)


@testcase(
    "SEC-212",
    "A counter is compared in all of its 64 bits",
    rules=["R-CTR-001", "R-CTR-003", "R-CTR-005", "R-SEC-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS42", "CS02a"],
)
def test_64_bits(dut, dcc, local, timeline, suppliers, expect):
    supplier = suppliers.losing
    dcc.ask(EnableSupply(), dut, as_user=supplier)
    known = dcc.credentials(dut, ["Supplier"], as_user=supplier)[Role.SUPPLIER].current_seq_number
    higher = (known // HIGH_HALF + 1) * HIGH_HALF  # its lower half is smaller: 0

    command = local.command(EnableSupply(), dut, as_user=supplier, counter=higher)
    delivered = local.deliver(command, "a command whose counter is higher in the upper 32 bits alone")
    answer = timeline.expect(answer_to(command), within="30 s", after=delivered)
    expect("counter in the response", local.read(answer).message.counter).equals(higher, rule="R-CTR-008")
    now = dcc.credentials(dut, ["Supplier"], as_user=supplier)[Role.SUPPLIER].current_seq_number
    expect("counter of the supplier", now).equals(higher, rule="R-CTR-003")

    following = local.command(EnableSupply(), dut, as_user=supplier, counter=higher + 1)
    delivered = local.deliver(following, "the next, whose counter is higher in the lower 32 bits")
    timeline.expect(answer_to(following), within="30 s", after=delivered)

    lower = local.command(EnableSupply(), dut, as_user=supplier, counter=known + 1)
    with timeline.never(answer_to(lower), during="20 s"):
        local.deliver(lower, "a command whose counter is lower in the upper 32 bits, and higher in the lower")


#: device -> role, and a use case of its that is protected from replay
PROTECTED = {
    "ESME": {"Supplier": "ECS42", "NetworkOperator": "ECS37", "AccessControlBroker": "ECS50"},
    "GSME": {"Supplier": "GCS39", "AccessControlBroker": "GCS36"},
    "CHF": {"AccessControlBroker": "CCS02"},
}


@testcase(
    "SEC-219",
    "Each role has a counter of its own: what one party has sent is told of it, and holds no other party back",
    rules=["R-CTR-002", "R-CTR-003", "R-SEC-006", "R-SEC-010"],
    requirements=REQUIREMENTS,
    use_cases=["CS02a", "ECS42", "ECS37", "ECS50", "GCS39", "GCS36", "CCS02"],
    devices=["ESME", "GSME", "CHF"],
)
@pytest.mark.parametrize("kind", PROTECTED)
def test_counter_of_each(kind, home, dcc, local, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    party = {"Supplier": supplier, "NetworkOperator": home.network_operator, "AccessControlBroker": home.acb}
    roles = list(PROTECTED[kind])

    def counters():
        told = dcc.credentials(device, roles, as_user=supplier)
        return {role: told[ROLES[role]].current_seq_number for role in roles}

    wanted = counters()
    base = max(*wanted.values(), local.example(PROTECTED[kind][roles[0]], device, as_user=supplier).counter)
    numbers = [base + 1_000 * step for step in range(len(roles), 0, -1)]
    for role, number in zip(roles, numbers, strict=True):  # each below those of the parties before
        command = local.example(PROTECTED[kind][role], device, as_user=party[role], counter=number)
        delivered = local.deliver(command, f"{PROTECTED[kind][role]} of the {party[role]}, counter {number}")
        timeline.expect(answer_to(command), within=WAITS[kind], after=delivered, rule="R-CTR-002")
        wanted[role] = number
        expect(f"counters after that of the {party[role]}", counters()).equals(wanted, rule="R-CTR-003")


@testcase(
    "SEC-213",
    "Of a command of the broker for a user the broker's counter is judged, and not the user's",
    rules=["R-CTR-014", "R-CTR-005"],
    requirements=REQUIREMENTS,
    use_cases=["CCS02"],
    devices=["CHF"],
)
def test_supplementary_counter(hub, local, timeline, clock, suppliers, expect):
    body = UpdateHANDeviceLog(device=NOWHERE, request_type="Remove")  # answered with an error, each time
    first = local.command(body, hub, as_user=suppliers.losing)
    number = first.supplementary_counter

    for words, counter, of_user in (
        ("a removal by the broker", first.counter, number),
        ("the next of the broker, with the same counter of the user", first.counter + 1, number),
        ("the one after that, with a lower counter of the user", first.counter + 2, number - 1000),
    ):
        command = local.maced(replace(first, counter=counter, supplementary_counter=of_user), hub)
        delivered = local.deliver(command, words)
        answer = timeline.expect(answer_to(command), within="30 s", after=delivered)
        told = local.read(answer).message.supplementary_counter
        expect("counter of the user in the response", told).equals(of_user, rule="R-CTR-014")

    replayed = local.maced(replace(first, counter=first.counter + 2, supplementary_counter=number + 1), hub)
    delivered = local.deliver(replayed, "the same counter of the broker, with a higher one of the user")
    clock.sleep(seconds(20))
    answers = [local.read(seen).message for seen in timeline.find(answer_to(replayed), after=delivered)]
    expect("responses to the replay", answers).equals([], rule="R-CTR-005")


#: two things that are wrong at once
FAULTS = {
    "a stranger's signature and MAC": ("stranger", "signature", "MAC"),
    "an old counter and a wrong signature": ("counter", "signature"),
    "an old counter and a wrong MAC": ("counter", "MAC"),
    "a wrong signature and a wrong MAC": ("signature", "MAC"),
}


@testcase(
    "SEC-214",
    "Of several faults in one command one is told, and nothing is done",
    rules=["R-SEC-008", "R-SEC-020"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43"],
)
@pytest.mark.parametrize("faults", FAULTS)
def test_several_faults(faults, dut, dcc, local, timeline, clock, suppliers, expect):
    supplier = suppliers.losing
    dcc.ask(EnableSupply(), dut, as_user=supplier)
    wrong = FAULTS[faults]
    known = dcc.credentials(dut, ["Supplier"], as_user=supplier)[Role.SUPPLIER].current_seq_number
    who = suppliers.gaining if "stranger" in wrong else supplier
    command = local.command(DisableSupply(), dut, as_user=who, counter=known if "counter" in wrong else None)
    if "signature" in wrong:
        command = local.maced(replace(command, signature=bytes(64)), dut)
    if "MAC" in wrong:
        command = replace(command, mac=bytes(12))

    with timeline.never(answer_to(command), during=minutes(1), rule="R-SEC-020"):
        delivered = local.deliver(command, f"a command with {faults}")
    clock.sleep(seconds(5))

    alerts = timeline.find(device_alert(dut, *REFUSALS, to=supplier), after=delivered)
    told = [f"{seen.data['alert_code']}" for seen in alerts]
    expect("alerts about it", told).satisfies("to be one", lambda codes: len(codes) == 1)
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=supplier)
    expect("state of the load switch", status.value()).equals(ENABLED)
