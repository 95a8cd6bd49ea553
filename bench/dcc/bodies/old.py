"""Typed bodies of service requests: class names are the DUIS element names, fields their children in order.

A body not listed here is kept as its XML element. Words marked "unverified" have no public sample.
"""
# ruff: noqa: RUF009 - one, maybe and many return dataclass fields

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.errors import DuisError
from bench.dcc.record import (
    BASE64,
    BOOLEAN,
    DATE_TIME,
    EUI,
    FLOOR,
    MPAN,
    MPRN,
    MPXN,
    PRESENT,
    Record,
    choice,
    hexadecimal,
    integer,
    many,
    maybe,
    one,
    string,
)
from bench.gbcs.eui import Eui64

#: RemotePartyRole words -> remote party role (GBCS); Supplier, NetworkOperator and LoadController are seen, the rest
#: unverified
ROLES = {
    "Root": 0,
    "Recovery": 1,
    "Supplier": 2,
    "NetworkOperator": 3,
    "AccessControlBroker": 4,
    "TransitionalCoS": 5,
    "WANProvider": 6,
    "LoadController": 8,
}
#: LogToRead words; PowerEvent and AuxiliaryControllerEvent are unverified
LOGS = ("Event", "Security", "PowerEvent", "ALCSEvent", "AuxiliaryControllerEvent")

_ROLE = choice(*ROLES)
_CREDENTIAL_TYPE = choice("Digital Signature", "Key Agreement")


class Body(Record):
    """Base of request bodies; the element name gives the service reference variant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLogPeriod(Record):
    """Both ends of a log query."""

    start: datetime = one("StartDateTime", DATE_TIME)
    end: datetime = one("EndDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplacementCertificates(Record):
    """Organisation certificates to be put on a device, DER."""

    digital_signing: bytes = one("DigitalSigningCertificate", BASE64)
    key_agreement: bytes | None = maybe("KeyAgreementCertificate", BASE64)
    key_agreement_top_up: bytes | None = maybe("KeyAgreementTopUpCertificate", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificationPath(Record):
    """One to three authority certificates, DER."""

    element = "CertificationPathCertificates"
    certificates: tuple[bytes, ...] = many("Certificate", BASE64, at_most=3)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateSecurityCredentialsCoS(Body):
    """6.23: the gaining supplier asks the CoS party to put its credentials on a meter."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    supplier_floor: int = one("SupplierFloorSeqNumber", FLOOR)
    top_up_floor: int | None = maybe("SupplierPrepaymentTopUpFloorSeqNumber", FLOOR)
    certificates: ReplacementCertificates = one("SupplierReplacementCertificates", ReplacementCertificates)
    path: CertificationPath = one("CertificationPathCertificates", CertificationPath)
    apply_time_checks: bool = one("ApplyTimeBasedCPVChecks", BOOLEAN)
    import_mpxn: str = one("ImportMPxN", MPXN)


@dataclass(frozen=True, kw_only=True, slots=True)
class PartyCertificates(Record):
    """The choice that 6.15.1 makes around the certificates of a supplier, network operator or load controller."""

    element = "ReplacementCertificates"
    party: ReplacementCertificates = one("SupplierOrNetworkOperatorCertificates", ReplacementCertificates)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateSecurityCredentialsKRP(Body):
    """6.15.1: a known party replaces its own credentials on a device (or a supplier those of a load controller)."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    role: str = one("RemotePartyRole", _ROLE)
    floor: int | None = maybe("RemotePartyFloorSeqNumber", FLOOR)
    top_up_floor: int | None = maybe("RemotePartyPrepaymentTopUpFloorSeqNumber", FLOOR)
    certificates: PartyCertificates = one("ReplacementCertificates", PartyCertificates)
    path: CertificationPath = one("CertificationPathCertificates", CertificationPath)
    apply_time_checks: bool = one("ApplyTimeBasedCPVChecks", BOOLEAN)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveDeviceSecurityCredentialsKRP(Body):
    """6.24.1: which credentials and counters a device holds for the named roles."""

    roles: tuple[str, ...] = many("RemotePartyRole", _ROLE)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetrieveDeviceSecurityCredentialsDevice(Body):
    """6.24.2: a device's own certificate."""

    credential_type: str = one("CredentialType", _CREDENTIAL_TYPE)


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueSecurityCredentials(Body):
    """6.17: a device makes a new key pair and a certificate signing request."""

    credential_type: str = one("CredentialType", _CREDENTIAL_TYPE)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadInstantaneousImportRegisters(Body):
    """4.1.1."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadActiveImportProfileData(Body):
    """4.8.1: half-hourly active import, from and to."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadEventOrSecurityLog(Body):
    """6.13: a log of a meter or communications hub, from and to."""

    period: ReadLogPeriod = one("ReadLogPeriod", ReadLogPeriod)
    log: str = one("LogToRead", choice(*LOGS))


@dataclass(frozen=True, kw_only=True, slots=True)
class SynchroniseClock(Body):
    """6.11: set the clock within a tolerance, in seconds."""

    current: datetime = one("CurrentDateTime", DATE_TIME)
    tolerance: int = one("TolerancePeriod", integer(0, 86400))


@dataclass(frozen=True, kw_only=True, slots=True)
class CommissionDeviceSynchroniseClock(Body):
    """8.1.1: as 6.11, and the device is commissioned by it."""

    current: datetime = one("CurrentDateTime", DATE_TIME)
    tolerance: int = one("TolerancePeriod", integer(0, 86400))


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
class ReadSupplyStatus(Body):
    """7.4."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadFirmwareVersion(Body):
    """11.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivateFirmware(Body):
    """11.3: run the image whose SHA-256 is given."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    firmware_hash: bytes = one("FirmwareHash", hexadecimal(32))


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

    def __post_init__(self) -> None:
        if (self.mpans is None) == (self.mprn is None):
            raise DuisError("SetDeviceConfigurationImportMPxN: expected either ImportMPANs or ImportMPRN")


@dataclass(frozen=True, kw_only=True, slots=True)
class SetDeviceConfigurationExportMPAN(Body):
    """6.20.2."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    mpan: str = one("ExportMPAN", MPAN)


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


#: element name -> typed body
BODIES: dict[str, type[Body]] = {
    body.name(): body
    for body in (
        ActivateFirmware,
        ArmSupply,
        ClearEventLog,
        CommissionDeviceSynchroniseClock,
        DisablePrivacyPIN,
        DisableSupply,
        DisplayMessage,
        EnableSupply,
        IssueSecurityCredentials,
        ReadActiveImportProfileData,
        ReadDeviceLog,
        ReadEventOrSecurityLog,
        ReadFirmwareVersion,
        ReadInstantaneousImportRegisters,
        ReadSupplyStatus,
        RestrictAccessForChangeOfTenancy,
        RetrieveDeviceSecurityCredentialsDevice,
        RetrieveDeviceSecurityCredentialsKRP,
        SetDeviceConfigurationExportMPAN,
        SetDeviceConfigurationImportMPxN,
        SignedPreCommand,
        SynchroniseClock,
        UpdateHANDeviceLog,
        UpdateSecurityCredentialsCoS,
        UpdateSecurityCredentialsKRP,
        UpdateSupplierName,
    )
}
