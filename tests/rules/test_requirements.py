"""The trace from requirements to test cases: nothing twice, nothing stale, and what a list has beyond it."""

from tests.rules.links import cases
from tests.rules.requirements import AREAS, PATH, area_of, named, page, unnamed


def test_a_test_case_names_a_requirement_once():
    twice = {test: case.requirements for test, (case, _) in cases().items()}
    assert {test: names for test, names in twice.items() if len(set(names)) != len(names)} == {}


def test_every_area_has_a_title():
    assert {area_of(one) for one in named()} <= AREAS.keys()


def test_every_test_case_that_names_a_requirement_is_in_its_row():
    lines = page().splitlines()
    for test, (case, _) in cases().items():
        for requirement in case.requirements:
            row = next(line for line in lines if line.startswith(f"| **{requirement}** |"))
            assert test in row.replace(",", "").split(), (test, requirement)


def test_requirements_stand_in_the_order_of_their_numbers():
    found = [one for one in named() if one.startswith("PC.")]
    assert found.index("PC.02") < found.index("PC.10")
    assert found.index("PC.08") < found.index("PC.08.15") < found.index("PC.08.33")


def test_what_a_list_has_beyond_the_test_cases(tmp_path):
    known = next(iter(named()))
    path = tmp_path / "list.csv"
    path.write_text(f'id,area,text\n{known},radio,"one, two"\nXX.99,radio,none\nXX.98,supply,none\n', encoding="utf-8")
    missing, areas = unnamed(path)
    assert missing == {"radio": ["XX.99"], "supply": ["XX.98"]}
    assert areas == {"radio": 2, "supply": 1}


def test_the_page_of_requirements_is_not_stale():
    assert PATH.read_text(encoding="utf-8") == page(), "docs/requirements.md is stale; run: python -m tests.rules"
