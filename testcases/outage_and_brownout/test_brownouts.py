"""Brown-outs and dips that a meter must ride through (its extended operating range; IEC 61000-4-11 dips)."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc_point import dcc_alert, device_alert
from bench.han_point import frame
from bench.testcase import testcase

EXTENDED_LOW = 0.8
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
        timeline.never(device_alert(dut), during=minutes(1)),
        timeline.never(dcc_alert("AD1")),
        timeline.never(frame(src=dut.type, what="DeviceAnnce"), rule="R-EVT-026"),
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
        timeline.never(device_alert(dut), during=minutes(1)),
        timeline.never(frame(src=dut.type, what="DeviceAnnce"), rule="R-EVT-026"),
    ):
        for residual, cycles in DIPS:
            mains.dip(residual, cycles, phase)

    reading = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=suppliers.losing)
    expect("result of a read afterwards", reading.results).equals([0])
