"""The query language over decoded frames: `cluster == price and cmd == publish_price and esme`.

One expression serves a live row (the JSON object of `bench sniff`) and columns of millions of frames, with the same
truth. A comparison with a field the frame has not is false, `!=` too; `not` turns any statement round.
docs/searching.md lists the fields.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from bench.han import query_values as values
from bench.han.errors import HanError
from bench.han.query_names import cluster_number, cluster_numbers, known_commands, profile_number
from bench.han.query_values import LONG, ORDER, Columns, Operator, Ranges, Row, Test, Written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 4096  #: characters of a query
DEEPEST = 50  #: statements in parentheses or negated, one in the other

_GRAMMAR = r"""
?start: any
?any: all (_OR all)*
?all: none (_AND none)*
?none: _NOT none -> negation
     | "(" any ")"
     | statement
?statement: NAME -> bare
     | NAME OPERATOR value -> comparison
     | NAME CONTAINS value -> comparison
     | NAME _IN "(" value ("," value)* ","? ")" -> among
     | NAME _NOT _IN "(" value ("," value)* ","? ")" -> not_among
value: EUI | HEX | NUMBER | TEXT | NAME

_OR.3: /or(?![\w.])|\|\|/i
_AND.3: /and(?![\w.])|&&/i
_NOT.3: /not(?![\w.])|!(?!=)/i
_IN.3: /in(?![\w.])/i
CONTAINS.3: /contains(?![\w.])/i
OPERATOR: "==" | "!=" | "<=" | ">=" | "<" | ">"
EUI.2: /[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){7}(?![\w.:-])/
HEX.1: /0[xX][0-9A-Fa-f]+(?![\w.])/
NUMBER: /[-+]?\d+(\.\d+)?(?![\w.])/
TEXT: /"[^"]*"|'[^']*'/
NAME: /[A-Za-z_]\w*(\.\w+)*/
%ignore /\s+/
"""

INTEGERS = (
    "frame", "channel", "lqi", "nwk_seq", "nwk_counter", "aps_counter", "aps_frame_counter", "command_id", "repeat_of",
    "pan", "mac_seq", "nwk_key_seq",
)  # fmt: skip
ADDRESSES = ("src", "dst", "nwk_src", "nwk_dst")
EUIS = ("src_eui", "dst_eui")
TEXTS = ("cluster_name", "error", "interface")
OTHERS = ("time", "rssi", "profile", "cluster", "command", "decrypted", "payload", "gbcs")
FIELDS = (*INTEGERS, *ADDRESSES, *EUIS, *TEXTS, *OTHERS)
ALIASES = {"cmd": "command", "number": "frame"}


class Query:
    """A compiled query. `text` is the expression as given."""

    def __init__(self, text: str, test: Test) -> None:
        self.text = text
        self._test = test

    def __repr__(self) -> str:
        return f"Query({self.text!r})"

    def matches(self, row: Row) -> bool:
        """Whether a frame, given as the JSON object of `bench sniff`, fulfils the query."""
        return self._test.matches(row)

    def mask(self, columns: Columns) -> "NDArray[np.bool_]":
        """Return which rows of columns fulfil the query: bool, one a row."""
        return self._test.mask(columns)

    def possible(self, ranges: Ranges) -> bool:
        """Whether any frame can fulfil the query, by the least and greatest values of columns."""
        return self._test.possible(ranges)


def compile_query(text: str, names: Mapping[str, bytes] | None = None) -> Query:
    """Return the query. `names` are devices by name, their EUI-64s in written order.

    Raises HanError with the position (from 0) of what is wrong and a hint.
    """
    if len(text) > LONGEST:
        raise HanError("query", LONGEST, f"{len(text)} characters are too many; at most {LONGEST}")
    devices = {values.fold(name): LONG | int.from_bytes(eui, "big") for name, eui in (names or {}).items()}
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as fault:
        _misread(text, fault)
    return Query(text, _Compiler(devices).test(tree, 0))


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", propagate_positions=True)


def _misread(text: str, fault: UnexpectedInput) -> NoReturn:
    at = fault.pos_in_stream if isinstance(fault.pos_in_stream, int) else len(text)
    ended = isinstance(fault, UnexpectedToken) and fault.token.type == "$END"
    at = len(text) if ended else min(max(at, 0), len(text))
    rest = text[at:].split(maxsplit=1)
    if not text.strip():
        reason = "is empty; say what to look for, for example: cluster == price"
    elif not rest:
        reason = "ends too early; a value, a field or a closing parenthesis is missing"
    elif rest[0].startswith("=") and not rest[0].startswith("=="):
        reason = "'=' alone; write == to compare"
    elif rest[0][0] in "\"'" and rest[0][0] not in text[at + 1 :]:
        reason = f"text that begins with {rest[0][0]} never ends"
    else:
        reason = f"{rest[0][:40]!r} is not understood here; an example: cluster == price and cmd == publish_price"
    raise HanError("query", at, reason) from None


class _Compiler:
    """Makes tests of a parsed query."""

    def __init__(self, devices: Mapping[str, int]) -> None:
        self._devices = devices

    def test(self, tree: Tree[Token], depth: int) -> Test:
        if depth > DEEPEST:
            raise HanError("query", None, f"more than {DEEPEST} statements one in the other")
        if tree.data in ("any", "all"):
            return _joined([self.test(part, depth + 1) for part in _trees(tree)], every=tree.data == "all")
        if tree.data == "negation":
            return _negated(self.test(_trees(tree)[0], depth + 1))
        name = tree.children[0]
        assert isinstance(name, Token)
        if tree.data == "bare":
            return self._bare(name)
        written = [_literal(part) for part in _trees(tree)]
        if tree.data == "comparison":
            operator = tree.children[1]
            assert isinstance(operator, Token)
            return self._compare(name, _operator(operator), written[0])
        tests = [self._compare(name, "==" if tree.data == "among" else "!=", value) for value in written]
        return _joined(tests, every=tree.data != "among")

    def _field(self, name: Token) -> str:
        head, dot, _ = name.lower().partition(".")
        field = ALIASES.get(head, head)
        if field not in FIELDS or (dot and field != "gbcs"):
            raise HanError("query", _at(name), f"no field {str(name)!r}{_nearest(name, (*FIELDS, *ALIASES))}")
        return field + dot + str(name)[len(head) + 1 :]

    def _bare(self, name: Token) -> Test:
        device = self._devices.get(values.fold(name))
        if device is not None:
            ends = [values.eui_test(field, "==", device) for field in EUIS]
            ends += [values.address_test(field, "==", device) for field in ("src", "dst")]
            return _joined(ends, every=False)
        known = (*FIELDS, *ALIASES, *self._devices)
        head = name.lower().partition(".")[0]
        if ALIASES.get(head, head) not in FIELDS:
            raise HanError("query", _at(name), f"no device or field {str(name)!r}{_nearest(name, known)}")
        field = self._field(name)
        return _decrypted(True) if field == "decrypted" else _present(field)

    def _compare(self, name: Token, operator: Operator, value: Written) -> Test:
        field = self._field(name)
        head, _, path = field.partition(".")
        if head == "gbcs":
            if not path:
                raise value.error("gbcs is a whole message; name a part of it, such as gbcs.use_case")
            return values.message_test(tuple(path.split(".")), values.message_condition(operator, value))
        if operator == "contains" and field not in (*TEXTS, "command", "payload", "decrypted"):
            raise value.error(f"{field} holds a number; `contains` is for texts and the payload")
        if field in INTEGERS:
            return values.number_test(field, operator, _number(field, value))
        if field in TEXTS:
            return values.text_test(field, values.text_condition(operator, value.text))
        if field in ADDRESSES or field in EUIS:
            return self._address(field, operator, value)
        compare = getattr(self, f"_{field}")
        test: Test = compare(operator, value)
        return test

    def _address(self, field: str, operator: Operator, value: Written) -> Test:
        _not_ordered(field, operator, value)
        named = value.kind == "name" or (value.kind == "text" and values.fold(value.text) in self._devices)
        found = self._device(value) if named else values.address(value.text)
        if found is None:
            raise value.error(f"{value.text!r} is no address; give 0x6f01, an EUI-64 or the name of a device")
        if field in EUIS:
            if not found & LONG:
                raise value.error(f"{field} is an EUI-64 of 16 hexadecimal digits, not {value.text}")
            return values.eui_test(field, operator, found)
        if not named:
            return values.address_test(field, operator, found)
        # A device by its name: behind whatever address it has there.
        end = values.eui_test("src_eui" if "src" in field else "dst_eui", "==", found)
        either = _joined([end, values.address_test(field, "==", found)], every=False)
        return either if operator == "==" else _joined([_present(field), _negated(either)], every=True)

    def _device(self, value: Written) -> int:
        found = self._devices.get(values.fold(value.text))
        if found is None:
            raise value.error(f"no device {value.text!r}{_nearest(value.text, self._devices)}")
        return found

    def _time(self, operator: Operator, value: Written) -> Test:
        try:
            written = float(value.text) if value.kind == "number" else None
            return values.time_test(
                operator, values.instant(value.text) if written is None else round(written * 1_000_000_000)
            )
        except ValueError:
            raise value.error(f'{value.text!r} is no time; write it as "2026-11-01T00:00"') from None

    def _rssi(self, operator: Operator, value: Written) -> Test:
        return values.real_test("rssi", operator, _number("rssi", value))

    def _cluster(self, operator: Operator, value: Written) -> Test:
        found = cluster_number(value.text) if value.kind in ("name", "text") else _number("cluster", value)
        if found is None:
            raise value.error(f"no cluster {value.text!r}{_nearest(value.text, cluster_numbers())}")
        return values.number_test("cluster", operator, found)

    def _profile(self, operator: Operator, value: Written) -> Test:
        found = profile_number(value.text) if value.kind in ("name", "text") else _number("profile", value)
        if found is None:
            raise value.error(f"no profile {value.text!r}; give a number, zdo or smart_energy")
        return values.number_test("profile", operator, found)

    def _command(self, operator: Operator, value: Written) -> Test:
        if value.kind in ("number", "hex"):
            return values.number_test("command_id", operator, _number("command", value))
        _not_ordered("command", operator, value)
        known = known_commands()
        numbered = values.fold(value.text).startswith(("fragment", "command", "generalcommand"))
        if operator != "contains" and not numbered and values.fold(value.text) not in known:
            raise value.error(f"no command {value.text!r}{_nearest(values.fold(value.text), known, known)}")
        return values.text_test("command", values.text_condition(operator, value.text))

    def _decrypted(self, operator: Operator, value: Written) -> Test:
        wanted = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        said = wanted.get(value.text.lower())
        if said is not None and operator in ("==", "!="):
            return _decrypted(said == (operator == "=="))
        _not_ordered("decrypted", operator, value)
        return values.text_test("decrypted", values.text_condition(operator, value.text))

    def _payload(self, operator: Operator, value: Written) -> Test:
        _not_ordered("payload", operator, value)
        if value.kind == "hex":
            if len(value.text) % 2:
                raise value.error("an odd number of hexadecimal digits; octets have two each")
            return values.octets_test(operator, bytes.fromhex(value.text[2:]))
        if value.kind in ("text", "eui"):
            octets = (
                value.text.encode()
                if value.kind == "text"
                else bytes.fromhex(value.text.replace(":", "").replace("-", ""))[::-1]
            )
            return values.octets_test(operator, octets)
        raise value.error(f"give the octets of the payload as 0x0102 or as quoted text, not {value.text}")


def _decrypted(wanted: bool) -> Test:
    """Whether all secured layers were decrypted; a frame with none was not."""
    return Test(
        lambda row: (row.get("decrypted") is True) is wanted,
        lambda columns: (columns.column("decrypted") == 1) == wanted,
    )


def _present(field: str) -> Test:
    """Whether the frame has the field at all."""
    if field == "gbcs" or field.startswith("gbcs."):
        return values.message_test(tuple(field.split(".")[1:]), lambda found: found is not None)
    if field in (*TEXTS, "command"):
        return values.text_test(field, lambda found: True)
    if field in EUIS:
        return Test(lambda row: row.get(field) is not None, lambda columns: columns.column(field) != values.NO_EUI)
    if field == "rssi":
        return values.real_test("rssi", ">=", float("-inf"))

    def mask(columns: Columns) -> "NDArray[np.bool_]":
        if field == "payload":
            present: NDArray[np.bool_] = columns.payloads()[2] != values.ABSENT
            return present
        found: NDArray[np.bool_] = columns.column(field) != values.ABSENT
        if field in ("src", "dst"):
            found |= columns.column(f"{field}_long") != values.NO_EUI
        return found

    return Test(lambda row: row.get(field) is not None, mask)


def _joined(tests: list[Test], *, every: bool) -> Test:
    if len(tests) == 1:
        return tests[0]
    judge: Callable[[Iterable[object]], bool] = all if every else any

    def mask(columns: Columns) -> "NDArray[np.bool_]":
        import numpy as np

        found = tests[0].mask(columns)
        for test in tests[1:]:
            found = found & test.mask(columns) if every else found | test.mask(columns)
        return np.asarray(found, bool)

    return Test(
        lambda row: judge(test.matches(row) for test in tests),
        mask,
        lambda ranges: judge(test.possible(ranges) for test in tests),
    )


def _negated(test: Test) -> Test:
    return Test(lambda row: not test.matches(row), lambda columns: ~test.mask(columns))


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _literal(tree: Tree[Token]) -> Written:
    token = tree.children[0]
    assert isinstance(token, Token)
    kind = token.type.lower()
    text = str(token)[1:-1] if kind == "text" else str(token)
    return Written(kind, text, _at(token))  # type: ignore[arg-type]  # the terminals of the grammar


def _operator(token: Token) -> Operator:
    return "contains" if token.type == "CONTAINS" else str(token)  # type: ignore[return-value]


def _at(token: Token) -> int:
    return token.start_pos or 0


def _number(field: str, value: Written) -> float:
    try:
        if value.kind == "hex":
            return int(value.text, 16)
        return int(value.text) if value.text.lstrip("+-").isdigit() else float(value.text)
    except ValueError:
        raise value.error(f"{field} is a number, {value.text!r} is none") from None


def _not_ordered(field: str, operator: Operator, value: Written) -> None:
    if operator in ORDER:
        raise value.error(f"{field} has no order; compare it with == or !=")


def _nearest(text: str, known: Iterable[str], shown: Mapping[str, Any] | None = None) -> str:
    """Return a hint: the names like the one given, or a few of all there are."""
    names = list(known)
    near = difflib.get_close_matches(text.lower(), [name.lower() for name in names], 3, 0.5)
    said = [str(shown[name]) if shown else name for name in near]
    if said:
        return f"; did you mean {' or '.join(said)}?"
    if not names:
        return "; no devices are named (name them in the key file)"
    return f"; there are {', '.join(sorted(names)[:12])}" if len(names) <= 40 else ""
