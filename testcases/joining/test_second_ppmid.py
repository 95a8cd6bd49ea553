"""A second PPMID: it joins the network, gets its tunnel, and is joined with the meters beside the first."""

from bench.clock import seconds
from bench.dcc.bodies import JoinServiceCritical, JoinServiceNonCritical, ReadFirmwareVersion
from bench.expecting import precondition
from bench.gbcs import decode_der
from bench.testcase import testcase
from testcases.joining.own_log import PPMID, SUCCESS
from testcases.joining.steps import try_to_join
from testcases.joining.test_ppmid import entries
from testcases.prepayment.meters import POUND, GasMeter

ACCEPTED, REJECTED = "accepted", "rejected"


def result(answer):
    """The code in the answer of a join."""
    return decode_der.payload(answer.message)["response_code"]


@testcase(
    "HAN-311",
    "When a PPMID has agreed a key, the hub asks it for a tunnel, and commands reach it",
    rules=["R-HUB-010", "R-HAN-061", "R-HAN-005"],
    requirements=["HA.02", "SFA-12-COORDINATOR"],
    use_cases=["CCS01", "CS08"],
    devices=["CHF", "PPMID"],
)
def test_tunnel(hub, dcc, second_ppmid, suppliers, clock, expect):
    dcc.ask(second_ppmid.addition(), hub, as_user=suppliers.losing)
    expect("that the PPMID has joined", try_to_join(second_ppmid, clock)).equals(True, rule="R-HAN-005")
    clock.sleep(seconds(10))
    answer = dcc.ask(ReadFirmwareVersion(), second_ppmid.device, as_user=suppliers.losing)
    expect("result of reading its version", result(answer)).equals(SUCCESS, rule="R-HAN-061")


@testcase(
    "HAN-312",
    "Each meter holds two PPMIDs in its log, and a token that was keyed in at one of them is used up at the other",
    rules=["R-HAN-054", "R-HAN-042", "R-HAN-044", "R-UTR-016"],
    requirements=["HA.02"],
    use_cases=["CCS01", "CS03A1", "CS03A2", "CS03C", "CS07", "PCS01"],
    devices=["ESME", "GSME", "PPMID"],
)
def test_two(
    home, hub, dut, gsme, ppmid, second_ppmid, at_the_ppmid, at_the_second_ppmid, dcc, gas, at_the_meter, clock, expect
):
    electricity, supplies = home.suppliers.losing, home.gas_suppliers
    dcc.ask(second_ppmid.addition(), hub, as_user=electricity)
    precondition(try_to_join(second_ppmid, clock), "the second PPMID joins the network")
    for meter, supplier, method in ((dut, electricity, "R-HAN-042"), (gsme, supplies.losing, "R-HAN-044")):
        answer = dcc.ask(JoinServiceCritical(other=second_ppmid.eui), meter, as_user=supplier)
        expect(f"result of the join at the {meter.type}", result(answer)).equals(SUCCESS, rule="R-HAN-054")
        answer = dcc.ask(JoinServiceNonCritical(other=meter.eui), second_ppmid.device, as_user=supplier)
        expect(f"result of the join with the {meter.type}", result(answer)).equals(SUCCESS, rule=method)
        types = [entries(dcc, meter, supplier).get(eui) for eui in (ppmid.eui, second_ppmid.eui)]
        expect(f"types in the log of the {meter.type}", types).equals([PPMID, PPMID])

    prepaid = GasMeter(gsme, supplies.losing, supplies.gaining, dcc, gas, at_the_meter)
    prepaid.prices(0, 0)
    prepaid.prepay()
    precondition(prepaid.top_up(prepaid.token(1)), "the gas meter takes a token by command")
    token = prepaid.token(2).digits
    expect("what the second PPMID shows", at_the_second_ppmid.enter_token("gas", token)).equals(ACCEPTED, "R-HAN-044")
    expect("what the first shows then", at_the_ppmid.enter_token("gas", token)).equals(REJECTED, rule="R-UTR-016")
    expect("balance (1/1000 p)", prepaid.registers().balance).equals(3 * POUND, rule="R-UTR-016")
