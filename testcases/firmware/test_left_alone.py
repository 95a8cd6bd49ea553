"""Images and activations beside the plain case: of a gas meter, and what they leave as it is."""

from dataclasses import replace

import pytest

from bench.clock import hours, minutes
from bench.dcc import CANCEL
from bench.dcc.bodies import DisableSupply, ReadSupplyStatus
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.firmware.steps import (
    ACTIVATED,
    DOWNLOAD,
    NOT_ACTIVATED,
    RECEIVED,
    REJECTED,
    REQUIREMENTS,
    SUCCESS,
    WRONG_HASH,
    activate,
    event_codes,
    load,
    version_in_use,
)
from testcases.gas import test_events as gas_events
from testcases.gas_steps import STATUS
from testcases.messages import test_alert_settings as electricity

METERS = pytest.mark.parametrize("kind", ["ESME", "GSME"])


@testcase(
    "FWU-286",
    "A gas meter drops another maker's image, takes the later of two, and does not run it when that is withdrawn",
    rules=["R-FWU-002", "R-FWU-005", "R-FWU-007", "R-FWU-008", "R-FWU-012"],
    requirements=[*REQUIREMENTS, "IM.02.5"],
    use_cases=["CS06", "GCS38"],
    devices=["GSME"],
)
def test_gas_meter(gsme, dcc, gas, firmware, clock, timeline, gas_suppliers, expect):
    supplier = gas_suppliers.losing
    before = version_in_use(dcc, gas, gsme, supplier)
    first = load(firmware, timeline, gsme, supplier)
    foreign = firmware.signed(replace(first, manufacturer=first.manufacturer ^ 1), supplier)
    second = firmware.signed(replace(first, content=first.content + b"\1", version=first.version + 1), supplier)
    for image, code, rule in ((foreign, REJECTED, "R-FWU-002"), (second, RECEIVED, "R-FWU-008")):
        posted = firmware.distribute(image, gsme, as_user=supplier)
        alert = device_alert(gsme, RECEIVED, REJECTED, to=supplier)
        seen = timeline.expect(alert, within=DOWNLOAD, after=posted, rule="R-FWU-007")
        expect("code of the alert", int(seen.data["alert_code"], 16)).equals(code, rule=rule)
        expect("hash in the alert", firmware.told_hash(seen)).equals(image.hash.hex(), rule="R-FWU-007")

    outcome = activate(dcc, firmware, gsme, supplier, first.hash)
    expect("code for the first image", outcome[0]).equals(WRONG_HASH, rule="R-FWU-008")
    at = (clock.now() + hours(2)).replace(second=0, microsecond=0)
    for when in (at, CANCEL):
        accepted = activate(dcc, firmware, gsme, supplier, second.hash, execute_at=when)
        expect("outcome in the answer", accepted).equals(None, rule="R-FWU-012")
    with timeline.never(device_alert(gsme, ACTIVATED, NOT_ACTIVATED), rule="R-FWU-012"):
        clock.sleep_until(at + minutes(5))
    expect("version in use", version_in_use(dcc, gas, gsme, supplier)).equals(before, rule="R-FWU-012")


@testcase(
    "FWU-287",
    "An activation leaves a supply that is off as it is, and the event log, and what is set for events",
    rules=["R-FWU-013", "R-FWU-015"],
    requirements=[*REQUIREMENTS, "CSC-DP094-OTALOSS"],
    use_cases=["CS06", "ECS43", "ECS45", "GCS32", "GCS33", "ECS25r1", "GCS20r", "ECS35a", "CS10a"],
    devices=["ESME", "GSME"],
)
@METERS
def test_left_alone(kind, home, dcc, gas, firmware, clock, timeline, expect):
    device, began = home.device(kind), clock.now()
    supplier = suppliers_of(home, device).losing

    def state():
        status = dcc.ask(ReadSupplyStatus(), device, as_user=supplier)
        if kind == "ESME":
            return status.value(), electricity.settings(dcc, device, supplier)
        return gas.read(status).attributes[STATUS], gas_events.settings(gas, device, supplier)

    image = load(firmware, timeline, device, supplier)
    if kind == "ESME":
        electricity.set_alerts(dcc, device, supplier, False, electricity.EMERGENCY_ACTIVATED)
    else:
        gas_events.behave(gas, device, supplier, gas_events.EMERGENCY_ACTIVATED, told=False, logged=False)
    dcc.ask(DisableSupply(), device, as_user=supplier)
    (supply, events), until = state(), clock.now()
    logged = event_codes(dcc, gas, device, supplier, began, until)

    outcome = activate(dcc, firmware, device, supplier, image.hash)

    expect("code of the activation", outcome[0]).equals(SUCCESS, rule="R-FWU-010")
    after = state()
    expect("state of the supply", after[0]).equals(supply, rule="R-FWU-015")
    expect("what is set for events", after[1]).equals(events, rule="R-FWU-013")
    kept = event_codes(dcc, gas, device, supplier, began, until)
    expect("entries in the event log from before", kept).equals(logged, rule="R-FWU-013")
