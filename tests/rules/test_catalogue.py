"""The rule catalogue is whole, and nothing cites a rule that is not in it."""

import csv
import io
import re
from importlib.resources import files

import pytest

from bench.baseline import baselines
from bench.rules import STRENGTHS, catalogue
from rigs.virtual.defects import shipped
from tests.rules import points
from tests.rules.links import RULE, cases, ids, marked
from tests.rules.table import FAMILIES, PATH, page

DEVICES = {"ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "IHD", "CAD", "SAPC"}
COLUMNS = ["id", "statement", "source", "strength", "devices"]


@pytest.fixture(scope="module")
def rows():
    text = (files("bench") / "rules.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_field_of_every_rule_is_filled(rows):
    assert list(rows[0]) == COLUMNS
    for row in rows:
        assert all(value and value == value.strip() for value in row.values()), row


def test_ids_are_well_formed_and_given_once(rows):
    ids = [row["id"] for row in rows]
    assert [one for one in ids if not RULE.fullmatch(one)] == []
    assert len(ids) == len(set(ids)) == len(catalogue())


def test_strengths_and_devices_are_known(rows):
    for row in rows:
        assert row["strength"] in STRENGTHS, row
        assert set(row["devices"].split()) <= DEVICES, row


def test_a_statement_is_one_short_sentence_that_can_follow_a_colon(rows):
    for row in rows:
        assert not row["statement"].endswith("."), row
        assert len(row["statement"]) < 180 or row["id"].startswith("R-USE-"), row


def test_methods_cite_rules_of_the_catalogue():
    assert marked()
    unknown = {code.text: rules for code, rules in marked().items() if not set(rules) <= catalogue().keys()}
    assert unknown == {}


def test_test_cases_cite_rules_of_the_catalogue():
    assert cases()
    unknown = {test: rules - catalogue().keys() for test, (_, rules) in cases().items()}
    assert {test: rules for test, rules in unknown.items() if rules} == {}


def test_defects_break_rules_of_the_catalogue():
    assert [one.name for one in shipped() if one.breaks not in catalogue()] == []


def test_baselines_name_rules_of_the_catalogue():
    for baseline in baselines().values():
        assert baseline.promoted | baseline.demoted <= catalogue().keys()
        assert baseline.asserts <= set(STRENGTHS)


def test_an_id_of_the_catalogue_is_found_whole_in_text():
    assert RULE.findall("R-RSP-013a and R-PWR-001, R-FUT-0155") == ["R-RSP-013a", "R-PWR-001", "R-FUT-015"]
    assert re.match(RULE, "R-PWR-01") is None


def test_the_page_of_rules_is_not_stale():
    assert PATH.read_text(encoding="utf-8") == page(), "docs/rules.md is stale; run: python -m tests.rules"


def test_every_family_has_a_title(rows):
    assert {row["id"].rpartition("-")[0] for row in rows} == FAMILIES.keys()


def test_the_page_of_override_points_is_not_stale():
    stale = "docs/override-points.md is stale; run: python -m tests.rules"
    assert points.PATH.read_text(encoding="utf-8") == points.page(), stale


def test_every_test_case_has_an_id_of_its_own():
    found = ids()
    assert [one for one in set(found) if found.count(one) > 1] == []
