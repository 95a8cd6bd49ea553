"""The gas valve under settings of its own: how long its check lasts and what it finds, locks, a failing battery."""

from decimal import Decimal

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ArmSupply, DisableSupply, ReadSupplyStatus, UpdateDeviceConfigurationGasFlow
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.gas import ARMED, CLOSED, OPEN
from bench.testcase import testcase
from testcases.gas_steps import BATTERY, STATUS, event_log, to_prepayment, valve_state

UNCONTROLLED_FLOW, LOCKED_BY_TAMPER, BATTERY_RESET = 0x81BF, 0x81BE, 0x8F82
LITTLE = 0.03  #: m3/h: what the tests set as the threshold


def configure(gas, gsme, supplier, *, tamper="Unchanged", depletion="Unchanged", stabilisation=10, measurement=5):
    """Set the check of flow (GCS24a): tenths of a second of waiting, seconds of measuring; and what supply does."""
    body = UpdateDeviceConfigurationGasFlow(
        rate_decimal=Decimal(str(LITTLE)),
        depletion_state=depletion,
        tamper_state=tamper,
        stabilisation=stabilisation,
        measurement=measurement,
    )
    gas.ask(body, gsme, as_user=supplier)


def armed(gas, gsme, supplier):
    """Close the valve and arm it."""
    gas.ask(DisableSupply(), gsme, as_user=supplier)
    gas.ask(ArmSupply(), gsme, as_user=supplier)


@testcase(
    "GAS-091",
    "An armed valve that the supplier closes is closed, and the button does not open it",
    rules=["R-GAS-003", "R-GAS-004"],
    requirements=["GS.05"],
    use_cases=["GCS32", "GCS39", "GCS33"],
    devices=["GSME"],
)
def test_closed_from_armed(gsme, gas, at_the_meter, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    armed(gas, gsme, supplier)
    closed = gas.ask(DisableSupply(), gsme, as_user=supplier)
    expect("state in the response", closed.fields()["status"]).equals(CLOSED)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED)
    at_the_meter.set_taps(0)
    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(False, rule="R-GAS-004")


@testcase(
    "GAS-092",
    "The check of flow lasts as long as is set: tenths of a second of waiting, then seconds of measuring",
    rules=["R-GAS-006", "R-GAS-005"],
    requirements=["GS.10", "SDAG_6.02"],
    use_cases=["GCS24a", "GCS32", "GCS39"],
    devices=["GSME"],
)
@pytest.mark.parametrize(("stabilisation", "measurement"), [(100, 20), (200, 4)], ids=["10 s and 20 s", "20 s and 4 s"])
def test_length_of_the_check(stabilisation, measurement, gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    configure(gas, gsme, supplier, stabilisation=stabilisation, measurement=measurement)
    armed(gas, gsme, supplier)
    at_the_meter.set_taps(0.2)

    at_the_meter.open_valve()
    length = seconds(stabilisation / 10 + measurement)
    clock.sleep(length - seconds(3))
    expect("gas that flows before the end of the check (m3/h)", at_the_meter.flow()).equals(0.2)
    clock.sleep(seconds(6))
    expect("gas that flows after it", at_the_meter.flow()).equals(0, rule="R-GAS-005")


@testcase(
    "GAS-093",
    "Each opening is checked; flow at the threshold is none that is uncontrolled, flow above it is",
    rules=["R-GAS-005"],
    requirements=["GS.10", "SDAG_6.02"],
    use_cases=["GCS24a", "GCS32", "GCS39", "GCS33"],
    devices=["GSME"],
)
def test_each_opening(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    configure(gas, gsme, supplier)
    armed(gas, gsme, supplier)
    began = clock.now()
    for flow in (LITTLE + 0.01, LITTLE, LITTLE + 0.01):
        at_the_meter.set_taps(flow)
        at_the_meter.open_valve()
        clock.sleep("1 min")
        wanted = OPEN if flow == LITTLE else ARMED
        expect(f"valve after it was opened with {flow} m3/h", valve_state(gas, gsme, supplier)).equals(wanted)
        if wanted == OPEN:
            armed(gas, gsme, supplier)
    told = timeline.find(device_alert(gsme, UNCONTROLLED_FLOW, to=supplier), after=began)
    expect("alerts 81BF", len(told)).equals(2)


@testcase(
    "GAS-094",
    "A valve that is locked by a tamper stays so whatever is paid; without the lock nothing is told of one",
    rules=["R-GAS-007", "R-GAS-006"],
    requirements=["SFA-21-POLICY"],
    use_cases=["GCS24a", "CS01b", "GCS33"],
    devices=["GSME"],
)
def test_paying_does_not_unlock(gsme, dcc, gas, at_the_meter, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    to_prepayment(gas, gsme, supplier, 1)
    with timeline.never(device_alert(gsme, LOCKED_BY_TAMPER), during=minutes(1)):
        at_the_meter.open_cover()
    configure(gas, gsme, supplier, tamper="Locked")
    at_the_meter.open_cover()
    precondition(valve_state(gas, gsme, supplier) == CLOSED, "the tamper closes the valve")

    dcc.top_up(gsme, dcc.token(gsme, 20, as_user=supplier), as_user=supplier)

    expect("state of the valve after a top up", valve_state(gas, gsme, supplier)).equals(CLOSED)
    at_the_meter.set_taps(0)
    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(False)


@testcase(
    "GAS-095",
    "A failing battery closes an armed valve, too, where the supplier wants it; a new battery is in the security log",
    rules=["R-GAS-008", "R-GAS-009", "R-GAS-010"],
    requirements=["GS.07", "DI.06"],
    use_cases=["GCS24a", "GCS33", "CS10b"],
    devices=["GSME"],
)
@pytest.mark.parametrize("before", ["open", "armed"])
def test_battery(before, gsme, gas, at_the_meter, clock, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    configure(gas, gsme, supplier, depletion="Locked")
    if before == "armed":
        armed(gas, gsme, supplier)
    at_the_meter.set_taps(0)
    at_the_meter.set_battery(100)
    expect("state of the valve", valve_state(gas, gsme, supplier)).equals(CLOSED)
    expect("the valve after the button is pressed", at_the_meter.open_valve()).equals(False)

    began = clock.now()
    at_the_meter.set_battery(3650)
    status = gas.ask(ReadSupplyStatus(), gsme, as_user=supplier).attributes
    expect("days the new battery lasts", status[BATTERY]).equals(3650, rule="R-GAS-009")
    expect("state of the valve with it", status[STATUS]).equals(CLOSED)
    security = event_log(gas, gsme, supplier, began, clock.now(), "Security")
    expect("entries 8F82 in the security log", security.count(BATTERY_RESET)).equals(1, rule="R-GAS-010")
