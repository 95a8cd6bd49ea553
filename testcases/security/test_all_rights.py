"""Every use case of gas meter, gas proxy and hub, and what the broker may not do: sent by a party without the right."""

import pytest

from bench.catalogue import catalogue
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.use_cases import OTHER_VARIANTS, WITHOUT_EXAMPLE, right_to, rights_to, use_cases

REQUIREMENTS = ["SP.30", "SFA-12-MGMTAUTHZ", "SDAG1-3-TRUST"]
LONG = "40 min"  #: after which a gas meter has answered everything
PORTION = 40
NO_AUTHORITY, UNAUTHORISED = 0x8F30, 0x8F3E
ROLES = {"supplier": "Supplier", "network operator": "NetworkOperator", "broker": "ACB"}
PAYLOADS = {"ESME": "DLMS", "CHF": "DLMS", "GSME": "GBZ", "GPF": "GBZ"}
#: device and the party that sends it whatever it has no right to
PAIRS = [
    ("ESME", "broker"),
    ("GSME", "broker"),
    ("GSME", "network operator"),
    ("GSME", "supplier"),
    ("GPF", "broker"),
    ("GPF", "network operator"),
    ("CHF", "supplier"),
    ("CHF", "network operator"),
]
READERS = [
    *((kind, party) for kind in ("ESME", "GSME", "GPF") for party in ("supplier", "broker")),
    ("ESME", "network operator"),
    ("GPF", "network operator"),
    ("CHF", "broker"),
]


def without_right(kind, party):
    """The names of a device's use cases that a party may not send, few enough to be no storm for the DCC."""
    names = use_cases(kind, denied=ROLES[party], payload=PAYLOADS[kind], but=WITHOUT_EXAMPLE)
    return [names[at : at + PORTION] for at in range(0, len(names), PORTION)]


def readable(kind, party):
    """The names of what a party may read of a device."""
    may = use_cases(kind, entitled=ROLES[party], payload=PAYLOADS[kind], but=WITHOUT_EXAMPLE | OTHER_VARIANTS)
    return [name for name in may if catalogue()[name].title.startswith("Read")]


def sent_by(party, home, device):
    """The party that sends, and the supplier of the device."""
    supplier = suppliers_of(home, device).losing
    return {"supplier": supplier, "network operator": home.network_operator, "broker": home.acb}[party], supplier


def answered(names, party, device, sender, local, clock, timeline):
    """Send a device one use case after the other; return each with the number of answers to it."""
    began = clock.now()
    sent = [(name, local.example(name, device, as_user=sender)) for name in names]
    for name, command in sent:
        local.deliver(command, f"{name} of the {party}")
        clock.sleep("2 s")
    clock.sleep(LONG)
    return [(name, len(timeline.find(answer_to(command), after=began))) for name, command in sent]


DENIED = [
    pytest.param(kind, party, names, id=f"{kind} from {party}" + f", {number}" * (number > 1))
    for kind, party in PAIRS
    for number, names in enumerate(without_right(kind, party), 1)
]


@testcase(
    "SEC-106",
    "Whatever a party has no right to is refused to it, one use case after the other, and the device goes on",
    rules=["R-SEC-005", "R-SEC-021", "R-SEC-024", *rights_to(name for one in DENIED for name in one.values[2])],
    requirements=REQUIREMENTS,
    devices=["ESME", "GSME", "GPF", "CHF"],
)
@pytest.mark.parametrize(("kind", "party", "names"), DENIED)
def test_refused(kind, party, names, home, local, clock, timeline, expect):
    device = home.device(kind)
    (sender, supplier), began = sent_by(party, home, device), clock.now()

    for name, answers in answered(names, party, device, sender, local, clock, timeline):
        expect(f"answers to {name}", answers).equals(0, rule=right_to(name))
    if kind != "CHF":  # the hub's alerts are for the broker, who passes none of them on
        known = (kind, party) != ("GSME", "network operator")
        code, rule = (NO_AUTHORITY, "R-SEC-024") if known else (UNAUTHORISED, "R-SEC-021")
        told = timeline.find(device_alert(device, code, to=supplier), after=began)
        expect(f"alerts {code:04X} to the supplier", len(told)).equals(len(names), rule=rule)


@testcase(
    "SEC-107",
    "What a party has a right to read is answered to it, whoever it is",
    rules=rights_to(name for pair in READERS for name in readable(*pair)),
    requirements=REQUIREMENTS,
    devices=["ESME", "GSME", "GPF", "CHF"],
)
@pytest.mark.parametrize(("kind", "party"), READERS, ids=[" to ".join(pair) for pair in READERS])
def test_answered(kind, party, home, local, clock, timeline, expect):
    device = home.device(kind)
    sender, _ = sent_by(party, home, device)

    for name, answers in answered(readable(kind, party), party, device, sender, local, clock, timeline):
        expect(f"answers to {name}", answers).equals(1, rule=right_to(name))
