"""The boost button at the meter: which switches it closes, for how long, what is logged of it."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    AddAuxiliaryLoadToBoostButton,
    ReadBoostButtonDetails,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    RemoveAuxiliaryLoadFromBoostButton,
)
from bench.dcc.bodies.supply import BoostAssociation, SwitchTypeAndId
from bench.gbcs.axdr import CompactArray
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import testcase
from testcases.auxiliary.steps import REQUIREMENTS, Contact, entry, set_calendar, state_read

ACTIONED, NOT_ACTIONED = 0x8161, 0x8162
STEP = minutes(15)
LOG, FIRST_SWITCH = 1, 2  #: items of ECS61c
ENTRIES = 25


def associate(dcc, dut, supplier, *switches):
    """Let the button work on switches (7.9)."""
    body = AddAuxiliaryLoadToBoostButton(switches=tuple(BoostAssociation(index=each, value=True) for each in switches))
    return dcc.ask(body, dut, as_user=supplier).results


def dissociate(dcc, dut, supplier, *switches):
    """Let the button work on switches no longer (7.10)."""
    marks = tuple(BoostAssociation(index=each, value=True) for each in switches)
    return dcc.ask(RemoveAuxiliaryLoadFromBoostButton(switches=marks), dut, as_user=supplier).results


def details(dcc, dut, supplier, start, clock):
    """Read which switches the button works on, and the boosts since an instant as (start, end) (7.11)."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    return dcc.ask(ReadBoostButtonDetails(period=period), dut, as_user=supplier).items(_details)


def _details(data):
    rows = data[LOG].value.rows if isinstance(data[LOG].value, CompactArray) else []
    boosts = [(from_zigbee_utc(row[0].value), from_zigbee_utc(row[1].value)) for row in rows]
    return [item.value for item in data[FIRST_SWITCH:]], boosts


def keys_pressed(dcc, dut, supplier, start, clock):
    """Codes of keys in the event log since an instant, and the octets each entry has beside them."""
    period = ReadLogPeriod(start=start.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=supplier).log()
    return [(one.code, len(one.other)) for one in log if one.code in (ACTIONED, NOT_ACTIONED)]


@testcase(
    "AUX-201",
    "One press closes the switch of the button for a quarter of an hour; the boost is in its log",
    rules=["R-AUX-012", "R-AUX-010"],
    requirements=[*REQUIREMENTS, "SFA-21-OVERRIDE"],
    use_cases=["ECS62", "ECS61c"],
)
def test_one_press(dut, dcc, clock, mains, switched_load, at_the_esme, suppliers, expect):
    supplier, contact, began = suppliers.losing, Contact(mains, switched_load), clock.now()
    expect("result of 7.9", associate(dcc, dut, supplier, 1)).equals([0], rule="R-AUX-010")

    pressed = clock.now()
    expect("whether boost is on", at_the_esme.press_boost()).equals(True)
    clock.sleep(seconds(2))
    expect("load after the press", contact.is_closed()).equals(True, rule="R-AUX-010")
    expect("state read", state_read(dcc, dut, supplier)).equals(True, rule="R-AUX-010")
    clock.sleep_until(pressed + STEP - seconds(5))
    expect("load before the quarter is over", contact.is_closed()).equals(True)
    clock.sleep_until(pressed + STEP + seconds(5))
    expect("load after the quarter", contact.is_closed()).equals(False)

    chosen, boosts = details(dcc, dut, supplier, began, clock)
    expect("switches of the button", chosen).equals([True, False, False, False, False], rule="R-AUX-010")
    expect("boosts in the log", len(boosts)).equals(1, rule="R-AUX-010")
    start, end = boosts[0]
    expect("start in the log", start).lies_between(pressed - seconds(2), pressed + seconds(2), rule="R-AUX-010")
    expect("length in the log (s)", (end - start).total_seconds()).equals(900, rule="R-AUX-010")


@testcase(
    "AUX-202",
    "Each further press adds a quarter, to an hour in all; the fifth is refused, and all are in the event log",
    rules=["R-AUX-012", "R-AUX-010", "R-EVT-007", "R-EVT-006a"],
    requirements=REQUIREMENTS,
    use_cases=["ECS62", "ECS61c", "ECS35a"],
)
def test_an_hour(dut, dcc, clock, mains, switched_load, at_the_esme, suppliers, expect):
    supplier, contact, began = suppliers.losing, Contact(mains, switched_load), clock.now()
    associate(dcc, dut, supplier, 1)
    pressed = clock.now()
    granted = [at_the_esme.press_boost() for _ in range(5)]
    expect("whether five presses were granted", granted).equals([True, True, True, True, False])
    clock.sleep_until(pressed + minutes(30))
    expect("whether a press in the middle was granted", at_the_esme.press_boost()).equals(False)
    clock.sleep_until(pressed + minutes(60) - seconds(5))
    expect("load before the hour is over", contact.is_closed()).equals(True)
    clock.sleep_until(pressed + minutes(60) + seconds(5))
    expect("load after the hour", contact.is_closed()).equals(False)

    logged = keys_pressed(dcc, dut, supplier, began, clock)
    wanted = [(ACTIONED, 2)] * 4 + [(NOT_ACTIONED, 2)] * 2
    expect("keys in the event log, octets beside each", logged).equals(wanted, rule="R-AUX-010")
    boosts = details(dcc, dut, supplier, began, clock)[1]
    lengths = [(end - start).total_seconds() for start, end in boosts]
    expect("lengths in the log (s)", lengths).equals([3600], rule="R-AUX-010")


@testcase(
    "AUX-203",
    "A boost that is cancelled ends at once, and its end is in the log",
    rules=["R-AUX-012", "R-AUX-010"],
    requirements=[*REQUIREMENTS, "SFA-21-OVERRIDE"],
    use_cases=["ECS62", "ECS61c"],
)
def test_cancelled(dut, dcc, clock, mains, switched_load, at_the_esme, suppliers, expect):
    supplier, contact, began = suppliers.losing, Contact(mains, switched_load), clock.now()
    associate(dcc, dut, supplier, 1)
    expect("whether a boost that is not there was ended", at_the_esme.cancel_boost()).equals(False)
    at_the_esme.press_boost()
    at_the_esme.press_boost()
    clock.sleep(minutes(7))
    expect("whether the boost was ended", at_the_esme.cancel_boost()).equals(True)
    clock.sleep(seconds(2))
    expect("load after that", contact.is_closed()).equals(False)
    expect("whether boost is on again", at_the_esme.press_boost()).equals(True)
    clock.sleep(STEP + seconds(5))
    expect("load after another quarter", contact.is_closed()).equals(False)
    lengths = [(end - start).total_seconds() for start, end in details(dcc, dut, supplier, began, clock)[1]]
    expect("boosts in the log", len(lengths)).equals(2, rule="R-AUX-010")
    expect("length of the first (s)", lengths[0]).lies_between(418, 423, rule="R-AUX-010")


@testcase(
    "AUX-204",
    "Without a switch of its own the button does nothing; nor while the calendar has closed all that it has",
    rules=["R-AUX-012", "R-AUX-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS62", "ECS46c", "ECS61c"],
)
def test_not_available(dut, dcc, clock, mains, switched_load, at_the_esme, suppliers, expect):
    supplier, contact, began = suppliers.losing, Contact(mains, switched_load), clock.now()
    expect("whether boost is on, no switch chosen", at_the_esme.press_boost()).equals(False)
    expect("load", contact.is_closed()).equals(False)

    associate(dcc, dut, supplier, 1)
    now = clock.now()
    set_calendar(dcc, dut, supplier, entry(True, now - minutes(30)), entry(False, now + minutes(30)))
    clock.sleep(seconds(5))
    expect("load by the calendar", contact.is_closed()).equals(True, rule="R-AUX-002")
    expect("whether boost is on, all closed", at_the_esme.press_boost()).equals(False)
    clock.sleep_until(now + minutes(31))
    expect("whether boost is on, the calendar's period over", at_the_esme.press_boost()).equals(True)
    clock.sleep(seconds(2))
    expect("load", contact.is_closed()).equals(True, rule="R-AUX-010")

    expect("result of 7.10", dissociate(dcc, dut, supplier, 1)).equals([0], rule="R-AUX-010")
    clock.sleep(seconds(2))
    expect("load of a switch that is no longer the button's", contact.is_closed()).equals(False, rule="R-AUX-010")
    chosen = details(dcc, dut, supplier, began, clock)[0]
    expect("switches of the button", chosen).equals([False] * 5, rule="R-AUX-010")


@testcase(
    "AUX-205",
    "The button closes each of the switches it works on, and none of the others",
    rules=["R-AUX-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS62", "ECS46c", "ECS61a"],
)
def test_several(dut, dcc, clock, at_the_esme, suppliers, expect):
    supplier = suppliers.losing
    set_calendar(dcc, dut, supplier, switches=tuple(SwitchTypeAndId(index=each, alcs=True) for each in range(1, 6)))
    associate(dcc, dut, supplier, 2, 4, 5)
    at_the_esme.press_boost()
    clock.sleep(seconds(2))
    states = [state_read(dcc, dut, supplier, switch) for switch in range(1, 6)]
    expect("states", states).equals([False, True, False, True, True])


@testcase(
    "AUX-206",
    "The log of boosts keeps the latest 25, also through an outage",
    rules=["R-AUX-010", "R-PWR-007"],
    requirements=[*REQUIREMENTS, "SFA-12-AUDIT", "DI.01.4"],
    use_cases=["ECS62", "ECS61c"],
)
def test_full_log(dut, dcc, clock, mains, at_the_esme, suppliers, expect):
    supplier, began = suppliers.losing, clock.now()
    associate(dcc, dut, supplier, 1)
    starts = []
    for _ in range(ENTRIES + 2):
        starts.append(clock.now())
        at_the_esme.press_boost()
        clock.sleep(minutes(1))
        at_the_esme.cancel_boost()
    before = details(dcc, dut, supplier, began, clock)[1]
    mains.interrupt("1 min")
    clock.sleep(minutes(1))
    boosts = details(dcc, dut, supplier, began, clock)[1]
    expect("boosts in the log after an outage", boosts).equals(before, rule="R-PWR-007")
    expect("boosts in the log", len(boosts)).equals(ENTRIES)
    expect("start of the first of them", boosts[0][0]).lies_between(starts[2] - seconds(2), starts[2] + seconds(2))
