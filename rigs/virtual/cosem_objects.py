"""The COSEM objects of a device: what the catalogue says it has, and the values they hold."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache

from bench.catalogue import Item
from bench.gbcs import GbcsError
from bench.gbcs.axdr import CompactArray, Data, TypeDescription, null
from bench.gbcs.axdr_types import DOUBLE_LONG_UNSIGNED, NULL, STRUCTURE
from bench.gbcs.dlms import from_zigbee_utc
from rigs.virtual.blank import blank, description, is_of
from rigs.virtual.rules import rule
from rigs.virtual.use_cases import UseCase

Attribute = tuple[int, bytes, int]  #: class, logical name, attribute
Value = Data | Callable[[], Data]
Method = Callable[[Data], int | Data]  #: takes the parameter, returns the result code, or what comes back
Selected = Callable[[datetime, datetime], Data]


@lru_cache(4096)
def obis(text: str) -> bytes:
    """Return the six octets of "0-0:1.0.0.255"."""
    return bytes(int(part) for part in text.replace("-", ".").replace(":", ".").split("."))


@lru_cache(4096)
def attribute(target: str) -> Attribute:
    """Return "8:0-0:1.0.0.255:2" as class, logical name and attribute (or method)."""
    class_id, middle = target.split(":", 1)
    name, _, index = middle.rpartition(":")
    return int(class_id), obis(name), int(index)


def target(key: Attribute) -> str:
    """Return class, logical name and attribute as the catalogue writes them."""
    class_id, name, index = key
    a, b, c, d, e, f = name
    return f"{class_id}:{a}-{b}:{c}.{d}.{e}.{f}:{index}"


class CosemObjects:
    """Attributes and methods by class, logical name and index.

    An attribute is a value, or a function that gives it. What is written keeps its type. `methods` and `selected`
    hold what the device does at a method, and how it reads a range of a buffer; without them a method does nothing
    and a buffer is filtered by its first column, if that is a time.
    """

    def __init__(self, use_cases: Iterable[UseCase]) -> None:
        self._values: dict[Attribute, Value] = {}
        self._types: dict[Attribute, TypeDescription] = {}
        self.methods: dict[Attribute, Method] = {}
        self.selected: dict[Attribute, Selected] = {}
        self.written: dict[Attribute, Callable[[Data], None]] = {}  #: called after a write
        self.allowed: dict[Attribute, Callable[[Data], bool]] = {}  #: whether a value may be written
        self.refusals: dict[Attribute, int] = {}  #: result code where a value may not be written, else type-unmatched
        self.activation_times: set[Attribute] = set()  #: attributes that say when what was written comes into force
        self.faults: dict[Attribute, int] = {}  #: result codes of objects that are out of order
        for use_case in use_cases:
            for entry in use_case.entries:
                for item in entry.command:
                    self._know(item)

    def _know(self, item: Item) -> None:
        if item.verb in ("get", "select", "set"):
            signature = item.answer if item.verb != "set" else item.type
            self._declare(item.target, signature)
        elif item.verb == "protected":
            kinds = description(item.answer).members if item.answer else ()
            for number, one in enumerate(item.objects):
                self._declare(one, "", kinds[number] if number < len(kinds) else None)

    def _declare(self, name: str, signature: str, kind: TypeDescription | None = None) -> None:
        key = attribute(name)
        kind = kind or (description(signature) if signature else None)
        if kind is not None and kind.tag != NULL:
            self._types.setdefault(key, kind)
        if kind is not None or key not in self._values:
            self._values[key] = null() if kind is None else blank(kind)

    def keys(self) -> Iterable[Attribute]:
        """Return every attribute there is."""
        return self._values.keys()

    def read(self, key: Attribute) -> Data | None:
        """Return the value of an attribute, None where there is no such attribute."""
        value = self._values.get(key)
        return value() if callable(value) else value

    def put(self, key: Attribute, value: Value) -> None:
        """Give an attribute a value, or a function that gives it, whatever its type was."""
        self._values[key] = value

    def write(self, key: Attribute, value: Data) -> bool:
        """Write an attribute; False where the value is not of its type or not allowed."""
        kind = self._types.get(key)
        if kind is not None and not is_of(value, kind):
            return False
        if key in self.allowed and not self.allowed[key](value):
            return False
        self._values[key] = value
        if key in self.written:
            self.written[key](value)
        return True

    @rule("R-RSP-019", "R-RSP-020", "R-TIM-018")
    def select(self, key: Attribute, start: datetime, end: datetime) -> Data | None:
        """Return the rows of a buffer between two instants, both included; None where there is no such buffer."""
        if key in self.selected:
            return self.selected[key](start, end)
        whole = self.read(key)
        if whole is None or not isinstance(whole.value, CompactArray):
            return whole
        rows = [row for row in whole.value.rows if _within(row, start, end)]
        return Data(whole.tag, CompactArray(whole.value.element, rows))


def _within(row: Data, start: datetime, end: datetime) -> bool:
    first = row.value[0] if row.tag == STRUCTURE and row.value else row
    if first.tag != DOUBLE_LONG_UNSIGNED:
        return True
    return start <= (from_zigbee_utc(first.value) or datetime.max.replace(tzinfo=UTC)) <= end


def instants(selector: Data | None) -> tuple[datetime, datetime]:
    """Return the limits of a selection by range (GBCS 9.1.6: zero is the oldest, all ones the newest)."""
    if selector is None:
        raise GbcsError("a buffer is read with a range")
    return _limit(selector[1].value), _limit(selector[2].value)


def _limit(seconds: int) -> datetime:
    if seconds == 0:
        return datetime.min.replace(tzinfo=UTC)
    if seconds == 0xFFFFFFFF:
        return datetime.max.replace(tzinfo=UTC)
    return from_zigbee_utc(seconds)
