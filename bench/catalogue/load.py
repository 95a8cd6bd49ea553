"""Reading and checking the catalogue files: one line names the file, the key and the reason of a mistake."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from bench.catalogue.model import COMMON, DEVICES, METERS, ROLES, SENDERS, VERBS, Item, Part, UseCase


class CatalogueError(ValueError):
    """A catalogue file is wrong; the message is one line with file, key and reason."""


class _Table:
    """A TOML table whose keys are taken one by one; what is left at the end is unknown."""

    def __init__(self, where: str, table: Any) -> None:
        if not isinstance(table, dict):
            raise CatalogueError(f"{where}: {type(table).__name__}, expected a table")
        self.where, self._rest = where, dict(table)

    def wrong(self, key: str, reason: str) -> CatalogueError:
        return CatalogueError(f"{self.where}.{key}: {reason}")

    def take(self, key: str, kind: type, default: Any = None, *, needed: bool = False) -> Any:
        if key not in self._rest:
            if needed:
                raise self.wrong(key, "is missing")
            return default
        value = self._rest.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, f"{type(value).__name__}, expected {kind.__name__}")
        return value

    def any(self, key: str) -> Any:
        return self._rest.pop(key, None)

    def words(self, key: str, allowed: Sequence[str] = (), *, prefix: str = "") -> tuple[str, ...]:
        values = self.take(key, list, [])
        for value in values:
            if not isinstance(value, str):
                raise self.wrong(key, f"{value!r}, expected text")
            if allowed and value.removeprefix(prefix) not in allowed:
                raise self.wrong(key, f"{value!r}, expected {', '.join(allowed)}")
        return tuple(values)

    def codes(self, key: str) -> tuple[int, ...]:
        values = self.take(key, list, [])
        for value in values:
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 0xFFFF:
                raise self.wrong(key, f"{value!r}, expected a code of 16 bits")
        return tuple(values)

    def end(self) -> None:
        if self._rest:
            raise self.wrong(next(iter(self._rest)), "unknown key")


def _object(table: _Table, key: str, text: str) -> str:
    """Check ``class:A-B:C.D.E.F:index``."""
    parts = text.split(":")
    try:
        numbers = [int(parts[0]), *map(int, parts[1].split("-")), *map(int, parts[2].split(".")), int(parts[3])]
        good = len(parts) == 4 and len(numbers) == 8 and all(0 <= each <= 255 for each in numbers[1:])
    except (ValueError, IndexError):
        good = False
    if not good:
        raise table.wrong(key, f"{text!r}, expected class:A-B:C.D.E.F:index")
    return text


def _hexadecimal(table: _Table, key: str, text: str, pattern: str) -> str:
    same = len(text) == len(pattern) and all(
        (a == b) if b == ":" else a in "0123456789ABCDEF" for a, b in zip(text, pattern, strict=True)
    )
    if not same:
        raise table.wrong(key, f"{text!r}, expected hex digits like {pattern}")
    return text


def _item(where: str, raw: Any) -> Item:
    table = _Table(where, raw)
    verbs = [verb for verb in VERBS if verb in raw]
    if len(verbs) != 1:
        raise CatalogueError(f"{where}: {len(verbs)} verbs, expected one of {', '.join(VERBS)}")
    verb = verbs[0]
    for key in raw:
        if key != verb and key not in VERBS[verb] and key not in COMMON:
            raise table.wrong(key, f"unknown key beside {verb}")
    target = table.take(verb, str, needed=True)
    if verb in ("get", "set", "action", "select", "protected"):
        _object(table, verb, target)
    elif verb == "read":
        _hexadecimal(table, verb, target, "0702")
    elif verb in ("to_server", "to_client"):
        _hexadecimal(table, verb, target, "0702:0B")
    item = Item(
        verb,
        target,
        type=table.take("type", str, ""),
        value=table.any("value"),
        source=table.take("from", str, ""),
        build=table.take("build", str, ""),
        values=table.take("values", dict, {}),
        objects=table.words("objects"),
        period=table.take("period", bool, verb == "select"),
        attributes=table.words("attributes"),
        fields=table.take("fields", dict, {}),
        from_date_time=table.take("from_date_time", str, ""),
        repeat=table.take("repeat", int, 1),
        when=table.words("when"),
        meaning=table.take("meaning", str, ""),
        unit=table.take("unit", str, ""),
        answer=table.take("answer", str, ""),
    )
    table.end()
    for each in item.objects:
        _object(table, "objects", each)
    for each in item.attributes:
        _hexadecimal(table, "attributes", each, "0702")
    if verb in ("set", "action"):
        given = [item.value is not None or item.type == "null-data", bool(item.source), bool(item.build)]
        if sum(given) != 1:
            raise CatalogueError(f"{where}: expected exactly one of value, from and build")
        if not item.build and not item.type:
            raise table.wrong("type", "is missing")
    return item


def _part(where: str, raw: Any) -> Part:
    table = _Table(where, raw)
    part = Part(
        table.take("object", str, needed=True),
        table.take("type", str, ""),
        table.take("encrypted", bool, False),
        table.take("disable_default_response", bool, False),
    )
    table.end()
    return part


def _use_case(where: str, name: str, raw: Any) -> UseCase:
    table = _Table(where, raw)
    code = table.take("code", int, needed=True)
    if not 0 <= code <= 0xFFFF:
        raise table.wrong("code", f"{code}, expected a message code of 16 bits")
    payload = table.take("payload", str, needed=True)
    if payload not in ("DLMS", "GBZ", "ASN1"):
        raise table.wrong("payload", f"{payload!r}, expected DLMS, GBZ or ASN1")
    sender = table.take("sender", str, "user")
    if sender not in SENDERS:
        raise table.wrong("sender", f"{sender!r}, expected {', '.join(SENDERS)}")
    found = UseCase(
        name=name,
        use_case=table.take("use_case", str, name),
        code=code,
        title=table.take("title", str, needed=True),
        payload=payload,
        devices=table.words("devices", DEVICES),
        services=table.words("services"),
        critical=table.take("critical", bool, False),
        roles=table.words("roles", ROLES),
        sender=sender,
        replay=table.take("replay", bool),
        future_dated=table.take("future_dated", bool, False),
        other_recipient=table.take("other_recipient", bool, False),
        response_date_time=table.take("response_date_time", bool, False),
        response_signed=table.take("response_signed", bool),
        encrypted=table.take("encrypted", bool, False),
        alerts=table.codes("alerts"),
        alert_message_codes=table.codes("alert_message_codes"),
        when=table.words("when"),
        meter=table.words("meter", METERS, prefix="!"),
        superseded_by=table.take("superseded_by", str, ""),
        command=tuple(_item(f"{where}.command[{n}]", each) for n, each in enumerate(table.take("command", list, []))),
        response=tuple(
            _part(f"{where}.response[{n}]", each) for n, each in enumerate(table.take("response", list, []))
        ),
        notes=table.take("notes", str, ""),
    )
    table.end()
    return found


def load(directory: Path) -> dict[str, UseCase]:
    """Every use case of the TOML files of a directory, by name. Raises CatalogueError."""
    return _load({path.name: path.read_text("utf-8") for path in sorted(directory.glob("*.toml"))})


def _load(texts: Mapping[str, str]) -> dict[str, UseCase]:
    found: dict[str, UseCase] = {}
    claims: dict[tuple[object, ...], str] = {}
    for file, text in texts.items():
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as problem:
            raise CatalogueError(f"{file}: {problem}") from None
        for name, raw in document.items():
            if name in found:
                raise CatalogueError(f"{file}: {name}: defined twice")
            case = found[name] = _use_case(f"{file}: {name}", name, raw)
            for service in case.services or ("",):
                claim = (case.code, service, case.devices, case.when, case.sender)
                if claim in claims:
                    raise CatalogueError(
                        f"{file}: {name}.code: {case.code:#06x} is that of {claims[claim]} for the same request"
                    )
                claims[claim] = name
    for name, case in found.items():
        if case.superseded_by and case.superseded_by not in found:
            raise CatalogueError(f"{name}.superseded_by: {case.superseded_by!r} is no use case")
    return found


@cache
def catalogue() -> Mapping[str, UseCase]:
    """The catalogue of this package, by name."""
    folder = files("bench.catalogue") / "use_cases"
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return _load(dict(sorted(texts.items())))


def use_case(name: str) -> UseCase:
    """The use case of this name. Raises CatalogueError if there is none."""
    try:
        return catalogue()[name]
    except KeyError:
        raise CatalogueError(f"{name[:40]!r}: no such use case") from None


def use_cases_of(service: str) -> list[UseCase]:
    """Every use case a service reference variant may lead to."""
    return [case for case in catalogue().values() if service in case.services]
