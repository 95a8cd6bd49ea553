"""Bodies of commissioning, joining, device log and firmware activation requests, 8 and 11.3; signed pre-commands."""
# ruff: noqa: RUF009 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.bodies.common import Body
from bench.dcc.record import (
    BASE64,
    DATE_TIME,
    EUI,
    MPAN,
    MPXN,
    PRESENT,
    Record,
    choice,
    hexadecimal,
    integer,
    maybe,
    one,
)
from bench.gbcs.eui import Eui64


@dataclass(frozen=True, kw_only=True, slots=True)
class CommissionDeviceSynchroniseClock(Body):
    """8.1.1: as 6.11, and the device is commissioned by it."""

    current: datetime = one("CurrentDateTime", DATE_TIME)
    tolerance: int = one("TolerancePeriod", integer(0, 86400))


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivateFirmware(Body):
    """11.3: run the image whose SHA-256 is given."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    firmware_hash: bytes = one("FirmwareHash", hexadecimal(32))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadDeviceLog(Body):
    """8.9: device log of a hub or meter; of a hub also with the security details."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    security_details: bool = maybe("ReadSecurityDetails", PRESENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddDeviceToCHFWhitelist(Record):
    """How a device may join: for how long, and with which install code."""

    join_time: int = one("JoinTimePeriod", integer(1, 3600))
    install_code: bytes = one("InstallCode", hexadecimal())
    import_mpxn: str | None = maybe("ImportMPxN", MPXN)
    secondary_import_mpan: str | None = maybe("SecondaryImportMPAN", MPAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateHANDeviceLog(Body):
    """8.11: add a device to the hub's log, or remove it."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    device: Eui64 = one("DeviceID", EUI)
    request_type: str = one("RequestType", choice("Add", "Remove"))
    whitelist: AddDeviceToCHFWhitelist | None = maybe("AddDeviceToCHFWhitelist", AddDeviceToCHFWhitelist)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedPreCommand(Body):
    """Command variants 5 to 7: the pre-command with the user's GBCS signature."""

    payload: bytes = one("GBCSPayload", BASE64)
    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinServiceCritical(Body):
    """8.7.1: let the target accept the other device as a partner."""

    other: Eui64 = one("OtherDeviceID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinServiceNonCritical(Body):
    """8.7.2."""

    other: Eui64 = one("OtherDeviceID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnjoinServiceCritical(Body):
    """8.8.1."""

    other: Eui64 = one("OtherDeviceID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnjoinServiceNonCritical(Body):
    """8.8.2."""

    other: Eui64 = one("OtherDeviceID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreHANDeviceLog(Body):
    """8.12.1: give a new hub the device log of the old one."""

    old_hub: Eui64 = one("OldCHFID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreGPFDeviceLog(Body):
    """8.12.2. Unverified: no sample."""

    old_gpf: Eui64 = one("OldGPFID", EUI)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceOptOut(Body):
    """8.5: a meter leaves the DCC's services. Unverified: no sample."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
