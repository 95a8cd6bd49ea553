"""Blocks: thresholds of each rate, counters and when they begin again, and what energy costs by time and block."""

from datetime import time

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import ResetTariffBlockCounterMatrix, UpdatePricePrimaryElement
from bench.dcc.bodies.settings import UpdateDeviceConfigurationDailyResettingOfTariffBlockCounterMatrix as DailyReset
from bench.testcase import meters, testcase
from testcases.billing.steps import set_calendar
from testcases.days import midnight
from testcases.prepayment.steps import registers, to_prepayment
from testcases.tariff.steps import Tariff

REQUIREMENTS = ["PC.08"]
POUND = 100_000
THRESHOLDS = (60, 100, 160)  #: Wh of the billing period, at which a rate goes on with the next block
EVEN, ODD = 2, 7  #: two rates
LOW = 5  #: Wh: a threshold that is soon passed
PRICES = {(block, rate): 1_000 * block + rate for block in range(1, 5) for rate in range(1, 9)}


def all_day(rate, **tariff):
    """A tariff by blocks at one rate."""
    thresholds = tariff.pop("thresholds", {rate: THRESHOLDS})
    return Tariff(days={1: [(time(0), ("block", rate))]}, thresholds=thresholds, block_prices=PRICES, **tariff)


@testcase(
    "TAR-101",
    "A rate counts in block 1 up to its first threshold, then in blocks 2, 3 and 4, and not a Wh in both",
    rules=["R-TAR-004", "R-TAR-001", "R-TAR-014", "R-TAR-009"],
    requirements=[*REQUIREMENTS, "PC.08.33"],
    use_cases=["ECS01a", "ECS17b", "ECS17d", "ECS17e", "ECS24"],
)
@meters("single", "twin")
def test_thresholds(meter, clock, expect):
    meter.ask(ResetTariffBlockCounterMatrix())
    meter.set(all_day(EVEN))
    meter.ask(ResetTariffBlockCounterMatrix())
    first, prices = meter.read(), []
    for _ in range(8):
        clock.sleep(minutes(2.5))
        counted = meter.read().counted_since(first)
        if set(counted) == {(1, EVEN), (2, EVEN), (3, EVEN), (4, EVEN)}:
            break
        prices.append(meter.data()[0].value)
    widths = [counted.get((block, EVEN), 0) for block in (1, 2, 3, 4)]
    # what flowed while the first registers were read belongs to block 1 as well
    expect("counted in block 1 (Wh)", widths[0]).lies_between(THRESHOLDS[0] - 3, THRESHOLDS[0])
    expect("counted in blocks 2 and 3 (Wh)", widths[1:3]).equals(
        [THRESHOLDS[1] - THRESHOLDS[0], THRESHOLDS[2] - THRESHOLDS[1]]
    )
    expect("registers that have counted", set(counted)).equals({(block, EVEN) for block in (1, 2, 3, 4)})
    expect("prices in force, as they came", sorted(set(prices))).is_one_of(
        [[PRICES[block, EVEN] for block in (1, 2, 3)], [PRICES[block, EVEN] for block in (1, 2, 3, 4)]],
    )
    expect("order of the prices", prices).equals(sorted(prices), rule="R-TAR-009")
    expect("price in block 4 (1/1000 p)", meter.data()[0].value).equals(PRICES[4, EVEN], rule="R-TAR-009")


@testcase(
    "TAR-102",
    "Each rate has thresholds and a counter of its own; with thresholds out of reach block 1 counts alone",
    rules=["R-TAR-004", "R-TAR-001"],
    requirements=[*REQUIREMENTS, "PC.08.33"],
    use_cases=["ECS01a", "ECS17d", "ECS17e"],
)
def test_rates(meter, clock, expect):
    start = meter.next_minute(2)
    days = {
        1: [
            (time(0), 4),
            *((
                (start + minutes(10 * n)).time(), ("block", rate)) for n, rate in enumerate((EVEN, ODD, EVEN, 8))
            ),
            ((start + minutes(40)).time(), 4),
        ]
    }  # fmt: skip
    meter.set(Tariff(days=days, thresholds={EVEN: (60, 5_000, 6_000), ODD: (90, 5_000, 6_000)}, block_prices=PRICES))
    meter.ask(ResetTariffBlockCounterMatrix())
    first = meter.read()
    clock.sleep_until(start + minutes(41))
    counted = meter.read().counted_since(first)
    expect("counted in block 1 of either rate (Wh)", (counted[1, EVEN], counted[1, ODD])).equals((60, 90))
    expect("registers that have counted", set(counted)).equals({4, (1, EVEN), (2, EVEN), (1, ODD), (2, ODD), (1, 8)})
    ten_minutes = counted[1, ODD] + counted[2, ODD]
    expect("counted at the first rate in twice ten minutes (Wh)", counted[1, EVEN] + counted[2, EVEN]).lies_between(
        2 * ten_minutes - 3, 2 * ten_minutes + 3
    )
    expect("counted at a rate without thresholds (Wh)", counted[1, 8]).lies_between(ten_minutes - 2, ten_minutes + 2)


# what makes the counters begin again; each returns the registers as they were before


def by_command(meter):
    """Reset the block counters (ECS05)."""
    before = meter.read()
    meter.expect("result of the reset", meter.ask(ResetTariffBlockCounterMatrix()).results).equals([0])
    return before


def by_another_calendar(meter):
    """End the billing period with another calendar (ECS30a)."""
    before = meter.read()
    set_calendar(meter.dcc, meter.device, meter.supplier, meter.next_minute(240))
    return before


def by_the_billing_date(meter):
    """Let the billing period end by its calendar (ECS30a)."""
    at = meter.next_minute(10)
    set_calendar(meter.dcc, meter.device, meter.supplier, at)
    meter.clock.sleep_until(at - seconds(40))
    before = meter.read()
    meter.clock.sleep_until(at + seconds(1))
    return before


def at_midnight(meter):
    """Let a day end with daily resetting on (ECS48)."""
    meter.expect("result of ECS48", meter.ask(DailyReset(reset=True)).results).equals([0])
    meter.clock.sleep_until(midnight(meter.clock, -1) - seconds(40))
    before = meter.read()
    meter.clock.sleep_until(midnight(meter.clock, -1) + seconds(1))
    return before


RESETS = {
    by_command: "R-TAR-008",
    by_another_calendar: "R-TAR-007",
    by_the_billing_date: "R-TAR-007",
    at_midnight: "R-TAR-007",
}


@testcase(
    "TAR-103",
    "The counters of every rate begin again: block 1 counts, and no register falls",
    rules=["R-TAR-007", "R-TAR-008", "R-TAR-014"],
    requirements=[*REQUIREMENTS, "PC.08.33"],
    use_cases=["ECS01a", "ECS05", "ECS30a", "ECS48", "ECS17e"],
)
@pytest.mark.parametrize("reset", RESETS, ids=lambda reset: reset.__name__.replace("_", " "))
def test_counters_begin_again(reset, meter, clock, expect):
    low = {EVEN: (LOW, 4_000_000, 5_000_000), ODD: (LOW, 4_000_000, 5_000_000)}
    for rate in (ODD, EVEN):
        meter.set(all_day(rate, thresholds=low))
        clock.sleep(minutes(1))
    first = meter.read()
    clock.sleep(minutes(1))
    expect("registers before the reset", set(meter.read().counted_since(first))).equals({(2, EVEN)}, rule="R-TAR-004")

    before = reset(meter)
    clock.sleep(minutes(1))
    middle = meter.read()
    meter.set(all_day(ODD, thresholds=low))
    clock.sleep(minutes(1))
    after = meter.read()
    for rate in (EVEN, ODD):
        counted = after.counted_since(before)[1, rate]
        expect(f"counted in block 1 of rate {rate} since the reset (Wh)", counted).equals(LOW, rule=RESETS[reset])
    fallen = [place for place, counted in middle.counted_since(before).items() if counted < 0]
    expect("registers that fell", fallen).equals([], rule="R-TAR-014")


@testcase(
    "TAR-196",
    "New prices alone leave the block counters and the switching table as they are",
    rules=["R-TAR-005", "R-TAR-007", "R-TAR-009"],
    requirements=[*REQUIREMENTS, "PC.08.33"],
    use_cases=["ECS01a", "ECS01b", "ECS17e", "ECS24"],
)
@meters("single", "twin")
def test_new_prices_alone(meter, clock, expect):
    low = {EVEN: (LOW, 4_000_000, 5_000_000)}
    meter.set(all_day(EVEN, thresholds=low))
    clock.sleep(minutes(2))
    expect("price in force (1/1000 p)", meter.data()[0].value).equals(PRICES[2, EVEN], rule="R-TAR-009")

    dearer = Tariff(block_prices={place: 7 * price for place, price in PRICES.items()})
    meter.ask(UpdatePricePrimaryElement(prices=dearer.request().prices))
    first = meter.read()
    clock.sleep(minutes(1))

    expect("registers that count", set(meter.read().counted_since(first))).equals({(2, EVEN)})
    expect("price in force then (1/1000 p)", meter.data()[0].value).equals(7 * PRICES[2, EVEN], rule="R-TAR-009")


@testcase(
    "TAR-197",
    "With daily resetting on, the block counters begin again each midnight, not the first alone",
    rules=["R-TAR-007"],
    requirements=[*REQUIREMENTS, "PC.08.33"],
    use_cases=["ECS01a", "ECS48", "ECS17e"],
)
def test_each_midnight(meter, clock, mains, expect):
    meter.set(all_day(EVEN, thresholds={EVEN: (LOW, 4_000_000, 5_000_000)}))
    meter.expect("result of ECS48", meter.ask(DailyReset(reset=True)).results).equals([0])
    for night in ("first", "second"):
        end_of_day = midnight(clock, -1)
        mains.interrupt(end_of_day - minutes(9) - clock.now())  # the day passes without mains
        clock.sleep_until(end_of_day - minutes(1))
        before = meter.read()
        clock.sleep_until(end_of_day + minutes(2))
        counted = meter.read().counted_since(before)
        expect(f"counted in block 1 since the {night} midnight (Wh)", counted[1, EVEN]).equals(LOW)
        expect("counted in block 2 before and since (Wh)", counted[2, EVEN]).satisfies("some", lambda wh: wh > 0)


@testcase(
    "TAR-104",
    "In prepayment each Wh costs the price of the register that counts it, by time and by block",
    rules=["R-TAR-009"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17d", "ECS17e", "ECS19"],
)
@meters("single", "twin")
def test_cost(meter, clock, expect):
    dcc, dut, supplier = meter.dcc, meter.device, meter.supplier
    at = meter.next_minute(20)
    prices = {1: 1_000, 2: 30_000}
    tariff = Tariff(
        days={1: [(time(0), 1), (at.time(), 2), ((at + minutes(10)).time(), ("block", EVEN))]},
        thresholds={EVEN: THRESHOLDS}, prices=prices, block_prices={place: 5 * p for place, p in PRICES.items()},
    )  # fmt: skip
    meter.set(tariff)
    to_prepayment(dcc, dut, supplier, balance=20 * POUND)
    meter.ask(ResetTariffBlockCounterMatrix())
    clock.sleep_until(at - minutes(8))
    first, paid_from = meter.read(), registers(dcc, dut, supplier).balance
    clock.sleep_until(at + minutes(20))
    paid_to, last = registers(dcc, dut, supplier).balance, meter.read()
    counted = last.counted_since(first)
    expect("registers that have counted", set(counted)).equals({1, 2, (1, EVEN), (2, EVEN), (3, EVEN)})
    due = (
        sum(counted[place] * (prices[place] if isinstance(place, int) else 5 * PRICES[place]) for place in counted)
        / 1000
    )
    # what flows while registers are read costs the prices of the ends
    room = 3 * (prices[1] + 5 * PRICES[3, EVEN]) / 1000
    expect("paid (1/1000 p)", paid_from - paid_to).lies_between(int(due - room), int(due + room))


@testcase(
    "TAR-105",
    "A dearer time takes the supply off when its price has used the credit up, not when the cheap one would have",
    rules=["R-TAR-009", "R-DIS-001"],
    requirements=[*REQUIREMENTS, "PC.01"],
    use_cases=["ECS01a", "ECS03", "ECS19", "ECS45"],
)
@meters("single", "twin")
def test_disabled_in_time(meter, clock, mains, expect):
    dcc, dut, supplier = meter.dcc, meter.device, meter.supplier
    at = meter.next_minute(10)
    days = {1: [(time(0), 1), (at.time(), 2)]}
    meter.set(Tariff(days=days, prices={1: 100, 2: 30_000}))
    to_prepayment(dcc, dut, supplier, balance=3_000)
    clock.sleep_until(at + minutes(5))
    credit = registers(dcc, dut, supplier).balance
    expect("balance five minutes after the switch (1/1000 p)", credit).lies_between(500, 2_500, rule="R-TAR-009")
    clock.sleep_until(at + minutes(12))
    credit = registers(dcc, dut, supplier).balance
    expect("balance once the supply is off (1/1000 p)", credit).lies_between(-20, 0, rule="R-TAR-009")
    expect("power drawn (W)", mains.sample().power).satisfies("to be none", lambda watts: watts < 1)
