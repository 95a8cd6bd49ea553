"""Forms of DER payloads, each read to named values and written back from them.

A form is a tree of small readers: `Sequence` of `Field`s, `Each` element of a list, integers, names, octets, times.
Lengths 128..255 of constructed elements may be in the form ``82 00 xx`` RTDS uses; `Reading.long_form` says whether.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from bench.gbcs.clock_text import from_iso, iso
from bench.gbcs.der import GENERALIZED_TIME, INTEGER, NULL, OCTET_STRING, SEQUENCE, Tlv, as_time, generalized_time
from bench.gbcs.errors import GbcsError
from bench.gbcs.eui import Eui64
from bench.gbcs.value_octets import hexadecimal, integer

Named = dict[str, Any]


@dataclass(slots=True)
class Reading:
    """The octets being read and what was odd about them."""

    data: bytes
    long_form: bool = False  #: a length 128..255 took three octets


class Node(NamedTuple):
    """Place of one element."""

    tag: int
    at: int  #: its first octet
    start: int  #: first octet of the content
    stop: int


class Form(Protocol):
    """Reads an element and writes it back."""

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""

    def read(self, reading: Reading, node: Node) -> Any:
        """What the element shows. Raises GbcsError."""

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""


def element(reading: Reading, at: int, stop: int) -> Node:
    """The element at `at`, which ends before `stop`. Raises GbcsError."""
    data = reading.data
    if at + 2 > stop:
        raise GbcsError("data end inside a DER header", at)
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise GbcsError(f"DER tag {tag:02X} of more than one octet", at)
    if length >= 0x80:
        count = length - 0x80
        if not 1 <= count <= 4 or start + count > stop:
            raise GbcsError(f"DER length octet {length:02X}", at + 1)
        length = int.from_bytes(data[start : start + count], "big")
        start += count
        if count == 2 and 0x80 <= length < 0x100 and tag & 0x20:
            reading.long_form = True
        elif count != (length.bit_length() + 7) // 8 or length < 0x80:
            raise GbcsError("DER length is not in its shortest form", at + 1)
    if start + length > stop:
        raise GbcsError(f"DER element of {length} octets runs past the end", at)
    return Node(tag, at, start, start + length)


def elements(reading: Reading, node: Node) -> list[Node]:
    """Elements inside a constructed one."""
    found = []
    at = node.start
    while at < node.stop:
        inner = element(reading, at, node.stop)
        found.append(inner)
        at = inner.stop
    return found


def wrap(tag: int, content: bytes, long_form: bool) -> bytes:
    """An element around its content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    count = 2 if long_form and size < 0x100 and tag & 0x20 else (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 + count)) + size.to_bytes(count, "big") + content


@dataclass(frozen=True, slots=True)
class Simple:
    """An element of one tag, its content read and written by two functions."""

    tag: int
    show: Callable[[bytes], Any]
    content: Callable[[Any], bytes]

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return tag == self.tag

    def read(self, reading: Reading, node: Node) -> Any:
        """What the element shows. Raises GbcsError."""
        if node.tag != self.tag:
            raise GbcsError(f"DER tag {node.tag:02X}, expected {self.tag:02X}", node.at)
        return self.show(reading.data[node.start : node.stop])

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        return wrap(self.tag, self.content(shown), long_form)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a sequence; without `key` what the form shows is part of the sequence itself."""

    key: str
    form: Form
    optional: bool = False
    missing: Any = None  #: shown where an optional field is not there


@dataclass(frozen=True, slots=True)
class Sequence:
    """A SEQUENCE, or an implicitly tagged one, as a dict."""

    fields: tuple[Field, ...]
    tag: int = SEQUENCE

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return tag == self.tag

    def read(self, reading: Reading, node: Node) -> Named:
        """What the element shows. Raises GbcsError."""
        if node.tag != self.tag:
            raise GbcsError(f"DER tag {node.tag:02X}, expected {self.tag:02X}", node.at)
        nodes = elements(reading, node)
        found: Named = {}
        place = 0
        for one in self.fields:
            if place >= len(nodes) or (one.optional and not one.form.accepts(nodes[place].tag)):
                if not one.optional:
                    raise GbcsError(f"sequence ends before {one.key or 'its last field'}", node.stop)
                if one.missing is not None:
                    found[one.key] = one.missing
                continue
            shown = one.form.read(reading, nodes[place])
            place += 1
            if one.key:
                found[one.key] = shown
                if one.missing is not None and shown == one.missing:
                    found[f"{one.key}_explicit"] = True
            elif isinstance(shown, dict):
                found.update(shown)
        if place != len(nodes):
            raise GbcsError(f"{len(nodes) - place} more fields in a sequence than it has", nodes[place].at)
        return found

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        if not isinstance(shown, dict):
            raise GbcsError(f"{shown!r:.60} is no sequence by names")
        parts = []
        for one in self.fields:
            if not one.key:
                parts.append(one.form.write(shown, long_form))
            elif one.key in shown:
                value = shown[one.key]
                if one.missing is None or value != one.missing or shown.get(f"{one.key}_explicit"):
                    parts.append(one.form.write(value, long_form))
            elif not one.optional:
                raise GbcsError(f"no value for {one.key}")
        return wrap(self.tag, b"".join(parts), long_form)


@dataclass(frozen=True, slots=True)
class Each:
    """A SEQUENCE OF, or an implicitly tagged one, as a list."""

    form: Form
    tag: int = SEQUENCE

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return tag == self.tag

    def read(self, reading: Reading, node: Node) -> list[Any]:
        """What the element shows. Raises GbcsError."""
        if node.tag != self.tag:
            raise GbcsError(f"DER tag {node.tag:02X}, expected {self.tag:02X}", node.at)
        return [self.form.read(reading, inner) for inner in elements(reading, node)]

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        if not isinstance(shown, list):
            raise GbcsError(f"{shown!r:.60} is no list")
        return wrap(self.tag, b"".join([self.form.write(one, long_form) for one in shown]), long_form)


@dataclass(frozen=True, slots=True)
class Under:
    """Another form, shown under a key of a dict."""

    key: str
    form: Form

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return self.form.accepts(tag)

    def read(self, reading: Reading, node: Node) -> Named:
        """What the element shows. Raises GbcsError."""
        return {self.key: self.form.read(reading, node)}

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        return self.form.write(shown[self.key], long_form)


@dataclass(frozen=True, slots=True)
class Either:
    """The first form if its tag is there and its key is shown, else the second."""

    key: str
    first: Form
    second: Form

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return self.first.accepts(tag) or self.second.accepts(tag)

    def read(self, reading: Reading, node: Node) -> Any:
        """What the element shows. Raises GbcsError."""
        return (self.first if self.first.accepts(node.tag) else self.second).read(reading, node)

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        return (self.first if self.key in shown else self.second).write(shown, long_form)


@dataclass(frozen=True, slots=True)
class Coded:
    """An integer as its name under `key` and its number under ``<key>_code``; the number counts when written."""

    key: str
    name: Callable[[int], str]
    tag: int = INTEGER

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return tag == self.tag

    def read(self, reading: Reading, node: Node) -> Named:
        """What the element shows. Raises GbcsError."""
        number = integer_form(self.tag).read(reading, node)
        return {self.key: self.name(number), f"{self.key}_code": number}

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        number = shown.get(f"{self.key}_code")
        return integer_form(self.tag).write(number, long_form)


@dataclass(frozen=True, slots=True)
class Whole:
    """An element as a whole: summarised, its octets as hex under ``der``."""

    summary: Callable[[bytes], Named]
    tags: frozenset[int] = field(default_factory=lambda: frozenset({SEQUENCE}))

    def accepts(self, tag: int) -> bool:
        """Whether an element of this tag can be read."""
        return tag in self.tags

    def read(self, reading: Reading, node: Node) -> Named:
        """What the element shows. Raises GbcsError."""
        if node.tag not in self.tags:
            raise GbcsError(f"DER tag {node.tag:02X}, expected 30", node.at)
        octets = reading.data[node.at : node.stop]
        return {**self.summary(octets), "der": octets.hex().upper()}

    def write(self, shown: Any, long_form: bool) -> bytes:
        """Octets of what is shown. Raises GbcsError."""
        return hexadecimal(shown.get("der"), "der")


def _number(content: bytes) -> int:
    if not 1 <= len(content) <= 16:
        raise GbcsError(f"integer of {len(content)} octets")
    number = int.from_bytes(content, "big", signed=True)
    if len(content) > 1 and content[0] in (0, 0xFF) and (content[0] & 0x80) == (content[1] & 0x80):
        raise GbcsError("integer not in its fewest octets")
    return number


def number_octets(shown: Any) -> bytes:
    """Content of an INTEGER."""
    number = integer(shown, "integer")
    magnitude = number if number >= 0 else ~number
    if magnitude.bit_length() > 127:
        raise GbcsError("integer of more than 16 octets")
    return number.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


_INTEGERS: dict[int, Simple] = {}


def integer_form(tag: int = INTEGER) -> Simple:
    """INTEGER, or an implicitly tagged or enumerated one."""
    return _INTEGERS.get(tag) or Simple(tag, _number, number_octets)


def hex_form(size: int | None = None, tag: int = OCTET_STRING) -> Simple:
    """OCTET STRING of `size` octets as hex."""

    def checked(octets: bytes) -> bytes:
        if size is not None and len(octets) != size:
            raise GbcsError(f"{len(octets)} octets, expected {size}")
        return octets

    return Simple(
        tag, lambda octets: checked(octets).hex().upper(), lambda shown: checked(hexadecimal(shown, "octets"))
    )


def _eui_octets(shown: Any) -> bytes:
    if not isinstance(shown, str):
        raise GbcsError(f"{shown!r:.60} is no EUI-64")
    return Eui64.of(shown)


EUI = Simple(OCTET_STRING, lambda octets: str(Eui64(octets)), _eui_octets)


def _time(content: bytes) -> str:
    at = as_time(Tlv(GENERALIZED_TIME, content))
    return at if isinstance(at, str) else iso(at)


def _time_octets(shown: Any) -> bytes:
    return generalized_time("never" if shown == "never" else from_iso(shown)).value


TIME = Simple(GENERALIZED_TIME, _time, _time_octets)


def constant(tag: int, content: bytes) -> Simple:
    """An element that says nothing but that it is there."""

    def check(octets: bytes) -> Named:
        if octets != content:
            raise GbcsError(f"DER element {tag:02X} of unexpected content")
        return {}

    return Simple(tag, check, lambda shown: content)


NOTHING = constant(NULL, b"")


def named(tag: int, values: dict[bytes, str]) -> Simple:
    """Content that is one of a list, by name."""
    back = {name: content for content, name in values.items()}

    def show(content: bytes) -> str:
        if content not in values:
            raise GbcsError(f"content {content.hex()} of DER element {tag:02X} is unknown")
        return values[content]

    def write(shown: Any) -> bytes:
        if not isinstance(shown, str) or shown not in back:
            raise GbcsError(f"{shown!r:.60} is unknown")
        return back[shown]

    return Simple(tag, show, write)


_INTEGERS.update({tag: Simple(tag, _number, number_octets) for tag in (INTEGER, 10, 0x81, 0x83, 0x84)})
