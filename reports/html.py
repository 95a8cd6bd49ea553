"""`report.html`: one file that needs no network, built from the templates beside this module."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from bench.runrecord import RunRecord
from bench.verdict import MAPPING, Verdict
from reports.curves import curves
from reports.joins import diagram, find_joins
from reports.lanes import figure
from reports.pages import ROUTINE, ROUTINE_OF_PASSED, Entry, Page, is_routine, is_sample, listed_entries

SCRIPTS = ("log.js", "axis.js", "curves.js", "report.js")


def report_html(record: RunRecord, pages: list[Page]) -> str:
    """Return the report of a run."""
    scripts = [plotly_script(), *(template_text(name) for name in SCRIPTS)]
    counts = {
        verdict: record.verdicts.count(verdict) for verdict in sorted(Verdict, key=lambda one: -MAPPING[one].severity)
    }
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        run=record,
        pages=pages,
        attention=sorted((page for page in pages if page.needs_attention), key=lambda page: -page.severity),
        counts=counts,
        mapping=MAPPING,
        verdicts=list(Verdict),
        style=Markup(template_text("report.css")),
        scripts=[Markup(script) for script in scripts],
        policy=" ".join(f"'sha256-{_digest(script)}'" for script in scripts),
        evidence=evidence_json,
        reason=reason_html,
        joins=find_joins,
        diagram=diagram,
    )


def reason_html(page: Page) -> Markup:
    """Return the reason of a verdict, each mention of a timeline entry linked to that entry."""
    known = {entry.number for entry in page.entries}
    target = quote(page.anchor, safe="")

    def link(match: re.Match[str]) -> str:
        return f'<a href="#{target}/{match[1]}">{match[0]}</a>' if int(match[1]) in known else match[0]

    return Markup(re.sub(r"\btimeline (\d{1,12})\b", link, str(escape(page.result.reason))))


def evidence_json(page: Page) -> Markup:
    """Return the log and the time axis of a test as JSON that cannot end its script element."""
    routine = ROUTINE if page.needs_attention else ROUTINE_OF_PASSED
    listed = listed_entries(page.entries, routine)
    value: dict[str, Any] = {
        "rows": [[one.number, one.time, one.point, one.kind, one.text, one.data, one.raw] for one in listed],
        "steady": sum(map(is_sample, page.entries)) - sum(map(is_sample, listed)),
        "routine": sum(is_routine(one, routine) for one in page.entries)
        - sum(is_routine(one, routine) for one in listed),
        "samples": sum(1 for one in page.entries if is_sample(one)),
        **figure(page.entries, listed),
        "curves": curves(page.entries),
    }
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)


def _count_routine(entries: Sequence[Entry], routine: frozenset[str]) -> int:
    return sum(is_routine(one, routine) for one in entries)


@cache
def plotly_script() -> str:
    """Return plotly.js as the text of a script element."""
    return _script(get_plotlyjs())


@cache
def template_text(name: str) -> str:
    """Return a style sheet or script of the report."""
    return _script((files("reports") / "templates" / name).read_text(encoding="utf-8"))


def _script(text: str) -> str:
    # A browser hashes what it parsed: without carriage returns.
    return re.sub(r"</(script|style)", r"<\\/\1", text.replace("\r\n", "\n").replace("\r", "\n"), flags=re.IGNORECASE)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
