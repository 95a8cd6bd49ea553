"""Which broken rules fail a device: strengths of evidence, and rules named one by one."""

import pytest

from bench.baseline import LAB, Baseline, baselines, find_baseline
from bench.errors import Failure, UsageError
from bench.rules import STRENGTHS, Rule, catalogue
from bench.timeline import Timeline
from tests.engine.times import START

HEARSAY = Rule("R-XXX-001", "People say so.", strength="hearsay")
PUBLISHED = Rule("R-XXX-002", "It is written.", strength="published text")


class StoppedClock:
    def now(self):
        return START


class NoRecorder:
    def write(self, seen):
        pass


@pytest.fixture
def timeline():
    return Timeline(StoppedClock(), NoRecorder())


def test_reference_asserts_every_rule_there_is():
    assert all(find_baseline("reference").asserted(rule) for rule in catalogue().values())


def test_lab_asserts_no_hearsay_but_for_rules_nobody_disputes():
    lab = find_baseline(LAB)
    hearsay = {rule.id for rule in catalogue().values() if rule.strength == "hearsay"}
    assert hearsay, "the catalogue knows hearsay"
    assert {rule for rule in hearsay if lab.asserted(rule)} <= lab.promoted


def test_promoted_and_demoted_rules_are_in_the_catalogue():
    for one in baselines().values():
        assert one.promoted | one.demoted <= catalogue().keys()
        assert one.asserts <= set(STRENGTHS)


def test_what_nobody_disputes_fails_a_device_in_every_laboratory():
    lab = find_baseline(LAB)
    for rule in ("R-CRD-058", "R-SEC-006", "R-PWR-006"):  # loser refused, replay refused, open switch stays open
        assert lab.asserted(rule)


def test_single_rules_win_over_their_strength():
    baseline = Baseline("mine", frozenset({"published text"}), frozenset({HEARSAY.id}), frozenset({PUBLISHED.id}))
    assert baseline.asserted(HEARSAY)
    assert not baseline.asserted(PUBLISHED)


def test_a_rule_of_ones_own_is_asserted():
    assert find_baseline(LAB).asserted("HOUSE-RULE-7")


def test_unknown_baseline_names_those_there_are():
    with pytest.raises(UsageError, match="no baseline 'metal'; there are lab, reference"):
        find_baseline("metal")


def test_a_rule_that_may_not_fail_becomes_a_warning(timeline):
    timeline.baseline = Baseline("none", frozenset())
    timeline.broken("the switch stays open", [], rule="R-PWR-006")
    assert [warning.partition(":")[0] for warning in timeline.warnings] == ["R-PWR-006"]
    assert timeline.seen[-1].kind == "warning"


def test_a_rule_that_may_fails_the_device(timeline):
    with pytest.raises(Failure, match="R-PWR-006"):
        timeline.broken("the switch stays open", [], rule="R-PWR-006")
    assert timeline.warnings == []


def test_warnings_belong_to_one_test(timeline):
    timeline.baseline = Baseline("none", frozenset())
    timeline.broken("this", [], rule="R-PWR-006")
    timeline.begin("R-PWR-001", "evidence/next")
    assert timeline.warnings == []
