"""The pages of the tests: each made from its log, in several processes where there is much to read."""

import base64
import gc
import gzip
import json
import multiprocessing
import os
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.curves import Point, curves, points
from reports.joins import diagram, find_joins
from reports.lanes import figure
from reports.pages import ROUTINE, ROUTINE_OF_PASSED, Page, is_routine, is_sample, listed_entries

MUCH = 16_000_000  #: octets of logs from which on a second process is worth its start
LEVEL = 4  #: of gzip: more takes longer than it saves


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a report shows of one test: its reason and its page (HTML), and the points of its curves."""

    reason: Markup
    html: Markup
    points: list[Point]


@cache
def environment() -> Environment:
    """Return the templates of the report."""
    return Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def draw(page: Page) -> Drawn:
    """Read the log of a test and make its page."""
    page.read()
    reason = reason_html(page)
    shown = (
        environment()
        .get_template("page.html")
        .render(
            page=page,
            reason=reason,
            joins=find_joins(page.entries),
            diagram=diagram,
            evidence=evidence_packed(page) if page.entries else "",
        )
    )
    found = Drawn(reason, Markup(shown), points(page))
    page.entries = []  # a run holds more than memory should
    return found


def draw_all(pages: Sequence[Page]) -> list[Drawn]:
    """Make the pages of a run, in their order."""
    size = sum(page.log.stat().st_size for page in pages if page.log is not None and page.log.is_file())
    workers = min(len(os.sched_getaffinity(0)), 4)
    if size >= MUCH and workers > 1:
        try:
            context = multiprocessing.get_context("forkserver")
            with ProcessPoolExecutor(workers, context, gc.disable) as pool:  # a page has no cycles
                return list(pool.map(draw, pages, chunksize=4))
        except BrokenProcessPool:  # one was killed, for want of memory most likely: what one can do is enough
            pass
    return [draw(page) for page in pages]


def reason_html(page: Page) -> Markup:
    """Return the reason of a verdict, each mention of a timeline entry linked to that entry."""
    known = {entry.number for entry in page.entries}
    target = quote(page.anchor, safe="")

    def link(match: re.Match[str]) -> str:
        return f'<a href="#{target}/{match[1]}">{match[0]}</a>' if int(match[1]) in known else match[0]

    return Markup(re.sub(r"\btimeline (\d{1,12})\b", link, str(escape(page.result.reason))))


def evidence_packed(page: Page) -> Markup:
    """Return the log and the time axis of a test: JSON, packed by gzip, in base64 (a tenth of the JSON's size)."""
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
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    packed = gzip.compress(text.encode(errors="replace"), compresslevel=LEVEL, mtime=0)
    return Markup(base64.b64encode(packed).decode())
