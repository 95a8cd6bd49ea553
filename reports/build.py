"""The reports of a run, built from nothing but the evidence in its folder; they can be built again at any time."""

import os
from pathlib import Path

from bench.errors import BenchError
from reports.curves import table
from reports.drawing import draw_all
from reports.html import report_html
from reports.junit import junit_xml
from reports.pages import read_pages


def build_reports(folder: Path) -> dict[str, Path]:
    """Write `report.html`, `junit.xml` and, where radio links were measured, `curves.csv` into a run folder.

    Returns what there is to read, by kind.

    Raises BenchError when the folder is not a run's or cannot be written.
    """
    record, pages = read_pages(folder)
    drawn = draw_all(pages)
    text = report_html(record, pages, drawn)
    reports = {"report": write_whole(folder / "report.html", text.encode(errors="replace"))}
    if (folder / "allure-results").is_dir():
        reports["allure"] = folder / "allure-results"
    measured = table([point for one in drawn for point in one.points])
    if measured is not None:
        reports["curves"] = write_whole(folder / "curves.csv", measured.encode())
    reports["junit"] = write_whole(folder / "junit.xml", junit_xml(record))
    reports["record"] = folder / "run.json"
    return reports


def write_whole(path: Path, octets: bytes) -> Path:
    """Write a file so that a reader sees the old or the new one, never half. Raises BenchError."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(octets)
        os.replace(draft, path)
    except OSError as problem:
        draft.unlink(missing_ok=True)
        remedy = "free some space or make the folder writable, and build the reports again"
        raise BenchError(f"cannot write {path}: {problem.strerror}; {remedy}") from None
    return path
