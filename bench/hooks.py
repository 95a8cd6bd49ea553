"""Hooks of the bench, for plugins that follow a run."""

from bench.runrecord import RunRecord, TestResult


def pytest_bench_plan(record: RunRecord) -> None:
    """Called once when it is known which tests the run is going to do."""


def pytest_bench_result(result: TestResult) -> None:
    """Called once for each test case when its verdict is settled."""
