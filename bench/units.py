"""Quantities with units, as rig files and test cases write them: "230 V", "2 min 50 s", "30 dB"."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_QUANTITY = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-zµ%]+)\s*")
_SCALES: dict[str, dict[str, float]] = {
    "V": {"V": 1.0, "mV": 1e-3, "kV": 1e3},
    "A": {"A": 1.0, "mA": 1e-3},
    "W": {"W": 1.0, "kW": 1e3},
    "Hz": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6},
    "dB": {"dB": 1.0},
    "dBm": {"dBm": 1.0},
}
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_quantity(text: object, unit: str) -> float:
    """Return the value of `text` ("264.5 V") in `unit`. Raises ValueError that says what to write instead."""
    example = f"write a number with its unit, for example '10 {unit}'"
    if not isinstance(text, str):
        raise ValueError(f"{text!r} has no unit; {example}")
    match = _QUANTITY.fullmatch(text)
    scale = _SCALES[unit].get(match[2]) if match else None
    if match is None or scale is None:
        raise ValueError(f"{text!r} is not in {unit}; {example}")
    return float(match[1]) * scale


def parse_duration(text: object) -> timedelta:
    """Return the duration of "3 min" or "2 min 50 s" (units us ms s min h d). Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    remedy = "write a duration with its unit, for example '3 min' or '2 min 50 s'"
    if not isinstance(text, str):
        raise ValueError(f"{text!r} has no unit; {remedy}")
    seconds, position = 0.0, 0
    for match in _QUANTITY.finditer(text):
        if match.start() != position or match[2] not in _SECONDS:
            break
        seconds += float(match[1]) * _SECONDS[match[2]]
        position = match.end()
    if position != len(text) or not text.strip():
        raise ValueError(f"{text!r} is not a duration; {remedy}")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Return a duration as people read it: "2 min 50 s", "350 ms"."""
    seconds = duration.total_seconds()
    if abs(seconds) < 1:
        return f"{seconds * 1000:g} ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{round(rest, 3):g} s" if rest else "",
    ]
    return " ".join(part for part in parts if part)


def _in(unit: str) -> Callable[[object], float]:
    return lambda value: parse_quantity(value, unit)


def _out(unit: str) -> PlainSerializer:
    return PlainSerializer(lambda value: f"{value:g} {unit}", return_type=str)


Volts = Annotated[float, BeforeValidator(_in("V")), _out("V")]
Amperes = Annotated[float, BeforeValidator(_in("A")), _out("A")]
Watts = Annotated[float, BeforeValidator(_in("W")), _out("W")]
Hertz = Annotated[float, BeforeValidator(_in("Hz")), _out("Hz")]
Decibel = Annotated[float, BeforeValidator(_in("dB")), _out("dB")]
DecibelMilliwatts = Annotated[float, BeforeValidator(_in("dBm")), _out("dBm")]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(lambda value: f"{value.total_seconds():g} s", return_type=str),
]
