"""Curves of radio links: commands answered against attenuation, or what their axes say, drawn and kept as one table."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from reports.pages import Entry, Page, number

Point = tuple[Any, ...]
COLUMNS = (
    *("test", "link", "direction", "attenuation_db", "tried", "answered", "share", "answer_s", "retries"),
    *("x_axis", "x", "y_axis", "y", "time"),
)


def curves(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the curves of a test, a JSON object a link: points by direction, and limits (name -> dB)."""
    found: dict[str, dict[str, Any]] = {}
    for entry in _of_link(entries, "measurement"):
        data = entry.data
        x, y = _place(entry)
        if x is None or y is None:
            continue
        curve = found.setdefault(str(data.get("link")), {"link": str(data.get("link")), "lines": {}, "limits": {}})
        curve |= {name: str(data[name]) for name in ("x_axis", "y_axis") if name in data}
        line = curve["lines"].setdefault(str(data.get("direction")), {"x": [], "y": [], "text": [], "at": []})
        line["x"].append(x)
        line["y"].append(y)
        line["text"].append(entry.text)
        line["at"].append(entry.number)
    for entry in _of_link(entries, "limits"):
        link, limits = found.get(str(entry.data.get("link"))), entry.data.get("limits")
        if link is not None and isinstance(limits, dict):
            shown = {str(name).replace("_", " "): number(db) for name, db in limits.items()}
            link["limits"] |= {name: db for name, db in shown.items() if db is not None}
    return list(found.values())


def points(page: Page) -> list[Point]:
    """Return the points of the curves of a test, a row each as COLUMNS names its values."""
    return [
        (
            page.result.id,
            *(entry.data.get(name) for name in ("link", "direction", "attenuation", "tried", "answered")),
            _share(entry),
            *(entry.data.get(name) for name in ("answer_s", "retries", "x_axis", "x", "y_axis", "y")),
            entry.time,
        )
        for entry in _of_link(page.entries, "measurement")
    ]


def table(rows: Sequence[Point]) -> str | None:
    """Return the points of every curve of a run as CSV, None where there is none."""
    if not rows:
        return None
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()


def _of_link(entries: Sequence[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.point == "link" and entry.kind == kind]


def _place(entry: Entry) -> tuple[float | None, float | None]:
    """Return where a point is: commands answered (%) against attenuation, or what its axes say."""
    if "x_axis" in entry.data:
        return number(entry.data.get("x")), number(entry.data.get("y"))
    share = _share(entry)
    return number(entry.data.get("attenuation")), None if share is None else 100 * share


def _share(entry: Entry) -> float | None:
    tried, answered = number(entry.data.get("tried")), number(entry.data.get("answered"))
    return None if not tried or answered is None else answered / tried
