"""What can go wrong outside the device under test, and what each means for the verdict."""

from collections.abc import Sequence


class BenchError(Exception):
    """The rig or the bench broke; a test that meets one gets the verdict `error`."""


class UsageError(BenchError):
    """The user asked for something impossible; one line that says what to do, exit code 2."""


class RigError(UsageError):
    """A rig file is wrong. The message names file, key and remedy."""

    def __init__(self, file: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {key}: {problem}; {remedy}")
        self.file, self.key, self.problem, self.remedy = file, key, problem, remedy


class InstrumentError(BenchError):
    """An instrument did not do as told: silent, late, unplugged, garbage, or refusing.

    `last_exchange` is what went over the wire last, newest at the end, as text lines.
    """

    def __init__(self, instrument: str, problem: str, last_exchange: Sequence[str] = ()) -> None:
        tail = "; last exchange: " + " | ".join(last_exchange) if last_exchange else "; nothing had been exchanged yet"
        super().__init__(f"instrument {instrument}: {problem}{tail}")
        self.instrument, self.problem, self.last_exchange = instrument, problem, tuple(last_exchange)


class SafetyError(BenchError):
    """A stimulus lies outside the rig's safety envelope; no driver has seen it."""


class Inconclusive(Exception):  # noqa: N818 - an ISO/IEC 9646 verdict, not an error
    """A precondition was not reached, so nothing can be said of the device."""


class Blocked(Inconclusive):
    """What was expected may have been held back on its way: throttled, quarantined, out of duty cycle."""


class NotRun(Exception):  # noqa: N818
    """The rig lacks a capability that the test needs."""


class NotApplicable(Exception):  # noqa: N818
    """The PICS says that the device does not claim what the test examines."""


class Failure(AssertionError):  # noqa: N818 - a verdict on the device
    """The device broke a rule. `str()` is the whole message a meter engineer reads; `rule` its id."""

    def __init__(self, message: str, rule: str = "") -> None:
        super().__init__(message)
        self.rule = rule
