"""SCPI on the instrument's side: headers in short and long form, `;` chains, error queue (SCPI-1999)."""

import re
from collections import deque
from collections.abc import Callable

QUEUE = 16
NO_ERROR = '+0,"No error"'
UNDEFINED_HEADER = (-113, "Undefined header")
DATA_TYPE = (-104, "Data type error")
OUT_OF_RANGE = (-222, "Data out of range")
SETTINGS_CONFLICT = (-221, "Settings conflict")
INIT_IGNORED = (-213, "Init ignored")

Command = Callable[[str], str | None]


class ScpiError(Exception):
    """What goes into the error queue."""

    def __init__(self, error: tuple[int, str]) -> None:
        super().__init__(error[1])
        self.error = error


class ScpiInterpreter:
    """Matches headers against a command table of patterns such as `VOLTage[:LEVel]` and `MEASure:VOLTage:AC?`."""

    def __init__(self, identity: str) -> None:
        self._commands: list[tuple[re.Pattern[str], Command]] = []
        self._errors: deque[tuple[int, str]] = deque()
        self.on("*IDN?", lambda argument: identity)
        self.on("*OPC?", lambda argument: "1")
        self.on("*CLS", self._clear)
        self.on("SYSTem:ERRor?", self._next_error)

    def on(self, pattern: str, command: Command) -> None:
        """Register a command; it gets the argument text and returns the reply of a query."""
        self._commands.append((_header(pattern), command))

    def execute(self, line: str) -> str | None:
        """Execute a message unit by unit; returns the replies joined by `;`, None if there is none."""
        replies = []
        for unit in line.split(";"):
            header, _, argument = unit.strip().removeprefix(":").partition(" ")
            if not header:
                continue
            try:
                reply = self._find(header)(argument.strip())
            except ScpiError as problem:
                self._push(problem.error)
                continue
            except ValueError:
                self._push(DATA_TYPE)
                continue
            if reply is not None:
                replies.append(reply)
        return ";".join(replies) if replies else None

    def _find(self, header: str) -> Command:
        for pattern, command in self._commands:
            if pattern.fullmatch(header):
                return command
        raise ScpiError(UNDEFINED_HEADER)

    def _push(self, error: tuple[int, str]) -> None:
        if len(self._errors) >= QUEUE:
            self._errors[-1] = (-350, "Queue overflow")
        else:
            self._errors.append(error)

    def _next_error(self, argument: str) -> str:
        if not self._errors:
            return NO_ERROR
        number, text = self._errors.popleft()
        return f'{number},"{text}"'

    def _clear(self, argument: str) -> None:
        self._errors.clear()


def _header(pattern: str) -> re.Pattern[str]:
    """Compile `VOLTage[:LEVel]?` into an expression for both forms of each keyword, any case."""

    def keyword(match: re.Match[str]) -> str:
        short, rest = match[1], match[2]
        return f"{short}(?:{rest})?" if rest else short

    escaped = re.sub(r"[*?.]", lambda match: "\\" + match[0], pattern)
    optional = re.sub(r"\[([^\]]*)\]", r"(?:\1)?", escaped)
    return re.compile(re.sub(r"([A-Z]+\d*)([a-z]*)", keyword, optional), re.IGNORECASE)
