"""Reading a pre-command back into the words of its request, object by object of the catalogue.

Nothing here builds octets: what the pre-command holds is decoded and put beside what the request says, so that a
mistake of the transform is not repeated.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bench.catalogue import Item, UseCase
from bench.dcc.errors import CorrelationError, DuisError
from bench.dcc.payload import Context, find, holds
from bench.dcc.record import CANCEL
from bench.gbcs import dlms, names, zcl_payload
from bench.gbcs.axdr import TYPE_NAMES, Data
from bench.gbcs.dlms import AccessRequest
from bench.gbcs.gbz import FROM_DATE_TIME, LAST, PROFILE, Gbz
from bench.gbcs.message import Message

_VERBS = {dlms.GET: "get", dlms.SET: "set", dlms.ACTION: "action", dlms.GET_WITH_SELECTION: "select"}
_PARAMETERS = (
    "array[structure[enum, structure[octet-string, octet-string, octet-string, octet-string, "
    "structure[enum, structure[octet-string, octet-string]]]]]"
)
_CAPTURE_TIME = [1, bytes.fromhex("00005E2C64FF"), 2, 0]


def same(field: str, requested: object, seen: object) -> None:
    """Raise CorrelationError if two values differ; True is not 1."""
    if requested != seen or isinstance(requested, bool) != isinstance(seen, bool):
        raise CorrelationError(field, shown(requested), shown(seen))


def shown(value: object) -> str:
    """A value for people, long octets shortened."""
    if isinstance(value, bytes) and type(value) is bytes:
        text = value.hex()
        short = f"{text[:24]}..{text[-24:]} ({len(value)} octets)"
        return text if 0 < len(text) <= 80 else short if text else "nothing"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def plain(data: Data) -> Any:
    """A decoded value without its types: lists, numbers, octets."""
    if data.tag in (1, 2):
        return [plain(each) for each in data.value]
    return data.value


def signature(data: Data) -> str:
    """The types of a value; rows of an array that are alike are named once."""
    name = TYPE_NAMES.get(data.tag, f"tag {data.tag:02X}")
    if data.tag not in (1, 2):
        return name
    parts = [signature(each) for each in data.value]
    if data.tag == 1:
        parts = list(dict.fromkeys(parts))
    return f"{name}[{', '.join(parts)}]"


class Calls:
    """The objects of a DLMS command, taken one after the other."""

    def __init__(self, message: Message) -> None:
        self._apdu = AccessRequest.parse(message.payload)
        self._next = 0
        self.message = message
        same("invoke-id", dlms.long_invoke_id(message.counter), self._apdu.invoke_id)
        same("encoding", message.payload, bytes(self._apdu))

    def take(self, verb: str, target: str) -> tuple[str, Data, Data | None]:
        """Name, value and selection of the next object, which has to be this one."""
        where = f"object {self._next + 1}"
        if self._next >= len(self._apdu.specs):
            raise CorrelationError(where, target, "nothing")
        spec, data = self._apdu.specs[self._next], self._apdu.data[self._next]
        self._next += 1
        groups = spec.obis
        obis = f"{groups[0]}-{groups[1]}:{'.'.join(str(group) for group in groups[2:])}"
        same(where, target, f"{spec.class_id}:{obis}:{spec.index}")
        same(f"{where} service", verb, _VERBS[spec.choice])
        if spec.selector is not None:
            same(f"{where} access selector", 1, spec.access_selector)
        return where, data, spec.selector

    def value(self, verb: str, target: str, kind: str) -> tuple[str, Any]:
        """Name and plain value of the next object, which has to be of this type."""
        where, data, _ = self.take(verb, target)
        same(f"{where} type", kind, signature(data))
        return where, plain(data)

    def end(self) -> None:
        """Raise CorrelationError if objects are left."""
        same("number of objects", self._next, len(self._apdu.specs))


class Commands:
    """The components of a GBZ command, taken one after the other."""

    def __init__(self, message: Message) -> None:
        self._gbz = Gbz.parse(message.payload)
        self._next = 0
        self.issued: int | None = None  #: issuer event id, the same throughout
        same("profile", PROFILE, self._gbz.profile)
        same("encoding", message.payload, bytes(self._gbz))

    def take(self, target: str, verb: str) -> tuple[str, Any]:
        """Name of the next component, which has to be this one, and the component."""
        where = f"command {self._next + 1}"
        if self._next >= len(self._gbz.components):
            raise CorrelationError(where, target, "nothing")
        seen = self._gbz.components[self._next]
        cluster, _, command = target.partition(":")
        frame_control = {"read": 0x00, "to_server": 0x01, "to_client": 0x09}[verb]
        same(f"{where} cluster", cluster, f"{seen.cluster:04X}")
        same(f"{where} frame control", f"{frame_control:02X}", f"{seen.frame_control:02X}")
        same(where, command or "00", f"{seen.command:02X}")
        same(f"{where} sequence number", self._next, seen.tsn)
        last = self._next + 1 == len(self._gbz.components)
        same(f"{where} last component", last, bool(seen.control & LAST))
        same(f"{where} encryption", False, seen.encrypted)
        self._next += 1
        return where, seen

    def fields(self, target: str, verb: str, *, since: bool = False) -> tuple[str, dict[str, Any], int | None]:
        """Name, fields and From Date Time of the next component."""
        where, seen = self.take(target, verb)
        cluster, command = (int(part, 16) for part in target.split(":"))
        known = names.zcl_command(cluster, verb == "to_server", command)
        assert known is not None, target
        values = zcl_payload.decode(known.fields, seen.payload)
        same(f"{where} From Date Time", since, bool(seen.control & FROM_DATE_TIME))
        for name in ("issuerEventId", "messageId"):
            if name in values:
                self.event(where, name, values[name])
        return where, values, seen.from_date_time

    def event(self, where: str, name: str, seen: int) -> None:
        """The time of issue, which the request does not say, is the same wherever it stands."""
        if self.issued is None:
            self.issued = seen
        same(f"{where} {name}", self.issued, seen)

    def end(self) -> None:
        """Raise CorrelationError if components are left."""
        same("number of commands", self._next, len(self._gbz.components))


#: how the builders of the catalogue are read back, by name: values (context, where, value, words) and sequences
#: (context, calls or commands, words)

Readers = tuple[dict[str, Callable[..., None]], dict[str, Callable[..., None]]]


def read(case: UseCase, context: Context, message: Message, readers: Readers) -> None:
    """Compare a DLMS or GBZ pre-command with its request, item by item; raises CorrelationError."""
    items = [item for item in case.command if all(holds(context, condition) for condition in item.when)]
    values, sequences = readers
    if case.payload == "ASN1":
        raise DuisError(f"{case.name}: what it carries is not in the request, so it cannot be checked")
    if case.payload == "DLMS":
        calls = Calls(message)
        for item in items:
            if item.verb == "each":
                name, *words = item.target.split()
                sequences[name](context, calls, *words)
            else:
                _object(item, context, calls, values)
        calls.end()
        return
    commands = Commands(message)
    for item in items:
        if item.verb == "each":
            name, *words = item.target.split()
            sequences[name](context, commands, *words)
        elif item.verb == "read":
            where, seen = commands.take(item.target, "read")
            same(f"{where} From Date Time", False, bool(seen.control & FROM_DATE_TIME))
            attributes = [seen.payload[n : n + 2][::-1].hex().upper() for n in range(0, len(seen.payload), 2)]
            same(f"{where} attributes", list(item.attributes), attributes)
        else:
            for repetition in range(item.repeat):
                _zcl(item, context, commands, repetition)
    commands.end()


def _object(item: Item, context: Context, calls: Calls, values: dict[str, Callable[..., None]]) -> None:
    verb = "action" if item.verb == "protected" else item.verb
    where, data, selection = calls.take(verb, item.target)
    if item.verb == "select":
        assert selection is not None
        kinds = "structure[structure[long-unsigned, octet-string, integer, long-unsigned], double-long-unsigned"
        same(f"{where} selection type", f"{kinds}, double-long-unsigned, array[]]", signature(selection))
        column, start, end, _ = plain(selection)
        same(f"{where} selected column", _CAPTURE_TIME, column)
        same(f"{where} from", zigbee(context.period.start), start)
        same(f"{where} to", zigbee(context.period.end), end)
    if item.verb in ("get", "select"):
        same(f"{where} value", "null-data", signature(data))
    elif item.verb == "protected":
        _protected(item, context, where, data, calls.message)
    elif item.build:
        name, *words = item.build.split()
        values[name](context, f"{where} value", data, *words)
    else:
        same(f"{where} type", item.type, signature(data))
        requested = item.value if not item.source else find(context, item.source)
        if item.values:
            requested = item.values[requested]
        same(f"{where} value", requested, _as_requested(requested, plain(data)))


def _as_requested(requested: Any, seen: Any) -> Any:
    """A decoded value in the kind the request has it."""
    if not isinstance(seen, bytes):
        return seen
    if isinstance(requested, datetime) or requested in ("now", "never"):
        return moment(seen)
    return seen.decode("ascii", "backslashreplace") if isinstance(requested, str) else seen


def moment(octets: bytes) -> Any:
    """The instant, "now" or "never" of a DLMS date-time; the octets themselves if they are not its one proper form."""
    at = dlms.parse_date_time(octets)
    return octets if at is None or dlms.date_time(at) != octets else at


def _protected(item: Item, context: Context, where: str, data: Data, message: Message) -> None:
    limits = "structure[octet-string, octet-string]" if item.period else "null-data"
    listed = f"array[structure[long-unsigned, octet-string, integer, long-unsigned, structure[enum, {limits}]]]"
    same(f"{where} type", f"structure[{listed}, {_PARAMETERS}]", signature(data))
    objects, parameters = dlms.parse_protected_request(data)
    wanted = []
    for name in item.objects:
        class_id, medium, groups, index = name.split(":")
        octets = bytes([*map(int, medium.split("-")), *map(int, groups.split("."))])
        wanted.append((int(class_id), octets, int(index)))
    same(f"{where} objects", wanted, [(each.class_id, each.obis, each.attribute) for each in objects])
    for each in objects:
        same(f"{where} data index", 0, each.data_index)
        seen = None if each.between is None else tuple(map(moment, each.between))
        requested = (context.period.start, context.period.end) if item.period else None
        if requested is not None:
            requested = tuple("never" if at == CANCEL else at for at in requested)  # type: ignore[assignment]
        same(f"{where} period", requested, seen)
    user = message.originator if message.supplementary_party is None else message.supplementary_party
    same(f"{where} protection originator", bytes(user), bytes(parameters.originator))
    same(f"{where} protection recipient", bytes(message.target), bytes(parameters.recipient))
    same(f"{where} protection counter", message.counter, parameters.counter)
    same(f"{where} encoding", dlms.protected_request(objects, parameters), data)


def zigbee(at: Any) -> int:
    """ZigBee time of what a request says: a date of the year 3000 means without end."""
    words = {"now": 0, "end": 0xFFFFFFFE, "never": 0xFFFFFFFF}
    if isinstance(at, str):
        return words[at]
    if at >= CANCEL:
        return words["end"]
    return int((at - datetime.fromisoformat("2000-01-01T00:00:00+00:00")).total_seconds())


def _zcl(item: Item, context: Context, commands: Commands, repetition: int) -> None:
    since = bool(item.from_date_time)
    where, values, from_date_time = commands.fields(item.target, item.verb, since=since)
    if since:
        same(f"{where} From Date Time", zigbee(find(context, item.from_date_time)), from_date_time)
    for name, seen in values.items():
        field = item.fields.get(name, 0)
        if field == "@issued":
            commands.event(where, name, seen)
            continue
        same(f"{where} {name}", _requested(field, context, seen, repetition), seen)


def _requested(field: Any, context: Context, seen: Any, repetition: int) -> Any:
    """What a field has to be, in the kind it was decoded to."""
    if isinstance(field, int):
        return b"" if isinstance(seen, bytes) and not field else [] if isinstance(seen, list) and not field else field
    if field == "@number":
        return repetition
    value = find(context, field if isinstance(field, str) else field["from"])
    if value is None:
        raise DuisError(f"{context.body.name()}: {field} is missing")
    if isinstance(field, dict):
        return field["values"][value] if "values" in field else int(Decimal(value) * field["times"])
    if isinstance(value, datetime) or value in ("now", "never", "end"):
        return zigbee(value)
    return value.encode("ascii") if isinstance(value, str) else value
