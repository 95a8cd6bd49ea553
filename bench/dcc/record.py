"""Typed DUIS elements: a dataclass is an element, a field one of its children, in schema order."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, Self

from lxml import etree

from bench.dcc.document import children, local, new, text_of
from bench.dcc.errors import DuisError
from bench.gbcs.eui import Eui64

#: execution time that cancels a future-dated command (in GBCS: 99991231235959Z or all ones)
CANCEL = datetime(3000, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Codec:
    """How the text of an element is read and written; both raise ValueError for what does not fit."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


_DATE_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_EUI = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){7}")


def read_date_time(text: str) -> datetime:
    """An xs:dateTime with zone, to UTC."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date-time with zone")
    fraction = (match[7] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if match[8] == "Z" else match[8]
    return datetime.fromisoformat(f"{text[:19]}.{fraction}{zone}").astimezone(UTC)


def write_date_time(value: datetime) -> str:
    """UTC with hundredths of a second, as 2030-01-02T00:00:00.00Z."""
    if value.tzinfo is None:
        raise ValueError("date-time without zone")
    moment = value.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 10000:02}Z".zfill(23)


def read_base64(text: str) -> bytes:
    """Octets from base64, white space allowed between the characters."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def read_eui(text: str) -> Eui64:
    """An EUI-64 as eight hex pairs joined by hyphens, either case."""
    if _EUI.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an EUI-64 of eight hex pairs joined by hyphens")
    return Eui64.of(text)


def _read_boolean(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text]
    except KeyError:
        raise ValueError(f"{text!r} is not a boolean") from None


def integer(low: int, high: int) -> Codec:
    """A decimal integer within bounds."""

    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"{value} is outside {low}..{high}")
        return value

    def read(text: str) -> int:
        if re.fullmatch(r"[+-]?[0-9]{1,20}", text) is None:
            raise ValueError(f"{text!r} is not an integer")
        return check(int(text))

    return Codec(read, lambda value: str(check(value)))


def string(pattern: str) -> Codec:
    """Text that matches a pattern as a whole."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"{text!r} does not match {pattern}")
        return text

    return Codec(check, check)


def choice(*values: str) -> Codec:
    """One of some words."""

    def check(text: str) -> str:
        if text not in values:
            raise ValueError(f"{text!r} is not one of {', '.join(values)}")
        return text

    return Codec(check, check)


def hexadecimal(octets: int | None = None) -> Codec:
    """Octets as hex digits."""

    def check(value: bytes) -> bytes:
        if octets is not None and len(value) != octets:
            raise ValueError(f"{len(value)} octets, expected {octets}")
        return value

    return Codec(lambda text: check(bytes.fromhex(text)), lambda value: check(value).hex().upper())


class Date(NamedTuple):
    """A calendar date; None where a wildcard stands (DUIS writes year 65535 for any year)."""

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None = None  #: 1 Monday to 7 Sunday


_DATE = re.compile(r"(\d{4,5})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?")
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?")
_ANY_YEAR = 65535


def _read_date(text: str) -> Date:
    match = _DATE.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[3]) <= 31:
        raise ValueError(f"{text!r} is not a date")
    year = int(match[1])
    return Date(None if year == _ANY_YEAR else year, int(match[2]), int(match[3]))


def _write_date(value: Date) -> str:
    year = _ANY_YEAR if value.year is None else value.year
    return f"{year:04}-{value.month:02}-{value.day:02}Z"


def _read_time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time of day in UTC")
    return time(int(match[1]), int(match[2]), int(match[3]), int((match[4] or "0")[:2].ljust(2, "0")) * 10000)


def _write_time(value: time) -> str:
    return f"{value:%H:%M:%S}.{value.microsecond // 10000:02}Z"


def _read_decimal(text: str) -> Decimal:
    if re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{0,12})?", text) is None:
        raise ValueError(f"{text!r} is not a decimal number")
    return Decimal(text)


TEXT = Codec(str, str)
DATE = Codec(_read_date, _write_date)
TIME = Codec(_read_time, _write_time)
DECIMAL = Codec(_read_decimal, str)
DATE_TIME = Codec(read_date_time, write_date_time)
BASE64 = Codec(read_base64, lambda value: base64.b64encode(value).decode())
EUI = Codec(read_eui, str)
BOOLEAN = Codec(_read_boolean, lambda value: "true" if value else "false")
PRESENT = Codec(lambda text: True, lambda value: "")  #: an empty element that says yes by being there
COUNTER = integer(0, (1 << 64) - 1)
FLOOR = integer(0, (1 << 63) - 1)  #: floor sequence number
MPAN = string(r"[0-9]{13}")
MPRN = string(r"[0-9]{6,10}")
MPXN = string(r"[0-9]{6,13}")


@dataclass(frozen=True, slots=True)
class Child:
    """One child of an element: its name, its content and how often it comes."""

    name: str
    content: "Codec | type[Record]"
    optional: bool
    at_most: int | None  #: None: once, as a plain value; else a tuple of up to so many


def one(name: str, content: "Codec | type[Record]") -> Any:
    """A child that is always there."""
    return field(metadata={"duis": Child(name, content, False, None)})


def maybe(name: str, content: "Codec | type[Record]") -> Any:
    """A child that may be missing: None, or False for PRESENT."""
    missing = False if content is PRESENT else None
    return field(default=missing, metadata={"duis": Child(name, content, True, None)})


def many(name: str, content: "Codec | type[Record]", *, at_least: int = 1, at_most: int = 1 << 16) -> Any:
    """A child that comes several times: a tuple."""
    return field(metadata={"duis": Child(name, content, at_least == 0, at_most)})


def attribute(name: str, content: Codec) -> Any:
    """An XML attribute that is always there."""
    return field(metadata={"duis": Child("@" + name, content, False, None)})


def content(codec: Codec) -> Any:
    """The text of the element itself."""
    return field(metadata={"duis": Child("", codec, False, None)})


class Record:
    """Base of typed elements; subclasses are dataclasses (frozen, keyword only) of `one`, `maybe` and `many`."""

    element: ClassVar[str] = ""  #: the DUIS element name if it differs from the class name
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()  #: groups of fields of which exactly one is given

    def __post_init__(self) -> None:
        for group in self.one_of:
            given = [name for name in group if _given(getattr(self, name))]
            if len(given) != 1:
                names = {each.name: each.metadata["duis"].name for each in fields(self)}  # type: ignore[arg-type]
                choices = ", ".join(names[name] for name in group)
                raise DuisError(f"{self.name()}: {len(given)} of {choices}, expected exactly one")

        for each in fields(self):  # type: ignore[arg-type]
            _distinct(self.name(), getattr(self, each.name))

    def find(self, path: str) -> Any:
        """The value at a path of DUIS names such as ``PriceElements/StandingCharge``; None where something is missing.

        ``@name`` is an attribute, ``.`` the text of the element. Raises KeyError for a name the element cannot have.
        """
        value: Any = self
        for step in path.split("/"):
            if value is None:
                return None
            wanted = "" if step == "." else step
            names = {each.metadata["duis"].name: each.name for each in fields(value)}
            value = getattr(value, names[wanted])
        return value

    @classmethod
    def name(cls) -> str:
        """The DUIS element name."""
        return cls.element or cls.__name__

    def to_element(self, name: str | None = None) -> etree._Element:
        """The DUIS element. Raises DuisError naming the child whose value does not fit."""
        element = new(name or self.name())
        for each in fields(self):  # type: ignore[arg-type]
            child: Child = each.metadata["duis"]
            value = getattr(self, each.name)
            if value is None or (child.content is PRESENT and not value):
                if not child.optional:
                    raise DuisError(f"{local(element)}: {child.name} is missing")
                continue
            if child.name.startswith("@"):
                element.set(child.name[1:], _text(child, value))
                continue
            if not child.name:
                element.text = _text(child, value) or None
                continue
            values = (value,) if child.at_most is None else value
            if not values and not child.optional:
                raise DuisError(f"{local(element)}: {child.name} is missing")
            if len(values) > (child.at_most or 1):
                raise DuisError(f"{local(element)}: {len(values)} {child.name}, at most {child.at_most or 1}")
            for item in values:
                element.append(_write(child, item))
        return element

    @classmethod
    def from_element(cls, element: etree._Element) -> Self:
        """Read the element; children must come in schema order, with nothing missing and nothing left over."""
        rest = list(children(element))
        values: dict[str, Any] = {}
        for each in fields(cls):  # type: ignore[arg-type]
            child: Child = each.metadata["duis"]
            if child.name.startswith("@"):
                values[each.name] = _attribute(child, element)
                continue
            if not child.name:
                values[each.name] = _read(child, element)
                continue
            found: list[Any] = []
            while rest and local(rest[0]) == child.name and len(found) < (child.at_most or 1):
                found.append(_read(child, rest.pop(0)))
            if not found and not child.optional:
                seen = f", found {local(rest[0])}" if rest else ""
                raise DuisError(f"{local(element)}: {child.name} is missing{seen}")
            if child.at_most is not None:
                values[each.name] = tuple(found)
            elif found:
                values[each.name] = found[0]
        if rest:
            raise DuisError(f"{local(element)}: unexpected element {local(rest[0])}")
        return cls(**values)


def _distinct(name: str, values: Any) -> None:
    """Elements that carry an index or identifier carry it once each."""
    if not isinstance(values, tuple) or not values or not isinstance(values[0], Record):
        return
    for mark in ("index", "identifier"):
        numbers = [getattr(value, mark) for value in values if hasattr(value, mark)]
        for number in numbers:
            if numbers.count(number) > 1:
                raise DuisError(f"{name}: {mark} {number} comes twice")


def _given(value: Any) -> bool:
    return value is not None and value is not False and value != ()


def _text(child: Child, value: Any) -> str:
    assert isinstance(child.content, Codec)
    try:
        return child.content.write(value)
    except (ValueError, TypeError, AttributeError) as problem:
        raise DuisError(f"{child.name or 'text'}: {problem}") from None


def _attribute(child: Child, element: etree._Element) -> Any:
    assert isinstance(child.content, Codec)
    text = element.get(child.name[1:])
    if text is None:
        raise DuisError(f"{local(element)}: attribute {child.name[1:]} is missing")
    try:
        return child.content.read(text)
    except ValueError as problem:
        raise DuisError(f"{local(element)}: attribute {child.name[1:]}: {problem}") from None


def _write(child: Child, value: Any) -> etree._Element:
    if isinstance(child.content, Codec):
        return new(child.name, _text(child, value) or None)
    if not isinstance(value, child.content):
        raise DuisError(f"{child.name}: {type(value).__name__}, expected {child.content.__name__}")
    return value.to_element(child.name)


def _read(child: Child, element: etree._Element) -> Any:
    if not isinstance(child.content, Codec):
        return child.content.from_element(element)
    text = text_of(element)
    try:
        return child.content.read(text)
    except ValueError as problem:
        raise DuisError(f"{child.name or local(element)}: {problem}") from None
