"""Trust anchor cells of a device, and its execution counters (GBCS 13, 4.3.1)."""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from bench.gbcs import Eui64
from bench.gbcs.trust_anchors import KeyUsage, Role, TrustAnchorCell
from bench.pki import describe

SUPPLIER_CELLS = (
    TrustAnchorCell(Role.SUPPLIER, KeyUsage.DIGITAL_SIGNATURE),
    TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT),
    TrustAnchorCell(Role.SUPPLIER, KeyUsage.KEY_AGREEMENT, 1),
)


@dataclass(frozen=True)
class Credential:
    """What a cell holds: subject, subject key identifier, public key."""

    subject: Eui64
    key_id: bytes
    public_key: EllipticCurvePublicKey = field(repr=False)

    @classmethod
    @lru_cache(256)
    def of(cls, certificate: x509.Certificate) -> "Credential":
        """Return the credential of a certificate; an authority's subject is shown as zero."""
        profile = describe(certificate)
        key = certificate.public_key()
        assert isinstance(key, EllipticCurvePublicKey)
        return cls(profile.eui or Eui64(bytes(8)), profile.ski, key)


@dataclass
class TrustAnchors:
    """The cells and counters; survives a loss of supply."""

    cells: dict[TrustAnchorCell, Credential]
    root: x509.Certificate
    counters: dict[Role, int] = field(default_factory=dict)
    top_up_counter: int = 0

    def roles_of(self, party: Eui64) -> set[Role]:
        """Return the roles in whose cells a party is the subject."""
        return {cell.role for cell, credential in self.cells.items() if credential.subject == party}

    def holds(self, role: Role) -> bool:
        """Whether there is a cell for a role."""
        return any(cell.role is role for cell in self.cells)

    def key(self, role: Role, usage: KeyUsage, cell_usage: int = 0) -> EllipticCurvePublicKey | None:
        """Return the public key of a cell."""
        credential = self.cells.get(TrustAnchorCell(role, usage, cell_usage))
        return credential.public_key if credential else None

    def subject(self, role: Role) -> Eui64 | None:
        """Return the party whose signing (else key agreement) credential a role has."""
        for usage in (KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT):
            credential = self.cells.get(TrustAnchorCell(role, usage))
            if credential is not None:
                return credential.subject
        return None

    def copy(self) -> "TrustAnchors":
        """Return an independent copy."""
        return replace(self, cells=dict(self.cells), counters=dict(self.counters))
