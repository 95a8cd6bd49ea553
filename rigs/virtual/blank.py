"""Empty values of the A-XDR types the catalogue names: what an object holds before anybody has written it."""

import re
from functools import cache

from bench.gbcs.axdr import CompactArray, Data, TypeDescription
from bench.gbcs.axdr_types import TYPE_NAMES

_TAGS = {name: tag for tag, name in TYPE_NAMES.items()}
_NOTHING: dict[str, object] = {
    "null-data": None,
    "boolean": False,
    "bit-string": (0, b""),
    "octet-string": b"",
    "visible-string": b"",
    "utf8-string": b"",
}


@cache
def description(signature: str) -> TypeDescription:
    """Return the type a signature such as "array[structure[octet-string, long]]" describes."""
    words = re.findall(r"[a-z0-9-]+|[\[\],]", signature)
    kind, rest = _read(words)
    if rest:
        raise ValueError(f"type {signature!r} does not end where it should")
    return kind


def _read(words: list[str]) -> tuple[TypeDescription, list[str]]:
    tag, rest = _TAGS[words[0]], words[1:]
    if not rest or rest[0] != "[":
        return TypeDescription(tag), rest
    members = []
    while rest[0] != "]":
        member, rest = _read(rest[1:])
        members.append(member)
    return TypeDescription(tag, tuple(members)), rest[1:]


def blank(kind: TypeDescription) -> Data:
    """Return the empty value of a type: no elements, zero, false, no octets."""
    name = TYPE_NAMES[kind.tag]
    if name == "structure":
        return Data(kind.tag, [blank(member) for member in kind.members])
    if name == "array":
        return Data(kind.tag, [])
    if name == "compact-array":
        return Data(kind.tag, CompactArray(kind.members[0], []))
    return Data(kind.tag, _NOTHING.get(name, 0))


def is_of(value: Data, kind: TypeDescription) -> bool:
    """Whether a value is of a type; elements of arrays are all looked at."""
    if value.tag != kind.tag:
        return False
    if TYPE_NAMES[kind.tag] == "structure":
        return len(value.value) == len(kind.members) and all(map(is_of, value.value, kind.members))
    if TYPE_NAMES[kind.tag] == "array":
        return not kind.members or all(is_of(element, kind.members[0]) for element in value.value)
    return True
