"""What must hold of every frame of the whole run; collected last, so that the run is behind them."""

from bench.clock import minutes
from bench.dcc.bodies import ReadSupplyStatus
from bench.errors import Inconclusive
from bench.han import invariants
from bench.testcase import testcase

LISTENING = minutes(2)  # a run of these tests alone has heard something too


def _holds(han, clock, expect, name):
    clock.sleep(LISTENING)
    outcome = han.invariants.outcome(name)
    if outcome.verdict == "inconclusive":
        raise Inconclusive(f"{name}: nothing was heard that could tell; is a sniffer on the network's channel?")
    expect("frames examined", outcome.examined).satisfies("to be some", bool)
    expect(f"frames against it that {name}", "; ".join(outcome.seen)).equals("")


@testcase(
    "AIR-001",
    "No nonce is used twice in the whole run",
    rules=["R-AIR-001"],
    requirements=["HA.16"],
    use_cases=["ECS17b"],
    devices=["CHF", "ESME"],
)
def test_no_reused_nonce(han, clock, expect):
    _holds(han, clock, expect, invariants.NO_REUSED_NONCE)


@testcase(
    "AIR-002",
    "No key is sent in clear in the whole run",
    rules=["R-AIR-002"],
    requirements=["HA.16"],
    use_cases=["ECS17b"],
    devices=["CHF", "ESME"],
)
def test_no_key_in_clear(han, clock, expect):
    _holds(han, clock, expect, invariants.NO_KEY_IN_CLEAR)


@testcase(
    "AIR-003",
    "Frame counters never fall in the whole run",
    rules=["R-AIR-003"],
    requirements=["HA.16"],
    use_cases=["ECS17b"],
    devices=["CHF", "ESME"],
)
def test_counters_rise(han, clock, expect):
    _holds(han, clock, expect, invariants.COUNTERS_RISE)


@testcase(
    "AIR-004",
    "No unknown device is on the network in the whole run",
    rules=["R-AIR-004", "R-HAN-001"],
    requirements=["HA.16"],
    use_cases=["ECS17b"],
    devices=["CHF", "ESME"],
)
def test_no_stranger(han, clock, expect):
    _holds(han, clock, expect, invariants.NO_STRANGER)


@testcase(
    "AIR-005",
    "No application data is sent unencrypted in the whole run",
    rules=["R-AIR-005"],
    requirements=["HA.16", "SFA-24-SHAREDSPACE"],
    use_cases=["ECS17b"],
    devices=["CHF", "ESME"],
)
def test_no_plain_data(dut, dcc, han, network_operator, clock, expect):
    dcc.send(ReadSupplyStatus(), dut, as_user=network_operator)
    _holds(han, clock, expect, invariants.NO_PLAIN_DATA)
