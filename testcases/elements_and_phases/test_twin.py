"""A meter with two elements: the secondary one has registers, prices and times of its own.

The load behind auxiliary switch 1 flows through the secondary element, all else through the primary one.
"""

from datetime import time, timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ActivateAuxiliaryLoad,
    ImportMPANs,
    ReadActivePowerImport,
    ReadDeviceConfigurationIdentityExcMPxN,
    ReadDeviceConfigurationMPxN,
    ReadInstantaneousImportRegisters,
    ReadInstantaneousImportTOUMatrices,
    ReadInstantaneousImportTOUWithBlocksMatrices,
    ReadTariffSecondaryElement,
    SetDeviceConfigurationImportMPxN,
    UpdateImportTariffSecondaryElement,
    UpdatePriceSecondaryElement,
)
from bench.dcc.bodies.common import (
    CalendarDate,
    DayOfMonth,
    DayOfWeek,
    IndexedValue,
    Month,
    SpecialDay,
    SpecialDays,
    WeekProfile,
    WeekProfiles,
    Year,
)
from bench.dcc.bodies.supply import SwitchDuration
from bench.dcc.bodies.tariff import (
    DayProfile,
    DayProfiles,
    ProfileSchedule,
    Season,
    Seasons,
    SecondaryPriceElements,
    SwitchingTable,
)
from bench.dcc_point import device_alert
from bench.testcase import meters, testcase
from testcases.days import DAY, midnight

pytestmark = meters("twin")

REQUIREMENTS = ["BEM-VARIANTS"]
TARIFF = [*REQUIREMENTS, "ES.02"]
FIRST_MPAN, SECOND_MPAN = "1399999999991", "1399999999982"
PRICES = {1: 10_000, 2: 20_000, 3: 30_000, 4: 4_000}  #: 1/1000 p for a kWh, by register
PENNYTHOUSANDTHS = -5
ACTIVATED = 0x8F66
PRICE, SPECIAL, DAYS = 1, 3, 6  #: items of ECS24b
ANY_DAY = CalendarDate(
    year=Year(any=True), month=Month(any=True), day=DayOfMonth(any=True), weekday=DayOfWeek(any=True)
)
WEEKDAYS = range(1, 8)


def prices(of=PRICES):
    """Prices of the four registers."""
    values = tuple(IndexedValue(index=register, value=price) for register, price in of.items())
    return SecondaryPriceElements(price_scale=PENNYTHOUSANDTHS, prices=values)


def tariff(*days, special=(), of=PRICES, at=None):
    """A tariff of the secondary element (1.1.2): day profiles 1, 2...; the first holds on every day of the week."""
    table = SwitchingTable(
        days=DayProfiles(profiles=tuple(DayProfile(label=number, schedule=day) for number, day in enumerate(days, 1))),
        weeks=WeekProfiles(
            profiles=(WeekProfile(label=1, days=tuple(IndexedValue(index=day, value=1) for day in WEEKDAYS)),)
        ),
        seasons=Seasons(seasons=(Season(label="year", start=ANY_DAY, week_name=1),)),
    )
    return UpdateImportTariffSecondaryElement(
        execute_at=at, switching=table, special_days=SpecialDays(days=tuple(special)), prices=prices(of)
    )


def from_then_on(at, register):
    """One switch of a day profile."""
    return ProfileSchedule(start=at if isinstance(at, time) else at.time(), tou=register)


def on_date(date, profile):
    """A special day with a profile of its own."""
    day = CalendarDate(
        year=Year(specified=date.year),
        month=Month(specified=date.month),
        day=DayOfMonth(specified=date.day),
        weekday=DayOfWeek(any=True),
    )
    return SpecialDay(date=day, day_name=profile)


class Registers:
    """Import in all and of the secondary element (ECS17b), registers by time of both (ECS17d), blocks (ECS17e): Wh."""

    def __init__(self, dcc, dut, user):
        registers = dcc.ask(ReadInstantaneousImportRegisters(), dut, as_user=user)
        self.total, self.secondary = registers.protected(lambda read: (int(read[0][0].value), int(read[0][4].value)))
        by_time = dcc.ask(ReadInstantaneousImportTOUMatrices(), dut, as_user=user)
        self.primary_tou, self.secondary_tou = by_time.protected(
            lambda read: [[one.value for one in part.value] for part in read[0].value]
        )
        blocks = dcc.ask(ReadInstantaneousImportTOUWithBlocksMatrices(), dut, as_user=user)
        self.blocks = blocks.protected(lambda read: sum(one.value for one in read[0][0].value[:32]))


def switch_on(dcc, dut, user, length=240):
    """Close auxiliary switch 1 for some minutes (7.5)."""
    dcc.ask(ActivateAuxiliaryLoad(switches=(SwitchDuration(index=1, duration=length),)), dut, as_user=user)


@testcase(
    "TWN-001",
    "A twin element meter says that it is one, and has an MPAN for each element",
    rules=["R-IDN-001", "R-IDN-002"],
    requirements=REQUIREMENTS,
    use_cases=["ECS26m", "ECS39a", "ECS40"],
)
def test_identity(dut, dcc, clock, mains, suppliers, expect):
    supplier = suppliers.losing
    variant = dcc.ask(ReadDeviceConfigurationIdentityExcMPxN(), dut, as_user=supplier).value()
    expect("variant", variant).equals(b"B", rule="R-IDN-002")

    body = SetDeviceConfigurationImportMPxN(mpans=ImportMPANs(primary=FIRST_MPAN, secondary=SECOND_MPAN))
    expect("result of two MPANs", dcc.ask(body, dut, as_user=supplier).results).equals([0])
    for when in ("at once", "after an outage"):
        read = dcc.ask(ReadDeviceConfigurationMPxN(), dut, as_user=supplier).value()
        expect(f"import MPANs {when}", read).equals((FIRST_MPAN + SECOND_MPAN).encode())
        mains.interrupt("1 min")
        clock.sleep(minutes(1))


@testcase(
    "TWN-002",
    "What flows through each element is counted by it: the elements add up, with the secondary load on and off",
    rules=["R-TAR-014", "R-LOG-004", "R-TAR-002", "R-VLT-007"],
    requirements=[*TARIFF, "SFA-22-MULTIELEMENT"],
    use_cases=["ECS17b", "ECS17c", "ECS17d", "ECS17e"],
)
def test_elements(dut, dcc, clock, switched_load, suppliers, expect):
    supplier = suppliers.losing
    before = Registers(dcc, dut, supplier)
    clock.sleep(minutes(30))
    without = Registers(dcc, dut, supplier)
    expect("growth of the secondary register, its load off (Wh)", without.secondary - before.secondary).equals(0)
    expect("registers by time of the secondary element", len(without.secondary_tou)).equals(4, rule="R-TAR-002")

    switch_on(dcc, dut, supplier)
    began, start = clock.now(), Registers(dcc, dut, supplier)
    power = dcc.ask(ReadActivePowerImport(), dut, as_user=supplier)
    difference = power.items(lambda data: data[0].value[0].value - data[0].value[2].value)
    expect("power of all less that of the primary element (W)", difference).lies_between(
        0.95 * switched_load - 5, 1.05 * switched_load + 5, rule="R-VLT-007"
    )
    clock.sleep(minutes(60))
    end, hours = Registers(dcc, dut, supplier), (clock.now() - began) / minutes(60)
    secondary, total = end.secondary - start.secondary, end.total - start.total
    expect("growth of the secondary register, its load on (Wh)", secondary).lies_between(
        0.95 * switched_load * hours - 2, 1.05 * switched_load * hours + 2
    )
    expect("the four registers of the secondary element together (Wh)", sum(end.secondary_tou)).lies_between(
        end.secondary - 4, end.secondary + 4
    )
    primary = sum(end.primary_tou) + end.blocks - sum(start.primary_tou) - start.blocks
    expect("growth of all registers by time and block (Wh)", primary + secondary).lies_between(total - 3, total + 3)


@testcase(
    "TWN-003",
    "The secondary element counts by its own table: each of its four registers in its time, the primary ones as before",
    rules=["R-TAR-002", "R-TAR-014"],
    requirements=[*TARIFF, "SFA-22-MULTIELEMENT"],
    use_cases=["ECS01c", "ECS17d", "ECS24b"],
)
def test_own_table(dut, dcc, clock, switched_load, suppliers, expect):
    supplier = suppliers.losing
    first = clock.now().replace(minute=0, second=0, microsecond=0) + minutes(60)
    plan = [(first + minutes(30 * number), register) for number, register in enumerate((3, 2, 4, 1))]
    dcc.ask(tariff([from_then_on(at, register) for at, register in plan]), dut, as_user=supplier)
    switch_on(dcc, dut, supplier)
    clock.sleep_until(first - seconds(1))

    for at, register in plan:
        before = Registers(dcc, dut, supplier)
        clock.sleep_until(at + minutes(30) - seconds(30))
        after = Registers(dcc, dut, supplier)
        grown = [now - then for now, then in zip(after.secondary_tou, before.secondary_tou, strict=True)]
        used = switched_load * 0.4917
        expect(f"growth of register {register} of the secondary element (Wh)", grown[register - 1]).lies_between(
            0.95 * used - 3, 1.05 * used + 6
        )
        others = sum(grown) - grown[register - 1]
        expect("growth of its others (Wh)", others).lies_between(0, 5)
        moved = [
            n for n, (now, then) in enumerate(zip(after.primary_tou, before.primary_tou, strict=True)) if now > then
        ]
        expect("registers of the primary element that have grown", len(moved)).is_one_of([0, 1])
        read = dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).value(PRICE)
        expect("price in force at the secondary element", read).equals(PRICES[register])
        clock.sleep_until(at + minutes(30) - seconds(1))


@testcase(
    "TWN-004",
    "New prices of the secondary element leave its table; the primary element's prices are another matter",
    rules=["R-TAR-002", "R-TAR-009"],
    requirements=TARIFF,
    use_cases=["ECS01c", "ECS01d", "ECS24b"],
)
def test_prices(dut, dcc, suppliers, expect):
    supplier = suppliers.losing
    dcc.ask(tariff([from_then_on(time(0), 2)]), dut, as_user=supplier)
    before = [item.value for item in dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).access.data]
    expect("price in force", before[PRICE]).equals(PRICES[2])

    dearer = {register: price + 1500 for register, price in PRICES.items()}
    dcc.ask(UpdatePriceSecondaryElement(prices=prices(dearer)), dut, as_user=supplier)
    after = [item.value for item in dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).access.data]
    expect("price in force", after[PRICE]).equals(dearer[2])
    expect("prices read back", [row[1].value for row in after[0][2].value]).equals(list(dearer.values()))
    expect("special days and table", after[SPECIAL:] == before[SPECIAL:]).equals(True)


@testcase(
    "TWN-005",
    "A special day of the secondary element follows its own profile, the day after the week's",
    rules=["R-TAR-002"],
    requirements=TARIFF,
    use_cases=["ECS01c", "ECS24b"],
)
def test_special_day(dut, dcc, clock, suppliers, expect):
    supplier, tomorrow = suppliers.losing, (clock.now() + timedelta(days=1)).date()
    ordinary, special = [from_then_on(time(0), 1)], [from_then_on(time(0), 3)]
    dcc.ask(tariff(ordinary, special, special=[on_date(tomorrow, 2)]), dut, as_user=supplier)
    end_of_day = midnight(clock, -1)

    for at, register in ((end_of_day - minutes(1), 1), (end_of_day + minutes(1), 3), (end_of_day + 1.1 * DAY, 1)):
        clock.sleep_until(at)
        price = dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).value(PRICE)
        expect(f"price in force at {at:%d %H:%M}", price).equals(PRICES[register])


@testcase(
    "TWN-006",
    "The secondary element takes fifty special days, and not one more",
    rules=["R-TAR-002"],
    requirements=TARIFF,
    use_cases=["ECS01c", "ECS24b"],
)
@pytest.mark.parametrize("count", [50, 51])
def test_special_days(count, dut, dcc, clock, suppliers, expect):
    supplier, today = suppliers.losing, clock.now().date()
    special = [on_date(today + timedelta(days=number), 1) for number in range(1, count + 1)]
    answer = dcc.ask(tariff([from_then_on(time(0), 1)], special=special), dut, as_user=supplier)
    expect("whether all was done", set(answer.results) == {0}).equals(count == 50)
    read = dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).value(SPECIAL)
    expect("special days in force", len(read)).equals(50 if count == 50 else 0)


@testcase(
    "TWN-007",
    "A future-dated tariff of the secondary element is in force at its time, and told: table, prices, special days",
    rules=["R-TAR-002", "R-FUT-013"],
    requirements=TARIFF,
    use_cases=["ECS01c", "ECS24b"],
)
def test_future_dated(dut, dcc, clock, timeline, suppliers, expect):
    supplier = suppliers.losing
    dcc.ask(tariff([from_then_on(time(0), 1)]), dut, as_user=supplier)
    at = (clock.now() + minutes(10)).replace(second=0, microsecond=0)
    dcc.ask(tariff([from_then_on(time(0), 4)], at=at), dut, as_user=supplier)
    clock.sleep_until(at - seconds(5))
    price = dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).value(PRICE)
    expect("price in force before the time", price).equals(PRICES[1])
    clock.sleep_until(at + seconds(20))
    price = dcc.ask(ReadTariffSecondaryElement(), dut, as_user=supplier).value(PRICE)
    expect("price in force after the time", price).equals(PRICES[4])
    alerts = timeline.find(device_alert(dut, ACTIVATED, to=supplier))
    expect("alerts 8F66", len(alerts)).equals(3, rule="R-FUT-013")
