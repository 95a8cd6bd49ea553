"""Hooks of the bench, for plugins that follow a run."""

from bench.runrecord import TestResult


def pytest_bench_result(result: TestResult) -> None:
    """Called once for each test case when its verdict is settled."""
