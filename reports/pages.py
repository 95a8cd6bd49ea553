"""What a report shows, read from a run folder: the run, its tests, and what each test's evidence log holds."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.errors import BenchError
from bench.recorder import read_lines
from bench.rules import Rule, find_rule
from bench.runrecord import PENDING, RunRecord, TestResult, load_run
from bench.units import format_duration
from bench.verdict import MAPPING, Verdict

LOG = "timeline.jsonl"
INTERRUPTED = "the run ended during this test; its timeline holds what had been seen until then"
EXACT_INTEGER = 2**53  #: integers from here on are not exact in a browser
ROUTINE = frozenset({"LinkStatus"})  #: every router sends four a minute
ROUTINE_OF_PASSED = ROUTINE | {"ack", "APS ack"}
ROUTINE_LISTED = 40  #: routine frames that a page lists
TIME_LENGTH = len("2026-01-01T00:00:00.000000")
_PLAIN = frozenset({str, bool, type(None)})  #: types that `plain` leaves as they are
STEADY_VOLTS, STEADY_HERTZ = 1.0, 0.05


@dataclass(slots=True)
class Entry:
    """One line of a test's log. `time` is ISO 8601 in UTC without offset, `raw` hex."""

    number: int
    time: str
    point: str
    kind: str
    text: str
    data: dict[str, Any]
    raw: str = ""


@dataclass(slots=True)
class Page:
    """One test: result, what it cites, links (text, relative URL) to the evidence files; `read` fills in its log."""

    anchor: str
    result: TestResult
    rules: list[Rule] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    log: Path | None = None

    def read(self) -> None:
        """Read the entries of the log, and give notice where it cannot be read."""
        if self.log is not None:
            self.entries, notice = read_entries(self.log)
            if notice:
                self.notices.append(notice)

    @property
    def severity(self) -> int:
        """Return the severity of the verdict, worst highest."""
        return MAPPING[self.result.verdict].severity

    @property
    def needs_attention(self) -> bool:
        """Tell whether the test did not end well: neither pass nor not-applicable."""
        return self.result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE)

    @property
    def rig_duration(self) -> str:
        """Return how long the test took on the rig's clock, for people."""
        return _duration(self.result.rig_duration_s)

    @property
    def wall_duration(self) -> str:
        """Return how long the test took on this machine, for people."""
        return _duration(self.result.duration_s)


def read_pages(folder: Path) -> tuple[RunRecord, list[Page]]:
    """Return the run and its tests in the order of the run record. Raises BenchError when it is not a run folder."""
    try:
        record = load_run(folder)
    except RecursionError:
        raise BenchError(
            f"{folder / 'run.json'}: not a run record (nested too deeply); give the folder of a run"
        ) from None
    seen: dict[str, int] = {}
    pages = []
    for result in record.tests:
        _coerce(result)
        seen[result.id] = seen.get(result.id, 0) + 1
        anchor = result.id if seen[result.id] == 1 else f"{result.id}~{seen[result.id]}"
        pages.append(_page(folder, anchor, result))
    return record, pages


def _coerce(result: TestResult) -> None:
    result.id, result.title, result.reason = str(result.id), str(result.title), str(result.reason or "")
    result.evidence = str(result.evidence or "")
    for name in ("rules", "requirements", "use_cases"):
        listed = getattr(result, name)
        setattr(result, name, [str(one) for one in listed] if isinstance(listed, list) else [])
    for name in ("duration_s", "rig_duration_s"):
        try:
            seconds = float(getattr(result, name))
        except (TypeError, ValueError):
            seconds = 0.0
        setattr(result, name, seconds if math.isfinite(seconds) else 0.0)


def _page(folder: Path, anchor: str, result: TestResult) -> Page:
    page = Page(anchor, result, rules=[cited_rule(rule) for rule in result.rules])
    evidence = _evidence_folder(folder, result)
    if evidence is None:
        page.notices.append("there is no evidence of this test")
        return page
    if not result.evidence and result.reason == PENDING:
        result.reason = INTERRUPTED
    page.files = _files(folder, evidence, result)
    page.log = evidence / LOG
    return page


def cited_rule(rule_id: str) -> Rule:
    """Return a rule of the catalogue; without a statement if the catalogue or the rule is not there."""
    try:
        return find_rule(rule_id)
    except (OSError, KeyError, ValueError):
        return Rule(rule_id)


def _evidence_folder(folder: Path, result: TestResult) -> Path | None:
    # A run that died during a test leaves its log, but no mention of it in run.json.
    try:
        named = result.evidence or re.sub(r"[^A-Za-z0-9.-]+", "-", result.id).strip("-")
        evidence = (folder / named).resolve()
        inside = evidence != folder.resolve() and evidence.is_relative_to(folder.resolve())
        return evidence if inside and evidence.is_dir() else None
    except (OSError, ValueError):
        return None


def _files(folder: Path, evidence: Path, result: TestResult) -> list[tuple[str, str]]:
    try:
        paths = sorted(path for path in evidence.iterdir() if path.is_file())
        case_ids = dict.fromkeys([result.id, result.id.partition("[")[0]])
        paths += [path for path in (folder / f"{one}-traceback.txt" for one in case_ids) if path.is_file()]
        return [(path.name, "./" + quote(str(path.resolve().relative_to(folder.resolve())))) for path in paths]
    except (OSError, ValueError):
        return []


def read_entries(path: Path) -> tuple[list[Entry], str]:
    """Return the entries of a log as far as it can be read, and a notice if that is not to its end."""
    entries: list[Entry] = []
    try:
        lines = path.read_bytes().count(b"\n")
        for line in read_lines(path):
            entries.append(_entry(line))
    except FileNotFoundError:
        return [], f"there is no {path.name}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        return (
            entries,
            f"{path.name} can be read up to line {len(entries) + 1} only ({type(problem).__name__}: {problem})",
        )
    if len(entries) + 1 < lines:
        return entries, f"{path.name} can be read up to line {len(entries) + 1} of {lines} only"
    return entries, ""


def _entry(line: Mapping[str, Any]) -> Entry:
    data, raw = line["data"], line.get("raw", "")
    data = dict(data) if isinstance(data, Mapping) else {"value": data}
    text = data.pop("text", "") or line["kind"]
    return Entry(
        int(line["n"]),
        _time_text(line["t"]),
        str(line["point"]),
        str(line["kind"]),
        str(text),
        {key: value if type(value) in _PLAIN else plain(value) for key, value in data.items()},
        bytes.fromhex(raw).hex() if raw else "",
    )


def _time_text(text: str) -> str:
    """Return a time as `Entry` has it."""
    moment = datetime.fromisoformat(text)  # ValueError, if it is none
    if text[TIME_LENGTH:] == "+00:00":
        return text[:TIME_LENGTH]
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:TIME_LENGTH]


def plain(value: Any) -> Any:
    """Return a JSON value as a browser reads it exactly: no NaN, no integer beyond 2^53."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is int:
        return value if -EXACT_INTEGER < value < EXACT_INTEGER else str(value)
    if kind is float:
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else str(value)


def listed_entries(entries: Sequence[Entry], routine: frozenset[str] = ROUTINE) -> list[Entry]:
    """Return the entries worth a row of the log table.

    All, but of the mains samples only those where it changes, and of `routine` frames the first few.
    """
    frames = [entry for entry in entries if is_routine(entry, routine)]
    left_out = {id(entry) for entry in frames[ROUTINE_LISTED:]}
    samples = [entry for entry in entries if is_sample(entry)]
    keep: set[int] = {id(entry) for entry in samples[:1] + samples[-1:]}
    for before, after in itertools.pairwise(samples):
        if _differ(before, after):
            keep |= {id(before), id(after)}
    left_out |= {id(entry) for entry in samples if id(entry) not in keep}
    return [entry for entry in entries if id(entry) not in left_out]


def is_routine(entry: Entry, routine: frozenset[str]) -> bool:
    """Tell whether an entry is one of the frames that say little, and nothing is wrong with it."""
    return entry.kind == "frame" and entry.data.get("what") in routine and "error" not in entry.data


def is_sample(entry: Entry) -> bool:
    """Tell whether an entry is a reading of the mains."""
    return entry.point == "mains" and entry.kind == "voltage" and number(entry.data.get("voltage")) is not None


def number(value: Any) -> float | None:
    """Return a JSON number as a float, None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _differ(before: Entry, after: Entry) -> bool:
    for key, steady in (("voltage", STEADY_VOLTS), ("frequency", STEADY_HERTZ)):
        if abs((number(before.data.get(key)) or 0.0) - (number(after.data.get(key)) or 0.0)) > steady:
            return True
    return False


def _duration(seconds: float) -> str:
    try:
        return format_duration(timedelta(seconds=round(seconds, 3)))
    except OverflowError:
        return f"{seconds:g} s"
