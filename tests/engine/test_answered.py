"""An answer that cannot be read is the device's failure and names a rule; the bench does not break over it."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bench.device_message import DeviceMessage
from bench.errors import Failure
from bench.gas import GasMessage
from bench.gbcs import Keystore
from bench.gbcs.axdr import Data
from bench.gbcs.dlms import AccessResponse
from bench.gbcs.gbz import Gbz, GbzComponent
from bench.observation import Observation

SEEN = Observation(7, datetime(2030, 1, 7, 9, tzinfo=UTC), "dcc", "response", {"text": "a response"})


def message(payload: bytes) -> DeviceMessage:
    return DeviceMessage(SimpleNamespace(payload=payload, date_time=b""), SimpleNamespace(), SEEN, Keystore())  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xda\x00\x00\x00\x01", bytes(200)])
def test_dlms(payload: bytes) -> None:
    for read in (
        "values",
        "value",
        "log",
        "profile",
        "prepayment",
        "import_register",
        "credentials",
        "alert_times",
        "rows",
    ):
        with pytest.raises(
            Failure, match=r"(?s)R-RSP-012: .*seen +09:00:00 a response \(dcc, timeline 7\): \S"
        ) as told:
            getattr(message(payload), read)()
        assert told.value.rule == "R-RSP-012"


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x01\x09\x01", bytes.fromhex("01090101070200030000000000")])
def test_gbz(payload: bytes) -> None:
    answer = GasMessage(message(payload), Keystore())
    with pytest.raises(Failure, match="R-RSP-014: ") as told:
        answer.fields(3)
    assert told.value.rule == "R-RSP-014"


def test_a_default_response_where_there_should_be_more() -> None:
    failed = GbzComponent(1, 0x0705, 0x18, 0, 0x0B, bytes.fromhex("0001"))
    answer = GasMessage(message(bytes(Gbz(components=[failed]))), Keystore())
    with pytest.raises(Failure, match=r"R-RSP-014: (?s:.*)component 1 of the answer is a default response 0001"):
        answer.fields()


def test_an_attribute_that_is_not_there() -> None:
    answer = GasMessage(message(bytes.fromhex("010900")), Keystore())
    with pytest.raises(Failure, match="attribute 0702:0000 is not in the answer"):
        answer.attributes["0702:0000"]


def test_a_value_of_another_shape_than_its_reader_expects() -> None:
    null = AccessResponse(1, [Data(0, None)], [(1, 0)])
    answer = message(bytes(null))
    assert answer.items(lambda data: data[0].value) is None
    for read in (lambda data: data[0][0].value, lambda data: data[0].value - 1, lambda data: data[1]):
        with pytest.raises(Failure, match=r"R-RSP-012: "):
            answer.items(read)
