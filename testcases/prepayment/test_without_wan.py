"""Hours without WAN: the home runs on credit, emergency credit and tokens that are keyed in; the truth comes later."""

from bench.clock import hours, minutes, seconds
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import HOUR, ON, POUND, Recovery
from testcases.prepayment.test_ppmid import ACCEPTED, fuel_of

LOW, AVAILABLE, ACTIVATED, EXHAUSTED, BELOW_THRESHOLD = 0x810D, 0x8119, 0x81AB, 0x81AA, 0x8F0F
ADDED_LOCALLY, SUPPLY_ARMED = 0x810E, 0x8F32
DRAIN = Recovery(2 * POUND, HOUR)  #: a debt of two pounds an hour empties a meter evenly
TOLD = seconds(45)  #: between the event and the time the alert bears
#: what happens without WAN: code, rule, hours after the start
EVENTS = [
    (LOW, "R-DIS-005", [1, 2.5]),  # emergency credit lifts what is left above the threshold, and falls below it again
    (AVAILABLE, "R-EMC-001", [1.5]),
    (ACTIVATED, "R-EMC-002", [1.75]),
    (EXHAUSTED, "R-EMC-005", [3.5]),
    (BELOW_THRESHOLD, "R-DIS-001", [3.5]),
    (SUPPLY_ARMED, "R-CRE-006", [4]),
    (ADDED_LOCALLY, "R-UTR-020", [4, 5]),
]


def turned_on(meter):
    """Press the button that turns the supply on, with all taps closed."""
    if meter.answers_at_once:
        return meter.hands.enable_supply()
    meter.hands.set_taps(0)
    return meter.hands.open_valve()


def time_of(alert, meter, gas):
    """Return the time of the event that an alert bears."""
    if meter.answers_at_once:
        return alert.alert_times()[0]
    return from_zigbee_utc(gas.read(alert).alert.timestamp)


@testcase(
    "PPM-871",
    "Six hours without WAN: supply ends when credit does, tokens keyed in at meter and PPMID bring it back, and it "
    "is all told afterwards, once, in order and with its times",
    rules=["R-ALT-009", "R-ALT-008", "R-UTR-023", "R-EMC-002", "R-DIS-001", "R-CRE-006", "R-UTR-016"],
    requirements=["DP094", "CSC-DP094-TOPUP", "PC.05", "CSC-DP094-LATEWAN", "SFA-21-POLICY"],
    use_cases=["ECS08a", "ECS19", "ECS45", "ECS20d", "PECS01", "GCS05", "GCS14", "GCS33", "GCS15e", "PCS01"],
    devices=["ESME", "GSME", "PPMID"],
)
def test_six_hours(meter, at_the_ppmid, dcc, gas, wan, clock, timeline, expect):
    meter.configure(Settings(emergency_limit=3 * POUND, emergency_threshold=POUND, low_credit=2 * POUND))
    meter.add(3 * POUND)
    meter.prepay()
    precondition(meter.top_up(meter.token(1)), "the meter takes a token by command")
    meter.debts(one=7 * POUND, recovery=(DRAIN, Recovery()))
    start = clock.now()
    at_home, at_the_shop = meter.token(10), meter.token(5)

    def after(length):
        clock.sleep_until(start + hours(length))

    with wan.down():
        cut = clock.now()
        after(1.75)
        expect("emergency credit at the meter", meter.hands.activate_emergency_credit()).equals(True, "R-EMC-002")
        after(4)
        expect("token keyed in at the meter", meter.hands.enter_token(at_home.digits)).equals(True, "R-UTR-023")
        expect("supply turned on by hand", turned_on(meter)).equals(True, rule="R-CRE-006")
        after(5)
        shown = at_the_ppmid.enter_token(fuel_of(meter), at_the_shop.digits)
        expect("what the PPMID shows of a token", shown).equals(ACCEPTED, rule="R-UTR-023")
        expect("the same token at the meter", meter.hands.enter_token(at_the_shop.digits)).equals(False, "R-UTR-016")
        with timeline.never(device_alert(meter.device)):
            after(6)

    clock.sleep(minutes(5))
    told = [dcc.read(one) for one in timeline.find(device_alert(meter.device, to=meter.supplier), after=cut)]
    counters = [alert.message.counter for alert in told]
    expect("counters of the alerts", counters).satisfies("to rise", lambda seen: seen == sorted(set(seen)))
    for code, rule, dues in EVENTS:
        times = [time_of(one, meter, gas) for one in told if int(one.seen.data["alert_code"], 16) == code]
        expect(f"alerts {code:04X}", len(times)).equals(len(dues), rule=rule)
        late = (
            minutes(31) if code == ADDED_LOCALLY and not meter.answers_at_once else TOLD
        )  # at the wake after the PPMID
        for at, due in zip(times, (start + hours(due) for due in dues), strict=True):
            expect(f"time in the alert {code:04X}", at).lies_between(due - TOLD, due + late, rule="R-ALT-008")
    expect("balance", meter.registers().balance).equals((10 - 3 + 5) * POUND, rule="R-EMC-006")
    expect("supply", meter.supply()).equals(ON)
    expect("the token keyed in first, by command", meter.top_up(at_home)).equals(False, rule="R-UTR-016")
    amounts = [amount for _, amount in meter.credits(start, clock.now())]
    expect("top ups meanwhile", amounts[-2:]).equals([10 * POUND, 5 * POUND], rule="R-UTR-021")
