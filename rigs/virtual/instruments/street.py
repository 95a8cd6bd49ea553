"""A virtual traffic generator beside the DCC: the far end of the `street` driver."""

from collections.abc import Callable
from datetime import timedelta

from rigs.virtual.street import FIRST_HUB, FIRST_METER, HOMES, Street


class StreetGenerator:
    """Answers the text protocol; `street` returns the street of the present baseline."""

    def __init__(self, street: Callable[[], Street]) -> None:
        self._street = street

    def answer(self, line: str) -> str:
        """Return the reply to a line."""
        if line == "STREET?":
            return f"STREET {HOMES} {FIRST_HUB} {FIRST_METER}"
        match line.split():
            case ["CUT", length, "DARK", dark, "WAVES", waves]:
                try:
                    self._street().cut(_seconds(length), _numbers(dark), [_seconds(one) for one in waves.split(",")])
                except ValueError:
                    return "ERR seconds and numbers of homes are wanted"
                return "OK"
            case _:
                return "ERR lines are STREET? and CUT s DARK n,n WAVES s,s"


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text))


def _numbers(text: str) -> list[int]:
    return [] if text == "-" else [int(one) for one in text.split(",")]
