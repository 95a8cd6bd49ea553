"""What the supplier sets for an event: told over the WAN, written into the log, each apart from the other."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import (
    ActivateEmergencyCredit,
    ArmSupply,
    ConfigureAlertBehaviour,
    DisableSupply,
    ReadDeviceConfigurationEventAndAlertBehaviours,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
)
from bench.dcc.bodies.behaviour import ElectricitySwitches, EventSwitches
from bench.dcc_point import device_alert
from bench.testcase import meters, testcase
from testcases.prepayment.steps import POUND, to_prepayment

LOW_CREDIT, EMERGENCY_AVAILABLE, EMERGENCY_ACTIVATED, SUPPLY_ARMED = 0x810D, 0x8119, 0x81AB, 0x8F32
RESTORED_LONG = 0x8F36
LITTLE = POUND // 20
REQUIREMENTS = ["SFA-12-AUDIT", "DI.02"]
EVERY_EVENT = range(256)


def set_alerts(dcc, dut, user, on, *codes):
    """Switch the alerts of some events on or off (6.22, ECS25a)."""
    switches = EventSwitches(events=tuple((code, on) for code in codes))
    body = ConfigureAlertBehaviour(supplier_alerts=ElectricitySwitches(supplier=switches))
    return dcc.ask(body, dut, as_user=user)


def set_logging(dcc, dut, user, on, *codes):
    """Switch the logging of some events on or off (6.22, ECS25a3)."""
    switches = EventSwitches(events=tuple((code, on) for code in codes))
    body = ConfigureAlertBehaviour(supplier_logging=ElectricitySwitches(supplier=switches))
    return dcc.ask(body, dut, as_user=user)


def settings(dcc, dut, user, group=0x8100):
    """Read what is set (6.2.10): the codes that are on for alerts, HAN, sound and log (operator: alerts and log)."""
    answer = dcc.ask(ReadDeviceConfigurationEventAndAlertBehaviours(), dut, as_user=user)
    return [_codes(item.value, group) for item in answer.access.data]


def _codes(value, group):
    count, octets = value
    word = int.from_bytes(octets, "big") >> (-count % 8)
    return {group + bit for bit in range(count) if word >> bit & 1}


def events_logged(dcc, dut, user, since, until):
    """The codes in the event log between two instants."""
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=until)
    return [
        entry.code for entry in dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=user).log()
    ]


def use_emergency_credit(dcc, dut, user):
    """Let the balance be low and activate emergency credit."""
    to_prepayment(dcc, dut, user, balance=LITTLE)
    dcc.ask(ActivateEmergencyCredit(), dut, as_user=user)


@testcase(
    "MSG-101",
    "An alert that is switched off is not sent; the event is still logged, and other alerts still come",
    rules=["R-ALT-016", "R-ALT-012", "R-ALT-013"],
    requirements=REQUIREMENTS,
    use_cases=["ECS25a", "ECS09", "ECS35a"],
)
def test_alert_off(dut, dcc, clock, timeline, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    response = set_alerts(dcc, dut, supplier, False, EMERGENCY_ACTIVATED)
    expect("result of the setting", response.results).equals([0], rule="R-ALT-013")

    with timeline.never(device_alert(dut, EMERGENCY_ACTIVATED), during=minutes(1), rule="R-ALT-012"):
        use_emergency_credit(dcc, dut, supplier)
    told = timeline.find(device_alert(dut, EMERGENCY_AVAILABLE, to=supplier))
    expect("alerts 8119, which are still on", len(told)).equals(1, rule="R-ALT-012")
    logged = events_logged(dcc, dut, supplier, began, clock.now())
    expect("entries 81AB in the event log", logged.count(EMERGENCY_ACTIVATED)).equals(1)


@testcase(
    "MSG-102",
    "An event whose logging is switched off is still told",
    rules=["R-ALT-016", "R-ALT-013"],
    requirements=REQUIREMENTS,
    use_cases=["ECS25a3", "ECS09", "ECS35a"],
)
def test_logging_off(dut, dcc, clock, timeline, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    set_logging(dcc, dut, supplier, False, EMERGENCY_ACTIVATED)

    use_emergency_credit(dcc, dut, supplier)

    timeline.expect(device_alert(dut, EMERGENCY_ACTIVATED, to=supplier), within=minutes(1))
    logged = events_logged(dcc, dut, supplier, began, clock.now())
    expect("entries 81AB in the event log", logged.count(EMERGENCY_ACTIVATED)).equals(0, rule="R-ALT-013")


@testcase(
    "MSG-103",
    "What is set is read back: the events that were meant, in that setting, and nothing else",
    rules=["R-ALT-014", "R-ALT-012", "R-ALT-013"],
    requirements=REQUIREMENTS,
    use_cases=["ECS25a", "ECS25r1"],
)
def test_read_back(dut, dcc, suppliers, expect):
    supplier = suppliers.losing
    alerts, *others = settings(dcc, dut, supplier)

    set_alerts(dcc, dut, supplier, False, LOW_CREDIT, EMERGENCY_ACTIVATED)
    off, *others_after = settings(dcc, dut, supplier)
    expect("alerts that were on and are not", alerts - off).equals({LOW_CREDIT, EMERGENCY_ACTIVATED} & alerts)
    expect("alerts that are on and were not", off - alerts).equals(set(), rule="R-ALT-012")
    expect("settings of HAN, sound and log", others_after).equals(others, rule="R-ALT-013")

    set_alerts(dcc, dut, supplier, True, EMERGENCY_ACTIVATED)
    on = settings(dcc, dut, supplier)[0]
    expect("alerts that came on", on - off).equals({EMERGENCY_ACTIVATED})


@testcase(
    "MSG-104",
    "With every alert switched off a critical one is still sent",
    rules=["R-ALT-010", "R-ALT-018"],
    requirements=[*REQUIREMENTS, "CSC-SECMP0062-STORM"],
    use_cases=["ECS25a", "ECS25b", "ECS44", "ECS80"],
)
@meters("single", "twin")
def test_critical_alerts_stay(dut, dcc, mains, timeline, suppliers, network_operator, expect):
    supplier = suppliers.losing
    set_alerts(dcc, dut, supplier, False, *(0x8100 + event for event in EVERY_EVENT))
    operator = EventSwitches(events=tuple((0x8000 + event, False) for event in EVERY_EVENT))
    body = ConfigureAlertBehaviour(operator_alerts=ElectricitySwitches(operator=operator))
    dcc.ask(body, dut, as_user=network_operator)
    expect("alerts of the supplier that are on", settings(dcc, dut, supplier)[0]).equals(set(), rule="R-ALT-014")

    dcc.ask(DisableSupply(), dut, as_user=supplier)
    dcc.ask(ArmSupply(), dut, as_user=supplier)
    timeline.expect(device_alert(dut, SUPPLY_ARMED, to=supplier), within=minutes(1))
    mains.interrupt(minutes(4))
    timeline.expect(device_alert(dut, RESTORED_LONG, to=network_operator), within=minutes(2), rule="R-ALT-018")


@testcase(
    "MSG-105",
    "An event is told to the supplier and stands in the event log, each once",
    rules=["R-EVT-006f", "R-EVT-008"],
    requirements=["SFA-12-AUDIT", "DI.01"],
    use_cases=["ECS09", "ECS35a"],
)
def test_event(dut, dcc, clock, timeline, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()

    use_emergency_credit(dcc, dut, supplier)

    timeline.expect(device_alert(dut, EMERGENCY_ACTIVATED, to=supplier), within=minutes(1), rule="R-EVT-008")
    clock.sleep(minutes(1))
    told = timeline.find(device_alert(dut, EMERGENCY_ACTIVATED))
    expect("alerts 81AB", len(told)).equals(1, rule="R-EVT-008")
    logged = events_logged(dcc, dut, supplier, began, clock.now())
    expect("entries 81AB in the event log", logged.count(EMERGENCY_ACTIVATED)).equals(1)


#: owner -> its settings, as a request names them and in the order in which they are read back
SETTINGS = {
    "supplier": ["supplier_alerts", "supplier_han_alerts", "supplier_alarms", "supplier_logging"],
    "operator": ["operator_alerts", "operator_logging"],
}
GROUPS = {"supplier": 0x8100, "operator": 0x8000}
ONE, ANOTHER = 0x02, 0x19  #: low octets of two events of each owner


@testcase(
    "MSG-186",
    "Alert, HAN display, sound and log are set each for itself, of the events that are meant alone",
    rules=["R-ALT-013", "R-ALT-012", "R-ALT-014"],
    requirements=REQUIREMENTS,
    use_cases=["ECS25a", "ECS25a1", "ECS25a2", "ECS25a3", "ECS25b", "ECS25b3", "ECS25r1", "ECS25r2"],
)
@pytest.mark.parametrize("owner", SETTINGS)
def test_each_for_itself(owner, dut, dcc, suppliers, network_operator, expect):
    user = {"supplier": suppliers.losing, "operator": network_operator}[owner]
    group = GROUPS[owner]

    for number, setting in enumerate(SETTINGS[owner]):
        for events in (((group + ONE, True),), ((group + ONE, False), (group + ANOTHER, True))):
            before = settings(dcc, dut, user, group)
            switches = ElectricitySwitches(**{owner: EventSwitches(events=events)})
            dcc.ask(ConfigureAlertBehaviour(**{setting: switches}), dut, as_user=user)
            after = settings(dcc, dut, user, group)
            off = {code for code, on in events if not on}
            switched_on = {code for code, on in events if on}
            expect(f"codes that are on by {setting}", after[number]).equals(
                before[number] - off | switched_on, rule="R-ALT-012"
            )
            others = [one for place, one in enumerate(after) if place != number]
            unchanged = [one for place, one in enumerate(before) if place != number]
            expect(f"settings beside {setting}", others).equals(unchanged, rule="R-ALT-013")
