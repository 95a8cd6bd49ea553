"""Decoded messages as an indented tree, the way a protocol analyser shows them."""

from collections.abc import Iterator
from typing import Any

_INDENT = "  "


def lines(decoded: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Lines of a tree: a field a line, what is inside it indented below."""
    for key, value in decoded.items():
        yield from _field(key.replace("_", " "), value, depth)


def _field(name: str, value: Any, depth: int) -> Iterator[str]:
    head = f"{_INDENT * depth}{name}"
    if isinstance(value, dict):
        short = _typed(value)
        if short is not None:
            yield f"{head}: {short}"
        elif isinstance(value.get("value"), list) and "type" in value:
            yield f"{head}: {value['type']} of {len(value['value'])}"
            yield from _items(value["value"], depth + 1)
        else:
            yield head
            yield from lines(value, depth + 1)
    elif isinstance(value, list):
        if value and not any(isinstance(item, dict | list) for item in value):
            yield f"{head}: {', '.join(map(scalar, value))}"
        else:
            yield f"{head}: {len(value)}" if not value else head
            yield from _items(value, depth + 1)
    else:
        yield f"{head}: {scalar(value)}"


def _items(items: list[Any], depth: int) -> Iterator[str]:
    for number, item in enumerate(items, 1):
        yield from _field(f"[{number}]", item, depth)


def _typed(value: dict[str, Any]) -> str | None:
    """One line for a typed scalar, None for anything else."""
    if not value.keys() <= {"type", "value", "time", "text"} or "type" not in value:
        return None
    if isinstance(value.get("value"), list):
        return None
    said = [value["type"]]
    if value.get("value") is not None:
        said.append(scalar(value["value"]))
    said += [f"({scalar(value[key])})" for key in ("time", "text") if key in value]
    return " ".join(said)


def scalar(value: Any) -> str:
    """A single value; control characters and surrogates as escapes, so that no message can drive a terminal."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "-"
    text = str(value)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
