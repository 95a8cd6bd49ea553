"""The suite of meter variants on the rigs that have them, and on the one that has none of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = Path(sys.executable).with_name("bench")


def verdicts(rig, folder, *options, select="elements_and_phases"):
    command = [BENCH, "run", "--rig", ROOT / "rigs" / rig, "--select", select, "--out", folder, *options]
    done = subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    counted = json.loads((folder / "run.json").read_text())["verdicts"]
    return done, {verdict: count for verdict, count in counted.items() if count}


@pytest.mark.parametrize("variant", ["twin", "polyphase"])
def test_a_variant_passes_its_tests_and_the_others_are_not_for_it(tmp_path, variant):
    done, counted = verdicts(f"virtual-{variant}.toml", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert counted.keys() == {"pass", "not-applicable"}
    assert counted["pass"] >= 8


@pytest.mark.parametrize("rig", ["virtual-menu.toml", "virtual-no-wan.toml"])
def test_a_hub_of_another_option_passes_its_tests_of_inter_pan(tmp_path, rig):
    done, counted = verdicts(rig, tmp_path / "run", select="test_inter_pan or test_hand_held")
    assert done.returncode == 0, done.stdout + done.stderr
    assert counted.keys() == {"pass", "not-applicable"}
    assert counted["pass"] >= 5


def test_a_ppmid_that_sleeps_does_what_one_with_mains_does(tmp_path):
    done, counted = verdicts("virtual-sleepy.toml", tmp_path / "run", select="test_sleepy_ppmid or HAN-30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert counted == {"pass": 10}


def test_on_a_single_phase_rig_none_applies(tmp_path):
    done, counted = verdicts("virtual.toml", tmp_path / "run", select="test_polyphase or test_twin")
    assert done.returncode == 5
    assert counted.keys() == {"not-applicable"}


def test_a_defect_of_a_variant_fails_there_and_is_refused_elsewhere_in_one_line(tmp_path):
    defect = ("--defect", "twin-one-mpan")
    done, counted = verdicts("virtual-twin.toml", tmp_path / "run", *defect)
    assert (done.returncode, counted["fail"]) == (1, 1)
    command = [str(BENCH), "run", "--select", "TWN-001", "--out", str(tmp_path / "other"), *defect]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert "it needs a twin meter (rigs/virtual-twin.toml)" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
