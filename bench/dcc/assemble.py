"""From a use case of the catalogue and a request to the octets of a GBCS payload."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bench.catalogue import Item, UseCase
from bench.dcc.commands import COMMANDS, Call, ZclCommand
from bench.dcc.credentials import DER
from bench.dcc.dlms_values import VALUES
from bench.dcc.errors import DuisError
from bench.dcc.payload import Context, find, holds, scaled, split_object, zigbee_moment
from bench.gbcs import dlms, names, zcl_payload
from bench.gbcs.axdr import Data
from bench.gbcs.dlms import AccessRequest, ProtectedObject, ProtectionParameters, Spec
from bench.gbcs.errors import GbcsError
from bench.gbcs.gbz import FROM_DATE_TIME, LAST, Gbz, GbzComponent

_CAPTURE_TIME = dlms.structure((dlms.u16(1), dlms.octets(bytes.fromhex("00005E2C64FF")), dlms.i8(2), dlms.u16(0)))


def assemble(case: UseCase, context: Context) -> bytes:
    """The payload. Raises DuisError if the request does not give what the use case needs."""
    if not case.command:
        raise DuisError(f"{case.name}: what its command carries is not known")
    items = [item for item in case.command if all(holds(context, condition) for condition in item.when)]
    try:
        match case.payload:
            case "DLMS":
                return _dlms(items, context)
            case "GBZ":
                return _gbz(items, context)
        name, *words = items[0].target.split()
        return DER[name](context, *words)
    except GbcsError as problem:
        raise DuisError(f"{case.name}: {problem}") from None
    except AttributeError as problem:
        if problem.obj is not None:
            raise
        lacking = str(problem.name).replace(
            "_", " "
        )  # a group of elements that may be absent, but not for this use case
        raise DuisError(f"{case.name}: the request lacks the elements that give its {lacking}") from None


def _dlms(items: list[Item], context: Context) -> bytes:
    calls: list[Call] = []
    for item in items:
        if item.verb == "each":
            name, *words = item.target.split()
            calls += [call for call in COMMANDS[name](context, *words) if not isinstance(call, ZclCommand)]
        else:
            calls.append(_call(item, context))
    if not calls:
        raise DuisError(f"{context.body.name()}: nothing is asked for")
    specs, data = [spec for spec, _ in calls], [value for _, value in calls]
    return bytes(AccessRequest(dlms.long_invoke_id(context.counter), specs, data))


def _call(item: Item, context: Context) -> Call:
    class_id, obis, index = split_object(item.target)
    match item.verb:
        case "get":
            return Spec(dlms.GET, class_id, obis, index), dlms.null()
        case "select":
            period = context.period
            start, end = dlms.u32(zigbee_moment(period.start)), dlms.u32(zigbee_moment(period.end))
            selector = dlms.structure((_CAPTURE_TIME, start, end, dlms.array(())))
            return Spec(dlms.GET_WITH_SELECTION, class_id, obis, index, selector), dlms.null()
        case "protected":
            between = None
            if item.period:
                between = dlms.date_time(context.period.start), dlms.date_time(context.period.end)
            listed = [ProtectedObject(*split_object(each), between=between) for each in item.objects]
            parameters = ProtectionParameters(context.user, context.request.request_id.target, context.counter)
            return Spec(dlms.ACTION, class_id, obis, index), dlms.protected_request(listed, parameters)
    choice = dlms.SET if item.verb == "set" else dlms.ACTION
    return Spec(choice, class_id, obis, index), _value(item, context)


def _octets(value: Any) -> Data:
    if isinstance(value, datetime) or value in ("now", "never"):
        return dlms.octets(dlms.date_time(value))
    return dlms.octets(value.encode("ascii") if isinstance(value, str) else bytes(value))


_TYPES: dict[str, Callable[[Any], Data]] = {
    "boolean": dlms.boolean,
    "double-long": dlms.i32,
    "double-long-unsigned": dlms.u32,
    "enum": dlms.enum,
    "integer": dlms.i8,
    "long": dlms.i16,
    "long-unsigned": dlms.u16,
    "null-data": lambda value: dlms.null(),
    "octet-string": _octets,
    "unsigned": dlms.u8,
    "visible-string": dlms.visible,
}


def _value(item: Item, context: Context) -> Data:
    if item.build:
        name, *words = item.build.split()
        return VALUES[name](context, *words)
    value = item.value
    if item.source:
        value = find(context, item.source)
        if value is None:
            raise DuisError(f"{context.body.name()}: {item.source} is missing")
        value = item.values[value] if item.values else value
    return _TYPES[item.type](value)


def _gbz(items: list[Item], context: Context) -> bytes:
    components: list[GbzComponent] = []
    for item in items:
        if item.verb == "read":
            attributes = struct.pack(f"<{len(item.attributes)}H", *(int(each, 16) for each in item.attributes))
            components.append(GbzComponent(0, int(item.target, 16), 0x00, len(components), 0x00, attributes))
            continue
        for command in _commands(item, context):
            components.append(_component(command, len(components)))
    if not components:
        raise DuisError(f"{context.body.name()}: nothing is asked for")
    components[-1] = replace(components[-1], control=components[-1].control | LAST)
    return bytes(Gbz(components=components))


def _commands(item: Item, context: Context) -> list[ZclCommand]:
    if item.verb == "each":
        name, *words = item.target.split()
        return [each for each in COMMANDS[name](context, *words) if isinstance(each, ZclCommand)]
    cluster, number = (int(part, 16) for part in item.target.split(":"))
    since = zigbee_moment(find(context, item.from_date_time)) if item.from_date_time else None
    commands = []
    for repetition in range(item.repeat):
        fields = {
            name: repetition if field == "@number" else _field(field, context) for name, field in item.fields.items()
        }
        commands.append(ZclCommand(cluster, item.verb == "to_server", number, fields, since))
    return commands


def _field(field: int | str | Mapping[str, Any], context: Context) -> Any:
    if isinstance(field, int):
        return field
    source = field if isinstance(field, str) else field["from"]
    value = find(context, source)
    if value is None:
        raise DuisError(f"{context.body.name()}: {source} is missing")
    if isinstance(field, Mapping):
        value = field["values"][value] if "values" in field else scaled(Decimal(value), field["times"], source)
    return value


def _component(command: ZclCommand, number: int) -> GbzComponent:
    known = names.zcl_command(command.cluster, command.to_server, command.command)
    assert known is not None, f"{command.cluster:04X}:{command.command:02X}"
    values: dict[str, Any] = {}
    for field in zcl_payload.parsed(known.fields):
        if field.name in command.fields:
            values[field.name] = _plain(command.fields[field.name])
        elif not field.optional:
            values[field.name] = b"" if field.type == "str" else [] if field.members else 0
    payload = zcl_payload.encode(known.fields, values)
    control = 0 if command.from_date_time is None else FROM_DATE_TIME
    frame_control = 0x01 if command.to_server else 0x09
    return GbzComponent(
        control,
        command.cluster,
        frame_control,
        number,
        command.command,
        payload,
        from_date_time=command.from_date_time,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) or value in ("now", "never", "end"):
        return zigbee_moment(value)
    return value.encode("ascii") if isinstance(value, str) else value
