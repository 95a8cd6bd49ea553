"""Which register counts when: times of day, weeks, seasons, special days, midnight, outages, another tariff."""

from dataclasses import replace
from datetime import time

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import UpdatePricePrimaryElement
from bench.dcc.bodies.settings import UpdateDeviceConfigurationDailyResettingOfTariffBlockCounterMatrix as DailyReset
from bench.dcc_point import device_alert
from bench.expecting import precondition
from bench.testcase import testcase
from testcases.billing.steps import change_log, whole_minute
from testcases.days import DAY, midnight
from testcases.tariff.steps import Tariff

REQUIREMENTS = ["PC.08"]
WATT_HOURS = 3  #: what flows while registers are read
ACTIVATED = 0x8F66
ITEMS = 6  #: of a tariff, each with an alert of its own
SUCCESS, ARRAY = 0, 1


@testcase(
    "TAR-001",
    "Registers by time count one after the other, each from its switch to the next, and add up to the import",
    rules=["R-TAR-001", "R-TAR-003", "R-TAR-014", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17b", "ECS17d", "ECS17e"],
)
def test_times_of_day(meter, clock, expect):
    start = meter.next_minute(2)
    registers = (48, 1, 25, 2)
    switches = [(start + minutes(10 * number), register) for number, register in enumerate(registers)]
    meter.set(Tariff(days={1: [(at.time(), register) for at, register in switches]}))
    for at, register in switches:
        clock.sleep_until(at)
        first = meter.read()
        clock.sleep_until(at + minutes(10) - seconds(10))
        last = meter.read()
        used = last.imported - first.imported
        counted = last.counted_since(first)
        expect("registers that have counted", set(counted)).equals({register}, rule="R-TAR-003")
        expect("what it has counted (Wh)", counted[register]).lies_between(
            used - WATT_HOURS, used + WATT_HOURS, rule="R-TAR-001"
        )


@testcase(
    "TAR-002",
    "A switch in the middle of a reading interval parts the energy where it happens",
    rules=["R-TAR-003", "R-TAR-014"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17b", "ECS17d", "ECS17e"],
)
def test_parted_at_the_switch(meter, clock, expect):
    at = meter.next_minute(12)
    meter.set(Tariff(days={1: [(time(0), 5), (at.time(), 6)]}))
    clock.sleep_until(at - minutes(9))
    first, began = meter.read(), clock.now()
    clock.sleep_until(at + minutes(18))
    last, ended = meter.read(), clock.now()
    counted, used = last.counted_since(first), last.imported - first.imported
    share = (at - began) / (ended - began)
    expect("counted before the switch (Wh)", counted.get(5, 0)).lies_between(
        used * share - WATT_HOURS, used * share + WATT_HOURS
    )
    expect("counted by both (Wh)", sum(counted.values())).lies_between(
        used - WATT_HOURS, used + WATT_HOURS, rule="R-TAR-014"
    )


#: what decides which day profile holds today: in which 11 counts and in the others 12
DECIDING = {
    "day of the week": lambda today: Tariff(
        weeks={1: [11 if number == today.weekday() else 12 for number in range(7)]}
    ),
    "season of this year": lambda today: Tariff(
        weeks={1: 12, 2: 11, 3: 12}, seasons=((today - 40 * DAY, 1), (today, 2), (today + DAY, 3))
    ),
    "season of any year": lambda today: Tariff(
        weeks={1: 12, 2: 11}, seasons=((month_day(today + 40 * DAY), 1), (month_day(today), 2))
    ),
    "season of last year": lambda today: Tariff(
        weeks={1: 12, 2: 11}, seasons=((month_day(today + 20 * DAY), 1), (month_day(today + 40 * DAY), 2))
    ),
    "special day": lambda today: Tariff(
        weeks={1: 12}, special_days=((today - DAY, 12), (today, 11), (today + DAY, 12))
    ),
    "special day of any year": lambda today: Tariff(weeks={1: 12}, special_days=((month_day(today), 11),)),
    "no special day": lambda today: Tariff(
        weeks={1: 11}, special_days=((today - DAY, 12), (today + DAY, 12), (today + 365 * DAY, 12))
    ),
}


def month_day(day):
    """A date of any year."""
    return day.month, day.day


@testcase(
    "TAR-003",
    "A day's profile is that of the season's week, and of a special day its own",
    rules=["R-TAR-003", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17d", "ECS24"],
)
@pytest.mark.parametrize("deciding", DECIDING)
def test_day_profiles(deciding, meter, clock, expect):
    made = DECIDING[deciding](clock.now().date())
    tariff = Tariff(
        days={11: [(time(0), 11)], 12: [(time(0), 12)]}, weeks=made.weeks, seasons=made.seasons,
        special_days=made.special_days, prices={11: 1_100, 12: 1_200},
    )  # fmt: skip
    meter.set(tariff)
    first = meter.read()
    clock.sleep(minutes(3))
    expect("registers that count", set(meter.read().counted_since(first))).equals({11})
    expect("price in force (1/1000 p)", meter.data()[0].value).equals(1_100, rule="R-TAR-009")


@testcase(
    "TAR-004",
    "A special day ends at midnight UTC; what it counted in goes on until the new day's first switch, block and all",
    rules=["R-TAR-003", "R-TAR-007", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS48", "ECS17d", "ECS17e"],
)
def test_midnight(meter, clock, expect):
    end_of_day = midnight(clock, -1)
    days = {1: [(time(0, 10), 3), (time(20), 4)], 2: [(time(0), 5), (time(23), ("block", 6))]}
    low = (5, 4_000_000, 5_000_000)
    meter.set(Tariff(days=days, special_days=((clock.now().date(), 2),), thresholds={6: low}))
    for daily in (True, False):  # what has been turned off again resets no counter
        meter.expect("result of ECS48", meter.ask(DailyReset(reset=daily)).results).equals([0], rule="R-TAR-007")
    for began, ended, register, rule in (
        (end_of_day - minutes(4), end_of_day - minutes(2), (2, 6), "R-TAR-003"),
        (end_of_day - minutes(1), end_of_day + minutes(2), (2, 6), "R-TAR-007"),
        (end_of_day + minutes(11), end_of_day + minutes(12), 3, "R-TIM-001"),
    ):
        clock.sleep_until(began)
        first = meter.read()
        clock.sleep_until(ended)
        counting = set(meter.read().counted_since(first))
        expect(f"registers that count until {ended:%H:%M}", counting).equals({register}, rule=rule)


@testcase(
    "TAR-005",
    "The switching table takes 16 day profiles, 48 switches a day, 4 seasons and weeks and 50 special days",
    rules=["R-TAR-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS24", "ECS17d"],
)
def test_full_table(meter, clock, expect):
    today = clock.now().date()
    half_hours = [(time(number // 2, number % 2 * 30), number + 1) for number in range(48)]
    days = {1: half_hours} | {number: [(time(0), 48)] for number in range(2, 17)}
    special = tuple((today + number * DAY, 2 + number % 15) for number in range(1, 51))
    seasons = ((today, 1), *((today + number * 30 * DAY, number + 1) for number in (1, 2, 3)))
    tariff = Tariff(days=days, weeks={number: number for number in (1, 2, 3, 4)}, seasons=seasons, special_days=special)
    meter.set(tariff)
    held = meter.data()
    sizes = [len(held[number].value) for number in (2, 3, 4, 5)]
    expect("seasons, weeks, days and special days that are read back", sizes).equals([4, 4, 16, 50])
    first = meter.read()
    clock.sleep(minutes(2))
    now = clock.now()
    current, before = (2 * at.hour + at.minute // 30 + 1 for at in (now, now - minutes(2)))
    expect("registers that count", set(meter.read().counted_since(first))).satisfies(
        f"to be that of this half hour, {current}", lambda counted: {current} <= counted <= {current, before}
    )


@testcase(
    "TAR-006",
    "A table that is too large is refused, and the tariff in force goes on",
    rules=["R-TAR-003"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17d"],
)
@pytest.mark.parametrize("too_large", ["17 days", "49 times", "51 special days"])
def test_too_large(too_large, meter, clock, expect):
    meter.set(Tariff(days={1: [(time(0), 9)]}))
    plain, today = [(time(0), 10)], clock.now().date()
    tariff = {
        "17 days": Tariff(days=dict.fromkeys(range(1, 18), plain)),
        "49 times": Tariff(days={1: [(time(number // 3, number % 3 * 20), 10) for number in range(49)]}),
        "51 special days": Tariff(days={1: plain}, special_days=tuple((today + n * DAY, 1) for n in range(51))),
    }[too_large]
    results = meter.ask(tariff.request()).results
    expect("items that were refused", [code for code in results if code != SUCCESS]).satisfies("one or more", bool)
    first = meter.read()
    clock.sleep(minutes(2))
    expect("registers that count", set(meter.read().counted_since(first))).equals({9})


#: octets of a switch in a day profile: script table of tariffs, then the number of the script
SWITCH = bytes.fromhex("090600000a0064ff12")


@testcase(
    "TAR-096",
    "A table that names a register which is not there is refused, and the tariff in force goes on",
    rules=["R-TAR-003", "R-TAR-001"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17d"],
)
@pytest.mark.parametrize("register", [0, 49, 100, 109])
def test_no_such_register(register, meter, local, clock, expect):
    meter.set(Tariff(days={1: [(time(0), 9)]}))
    good = local.command(Tariff(days={1: [(time(0), 10)]}).request(), meter.device, as_user=meter.supplier)
    precondition(SWITCH + b"\x00\x0a" in good.payload, "the switch stands in the command where it is looked for")
    payload = good.payload.replace(SWITCH + b"\x00\x0a", SWITCH + register.to_bytes(2))
    local.deliver(local.protect(replace(good, payload=payload, signature=None, mac=None), meter.device), "a tariff")
    clock.sleep(minutes(1))
    first = meter.read()
    clock.sleep(minutes(2))
    expect("registers that count", set(meter.read().counted_since(first))).equals({9})


@testcase(
    "TAR-007",
    "A tariff at a set time: nothing before, at the time all of it, an alert an item, and a snapshot of that moment",
    rules=["R-TAR-006", "R-FUT-007", "R-FUT-013"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS17d", "ECS20b"],
)
def test_at_a_set_time(meter, clock, timeline, expect):
    meter.set(Tariff(days={1: [(time(0), 20)]}, prices={20: 2_000, 21: 1}))
    before = len(change_log(meter.dcc, meter.device, meter.supplier, clock))
    at = whole_minute(clock, 10)
    meter.set(Tariff(days={1: [(time(0), 21)]}, prices={20: 1, 21: 2_100}), at=at)
    first = meter.read()
    told = device_alert(meter.device, ACTIVATED, to=meter.supplier)
    with timeline.never(told, rule="R-FUT-013"):
        clock.sleep_until(at - seconds(40))
    changing = meter.read()
    expect("registers before the time", set(changing.counted_since(first))).equals({20})
    expect("price before the time (1/1000 p)", meter.data()[0].value).equals(2_000)
    clock.sleep_until(at + minutes(1))
    expect("alerts 8F66", len(timeline.find(told, after=at))).equals(ITEMS, rule="R-FUT-007")
    start = meter.read()
    clock.sleep(minutes(2))
    expect("registers after the time", set(meter.read().counted_since(start))).equals({21})
    expect("price after the time (1/1000 p)", meter.data()[0].value).equals(2_100)

    snapshots = change_log(meter.dcc, meter.device, meter.supplier, clock)[before:]
    expect("times of the snapshots", [one.time for one in snapshots]).equals([at])
    (kept,) = snapshots
    expect("import in the snapshot (Wh)", kept.imported).lies_between(changing.imported, start.imported)
    expect("the new tariff's register in the snapshot (Wh)", kept.by_time[20]).equals(changing.by_time[20])


@testcase(
    "TAR-008",
    "A switch within an outage has happened when supply returns",
    rules=["R-TAR-003", "R-PWR-007", "R-TAR-014"],
    requirements=[*REQUIREMENTS, "SFA-17-OUTAGE"],
    use_cases=["ECS01a", "ECS17d", "ECS24"],
)
def test_outage(meter, clock, mains, expect):
    at = meter.next_minute(8)
    tariff = Tariff(days={1: [(time(0), 30), (at.time(), 31)]}, prices={30: 3_000, 31: 3_100})
    meter.set(tariff)
    clock.sleep_until(at - minutes(4))
    before = meter.read()
    mains.interrupt("4 min", start=at - minutes(2))
    clock.sleep(minutes(1))
    start = meter.read()
    expect("registers until supply was back", set(start.counted_since(before))).is_one_of([{30}, {30, 31}])
    expect("price in force (1/1000 p)", meter.data()[0].value).equals(3_100, rule="R-TAR-009")
    clock.sleep(minutes(2))
    last = meter.read()
    expect("registers after the outage", set(last.counted_since(start))).equals({31})
    expect("counted since before the outage (Wh)", sum(last.counted_since(before).values())).lies_between(
        last.imported - before.imported - WATT_HOURS, last.imported - before.imported + WATT_HOURS, rule="R-TAR-014"
    )


@testcase(
    "TAR-009",
    "What is set is read back; without special days their table is there and empty; the currency is the tariff's",
    rules=["R-TAR-013", "R-TAR-005", "R-TAR-004", "R-TAR-010"],
    requirements=REQUIREMENTS,
    use_cases=["ECS01a", "ECS01b", "ECS24"],
)
@pytest.mark.parametrize("currency", ["GBP", "ECB"])
def test_read_back(currency, meter, expect):
    days = {1: [(time(0), 1), (time(7, 30), ("block", 1))], 2: [(time(0), ("block", 8))]}
    thresholds = {rate: (1_000 * rate, 2_000 * rate, 3_000 * rate) for rate in range(1, 9)}
    prices = {number: 100 + number for number in range(1, 49)}
    block_prices = {(block, rate): 1_000 * block + rate for block in range(1, 5) for rate in range(1, 9)}
    meter.set(
        Tariff(
            days=days, weeks={1: [1, 1, 1, 1, 1, 2, 2]}, thresholds=thresholds, prices=prices,
            block_prices=block_prices, currency=currency,
        )
    )  # fmt: skip
    held = meter.data()
    expect("special days", (held[5].tag, held[5].value)).equals((ARRAY, []), rule="R-TAR-013")
    read = {rate: tuple(one.value for one in held[5 + rate].value) for rate in range(1, 9)}
    expect("thresholds (Wh)", read).equals(thresholds, rule="R-TAR-004")
    expect("currency is sterling", held[14].value).equals(currency == "GBP", rule="R-TAR-010")
    rows = [row[1].value for row in held[16].value[2].value]
    expect("80 prices", rows).equals([*prices.values(), *block_prices.values()], rule="R-TAR-001")
    scripts = [[one[2].value for one in day[1].value] for day in held[4].value]
    expect("switches of either day", scripts).equals([[1, 101], [108]], rule="R-TAR-005")

    other = Tariff(prices=dict.fromkeys(prices, 7), block_prices=dict.fromkeys(block_prices, 8))
    meter.ask(UpdatePricePrimaryElement(prices=other.request().prices))
    changed = meter.data()
    expect("prices after a change of prices", {row[1].value for row in changed[16].value[2].value}).equals({7, 8})
    expect("all but the prices after it", changed[2:15]).equals(held[2:15], rule="R-TAR-010")
