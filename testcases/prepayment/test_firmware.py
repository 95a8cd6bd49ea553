"""Another firmware on a meter in prepayment mode: what waits for its time, and the counter of its alerts."""

from bench.clock import hours, minutes
from bench.dcc.bodies import ActivateFirmware
from bench.dcc_point import device_alert
from bench.testcase import testcase

ACTIVATED, NOT_ACTIVATED, RECEIVED = 0x8F66, 0x8F67, 0x8F72
SUCCESS = 0


@testcase(
    "PPM-776",
    "What waited before another firmware ran happens at its time: prices, a change of supplier; alerts count on",
    rules=["R-FUT-016", "R-CTR-009", "R-FUT-008"],
    requirements=["IM.02", "CSC-DP094-OTALOSS"],
    use_cases=["CS06", "CS02b", "ECS01b", "GCS01b"],
    devices=["ESME", "GSME"],
)
def test_what_waits(meter, dcc, firmware, clock, timeline, expect):
    device = meter.device
    image = firmware.signed(firmware.image(device), meter.supplier)
    posted = firmware.distribute(image, device, as_user=meter.supplier)
    received = timeline.expect(device_alert(device, RECEIVED), within=hours(3), after=posted, rule="R-FWU-006")
    at = (clock.now() + minutes(185)).replace(second=0, microsecond=0)
    meter.prices(3_000, 4_000, at=at)
    body = dcc.change_of_supplier(device, meter.gaining, execute_at=at + minutes(35))
    dcc.ask(body, device, as_user=meter.gaining, rule="R-FUT-005")

    outcome = firmware.outcome(meter.ask(ActivateFirmware(firmware_hash=image.hash)))
    expect("code in the answer to the activation", outcome[0]).equals(SUCCESS, rule="R-FWU-010")
    clock.sleep_until(at + minutes(70))

    told = [dcc.read(seen) for seen in timeline.find(device_alert(device, ACTIVATED, NOT_ACTIVATED), after=posted)]
    expect("alerts of prices and of the change", len(told)).equals(3)
    counters = [dcc.read(received).message.counter, *(one.message.counter for one in told)]
    expect("counters of the alerts since the image came", counters).satisfies(
        "to rise", lambda seen: seen == sorted(set(seen)), rule="R-CTR-009"
    )
