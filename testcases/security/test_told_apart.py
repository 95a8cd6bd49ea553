"""What meters and gas proxy tell of what they refuse, side by side: the alert, its protection, the entry in a log."""

from dataclasses import replace

import pytest

from bench.catalogue import use_case
from bench.clock import seconds
from bench.dcc.bodies import ActivateEmergencyCredit, ReadEventOrSecurityLog, ReadLogPeriod, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.gbcs import Cra
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.gas_steps import STATUS
from testcases.security.test_who_counts import patience

NO_RIGHT, NOT_AUTHENTIC, UNAUTHORISED, NOT_COVERED = 0x8F30, 0x8F3D, 0x8F3E, 0x8F53
NOT_ACTIONED = 0x8155
GENERIC_CRITICAL = 0x1000
ENABLED, OPEN = 1, 2
KINDS = ("ESME", "GSME", "GPF")
#: device -> a critical command of its supplier, a read
COMMANDS = {"ESME": ("ECS43", "ECS45"), "GSME": ("GCS32", "GCS33"), "GPF": ("GCS13a", "GCS33")}
#: device -> a message code of other devices
FOREIGN = {"ESME": 0x0081, "GSME": 0x004F, "GPF": 0x0081}
EMERGENCY = {"ESME": "ECS09", "GSME": "GCS06"}
A_TIME = 12  #: octets
REQUIREMENTS = ["SFA-12-AUDIT", "SP.18"]


def codes_of(home, dcc, gas, device, since):
    """The codes of the security and of the event log since an instant."""
    supplier = suppliers_of(home, device).losing
    found = {}
    for log in ("Security", "Event"):
        period = ReadLogPeriod(start=since.replace(microsecond=0), end=home.clock.now() + seconds(1))
        answer = dcc.ask(ReadEventOrSecurityLog(period=period, log=log), device, as_user=supplier)
        found[log] = [one.code for one in (answer.log() if device.type == "ESME" else gas.read(answer).log())]
    return found


def alerts_of(dcc, timeline, device, since):
    """The alerts that a device has sent to anybody since an instant: code, message."""
    seen = timeline.find(device_alert(device), after=since)
    return [(int(one.data["alert_code"], 16), dcc.read(one)) for one in seen]


@testcase(
    "SEC-376",
    "Strangers, parties without right and unknown message codes are told apart: each by its alert and its log entry",
    rules=["R-SEC-021", "R-SEC-024", "R-SEC-025", "R-SEC-004", "R-SEC-028", "R-SEC-005"],
    requirements=[*REQUIREMENTS, "SP.21"],
    devices=list(KINDS),
)
@pytest.mark.parametrize("kind", KINDS)
def test_told_apart(kind, home, dcc, gas, local, clock, timeline, expect):
    device = home.device(kind)
    suppliers = suppliers_of(home, device)
    critical, read = COMMANDS[kind]

    def foreign():
        return replace(local.example(read, device, as_user=suppliers.losing), message_code=FOREIGN[kind], mac=None)

    for words, command, alerted, logged, rule in (
        ("of a stranger", local.example(critical, device, as_user=suppliers.gaining), UNAUTHORISED, True, "R-SEC-021"),
        ("of a party without right", local.example(critical, device, as_user=home.cos_party), NO_RIGHT, False,
         "R-SEC-024"),
        ("of other devices", local.maced(foreign(), device), None, True, "R-SEC-025"),
    ):  # fmt: skip
        began = clock.now()
        with timeline.never(answer_to(command), during=patience(device), rule="R-SEC-004"):
            local.deliver(command, f"a command {words}")
        alerts = alerts_of(dcc, timeline, device, began)
        expect(f"alerts about a command {words}", [code for code, _ in alerts]).equals(
            [] if alerted is None else [alerted], rule=rule
        )
        for _, alert in alerts:
            expect("whom it is for", alert.message.target).equals(suppliers.losing.eui, rule="R-SEC-028")
            expect("its message code", alert.message.message_code).equals(GENERIC_CRITICAL, rule=rule)
            told = (alert.protection.signature, alert.message.mac)
            expect("its signature, and its MAC", told).equals(("valid", None), rule=rule)
        codes = codes_of(home, dcc, gas, device, began)
        expect("entries in the security log", codes["Security"]).equals(
            [alerted or NOT_COVERED] if logged else [], rule=rule
        )
        kept = {UNAUTHORISED, NO_RIGHT, NOT_COVERED} & set(codes["Event"])
        expect("entries about it in the event log", kept).equals(set(), rule=rule)


@testcase(
    "SEC-377",
    "An authentic command that cannot be carried out is answered, is 8155 in the event log and no security event",
    rules=["R-SEC-029", "R-RSP-018", "R-RSP-009"],
    requirements=["SFA-12-AUDIT"],
    use_cases=["ECS09", "GCS06"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_not_carried_out(kind, home, dcc, gas, local, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    began = clock.now()
    command = local.command(ActivateEmergencyCredit(), device, as_user=supplier)

    delivered = local.deliver(command, "emergency credit, to a meter in credit mode")
    answer = timeline.expect(answer_to(command), within=patience(device), after=delivered, rule="R-SEC-029")
    dated = use_case(EMERGENCY[kind]).response_date_time
    told = len(local.read(answer).message.date_time)
    expect("octets of the time in the answer", told).equals(A_TIME if dated else 0, rule="R-RSP-009")
    expect("alerts", alerts_of(dcc, timeline, device, began)).equals([])
    codes = codes_of(home, dcc, gas, device, began)
    expect("entries in the security log", codes["Security"]).equals([])
    expect("entries 8155 in the event log", codes["Event"].count(NOT_ACTIONED)).equals(1)


@testcase(
    "SEC-378",
    "Every octet of a MAC counts: a critical command with one of them changed is not executed",
    rules=["R-SEC-007", "R-CMD-010", "R-CMD-005", "R-CTR-009"],
    requirements=["SDAG1-3-TRUST", "SP.18"],
    use_cases=["ECS43", "GCS32"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_octets_of_a_mac(kind, home, dcc, local, clock, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    began, sent = clock.now(), []
    for number in range(12):
        good = local.example(COMMANDS[kind][0], device, as_user=supplier)
        mac = good.mac[:number] + bytes([good.mac[number] ^ 0x01]) + good.mac[number + 1 :]
        sent.append(replace(good, mac=mac))
        local.deliver(sent[-1], f"switching off with octet {number + 1} of its MAC changed")
    clock.sleep(patience(device))

    for number, command in enumerate(sent, 1):
        expect(f"answers to the one whose octet {number} is changed", timeline.find(answer_to(command))).equals([])
    alerts = [dcc.read(seen) for seen in timeline.find(device_alert(device, NOT_AUTHENTIC, to=supplier), after=began)]
    expect("alerts 8F3D", len(alerts)).equals(12, rule="R-SEC-022")
    counters = [one.message.counter for one in alerts]
    expect("their counters", counters).satisfies("to rise", lambda seen: seen == sorted(set(seen)), rule="R-CTR-009")


@testcase(
    "SEC-379",
    "What has the form of a response or of an alert is no command, however well it is protected",
    rules=["R-SEC-003", "R-SEC-020"],
    requirements=["SP.20"],
    use_cases=["GCS32", "ECS43"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("kind", ["ESME", "GSME"])
def test_no_command(kind, home, dcc, gas, local, timeline, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing
    for form in (Cra.RESPONSE, Cra.ALERT):
        good = local.example(COMMANDS[kind][0], device, as_user=supplier)
        bad = local.protect(replace(good, cra=form, signature=None, mac=None), device)
        with timeline.never(answer_to(good), during=patience(device)):
            local.deliver(bad, f"an order to switch off as {form.name.lower()}")
    read = dcc.ask(ReadSupplyStatus(), device, as_user=supplier)
    state = read.value() if kind == "ESME" else gas.read(read).attributes[STATUS]
    expect("state of the supply", state).equals({"ESME": ENABLED, "GSME": OPEN}[kind])
