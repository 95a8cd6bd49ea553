"""The load limit: when it acts, what it does, and what it must not do."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import DisableSupply, ReadEventOrSecurityLog, ReadLogPeriod, ReadSupplyStatus
from bench.dcc.bodies.settings import UpdateDeviceConfigurationLoadLimitingGeneralSettings as LoadLimit
from bench.dcc_point import device_alert
from bench.testcase import testcase

DISABLED, ENABLED, ARMED = 0, 1, 2
EXCEEDED, TRIPPED, RESTORED = 0x8F01, 0x8F33, 0x8F34
PERIOD, RESTORATION = 120, 300  #: s
BELOW_THE_LOAD, ABOVE_THE_LOAD = 500, 5000  #: W; the home draws 720 W
REQUIREMENTS = ["PC.08.15", "ES.12"]


def _limit(dcc, dut, supplier, expect, *, watts=BELOW_THE_LOAD, state="Disable"):
    body = LoadLimit(period=PERIOD, power_threshold=watts, restoration_period=RESTORATION, supply_state=state)
    response = dcc.ask(body, dut, as_user=supplier)
    expect("results of the load limit settings", set(response.results)).equals({0}, rule="R-LLM-001")
    return response.seen


def _state(dcc, dut, supplier):
    return dcc.ask(ReadSupplyStatus(), dut, as_user=supplier).value()


@testcase(
    "SUP-101",
    "A load above the threshold for the whole period trips the supply into armed",
    rules=["R-LLM-002", "R-LLM-001", "R-FUT-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a", "ECS45"],
)
def test_trips(dut, dcc, mains, timeline, suppliers, expect):
    began = _limit(dcc, dut, suppliers.losing, expect)

    tripped = timeline.expect(device_alert(dut, TRIPPED, to=suppliers.losing), within=minutes(5))

    early = began.time + seconds(PERIOD - 10)
    expect("arrival of 8F33", tripped.time).lies_between(early, began.time + seconds(PERIOD + 30))
    told = timeline.find(device_alert(dut, EXCEEDED, to=suppliers.losing), after=began)
    expect("alerts 8F01", len(told)).equals(1)
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ARMED)
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)


@testcase(
    "SUP-102",
    "After the restoration period the supply is on again, and supplier and network operator are told",
    rules=["R-LLM-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a", "ECS45"],
)
def test_restored(dut, dcc, mains, timeline, suppliers, network_operator, expect):
    _limit(dcc, dut, suppliers.losing, expect)
    tripped = timeline.expect(device_alert(dut, TRIPPED), within=minutes(5), rule="R-LLM-002")

    for party in (suppliers.losing, network_operator):
        seen = timeline.expect(device_alert(dut, RESTORED, to=party), within=minutes(6), after=tripped)
        late = tripped.time + seconds(RESTORATION + 30)
        expect("arrival of 8F34", seen.time).lies_between(tripped.time + seconds(RESTORATION - 10), late)
    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > 100)


@testcase(
    "SUP-103",
    "A load below the threshold does nothing",
    rules=["R-LLM-002"],
    requirements=[*REQUIREMENTS, "ES.12.4"],
    use_cases=["ECS28a"],
)
def test_below(dut, dcc, clock, timeline, suppliers, expect):
    _limit(dcc, dut, suppliers.losing, expect, watts=ABOVE_THE_LOAD)

    with timeline.never(device_alert(dut, EXCEEDED, TRIPPED)):
        clock.sleep(minutes(6))
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ENABLED)


@testcase(
    "SUP-104",
    "With the supply state unchanged the load limit only tells",
    rules=["R-LLM-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a", "ECS45"],
)
def test_only_told(dut, dcc, clock, timeline, suppliers, expect):
    _limit(dcc, dut, suppliers.losing, expect, state="Unchanged")

    timeline.expect(device_alert(dut, EXCEEDED, to=suppliers.losing), within=minutes(5))
    with timeline.never(device_alert(dut, TRIPPED)):
        clock.sleep(minutes(2))
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(ENABLED)


@testcase(
    "SUP-105",
    "The restoration does not enable what the supplier has disabled meanwhile",
    rules=["R-LLM-005"],
    requirements=[*REQUIREMENTS, "SFA-21-POLICY"],
    use_cases=["ECS28a", "ECS43", "ECS45"],
)
def test_not_restored_against_the_supplier(dut, dcc, clock, timeline, suppliers, expect):
    _limit(dcc, dut, suppliers.losing, expect)
    timeline.expect(device_alert(dut, TRIPPED), within=minutes(5), rule="R-LLM-002")
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)

    with timeline.never(device_alert(dut, RESTORED)):
        clock.sleep(minutes(8))
    expect("state of the load switch", _state(dcc, dut, suppliers.losing)).equals(DISABLED)


@testcase(
    "SUP-106",
    "Load limit settings at a set time: one alert for each item, when it becomes active",
    rules=["R-FUT-007", "R-FUT-008", "R-FUT-012", "R-FUT-013", "R-FUT-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a"],
)
def test_future_dated(dut, dcc, clock, timeline, suppliers, expect):
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    body = LoadLimit(
        execute_at=at, period=PERIOD, power_threshold=ABOVE_THE_LOAD, restoration_period=RESTORATION,
        supply_state="Disable",
    )  # fmt: skip
    response = dcc.ask(body, dut, as_user=suppliers.losing)
    expect("results", set(response.results)).equals({0}, rule="R-FUT-005")

    with timeline.never(device_alert(dut, 0x8F66, 0x8F67), rule="R-FUT-013"):
        clock.sleep_until(at - seconds(10))
    clock.sleep(minutes(1))
    alerts = timeline.find(device_alert(dut, 0x8F66, to=suppliers.losing))
    expect("alerts 8F66", len(alerts)).equals(4)
    for seen in alerts:
        alert = dcc.read(seen)
        expect("arrival of an alert", seen.time).lies_between(at, at + seconds(30), rule="R-FUT-013")
        expect("protection of an alert", alert.protected_well).equals(True, rule="R-FUT-008")
        expect("time in an alert", alert.alert_times()[0]).equals(at, rule="R-FUT-013")


@testcase(
    "SUP-107",
    "Settings that wait are replaced by later ones, and withdrawn by a cancellation",
    rules=["R-FUT-006", "R-FUT-004"],
    requirements=REQUIREMENTS,
    use_cases=["ECS28a"],
)
@pytest.mark.parametrize("how", ["replaced", "withdrawn"])
def test_waiting_settings(how, dut, dcc, clock, timeline, suppliers, expect):
    from bench.dcc import CANCEL

    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    later = at + minutes(10)
    for when in (at, later if how == "replaced" else CANCEL):
        body = LoadLimit(
            execute_at=when, period=PERIOD, power_threshold=ABOVE_THE_LOAD, restoration_period=RESTORATION,
            supply_state="Disable",
        )  # fmt: skip
        dcc.ask(body, dut, as_user=suppliers.losing)

    rule = "R-FUT-006" if how == "replaced" else "R-FUT-004"
    with timeline.never(device_alert(dut, 0x8F66, 0x8F67), rule=rule):
        clock.sleep_until(later - minutes(1))
    clock.sleep(minutes(2))
    alerts = timeline.find(device_alert(dut, 0x8F66, to=suppliers.losing))
    expect("alerts 8F66", len(alerts)).equals(4 if how == "replaced" else 0, rule=rule)


@testcase(
    "SUP-108",
    "A load above the limit for the whole period is told to the supplier and stands in the event log, once",
    rules=["R-EVT-021", "R-LLM-002"],
    requirements=[*REQUIREMENTS, "DI.03"],
    use_cases=["ECS28a", "ECS35a"],
)
def test_logged(dut, dcc, clock, timeline, suppliers, expect):
    began = _limit(dcc, dut, suppliers.losing, expect, state="Unchanged")

    timeline.expect(device_alert(dut, EXCEEDED, to=suppliers.losing), within=minutes(5), after=began, rule="R-EVT-021")

    clock.sleep(minutes(1))
    period = ReadLogPeriod(start=began.time.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=suppliers.losing).log()
    codes = [entry.code for entry in log]
    expect("entries 8F01 in the event log", codes.count(EXCEEDED)).equals(1, rule="R-EVT-021")
