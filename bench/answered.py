"""What cannot be read in a message of a device is the device's failure, not trouble of the bench."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bench.errors import Failure
from bench.gbcs import GbcsError
from bench.rules import find_rule
from bench.timeline import headline

P = ParamSpec("P")
R = TypeVar("R")
DLMS_FORM, GBZ_FORM = "R-RSP-012", "R-RSP-014"
UNREADABLE = (GbcsError, LookupError, TypeError, ValueError, AttributeError, OverflowError)


def of_the_device(rule: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Raise Failure with a rule where the answer is not of the form that its reader expects."""

    def decorate(read: Callable[P, R]) -> Callable[P, R]:
        @wraps(read)
        def safely(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return read(*args, **kwargs)
            except UNREADABLE as problem:
                raise unreadable(rule, args[0], problem) from None

        return safely

    return decorate


def unreadable(rule: str, message: Any, problem: object) -> Failure:
    """Return the failure of a device whose message (with `seen`) is not what its use case says."""
    lines = [
        headline(find_rule(rule)),
        "  expected  an answer of the form of its use case",
        f"  seen      {message.seen.text()}: {problem or type(problem).__name__}",
    ]
    return Failure("\n".join(lines), rule)
