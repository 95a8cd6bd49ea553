"""Prices that wait for their time: withdrawn, overtaken by others that are immediate, and told when they come."""

import pytest

from bench.clock import minutes
from bench.dcc import CANCEL
from bench.dcc.bodies import ReadTariffPrimaryElement
from bench.dcc_point import device_alert
from bench.gbcs.dlms import DataNotification
from bench.testcase import testcase

ACTIVATED, NOT_ACTIVATED = 0x8F66, 0x8F67
ITEM = slice(10, 19)  #: class, logical name and attribute in the alert of an item
#: class 113, 0-0:19.20.4.255 (standing charge) and 0-0:19.20.0.255 (prices), attribute 7
ITEMS = ["0071" + "00001314" + place + "ff" + "07" for place in ("04", "00")]


def prices_of(meter, gas):
    """What the meter says of its prices."""
    answer = meter.ask(ReadTariffPrimaryElement())
    return answer.access.data if meter.answers_at_once else gas.read(answer).attributes


@testcase(
    "PPM-678",
    "Prices that were to come are withdrawn, or overtaken by immediate ones: they never come, and nothing is told",
    rules=["R-FUT-004", "R-FUT-003", "R-FUT-006", "R-FUT-005"],
    requirements=["PC.01"],
    use_cases=["ECS01b", "GCS01b", "ECS24", "GCS21f"],
    devices=["ESME", "GSME"],
)
@pytest.mark.parametrize("how", ["withdrawn", "overtaken"])
def test_never_come(how, meter, gas, clock, timeline, expect):
    meter.prices(1_000, 2_000)
    before = prices_of(meter, gas)
    at = (clock.now() + minutes(125)).replace(second=0, microsecond=0)

    with timeline.never(device_alert(meter.device, ACTIVATED, NOT_ACTIVATED)):
        meter.prices(3_000, 4_000, at=at)
        expect("prices while others wait", prices_of(meter, gas)).equals(before, rule="R-FUT-005")
        meter.prices(1_000, 2_000, at=CANCEL if how == "withdrawn" else None)
        clock.sleep_until(at + minutes(40))

    expect("prices afterwards", prices_of(meter, gas)).equals(
        before, rule="R-FUT-004" if how == "withdrawn" else "R-FUT-003"
    )


@testcase(
    "PPM-679",
    "Of prices that come each item is told, by the attribute with the time of its activation",
    rules=["R-FUT-009", "R-FUT-007"],
    requirements=["PC.01", "SFA-12-AUDIT"],
    use_cases=["ECS01b"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_items(meter, dcc, clock, timeline, expect):
    at = (clock.now() + minutes(5)).replace(second=0, microsecond=0)
    meter.prices(3_000, 4_000, at=at)

    clock.sleep_until(at + minutes(1))

    alerts = [dcc.read(one).message for one in timeline.find(device_alert(meter.device, ACTIVATED))]
    told = [DataNotification.parse(one.payload).data.value[2].value[ITEM].hex() for one in alerts]
    expect("items told", sorted(told)).equals(sorted(ITEMS))
