"""The householder at a PPMID: top up, emergency credit, supply; of both meters, and never more than is allowed."""

from itertools import permutations

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ArmSupply, DisableSupply, ReadEventOrSecurityLog, ReadLogPeriod
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.gbcs import Cra, Eui64, Message, names, zcl_payload
from bench.gbcs.gbz import LAST, PROFILE, Gbz, GbzComponent
from bench.local_point import answer_to
from bench.testcase import testcase
from testcases.gas_steps import next_wake, past_wake
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import ARMED, OFF, ON, POUND

BOTH = ("ESME", "GSME", "PPMID")
REQUIREMENTS = ["PC.10", "SDAG1-3-UTRN"]
FUEL = {"ESME": "electricity", "GSME": "gas"}
ACCEPTED, REJECTED, ACTIVE, NOT_AVAILABLE = "accepted", "rejected", "active", "not available"
ADDED_LOCALLY, EMERGENCY_ACTIVATED, DUPLICATE, NOT_AUTHENTIC = 0x810E, 0x81AB, 0x8F51, 0x8F63
PREPAYMENT, CONSUMER_TOP_UP, TOP_UP_RESPONSE, HAN_DEVICE, PCS01, PCS02 = 0x0705, 0x04, 0x03, 2, 0x009B, 0x0090
DEFAULT_RESPONSE, SUCCESSFULLY = 0x0B, b"\x00\x00"  #: to command 00, with status 00
FLOWS = 100  #: W, less than any load of a rig
STRANGER = Eui64.of(0x00155F00CAFE2002)
DONE, NOT_DONE = "8154", "8155"
TOP_UP, EMERGENCY, SUPPLY = "0116", "0117", "0118"  #: of PECS01, PECS02, PECS03


def fuel_of(meter):
    """What a meter measures, as a PPMID names it."""
    return FUEL[meter.device.type]


def ready(meter, threshold=0):
    """Bring a meter into prepayment with one pound, by a token from which the counters of the next are found."""
    meter.prepay(threshold=threshold)
    precondition(meter.top_up(meter.token(1)), "the meter takes a token by command")


def pcs01(originator, meter, digits, number):
    """The command by which a PPMID hands a gas meter a token, before it has a MAC."""
    fields = names.zcl_command(PREPAYMENT, True, CONSUMER_TOP_UP).fields
    token = zcl_payload.encode(fields, {"origDevice": HAN_DEVICE, "code": digits.encode()})
    component = GbzComponent(LAST, PREPAYMENT, 0x01, 0, CONSUMER_TOP_UP, token)
    counter = (1 << 40) + number  # above any the device has used
    return Message(Cra.COMMAND, counter, originator, meter, PCS01, bytes(Gbz(PROFILE, [component])), signature=b"")


def answer_on_air(han, meter):
    """The fields of the answer to a top up as the PPMID gets it: of the gas meter in a message, through the hub."""
    if meter.device.type == "ESME":
        seen = han.expect("cmd == consumer_top_up_response and src == esme", within="5 s")
        payload = han.frame_of(seen).zcl.payload
    else:
        seen = han.expect('gbcs.use_case == "PCS01" and dst == ppmid', within="5 s")
        payload = Gbz.parse(Message.parse(han.transfer(seen)).payload).components[0].payload
    return zcl_payload.decode(names.zcl_command(PREPAYMENT, False, TOP_UP_RESPONSE).fields, payload)


def logged(dcc, dut, user, since, clock):
    """What the electricity meter's event log says of commands: code, and message code of the use case."""
    period = ReadLogPeriod(start=since.replace(microsecond=0), end=clock.now() + seconds(1))
    log = dcc.ask(ReadEventOrSecurityLog(period=period, log="Event"), dut, as_user=user).log()
    return [(f"{entry.code:04X}", bytes(entry.other).hex()) for entry in log if f"{entry.code:04X}" in (DONE, NOT_DONE)]


@testcase(
    "PPM-801",
    "A token keyed in at the PPMID is credited, and the supplier is told that it came locally",
    rules=["R-UTR-023", "R-UTR-019a", "R-UTR-019b", "R-HAN-062", "R-HAN-063", "R-UTR-020", "R-CRE-001"],
    requirements=REQUIREMENTS,
    use_cases=["PECS01", "PCS01", "ECS19", "GCS14"],
    devices=BOTH,
)
def test_top_up(meter, at_the_ppmid, han, clock, timeline, expect):
    ready(meter)
    began = clock.now()

    shown = at_the_ppmid.enter_token(fuel_of(meter), meter.token(5).digits)

    expect("what the PPMID shows", shown).equals(ACCEPTED)
    answer = answer_on_air(han, meter)
    told = {name: answer[name] for name in ("result", "value", "source", "creditRemaining")}
    outcome = {"result": 0, "value": 5 * POUND, "source": HAN_DEVICE, "creditRemaining": 6 * POUND}
    rule = "R-UTR-019a" if meter.device.type == "GSME" else "R-HAN-062"
    expect("the meter's answer", told).equals(outcome, rule=rule)
    expect("balance (1/1000 p)", meter.registers().balance).equals(6 * POUND, rule="R-CRE-001")
    told = device_alert(meter.device, ADDED_LOCALLY, to=meter.supplier)
    timeline.expect(told, within="1 min", after=began, rule="R-UTR-020")


@testcase(
    "PPM-802",
    "A token is credited once, in whatever order it comes by command, at the meter and at the PPMID",
    rules=["R-UTR-016", "R-UTR-023", "R-UTR-011"],
    requirements=[*REQUIREMENTS, "CSC-DP129-DUPID", "SFA-27-NOPPMID"],
    use_cases=["PECS01", "PCS01", "CS01a", "CS01b", "ECS19", "GCS14"],
    devices=BOTH,
)
def test_once_by_any_way(meter, at_the_ppmid, expect):
    meter.prepay()
    ways = {
        "by command": meter.top_up,
        "at the meter": lambda token: meter.hands.enter_token(token.digits),
        "at the PPMID": lambda token: at_the_ppmid.enter_token(fuel_of(meter), token.digits) == ACCEPTED,
    }
    # each way first, second and third once: a gas meter takes half an hour for each command
    rotations = [(*ways, *ways)[first : first + 3] for first in range(3)]
    for number, order in enumerate(permutations(ways) if meter.answers_at_once else rotations, 1):
        token = meter.token(1)
        outcomes = [ways[way](token) for way in order]
        expect(f"accepted: {', then '.join(order)}", outcomes).equals([True, False, False])
        expect("balance (pounds)", meter.registers().balance / POUND).equals(number)


@testcase(
    "PPM-803",
    "A PPMID shows that a token is not of this meter, and nothing is credited",
    rules=["R-UTR-023", "R-UTR-013", "R-HAN-062"],
    requirements=[*REQUIREMENTS, "SFA-27-NOPPMID", "ELS-Q60-UNIQUE"],
    use_cases=["PECS01", "PCS01", "ECS19", "GCS14", "ECS35b", "CS10b"],
    devices=BOTH,
)
def test_foreign_token(meter, at_the_ppmid, clock, expect):
    meter.prepay()
    precondition(meter.top_up(meter.token(1)), "a token by command is accepted")
    began = clock.now()
    foreign = meter.dcc.token(meter.device, 5, as_user=meter.gaining, utrn_counter=meter.token(5).counter)

    expect("what the PPMID shows", at_the_ppmid.enter_token(fuel_of(meter), foreign.digits)).equals(REJECTED)

    expect("balance (1/1000 p)", meter.registers().balance).equals(POUND)
    log = meter.security_log(began, clock.now())
    expect("8F63 in the security log", log.count(NOT_AUTHENTIC)).equals(1, rule="R-UTR-013")


@testcase(
    "PPM-804",
    "Emergency credit is activated at the PPMID while it is on offer, and not before",
    rules=["R-EMC-002", "R-HAN-062", "R-HAN-063"],
    requirements=["PC.03"],
    use_cases=["PECS02", "PCS02", "ECS19", "GCS14"],
    devices=BOTH,
)
def test_emergency_credit(meter, at_the_ppmid, clock, timeline, expect):
    meter.configure(Settings(emergency_limit=3 * POUND, emergency_threshold=POUND, low_credit=POUND))
    meter.add(2 * POUND)
    meter.prepay(threshold=-POUND)
    fuel = fuel_of(meter)

    shown = at_the_ppmid.activate_emergency_credit(fuel)
    expect("what the PPMID shows above the threshold", shown).equals(NOT_AVAILABLE)

    meter.reset()
    began = clock.now()
    shown = at_the_ppmid.activate_emergency_credit(fuel)
    expect("what the PPMID shows below it", shown).equals(ACTIVE)
    told = device_alert(meter.device, EMERGENCY_ACTIVATED, to=meter.supplier)
    timeline.expect(told, within="1 min", after=began)


@testcase(
    "PPM-805",
    "The PPMID turns an armed electricity supply on, and a disabled one never",
    rules=["R-SUP-006", "R-HAN-062"],
    requirements=["SFA-28-PPMIDENABLE", "OP.08"],
    use_cases=["PECS03", "ECS43", "ECS44"],
    devices=["ESME", "PPMID"],
)
def test_supply(dut, dcc, mains, at_the_ppmid, suppliers, clock, expect):
    began = clock.now()
    dcc.ask(DisableSupply(), dut, as_user=suppliers.losing)
    expect("what the PPMID shows of the disabled supply", at_the_ppmid.enable_supply()).equals("stays off")
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)

    dcc.ask(ArmSupply(), dut, as_user=suppliers.losing)
    expect("power drawn through the armed meter (W)", mains.sample().power).lies_between(0, 20)
    expect("what the PPMID shows of the armed supply", at_the_ppmid.enable_supply()).equals("on")
    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > FLOWS)

    told = [entry for entry in logged(dcc, dut, suppliers.losing, began, clock) if entry[1] == SUPPLY]
    expect("what the event log says of PECS03", told).equals([(NOT_DONE, SUPPLY), (DONE, SUPPLY)], rule="R-HAN-062")


@testcase(
    "PPM-806",
    "What is done at the PPMID is in the electricity meter's event log, with the message code of its use case",
    rules=["R-HAN-062", "R-EVT-006"],
    requirements=["SFA-12-AUDIT"],
    use_cases=["PECS01", "PECS02", "ECS35a"],
    devices=["ESME", "PPMID"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_logged(meter, at_the_ppmid, clock, expect):
    ready(meter)
    token = meter.token(5).digits
    began = clock.now() + seconds(1)
    clock.sleep(seconds(2))

    for _ in range(2):
        at_the_ppmid.enter_token("electricity", token)
    at_the_ppmid.activate_emergency_credit("electricity")

    told = logged(meter.dcc, meter.device, meter.supplier, began, clock)
    expect("event log", told).equals([(DONE, TOP_UP), (NOT_DONE, TOP_UP), (NOT_DONE, EMERGENCY)])


@testcase(
    "PPM-807",
    "A top up at the PPMID arms a supply that ran out of credit; gas flows only when the valve is opened at the meter",
    rules=["R-HAN-064", "R-CRE-006", "R-SUP-006", "R-GAS-004"],
    requirements=["OP.08", "SFA-28-PPMIDENABLE"],
    use_cases=["PECS01", "PECS03", "PCS01", "ECS45", "GCS33"],
    devices=BOTH,
)
def test_out_of_credit(meter, at_the_ppmid, clock, expect):
    ready(meter, threshold=-POUND)
    meter.prepay(threshold=POUND)
    clock.sleep(seconds(5))
    expect("supply without credit", meter.supply()).equals(OFF, rule="R-DIS-001")

    expect("what the PPMID shows", at_the_ppmid.enter_token(fuel_of(meter), meter.token(5).digits)).equals(ACCEPTED)
    expect("supply after the top up", meter.supply()).equals(ARMED)

    if meter.device.type == "ESME":
        expect("what the PPMID shows", at_the_ppmid.enable_supply()).equals("on", rule="R-SUP-006")
    else:
        meter.hands.set_taps(0)
        at_the_ppmid.activate_emergency_credit("gas")
        clock.sleep(minutes(31))
        expect("supply after all that a PPMID can do", meter.supply()).equals(ARMED)
        expect("that the valve opens at the meter", meter.hands.open_valve()).equals(True, rule="R-GAS-004")
    expect("supply in the end", meter.supply()).equals(ON)


@testcase(
    "PPM-808",
    "A PPMID that asks for the supply to be turned off or armed is refused, and the supply stays on",
    rules=["R-HAN-062"],
    requirements=["SFA-28-PPMIDENABLE"],
    use_cases=["PECS03"],
    devices=["ESME", "PPMID"],
)
@pytest.mark.parametrize("status", [0, 1], ids=["off", "armed"])
def test_other_status(status, mains, at_the_ppmid, expect):
    expect("what the PPMID shows", at_the_ppmid.propose_supply(status)).equals("stays off")
    expect("power drawn through the meter (W)", mains.sample().power).satisfies("to flow", lambda watts: watts > FLOWS)


@testcase(
    "PPM-809",
    "The gas meter takes a top up as a PPMID's if a PPMID that it has been joined with has made it, and of nobody else",
    rules=["R-HAN-063", "R-SEC-007", "R-SEC-005"],
    requirements=["SDAG1-3-UTRN"],
    use_cases=["PCS01"],
    devices=["GSME", "PPMID"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_forged(meter, ppmid, local, timeline, clock, expect):
    ready(meter)
    by = {
        "the broker's MAC": ppmid.eui,
        "no MAC": ppmid.eui,
        "a stranger": STRANGER,
        "the supplier": meter.supplier.eui,
    }
    commands = {}
    for maker, originator in by.items():
        command = pcs01(originator, meter.device.eui, meter.token(5).digits, number=len(commands))
        commands[maker] = command if maker == "no MAC" else local.maced(command, meter.device)
        local.deliver(commands[maker], f"PCS01 with {maker}")
    clock.sleep(minutes(35))

    for maker, command in commands.items():
        expect(f"answers to PCS01 with {maker}", len(timeline.find(answer_to(command)))).equals(0)
    expect("balance (1/1000 p)", meter.registers().balance).equals(POUND)


@testcase(
    "PPM-810",
    "A PPMID shows what the gas meter has answered, not an answer that somebody else has made",
    rules=["R-HAN-063"],
    use_cases=["PCS02"],
    devices=["GSME", "PPMID"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_forged_answer(meter, ppmid, at_the_ppmid, local, han, clock, expect):
    ready(meter)  # with a balance of one pound no emergency credit is on offer
    meter.configure(Settings(emergency_limit=POUND, emergency_threshold=0, low_credit=0))
    at_the_ppmid.press_for_emergency_credit("gas")
    asked = han.expect('gbcs.use_case == "PCS02" and src == ppmid', within="5 s")
    command = Message.parse(han.transfer(asked))
    answer = Gbz(PROFILE, [GbzComponent(LAST, PREPAYMENT, 0x08, 0, DEFAULT_RESPONSE, SUCCESSFULLY)])
    forged = Message(Cra.RESPONSE, command.counter, meter.device.eui, ppmid.eui, PCS02, bytes(answer), signature=b"")

    local.deliver(local.maced(forged, ppmid), "an answer to PCS02 with the broker's MAC")
    clock.sleep(seconds(5))
    expect("what the PPMID shows", at_the_ppmid.shown()).equals("sent")
    clock.sleep(minutes(31))
    expect("what it shows of the meter's own answer", at_the_ppmid.shown()).equals(NOT_AVAILABLE)


@testcase(
    "PPM-872",
    "Of a token for a sleeping gas meter the PPMID claims nothing before the wake; it counts then, valve shut or open",
    rules=["R-HAN-063", "R-GSM-001", "R-GSM-002", "R-UTR-020", "R-CRE-006"],
    requirements=["PC.10.2", "PC.11.19", "HA.11"],
    use_cases=["PCS01", "GCS14", "GCS33"],
    devices=["GSME", "PPMID"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_waits_for_wake(meter, at_the_ppmid, clock, timeline, expect):
    ready(meter, threshold=-POUND)
    meter.prepay(threshold=POUND)
    expect("supply without credit", meter.supply()).equals(OFF)
    for pounds, supply in ((5, ARMED), (2, ON)):
        past_wake(clock)
        wake = next_wake(clock)
        at_the_ppmid.press_for_top_up("gas", meter.token(pounds).digits)
        entered = clock.now()
        clock.sleep_until(wake - minutes(1))
        expect("what the PPMID shows while the meter sleeps", at_the_ppmid.shown()).equals("sent")

        told = device_alert(meter.device, ADDED_LOCALLY, to=meter.supplier)
        seen = timeline.expect(told, within=minutes(3), after=entered, rule="R-GSM-001")
        expect("arrival of 810E", seen.time).lies_between(wake - seconds(40), wake + minutes(1), rule="R-GSM-002")
        clock.sleep_until(wake + minutes(1))
        expect("what the PPMID shows then", at_the_ppmid.shown()).equals(ACCEPTED)
        expect("supply", meter.supply()).equals(supply, rule="R-CRE-006")
        meter.hands.set_taps(0)
        meter.hands.open_valve()
    expect("balance", meter.registers().balance).equals((1 + 5 + 2) * POUND)
