"""The sequence diagram of a join: drawn from frames of the virtual home, and seen in a real browser."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree, html

from bench.recorder import Recorder
from bench.runrecord import RunRecord, TestResult
from bench.verdict import Verdict
from reports.build import build_reports
from reports.joins import diagram, find_joins
from reports.pages import Entry
from rigs.virtual.addresses import NEWCOMER_EUI
from tests.reports.synthetic import START, Log
from tests.reports.test_browser import ask, browse, shown  # noqa: F401 - fixtures
from tests.virtual.test_joining import joined
from tests.virtual.test_radio import dissected

DEVICE = str(NEWCOMER_EUI)


@pytest.fixture(scope="module")
def heard():
    """Frames of a join: what each is, whether it was decrypted, its octets, its second."""
    bench = joined()
    start = bench.frames[0][0]
    return [
        ((time - start).total_seconds(), frame.command, frame.decrypted, psdu)
        for (time, psdu, _), frame in zip(bench.frames, dissected(bench), strict=True)
    ]


def entries(heard):
    made = []
    for number, (second, what, decrypted, psdu) in enumerate(heard):
        time = f"2030-01-07T09:{int(second) // 60:02}:{second % 60:09.6f}"
        data = {"what": what, "decrypted": decrypted, "fcs": True}
        made.append(Entry(number, time, "han", "frame", what, data, psdu.hex()))
    return made


def test_messages_in_order(heard):
    (join,) = find_joins(entries(heard))
    assert (join.device, join.outcome) == (DEVICE, "key established")
    assert join.lifelines == [DEVICE, "hub"]
    words = [one.words for one in join.messages]
    assert words[:4] == ["beacon request", "beacon, open for joining", "association request", "poll"]
    assert words[4].startswith("association response, address ")
    steps = [one for one in words if one.endswith(("Request", "Response"))]
    assert steps == [
        "InitiateRequest", "InitiateResponse", "EphemeralDataRequest", "EphemeralDataResponse", "ConfirmKeyRequest",
        "ConfirmKeyResponse",
    ]  # fmt: skip
    times = [one.time for one in join.messages]
    assert times == sorted(times)


def test_a_frame_heard_twice_is_one_message(heard):
    once = entries(heard)
    twice = [one for entry in once for one in (entry, replace(entry, data=entry.data | {"copy_of": "another sniffer"}))]
    assert [len(join.messages) for join in find_joins(twice)] == [len(join.messages) for join in find_joins(once)]


def test_damaged_frames_are_no_steps(heard):
    damaged = [replace(entry, raw=entry.raw[:6]) for entry in entries(heard)]
    assert find_joins(damaged) == []
    assert find_joins([replace(entry, raw="no hex") for entry in entries(heard)]) == []


def test_without_an_association_there_is_no_join(heard):
    others = [entry for entry in entries(heard) if entry.data["what"] != "AssociationRequest"]
    assert find_joins(others) == []


def test_the_drawing_has_an_arrow_for_each_message(heard):
    (join,) = find_joins(entries(heard))
    drawing = etree.fromstring(str(diagram(join)))
    arrows = [line for line in drawing.iter("line") if line.get("class") == "message"]
    assert len(arrows) == len(join.messages)
    heights = [float(line.get("y1")) for line in arrows]
    assert heights == sorted(set(heights))
    assert max(heights) < float(drawing.get("height"))
    assert all(0 <= float(line.get(x)) <= float(drawing.get("width")) for line in arrows for x in ("x1", "x2"))


def test_hostile_names_stay_text(heard):
    (join,) = find_joins(entries(heard))
    join.messages[-1].words = "</text><script>alert(1)</script>"
    drawing = etree.fromstring(str(diagram(join)))
    assert not list(drawing.iter("script"))


@pytest.fixture(scope="module")
def report(heard, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    (folder / "HAN-101").mkdir(parents=True)
    recorder = Recorder()
    log = Log(recorder, folder / "HAN-101", 1)
    for second, what, decrypted, psdu in heard:
        log.write(second, "han", "frame", what, psdu, what=what, decrypted=decrypted, fcs=True, src="?", dst="?")
    result = TestResult("HAN-101", "A device joins", Verdict.PASS, "", ["R-HAN-030"], evidence="HAN-101")
    recorder.close()
    RunRecord("run", "virtual", 1, START, [], [result], recorder.head).save(folder)
    return build_reports(folder)["report"]


@pytest.mark.chromium
def test_in_a_browser(browse, ask, report):  # noqa: F811 - fixtures
    main = shown(browse(report, "#HAN-101"))
    (join,) = main.xpath(".//details[@class='join']")
    assert f"Join of {DEVICE}: key established" in html.tostring(join, encoding="unicode")
    labels = [text.text_content() for text in join.xpath(".//*[local-name()='text']")]
    assert {"beacon request (to all)", "InitiateRequest", "ConfirmKeyResponse", "hub", DEVICE} <= set(labels)
    overlaps = """() => {
      document.querySelector('main:not([hidden]) details.join').open = true;
      const boxes = [...document.querySelectorAll('main:not([hidden]) svg.join text.words')].map(
        one => one.getBoundingClientRect());
      return boxes.every(box => box.width > 10) && boxes.every((box, at) => !at || box.top >= boxes[at - 1].bottom - 6);
    }"""
    assert ask(overlaps, "#HAN-101") == "true"
