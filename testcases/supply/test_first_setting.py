"""A meter as it left its maker: a clock that nobody has set, and what its first setting entails."""

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import (
    CommissionDeviceSynchroniseClock,
    ReadActiveImportProfileData,
    ReadInstantaneousImportRegisters,
    ReadLogPeriod,
)
from bench.dcc_point import device_alert
from bench.gbcs import decode_der
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of

RELIABLE, INVALID = 0, 1
DOUBTFUL = 0x02  #: clock status of a gas meter's date-time
COMMISSIONED = 0x8F69
REQUIREMENTS = ["SFA-19-SYNC"]
HANDS = {"ESME": "at_the_esme", "GSME": "at_the_meter"}
METERS = pytest.mark.parametrize("kind", list(HANDS))
TOLD_WITHIN = minutes(35)


def commission(dcc, gas, device, supplier, at):
    """Commission a meter (8.1.1): the clock status in its answer."""
    body = CommissionDeviceSynchroniseClock(current=at.replace(microsecond=0), tolerance=3600)
    answer = dcc.ask(body, device, as_user=supplier)
    return answer.value(4) if device.type == "ESME" else told_status(gas.read(answer))


def told_status(answer):
    """The clock status in the answer to GCS28."""
    return decode_der.payload(answer.message)["status_code"]


@testcase(
    "SUP-251",
    "A clock that was never set is invalid, also after a setting that fails; set for the first time it is reliable",
    rules=["R-TIM-013", "R-TIM-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70", "GCS28"],
    devices=list(HANDS),
)
@METERS
def test_status(kind, request, home, dcc, gas, clock, expect):
    meter, hands = home.device(kind), request.getfixturevalue(HANDS[kind])
    supplier = suppliers_of(home, meter).losing
    hands.put_as_made()

    wrong = commission(dcc, gas, meter, supplier, clock.now() + hours(48))
    expect("status after a setting outside the interval", wrong).equals(INVALID)
    right = commission(dcc, gas, meter, supplier, clock.now())
    expect("status after the first setting", right).equals(RELIABLE, rule="R-TIM-002")


@testcase(
    "SUP-252",
    "What is used while the clock is invalid is counted all the same, by half hours too; the gas meter says it doubts",
    rules=["R-TIM-013", "R-TIM-014", "R-RSP-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS17b", "ECS22b", "GCS13a", "GCS17"],
    devices=list(HANDS),
)
@METERS
def test_recorded(kind, request, home, dcc, gas, clock, expect):
    meter, hands = home.device(kind), request.getfixturevalue(HANDS[kind])
    supplier = suppliers_of(home, meter).losing
    hands.put_as_made()
    if kind == "GSME":
        hands.set_taps(0.3)
    began = clock.now().replace(microsecond=0)

    clock.sleep(hours(2))

    period = ReadLogPeriod(start=began, end=clock.now())
    answer = dcc.ask(ReadActiveImportProfileData(period=period), meter, as_user=supplier)
    used = answer.profile() if kind == "ESME" else gas.read(answer).samples()
    expect("half hours since then", len(used)).lies_between(3, 5)
    expect("what they hold", [amount for _, amount in used]).satisfies("to be above 0", all)
    reading = dcc.ask(ReadInstantaneousImportRegisters(), meter, as_user=supplier)
    if kind == "GSME":
        expect("clock status of the reading", reading.message.date_time[-1]).equals(DOUBTFUL, rule="R-TIM-014")


@testcase(
    "SUP-253",
    "The first setting of the clock commissions a meter: it tells its supplier with 8F69, and never again",
    rules=["R-EVT-023"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70", "GCS28"],
    devices=list(HANDS),
)
@METERS
def test_commissioned(kind, request, home, dcc, gas, clock, timeline, expect):
    meter, hands = home.device(kind), request.getfixturevalue(HANDS[kind])
    supplier = suppliers_of(home, meter).losing
    hands.put_as_made()
    with timeline.never(device_alert(meter, COMMISSIONED)):
        commission(dcc, gas, meter, supplier, clock.now() + hours(48))
    began = clock.now()

    commission(dcc, gas, meter, supplier, clock.now())

    seen = timeline.expect(device_alert(meter, COMMISSIONED, to=supplier), within=TOLD_WITHIN, after=began)
    expect("signature of the alert", dcc.read(seen).protection.signature).equals("valid")
    commission(dcc, gas, meter, supplier, clock.now())
    clock.sleep(seconds(30) if kind == "ESME" else TOLD_WITHIN)
    told = timeline.find(device_alert(meter, COMMISSIONED), after=began)
    expect("alerts 8F69", len(told)).equals(1)
