"""`report.html`: one file that needs no network, built from the templates beside this module."""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from bench.runrecord import RunRecord
from bench.verdict import MAPPING, Verdict
from reports.drawing import Drawn, environment
from reports.pages import Page

SCRIPTS = ("log.js", "axis.js", "curves.js", "report.js")


def report_html(record: RunRecord, pages: Sequence[Page], drawn: Sequence[Drawn]) -> str:
    """Return the report of a run; `drawn` are the pages' own parts."""
    scripts = [plotly_script(), *(template_text(name) for name in SCRIPTS)]
    counts = {
        verdict: record.verdicts.count(verdict) for verdict in sorted(Verdict, key=lambda one: -MAPPING[one].severity)
    }
    attention = [(page, one.reason) for page, one in zip(pages, drawn, strict=True) if page.needs_attention]
    return (
        environment()
        .get_template("report.html")
        .render(
            run=record,
            pages=pages,
            attention=sorted(attention, key=lambda one: -one[0].severity),
            drawn=drawn,
            counts=counts,
            mapping=MAPPING,
            verdicts=list(Verdict),
            style=Markup(template_text("report.css")),
            scripts=[Markup(script) for script in scripts],
            policy=" ".join(f"'sha256-{_digest(script)}'" for script in scripts),
        )
    )


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
