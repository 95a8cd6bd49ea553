"""Credentials of remote parties on a device: CS02a and CS02b, immediate and future dated (GBCS 13.2, 13.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from bench.gbcs import Eui64, GbcsError, Message
from bench.gbcs.credentials import (
    CellDetails,
    CredentialsDetails,
    ProvideCredentials,
    Replacement,
    ReplacementResult,
    RoleDetails,
    SeqChange,
    UpdateCredentials,
    UpdateCredentialsAlert,
    UpdateCredentialsResponse,
    UpdateOutcome,
)
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role, TrustAnchorCell
from bench.pki import PkiError, check_path, describe, load_certificate, unwrap_contingency_key
from rigs.virtual.device_clock import RELIABLE
from rigs.virtual.rules import rule
from rigs.virtual.trust_anchors import Credential
from rigs.virtual.use_cases import CREDENTIALS_BY_CONTINGENCY

if TYPE_CHECKING:
    from rigs.virtual.exchange import Exchange
    from rigs.virtual.gbcs_device import GbcsDevice

SUCCESS, BAD_CERTIFICATE, NO_TRUST_ANCHOR, TRUST_ANCHOR_NOT_FOUND, OTHER = 0, 5, 10, 25, 127
CONTINGENCY_KEY = 22  #: the symmetric key of a contingency command does not open the contingency public key
CREDENTIALS_UPDATED = 0x8F70
FUTURE_DATED_DONE, FUTURE_DATED_FAILED = 0x8F66, 0x8F67
FUTURE_DATED_ALERT = 0x00CB
#: mode -> roles whose cells it may replace
MODE_TARGETS = {
    Mode.SUPPLIER_BY_SUPPLIER: {Role.SUPPLIER},
    Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR: {Role.NETWORK_OPERATOR},
    Mode.ACCESS_CONTROL_BROKER_BY_ACB: {Role.ACCESS_CONTROL_BROKER},
    Mode.WAN_PROVIDER_BY_WAN_PROVIDER: {Role.WAN_PROVIDER},
    Mode.TRANS_COS_BY_TRANS_COS: {Role.TRANSITIONAL_COS},
    Mode.SUPPLIER_BY_TRANS_COS: {Role.SUPPLIER},
    Mode.ANY_EXCEPT_ABNORMAL_ROOT_BY_RECOVERY: set(Role) - {Role.ROOT},
    Mode.ANY_BY_CONTINGENCY: set(Role),
}
#: modes in which a replacement may be future dated
FUTURE_DATED = {
    Mode.SUPPLIER_BY_SUPPLIER,
    Mode.NETWORK_OPERATOR_BY_NETWORK_OPERATOR,
    Mode.TRANS_COS_BY_TRANS_COS,
    Mode.SUPPLIER_BY_TRANS_COS,
}
NOBODY = Eui64(bytes(8))


@dataclass(frozen=True)
class Pending:
    """A future-dated replacement that waits for its time."""

    time: datetime
    counter: int
    authoriser: Role
    request: UpdateCredentials


class CredentialsReplacement:
    """The part of a device that keeps its trust anchor cells up to date."""

    def __init__(self, device: "GbcsDevice") -> None:
        self._device = device
        self.pending: dict[int, Pending] = {}
        self._closed = False  #: whether the contingency public key was not opened by the command in execution

    @rule("R-CRD-011", "R-CRD-012", "R-CRD-078", "R-CTR-003")
    def details(self, payload: bytes, absent: int = TRUST_ANCHOR_NOT_FOUND) -> bytes:
        """Answer CS02a, CS02f: each role in order, with its counter and cells, or the status of an absent one."""
        anchors = self._device.anchors
        roles = []
        for role in self.roles_asked(payload):
            held = [(cell, anchors.cells[cell]) for cell in self.cells_of(role)]
            cells = [self.cell_details(cell, one) for cell, one in held]
            if cells:
                roles.append(RoleDetails(role, SUCCESS, anchors.counters.get(role, 0), cells))
            else:
                roles.append(RoleDetails(role, absent, None, []))
        return bytes(CredentialsDetails(roles))

    @rule("R-CRD-010")
    def roles_asked(self, payload: bytes) -> Sequence[Role]:
        """Return the roles that CS02a names after the cell that authorises it."""
        return ProvideCredentials.parse(payload).roles

    @rule("R-CRD-005")
    def cell_details(self, cell: TrustAnchorCell, held: Credential) -> CellDetails:
        """Return what is told of a cell: its usages, who holds it, and the identifier of the key."""
        return CellDetails(cell.key_usage, cell.cell_usage, held.subject, held.key_id)

    @rule("R-CRD-002", "R-CRD-003", "R-CRD-006")
    def cells_of(self, role: Role) -> list[TrustAnchorCell]:
        """Return the trust anchor cells this device has for a role, none for one that its type has not."""
        return [cell for cell in self._device.anchors.cells if cell.role is role]

    def replace(self, exchange: "Exchange") -> bytes | None:
        """Execute CS02b: now, at its time, or cancel what waits; returns the answer, None where it is refused."""
        device, command = self._device, exchange.command
        try:
            request = self.read(command.payload)
        except GbcsError:
            device.refuse_format()
            return None
        right = self.is_of_its_code(command, request) and self.repeats_counter(command, request)
        if not right or not self.is_for_this_type(request) or not self.may_wait(request):
            device.refuse_format()
            return None
        if request.execution_time is None:
            return bytes(UpdateCredentialsResponse(self.apply(request)))
        self.schedule(command, request)
        return bytes(UpdateCredentialsResponse(None))

    @rule("R-CRD-030")
    def read(self, payload: bytes) -> UpdateCredentials:
        """Read control, replacements, path and time of CS02b. Raises GbcsError for any other form."""
        return UpdateCredentials.parse(payload)

    @rule("R-CRD-020", "R-CRD-021")
    def is_of_its_code(self, command: Message, request: UpdateCredentials) -> bool:
        """Whether the replacement mode is the one the message code stands for."""
        return request.mode == command.message_code - 0x0100

    @rule("R-CRD-031")
    def repeats_counter(self, command: Message, request: UpdateCredentials) -> bool:
        """Whether the authorising sequence number is the counter of the message."""
        return request.authorising_seq == command.counter

    @rule("R-CRD-025")
    def is_for_this_type(self, request: UpdateCredentials) -> bool:
        """Whether devices of this type take the replacement mode: they have a cell that it may replace."""
        return any(self._device.anchors.holds(role) for role in MODE_TARGETS.get(Mode(request.mode), ()))

    @rule("R-FUT-001")
    def may_wait(self, request: UpdateCredentials) -> bool:
        """Whether a replacement may have an activation time, if it has one: not by recovery, contingency or broker."""
        return request.execution_time is None or request.mode in FUTURE_DATED

    @rule("R-CRD-024")
    def contingency_key(self, payload: bytes) -> EllipticCurvePublicKey | None:
        """Return the contingency public key, opened by the symmetric key in a command; None if it stays closed."""
        try:
            key = UpdateCredentials.parse(payload).plaintext_symmetric_key
            return None if key is None else unwrap_contingency_key(self._device.anchors.root, key)
        except (GbcsError, PkiError):
            return None

    def is_by_contingency(self, message: Message) -> bool:
        """Whether a message is a replacement by contingency, whose sender no cell names."""
        return message.message_code == CREDENTIALS_BY_CONTINGENCY

    def signature_key(self, message: Message) -> EllipticCurvePublicKey | None:
        """Return the key that is to verify a signature: that of the role's cell, or the contingency public key."""
        if self.is_by_contingency(message):
            return self.contingency_key(message.payload)
        return self._device.anchors.key(self._device.role_of(message), KeyUsage.DIGITAL_SIGNATURE)

    @rule("R-FUT-004", "R-FUT-005", "R-FUT-006")
    def schedule(self, command: Message, request: UpdateCredentials) -> None:
        """Keep a future-dated replacement in place of an earlier one; "never" cancels it."""
        code = command.message_code
        if not isinstance(request.execution_time, datetime):
            self.pending.pop(code, None)
            return
        role = self._device.role_of(command)
        self.pending[code] = waiting = Pending(request.execution_time, command.counter, role, request)
        self.wait_for(code, waiting)

    def wait_for(self, code: int, waiting: Pending) -> None:
        """Arrange for a pending replacement to be executed at its time."""
        self._device.at(waiting.time, lambda: self.activate(code, waiting))

    @rule("R-FUT-014")
    def activate(self, code: int, waiting: Pending) -> None:
        """Execute a pending replacement when its time has come, if it still waits and the device has supply."""
        if self.pending.get(code) is waiting and self._device.powered():
            del self.pending[code]
            self.execute_pending(waiting)

    @rule("R-FUT-008", "R-FUT-011", "R-FUT-012", "R-CRD-037b")
    def execute_pending(self, waiting: Pending) -> None:
        """Execute and report by alert to the party that sent the command."""
        device = self._device
        authoriser = device.anchors.subject(waiting.authoriser)
        outcome = self.apply(waiting.request)
        good = all(result.status == SUCCESS for result in outcome.results)
        code = FUTURE_DATED_DONE if good else FUTURE_DATED_FAILED
        device.logs.add(device.logs.event, code)
        if authoriser is not None:
            payload = bytes(UpdateCredentialsAlert(code, waiting.time, outcome))
            device.send_alert(device.next_own_counter(), authoriser, FUTURE_DATED_ALERT, payload)

    @rule("R-PWR-012")
    def apply(self, request: UpdateCredentials) -> UpdateOutcome:
        """Replace each cell on its own, then set floors; returns the outcome (GBCS 13.3.5)."""
        device = self._device
        losing = device.anchors.subject(Role.SUPPLIER)
        # judged before the first cell is replaced: that may be the root, which holds the contingency public key
        self._closed = request.mode == Mode.ANY_BY_CONTINGENCY and self.contingency_key(bytes(request)) is None
        results = [self.replace_cell(request, replacement) for replacement in request.replacements]
        changes = self.set_floors(request, any(result.status == SUCCESS for result in results))
        if device.anchors.subject(Role.SUPPLIER) != losing:
            self.cancel_pending_of_losing_supplier()
            device.supplier_changed(losing)
        device.logs.add(device.logs.security, CREDENTIALS_UPDATED)
        return UpdateOutcome(request.authorising_seq, request.mode, changes, results)

    @rule("R-CRD-037")
    def replace_cell(self, request: UpdateCredentials, replacement: Replacement) -> ReplacementResult:
        """Replace one cell; a failure leaves the old credential and does not stop the others."""
        cells = self._device.anchors.cells
        cell = replacement.cell
        old = cells.get(cell)
        subject, key_id = self.formerly(old)
        status, new = self.examine_certificate(request, replacement)
        if new is None:
            return ReplacementResult(cell, status, subject, key_id, subject, key_id)
        self.install(cell, new)
        if cell.role is Role.ROOT:
            self._device.anchors.root = load_certificate(replacement.certificate)
        return ReplacementResult(cell, SUCCESS, subject, key_id, new.subject, new.key_id)

    @rule("R-CRD-051")
    def formerly(self, old: Credential | None) -> tuple[Eui64, bytes]:
        """Return subject and key identifier of what a cell held, zeros where it held nothing."""
        return (NOBODY, bytes(8)) if old is None else (old.subject, old.key_id)

    @rule("R-CRD-060")
    def install(self, cell: TrustAnchorCell, new: Credential) -> None:
        """Put a new credential into a cell; nothing of the old one stays in use."""
        self._device.anchors.cells[cell] = new

    @rule("R-CRD-034", "R-CRD-035", "R-CRD-036", "R-CRD-038")
    def examine_certificate(
        self, request: UpdateCredentials, replacement: Replacement
    ) -> tuple[int, Credential | None]:
        """Check a replacement certificate: target cell, role, usage, chain to the root, dates unless disapplied."""
        cell = replacement.cell
        closed = self.examine_cell(request, cell)
        if closed != SUCCESS:
            return closed, None
        try:
            certificate = load_certificate(replacement.certificate)
            path = [load_certificate(der) for der in request.path]
            profile = describe(certificate)
        except PkiError:
            return BAD_CERTIFICATE, None
        if profile.key_usage is not cell.key_usage or profile.role is None or int(profile.role) != int(cell.role):
            return BAD_CERTIFICATE, None
        if not self.may_judge_dates(request):
            return NO_TRUST_ANCHOR, None
        at = self.judged_at() if request.apply_time_checks else None
        if cell.role is Role.ROOT:
            return self.check_root(certificate, at)
        return self.check_chain(certificate, path, at)

    def examine_cell(self, request: UpdateCredentials, cell: TrustAnchorCell) -> int:
        """Return the status of a cell that this command cannot replace, whatever the certificate; else success."""
        if self._closed:
            return CONTINGENCY_KEY
        if cell not in self._device.anchors.cells:
            return TRUST_ANCHOR_NOT_FOUND
        return SUCCESS if self.reaches(request.mode, cell.role) else OTHER

    def check_root(self, certificate: x509.Certificate, at: datetime | None) -> tuple[int, Credential | None]:
        """Check that a certificate is a root's: signed with its own key."""
        try:
            check_path(certificate, [], certificate, at)
        except PkiError:
            return BAD_CERTIFICATE, None
        return SUCCESS, Credential.of(certificate)

    @rule("R-CRD-022", "R-CRD-023")
    def reaches(self, mode: int, role: Role) -> bool:
        """Whether a replacement mode may replace the cells of a role."""
        return role in MODE_TARGETS.get(mode, ())

    @rule("R-CRD-032", "R-CRD-033")
    def may_judge_dates(self, request: UpdateCredentials) -> bool:
        """Dates are judged by a reliable clock; a command may waive them."""
        return not request.apply_time_checks or self._device.time.status == RELIABLE

    @rule("R-TIM-020", "R-CRD-033")
    def judged_at(self) -> datetime:
        """Return the instant at which certificates must be valid: now, by the device's own clock."""
        return self._device.clock()

    @rule("R-CRD-033", "R-CRD-034")
    def check_chain(
        self, certificate: x509.Certificate, path: list[x509.Certificate], at: datetime | None
    ) -> tuple[int, Credential | None]:
        """Check that a certificate chains to the root held here, and that all of the chain is valid at an instant."""
        try:
            check_path(certificate, path, self._device.anchors.root, at)
        except PkiError:
            return NO_TRUST_ANCHOR, None
        return SUCCESS, Credential.of(certificate)

    @rule("R-CRD-040", "R-CRD-041", "R-CRD-042", "R-CRD-043", "R-CRD-044", "R-CRD-045")
    def set_floors(self, request: UpdateCredentials, replaced: bool) -> list[SeqChange]:
        """Set the floors the command names, once a credential was replaced; returns those applied."""
        if not replaced:
            return []
        changes = list(request.other_party_changes)
        if request.new_party_floor is not None and request.authorising_cell is not None:
            own = SeqChange(request.authorising_cell.role, request.new_party_floor, list(request.specialist_floors))
            changes.insert(0, own)
        for change in changes:
            self._device.anchors.counters[change.role] = change.floor
            for usage, floor in change.specialist:
                if usage == 0:
                    self._device.anchors.top_up_counter = floor
        return changes

    @rule("R-CRD-056")
    def cancel_pending_of_losing_supplier(self) -> None:
        """Future-dated commands of the outgoing supplier do not survive it."""
        self.pending = {code: one for code, one in self.pending.items() if one.authoriser is not Role.SUPPLIER}
        self._device.firmware.supplier_changed()
