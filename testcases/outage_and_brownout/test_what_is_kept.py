"""What a meter keeps through a loss of supply: the switch, counters, money, what waits, logs."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ArmSupply,
    DisableSupply,
    EnableSupply,
    ReadEventOrSecurityLog,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
    ReadSupplyStatus,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import meters, testcase
from testcases.prepayment.steps import POUND, registers, to_prepayment

DISABLED, ENABLED, ARMED = 0, 1, 2
RESTORED, RESTORED_LONG = 0x8F35, 0x8F36
REQUIREMENTS = ["SFA-17-OUTAGE", "SFA-17-LOGMETER", "SFA-21-REINSTATE"]


@meters("single", "twin")
@testcase(
    "PWR-101",
    "An outage is short below three minutes and long from three minutes on",
    rules=["R-PWR-005", "R-PWR-001", "R-ALT-022"],
    requirements=["SFA-17-OUTAGE", "DP096"],
    use_cases=["ECS80"],
)
@pytest.mark.parametrize(
    ("length", "code"),
    [
        (10, RESTORED),
        (120, RESTORED),
        (179, RESTORED),
        (180, RESTORED_LONG),
        (181, RESTORED_LONG),
        (3600, RESTORED_LONG),
    ],
    ids=["10 s", "2 min", "179 s", "180 s", "181 s", "1 h"],
)
def test_three_minutes(length, code, dut, dcc, clock, mains, timeline, network_operator, expect):
    mains.interrupt(seconds(length))

    seen = timeline.expect(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5))
    expect("code of the restoration alert", int(seen.data["alert_code"], 16)).equals(code)
    expect("protection of the alert", dcc.read(seen).protected_well).equals(True, rule="R-ALT-022")
    clock.sleep(minutes(1))
    alerts = timeline.find(device_alert(dut, RESTORED, RESTORED_LONG))
    expect("restoration alerts", len(alerts)).equals(1, rule="R-PWR-001")


@testcase(
    "PWR-102",
    "The load switch is after an outage as it was before, in each of its states",
    rules=["R-PWR-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS42", "ECS43", "ECS44", "ECS45"],
)
@pytest.mark.parametrize("state", ["disabled", "armed", "enabled"])
@pytest.mark.parametrize("length", [30, 600], ids=["30 s", "10 min"])
def test_switch(state, length, dut, dcc, clock, mains, suppliers, expect):
    commands = {"disabled": [DisableSupply()], "armed": [DisableSupply(), ArmSupply()], "enabled": [EnableSupply()]}
    for body in commands[state]:
        dcc.ask(body, dut, as_user=suppliers.losing)

    mains.interrupt(seconds(length))
    clock.sleep(minutes(1))

    wanted = {"disabled": DISABLED, "armed": ARMED, "enabled": ENABLED}[state]
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(wanted)
    flows = wanted == ENABLED
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(
        100 if flows else 0, 9000 if flows else 20
    )


@testcase(
    "PWR-103",
    "A command recorded before an outage does not work after it",
    rules=["R-PWR-007", "R-SEC-010", "R-CTR-005"],
    requirements=["SDAG1-3-TRUST", "WA.05"],
    use_cases=["ECS42"],
)
def test_replay_after_outage(dut, local, clock, mains, suppliers, timeline):
    command = local.command(EnableSupply(), dut, as_user=suppliers.losing)
    delivered = local.deliver(command, "a command to enable the supply")
    timeline.expect(answer_to(command), within=minutes(1), after=delivered, rule="R-RSP-018")

    mains.interrupt("1 min")
    clock.sleep(minutes(1))

    with timeline.never(answer_to(command), during=minutes(1)):
        local.deliver(command, "the same command after the outage")


@testcase(
    "PWR-104",
    "Balance and payment mode are kept through an outage",
    rules=["R-PWR-007"],
    requirements=["SFA-17-OUTAGE", "DI.04"],
    use_cases=["ECS03", "ECS19"],
)
def test_money(dut, dcc, clock, mains, suppliers, expect):
    to_prepayment(dcc, dut, suppliers.losing, balance=20 * POUND)
    before = registers(dcc, dut, suppliers.losing)

    mains.interrupt("10 min")
    clock.sleep(minutes(1))

    after = registers(dcc, dut, suppliers.losing)
    expect("balance (1/1000 p)", after.balance).lies_between(before.balance - 5_000, before.balance)
    expect("debts", after[2:]).equals(before[2:])


@testcase(
    "PWR-105",
    "Settings whose time comes during an outage are activated when supply returns",
    rules=["R-FUT-015", "R-FUT-016", "R-FUT-007", "R-FUT-013"],
    requirements=["SFA-17-OUTAGE"],
    use_cases=["ECS28a"],
)
def test_waiting_settings(dut, dcc, clock, mains, timeline, suppliers, expect):
    at = (clock.now() + minutes(5)).replace(second=0, microsecond=0)
    body = LoadLimit(
        execute_at=at, period=60, power_threshold=9000, restoration_period=60, supply_state="Unchanged"
    )  # fmt: skip
    sent = dcc.send(body, dut, as_user=suppliers.losing)
    sent.response()

    outage = mains.interrupt("4 min", start=at - minutes(2))
    clock.sleep(minutes(1))

    alerts = timeline.find(device_alert(dut, 0x8F66, to=suppliers.losing), after=sent.posted)
    expect("alerts 8F66", len(alerts)).equals(4)
    for seen in alerts:
        expect("arrival of an alert", seen.time).lies_between(outage.ended, outage.ended + minutes(2))
        expect("time in an alert", dcc.read(seen).alert_times()[0]).equals(at, rule="R-FUT-013")


@meters("single", "twin")
@testcase(
    "PWR-106",
    "Three short interruptions give three alerts, in order, each once",
    rules=["R-EVT-008", "R-CTR-009", "R-ALT-023"],
    requirements=["DP096", "SFA-17-LOGMETER"],
    use_cases=["ECS80"],
)
def test_repeated(dut, dcc, clock, mains, timeline, network_operator, expect):
    for _ in range(3):
        mains.interrupt("5 s")
        clock.sleep(minutes(1))

    alerts = [dcc.read(seen) for seen in timeline.find(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator))]
    expect("restoration alerts", len(alerts)).equals(3)
    counters = [alert.message.counter for alert in alerts]
    expect("their counters", counters).satisfies("to rise", lambda seen: seen == sorted(set(seen)), rule="R-CTR-009")


@testcase(
    "PWR-108",
    "No energy is counted while there is no supply, and none of what was counted is lost",
    rules=["R-PWR-009", "R-PWR-007"],
    requirements=["SFA-17-OUTAGE", "ES.02"],
    use_cases=["ECS17b"],
)
@pytest.mark.parametrize("length", [20, 200, 7200], ids=["20 s", "200 s", "2 h"])
def test_energy(length, dut, dcc, mains, suppliers, expect):
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()

    mains.interrupt(seconds(length))

    after = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    expect("energy counted (Wh)", after - before).lies_between(0, 20)


@testcase(
    "PWR-107",
    "Event and security log are kept through an outage",
    rules=["R-PWR-007", "R-EVT-001"],
    requirements=["SFA-17-LOGMETER", "DI.01"],
    use_cases=["ECS35a"],
)
def test_logs(dut, dcc, clock, mains, suppliers, expect):
    start = clock.now().replace(microsecond=0)
    dcc.ask(EnableSupply(), dut, as_user=suppliers.losing)
    before = _log(dcc, dut, suppliers.losing, start, clock)
    expect("entries before the outage", len(before)).lies_between(1, 100, rule="R-EVT-006")

    mains.interrupt("1 min")
    clock.sleep(minutes(1))

    after = _log(dcc, dut, suppliers.losing, start, clock)
    expect("the same entries after it", after[: len(before)]).equals(before)


def _log(dcc, dut, supplier, start, clock):
    period = ReadLogPeriod(start=start, end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=supplier).log()
    return [str(entry) for entry in log]
