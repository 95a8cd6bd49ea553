"""`junit.xml`: a test suite a theme, verdicts mapped as `bench.verdict.MAPPING` says."""

import io
import re

from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

from bench.runrecord import RunRecord, TestResult
from bench.verdict import MAPPING

RESULTS: dict[str, type[Failure | Error | Skipped]] = {"failure": Failure, "error": Error, "skipped": Skipped}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(record: RunRecord) -> bytes:
    """Return the JUnit document of a run, UTF-8."""
    document = JUnitXml(_text(f"smets-bench {record.run_id}"))
    suites: dict[str, TestSuite] = {}
    for result in record.tests:
        theme = result.theme
        if theme not in suites:
            suites[theme] = TestSuite(_text(theme))
            suites[theme].timestamp = record.started.isoformat(timespec="seconds")
            suites[theme].add_property("rig", _text(record.rig))
            suites[theme].add_property("seed", _text(record.seed))
        suites[theme].add_testcase(_case(theme, result))
    for suite in suites.values():
        document.add_testsuite(suite)
    written = io.BytesIO()
    document.write(written, pretty=True)
    return written.getvalue()


def _case(theme: str, result: TestResult) -> TestCase:
    case = TestCase(_text(f"{result.id} {result.title}"), _text(theme), result.duration_s)
    properties = Properties()  # type: ignore[no-untyped-call]
    listed = [("rule", result.rules), ("requirement", result.requirements), ("use case", result.use_cases)]
    for name, values in [("verdict", [result.verdict.value]), *listed]:
        for value in values:
            properties.add_property(Property(name, _text(value)))
    case.append(properties)  # type: ignore[no-untyped-call]
    kind = MAPPING[result.verdict].junit
    if kind:
        lines = result.reason.splitlines() or [""]
        outcome = RESULTS[kind](_text(f"{result.verdict}: {lines[0]}"), result.verdict.value)
        outcome.text = _text(result.reason)
        case.result = [outcome]
    return case


def _text(value: object) -> str:
    return _NOT_XML.sub("\ufffd", str(value))
