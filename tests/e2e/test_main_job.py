"""The main job as a user runs it: verdicts, exit codes, evidence, defects, determinism."""

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = Path(sys.executable).with_name("bench")
CORE = "COS-0 or PWR-0 or SEC-0 or RAD-0"  #: test cases of the suites that answer within seconds; `.ci/run` runs all


def run(*arguments, cwd=ROOT):
    return subprocess.run(
        [BENCH, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


def record(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("healthy") / "run"
    done = run("run", "--select", CORE, "--out", folder)
    return done, folder


def test_healthy_home_passes_everything(healthy):
    done, folder = healthy
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = record(folder)
    assert outcome["verdicts"]["pass"] == len(outcome["tests"]) >= 14
    assert {"run_id", "rig", "seed", "started", "verdicts", "tests"} <= outcome.keys()
    for test in outcome["tests"]:
        assert test["rules"] and test["requirements"] and test["use_cases"]
        assert test["rig_duration_s"] > 0
        assert (folder / test["evidence"] / "timeline.jsonl").stat().st_size > 1000
        assert (folder / test["evidence"] / "han.pcapng").stat().st_size > 1000
        assert (folder / test["evidence"] / "mains.csv").read_text().count("\n") > 1


def test_summary_names_the_reports(healthy):
    done, folder = healthy
    for name in ("report.html", "allure-results", "junit.xml", "run.json"):
        assert str(folder / name) in done.stdout
        assert (folder / name).exists()
    assert "Traceback" not in done.stdout + done.stderr


def test_every_rule_cited_is_in_the_catalogue(healthy):
    from bench.rules import catalogue

    cited = {rule for test in record(healthy[1])["tests"] for rule in test["rules"]}
    assert cited <= catalogue().keys()


def test_requirements_cited_exist(healthy):
    shared = ROOT.parent / "shared" / "domain" / "requirements.csv"
    if not shared.exists():
        pytest.skip("the requirement list is not at hand")
    known = {line.partition(",")[0] for line in shared.read_text(encoding="utf-8").splitlines()}
    cited = {name for test in record(healthy[1])["tests"] for name in test["requirements"]}
    assert cited <= known


def test_allure_says_the_same(healthy):
    _, folder = healthy
    results = [json.loads(path.read_text()) for path in (folder / "allure-results").glob("*-result.json")]
    assert len(results) == len(record(folder)["tests"])
    assert {result["status"] for result in results} == {"passed"}
    assert all(result["steps"] and result["attachments"] for result in results)


@pytest.mark.parametrize(
    ("name", "touch", "words"),
    [
        (
            "timeline.jsonl",
            lambda octets: octets.replace(b'"alert_code":"8F36"', b'"alert_code":"8F35"', 1),
            "chain is broken",
        ),
        ("han.pcapng", lambda octets: octets + b"\0", "is not the file the log vouches for"),
        (
            "mains.csv",
            lambda octets: octets[:-2] + bytes((octets[-2] ^ 1,)) + octets[-1:],
            "is not the file the log vouches for",
        ),
    ],
)
def test_touched_evidence_is_found(healthy, tmp_path, name, touch, words):
    _, folder = healthy
    assert run("verify", folder).returncode == 0
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("allure-results", "report.html"))
    path = copy / "PWR-002" / name
    path.write_bytes(touch(path.read_bytes()))
    broken = run("verify", copy)
    assert broken.returncode == 1
    assert words in broken.stderr and "PWR-002" in broken.stderr


def test_a_run_never_overwrites_another(healthy, tmp_path):
    _, folder = healthy
    before = (folder / "run.json").read_bytes()
    again = run("run", "--select", "COS-001", "--out", folder)
    assert again.returncode == 2 and "is not empty" in again.stderr
    assert (folder / "run.json").read_bytes() == before
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        refused = run("run", "--select", "COS-001", "--out", out)
        assert refused.returncode == 2 and "give another folder" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_terminal_without_utf8_shows_a_run(tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [BENCH, "run", "--select", "SEC-001", "--out", str(tmp_path / "run")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_an_interrupted_run_keeps_what_it_saw(tmp_path):
    out = tmp_path / "run"
    started = subprocess.Popen([BENCH, "run", "--out", str(out)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in started.stdout:
        if "[ 2/" in line:
            started.send_signal(signal.SIGINT)
            break
    started.stdout.read()
    assert started.wait(60) == 130
    verdicts = [test["verdict"] for test in record(out)["tests"]]
    assert verdicts[:2] == ["pass", "pass"] and verdicts[-1] == "not-run"
    assert run("verify", out).returncode == 0
    assert run("report", out).returncode == 0


def test_a_dead_service_is_named(tmp_path):
    rig = (ROOT / "rigs" / "virtual.toml").read_text()
    path = tmp_path / "rig.toml"
    path.write_text(rig.replace('"{python}", "-m", "rigs.virtual"', '"timeout", "4", "{python}", "-m", "rigs.virtual"'))
    done = run("run", "--select", CORE, "--rig", path, "--out", tmp_path / "run")
    assert done.returncode == 3
    reasons = [test["reason"] for test in record(tmp_path / "run")["tests"] if test["verdict"] == "error"]
    assert reasons and "service home ended with exit code 124" in reasons[-1]
    assert {test["verdict"] for test in record(tmp_path / "run")["tests"]} <= {"pass", "error"}


def test_frames_of_a_long_wait_bear_the_time_at_which_they_were_on_air(tmp_path):
    """The virtual hub sends a Link Status every 15 s, and up to 20 ms later when the channel is busy."""
    assert run("run", "--select", "GAS-303", "--out", tmp_path / "run").returncode == 0
    lines = (tmp_path / "run" / "GAS-303" / "timeline.jsonl").read_text(encoding="utf-8").splitlines()
    seen = [json.loads(line) for line in lines if '"CHF > all  LinkStatus"' in line]
    times = [datetime.fromisoformat(one["t"]) for one in seen]
    apart = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert len(apart) > 4 * 60
    assert 14.97 < min(apart) <= max(apart) < 15.03


def test_same_seed_same_octets(healthy, tmp_path):
    _, folder = healthy
    again = tmp_path / "again"
    assert run("run", "--select", CORE, "--out", again).returncode == 0
    for test in record(folder)["tests"]:
        for name in ("timeline.jsonl", "han.pcapng", "mains.csv"):
            assert (folder / test["evidence"] / name).read_bytes() == (again / test["evidence"] / name).read_bytes(), (
                name
            )


def test_another_seed_is_another_run(tmp_path):
    captures = []
    for seed in (1, 2):
        out = tmp_path / str(seed)
        assert run("run", "--select", "COS-002", "--seed", seed, "--out", out).returncode == 0
        captures.append((out / "COS-002" / "han.pcapng").read_bytes())
    assert captures[0] != captures[1]


@pytest.mark.parametrize(
    ("defect", "caught", "words"),
    [
        ("esme-keeps-losing-supplier-key", {"COS-003", "COS-004"}, "losing supplier is refused"),
        ("esme-silent-after-long-outage", {"PWR-002", "PWR-012[long]", "PWR-051"}, "restored supply is alerted"),
    ],
)
def test_defect_makes_exactly_the_right_tests_fail(tmp_path, defect, caught, words):
    done = run("run", "--select", CORE, "--defect", defect, "--out", tmp_path / "run")
    assert done.returncode == 1
    outcome = record(tmp_path / "run")
    failed = {test["id"]: test for test in outcome["tests"] if test["verdict"] != "pass"}
    assert failed.keys() == caught
    for test in failed.values():
        assert test["verdict"] == "fail"
        assert words in test["reason"] and "expected" in test["reason"] and "seen" in test["reason"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def d(esme): pass", "changes nothing"),
        ("def d(esme): esme.report_outge = lambda *times: None", "has no 'report_outge' to override"),
        ("def d(esme): raise ValueError('boom')", "broke when applied (ValueError: boom)"),
        ("def d(esme): raise SystemExit", "broke when applied"),
        ("def d(esme) syntax error", "does not load"),
    ],
)
def test_a_defect_that_is_none_is_refused(tmp_path, body, words):
    path = tmp_path / "mine.py"
    declared = "@defect('mine', device='Esme', breaks='R-PWR-001', story='.')\n"
    path.write_text(f"print('noise')\nfrom rigs.virtual.defects import defect\n{declared}{body}\n")
    done = run("run", "--defect", f"{path}::d", "--select", "PWR-001", "--out", tmp_path / "run")
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_defect_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from rigs.virtual.defects import defect\n"
        "@defect('deaf-after-outage', device='Esme', breaks='R-PWR-003', story='The log is not written.')\n"
        "def forgets(esme):\n    esme.log_outage = lambda interrupted_at, restored_at: None\n"
    )
    done = run("run", "--defect", f"{path}::forgets", "--select", "PWR-001", "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "power event log" in record(tmp_path / "run")["tests"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--select", "no_such_test"], 5, "no test matches"),
        (["run", "--select", "x and ("], 2, "Wrong expression"),
        (["run", "--rig", "nowhere.toml"], 2, "nowhere.toml: file"),
        (["run", "--defect", "nonsense"], 2, "no defect 'nonsense'"),
        (["run", "--defect", "nowhere.py::x"], 2, "no defect file"),
        (["run", "--seed", "seven"], 2, "--seed"),
        (["run", "--bogus"], 2, "--bogus"),
        (["check", "nowhere.toml"], 2, "nowhere.toml: file"),
        (["report", "nowhere"], 3, "not a run"),
        (["verify", "nowhere"], 3, "not a run record"),
        (["pki", "check", "nowhere"], 2, "does not exist"),
        (["utrn", "check", "123"], 1, "123"),
        (["decode", "nowhere.hex"], 2, "nowhere.hex"),
    ],
)
def test_misuse_is_one_clear_line(arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_pytest_gives_the_same_verdicts(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "testcases", "-k", "PWR-00 or COS-012", "--out", str(tmp_path / "run")],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ids = {test["id"] for test in record(tmp_path / "run")["tests"]}
    assert {"PWR-001", "PWR-002", "COS-012"} <= ids


@pytest.mark.tshark
def test_tshark_decrypts_what_the_sniffer_heard(healthy, tmp_path):
    from tests.tools import need

    need("tshark")
    from rigs.virtual.home import Site

    site = Site.of(1, [], "http://127.0.0.1:9/")
    capture = healthy[1] / "COS-001" / "han.pcapng"
    keys = [site.network.network_key, *site.network.link_keys.values()]
    options = [part for key in keys for part in ("-o", f'uat:zigbee_pc_keys:"{key.hex()}","Normal","rig"')]
    field = "gbcs_message.grouping_header.message_code"

    def codes(*extra):
        command = ["tshark", "-r", str(capture), "-T", "fields", "-e", field, *extra]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        return {line.strip() for line in shown.splitlines() if line.strip()}

    assert codes() == set()
    assert {"0x0008", "0x0049"} <= codes(*options)
