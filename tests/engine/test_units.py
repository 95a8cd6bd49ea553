"""Quantities and durations as rig files write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.units import format_duration, parse_duration, parse_quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("230 V", "V", 230.0), ("0.23 kV", "V", 230.0), ("-3.5 dB", "dB", -3.5), ("264.5V", "V", 264.5),
        ("16 A", "A", 16.0), ("250 mA", "A", 0.25), ("50 Hz", "Hz", 50.0), ("-61 dBm", "dBm", -61.0),
    ],
)  # fmt: skip
def test_quantities(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["230", "230 A", "V", "", "230 V 5 V", "1e3 V", "nan V", "inf V", "230 v", 230, None, True]
)
def test_what_is_no_voltage(text: object) -> None:
    with pytest.raises(ValueError, match="for example '10 V'"):
        parse_quantity(text, "V")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3 min", 180),
        ("2 min 50 s", 170),
        ("350 ms", 0.35),
        ("26 h", 93600),
        ("1 d", 86400),
        ("20us", 2e-5),
        ("1.5 s", 1.5),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["3", "", " ", "3 minutes", "min", "3 min and", "3 V", 3, None])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="for example '3 min' or '2 min 50 s'"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["2 min 50 s", "3 min", "350 ms", "1 h 1 s", "26 h", "1 h 2 min 3.5 s", "0 ms"])
def test_durations_read_as_written(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_written_reads_back(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration
