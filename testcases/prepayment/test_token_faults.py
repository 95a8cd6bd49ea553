"""What is written of a token that is refused, whichever way it came."""

from bench.clock import minutes
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.prepayment.meters import POUND
from testcases.prepayment.test_ppmid import REJECTED, fuel_of

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.10", "SDAG1-3-UTRN"]
DUPLICATE, NOT_AUTHENTIC = 0x8F51, 0x8F63


@testcase(
    "PPM-397",
    "A forged and a used token are each one entry of the security log by any way, and nobody is sent an alert",
    rules=["R-UTR-013", "R-UTR-011", "R-UTR-023"],
    requirements=[*REQUIREMENTS, "SDAG1-3-FRAUD"],
    use_cases=["PECS01", "PCS01", "CS01a", "ECS35b", "CS01b", "CS10b"],
    devices=(*BOTH, "PPMID"),
)
def test_any_way(meter, at_the_ppmid, clock, timeline, expect):
    meter.prepay()
    used = meter.token(1)
    precondition(meter.top_up(used), "a token by command is accepted")
    began = clock.now()
    ways = {
        "by command": meter.top_up,
        "at the meter": lambda token: meter.hands.enter_token(token.digits),
        "at the PPMID": lambda token: at_the_ppmid.enter_token(fuel_of(meter), token.digits) != REJECTED,
    }

    with timeline.never(device_alert(meter.device, DUPLICATE, NOT_AUTHENTIC)):
        for way, enter in ways.items():
            forged = meter.dcc.token(meter.device, 5, as_user=meter.gaining, utrn_counter=meter.token(5).counter)
            for token, name in ((used, "used"), (forged, "forged")):
                expect(f"{name} token {way}", enter(token)).equals(False)
        clock.sleep(minutes(1))
        events = meter.security_log(began, clock.now())

    expect("entries 8F51", events.count(DUPLICATE)).equals(3, rule="R-UTR-011")
    expect("entries 8F63", events.count(NOT_AUTHENTIC)).equals(3, rule="R-UTR-013")
    expect("balance", meter.registers().balance).equals(POUND)
