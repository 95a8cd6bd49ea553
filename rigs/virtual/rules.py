"""Marks the method of a virtual device that implements a device rule, so that a defect can name and replace it."""

from collections.abc import Callable
from typing import TypeVar

Method = TypeVar("Method", bound=Callable[..., object])


def rule(*ids: str) -> Callable[[Method], Method]:
    """State that a method implements the rules with these ids."""

    def mark(method: Method) -> Method:
        method.__dict__["rules"] = ids
        return method

    return mark
