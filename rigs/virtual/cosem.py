"""COSEM access on the virtual ESME: the objects its use cases address, items in order, stop at the first failure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.gbcs import GbcsError, Message
from bench.gbcs.axdr import CompactArray, Data, TypeDescription, enum, i8, null, octets, structure, u8, u16, u32
from bench.gbcs.crypto import encrypt, shared_secret
from bench.gbcs.dlms import (
    ACTION,
    GET,
    GET_WITH_SELECTION,
    SET,
    AccessRequest,
    AccessResponse,
    ProtectedObject,
    ProtectionParameters,
    Spec,
    date_time,
    encode,
    from_zigbee_utc,
    parse_date_time,
    parse_protected_request,
    protected_response,
    zigbee_utc,
)
from rigs.virtual.logs import Entry
from rigs.virtual.rules import rule

if TYPE_CHECKING:
    from rigs.virtual.esme import Esme

SUCCESS, OBJECT_UNDEFINED, OTHER_REASON, HARDWARE_FAULT = 0, 4, 250, 1
ACTIONED, NOT_ACTIONED = 0x8154, 0x8155
COMPACT_ARRAY = 0x13
WATT_HOUR, VAR_HOUR = 0x1E, 0x20
RELIABLE = 0


def obis(text: str) -> bytes:
    """Return the six octets of "0-0:1.0.0.255"."""
    return bytes(int(part) for part in text.replace("-", ".").replace(":", ".").split("."))


CLOCK = obis("0-0:1.0.0.255")
SUPPLY_SCRIPTS = obis("0-0:10.0.106.255")
SUPPLY_STATE = obis("0-0:96.3.10.255")
EVENT_LOG, SECURITY_LOG, POWER_LOG = obis("0-0:99.98.0.255"), obis("0-0:99.98.1.255"), obis("0-0:99.98.4.255")
PROFILE = obis("0-0:99.1.0.255")
PROTECTED = (obis("0-0:43.2.8.255"), obis("0-0:43.2.7.255"))

Result = tuple[Data, int]


@dataclass(frozen=True)
class Access:
    """One item of a request, with the command it came in."""

    command: Message
    spec: Spec
    data: Data


class CosemServer:
    """Executes access requests."""

    def __init__(self, esme: "Esme") -> None:
        self._esme = esme
        self._objects: dict[tuple[int, bytes, int, int], Callable[[Access], Result]] = {
            (ACTION, 9, SUPPLY_SCRIPTS, 1): self.run_supply_script,
            (GET, 70, SUPPLY_STATE, 3): self.read_supply_state,
            (SET, 8, CLOCK, 9): lambda access: (null(), SUCCESS),
            (ACTION, 8, CLOCK, 5): lambda access: (null(), SUCCESS),
            (ACTION, 8, CLOCK, 4): lambda access: (null(), SUCCESS),
            (GET, 8, CLOCK, 2): lambda access: (octets(date_time(esme.clock())), SUCCESS),
            (GET, 8, CLOCK, 4): lambda access: (u8(RELIABLE), SUCCESS),
            (GET_WITH_SELECTION, 7, EVENT_LOG, 2): self.read_event_log,
            (GET_WITH_SELECTION, 7, SECURITY_LOG, 2): self.read_security_log,
            (GET_WITH_SELECTION, 7, POWER_LOG, 2): self.read_power_log,
        } | {(ACTION, 30, name, 1): self.read_protected for name in PROTECTED}

    @rule("R-RSP-012", "R-RSP-013", "R-EVT-006")
    def access(self, command: Message, request: AccessRequest) -> AccessResponse:
        """Execute the items in order; after the first that fails, the rest is reported as not executed."""
        data: list[Data] = []
        results: list[tuple[int, int]] = []
        failed = False
        for spec, parameter in zip(request.specs, request.data, strict=True):
            value, code = (null(), OTHER_REASON) if failed else self._one(Access(command, spec, parameter))
            failed = failed or code != SUCCESS
            data.append(value)
            results.append((GET if spec.choice == GET_WITH_SELECTION else spec.choice, code))
        event = NOT_ACTIONED if failed else ACTIONED
        self._esme.logs.add(self._esme.logs.event, event, command.message_code.to_bytes(2))
        return AccessResponse(request.invoke_id, data, results)

    def _one(self, access: Access) -> Result:
        spec = access.spec
        found = self._objects.get((spec.choice, spec.class_id, spec.obis, spec.index))
        if found is None:
            return null(), OBJECT_UNDEFINED
        try:
            return found(access)
        except (GbcsError, TypeError, ValueError):
            return null(), HARDWARE_FAULT

    @rule("R-SUP-002", "R-SUP-003", "R-SUP-004", "R-SUP-005")
    def run_supply_script(self, access: Access) -> Result:
        """Enable, disable or arm the supply (ECS42, ECS43, ECS44)."""
        from rigs.virtual.esme import SupplyState

        esme = self._esme
        match access.data.value:
            case 0x33:
                esme.set_supply(SupplyState.ENABLED)
            case 0x34:
                esme.set_supply(SupplyState.DISABLED)
            case 0x36 if esme.supply_state is SupplyState.DISABLED:
                esme.set_supply(SupplyState.ARMED)
            case _:
                return null(), OTHER_REASON
        return null(), SUCCESS

    @rule("R-SUP-001")
    def read_supply_state(self, access: Access) -> Result:
        """Return the state of the load switch (ECS45)."""
        return enum(int(self._esme.supply_state)), SUCCESS

    @rule("R-ENC-001", "R-ENC-005", "R-ENC-005a")
    def read_protected(self, access: Access) -> Result:
        """Return attributes encrypted for the party that asked (ECS17b, ECS22b)."""
        esme, command = self._esme, access.command
        wanted, _ = parse_protected_request(access.data)
        key = esme.agreement_public_key(command.originator)
        if key is None:
            return null(), OTHER_REASON
        plain = encode(structure([self._attribute(item) for item in wanted]))
        secret = shared_secret(esme.agreement_key, key)
        ciphered = encrypt(plain, secret, esme.eui, command.counter, command.originator)
        parameters = ProtectionParameters(esme.eui, command.originator, command.counter)
        return protected_response(ciphered, parameters), SUCCESS

    def _attribute(self, item: ProtectedObject) -> Data:
        esme = self._esme
        if item.class_id == 7 and item.obis == PROFILE and item.between is not None:
            start, end = (_instant(limit, esme.clock()) for limit in item.between)
            rows = [structure([u32(zigbee_utc(at)), u32(wh)]) for at, wh in esme.profile(start, end)]
            return _compact([0x06, 0x06], rows)
        if item.class_id == 1:
            return structure(
                [
                    u32(int(esme.integrate())),
                    structure([i8(0), enum(WATT_HOUR)]),
                    u32(0),
                    structure([i8(0), enum(VAR_HOUR)]),
                ]
            )
        raise GbcsError(f"no attribute {item.attribute} of class {item.class_id}")

    @rule("R-RSP-019", "R-RSP-020")
    def read_event_log(self, access: Access) -> Result:
        """Return the entries of the event log in a range (ECS35a)."""
        entries = _between(access, list(self._esme.logs.event))
        rows = [structure([u32(zigbee_utc(one.time)), u16(one.code), octets(one.other)]) for one in entries]
        return _compact([0x06, 0x12, 0x09], rows), SUCCESS

    @rule("R-SEC-027")
    def read_security_log(self, access: Access) -> Result:
        """Return the entries of the security log in a range: time and code only (ECS35b)."""
        entries = _between(access, list(self._esme.logs.security))
        rows = [structure([u32(zigbee_utc(one.time)), u16(one.code)]) for one in entries]
        return _compact([0x06, 0x12], rows), SUCCESS

    def read_power_log(self, access: Access) -> Result:
        """Return the entries of the power event log in a range (ECS35e)."""
        entries = _between(access, list(self._esme.logs.power))
        rows = [structure([u32(zigbee_utc(one.time)), u16(one.code), u32(0)]) for one in entries]
        return _compact([0x06, 0x12, 0x06], rows), SUCCESS


def _compact(tags: list[int], rows: list[Data]) -> Data:
    element = TypeDescription(2, tuple(TypeDescription(tag) for tag in tags))
    return Data(COMPACT_ARRAY, CompactArray(element, rows))


def _between(access: Access, entries: list[Entry]) -> list[Entry]:
    selector = access.spec.selector
    if selector is None:
        raise GbcsError("a log is read with a range")
    start, end = from_zigbee_utc(selector[1].value), from_zigbee_utc(selector[2].value)
    return [entry for entry in entries if start <= entry.time <= end]


def _instant(limit: bytes, now: datetime) -> datetime:
    parsed = parse_date_time(limit)
    if isinstance(parsed, datetime):
        return parsed
    return now if parsed == "never" else datetime(2000, 1, 1, tzinfo=UTC)
