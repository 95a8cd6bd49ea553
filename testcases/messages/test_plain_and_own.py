"""Alerts that are code and time alone, and those that hold more: an integrity warning; what no setting reaches."""

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ArmSupply,
    ConfigureAlertBehaviour,
    DisableSupply,
    ReadEventOrSecurityLog,
    ReadLogPeriod,
)
from bench.dcc.bodies.behaviour import GasBehaviour, GasBehaviours
from bench.dcc_point import device_alert
from bench.gbcs.dlms import DataNotification
from bench.gbcs.gbz import GbzAlert
from bench.testcase import testcase
from testcases.change_of_supplier.steps import suppliers_of
from testcases.gas_steps import event_log
from testcases.messages.test_alert_settings import EVERY_EVENT, set_alerts, set_logging

WARNING, TAMPERED, COVER, ARMED = 0x81A0, 0x8F3F, 0x8F73, 0x8F32
CRITICAL, NOT_CRITICAL = 0x1000, 0x1001  #: message codes of alerts that are code and time alone
OF_THE_WARNING = {"ESME": 0x00F0, "GSME": 0x00F2}
UNEXPECTED_RESET = 5  #: cause
REQUIREMENTS = ["SFA-12-AUDIT"]
#: an alert is told within this: a gas meter may hold it until it wakes
TOLD_WITHIN = minutes(35)
METERS = pytest.mark.parametrize("kind", ["ESME", "GSME"])
HANDS = {"ESME": "at_the_esme", "GSME": "at_the_meter"}


def other_information(kind, message):
    """What an alert holds beside code and time: octets of each member."""
    if kind == "ESME":
        return [member.value for member in DataNotification.parse(message.payload).data.value[2:]]
    content = GbzAlert.parse(message.payload).content
    return [content] if content else []


@testcase(
    "MSG-151",
    "A meter whose processor has started anew warns its supplier, in a message of its own with two octets of cause",
    rules=["R-ALT-020", "R-EVT-025", "R-EVT-019"],
    requirements=REQUIREMENTS,
    use_cases=["MIIWA", "ECS35a", "CS10a"],
    devices=list(HANDS),
)
@METERS
def test_warning(kind, request, home, dcc, gas, clock, timeline, expect):
    meter, hands = home.device(kind), request.getfixturevalue(HANDS[kind])
    supplier, began = suppliers_of(home, meter).losing, clock.now().replace(microsecond=0)

    hands.reset_processor()

    seen = timeline.expect(device_alert(meter, WARNING, to=supplier), within=TOLD_WITHIN)
    told = dcc.read(seen)
    expect("message code", f"{told.message.message_code:04X}").equals(f"{OF_THE_WARNING[kind]:04X}")
    expect("MAC and signature", (told.protection.mac, told.protection.signature)).equals(("valid", "absent"))
    expect("other information", other_information(kind, told.message)).equals(
        [UNEXPECTED_RESET.to_bytes(2)], rule="R-EVT-025"
    )
    period = ReadLogPeriod(start=began, end=clock.now() + seconds(1))
    answer = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), meter, as_user=supplier)
    log = answer.log() if kind == "ESME" else gas.read(answer).log()
    entries = [bytes(entry.other) for entry in log if entry.code == WARNING]
    expect("other information of its entries in the event log", entries).equals([b""], rule="R-EVT-025")


@testcase(
    "MSG-152",
    "An alert that is code and time alone has a generic message code: one for critical alerts, one for others",
    rules=["R-EVT-019"],
    requirements=REQUIREMENTS,
    use_cases=["ECS44", "GCS39"],
    devices=list(HANDS),
)
@METERS
def test_plain(kind, request, home, dcc, clock, timeline, expect):
    meter, hands = home.device(kind), request.getfixturevalue(HANDS[kind])
    supplier, began = suppliers_of(home, meter).losing, clock.now()
    for body in (DisableSupply(), ArmSupply()):
        dcc.ask(body, meter, as_user=supplier)
    hands.jam()
    if kind == "ESME":
        hands.enable_supply()
    else:
        hands.open_valve()
    hands.open_cover()
    told = {ARMED: CRITICAL, {"ESME": TAMPERED, "GSME": COVER}[kind]: CRITICAL, 0x81BD: NOT_CRITICAL}

    for code, wanted in told.items():
        seen = timeline.expect(device_alert(meter, code, to=supplier), within=TOLD_WITHIN, after=began)
        message = dcc.read(seen).message
        expect(f"message code of {code:04X}", f"{message.message_code:04X}").equals(f"{wanted:04X}")
        expect(f"other information of {code:04X}", other_information(kind, message)).equals([])


@testcase(
    "MSG-153",
    "With every event switched off what belongs in the security log of the electricity meter is logged and told",
    rules=["R-ALT-011", "R-ALT-010"],
    requirements=[*REQUIREMENTS, "DI.02"],
    use_cases=["ECS25a", "ECS25a3", "ECS35b"],
)
def test_security_log(dut, dcc, at_the_esme, clock, timeline, suppliers, expect):
    supplier, began = suppliers.losing, clock.now().replace(microsecond=0)
    everything = [0x8100 + event for event in EVERY_EVENT]
    set_alerts(dcc, dut, supplier, False, *everything)
    set_logging(dcc, dut, supplier, False, *everything)

    at_the_esme.open_cover()

    timeline.expect(device_alert(dut, TAMPERED, to=supplier), within=minutes(1))
    period = ReadLogPeriod(start=began, end=clock.now())
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Security"), dut, as_user=supplier).log()
    expect("entries in the security log", [entry.code for entry in log]).equals([TAMPERED])


@testcase(
    "MSG-154",
    "What is set for an event of the security log of the gas meter has no effect: it is logged and told",
    rules=["R-ALT-011", "R-ALT-010"],
    requirements=[*REQUIREMENTS, "DI.02"],
    use_cases=["GCS20", "CS10b"],
    devices=["GSME"],
)
def test_gas_security_log(gsme, gas, at_the_meter, clock, timeline, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now()
    off = GasBehaviour(wan_alert="Disable", han_alert="Disable", event_log="Disable", alarm="Disable")
    events = tuple((code, off) for code in (COVER, TAMPERED))
    gas.ask(ConfigureAlertBehaviour(gas=GasBehaviours(events=events)), gsme, as_user=supplier)

    at_the_meter.open_cover()

    timeline.expect(device_alert(gsme, COVER, to=supplier), within=TOLD_WITHIN)
    logged = event_log(gas, gsme, supplier, began, clock.now(), "Security")
    expect("entries in the security log", logged).equals([COVER])
