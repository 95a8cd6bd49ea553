"""Decoded messages as an indented tree, the way a protocol analyser shows them."""

from collections.abc import Iterator
from typing import Any

_INDENT = "  "
_READINGS = ("time", "text", "event", "event_name", "meaning", "object", "date", "device")
_ONE_LINE = {"name", "type", "value", "unit", "scaler", "octets", "padding", *_READINGS}


def lines(decoded: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """Lines of a tree: a field a line, what is inside it indented below; quantities with their unit."""
    units = decoded.get("units") if isinstance(decoded.get("fields"), dict) else None
    for key, value in decoded.items():
        if units is not None and key == "fields":
            yield f"{_INDENT * depth}fields"
            yield from _quantities(value, units if isinstance(units, dict) else {}, depth + 1)
        elif units is None or key != "units":
            yield from _field(key.replace("_", " "), value, depth)


def _quantities(fields: dict[str, Any], units: dict[str, Any], depth: int) -> Iterator[str]:
    """Fields with the units that stand beside them."""
    for key, value in fields.items():
        unit = units.get(key)
        said = f" {scalar(unit.get('unit', ''))}" if isinstance(unit, dict) else ""
        head = f"{_INDENT * depth}{key}"
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield head
            for number, row in enumerate(value, 1):
                yield f"{_INDENT * (depth + 1)}[{number}] {_row(row, units)}"
        elif isinstance(value, list):
            yield f"{head}: {', '.join(map(scalar, value))}{said}"
        else:
            yield f"{head}: {scalar(value)}{said}"


def _field(name: str, value: Any, depth: int) -> Iterator[str]:
    head = f"{_INDENT * depth}{name}"
    if isinstance(value, dict):
        if "type" in value and "name" in value:
            head = f"{_INDENT * depth}{name} {scalar(value['name'])}" if name.startswith("[") else head
        short = _typed(value)
        if short is not None:
            yield f"{head}: {short}"
        elif isinstance(value.get("value"), list) and "type" in value:
            yield f"{head}: {value['type']} of {len(value['value'])}"
            yield from _items(value["value"], depth + 1)
        elif value.get("type") == "compact-array" and isinstance(value.get("rows"), list):
            yield f"{head}: compact-array of {len(value['rows'])}"
            yield from _rows(value, depth + 1)
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


def _rows(table: dict[str, Any], depth: int) -> Iterator[str]:
    """One line a row, quantities with the unit of their column."""
    columns = table.get("row", {}).get("members", [])
    units = {str(column.get("name")): column.get("member", column) for column in columns if isinstance(column, dict)}
    for number, row in enumerate(table["rows"], 1):
        yield f"{_INDENT * depth}[{number}] {_row(row, units)}"


def _row(row: Any, units: dict[str, Any]) -> str:
    if not isinstance(row, dict):
        return scalar(row)
    said = []
    for key, value in row.items():
        unit = units.get(key)
        after = f" {scalar(unit['unit'])}" if isinstance(unit, dict) and unit.get("unit") else ""
        shown = "[" + " ".join(map(scalar, value)) + "]" if isinstance(value, list) else scalar(value)
        said.append(f"{scalar(key)}: {shown}{after}")
    return ", ".join(said)


def _typed(value: dict[str, Any]) -> str | None:
    """One line for a typed scalar, None for anything else."""
    if "type" not in value or not value.keys() <= _ONE_LINE or isinstance(value.get("value"), list):
        return None
    said = [] if "unit" in value else [scalar(value["type"])]
    if value.get("value") is not None:
        said.append(scalar(value["value"]))
    if "unit" in value:
        said.append(scalar(value["unit"]))
    said += [f"({scalar(value[key])})" for key in _READINGS if key in value]
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
