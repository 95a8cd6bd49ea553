"""Somebody opens the electricity meter; the counter of the load limit: what each does to the supply."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import (
    EnableSupply,
    ReadLoadLimitData,
    ReadSupplyStatus,
    SetElectricitySupplyTamperState,
    UpdateDeviceConfigurationLoadLimitingCounterReset,
)
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.local_point import answer_to
from bench.testcase import testcase

DISABLED, ENABLED = 0, 1
TAMPERED, EXCEEDED = 0x8F3F, 0x8F01
DONE = [0]
COUNTER = 1  #: item of ECS27
REQUIREMENTS = ["ES.12", "SFA-21-POLICY"]


def _state(dcc, dut, supplier):
    return dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()


def _counter(dcc, dut, supplier):
    return dcc.ask(ReadLoadLimitData(), dut, as_user=supplier).value(COUNTER)


@testcase(
    "SUP-301",
    "Tampering locks the supply if the tamper state says so, and else is only told",
    rules=["R-SUP-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS81", "ECS45"],
)
@pytest.mark.parametrize("setting", ["Locked", "Unchanged"])
def test_tamper(setting, dut, dcc, at_the_esme, mains, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    dcc.ask(SetElectricitySupplyTamperState(state=setting), dut, as_user=supplier)
    began = clock.now()

    at_the_esme.open_cover()

    timeline.expect(device_alert(dut, TAMPERED, to=supplier), within=minutes(1), after=began)
    locked = setting == "Locked"
    expect("state of the load switch", _state(dcc, dut, supplier)).equals(DISABLED if locked else ENABLED)
    low, high = (0, 20) if locked else (100, 10_000)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(low, high)
    if locked:
        expect("whether the button turns supply on", at_the_esme.enable_supply()).equals(False)
        expect("result of enabling by command", dcc.ask(EnableSupply(), dut, as_user=supplier).results).equals(DONE)
        expect("state of the load switch then", _state(dcc, dut, supplier)).equals(ENABLED)


@testcase(
    "SUP-302",
    "The load limit counter counts each time, and the supplier's reset sets it to zero and nothing else",
    rules=["R-LLM-006", "R-LLM-002"],
    requirements=["PC.08.15"],
    use_cases=["ECS28a", "ECS28b", "ECS27"],
)
def test_counter(dut, dcc, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    limit = LoadLimit(period=60, power_threshold=500, restoration_period=60, supply_state="Disable")
    dcc.ask(limit, dut, as_user=supplier)
    expect("counter at first", _counter(dcc, dut, supplier)).equals(0)
    clock.sleep(minutes(7))
    told = len(timeline.find(device_alert(dut, EXCEEDED, to=supplier)))
    expect("times the limit acted", told).lies_between(2, 4, rule="R-LLM-002")
    expect("counter", _counter(dcc, dut, supplier)).is_one_of([told, told + 1], rule="R-LLM-002")

    off = LoadLimit(period=60, power_threshold=5000, restoration_period=60, supply_state="Disable")
    dcc.ask(off, dut, as_user=supplier)
    clock.sleep(minutes(3))
    reset = dcc.ask(UpdateDeviceConfigurationLoadLimitingCounterReset(), dut, as_user=supplier)

    expect("result of the reset", reset.results).equals(DONE)
    expect("counter after the reset", _counter(dcc, dut, supplier)).equals(0)
    expect("state of the load switch", _state(dcc, dut, supplier)).equals(ENABLED)
    dcc.ask(limit, dut, as_user=supplier)
    clock.sleep(minutes(1.5))
    expect("counter after the limit has acted again", _counter(dcc, dut, supplier)).equals(1)


@testcase(
    "SUP-303",
    "A reset of the load limit counter is not carried out again when it comes again",
    rules=["R-LLM-006", "R-CTR-007"],
    requirements=["PC.08.15"],
    use_cases=["ECS28a", "ECS28b", "ECS27"],
)
def test_reset_replayed(dut, dcc, local, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    reset = local.command(UpdateDeviceConfigurationLoadLimitingCounterReset(), dut, as_user=supplier)
    first = local.deliver(reset, "the reset of the load limit counter")
    timeline.expect(answer_to(reset), within=minutes(1), after=first)
    limit = LoadLimit(period=60, power_threshold=500, restoration_period=600, supply_state="Disable")
    dcc.ask(limit, dut, as_user=supplier)
    clock.sleep(minutes(2))
    expect("counter after the limit has acted", _counter(dcc, dut, supplier)).equals(1, rule="R-LLM-002")

    with timeline.never(answer_to(reset), during=minutes(1)):
        local.deliver(reset, "the same reset again")
    expect("counter after the same command", _counter(dcc, dut, supplier)).equals(1)
