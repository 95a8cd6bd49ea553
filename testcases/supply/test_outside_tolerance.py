"""A clock that is not adjusted: 81C6, which the supplier can switch; and how ZigBee counts time."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc.bodies import ConfigureAlertBehaviour, ReadEventOrSecurityLog, ReadLogPeriod, SynchroniseClock
from bench.dcc.bodies.behaviour import GasBehaviour, GasBehaviours
from bench.dcc_point import device_alert
from bench.gbcs.gbz import GbzAlert
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.messages.test_alert_settings import set_alerts

OUTSIDE, NOT_ADJUSTED, COVER = 0x81C6, 0x8F0C, 0x8F73
REQUIREMENTS = ["SFA-19-SYNC"]
METERS = pytest.mark.parametrize("kind", ["ESME", "GSME"])
PATIENCE = {"ESME": minutes(1), "GSME": minutes(35)}


def switch_alert(dcc, meter, supplier, on):
    """Switch the alert 81C6 on or off."""
    if meter.type == "ESME":
        set_alerts(dcc, meter, supplier, on, OUTSIDE)
        return
    told = GasBehaviour(
        wan_alert="Enable" if on else "Disable", han_alert="Disable", event_log="Enable", alarm="Disable"
    )
    body = ConfigureAlertBehaviour(gas=GasBehaviours(events=((OUTSIDE, told),)))
    dcc.ask(body, meter, as_user=supplier)


@testcase(
    "SUP-254",
    "Hub time outside the interval is event 81C6: told as it is switched, and logged; 8F0C is told in any case",
    rules=["R-TIM-012", "R-TIM-005", "R-ALT-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS70", "GCS28", "ECS25a", "GCS20", "ECS35a", "CS10a"],
    devices=["ESME", "GSME"],
)
@METERS
@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_outside(on, kind, home, dcc, gas, clock, timeline, expect):
    meter = home.device(kind)
    supplier = suppliers_of(home, meter).losing
    switch_alert(dcc, meter, supplier, on)
    began = clock.now().replace(microsecond=0)
    wrong = SynchroniseClock(current=began + hours(48), tolerance=60)

    dcc.ask(wrong, meter, as_user=supplier)

    critical = device_alert(meter, NOT_ADJUSTED, to=supplier)
    timeline.expect(critical, within=PATIENCE[kind], after=began, rule="R-TIM-005")
    clock.sleep(PATIENCE[kind])
    told = timeline.find(device_alert(meter, OUTSIDE, to=supplier), after=began)
    expect("alerts 81C6", len(told)).equals(1 if on else 0)
    read = ReadEventOrSecurityLog(period=ReadLogPeriod(start=began, end=clock.now() + seconds(1)), log="Event")
    answer = dcc.ask(read, meter, as_user=supplier)
    log = answer.log() if kind == "ESME" else gas.read(answer).log()
    expect("entries 81C6 in the event log", [entry.code for entry in log].count(OUTSIDE)).equals(1)


@testcase(
    "SUP-255",
    "The gas meter counts time in seconds from the beginning of 2000, UTC, in its alerts and its log",
    rules=["R-TIM-019"],
    requirements=REQUIREMENTS,
    use_cases=["CS10b"],
    devices=["GSME"],
)
def test_seconds(gsme, dcc, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    began = clock.now()
    at_the_meter.open_cover()

    seen = timeline.expect(device_alert(gsme, COVER, to=gas_suppliers.losing), within=PATIENCE["GSME"])

    told = GbzAlert.parse(dcc.read(seen).message.payload).timestamp
    beginning = datetime(2000, 1, 1, tzinfo=UTC)
    near = (began - seconds(10), began + seconds(10))
    expect("time in the alert", beginning + timedelta(seconds=told)).lies_between(*near)
    period = ReadLogPeriod(start=began.replace(microsecond=0) - seconds(20), end=clock.now() + seconds(1))
    read = ReadEventOrSecurityLog(period=period, log="Security")
    answer = gas.ask(read, gsme, as_user=gas_suppliers.losing)
    times = [beginning + timedelta(seconds=row["time"]) for row in answer.fields()["events"] if row["eventId"] == COVER]
    expect("entries 8F73 in the security log", len(times)).equals(1)
    expect("time of the entry", times[0]).lies_between(*near)
