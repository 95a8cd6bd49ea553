"""The pytest plugin: options, the life of a test case, verdicts in the reports of pytest and Allure."""

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench.allure_link import AllureLink, attach, register
from bench.errors import BenchError, Failure, NotApplicable, UsageError
from bench.fixtures import *  # noqa: F403 - pytest finds fixtures in the plugin's namespace
from bench.home import Home
from bench.parallel import Controller, Part
from bench.runrecord import RunRecord
from bench.session import RunSession
from bench.testcase import case_of, is_for, is_for_hub, variant_of
from bench.verdict import MAPPING, Verdict, exit_code, verdict_of

SESSION = pytest.StashKey[RunSession]()
CONTROLLER = pytest.StashKey[Controller]()
PLANNED = pytest.StashKey[bool]()
REPORTS = pytest.StashKey[dict[str, Path]]()
ALLURE = pytest.StashKey[AllureLink]()
OUTCOMES = pytest.StashKey[list[tuple[Verdict, str]]]()
DEFAULT_RIG = "rigs/virtual.toml"
INVARIANTS = "invariants"  #: theme of the tests that come last


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run."""
    group = parser.getgroup("smets-bench")
    group.addoption("--rig", default=DEFAULT_RIG, help=f"rig file (default {DEFAULT_RIG})")
    group.addoption("--defect", action="append", default=[], metavar="REF", help="defect to put into the rig's world")
    group.addoption("--baseline", default=None, help="which rules may fail a device (default: the rig file's)")
    group.addoption("--seed", type=int, default=1, help="seed of the rig's world (default 1)")
    group.addoption("--no-reports", dest="bench_reports", action="store_false", help="build no reports at the end")
    group.addoption("--no-allure", dest="bench_allure", action="store_false", help="write no Allure results")
    group.addoption("--out", dest="bench_out", default=None, metavar="DIR", help="run folder (default runs/RUN_ID)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.addinivalue_line("markers", "testcase(case): a test case of a suite; use bench.testcase.testcase")
    config.addinivalue_line("markers", "opened_by(option...): hubs it is for; use bench.testcase.opened_by")
    config.addinivalue_line("markers", "meters(variant...): electricity meters it is for; use bench.testcase.meters")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `-k` know test ids and use cases beside the names of functions, files and theme folders."""
    for item in items:
        if (case := case_of(item)) is not None:
            item.extra_keyword_matches.update((case.id, f"{case.id}[{variant_of(item)}]", *case.use_cases))
    items.sort(key=lambda item: INVARIANTS in item.path.parts)  # they judge the whole run


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Lead the workers, if pytest-xdist is to start any."""
    config = session.config
    if config.pluginmanager.has_plugin("dsession"):
        config.stash[CONTROLLER] = Controller(config, lambda record: config.hook.pytest_bench_plan(record=record))
        config.pluginmanager.register(config.stash[CONTROLLER], "bench-controller")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Plan the run once it is known which test cases were selected."""
    config = session.config
    cases = [(item.nodeid, case, variant_of(item)) for item in session.items if (case := case_of(item)) is not None]
    if not cases or config.option.collectonly:
        return None
    out = config.getoption("bench_out")
    part = Part.of(config)
    try:
        run = RunSession(
            _rig_path(config),
            Path(out) if out else None,
            config.getoption("seed"),
            config.getoption("defect"),
            config.getoption("baseline"),
            part,
        )
        config.stash[SESSION] = run
        run.plan(cases)
    except UsageError as problem:
        config.stash.setdefault(PLANNED, False)
        if part is None:
            raise pytest.UsageError(str(problem)) from None
        session.shouldstop = str(problem)  # the controller says it
        config.workeroutput["bench_usage"] = str(problem)  # type: ignore[attr-defined]
        return True
    config.stash[PLANNED] = True
    if config.getoption("bench_allure"):
        config.stash[ALLURE] = register(config, run.folder)
    if part is None:
        config.hook.pytest_bench_plan(record=run.record)
    return None


def _rig_path(config: pytest.Config) -> Path:
    given = Path(config.getoption("rig"))
    beside = config.rootpath / given
    return given if given.is_absolute() or given.exists() or not beside.exists() else beside


@pytest.fixture(autouse=True)
def _test_of_a_run(request: pytest.FixtureRequest) -> Home | None:
    """Begin the evidence of a test case before its other fixtures act on the rig."""
    case = case_of(request.node)
    if case is None:
        return None
    home = request.config.stash[SESSION].begin_test(request.node.nodeid, case)
    if (link := request.config.stash.get(ALLURE, None)) is not None:
        home.timeline.unlisten(link.step)
        home.timeline.listen(link.step)
    meter = next((device for device in home.devices if device.type == "ESME"), None)
    if meter is not None and not is_for(request.node, meter.variant):
        raise NotApplicable(f"{case.id} is not for an electricity meter that is {meter.variant}")
    hub = next((device for device in home.devices if device.type == "CHF"), None)
    if hub is not None and not is_for_hub(request.node, hub.inter_pan):
        raise NotApplicable(f"{case.id} is not for a hub whose inter-PAN opens by {hub.inter_pan}")
    return home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Attach the evidence while the test is still the current one."""
    try:
        return (yield)
    finally:
        run = item.config.stash.get(SESSION, None)
        if case_of(item) is not None and run is not None and ALLURE in item.config.stash:
            attach(run.end_stimuli())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Generator[None, Any, Any]:
    """Give each phase its verdict; the last phase settles the test."""
    report = yield
    case = case_of(item)
    run = item.config.stash.get(SESSION, None)
    if case is None or run is None:
        return report
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, KeyboardInterrupt | pytest.exit.Exception):
        return report
    outcomes = item.stash.setdefault(OUTCOMES, [])
    verdict, reason = _judge(run, item.nodeid, error, call.when)
    if call.when == "call" or verdict is not Verdict.PASS:
        outcomes.append((verdict, reason))
    if verdict is not Verdict.PASS:
        report.outcome = MAPPING[verdict].pytest
        report.longrepr = ("", 0, reason) if report.outcome == "skipped" else f"{verdict.upper()} {case.id}  {reason}"
    report.user_properties.append(("verdict", verdict.value))
    if run.part is not None:  # for the controller
        report.bench = {"worker": run.part.worker, "pid": os.getpid()}
    if call.when == "teardown":
        try:
            result = run.end_test(item.nodeid, outcomes)
        except BenchError as problem:
            pytest.exit(f"bench: {problem}", returncode=3)
        if (link := item.config.stash.get(ALLURE, None)) is not None:
            link.settle(result)
        item.config.hook.pytest_bench_result(result=result)
        if run.part is not None:
            told = asdict(result) | {"verdict": result.verdict.value, "worker": run.part.worker}
            report.bench |= {"result": told, "chain": run.record.chain}
    return report


def _judge(run: RunSession, node: str, error: BaseException | None, when: str) -> tuple[Verdict, str]:
    if error is not None and isinstance(error, pytest.skip.Exception):
        return Verdict.NOT_RUN, str(error)
    verdict = verdict_of(error, precondition=when != "call")
    if isinstance(error, AssertionError) and not isinstance(error, Failure) and _in_the_bench(error):
        verdict = Verdict.ERROR
    if error is None:
        return verdict, ""
    if isinstance(error, BenchError) or verdict is not Verdict.ERROR:
        return verdict, str(error) or type(error).__name__
    path = run.folder / f"{run.evidence_name(node)}-traceback.txt"
    with contextlib.suppress(OSError):
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(last.filename)}:{last.lineno}"
    return verdict, f"the bench broke at {where} ({type(error).__name__}: {error}); traceback in {path.name}"


def _in_the_bench(error: BaseException) -> bool:
    """Whether an assertion of the bench itself broke, not one of a test."""
    last = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    here = Path(__file__).resolve().parent
    return last.is_relative_to(here) or last.is_relative_to(here.parent / "drivers")


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show verdicts by their own names."""
    verdict = dict(getattr(report, "user_properties", ())).get("verdict")  # a collection report has none
    if not isinstance(verdict, str) or (verdict == Verdict.PASS and report.when != "call"):
        return None if not isinstance(verdict, str) else ("", "", ("", {}))
    shown = Verdict(verdict)
    category = {Verdict.PASS: "passed", Verdict.FAIL: "failed"}.get(shown, shown.value)
    return category, MAPPING[shown].letter, (shown.value.upper(), {})


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Close the rig, build the reports, and let the verdicts decide the exit code."""
    if controller := session.config.stash.get(CONTROLLER, None):
        controller.close()
        if controller.usage:
            sys.stderr.write(f"ERROR: {controller.usage}\n\n")
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif controller.record is not None:
            _conclude(session, controller.record, controller.folder, exitstatus)
        return
    run = session.config.stash.get(SESSION, None)
    if run is None:
        return
    if run.part is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one must not keep the rig from its rest
    run.close()
    if session.config.stash.get(PLANNED, False) and run.part is None:
        _conclude(session, run.record, run.folder, exitstatus)


def _conclude(session: pytest.Session, record: RunRecord, folder: Path, exitstatus: int) -> None:
    """Build the reports and let the verdicts decide the exit code."""
    if session.config.getoption("bench_reports"):
        session.config.stash[REPORTS] = _build_reports(folder)
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        session.exitstatus = exit_code(record.verdicts)


def _build_reports(folder: Path) -> dict[str, Path]:
    try:
        from reports.build import build_reports

        return build_reports(folder)
    except Exception as problem:  # a report that fails must not hide the verdicts
        sys.stderr.write(f"bench: no reports ({problem}); the evidence is complete, try: bench report {folder}\n")
        return {"record": folder / "run.json"}


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the reports are."""
    reports = config.stash.get(REPORTS, None)
    if reports:
        terminalreporter.section("smets-bench")
        for kind, path in reports.items():
            terminalreporter.write_line(f"{kind:<8} {path}")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hook by which others follow a run live."""
    from bench import hooks

    pluginmanager.add_hookspecs(hooks)
