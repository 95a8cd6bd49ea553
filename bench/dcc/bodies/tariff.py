"""Bodies of the tariff and price requests, 1.1 and 1.2."""
# ruff: noqa: RUF009, D101 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime, time

from bench.dcc.bodies.common import (
    INDEX,
    Body,
    CalendarDate,
    GasSeasons,
    GasSpecialDays,
    IndexedValue,
    SpecialDays,
    WeekProfiles,
)
from bench.dcc.record import DATE_TIME, PRESENT, TIME, Record, attribute, choice, integer, many, maybe, one, string

#: prices in GBP or in European Central Bank units
CURRENCIES = ("GBP", "ECB")
_SCALE = integer(-128, 127)
_PRICE = integer(-(1 << 15), (1 << 15) - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileSchedule(Record):
    """From when on which time-of-use register (1..48) or block register (1..8) counts."""

    start: time = one("StartTime", TIME)
    block: int | None = maybe("BlockTariffAction", integer(1, 8))
    tou: int | None = maybe("TOUTariffAction", integer(1, 48))
    one_of = (("block", "tou"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayProfile(Record):
    label: int = one("DayName", integer(0, 255))
    schedule: tuple[ProfileSchedule, ...] = many("ProfileSchedule", ProfileSchedule)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayProfiles(Record):
    profiles: tuple[DayProfile, ...] = many("DayProfile", DayProfile)


@dataclass(frozen=True, kw_only=True, slots=True)
class Season(Record):
    label: str = one("SeasonName", string(r".{0,32}"))
    start: CalendarDate = one("SeasonStartDate", CalendarDate)
    week_name: int = one("ReferencedWeekName", integer(0, 255))


@dataclass(frozen=True, kw_only=True, slots=True)
class Seasons(Record):
    seasons: tuple[Season, ...] = many("Season", Season)


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchingTable(Record):
    days: DayProfiles = one("DayProfiles", DayProfiles)
    weeks: WeekProfiles = one("WeekProfiles", WeekProfiles)
    seasons: Seasons = one("Seasons", Seasons)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds(Record):
    """Block thresholds of one time-of-use register, Wh."""

    index: int = attribute("index", INDEX)
    thresholds: tuple[IndexedValue, ...] = many("BlockThreshold", IndexedValue)


@dataclass(frozen=True, kw_only=True, slots=True)
class ThresholdMatrix(Record):
    thresholds: tuple[Thresholds, ...] = many("Thresholds", Thresholds)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElecTariffElements(Record):
    currency: str = one("CurrencyUnits", choice(*CURRENCIES))
    switching: SwitchingTable = one("SwitchingTable", SwitchingTable)
    special_days: SpecialDays = one("SpecialDays", SpecialDays)
    thresholds: ThresholdMatrix = one("ThresholdMatrix", ThresholdMatrix)


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockPrices(Record):
    """Prices of the blocks of one time-of-use register."""

    index: int = attribute("index", INDEX)
    prices: tuple[IndexedValue, ...] = many("BlockPrice", IndexedValue)


@dataclass(frozen=True, kw_only=True, slots=True)
class HybridTariff(Record):
    blocks: tuple[BlockPrices, ...] = many("BlockPrices", BlockPrices)
    tou: tuple[IndexedValue, ...] = many("TOUPrice", IndexedValue, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricityTOUTariff(Record):
    tou: tuple[IndexedValue, ...] = many("TOUPrice", IndexedValue)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricityBlockTariff(Record):
    """Unverified: no sample."""

    blocks: tuple[BlockPrices, ...] = many("BlockPrices", BlockPrices)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricityPriceElements(Record):
    """Prices times ten to the power of their scale, in currency units."""

    standing_charge: int = one("StandingCharge", _PRICE)
    standing_charge_scale: int = one("StandingChargeScale", _SCALE)
    price_scale: int = one("PriceScale", _SCALE)
    hybrid: HybridTariff | None = maybe("HybridTariff", HybridTariff)
    tou: ElectricityTOUTariff | None = maybe("TOUTariff", ElectricityTOUTariff)
    block: ElectricityBlockTariff | None = maybe("BlockTariff", ElectricityBlockTariff)
    one_of = (("hybrid", "tou", "block"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasDayProfile(Record):
    label: int = one("DayName", integer(0, 255))
    block: bool = maybe("BlockTariff", PRESENT)
    tou: int | None = maybe("TOUTariffAction", integer(1, 4))
    one_of = (("block", "tou"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasDayProfiles(Record):
    profiles: tuple[GasDayProfile, ...] = many("DayProfile", GasDayProfile)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasSwitchingTable(Record):
    days: GasDayProfiles = one("DayProfiles", GasDayProfiles)
    weeks: WeekProfiles = one("WeekProfiles", WeekProfiles)
    seasons: GasSeasons = one("Seasons", GasSeasons)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasThresholdMatrix(Record):
    thresholds: tuple[IndexedValue, ...] = many("BlockThreshold", IndexedValue, at_most=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasTariffElements(Record):
    switching: GasSwitchingTable = one("SwitchingTable", GasSwitchingTable)
    special_days: GasSpecialDays = one("SpecialDays", GasSpecialDays)
    thresholds: GasThresholdMatrix = one("ThresholdMatrix", GasThresholdMatrix)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasBlockTariff(Record):
    prices: tuple[IndexedValue, ...] = many("BlockPrice", IndexedValue, at_most=4)
    number_of_thresholds: int = one("NumberOfThresholds", integer(0, 3))


@dataclass(frozen=True, kw_only=True, slots=True)
class GasTOUTariff(Record):
    prices: tuple[IndexedValue, ...] = many("TOUPrice", IndexedValue, at_most=4)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasPriceElements(Record):
    """Prices in 1/1000 of a penny, or of a European cent."""

    currency: str = one("CurrencyUnits", choice(*CURRENCIES))
    standing_charge: int = one("StandingCharge", integer(0, (1 << 32) - 1))
    block: GasBlockTariff | None = maybe("BlockTariff", GasBlockTariff)
    tou: GasTOUTariff | None = maybe("TOUTariff", GasTOUTariff)
    one_of = (("block", "tou"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceElements(Record):
    electricity: ElectricityPriceElements | None = maybe("ElectricityPriceElements", ElectricityPriceElements)
    gas: GasPriceElements | None = maybe("GasPriceElements", GasPriceElements)
    one_of = (("electricity", "gas"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondaryPriceElements(Record):
    """Prices of the four time-of-use registers of a secondary element."""

    element = "PriceElements"
    price_scale: int = one("PriceScale", _SCALE)
    prices: tuple[IndexedValue, ...] = many("ElectricityPriceElement", IndexedValue, at_most=4)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateImportTariffPrimaryElement(Body):
    """1.1.1: tariff and price of an electricity or gas meter."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    electricity: ElecTariffElements | None = maybe("ElecTariffElements", ElecTariffElements)
    gas: GasTariffElements | None = maybe("GasTariffElements", GasTariffElements)
    prices: PriceElements = one("PriceElements", PriceElements)
    one_of = (("electricity", "gas"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateImportTariffSecondaryElement(Body):
    """1.1.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    switching: SwitchingTable = one("SwitchingTable", SwitchingTable)
    special_days: SpecialDays = one("SpecialDays", SpecialDays)
    prices: SecondaryPriceElements = one("PriceElements", SecondaryPriceElements)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePricePrimaryElement(Body):
    """1.2.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    prices: PriceElements = one("PriceElements", PriceElements)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePriceSecondaryElement(Body):
    """1.2.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    prices: SecondaryPriceElements = one("PriceElements", SecondaryPriceElements)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetTariffBlockCounterMatrix(Body):
    """1.7."""
