"""What the suites would miss: defects, the tests that can matter to them, what became of each."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.defects_command import Defect, shipped
from bench.errors import UsageError
from bench.sensitivity import collect, family, relevant
from bench.testcase import TestCase
from reports.sensitivity import page

ROOT = Path(__file__).parents[2]
RIG = ROOT / "rigs" / "virtual.toml"
BENCH = Path(sys.executable).with_name("bench")
CASES = [
    ("a.py::test_one", TestCase("PWR-001", "one", rules=("R-PWR-001",))),
    ("a.py::test_two", TestCase("PWR-002", "two", rules=("R-PWR-002",))),
    ("b.py::test_three", TestCase("COS-001", "three", rules=("R-CRD-001",))),
]


def bench(*arguments):
    return subprocess.run(
        [BENCH, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


def test_tests_that_cite_the_broken_rule_come_first_and_then_those_of_its_family():
    defect = Defect("it-forgets", "Esme", "R-PWR-002", "It forgets.")
    assert relevant(defect, CASES) == (["a.py::test_two"], ["a.py::test_one"])


def test_a_rule_that_no_test_cites():
    defect = Defect("it-forgets", "Esme", "R-PWR-077", "It forgets.")
    assert relevant(defect, CASES) == ([], ["a.py::test_one", "a.py::test_two"])


def test_family_of_a_rule():
    assert family("R-PWR-001") == "R-PWR"


def test_unknown_theme_names_those_there_are():
    with pytest.raises(UsageError, match=r"no theme 'weather'; there are .*outage_and_brownout"):
        collect(["weather"])


def test_every_shipped_defect_has_a_name_a_rule_and_a_story():
    found = shipped(RIG)
    assert len({one.name for one in found}) == len(found) >= 120
    for one in found:
        assert one.breaks.startswith("R-"), one
        assert len(one.story) > 20, one


def test_every_shipped_defect_has_a_test_that_can_matter():
    cases = collect([])
    assert [one.name for one in shipped(RIG) if not relevant(one, cases)[0]] == []


def test_defects_as_json_lines():
    done = bench("defects", "--json")
    assert done.returncode == 0, done.stderr
    assert {"name", "device", "breaks", "story"} <= json.loads(done.stdout.splitlines()[0]).keys()


def test_defects_of_a_rig_without_a_world(tmp_path):
    rig = tmp_path / "metal.toml"
    rig.write_text('schema = 1\nname = "metal"\n')
    done = bench("defects", "--rig", rig)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_a_defect_that_is_caught(tmp_path):
    done = bench("sensitivity", "--defect", "esme-alert-with-sending-time", "--confirm", "0", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads((tmp_path / "sensitivity.json").read_text())
    (outcome,) = shown["outcomes"]
    assert outcome["result"] == "caught"
    assert outcome["defect"]["name"] in (tmp_path / "sensitivity.html").read_text()


def test_the_first_catch_ends_the_run_when_that_is_enough(tmp_path):
    done = bench("sensitivity", "--defect", "any-counter-of-reader-not-repeated", "--first", "--confirm", "0",
                 "--out", tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (outcome,) = json.loads((tmp_path / "sensitivity.json").read_text())["outcomes"]
    assert outcome["result"] == "caught" and len(outcome["caught_by"]) == 1
    (record,) = tmp_path.glob("any-counter*/run.json")
    verdicts = [test["verdict"] for test in json.loads(record.read_text())["tests"]]
    assert verdicts.count("fail") == 1 and verdicts[-1] == "not-run"


def test_defects_of_one_file_from_outside_one_that_nobody_notices_and_one_with_another_rule(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from rigs.virtual.defects import defect\n\n"
        '@defect("quiet", device="Esme", breaks="R-DEM-001", story="Its alerts are as good as ever.")\n'
        "def harmless(esme):\n"
        "    usual = esme.report_outage\n"
        "    esme.report_outage = lambda *when: usual(*when)\n\n"
        '@defect("forgetful", device="Esme", breaks="R-PWR-005", story="No outage is ever reported.")\n'
        "def forgets(esme):\n"
        "    esme.report_outage = lambda *when: None\n\n"
        '@defect("misnamed", device="Esme", breaks="R-PWR-008", story="The same, told to be about debts.")\n'
        "def misnamed(esme):\n"
        "    esme.report_outage = lambda *when: None\n"
    )
    references = [f"{file}::harmless", f"{file}::forgets", f"{file}::misnamed"]
    options = [part for one in references for part in ("--defect", one)]
    done = bench("sensitivity", *options, "--jobs", "2", "--confirm", "0", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    missed, caught, blamed = json.loads((tmp_path / "out" / "sensitivity.json").read_text())["outcomes"]
    assert [one["defect"]["name"] for one in (missed, caught, blamed)] == references
    assert missed["result"] == "missed" and missed["tests"] > 0
    assert caught["result"] == "caught" and caught["caught_by"]
    assert blamed["result"] == "blamed wrongly" and any("(R-PWR-001)" in one for one in blamed["others"])


def test_a_defect_that_the_rig_refuses_is_told_with_the_reason(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from rigs.virtual.defects import defect\n\n"
        '@defect("idle", device="Esme", breaks="R-DEM-001", story="It changes nothing.")\n'
        "def idle(esme):\n"
        "    pass\n"
    )
    done = bench("sensitivity", "--defect", f"{file}::idle", "--confirm", "0", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    (outcome,) = json.loads((tmp_path / "out" / "sensitivity.json").read_text())["outcomes"]
    assert outcome["result"] == "error" and "defect idle changes nothing" in outcome["trouble"]


def test_a_defect_file_that_is_not_there(tmp_path):
    done = bench("sensitivity", "--defect", f"{tmp_path}/none.py::x", "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none.py" in done.stderr


def test_unknown_defect(tmp_path):
    done = bench("sensitivity", "--defect", "esme-sings", "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "bench: no defect 'esme-sings'; see bench defects\n"


def test_page_marks_what_was_missed():
    outcome = {
        "defect": {"name": "it-forgets", "device": "Esme", "breaks": "R-PWR-002", "story": "It <forgets>."},
        "result": "missed", "caught_by": [], "others": [], "tests": 3, "seconds": 1.0, "trouble": "",
    }  # fmt: skip
    shown = page({"seed": 1, "outcomes": [outcome], "confirmed": []})
    assert "missed" in shown
    assert "It &lt;forgets&gt;." in shown
