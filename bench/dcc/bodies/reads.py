"""Bodies of the reads of meter data, 4."""
# ruff: noqa: RUF009 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.bodies.common import Body, ReadLogPeriod
from bench.dcc.record import BASE64, DATE_TIME, maybe, one


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousImportRegisters(Body):
    """4.1.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousImportTOUMatrices(Body):
    """4.1.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousImportTOUWithBlocksMatrices(Body):
    """4.1.3."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousImportBlockCounters(Body):
    """4.1.4."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousExportRegisters(Body):
    """4.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousPrepayValues(Body):
    """4.3."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveCoMOrTariffTriggeredBillingDataLog(Body):
    """4.4.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveBillingCalendarTriggeredBillingDataLog(Body):
    """4.4.3."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveBillingDataLogDebtPayments(Body):
    """4.4.4."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveBillingDataLogPrepaymentCredits(Body):
    """4.4.5."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveImportDailyReadLog(Body):
    """4.6.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveExportDailyReadLog(Body):
    """4.6.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadActiveImportProfileData(Body):
    """4.8.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadReactiveImportProfileData(Body):
    """4.8.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadExportProfileData(Body):
    """4.8.3."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadNetworkData(Body):
    """4.10."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTariffPrimaryElement(Body):
    """4.11.1. Unverified: no sample."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTariffSecondaryElement(Body):
    """4.11.2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMaximumDemandImportRegisters(Body):
    """4.12.1. Unverified: no sample."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMaximumDemandExportRegisters(Body):
    """4.12.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPrepaymentConfiguration(Body):
    """4.13."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPrepaymentDailyReadLog(Body):
    """4.14."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLoadLimitData(Body):
    """4.15."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadActivePowerImport(Body):
    """4.16."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveDailyConsumptionLog(Body):
    """4.17."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    key_agreement_certificate: bytes | None = maybe("KAPublicSecurityCredentials", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadMeterBalance(Body):
    """4.18."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
