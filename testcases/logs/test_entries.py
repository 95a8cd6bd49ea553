"""What stands in event logs: the form of entries, who may read them, who is told of events, what cannot be cleared."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.gbcs.dlms import AccessRequest
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.messages.test_alert_settings import use_emergency_credit

UNSIGNED_16, UNSIGNED_32, OCTET_STRING, COMPACT_ARRAY = 0x12, 0x06, 0x09, 0x13
TIME, CODE = UNSIGNED_32, UNSIGNED_16
ACTIONED, NOT_ACTIONED, ACTIVATED = 0x8154, 0x8155, 0x8F66
EMERGENCY_ACTIVATED = 0x81AB
MOST = 100  #: entries of a log
NO_USE_CASE = 0x7F86  #: a message code that stands for nothing
START_OF_TIME = datetime(2000, 1, 1, tzinfo=UTC)
REQUIREMENTS = ["SFA-12-AUDIT"]
#: name of the log -> types of the members of an entry: time, code, and other information where the log has any
MEMBERS = {"Event": [TIME, CODE, OCTET_STRING], "Security": [TIME, CODE], "PowerEvent": [TIME, CODE, UNSIGNED_32]}
#: device -> its logs
LOGS = {"ESME": list(MEMBERS), "CHF": ["Event", "Security"]}


def read_log(dcc, device, user, log, since, until, rule=""):
    """The answer to a read of a log (6.13)."""
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=until)
    return dcc.ask(ReadEventOrSecurityLog(period=period, log=log), device, as_user=user, rule=rule)


@testcase(
    "LOG-101",
    "Each DLMS log has its own record: time in seconds, code, and what belongs to it; a command has two octets",
    rules=["R-EVT-006c", "R-EVT-005", "R-EVT-006", "R-HUB-018", "R-SEC-027", "R-EVT-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS35a", "ECS35b", "ECS35c", "ECS35d", "ECS35e", "ECS26n", "ECS45"],
    devices=list(LOGS),
)
@pytest.mark.parametrize("kind", LOGS)
def test_records(kind, home, dcc, local, clock, timeline, suppliers, expect):
    device, supplier = home.device(kind), suppliers.losing
    began = clock.now()
    body = ReadSupplyStatus() if kind == "ESME" else ReadDeviceConfigurationIdentityExcMPxN()
    good = local.command(body, device, as_user=supplier)
    with timeline.never(answer_to(good), rule="R-SEC-020"):
        local.deliver(local.maced(replace(good, payload=good.payload[:-1], mac=None), device), "a read cut short")
        code = dcc.ask(body, device, as_user=supplier).message.message_code

    for log in LOGS[kind]:
        answer = read_log(dcc, device, supplier, log, began, clock.now() + hours(2))
        value = answer.items(lambda data: data[0])
        expect(f"type of the {log} log", value.tag).equals(COMPACT_ARRAY)
        members = [member.tag for member in value.value.element.members]
        rule = "R-SEC-027" if log == "Security" else "R-EVT-006c"
        expect(f"members of an entry of the {log} log", members).equals(MEMBERS[log], rule=rule)
        for entry in answer.log():
            expect(f"time of {entry}", entry.time).lies_between(began - seconds(2), clock.now(), rule="R-EVT-005")
    events = read_log(dcc, device, supplier, "Event", began, clock.now() + hours(2)).log()
    read = [one.other for one in events if one.code == ACTIONED]
    expect("other information of the read", read[0] if read else None).equals(code.to_bytes(2), rule="R-EVT-006")


@testcase(
    "LOG-102",
    "The network operator reads the event, security and power logs of the electricity meter and those of the gas proxy",
    rules=["R-EVT-011", "R-USE-017"],
    requirements=[*REQUIREMENTS, "SFA-43-ROLES"],
    use_cases=["ECS35a", "ECS35b", "ECS35e", "CS10a", "CS10b"],
    devices=["ESME", "GPF"],
)
def test_network_operator(dut, gpf, dcc, gas, local, clock, timeline, network_operator, expect):
    since = clock.now() - hours(1)
    for log in MEMBERS:
        answer = read_log(dcc, dut, network_operator, log, since, clock.now(), rule="R-EVT-011")
        expect(f"result of reading the {log} log", answer.results).equals([0])
    for use_case in ("CS10a", "CS10b"):
        command = local.example(use_case, gpf, as_user=network_operator)
        delivered = local.deliver(command, f"{use_case} of the network operator")
        timeline.expect(answer_to(command), within=minutes(1), after=delivered)


@testcase(
    "LOG-103",
    "An event of the supplier is told to the supplier alone",
    rules=["R-EVT-012", "R-ALT-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS09"],
)
def test_of_the_supplier(dut, dcc, timeline, suppliers, expect):
    use_emergency_credit(dcc, dut, suppliers.losing)

    seen = timeline.expect(device_alert(dut, EMERGENCY_ACTIVATED, to=suppliers.losing), within=minutes(1))

    message = dcc.read(seen).message
    expect("its message code and whether it is signed", (message.message_code, bool(message.signature))).equals(
        (0x1001, False), rule="R-ALT-004"
    )
    codes = {seen.data["alert_code"]: seen.data["to"] for seen in timeline.find(device_alert(dut))}
    others = {code: to for code, to in codes.items() if code.startswith("81") and to != suppliers.losing.name}
    expect("81xx told to somebody else", others).equals({})
    times = [seen.data["to"] for seen in timeline.find(device_alert(dut, EMERGENCY_ACTIVATED))]
    expect("whom 81AB was told", times).equals([suppliers.losing.name])


@testcase(
    "LOG-104",
    "The event log of the hub cannot be cleared: the command for it is not answered, and the entries stay",
    rules=["R-EVT-004", "R-SEC-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS15a", "ECS35c"],
    devices=["CHF"],
)
def test_hub_not_cleared(hub, dut, dcc, local, clock, timeline, suppliers, expect):
    supplier, since = suppliers.losing, clock.now() - minutes(1)
    dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), hub, as_user=supplier)
    before = read_log(dcc, hub, supplier, "Event", since, clock.now() + seconds(1)).log()
    of_a_meter = local.example("ECS15a", dut, as_user=supplier)
    template = local.command(ReadDeviceConfigurationIdentityExcMPxN(), hub, as_user=supplier)
    clear = replace(template, message_code=of_a_meter.message_code, payload=of_a_meter.payload, mac=None)
    clear = local.maced(clear, hub)

    with timeline.never(answer_to(clear), during="20 s"):
        local.deliver(clear, "the clearing of an event log, for the hub")

    after = read_log(dcc, hub, supplier, "Event", since, clock.now() + seconds(1)).log()
    kept = [(one.time, one.code) for one in after][: len(before)]
    expect("entries from before", kept).equals([(one.time, one.code) for one in before])


#: what is not the event log -> its logical name
NOT_CLEARED = {
    "the security log": "0000636201FF",
    "the power event log": "0000636204FF",
    "the half hours": "0000630100FF",
    "the billing data log": "0000620100FF",
    "the daily read log": "0000620109FF",
}


@testcase(
    "LOG-105",
    "A command that would clear another log than the event log is not carried out",
    rules=["R-LOG-009", "R-EVT-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS15a", "ECS35b"],
)
def test_not_cleared(dut, local, timeline, suppliers):
    for what, name in NOT_CLEARED.items():
        good = local.example("ECS15a", dut, as_user=suppliers.losing)
        request = AccessRequest.parse(good.payload)
        spec = replace(request.specs[0], obis=bytes.fromhex(name))
        bad = replace(good, payload=bytes(replace(request, specs=[spec])), mac=None)
        bad = local.maced(bad, dut)

        with timeline.never(answer_to(bad), during="20 s"):
            local.deliver(bad, f"the clearing of {what}")


@testcase(
    "LOG-106",
    "A future-dated setting that has come into force is in the event log, too",
    rules=["R-EVT-020", "R-EVT-006b"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a", "ECS35a"],
)
def test_activation(dut, dcc, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    at = (clock.now() + minutes(5)).replace(second=0, microsecond=0)
    body = LoadLimit(execute_at=at, period=60, power_threshold=5000, restoration_period=60, supply_state="Unchanged")
    dcc.ask(body, dut, as_user=supplier)

    timeline.expect(device_alert(dut, ACTIVATED, to=supplier), within=minutes(6), after=clock.now())

    log = read_log(dcc, dut, supplier, "Event", at - seconds(5), clock.now() + seconds(1)).log()
    entries = [one for one in log if one.code == ACTIVATED]
    expect("entries 8F66", len(entries)).satisfies("to be there", bool)
    expect("other information of them", {one.other for one in entries}).equals({b""}, rule="R-EVT-006b")


@testcase(
    "LOG-107",
    "A read from the start of time has every entry that one since an instant has; one of the future has none",
    rules=["R-TIM-018", "R-RSP-019"],
    requirements=REQUIREMENTS,
    use_cases=["ECS35a", "CS10a"],
    devices=["ESME", "GPF"],
)
@pytest.mark.parametrize("kind", ["ESME", "GPF"])
def test_open_ended(kind, home, dcc, gas, clock, expect):
    device = home.device(kind)
    supplier = suppliers_of(home, device).losing

    def entries(since, until):
        answer = read_log(dcc, device, supplier, "Event", since, until)
        found = answer.log() if kind == "ESME" else gas.read(answer).log()
        return [(one.time, one.code) for one in found]

    began = clock.now().replace(microsecond=0)
    entries(began, clock.now())
    clock.sleep(minutes(3))
    now = clock.now()
    whole = entries(START_OF_TIME, now)
    of_today = entries(began, now)
    expect("entries since the test began", len(of_today)).satisfies("to be some", bool)
    expect("whether those are in the log from the start of time", set(of_today) <= set(whole)).equals(True)
    ahead = entries(now + hours(1), now + hours(24 * 365))
    expect("entries of the future", ahead).equals([])


@testcase(
    "LOG-108",
    "After more than a hundred commands the event log has the latest hundred of them",
    rules=["R-EVT-001", "R-EVT-006"],
    requirements=[*REQUIREMENTS, "DI.01.4", "DI.01.11"],
    use_cases=["ECS35a", "ECS45"],
)
def test_overwritten(dut, dcc, local, clock, timeline, suppliers, expect):
    supplier, since = suppliers.losing, clock.now()
    for _ in range(MOST + 5):
        local.deliver(local.command(ReadSupplyStatus(), dut, as_user=supplier), "a read of the supply status")
        clock.sleep(seconds(2))
    last = clock.now() - seconds(5)

    entries = read_log(dcc, dut, supplier, "Event", since, clock.now() + seconds(1)).log()

    expect("entries", len(entries)).equals(MOST)
    expect("newest entry", entries[-1].time if entries else None).satisfies(
        f"to be after {last:%H:%M:%S}", lambda at: at is not None and at > last
    )


@testcase(
    "LOG-286",
    "An entry at the first or the last second of the range asked for is in the answer, one a second outside is not",
    rules=["R-EVT-010", "R-EVT-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS35a", "ECS35b", "CS10a", "CS10b"],
    devices=["ESME", "GSME", "GPF"],
)
@pytest.mark.parametrize(
    ("kind", "log"), [("ESME", "Event"), ("ESME", "Security"), ("GSME", "Security"), ("GPF", "Event")]
)
def test_ends_of_the_range(kind, log, home, dcc, gas, local, clock, expect):
    device = home.device(kind)
    supplier, began = suppliers_of(home, device).losing, clock.now()
    good = local.example({"ESME": "ECS45", "GSME": "GCS33", "GPF": "GCS13a"}[kind], device, as_user=supplier)
    bad = local.maced(replace(good, message_code=NO_USE_CASE, mac=None), device)
    for message in (good, bad):
        local.deliver(message, "a command" if message is good else "a command of no use case")
    clock.sleep(minutes(35) if kind == "GSME" else seconds(10))

    def times(since, until):
        answer = read_log(dcc, device, supplier, log, since, until)
        return [one.time for one in (answer if kind == "ESME" else gas.read(answer)).log()]

    found = times(began - seconds(1), clock.now())
    expect(f"entries of the command in the {log} log", len(found)).satisfies("to be some", bool)
    at = found[0]
    second = seconds(1)
    for words, since, until, rows in (
        ("that second alone", at, at, True),
        ("from the next second on", at + second, at + 2 * second, False),
        ("up to the second before", at - 2 * second, at - second, False),
    ):
        there = at in times(since, until)
        expect(f"whether the entry of {at:%H:%M:%S} is in the {log} log {words}", there).equals(rows)
