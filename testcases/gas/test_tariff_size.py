"""How much a gas tariff may hold: tables as large as they may be are taken; larger ones are not, and change nothing."""

from datetime import date, timedelta

import pytest

from bench.dcc.bodies import (
    ReadEventOrSecurityLog,
    ReadLogPeriod,
    ReadTariffPrimaryElement,
    UpdateImportTariffPrimaryElement,
    common,
    tariff,
)
from bench.testcase import testcase

NEW = 5_500  #: price of a kWh, 1/1000 p
PRICE = "0700:0400"
DONE, NOT_DONE, TARIFF = 0x8154, 0x8155, 0x006B  #: events, and the message code of GCS01a
START = date(2015, 1, 1)
#: seasons, week profiles, day profiles, special days (GBCS mapping table)
MOST = {"seasons": 3, "weeks": 2, "days": 4, "special days": 20}
REQUIREMENTS = ["GS.01", "PC.01"]


def gas_date(day):
    """A date of a gas meter's calendar."""
    return common.GasCalendarDate(
        year=common.Year(specified=day.year),
        month=common.Month(specified=day.month),
        day=common.DayOfMonth(specified=day.day),
        weekday=common.DayOfWeek(any=True),
    )


def prices(unit):
    """Four prices of times of use, and no standing charge."""
    tou = tariff.GasTOUTariff(prices=tuple(common.IndexedValue(index=n, value=unit) for n in range(1, 5)))
    return tariff.PriceElements(gas=tariff.GasPriceElements(currency="GBP", standing_charge=0, tou=tou))


def gas_tariff(unit, size):
    """A tariff with tables of some sizes (1.1.1)."""
    days = tuple(tariff.GasDayProfile(label=n, tou=1 + (n - 1) % 4) for n in range(1, size["days"] + 1))
    week = tuple(common.IndexedValue(index=n, value=1) for n in range(1, 8))
    weeks = tuple(common.WeekProfile(label=n, days=week) for n in range(1, size["weeks"] + 1))
    seasons = tuple(
        common.GasSeason(start=gas_date(START + timedelta(days=60 * n)), week_name=1) for n in range(size["seasons"])
    )
    special = tuple(
        common.GasSpecialDay(date=gas_date(START + timedelta(days=n)), day_name=1) for n in range(size["special days"])
    )
    elements = tariff.GasTariffElements(
        switching=tariff.GasSwitchingTable(
            days=tariff.GasDayProfiles(profiles=days),
            weeks=common.WeekProfiles(profiles=weeks),
            seasons=common.GasSeasons(seasons=seasons),
        ),
        special_days=common.GasSpecialDays(days=special),
        thresholds=tariff.GasThresholdMatrix(
            thresholds=tuple(common.IndexedValue(index=n, value=0) for n in range(1, 4))
        ),
    )
    return UpdateImportTariffPrimaryElement(gas=elements, prices=prices(unit))


@testcase(
    "GAS-353",
    "A gas tariff with 3 seasons, 2 weeks, 4 days and 20 special days is taken; one more of any is refused as a whole",
    rules=["R-GAS-014", "R-TOM-001", "R-TOM-002", "R-TOM-005"],
    requirements=REQUIREMENTS,
    use_cases=["GCS01a", "GCS21f"],
    devices=["GSME", "GPF"],
)
@pytest.mark.parametrize("larger", ["nothing", *MOST])
def test_size(larger, gsme, gpf, gas, clock, gas_suppliers, expect):
    supplier, began = gas_suppliers.losing, clock.now().replace(microsecond=0)
    size = {what: most + (what == larger) for what, most in MOST.items()}

    def price(device):
        return gas.ask(ReadTariffPrimaryElement(), device, as_user=supplier).attributes[PRICE]

    before = price(gsme)
    answer = gas.ask(gas_tariff(NEW, size), gsme, as_user=supplier)

    fits = larger == "nothing"
    expect("whether every part is answered with success", not any(answer.statuses)).equals(fits)
    for device in (gsme, gpf):
        rule = "R-TOM-002" if device is gpf else "R-GAS-014"
        expect(f"price that {device} tells (1/1000 p)", price(device)).equals(NEW if fits else before, rule=rule)
    period = ReadLogPeriod(start=began, end=clock.now())
    log = gas.ask(ReadEventOrSecurityLog(period=period, log="Event"), gpf, as_user=supplier).log()
    outcomes = [one.code for one in log if one.other == TARIFF.to_bytes(2)]
    expect("outcome of the command in the proxy's event log", outcomes).equals(
        [DONE if fits else NOT_DONE], rule="R-TOM-005"
    )
