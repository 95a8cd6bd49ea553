"""Bodies of balance, payment mode, debt and prepayment requests, 1.5, 1.6 and 2."""
# ruff: noqa: RUF009, D101 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime, time

from bench.dcc.bodies.common import (
    INDEX,
    INT32,
    UINT16,
    UINT32,
    Body,
    CalendarDate,
    DaysOfWeekApplicability,
    GasSeasons,
    GasSpecialDays,
    ScheduleDatesAndTime,
    WeekProfiles,
)
from bench.dcc.record import (
    BOOLEAN,
    DATE_TIME,
    PRESENT,
    TIME,
    Record,
    attribute,
    choice,
    integer,
    many,
    maybe,
    one,
    string,
)

_ACTION = choice("START", "STOP")  #: of non-disablement


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterBalanceChange(Record):
    """Add to the balance (in 1/1000 of a penny), or set it to zero."""

    adjust: int | None = maybe("AdjustMeterBalance", INT32)
    reset: bool = maybe("ResetMeterBalance", PRESENT)
    one_of = (("adjust", "reset"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateMeterBalance(Body):
    """1.5: of a meter in prepayment or credit mode."""

    prepayment: MeterBalanceChange | None = maybe("PrepaymentMode", MeterBalanceChange)
    credit: MeterBalanceChange | None = maybe("CreditMode", MeterBalanceChange)
    one_of = (("prepayment", "credit"),)

    @property
    def change(self) -> MeterBalanceChange:
        """What is to be done, whatever the mode."""
        chosen = self.prepayment or self.credit
        assert chosen is not None
        return chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class PrepaymentMode(Record):
    element = "Prepayment"
    suspend_debt_disabled: bool = one("SuspendDebtDisabled", BOOLEAN)
    suspend_debt_emergency: bool = one("SuspendDebtEmergency", BOOLEAN)
    disablement_threshold: int = one("DisablementThreshold", INT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePaymentMode(Body):
    """1.6."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    credit: bool = maybe("Credit", PRESENT)
    prepayment: PrepaymentMode | None = maybe("Prepayment", PrepaymentMode)
    one_of = (("credit", "prepayment"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricitySpecialDay(Record):
    index: int = attribute("index", INDEX)
    date: CalendarDate = one("Date", CalendarDate)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricitySpecialDays(Record):
    days: tuple[ElectricitySpecialDay, ...] = many("SpecialDay", ElectricitySpecialDay, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecialDayApplicability(Record):
    day: int = one("SpecialDayID", INDEX)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecialDaysApplicability(Record):
    days: tuple[SpecialDayApplicability, ...] = many("SpecialDayApplicability", SpecialDayApplicability, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricityNonDisablementSchedule(Record):
    """When a non-disablement period starts or stops."""

    script: str = one("NonDisablementScript", _ACTION)
    special_days: SpecialDaysApplicability = one("SpecialDaysApplicability", SpecialDaysApplicability)
    week_days: DaysOfWeekApplicability = one("DaysOfWeekApplicability", DaysOfWeekApplicability)
    at: ScheduleDatesAndTime = one("ScheduleDatesAndTime", ScheduleDatesAndTime)


@dataclass(frozen=True, kw_only=True, slots=True)
class ElectricityNonDisablementCalendar(Record):
    special_days: ElectricitySpecialDays = one("ElectricitySpecialDays", ElectricitySpecialDays)
    schedule: tuple[ElectricityNonDisablementSchedule, ...] = many(
        "ElectricityNonDisablementSchedule", ElectricityNonDisablementSchedule, at_least=0
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePrepayConfigElectricity(Record):
    """Amounts in 1/1000 of a penny; the debt recovery rate cap is per week."""

    debt_recovery_rate_cap: int = one("DebtRecoveryRateCap", UINT16)
    emergency_credit_limit: int = one("EmergencyCreditLimit", INT32)
    emergency_credit_threshold: int = one("EmergencyCreditThreshold", INT32)
    low_credit_threshold: int = one("LowCreditThreshold", INT32)
    calendar: ElectricityNonDisablementCalendar = one(
        "ElectricityNonDisablementCalendar", ElectricityNonDisablementCalendar
    )
    max_meter_balance: int = one("MaxMeterBalance", INT32)
    max_credit_threshold: int = one("MaxCreditThreshold", INT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeStartAction(Record):
    start: time = one("StartTime", TIME)
    action: str = one("NonDisablementAction", _ACTION)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasNonDisablementDayProfile(Record):
    actions: tuple[TimeStartAction, ...] = many("TimeStartAction", TimeStartAction)
    label: int = one("GasDayName", integer(0, 255))


@dataclass(frozen=True, kw_only=True, slots=True)
class GasNonDisablementDayProfiles(Record):
    profiles: tuple[GasNonDisablementDayProfile, ...] = many("GasNonDisablementDayProfile", GasNonDisablementDayProfile)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasNonDisablementCalendar(Record):
    days: GasNonDisablementDayProfiles = one("DayProfiles", GasNonDisablementDayProfiles)
    weeks: WeekProfiles = one("WeekProfiles", WeekProfiles)
    seasons: GasSeasons = one("SeasonProfiles", GasSeasons)
    special_days: GasSpecialDays = one("SpecialDays", GasSpecialDays)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePrepayConfigGas(Record):
    """Amounts in 1/1000 of a penny."""

    debt_recovery_rate_cap: int = one("DebtRecoveryRateCap", INT32)
    emergency_credit_limit: int = one("EmergencyCreditLimit", UINT32)
    emergency_credit_threshold: int = one("EmergencyCreditThreshold", UINT32)
    low_credit_threshold: int = one("LowCreditThreshold", UINT32)
    calendar: GasNonDisablementCalendar = one("GasNonDisablementCalendar", GasNonDisablementCalendar)
    max_meter_balance: int = one("MaxMeterBalance", UINT32)
    max_credit_threshold: int = one("MaxCreditThreshold", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePrepayConfiguration(Body):
    """2.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    electricity: UpdatePrepayConfigElectricity | None = maybe(
        "UpdatePrepayConfigElectricity", UpdatePrepayConfigElectricity
    )
    gas: UpdatePrepayConfigGas | None = maybe("UpdatePrepayConfigGas", UpdatePrepayConfigGas)
    one_of = (("electricity", "gas"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class TopUpDevice(Body):
    """2.2: a UTRN of 20 digits."""

    utrn: str = one("UTRN", string(r"[0-9]{20}"))


_PERIOD = choice("HOURLY", "DAILY")


@dataclass(frozen=True, kw_only=True, slots=True)
class ElecDebtRecovery(Record):
    rate: int = one("DebtRecoveryRate", integer(-(1 << 15), (1 << 15) - 1))
    scale: int = one("DebtRecoveryRatePriceScale", integer(-128, 127))
    period: str = one("DebtRecoveryRatePeriod", _PERIOD)


@dataclass(frozen=True, kw_only=True, slots=True)
class GasDebtRecovery(Record):
    rate: int = one("DebtRecoveryRate", INT32)
    period: str = one("DebtRecoveryRatePeriod", _PERIOD)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDebt(Body):
    """2.3: two time debts, one payment debt, and how they are recovered."""

    time_debt_1: int = one("TimeDebtRegister1", INT32)
    time_debt_2: int = one("TimeDebtRegister2", INT32)
    payment_debt: int = one("PaymentDebtRegister", INT32)
    recovery_per_payment: int = one("DebtRecoveryPerPayment", UINT16)
    elec_recovery_1: ElecDebtRecovery | None = maybe("ElecDebtRecovery1", ElecDebtRecovery)
    elec_recovery_2: ElecDebtRecovery | None = maybe("ElecDebtRecovery2", ElecDebtRecovery)
    gas_recovery_1: GasDebtRecovery | None = maybe("GasDebtRecovery1", GasDebtRecovery)
    gas_recovery_2: GasDebtRecovery | None = maybe("GasDebtRecovery2", GasDebtRecovery)
    one_of = (("elec_recovery_1", "gas_recovery_1"), ("elec_recovery_2", "gas_recovery_2"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivateEmergencyCredit(Body):
    """2.5."""
