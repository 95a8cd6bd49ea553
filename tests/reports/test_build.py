"""`build_reports` on whole, crashed and damaged run folders: the files and what they say."""

import base64
import errno
import gzip
import itertools
import json
import re
from pathlib import Path
from typing import Any

import junitparser
import pytest
from lxml import etree, html

from bench.errors import BenchError
from bench.verdict import MAPPING, Verdict
from reports.build import build_reports
from reports.lanes import EVENT_POINTS, LINE_POINTS, figure, thinned_line
from reports.pages import ROUTINE_LISTED, ROUTINE_OF_PASSED, Entry, listed_entries
from tests.reports.synthetic import HOSTILE, REASON, write_run

_EXTERNAL = re.compile(r"^\s*(https?:)?//", re.IGNORECASE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_run(tmp_path_factory.mktemp("runs") / "run")
    build_reports(folder)
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> Any:
    return html.fromstring((run / "report.html").read_text(encoding="utf-8"))


def evidence(page: Any, anchor: str) -> Any:
    (section,) = [one for one in page.iter("main") if one.get("data-anchor") == anchor]
    (script,) = section.xpath(".//script")
    return json.loads(gzip.decompress(base64.b64decode(script.text)))


def lane(page: Any, anchor: str, title: str) -> Any:
    (found,) = [one for one in evidence(page, anchor)["lanes"] if one["title"] == title]
    return found


def test_many_processes_make_the_same_report(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = (run / "report.html").read_bytes()
    monkeypatch.setattr("reports.drawing.MUCH", 0)
    build_reports(run)
    assert (run / "report.html").read_bytes() == alone


def test_paths_by_kind(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    assert list(build_reports(folder)) == ["report", "junit", "record"]
    (folder / "allure-results").mkdir()
    reports = build_reports(folder)
    assert list(reports) == ["report", "allure", "junit", "record"]
    assert all(path.exists() for path in reports.values())
    assert not list(folder.glob("*.tmp"))


def test_cards_worst_first_with_whole_reason(page: Any) -> None:
    cards = page.xpath("//article")
    assert [card.xpath(".//span[@class='id']")[0].text for card in cards] == [
        "COS-003",
        "COS-001",
        "COS-002",
        "HAN-001",
        "HAN-002",
        "HAN-003",
    ]
    assert cards[1].xpath(".//pre")[0].text_content() == REASON
    text = cards[1].text_content()
    assert all(cited in text for cited in ("R-FUT-015", "R-CRD-041", "IN.02"))
    assert cards[1].xpath(".//a/@href")[0] == "#COS-001"
    assert "#COS-001/4" in cards[1].xpath(".//pre/a/@href")


def test_identity_counts_and_table(page: Any) -> None:
    header = page.xpath("//header")[0].text_content()
    assert all(
        word in header
        for word in ("20261120-100000-7f3a", "virtual", "2026-11-20 10:00:00", "esme-forgets-future-dated")
    )
    counts = [one.text_content().split() for one in page.xpath("//ul[@class='counts']/li")]
    assert counts == [
        ["1", "error"],
        ["1", "fail"],
        ["1", "inconclusive"],
        ["1", "pass"],
        ["3", "not-run"],
        ["1", "not-applicable"],
        ["8", "tests"],
    ]
    rows = {row.xpath("./td")[0].text_content(): row for row in page.xpath("//table[@class='tests']/tbody/tr")}
    assert len(rows) == 8
    cells = [cell.text_content().strip() for cell in rows["COS-001"].xpath("./td")]
    assert cells[2:5] == ["fail", "3 min 24.5 s", "1.25 s"]
    assert cells[7] == "CS02b"


def test_nothing_is_fetched(page: Any, run: Path) -> None:
    for one in page.iter():
        for name in ("src", "href", "action", "data", "srcset"):
            assert not _EXTERNAL.match(one.get(name, "")), (one.tag, one.get(name))
    assert not page.xpath("//link | //iframe | //object | //script[@src]")
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none';")
    assert (run / "report.html").read_text(encoding="utf-8").count("plotly.js v") == 1


def test_evidence_links_are_relative_and_exist(page: Any, run: Path) -> None:
    links = page.xpath("//a[@class='file']/@href")
    assert {
        "./COS-001/timeline.jsonl",
        "./COS-001/mains.csv",
        "./COS-001/han.pcapng",
        "./COS-003-traceback.txt",
    } <= set(links)
    assert all((run / link).is_file() for link in links)


def test_lanes(page: Any) -> None:
    found = evidence(page, "COS-001")
    assert [one["title"] for one in found["lanes"]] == [
        "Mains",
        "Radio link attenuation",
        "Signal at the sniffer, by link",
        "Home area network",
        "DCC",
        "Local messages",
        "Observation point operator",
        "Observation point teapot",
        "Power events, steps and checks",
    ]
    assert lane(page, "COS-001", "DCC")["rows"] == ["request", "acknowledgement", "response", "alert", "dcc-alert"]
    names = {series["name"]: series for series in lane(page, "COS-001", "Home area network")["series"]}
    assert {"HAN frame", "GBCS message complete", "not decrypted", "damaged frame"} == set(names)
    (undecrypted,) = names["not decrypted"]["at"]
    assert found["rows"][undecrypted][4] == "no key for this frame"
    bench = {series["name"] for series in found["lanes"][-1]["series"]}
    assert {"check holds", "check failed", "verdict fail", "power event", "step"} <= bench


def test_the_signal_of_each_link_is_drawn_over_time() -> None:
    def frame(number: int, source: str, level: object) -> Entry:
        return Entry(
            number, f"2026-11-20T10:00:{number:02}", "han", "frame", "", {"src": source, "dst": "CHF", "rssi": level}
        )

    entries = [
        frame(0, "ESME", -40),
        frame(1, "GSME", -71),
        frame(2, "ESME", -43),
        frame(3, "ESME", "nan"),
        frame(4, "", -9),
    ]
    signal = figure(entries, entries)["lanes"][0]
    assert signal["unit"] == "dBm"
    assert [(line["name"], line["y"]) for line in signal["lines"]] == [
        ("ESME → CHF", [-40, -43]),
        ("GSME → CHF", [-71]),
    ]


def test_a_crowded_lane_keeps_every_row_and_every_unusual_frame() -> None:
    def frame(number: int) -> Entry:
        data = {"src": "ABC"[number % 3], "dst": "hub", "error": "cut short" if number == 7001 else None}
        return Entry(
            number, f"2026-11-20T10:{number // 600:02}:{number // 10 % 60:02}.{number % 10}", "han", "frame", "", data
        )

    entries = [frame(number) for number in range(3 * EVENT_POINTS)]
    (crowded,) = figure(entries, entries)["lanes"]
    ordinary, damaged = crowded["series"]
    assert EVENT_POINTS * 0.9 < len(ordinary["at"]) <= EVENT_POINTS + 3
    assert [ordinary["y"].count(row) for row in range(3)] == [pytest.approx(EVENT_POINTS / 3, rel=0.1)] * 3
    assert damaged["at"] == [7001]
    assert f"of {len(entries) - 1} ordinary frames drawn" in crowded["note"]


def test_a_thinned_line_keeps_the_extremes() -> None:
    samples = [(str(number), 230.0) for number in range(10 * LINE_POINTS)]
    samples[12345], samples[23456] = ("12345", 0.0), ("23456", 264.0)
    thin = thinned_line(samples)
    assert len(thin) <= LINE_POINTS + 4
    assert {samples[0], samples[12345], samples[23456], samples[-1]} <= set(thin)


def test_outages_and_program(page: Any) -> None:
    found = evidence(page, "COS-001")
    assert [(start[11:19], end[11:19]) for start, end in found["outages"]] == [
        ("10:02:00", "10:03:00"),
        ("10:03:15", "10:03:17"),
    ]
    measured, commanded = found["lanes"][0]["lines"]
    assert {0.4, 92.0, 230.0} <= set(measured["y"])
    assert commanded["y"] == [92, 92, 0, 0, 230, 230, None]
    attenuation = found["lanes"][1]["lines"][0]
    assert attenuation["y"] == [20, 0, 0]


def test_every_entry_is_listed_but_steady_mains(page: Any) -> None:
    found = evidence(page, "COS-001")
    log = found["rows"]
    assert {"teapot", "operator"} <= {row[2] for row in log}
    assert next(row for row in log if row[2] == "teapot")[4] == "brewing"
    assert found["steady"] == found["samples"] - sum(1 for row in log if row[3] == "voltage") > 20
    assert next(row for row in log if row[3] == "request")[5]["counter"] == str(2**64 - 1), "exact beyond 2^53"
    assert next(row for row in log if row[3] == "response")[6] == "3d" * 40


def test_hostile_strings_stay_text(page: Any, run: Path) -> None:
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "<img" not in text.replace(page.xpath("//script[not(@type)]")[0].text, "")
    assert len(page.xpath("//script[not(@type)]")) == 5, "plotly and the four of the report"
    row = evidence(page, "COS-003")["rows"][0]
    assert row[4] == HOSTILE
    assert row[5]["rssi"] == "nan"


def test_the_test_the_run_died_in(page: Any) -> None:
    died, after = (one for one in page.iter("main") if one.get("data-anchor") in ("HAN-002", "HAN-003"))
    assert "the run ended during this test" in died.xpath(".//pre")[0].text
    assert [row[4] for row in evidence(page, "HAN-002")["rows"]] == ["read the registers"]
    assert "there is no evidence" in after.text_content()


def test_junit(run: Path) -> None:
    document = junitparser.JUnitXml.fromfile(str(run / "junit.xml"))
    assert (document.tests, document.failures, document.errors, document.skipped) == (8, 1, 2, 4)
    suites = {suite.name: suite for suite in document}
    assert list(suites) == ["PWR", "COS", "GAS", "HAN"]
    failing = next(case for case in suites["COS"] if case.name.startswith("COS-001 "))
    assert failing.is_failure
    assert failing.time == 1.25
    assert failing.result[0].text == REASON
    root = etree.parse(run / "junit.xml").getroot()
    assert root.tag == "testsuites"
    cases = root.xpath("./testsuite/testcase")
    assert all(case.get("name") and case.get("time") and case.get("classname") for case in cases)
    for case in cases:
        said = {one.get("name"): one.get("value") for one in case.xpath("./properties/property")}
        kinds = [child.tag for child in case if child.tag != "properties"]
        expected = MAPPING[Verdict(said["verdict"])].junit
        assert kinds == ([expected] if expected else [])
    assert {one.get("value") for one in cases[1].xpath("./properties/property[@name='rule']")} == {
        "R-FUT-015",
        "R-CRD-041",
    }


def test_rebuilding_gives_the_same_octets(run: Path) -> None:
    before = (run / "report.html").read_bytes(), (run / "junit.xml").read_bytes()
    build_reports(run)
    assert ((run / "report.html").read_bytes(), (run / "junit.xml").read_bytes()) == before


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(BenchError, match="give the folder of a run") as problem:
            build_reports(folder)
        assert "\n" not in str(problem.value)


@pytest.mark.parametrize("record", ["", "[]", "null", "{}", '{"tests": [1]}', '{"tests": null}', "\x00", "[" * 100_000])
def test_a_damaged_record(tmp_path: Path, record: str) -> None:
    (tmp_path / "run.json").write_text(record)
    with pytest.raises(BenchError) as problem:
        build_reports(tmp_path)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "line",
    [
        b'{"n":9}',
        b'{"n":9,"t":"then","point":"a","kind":"b","data":{}}',
        b'{"n":9,"t":"2026-11-20T10:00:00+00:00","point":"a","kind":"b","data":{},"raw":"xyz"}',
        b"[]",
        b"7",
        b"\xff\xfe",
        b'{"n":9,"t":"2026-11-20T10:00:00+00:00","point":"a","kind":"b","data":' + b"[" * 100_000,
    ],
)
def test_a_damaged_log_is_told(tmp_path: Path, line: bytes) -> None:
    folder = write_run(tmp_path / "run")
    log = folder / "PWR-001" / "timeline.jsonl"
    log.write_bytes(log.read_bytes() + line + b"\n" + line + b"\n")
    build_reports(folder)
    page = html.parse(str(folder / "report.html")).getroot()
    (section,) = [one for one in page.iter("main") if one.get("data-anchor") == "PWR-001"]
    assert "timeline.jsonl can be read up to line" in section.xpath(".//p[@class='notice']")[0].text


def test_any_entry_is_shown(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    log = folder / "PWR-001" / "timeline.jsonl"
    points = ["mains", "link", "han", "dcc", "local", "bench", "elsewhere"]
    kinds = ["frame", "stimulus", "voltage", "request", "verdict"]
    values: list[Any] = [
        [],
        None,
        "text",
        {"text": 7},
        {"text": ["\ud800"]},
        {"attenuation": "x", "output": 3, "src": {}},
    ]
    every = list(itertools.product(points, kinds, values))
    with log.open("a") as file:
        for n, (point, kind, data) in enumerate(every, 100):
            line = {"n": n, "t": "2026-11-20T10:00:00+00:00", "point": point, "kind": kind, "data": data}
            file.write(json.dumps(line) + "\n")
    build_reports(folder)
    page = html.parse(str(folder / "report.html")).getroot()
    assert [row[0] for row in evidence(page, "PWR-001")["rows"]] == [1, 2, *range(100, 100 + len(every))]


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\x0b", "\r"])
def test_a_line_separator_in_a_string_hides_nothing_silently(tmp_path: Path, separator: str) -> None:
    folder = write_run(tmp_path / "run")
    log = folder / "PWR-001" / "timeline.jsonl"
    data = {"text": f"a{separator}b"}
    line = {"n": 100, "t": "2026-11-20T10:00:00+00:00", "point": "han", "kind": "frame", "data": data}
    log.write_bytes(log.read_bytes() + json.dumps(line, ensure_ascii=False).encode() + b"\n")
    build_reports(folder)
    text = (folder / "report.html").read_text()
    last = evidence(html.fromstring(text), "PWR-001")["rows"][-1]
    assert last[0] == 100 or "can be read up to line 3 of 4 only" in text


def test_evidence_outside_the_run_is_not_read(tmp_path: Path) -> None:
    outside = write_run(tmp_path / "other") / "COS-001"
    folder = write_run(tmp_path / "run")
    table = json.loads((folder / "run.json").read_text())
    for test, path in zip(table["tests"], ["../other/COS-001", str(outside), ".", "a\x00b"], strict=False):
        test["evidence"] = path
    (folder / "run.json").write_text(json.dumps(table))
    build_reports(folder)
    text = (folder / "report.html").read_text()
    assert text.count("there is no evidence of this test") == 7
    assert "../other" not in text


def test_odd_values_in_the_record(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    table = json.loads((folder / "run.json").read_text())
    odd = {
        "reason": None,
        "rules": None,
        "duration_s": "soon",
        "rig_duration_s": 1e300,
        "title": "\ud800 \x00",
        "evidence": None,
    }
    table["tests"][0].update(odd)
    table["tests"][1].update({"id": "COS-002", "rig_duration_s": float("nan")})
    table["defects"], table["seed"], table["chain"] = None, None, None
    (folder / "run.json").write_text(json.dumps(table))
    build_reports(folder)
    page = html.parse(str(folder / "report.html")).getroot()
    anchors = [one.get("data-anchor") for one in page.iter("main") if one.get("data-anchor")]
    assert anchors[1:3] == ["COS-002", "COS-002~2"]
    junitparser.JUnitXml.fromfile(str(folder / "junit.xml"))


def test_a_full_disk_is_told_and_leaves_the_old_report(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (run / "report.html").read_bytes()

    def full(path: Path, octets: bytes) -> int:
        with path.open("wb") as file:
            file.write(octets[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BenchError, match=r"cannot write .*report\.html: No space left on device; free some space"):
        build_reports(run)
    assert (run / "report.html").read_bytes() == before
    assert not list(run.glob("*.tmp"))


def test_routine_frames_are_listed_up_to_a_few(tmp_path: Path) -> None:
    def entry(number: int, what: str, **more: Any) -> Entry:
        return Entry(number, "2026-11-20T10:00:00", "han", "frame", what, {"what": what} | more, "")

    frames = [entry(number, "LinkStatus") for number in range(500)] + [entry(500, "ack"), entry(501, "Leave")]
    frames += [entry(502, "LinkStatus", error="truncated")]
    listed = listed_entries(frames)
    assert [one.number for one in listed] == [*range(ROUTINE_LISTED), 500, 501, 502], "damage is always listed"
    assert 500 not in [one.number for one in listed_entries(frames, ROUTINE_OF_PASSED)]
