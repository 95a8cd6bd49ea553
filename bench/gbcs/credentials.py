"""Security credentials of remote parties: payloads of CS02a/CS02f and CS02b/CS02g (GBCS 13.2, 13.3).

Commands are plain DER. RTDS writes the sequence lengths 128..255 of responses and alerts as ``82 00 xx``, so those
classes have a field `long_form`, true unless the parsed octets used the shortest form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self

from bench.gbcs import der
from bench.gbcs.der import Tlv, as_fields, as_integer, as_octets, as_sequence, as_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.trust_anchors import KeyUsage, Mode, Role, Status, TrustAnchorCell, cell_usage_der, read_cell_usage

__all__ = [
    "CellDetails",
    "CredentialsDetails",
    "KeyUsage",
    "Mode",
    "ProvideCredentials",
    "Replacement",
    "ReplacementResult",
    "Role",
    "RoleDetails",
    "SeqChange",
    "Status",
    "Time",
    "TrustAnchorCell",
    "UpdateCredentials",
    "UpdateCredentialsAlert",
    "UpdateCredentialsResponse",
    "UpdateOutcome",
]

Time = datetime | Literal["never"]
_SYMMETRIC_KEY, _TIME_CHECKS, _AUTHORISING_CELL, _AUTHORISING_SEQ = 0x80, 0x81, 0xA2, 0x83
_NEW_FLOOR, _SPECIALIST_FLOORS, _OTHER_CHANGES = 0x84, 0xA5, 0xA6


@dataclass(frozen=True, slots=True)
class ProvideCredentials:
    """Command CS02a, CS02f: which roles' credentials does the device hold."""

    authorising: TrustAnchorCell
    roles: Sequence[Role]

    def __bytes__(self) -> bytes:
        roles = der.sequence(der.integer(role) for role in self.roles)
        return bytes(der.sequence((self.authorising.to_der(), roles)))

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload. Raises GbcsError."""
        cell, roles = as_fields(Tlv.parse(payload), 2, 2, "provide credentials")
        return cls(TrustAnchorCell.read(cell), [Role.read(role) for role in as_sequence(roles, "roles")])


@dataclass(frozen=True, slots=True)
class CellDetails:
    """What one cell of a role holds."""

    key_usage: KeyUsage
    cell_usage: int
    subject: Eui64
    key_id: bytes  #: subject key identifier, eight octets
    explicit_usage: bool = field(default=False, compare=False, repr=False)

    def to_der(self) -> Tlv:
        """SEQUENCE."""
        usage = cell_usage_der(self.cell_usage, self.explicit_usage)
        return der.sequence((self.key_usage.to_der(), *usage, der.octets(self.subject), der.octets(self.key_id)))

    @classmethod
    def read(cls, tlv: Tlv) -> Self:
        """Read the details. Raises GbcsError."""
        items = as_fields(tlv, 3, 4, "cell details")
        usage, explicit = read_cell_usage(items[1:-2])
        return cls(KeyUsage.read(items[0]), usage, _eui(items[-2]), _key_id(items[-1]), explicit)


@dataclass(frozen=True, slots=True)
class RoleDetails:
    """The credentials of one role; number and cells only where the status is success."""

    role: Role
    status: int
    current_seq_number: int | None = None
    cells: Sequence[CellDetails] = field(default_factory=list)

    def to_der(self, long_form: bool) -> Tlv:
        """SEQUENCE."""
        items = [der.integer(self.role), der.enumerated(self.status)]
        if self.current_seq_number is not None:
            cells = der.sequence((cell.to_der() for cell in self.cells), long_form)
            items += [der.integer(self.current_seq_number), cells]
        return der.sequence(items, long_form)

    @classmethod
    def read(cls, tlv: Tlv) -> Self:
        """Read the role. Raises GbcsError."""
        items = as_fields(tlv, 2, 4, "role details")
        role, status = Role.read(items[0]), as_integer(items[1], "status", der.ENUMERATED)
        if len(items) == 2:
            return cls(role, status)
        if len(items) == 3:
            raise GbcsError("role details with a sequence number but no cells")
        cells = [CellDetails.read(cell) for cell in as_sequence(items[3], "cells")]
        return cls(role, status, as_integer(items[2], "current sequence number"), cells)


@dataclass(frozen=True, slots=True)
class CredentialsDetails:
    """Response CS02a, CS02f."""

    roles: Sequence[RoleDetails]
    long_form: bool = True

    def __bytes__(self) -> bytes:
        return bytes(der.sequence((role.to_der(self.long_form) for role in self.roles), self.long_form))

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload. Raises GbcsError."""
        root = Tlv.parse(payload)
        return cls([RoleDetails.read(role) for role in as_sequence(root, "credentials")], _long_form(root))


@dataclass(frozen=True, slots=True)
class SeqChange:
    """New floors for the counters of one role."""

    role: Role
    floor: int
    specialist: Sequence[tuple[int, int]] = field(default_factory=list)  #: (usage, floor); usage 0 is prepayment top up

    def to_der(self) -> Tlv:
        """SEQUENCE."""
        items = [der.integer(self.role), der.integer(self.floor)]
        if self.specialist:
            items.append(_specialist(self.specialist, der.SEQUENCE))
        return der.sequence(items)

    @classmethod
    def read(cls, tlv: Tlv) -> Self:
        """Read the change. Raises GbcsError."""
        items = as_fields(tlv, 2, 3, "sequence number change")
        specialist = _read_specialist(items[2], der.SEQUENCE) if len(items) == 3 else []
        return cls(Role.read(items[0]), as_integer(items[1], "floor"), specialist)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A certificate and the cell it goes to."""

    certificate: bytes  #: DER
    cell: TrustAnchorCell


@dataclass(frozen=True, slots=True)
class UpdateCredentials:
    """Command CS02b, CS02g."""

    mode: int
    authorising_seq: int  #: the originator counter
    authorising_cell: TrustAnchorCell | None = None  #: absent only for accessControlBrokerByACB
    apply_time_checks: bool = True  #: false: certificate dates are not checked
    plaintext_symmetric_key: bytes | None = None  #: contingency key, anyByContingency only
    new_party_floor: int | None = None
    specialist_floors: Sequence[tuple[int, int]] = field(default_factory=list)  #: (usage, floor)
    other_party_changes: Sequence[SeqChange] = field(default_factory=list)
    replacements: Sequence[Replacement] = field(default_factory=list)
    path: Sequence[bytes] = field(default_factory=list)  #: DER certificates between the new ones and the root
    execution_time: Time | None = None  #: None: at once; "never": cancel
    #: whether checks that apply are written out as 0
    explicit_time_checks: bool = field(default=False, compare=False, repr=False)

    def __bytes__(self) -> bytes:
        replacements = der.sequence(der.sequence((one.certificate, one.cell.to_der())) for one in self.replacements)
        items = [self._control(), replacements, der.sequence(self.path)]
        if self.execution_time is not None:
            items.append(der.generalized_time(self.execution_time))
        return bytes(der.sequence(items))

    def _control(self) -> Tlv:
        items = [der.integer(self.mode)]
        if self.plaintext_symmetric_key is not None:
            items.append(der.octets(self.plaintext_symmetric_key, _SYMMETRIC_KEY))
        if not self.apply_time_checks or self.explicit_time_checks:
            items.append(der.integer(0 if self.apply_time_checks else 1, _TIME_CHECKS))
        if self.authorising_cell is not None:
            items.append(self.authorising_cell.to_der(_AUTHORISING_CELL))
        items.append(der.integer(self.authorising_seq, _AUTHORISING_SEQ))
        if self.new_party_floor is not None:
            items.append(der.integer(self.new_party_floor, _NEW_FLOOR))
        if self.specialist_floors:
            items.append(_specialist(self.specialist_floors, _SPECIALIST_FLOORS))
        if self.other_party_changes:
            items.append(der.constructed(_OTHER_CHANGES, (change.to_der() for change in self.other_party_changes)))
        return der.sequence(items)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload. Raises GbcsError."""
        items = as_fields(Tlv.parse(payload), 3, 4, "update credentials")
        control = as_sequence(items[0], "replacement control")
        if not control:
            raise GbcsError("replacement control without mode")
        fields = {tlv.tag: tlv for tlv in control[1:]}
        order = [tlv.tag & 0x1F for tlv in control[1:]]
        known = (_SYMMETRIC_KEY, _TIME_CHECKS, _AUTHORISING_CELL, _AUTHORISING_SEQ, _NEW_FLOOR)
        if order != sorted(set(order)) or not fields.keys() <= {*known, _SPECIALIST_FLOORS, _OTHER_CHANGES}:
            raise GbcsError("replacement control: unknown fields or fields out of order")
        if _AUTHORISING_SEQ not in fields:
            raise GbcsError("replacement control without the authorising sequence number")
        key, cell, floor = fields.get(_SYMMETRIC_KEY), fields.get(_AUTHORISING_CELL), fields.get(_NEW_FLOOR)
        checks = as_integer(fields[_TIME_CHECKS], "time checks", _TIME_CHECKS) if _TIME_CHECKS in fields else None
        if checks not in (None, 0, 1):
            raise GbcsError(f"time checks {checks}, expected 0 or 1")
        special, others = fields.get(_SPECIALIST_FLOORS), fields.get(_OTHER_CHANGES)
        return cls(
            as_integer(control[0], "mode"),
            as_integer(fields[_AUTHORISING_SEQ], "authorising sequence number", _AUTHORISING_SEQ),
            TrustAnchorCell.read(cell, _AUTHORISING_CELL) if cell else None,
            checks != 1,
            key.value if key else None,
            as_integer(floor, "new floor", _NEW_FLOOR) if floor else None,
            _read_specialist(special, _SPECIALIST_FLOORS) if special else [],
            [SeqChange.read(tlv) for tlv in as_sequence(others, "changes", _OTHER_CHANGES)] if others else [],
            [_replacement(tlv) for tlv in as_sequence(items[1], "replacements")],
            [bytes(tlv) for tlv in as_sequence(items[2], "certificate path")],
            as_time(items[3], "execution time") if len(items) == 4 else None,
            checks == 0,
        )


@dataclass(frozen=True, slots=True)
class ReplacementResult:
    """What became of one cell; after a failure the replacing fields repeat the existing ones."""

    cell: TrustAnchorCell
    status: int
    existing_subject: Eui64
    existing_key_id: bytes
    replacing_subject: Eui64
    replacing_key_id: bytes

    def to_der(self) -> Tlv:
        """SEQUENCE."""
        ids = (self.existing_subject, self.existing_key_id, self.replacing_subject, self.replacing_key_id)
        return der.sequence((self.cell.to_der(), der.enumerated(self.status), *map(der.octets, ids)))

    @classmethod
    def read(cls, tlv: Tlv) -> Self:
        """Read the result. Raises GbcsError."""
        cell, status, old, old_key, new, new_key = as_fields(tlv, 6, 6, "replacement result")
        number = as_integer(status, "status", der.ENUMERATED)
        return cls(TrustAnchorCell.read(cell), number, _eui(old), _key_id(old_key), _eui(new), _key_id(new_key))


@dataclass(frozen=True, slots=True)
class UpdateOutcome:
    """What an executed CS02b or CS02g did."""

    authorising_seq: int
    mode: int
    changes: Sequence[SeqChange]
    results: Sequence[ReplacementResult]

    def to_der(self, long_form: bool) -> Tlv:
        """SEQUENCE."""
        changes = der.sequence((change.to_der() for change in self.changes), long_form)
        results = der.sequence((result.to_der() for result in self.results), long_form)
        return der.sequence((der.integer(self.authorising_seq), der.integer(self.mode), changes, results), long_form)

    @classmethod
    def read(cls, tlv: Tlv) -> Self:
        """Read the outcome. Raises GbcsError."""
        seq, mode, changes, results = as_fields(tlv, 4, 4, "outcome")
        return cls(
            as_integer(seq, "authorising sequence number"),
            as_integer(mode, "mode"),
            [SeqChange.read(change) for change in as_sequence(changes, "changes")],
            [ReplacementResult.read(result) for result in as_sequence(results, "results")],
        )


@dataclass(frozen=True, slots=True)
class UpdateCredentialsResponse:
    """Response CS02b, CS02g; no outcome where the command was future dated or cancelled one."""

    outcome: UpdateOutcome | None = None
    long_form: bool = True

    def __bytes__(self) -> bytes:
        outcome = () if self.outcome is None else (self.outcome.to_der(self.long_form),)
        return bytes(der.sequence((der.null(), *outcome), self.long_form))

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload. Raises GbcsError."""
        root = Tlv.parse(payload)
        items = as_fields(root, 1, 2, "update credentials response")
        if items[0] != der.null():
            raise GbcsError("update credentials response does not start with NULL")
        return cls(UpdateOutcome.read(items[1]) if len(items) == 2 else None, _long_form(root))


@dataclass(frozen=True, slots=True)
class UpdateCredentialsAlert:
    """Alert that a future-dated CS02b or CS02g was executed (codes 00CB, 0124)."""

    alert_code: int
    execution_time: Time
    outcome: UpdateOutcome
    long_form: bool = True

    def __bytes__(self) -> bytes:
        items = (der.integer(self.alert_code), der.generalized_time(self.execution_time))
        return bytes(der.sequence((*items, self.outcome.to_der(self.long_form)), self.long_form))

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload. Raises GbcsError."""
        root = Tlv.parse(payload)
        code, time, outcome = as_fields(root, 3, 3, "update credentials alert")
        at = as_time(time, "execution time")
        return cls(as_integer(code, "alert code"), at, UpdateOutcome.read(outcome), _long_form(root))


def _eui(tlv: Tlv) -> Eui64:
    return Eui64(as_octets(tlv, "EUI-64", 8))


def _key_id(tlv: Tlv) -> bytes:
    return as_octets(tlv, "key identifier", 8)


def _replacement(tlv: Tlv) -> Replacement:
    certificate, cell = as_fields(tlv, 2, 2, "replacement")
    return Replacement(bytes(certificate), TrustAnchorCell.read(cell))


def _specialist(floors: Sequence[tuple[int, int]], tag: int) -> Tlv:
    return der.constructed(tag, (der.sequence(map(der.integer, floor)) for floor in floors))


def _read_specialist(tlv: Tlv, tag: int) -> list[tuple[int, int]]:
    floors = [as_fields(item, 2, 2, "specialist floor") for item in as_sequence(tlv, "specialist floors", tag)]
    return [(as_integer(usage, "usage"), as_integer(floor, "floor")) for usage, floor in floors]


def _long_form(tlv: Tlv) -> bool:
    """Whether sequences of 128..255 octets carry ``82 00 xx``; true if there are none to tell by."""
    if tlv.tag != der.SEQUENCE:
        return True
    if 0x80 <= len(tlv.value) < 0x100:
        return tlv.long_form
    return all(_long_form(child) for child in tlv.children)
