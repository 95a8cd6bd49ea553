"""What a terminal shows while tests run."""

import io

from rich.console import Console

from bench.live import LiveReport
from bench.runrecord import TestResult
from bench.verdict import Verdict


def test_the_variant_of_a_test_is_shown_whatever_it_is_called():
    out = io.StringIO()
    live = LiveReport(Console(file=out, soft_wrap=True, width=200))
    for name in ("PWR-012[short]", "PWR-012[/bold]", "PWR-012[20 ms]"):
        live.pytest_bench_result(TestResult(id=name, title="A brown-out [red]", verdict=Verdict.PASS))
    shown = out.getvalue().splitlines()
    assert [line.split("pass")[1].strip() for line in shown] == [
        "PWR-012[short] A brown-out [red]",
        "PWR-012[/bold] A brown-out [red]",
        "PWR-012[20 ms] A brown-out [red]",
    ]
