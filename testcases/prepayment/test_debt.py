"""Debts: what each takes, when it takes nothing, and when it is cleared. The expected sums are worked out here."""

from datetime import timedelta

import pytest

from bench.clock import hours, minutes, seconds
from bench.dcc_point import device_alert
from bench.testcase import testcase
from testcases.prepayment.calendars import Settings
from testcases.prepayment.meters import DAY, HOUR, POUND, Recovery

BOTH = ("ESME", "GSME")
REQUIREMENTS = ["PC.04", "PC.06"]
PAID = {"time_debt_1": 0x81A7, "time_debt_2": 0x81A8, "payment_debt": 0x81A9}
WEEK = timedelta(days=7)
CAP = 30
SLACK = seconds(20)  #: between the reading of a register and the arrival of the answer


def _due(rate, every, span):
    """What a rate takes in a span, 1/1000 p."""
    return rate * (span // seconds(1)) // (every // seconds(1))


def _states_recovery(expect, what, before, after, taken, recovery, rule):
    """State that between two readings a debt fell by its rate; what was taken is given."""
    span = after.at - before.at
    low, high = (_due(recovery.rate, recovery.every, span + slack) for slack in (-SLACK, SLACK))
    expect(what, taken).lies_between(low - 5, high + 5, rule=rule)


@testcase(
    "PPM-201",
    "Two time debts are recovered, by the hour and by the day, and the balance pays them",
    rules=["R-DBT-001", "R-DBT-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS07", "ECS19", "GCS04", "GCS14"],
    devices=BOTH,
)
def test_recovered(meter, clock, expect):
    hourly, daily = Recovery(36_000, HOUR), Recovery(86_400, DAY)
    meter.add(50 * POUND)
    meter.prepay()
    meter.debts(one=20 * POUND, two=30 * POUND, recovery=(hourly, daily))
    before = meter.registers()

    clock.sleep(hours(2))

    after = meter.registers()
    first, second = before.time_debt_1 - after.time_debt_1, before.time_debt_2 - after.time_debt_2
    _states_recovery(expect, "taken of time debt 1 (1/1000 p)", before, after, first, hourly, "R-DBT-003")
    _states_recovery(expect, "taken of time debt 2 (1/1000 p)", before, after, second, daily, "R-DBT-003")
    paid = before.balance - after.balance
    expect("paid by the balance (1/1000 p)", paid).lies_between(first + second - 5, first + second + 5, "R-DBT-001")


@testcase(
    "PPM-202",
    "Changes of a debt add to it",
    rules=["R-DBT-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS07", "ECS19", "GCS04", "GCS14"],
    devices=BOTH,
)
def test_added(meter, expect):
    for one, two, payment in ((3, 4, 5), (20, 30, 40), (-1, -2, -3)):
        meter.debts(one=one * POUND, two=two * POUND, payment=payment * POUND)

    owed = meter.registers()
    expect("time debt 1", owed.time_debt_1).equals(22 * POUND)
    expect("time debt 2", owed.time_debt_2).equals(32 * POUND)
    expect("payment debt", owed.payment_debt).equals(42 * POUND)


@testcase(
    "PPM-203",
    "A time debt is cleared to exactly nothing, which is told once with its own code",
    rules=["R-DBT-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS07", "ECS19", "GCS04", "GCS14"],
    devices=BOTH,
)
@pytest.mark.parametrize("which", ["time_debt_1", "time_debt_2"])
def test_cleared(which, meter, clock, timeline, expect):
    meter.add(50 * POUND)
    meter.prepay()
    began = clock.now()
    place = 0 if which == "time_debt_1" else 1
    recovery = [Recovery(), Recovery()]
    recovery[place] = Recovery(200_000, HOUR)
    owed = {"one": 0, "two": 0} | {("one", "two")[place]: 50_000}
    meter.debts(**owed, recovery=tuple(recovery))

    clock.sleep(minutes(20))
    after = meter.registers()

    expect("what is still owed", getattr(after, which)).equals(0)
    expect("balance (1/1000 p)", after.balance).equals(50 * POUND - 50_000)
    clock.sleep(minutes(10))
    told = timeline.find(device_alert(meter.device, *PAID.values(), to=meter.supplier), after=began)
    expect("codes of the alerts", [int(one.data["alert_code"], 16) for one in told]).equals([PAID[which]])


@testcase(
    "PPM-204",
    "Of each payment its share goes to the payment debt, until that is cleared",
    rules=["R-CRE-002", "R-DBT-002", "R-CRE-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS07", "CS01a", "ECS19", "GCS04", "CS01b", "GCS14"],
    devices=BOTH,
)
def test_share_of_payments(meter, timeline, clock, expect):
    meter.configure(Settings(weekly_cap=60_000))
    meter.add(10 * POUND)
    meter.prepay()
    meter.debts(payment=12_000, share=55)
    owed, balance, began = 12_000, 10 * POUND, clock.now()

    for pounds in (10, 10, 20):
        meter.top_up(meter.token(pounds))
        share = min(pounds * POUND * 55 // 10_000, owed)
        owed, balance = owed - share, balance + pounds * POUND - share
        after = meter.registers()
        expect("payment debt", after.payment_debt).equals(owed, rule="R-CRE-002")
        expect("balance", after.balance).equals(balance, rule="R-CRE-001")
    told = timeline.find(device_alert(meter.device, PAID["payment_debt"], to=meter.supplier), after=began)
    expect("alerts that the debt is cleared", len(told)).equals(1, rule="R-DBT-002")


@testcase(
    "PPM-205",
    "What payments recover is capped over any seven days",
    rules=["R-CRE-003", "R-CRE-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS07", "CS01a", "ECS19", "GCS05", "GCS04", "CS01b", "GCS14"],
    devices=BOTH,
)
def test_weekly_cap(meter, mains, clock, expect):
    meter.configure(Settings(weekly_cap=CAP))
    meter.add(10 * POUND)
    meter.prepay()
    meter.debts(payment=500 * POUND, share=10_000)

    def recovered():
        before = meter.registers()
        meter.top_up(meter.token(40))
        return before.payment_debt - meter.registers().payment_debt

    expect("recovered of the first payment", recovered()).is_one_of(
        [CAP * unit for unit in meter.cap_units], rule="R-CRE-002"
    )
    expect("recovered of the second payment", recovered()).equals(0, rule="R-CRE-002")
    mains.interrupt(hours(25))  # the day passes without mains, which makes no difference
    expect("recovered on the next day", recovered()).equals(0)


@testcase(
    "PPM-210",
    "After seven days, and not before, payments recover up to the cap again",
    rules=["R-CRE-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS08a", "ECS07", "CS01a", "ECS19"],
)
@pytest.mark.parametrize("meter", ["electricity"], indirect=True)  # a week is long: the other meter is left out
def test_after_the_week(meter, mains, clock, expect):
    meter.configure(Settings(weekly_cap=CAP))
    meter.prepay(threshold=-POUND)
    meter.debts(payment=500 * POUND, share=10_000)
    began = clock.now()
    meter.top_up(meter.token(40))
    owed = meter.registers().payment_debt

    while began + WEEK - clock.now() > DAY:  # the days pass without mains, which makes no difference
        mains.interrupt(min(hours(24), began + WEEK - hours(1) - clock.now()))
    meter.top_up(meter.token(40))
    expect("payment debt an hour before the end", meter.registers().payment_debt).equals(owed)

    clock.sleep_until(began + WEEK + minutes(1))
    meter.top_up(meter.token(40))
    recovered = owed - meter.registers().payment_debt
    expect("recovered after the end", recovered).is_one_of([CAP * unit for unit in meter.cap_units])


@testcase(
    "PPM-206",
    "While supply is off, debts are collected or wait, as it is set",
    rules=["R-DBT-004", "R-TAR-011"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS43", "ECS19", "GCS03", "GCS32", "GCS14"],
    devices=BOTH,
)
@pytest.mark.parametrize("suspended", [False, True], ids=["collected", "suspended"])
def test_while_off(suspended, meter, clock, expect):
    meter.add(50 * POUND)
    meter.prices(0, 24_000)
    meter.prepay(keeps_when_off=suspended)
    recovery = Recovery(36_000, HOUR)
    meter.debts(one=40 * POUND, recovery=(recovery, Recovery()))
    meter.disable()
    before = meter.registers()

    clock.sleep(hours(2))

    after = meter.registers()
    span = after.at - before.at
    debt = 0 if suspended else _due(recovery.rate, HOUR, span)
    standing = 0 if suspended else _due(24_000, DAY, span)
    room = 0 if suspended else _due(recovery.rate + 1_000, HOUR, SLACK)
    taken = before.time_debt_1 - after.time_debt_1
    expect("taken of the time debt (1/1000 p)", taken).lies_between(debt - room, debt + room)
    paid = before.balance - after.balance
    expect("paid (1/1000 p)", paid).lies_between(debt + standing - room, debt + standing + room)


@testcase(
    "PPM-207",
    "While emergency credit is in use, charges by time gather apart if that is set, else the emergency credit pays",
    rules=["R-DBT-005", "R-CRE-005", "R-TAR-011"],
    requirements=REQUIREMENTS,
    use_cases=["ECS03", "ECS09", "ECS19", "GCS03", "GCS06", "GCS14"],
    devices=BOTH,
)
@pytest.mark.parametrize("suspended", [False, True], ids=["collected", "gathered"])
def test_in_emergency(suspended, meter, clock, expect):
    meter.configure(Settings(emergency_limit=40 * POUND, emergency_threshold=POUND))
    meter.prepay(threshold=-5 * POUND, keeps_in_emergency=suspended)
    meter.activate_emergency()
    meter.prices(0, 24_000)
    recovery = Recovery(36_000, HOUR)
    meter.debts(one=40 * POUND, recovery=(recovery, Recovery()))
    before = meter.registers()

    clock.sleep(hours(2))

    after = meter.registers()
    span = after.at - before.at
    due, room = _due(recovery.rate, HOUR, span) + _due(24_000, DAY, span), _due(37_000, HOUR, SLACK)
    gathered, used = (due, 0) if suspended else (0, due)
    more = after.accumulated_debt - before.accumulated_debt
    expect("gathered in the accumulated debt", more).lies_between(
        gathered - (room if gathered else 0), gathered + (room if gathered else 0), rule="R-CRE-005"
    )
    less = before.emergency_credit - after.emergency_credit
    expect("emergency credit used", less).lies_between(used - (room if used else 0), used + (room if used else 0))
    debt = before.time_debt_1 - after.time_debt_1
    expected = _due(recovery.rate, HOUR, span)
    expect("taken of the time debt", debt).lies_between(expected - room, expected + room)


@testcase(
    "PPM-208",
    "In credit mode debts are kept and not collected",
    rules=["R-DBT-006"],
    requirements=REQUIREMENTS,
    use_cases=["ECS02", "ECS07", "ECS19", "GCS02", "GCS04", "GCS14"],
    devices=BOTH,
)
def test_credit_mode(meter, clock, expect):
    meter.add(50 * POUND)
    meter.prepay()
    hourly = Recovery(36_000, HOUR)
    meter.debts(one=20 * POUND, two=10 * POUND, payment=5 * POUND, recovery=(hourly, hourly))
    meter.credit_mode()
    before = meter.registers()

    clock.sleep(hours(2))

    after = meter.registers()
    expect("debts", after[2:6]).equals(before[2:6])
    expect("whether there is a debt left at all", min(after[3:6]) > 0).equals(True)
    meter.prepay()
    clock.sleep(minutes(10))
    again = meter.registers()
    expect("payment debt in prepayment again", again.payment_debt).equals(5 * POUND)
    taken = after.time_debt_1 - again.time_debt_1
    most = _due(hourly.rate, HOUR, again.at - after.at) + 1
    expect("taken of time debt 1 since then", taken).lies_between(1, most)


@testcase(
    "PPM-209",
    "The last ten payments towards debt, and the last five top ups, are kept",
    rules=["R-CRE-004", "R-UTR-021"],
    requirements=REQUIREMENTS,
    use_cases=["ECS20a", "ECS20d", "GCS15d", "GCS15e"],
    devices=BOTH,
)
def test_histories(meter, clock, expect):
    meter.configure(Settings(weekly_cap=60_000))
    began = clock.now()
    meter.add(10 * POUND)
    meter.prepay()
    meter.debts(payment=100 * POUND, share=10)  # a thousandth
    amounts = range(1, 13)
    for pounds in amounts:
        meter.top_up(meter.token(pounds))
        if pounds == 3:
            top_ups = [amount for _, amount in meter.credits(began, clock.now())]
            expect("top ups after three", top_ups).equals([POUND, 2 * POUND, 3 * POUND], rule="R-UTR-021")

    payments = meter.debt_payments(began, clock.now())
    top_ups = meter.credits(began, clock.now())

    expect("payments towards debt", [amount for _, amount in payments]).equals([100 * n for n in amounts[-10:]])
    expect("top ups", [amount for _, amount in top_ups]).equals([n * POUND for n in amounts[-5:]], rule="R-UTR-021")
    for name, rule, rows in (("payment", "R-CRE-004", payments), ("top up", "R-UTR-021", top_ups)):
        times = [at for at, _ in rows]
        expect(f"times of each {name} in order", times).equals(sorted(times), rule=rule)
        expect(f"time of the first {name}", times[0]).lies_between(began, clock.now(), rule=rule)
        none = (meter.debt_payments if rule == "R-CRE-004" else meter.credits)(began - DAY, began - hours(1))
        expect(f"entries of the day before, of each {name}", none).equals([], rule=rule)
