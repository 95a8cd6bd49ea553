"""Curves of radio links: what is read from the log, the table of a run, and the charts in a real browser."""

import csv
from pathlib import Path

import pytest

from bench.recorder import Recorder
from bench.runrecord import RunRecord, TestResult
from bench.verdict import Verdict
from reports.build import build_reports
from tests.reports.synthetic import START, Log
from tests.reports.test_browser import ask, browse, shown  # noqa: F401 - fixtures

FALLING = [(50, 2, 2, 2.9), (55, 2, 2, 3.1), (57, 2, 1, 6.0), (58, 2, 0, None)]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "RAD-101").mkdir(parents=True)
    recorder = Recorder()
    log = Log(recorder, folder / "RAD-101", 1)
    for number, (db, tried, answered, seconds) in enumerate(FALLING):
        point = {"attenuation": db, "tried": tried, "answered": answered, "answer_s": seconds, "retries": number}
        log.write(number, "link", "measurement", f"{db} dB", link="CHF - ESME", direction="falling signal", **point)
    log.write(9, "link", "measurement", None, link="CHF - ESME", direction="rising signal", attenuation="a lot")
    log.write(9, "link", "limits", None, link="CHF - ESME", limits={"works_to": 55, "lost_at": 58, "odd": "x"})
    axes = {"x_axis": "commands an hour", "y_axis": "time on air (%)"}
    for number, y in ((2, 0.4), (8, 1.5)):
        log.write(9, "link", "measurement", f"{y} %", link="hub", direction="more commands", x=number, y=y, **axes)
    log.write(9, "link", "limits", None, link="hub", limits={"limited": 2.5})
    result = TestResult("RAD-101", "A sweep", Verdict.PASS, "", ["R-HAN-032"], evidence="RAD-101")
    recorder.close()
    RunRecord("run", "virtual", 1, START, [], [result], recorder.head).save(folder)
    return build_reports(folder)["report"]


def test_the_table_of_the_run(report: Path) -> None:
    rows = list(csv.DictReader((report.parent / "curves.csv").open(encoding="utf-8")))
    assert [(float(row["attenuation_db"]), float(row["share"])) for row in rows[:4]] == [
        (50, 1), (55, 1), (57, 0.5), (58, 0)
    ]  # fmt: skip
    assert [(row["link"], row["x_axis"], float(row["x"]), float(row["y"])) for row in rows if row["x"]] == [
        ("hub", "commands an hour", 2, 0.4), ("hub", "commands an hour", 8, 1.5)
    ]  # fmt: skip
    assert rows[3]["answer_s"] == "" and rows[3]["test"] == "RAD-101" and rows[2]["retries"] == "2"


@pytest.mark.chromium
def test_in_a_browser(browse, ask, report) -> None:  # noqa: F811 - fixtures
    main = shown(browse(report, "#RAD-101"))
    chart, own = main.xpath(".//div[contains(@class, 'curve ')]")
    text = chart.text_content()
    assert "CHF - ESME" in text and "works to 55 dB" in text and "lost at 58 dB" in text
    assert len(chart.xpath(".//*[contains(@class, 'point')]")) >= len(FALLING)
    assert "odd" not in text
    assert "attenuation (dB)" in text and "answered (%)" in text
    text = own.text_content()
    assert "commands an hour" in text and "time on air (%)" in text and "limited 2.5" in text
    assert "attenuation" not in text and "dB" not in text
    assert len(own.xpath(".//*[contains(@class, 'point')]")) >= 2
