"""Brown-outs, dips and short interruptions: what a meter rides through, and what it makes of the rest.

Levels and lengths: its extended operating range, IEC 61000-4-11, and far below both.
"""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadInstantaneousImportRegisters, ReadSupplyStatus
from bench.dcc_point import dcc_alert, device_alert
from bench.han_point import frame
from bench.testcase import meters, testcase

EXTENDED_LOW = 0.8
FAR_BELOW = 0.3
RESTORED, RESTORED_LONG = 0x8F35, 0x8F36
ENABLED = 1
DIPS = [(0.0, 0.5), (0.0, 1.0), (0.7, 25.0)]


@testcase(
    "PWR-010",
    "A brown-out to 0.8 Un does not restart the meter",
    rules=["R-PWR-001", "R-EVT-026"],
    requirements=["SFA-17-OUTAGE", "SFA-20-VOLTCOUNT"],
    use_cases=["ECS17b"],
)
def test_ramp_to_extended_range(dut, dcc, mains, timeline, suppliers, expect):
    with (
        timeline.never(frame(src=dut.type, what="DeviceAnnce"), rule="R-EVT-026"),
        timeline.never(dcc_alert("AD1")),
        timeline.never(device_alert(dut), during=minutes(1)),
    ):
        mains.ramp(EXTENDED_LOW, fall="20 s", hold="1 min", rise="20 s")

    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    expect("result of a read afterwards", reading.results).equals([0])


@testcase(
    "PWR-011",
    "Dips of the public mains do not restart the meter",
    rules=["R-PWR-001", "R-EVT-026"],
    requirements=["SFA-17-OUTAGE"],
    use_cases=["ECS17b"],
)
@pytest.mark.parametrize("phase", [0, 180], ids=lambda phase: f"{phase}deg")
def test_dips(dut, dcc, mains, timeline, suppliers, expect, phase):
    with (
        timeline.never(frame(src=dut.type, what="DeviceAnnce"), rule="R-EVT-026"),
        timeline.never(device_alert(dut), during=minutes(1)),
    ):
        for residual, cycles in DIPS:
            mains.dip(residual, cycles, phase)

    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    expect("result of a read afterwards", reading.results).equals([0])


@meters("single", "twin")
@testcase(
    "PWR-012",
    "A brown-out far below the operating range is one outage of the right length, however slowly supply comes back",
    rules=["R-PWR-001", "R-PWR-002", "R-PWR-004"],
    requirements=["SFA-17-OUTAGE", "DP096"],
    use_cases=["ECS80"],
)
@pytest.mark.parametrize(("code", "hold"), [(RESTORED, "1 min"), (RESTORED_LONG, "5 min")], ids=["short", "long"])
def test_deep_brown_out(code, hold, dut, dcc, clock, mains, timeline, network_operator, expect):
    began = clock.now()
    mains.ramp(FAR_BELOW, fall="20 s", hold=hold, rise="20 s")
    ended = clock.now()

    seen = timeline.expect(device_alert(dut, RESTORED, RESTORED_LONG, to=network_operator), within=minutes(5))
    expect("code of the restoration alert", int(seen.data["alert_code"], 16)).equals(code, rule="R-PWR-001")
    clock.sleep(minutes(2))
    alerts = timeline.find(device_alert(dut))
    expect("alerts of the meter", len(alerts)).equals(1, rule="R-PWR-004")
    times = dcc.read(seen).alert_times()
    expect("number of times in the alert", len(times)).equals(3, rule="R-PWR-002")
    expect("time of the interruption", times[1]).lies_between(began, began + seconds(22), rule="R-PWR-002")
    expect("time of the restoration", times[2]).lies_between(ended - seconds(22), ended, rule="R-PWR-002")


@meters("single", "twin")
@testcase(
    "PWR-013",
    "Supply that hovers where a meter may or may not work leaves a meter that works, and as many alerts as outages",
    rules=["R-PWR-001", "R-EVT-026", "R-PWR-007"],
    requirements=["SFA-17-OUTAGE"],
    use_cases=["ECS80", "ECS17b"],
)
def test_hovering(dut, dcc, clock, mains, timeline, suppliers, expect):
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()

    for residual in (0.65, 0.45, 0.6, 0.4, 0.55):
        mains.ramp(residual, fall="3 s", hold="5 s", rise="3 s")
    clock.sleep(minutes(3))

    restarts = timeline.find(frame(src=dut.type, what="DeviceAnnce"))
    alerts = timeline.find(device_alert(dut, RESTORED, RESTORED_LONG))
    expect("restoration alerts", len(alerts)).lies_between(0, 5, rule="R-PWR-001")
    expect("restarts without an alert", len(restarts) - len(alerts)).lies_between(-5, 0, rule="R-PWR-001")
    after = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    expect("energy counted (Wh)", after - before).lies_between(0, 100, rule="R-PWR-007")


@meters("single", "twin")
@testcase(
    "PWR-014",
    "An interruption shorter than a second costs neither energy, nor state, nor the way back to the network",
    rules=["R-PWR-007", "R-PWR-006", "R-EVT-008"],
    requirements=["SFA-17-OUTAGE", "ES.02", "IM.04"],
    use_cases=["ECS17b", "ECS45"],
)
@pytest.mark.parametrize("cycles", [1, 5, 10, 25, 50], ids=["20 ms", "100 ms", "200 ms", "500 ms", "1 s"])
def test_short_interruptions(cycles, dut, dcc, mains, clock, timeline, suppliers, expect):
    before = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()

    mains.dip(0.0, cycles)
    clock.sleep(minutes(1))

    alerts = timeline.find(device_alert(dut))
    expect("alerts of the meter", len(alerts)).lies_between(0, 1, rule="R-EVT-008")
    status = dcc.ask(ReadSupplyStatus(), dut, as_user=suppliers.losing)
    expect("state of the load switch", status.value()).equals(ENABLED, rule="R-PWR-006")
    after = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing).import_register()
    expect("energy counted (Wh)", after - before).lies_between(1, 40, rule="R-PWR-007")
