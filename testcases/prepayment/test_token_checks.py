"""What a token must be to be taken: every digit, its counter, its amount; and how often wrong ones may be tried."""

import pytest

from bench.clock import hours, minutes
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.gbcs.utrn import Token, ValueClass, check_digit
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import POUND

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.10"]
PENNY = POUND // 100
ADDED_LOCALLY, SUSPENDED = 0x810E, 0x81C4
DUPLICATE, NOT_AUTHENTIC, ABOVE_CREDIT, ABOVE_BALANCE = 0x8F51, 0x8F63, 0x8F5B, 0x8F47
TOKEN_EVENTS = {DUPLICATE, NOT_AUTHENTIC, ABOVE_CREDIT, ABOVE_BALANCE}
FIRST_TOKEN, LAST_TOKEN = 7394156990786306048, 7538272178862161919  #: without their check digit (GBCS 14)
#: Verhoeff's multiplication table, and his own permutation, which is not that of GBCS
MULTIPLY = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
            "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
PERMUTE = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
INVERSE = "0432156789"


def _textbook_check_digit(digits):
    """Verhoeff's check digit as text books have it: the last digit counts first."""
    found = 0
    for place, digit in enumerate(reversed(digits), 1):
        found = int(MULTIPLY[found][int(PERMUTE[place % 8][int(digit)])])
    return INVERSE[found]


def _other(digit, step=1):
    return str((int(digit) + step) % 10)


def _ready(meter, pounds=10):
    """Prepayment with a balance; a first token by command tells the meter where the counters are."""
    meter.add((pounds - 1) * POUND)
    meter.prepay()
    precondition(meter.top_up(meter.token(1)), "a token by command is accepted")


@testcase(
    "PPM-301",
    "A token with one wrong digit, or two that have changed places, is refused at the keypad and is no security event",
    rules=["R-UTR-005", "R-UTR-001", "R-UTR-017"],
    requirements=[*REQUIREMENTS, "SDAG1-3-UTRN", "SP.62"],
    use_cases=["CS01a", "ECS19", "ECS35b", "CS01b", "GCS14", "CS10b"],
    devices=BOTH,
)
def test_wrong_digits(meter, clock, expect):
    _ready(meter)
    began = clock.now()
    for place in (0, 4, 9, 14, 19):
        digits = meter.token(5).digits
        wrong = digits[:place] + _other(digits[place], 1 + place % 9) + digits[place + 1 :]
        expect(f"token with digit {place + 1} altered", meter.hands.enter_token(wrong)).equals(False)
        expect("the token as it was", meter.hands.enter_token(digits)).equals(True, rule="R-UTR-001")
    digits = meter.token(5).digits
    place = next(n for n in range(19) if digits[n] != digits[n + 1])
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    expect("token with two digits swapped", meter.hands.enter_token(swapped)).equals(False)
    for wrong in (digits[:19], digits + "0", "0" + digits):
        expect(f"token of {len(wrong)} digits", meter.hands.enter_token(wrong)).equals(False, rule="R-UTR-001")

    expect("balance", meter.registers().balance).equals((10 + 25) * POUND, rule="R-UTR-001")
    events = TOKEN_EVENTS.intersection(meter.security_log(began, clock.now()))
    expect("security events", sorted(events)).equals([], rule="R-UTR-017")


@testcase(
    "PPM-302",
    "A token with the check digit of the text books is refused: GBCS has tables of its own",
    rules=["R-UTR-005", "R-UTR-017"],
    requirements=[*REQUIREMENTS, "SP.62"],
    use_cases=["CS01a", "CS01b", "ECS35b", "CS10b"],
    devices=BOTH,
)
def test_textbook_check_digit(meter, clock, expect):
    _ready(meter)
    began = clock.now()
    tokens = (meter.token(5) for _ in range(20))
    token = next(one for one in tokens if _textbook_check_digit(one.digits[:19]) != one.digits[19])
    textbook = token.digits[:19] + _textbook_check_digit(token.digits[:19])

    expect("token with the textbook's check digit", meter.hands.enter_token(textbook)).equals(False)
    expect("the same with that of GBCS", meter.hands.enter_token(token.digits)).equals(True)
    events = TOKEN_EVENTS.intersection(meter.security_log(began, clock.now()))
    expect("security events", sorted(events)).equals([], rule="R-UTR-017")


@testcase(
    "PPM-303",
    "Numbers outside the range of tokens are refused though their check digit is right",
    rules=["R-UTR-002"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "CS01b"],
    devices=BOTH,
)
@pytest.mark.parametrize("number", ["below", "above"])
def test_outside_the_range(number, meter, clock, expect):
    _ready(meter)
    began = clock.now()
    inside = meter.token(5).digits
    expect("range of tokens", FIRST_TOKEN <= int(inside[:19]) <= LAST_TOKEN).equals(True)
    pptd = f"{FIRST_TOKEN - 1 if number == 'below' else LAST_TOKEN + 1:019d}"

    expect("the number as a token", meter.hands.enter_token(pptd + check_digit(pptd))).equals(False)
    expect("a token in the range", meter.hands.enter_token(inside)).equals(True)
    events = TOKEN_EVENTS.intersection(meter.security_log(began, clock.now()))
    expect("security events", sorted(events)).equals([])


@testcase(
    "PPM-304",
    "The counter in a token that comes by command must be that of the command",
    rules=["R-UTR-009"],
    requirements=["PC.02"],
    use_cases=["CS01a", "ECS19", "CS01b", "GCS14"],
    devices=BOTH,
)
def test_counter_of_the_command(meter, expect):
    meter.add(9 * POUND)
    meter.prepay()
    expect("a token before, so that counters near it can be guessed", meter.top_up(meter.token(1))).equals(True)
    first, second = meter.token(5), meter.token(5)

    mixed = Token(second.counter, first.digits)  # an authentic token under another's counter

    expect("the token under another counter", meter.top_up(mixed)).equals(False)
    expect("balance", meter.registers().balance).equals(10 * POUND)
    expect("the token under its own counter", meter.top_up(first)).equals(True)


@testcase(
    "PPM-305",
    "Once a hundred counters are remembered, a token older than all of them is refused; one of them stays a duplicate",
    rules=["R-UTR-012", "R-UTR-010", "R-UTR-011"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19", "ECS35b", "CS01b", "GCS14", "CS10b"],
    devices=BOTH,
)
def test_hundred_counters(meter, clock, expect):
    _ready(meter)
    old = meter.token(1)
    *tokens, left_out, last = [meter.token(1) for _ in range(101)]
    tokens.append(last)
    for token in tokens:
        expect("a new token", meter.hands.enter_token(token.digits)).equals(True, rule="R-UTR-010")
    began = clock.now()

    for name, token in (("the first of the hundred", tokens[0]), ("the last", tokens[-1]), ("older than all", old)):
        taken = meter.hands.enter_token(token.digits)
        expect(f"token: {name}", taken).equals(False, rule="R-UTR-012" if token is old else "R-UTR-010")

    expect("balance", meter.registers().balance).equals(110 * POUND)
    log = meter.security_log(began, clock.now())
    expect("entries 8F51", log.count(DUPLICATE)).equals(3, rule="R-UTR-011")
    taken = meter.hands.enter_token(left_out.digits)
    expect("token: newer than the oldest of them, and not used yet", taken).equals(True)


@testcase(
    "PPM-306",
    "The full counter of a keyed token is found up to 512 ahead of and behind the highest one, older than all or not",
    rules=["R-UTR-008", "R-UTR-012"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19", "CS01b", "GCS14"],
    devices=BOTH,
)
def test_window(meter, expect):
    older = meter.token(1)
    _ready(meter)
    taken = meter.hands.enter_token(older.digits)
    expect("a token older than the only one so far", taken).equals(True, rule="R-UTR-012")
    base = meter.token(1)
    start = (base.counter // 1024 + 2) * 1024 + 900
    accepted = 1
    expect("the first token, by command", meter.top_up(meter.token(1, utrn_counter=start))).equals(True)
    for counter, name in (
        (start + 511, "511 ahead"),
        (start + 600, "89 ahead"),
        (start + 600 - 511, "511 behind"),
        (start + 600 + 500, "500 ahead"),
    ):
        taken = meter.hands.enter_token(meter.token(1, utrn_counter=counter).digits)
        expect(f"token with a counter {name} of the highest", taken).equals(True)
        accepted += 1
    far = meter.token(1, utrn_counter=start + 1100 + 700)
    expect("token 700 ahead", meter.hands.enter_token(far.digits)).equals(False)
    expect("balance", meter.registers().balance).equals((11 + accepted) * POUND)


@testcase(
    "PPM-307",
    "Tokens at and above the largest credit and the largest balance; what was refused may come again",
    rules=["R-UTR-014", "R-UTR-015", "R-UTR-016", "R-UTR-017", "R-UTR-013", "R-UTR-011"],
    requirements=[*REQUIREMENTS, "PC.02"],
    use_cases=["ECS08a", "CS01a", "ECS19", "ECS35b", "GCS05", "CS01b", "GCS14", "CS10b"],
    devices=BOTH,
)
def test_limits(meter, clock, timeline, expect):
    began = clock.now()
    meter.configure(Settings(largest_credit=100, largest_balance=150))
    meter.add(10 * POUND)
    meter.prepay()
    foreign = meter.dcc.token(meter.device, 101, as_user=meter.gaining)
    expect("a token of 101 pounds that another supplier made", meter.top_up(foreign)).equals(False)
    above, at, beyond = meter.token(101), meter.token(100), meter.token(41)
    expect("a token of 101 pounds", meter.top_up(above)).equals(False)
    expect("a token of 100 pounds", meter.top_up(at)).equals(True, rule="R-UTR-015")
    expect("one that makes the balance 151 pounds", meter.top_up(beyond)).equals(False)
    expect("balance", meter.registers().balance).equals(110 * POUND)
    expect("one that makes the balance 150 pounds", meter.top_up(meter.token(40))).equals(True, rule="R-UTR-015")
    used = meter.dcc.token(meter.device, 5, as_user=meter.gaining, utrn_counter=at.counter)
    for name, token in (("once more, too much now as well", at), ("by another supplier with a used counter", used)):
        expect(f"the token {name}", meter.top_up(token)).equals(False)

    log = meter.security_log(began, clock.now())
    found = [code for code in log if code in TOKEN_EVENTS]
    wanted = [NOT_AUTHENTIC, ABOVE_CREDIT, ABOVE_BALANCE, DUPLICATE, DUPLICATE]
    expect("security events: of the foreign token its first fault alone", found[:1]).equals(wanted[:1], "R-UTR-017")
    expect("security events: of each its first fault", found).equals(wanted)
    told = timeline.find(device_alert(meter.device, *TOKEN_EVENTS), after=began)
    expect("alerts of such events", len(told)).equals(0, rule="R-UTR-013")

    meter.configure(Settings(largest_credit=200, largest_balance=1000))
    for name, token, pounds in (("101", above, 251), ("41", beyond, 292)):
        expect(f"the token of {name} pounds under other limits", meter.top_up(token)).equals(True, rule="R-UTR-016")
        expect("balance", meter.registers().balance).equals(pounds * POUND, rule="R-UTR-016")


@testcase(
    "PPM-308",
    "Wrong tokens suspend the keypad for a time; tokens by command are taken meanwhile",
    rules=["R-UTR-018"],
    requirements=[*REQUIREMENTS, "SDAG1-3-UTRN"],
    use_cases=["CS01a", "ECS19", "CS01b", "GCS14"],
    devices=BOTH,
)
def test_keypad_suspended(meter, clock, timeline, expect):
    _ready(meter)
    first = meter.token(5)
    wrong = first.digits[:-1] + _other(first.digits[-1])
    expect("a right token before", meter.hands.enter_token(first.digits)).equals(True)
    for _ in range(2):
        for _ in range(4):
            meter.hands.enter_token(wrong)
        expect("a right token after four wrong ones", meter.hands.enter_token(meter.token(5).digits)).equals(True)
    keyed = meter.token(5)
    _suspend(meter, wrong, clock, timeline)
    clock.sleep(hours(2))
    _suspend(meter, wrong, clock, timeline)
    expect("a right token at the keypad suspended anew", meter.hands.enter_token(keyed.digits)).equals(False)
    expect("a token by command meanwhile", meter.top_up(meter.token(5))).equals(True)
    clock.sleep(hours(2))
    expect("a right token two hours later", meter.hands.enter_token(meter.token(5).digits)).equals(True)
    expect("balance", meter.registers().balance).equals(35 * POUND)


def _suspend(meter, wrong, clock, timeline):
    """Enter wrong tokens until the meter says that it takes no more."""
    began = clock.now()
    for _ in range(20):
        meter.hands.enter_token(wrong)
    timeline.expect(device_alert(meter.device, SUSPENDED, to=meter.supplier), within="1 min", after=began)


@testcase(
    "PPM-309",
    "A token keyed in at the electricity meter counts once, whichever way it comes again, and the supplier is told",
    rules=["R-UTR-020", "R-UTR-016", "R-UTR-008"],
    requirements=[*REQUIREMENTS, "CSC-DP129-DUPID"],
    use_cases=["CS01a", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)  # of a gas meter: GAS-202
def test_keyed_in(meter, clock, timeline, expect):
    _ready(meter)
    token, began = meter.token(5), clock.now()
    expect("the keyed token", meter.hands.enter_token(token.digits)).equals(True, rule="R-UTR-008")
    timeline.expect(device_alert(meter.device, ADDED_LOCALLY, to=meter.supplier), within="1 min", after=began)
    expect("the same by command", meter.top_up(token)).equals(False, rule="R-UTR-016")
    expect("the same again at the keypad", meter.hands.enter_token(token.digits)).equals(False, rule="R-UTR-016")

    other, began = meter.token(7), clock.now()
    with timeline.never(device_alert(meter.device, ADDED_LOCALLY), during=minutes(1), rule="R-UTR-020"):
        expect("another token, by command", meter.top_up(other)).equals(True)
    expect("balance", meter.registers().balance).equals(22 * POUND, rule="R-UTR-016")


@testcase(
    "PPM-310",
    "What the electricity meter remembers of tokens survives a loss of supply",
    rules=["R-UTR-010", "R-UTR-016"],
    requirements=REQUIREMENTS,
    use_cases=["CS01a", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_outage(meter, mains, clock, expect):
    _ready(meter)
    token = meter.token(5)
    expect("the token", meter.top_up(token)).equals(True)
    mains.interrupt("30 s")
    clock.sleep(minutes(3))

    expect("the same token after the outage", meter.hands.enter_token(token.digits)).equals(False)
    expect("balance", meter.registers().balance).equals(15 * POUND)


@testcase(
    "PPM-311",
    "In credit mode no token is taken, by keypad or command, and none is remembered: it counts in prepayment",
    rules=["R-PPM-006", "R-UTR-016"],
    requirements=REQUIREMENTS,
    use_cases=["ECS02", "ECS19", "CS01a", "GCS02", "GCS14", "CS01b"],
    devices=BOTH,
)
def test_credit_mode(meter, expect):
    _ready(meter)
    meter.credit_mode()
    keyed, sent = meter.token(5), meter.token(7)
    expect("the keyed token", meter.hands.enter_token(keyed.digits)).equals(False)
    expect("the token by command", meter.top_up(sent)).equals(False)
    expect("balance", meter.registers().balance).equals(10 * POUND)

    meter.prepay()
    expect("the keyed token in prepayment", meter.hands.enter_token(keyed.digits)).equals(True, rule="R-UTR-016")
    expect("the token by command in prepayment", meter.top_up(sent)).equals(True, rule="R-UTR-016")


@testcase(
    "PPM-312",
    "A token is worth its value in pence or in pounds, from the least to the most; other classes are worth nothing",
    rules=["R-UTR-004", "R-UTR-003", "R-UTR-017"],
    requirements=["PC.02", "SP.62"],
    use_cases=["ECS08a", "CS01a", "ECS19", "ECS35b", "GCS05", "CS01b", "GCS14", "CS10b"],
    devices=BOTH,
)
def test_classes(meter, clock, expect):
    meter.configure(Settings(largest_credit=9_000, largest_balance=20_000))
    _ready(meter)
    began, pounds = clock.now(), 10 * POUND
    for value, value_class, worth in (
        (1, ValueClass.PENNIES, PENNY),
        (4_097, ValueClass.PENNIES, 4_097 * PENNY),
        (8_191, ValueClass.PENNIES, 8_191 * PENNY),
        (1, ValueClass.POUNDS, POUND),
        (8_191, ValueClass.POUNDS, 8_191 * POUND),
        (5, 2, 0),
        (5, 3, 0),
    ):
        name = f"token of value {value}, class {int(value_class)}"
        taken = meter.hands.enter_token(meter.token(value, value_class=value_class).digits)
        expect(name, taken).equals(worth > 0)
        pounds += worth
        expect(f"balance after the {name}", meter.registers().balance).equals(pounds)
    events = TOKEN_EVENTS.intersection(meter.security_log(began, clock.now()))
    expect("security events", sorted(events)).equals([], rule="R-UTR-017")


@testcase(
    "PPM-313",
    "A top up that leaves the balance below zero is a success like any other",
    rules=["R-UTR-019", "R-UTR-019a", "R-CRE-001"],
    requirements=["PC.02"],
    use_cases=["CS01a", "ECS19", "CS01b", "GCS14"],
    devices=BOTH,
)
def test_still_in_debt(meter, expect):
    _ready(meter)
    meter.add(-30 * POUND)
    expect("the token", meter.top_up(meter.token(5))).equals(True)
    expect("balance", meter.registers().balance).equals(-15 * POUND, rule="R-CRE-001")
