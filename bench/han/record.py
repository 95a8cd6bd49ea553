"""Records: dataclasses whose annotations are their layout on air.

    @dataclass(frozen=True, slots=True)
    class RejoinResponse(Record):
        short: U16
        status: U8

Octets after the last field are kept in `extra`, so that a record written back is identical to what was read and a later
edition of a standard, which appends fields, does not turn its frames into errors.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Annotated, Any, Protocol, Self, cast, get_type_hints

from bench.han.errors import HanError
from bench.han.octets import Octets, eui_text


class Kind(Protocol):
    """How one field is read and written."""

    def read(self, octets: Octets, name: str, before: dict[str, Any]) -> Any:
        """Return the value at the cursor; `before` holds the fields already read."""
        ...

    def write(self, value: Any) -> bytes:
        """Return the octets of a value."""
        ...


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer of `octets` octets, low octet first."""

    octets: int
    signed: bool = False

    def read(self, octets: Octets, name: str, _before: dict[str, Any]) -> int:
        """Return the integer at the cursor."""
        return octets.sint(self.octets, name) if self.signed else octets.uint(self.octets, name)

    def write(self, value: int) -> bytes:
        """Return the integer's octets."""
        try:
            return value.to_bytes(self.octets, "little", signed=self.signed)
        except OverflowError:
            raise HanError("field", None, f"{value} does not fit {self.octets} octets") from None


@dataclass(frozen=True, slots=True)
class Eui:
    """An EUI-64."""

    def read(self, octets: Octets, name: str, _before: dict[str, Any]) -> bytes:
        """Return the EUI in written order."""
        return octets.eui(name)

    def write(self, value: bytes) -> bytes:
        """Return the EUI low octet first."""
        if len(value) != 8:
            raise HanError("field", None, f"an EUI-64 has 8 octets, not {len(value)}")
        return bytes(value)[::-1]


@dataclass(frozen=True, slots=True)
class Fixed:
    """`octets` octets in transmission order."""

    octets: int

    def read(self, octets: Octets, name: str, _before: dict[str, Any]) -> bytes:
        """Return the octets."""
        return octets.take(self.octets, name)

    def write(self, value: bytes) -> bytes:
        """Return the octets; HanError when there are not exactly as many as the field has."""
        if len(value) != self.octets:
            raise HanError("field", None, f"{len(value)} octets where the field has {self.octets}")
        return bytes(value)


@dataclass(frozen=True, slots=True)
class Remainder:
    """Everything to the end."""

    def read(self, octets: Octets, _name: str, _before: dict[str, Any]) -> bytes:
        """Return all that is left."""
        return octets.rest()

    def write(self, value: bytes) -> bytes:
        """Return the octets."""
        return bytes(value)


@dataclass(frozen=True, slots=True)
class Counted:
    """A one-octet count and that many elements."""

    element: Kind

    def read(self, octets: Octets, name: str, before: dict[str, Any]) -> tuple[Any, ...]:
        """Return the elements."""
        return tuple(self.element.read(octets, name, before) for _ in range(octets.uint(1, f"{name} count")))

    def write(self, value: tuple[Any, ...]) -> bytes:
        """Return count and elements."""
        return Integer(1).write(len(value)) + b"".join(map(self.element.write, value))


@dataclass(frozen=True, slots=True)
class CountedBy:
    """As many elements as another field, masked, says."""

    element: Kind
    name: str
    mask: int

    def read(self, octets: Octets, name: str, before: dict[str, Any]) -> tuple[Any, ...]:
        """Return the elements."""
        return tuple(self.element.read(octets, name, before) for _ in range(before[self.name] & self.mask))

    def write(self, value: tuple[Any, ...]) -> bytes:
        """Return the elements."""
        return b"".join(map(self.element.write, value))


@dataclass(frozen=True, slots=True)
class Group:
    """Several values in a row, made into a named tuple."""

    kinds: tuple[Kind, ...]
    make: Callable[..., tuple[Any, ...]]

    def read(self, octets: Octets, name: str, before: dict[str, Any]) -> tuple[Any, ...]:
        """Return the tuple."""
        return self.make(*[kind.read(octets, name, before) for kind in self.kinds])

    def write(self, value: tuple[Any, ...]) -> bytes:
        """Return the values' octets."""
        return b"".join(kind.write(part) for kind, part in zip(self.kinds, value, strict=True))


@dataclass(frozen=True, slots=True)
class CountedOctets:
    """A one-octet count and that many octets."""

    def read(self, octets: Octets, name: str, _before: dict[str, Any]) -> bytes:
        """Return the octets."""
        return octets.take(octets.uint(1, f"{name} length"), name)

    def write(self, value: bytes) -> bytes:
        """Return count and octets."""
        return Integer(1).write(len(value)) + bytes(value)


@dataclass(frozen=True, slots=True)
class When:
    """A field present only when another field, masked, is one of `values` (None: is not zero)."""

    kind: Kind
    name: str
    mask: int
    values: tuple[int, ...] | None = None

    def read(self, octets: Octets, name: str, before: dict[str, Any]) -> Any:
        """Return the value, None when absent."""
        masked = before[self.name] & self.mask
        present = masked != 0 if self.values is None else masked in self.values
        return self.kind.read(octets, name, before) if present else None

    def write(self, value: Any) -> bytes:
        """Return the octets of the value, none for None."""
        return b"" if value is None else self.kind.write(value)


U8 = Annotated[int, Integer(1)]
U16 = Annotated[int, Integer(2)]
U24 = Annotated[int, Integer(3)]
U32 = Annotated[int, Integer(4)]
I8 = Annotated[int, Integer(1, signed=True)]
EUI64 = Annotated[bytes, Eui()]
Key = Annotated[bytes, Fixed(16)]
Rest = Annotated[bytes, Remainder()]
Shorts = Annotated[tuple[int, ...], Counted(Integer(2))]
Bytes8 = Annotated[tuple[int, ...], Counted(Integer(1))]
LengthOctets = Annotated[bytes, CountedOctets()]


def _layout(record: "type[Record]") -> tuple[tuple[str, Kind], ...]:
    """Return the fields of a record type and their kinds, in order on air."""
    hints = get_type_hints(record, include_extras=True)
    return tuple((f.name, hints[f.name].__metadata__[0]) for f in fields(record) if f.name != "extra")


layout = cast("Callable[[type[Record]], tuple[tuple[str, Kind], ...]]", cache(_layout))


@dataclass(frozen=True, slots=True)
class Record:
    """A sequence of fields (see the module)."""

    extra: bytes = field(default=b"", kw_only=True)  #: octets after the last field

    @classmethod
    def read(cls, octets: Octets) -> Self:
        """Read the record at a cursor, to the end of its octets."""
        values: dict[str, Any] = {}
        for name, kind in layout(cls):
            values[name] = kind.read(octets, name, values)
        return cls(**values, extra=octets.rest())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the record from its octets; HanError when they are too few."""
        return cls.read(Octets(data, cls.__name__))

    def __bytes__(self) -> bytes:
        return b"".join(kind.write(getattr(self, name)) for name, kind in layout(type(self))) + self.extra

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary: octets as hex text, EUIs as text, absent fields left out, keys not shown."""
        return {"name": type(self).__name__, **dict(self._pairs())}

    def _pairs(self) -> Iterator[tuple[str, Any]]:
        for name, kind in layout(type(self)):
            value = getattr(self, name)
            if isinstance(kind, When):
                kind = kind.kind  # noqa: PLW2901 - the kind that applies when present
            if value is None:
                continue
            if isinstance(kind, Eui):
                yield name, eui_text(value)
            elif kind == Fixed(16) and name == "key":
                yield name, "(16 octets)"
            else:
                yield name, plain(value)
        if self.extra:
            yield "extra", self.extra.hex()


def plain(value: Any) -> Any:
    """Return a JSON-able form of a field value."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Record):
        return value.as_dict()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    return value
