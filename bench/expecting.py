"""Statements about values, failing with the rule and what was seen instead."""

from collections.abc import Callable, Collection
from typing import Any

from bench.errors import Inconclusive
from bench.timeline import Timeline


class Expectation:
    """One value, and what to say of it."""

    def __init__(self, timeline: Timeline, what: str, value: Any) -> None:
        self._timeline, self._what, self._value = timeline, what, value

    def equals(self, wanted: Any, rule: str = "") -> None:
        """State that the value equals another."""
        self._state(self._value == wanted, f"to be {_say(wanted)}", rule)

    def is_one_of(self, wanted: Collection[Any], rule: str = "") -> None:
        """State that the value is among others."""
        self._state(self._value in wanted, "to be one of " + ", ".join(map(_say, wanted)), rule)

    def lies_between(self, low: Any, high: Any, rule: str = "") -> None:
        """State that the value lies in a closed interval."""
        self._state(low <= self._value <= high, f"between {_say(low)} and {_say(high)}", rule)

    def satisfies(self, words: str, test: Callable[[Any], bool], rule: str = "") -> None:
        """State what `words` say and `test` examines."""
        self._state(test(self._value), words, rule)

    def _state(self, holds: bool, words: str, rule: str) -> None:
        text = f"{self._what} {words}"
        self._timeline.record("bench", "check", {"text": text, "holds": holds, "value": _say(self._value)})
        if not holds:
            self._timeline.broken(text, [f"{self._what} was {_say(self._value)}"], rule)


def precondition(holds: bool, words: str) -> None:
    """State what must be so before anything can be said of the device. Raises Inconclusive."""
    if not holds:
        raise Inconclusive(f"precondition not reached: {words}")


def _say(value: Any) -> str:
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S UTC"))
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0x8000 and value <= 0x8FFF:
        return f"{value:04X}"
    return str(value)
