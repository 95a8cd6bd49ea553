"""Auxiliary switches on command: at once, for a time, given back to the calendar; what status and log say."""

from datetime import timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ActivateAuxiliaryLoad,
    ConfigureAlertBehaviour,
    DeactivateAuxiliaryLoad,
    ReadAuxiliaryControllerOperationalData,
    ResetAuxiliaryLoad,
    SetAuxiliaryControllerState,
)
from bench.dcc.bodies.behaviour import ElectricitySwitches, EventSwitches
from bench.dcc.bodies.supply import SwitchDuration, SwitchMark, SwitchTypeAndId
from bench.dcc_point import device_alert
from bench.gbcs import Eui64
from bench.testcase import testcase
from testcases.auxiliary.steps import (
    BUILT_IN,
    OFF,
    ON,
    REQUIREMENTS,
    RESET,
    Contact,
    entry,
    set_calendar,
    state_read,
    switch_log,
)

OTHER_REASON = 250
FAILURE = 0x811A
DONE, FAILED = 1, 2
ABSENT = Eui64.of("00-DB-12-34-56-78-90-97")  #: no device of the network
HOURS_24 = timedelta(hours=24)


def activate(dcc, dut, supplier, length, switch=1):
    """Close a switch for some minutes (7.5)."""
    body = ActivateAuxiliaryLoad(switches=(SwitchDuration(index=switch, duration=length),))
    return dcc.ask(body, dut, as_user=supplier)


def deactivate(dcc, dut, supplier, length, switch=1):
    """Open a switch for some minutes (7.6)."""
    body = DeactivateAuxiliaryLoad(switches=(SwitchDuration(index=switch, duration=length),))
    return dcc.ask(body, dut, as_user=supplier)


def reset(dcc, dut, supplier, switch=1):
    """Give a switch back to its calendar (7.8)."""
    return dcc.ask(ResetAuxiliaryLoad(switches=(SwitchMark(index=switch),)), dut, as_user=supplier)


@testcase(
    "AUX-001",
    "A switch closes at once on command and opens when the time is over; status and log say so",
    rules=["R-AUX-001", "R-AUX-005", "R-AUX-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS47", "ECS61a", "ECS35f"],
)
def test_activate(dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact, began = suppliers.losing, Contact(mains, switched_load), clock.now()

    response = activate(dcc, dut, supplier, 10)
    commanded = clock.now()
    expect("results", response.results).equals([0, 0])
    expect("load behind the contact", contact.is_closed()).equals(True)
    expect("state read", state_read(dcc, dut, supplier)).equals(True, rule="R-AUX-005")

    clock.sleep_until(commanded + minutes(10) - seconds(10))
    expect("load just before the end", contact.is_closed()).equals(True)
    clock.sleep(seconds(15))
    expect("load just after the end", contact.is_closed()).equals(False)
    expect("state read", state_read(dcc, dut, supplier)).equals(False, rule="R-AUX-005")
    log = switch_log(dcc, dut, supplier, began, clock)
    expect("log: action, outcome, HAN command", [row[1:] for row in log]).equals([(ON, DONE, 0)], rule="R-AUX-006")


@testcase(
    "AUX-002",
    "A command goes before the calendar for its time, and a reset gives the switch back to the calendar",
    rules=["R-AUX-001", "R-AUX-002", "R-AUX-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46c", "ECS47", "ECS35f"],
)
def test_reset(dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact, began = suppliers.losing, Contact(mains, switched_load), clock.now()
    set_calendar(dcc, dut, supplier, entry(True, began - minutes(30)), entry(False, began + minutes(90)))
    clock.sleep(seconds(2))
    expect("load within a period of the calendar", contact.is_closed()).equals(True, rule="R-AUX-002")

    deactivate(dcc, dut, supplier, 20)
    expect("load after 7.6", contact.is_closed()).equals(False)
    reset(dcc, dut, supplier)
    expect("load after 7.8", contact.is_closed()).equals(True)
    deactivate(dcc, dut, supplier, 5)
    expect("load after 7.6", contact.is_closed()).equals(False)
    clock.sleep(minutes(5) + seconds(2))
    expect("load when the time of 7.6 is over", contact.is_closed()).equals(True)
    log = switch_log(dcc, dut, supplier, began, clock)
    expect("log: actions", [row[1] for row in log]).equals([OFF, RESET, OFF], rule="R-AUX-006")


@testcase(
    "AUX-003",
    "A commanded state ends after it begins and within 24 hours, else it and what follows fails and nothing changes",
    rules=["R-AUX-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS47a"],
)
@pytest.mark.parametrize(
    ("length", "results"),
    [
        (seconds(120), [0, 0, 0]),
        (HOURS_24, [0, 0, 0]),
        (HOURS_24 + seconds(1), [0, OTHER_REASON, OTHER_REASON]),
        (seconds(0), [0, OTHER_REASON, OTHER_REASON]),
        (seconds(-60), [0, OTHER_REASON, OTHER_REASON]),
    ],
    ids=["two minutes", "24 h", "24 h and 1 s", "no time", "backwards"],
)
def test_commanded_state(length, results, dut, dcc, clock, mains, switched_load, suppliers, expect):
    supplier, contact = suppliers.losing, Contact(mains, switched_load)
    start = clock.now().replace(microsecond=0) + minutes(5)

    body = SetAuxiliaryControllerState(controller=1, start=start, end=start + length, level=100)
    response = dcc.ask(body, dut, as_user=supplier)
    expect("results", response.results).equals(results)

    clock.sleep_until(start - seconds(2))
    expect("load before the start", contact.is_closed()).equals(False)
    clock.sleep_until(start + seconds(2))
    expect("load after the start", contact.is_closed()).equals(results[2] == 0)
    if seconds(0) < length < minutes(60):
        clock.sleep_until(start + length + seconds(2))
        expect("load after the end", contact.is_closed()).equals(False)


@testcase(
    "AUX-004",
    "The status of each of five controllers tells what it is; a switch that is none is not switched",
    rules=["R-AUX-005", "R-AUX-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS46c", "ECS61e", "ECS47"],
)
def test_kinds(dut, dcc, suppliers, expect):
    supplier = suppliers.losing
    switches = (
        SwitchTypeAndId(index=1, alcs=True),
        SwitchTypeAndId(index=2, hcalcs=ABSENT),
        SwitchTypeAndId(index=4, alcs=True),
    )
    set_calendar(dcc, dut, supplier, switches=switches)
    answer = dcc.ask(ReadAuxiliaryControllerOperationalData(), dut, as_user=supplier)
    kinds = answer.items(lambda data: [item.value for item in data[:5]])
    expect("kinds", kinds).equals([BUILT_IN, bytes(ABSENT), b"", BUILT_IN, b""])
    texts = answer.texts(slice(5, None))
    expect("controllers without a status", [text == "{}" for text in texts]).equals([False, False, True, False, True])

    response = activate(dcc, dut, supplier, 10, switch=3)
    expect("result of switching what is none", response.results[-1]).equals(OTHER_REASON, rule="R-AUX-001")
    activate(dcc, dut, supplier, 10, switch=1)
    answer = dcc.ask(ReadAuxiliaryControllerOperationalData(), dut, as_user=supplier)
    levels = [text.replace(" ", "").partition('"outputState":')[2].partition(",")[0].rstrip("}") for text in
              answer.texts(slice(5, None))]  # fmt: skip
    expect("levels", [levels[0], levels[3]]).equals(["100", "0"])


@testcase(
    "AUX-005",
    "A switch on the HAN that does not answer: alert 811A, and a failure in the log, beside the command",
    rules=["R-AUX-007", "R-AUX-006"],
    requirements=[*REQUIREMENTS, "SFA-12-AUDIT"],
    use_cases=["ECS46c", "ECS47", "ECS25a", "ECS35f"],
)
def test_failure(dut, dcc, clock, timeline, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    set_calendar(dcc, dut, supplier, switches=(SwitchTypeAndId(index=2, hcalcs=ABSENT),))
    on = ElectricitySwitches(supplier=EventSwitches(events=((FAILURE, True),)))
    dcc.ask(ConfigureAlertBehaviour(supplier_alerts=on), dut, as_user=supplier)

    activate(dcc, dut, supplier, 10, switch=2)
    timeline.expect(device_alert(dut, FAILURE, to=supplier), within=minutes(2), rule="R-AUX-007")
    expect("state read", state_read(dcc, dut, supplier, switch=2)).equals(False, rule="R-AUX-007")
    log = switch_log(dcc, dut, supplier, began, clock)
    expect("log: switches", [row[1] >> 8 for row in log]).equals([2, 2], rule="R-AUX-006")
    expect("log: outcomes", [row[2] for row in log]).equals([0, FAILED], rule="R-AUX-007")
    ids = {row[3] for row in log}
    expect("log: HAN commands", (len(ids), 0 in ids)).equals((1, False), rule="R-AUX-006")

    again = clock.now()
    deactivate(dcc, dut, supplier, 10, switch=2)
    activate(dcc, dut, supplier, 10, switch=2)
    timeline.expect(device_alert(dut, FAILURE, to=supplier), within=minutes(2), after=again, rule="R-AUX-007")
    clock.sleep(minutes(1))
    told = timeline.find(device_alert(dut, FAILURE, to=supplier), after=again)
    failed = [row[2] for row in switch_log(dcc, dut, supplier, again, clock)].count(FAILED)
    expect("failures told and logged of further commands", (len(told), failed)).satisfies(
        "to be as many, and some", lambda counts: counts[0] == counts[1] > 0, rule="R-AUX-007"
    )


@testcase(
    "AUX-006",
    "The log of the switches keeps the latest 100 entries",
    rules=["R-AUX-006"],
    requirements=[*REQUIREMENTS, "SFA-12-AUDIT", "DI.01.4", "DI.01.11"],
    use_cases=["ECS47", "ECS35f"],
)
def test_full_log(dut, dcc, clock, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    set_calendar(dcc, dut, supplier, switches=tuple(SwitchTypeAndId(index=each, alcs=True) for each in range(1, 6)))
    activate(dcc, dut, supplier, 1)
    resets = ResetAuxiliaryLoad(switches=tuple(SwitchMark(index=each) for each in range(1, 6)))
    for _ in range(20):
        dcc.ask(resets, dut, as_user=supplier)

    log = [row[1] for row in switch_log(dcc, dut, supplier, began, clock)]
    expect("entries", len(log)).equals(100)
    expect("entries of the first command", log.count(ON)).equals(0)
    expect("the latest entries", log[-5:]).equals([each << 8 | 0x20 for each in range(1, 6)])
