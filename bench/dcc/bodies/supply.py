"""Bodies of supply and auxiliary load requests, 6.14 and 7."""
# ruff: noqa: RUF009, D101 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.bodies.common import (
    UINT16,
    Body,
    DaysOfWeekApplicability,
    IdentifiedDate,
    IdentifierMark,
    IndexedDate,
    IndexMark,
    SchedulePeriodAndTime,
)
from bench.dcc.record import (
    BOOLEAN,
    DATE_TIME,
    EUI,
    PRESENT,
    Record,
    attribute,
    content,
    integer,
    many,
    maybe,
    one,
    string,
)
from bench.gbcs.eui import Eui64

_SWITCH = integer(1, 5)  #: number of an auxiliary load control switch or controller
_LEVEL = integer(0, 100)  #: per cent


@dataclass(frozen=True, kw_only=True, slots=True)
class EnableSupply(Body):
    """7.1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DisableSupply(Body):
    """7.2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmSupply(Body):
    """7.3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchDescription(Record):
    element = "ALCSHCALCSDescription"
    index: int = attribute("index", _SWITCH)
    description: str = one("SwitchDescription", string(r"[\x20-\x7e]{0,22}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationALCDescriptions(Body):
    """6.14.1."""

    descriptions: tuple[SwitchDescription, ...] = many("ALCSHCALCSDescription", SwitchDescription, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivateDeactivateSwitch(Record):
    index: int = attribute("index", _SWITCH)
    activate: bool = maybe("ActivateSwitch", PRESENT)
    deactivate: bool = maybe("DeactivateSwitch", PRESENT)
    one_of = (("activate", "deactivate"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class ALCSHCALCSConnectionSchedule(Record):
    action: ActivateDeactivateSwitch = one("ActivateDeactivateSwitch", ActivateDeactivateSwitch)
    special_days: tuple[IndexMark, ...] = many("SpecialDaysApplicability", IndexMark, at_least=0)
    week_days: DaysOfWeekApplicability = one("DaysOfWeekApplicability", DaysOfWeekApplicability)
    at: SchedulePeriodAndTime = one("ALCSScheduleDatesAndTime", SchedulePeriodAndTime)


@dataclass(frozen=True, kw_only=True, slots=True)
class ALCSHCALCSSpecialDays(Record):
    days: tuple[IndexedDate, ...] = many("ALCSHCALCSSpecialDay", IndexedDate, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchTypeAndId(Record):
    """What a switch is: one of the meter itself, or a HAN device."""

    index: int = attribute("index", _SWITCH)
    alcs: bool = maybe("ALCS", PRESENT)
    hcalcs: Eui64 | None = maybe("HCALCS", EUI)
    one_of = (("alcs", "hcalcs"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationALCScheduler(Body):
    """6.14.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    schedule: tuple[ALCSHCALCSConnectionSchedule, ...] = many(
        "ALCSHCALCSConnectionSchedule", ALCSHCALCSConnectionSchedule, at_least=0
    )
    special_days: ALCSHCALCSSpecialDays | None = maybe("ALCSHCALCSSpecialDays", ALCSHCALCSSpecialDays)
    switches: tuple[SwitchTypeAndId, ...] = many("SwitchTypeAndId", SwitchTypeAndId, at_least=0, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuxiliaryControllerAction(Record):
    """Level in per cent, limiting what the load takes unless it is input from the load."""

    controller: int = attribute("auxiliaryControllerN", _SWITCH)
    level: int = one("CommandedStateLevel", _LEVEL)
    from_load: bool = maybe("InputFromControlledLoad", PRESENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuxiliaryControllerSchedule(Record):
    action: AuxiliaryControllerAction = one("AuxiliaryControllerAction", AuxiliaryControllerAction)
    special_days: tuple[IdentifierMark, ...] = many("SpecialDaysApplicability", IdentifierMark, at_least=0)
    week_days: DaysOfWeekApplicability = one("DaysOfWeekApplicability", DaysOfWeekApplicability)
    at: SchedulePeriodAndTime = one("AuxiliaryControllerSchedulePeriodAndTime", SchedulePeriodAndTime)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuxiliaryControllerSpecialDayDefinitions(Record):
    days: tuple[IdentifiedDate, ...] = many("AuxiliaryControllerSpecialDayDefinition", IdentifiedDate, at_least=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDeviceConfigurationAuxiliaryControllerScheduler(Body):
    """6.14.3."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    schedule: tuple[AuxiliaryControllerSchedule, ...] = many(
        "AuxiliaryControllerSchedule", AuxiliaryControllerSchedule, at_least=0
    )
    special_days: AuxiliaryControllerSpecialDayDefinitions | None = maybe(
        "AuxiliaryControllerSpecialDayDefinitions", AuxiliaryControllerSpecialDayDefinitions
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchDuration(Record):
    """A switch and for how long, in minutes."""

    index: int = attribute("index", _SWITCH)
    duration: int = one("Duration", UINT16)


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchMark(Record):
    index: int = attribute("index", _SWITCH)


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivateAuxiliaryLoad(Body):
    """7.5."""

    switches: tuple[SwitchDuration, ...] = many("ActivateALCSHCALCS", SwitchDuration, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeactivateAuxiliaryLoad(Body):
    """7.6."""

    switches: tuple[SwitchDuration, ...] = many("DeactivateALCSHCALCS", SwitchDuration, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetAuxiliaryLoad(Body):
    """7.8."""

    switches: tuple[SwitchMark, ...] = many("ResetALCSHCALCS", SwitchMark, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class BoostAssociation(Record):
    index: int = attribute("index", _SWITCH)
    value: bool = content(BOOLEAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddAuxiliaryLoadToBoostButton(Body):
    """7.9."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    switches: tuple[BoostAssociation, ...] = many("AddToBoostButton", BoostAssociation, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveAuxiliaryLoadFromBoostButton(Body):
    """7.10."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    switches: tuple[BoostAssociation, ...] = many("RemoveFromBoostButton", BoostAssociation, at_most=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetRandomisedOffsetLimit(Body):
    """7.12: in seconds."""

    limit: int = one("RandomisedOffsetLimit", UINT16)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAuxiliaryControllerState(Body):
    """7.13: level in per cent from start to end."""

    controller: int = attribute("auxiliaryControllerN", _SWITCH)
    start: datetime = one("StartDateTime", DATE_TIME)
    end: datetime = one("EndDateTime", DATE_TIME)
    level: int = one("CommandedStateLevel", _LEVEL)
    from_load: bool = maybe("InputFromControlledLoad", PRESENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitAPCLevel(Body):
    """7.16: at most this level in per cent from start to end."""

    controller: int = attribute("auxiliaryControllerN", _SWITCH)
    start: datetime = one("StartDateTime", DATE_TIME)
    end: datetime = one("EndDateTime", DATE_TIME)
    level: int = one("CommandedStateLevel", _LEVEL)
    from_load: bool = maybe("InputFromControlledLoad", PRESENT)
