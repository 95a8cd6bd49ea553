"""A small legal request body for each service reference variant and use case: "does the device do this at all?"

Everything that must be there is there, with the first value its element takes; what may be missing is missing, unless
the use case needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from bench.catalogue import UseCase
from bench.dcc.bodies import BODIES, Body, ReadLogPeriod
from bench.dcc.errors import DuisError
from bench.dcc.record import PRESENT, Child, Codec, Date, Record
from bench.dcc.services import service
from bench.gbcs.eui import Eui64

Made = TypeVar("Made", bound=Record)

#: instants of an example without others
MOMENT = datetime(2030, 1, 7, tzinfo=UTC)
DAYS = 7
_CHOICES = "is not one of "
_TEXTS = ("Bench", "1234", "0" * 13, "1" * 10, "1" * 20, "A", "", "00000000", "0")
_VALUES: tuple[Any, ...] = (
    True,
    1,
    0,
    *_TEXTS,
    Date(2030, 1, 7),
    time(),
    Decimal(1),
    Eui64.of("00-15-5F-00-00-00-00-01"),
    *(bytes(size) for size in (16, 32, 4, 0)),
)


@dataclass(frozen=True)
class _Wishes:
    """What an example is to have: values by field name, conditions by path of DUIS names, where instants begin."""

    at: datetime
    given: Mapping[str, Any]
    conditions: tuple[str, ...] = ()
    path: str = field(default="")

    def below(self, name: str) -> "_Wishes":
        """The wishes for a child."""
        return replace(self, path=f"{self.path}{name}/")

    def wants(self, name: str) -> bool:
        """Whether a condition speaks of this child or of something in it."""
        here = self.path + name
        return any(
            condition.partition("=")[0] == here or condition.startswith(here + "/") for condition in self.conditions
        )

    def word(self) -> str:
        """The word a condition wants at this place, "" if none does."""
        words = (one.partition("=")[::2] for one in self.conditions)
        return next((word for path, word in words if path + "/" == self.path), "")


def example(
    variant: str, case: UseCase | None = None, *, at: datetime = MOMENT, given: Mapping[str, Any] | None = None
) -> Body:
    """Return a body of a service reference variant, such as "6.14.1", that means a use case if one is named.

    `at` is where its instants begin; `given` holds values by field name, wherever in the body they are. Raises
    DuisError where none can be made.
    """
    conditions = tuple(one for one in (case.when if case else ()) if not one.startswith(("!", "@")))
    return _record(BODIES[service(variant).element], _Wishes(at.replace(microsecond=0), given or {}, conditions))


def _record(kind: type[Made], wishes: _Wishes) -> Made:
    if kind is ReadLogPeriod:
        period: Any = ReadLogPeriod(start=wishes.at - timedelta(days=1), end=wishes.at)
        return period  # type: ignore[no-any-return]
    named = (each for each in fields(kind) if "duis" in each.metadata)  # type: ignore[arg-type]
    children: dict[str, Child] = {each.name: each.metadata["duis"] for each in named}
    wanted = {name for name, child in children.items() if name in wishes.given or wishes.wants(child.name)}
    left_out = set()
    for group in kind.one_of:
        simplest = next((name for name in group if children[name].content is PRESENT), group[0])
        chosen = next((name for name in group if name in wanted), simplest)
        wanted.add(chosen)
        left_out |= set(group) - {chosen}
    values = {}
    for name, child in children.items():
        if name in wishes.given:
            values[name] = wishes.given[name]
        elif name in left_out or (child.optional and name not in wanted):
            if child.at_most is not None:
                values[name] = ()
        else:
            values[name] = _values(child, wishes.below(child.name))
    return kind(**values)


def _values(child: Child, wishes: _Wishes) -> Any:
    if child.at_most is None:
        return _value(child.content, wishes)
    count = DAYS if child.at_most == DAYS else 1
    return tuple(_numbered(_value(child.content, wishes), number) for number in range(1, count + 1))


def _numbered(value: Any, number: int) -> Any:
    names = [each.name for each in fields(value)] if isinstance(value, Record) else []  # type: ignore[arg-type]
    marks = {mark: number for mark in ("index", "identifier") if mark in names}
    return replace(value, **marks) if marks else value


def _value(content: "Codec | type[Record]", wishes: _Wishes) -> Any:
    if not isinstance(content, Codec):
        return _record(content, wishes)
    wanted = (wishes.word(),) if wishes.word() else ()
    for value in (*wanted, *_words(content), wishes.at, *_VALUES):
        try:
            if content.read(content.write(value)) == value:
                return value
        except (ValueError, TypeError, AttributeError):
            continue
    name = wishes.path.rstrip("/").rpartition("/")[2]
    raise DuisError(f"{name}: takes no value an example could have; give one")


def _words(content: Codec) -> list[str]:
    """The words of an enumeration, as it tells them."""
    try:
        content.write("\0")
    except (ValueError, TypeError, AttributeError) as problem:
        _, found, words = str(problem).partition(_CHOICES)
        return words.split(", ") if found else []
    return []
