"""Hands at the householder's devices: what a display shows is waited for, and read as it is."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bench.clock import Clock
from bench.gas import AtTheMeter
from bench.gbcs import Eui64
from bench.householder import AtTheDisplay, AtThePpmid
from bench.parties import Device
from tests.engine.times import START, TestTime

PPMID = Device("hall", "PPMID", Eui64.of("00-15-5F-00-99-AA-BB-CC"))
TOKEN = "73941656880950804485"


class Display:
    """Hands that note what they do; what the device shows changes with time."""

    def __init__(self, time: TestTime, shows: dict[str, str]) -> None:
        self.shows, self.done = shows, []
        self.time = time

    def do(self, device: str, act: str) -> str:
        self.done.append((device, act))
        return self.shows.get(act.split(" ", maxsplit=1)[0], "sent")


class Notes:
    """A timeline that keeps the text of each step."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def record(self, point: str, kind: str, data: dict[str, Any]) -> None:
        self.texts.append(data["text"])


def at(kind: type, shows: dict[str, str]) -> tuple[Any, Display, TestTime, Notes]:
    time, notes = TestTime(), Notes()
    hands = Display(time, shows)
    return kind(PPMID, hands, notes, Clock(time)), hands, time, notes


def test_outcome_is_what_the_display_shows_once_the_meter_has_answered() -> None:
    ppmid, hands, time, notes = at(AtThePpmid, {"shown": "sent"})
    time.plan(timedelta(seconds=4), lambda: hands.shows.update(shown="accepted"))
    assert ppmid.enter_token("electricity", TOKEN) == "accepted"
    assert hands.done[0] == ("hall", f"token electricity {TOKEN}")
    assert time.now() - START <= timedelta(seconds=6)
    assert notes.texts[-1] == "the hall shows accepted"


@pytest.mark.parametrize(("fuel", "least", "most"), [("electricity", 15, 20), ("gas", 30 * 60, 40 * 60)])
def test_a_meter_that_does_not_answer_is_given_up(fuel: str, least: int, most: int) -> None:
    ppmid, _, time, _ = at(AtThePpmid, {"shown": "sent"})
    assert ppmid.activate_emergency_credit(fuel) == "sent"
    assert timedelta(seconds=least) <= time.now() - START <= timedelta(seconds=most)


def test_a_display_that_answers_at_once_is_not_waited_for() -> None:
    ppmid, _, time, _ = at(AtThePpmid, {"enable-supply": "no meter"})
    assert ppmid.enable_supply() == "no meter"
    assert time.now() == START


def test_figures_are_read_by_their_names() -> None:
    display, hands, _, _ = at(AtTheDisplay, {"figures": "supplier: New Energy; price: 17000; balance: -5"})
    assert display.figures() == {"supplier": "New Energy", "price": "17000", "balance": "-5"}
    assert [act for _, act in hands.done] == ["read", "figures"]
    hands.shows["figures"] = "nothing"
    assert display.figures() == {}


def test_half_hours_are_instants_in_utc() -> None:
    display, hands, _, _ = at(AtTheDisplay, {"display": "2030-01-07T08:30 512, 2030-01-07T09:00 498"})
    assert display.half_hours() == [datetime(2030, 1, 7, 8, 30, tzinfo=START.tzinfo), START]
    hands.shows["display"] = "nothing"
    assert display.half_hours() == []


def test_a_message_is_asked_for_before_it_is_read() -> None:
    display, hands, _, _ = at(AtTheDisplay, {"message": "Meter exchange: Monday, 9:00"})
    assert display.message() == "Meter exchange: Monday, 9:00"
    display.acknowledge_message()
    assert [act for _, act in hands.done] == ["ask-message", "message", "confirm-message"]


def test_pages_and_keys_of_a_meter_take_the_pin_behind_what_is_done() -> None:
    time, notes = TestTime(), Notes()
    hands = Display(time, {"page": "hidden", "pin": "set", "open-valve": "open", "enable-supply": "on"})
    meter = AtTheMeter(hands, notes, "gsme")  # type: ignore[arg-type]
    assert meter.page("history", "4711") == "hidden"
    assert meter.set_pin("4711", "1234")
    assert meter.open_valve("4711")
    assert meter.enable_supply()
    told = ["page history 4711", "pin 4711 1234", "open-valve 4711", "enable-supply"]
    assert hands.done == [("gsme", act) for act in told]


def test_prepayment_status_is_read_by_its_names() -> None:
    hands = Display(TestTime(), {"page": "balance -50000, emergency credit 500000, debt to clear 100000"})
    meter = AtTheMeter(hands, Notes())  # type: ignore[arg-type]
    assert meter.prepayment_status() == {"balance": -50_000, "emergency credit": 500_000, "debt to clear": 100_000}


def test_faults_are_brought_about_at_the_meter_that_is_meant() -> None:
    hands = Display(TestTime(), {"jam": "stuck", "reset": "started anew"})
    meter = AtTheMeter(hands, Notes(), "esme")  # type: ignore[arg-type]
    meter.jam()
    meter.reset_processor()
    assert hands.done == [("esme", "jam"), ("esme", "reset")]


def test_a_valve_is_tested_and_sensors_are_given_something_to_notice() -> None:
    hands = Display(TestTime(), {"test-valve": "stays closed", "fault": "air"})
    meter = AtTheMeter(hands, Notes(), "gsme")  # type: ignore[arg-type]
    assert not meter.test_valve()
    meter.fault("air")
    assert hands.done == [("gsme", "test-valve"), ("gsme", "fault air")]
