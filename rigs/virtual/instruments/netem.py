"""A virtual bridge with netem in the WAN path: the far end of the `netem` driver."""

import re
from collections.abc import Callable
from datetime import timedelta

from rigs.virtual.wan import Wan

_DELAY, _DUPLICATE, _RATE, _LOSS = "delay", "duplicate", "rate", "loss"
_VALUES = {_DELAY: r"(\d+)ms", _DUPLICATE: r"(\d+(?:\.\d+)?)%", _RATE: r"(\d+)bit", _LOSS: r"(\d+(?:\.\d+)?)%"}


class NetemBridge:
    """Answers the text protocol; `wan` returns the WAN of the present baseline."""

    def __init__(self, wan: Callable[[], Wan]) -> None:
        self._wan = wan

    def answer(self, line: str) -> str:
        """Return the reply to a line."""
        command, _, said = line.partition(" ")
        if command == "NETEM?":
            return "NETEM hub dcc"
        words = said.split()
        if command != "SET" or len(words) % 2:
            return "ERR lines are NETEM? and SET with words of tc-netem"
        values = dict.fromkeys(_VALUES, 0.0)
        for word, text in zip(words[::2], words[1::2], strict=True):
            value = re.fullmatch(_VALUES.get(word, "(?!)"), text)
            if value is None:
                return f'ERR What is "{word}"?'
            values[word] = float(value[1])
        self._wan().impair(
            delay=timedelta(milliseconds=values[_DELAY]),
            duplicate=values[_DUPLICATE] / 100,
            rate=int(values[_RATE]) or None,
            broken=values[_LOSS] == 100.0,
        )
        return "OK"
