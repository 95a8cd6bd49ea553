"""What the outcome alerts of a future-dated command name: the command, and each item of it."""

from bench.clock import minutes, seconds
from bench.dcc.bodies import PrepaymentMode, UpdatePaymentMode
from bench.dcc_point import device_alert
from bench.gbcs.dlms import DataNotification
from bench.testcase import meters, testcase

DONE = 0x8F66
RESTORED, OF_RESTORATION, OF_AN_ACTIVATION = 0x8F35, "0067", "00CC"  #: alert; message codes
CHANGE_TO_PREPAYMENT = 0x001B  #: message code of ECS03
#: class, logical name and attribute of the two activation times of ECS03 (GBCS mapping table)
ACCOUNT = (111, "0-1:19.0.0.255", 13)
THRESHOLD = (9000, "0-0:94.44.128.22", 6)


def _named(message):
    """What an alert names: message code, counter, and the item as class, logical name, attribute."""
    octets = DataNotification.parse(message.payload).data.value[2].value
    name = octets[12:18]
    logical = f"{name[0]}-{name[1]}:{name[2]}.{name[3]}.{name[4]}.{name[5]}"
    item = (int.from_bytes(octets[10:12]), logical, int.from_bytes(octets[18:]))
    return int.from_bytes(octets[:2]), int.from_bytes(octets[2:10]), item


@testcase(
    "MSG-111",
    "Payment mode and disablement threshold are items of their own: an alert each, naming command and item",
    rules=["R-FUT-009", "R-FUT-017", "R-FUT-007", "R-FUT-012", "R-CTR-009"],
    requirements=["SFA-12-AUDIT"],
    use_cases=["ECS03"],
)
def test_items_of_payment_mode(dut, dcc, clock, timeline, suppliers, expect):
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    mode = PrepaymentMode(suspend_debt_disabled=False, suspend_debt_emergency=False, disablement_threshold=0)
    sent = dcc.send(UpdatePaymentMode(execute_at=at, prepayment=mode), dut, as_user=suppliers.losing)
    sent.response()

    clock.sleep_until(at + seconds(60))

    alerts = timeline.find(device_alert(dut, DONE, to=suppliers.losing), after=sent.posted)
    expect("alerts 8F66", len(alerts)).equals(2, rule="R-FUT-017")
    lengths = {len(DataNotification.parse(dcc.read(seen).message.payload).data.value[2].value) for seen in alerts}
    expect("octets that name command and item", lengths).equals({19}, rule="R-FUT-009")
    named = [_named(dcc.read(seen).message) for seen in alerts]
    expect("message codes named", {code for code, _, _ in named}).equals({CHANGE_TO_PREPAYMENT}, rule="R-FUT-009")
    number = sent.request.request_id.counter
    expect("counters named", {counter for _, counter, _ in named}).equals({number}, rule="R-FUT-009")
    items = sorted((item for _, _, item in named), key=str)
    expect("items named", items).equals(sorted((ACCOUNT, THRESHOLD), key=str), rule="R-FUT-017")
    own = [dcc.read(seen).message.counter for seen in alerts]
    expect("counters of the alerts", own).satisfies("to rise", lambda seen: seen == sorted(set(seen)), rule="R-CTR-009")


@meters("single", "twin")
@testcase(
    "MSG-112",
    "An alert with content of its own has the message code set for it: of restored supply, of an activation",
    rules=["R-ALT-005", "R-CTR-010"],
    requirements=["SFA-12-AUDIT", "SFA-17-OUTAGE"],
    use_cases=["ECS80", "ECS03"],
)
def test_message_codes(dut, dcc, clock, mains, timeline, suppliers, expect):
    began = clock.now()
    at = (began + minutes(5)).replace(second=0, microsecond=0)
    mode = PrepaymentMode(suspend_debt_disabled=False, suspend_debt_emergency=False, disablement_threshold=0)
    dcc.send(UpdatePaymentMode(execute_at=at, prepayment=mode), dut, as_user=suppliers.losing).response()
    mains.interrupt("10 s")
    clock.sleep_until(at + seconds(60))

    for code, wanted in ((RESTORED, OF_RESTORATION), (DONE, OF_AN_ACTIVATION)):
        alerts = [dcc.read(seen).message for seen in timeline.find(device_alert(dut, code), after=began)]
        expect("alerts", len(alerts)).satisfies("to be there", bool, rule="R-ALT-023")
        expect("their message codes", {f"{one.message_code:04X}" for one in alerts}).equals({wanted})
        for one in alerts:
            low = DataNotification.parse(one.payload).invoke_id & 0xFFFFFF
            expect("low 24 bits of the invoke id", low).equals(one.counter & 0xFFFFFF, rule="R-CTR-010")
