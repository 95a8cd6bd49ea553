"""Bodies of requests the DCC answers itself: schedules, inventory, hub installation, firmware, WAN matrix."""
# ruff: noqa: RUF009, D101 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import time

from bench.dcc.bodies.common import UINT32, Body
from bench.dcc.record import (
    BASE64,
    BOOLEAN,
    DATE,
    EUI,
    MPAN,
    MPXN,
    PRESENT,
    TEXT,
    TIME,
    Date,
    Record,
    choice,
    integer,
    many,
    maybe,
    one,
    string,
)
from bench.gbcs.eui import Eui64

_DEVICE_TYPE = choice("ESME", "GSME", "CHF", "GPF", "PPMID", "HCALCS", "SAPC", "IHD", "CAD")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLogPeriodOffset(Record):
    """Both ends of a log query, in days before the day of the run (0 to -400) and times of day."""

    start_offset: int = one("StartDateOffset", integer(-400, 0))
    start: time = one("StartTime", TIME)
    end_offset: int = one("EndDateOffset", integer(-400, 0))
    end: time = one("EndTime", TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class NoParameters(Record):
    """A scheduled read without period."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateSchedule(Body):
    """5.1: repeat a read. All but Daily and DSPRetrieveImportDailyReadLog are unverified."""

    frequency: str = one(
        "ScheduleFrequency", choice("Daily", "Weekly", "Monthly", "Quarterly", "Half-Yearly", "Yearly")
    )
    start: Date = one("ScheduleStartDate", DATE)
    end: Date | None = maybe("ScheduleEndDate", DATE)
    service_reference: str = one("DSPScheduledServiceReference", string(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}"))
    variant: str = one("DSPScheduledServiceReferenceVariant", string(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}"))
    device: Eui64 = one("DeviceID", EUI)
    import_daily_read_log: ReadLogPeriodOffset | None = maybe("DSPRetrieveImportDailyReadLog", ReadLogPeriodOffset)
    export_daily_read_log: ReadLogPeriodOffset | None = maybe("DSPRetrieveExportDailyReadLog", ReadLogPeriodOffset)
    active_import: ReadLogPeriodOffset | None = maybe("DSPReadActiveImportProfileData", ReadLogPeriodOffset)
    reactive_import: ReadLogPeriodOffset | None = maybe("DSPReadReactiveImportProfileData", ReadLogPeriodOffset)
    export: ReadLogPeriodOffset | None = maybe("DSPReadExportProfileData", ReadLogPeriodOffset)
    network_data: ReadLogPeriodOffset | None = maybe("DSPReadNetworkData", ReadLogPeriodOffset)
    prepayment_daily_read_log: ReadLogPeriodOffset | None = maybe("DSPReadPrepaymentDailyReadLog", ReadLogPeriodOffset)
    daily_consumption_log: ReadLogPeriodOffset | None = maybe("DSPRetrieveDailyConsumptionLog", ReadLogPeriodOffset)
    export_registers: NoParameters | None = maybe("DSPReadInstantaneousExportRegisters", NoParameters)
    maximum_demand_import: NoParameters | None = maybe("DSPReadMaximumDemandImportRegisters", NoParameters)
    maximum_demand_export: NoParameters | None = maybe("DSPReadMaximumDemandExportRegisters", NoParameters)
    load_limit: NoParameters | None = maybe("DSPReadLoadLimitData", NoParameters)
    active_power: NoParameters | None = maybe("DSPReadActivePowerImport", NoParameters)
    network_data_gas: NoParameters | None = maybe("DSPRecordNetworkDataGAS", NoParameters)
    one_of = (
        ("import_daily_read_log", "export_daily_read_log", "active_import", "reactive_import", "export",
         "network_data", "prepayment_daily_read_log", "daily_consumption_log", "export_registers",
         "maximum_demand_import", "maximum_demand_export", "load_limit", "active_power", "network_data_gas"),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSchedule(Body):
    """5.2."""

    schedule: int = one("DSPScheduleID", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteSchedule(Body):
    """5.3."""

    schedule: int = one("DSPScheduleID", UINT32)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInventory(Body):
    """8.2: by device; the other keys are unverified."""

    device: Eui64 | None = maybe("DeviceID", EUI)
    mpxn: str | None = maybe("MPxN", MPXN)
    uprn: str | None = maybe("UPRN", string(r"[0-9]{1,12}"))
    one_of = (("device", "mpxn", "uprn"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class DecommissionDevice(Body):
    """8.3."""

    device: Eui64 = one("DeviceID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateInventory(Body):
    """8.4: take a device out, or set its status (DeviceStatus is unverified)."""

    device: Eui64 = one("DeviceID", EUI)
    delete: bool = maybe("DeleteDevice", PRESENT)
    status: str | None = maybe(
        "DeviceStatus", choice("Pending", "InstalledNotCommissioned", "Commissioned", "Withdrawn")
    )
    one_of = (("delete", "status"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class MPxNs(Record):
    import_mpxn: str | None = maybe("ImportMPxN", MPXN)
    secondary_import_mpan: str | None = maybe("SecondaryImportMPAN", MPAN)
    export_mpan: str | None = maybe("ExportMPAN", MPAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceOptIn(Body):
    """8.6."""

    device: Eui64 = one("DeviceID", EUI)
    device_type: str = one("DeviceType", _DEVICE_TYPE)
    mpxns: MPxNs | None = maybe("MPxNs", MPxNs)
    date: Date | None = maybe("OptInDate", DATE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReturnLocalCommandResponse(Body):
    """8.13: the answer of a device to a command delivered by hand."""

    original: str = one("OriginalRequestID", string(r"[0-9A-Fa-f-]{23}:[0-9A-Fa-f-]{23}:[0-9]{1,20}"))
    response: bytes = one("DeviceGBCSResponse", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class CHFInstallSuccessSMWAN(Body):
    """8.14.1."""

    device: Eui64 = one("DeviceID", EUI)
    install_type: str = one("CHFInstallType", TEXT)
    mpxn: str = one("MPxN", MPXN)
    aerial: bool = one("AerialInstall", BOOLEAN)
    location: str = one("CHFLocation", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class CHFInstallSuccessNoSMWAN(Body):
    """8.14.2."""

    device: Eui64 = one("DeviceID", EUI)
    install_type: str = one("CHFInstallType", TEXT)
    mpxn: str = one("MPxN", MPXN)
    aerial: bool = one("AerialInstall", BOOLEAN)
    location: str = one("CHFLocation", TEXT)
    premise_type: str = one("PremiseType", TEXT)
    metal_obstruction: bool = one("MetalObstructionCheck", BOOLEAN)
    connectivity_obstruction: bool = one("ConnectivityObstructionCheck", BOOLEAN)
    shared_obstruction: bool = one("SharedObstructionCheck", BOOLEAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class CHFFaultReturn(Body):
    """8.14.3."""

    device: Eui64 = one("DeviceID", EUI)
    return_type: str = one("CHFFaultReturnType", TEXT)
    other: Eui64 | None = maybe("OtherDeviceID", EUI)
    connection: str = one("CHFConnectionMethod", TEXT)
    reason: str = one("CHFFaultReason", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class CHFNoFaultReturn(Body):
    """8.14.4."""

    device: Eui64 = one("DeviceID", EUI)
    return_type: str = one("CHFNoFaultReturnType", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateFirmware(Body):
    """11.1: an image for a list of devices (EUIs separated by commas)."""

    image: bytes = one("FirmwareImage", BASE64)
    version: str = one("FirmwareVersion", string(r"[0-9A-Fa-f]{1,8}"))
    devices: str = one("DeviceIDList", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatePPMIDFirmware(Body):
    """11.4."""

    image: bytes = one("FirmwareImage", BASE64)
    version: str = one("FirmwareVersion", string(r"[0-9A-Fa-f]{1,8}"))
    devices: str = one("DeviceIDList", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartialAddress(Record):
    post_code: str = one("PostCode", TEXT)
    identifier: str | None = maybe("AddressIdentifier", TEXT)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestWANMatrix(Body):
    """12.1: by address or post code (PostCode alone is unverified)."""

    address: PartialAddress | None = maybe("PartialAddress", PartialAddress)
    post_code: str | None = maybe("PostCode", TEXT)
    one_of = (("address", "post_code"),)


@dataclass(frozen=True, kw_only=True, slots=True)
class DevicePrenotification(Body):
    """12.2."""

    device: Eui64 = one("DeviceID", EUI)
    manufacturer: str = one("DeviceManufacturer", TEXT)
    model: str = one("DeviceModel", TEXT)
    device_type: str = one("DeviceType", _DEVICE_TYPE)
    smets_version: str = one("SMETSCHTSVersion", TEXT)
    firmware_version: str = one("FirmwareVersion", string(r"[0-9A-Fa-f]{1,8}"))
    esme_variant: str | None = maybe("ESMEVariant", string(r"[A-C][D-G]{0,4}"))
    associated_gpf: tuple[Eui64, ...] = many("AssociatedGPFDeviceID", EUI, at_least=0)
