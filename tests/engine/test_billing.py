"""Entries of the billing data log in the reference data: what the bench reads of them, and that registers add up."""

from datetime import UTC, datetime

from bench.device_message import DeviceMessage
from bench.gbcs import Keystore, Message
from bench.gbcs.check import Protection
from bench.observation import Observation
from tests.rtds import RTDS, messages, needs_rtds, read

SEEN = Observation(1, datetime(2030, 1, 1, tzinfo=UTC), "dcc", "response", {})


def message(name: str) -> DeviceMessage:
    """Return a message of the data set as tests see one from a device."""
    assert RTDS is not None
    (path,) = [one for one in messages() if one.name == f"{name}_GBCS.HEX"]
    keys = Keystore.load(RTDS / "keystore")
    return DeviceMessage(Message.parse(read(path)), Protection("absent", "absent"), SEEN, keys)


@needs_rtds
def test_alert_of_a_single_element_meter():
    (entry,) = message("ECS68_NA_8F0A_SINGLE_ALERT").billing_alert()
    assert (entry.time, entry.imported) == (datetime(2015, 1, 1, tzinfo=UTC), 10_435_000)
    assert (len(entry.by_time), [len(rates) for rates in entry.by_block]) == (48, [8] * 4)
    assert sum(entry.by_time) + sum(map(sum, entry.by_block)) == entry.imported


@needs_rtds
def test_log_of_a_twin_element_meter():
    answer = message("ECS20c_4.4.3_TWIN_SUCCESS_RESPONSE")
    entries, money = answer.billing_log(), answer.billing_money()
    assert (
        [one.time for one in entries]
        == [one.time for one in money]
        == [datetime(2014, 12, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)]
    )
    assert [one.imported for one in entries] == [10_674, 10_520]
    assert entries[0].by_time[:3] == [176, 126, 202]
    assert entries[0].by_block[0][:3] == [144, 3, 130]
    assert money[0].registers == (4, 34, 222, 135, 177, 229)


@needs_rtds
def test_daily_log_of_a_single_element_meter():
    entries = message("ECS21a_4.6.1_SINGLE_SUCCESS_RESPONSE").billing_log()
    assert [(one.time.day, one.imported) for one in entries] == [(9, 10_435_000), (10, 10_848_000), (11, 9_910_000)]


@needs_rtds
def test_rows_of_a_log_that_is_read_in_clear():
    rows = message("ECS21c_4.6.2_SUCCESS_RESPONSE").rows()
    assert rows[:3] == [[470707200, 10], [470793600, 80], [470880000, 180]]


@needs_rtds
def test_texts_in_an_answer():
    assert message("ECS26n_6.2.4_SUCCESS_RESPONSE").texts(slice(0, 2)) == ["ATGTypeY", "CSW "]
