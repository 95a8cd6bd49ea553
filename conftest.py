"""Tests of this checkout see the bench's fixtures, options and verdicts."""

pytest_plugins = ["bench.plugin"]
