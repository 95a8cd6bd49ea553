"""The timeline of a test: everything seen and done, in order, and statements about it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from bench.baseline import Baseline, find_baseline
from bench.clock import Clock
from bench.errors import Blocked, Failure, Inconclusive
from bench.observation import Observation, Pattern, clock_text
from bench.recorder import Recorder
from bench.rules import Rule, find_rule
from bench.units import format_duration, parse_duration

NEAREST = 3


class Timeline:
    """Observations of the current test, and expectations about them."""

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder
        self._number = 0
        self._listeners: list[Callable[[Observation], None]] = []
        self.seen: list[Observation] = []
        self.began = clock.now()
        self.default_rule = ""
        self.evidence = ""
        self.baseline: Baseline = find_baseline("reference")
        self.warnings: list[str] = []  #: broken rules of this test that may not fail a device

    def begin(self, default_rule: str, evidence: str) -> None:
        """Start the timeline of a new test."""
        self.seen = []
        self.warnings = []
        self.began = self._clock.now()
        self.default_rule, self.evidence = default_rule, evidence

    def listen(self, listener: Callable[[Observation], None]) -> None:
        """Call `listener` with every observation, once it is recorded."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Observation], None]) -> None:
        """Stop calling `listener`."""
        self._listeners = [each for each in self._listeners if each != listener]

    def record(
        self, point: str, kind: str, data: Mapping[str, Any], raw: bytes = b"", time: datetime | None = None
    ) -> Observation:
        """Write an observation (or a stimulus, kind `stimulus`) and return it."""
        self._number += 1
        seen = Observation(self._number, time or self._clock.now(), point, kind, data, raw)
        self._recorder.write(seen)
        self.seen.append(seen)
        for listener in self._listeners:
            listener(seen)
        return seen

    def find(self, pattern: Pattern, after: "Observation | datetime | None" = None) -> list[Observation]:
        """Return what matches so far, from the beginning of the test or after an observation or instant."""
        return [seen for seen in _since(self.seen, after) if pattern.matches(seen)]

    def expect(
        self,
        pattern: Pattern,
        *,
        within: timedelta | str,
        after: "Observation | datetime | None" = None,
        rule: str = "",
    ) -> Observation:
        """Return the first match, waiting for it until `within` from now.

        `after` bounds the search (default: the beginning of the test). Raises Failure naming the rule, what was
        expected and the nearest things that did happen.
        """
        wait = parse_duration(within)
        began = self._clock.now()
        deadline = began + wait
        looked_at = 0  # a long wait looks at each observation once
        while True:
            self._clock.pump(None)
            looked_at, news = len(self.seen), self.seen[looked_at:]
            for seen in _since(news, after):
                if seen.time <= deadline and pattern.matches(seen):
                    return seen
            if self._clock.now() >= deadline:
                break
            self._clock.advance(deadline, attend=pattern.on_air)
        held_back = [seen for seen in self.seen if pattern.blocked(seen)]
        if held_back:
            raise Blocked(f"blocked: {pattern.words} may have been held back: {held_back[-1].text()}")
        expected = f"{pattern.words} within {format_duration(wait)} of {clock_text(began)}"
        self.broken(expected, self._nearest(pattern, after), rule)
        raise Inconclusive(f"warning: {self.warnings[-1]}")

    @contextmanager
    def never(self, pattern: Pattern, *, during: timedelta | str = timedelta(0), rule: str = "") -> Iterator[None]:
        """State that nothing matches while the block runs nor for `during` after it."""
        self._clock.pump(None)  # what came before the block is not in it
        mark = self._number
        yield
        wait = parse_duration(during)
        if wait:
            self._clock.sleep(wait)
        self._clock.pump(None)
        broken = [seen for seen in self.seen if seen.number > mark and pattern.matches(seen)]
        if broken:
            self.broken(f"no {pattern.words}", [seen.text() for seen in broken[:NEAREST]], rule)

    def broken(self, expected: str, seen: list[str], rule: str = "") -> None:
        """Raise Failure for a broken rule; one that may not fail a device under the baseline is only warned about."""
        failure = self.failure(expected, seen, rule)
        if self.baseline.asserted(failure.rule):
            raise failure
        self.warnings.append(str(failure).partition("\n  evidence")[0])
        self.record("bench", "warning", {"text": f"warning: {failure.rule} {expected}", "rule": failure.rule})

    def failure(self, expected: str, seen: list[str], rule: str = "") -> Failure:
        """Return the failure to raise: rule, expectation, what was seen, where the evidence is."""
        cited = find_rule(rule or self.default_rule)
        lines = [headline(cited), f"  expected  {expected}"]
        lines += [
            f"  {'seen' if not index else '':<8}  {text}" for index, text in enumerate(seen or ["nothing like it"])
        ]
        if self.evidence:
            lines.append(f"  evidence  {self.evidence}")
        return Failure("\n".join(lines), cited.id)

    def _nearest(self, pattern: Pattern, after: "Observation | datetime | None") -> list[str]:
        near = [seen for seen in _since(self.seen, after) if pattern.near(seen) or pattern.matches(seen)] or [
            seen for seen in self.seen if pattern.near(seen)
        ]
        return [seen.text() for seen in near[-NEAREST:]]


def _since(seen: list[Observation], after: Observation | datetime | None) -> list[Observation]:
    if isinstance(after, Observation):
        return [one for one in seen if one.number > after.number]
    if after is not None:
        return [one for one in seen if one.time >= after]
    return seen


def headline(rule: Rule) -> str:
    """Return a rule as the first line of a failure: id, statement, source, strength of evidence."""
    if not rule.statement:
        return f"{rule.id or 'no rule'}: (not in the rule catalogue)"
    return f"{rule.id}: {rule.statement} ({rule.source}; evidence: {rule.strength})"
