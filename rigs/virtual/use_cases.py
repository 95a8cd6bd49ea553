"""What a device knows of the use cases it supports, read from the catalogue: rights, protection, objects, answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from bench.catalogue import Item, catalogue
from bench.catalogue import UseCase as Entry
from bench.gbcs.axdr import Data
from bench.gbcs.trust_anchors import Role
from rigs.virtual.blank import description, is_of

CREDENTIALS_DETAILS, DEVICE_CREDENTIALS_DETAILS = 0x0008, 0x011B
READS = (CREDENTIALS_DETAILS, DEVICE_CREDENTIALS_DETAILS)  #: signed, but they may be repeated
CREDENTIALS_BY_ACB = 0x0104
CREDENTIALS_BY_RECOVERY, CREDENTIALS_BY_CONTINGENCY = 0x0108, 0x0109
OWN_CERTIFICATES = frozenset({0x000A, 0x000B, 0x000C})  #: CS02c, CS02d, CS02e
#: message code of a credentials replacement -> what it replaces and who authorises it is in the payload
REPLACEMENTS = frozenset({0x0102, 0x0103, *range(0x0104, 0x010A)})

SIGNED_AND_MACED, ONLY_SIGNED, ONLY_MACED = (True, True), (True, False), (False, True)
Protection = tuple[bool, bool]  #: signed, MACed

_ROLES = {
    "Supplier": Role.SUPPLIER,
    "NetworkOperator": Role.NETWORK_OPERATOR,
    "ACB": Role.ACCESS_CONTROL_BROKER,
    "LoadController": Role.LOAD_CONTROLLER,
    "TCoS": Role.TRANSITIONAL_COS,
    "Recovery": Role.RECOVERY,
    "WANProvider": Role.WAN_PROVIDER,
    "Contingency": Role.ROOT,
    "PPMID": Role.OTHER,
}


@dataclass(frozen=True)
class UseCase:
    """One message code as a device sees it (GBCS 17); `entries` are its ways of use in the catalogue."""

    name: str
    code: int
    payload: str
    roles: frozenset[Role]
    protections: frozenset[Protection]
    replay_protected: bool
    future_dated: bool
    dated_response: bool
    entries: tuple[Entry, ...]

    def encrypted(self) -> bool:
        """Whether the answer holds encrypted data."""
        return any(entry.encrypted for entry in self.entries)


@cache
def use_cases_of(device: str) -> Mapping[int, UseCase]:
    """Return what a type of device (ESME, GSME...) supports, by message code."""
    found: dict[int, list[Entry]] = {}
    for entry in catalogue().values():
        if device in entry.devices and (entry.command or entry.payload == "ASN1") and entry.roles:
            found.setdefault(entry.code, []).append(entry)
    cases = {code: _use_case(entries) for code, entries in found.items()}
    if device == "CHF":  # it has no supplier: its own certificates are a matter of the broker
        broker = frozenset({Role.ACCESS_CONTROL_BROKER})
        cases |= {code: replace(case, roles=broker) for code, case in cases.items() if code in OWN_CERTIFICATES}
    return cases


def _use_case(entries: Sequence[Entry]) -> UseCase:
    first = entries[0]
    return UseCase(
        first.use_case,
        first.code,
        first.payload,
        frozenset(_ROLES[role] for entry in entries for role in entry.roles if role in _ROLES) | _any_role(first.code),
        _protections(first.code, {entry.critical for entry in entries}),
        first.code not in READS and any(entry.critical if entry.replay is None else entry.replay for entry in entries),
        any(entry.future_dated for entry in entries),
        any(entry.response_date_time for entry in entries),
        tuple(entries),
    )


def _any_role(code: int) -> frozenset[Role]:
    """Details of credentials may be asked by every party with a cell (GBCS 13.2)."""
    return frozenset(Role) - {Role.OTHER} if code in READS else frozenset()


def _protections(code: int, critical: set[bool]) -> frozenset[Protection]:
    if code in READS:
        return frozenset({SIGNED_AND_MACED, ONLY_SIGNED, ONLY_MACED})
    if code == CREDENTIALS_BY_ACB:
        return frozenset({ONLY_MACED})
    if code in (CREDENTIALS_BY_RECOVERY, CREDENTIALS_BY_CONTINGENCY):
        return frozenset({ONLY_SIGNED})
    return frozenset(SIGNED_AND_MACED if one else ONLY_MACED for one in critical)


@dataclass(frozen=True)
class Asked:
    """One access of a command: what a catalogue item calls it, and its parameter where it has one."""

    verb: str
    target: str
    value: Data | None = None

    def is_for(self, item: Item) -> bool:
        """Whether it is the access an item describes: object, type of the parameter, fixed value."""
        if (self.verb, self.target) != (item.verb, item.target):
            return False
        if self.value is None or not item.type:
            return True
        fixed = bytes.fromhex(item.value) if isinstance(item.value, str) else item.value
        return is_of(self.value, description(item.type)) and (fixed is None or self.value.value == fixed)


def fits(asked: Sequence[Asked], items: Sequence[Item]) -> bool:
    """Whether accesses are those of a use case, in its order.

    An item with conditions may be absent, one whose number the request decides may be there many times.
    """
    reach = {0}  #: how many of `asked` the items so far may account for
    for item in items:
        begun = reach
        reach = set(begun) if item.when else set()
        for at in begun:
            if item.verb == "each":
                reach |= set(range(at, len(asked) + 1))
            elif at + item.repeat <= len(asked) and all(one.is_for(item) for one in asked[at : at + item.repeat]):
                reach.add(at + item.repeat)
    return len(asked) in reach
