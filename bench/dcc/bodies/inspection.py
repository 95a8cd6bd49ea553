"""Bodies of the reads of configuration, status and logs, 6.2, 6.13, 6.30 to 6.32, 7 and 11.2; and 14.1."""
# ruff: noqa: RUF009 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.bodies.common import Body, ReadLogPeriod
from bench.dcc.record import DATE_TIME, choice, maybe, one

#: LogToRead words; PowerEvent and AuxiliaryControllerEvent are unverified
LOGS = ("Event", "Security", "PowerEvent", "ALCSEvent", "AuxiliaryControllerEvent")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationVoltage(Body):
    """6.2.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationRandomisation(Body):
    """6.2.2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationBillingCalendar(Body):
    """6.2.3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationIdentityExcMPxN(Body):
    """6.2.4."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationInstantaneousPowerThresholds(Body):
    """6.2.5."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationMPxN(Body):
    """6.2.7."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationGas(Body):
    """6.2.8."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationPaymentMode(Body):
    """6.2.9."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceConfigurationEventAndAlertBehaviours(Body):
    """6.2.10."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadCHFSubGHzConfiguration(Body):
    """6.30."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadCHFSubGHzChannel(Body):
    """6.31. Unverified: no sample."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadCHFSubGHzChannelLog(Body):
    """6.32."""

    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSupplyStatus(Body):
    """7.4."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadALCSData(Body):
    """7.7. Unverified: no sample."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadBoostButtonDetails(Body):
    """7.11. Unverified: no sample."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadAuxiliaryControllerConfigurationData(Body):
    """7.14. Unverified: no sample."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadAuxiliaryControllerOperationalData(Body):
    """7.15."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadFirmwareVersion(Body):
    """11.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordNetworkDataGAS(Body):
    """14.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEventOrSecurityLog(Body):
    """6.13: a log of a meter or communications hub, from and to."""

    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    log: str = one("LogToRead", choice(*LOGS))
