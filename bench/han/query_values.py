"""What the fields of a query hold: how a value is written in the query, found in a row, and found in columns.

A row is the JSON object of `bench sniff` for one frame. Columns give `column(name)` (an array, ABSENT, NaN or NO_EUI
where a frame has no value), `texts(name)` (codes and the texts they stand for), `payload` and `messages`.
"""

import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from bench.han.errors import HanError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

ABSENT = -1  #: in integer columns
NO_EUI = (1 << 64) - 1  #: in columns of EUIs (u64)
LONG = 1 << 64  #: set in an address that is an EUI, so that it never equals a short one

Row = Mapping[str, Any]
Ranges = Callable[[str], tuple[int, int] | None]
Operator = Literal["==", "!=", "<", "<=", ">", ">=", "contains"]
ORDER = frozenset(("<", "<=", ">", ">="))


class Columns(Protocol):
    """What a query needs of columns: see bench.han.columns.table."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> "NDArray[Any]":
        """Return a column of numbers."""

    def texts(self, name: str) -> "tuple[NDArray[np.int32], list[str]]":
        """Return a column of texts: codes (ABSENT for none) into the list."""

    def payloads(self) -> "tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32]]":
        """Return the payloads: all octets, and where each frame's begin and how many they are (ABSENT for none)."""

    def whole_payloads(self) -> "dict[int, bytes]":
        """Return the payloads of messages put together of fragments, by the row that completes them."""

    def messages(self) -> "dict[int, Row]":
        """Return the decoded GBCS messages by the row that completes them."""


class Written(NamedTuple):
    """A value as it stands in the query: a number, hexadecimal octets, quoted text, a bare name or an EUI-64."""

    kind: Literal["number", "hex", "text", "name", "eui"]
    text: str
    position: int

    def error(self, reason: str) -> HanError:
        """Return the error that points at this value."""
        return HanError("query", self.position, reason)


@lru_cache(4096)
def fold(text: str) -> str:
    """Return the text as names are compared: letters and digits, small."""
    return re.sub(r"[\W_]+", "", text).lower()


def compare(operator: Operator, left: Any, right: Any) -> Any:
    """Apply a comparison to two numbers or to an array and a number."""
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one frame, for a row and for columns alike. A frame without the field fulfils none."""

    __test__ = False

    matches: Callable[[Row], bool]
    mask: Callable[[Columns], "Mask"]
    #: whether any frame can fulfil it, by least and greatest value of columns (None: not known)
    possible: Callable[[Ranges], bool] = lambda _ranges: True


def integer(value: Any) -> int | None:
    """Return a number of a row, which may be written "0x0702"; None when there is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            return None
    return None


def number_test(name: str, operator: Operator, value: float) -> Test:
    """Compare an integer field."""

    def matches(row: Row) -> bool:
        found = integer(row.get(name))
        return found is not None and bool(compare(operator, found, value))

    def mask(columns: Columns) -> "Mask":
        found = columns.column(name)
        held: Mask = (found != ABSENT) & compare(operator, found, value)
        return held

    return Test(matches, mask, lambda ranges: _may_hold(operator, ranges(name), value))


def _may_hold(operator: Operator, found: tuple[int, int] | None, value: float) -> bool:
    """Whether a number between two others can be as wanted."""
    if found is None:
        return True
    least, greatest = found
    match operator:
        case "==":
            return least <= value <= greatest
        case "<" | "<=":
            return bool(compare(operator, least, value))
        case ">" | ">=":
            return bool(compare(operator, greatest, value))
        case _:
            return True


def real_test(name: str, operator: Operator, value: float) -> Test:
    """Compare a field that may have a fraction; columns hold it in single precision."""
    wanted = _single(value)

    def matches(row: Row) -> bool:
        found = row.get(name)
        return isinstance(found, int | float) and bool(compare(operator, _single(found), wanted))

    def mask(columns: Columns) -> "Mask":
        import numpy as np

        found = columns.column(name)
        held: Mask = ~np.isnan(found) & compare(operator, found, np.float32(wanted))
        return held

    return Test(matches, mask)


def _single(value: float) -> float:
    """Return a number in single precision."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def row_time(value: Any) -> int | None:
    """Return the time of a row in ns since 1970: ISO text, seconds, or (above 10^14) already ns."""
    if isinstance(value, str):
        try:
            return instant(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value > 10**14 else round(value * 1_000_000_000)


def instant(text: str) -> int:
    """Return ISO time, UTC where it names no zone, in ns since 1970. Raises ValueError."""
    head, dot, tail = text.strip().partition(".")
    digits = re.match(r"\d*", tail)
    fraction = digits.group() if digits and dot else ""
    moment = datetime.fromisoformat(head + tail[len(fraction) :])
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0") or 0)


def time_test(operator: Operator, value: int) -> Test:
    """Compare the time of capture, in ns since 1970."""

    def matches(row: Row) -> bool:
        found = row_time(row.get("time"))
        return found is not None and bool(compare(operator, found, value))

    return Test(
        matches,
        lambda columns: compare(operator, columns.column("time"), value),
        lambda ranges: _may_hold(operator, ranges("time"), value),
    )


def address(value: Any) -> int | None:
    """Return an address of a row as a number: a short one, or LONG and the EUI."""
    if isinstance(value, str):
        digits = value.replace(":", "").replace("-", "").removeprefix("0x")
        if len(digits) == 16:
            try:
                return LONG | int(digits, 16)
            except ValueError:
                return None
    return integer(value)


def address_test(name: str, operator: Operator, value: int) -> Test:
    """Compare an address field; columns hold short addresses under its name and EUIs under NAME_long."""

    def matches(row: Row) -> bool:
        found = address(row.get(name))
        return found is not None and (found == value) == (operator == "==")

    def mask(columns: Columns) -> "Mask":
        short = columns.column(name)
        long = columns.column(f"{name}_long") if name in ("src", "dst") else None
        if value & LONG and long is None:
            equal: Mask = short < ABSENT  # none: the NWK header has short addresses alone
        else:
            equal = (long == value ^ LONG) & (long != NO_EUI) if long is not None and value & LONG else short == value
        present = (short != ABSENT) if long is None else (short != ABSENT) | (long != NO_EUI)
        return equal if operator == "==" else present & ~equal

    return Test(matches, mask)


def eui_test(name: str, operator: Operator, value: int) -> Test:
    """Compare an EUI field; `value` with LONG set."""

    def matches(row: Row) -> bool:
        found = address(row.get(name))
        return found is not None and (found == value) == (operator == "==")

    def mask(columns: Columns) -> "Mask":
        found = columns.column(name)
        equal: Mask = (found == value ^ LONG) & (found != NO_EUI)
        return equal if operator == "==" else (found != NO_EUI) & ~equal

    return Test(matches, mask)


def text_test(name: str, wanted: Callable[[str], bool]) -> Test:
    """Apply `wanted` to a text field."""

    def matches(row: Row) -> bool:
        found = row.get(name)
        return found is not None and not isinstance(found, bool) and wanted(str(found))

    def mask(columns: Columns) -> "Mask":
        import numpy as np

        codes, texts = columns.texts(name)
        table = np.array([wanted(text) for text in texts] + [False], bool)  # ABSENT is the last
        found: Mask = table[codes]
        return found

    return Test(matches, mask)


def text_condition(operator: Operator, text: str) -> Callable[[str], bool]:
    """Return the test of one text against another, case and separators ignored."""
    wanted = fold(text)
    if operator == "contains":
        return lambda found: wanted in fold(found)
    return lambda found: bool(compare(operator, fold(found), wanted))


def octets_test(operator: Operator, wanted: bytes) -> Test:
    """Compare the payload, or look for octets in it."""

    def holds(found: bytes) -> bool:
        return wanted in found if operator == "contains" else bool(compare(operator, found, wanted))

    def matches(row: Row) -> bool:
        found = row.get("payload")
        try:
            return isinstance(found, str) and holds(bytes.fromhex(found))
        except ValueError:
            return False

    def mask(columns: Columns) -> "Mask":
        import numpy as np

        octets, starts, lengths = columns.payloads()
        found = lengths >= 0
        candidates = found & (lengths >= len(wanted)) if operator in ("==", "contains") else found
        if operator == "contains" and wanted:
            candidates &= np.isin(np.arange(len(found)), _rows_holding(octets, starts, wanted))
        result = np.zeros(len(found), bool)
        for at in np.flatnonzero(candidates).tolist():
            result[at] = holds(octets[starts[at] : starts[at] + lengths[at]].tobytes())
        for row, whole in columns.whole_payloads().items():
            result[row] = holds(whole)
        return result

    return Test(matches, mask)


def _rows_holding(octets: "NDArray[np.uint8]", starts: "NDArray[np.int64]", wanted: bytes) -> "NDArray[Any]":
    """Return the rows in whose payload the octets begin; some may run over its end."""
    import numpy as np

    data = octets.tobytes()
    found, at = [], data.find(wanted)
    while at >= 0:
        found.append(at)
        at = data.find(wanted, at + 1)
    # Of rows with equal starts, all but the last are empty: the last is the one.
    return np.searchsorted(starts, np.array(found, np.int64), side="right") - 1


def message_test(path: tuple[str, ...], condition: Callable[[Any], bool]) -> Test:
    """Apply a condition to what lies at a path in a decoded GBCS message; of a list, any element will do."""

    def holds(found: Any, left: tuple[str, ...]) -> bool:
        if isinstance(found, list):
            return any(holds(each, left) for each in found)
        if not left:
            return condition(found)
        return isinstance(found, Mapping) and left[0] in found and holds(found[left[0]], left[1:])

    def mask(columns: Columns) -> "Mask":
        import numpy as np

        result = np.zeros(len(columns), bool)
        for row, message in columns.messages().items():
            result[row] = holds(message, path)
        return result

    return Test(lambda row: row.get("gbcs") is not None and holds(row["gbcs"], path), mask)


def message_condition(operator: Operator, value: Written) -> Callable[[Any], bool]:
    """Return the test of a value in a message: numbers with numbers, all else as text."""
    as_text = text_condition(operator, value.text)

    def condition(found: Any) -> bool:
        if found is None:
            return False
        if operator != "contains" and isinstance(found, int | float) and not isinstance(found, bool):
            try:
                return bool(
                    compare(operator, found, float(int(value.text, 0)) if value.kind == "hex" else float(value.text))
                )
            except ValueError:
                return False
        return as_text(str(found))

    return condition
