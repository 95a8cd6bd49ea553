"""One command that every device takes, with everything that may be wrong with it, and as it should be."""

from dataclasses import replace

import pytest

from bench.gbcs import Cra
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import counter, suppliers_of

KINDS = ["ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS"]
OF_THE_BROKER = ("CHF", "PPMID")  #: whose keys the broker looks after, and not a supplier
READ = "CS02e"  #: the device's certificate: signed and MACed, protected from replay, for its owner
HIGHEST = (1 << 63) - 1
LONG = {"GSME": "70 min"}  #: it fetches its messages once in half an hour
SIGNED = ("valid", "absent")  #: signature and MAC of the answer

#: what is wrong -> rule, and the change to the command; signature and MAC are made anew after it
CONTENTS = {
    "the form of a response": ("R-SEC-003", lambda good: replace(good, cra=Cra.RESPONSE)),
    "a message code that nobody knows": ("R-SEC-004", lambda good: replace(good, message_code=0x7FFF)),
    "a payload cut short": ("R-SEC-001", lambda good: replace(good, payload=good.payload[:-1])),
    "an octet after the payload": ("R-SEC-001", lambda good: replace(good, payload=good.payload + b"\0")),
    "no payload": ("R-SEC-001", lambda good: replace(good, payload=b"")),
}


def wrong_ones(device, owner, local, home, stranger):
    """What is wrong, the rule it breaks, and the command with it; the counter is high where nobody may take it."""
    for what, (rule, changed) in CONTENTS.items():
        good = local.example(READ, device, as_user=owner)
        yield what, rule, local.protect(replace(changed(good), signature=None, mac=None), device)
    parties = {"a supplier it does not know": stranger, "the network operator": home.network_operator}
    for name, party in parties.items():
        yield f"{name} as its originator", "R-SEC-005", local.example(READ, device, as_user=party, counter=HIGHEST)
    base = local.example(READ, device, as_user=owner, counter=HIGHEST)
    yield "a wrong signature", "R-SEC-007", local.maced(replace(base, signature=bytes(64)), device)
    yield "the signature of another", "R-SEC-007", local.maced(local.signed(base, by=stranger), device)
    yield "no signature", "R-SEC-007", local.maced(replace(base, signature=b""), device)
    yield "a wrong MAC", "R-SEC-007", replace(base, mac=base.mac[:-1] + bytes([base.mac[-1] ^ 1]))
    yield "no MAC", "R-SEC-007", replace(base, mac=None)


@testcase(
    "SEC-281",
    "Every device refuses a command with one thing wrong, keeps its counter, answers it as it should be, and once",
    rules=[
        "R-SEC-001", "R-SEC-003", "R-SEC-004", "R-SEC-005", "R-SEC-006", "R-SEC-007", "R-SEC-009", "R-SEC-010",
        "R-CTR-001", "R-CTR-002", "R-CTR-003", "R-CTR-005", "R-CTR-008", "R-RSP-003", "R-RSP-018", "R-RSP-001",
    ],
    requirements=["SP.18", "SP.30", "SDAG1-3-TRUST"],
    use_cases=[READ, "CS02a"],
    devices=KINDS,
)  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_one_thing_wrong(kind, home, dcc, local, clock, timeline, expect):
    device = home.device(kind)
    suppliers, wait, began = suppliers_of(home, device), LONG.get(kind, "1 min"), clock.now()
    owner = home.acb if kind in OF_THE_BROKER else suppliers.losing
    role = "AccessControlBroker" if kind == "CHF" else "Supplier"  # a PPMID holds the broker there
    wrong = list(wrong_ones(device, owner, local, home, suppliers.gaining))
    good = local.example(READ, device, as_user=owner)
    for what, _, command in wrong:
        local.deliver(command, f"{READ} with {what}")
        clock.sleep("2 s")
    clock.sleep(wait)
    for what, rule, command in wrong:
        answers = len(timeline.find(answer_to(command), after=began))
        expect(f"answers to {READ} with {what}", answers).equals(0, rule=rule)
    held = counter(dcc, device, role, suppliers.losing)
    expect(f"counter of the {owner}", held).lies_between(0, good.counter - 1, rule="R-SEC-009")

    delivered = local.deliver(good, f"{READ} as it should be")
    seen = timeline.expect(answer_to(good), within=wait, after=delivered, rule="R-RSP-018")
    answer = local.read(seen).message
    protection = seen.data["signature"], seen.data["mac"]
    expect("signature and MAC of the answer", protection).equals(SIGNED, rule="R-RSP-003")
    expect("counter in the answer", answer.counter).equals(good.counter, rule="R-CTR-008")
    expect("message code of the answer", answer.message_code).equals(good.message_code, rule="R-RSP-001")
    expect("who answers whom", (answer.originator, answer.target)).equals((device.eui, owner.eui), rule="R-RSP-001")
    shown = counter(dcc, device, role, suppliers.losing)
    expect(f"counter of the {owner} after it", shown).equals(good.counter, rule="R-CTR-003")

    lower = local.example(READ, device, as_user=owner, counter=good.counter - 1)
    for name, command in (("the same again", good), ("one with a lower counter", lower)):
        delivered = local.deliver(command, name)
        clock.sleep(wait)
        answers = len(timeline.find(answer_to(command), after=delivered))
        expect(f"answers to {name}", answers).equals(0, rule="R-CTR-005")
    following = local.example(READ, device, as_user=owner)
    delivered = local.deliver(following, "the next one")
    timeline.expect(answer_to(following), within=wait, after=delivered, rule="R-SEC-009")
