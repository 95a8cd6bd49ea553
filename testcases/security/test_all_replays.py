"""Every use case that a party may send, once more: carried out again, or not, as the use case says."""

import pytest

from bench.catalogue import catalogue
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.security.test_all_rights import LONG, PAYLOADS, ROLES, sent_by
from testcases.use_cases import NOT_ALIKE, rights_to, use_cases

PAIRS = [
    ("ESME", "network operator"),
    ("ESME", "broker"),
    ("GSME", "supplier"),
    ("GSME", "broker"),
    ("GPF", "supplier"),
    ("GPF", "network operator"),
    ("GPF", "broker"),
    ("CHF", "broker"),
]  # of the supplier to the electricity meter, one by one: SEC-201 and SEC-202
EVERY = [name for kind, party in PAIRS for name in use_cases(kind, entitled=ROLES[party], payload=PAYLOADS[kind])]
APART = 10  #: between the counters of one use case and the next


def deliver_all(sent, words, kind, local, clock):
    """Deliver commands one after the other, and wait until all can have been answered."""
    for name, command in sent:
        local.deliver(command, f"{name} {words}")
        clock.sleep("2 s")
    clock.sleep(LONG if kind == "GSME" else "1 min")


@testcase(
    "SEC-108",
    "What may come again is answered again, what may not is not, nor with a counter below that of another use case",
    rules=["R-CTR-004", "R-CTR-005", "R-CTR-002", "R-CTR-007", "R-SEC-006", "R-SEC-010", *rights_to(EVERY)],
    requirements=["SDAG1-3-TRUST", "WA.05", "CSC-DP129-DUPID"],
    devices=["ESME", "GSME", "GPF", "CHF"],
)
@pytest.mark.parametrize(("kind", "party"), PAIRS, ids=[" to ".join(pair) for pair in PAIRS])
def test_again(kind, party, home, local, clock, timeline, expect):
    device = home.device(kind)
    sender, _ = sent_by(party, home, device)
    names = use_cases(kind, entitled=ROLES[party], payload=PAYLOADS[kind], but=NOT_ALIKE)
    base = local.example(names[0], device, as_user=sender).counter
    counters = {name: base + APART * number for number, name in enumerate(names, 1)}

    highest = max((counters[name] for name in names if catalogue()[name].replay), default=0)

    def all_of(more=0):
        return [(one, local.example(one, device, as_user=sender, counter=counters[one] + more)) for one in names]

    sent = all_of()
    below = [(name, command) for name, command in all_of(1) if command.counter != highest + 1]
    began = clock.now()
    deliver_all(sent, f"of the {party}", kind, local, clock)
    deliver_all(sent, f"of the {party} again", kind, local, clock)
    deliver_all(below, "with another counter, lower than the highest", kind, local, clock)

    for name, command in sent:
        protected = catalogue()[name].replay
        rule = "R-CTR-005" if protected else "R-CTR-004"
        answers = len(timeline.find(answer_to(command), after=began))
        expect(f"answers to {name}, sent twice", answers).equals(1 if protected else 2, rule=rule)
    for name, command in below:
        protected = catalogue()[name].replay
        answers = len(timeline.find(answer_to(command), after=began))
        expect(f"answers to {name} with a low counter", answers).equals(0 if protected else 1, rule="R-CTR-002")
