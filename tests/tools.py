"""Optional tools of the tests: a missing one is a skip with the reason, and a failure where all must be there (CI)."""

import os
import shutil

import pytest


def need(tool: str) -> str:
    """Return the path of a tool; skip the test, or fail it when BENCH_REQUIRE_TOOLS is set."""
    path = shutil.which(tool)
    if path is None and os.environ.get("BENCH_REQUIRE_TOOLS"):
        pytest.fail(f"{tool} is not installed and must be here")
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path
