"""Bodies of messages and settings of a meter, 3, 6.4 to 6.12, 6.18, 6.20, 6.25 to 6.29, 9.1."""
# ruff: noqa: RUF009, D101 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from bench.dcc.bodies.common import UINT16, UINT32, Body
from bench.dcc.errors import DuisError
from bench.dcc.record import (
    BOOLEAN,
    DATE_TIME,
    DECIMAL,
    MPAN,
    MPRN,
    PRESENT,
    TIME,
    Record,
    choice,
    integer,
    many,
    maybe,
    one,
    string,
)

_U8 = integer(0, 255)


@dataclass(frozen=True, kw_only=True, slots=True)
class SynchroniseClock(Body):
    """6.11: set the clock within a tolerance, in seconds."""

    current: datetime = one("CurrentDateTime", DATE_TIME)
    tolerance: int = one("TolerancePeriod", integer(0, 86400))


@dataclass(frozen=True, kw_only=True, slots=True)
class DisplayMessage(Body):
    """3.1: a text of 1 to 116 printable characters. The child's name is unverified."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    message: str = one("SupplierMessage", string(r"[\x20-\x7e]{1,116}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class RestrictAccessForChangeOfTenancy(Body):
    """3.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    restriction: datetime = one("RestrictionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClearEventLog(Body):
    """3.3: of an electricity meter one of two logs, of a gas meter the one it has."""

    log: str | None = maybe("ESMEEventLogType", choice("ESME", "ALCS"))


@dataclass(frozen=True, kw_only=True, slots=True)
class DisablePrivacyPIN(Body):
    """3.5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateSupplierName(Body):
    """3.4."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    supplier_name: str = one("SupplierName", string(r".{1,15}"))
    telephone_number: str = one("SupplierTelephoneNumber", string(r".{1,18}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportMPANs(Record):
    """MPAN of a single element meter, or of both elements. The name of the second is unverified."""

    primary: str = one("ImportMPAN", MPAN)
    secondary: str | None = maybe("SecondaryImportMPAN", MPAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetDeviceConfigurationImportMPxN(Body):
    """6.20.1: MPANs of an electricity meter or MPRN of a gas meter."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    mpans: ImportMPANs | None = maybe("ImportMPANs", ImportMPANs)
    mprn: str | None = maybe("ImportMPRN", MPRN)
    one_of = (("mpans", "mprn"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetDeviceConfigurationExportMPAN(Body):
    """6.20.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    mpan: str = one("ExportMPAN", MPAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestCustomerIdentificationNumber(Body):
    """9.1: the DCC makes up a number of four digits and shows it on the meter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationLoadLimitingGeneralSettings(Body):
    """6.4.1: periods in seconds, threshold in W."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: int = one("LoadLimitPeriod", UINT32)
    power_threshold: int = one("LoadLimitPowerThreshold", UINT32)
    restoration_period: int = one("LoadLimitRestorationPeriod", UINT32)
    supply_state: str = one("LoadLimitSupplyState", choice("Disable", "Unchanged"))


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationLoadLimitingCounterReset(Body):
    """6.4.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class RMSVoltageSettings(Record):
    """Thresholds in V, periods in seconds."""

    extreme_over_period: int = one("RMSExtremeOverVoltageMeasurementPeriod", UINT32)
    extreme_over: int = one("RMSExtremeOverVoltageThreshold", UINT32)
    extreme_under_period: int = one("RMSExtremeUnderVoltageMeasurementPeriod", UINT32)
    extreme_under: int = one("RMSExtremeUnderVoltageThreshold", UINT32)
    sag_period: int = one("RMSVoltageSagMeasurementPeriod", UINT32)
    sag: int = one("RMSVoltageSagThreshold", UINT32)
    swell_period: int = one("RMSVoltageSwellMeasurementPeriod", UINT32)
    swell: int = one("RMSVoltageSwellThreshold", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class AverageVoltageSettings(Record):
    """Thresholds of the average voltage in V, its period in seconds."""

    over: int = one("AverageRMSOverVoltageThreshold", UINT32)
    under: int = one("AverageRMSUnderVoltageThreshold", UINT32)
    period: int = one("AverageRMSVoltageMeasurementPeriod", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class PolyPhaseVoltageSettings(Record):
    phase: int = one("Phase", integer(1, 3))
    settings: AverageVoltageSettings = one("PhaseVoltageSettings", AverageVoltageSettings)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationVoltage(Body):
    """6.5: of a single phase or a polyphase meter."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    rms: RMSVoltageSettings = one("RMSVoltageSettings", RMSVoltageSettings)
    single: AverageVoltageSettings | None = maybe("SinglePhaseVoltageSettings", AverageVoltageSettings)
    poly: tuple[PolyPhaseVoltageSettings, ...] = many(
        "PolyPhaseVoltageSettings", PolyPhaseVoltageSettings, at_least=0, at_most=3
    )
    counters_not_reset: bool = maybe("RMSVoltageCountersNotReset", PRESENT)
    one_of = (("single", "poly"),)

    def of_phase(self, number: int) -> AverageVoltageSettings:
        """The settings of phase 1 to 3. Raises DuisError if the request does not give them."""
        if self.single is not None and number == 1:
            return self.single
        for each in self.poly:
            if each.phase == number:
                return each.settings
        raise DuisError(f"UpdateDeviceConfigurationVoltage: no settings for phase {number}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationGasConversion(Body):
    """6.6: calorific value in MJ/m3 (one decimal), conversion factor (five decimals)."""

    calorific_value: Decimal = one("CalorificValue", DECIMAL)
    conversion_factor: Decimal = one("ConversionFactor", DECIMAL)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationGasFlow(Body):
    """6.7: uncontrolled flow rate as a whole number or with four decimals, periods in seconds."""

    rate: int | None = maybe("UncontrolledGasFlowRate", UINT16)
    rate_decimal: Decimal | None = maybe("UncontrolledGasFlowRateDecimal", DECIMAL)
    depletion_state: str = one("SupplyDepletionState", choice("Unchanged", "Locked", "Armed"))
    tamper_state: str = one("SupplyTamperState", choice("Unchanged", "Locked", "Armed"))
    stabilisation: int = one("StabilisationPeriod", _U8)
    measurement: int = one("MeasurementPeriod", UINT16)
    one_of = (("rate", "rate_decimal"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricityBillingCalendar(Record):
    """Time of day and one periodicity; all but Monthly (day of the month) are unverified."""

    time: time = one("BillingTime", TIME)
    daily: bool = maybe("Daily", PRESENT)
    weekly: int | None = maybe("Weekly", integer(1, 7))
    monthly: int | None = maybe("Monthly", integer(1, 28))
    quarterly: tuple[str, ...] = many("Quarterly", string(r"[0-9]{2}-[0-9]{2}"), at_least=0, at_most=4)
    half_yearly: tuple[str, ...] = many("HalfYearly", string(r"[0-9]{2}-[0-9]{2}"), at_least=0, at_most=2)
    yearly: str | None = maybe("Yearly", string(r"[0-9]{2}-[0-9]{2}"))
    one_of = (("daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly"),)


#: gas billing periods; all but SixMonthly are unverified
PERIODICITIES = ("Daily", "Weekly", "Monthly", "Quarterly", "SixMonthly", "Yearly")


@dataclass(frozen=True, kw_only=True, slots=True)
class GasBillingCalendar(Record):
    start: datetime = one("BillingPeriodStart", DATE_TIME)
    periodicity: str = one("Periodicity", choice(*PERIODICITIES))


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationBillingCalendar(Body):
    """6.8."""

    electricity: ElectricityBillingCalendar | None = maybe("ElectricityBillingCalendar", ElectricityBillingCalendar)
    gas: GasBillingCalendar | None = maybe("GasBillingCalendar", GasBillingCalendar)
    one_of = (("electricity", "gas"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationInstantaneousPowerThreshold(Body):
    """6.12: in W."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    low_medium: int = one("LowMediumPowerThreshold", UINT32)
    medium_high: int = one("MediumHighPowerThreshold", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class MaximumDemandTimePeriodSchedule(Record):
    start: time = one("StartTime", TIME)
    end: time = one("EndTime", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetMaximumDemandConfigurableTimePeriod(Body):
    """6.18.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    schedule: MaximumDemandTimePeriodSchedule = one("MaximumDemandTimePeriodSchedule", MaximumDemandTimePeriodSchedule)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetMaximumDemandRegisters(Body):
    """6.18.2: the registers named."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    import_value: bool = maybe("MaxDemandActivePowerImportValue", PRESENT)
    export_value: bool = maybe("MaxDemandActivePowerExportValue", PRESENT)
    configured_import_value: bool = maybe("MaxDemandConfigTimeActivePowerImportValue", PRESENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetElectricitySupplyTamperState(Body):
    """6.25. Unchanged, for no lock after a tamper, is unverified."""

    state: str = one("SupplyTamperState", choice("Locked", "Unchanged"))


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationDailyResettingOfTariffBlockCounterMatrix(Body):
    """6.26."""

    reset: bool = one("DailyTariffBlockCounterMatrixReset", BOOLEAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationRMSVoltageCounterReset(Body):
    """6.27."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestCHFSubGHzChannelScan(Body):
    """6.29."""
