"""What energy and days cost: the sums are worked out here from the registers and the prices that were set."""

from datetime import timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ReadInstantaneousImportRegisters
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.gas_steps import volume
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import DAY, HOUR, POUND

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.08"]
ACTIVATED = 0x8F66
SLACK = seconds(20)


def _standing(charge, span):
    return charge * (span // seconds(1)) // (DAY // seconds(1))


def _watt_hours(meter):
    return meter.ask(ReadInstantaneousImportRegisters()).import_register()


@testcase(
    "PPM-701",
    "Each kWh costs its price, and each day its standing charge",
    rules=["R-TAR-009", "R-TAR-011", "R-TAR-005"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01b", "ECS17b", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_cost_of_electricity(meter, clock, expect):
    meter.add(50 * POUND)
    meter.prepay()
    for unit, charge in ((30_000, 0), (0, 24_000), (12_345, 31_000)):
        meter.prices(unit, charge)
        before, first = meter.registers(), _watt_hours(meter)
        clock.sleep(minutes(40))
        after, last = meter.registers(), _watt_hours(meter)
        energy = (last - first) * unit // 1000
        standing = _standing(charge, after.at - before.at)
        slack = 3 * unit // 1000 + _standing(charge, SLACK) + 5 + (unit * 720 // 3600 * 6) // 1000
        expect(f"paid at {unit} for a kWh and {charge} for a day", before.balance - after.balance).lies_between(
            energy + standing - slack, energy + standing + slack, rule="R-TAR-011" if charge else "R-TAR-009"
        )


@testcase(
    "PPM-702",
    "Gas costs in proportion to its volume and to the price in force, and each day its standing charge",
    rules=["R-TAR-009", "R-TAR-011", "R-TAR-005"],
    requirements=REQUIREMENTS,
    use_cases=["GCS01b", "GCS13a", "GCS14"],
    devices=["GSME"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_cost_of_gas(meter, gas, clock, expect):
    meter.add(50 * POUND)
    meter.prepay()
    meter.hands.set_taps(0)
    a_cubic_metre = {}
    for unit in (10_000, 25_000):
        meter.prices(unit, 0)
        before, first = meter.registers(), volume(gas, meter.device, meter.supplier)
        meter.hands.set_taps(2)
        clock.sleep(minutes(30))
        meter.hands.set_taps(0)
        after, last = meter.registers(), volume(gas, meter.device, meter.supplier)
        a_cubic_metre[unit] = (before.balance - after.balance) * 1000 // (last - first)
    kwh = [cost * 1000 // unit for unit, cost in a_cubic_metre.items()]
    expect("Wh that a cubic metre is charged as, at either price", kwh[0]).lies_between(kwh[1] - 50, kwh[1] + 50)
    expect("Wh in a cubic metre of natural gas", kwh[0]).lies_between(9_500, 12_500)

    meter.prices(0, 24_000)
    before = meter.registers()
    clock.sleep(minutes(60))
    after = meter.registers()
    due, room = _standing(24_000, after.at - before.at), _standing(24_000, SLACK) + 5
    expect("paid for the time that has passed", before.balance - after.balance).lies_between(
        due - room, due + room, rule="R-TAR-011"
    )


@testcase(
    "PPM-796",
    "A new price counts for what is used from the change on; what was used before costs the old one",
    rules=["R-TAR-005", "R-TAR-009"],
    requirements=REQUIREMENTS,
    use_cases=["GCS01b", "GCS13a", "GCS14"],
    devices=["GSME"],
)
@pytest.mark.parametrize("meter", ["gas"], indirect=True)
def test_change_while_gas_flows(meter, clock, expect):
    old, new, a_cubic_metre = 2_000, 20_000, (9.5, 12.5)  # kWh
    meter.add(50 * POUND)
    meter.prepay()
    meter.prices(old, 0)
    meter.hands.set_taps(2)
    before = meter.registers()
    at = meter.prices(new, 0).seen.time
    after = meter.registers()

    spans = (at - before.at) / HOUR, (after.at - at) / HOUR
    least, most = (2 * kwh * (spans[0] * old + spans[1] * new) for kwh in a_cubic_metre)
    expect("paid before and since the change", before.balance - after.balance).lies_between(round(least), round(most))


@testcase(
    "PPM-703",
    "New prices at a set time: what has passed costs the old ones, and the supplier is told of either item",
    rules=["R-TAR-006", "R-TAR-005", "R-TAR-009", "R-FUT-013"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01b", "ECS19", "GCS01b", "GCS14"],
    devices=BOTH,
)
def test_future_dated_prices(meter, clock, timeline, expect):
    old, new = 9_000, 30_000
    meter.add(50 * POUND)
    meter.prepay()
    meter.prices(0, old)
    at = clock.now().replace(second=0, microsecond=0) + minutes(40 if meter.answers_at_once else 100)
    meter.prices(0, new, at=at)
    before = meter.registers()
    clock.sleep_until(at - seconds(5))
    told = device_alert(meter.device, ACTIVATED, to=meter.supplier)
    expect("alerts 8F66 before the time", len(timeline.find(told))).equals(0, rule="R-FUT-013")
    clock.sleep_until(at + minutes(40))
    after = meter.registers()

    expect("alerts 8F66", len(timeline.find(told))).equals(2, rule="R-FUT-013")
    due = _standing(old, at - before.at) + _standing(new, after.at - at)
    room = _standing(new, SLACK) + 5
    expect("paid until and since the change", before.balance - after.balance).lies_between(
        due - room, due + room, rule="R-TAR-006"
    )


@testcase(
    "PPM-704",
    "An outage costs its share of the standing charge, once",
    rules=["R-TAR-011"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01b", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_outage(meter, mains, clock, expect):
    meter.add(50 * POUND)
    meter.prepay()
    meter.prices(0, 24_000)
    before = meter.registers()
    mains.interrupt("3 h")
    clock.sleep(minutes(3))
    after = meter.registers()
    due, room = _standing(24_000, after.at - before.at), _standing(24_000, SLACK) + 5
    expect("paid over the outage", before.balance - after.balance).lies_between(due - room, due + room)


@testcase(
    "PPM-705",
    "In credit mode neither energy nor days are taken from the prepayment balance",
    rules=["R-PPM-006", "R-TAR-011"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01b", "ECS19", "GCS01b", "GCS14"],
    devices=BOTH,
)
def test_credit_mode(meter, clock, expect):
    meter.add(5 * POUND)
    meter.prices(30_000, 30_000)
    clock.sleep(timedelta(minutes=40))
    expect("balance", meter.registers().balance).equals(5 * POUND)


@testcase(
    "PPM-706",
    "Registers, payment mode and limits of prepayment survive a loss of supply",
    rules=["R-PWR-007", "R-TAR-011", "R-EMC-004"],
    requirements=["DI.04"],
    use_cases=["ECS08a", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)
def test_kept(meter, mains, clock, expect):
    meter.configure(Settings(emergency_limit=7 * POUND, largest_credit=50))
    meter.add(10 * POUND)
    meter.debts(one=3 * POUND, two=4 * POUND, payment=5 * POUND)
    meter.prepay()
    before = meter.registers()
    mains.interrupt("30 s")
    clock.sleep(minutes(3))
    expect("registers after the outage", meter.registers()[:6]).equals(before[:6])
    expect("payment mode after the outage", meter.is_in_prepayment()).equals(True)
    expect("a token above the largest credit", meter.top_up(meter.token(51))).equals(False, rule="R-UTR-014")
