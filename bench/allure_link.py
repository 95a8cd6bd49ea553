"""Allure: where its results go, the status of each verdict, labels and attachments."""

import contextlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import allure
import allure_commons
import pytest
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Label, StatusDetails
from allure_commons.model2 import TestResult as AllureResult
from allure_pytest.listener import AllureListener  # type: ignore[import-untyped]

from bench.observation import Observation
from bench.runrecord import TestResult
from bench.verdict import MAPPING

RESULTS = "allure-results"
STEPS = frozenset({"stimulus", "request", "delivery", "check"})
_KINDS = {
    ".jsonl": ("application/x-ndjson", "jsonl"),
    ".pcapng": ("application/vnd.tcpdump.pcap", "pcapng"),
    ".csv": ("text/csv", "csv"),
}


class AllureLink:
    """Writes verdict, title and citations into each Allure result before it is stored."""

    def __init__(self) -> None:
        self._settled: TestResult | None = None

    def settle(self, result: TestResult) -> None:
        """Remember the outcome of the test whose Allure result comes next."""
        self._settled = result

    def step(self, seen: Observation) -> None:
        """Show what a test does and checks as Allure steps; a check that does not hold is a failed one."""
        if seen.kind not in STEPS:
            return
        with contextlib.suppress(AssertionError), allure.step(str(seen.data.get("text", seen.kind))):
            if seen.data.get("holds") is False:
                raise AssertionError(f"was {seen.data.get('value')}")

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: AllureResult) -> None:
        """Correct a result on its way to the file."""
        settled, self._settled = self._settled, None
        if settled is None:
            return
        result.name = f"{settled.id} {settled.title}"
        result.status = MAPPING[settled.verdict].allure
        if settled.reason:
            result.statusDetails = StatusDetails(message=settled.reason)
        result.labels.append(Label("verdict", settled.verdict.value))
        result.labels += [Label("tag", tag) for tag in (*settled.rules, *settled.requirements, *settled.use_cases)]


def register(config: pytest.Config, folder: Path) -> AllureLink:
    """Write Allure results to the run folder, unless the user chose another place with --alluredir."""
    link = AllureLink()
    allure_commons.plugin_manager.register(link)
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(link))
    if config.pluginmanager.has_plugin("allure_listener"):
        return link
    listener = AllureListener(config)
    config.pluginmanager.register(listener, "allure_listener")
    for plugin in (listener, AllureFileLogger(str(folder / RESULTS), False)):  # type: ignore[no-untyped-call]
        allure_commons.plugin_manager.register(plugin)
        config.add_cleanup(partial(allure_commons.plugin_manager.unregister, plugin))
    return link


def attach(files: Iterable[Path]) -> None:
    """Attach evidence files to the current test."""
    for path in files:
        if path.suffix in _KINDS:
            mime, extension = _KINDS[path.suffix]
            told = {"name": path.name, "attachment_type": mime, "extension": extension}
            allure.attach.file(str(path), **told)  # type: ignore[no-untyped-call]
