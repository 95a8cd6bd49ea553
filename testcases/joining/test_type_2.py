"""Devices of type 2, IHD and CAD: they read what the electricity meter tells, and do nothing to it."""

import pytest

from bench.clock import minutes
from bench.dcc.bodies import (
    ArmSupply,
    DisableSupply,
    JoinServiceNonCritical,
    ReadInstantaneousImportRegisters,
    UnjoinServiceNonCritical,
)
from bench.gbcs import decode_der
from bench.testcase import testcase
from testcases.joining.own_log import SUCCESS
from testcases.prepayment.conftest import meter  # noqa: F401 - a fixture
from testcases.prepayment.meters import POUND

ELECTRICITY = pytest.mark.parametrize("meter", ["electricity"], indirect=True)
READERS = pytest.mark.parametrize("display", ["at_the_ihd", "at_the_cad"], ids=["IHD", "CAD"])
NOT_AUTHORISED = "7E"


@testcase(
    "HAN-401",
    "IHD and CAD show price, balance and register as the supplier has set and reads them",
    rules=["R-HAN-067", "R-HAN-043", "R-TAR-005"],
    requirements=["IH.02", "SFA-12-CADREADONLY", "HA.13", "IN.03.7", "ELS-Q40-HANAPP"],
    use_cases=["ECS01b", "ECS17b", "ECS19"],
    devices=["ESME", "IHD", "CAD"],
)
@READERS
@ELECTRICITY
def test_figures(meter, display, request, expect):  # noqa: F811 - the fixture
    meter.add(7 * POUND)
    meter.prepay()
    meter.prices(15_000, 0)
    figures = request.getfixturevalue(display).figures()
    expect("price of a kWh (1/1000 p)", figures.get("price")).equals("15000", rule="R-TAR-005")
    shown = int(figures.get("balance", 0))
    expect("balance (1/1000 p)", shown).lies_between(7 * POUND - 500, 7 * POUND)
    read = meter.ask(ReadInstantaneousImportRegisters()).import_register()
    expect("register (Wh)", int(figures.get("import", 0))).lies_between(read - 2, read)


@testcase(
    "HAN-402",
    "What a CAD may not is refused, and changes nothing: top up, emergency credit, supply, price",
    rules=["R-HAN-060"],
    requirements=["SFA-12-CADREADONLY", "HA.13", "IN.03.7", "SFA-27-ECREDIT"],
    devices=["ESME", "CAD"],
)
@pytest.mark.parametrize("attempt", ["top-up", "emergency-credit", "enable-supply", "write-price"])
@ELECTRICITY
def test_only_reads(attempt, meter, at_the_cad, mains, expect):  # noqa: F811 - the fixture
    meter.prepay(threshold=-POUND)
    meter.top_up(meter.token(1))
    meter.reset()  # emergency credit is on offer now
    meter.ask(DisableSupply())
    meter.ask(ArmSupply())
    argument = {"top-up": f" {meter.token(5).digits}", "write-price": " 1"}.get(attempt, "")

    expect("status of the refusal", at_the_cad.attempt(attempt + argument)).satisfies(
        "to be there", lambda status: status not in ("nothing", "00")
    )
    expect("balance (1/1000 p)", meter.registers().balance).equals(0)
    expect("state of the supply", meter.supply()).equals("armed")
    expect("power drawn through the meter (W)", mains.sample().power).lies_between(0, 20)
    expect("price the CAD reads (1/1000 p)", at_the_cad.figures().get("price")).equals("0")
    expect("activation at the meter itself", meter.hands.activate_emergency_credit()).equals(True)


@testcase(
    "HAN-403",
    "A CAD that the meter has unjoined reads nothing, although it is on the network; joined by method B it reads again",
    rules=["R-HAN-050", "R-HAN-043", "R-HAN-049"],
    requirements=["SFA-24-CADPAIR", "HA.13", "SFA-12-NETVSAPP"],
    use_cases=["CS04B", "CS03B"],
    devices=["ESME", "CAD"],
)
def test_unjoined(dut, dcc, home, at_the_cad, at_the_ihd, suppliers, expect):
    expect("what the CAD reads at first", at_the_cad.figures()).satisfies("something", bool, rule="R-HAN-043")
    cad = home.device("CAD")

    answer = dcc.ask(UnjoinServiceNonCritical(other=cad.eui), dut, as_user=suppliers.losing)
    expect("result of unjoining", result(answer)).equals(SUCCESS, rule="R-HAN-049")
    expect("what the CAD reads", at_the_cad.figures()).equals({})
    expect("half hours the CAD reads", at_the_cad.half_hours()).equals([])
    expect("what the IHD reads", at_the_ihd.figures()).satisfies("something", bool)

    answer = dcc.ask(JoinServiceNonCritical(other=cad.eui), dut, as_user=suppliers.losing)
    expect("result of the join", result(answer)).equals(SUCCESS, rule="R-HAN-043")
    expect("what the CAD reads in the end", at_the_cad.figures()).satisfies("something", bool, rule="R-HAN-043")


def result(answer):
    """The code in the answer of a join or unjoin."""
    return decode_der.payload(answer.message)["response_code"]


@testcase(
    "HAN-471",
    "While the meter has no supply the displays show nothing of it, and afterwards what it tells now",
    rules=["R-HAN-071", "R-HAN-032", "R-HAN-043"],
    requirements=["IH.02-NULL", "IM.04"],
    use_cases=["ECS17b"],
    devices=["ESME", "IHD", "CAD"],
)
@READERS
@ELECTRICITY
def test_blank(meter, display, request, dut, mains, clock, expect):  # noqa: F811 - the fixture
    display = request.getfixturevalue(display)
    before = int(display.figures().get("import", 0))
    expect("register shown at first (Wh)", before).satisfies("some", bool, rule="R-HAN-043")

    with mains.of(dut).interrupted(at_most="10 min"):
        clock.sleep(minutes(2))
        expect("what is shown while the meter is away", display.figures()).equals({})
    clock.sleep(minutes(3))

    after = int(display.figures().get("import", 0))
    read = meter.ask(ReadInstantaneousImportRegisters()).import_register()
    expect("register shown afterwards (Wh)", after).lies_between(max(before, read - 2), read, rule="R-HAN-032")
