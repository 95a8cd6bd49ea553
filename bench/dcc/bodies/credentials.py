"""Bodies of the security credential requests, 6.15 to 6.24."""
# ruff: noqa: RUF009 - fields are made by functions; an element is described by its DUIS name

from dataclasses import dataclass
from datetime import datetime

from bench.dcc.bodies.common import Body
from bench.dcc.record import BASE64, BOOLEAN, DATE_TIME, FLOOR, MPXN, Record, choice, many, maybe, one

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

_ROLE = choice(*ROLES)
_CREDENTIAL_TYPE = choice("Digital Signature", "Key Agreement")


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
class UpdateSecurityCredentialsDevice(Body):
    """6.15.2: put the device's own new certificate on it. Unverified: no sample."""

    certificate: bytes = one("DeviceCertificate", BASE64)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestHandoverOfDCCControlledDevice(Body):
    """6.21: a supplier or network operator takes over its cells on a gas proxy. Unverified: no sample."""

    execute_at: datetime | None = maybe("ExecutionDateTime", DATE_TIME)
    role: str = one("RemotePartyRole", _ROLE)
    floor: int | None = maybe("RemotePartyFloorSeqNumber", FLOOR)
    top_up_floor: int | None = maybe("RemotePartyPrepaymentTopUpFloorSeqNumber", FLOOR)
    certificates: PartyCertificates = one("ReplacementCertificates", PartyCertificates)
    path: CertificationPath = one("CertificationPathCertificates", CertificationPath)
    apply_time_checks: bool = one("ApplyTimeBasedCPVChecks", BOOLEAN)
