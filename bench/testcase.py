"""What a test case says of itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class TestCase:
    """Identity of a test case: id, title, and what it cites. The first rule is the default of its expectations."""

    __test__ = False

    id: str
    title: str
    rules: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


def testcase(
    test_id: str,
    title: str,
    *,
    rules: Sequence[str],
    requirements: Sequence[str] = (),
    use_cases: Sequence[str] = (),
    devices: Sequence[str] = ("ESME",),
) -> Callable[[Test], Test]:
    """Mark a function as a test case of a suite."""
    case = TestCase(test_id, title, tuple(rules), tuple(requirements), tuple(use_cases), tuple(devices))
    mark: Callable[[Test], Test] = pytest.mark.testcase.with_args(case)
    return mark


def meters(*variants: str) -> pytest.MarkDecorator:
    """State for which electricity meters a test is (a module's as `pytestmark`): "single", "twin", "polyphase"."""
    return pytest.mark.meters(*variants)


def opened_by(*options: str) -> pytest.MarkDecorator:
    """State for which hubs a test is, by what opens their inter-PAN: "power-on", "meter", "no-wan"."""
    return pytest.mark.opened_by(*options)


testcase.__test__ = False  # type: ignore[attr-defined]  # its name begins like a test's


def case_of(item: pytest.Item) -> TestCase | None:
    """Return the test case a collected item is, None for an ordinary test."""
    marker = item.get_closest_marker("testcase")
    if marker is None or not marker.args or not isinstance(marker.args[0], TestCase):
        return None
    return marker.args[0]


def is_for(item: pytest.Item, meter: str) -> bool:
    """Return whether a test is for a kind of electricity meter."""
    return all(meter in marker.args for marker in item.iter_markers("meters"))


def is_for_hub(item: pytest.Item, option: str) -> bool:
    """Return whether a test is for a hub whose inter-PAN opens in a way; where that is not told, it may be."""
    return not option or all(option in marker.args for marker in item.iter_markers("opened_by"))


def variant_of(item: pytest.Item) -> str:
    """Return the name of a parametrized variant, "" for a plain test."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.id) if callspec is not None else ""
