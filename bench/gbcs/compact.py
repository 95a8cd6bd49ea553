"""Compact arrays as tables: the type of the columns once, then rows of plain values (IEC 62056-6-2 4.1.5).

Readers are compiled once for each type description and meaning. Columns of fixed size are read by one `struct` call
a row; times are UTC text, events their code and name, quantities scaled with the unit beside the column's type.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from bench.gbcs import names
from bench.gbcs.axdr_types import (
    ARRAY,
    COMPACT_ARRAY,
    STRUCTURE,
    TYPE_NAMES,
)
from bench.gbcs.clock_text import zigbee_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.meaning import Meaning
from bench.gbcs.values import _STRUCT, DEEPEST, Named, read_length, read_simple

_READERS_KEPT = 256
_LONGEST_TYPE = 1024
_MOST_ROWS = 65536
_MOST_COLUMNS = 4096
_NOTHING = Meaning()

Reader = Callable[[bytes, int], tuple[Any, int]]


class Table(NamedTuple):
    """A compiled type description."""

    element: Named  #: how JSON shows the type
    reader: Reader  #: one row
    packed: struct.Struct | None  #: of the row if every column is an integer
    convert: Callable[[Any], Any] | None  #: the unpacked integers as a row


def read_compact(data: bytes, at: int, meaning: Meaning | None) -> tuple[Named, int]:
    """The compact array at `at` and the offset after it. Raises GbcsError."""
    end_of_type = _skip_type(data, at + 1, 0)
    described = data[at + 1 : end_of_type]
    if len(described) > _LONGEST_TYPE:
        raise GbcsError(f"type description of {len(described)} octets", at + 1)
    table = _table(described, meaning)
    size, start = read_length(data, end_of_type)
    end = start + size
    if end > len(data):
        raise GbcsError("data end inside compact-array", start)
    contents = data[start:end]
    found: Named = {"name": meaning.name} if meaning is not None and meaning.name else {}
    found["type"] = "compact-array"
    found["row"] = _copied(table.element)
    if table.packed is not None and table.convert is not None and table.packed.size:
        if size % table.packed.size:
            raise GbcsError("a row of a compact-array is cut short", end)
        found["rows"] = list(map(table.convert, table.packed.iter_unpack(contents)))
        return found, end
    rows: list[Any] = []
    place = 0
    while place < size:
        row, after = table.reader(contents, place)
        if after == place or len(rows) >= _MOST_ROWS:
            raise GbcsError("rows of a compact-array that take no octets", at)
        rows.append(row)
        place = after
    found["rows"] = rows
    return found, end


def _copied(element: Named) -> Named:
    """A type for one more caller, who may change it."""
    found = dict(element)
    if "members" in found:
        found["members"] = [_copied(member) for member in found["members"]]
    elif "member" in found:
        found["member"] = _copied(found["member"])
    return found


def _skip_type(data: bytes, at: int, depth: int) -> int:
    """Offset after the type description at `at`."""
    if depth >= DEEPEST:
        raise GbcsError(f"types nested deeper than {DEEPEST}", at)
    if at >= len(data):
        raise GbcsError("data end inside a type description", at)
    tag = data[at]
    if tag == STRUCTURE:
        count, after = read_length(data, at + 1)
        if count > len(data) - after:
            raise GbcsError(f"{count} types in {len(data) - after} octets", at + 1)
        for _ in range(count):
            after = _skip_type(data, after, depth + 1)
        return after
    if tag == ARRAY:
        return _skip_type(data, at + 3, depth + 1)
    if tag == COMPACT_ARRAY or tag not in TYPE_NAMES:
        raise GbcsError(f"data type {tag:02X} in a type description", at)
    return at + 1


@lru_cache(_READERS_KEPT)
def _table(described: bytes, meaning: Meaning | None) -> Table:
    element, reader, _ = _compile(described, 0, meaning or _NOTHING, [_MOST_COLUMNS])
    element.pop("name", None)
    packed, convert = _packed(element)
    return Table(element, reader, packed, convert)


def _compile(described: bytes, at: int, meaning: Meaning, left: list[int]) -> tuple[Named, Reader, int]:
    """JSON form and reader of the type at `at`, and the offset after it; `left` bounds the columns of a row."""
    tag = described[at]
    found: Named = {"name": meaning.name} if meaning.name else {}
    found["type"] = TYPE_NAMES[tag]
    if tag == STRUCTURE:
        count, at = read_length(described, at + 1)
        chosen = meaning.of_count(count)
        members, readers = [], []
        for number in range(count):
            member, reader, at = _compile(described, at, chosen.members.get(number, _NOTHING), left)
            members.append(member)
            readers.append(reader)
        keys = _keys(members)
        for member, key in zip(members, keys, strict=True):
            member["name"] = key
        found["members"] = [{"name": member.pop("name"), **member} for member in members]
        return found, _structure_reader(tuple(keys), tuple(readers), members), at
    if tag == ARRAY:
        count = int.from_bytes(described[at + 1 : at + 3], "big")
        member, reader, at = _compile(described, at + 3, meaning, left)
        member.pop("name", None)
        found["count"], found["member"] = count, member
        left[0] -= count
        if left[0] < 0:
            raise GbcsError(f"more than {_MOST_COLUMNS} columns in a compact-array")
        return found, _array_reader(count, reader), at
    left[0] -= 1
    if meaning.unit and meaning.scaler is not None and tag in _STRUCT and tag not in (20, 21):
        found["unit"], found["scaler"] = meaning.unit, meaning.scaler
    elif meaning.kind in ("utc", "event") and tag in (6, 18):
        found["kind"] = meaning.kind
    return found, _simple_reader(tag, found), at + 1


def _keys(members: list[Named]) -> list[str]:
    """Names of columns, all different."""
    keys: list[str] = []
    for number, member in enumerate(members, 1):
        key = member.get("name", f"column {number}")
        keys.append(key if key not in keys else f"{key} {number}")
    return keys


def _simple_reader(tag: int, column: Named) -> Reader:
    code = _STRUCT.get(tag)
    if code is not None:
        packed, convert = struct.Struct(">" + code), converter(column)

        def number(data: bytes, at: int) -> tuple[Any, int]:
            try:
                return convert(packed.unpack_from(data, at)[0]), at + packed.size
            except struct.error:
                raise GbcsError("a row of a compact-array is cut short", at) from None

        return number

    def other(data: bytes, at: int) -> tuple[Any, int]:
        value, at = read_simple(tag, data, at)
        if tag == 4 or "octets" in value:
            return {key: one for key, one in value.items() if key != "type"}, at
        return value["value"], at

    return other


def _structure_reader(keys: tuple[str, ...], readers: tuple[Reader, ...], members: list[Named]) -> Reader:
    events = {key for key, member in zip(keys, members, strict=True) if member.get("kind") == "event"}

    def row(data: bytes, at: int) -> tuple[Any, int]:
        found: Named = {}
        for key, reader in zip(keys, readers, strict=True):
            found[key], at = reader(data, at)
            if key in events:
                found[f"{key} name"] = names.alert_name(int(found[key], 16))
        return found, at

    return row


def _array_reader(count: int, reader: Reader) -> Reader:
    def elements(data: bytes, at: int) -> tuple[Any, int]:
        found = []
        if count > len(data) - at:
            raise GbcsError(f"{count} elements in {len(data) - at} octets", at)
        for _ in range(count):
            one, at = reader(data, at)
            found.append(one)
        return found, at

    return elements


def _event(value: int) -> str:
    return f"{value:04X}"


def _same(value: int) -> int:
    return value


def converter(column: Named) -> Callable[[int], Any]:
    """How an integer of a column is shown."""
    kind = column.get("kind")
    if kind == "utc":
        return zigbee_time
    if kind == "event":
        return _event
    scaler = column.get("scaler", 0)
    if not scaler:
        return _same
    power: int = 10 ** abs(scaler)
    return (lambda value: value / power) if scaler < 0 else (lambda value: value * power)


def _packed(element: Named) -> tuple[struct.Struct | None, Callable[[Any], Any] | None]:
    """One struct for a row whose columns are integers or arrays of them, and how its numbers make a row."""
    if element["type"] != "structure":
        return None, None
    codes, columns = [], []
    place = 0
    for member in element["members"]:
        simple = member["member"] if member["type"] == "array" else member
        count = member.get("count", 1)
        code = _STRUCT.get(_TAGS[simple["type"]])
        if code is None:
            return None, None
        codes.append(f"{count}{code}")
        columns.append((member["name"], place, member.get("count"), converter(simple), simple.get("kind") == "event"))
        place += count
    if any(column[2] is not None or column[4] for column in columns):
        return struct.Struct(">" + "".join(codes)), _wide(tuple(columns))
    keys, convert = tuple(column[0] for column in columns), tuple(column[3] for column in columns)

    def plain(values: tuple[int, ...]) -> Named:
        return {key: shown(value) for key, shown, value in zip(keys, convert, values, strict=True)}

    return struct.Struct(">" + "".join(codes)), plain


def _wide(columns: tuple[tuple[str, int, int | None, Callable[[int], Any], bool], ...]) -> Callable[[Any], Named]:
    def row(values: tuple[int, ...]) -> Named:
        found: Named = {}
        for key, place, count, shown, event in columns:
            if count is not None:
                found[key] = [shown(value) for value in values[place : place + count]]
            else:
                found[key] = shown(values[place])
                if event:
                    found[f"{key} name"] = names.alert_name(values[place])
        return found

    return row


_TAGS = {name: tag for tag, name in TYPE_NAMES.items()}
