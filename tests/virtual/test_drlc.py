"""Load control on the HAN: what the virtual meter and switch write, read by the layouts of the air decoder."""

import pytest

from bench.han.errors import HanError
from bench.han.smart_energy import Scales, describe
from rigs.virtual.drlc import CLUSTER, ON, STARTED, EventStatus, LoadControlEvent, get_scheduled


def fields(frame):
    found = {}
    describe(CLUSTER, frame, found, Scales())
    assert "extra" not in found and "payload" not in found
    return found


def test_an_event_has_number_length_and_duty_where_the_cluster_has_them():
    event = LoadControlEvent(0x12345678, 20, ON)
    found = fields(event.frame(7))
    assert (found["issuerEventId"], found["durationMin"], found["dutyCycle"]) == (0x12345678, 20, 100)
    assert LoadControlEvent.parse(event.frame(7).payload) == event


def test_a_report_and_a_request_are_the_controllers():
    report = EventStatus(0x12345678, STARTED, 946_000_000)
    found = fields(report.frame(8))
    assert (found["issuerEventId"], found["eventStatus"]) == (0x12345678, 2)
    assert EventStatus.parse(report.frame(8).payload) == report
    assert fields(get_scheduled(946_000_000, 9))["numberOfEvents"] == 0
    assert not report.frame(8).from_server and LoadControlEvent(1, 1, ON).frame(1).from_server


def test_a_short_command_is_told_in_one_line():
    with pytest.raises(HanError, match="LoadControlEvent needs 23 octets"):
        LoadControlEvent.parse(bytes(22))
