"""The lanes of a test's time axis: what each observation point saw, one above the other.

A lane of lines carries its own points. A lane of events names entries of the log by their index, so that the page
holds each text once.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from bench.verdict import MAPPING
from reports.pages import Entry, is_sample, number

BLUE, TEAL, ORANGE, RED, GREEN, VIOLET, GREY = (
    "#1565c0",
    "#00796b",
    "#b35900",
    "#c62828",
    "#2e7d32",
    "#6a1b9a",
    "#5f6672",
)
COLOURS = (BLUE, TEAL, ORANGE, VIOLET, GREEN, RED, GREY)
LINE_POINTS = 4000  #: a measured line is thinned to about so many points, keeping each minimum and maximum
EVENT_POINTS = 6000  #: so many markers of ordinary frames a lane; beyond, they are thinned
HAN_ROWS = 8

Style = tuple[str, str, str]  #: name in the legend, plotly symbol, colour
DCC = {
    "request": ("service request", "triangle-right", BLUE),
    "acknowledgement": ("acknowledgement", "circle-open", TEAL),
    "response": ("response", "triangle-left", TEAL),
    "alert": ("device alert", "star", ORANGE),
    "dcc-alert": ("DCC alert", "star-diamond", VIOLET),
}
LOCAL = {"delivery": ("local delivery", "square", BLUE), "response": ("local response", "square-open", TEAL)}
BENCH_ROWS = ["power", "radio link", "step", "check", "verdict"]
FRAME: Style = ("HAN frame", "line-ns-open", BLUE)
GBCS_MESSAGE: Style = ("GBCS message complete", "diamond", TEAL)
UNDECRYPTED: Style = ("not decrypted", "x-thin-open", ORANGE)
DAMAGED: Style = ("damaged frame", "x", RED)


@dataclass(slots=True)
class Line:
    """A line: ISO times, values (None is a gap), and how it is drawn."""

    name: str
    x: list[str | None]
    y: list[float | None]
    colour: str
    steps: bool = False
    dash: str = "solid"


@dataclass(slots=True)
class Series:
    """Markers of one look: indices into the log, and the row of the lane each stands on."""

    name: str
    symbol: str
    colour: str
    at: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Lane:
    """One lane: lines over a unit, or events on named rows."""

    title: str
    unit: str = ""
    rows: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    series: dict[Style, Series] = field(default_factory=dict)
    keyed: bool = False  #: whether the legend names every series, not only those that share a row
    note: str = ""

    def add(self, row: str, style: Style, index: int) -> None:
        """Put the entry at `index` of the log on a row."""
        if row not in self.rows:
            self.rows.append(row)
        series = self.series.setdefault(style, Series(*style))
        series.at.append(index)
        series.y.append(self.rows.index(row))

    def order(self, first: Sequence[str]) -> "Lane":
        """Put the rows named in `first` before the others, in that order, and return this lane."""
        before = self.rows
        self.rows = [row for row in first if row in before] + [row for row in before if row not in first]
        for series in self.series.values():
            series.y = [self.rows.index(before[row]) for row in series.y]
        return self


def figure(entries: Sequence[Entry], listed: Sequence[Entry]) -> dict[str, Any]:
    """Return the time axis of a test as a JSON object: lanes, outages (from, to), first and last instant.

    `entries` is the whole log, `listed` the part of it that markers point into.
    """
    if not entries:
        return {"lanes": [], "outages": [], "range": []}
    first, last = min(entry.time for entry in entries), max(entry.time for entry in entries)
    measured = (_mains(entries), _link(entries, last), _signal(entries))
    lanes = [lane for lane in (*measured, *_events(listed)) if lane is not None]
    for lane in lanes:
        thin_frames(lane, listed)
    return {
        "lanes": [
            _shallow(lane)
            | {"lines": list(map(_shallow, lane.lines)), "series": list(map(_shallow, lane.series.values()))}
            for lane in lanes
        ],
        "outages": outages(entries, last),
        "range": [first, last],
    }


def _shallow(value: Lane | Line | Series) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _mains(entries: Sequence[Entry]) -> Lane | None:
    lane = Lane("Mains", "V")
    samples = [(entry.time, number(entry.data["voltage"]) or 0.0) for entry in entries if is_sample(entry)]
    if samples:
        thin = thinned_line(samples)
        lane.lines.append(Line("measured voltage", [time for time, _ in thin], [volts for _, volts in thin], BLUE))
    commanded = Line("commanded program", [], [], ORANGE, steps=True, dash="dot")
    for entry in entries:
        steps = program(entry)
        for start, end, volts in steps:
            commanded.x += [start, end]
            commanded.y += [volts, volts]
        if steps:
            commanded.x.append(None)
            commanded.y.append(None)
    if commanded.x:
        lane.lines.append(commanded)
    return lane if lane.lines else None


def _link(entries: Sequence[Entry], last: str) -> Lane | None:
    line = Line("attenuation", [], [], VIOLET, steps=True)
    for entry in entries:
        attenuation = number(entry.data.get("attenuation"))
        if entry.point == "link" and attenuation is not None:
            line.x.append(entry.time)
            line.y.append(attenuation)
    if not line.x:
        return None
    line.x.append(last)
    line.y.append(line.y[-1])
    return Lane("Radio link attenuation", "dB", lines=[line])


def _signal(entries: Sequence[Entry]) -> Lane | None:
    levels: dict[str, list[tuple[str, float]]] = {}
    for entry in entries:
        if entry.point != "han" or entry.kind != "frame":
            continue
        data = entry.data
        level, source, destination = number(data.get("rssi")), _name(data.get("src")), _name(data.get("dst"))
        if level is not None and source != "?" and destination != "?":
            levels.setdefault(f"{source} → {destination}", []).append((entry.time, level))
    busiest = sorted(levels, key=lambda link: -len(levels[link]))[:HAN_ROWS]
    lines = []
    for link, colour in zip(busiest, itertools.cycle(COLOURS)):
        thin = thinned_line(levels[link])
        lines.append(Line(link, [time for time, _ in thin], [level for _, level in thin], colour))
    left_out = len(levels) - len(busiest)
    note = f"the {len(busiest)} busiest of {len(levels)} links" if left_out else ""
    return Lane("Signal at the sniffer, by link", "dBm", lines=lines, note=note) if lines else None


def program(entry: Entry) -> list[tuple[str, str, float]]:
    """Return the steps (from, to, volts) of the mains program that an entry commands."""
    steps = entry.data.get("program")
    if entry.point != "mains" or not isinstance(steps, list):
        return []
    at, found = datetime.fromisoformat(entry.time), []
    for step in steps:
        pair = [number(value) for value in step] if isinstance(step, list) else []
        if len(pair) != 2 or pair[0] is None or pair[1] is None:
            return []
        try:
            end = at + timedelta(seconds=pair[1])
        except (OverflowError, ValueError):
            return []
        found.append((_iso(at), _iso(end), pair[0]))
        at = end
    return found


def outages(entries: Sequence[Entry], last: str) -> list[tuple[str, str]]:
    """Return when the feed was commanded off: between its stimuli, and in programs that go to 0 V."""
    found, off = [], ""
    for entry in entries:
        if entry.point != "mains" or entry.kind != "stimulus":
            continue
        found += [(start, end) for start, end, volts in program(entry) if volts == 0]
        if entry.data.get("output") is False:
            off = off or entry.time
        elif entry.data.get("output") is True and off:
            found.append((off, entry.time))
            off = ""
    return found + ([(off, last)] if off else [])


def _events(listed: Sequence[Entry]) -> list[Lane]:
    han, dcc = Lane("Home area network", keyed=True), Lane("DCC")
    local, bench = Lane("Local messages"), Lane("Power events, steps and checks")
    others: dict[str, Lane] = {}
    place = _han_rows(listed)
    for index, entry in enumerate(listed):
        match entry.point:
            case "mains" if is_sample(entry):
                continue
            case "mains":
                bench.add("power", ("power event", "square", VIOLET), index)
            case "link":
                bench.add("radio link", ("radio link", "square-open", VIOLET), index)
            case "han" if entry.kind == "frame":
                han.add(place(entry), _frame_style(entry), index)
            case "dcc":
                dcc.add(entry.kind, DCC.get(entry.kind, _style(entry)), index)
            case "local":
                local.add(entry.kind, LOCAL.get(entry.kind, _style(entry)), index)
            case "bench":
                bench.add(entry.kind, _bench_style(entry), index)
            case _:
                title = "Home area network, other" if entry.point == "han" else f"Observation point {entry.point}"
                others.setdefault(entry.point, Lane(title)).add(entry.kind, _style(entry), index)
    lanes = (han, dcc.order(list(DCC)), local.order(list(LOCAL)), *others.values(), bench.order(BENCH_ROWS))
    return [lane for lane in lanes if lane.rows]


def _han_rows(listed: Sequence[Entry]) -> Any:
    def direction(entry: Entry) -> str:
        ends = [_name(entry.data.get(end)) for end in ("src", "dst")]
        return " → ".join(ends) if set(ends) != {"?"} else "no addresses"

    def source(entry: Entry) -> str:
        return f"from {_name(entry.data.get('src'))}"

    frames = [entry for entry in listed if entry.point == "han" and entry.kind == "frame"]
    for row in (direction, source):
        if len({row(entry) for entry in frames}) <= HAN_ROWS:
            return row
    return lambda entry: "frames"


def _name(value: Any) -> str:
    return str(value)[:24] if value not in (None, "", "-") else "?"


def _frame_style(entry: Entry) -> Style:
    if entry.data.get("error"):
        return DAMAGED
    if isinstance(entry.data.get("decrypted"), str) or entry.data.get("decrypted") is False:
        return UNDECRYPTED
    if entry.data.get("use_case") or entry.data.get("message_code") is not None:
        return GBCS_MESSAGE
    return FRAME


def _bench_style(entry: Entry) -> Style:
    match entry.kind:
        case "step":
            return ("step", "circle-open", GREY)
        case "check":
            holds = entry.data.get("holds") is not False
            return ("check holds", "circle", GREEN) if holds else ("check failed", "x", RED)
        case "verdict":
            said = str(entry.data.get("verdict"))
            colour = next((MAPPING[verdict].colour for verdict in MAPPING if verdict == said), GREY)
            return (f"verdict {said}"[:40], "hexagram", colour)
    return _style(entry)


def _style(entry: Entry) -> Style:
    return (f"{entry.point} {entry.kind}"[:40], "diamond-open", GREY)


def thinned_line(samples: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return a line of about LINE_POINTS points that still shows every extreme of `samples`."""
    if len(samples) <= LINE_POINTS:
        return list(samples)
    size = -(-len(samples) * 4 // LINE_POINTS)
    kept: list[tuple[str, float]] = []
    for start in range(0, len(samples), size):
        indices = range(start, min(start + size, len(samples)))
        lowest, highest = (pick(indices, key=lambda index: samples[index][1]) for pick in (min, max))
        kept += [samples[index] for index in sorted({indices[0], lowest, highest, indices[-1]})]
    return kept


def thin_frames(lane: Lane, listed: Sequence[Entry]) -> None:
    """Leave the ordinary frames of a crowded lane one a row and slice of time; every other marker stays."""
    frames = lane.series.get(FRAME)
    if frames is None or len(frames.at) <= EVENT_POINTS:
        return
    instants = [datetime.fromisoformat(listed[index].time) for index in frames.at]
    first, slices = min(instants), max(EVENT_POINTS // len(lane.rows), 1)
    width = (max(instants) - first) / slices or timedelta(seconds=1)
    kept: dict[tuple[int, int], int] = {}
    for place, instant in enumerate(instants):
        kept.setdefault((frames.y[place], (instant - first) // width), place)
    lane.note = f"{len(kept)} of {len(instants)} ordinary frames drawn, the table has all"
    lane.series[FRAME] = Series(
        *FRAME, [frames.at[one] for one in kept.values()], [frames.y[one] for one in kept.values()]
    )


def _iso(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")
