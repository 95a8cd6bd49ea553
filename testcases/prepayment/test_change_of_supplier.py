"""What an electricity and a gas meter in prepayment mode keep over a change of supplier."""

from dataclasses import replace

from bench.clock import hours, seconds
from bench.dcc.bodies import ReadEventOrSecurityLog, ReadLogPeriod
from bench.testcase import testcase
from testcases.prepayment.meters import POUND


def events(meter, gas, start, end):
    """The entries of the event log of a period."""
    body = ReadEventOrSecurityLog(period=ReadLogPeriod(start=start, end=end), log="Event")
    answer = meter.ask(body)
    return [str(one) for one in (answer if meter.answers_at_once else gas.read(answer)).log()]


@testcase(
    "PPM-677",
    "Debts, emergency credit in use, a supply that is off and the event log are the same before and after the change",
    rules=["R-CRD-057"],
    requirements=["IN.02", "SDAG1-3-PRIVCOS"],
    use_cases=["CS02b", "ECS19", "GCS14", "ECS09", "GCS06", "ECS35a", "CS10a"],
    devices=["ESME", "GSME"],
)
def test_all_stays(meter, dcc, gas, clock, expect):
    began = clock.now().replace(microsecond=0)
    meter.prepay()
    meter.debts(one=10 * POUND, two=5 * POUND, payment=7 * POUND, share=1_000)
    expect("whether emergency credit is active", meter.activate_emergency()).equals(True)
    meter.prices(0, 30_000)
    clock.sleep(hours(1))
    meter.prices(0, 0)  # what changes from now on is not the work of time
    meter.disable()
    clock.sleep(seconds(10))
    ended = clock.now().replace(microsecond=0)
    money, supply, log = meter.registers()[:6], meter.supply(), events(meter, gas, began, ended)

    body = dcc.change_of_supplier(meter.device, meter.gaining)
    dcc.ask(body, meter.device, as_user=meter.gaining)

    other = replace(meter, supplier=meter.gaining)
    expect("prepayment registers", other.registers()[:6]).equals(money)
    expect("state of the supply", other.supply()).equals(supply)
    expect("whether emergency credit is active still", other.activate_emergency()).equals(True)
    expect("whether the meter is in prepayment mode", other.is_in_prepayment()).equals(True)
    expect("event log until then", events(other, gas, began, ended)).equals(log)
