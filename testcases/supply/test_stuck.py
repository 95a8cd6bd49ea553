"""A load switch or valve that does not move: the meter finds out by what flows, and says so."""

from bench.clock import minutes
from bench.dcc.bodies import ArmSupply
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.gas_steps import event_log
from testcases.messages.test_alert_settings import events_logged
from testcases.prepayment.conftest import meter  # noqa: F401 - a fixture
from testcases.prepayment.meters import ARMED

NOT_CLOSED, NOT_OPENED = 0x81BD, 0x81C0
REQUIREMENTS = ["ES.12", "SFA-12-AUDIT"]
BOTH = ("ESME", "GSME")
TOLD_WITHIN = minutes(35)  #: a gas meter may hold an alert until it wakes


def turn_on(meter):  # noqa: F811 - the fixture
    """Ask for the supply at the meter."""
    return meter.hands.enable_supply() if meter.device.type == "ESME" else meter.hands.open_valve()


def event_codes(meter, since, until):  # noqa: F811
    """The codes in the event log."""
    if meter.device.type == "GSME":
        return event_log(meter.gas, meter.device, meter.supplier, since, until)
    return events_logged(meter.dcc, meter.device, meter.supplier, since, until)


@testcase(
    "SUP-051",
    "A contact that sticks closed when supply is disabled is told with 81C0, and stands in the event log",
    rules=["R-SUP-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "GCS32", "ECS35a", "CS10a"],
    devices=BOTH,
)
def test_not_opened(meter, mains, clock, timeline, expect):  # noqa: F811
    began = clock.now()
    meter.hands.jam()

    meter.disable()

    timeline.expect(device_alert(meter.device, NOT_OPENED, to=meter.supplier), within=TOLD_WITHIN, after=began)
    if meter.device.type == "ESME":
        precondition(mains.sample().power > 100, "the load still draws power: the contact did stick")
    else:
        meter.hands.set_taps(0.3)
        precondition(meter.hands.flow() > 0, "gas still flows: the valve did stick")
    codes = event_codes(meter, began, clock.now())
    expect("entries 81C0 and 81BD", (codes.count(NOT_OPENED), codes.count(NOT_CLOSED))).equals((1, 0))


@testcase(
    "SUP-052",
    "A contact that sticks open when an armed supply is turned on is told with 81BD, and stands in the event log",
    rules=["R-SUP-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "GCS32", "GCS39", "ECS35a", "CS10a"],
    devices=BOTH,
)
def test_not_closed(meter, clock, timeline, expect):  # noqa: F811
    began = clock.now()
    meter.disable()
    meter.ask(ArmSupply())
    precondition(meter.supply() == ARMED, "the supply is armed")
    meter.hands.jam()

    turn_on(meter)

    timeline.expect(device_alert(meter.device, NOT_CLOSED, to=meter.supplier), within=TOLD_WITHIN, after=began)
    codes = event_codes(meter, began, clock.now())
    expect("entries 81C0 and 81BD", (codes.count(NOT_OPENED), codes.count(NOT_CLOSED))).equals((0, 1))


@testcase(
    "SUP-053",
    "A contact that moves is told of with neither 81C0 nor 81BD",
    rules=["R-SUP-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS43", "ECS44", "GCS32", "GCS39"],
    devices=BOTH,
)
def test_moves(meter, timeline):  # noqa: F811
    if meter.device.type == "GSME":
        meter.hands.set_taps(0)
    with timeline.never(device_alert(meter.device, NOT_CLOSED, NOT_OPENED), during=minutes(1)):
        for _ in range(2):
            meter.disable()
            meter.ask(ArmSupply())
            turn_on(meter)
