"""The report in a real browser: what a reader sees by file://, and that nothing is asked of a network."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from reports.build import build_reports
from tests.reports.synthetic import HOSTILE, REASON, write_run

CHROMIUM = shutil.which("chromium")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--virtual-time-budget=8000",
]
# What a script of the test finds out: it runs at the end of a copy of the report without the content policy.
PROBE = """<script>addEventListener('load', () => setTimeout(async () => {
  const found = await (%s)();
  document.body.dataset.found = JSON.stringify(found);
}, 1500));</script></body>"""

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: install Debian's chromium"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_reports(write_run(tmp_path_factory.mktemp("runs") / "run"))["report"]


@pytest.fixture
def browse(tmp_path: Path) -> Callable[[Path, str], Any]:
    def load(path: Path, fragment: str = "") -> Any:
        assert CHROMIUM is not None
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr"]
        done = subprocess.run(
            [*command, "--dump-dom", path.as_uri() + fragment], capture_output=True, timeout=120, check=True
        )
        trouble = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
        assert not trouble, "the page complained on the console"
        return html.fromstring(done.stdout.decode())

    return load


@pytest.fixture
def ask(browse: Callable[..., Any], report: Path) -> Callable[[str, str], str]:
    def found(script: str, fragment: str = "") -> str:
        text = re.sub(r"<meta http-equiv=[^>]*>", "", report.read_text(encoding="utf-8"))
        copy = report.with_name("probed.html")
        copy.write_text(text.replace("</body>", PROBE % script), encoding="utf-8")
        return str(browse(copy, fragment).xpath("//body/@data-found")[0])

    return found


def shown(page: Any) -> Any:
    (main,) = page.xpath("//main[not(@hidden)]")
    return main


def test_first_screen_says_what_failed_and_why(browse: Callable[..., Any], report: Path) -> None:
    main = shown(browse(report))
    assert main.get("id") == "overview"
    reasons = [pre.text_content() for pre in main.xpath(".//article/pre")]
    assert REASON in reasons
    assert main.xpath(".//output[@id='test-count']")[0].text == "8 of 8 tests"


def test_failing_card_lies_on_the_first_screen(ask: Callable[..., str]) -> None:
    where = "() => document.querySelector('article.verdict-fail pre').getBoundingClientRect().bottom < 900"
    assert ask(where) == "true"


def test_no_horizontal_scroll(ask: Callable[..., str]) -> None:
    width = "() => document.documentElement.scrollWidth <= 1280"
    assert [ask(width, fragment) for fragment in ("", "#COS-001", "#COS-003")] == ["true"] * 3


def test_deep_link_shows_the_axis_and_the_log(browse: Callable[..., Any], report: Path) -> None:
    page = browse(report, "#COS-001")
    main = shown(page)
    assert main.get("data-anchor") == "COS-001"
    assert REASON in main.xpath("./pre")[0].text_content()
    plot = main.xpath(".//div[contains(@class, 'js-plotly-plot')]")
    assert len(plot) == 1
    assert plot[0].xpath(".//*[contains(@class, 'main-svg')]")
    assert len(plot[0].xpath(".//*[contains(@class, 'scatterlayer')]//*[contains(@class, 'trace')]")) >= 15
    assert "Radio link attenuation" in plot[0].text_content()
    rows = [row.text_content() for row in main.xpath(".//table[@class='entries']/tbody/tr")]
    assert any("AD1 power outage" in row for row in rows)
    assert any("teapot" in row for row in rows)
    assert len(page.xpath("//*[contains(@class, 'js-plotly-plot')]")) == 1, "the other tests' plots are not made yet"
    assert "Share chart" not in html.tostring(main).decode()


def test_deep_link_to_an_entry(browse: Callable[..., Any], report: Path) -> None:
    (row,) = shown(browse(report, "#COS-001/4")).xpath(".//tr[contains(@class, 'found')]")
    assert "6.23 to ESME" in row.text_content()
    assert '"counter": "18446744073709551615"' in row.text_content()


def test_hostile_strings_are_shown_as_text(browse: Callable[..., Any], report: Path) -> None:
    page = browse(report, "#COS-003")
    assert page.xpath("//title")[0].text == "COS-003 · 20261120-100000-7f3a · smets-bench"
    assert not page.xpath("//img")
    rows = shown(page).xpath(".//table[@class='entries']/tbody/tr")
    assert HOSTILE.replace("\x1b", "") in rows[0].text_content().replace("\x1b", "")


def test_unknown_page(browse: Callable[..., Any], report: Path) -> None:
    assert "no such test" in shown(browse(report, "#%E0%A4%A")).text_content()


def test_filters_of_the_tests(ask: Callable[..., str]) -> None:
    rows = (
        "[...document.querySelectorAll('table.tests tbody tr')]"
        ".filter((row) => !row.hidden).map((row) => row.cells[0].textContent)"
    )
    pressed = f"() => {{ document.querySelector('.chip[data-verdict=fail]').click(); return {rows}; }}"
    assert ask(pressed) == '["COS-001"]'
    typed = (
        "() => { const box = document.getElementById('test-text'); box.value = 'attenuation han'; "
        f"box.dispatchEvent(new Event('input')); return {rows}; }}"
    )
    assert ask(typed) == '["HAN-001"]'


def test_filters_of_the_timeline(ask: Callable[..., str]) -> None:
    script = """async () => {
      const page = document.querySelector('main[data-anchor="COS-001"]');
      const log = await made.get(page);
      const rows = () => page.querySelectorAll('.entries tbody tr').length;
      const counts = [];
      [...page.querySelectorAll('.log .chip')].find((chip) => chip.textContent === 'local').click();
      counts.push(rows());
      const box = page.querySelector('.log-text');
      box.value = 'by HAND';
      box.dispatchEvent(new Event('input'));
      counts.push(rows());
      log.reveal(4);
      counts.push(rows() > 50, page.querySelector('.found').cells[0].textContent);
      page.querySelector('.log-window').click();
      return [...counts, Plotly.version.split('.').length];
    }"""
    assert ask(script, "#COS-001") == '[2,1,true,"4",3]'


def test_zoom_narrows_the_log(ask: Callable[..., str]) -> None:
    script = """async () => {
      const page = document.querySelector('main[data-anchor="COS-001"]');
      await made.get(page);
      page.querySelector('.log-window').click();
      const range = ['2026-11-20 10:03:19.5', '2026-11-20 10:03:22.5'];
      await Plotly.relayout(page.querySelector('.plot'), {'xaxis.range': range});
      return [...page.querySelectorAll('.entries tbody tr')].map((row) => row.cells[2].textContent);
    }"""
    assert ask(script, "#COS-001") == '["local","local","operator","teapot"]'
