"""The load limit for a second time, and a load that is above it with breaks."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ActivateAuxiliaryLoad, ReadLoadLimitData
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc.bodies.supply import SwitchDuration
from bench.dcc_point import device_alert
from bench.testcase import testcase

EXCEEDED, TRIPPED = 0x8F01, 0x8F33
PERIOD, RESTORATION = 90, 60  #: s
COUNTER = 1  #: item of ECS27
REQUIREMENTS = ["PC.08.15", "ES.12"]


def limit_between(dcc, dut, supplier, mains, switched_load, state):
    """Set a limit that only the load behind auxiliary switch 1 brings the home above."""
    watts = round(mains.sample().power + switched_load / 2)
    body = LoadLimit(period=PERIOD, power_threshold=watts, restoration_period=RESTORATION, supply_state=state)
    dcc.ask(body, dut, as_user=supplier)


def draw_more(dcc, dut, supplier, clock, length):
    """Close auxiliary switch 1 for some minutes, and wait until it has opened."""
    dcc.ask(ActivateAuxiliaryLoad(switches=(SwitchDuration(index=1, duration=length),)), dut, as_user=supplier)
    clock.sleep(minutes(length) + seconds(15))


def counted(dcc, dut, supplier):
    """Read the load limit counter (7.9, ECS27)."""
    return dcc.ask(ReadLoadLimitData(), dut, as_user=supplier).value(COUNTER)


@testcase(
    "SUP-186",
    "Each time that the load was above the limit for the whole period is counted and told, whether the supply went off",
    rules=["R-LLM-002", "R-EVT-021"],
    requirements=[*REQUIREMENTS, "DI.03"],
    use_cases=["ECS28a", "ECS27", "ECS47"],
)
@pytest.mark.parametrize("state", ["Unchanged", "Disable"])
def test_again(state, dut, dcc, clock, mains, switched_load, timeline, suppliers, expect):
    supplier = suppliers.losing
    limit_between(dcc, dut, supplier, mains, switched_load, state)
    before, began = counted(dcc, dut, supplier), clock.now()

    for _ in range(2):
        draw_more(dcc, dut, supplier, clock, 3)

    expect("load limit counter", counted(dcc, dut, supplier) - before).equals(2)
    told = timeline.find(device_alert(dut, EXCEEDED, to=supplier), after=began)
    expect("alerts 8F01", len(told)).equals(2, rule="R-EVT-021")
    tripped = timeline.find(device_alert(dut, TRIPPED, to=supplier), after=began)
    expect("alerts 8F33", len(tripped)).equals(2 if state == "Disable" else 0)


@testcase(
    "SUP-187",
    "A load that is above the limit twice, each time for less than the period, is not above it for the sum",
    rules=["R-LLM-002"],
    requirements=[*REQUIREMENTS, "ES.12.4"],
    use_cases=["ECS28a", "ECS27", "ECS47"],
)
def test_with_a_break(dut, dcc, clock, mains, switched_load, timeline, suppliers, expect):
    supplier = suppliers.losing
    limit_between(dcc, dut, supplier, mains, switched_load, "Unchanged")
    before = counted(dcc, dut, supplier)

    with timeline.never(device_alert(dut, EXCEEDED, TRIPPED)):
        for _ in range(3):
            draw_more(dcc, dut, supplier, clock, 1)
    expect("load limit counter", counted(dcc, dut, supplier)).equals(before)
