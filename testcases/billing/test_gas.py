"""The billing calendar of the gas meter: ends of periods, what is kept of them, who is told. The meter sleeps."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from bench.clock import minutes, seconds
from bench.dcc.bodies import (
    ClearEventLog,
    ReadDeviceConfigurationBillingCalendar,
    ReadLogPeriod,
    RetrieveBillingCalendarTriggeredBillingDataLog,
    RetrieveCoMOrTariffTriggeredBillingDataLog,
    UpdateDeviceConfigurationBillingCalendar,
    UpdateImportTariffPrimaryElement,
    common,
    tariff,
)
from bench.dcc.bodies.settings import GasBillingCalendar
from bench.dcc_point import device_alert
from bench.gbcs.times import from_zigbee_utc
from bench.testcase import testcase
from testcases.billing.steps import UPDATED
from testcases.days import DAY
from testcases.gas_steps import POUND, WAKE, to_prepayment, volume

REQUIREMENTS = ["PC.07", "PC.07.1"]
END_OF_PERIOD, CHANGE_OF_TARIFF, CHANGE_OF_MODE = 1 << 1, 1 << 3, 1 << 14
ON_ITS_WAY = WAKE + minutes(5)
KEPT, LAST_DAY = 12, 28
#: duration and unit of a period (1 day, 2 week, 3 month)
DURATIONS = {
    "Daily": (1, 1), "Weekly": (1, 2), "Monthly": (1, 3), "Quarterly": (3, 3), "SixMonthly": (6, 3), "Yearly": (12, 3),
}  # fmt: skip
#: one price all year
ALL_DAY_TARIFF = UpdateImportTariffPrimaryElement(
    gas=tariff.GasTariffElements(
        switching=tariff.GasSwitchingTable(
            days=tariff.GasDayProfiles(profiles=(tariff.GasDayProfile(label=1, tou=1),)),
            weeks=common.WeekProfiles(
                profiles=(
                    common.WeekProfile(
                        label=1, days=tuple(common.IndexedValue(index=day, value=1) for day in range(1, 8))
                    ),
                )
            ),
            seasons=common.GasSeasons(
                seasons=(
                    common.GasSeason(
                        start=common.GasCalendarDate(
                            year=common.Year(any=True),
                            month=common.Month(specified=1),
                            day=common.DayOfMonth(specified=1),
                            weekday=common.DayOfWeek(any=True),
                        ),
                        week_name=1,
                    ),
                )
            ),
        ),
        special_days=common.GasSpecialDays(days=()),
        thresholds=tariff.GasThresholdMatrix(
            thresholds=tuple(common.IndexedValue(index=number, value=1_000_000) for number in (1, 2, 3))
        ),
    ),
    prices=tariff.PriceElements(
        gas=tariff.GasPriceElements(
            currency="GBP",
            standing_charge=25_000,
            tou=tariff.GasTOUTariff(
                prices=tuple(common.IndexedValue(index=number, value=6_000) for number in range(1, 5))
            ),
        )
    ),
)
MONTHS = {"Monthly": 1, "Quarterly": 3, "SixMonthly": 6, "Yearly": 12}


@dataclass(frozen=True)
class BilledMeter:
    """The gas meter as its supplier sees it who bills."""

    device: object
    supplier: object
    gas: object
    dcc: object
    clock: object

    def ask(self, body):
        """Send a request as the supplier; the answer comes after the meter's next wake."""
        return self.gas.ask(body, self.device, as_user=self.supplier)

    def set_calendar(self, start, periodicity="Daily"):
        """Set the billing calendar (GCS25a); returns the statuses of its two parts."""
        body = UpdateDeviceConfigurationBillingCalendar(gas=GasBillingCalendar(start=start, periodicity=periodicity))
        return self.ask(body).statuses

    def readings(self, request=RetrieveBillingCalendarTriggeredBillingDataLog):
        """Read a log: readings of the register, and those of the balances, the oldest first."""
        end = self.clock.now().replace(microsecond=0) + seconds(1)
        log = self.ask(request(period=ReadLogPeriod(start=end - 400 * DAY, end=end)))
        found = [log.fields(number) for number, status in enumerate(log.statuses) if status == 0]
        return [one for one in found if "summation" in one], [one for one in found if "creditRemaining" in one]

    def alerted(self):
        """The pattern of the alert 8F0A to the supplier."""
        return device_alert(self.device, UPDATED, to=self.supplier)


@pytest.fixture
def meter(gsme, gas, dcc, clock, gas_suppliers):
    """The meter, on a day on which a calendar may begin (R-BIL-002)."""
    if clock.now().day > LAST_DAY - 1:
        clock.sleep_until((clock.now() + timedelta(days=5)).replace(day=1, hour=1))
    return BilledMeter(gsme, gas_suppliers.losing, gas, dcc, clock)


def times(readings):
    """When readings were taken."""
    return [from_zigbee_utc(one["time"]) for one in readings]


def a_period_before(at, periodicity):
    """The start of a calendar of which an instant is the first end of a period."""
    if periodicity not in MONTHS:
        return at - {"Daily": DAY, "Weekly": 7 * DAY}[periodicity]
    years, month = divmod(at.month - 1 - MONTHS[periodicity], 12)
    return at.replace(year=at.year + years, month=month + 1)


@testcase(
    "BIL-101",
    "A gas billing period ends so many days, weeks or months after the start of its calendar",
    rules=["R-BIL-001", "R-BIL-004", "R-TIM-001"],
    requirements=REQUIREMENTS,
    use_cases=["GCS25a", "GCS53"],
    devices=["GSME"],
)
@pytest.mark.parametrize("periodicity", DURATIONS)
def test_periodicity(periodicity, meter, clock, timeline, expect):
    at = clock.now().replace(second=0, microsecond=0) + minutes(40)
    expect("statuses of the calendar", meter.set_calendar(a_period_before(at, periodicity), periodicity)).equals([0, 0])
    seen = timeline.expect(meter.alerted(), within=minutes(40) + ON_ITS_WAY, after=at)
    reading = meter.gas.read(seen).reading_alerted()
    expect("time and cause of the reading", (*times([reading]), reading["cause"])).equals((at, END_OF_PERIOD))


@testcase(
    "BIL-187",
    "A gas billing period does not end before its time: three days of a week, or of a month, are none",
    rules=["R-BIL-001"],
    requirements=REQUIREMENTS,
    use_cases=["GCS25a", "GCS53"],
    devices=["GSME"],
)
@pytest.mark.parametrize("periodicity", ["Weekly", "Monthly"])
def test_not_yet(periodicity, meter, clock, timeline):
    at = clock.now().replace(second=0, microsecond=0) + minutes(70)
    meter.set_calendar(at - 3 * DAY, periodicity)
    clock.sleep_until(at - minutes(2))

    with timeline.never(meter.alerted()):
        clock.sleep_until(at + minutes(2))


@testcase(
    "BIL-105",
    "At the end of a gas period the reading of that moment is kept, and sent, encrypted and signed",
    rules=["R-BIL-004", "R-ALT-019", "R-TAR-014", "R-GPF-012"],
    requirements=REQUIREMENTS,
    use_cases=["GCS25a", "GCS53", "GCS15c", "GCS21k", "GCS13a"],
    devices=["GSME"],
)
def test_reading(meter, clock, timeline, expect):
    at = clock.now().replace(second=0, microsecond=0) + minutes(100)
    meter.set_calendar(a_period_before(at, "Weekly"), "Weekly")
    held = meter.ask(ReadDeviceConfigurationBillingCalendar()).fields()
    expect("period that is read back", (held["duration"], held["durationType"] & 0x0F)).equals(DURATIONS["Weekly"])
    before = volume(meter.gas, meter.device, meter.supplier)
    with timeline.never(meter.alerted(), rule="R-BIL-001"):
        clock.sleep_until(at - seconds(1))
    seen = timeline.expect(meter.alerted(), within=ON_ITS_WAY, after=at)
    told = meter.gas.read(seen)
    after = volume(meter.gas, meter.device, meter.supplier)

    expect("protection of the alert", told.protected_well).equals(True, rule="R-ALT-019")
    reading = told.reading_alerted()
    expect("register of that moment (litres)", reading["summation"]).lies_between(before, after)
    newest = meter.readings()[0][-1]
    same = {name: value for name, value in newest.items() if name not in ("snapshotId", "found")}
    expect("reading in the alert", {name: reading[name] for name in same}).equals(same)
    expect("sum of the registers by time (litres)", sum(row["tier"] for row in newest["tiers"])).equals(
        newest["summation"], rule="R-TAR-014"
    )


@testcase(
    "BIL-102",
    "Another calendar ends the gas period at once; the old calendar's date is one no more",
    rules=["R-BIL-007", "R-BIL-003", "R-GPF-012"],
    requirements=REQUIREMENTS,
    use_cases=["GCS25a", "GCS53", "GCS15c"],
    devices=["GSME"],
)
def test_forced_end(meter, clock, timeline, expect):
    first = clock.now().replace(second=0, microsecond=0) + minutes(100)
    meter.set_calendar(first)
    since = clock.now()
    meter.set_calendar(first + minutes(80))
    seen = timeline.expect(meter.alerted(), within=ON_ITS_WAY, after=since, rule="R-GPF-012")
    forced = times([meter.gas.read(seen).reading_alerted()])[0]
    expect("time of the forced end", forced).lies_between(since - seconds(1), clock.now(), rule="R-BIL-003")
    with timeline.never(meter.alerted()):
        clock.sleep_until(first + minutes(75))
    timeline.expect(meter.alerted(), within=minutes(45), after=first + minutes(80))
    expect("times of the last readings", times(meter.readings()[0])[-2:]).equals([forced, first + minutes(80)])


@testcase(
    "BIL-103",
    "Twelve gas readings are kept: the thirteenth takes the place of the oldest",
    rules=["R-BIL-005", "R-BIL-007"],
    requirements=REQUIREMENTS,
    use_cases=["GCS25a", "GCS15c"],
    devices=["GSME"],
)
def test_capacity(meter, clock, timeline, expect):
    later, since = clock.now().replace(microsecond=0) + 20 * DAY, clock.now()
    for _ in range(KEPT + 2):
        meter.set_calendar(later)
    clock.sleep(ON_ITS_WAY)
    told = [times([meter.gas.read(seen).reading_alerted()])[0] for seen in timeline.find(meter.alerted(), after=since)]
    expect("ends of periods that were told", len(told)).equals(KEPT + 2, rule="R-BIL-007")
    registers, balances = meter.readings()
    expect("readings of the register", times(registers)).equals(told[-KEPT:])
    expect("readings of the balances", times(balances)).equals(told[-KEPT:])


@testcase(
    "BIL-104",
    "What the gas calendar triggers and what a change of mode triggers are read apart, with the balance of the moment",
    rules=["R-BIL-004", "R-GPF-008", "R-PPM-003"],
    requirements=[*REQUIREMENTS, "PC.01"],
    use_cases=["GCS25a", "GCS03", "GCS15b", "GCS15c"],
    devices=["GSME"],
)
def test_read_apart(meter, clock, expect):
    to_prepayment(meter.gas, meter.device, meter.supplier, 10)
    meter.set_calendar(clock.now().replace(microsecond=0) + 20 * DAY)
    registers, balances = meter.readings()
    expect("causes of the calendar's readings", {one["cause"] for one in registers + balances}).equals({END_OF_PERIOD})
    expect("calendar's readings", (len(registers), len(balances))).equals((1, 1))
    expect("balance (1/1000 p)", balances[0]["creditRemaining"]).lies_between(9 * POUND, 10 * POUND)
    registers, balances = meter.readings(RetrieveCoMOrTariffTriggeredBillingDataLog)
    expect("causes of the other readings", {one["cause"] for one in registers + balances}).equals(
        {CHANGE_OF_MODE}, rule="R-GPF-008"
    )


@testcase(
    "BIL-106",
    "A new gas tariff keeps a reading of that moment, and names the cause",
    rules=["R-TAR-006", "R-GPF-008", "R-GPF-007"],
    requirements=REQUIREMENTS,
    use_cases=["GCS01a", "GCS15b", "GCS13a"],
    devices=["GSME"],
)
def test_change_of_tariff(meter, clock, expect):
    before = volume(meter.gas, meter.device, meter.supplier)
    began = clock.now().replace(microsecond=0)
    expect("statuses of the tariff", set(meter.ask(ALL_DAY_TARIFF).statuses)).equals({0})
    after = volume(meter.gas, meter.device, meter.supplier)
    registers, _ = meter.readings(RetrieveCoMOrTariffTriggeredBillingDataLog)
    expect("causes of the readings", [one["cause"] for one in registers]).equals([CHANGE_OF_TARIFF])
    expect("time of the reading", times(registers)[0]).lies_between(began, clock.now())
    expect("register of that moment (litres)", registers[0]["summation"]).lies_between(before, after)


@testcase(
    "BIL-801",
    "Clearing the event log of a gas meter leaves its billing readings",
    rules=["R-LOG-009"],
    requirements=REQUIREMENTS,
    use_cases=["CS11", "GCS01a", "GCS15b"],
    devices=["GSME"],
)
def test_readings_are_not_cleared(meter, expect):
    meter.ask(ALL_DAY_TARIFF)
    before, _ = meter.readings(RetrieveCoMOrTariffTriggeredBillingDataLog)
    expect("causes of the readings", [one["cause"] for one in before]).equals([CHANGE_OF_TARIFF])
    meter.ask(ClearEventLog())
    after, _ = meter.readings(RetrieveCoMOrTariffTriggeredBillingDataLog)
    expect("readings after the event log was cleared", after).equals(before, rule="R-LOG-009")
